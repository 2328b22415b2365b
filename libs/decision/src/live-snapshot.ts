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
  #waiting: (() => void)[] = [];

  get inForce(): PolicyInForce | undefined {
    return this.#inForce;
  }

  replace(policy: PolicyInForce): void {
    const before = this.#inForce;
    this.#inForce = policy;
    if (before !== undefined && before.identity !== policy.identity) before.identity.close();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  /** @param now  milliseconds since the epoch */
  confirm(now: number): void {
    if (this.#inForce !== undefined) this.#inForce = { ...this.#inForce, confirmedAt: now };
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
