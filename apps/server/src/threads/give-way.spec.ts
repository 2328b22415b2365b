import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startProgram, stopPrograms } from '../../../../test/support/program.js';
import { SHOP } from '../../../../test/support/shop.js';
import { ensureThreadsBuilt, startBuiltThread } from '../../../../test/support/threads.js';
import { callsTo } from './calls.js';
import type { PolicyHandlers, PolicyThreadData } from '../policy/policy-work.js';

const own = getPriority();
/** How much nicer than these tests a thread is that gives way. */
const nicer = Math.min(19, own + 10) - own;

/** Above every number that Linux gives a thread: after the highest it begins again at a low one. */
const BEYOND_THREADS = 2 ** 22;

/** Niceness of each thread of a process beyond our own, by age. */
function nicenesses(of: number): readonly number[] {
  const order = (thread: number) => (thread < of ? thread + BEYOND_THREADS : thread);
  return readdirSync(`/proc/${of}/task`)
    .map(Number)
    .sort((left, right) => order(left) - order(right))
    .map((thread) => {
      const line = readFileSync(`/proc/${of}/task/${thread}/stat`, 'utf8');
      // The 19th of what Linux says about it.
      return Number(line.slice(line.lastIndexOf(')') + 2).split(' ')[16]) - own;
    });
}

/**
 * A program that lets its helpers give way, does some kind of work again and again until one of its other threads has
 * worked for 30 ms, and says how nice that one is, and how nice its first thread.
 */
const WORKING = `
  import { readdirSync, readFileSync } from 'node:fs';
  import { getPriority } from 'node:os';
  import { pbkdf2 } from 'node:crypto';
  import { promisify } from 'node:util';
  const { letHelpersGiveWay } = await import(process.argv[1]);
  const kinds = {
    collecting: async () => { const kept = []; for (let one = 0; one < 300_000; one += 1) kept.push({ one }); gc(); },
    verifying: () => promisify(pbkdf2)('password', 'salt', 20_000, 32, 'sha256'),
  };
  const own = getPriority();
  const threads = () => readdirSync('/proc/self/task').filter((thread) => Number(thread) !== process.pid).map((thread) => {
    const line = readFileSync('/proc/self/task/' + thread + '/stat', 'utf8');
    const fields = line.slice(line.lastIndexOf(')') + 2).split(' ').map(Number);
    return { thread, ticks: fields[11] + fields[12], niceness: fields[16] - own };
  });
  letHelpersGiveWay();
  const before = new Map(threads().map(({ thread, ticks }) => [thread, ticks]));
  for (;;) {
    await kinds[process.argv[2]]();
    const worked = threads().find(({ thread, ticks }) => ticks - (before.get(thread) ?? 0) >= 3);
    if (worked === undefined) continue;
    console.log(JSON.stringify({ worker: worked.niceness, first: getPriority() - own }));
    break;
  }
`;

(process.platform === 'linux' ? describe : describe.skip)('beside the serving thread', () => {
  beforeAll(ensureThreadsBuilt, 300_000);

  it('a policy thread stands back, and nothing else for its sake', async () => {
    const before = nicenesses(process.pid);
    const data: PolicyThreadData = {
      databaseUrl: undefined,
      keptFolder: undefined,
      checkMilliseconds: 10,
      furtherCheck: { requests: 1, milliseconds: 1 },
    };
    const worker = startBuiltThread('policy', { workerData: data });
    await callsTo<PolicyHandlers>(worker)('warmUp', null);
    const after = nicenesses(process.pid);
    await worker.terminate();
    const nice = (threads: readonly number[]) => threads.filter((niceness) => niceness > 0).length;
    expect({ more: nice(after) - nice(before), first: after[0] }).toEqual({ more: 1, first: 0 });
  });

  it.each`
    because                                                                     | work            | worker
    ${'collections of every thread run on the helpers of V8'}                   | ${'collecting'} | ${nicer}
    ${"signatures of tokens are verified on Node's threads, and requests wait"} | ${'verifying'}  | ${0}
  `('what works is $worker nicer where $because', async ({ work, worker }) => {
    const module = new URL('../../../../dist/apps/server/src/threads/give-way.js', import.meta.url).href;
    const argv = ['--expose-gc', '--input-type=module', '--eval', WORKING, module, work as string];
    const { stdout } = await promisify(execFile)(process.execPath, argv);
    expect(JSON.parse(stdout)).toEqual({ worker, first: 0 });
  });

  it('helpers of a server stand back before it starts a thread, and its first thread does not', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dharma-niceness-'));
    await writeFile(join(folder, 'a.yaml'), SHOP);
    const addresses = ['grpc', 'http', 'admin'].flatMap((listener) => [`--${listener}-address`, '127.0.0.1:0']);
    const program = startProgram(['--policies', folder, ...addresses]);
    await program.says('Dharma decides by');
    const threads = nicenesses(program.process.pid!);
    await stopPrograms();
    await rm(folder, { recursive: true });
    expect(threads.slice(0, 6)).toEqual([0, nicer, nicer, nicer, nicer, nicer]);
    // The admin thread and a policy thread; the second one may still start.
    expect(threads.slice(6).filter((niceness) => niceness === nicer).length).toBeGreaterThanOrEqual(2);
    expect(threads.slice(6)).toContain(0);
  });
});
