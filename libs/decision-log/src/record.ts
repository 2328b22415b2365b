/**
 * What is kept of a decision: enough to decide it again under its revision, and nothing that opens a door. The shape is
 * declared here once; sinks, store, admin API and replay read it from here.
 *
 * @see docs/decision-log.md
 */
import { z } from 'zod';
import type { Attributes } from '#engine';

/** Any JSON object, as it is: a member named `__proto__` is a member like others. */
const attributes = z.custom<Attributes>((value) => typeof value === 'object' && value !== null && !Array.isArray(value));
const texts = z.array(z.string());
const name = z.string().max(1_024);
const denial = z.strictObject({ reason: name, deniedAt: name.nullable() });

const target = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('endpoint'),
    endpoint: z.string(),
    method: z.string().optional(),
    path: z.string().optional(),
  }),
  z.strictObject({ kind: z.literal('address'), host: z.string(), method: z.string(), path: z.string() }),
  z.strictObject({ kind: z.literal('rpc'), rpc: z.string(), host: z.string().optional() }),
  z.strictObject({ kind: z.literal('topic'), topic: z.string(), action: z.string() }),
  z.strictObject({
    kind: z.literal('resource'),
    resource: z.strictObject({ type: z.string(), id: z.string(), properties: attributes }),
    action: z.strictObject({ name: z.string(), properties: attributes }),
  }),
]);

/** An item that counted. */
const evidence = z.strictObject({
  role: z.enum(['trust', 'access']),
  mechanism: name,
  subject: z.string(),
  /** Milliseconds since the epoch. */
  expiresAt: z.number().optional(),
  scopes: texts,
  groups: texts,
  claims: attributes,
  attributes,
  /** The same for the same credential until the server starts again; says nothing to who does not have it. */
  fingerprint: z.string().max(64),
});

const recordedRequest = z.strictObject({
  target,
  evidence: z.array(evidence),
  /** What was presented and is not verified: it counts for nothing, so nobody is named. */
  unverified: z.array(z.strictObject({ role: z.enum(['trust', 'access']), mechanism: name })),
  headers: attributes,
  attributes,
  claimed: attributes,
  context: attributes,
  askedFrom: name,
  policyAgeSeconds: z.number(),
  carries: z.array(z.enum(['setHeader', 'removeHeader', 'rateLimit'])).optional(),
  maxTtlSeconds: z.number(),
});

export const recordedDecision = z.strictObject({
  /** The `decisionId` of the answer. */
  id: z.string().min(1).max(64),
  /** The instant it was decided for. */
  time: z.iso.datetime(),
  /** From question to answer. */
  microseconds: z.number(),
  /** The verdict, also where the server only observes and allowed all the same. */
  decision: z.enum(['allow', 'deny']),
  reason: name,
  deniedAt: name.nullable(),
  rules: texts,
  endpoint: z.string().nullable(),
  /** Where the endpoint is placed, and where it was denied. */
  domains: texts,
  /** `type:id` of every verified credential. */
  principals: texts,
  /** In report mode: what enforcing would have said. */
  wouldDeny: denial.optional(),
  /** The server only observes: the request was allowed. */
  observed: z.literal(true).optional(),
  /** Null before the first policy. */
  revision: z.strictObject({ epoch: z.number(), number: z.number(), contentHash: z.string() }).nullable(),
  enforcementPoint: name,
  dropped: z.array(z.strictObject({ mechanism: name.nullable(), because: z.string() })),
  /** W3C trace context. */
  trace: z.string().max(64).optional(),
  /** Null where nothing was judged: the message could not be read, or it was our own state. */
  request: recordedRequest.nullable(),
  /** What a rule reads and this record does not hold. Empty: it can be decided again exactly. */
  masked: texts,
});

export type RecordedDecision = z.infer<typeof recordedDecision>;
export type RecordedRequest = z.infer<typeof recordedRequest>;
export type RecordedEvidence = RecordedRequest['evidence'][number];

/** @throws Error  for what is no record of ours; the message holds nothing of it */
export function readRecord(line: string): RecordedDecision {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new Error('the record is no JSON');
  }
  const result = recordedDecision.safeParse(value);
  if (result.success) return result.data;
  throw new Error(`the record is none of ours, at \`/${result.error.issues[0]!.path.join('/')}\``);
}
