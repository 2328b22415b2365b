/**
 * What is kept of a decision: enough to decide it again under its revision, and nothing that opens a door. The shape is
 * declared here once; sinks, store, admin API and replay read it from here.
 *
 * @see docs/decision-log.md
 */
import { z } from 'zod';
import { type Attributes, OBLIGATION_KINDS } from '#engine';

/** Any JSON object, as it is: a member named `__proto__` is a member like others. */
const attributes = z.custom<Attributes>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
);
const texts = z.array(z.string());
/** What is empty is left out of a line: most of a request is. */
const someTexts = texts.default([]);
const someAttributes = attributes.default({});
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
  scopes: someTexts,
  groups: someTexts,
  claims: someAttributes,
  attributes: someAttributes,
  /**
   * Of a credential that says more than whose it is: the same for the same one until the server starts again, and nothing
   * to who does not have it.
   */
  fingerprint: z.string().max(64).optional(),
});

const recordedRequest = z.strictObject({
  target,
  evidence: z.array(evidence),
  /** What was presented and is not verified: it counts for nothing, so nobody is named. */
  unverified: z.array(z.strictObject({ role: z.enum(['trust', 'access']), mechanism: name })).default([]),
  headers: someAttributes,
  attributes: someAttributes,
  claimed: someAttributes,
  context: someAttributes,
  askedFrom: name,
  policyAgeSeconds: z.number(),
  carries: z.array(z.enum(OBLIGATION_KINDS)).optional(),
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
  rules: someTexts,
  endpoint: z.string().nullable(),
  /** Where the endpoint is placed, and where it was denied. */
  domains: someTexts,
  /** `type:id` of every verified credential. */
  principals: someTexts,
  /** In report mode: what enforcing would have said. */
  wouldDeny: denial.optional(),
  /** The server only observes: the request was allowed. */
  observed: z.literal(true).optional(),
  /** Null before the first policy. */
  revision: z.strictObject({ epoch: z.number(), number: z.number(), contentHash: z.string() }).nullable(),
  enforcementPoint: name,
  dropped: z.array(z.strictObject({ mechanism: name.nullable(), because: z.string() })).default([]),
  /** W3C trace context. */
  trace: z.string().max(64).optional(),
  /** Null where nothing was judged: the message could not be read, or it was our own state. */
  request: recordedRequest.nullable(),
  /** What a rule reads and this record does not hold. Empty: it can be decided again exactly. */
  masked: someTexts,
});

export type RecordedDecision = z.infer<typeof recordedDecision>;
export type RecordedRequest = z.infer<typeof recordedRequest>;

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
