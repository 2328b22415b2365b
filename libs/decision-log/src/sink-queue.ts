import { type DecisionSink, SinkFault } from './decision-sink.js';

/** Plans work. @returns what takes the plan back */
export interface SinkTimer {
  after(milliseconds: number, work: () => void): () => void;
}

/** Records that a sink will never have. */
export interface DroppedRecords {
  readonly sink: string;
  readonly records: number;
  readonly because: string;
}

/** A sink that took nothing in several tries, while its records wait. */
export interface SinkAway {
  readonly sink: string;
  readonly because: string;
}

export interface SinkQueueParts {
  readonly name: string;
  readonly sink: DecisionSink;
  readonly onDropped: (dropped: DroppedRecords) => void;
  /** Told of each batch once. */
  readonly onAway?: (away: SinkAway) => void;
  readonly timer: SinkTimer;
  /** 0 to below 1; spreads the attempts of many servers. */
  readonly random: () => number;
  /** Milliseconds to gather lines for. Default 100. */
  readonly gatherMilliseconds?: number;
  /** Times that a write is tried, however little room there is for what waits behind it. Default 4. */
  readonly tries?: number;
}

/** Characters that may wait for a slow sink. */
const MOST_WAITING = 8 * 1024 * 1024;
const MOST_LINES = 500;
const MOST_CHARACTERS = 1024 * 1024;
const FIRST_RETRY_MILLISECONDS = 250;
const LONGEST_RETRY_MILLISECONDS = 10_000;
const CLOSE_MILLISECONDS = 2_000;
const FULL = 'it did not take them in time';
const UNEXPECTED = 'it failed unexpectedly';

/**
 * Lines on their way to one sink. While it is away they wait, as long as there is room: then the oldest make room, and are
 * counted.
 */
export class SinkQueue {
  readonly #parts: SinkQueueParts;
  #waiting: string[] = [];
  #characters = 0;
  #full = 0;
  /** Lines of the write that is under way. */
  #underWay = 0;
  #isOver = false;
  #isPlanned = false;
  #isClosed = false;
  #writing: Promise<void> = Promise.resolve();
  #wake: (() => void) | undefined;

  constructor(parts: SinkQueueParts) {
    this.#parts = parts;
  }

  /** Never waits, never throws. */
  add(line: string): void {
    if (this.#isClosed || line.length > MOST_WAITING) {
      this.#full += 1;
    } else {
      this.#waiting.push(line);
      this.#characters += line.length;
      while (this.#characters > MOST_WAITING) {
        this.#characters -= this.#waiting.shift()!.length;
        this.#full += 1;
      }
    }
    this.#plan();
  }

  /** Whether the next line would cost another. */
  get isFull(): boolean {
    return this.#characters >= MOST_WAITING;
  }

  /** Writes what waits, for two seconds at most; what is left then is dropped. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wake?.();
    let cancel = () => {};
    const patience = new Promise<void>((over) => {
      cancel = this.#parts.timer.after(CLOSE_MILLISECONDS, over);
    });
    await Promise.race([this.#writing.then(() => this.#writeAll()), patience]);
    cancel();
    this.#tellFull();
    const left = this.#underWay + this.#waiting.splice(0).length;
    if (left > 0) this.#drop(left, 'the server stops');
    this.#isOver = true;
    await this.#parts.sink.close();
  }

  #plan(): void {
    if (this.#isPlanned || this.#isClosed) return;
    this.#isPlanned = true;
    const { timer, gatherMilliseconds = 100 } = this.#parts;
    timer.after(gatherMilliseconds, () => {
      this.#writing = this.#writeAll().then(() => {
        this.#isPlanned = false;
        if (this.#waiting.length > 0 || this.#full > 0) this.#plan();
      });
    });
  }

  /** Never rejects. */
  async #writeAll(): Promise<void> {
    this.#tellFull();
    while (this.#waiting.length > 0) {
      const lines = this.#takeBatch();
      this.#underWay = lines.length;
      await this.#writeBatch(lines);
      if (this.#isOver) return;
      this.#underWay = 0;
      this.#tellFull();
    }
  }

  /** What one line does to a sink must not cost the others: where it fails unexpectedly, its halves are written each. */
  async #writeBatch(lines: readonly string[]): Promise<void> {
    const fault = await this.#write(lines);
    if (fault === undefined || this.#isOver) return;
    if (fault !== UNEXPECTED || lines.length === 1 || this.#isClosed) return this.#drop(lines.length, fault);
    const middle = lines.length >> 1;
    await this.#writeBatch(lines.slice(0, middle));
    await this.#writeBatch(lines.slice(middle));
  }

  #takeBatch(): readonly string[] {
    let count = 0;
    let characters = 0;
    while (count < this.#waiting.length && count < MOST_LINES && characters < MOST_CHARACTERS) {
      characters += this.#waiting[count]!.length;
      count += 1;
    }
    this.#characters -= characters;
    return this.#waiting.splice(0, count);
  }

  /** @returns why they were not written */
  async #write(lines: readonly string[]): Promise<string | undefined> {
    const { name, sink, onAway, tries = 4 } = this.#parts;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await sink.write(lines);
        return undefined;
      } catch (fault) {
        // What is no SinkFault is a bug, and may quote what it was given.
        const [message, passing] = fault instanceof SinkFault ? [fault.message, fault.passing] : [UNEXPECTED, false];
        if (!passing || this.#isClosed) return message;
        const hasRoom = this.#full === 0;
        this.#tellFull(message);
        // These are the oldest; and where they are what a collector cannot take, others come to it at last.
        if (!hasRoom && attempt >= tries) return message;
        if (attempt === tries) onAway?.({ sink: name, because: message });
        const milliseconds = Math.min(FIRST_RETRY_MILLISECONDS * 2 ** (attempt - 1), LONGEST_RETRY_MILLISECONDS);
        await this.#pause(milliseconds * (0.5 + this.#parts.random()));
      }
    }
  }

  /** Ends early when the queue is closed. */
  #pause(milliseconds: number): Promise<void> {
    return new Promise((over) => {
      const cancel = this.#parts.timer.after(milliseconds, over);
      this.#wake = () => {
        cancel();
        over();
      };
    });
  }

  #tellFull(because = FULL): void {
    const full = this.#full;
    this.#full = 0;
    if (full > 0) this.#drop(full, because);
  }

  #drop(records: number, because: string): void {
    this.#parts.onDropped({ sink: this.#parts.name, records, because });
  }
}
