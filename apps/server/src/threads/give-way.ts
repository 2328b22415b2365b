import { readdirSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

/** How much nicer a thread is that gives way: it has a tenth of the processor where the serving thread wants all of it. */
const NICER = 10;
/** Linux knows nothing beyond. */
const NICEST = 19;

/**
 * Lets the thread that calls this stand back where the serving thread wants the same processor. On Linux alone, where
 * niceness belongs to a thread: elsewhere it would be that of the whole process.
 */
export function giveWay(): void {
  if (process.platform === 'linux') setPriority(0, nicer());
}

/** What Node starts before any other thread: V8's four helpers, and the thread that wakes them for what is due later. */
const HELPERS = 5;
/** Above every number that Linux gives a thread. */
const BEYOND_THREADS = 2 ** 22;

/**
 * Lets V8's helpers stand back. A process has one set of them, and the collections of every thread run on it: those of a
 * thread that gives way would compete with the serving thread all the same. On Linux alone; where the system does not
 * allow it, things stay as they are.
 *
 * Node's threads for files and cryptography keep their priority, for signatures of tokens are verified on them. They are
 * called by the same name, so it is by age that helpers are told from them. Where `--v8-pool-size` says more than Node's
 * own four, the further helpers keep their priority; where it says less, threads of Node's give way in their place.
 */
export function letHelpersGiveWay(): void {
  if (process.platform !== 'linux') return;
  try {
    for (const helper of threadsByAge().slice(1, 1 + HELPERS)) setPriority(helper, nicer());
  } catch {
    // No /proc, or a thread that is gone, or a sandbox that forbids it. The server is no less right for it.
  }
}

/** Beyond the thread that asks: a server may have been started with a niceness of its own, below which only root gets. */
function nicer(): number {
  return Math.min(NICEST, getPriority() + NICER);
}

/** The threads of this process, the first one first. Numbers begin again at a low one when the highest is given out. */
function threadsByAge(): readonly number[] {
  const order = (thread: number) => (thread < process.pid ? thread + BEYOND_THREADS : thread);
  return readdirSync('/proc/self/task')
    .map(Number)
    .sort((left, right) => order(left) - order(right));
}
