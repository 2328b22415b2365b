/** How long and how often a client asks before it counts as unanswered. */
export interface Patience {
  /** For the whole of it, pauses and further tries included. */
  readonly timeoutMilliseconds: number;
  /** For one try. */
  readonly tryMilliseconds: number;
  /** Most tries; 1 never repeats. */
  readonly tries: number;
}

export const DEFAULT_PATIENCE: Patience = { timeoutMilliseconds: 1000, tryMilliseconds: 400, tries: 3 };

const FIRST_PAUSE_MILLISECONDS = 20;
const LONGEST_PAUSE_MILLISECONDS = 250;

/**
 * The pause before another try, in milliseconds: any length up to a bound that doubles, so that clients that failed
 * together do not return together.
 *
 * @param tried   how many tries failed, from 1
 * @param random  from 0 up to but not 1
 * @param asked   what the server asked for, which is never cut short
 */
export function pauseAfter(tried: number, random: number, asked = 0): number {
  const bound = Math.min(LONGEST_PAUSE_MILLISECONDS, FIRST_PAUSE_MILLISECONDS * 2 ** (tried - 1));
  return asked + random * bound;
}

/**
 * Further tries that a client may make: one for each ten questions, and ten ahead. When every question fails, repeating
 * them all would only make a server that is down harder to start.
 */
export class RetryBudget {
  #tenths = 100;

  asked(): void {
    this.#tenths = Math.min(100, this.#tenths + 1);
  }

  take(): boolean {
    if (this.#tenths < 10) return false;
    this.#tenths -= 10;
    return true;
  }
}
