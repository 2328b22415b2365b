/** What the admin API answers, as far as the verbs read it. Members that are not named here may come and go. */
import { z } from 'zod';
import type { Act } from '#administration';
import type { Explanation } from '#engine';
import { DOCUMENT_KINDS, type DocumentKind } from '#policy';
import { explanationShape } from './explanation-shape.js';

const mark = z.object({ epoch: z.number(), number: z.number(), contentHash: z.string() });

export const revisionShape = mark.extend({
  base: z.number().nullish(),
  /** RFC 3339. */
  publishedAt: z.string(),
  author: z.string(),
  source: z.string(),
  because: z.string(),
  gitCommit: z.string().nullish(),
  gitAuthor: z.string().nullish(),
});
export type Revision = z.infer<typeof revisionShape>;
export const revisionsShape = z.object({ items: z.array(revisionShape), next: z.string().nullish() });

const fault = z.object({
  file: z.string(),
  line: z.number(),
  column: z.number(),
  code: z.string(),
  message: z.string(),
});

const key = z.object({ kind: z.string(), name: z.string() });
const change = z.enum(['added', 'changed', 'removed']);
const counts = z.object({ added: z.number(), changed: z.number(), removed: z.number() });

const refusal = z.object({
  change,
  kind: z.string().nullable(),
  name: z.string().nullable(),
  part: z.string(),
  needs: z.string(),
  over: z.string().nullable(),
});

const verdict = z.object({ decision: z.enum(['allow', 'deny']), reason: z.string() });
const replay = z.object({
  decided: z.number(),
  flipped: z.number(),
  /** Servers of before do not tell. */
  overtaken: z.number().default(0),
  masked: z.number(),
  notJudged: z.number(),
  untold: z.number(),
  unrecorded: z.array(z.string()),
  more: z.boolean(),
  flips: z.array(
    z.object({
      endpoint: z.string().nullable(),
      before: verdict,
      after: verdict,
      rule: z.string().nullable(),
      count: z.number(),
      /** RFC 3339. */
      firstSeen: z.string(),
      lastSeen: z.string(),
      sample: z.string(),
    }),
  ),
});
export type Replay = z.infer<typeof replay>;

const guardrail = z.object({
  kind: z.string(),
  change: z.enum(['weakened', 'removed', 'changed', 'added', 'strengthened']),
  domain: z.string(),
  name: z.string(),
  words: z.string(),
});
export type Guardrail = z.infer<typeof guardrail>;

const flipVerdict = z.object({ reason: z.string(), deniedAt: z.string().nullable(), rules: z.array(z.string()) });
const flips = z.object({
  points: z.number(),
  decided: z.number(),
  /** Null where endpoints and callers of others were not looked at. */
  coverage: z.number().nullable(),
  conditional: z.number(),
  toAllow: z.number(),
  toDeny: z.number(),
  groups: z.array(
    z.object({
      domain: z.string(),
      endpoint: z.string(),
      from: z.enum(['allow', 'deny']),
      to: z.enum(['allow', 'deny']),
      points: z.number(),
      conditional: z.boolean(),
      /** As `dharma explain` takes it. */
      sample: z.record(z.string(), z.unknown()),
      before: flipVerdict,
      after: flipVerdict,
    }),
  ),
  conditionals: z.array(
    z.object({ domain: z.string(), endpoint: z.string(), points: z.number(), rules: z.array(z.string()) }),
  ),
  more: z.number(),
});
export type Flips = z.infer<typeof flips>;

export const planShape = z.object({
  base: mark.nullable(),
  source: z.string(),
  valid: z.boolean(),
  faults: z.array(fault),
  warnings: z.array(fault),
  tests: z.object({
    passed: z.number(),
    failed: z.array(
      z.object({
        file: z.string(),
        line: z.number(),
        column: z.number(),
        because: z.string(),
        expected: z.unknown(),
        got: z.unknown(),
      }),
    ),
  }),
  changes: z.array(
    z.object({
      change,
      kind: z.string(),
      name: z.string(),
      domain: z.string().nullish(),
      words: z.string(),
      rules: z.array(z.object({ change, id: z.string(), words: z.string() })).readonly(),
    }),
  ),
  /** Documents of the bundle that belong to another source. */
  foreign: z.array(z.object({ kind: z.string(), name: z.string(), source: z.string() })),
  /** What would go although documents of other sources name it. Absent: an older server. */
  missed: z.array(key.extend({ what: z.string(), by: key.extend({ source: z.string() }) })).optional(),
  /** Limits of subtrees that it would go beyond. Absent: an older server. */
  exceeded: z
    .array(
      z.object({
        domain: z.string(),
        measure: z.string(),
        limit: z.number().nullable(),
        count: z.number().nullable(),
      }),
    )
    .optional(),
  /** What the operator may not do; absent from servers where every operator may do everything. */
  refusals: z.array(refusal).default([]),
  /** Guardrails and limits that it touches. Absent: an older server. */
  guardrails: z.object({ items: z.array(guardrail), more: z.number() }).optional(),
  summary: z.object({ documents: counts, rules: counts }),
  /** Domains in which it takes two people; absent: one is enough, or an older server. */
  fourEyes: z.array(z.string()).optional(),
  /** Null: nothing could be decided. Absent from an older server. */
  flips: flips.nullish(),
  /** Where it was asked for; null: nothing could be decided again. Absent also from an older server. */
  replay: replay.nullish(),
});
export type Plan = z.infer<typeof planShape>;

