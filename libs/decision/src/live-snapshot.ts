import type { Snapshot } from '#engine';

/** One verified revision, compiled. */
export interface PolicyInForce {
  /** Counts from 1; from a folder, the loads since the start of this process. */
  readonly revision: number;
  /** SHA-256 of the sources, in hex. */
  readonly contentHash: string;
  readonly snapshot: Snapshot;
  /** How many EnforcementPoint documents the set has; with any, the implicit `local` one does not exist. */
  readonly enforcementPointCount: number;
  /** When the source was last seen to hold this very policy; milliseconds since the epoch. */
  readonly confirmedAt: number;
}

/** What is in force. Swapping is one assignment; a request reads `inForce` once and so sees one revision. */
export class LiveSnapshot {
  #inForce: PolicyInForce | undefined;

  get inForce(): PolicyInForce | undefined {
    return this.#inForce;
  }

  replace(policy: PolicyInForce): void {
    this.#inForce = policy;
  }

  /** @param now  milliseconds since the epoch */
  confirm(now: number): void {
    if (this.#inForce !== undefined) this.#inForce = { ...this.#inForce, confirmedAt: now };
  }
}

/** Whole seconds since the policy was last confirmed; 0 when the clock went backwards. */
export function ageSeconds(policy: PolicyInForce, now: number): number {
  return Math.max(0, Math.floor((now - policy.confirmedAt) / 1000));
}
