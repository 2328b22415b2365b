import { spanText } from './span.js';
import type { Output } from './terminal.js';

const REDRAW_MILLISECONDS = 100;
const PLAIN_STEP_PERCENT = 10;

/** How far a long task is: one line that is redrawn on a terminal, a plain line for every tenth elsewhere. */
export class Progress {
  readonly #output: Output;
  readonly #label: string;
  readonly #total: number;
  readonly #now: () => number;
  #drawnAt = -Infinity;
  #percentSaid = 0;
  #isDrawn = false;

  constructor(output: Output, now: () => number, label: string, total: number) {
    this.#output = output;
    this.#now = now;
    this.#label = label;
    this.#total = total;
  }

  /** Progress is never worth waiting or failing for, so nothing is awaited. */
  update(done: number): void {
    const percent = this.#total === 0 ? 100 : Math.floor((done / this.#total) * 100);
    const text = `${this.#label}: ${done.toLocaleString('en')} of ${this.#total.toLocaleString('en')} (${percent} %)`;
    if (!this.#output.isTerminal) {
      if (percent < this.#percentSaid + PLAIN_STEP_PERCENT) return;
      this.#percentSaid = percent - (percent % PLAIN_STEP_PERCENT);
      this.#say(`${text}\n`);
      return;
    }
    if (this.#now() - this.#drawnAt < REDRAW_MILLISECONDS) return;
    this.#drawnAt = this.#now();
    this.#isDrawn = true;
    this.#say(`\r\u001B[2K${this.#output.colours.dim(text)}`);
  }

  /** Takes the line off the terminal. */
  finish(): void {
    if (this.#isDrawn) this.#say('\r\u001B[2K');
  }

  #say(text: string): void {
    this.#output.write(text).catch(() => undefined);
  }
}

const PATIENCE_MILLISECONDS = 1000;

/**
 * Says on a terminal what is waited for, once it takes longer than a moment, and for how long it has been.
 *
 * @param label  like `planning on the server`
 */
export async function whileWaiting<Result>(
  output: Output,
  label: string,
  work: () => Promise<Result>,
): Promise<Result> {
  if (!output.isTerminal) return work();
  const say = (text: string): void => void output.write(`\r\u001B[2K${text}`).catch(() => undefined);
  const since = performance.now();
  let isDrawn = false;
  const timer = setInterval(() => {
    isDrawn = true;
    say(output.colours.dim(`${label}: ${spanText((performance.now() - since) / 1000)}`));
  }, PATIENCE_MILLISECONDS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    if (isDrawn) say('');
  }
}
