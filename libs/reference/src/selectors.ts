/**
 * The selectors of a rule (section 5 of docs/semantics.md), one function a row. A result of undefined means that the
 * request leaves the question open; the effect of the rule decides what that counts as.
 */
import type { Json, Rule } from '#engine';
import type { KeptItem } from './caller.js';
import { OUTSIDE } from './domains.js';
import { match, pathPatterns, pathSegments } from './template.js';
import { credentialOf, principalOf } from './trial.js';
import type { Trial } from './trial.js';

export type Answer = boolean | undefined;
export type Selector = (trial: Trial, rule: Rule) => Answer;

/** Read by its name in model/dharma.conf. */
export const who: { readonly [name: string]: Selector } = {
  // Not a constraint: it only lets an allow match where there is nothing but the anonymous item.
  whoAnonymous: (trial, { who }) => trial.item.kind !== 'anonymous' || who.anonymous,

  whoDomains: (trial, { who }) =>
    anyOf(who.domains, (name) => {
      if (name !== OUTSIDE) return trial.callerDomains.has(name);
      return trial.effect === 'allow' || trial.callerDomains.size === 0;
    }),

  whoServices: (trial, { who }) =>
    anyOf(who.services, (name) => {
      const boundByCredential = trial.effect === 'deny' && credentialOf(trial)?.service?.name === name;
      return trial.actor === name || boundByCredential;
    }),

  whoMechanisms: (trial, { who }) => ofCredential(trial, who.mechanisms, (item, name) => item.mechanism.name === name),
  whoSubjects: (trial, { who }) => ofCredential(trial, who.subjects, (item, text) => item.evidence.subject === text),
  whoClients: (trial, { who }) => ofCredential(trial, who.clients, (item, text) => clientOf(item) === text),
  whoGroups: (trial, { who }) => ofCredential(trial, who.groups, (item, text) => item.evidence.groups.includes(text)),

  whoPrincipals: (trial, { who }) =>
    ofCredential(trial, who.principals, (item, text) => {
      return text === principalOf(item) || text === `${item.mechanism.principalType}:*`;
    }),

  whoScopes: (trial, { who }) => {
    if (who.scopes === undefined) return true;
    const held = credentialOf(trial)?.evidence.scopes;
    if (held === undefined) return false;
    return 'allOf' in who.scopes
      ? who.scopes.allOf.every((scope) => held.includes(scope))
      : who.scopes.some((scope) => held.includes(scope));
  },

  whoRoles: (trial, { who }) =>
    anyOf(who.roles, (role) => trial.principalRoles.has(role) || trial.actorRoles.has(role)),
};

/** Read by its name in model/dharma.conf. */
export const what: { readonly [name: string]: Selector } = {
  whatDomains: (trial, { what }) => anyOf(what.domains, (name) => trial.targetDomains.has(name)),
  whatServices: (trial, { what }) => anyOf(what.services, (name) => trial.target.service.name === name),

  whatEndpoints: (trial, { what }) =>
    anyOf(what.endpoints, (name) => name === trial.target.endpoint.id || name === `${trial.target.service.name}/*`),

  whatMethods: (trial, { what }) => {
    const { method } = trial.target;
    return unlessUnsaid(trial, what.methods, method, (name) => name === method);
  },

  whatPaths: (trial, { what }) => {
    const path = trial.target.path?.path;
    return unlessUnsaid(trial, what.paths, path, (template) =>
      pathPatterns(template, trial.target.endpoint.trailingSlash).some(
        (pattern) => match(pattern, pathSegments(path!)) !== undefined,
      ),
    );
  },

  whatResourceTypes: (trial, { what }) => {
    const { asked } = trial.target;
    const type = asked.kind === 'resource' ? asked.resource.type : undefined;
    return unlessUnsaid(trial, what.resourceTypes, type, (name) => name === type);
  },

  whatResources: (trial, { what }) => {
    const { asked } = trial.target;
    const name = asked.kind === 'resource' ? `${asked.resource.type}:${asked.resource.id}` : undefined;
    return unlessUnsaid(trial, what.resources, name, (each) => each === name);
  },

  whatActions: (trial, { what }) => {
    const { asked } = trial.target;
    const action = asked.kind === 'resource' ? asked.action.name : asked.kind === 'topic' ? asked.action : undefined;
    return unlessUnsaid(trial, what.actions, action, (name) => name === action);
  },
};

/** A missing selector is no constraint; a list means any of. */
function anyOf(list: readonly string[] | undefined, holds: (text: string) => boolean): boolean {
  return list === undefined || list.some(holds);
}

/** A selector over a credential does not match where there is none. */
function ofCredential(
  trial: Trial,
  list: readonly string[] | undefined,
  holds: (item: KeptItem, text: string) => boolean,
): boolean {
  const item = credentialOf(trial);
  return list === undefined || (item !== null && list.some((text) => holds(item, text)));
}

/**
 * A selector over something of the target. Of an endpoint by name, what was not said is open; any other target either
 * has it or has not.
 */
function unlessUnsaid(
  trial: Trial,
  list: readonly string[] | undefined,
  said: string | undefined,
  holds: (text: string) => boolean,
): Answer {
  if (list === undefined) return true;
  if (said === undefined) return trial.target.asked.kind === 'endpoint' ? undefined : false;
  return list.some(holds);
}

/** The OAuth client a credential was issued to: `azp`, else `client_id`. A null member is an absent one. */
function clientOf(item: KeptItem): Json | undefined {
  const { azp, client_id: clientId } = item.evidence.claims;
  return azp ?? clientId;
}
