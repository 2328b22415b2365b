import { close, fstat, open, stat, write } from 'node:fs';
import { promisify } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';
import { DecisionSink, SinkFault } from './decision-sink.js';

const STANDARD_OUTPUT = 1;
/** A reader that is slow, or a signal: the rest of the line follows in a moment. */
const AGAIN = new Set(['EAGAIN', 'EINTR']);
const PASSING = new Set(['ENOSPC', 'EDQUOT', 'EIO', 'ENOENT', 'EMFILE', 'ENFILE']);
/** What is kept from one batch to the next, in bytes; a larger batch is written with memory of its own. */
const MOST_KEPT_BYTES = 8 * 1024 * 1024;
/** Of one UTF-16 code unit in UTF-8. */
const MOST_BYTES_A_UNIT = 3;
const LINE_FEED = 0x0a;
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
  /** Memory that is new for each batch costs more than writing the batch into it: the system hands it out page by page. */
  #spare = Buffer.alloc(0);

  /** @param path  `-` is standard output */
  constructor(path: string) {
    super();
    this.#path = path;
  }

  override async write(lines: readonly string[]): Promise<void> {
    const buffer = this.#bufferFor(lines);
    try {
      await writeWhole(await this.#opened(), bytesOf(lines, buffer));
    } catch (fault) {
      if (fault instanceof SinkFault) throw fault;
      const { code = 'an unknown fault' } = fault as NodeJS.ErrnoException;
      throw new SinkFault(`the file cannot be written: ${code}`, PASSING.has(code));
    } finally {
      if (buffer.length <= MOST_KEPT_BYTES) this.#spare = buffer;
    }
  }

  /** INVARIANT: it is nobody else's until the batch is written, so that batches never share one. */
  #bufferFor(lines: readonly string[]): Buffer<ArrayBuffer> {
    let most = 0;
    for (const line of lines) most += line.length * MOST_BYTES_A_UNIT + 1;
    const spare = this.#spare;
    this.#spare = Buffer.alloc(0);
    return spare.length >= most ? spare : Buffer.allocUnsafeSlow(most);
  }

  override async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    if (file !== undefined) await closeFile(file).catch(() => {});
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

/** Each line with its end, in the part of the buffer that they take. */
function bytesOf(lines: readonly string[], buffer: Buffer): Buffer {
  let length = 0;
  for (const line of lines) {
    length += buffer.write(line, length, 'utf8');
    buffer[length] = LINE_FEED;
    length += 1;
  }
  return buffer.subarray(0, length);
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
