/** A policy thread as it is built, with an engine that errs or a thread that dies when its test says so. */
import { parentPort, workerData } from 'node:worker_threads';

const build = new URL('../../dist/', import.meta.url);
const { answerCalls } = await import(new URL('apps/server/src/threads/calls.js', build));
const { PolicyWork } = await import(new URL('apps/server/src/policy/policy-work.js', build));
const { decide } = await import(new URL('libs/engine/src/index.js', build));

const { signals } = workerData;
const LIE = 0;
const DIE = 1;
const DIE_READING = 2;

const work = new PolicyWork(workerData, {
  fast: (snapshot) => (request) => {
    const outcome = decide(snapshot, request);
    const isLie = Atomics.load(signals, LIE) === 1 && outcome.decision === 'deny';
    return isLie ? { ...outcome, decision: 'allow', reason: 'ALLOW_SLOW' } : outcome;
  },
});
const diesBefore = (signal, handler) => (argument) => {
  if (Atomics.load(signals, signal) > 0) {
    Atomics.sub(signals, signal, 1);
    process.exit(7);
  }
  return handler(argument);
};
answerCalls(parentPort, {
  ...work.handlers,
  prepare: diesBefore(DIE, work.handlers.prepare),
  read: diesBefore(DIE_READING, work.handlers.read),
});
