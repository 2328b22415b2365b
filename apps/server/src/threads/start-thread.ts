import { Worker, type WorkerOptions } from 'node:worker_threads';

/** Programs that run beside the serving thread. */
export type ThreadName = 'policy' | 'admin';

/** Starts one of them; tests run them from the build. */
export type StartThread = (name: ThreadName, options: WorkerOptions) => Worker;

/** The programs of the threads, from the built folder of this one. */
export const THREAD_FILES: { readonly [name in ThreadName]: string } = {
  policy: '../../../../program/policy-thread.js',
  admin: '../../../../program/admin-thread.js',
};

export const startThread: StartThread = (name, options) =>
  new Worker(new URL(THREAD_FILES[name], import.meta.url), { name: `dharma ${name}`, ...options });
