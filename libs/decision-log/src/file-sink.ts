import { close, fstat, open, stat, write } from 'node:fs';
import { promisify } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';
import { DecisionSink, SinkFault } from './decision-sink.js';

const STANDARD_OUTPUT = 1;
const NEWLINE = 0x0a;
/** A reader that is slow, or a signal: the rest of the line follows in a moment. */
const AGAIN = new Set(['EAGAIN', 'EINTR']);
const PASSING = new Set(['ENOSPC', 'EDQUOT', 'EIO', 'ENOENT', 'EMFILE', 'ENFILE']);
/** Room for a batch as a queue hands it on, whatever it is written in. What is never used takes no memory. */
const KEPT_BYTES = 4 * 1024 * 1024;
/** Bytes that UTF-8 takes at most for one of a text's units. */
const MOST_BYTES_A_UNIT = 3;
const AGAIN_MILLISECONDS = 20;
const PATIENCE_MILLISECONDS = 10_000;

const openFile = promisify(open);
const closeFile = promisify(close);
const statOf = promisify(stat);
const statOfOpen = promisify(fstat);

/**
 * JSON lines at the end of a file, or on standard output. A file that was moved away is followed by a new one, so that
 * whatever rotates files needs to tell nobody.
 */
export class FileSink extends DecisionSink {
  readonly #path: string;
  #file: number | undefined;
  /** Memory that was never touched costs more than what is written into it. One batch is written after the other. */
  readonly #kept = Buffer.allocUnsafeSlow(KEPT_BYTES);

  /** @param path  `-` is standard output */
  constructor(path: string) {
    super();
    this.#path = path;
  }

  override async write(lines: readonly string[]): Promise<void> {
    try {
      await writeWhole(await this.#opened(), this.#bytesOf(lines));
    } catch (fault) {
      if (fault instanceof SinkFault) throw fault;
      const { code = 'an unknown fault' } = fault as NodeJS.ErrnoException;
      throw new SinkFault(`the file cannot be written: ${code}`, PASSING.has(code));
    }
  }

  override async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    if (file !== undefined) await closeFile(file).catch(() => {});
  }

  #bytesOf(lines: readonly string[]): Buffer {
    let most = 0;
    for (const line of lines) most += line.length * MOST_BYTES_A_UNIT + 1;
    if (most > KEPT_BYTES) return Buffer.from(`${lines.join('\n')}\n`);
    let length = 0;
    for (const line of lines) {
      length += this.#kept.write(line, length);
      this.#kept[length++] = NEWLINE;
    }
    return this.#kept.subarray(0, length);
  }

  async #opened(): Promise<number> {
    if (this.#path === '-') return STANDARD_OUTPUT;
    if (this.#file !== undefined && !(await this.#isThere(this.#file))) await this.close();
    // Records name people: nobody but the owner and the group reads them.
    return (this.#file ??= await openFile(this.#path, 'a', 0o640));
  }

  /** Whether what is open is still what lies at the path. */
  async #isThere(file: number): Promise<boolean> {
    const [here, there] = await Promise.all([
      statOfOpen(file).catch(() => undefined),
      statOf(this.#path).catch(() => undefined),
    ]);
    return here !== undefined && there !== undefined && here.ino === there.ino && here.dev === there.dev;
  }
}

async function writeWhole(file: number, bytes: Buffer): Promise<void> {
  const end = performance.now() + PATIENCE_MILLISECONDS;
  for (let offset = 0; offset < bytes.length;) {
    try {
      offset += await new Promise<number>((done, failed) => {
        write(file, bytes, offset, (fault, written) => (fault === null ? done(written) : failed(fault)));
      });
    } catch (fault) {
      if (!AGAIN.has((fault as NodeJS.ErrnoException).code ?? '')) throw fault;
      // Not tried again: a part of it is written.
      if (performance.now() > end) throw new SinkFault('nobody reads what is written', false);
      await pause(AGAIN_MILLISECONDS);
    }
  }
}
