import type { GuardrailChange } from './guardrail.js';

/** Which way one part of a guardrail goes, in half a sentence. */
export interface Step {
  /** `either` where nobody can tell. */
  readonly tendency: 'looser' | 'tighter' | 'either';
  readonly words: string;
}

export interface ListStep {
  readonly came: readonly string[];
  readonly went: readonly string[];
}

type Covers = (outer: string, inner: string) => boolean;

const isSame: Covers = (outer, inner) => outer === inner;

/** What a list says that it did not say before, and what it says no longer; what another item covers is still said. */
export function listStep(
  before: readonly string[] = [],
  after: readonly string[] = [],
  covers: Covers = isSame,
): ListStep {
  return { came: beyond(before, after, covers), went: beyond(after, before, covers) };
}

function beyond(known: readonly string[], items: readonly string[], covers: Covers): readonly string[] {
  // Lists of a thousand are common, and few of them say anything with a pattern.
  const literal = new Set(known);
  const unknown = [...new Set(items)].filter((item) => !literal.has(item));
  return covers === isSame ? unknown : unknown.filter((item) => !known.some((outer) => covers(outer, item)));
}

/** What several steps come to. */
export function changeOf(steps: readonly Step[]): Extract<GuardrailChange, 'weakened' | 'strengthened' | 'changed'> {
  if (steps.every(({ tendency }) => tendency === 'looser')) return 'weakened';
  return steps.every(({ tendency }) => tendency === 'tighter') ? 'strengthened' : 'changed';
}

export function wordsOf(steps: readonly Step[]): string {
  return steps.map(({ words }) => words).join('; ');
}

export function flagStep(
  before: boolean | undefined,
  after: boolean | undefined,
  looser: string,
  tighter: string,
): readonly Step[] {
  if ((before ?? false) === (after ?? false)) return [];
  return [after === true ? { tendency: 'looser', words: looser } : { tendency: 'tighter', words: tighter }];
}
