/**
 * What conditions and `${…}` may read ("What conditions may read" in docs/documents.md).
 */
import type { Attributes, Json, World } from '#engine';
import type { ConditionInput } from '#cel';
import { OUTSIDE, chain } from './domains.js';
import { sortedSet } from './ordering.js';
import { credentialOf } from './trial.js';
import type { Trial } from './trial.js';

/** The roots as one rule sees them: stored attributes come from the entity sets on its owner's chain. */
export function readableBy(world: World, trial: Trial, owner: string): ConditionInput {
  return {
    request: requestOf(trial),
    actor: without({ service: trial.actor ?? undefined, domains: sortedSet(trial.callerDomains) }),
    principal: principalRoot(world, trial, owner),
    ...resourceAndAction(world, trial, owner),
    target: {
      service: trial.target.service.name,
      endpoint: trial.target.endpoint.id,
      domains: sortedSet(trial.targetDomains),
    },
    attributes: trial.request.attributes,
    claimed: trial.request.claimed,
    context: trial.request.context,
  } as ConditionInput;
}

function requestOf({ request, target }: Trial): object {
  return without({
    method: target.method,
    host: target.host,
    path: target.path?.path,
    query: target.path?.query,
    headers: request.headers,
    params: mapOf(target.parameters),
    time: new Date(request.time),
  });
}

/** Always whole: without a credential its texts are empty and its collections too. */
function principalRoot(world: World, trial: Trial, owner: string): object {
  const credential = credentialOf(trial);
  if (credential === null) {
    const nothing = Object.create(null);
    return { type: '', id: '', mechanism: '', groups: [], roles: [], scopes: [], claims: nothing, attributes: nothing };
  }
  const { evidence, mechanism } = credential;
  return {
    type: mechanism.principalType,
    id: evidence.subject,
    mechanism: mechanism.name,
    groups: evidence.groups,
    roles: sortedSet(trial.principalRoles),
    scopes: evidence.scopes,
    claims: evidence.claims,
    attributes: attested(evidence.attributes, stored(world, owner, `${mechanism.principalType}:${evidence.subject}`)),
  };
}

function resourceAndAction(world: World, trial: Trial, owner: string): { resource: object; action: object } {
  const { asked } = trial.target;
  if (asked.kind === 'topic') return { resource: {}, action: { name: asked.action, attributes: {} } };
  if (asked.kind !== 'resource') return { resource: {}, action: {} };
  const { resource, action } = asked;
  return {
    resource: {
      type: resource.type,
      id: resource.id,
      attributes: attested(resource.properties, stored(world, owner, `${resource.type}:${resource.id}`)),
    },
    action: {
      name: action.name,
      attributes: attested(action.properties, stored(world, owner, `action:${action.name}`)),
    },
  };
}

/** Attributes of a stored entity, nearest first, attribute by attribute. Rules of the outside see none. */
function stored(world: World, owner: string, entity: string): Attributes {
  if (owner === OUTSIDE) return {};
  return chain(owner)
    .map((domain) => world.domains.get(domain)?.directory.entities.get(entity) ?? {})
    .reduce(attested);
}

/** The first attributes over the second; a null member is as good as absent and hides nothing. */
function attested(over: Attributes, under: Attributes): Attributes {
  const present = (attributes: Attributes): [string, Json][] =>
    Object.entries(attributes).filter(([, value]) => value !== null);
  return mapOf([...present(under), ...present(over)]);
}

function mapOf<Value>(entries: Iterable<readonly [string, Value]>): { readonly [name: string]: Value } {
  const map: { [name: string]: Value } = Object.create(null);
  for (const [name, value] of entries) map[name] = value;
  return map;
}

/** The members that are there. */
function without(members: { readonly [name: string]: unknown }): object {
  return mapOf(Object.entries(members).filter(([, value]) => value !== undefined));
}
