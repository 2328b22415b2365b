import { execFileSync } from 'node:child_process';
import { closeSync, constants, existsSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogWriter } from './log-writer.js';

/** A file that is always full, where the system has one. */
const FULL = '/dev/full';
const MEGABYTE = 'x'.repeat(1024 * 1024);
const { O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

let folder: string;
let pipe: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dharma-log-'));
  pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the log', () => {
  it('reaches a slow reader whole and in order', async () => {
    const reader = openSync(pipe, O_RDONLY | O_NONBLOCK);
    const descriptor = openSync(pipe, O_WRONLY | O_NONBLOCK);
    const writer = new LogWriter(descriptor);
    const lines = Array.from({ length: 20_000 }, (_, number) => `{"line":${number},"name":"ä"}\n`);
    for (const line of lines) writer.write(line);
    const expected = lines.join('');
    const read: Buffer[] = [];
    let length = 0;
    const end = Date.now() + 20_000;
    while (length < Buffer.byteLength(expected) && Date.now() < end) {
      const bytes = readNow(reader);
      read.push(bytes);
      length += bytes.length;
      await new Promise((turn) => setTimeout(turn, 1));
    }
    expect(Buffer.concat(read).toString() === expected).toBe(true);
    expect(writer.dropped).toBe(0);
    closeSync(descriptor);
    closeSync(reader);
  });

  it('drops what a reader does not take in time, and counts it', () => {
    const reader = openSync(pipe, O_RDONLY | O_NONBLOCK);
    const descriptor = openSync(pipe, O_WRONLY | O_NONBLOCK);
    const writer = new LogWriter(descriptor);
    for (let megabytes = 0; megabytes < 40; megabytes += 1) writer.write(MEGABYTE);
    expect(writer.dropped).toBeGreaterThanOrEqual(23);
    expect(writer.dropped).toBeLessThan(40);
    const since = performance.now();
    writer.flush();
    expect(performance.now() - since).toBeLessThan(3000);
    closeSync(descriptor);
    closeSync(reader);
  });

  it('counts everything as dropped once the reader is gone', async () => {
    const reader = openSync(pipe, O_RDONLY | O_NONBLOCK);
    const descriptor = openSync(pipe, O_WRONLY | O_NONBLOCK);
    closeSync(reader);
    const writer = new LogWriter(descriptor);
    for (let lines = 0; lines < 5; lines += 1) writer.write('{}\n');
    const end = Date.now() + 20_000;
    while (writer.dropped < 5 && Date.now() < end) await new Promise((turn) => setTimeout(turn, 1));
    writer.write('{}\n');
    expect(writer.dropped).toBe(6);
    writer.flush();
    closeSync(descriptor);
  });

  it('is written when it is flushed', () => {
    const reader = openSync(pipe, O_RDONLY | O_NONBLOCK);
    const descriptor = openSync(pipe, O_WRONLY | O_NONBLOCK);
    const writer = new LogWriter(descriptor);
    for (const line of ['first\n', 'second\n', 'third\n']) writer.write(line);
    writer.flush();
    expect(readNow(reader).toString()).toContain('second\nthird\n');
    closeSync(descriptor);
    closeSync(reader);
  });

  (existsSync(FULL) ? it : it.skip)('neither throws nor waits for a disk that is full', async () => {
    const descriptor = openSync(FULL, 'w');
    const writer = new LogWriter(descriptor);
    for (let megabytes = 0; megabytes < 20; megabytes += 1) writer.write(MEGABYTE);
    expect(writer.dropped).toBeGreaterThan(0);
    await new Promise((turn) => setTimeout(turn, 120));
    const before = writer.dropped;
    writer.write(MEGABYTE);
    expect(writer.dropped).toBe(before + 1);
    const since = performance.now();
    writer.flush();
    expect(performance.now() - since).toBeLessThan(500);
    closeSync(descriptor);
  });
});

/** What is in the pipe now. */
function readNow(reader: number): Buffer {
  const bytes = Buffer.alloc(128 * 1024);
  try {
    return bytes.subarray(0, readSync(reader, bytes));
  } catch (fault) {
    expect(fault).toMatchObject({ code: 'EAGAIN' });
    return bytes.subarray(0, 0);
  }
}
