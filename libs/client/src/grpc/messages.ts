import type { DecideRequest, DecideResponse } from '#protocols';
import { structOf, jsonOf, type Struct } from '#wire';
import type { DecisionRequest } from '../decision.js';
import type { SentRequest } from '../transport.js';

type Target = NonNullable<DecideRequest['target']>;

/** A request as the message that says the same, member for member. */
export function messageOf(request: SentRequest): DecideRequest {
  const { target, evidence = [], credentials = {}, headers = {}, attributes, claimed, context, minRevision } = request;
  return {
    target: targetOf(target),
    evidence: evidence.map(
      ({ role, mechanism, subject, scopes = [], groups = [], claims, attributes: own, expiresAt }) => ({
        role,
        mechanism,
        subject,
        scopes,
        groups,
        claims: structOrNull(claims),
        attributes: structOrNull(own),
        ...(expiresAt !== undefined && { expiresAt }),
      }),
    ),
    credentials,
    headers,
    attributes: structOrNull(attributes),
    claimed: structOrNull(claimed),
    context: structOrNull(context),
    ...(minRevision !== undefined && { minRevision }),
  };
}

/** What came as a message in the shape of the JSON routes, where it is judged. */
export function bodyOf(message: DecideResponse, explanation?: Struct): object {
  const { route, deniedAt, meeting, wouldDeny, accepts, detail } = message;
  return {
    decision: DECISIONS.get(message.decision),
    reason: message.reason,
    route: route ?? null,
    deniedAt: deniedAt ?? null,
    meeting: meeting ?? null,
    crossed: message.crossed,
    rules: message.rules,
    obligations: message.obligations.map(({ rule, critical, ...kinds }) => {
      const { setHeader, removeHeader, setQueryParameter, removeQueryParameter, rateLimit } = kinds;
      if (setHeader) return { kind: 'setHeader', ...setHeader, critical, rule };
      if (removeHeader) return { kind: 'removeHeader', ...removeHeader, critical, rule };
      if (setQueryParameter) return { kind: 'setQueryParameter', ...setQueryParameter, critical, rule };
      if (removeQueryParameter) return { kind: 'removeQueryParameter', ...removeQueryParameter, critical, rule };
      // One of a later version says nothing that we know, and is refused with the rest of its answer.
      return rateLimit ? { kind: 'rateLimit', ...rateLimit, critical, rule } : { rule };
    }),
    revision: message.revision,
    ageSeconds: message.ageSeconds,
    decisionId: message.decisionId,
    ttlSeconds: message.ttlSeconds,
    ...(wouldDeny && { wouldDeny: { reason: wouldDeny.reason, deniedAt: wouldDeny.deniedAt ?? null } }),
    ...(accepts.length > 0 && { accepts }),
    ...(detail.length > 0 && { detail }),
    ...(explanation && { explanation: jsonOf(explanation) }),
  };
}

const DECISIONS: ReadonlyMap<string, string> = new Map([
  ['DECISION_ALLOW', 'allow'],
  ['DECISION_DENY', 'deny'],
]);

function targetOf(target: DecisionRequest['target']): Target {
  if ('endpoint' in target) return { endpoint: target };
  if ('rpc' in target) return { rpc: target };
  if ('topic' in target) return { topic: target };
  if ('host' in target) return { address: target };
  const { resource, action } = target;
  return {
    resourceAction: {
      resource: { ...resource, properties: structOrNull(resource.properties) },
      action: { ...action, properties: structOrNull(action.properties) },
    },
  };
}

function structOrNull(map: object | undefined): Struct | null {
  return map === undefined ? null : structOf(map);
}
