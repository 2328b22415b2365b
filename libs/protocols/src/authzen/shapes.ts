import { z } from 'zod';
import type { Attributes } from '#engine';
import { attributes } from '#policy';

/**
 * The messages of AuthZEN 1.0. Members that are not declared are ignored, as the standard asks, and null is as good as
 * absent: it says that senders should have left such members out.
 */

/** The property of a subject in which its own token comes. */
export const TOKEN_PROPERTY = 'access_token';

const properties = attributes.nullish();
/** Who is verified by a token is known by its claims; what somebody else says of them beside it is nobody's word. */
const subjectProperties = properties.refine(
  (said) => !says(said, TOKEN_PROPERTY) || (typeof said[TOKEN_PROPERTY] === 'string' && Object.keys(said).length === 1),
  { error: `beside \`${TOKEN_PROPERTY}\`, a text, nothing is said of a subject` },
);
const subject = z.object({ type: z.string(), id: z.string(), properties: subjectProperties });
const resource = z.object({ type: z.string(), id: z.string(), properties });
const action = z.object({ name: z.string(), properties });
const context = attributes.nullish();

/** Members that every entity must have; what is said once for a whole batch may stand in for them. */
export const REQUIRED_MEMBERS = { subject: ['type', 'id'], action: ['name'], resource: ['type', 'id'] } as const;

export const evaluation = z.object({ subject, action, resource, context });

/** The two halves of an evaluation: in a batch many may share the first. */
export const whom = evaluation.pick({ subject: true });
export const what = evaluation.omit({ subject: true });

export const SEMANTICS = ['execute_all', 'deny_on_first_deny', 'permit_on_first_permit'] as const;

/** A batch, but for what stands at its top and in its items: that is judged where it is used, when both are together. */
export const batch = z.object({
  evaluations: z.array(z.unknown()).nullish(),
  options: z.object({ evaluations_semantic: z.enum(SEMANTICS).nullish() }).nullish(),
});

const page = z.object({ token: z.string().nullish(), limit: z.number().int().min(0).nullish() }).nullish();
const sought = z.object({ type: z.string(), properties });
const soughtSubject = z.object({
  type: z.string(),
  properties: properties.refine((said) => !says(said, TOKEN_PROPERTY), { error: 'a token says itself whose it is' }),
});

/** The id of what is searched for is not among the members: it is ignored where it comes. */
export const searches = {
  subject: z.object({ subject: soughtSubject, action, resource, context, page }),
  resource: z.object({ subject, action, resource: sought, context, page }),
  action: z.object({ subject, resource, context, page }),
} as const;

export type Evaluation = z.infer<typeof evaluation>;
export type Semantic = (typeof SEMANTICS)[number];

function says(said: Attributes | null | undefined, name: string): said is Attributes {
  return said !== null && said !== undefined && Object.hasOwn(said, name);
}
