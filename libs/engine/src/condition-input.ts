/** What conditions and `${…}` templates may read, laid out by root. */
import type { ConditionInput, ConditionValue, Root } from '#cel';
import { ROOTS } from '#cel';
import type { Attributes, AccessRequest, Endpoint, Evidence } from './model.js';
import type { ChangedEntities, Entities } from './snapshot.js';
import type { CanonicalTarget } from './target.js';

/** Everything a rule sees of the request besides the rule itself. */
export interface ConditionFacts {
  readonly request: AccessRequest;
  readonly target: CanonicalTarget;
  readonly endpoint: Endpoint;
  readonly params: { readonly [name: string]: string };
  /** The service that calls, as far as the rule may see it. */
  readonly actor: string | undefined;
  /** P for allows, K for denies; sorted. */
  readonly callerDomains: readonly string[];
  /** Sorted. */
  readonly targetDomains: readonly string[];
  /** Undefined for the anonymous item and for no item. */
  readonly credential: { readonly item: Evidence; readonly principalType: string } | undefined;
  /** Roles of the principal and its groups, without the actor's; sorted. */
  readonly roles: readonly string[];
  /** Stored attributes of an entity as the rule's owner sees them. */
  readonly stored: (type: string, id: string) => Attributes | undefined;
}

const NOTHING: Attributes = Object.freeze(Object.create(null) as Attributes);

/**
 * @param needs  the roots that will be read; the others are left empty
 */
export function conditionInput(facts: ConditionFacts, needs: ReadonlySet<Root> = EVERY_ROOT): ConditionInput {
  const { request } = facts;
  return {
    request: needs.has('request') ? requestMembers(facts) : NOTHING,
    actor: needs.has('actor') ? { service: facts.actor, domains: facts.callerDomains } : NOTHING,
    principal: needs.has('principal') ? principalMembers(facts) : NOTHING,
    resource: needs.has('resource') ? resourceMembers(facts) : NOTHING,
    action: needs.has('action') ? actionMembers(facts) : NOTHING,
    target: needs.has('target')
      ? { service: facts.endpoint.service, endpoint: facts.endpoint.id, domains: facts.targetDomains }
      : NOTHING,
    attributes: request.attributes,
    claimed: request.claimed,
    context: request.context,
  };
}

const EVERY_ROOT: ReadonlySet<Root> = new Set(ROOTS);

type Members = { readonly [member: string]: ConditionValue };

function requestMembers({ request, target, params }: ConditionFacts): Members {
  return {
    method: target.method,
    host: target.host,
    path: target.path,
    query: target.path === undefined ? undefined : formQuery(target.query),
    headers: request.headers,
    params,
    time: new Date(request.time),
  };
}

function principalMembers({ credential, roles, stored }: ConditionFacts): Members {
  if (credential === undefined) {
    return { type: '', id: '', mechanism: '', groups: [], roles, scopes: [], claims: NOTHING, attributes: NOTHING };
  }
  const { item, principalType } = credential;
  return {
    type: principalType,
    id: item.subject,
    mechanism: item.mechanism,
    groups: item.groups,
    roles,
    scopes: item.scopes,
    claims: item.claims,
    attributes: overlaid(item.attributes, stored(principalType, item.subject)),
  };
}

function resourceMembers({ target: { resource }, stored }: ConditionFacts): Members {
  if (resource === undefined) return NOTHING;
  const { type, id, properties } = resource;
  return { type, id, attributes: overlaid(properties, stored(type, id)) };
}

function actionMembers({ target: { action }, stored }: ConditionFacts): Members {
  if (action === undefined) return NOTHING;
  return { name: action.name, attributes: overlaid(action.properties, stored('action', action.name)) };
}

/** Attested values win over stored ones, member by member; a null member is absent, so it hides nothing. */
function overlaid(attested: Attributes, stored: Attributes | undefined): Attributes {
  if (stored === undefined) return attested;
  const result = Object.create(null) as Record<string, Attributes[string]>;
  for (const name of Object.keys(stored)) result[name] = stored[name]!;
  for (const name of Object.keys(attested)) if (attested[name] !== null) result[name] = attested[name]!;
  return result;
}

export const NONE_CHANGED: ChangedEntities = new Map();

/**
 * Stored attributes of one entity, nearest domain first, attribute by attribute.
 *
 * @param directories  of the owner's chain, nearest first; none for rules of `*`
 * @param changed  what became of some of them
 */
export function storedAttributes(
  directories: readonly Entities[],
  type: string,
  id: string,
  changed: ChangedEntities = NONE_CHANGED,
): Attributes | undefined {
  let found: Attributes | undefined;
  const key = `${type}:${id}`;
  for (const directory of directories) {
    const { entities } = changed.size === 0 ? directory : (changed.get(directory) ?? directory);
    const here = entities.get(key);
    if (here !== undefined) found = found === undefined ? here : overlaid(found, here);
  }
  return found;
}

/** A query decoded as a form: every name to its values, in order. */
export function formQuery(query: string | undefined): { readonly [name: string]: readonly string[] } {
  const values = Object.create(null) as Record<string, string[]>;
  if (query === undefined || query === '') return values;
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = formDecoded(equals < 0 ? pair : pair.slice(0, equals));
    (values[name] ??= []).push(equals < 0 ? '' : formDecoded(pair.slice(equals + 1)));
  }
  return values;
}

function formDecoded(text: string): string {
  // The canonicaliser has refused malformed escapes and ill-formed UTF-8 already.
  return decodeURIComponent(text.replaceAll('+', ' '));
}
