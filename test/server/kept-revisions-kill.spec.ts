import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { KeptRevisions } from '#decision';
import { ensureThreadsBuilt } from '../support/threads.js';

const POINTS = Number(process.env['DHARMA_KILL_POINTS'] ?? 8);
const writer = join(import.meta.dirname, '../support/revision-writer.mjs');

let folder: string;
beforeAll(async () => {
  await ensureThreadsBuilt();
  folder = await mkdtemp(join(tmpdir(), 'dharma-kept-kill-'));
}, 300_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

it(`keeps one good revision whenever its writer is killed, at ${POINTS} points`, async () => {
  const kept = new KeptRevisions(folder);
  let number = 0;
  let moved = 0;
  for (let point = 0; point < POINTS; point += 1) {
    const child = spawn(process.execPath, [writer, folder, String(number)], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(child, 'close');
    let acknowledged = number;
    const lines = (chunk: Buffer) => {
      const last = String(chunk).trim().split('\n').at(-1)!;
      acknowledged = Math.max(acknowledged, Number(last));
    };
    // It writes without a pause from its first line on; where it is when it is killed differs each time.
    child.stdout.once('data', () => void wait((point * 37) % 101).then(() => child.kill('SIGKILL')));
    child.stdout.on('data', lines);
    await ended;
    const reading = await kept.read();
    expect(reading.faults).toEqual([]);
    // One beyond what was acknowledged may be there already; nothing that was acknowledged is lost.
    expect([acknowledged, acknowledged + 1]).toContain(reading.kept!.number);
    expect(reading.kept!.documents.every(({ text }) => text.includes(`version ${reading.kept!.number} `))).toBe(true);
    moved += Number(reading.kept!.number > number);
    number = reading.kept!.number;
  }
  expect(moved).toBeGreaterThan(0);
}, 300_000);
