import { setTimeout as pause } from 'node:timers/promises';
import { answerIn, answersIn } from './answer-reading.js';
import { type Decided, type Decision, type DecisionRequest, type Failure, unavailable } from './decision.js';
import type { ServerAnswer } from './decision.js';
import { DecisionCache, keyOf } from './decision-cache.js';
import { type HttpSettings, HttpTransport } from './http/http-transport.js';
import { DEFAULT_PATIENCE, type Patience, pauseAfter, RetryBudget } from './patience.js';
import { type Question, type Reply, type SentRequest, Transport, TransportFault } from './transport.js';

export type ClientSettings = (HttpSettings | { readonly transport: Transport }) &
  Partial<Patience> & {
    /** Most answers that are kept for their time to live; 0, the default, keeps none. */
    readonly cacheEntries?: number;
    /** Milliseconds of a clock that never goes back. */
    readonly monotonic?: () => number;
    /** From 0 up to but not 1. */
    readonly random?: () => number;
  };

export interface AskOptions {
  /** A revision that the caller has seen: an answer by an older one does not do. */
  readonly minRevision?: number;
  /** Ends the asking; the decision is then `unavailable`. */
  readonly signal?: AbortSignal;
  /** Also ask what services and clients are told; see `telling`. */
  readonly tell?: boolean;
}

/** Requests that one message holds at most. */
const BATCH = 100;

/**
 * Asks a server for decisions. Nothing here throws for what a server, a network or a client of yours does: whatever is not
 * a whole answer is `unavailable`, and `allowed` is false.
 */
export class DharmaClient {
  readonly #transport: Transport;
  readonly #patience: Patience;
  readonly #cache: DecisionCache;
  readonly #budget = new RetryBudget();
  readonly #monotonic: () => number;
  readonly #random: () => number;
  readonly #closed = new AbortController();

