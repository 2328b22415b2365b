import { randomInt } from 'node:crypto';
import type { PastExplanation, PastRequest } from '#admin-api';
import type { RevisionMark } from '#administration';
import {
  type Clock,
  type EventLog,
  Explainer,
  type LiveSnapshot,
  type PolicyInForce,
  type PolicySource,
  type ReadFolder,
} from '#decision';
import { type AccessRequest, type Explanation, type Snapshot, snapshotAfter } from '#engine';
import type { Identity, IdentitySettings } from '#identity';
import { CallFailed } from '../threads/calls.js';
import type { StartThread } from '../threads/start-thread.js';
import { unpacked } from './packed-image.js';
import { inSlices } from './slices.js';
import { PolicyThreadSlot } from './policy-thread-slot.js';
import type { Order, PolicyThreadData, Prepared, ReportedDifference, Stepped } from './policy-work.js';

export interface PolicyWorkshopParts {
  readonly startThread: StartThread;
  readonly live: LiveSnapshot;
  readonly identify: (settings: IdentitySettings) => Promise<Identity>;
  readonly clock: Clock;
  readonly log: EventLog;
  /** Folder for the last good revisions; undefined: none are kept. */
  readonly keptFolder: string | undefined;
  /** Wall time of the check before a revision is put in force. */
  readonly checkMilliseconds: number;
  /** Where revisions are read from. */
  readonly databaseUrl: string | undefined;
  /** Where the check of what is in force ends, whichever comes first. */
  readonly furtherCheck: PolicyThreadData['furtherCheck'];
}

/** A policy that is in force, or may be put back. */
interface Held {
  readonly ticket: number;
  readonly source: PolicySource;
  readonly policy: PolicyInForce;
  isChecked: boolean;
  /** Its snapshot follows from another one's, and no thread compiled it. */
  readonly isStep: boolean;
  /** How often a thread had to be made to know it again. */
  mendings: number;
}

/** What is to be in force next. */
interface Next {
  readonly source: PolicySource;
  readonly ticket: number;
  readonly snapshot: Snapshot;
  readonly mark: RevisionMark;
  readonly identity: IdentitySettings;
  readonly confirmedAt: number;
}

/** A set that takes longer is refused. */
const PREPARE_MILLISECONDS = 120_000;
/** A small change that takes longer is made ready as a whole. */
const STEP_MILLISECONDS = 5_000;
const EXPLAIN_MILLISECONDS = 5_000;
const EXPLAIN_PAST_MILLISECONDS = 60_000;
/** Explanations that may be under way: each takes the time of many decisions. */
const MAXIMUM_EXPLANATIONS = 64;
/** Steps are kept together: a busy morning would write the whole set for everyone who joins. */
const STEPS_KEPT_AFTER_MILLISECONDS = 5_000;
/** What a thread may still write when the server stops. */
const KEEP_MILLISECONDS = 2_000;
/** A policy whose threads keep dying stays without explanations. */
const MAXIMUM_MENDINGS = 3;

/**
 * Puts policies in force without holding up a request: two threads read, compile, check and explain, and take turns. One
 * knows the policy in force, goes on checking it and explains decisions by it; the other makes the next one ready.
 */
export class PolicyWorkshop extends Explainer {
  readonly #parts: PolicyWorkshopParts;
  readonly #slots: readonly [PolicyThreadSlot, PolicyThreadSlot];
  /** In force. */
  #current: Held | undefined;
  /** What was in force before, until the check of the current one is over. */
  #previous: Held | undefined;
  /** Was in force for a moment between the two; requests may still be about it. */
  #skipped: Held | undefined;
  #tickets = 0;
  #explanations = 0;
  #isExplainingPast = false;
  #orders: Promise<unknown> = Promise.resolve();
  #keeping: Promise<void> = Promise.resolve();
  /** Until the steps since the last keeping are kept. */
  #keepingSoon: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(parts: PolicyWorkshopParts) {
    super();
    this.#parts = parts;
    const { startThread, databaseUrl, keptFolder, checkMilliseconds, furtherCheck } = parts;
    const data = { databaseUrl, keptFolder, checkMilliseconds, furtherCheck };
    const slot = () => new PolicyThreadSlot(startThread, data, () => this.#afterThread());
    this.#slots = [slot(), slot()];
  }

