import type { RequestFault } from '#decision';
import { conform, jsonFromText } from '#policy';
import { Problem } from '#problem';
import { z } from 'zod';
import { textOf } from './json-text.js';

/** A list of texts. A member that is none ends the reading: of a long list each one would be a fault to be described. */
export const textList = z.custom<readonly string[]>((value) => isTexts(value), { error: 'a list of texts' });

export function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((member) => typeof member === 'string');
}

/**
 * The JSON value of a webhook's body.
 *
 * @throws Problem `request-not-json`, `request-too-large`
 */
export function jsonOf(body: unknown): unknown {
  const json = jsonFromText(textOf(body));
  if ('faults' in json) throw new Problem('request-not-json', { fault: json.faults[0]!.message });
  return json.value;
}

/** The value in its declared shape, or what is wrong with it. Members that are not declared are somebody else's matter. */
export function shaped<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
): { readonly value: z.infer<Schema> } | { readonly faults: readonly RequestFault[] } {
  const read = conform(schema, value);
  if (read.faults === undefined) return { value: read.value };
  return {
    faults: read.faults.map(({ path, message }) => ({ pointer: path.map((step) => `/${step}`).join(''), message })),
  };
}
