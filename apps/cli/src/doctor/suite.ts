import type { Receipt } from './echo.js';
import {
  DECISION_HEADER,
  decisionsOf,
  differencesIn,
  type Finding,
  type Readings,
  readingsOf,
  shown,
} from './judge.js';
import type { Base, Trick } from './trick.js';
import type { Reply } from './wire.js';

/** What was sent, what the gateway answered, and what the service got, in the order in which it came. */
export interface Attempt {
  readonly trick: Trick;
  readonly reply: Reply;
  readonly receipts: readonly Receipt[];
}

/** Nothing reached the service, everybody read it the same, or somebody did not. */
export type Verdict = 'refused' | 'same' | 'differs';

export interface Judged extends Attempt {
  readonly verdict: Verdict;
  readonly findings: readonly Finding[];
  /** Of what the service got first; null where it got nothing. */
  readonly readings: Readings | null;
}

/** Asked about what a service got; what it finds is one more difference. */
export type Witness = (receipt: Receipt, trick: Trick) => Promise<readonly Finding[]>;

/**
 * @param attempts  of one run, in the order in which they were sent
 * @param plain     the plain request as the service got it
 * @param witness   absent: nobody else is asked
 */
export async function judged(
  attempts: readonly Attempt[],
  base: Base,
  plain: Receipt,
  witness?: Witness,
): Promise<readonly Judged[]> {
  const spent = new Set<string>();
  const results: Judged[] = [];
  for (const attempt of attempts) {
    const { trick, receipts } = attempt;
    const findings: Finding[] = [];
    for (const receipt of receipts) {
      findings.push(...differencesIn(receipt, trick, base, plain));
      if (witness !== undefined) findings.push(...(await witness(receipt, trick)));
    }
    findings.push(...countFindings(receipts, trick), ...spentFindings(receipts, spent), ...elsewhereFindings(attempt));
    const [first] = receipts;
    results.push({
      ...attempt,
      findings,
      verdict: findings.length > 0 ? 'differs' : first === undefined ? 'refused' : 'same',
      readings: first === undefined ? null : readingsOf(first, trick),
    });
  }
  return results;
}

/** What is answered as if it had been let pass, and did not come to the echo, came to somebody who is not watched. */
function elsewhereFindings({ trick, reply, receipts }: Attempt): readonly Finding[] {
  const isAnswered = reply.kind === 'answered' && reply.status >= 200 && reply.status < 300;
  // About its own options a gateway may speak for itself.
  if (receipts.length > 0 || !isAnswered || trick.method === 'OPTIONS') return [];
  const what = `it was answered with ${reply.status}, and nothing came to the echo: whether Dharma was asked before another service answered, or the gateway itself, nobody says`;
  return [{ concern: 'asked', what, header: DECISION_HEADER }];
}

/** No request becomes two. */
function countFindings(receipts: readonly Receipt[], trick: Trick): readonly Finding[] {
  const sent = trick.followedBy === undefined ? 1 : 2;
  if (receipts.length <= sent) return [];
  return [{ concern: 'framing', what: `sent was one request, and the service got ${receipts.length}` }];
}

/**
 * Each request is judged for itself: a gateway that keeps answers lets pass by an older one.
 *
 * @param spent  decisions that requests came with before; those of these are added
 */
function spentFindings(receipts: readonly Receipt[], spent: Set<string>): readonly Finding[] {
  const findings: Finding[] = [];
  for (const decision of decisionsOf(receipts)) {
    if (spent.has(decision)) {
      findings.push({ concern: 'kept', what: `an earlier request came with the same decision, ${shown(decision)}` });
    }
    spent.add(decision);
  }
  return findings;
}