  /** Resolves when the first thread is ready for work; the other one follows when it is needed. */
  async start(): Promise<void> {
    await this.#slots[0].start();
  }

  /** Makes the other thread ready before it is needed: the next policy will not wait for it. */
  prepareForNext(): void {
    void this.#slots[1].start().catch(ignored);
  }

  /**
   * Puts a policy in force when it is valid, passes its tests, and the engines agree on it. One at a time, in order.
   *
   * @returns false when it was refused; the log says why
   * @throws when it could not be read, which another try may mend
   */
  putInForce(source: PolicySource): Promise<boolean> {
    return this.#inTurn(() => this.#take(source));
  }

  /**
   * Reads a folder of policies on a thread, whatever else is under way. A thread that dies of it is followed by another
   * one, once.
   *
   * @throws when the folder cannot be read; the message says why
   */
  async readFolder(folder: string): Promise<ReadFolder> {
    for (let attempt = 1; ; attempt += 1) {
      const slot = this.#spare();
      try {
        await slot.start();
        // Patience has no end here: a file system that hangs is one whose policies may still come.
        const reading = await slot.call('read', folder);
        if (reading.kind === 'unreadable') throw new Error(reading.fault);
        return reading;
      } catch (fault) {
        if (!(fault instanceof CallFailed)) throw fault;
        if (attempt === 2 || this.#isStopped) throw new Error(`the thread that read it failed: ${fault.message}`);
      }
    }
  }

  /** @throws when no thread knows the policy, or too much is asked at once */
  override async explain(request: AccessRequest, policy: PolicyInForce): Promise<Explanation> {
    const held = [this.#current, this.#previous, this.#skipped].find((one) => one?.policy.snapshot === policy.snapshot);
    // A thread that went on from a policy by a step still knows it.
    const slot = held && (this.#slotOf(held) ?? (this.#current && this.#slotOf(this.#current)));
    if (slot === undefined) throw new Error('the reasons of this revision are not at hand');
    if (this.#explanations >= MAXIMUM_EXPLANATIONS) throw new Error('too many explanations are asked for at once');
    this.#explanations += 1;
    try {
      return await slot.call('explain', { ticket: held!.ticket, request }, { milliseconds: EXPLAIN_MILLISECONDS });
    } finally {
      this.#explanations -= 1;
    }
  }

  /**
   * Explains a request by a revision that may be of long ago. One that is not in force is read and made ready for it, one
   * at a time, on the thread that the next policy will need: it is not asked for often.
   *
   * @throws when it takes longer than a minute, or could not be read
   */
  async explainPast({ mark, request }: PastRequest): Promise<PastExplanation> {
    const held = [this.#current, this.#previous].find((one) => one !== undefined && isSame(one.policy, mark));
    if (held !== undefined && this.#slotOf(held) !== undefined) {
      return { kind: 'explained', explanation: await this.explain(request, held.policy) };
    }
    if (this.#parts.databaseUrl === undefined) return { kind: 'revision-gone' };
    if (this.#isExplainingPast) return { kind: 'busy' };
    this.#isExplainingPast = true;
    try {
      const slot = this.#spare();
      await slot.start();
      return await slot.call('explainPast', { mark, request }, { milliseconds: EXPLAIN_PAST_MILLISECONDS });
    } finally {
      this.#isExplainingPast = false;
    }
  }

  /** Ends the threads; what is being written is written. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#keepSteps();
    await this.#keeping;
    await Promise.all(this.#slots.map((slot) => slot.stop()));
    await this.#orders;
    this.#previous?.policy.identity.close();
    this.#skipped?.policy.identity.close();
    this.#current?.policy.identity.close();
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#orders.then(work);
    this.#orders = turn
      .catch(ignored)
      .then(() => this.#mend())
      .catch(ignored);
    return turn;
  }

  async #take(source: PolicySource): Promise<boolean> {
    const { clock, log } = this.#parts;
    // What was read is as old as the moment the reading began.
    const now = clock();
    const stepped = await this.#step(source, now);
    if (this.#isStopped) return false;
    if (stepped === true) return true;
    const ticket = (this.#tickets += 1);
    const suspect = stepped === false ? undefined : stepped;
    const task = { ticket, now, seed: randomInt(2 ** 31), purpose: 'in-force', suspect } as const;
    const prepared = await this.#prepare(source, task);
    if (this.#isStopped) return false;
    if ('diskFaults' in prepared) for (const fault of prepared.diskFaults) log({ kind: 'disk', fault });
    switch (prepared.kind) {
      case 'ready': {
        const { mark, image, identity, confirmedAt = now } = prepared;
        const snapshot = await unpacked(image!);
        await this.#swap({ source, ticket, snapshot, mark, identity, confirmedAt });
        if (source.kind === 'revision') {
          this.#keep(this.#current!);
          this.#tellTests(this.#current!, now);
        }
        return true;
      }
      case 'refused':
        log({ kind: 'policy-refused', revision: numberOf(source), faults: prepared.faults });
        return false;
      case 'difference':
        this.#logDifference(numberOf(source) ?? 0, false, prepared);
        return false;
      case 'nothing-kept':
        return false;
      case 'unread':
        throw new Error(prepared.fault);
      default:
        return prepared satisfies never;
    }
  }

  /**
   * Where a revision differs little from what is in force, the thread that knows that one makes it ready, and what the
   * server has of it is changed in as few places.
   *
   * @returns whether it is in force; a request that divides the engines, if there is one: it is to be made ready as a
   *   whole then, and asked about it
   */
  async #step(source: PolicySource, now: number): Promise<boolean | AccessRequest> {
    const held = this.#current;
    const slot = held && this.#slotOf(held);
    if (source.kind !== 'revision' || held === undefined || slot === undefined) return false;
    const { revision } = source;
    // On the snapshot that the thread knows, whatever was confirmed or put back meanwhile.
    if (this.#parts.live.inForce?.snapshot !== held.policy.snapshot) return false;
    const ticket = (this.#tickets += 1);
    const order = { from: held.ticket, ticket, revision, seed: randomInt(2 ** 31) };
    let stepped: Stepped;
    try {
      stepped = await slot.call('step', order, { milliseconds: STEP_MILLISECONDS });
    } catch (fault) {
      if (!(fault instanceof CallFailed)) throw fault;
      // What it knows is not certain any more.
      if (slot.holds === held.ticket) await slot.restart();
      return false;
    }
    switch (stepped.kind) {
      case 'no-step':
        return false;
      case 'difference':
        this.#logDifference(revision.number, false, stepped);
        return stepped.suspect;
      case 'step': {
        slot.holds = ticket;
        const { step, identity } = stepped;
        // The thread had no need of a compilation for it, nor has what this one knows of the same set.
        const snapshot = await inSlices(snapshotAfter(held.policy.snapshot, step));
        const next = snapshot && { source, ticket, snapshot, mark: revision, identity, confirmedAt: now };
        if (next !== undefined && (await this.#swap(next, held))) {
          this.#keepSoon();
          return true;
        }
        slot.holds = undefined;
        return false;
      }
      default:
        return stepped satisfies never;
    }
  }

  /** A thread that dies of it is given a second try, for not everything it may die of comes from the set. */
  async #prepare(source: PolicySource, task: Omit<Order, 'source'>): Promise<Prepared> {
    const faults: string[] = [];
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const slot = this.#spare();
      try {
        await slot.start();
        slot.holds = task.ticket;
        const prepared = await slot.call('prepare', { ...task, source }, { milliseconds: PREPARE_MILLISECONDS });
        if (prepared.kind !== 'ready') slot.holds = undefined;
        return prepared;
      } catch (fault) {
        if (!(fault instanceof CallFailed)) throw fault;
        faults.push(`the thread that made it ready failed: ${fault.message}`);
        if (this.#isStopped) break;
        // It hangs.
        if (slot.holds === task.ticket) await slot.restart();
      }
    }
    return { kind: 'refused', faults };
  }

  /** The thread that does not know what is in force. */
  #spare(): PolicyThreadSlot {
    const [first, second] = this.#slots;
    return first.holds !== undefined && first.holds === this.#current?.ticket ? second : first;
  }

  /**
   * @param on  what has to be in force until then: a step goes on from what nobody found a difference in
   * @returns false when it is not in force any more, and nothing was swapped
   */
  async #swap(next: Next, on?: Held): Promise<boolean> {
    const { live, identify, log } = this.#parts;
    const { source, ticket, snapshot, mark, confirmedAt } = next;
    const { epoch, number: revision, contentHash } = mark;
    const identity = await identify(next.identity);
    if (on !== undefined && this.#current !== on) {
      identity.close();
      return false;
    }
    const policy: PolicyInForce = { epoch, revision, contentHash, snapshot, identity, confirmedAt };
    // As it was confirmed last.
    const replaced = this.#current && { ...this.#current, policy: live.inForce ?? this.#current.policy };
    this.#release(this.#skipped);
    this.#skipped = undefined;
    if (on !== undefined && replaced?.isChecked === false && this.#previous?.isChecked === true) {
      // Steps follow each other faster than they are checked: what is put back is the last one that was.
      this.#skipped = replaced;
    } else {
      this.#release(this.#previous);
      this.#previous = replaced;
    }
    this.#current = { ticket, source, policy, isChecked: false, isStep: on !== undefined, mendings: 0 };
    live.replace(policy);
    log({ kind: 'policy-in-force', epoch, revision, contentHash });
    if (replaced !== undefined) this.#interrupt(replaced);
    this.#goOnChecking(this.#current);
    return true;
  }

  #release(held: Held | undefined): void {
    held?.policy.identity.close();
  }

  #slotOf(held: Held): PolicyThreadSlot | undefined {
    return this.#slots.find(({ holds }) => holds === held.ticket);
  }

  #interrupt(held: Held): void {
    this.#slotOf(held)?.call('interrupt', null).catch(ignored);
  }

  #keepSoon(): void {
    this.#keepingSoon ??= setTimeout(() => this.#keepSteps(), STEPS_KEPT_AFTER_MILLISECONDS).unref();
  }

  #keepSteps(): void {
    if (this.#keepingSoon === undefined) return;
    clearTimeout(this.#keepingSoon);
    this.#keepingSoon = undefined;
    if (this.#current?.source.kind === 'revision') this.#keep(this.#current);
  }

  /** Revisions are kept one after another. */
  #keep(held: Held): void {
    const confirmedAt = held.policy.confirmedAt;
    // Where its thread went on by a step, what came of that is kept in its place.
    this.#onDisk(() => this.#slotOf(held)?.call('keep', { ticket: held.ticket, confirmedAt }, bounded));
  }

  #onDisk(write: () => Promise<void> | undefined): void {
    if (this.#parts.keptFolder === undefined) return;
    this.#keeping = this.#keeping.then(write).catch((fault: unknown) => {
      if (!this.#isStopped) this.#parts.log({ kind: 'disk', fault: `the revision is not kept: ${messageOf(fault)}` });
    });
  }

  /** Goes on in the background; a difference puts back what was in force before. */
  #goOnChecking(held: Held): void {
    this.#slotOf(held)
      ?.call('check', held.ticket)
      .then((checked) => {
        if (checked.kind === 'difference' && held.ticket === this.#previous?.ticket) {
          this.#release(this.#previous);
          this.#previous = undefined;
        }
        if (held !== this.#current) return;
        switch (checked.kind) {
          case 'agreement':
            held.isChecked = true;
            this.#release(this.#previous);
            this.#previous = undefined;
            this.#parts.log({ kind: 'policy-verified', revision: held.policy.revision, requests: checked.requests });
            return;
          case 'difference':
            return this.#putBack(held, checked);
          case 'interrupted':
            return;
          default:
            checked satisfies never;
        }
      })
      // Its thread ended; `#mend` lets another one go on.
      .catch(ignored);
  }

  /** Behind the swap: they hold nothing up, and nobody waits for them. */
  #tellTests({ ticket, policy: { epoch, revision, contentHash } }: Held, now: number): void {
    this.#slots
      .find(({ holds }) => holds === ticket)
      ?.call('test', { ticket, now })
      .then((failing) => {
        if (this.#isStopped || failing.length === 0) return;
        this.#parts.log({ kind: 'policy-tests-fail', epoch, revision, contentHash, failing });
      })
      // Its thread ended; whoever published it was told.
      .catch(ignored);
  }

  #putBack(held: Held, difference: ReportedDifference): void {
    const { epoch, revision: number, contentHash } = held.policy;
    this.#current = this.#previous;
    this.#previous = undefined;
    this.#parts.live.putBack(this.#current?.policy);
    this.#release(held);
    this.#logDifference(number, true, difference);
    if (held.source.kind !== 'files') {
      this.#onDisk(() => this.#slots[0].call('forget', { epoch, number, contentHash }, bounded));
    }
    if (this.#current !== undefined && !this.#current.isChecked) this.#goOnChecking(this.#current);
    this.#afterThread();
  }

  #logDifference(revision: number, rolledBack: boolean, { request, statements }: ReportedDifference): void {
    this.#parts.log({ kind: 'policy-difference', revision, rolledBack, request, statements });
  }

  /** A thread ended, or knows what is not in force any more. */
  #afterThread(): void {
    if (!this.#isStopped) void this.#inTurn(async () => {});
  }

  /** Makes a thread know what is in force, where none does: explanations come from it, and its check goes on. */
  async #mend(): Promise<void> {
    const held = this.#current;
    if (this.#isStopped || held === undefined || this.#slotOf(held) !== undefined) return;
    if (held.mendings >= MAXIMUM_MENDINGS) return;
    held.mendings += 1;
    const { ticket, source, policy } = held;
    const task = { ticket, now: this.#parts.clock(), seed: randomInt(2 ** 31), purpose: 'reasons' } as const;
    const prepared = await this.#prepare(source, task);
    if (prepared.kind !== 'ready' || prepared.mark.contentHash !== policy.contentHash) {
      const slot = this.#slotOf(held);
      if (slot !== undefined) slot.holds = undefined;
      return;
    }
    // What it would check is a compilation of its own: that says nothing of a snapshot that steps led to.
    if (!held.isChecked && !held.isStep && held === this.#current) this.#goOnChecking(held);
  }
}

const bounded = { milliseconds: KEEP_MILLISECONDS };

function ignored(): void {}

function isSame(policy: PolicyInForce, { epoch, number, contentHash }: PastRequest['mark']): boolean {
  return policy.epoch === epoch && policy.revision === number && policy.contentHash === contentHash;
}

/** The revision a source names; null where only its reading tells. */
function numberOf(source: PolicySource): number | null {
  switch (source.kind) {
    case 'revision':
      return source.revision.number;
    case 'files':
      return source.revision;
    case 'kept':
      return null;
    default:
      return source satisfies never;
  }
}

function messageOf(fault: unknown): string {
  return fault instanceof Error ? fault.message : String(fault);
}
