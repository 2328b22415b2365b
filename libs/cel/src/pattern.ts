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

/** One piece of a pattern outside classes: a repetition, the beginning of a group, something escaped, or one character. */
const PIECE = /\{(\d{1,4})(?:,(\d{0,4}))?\}|\((?:\?(?:P?<\w{0,64}>|[a-zA-Z-]{0,8}:?))?|\\[^]|[^]/y;

/**
 * As many instructions as a pattern compiles to at least, its repetitions written out: compiling one that repeats much
 * takes a tenth of a second before its size is known. Looks at each character once.
 */
function leastSize(pattern: string): number {
  const outer: number[] = [];
  let size = 0;
  let last = 0;
  for (let at = 0; at < pattern.length;) {
    PIECE.lastIndex = at;
    const [piece, least, most] = PIECE.exec(pattern)!;
    at += piece.length;
    if (least !== undefined) {
      const times = Math.max(Number(least), Number(most ?? 0));
      size += last * (times - 1);
      last *= times;
    } else if (piece.startsWith('(')) {
      outer.push(size);
      size = 0;
    } else if (piece === ')') {
      last = size;
      size += outer.pop() ?? 0;
    } else if (piece !== '|') {
      if (piece === '[') at = endOfClass(pattern, at);
      last = 1;
      size += 1;
    }
  }
  return outer.reduce((sum, part) => sum + part, size);
}

/** Behind the bracket that closes a class; the end of the text where none does. */
function endOfClass(pattern: string, start: number): number {
  let at = start;
  if (pattern[at] === '^') at += 1;
  // The first bracket stands for itself.
  if (pattern[at] === ']') at += 1;
  for (; at < pattern.length; at += 1) {
    if (pattern[at] === ']') return at + 1;
    if (pattern[at] === '\\') at += 1;
  }
  return at;
}

/** @returns undefined when the pattern is not RE2, longer than 4,096 characters, or compiles to over 1,000 instructions */
export function compilePattern(pattern: string): Pattern | undefined {
  if (pattern.length > MAX_PATTERN_LENGTH || leastSize(pattern) > 2 * MAX_PROGRAM_SIZE) return undefined;
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
