import { Problem } from '#problem';

/** Operators whose largest body may be held at the same time. */
const LARGEST_BODIES = 4;

/** What one request holds of its operator's share. */
export interface BodyShare {
  /** @throws Problem `bodies-too-many` */
  take(bytes: number): void;
  close(): void;
}

/**
 * Bounds what bodies that hold bundles take together from their first byte to their answer: one operator's as much as the
 * largest body, so that nobody keeps others from publishing, and all of them some times that.
 */
export class BodyBudget {
  readonly #largest: number;
  readonly #byOperator = new Map<string, number>();
  #held = 0;

  /** @param largest  bytes of the largest body */
  constructor(largest: number) {
    this.#largest = largest;
  }

  open(operator: string): BodyShare {
    let own = 0;
    let isClosed = false;
    return {
      take: (bytes) => {
        const ofOperator = (this.#byOperator.get(operator) ?? 0) + bytes;
        if (isClosed || ofOperator > this.#largest || this.#held + bytes > LARGEST_BODIES * this.#largest) {
          throw new Problem('bodies-too-many');
        }
        own += bytes;
        this.#held += bytes;
        this.#byOperator.set(operator, ofOperator);
      },
      close: () => {
        if (isClosed) return;
        isClosed = true;
        this.#held -= own;
        const left = (this.#byOperator.get(operator) ?? 0) - own;
        if (left > 0) this.#byOperator.set(operator, left);
        else this.#byOperator.delete(operator);
      },
    };
  }
}
