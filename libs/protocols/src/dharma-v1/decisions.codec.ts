import type { Answer, ExplainedAnswer, Question } from '#decision';
import type { Obligation } from '#engine';
import { parseRequest } from '#policy';
import { askedFrom } from '../native/native.codec.js';
import { jsonOf, structOf, type Struct } from '#wire';
import type {
  DecideRequest,
  DecideResponse,
  EvidenceItem,
  ExplainResponse,
  ObligationItem,
  Target,
} from './decisions-message.js';

/**
 * A message as a question, by way of the JSON that it mirrors: one declaration judges both.
 *
 * @param trace  trace context of the call
 */
export function toQuestion(message: DecideRequest | null, trace?: string): Question {
  const target = message?.target && jsonTarget(message.target);
  if (!message || !target) return { kind: 'malformed', faults: [NO_TARGET], trace };
  const { credentials, headers, minRevision } = message;
  const json = {
    target,
    evidence: message.evidence.map(jsonEvidence),
    credentials,
    headers,
    attributes: jsonStruct(message.attributes),
    claimed: jsonStruct(message.claimed),
    context: jsonStruct(message.context),
    minRevision,
  };
  return askedFrom(parseRequest(json, { mode: 'network', now: 0 }), trace).question;
}

export function toDecideResponse({ outcome, revision, ageSeconds, decisionId, faults }: Answer): DecideResponse {
  const { route, deniedAt, meeting, wouldDeny } = outcome;
  return {
    decision: outcome.decision === 'allow' ? 'DECISION_ALLOW' : 'DECISION_DENY',
    reason: outcome.reason,
    ...(route !== null && { route }),
    ...(deniedAt !== null && { deniedAt }),
    ...(meeting !== null && { meeting }),
    crossed: outcome.crossed,
    rules: outcome.rules,
    obligations: outcome.obligations.map(obligationItem),
    revision,
    ageSeconds,
    decisionId,
    ttlSeconds: outcome.ttlSeconds,
    ...(wouldDeny !== undefined && {
      wouldDeny: { reason: wouldDeny.reason, ...(wouldDeny.deniedAt !== null && { deniedAt: wouldDeny.deniedAt }) },
    }),
    accepts: outcome.accepts ?? [],
    detail: faults.map(({ pointer, message }) => ({ pointer, message })),
  };
}

export function toExplainResponse(answer: ExplainedAnswer): ExplainResponse {
  return {
    answer: toDecideResponse(answer),
    ...(answer.explanation !== null && { explanation: structOf(answer.explanation) }),
  };
}

const NO_TARGET = {
  pointer: '/target',
  message: '`target` is missing; what is no message counts as an empty one',
};

function jsonTarget({ endpoint, address, rpc, topic, resourceAction }: Target): object | undefined {
  if (endpoint) return { endpoint: endpoint.endpoint, method: endpoint.method, path: endpoint.path };
  if (address) return { host: address.host, method: address.method, path: address.path };
  if (rpc) return { rpc: rpc.rpc, host: rpc.host };
  if (topic) return { topic: topic.topic, action: topic.action };
  if (!resourceAction) return undefined;
  const { resource, action } = resourceAction;
  return {
    resource: resource ? { type: resource.type, id: resource.id, properties: jsonStruct(resource.properties) } : null,
    action: action ? { name: action.name, properties: jsonStruct(action.properties) } : null,
  };
}

function jsonEvidence(item: EvidenceItem): object {
  const { role, mechanism, subject, scopes, groups, expiresAt } = item;
  return {
    role,
    mechanism,
    subject,
    scopes,
    groups,
    claims: jsonStruct(item.claims),
    attributes: jsonStruct(item.attributes),
    expiresAt,
  };
}

function jsonStruct(struct: Struct | null): object | undefined {
  return struct ? jsonOf(struct) : undefined;
}

function obligationItem(obligation: Obligation): ObligationItem {
  const { rule, critical } = obligation;
  switch (obligation.kind) {
    case 'setHeader':
      return { rule, critical, setHeader: { name: obligation.name, value: obligation.value } };
    case 'removeHeader':
      return { rule, critical, removeHeader: { name: obligation.name } };
    case 'setQueryParameter':
      return { rule, critical, setQueryParameter: { name: obligation.name, value: obligation.value } };
    case 'removeQueryParameter':
      return { rule, critical, removeQueryParameter: { name: obligation.name } };
    case 'rateLimit':
      return { rule, critical, rateLimit: { key: obligation.key, class: obligation.class } };
    default:
      return obligation satisfies never;
  }
}
