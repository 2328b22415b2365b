/** Regular expressions of policies and requests: RE2 syntax, in time linear in the text, through re2js. */

import { RE2JS } from 're2js';

export interface Pattern {
  /** Instructions of the compiled program. Matching takes at most this many operations a character. */
  readonly size: number;
  /** Whether the pattern matches anywhere in the text. */
  matches(text: string): boolean;
}

const MAX_PATTERN_LENGTH = 4096;
/** A program of 1,000 instructions takes about 10 ms for 1,000 characters; nothing people write comes near. */
const MAX_PROGRAM_SIZE = 1000;

/** @returns undefined when the pattern is not RE2, longer than 4,096 characters, or compiles to over 1,000 instructions */
export function compilePattern(pattern: string): Pattern | undefined {
  if (pattern.length > MAX_PATTERN_LENGTH) return undefined;
  try {
    const compiled = RE2JS.compile(pattern);
    const size = compiled.programSize();
    return size > MAX_PROGRAM_SIZE ? undefined : { size, matches: (text) => compiled.test(text) };
  } catch {
    return undefined;
  }
}

/** Patterns that come from requests are not known when a policy is loaded. */
export const MAX_DYNAMIC_PATTERN_LENGTH = 1024;
/** Each may keep up to 8 MiB of automaton. */
const MAX_REMEMBERED = 16;
const remembered = new Map<string, Pattern | undefined>();

/** As {@link compilePattern}, for patterns of up to 1,024 characters; the last 16 are remembered. */
export function dynamicPattern(pattern: string): Pattern | undefined {
  if (pattern.length > MAX_DYNAMIC_PATTERN_LENGTH) return undefined;
  if (remembered.has(pattern)) return remembered.get(pattern);
  const compiled = compilePattern(pattern);
  if (remembered.size >= MAX_REMEMBERED) remembered.delete(remembered.keys().next().value!);
  remembered.set(pattern, compiled);
  return compiled;
}
