import type { Worker } from 'node:worker_threads';
import { CallFailed, type CallsOf, callsTo } from '../threads/calls.js';
import type { StartThread } from '../threads/start-thread.js';
import type { PolicyHandlers, PolicyThreadData } from './policy-work.js';

interface Running {
  readonly worker: Worker;
  readonly call: CallsOf<PolicyHandlers>;
  /** Rejects when it ended before it was warm. */
  readonly warm: Promise<void>;
}

/** A place for a policy thread: one that ends is followed by another, which knows nothing yet. */
export class PolicyThreadSlot {
  readonly #startThread: StartThread;
  readonly #data: PolicyThreadData;
  readonly #onEnd: () => void;
  #running: Running | undefined;
  #isStopped = false;
  /** Ticket of the order whose policy set it knows, or is about to. */
  holds: number | undefined;

  /** @param onEnd  told when a thread ended that should not have */
  constructor(startThread: StartThread, data: PolicyThreadData, onEnd: () => void) {
    this.#startThread = startThread;
    this.#data = data;
    this.#onEnd = onEnd;
  }

  /** Resolves when its thread is ready for work. */
  async start(): Promise<void> {
    if (this.#isStopped) throw new CallFailed('the server stops');
    await this.#thread().warm;
  }

  readonly call: CallsOf<PolicyHandlers> = (name, argument, options) =>
    this.#isStopped ? Promise.reject(new CallFailed('the server stops')) : this.#thread().call(name, argument, options);

  /** Ends the thread; another one takes its place. */
  async restart(): Promise<void> {
    await this.#running?.worker.terminate();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running?.worker.terminate();
  }

  #thread(): Running {
    if (this.#running !== undefined) return this.#running;
    const worker = this.#startThread('policy', { workerData: this.#data });
    const call = callsTo<PolicyHandlers>(worker);
    const running = { worker, call, warm: call('warmUp', null) };
    let isWarm = false;
    // What it died of is told to whoever waits for its answer; without a listener it would end the server.
    worker.on('error', () => {});
    worker.on('exit', () => {
      if (this.#running === running) this.#running = undefined;
      this.holds = undefined;
      if (this.#isStopped) return;
      // One that does not even come up is tried again when it is needed, not at once and for ever.
      if (isWarm) void this.start().catch(() => {});
      this.#onEnd();
    });
    running.warm.then(
      () => (isWarm = true),
      () => {},
    );
    this.#running = running;
    return running;
  }
}
