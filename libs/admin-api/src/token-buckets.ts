/** How much one key may take. */
export interface BucketSettings {
  /** In the long run. */
  readonly perSecond: number;
  /** At once, after a pause. */
  readonly burst: number;
  /** Buckets that are kept at most; the one that was not used for longest makes room. */
  readonly keys: number;
}

interface Bucket {
  readonly left: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** A bucket of tokens for each key, in bounded memory. */
export class TokenBuckets {
  readonly #settings: BucketSettings;
  readonly #clock: () => number;
  /** The one that was not used for longest is first. */
  readonly #buckets = new Map<string, Bucket>();

  /** @param clock  milliseconds since 1970 */
  constructor(settings: BucketSettings, clock: () => number) {
    this.#settings = settings;
    this.#clock = clock;
  }

  /** Whether something was taken for this key lately. */
  has(key: string): boolean {
    return this.#buckets.has(key);
  }

  /**
   * Takes one, where there is one.
   *
   * @returns whole seconds until there is one again; 0: it was taken
   */
  take(key: string): number {
    const now = this.#clock();
    const left = this.#left(key, now);
    const wait = this.#waitFor(left);
    this.#keep(key, { left: wait === 0 ? left - 1 : left, at: now });
    return wait;
  }

  /** What {@link take} would return, without taking any. */
  wait(key: string): number {
    return this.#waitFor(this.#left(key, this.#clock()));
  }

  #left(key: string, now: number): number {
    const { perSecond, burst } = this.#settings;
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) return burst;
    // A clock that was set back takes nothing away.
    return Math.min(burst, bucket.left + (Math.max(0, now - bucket.at) / 1_000) * perSecond);
  }

  #waitFor(left: number): number {
    return left >= 1 ? 0 : Math.max(1, Math.ceil((1 - left) / this.#settings.perSecond));
  }

  #keep(key: string, bucket: Bucket): void {
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size <= this.#settings.keys) return;
    for (const oldest of this.#buckets.keys()) {
      this.#buckets.delete(oldest);
      return;
    }
  }
}
