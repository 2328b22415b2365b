/** What servers say of a decision and its reasons, as far as the text reads it. */
import { z } from 'zod';
import { TRUST_LEVELS } from '#engine';

const nullable = z.string().nullable();
const texts = z.array(z.string());

export const decisionShape = z.object({
  decision: z.enum(['allow', 'deny']),
  reason: z.string(),
  deniedAt: nullable,
  rules: texts,
  obligations: z.array(z.unknown()),
  ttlSeconds: z.number(),
  wouldDeny: z.object({ reason: z.string(), deniedAt: nullable }).optional(),
});

const ruleShape = z.object({ rule: z.string(), item: z.string(), matched: z.boolean(), because: z.string() });

/** What the text reads of an explanation. */
export const explanationShape = z.object({
  outcome: decisionShape,
  target: z.object({ host: nullable, method: nullable, path: nullable, placements: texts, because: z.string() }),
  evidence: z.array(
    z.object({ role: z.string(), mechanism: z.string(), subject: z.string(), service: nullable, because: z.string() }),
  ),
  attributes: z.array(z.object({ name: z.string(), level: z.enum(TRUST_LEVELS) })),
  caller: z.object({ actor: nullable, proven: texts, known: texts, exits: texts }).nullable(),
  denies: z.array(ruleShape),
  routes: z.array(
    z.object({
      run: z.enum(['strict', 'report']),
      placement: nullable,
      meeting: nullable,
      crossed: texts,
      because: z.string(),
      checks: z.array(
        z.object({
          kind: z.enum(['zero-trust', 'boundary', 'egress']),
          domain: z.string(),
          items: texts,
          rules: z.array(ruleShape),
          because: z.string(),
        }),
      ),
    }),
  ),
  nearestMiss: z
    .object({ changes: z.array(z.object({ summary: z.string(), domain: nullable, yaml: nullable })) })
    .nullable(),
  owner: z.object({ domain: z.string(), principals: texts }).nullable(),
});
