import { write, writeSync } from 'node:fs';

/** Bytes that may wait for a slow reader; lines beyond them are dropped rather than waited for. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;
const MAX_WRITE_BYTES = 256 * 1024;
/** After these the same file may take lines again; after all others, such as a reader that is gone, it will not. */
const PASSING_FAULTS = new Set(['EAGAIN', 'EBUSY', 'EINTR', 'ENOSPC', 'EDQUOT', 'EIO']);
const RETRY_MILLISECONDS = 50;
/** Lines that come soon after a write go into the next one together: a write costs more than many lines. */
const GATHER_MILLISECONDS = 50;
const FLUSH_MILLISECONDS = 1000;

/** What is written next, from where on, and how many lines it holds. */
interface Chunk {
  readonly bytes: Buffer;
  readonly lines: number;
  offset: number;
}

const NOTHING: Chunk = { bytes: Buffer.alloc(0), lines: 0, offset: 0 };

/**
 * Writes lines to an open file without ever waiting for it. Whoever reads may be slow, full or gone; then lines are
 * dropped and counted. (The stream that comes with the logger tries for ever when it is flushed to a full disk.)
 */
export class LogWriter {
  readonly #descriptor: number;
  readonly #waiting: string[] = [];
  #waitingBytes = 0;
  #chunk: Chunk = NOTHING;
  /** Whether a write is on its way, or planned. */
  #isBusy = false;
  #isOnItsWay = false;
  #isGone = false;
  #dropped = 0;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** Lines that were dropped. */
  get dropped(): number {
    return this.#dropped;
  }

  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.#isGone || this.#waitingBytes + bytes > MAX_WAITING_BYTES) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(line);
    this.#waitingBytes += bytes;
    if (!this.#isBusy) this.#writeOn();
  }

  /** Waits until what waits is written, or for a second, or until the file takes no more. */
  flush(): void {
    const onItsWay = this.#isOnItsWay ? this.#chunk : undefined;
    if (onItsWay !== undefined) this.#chunk = NOTHING;
    const end = performance.now() + FLUSH_MILLISECONDS;
    while (this.#hasMore() && performance.now() < end) {
      const { bytes, offset } = this.#chunk;
      try {
        this.#chunk.offset += writeSync(this.#descriptor, bytes, offset);
      } catch (fault) {
        if ((fault as NodeJS.ErrnoException).code !== 'EAGAIN') break;
        pause();
      }
    }
    if (onItsWay === undefined) return;
    if (this.#chunk.offset < this.#chunk.bytes.length) this.#dropped += this.#chunk.lines;
    this.#chunk = onItsWay;
  }

  #writeOn(): void {
    this.#isBusy = this.#hasMore();
    if (!this.#isBusy) return;
    const chunk = this.#chunk;
    this.#isOnItsWay = true;
    write(this.#descriptor, chunk.bytes, chunk.offset, (fault, written) => {
      this.#isOnItsWay = false;
      if (fault === null) {
        chunk.offset += written;
        if (chunk.offset < chunk.bytes.length || this.#waitingBytes >= MAX_WRITE_BYTES) this.#writeOn();
        else setTimeout(() => this.#writeOn(), GATHER_MILLISECONDS).unref();
      } else if (PASSING_FAULTS.has(fault.code ?? '')) {
        setTimeout(() => this.#writeOn(), RETRY_MILLISECONDS).unref();
      } else {
        this.#isGone = true;
        this.#dropped += chunk.lines + this.#waiting.length;
        this.#waiting.length = 0;
      }
    });
  }

  /** Takes the next lines once the last ones are written. */
  #hasMore(): boolean {
    if (this.#chunk.offset < this.#chunk.bytes.length) return true;
    let length = 0;
    let lines = 0;
    while (lines < this.#waiting.length && length < MAX_WRITE_BYTES) {
      length += this.#waiting[lines]!.length;
      lines += 1;
    }
    const bytes = Buffer.from(this.#waiting.splice(0, lines).join(''));
    this.#waitingBytes -= bytes.length;
    this.#chunk = { bytes, lines, offset: 0 };
    return lines > 0;
  }
}

const neverWoken = new Int32Array(new SharedArrayBuffer(4));

function pause(): void {
  Atomics.wait(neverWoken, 0, 0, 10);
}
