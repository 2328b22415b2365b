import { type Act, actHash, NO_LINK } from './act.js';

/** What was known of a chain before: whoever signed it vouches that it stood like this. */
export type KnownHead = Pick<Act, 'sequence' | 'hash'>;

/** The first place where a chain is not what it was, and what is wrong there. */
export interface Break {
  readonly sequence: number;
  readonly because: string;
}

/**
 * Reads a chain from its first link on and finds where it was tampered with. Holds one link at a time.
 *
 * Nobody can tell a chain that was written anew from its beginning, or cut at its end, from an honest one: that takes a
 * {@link KnownHead} which was kept elsewhere.
 */
export class ChainReader {
  readonly #known: KnownHead | undefined;
  #last: Pick<Act, 'sequence' | 'hash'> = { sequence: 0, hash: NO_LINK };

  constructor(known?: KnownHead) {
    this.#known = known;
  }

  /** The last link that was read and holds; sequence 0 before the first. */
  get last(): Pick<Act, 'sequence' | 'hash'> {
    return this.#last;
  }

  /** @returns undefined where the next link holds; after a break nothing more is to be read */
  next(act: Act): Break | undefined {
    const sequence = this.#last.sequence + 1;
    if (act.sequence !== sequence) {
      // Whoever lists in order has nothing between the two.
      return { sequence, because: `it is missing; row ${act.sequence} comes instead` };
    }
    if (act.hash !== actHash(act)) return { sequence, because: 'it was changed: its hash is not that of what it says' };
    if (act.previous !== this.#last.hash) {
      return { sequence, because: 'it does not follow the row before it: one of the two is not what was written' };
    }
    if (this.#known?.sequence === sequence && this.#known.hash !== act.hash) {
      return { sequence, because: 'it is not the row whose hash was signed: the chain was written anew' };
    }
    this.#last = { sequence, hash: act.hash };
    return undefined;
  }

  /** @returns undefined where the end is none too early */
  end(): Break | undefined {
    const { sequence } = this.#last;
    return this.#known !== undefined && sequence < this.#known.sequence
      ? { sequence: sequence + 1, because: `it is missing; a head was signed that has ${this.#known.sequence} rows` }
      : undefined;
  }
}
