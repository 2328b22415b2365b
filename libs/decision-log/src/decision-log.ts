import type { Outcome } from '#engine';
import { AllowShare, type AllowShares } from './allow-shares.js';
import type { MaskingSettings } from './masking.js';
import { Recording } from './record-of.js';
import type { DroppedRecords, SinkQueue, SinkTimer } from './sink-queue.js';
import { type DecidedBy, DecisionRecorder, type TakenDecision } from './taken.js';

export interface DecisionLogParts {
  readonly queue: SinkQueue;
  readonly shares: AllowShares;
  readonly masking: MaskingSettings;
  /** Random and secret. */
  readonly fingerprintKey: string;
  /** Records a second at most; a second's worth may come at once. */
  readonly perSecond: number;
  /** Milliseconds that never go back. */
  readonly monotonic: () => number;
  /** 0 to below 1. */
  readonly chance: () => number;
  readonly onDropped: (dropped: DroppedRecords) => void;
  readonly timer: SinkTimer;
}

/** The name under which what never reached a sink is counted. */
const BEFORE_ALL_SINKS = 'all';
/** What is dropped in a flood is told together. */
const TELL_MILLISECONDS = 1_000;

/**
 * Takes every denial, and of the allows a share, to a queue that never waits. A record is made at once: what waits is
 * text of a bounded length, and no request lives longer for it.
 */
export class DecisionLog extends DecisionRecorder {
  readonly #parts: DecisionLogParts;
  readonly #allowShare: AllowShare;
  readonly #recording: Recording;
  #left: number;
  #since: number;
  #dropped = 0;

  constructor(parts: DecisionLogParts) {
    super();
    this.#parts = parts;
    this.#allowShare = new AllowShare(parts.shares);
    this.#recording = new Recording(parts.masking, parts.fingerprintKey);
    this.#left = parts.perSecond;
    this.#since = parts.monotonic();
  }

  override wants({ decision, wouldDeny, endpoint }: Outcome, policy: DecidedBy | undefined): boolean {
    if (decision === 'deny' || wouldDeny !== undefined || policy === undefined) return true;
    const share = this.#allowShare.of(endpoint, policy.snapshot);
    return share > 0 && this.#parts.chance() < share;
  }

  override take(taken: TakenDecision): void {
    const { queue, perSecond } = this.#parts;
    if (!this.#mayGoOn()) return this.#drop(`there are more than ${perSecond} a second`);
    if (queue.isFull) return this.#drop('too many are waiting');
    try {
      queue.add(this.#recording.line(taken));
    } catch {
      // A fault here may quote the request; and whatever it is, the decision stands.
      this.#drop('it could not be written down');
    }
  }

  /** Hands on what waits. */
  async close(): Promise<void> {
    await this.#parts.queue.close();
  }

  #drop(because: string): void {
    const { timer, onDropped } = this.#parts;
    this.#dropped += 1;
    if (this.#dropped > 1) return;
    timer.after(TELL_MILLISECONDS, () => {
      onDropped({ sink: BEFORE_ALL_SINKS, records: this.#dropped, because });
      this.#dropped = 0;
    });
  }

  #mayGoOn(): boolean {
    const { perSecond, monotonic } = this.#parts;
    const now = monotonic();
    this.#left = Math.min(perSecond, this.#left + ((now - this.#since) / 1000) * perSecond);
    this.#since = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
