import type { Snapshot } from '#engine';

/** Shares of allows by domain, for the domain and everything below it. */
export interface AllowShares {
  /** Where no domain says otherwise; 0 to 1. */
  readonly standard: number;
  readonly byDomain: ReadonlyMap<string, number>;
}

/** What share of an endpoint's allows is kept. Looked up once an endpoint and snapshot. */
export class AllowShare {
  readonly #shares: AllowShares;
  readonly #known = new WeakMap<Snapshot, Map<string, number>>();

  constructor(shares: AllowShares) {
    this.#shares = shares;
  }

  /** An endpoint in several domains: the largest of their shares. */
  of(endpoint: string | null, snapshot: Snapshot): number {
    const { standard, byDomain } = this.#shares;
    if (byDomain.size === 0 || endpoint === null) return standard;
    let known = this.#known.get(snapshot);
    if (known === undefined) this.#known.set(snapshot, (known = new Map()));
    let share = known.get(endpoint);
    if (share === undefined) known.set(endpoint, (share = this.#shareOf(endpoint, snapshot)));
    return share;
  }

  #shareOf(endpoint: string, snapshot: Snapshot): number {
    const placements = snapshot.endpoints.get(endpoint)?.placements ?? [];
    const shares = placements.map(({ chain }) => {
      const nearest = chain.find(({ name }) => this.#shares.byDomain.has(name));
      return nearest === undefined ? this.#shares.standard : this.#shares.byDomain.get(nearest.name)!;
    });
    return shares.length === 0 ? this.#shares.standard : Math.max(...shares);
  }
}
