import type { Worker } from 'node:worker_threads';
import { SinkFault } from '#decision-log';
import { Problem } from '#problem';
import type { ListenAddress } from '../listen-address.js';
import { answerCalls, CallFailed, type CallsOf, callsTo } from '../threads/calls.js';
import type { StartThread } from '../threads/start-thread.js';
import type { AdminSettings, AdminThread, ServingThread } from './admin-settings.js';

export interface AdminListenerParts {
  readonly startThread: StartThread;
  readonly settings: AdminSettings;
  readonly serving: ServingThread;
  /** Called when the thread died and another one takes its place. */
  readonly onCrash: (fault: string) => void;
}

const RESTART_MILLISECONDS = 1_000;
/** As long as the thread may take to load, or for the largest plan. */
const RECORD_MILLISECONDS = 30_000;

/** The admin thread as the serving thread sees it. One that dies is replaced; deciding goes on meanwhile. */
export class AdminListener {
  readonly #parts: AdminListenerParts;
  #thread: Worker | undefined;
  #call: CallsOf<AdminThread> | undefined;
  #address: ListenAddress | undefined;
  #restart: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(parts: AdminListenerParts) {
    this.#parts = parts;
  }

  /** Lets the thread load what it needs while others do; it listens once it is started. */
  prepare(): void {
    const { startThread, settings, serving } = this.#parts;
    // Where a free port was taken, whoever takes the place of a dead thread answers at the same one.
    const data: AdminSettings = { ...settings, address: this.#address ?? settings.address };
    const thread = startThread('admin', { workerData: data });
    let fault = 'it ended';
    thread.on('error', (thrown) => (fault = String(thrown.stack ?? thrown)));
    thread.once('exit', () => this.#ended(thread, fault));
    answerCalls(thread, serving);
    this.#thread = thread;
    this.#call = callsTo<AdminThread>(thread);
  }

  /**
   * @returns the address in use
   * @throws Problem `address-unavailable` and what else the listener could not do
   */
  async start(): Promise<ListenAddress> {
    if (this.#thread === undefined) this.prepare();
    const listening = await this.#call!('listen', undefined);
    if (listening.kind === 'problem') throw new Problem(listening.code, listening.values);
    this.#address = listening.address;
    return listening.address;
  }

  /**
   * Hands records of decisions to the thread. It may be busy with what an operator asks, for seconds.
   *
   * @throws SinkFault
   */
  async record(lines: readonly string[]): Promise<void> {
    if (this.#call === undefined || this.#thread === undefined) throw new SinkFault('the admin thread is away', true);
    try {
      await this.#call('record', lines, { milliseconds: RECORD_MILLISECONDS });
    } catch (fault) {
      // It may have them and be late: sent again they would be there twice.
      throw new SinkFault(fault instanceof CallFailed ? fault.message : 'the admin thread failed', false);
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#restart);
    await this.#call?.('close', undefined).catch(() => {});
    await this.#thread?.terminate();
  }

  #ended(thread: Worker, fault: string): void {
    if (this.#isStopped || thread !== this.#thread || this.#address === undefined) return;
    this.#thread = undefined;
    this.#parts.onCrash(fault);
    this.#restart = setTimeout(() => {
      this.start().catch((thrown: unknown) => this.#parts.onCrash(String((thrown as Error)?.message ?? thrown)));
    }, RESTART_MILLISECONDS);
  }
}
