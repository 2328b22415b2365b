import { createHash } from 'node:crypto';
import type { Decided } from './decision.js';

interface Kept {
  readonly decided: Decided;
  /** When it was asked, and when it may no longer be used: milliseconds of a clock that never goes back. */
  readonly askedAt: number;
  readonly until: number;
}

/**
 * Answers that may be used again for the very same question, until their time to live is over. The oldest makes room.
 *
 * Once an answer of a newer revision was seen, those of older ones are not given out: a client never goes back.
 */
export class DecisionCache {
  readonly #kept = new Map<string, Kept>();
  #newestRevision = 0;

  /** @param entries  most answers that are kept; 0 keeps none */
  constructor(
    private readonly entries: number,
    private readonly monotonic: () => number,
  ) {}

  get size(): number {
    return this.#kept.size;
  }

  /**
   * @param minRevision  an answer by an older revision does not do
   * @returns the answer with its age and its time to live as they are now
   */
  find(key: string, minRevision = 0): Decided | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    const now = this.monotonic();
    if (now >= kept.until || kept.decided.answer.revision < this.#newestRevision) {
      this.#kept.delete(key);
      return undefined;
    }
    const { decided, askedAt } = kept;
    if (decided.answer.revision < minRevision) return undefined;
    const elapsed = Math.ceil((now - askedAt) / 1000);
    const { ageSeconds, ttlSeconds } = decided.answer;
    return {
      ...decided,
      kept: true,
      answer: {
        ...decided.answer,
        ageSeconds: ageSeconds + elapsed,
        ttlSeconds: Math.max(0, ttlSeconds - elapsed),
      },
    };
  }

  /** @param askedAt  when the question left: the server may have decided right after */
  keep(key: string, decided: Decided, askedAt: number): void {
    const { revision, ttlSeconds } = decided.answer;
    if (revision > this.#newestRevision) this.#newestRevision = revision;
    if (this.entries === 0 || ttlSeconds === 0 || revision < this.#newestRevision) return;
    this.#kept.delete(key);
    this.#kept.set(key, { decided, askedAt, until: askedAt + ttlSeconds * 1000 });
    while (this.#kept.size > this.entries) this.#kept.delete(this.#kept.keys().next().value!);
  }

  clear(): void {
    this.#kept.clear();
  }
}

/**
 * The key of a question: a digest of all that goes over the wire, so that whatever a decision may depend on is in it, and
 * no credential stays in memory for it. `minRevision` is not in it: it says which answers do, not what is asked.
 *
 * @param text  the request as JSON; one that is written in another order is another question
 * @param tell  an answer without what is told does not serve who wants to be told
 */
export function keyOf(text: string, tell: boolean): string {
  return createHash('sha256')
    .update(tell ? 'told' : 'plain')
    .update('\0')
    .update(text)
    .digest('base64url');
}
