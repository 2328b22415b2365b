/**
 * A small reproducible source of chance: Marsaglia's xorshift on 32 bits with his triple 13, 17, 5 (Journal of
 * Statistical Software 8:14, 2003). Good enough to vary tests; never for anything that must not be guessed.
 */
export class Chance {
  #state: number;

  /** @param seed  any integer; equal seeds give equal sequences */
  constructor(seed: number) {
    // Neighbouring seeds would begin alike; the multiplier is 2^32 divided by the golden ratio.
    this.#state = Math.imul(seed ^ (seed / 2 ** 32), 0x9e3779b1) | 1;
    for (let round = 0; round < 8; round += 1) this.#next();
  }

  /** A whole number from 0 to `count - 1`. */
  below(count: number): number {
    return Math.floor((this.#next() / 2 ** 32) * count);
  }

  /** True in `percent` of 100 cases. */
  percent(percent: number): boolean {
    return this.below(100) < percent;
  }

  /** One of the items; undefined when there are none. */
  pick<Item>(items: readonly Item[]): Item | undefined {
    return items[this.below(items.length)];
  }

  /** One of the items, of which there is at least one. */
  oneOf<Item>(first: Item, ...others: readonly Item[]): Item {
    return this.pick([first, ...others])!;
  }

  /** Each item in about `percent` of 100 cases, in their order. */
  some<Item>(items: readonly Item[], percent: number): readonly Item[] {
    return items.filter(() => this.percent(percent));
  }

  #next(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return state >>> 0;
  }
}
