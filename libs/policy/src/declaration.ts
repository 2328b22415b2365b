import { z } from 'zod';
import type { Attributes } from '#engine';
import { parseInstant } from './instant.js';
import {
  DOMAIN_NAME,
  ENDPOINT_REFERENCE,
  isLine,
  NAME,
  PARAMETER_NAME,
  RESERVED_PRINCIPAL_TYPES,
  RULE_ID,
  SHA256_HEX,
  TOKEN,
  TYPED_ID,
} from './names.js';

/** A map with exactly these members. */
export function record<Shape extends z.ZodRawShape>(shape: Shape) {
  const members = Object.keys(shape);
  // The issue carries no schema, so the members that exist travel in its message; shape.ts takes them out again.
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? members.join('\n') : undefined),
  });
}

/** Text that matches a pattern; `meaning` ends the sentence "`x` is not …". */
function spelled(pattern: RegExp, meaning: string) {
  return z.string().regex(pattern, { error: meaning });
}

export const name = spelled(NAME, 'a name: lower-case letters, digits and inner `-`, up to 63 characters');
export const ruleId = spelled(RULE_ID, 'a rule id: lower-case letters, digits, `_` and inner `-`, up to 63 characters');
export const domainName = spelled(DOMAIN_NAME, 'a domain: up to 16 names joined by dots');
export const domainOrOutside = spelled(new RegExp(`^\\*$|${DOMAIN_NAME.source}`), 'a domain or `*`');
export const endpointReference = spelled(ENDPOINT_REFERENCE, 'an endpoint: `service/endpoint`, or `service/*`');
export const token = spelled(TOKEN, 'a token of HTTP');
export const headerName = spelled(TOKEN, 'the name of a header');
export const parameterName = spelled(
  PARAMETER_NAME,
  'the name of a query parameter: letters, digits, `-`, `.`, `_` and `~`, up to 128 characters',
);
export const sha256 = spelled(SHA256_HEX, 'a SHA-256 in 64 lower-case hexadecimal digits');
export const typedId = spelled(TYPED_ID, 'of the form `type:id`');
export const line = z.string().refine(isLine, { error: 'one line of text: not empty, no control characters' });
export const entityType = line.refine((text) => !text.includes(':'), { error: 'a type: no colon' });
export const principalType = entityType.refine((text) => !RESERVED_PRINCIPAL_TYPES.has(text), {
  error: 'a principal type that credentials may have: `service` and `group` are reserved',
});
export const instant = z
  .string()
  .refine((text) => parseInstant(text) !== undefined, {
    error: 'an instant: RFC 3339 with an offset, like 2026-12-24T12:00:00Z',
  })
  .meta({ format: 'date-time' });
export const flag = z.boolean();
export const seconds = z
  .number()
  .int({ error: 'a whole number of seconds' })
  .min(0, { error: 'a number of seconds: it is below 0' });

/** Stored data: any JSON map, kept as it is, without a prototype. */
export const attributes = z
  .custom<Attributes>((value) => typeof value === 'object' && value !== null && !Array.isArray(value), {
    error: 'a map',
  })
  .meta({ type: 'object' });
function holdsTexts(map: object): boolean {
  for (const name in map) if (typeof (map as { readonly [name: string]: unknown })[name] !== 'string') return false;
  return true;
}

/** A map of names to texts: labels, headers. */
export const texts = z
  .custom<{ readonly [name: string]: string }>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value) && holdsTexts(value),
    { error: 'a map of texts' },
  )
  .meta({ type: 'object', additionalProperties: { type: 'string' } });

/** A list that may not be empty: an empty one would match nothing, or everything, and nobody could tell which was meant. */
export function some<Item extends z.ZodType>(item: Item) {
  return z.array(item).min(1);
}

export const description = z.string().optional().meta({ description: 'Free text.' });

/** `metadata` of every kind; `more` holds what a kind adds. */
export function metadata<Shape extends z.ZodRawShape>(shape: Shape) {
  return record({ ...shape, description, labels: texts.optional().meta({ description: 'Free names and texts.' }) });
}

/** A whole document of one kind. */
export function kind<Kind extends string, Metadata extends z.ZodType, Spec extends z.ZodType>(
  kindName: Kind,
  metadataSchema: Metadata,
  spec: Spec,
) {
  return record({ apiVersion: z.literal('dharma/v1'), kind: z.literal(kindName), metadata: metadataSchema, spec });
}