export const publishedShape = z.object({
  revision: revisionShape.nullable(),
  unchanged: z.boolean().optional(),
  repeated: z.boolean().optional(),
  /** It was planned again on what others published since `from`. */
  rebased: z
    .object({ from: z.object({ number: z.number() }).nullable(), on: z.object({ number: z.number() }) })
    .optional(),
});
export type Published = z.infer<typeof publishedShape>;

/** A change that waits for a second person, or waited. */
export const proposalShape = z.object({
  number: z.number(),
  state: z.enum(['open', 'approved', 'rejected', 'expired']),
  proposer: z.string(),
  /** RFC 3339. */
  proposedAt: z.string(),
  expiresAt: z.string(),
  contentHash: z.string(),
  source: z.string(),
  because: z.string(),
  gitCommit: z.string().nullish(),
  gitAuthor: z.string().nullish(),
  own: z.boolean(),
  /** It waits already, and nothing was stored. */
  repeated: z.boolean().optional(),
  end: z
    .object({ at: z.string(), by: z.string(), revision: z.number().optional(), because: z.string().optional() })
    .optional(),
});
export type Proposal = z.infer<typeof proposalShape>;
export const proposalsShape = z.object({ items: z.array(proposalShape), next: z.string().nullish() });
/** Null: it has ended. */
export const proposalPlanShape = proposalShape.extend({ plan: planShape.nullable() });
export const approvedShape = z.object({ proposal: proposalShape, revision: revisionShape });
/** Where two people decide around a domain. */
export const fourEyesShape = z.object({ domain: z.string(), from: z.array(z.string()) });

export const diffShape = z.object({
  from: z.number(),
  to: z.number(),
  changes: planShape.shape.changes,
  summary: planShape.shape.summary,
});
export type Diff = z.infer<typeof diffShape>;

export const documentsShape = z.object({
  items: z.array(
    z.object({
      kind: z.enum(DOCUMENT_KINDS as readonly [DocumentKind, ...DocumentKind[]]),
      name: z.string(),
      domain: z.string().nullable(),
      source: z.string(),
      text: z.string(),
      contentHash: z.string(),
    }),
  ),
  next: z.string().nullish(),
});
export type ServerDocument = z.infer<typeof documentsShape>['items'][number];

const limits = z.object({
  documents: z.number().optional(),
  rules: z.number().optional(),
  assignments: z.number().optional(),
  entities: z.number().optional(),
  endpoints: z.number().optional(),
  cases: z.number().optional(),
});
/** What a subtree may hold, and does; an older server counts no cases. */
export const quotaShape = z.object({ domain: z.string(), limits, held: limits.required().partial({ cases: true }) });

/** Servers that have been seen, and what each decides by. */
export const suspensionShape = publishedShape.extend({
  domain: z.string(),
  /** The domain and those around it that are suspended now. */
  suspendedBy: z.array(z.string()),
});

export const statusShape = z.object({
  version: z.string(),
  mode: z.enum(['enforce', 'observe']),
  source: z.enum(['database', 'folder']),
  ready: z.object({
    ready: z.boolean(),
    because: z.string().nullish(),
    /** What is wrong although it is ready. */
    degraded: z.array(z.string()).optional(),
  }),
  policy: mark.extend({ ageSeconds: z.number() }).nullable(),
  feed: z.object({ state: z.string(), detail: z.string().nullish() }),
  addresses: z.record(z.string(), z.string().nullish()),
  uptimeSeconds: z.number(),
  newest: revisionShape.nullish(),
});
export type ServerStatus = z.infer<typeof statusShape>;

