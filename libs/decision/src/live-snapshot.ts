import type { Snapshot } from '#engine';
import type { Identity } from '#identity';

/** One verified revision, compiled. */
export interface PolicyInForce {
  /** Counts from 1; see `RevisionMark`. From a folder always 1. */
  readonly epoch: number;
  /** Counts from 1; from a folder, the loads since the start of this process. */
  readonly revision: number;
  /** SHA-256 of the set, in hex. */
  readonly contentHash: string;
  readonly snapshot: Snapshot;
  readonly identity: Identity;
  /** When the source was last seen to hold this very policy; milliseconds since the epoch. */
  readonly confirmedAt: number;
}

/** What is in force. Swapping is one assignment; a request reads `inForce` once and so sees one revision. */
export class LiveSnapshot {
  #inForce: PolicyInForce | undefined;
  #isPutBack = false;
  #waiting: (() => void)[] = [];

  get inForce(): PolicyInForce | undefined {
    return this.#inForce;
  }

  /** The identity of what was in force stays usable: requests are under way with it, and it may be put back. */
  replace(policy: PolicyInForce): void {
    this.#inForce = policy;
    this.#isPutBack = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  /**
   * Takes back the last {@link replace}. What its source holds is not in force then, so nothing confirms its age until
   * the next one.
   *
   * @param policy  what was in force before; undefined: nothing was, and nothing is now
   */
  putBack(policy: PolicyInForce | undefined): void {
    this.#inForce = policy;
    this.#isPutBack = true;
  }

  /** @param now  milliseconds since the epoch */
  confirm(now: number): void {
    if (this.#inForce !== undefined && !this.#isPutBack) this.#inForce = { ...this.#inForce, confirmedAt: now };
  }

  /** Resolves at the next {@link replace}. */
  next(): Promise<void> {
    return new Promise((wake) => this.#waiting.push(wake));
  }
}

/** Whole seconds since the policy was last confirmed; 0 when the clock went backwards. */
export function ageSeconds(policy: PolicyInForce, now: number): number {
  return Math.max(0, Math.floor((now - policy.confirmedAt) / 1000));
}
