import type { RequestFault } from '#decision';
import { conform, jsonFromText } from '#policy';
import { Problem } from '#problem';
import type { z } from 'zod';
import { textOf } from './json-text.js';

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