  /** @throws TypeError what is wrong with the settings */
  constructor(settings: ClientSettings) {
    this.#transport = 'transport' in settings ? settings.transport : new HttpTransport(settings);
    this.#patience = {
      timeoutMilliseconds: bounded(settings, 'timeoutMilliseconds', 1, 60_000),
      tryMilliseconds: bounded(settings, 'tryMilliseconds', 1, 60_000),
      tries: bounded(settings, 'tries', 1, 10),
    };
    this.#monotonic = settings.monotonic ?? (() => performance.now());
    this.#random = settings.random ?? Math.random;
    const { cacheEntries = 0 } = settings;
    if (!isWhole(cacheEntries, 0, 1_000_000)) throw new TypeError('`cacheEntries` is a number from 0 to 1000000');
    this.#cache = new DecisionCache(cacheEntries, this.#monotonic);
  }

  /** Whether one request is allowed. */
  async decide(request: DecisionRequest, options: AskOptions = {}): Promise<Decision> {
    const { minRevision, tell = false } = options;
    const written = writtenDown(request);
    if (written === undefined) return UNSENDABLE;
    const key = keyOf(written.text, tell);
    const kept = this.#cache.find(key, minRevision);
    if (kept !== undefined) return kept;
    const askedAt = this.#monotonic();
    const reply = await this.#ask(
      { kind: 'decide', request: sent(written.request, minRevision), tell },
      answerIn,
      options,
    );
    if ('because' in reply) return unavailable(reply);
    const decision = decisionOf(reply.value, minRevision, reply.telling);
    if (decision.kind === 'decided') this.#cache.keep(key, decision, askedAt);
    return decision;
  }

  /** A decision each, in their order; what is wrong with one harms no other. */
  async decideMany(requests: readonly DecisionRequest[], options: AskOptions = {}): Promise<readonly Decision[]> {
    const { minRevision } = options;
    const all = requests.map(writtenDown);
    const keys = all.map((written) => written && keyOf(written.text, false));
    const decisions = keys.map((key): Decision | undefined =>
      key === undefined ? UNSENDABLE : this.#cache.find(key, minRevision),
    );
    const open = [...requests.keys()].filter((index) => decisions[index] === undefined);
    const batches = Array.from({ length: Math.ceil(open.length / BATCH) }, (_, batch) =>
      open.slice(batch * BATCH, (batch + 1) * BATCH),
    );
    await Promise.all(
      batches.map(async (indexes) => {
        const askedAt = this.#monotonic();
        const batch = indexes.map((index) => sent(all[index]!.request, minRevision));
        const read = (body: unknown) => answersIn(body, batch.length);
        const reply = await this.#ask({ kind: 'decideMany', requests: batch }, read, options);
        for (const [place, index] of indexes.entries()) {
          const decision = 'because' in reply ? unavailable(reply) : decisionOf(reply.value[place], minRevision);
          decisions[index] = decision;
          if (decision.kind === 'decided') this.#cache.keep(keys[index]!, decision, askedAt);
        }
      }),
    );
    return decisions as readonly Decision[];
  }

  /** The decision with the reasoning behind it in `answer.explanation`; never from the cache. */
  async explain(request: DecisionRequest, options: AskOptions = {}): Promise<Decision> {
    const written = writtenDown(request);
    if (written === undefined) return UNSENDABLE;
    const question: Question = { kind: 'explain', request: sent(written.request, options.minRevision) };
    const reply = await this.#ask(question, answerIn, options);
    return 'because' in reply ? unavailable(reply) : decisionOf(reply.value, options.minRevision);
  }

  /** Whoever still waits for an answer gets none. */
  close(): void {
    this.#closed.abort();
    this.#transport.close();
    this.#cache.clear();
  }

  /** Asks until there is an answer, nothing more to be hoped for, or no time left. */
  async #ask<Value>(
    question: Question,
    read: (body: unknown) => Value | undefined,
    { signal }: AskOptions,
  ): Promise<{ readonly value: Value; readonly telling?: Reply['telling'] } | Failure> {
    const { timeoutMilliseconds, tryMilliseconds, tries } = this.#patience;
    const end = this.#monotonic() + timeoutMilliseconds;
    this.#budget.asked();
    for (let tried = 1; ; tried += 1) {
      const left = end - this.#monotonic();
      const outcome = await this.#askOnce(question, Math.min(left, tryMilliseconds), signal);
      let fault: TransportFault;
      if (outcome instanceof TransportFault) fault = outcome;
      else {
        const value = read(outcome.body);
        if (value !== undefined) return { value, telling: outcome.telling };
        fault = new TransportFault({ because: 'unreadable', message: 'the reply is no answer' }, true);
      }
      const wait = pauseAfter(tried, this.#random(), fault.retryAfterMilliseconds);
      const isOver = tried === tries || this.#monotonic() + wait >= end;
      if (!fault.worthRepeating || isOver || !this.#budget.take()) return fault.failure;
      const stopped = await this.#pause(wait, signal);
      if (stopped !== undefined) return stopped;
    }
  }

  /** One try, over in time whatever the transport does. */
  async #askOnce(question: Question, milliseconds: number, signal?: AbortSignal): Promise<Reply | TransportFault> {
    const stopped = this.#stopped(signal);
    if (stopped !== undefined) return new TransportFault(stopped, false);
    const end = new AbortController();
    return new Promise((done) => {
      const finish = (outcome: Reply | TransportFault): void => {
        clearTimeout(timer);
        for (const source of [signal, this.#closed.signal]) source?.removeEventListener('abort', stop);
        done(outcome);
      };
      const give = (fault: TransportFault): void => {
        finish(fault);
        end.abort();
      };
      const stop = (): void => give(new TransportFault(this.#stopped(signal) ?? TIMEOUT, false));
      const timer = setTimeout(() => give(new TransportFault(TIMEOUT, true)), Math.max(0, milliseconds));
      for (const source of [signal, this.#closed.signal]) source?.addEventListener('abort', stop);
      this.#transport
        .ask(question, end.signal)
        .then(finish, (fault: unknown) =>
          finish(fault instanceof TransportFault ? fault : new TransportFault(unexpected(fault), false)),
        );
    });
  }

  async #pause(milliseconds: number, signal?: AbortSignal): Promise<Failure | undefined> {
    const either = signal === undefined ? this.#closed.signal : AbortSignal.any([signal, this.#closed.signal]);
    await pause(milliseconds, undefined, { signal: either }).catch(() => {});
    return this.#stopped(signal);
  }

  #stopped(signal?: AbortSignal): Failure | undefined {
    if (this.#closed.signal.aborted) return { because: 'closed', message: 'the client was closed' };
    return signal?.aborted === true ? { because: 'aborted', message: 'the caller gave up' } : undefined;
  }
}

const TIMEOUT: Failure = { because: 'timeout', message: 'no answer in time' };
const UNSENDABLE = unavailable({ because: 'unsendable', message: 'the request cannot be written as JSON' });

function unexpected(fault: unknown): Failure {
  return { because: 'unreachable', message: fault instanceof Error ? fault.name : 'unknown' };
}

function decisionOf(
  answer: ServerAnswer | undefined,
  minRevision = 0,
  telling?: Reply['telling'],
): Decided | ReturnType<typeof unavailable> {
  if (answer === undefined) return unavailable({ because: 'unreadable', message: 'the reply is no answer' });
  const allowed = answer.decision === 'allow';
  // The server says so itself; an allow that does not keep to it is not one that was asked for.
  if (allowed && answer.revision < minRevision) {
    return unavailable({ because: 'unreadable', message: 'the answer is by a revision older than asked for' });
  }
  const isTold = telling !== undefined && (telling['x-dharma-view'] === 'allow') === allowed;
  return { kind: 'decided', allowed, answer, kept: false, ...(isTold && { telling }) };
}

function sent(request: DecisionRequest, minRevision: number | undefined): SentRequest {
  return minRevision === undefined ? request : { ...request, minRevision };
}

/** The request as it is now: its owner may change it while it is asked about, and an answer is kept under its text. */
function writtenDown(
  request: DecisionRequest,
): { readonly text: string; readonly request: DecisionRequest } | undefined {
  try {
    const text = JSON.stringify(request);
    return { text, request: JSON.parse(text) as DecisionRequest };
  } catch {
    return undefined;
  }
}

function bounded(settings: Partial<Patience>, name: keyof Patience, least: number, most: number): number {
  const value = settings[name] ?? DEFAULT_PATIENCE[name];
  if (!isWhole(value, least, most)) throw new TypeError(`\`${name}\` is a number from ${least} to ${most}`);
  return value;
}

function isWhole(value: number, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= least && value <= most;
}
