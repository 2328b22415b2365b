/** Dotted paths of `${…}` in obligations: a small part of what conditions can say. */

import { type ConditionInput, ROOTS } from './roots.js';
import { ownMember } from './values.js';

/**
 * `principal.claims.tier` as its segments: a root, then members of ASCII letters, digits, `_` and `-`, which do not
 * begin with a digit or `-`.
 *
 * @returns undefined when the text is no path
 */
export function parsePath(text: string): readonly string[] | undefined {
  if (text.length > 1024) return undefined;
  const segments = text.split('.');
  if (!(ROOTS as readonly string[]).includes(segments[0]!)) return undefined;
  return segments.every((segment) => /^[A-Za-z_][A-Za-z0-9_-]*$/.test(segment)) ? segments : undefined;
}

/**
 * The value at a path: JSON, or a Date. Never a member that objects inherit.
 *
 * @returns undefined when it is absent or null
 */
export function readPath(input: ConditionInput, path: readonly string[]): unknown {
  let current: unknown = input;
  for (const segment of path) {
    current = ownMember(current, segment);
    if (current === undefined) return undefined;
  }
  return current;
}