const credential = z.object({
  id: z.string(),
  createdAt: z.string(),
  createdBy: z.string(),
  expiresAt: z.string().nullish(),
  revokedAt: z.string().nullish(),
});
/** Of an enforcement point, or of a client as a mechanism names it. */
const keyCredential = credential.extend({
  enforcementPoint: z.string().nullish(),
  mechanism: z.string().nullish(),
  subject: z.string().nullish(),
  lastUsedAt: z.string().nullish(),
});
const operatorCredential = credential.extend({
  name: z.string(),
  root: z.boolean().nullish(),
  scope: z.object({ domain: z.string(), roles: z.array(z.string()) }).nullish(),
  groups: z.array(z.string()).nullish(),
});

export const keysShape = z.object({ items: z.array(keyCredential), next: z.string().nullish() });
export const operatorsShape = z.object({ items: z.array(operatorCredential), next: z.string().nullish() });
export const newKeyShape = keyCredential.partial().required({ id: true }).extend({ key: z.string() });
export const newOperatorShape = operatorCredential
  .partial()
  .required({ id: true })
  .extend({
    token: z.string(),
    warnings: z.array(z.object({ code: z.string(), message: z.string() })).default([]),
  });
/** What keys and tokens have in common. */
export type CommonCredential = z.infer<typeof credential>;
export type KeyCredential = z.infer<typeof keyCredential>;
export type OperatorCredential = z.infer<typeof operatorCredential>;

const text = z.string().nullable();
const someTexts = z.array(z.string()).optional();
const someMembers = z.record(z.string(), z.unknown()).optional();
export const droppedShape = z.array(z.object({ mechanism: text, because: z.string() }));
const recordedItem = z.object({
  role: z.string(),
  mechanism: z.string(),
  subject: z.string(),
  scopes: someTexts,
  groups: someTexts,
  claims: someMembers,
  attributes: someMembers,
});

export const recordedDecisionShape = z.object({
  id: z.string(),
  time: z.string(),
  decision: z.enum(['allow', 'deny']),
  reason: z.string(),
  deniedAt: z.string().nullable(),
  endpoint: z.string().nullable(),
  principals: z.array(z.string()),
  rules: z.array(z.string()),
  revision: mark.nullable(),
  enforcementPoint: z.string(),
  observed: z.boolean().optional(),
  wouldDeny: z.object({ reason: z.string(), deniedAt: z.string().nullable() }).optional(),
  dropped: droppedShape,
  request: z
    .object({
      evidence: z.array(recordedItem),
      headers: someMembers,
      attributes: someMembers,
      claimed: someMembers,
      context: someMembers,
    })
    .nullable(),
});
export type RecordedDecision = z.infer<typeof recordedDecisionShape>;

/** A record as the server gave it, of which the verbs read the members above. */
const wholeRecord = z.custom<RecordedDecision>((value) => recordedDecisionShape.safeParse(value).success);
export const recordedDecisionsShape = z.object({ items: z.array(wholeRecord), next: z.string().nullish() });
export const pastExplanationShape = z.object({
  decision: wholeRecord,
  explanation: z.custom<Explanation>((value) => explanationShape.safeParse(value).success),
});

const act = z.object({
  sequence: z.number(),
  /** RFC 3339, to the millisecond. */
  at: z.string(),
  databaseRole: z.string(),
  operator: z.string(),
  credential: text,
  act: z.string(),
  object: z.string(),
  refused: text,
  before: text,
  after: text,
  revision: z.number().nullable(),
  requestId: text,
  address: text,
  previous: z.string(),
  hash: z.string(),
});
export type AuditAct = z.infer<typeof act>;
export const actsShape = z.object({ items: z.array(act), next: z.string().nullish() });

/** As it was hashed. */
export function actIn({ at, ...rest }: AuditAct): Act {
  return { ...rest, at: Date.parse(at) };
}

const server = z.object({
  server: z.string(),
  version: z.string(),
  address: z.string(),
  startedAt: z.string(),
  revision: z.number().nullable(),
  epoch: z.number().nullable(),
  ageSeconds: z.number().nullable(),
  lastSeenAt: z.string(),
  seenSecondsAgo: z.number(),
  silent: z.boolean(),
});
export type FleetServer = z.infer<typeof server>;
/** `behind` names servers that are not at the revision asked about. */
export const fleetShape = z.object({ items: z.array(server), behind: z.array(z.string()).nullish() });

export const problemShape = z.object({
  code: z.string(),
  title: z.string().optional(),
  detail: z.string(),
  remedy: z.string().optional(),
  /** Of `revision-superseded`: the newest revision, and what it or one before it changed that is in the way. */
  current: revisionShape.nullish(),
  /** Of `rate-exceeded`. */
  retryAfterSeconds: z.number().optional(),
  conflicts: z
    .array(key.extend({ because: z.enum(['changed', 'referenced']), revision: revisionShape.nullish() }))
    .optional(),
});
export type ServerProblem = z.infer<typeof problemShape>;
