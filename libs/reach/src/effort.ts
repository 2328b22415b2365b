/**
 * What may still be spent on looking. Counted in decisions and the evidence they weigh, not in time, so that a test which
 * could be decided on one machine can be decided on every other.
 */
export class Effort {
  #left: number;

  /** @param most  {@link Effort.DEFAULT} is a few seconds of one processor */
  constructor(most: number = Effort.DEFAULT) {
    this.#left = most;
  }

  static readonly DEFAULT = 1_000_000;

  /** @returns false, once for all, when it is used up */
  spend(items: number): boolean {
    this.#left -= 1 + items;
    return this.#left >= 0;
  }

  get isSpent(): boolean {
    return this.#left < 0;
  }
}
