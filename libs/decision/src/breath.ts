/** Long enough that giving way costs little, short enough that nobody notices the wait. */
const LONGEST_MICROSECONDS = 5_000;

/** Gives way, now and then, to others who wait for the same thread. */
export class Breath {
  #since: number;

  /** @param stopwatch  microseconds from any start, never going back */
  constructor(private readonly stopwatch: () => number) {
    this.#since = stopwatch();
  }

  /** Whether the thread was held long enough; to be asked between any two pieces of work. */
  get isOver(): boolean {
    return this.stopwatch() - this.#since >= LONGEST_MICROSECONDS;
  }

  /** Resolves when others had their turn. */
  async next(): Promise<void> {
    await new Promise<void>((turn) => setImmediate(turn));
    this.#since = this.stopwatch();
  }
}
