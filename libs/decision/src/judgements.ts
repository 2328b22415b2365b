import type { Identity, Judged, KnownCaller, Presented } from '#identity';

/**
 * What was presented once and asked about many times is judged once. Of one message and its caller, and gone with them:
 * a key that is revoked, or a revision that comes into force, counts from the next message on at the latest.
 */
export class Judgements {
  readonly #known = new WeakMap<Presented, Known>();

  /** @param now  milliseconds since the epoch */
  judge(presented: Presented, identity: Identity, caller: KnownCaller, now: number): Judged | Promise<Judged> {
    const known = this.#known.get(presented);
    if (known !== undefined && known.identity === identity && now < known.until) return known.judged;
    const judged = identity.judge(presented, caller, now);
    if (judged instanceof Promise) return judged.then((settled) => this.#keep(presented, identity, settled));
    return this.#keep(presented, identity, judged);
  }

  #keep(presented: Presented, identity: Identity, judged: Judged): Judged {
    // Beyond that the engine would leave the item out, and decide as if nobody asked; judged anew, it may be a fault.
    const until = judged.evidence.reduce(
      (soonest, { expiresAt }) => Math.min(soonest, expiresAt ?? Infinity),
      Infinity,
    );
    this.#known.set(presented, { identity, judged, until });
    return judged;
  }
}

interface Known {
  /** Of the revision that judged. */
  readonly identity: Identity;
  readonly judged: Judged;
  /** Milliseconds since the epoch, when its first item has expired. */
  readonly until: number;
}
