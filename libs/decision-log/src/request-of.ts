import type { AccessRequest, Attributes, Evidence, Json, Target } from '#engine';
import type { RecordedDecision, RecordedRequest } from './record.js';

/** The request a record is of, as the engine takes it, or why there is none to be had. */
export type RebuiltRequest =
  | { readonly kind: 'request'; readonly request: AccessRequest }
  /** Something that a rule reads is not in the record. */
  | { readonly kind: 'masked'; readonly masked: readonly string[] }
  /** There was never a request: the message could not be read, or it was our own state. */
  | { readonly kind: 'not-judged' };

/** Decided again under the revision of the record, it has the verdict of the record. */
export function requestOf({ time, request, masked }: RecordedDecision): RebuiltRequest {
  if (masked.length > 0) return { kind: 'masked', masked };
  if (request === null) return { kind: 'not-judged' };
  return { kind: 'request', request: rebuilt(request, Date.parse(time)) };
}

function rebuilt(recorded: RecordedRequest, time: number): AccessRequest {
  const { target, evidence, headers, attributes, claimed, context } = recorded;
  return {
    target: targetOf(target),
    evidence: evidence.map((told): Evidence => {
      const { role, mechanism, subject, expiresAt, scopes, groups } = told;
      const [claims, own] = [bareMap(told.claims), bareMap(told.attributes)];
      return { role, mechanism, subject, verified: true, expiresAt, scopes, groups, claims, attributes: own };
    }),
    headers: bareMap(headers) as AccessRequest['headers'],
    attributes: bareMap(attributes),
    claimed: bareMap(claimed),
    context: bareMap(context),
    time,
    askedFrom: recorded.askedFrom,
    policyAgeSeconds: recorded.policyAgeSeconds,
    carries: recorded.carries,
    maxTtlSeconds: recorded.maxTtlSeconds,
  };
}

function targetOf(target: RecordedRequest['target']): Target {
  if (target.kind !== 'resource') return target;
  const { resource, action } = target;
  return {
    kind: 'resource',
    resource: { ...resource, properties: bareMap(resource.properties) },
    action: { ...action, properties: bareMap(action.properties) },
  };
}

/** Most maps of most requests. */
const NO_MEMBERS: Attributes = Object.freeze(Object.create(null) as Attributes);

/** Maps of request data have no prototype, so that no member name is special. */
function bareMap(map: Attributes): Attributes {
  if (isEmpty(map)) return NO_MEMBERS;
  const bare: { [member: string]: Json } = Object.create(null);
  for (const [member, value] of Object.entries(map)) bare[member] = bareJson(value);
  return bare;
}

function isEmpty(map: Attributes): boolean {
  for (const _ in map) return false;
  return true;
}

function bareJson(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value;
  return Array.isArray(value) ? value.map(bareJson) : bareMap(value as Attributes);
}
