import type { Revision, RevisionMark, RevisionStore } from '#administration';

/** What may stop a server from following its store. */
export type FeedAlarm =
  /** The store answers with an older state: a standby that lags, or a backup. */
  | { readonly kind: 'went-back'; readonly known: RevisionMark; readonly found: RevisionMark | null }
  /** A number we know has another content there: a history that left ours behind a restore. */
  | { readonly kind: 'forked'; readonly known: RevisionMark; readonly found: RevisionMark | null }
  /** Whoever follows would not take it; it is not offered again. */
  | { readonly kind: 'not-taken'; readonly found: RevisionMark }
  | { readonly kind: 'unreachable'; readonly fault: unknown };

/** What a look led to. */
export type FeedState = 'current' | 'empty' | FeedAlarm['kind'];

export interface Timer {
  /** Runs `work` once after so many milliseconds. @returns what cancels it */
  after(milliseconds: number, work: () => void): () => void;
}

export interface RevisionFeedParts {
  readonly store: Pick<RevisionStore, 'newest' | 'revision'>;
  /** What is in force, kept beside the last good snapshot; null at the very first start. */
  readonly from: RevisionMark | null;
  /** Puts a revision in force. @returns false when it cannot be; may throw */
  readonly follow: (revision: Revision) => Promise<boolean>;
  /** What is in force was just seen to be the newest. */
  readonly confirm: () => void;
  /** Called once for each trouble, not at every look. */
  readonly alarm: (alarm: FeedAlarm) => void;
  readonly timer: Timer;
  /** Milliseconds between two looks without a hint, at most 5,000, which is the default. */
  readonly pollMilliseconds?: number;
}

const MAXIMUM_POLL_MILLISECONDS = 5_000;
/** Hints that come in swarms lead to one look in this time. */
const HINT_MILLISECONDS = 200;

/**
 * Follows the revisions of a store. It looks again and again, and that is what it relies on; a hint only makes it look
 * sooner. It never moves to a lower number of its epoch, and never to a history in which a number it knows has another
 * content: an operator has to begin a new epoch there first.
 */
export class RevisionFeed {
  readonly #parts: RevisionFeedParts;
  #known: RevisionMark | null;
  #state: FeedState = 'current';
  #refused: RevisionMark | undefined;
  #said: string | undefined;
  #looking: Promise<FeedState> | undefined;
  #cancel: (() => void) | undefined;
  #isRunning = false;
  #mayLookOnHint = true;
  #isHinted = false;

  constructor(parts: RevisionFeedParts) {
    this.#parts = parts;
    this.#known = parts.from;
  }

  /** The last revision that was put in force. */
  get known(): RevisionMark | null {
    return this.#known;
  }

  get state(): FeedState {
    return this.#state;
  }

  /** Looks now and then again and again until {@link stop}. Resolves after the first look. */
  async start(): Promise<FeedState> {
    this.#isRunning = true;
    return this.#lookAndPlan();
  }

  /** Resolves when no look is under way any more. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#cancel?.();
    await this.#looking;
  }

  /** Somebody says that there may be something new. */
  hint(): void {
    if (!this.#isRunning) return;
    if (!this.#mayLookOnHint || this.#looking !== undefined) {
      this.#isHinted = true;
      return;
    }
    this.#mayLookOnHint = false;
    this.#parts.timer.after(HINT_MILLISECONDS, () => {
      this.#mayLookOnHint = true;
      this.#lookAgainIfHinted();
    });
    void this.#lookAndPlan();
  }

  /** One look. Never throws; two at a time are one. */
  look(): Promise<FeedState> {
    this.#looking ??= this.#lookOnce().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #lookAndPlan(): Promise<FeedState> {
    this.#cancel?.();
    const state = await this.look();
    this.#cancel?.();
    if (this.#isRunning) {
      const poll = Math.min(this.#parts.pollMilliseconds ?? MAXIMUM_POLL_MILLISECONDS, MAXIMUM_POLL_MILLISECONDS);
      this.#cancel = this.#parts.timer.after(poll, () => void this.#lookAndPlan());
      this.#lookAgainIfHinted();
    }
    return state;
  }

  #lookAgainIfHinted(): void {
    if (!this.#isHinted || !this.#mayLookOnHint || this.#looking !== undefined) return;
    this.#isHinted = false;
    this.hint();
  }

  async #lookOnce(): Promise<FeedState> {
    const { confirm } = this.#parts;
    try {
      const alarm = await this.#follow();
      this.#state = alarm?.kind ?? (this.#known === null ? 'empty' : 'current');
      this.#tell(alarm);
      if (this.#state === 'current') confirm();
    } catch (fault) {
      this.#state = 'unreachable';
      this.#tell({ kind: 'unreachable', fault });
    }
    return this.#state;
  }

  async #follow(): Promise<FeedAlarm | undefined> {
    const { store, follow } = this.#parts;
    const found = await store.newest();
    const known = this.#known;
    if (found === null) return known === null ? undefined : { kind: 'went-back', known, found };
    if (known !== null) {
      if (isSame(found, known)) return undefined;
      const trouble = await this.#troubleWith(known, found);
      if (trouble !== undefined) return { kind: trouble, known, found };
    }
    if (this.#refused !== undefined && isSame(found, this.#refused)) return { kind: 'not-taken', found };
    if (!(await follow(found))) {
      this.#refused = found;
      return { kind: 'not-taken', found };
    }
    this.#known = { epoch: found.epoch, number: found.number, contentHash: found.contentHash };
    return undefined;
  }

  async #troubleWith(known: RevisionMark, found: RevisionMark): Promise<'went-back' | 'forked' | undefined> {
    // Only an operator begins an epoch, and by it says that this history counts.
    if (found.epoch > known.epoch) return undefined;
    if (found.epoch < known.epoch || found.number < known.number) return 'went-back';
    const there = await this.#parts.store.revision(known.number);
    return there !== null && isSame(there, known) ? undefined : 'forked';
  }

  #tell(alarm: FeedAlarm | undefined): void {
    const found = alarm !== undefined && 'found' in alarm ? alarm.found : undefined;
    const said = alarm && `${alarm.kind} ${found?.epoch} ${found?.number} ${found?.contentHash}`;
    if (alarm !== undefined && said !== this.#said) this.#parts.alarm(alarm);
    this.#said = said;
  }
}

function isSame(left: RevisionMark, right: RevisionMark): boolean {
  return left.epoch === right.epoch && left.number === right.number && left.contentHash === right.contentHash;
}
