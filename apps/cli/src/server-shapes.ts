/** What the admin API answers, as far as the verbs read it. Members that are not named here may come and go. */
import { z } from 'zod';

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

const fault = z.object({
  file: z.string(),
  line: z.number(),
  column: z.number(),
  code: z.string(),
  message: z.string(),
});

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
      rules: z.array(z.object({ change, id: z.string(), words: z.string() })),
    }),
  ),
  /** Documents of the bundle that belong to another source. */
  foreign: z.array(z.object({ kind: z.string(), name: z.string(), source: z.string() })),
  /** What the operator may not do; absent from servers where every operator may do everything. */
  refusals: z.array(refusal).default([]),
  summary: z.object({ documents: counts, rules: counts }),
});
export type Plan = z.infer<typeof planShape>;

export const publishedShape = z.object({
  revision: revisionShape.nullable(),
  unchanged: z.boolean().optional(),
  repeated: z.boolean().optional(),
});
export type Published = z.infer<typeof publishedShape>;

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
export const newOperatorShape = operatorCredential.partial().required({ id: true }).extend({ token: z.string() });
/** What keys and tokens have in common. */
export type CommonCredential = z.infer<typeof credential>;
export type KeyCredential = z.infer<typeof keyCredential>;
export type OperatorCredential = z.infer<typeof operatorCredential>;

export const problemShape = z.object({
  code: z.string(),
  title: z.string().optional(),
  detail: z.string(),
  remedy: z.string().optional(),
  /** Of `revision-superseded`. */
  current: revisionShape.nullish(),
});
export type ServerProblem = z.infer<typeof problemShape>;
