import type { Judged } from './evidence.js';
import { asFalse, together } from './judged.js';

/**
 * What one kind of reader says of a header field. `foreign`: it is none of the credentials this reader knows, so another
 * reader of the same header may know it; `unsupported`: it may be one that nobody here can verify.
 */
export interface Verdict {
  readonly fate: 'accepted' | 'false' | 'foreign' | 'unsupported';
  readonly judged: Judged;
}

export function taken(judged: Judged): Verdict {
  return { fate: 'accepted', judged };
}

/** It says whose credential it is, and it is expired or false. */
export function claimedFalse(judged: Judged): Verdict {
  return { fate: 'false', judged: asFalse(judged) };
}

export function foreign(judged: Judged): Verdict {
  return { fate: 'foreign', judged };
}

export function unsupported(judged: Judged): Verdict {
  return { fate: 'unsupported', judged };
}

/**
 * What all readers of a header say together. One that accepts it settles the matter. A value that no reader knows is a
 * false credential, unless it may be one that could not be verified here.
 */
export function settled(verdicts: readonly Verdict[]): Judged {
  if (verdicts.length === 1 && verdicts[0]!.fate !== 'foreign') return verdicts[0]!.judged;
  const taking = verdicts.filter(({ fate }) => fate === 'accepted');
  if (taking.length > 0) return together(taking.map(({ judged }) => judged));
  const judged = together(verdicts.map((verdict) => verdict.judged));
  return verdicts.some(({ fate }) => fate === 'unsupported') ? judged : asFalse(judged);
}
