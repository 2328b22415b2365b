import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { StartThread } from '../../apps/server/src/threads/start-thread.js';
import { THREAD_FILES } from '../../apps/server/src/threads/start-thread.js';

const root = new URL('../../', import.meta.url);

/** Threads cannot run from the sources. Builds what is out of date. */
export async function ensureThreadsBuilt(): Promise<void> {
  const bootstrap = (await import(new URL('scripts/bootstrap.mjs', root).href)) as { ensureBuilt(): void };
  bootstrap.ensureBuilt();
}

/** The threads of the build. */
export const startBuiltThread: StartThread = (name, options) =>
  new Worker(new URL(THREAD_FILES[name], new URL('dist/apps/server/src/threads/', root)), options);

/** A policy thread whose fast engine can be made to err. */
export interface FaultyThreads {
  readonly start: StartThread;
  /** From now on some answers are wrong, in all of them. */
  lie(): void;
  /** The next one that is to make a set ready ends instead. */
  die(times: number): void;
  /** The next one that is to read a folder ends instead. */
  dieReading(times: number): void;
}

export function faultyThreads(): FaultyThreads {
  const signals = new Int32Array(new SharedArrayBuffer(12));
  const file = fileURLToPath(new URL('test/support/faulty-policy-thread.mjs', root));
  return {
    start: (_, options) => new Worker(file, { ...options, workerData: { ...(options.workerData as object), signals } }),
    lie: () => Atomics.store(signals, 0, 1),
    die: (times) => Atomics.store(signals, 1, times),
    dieReading: (times) => Atomics.store(signals, 2, times),
  };
}
