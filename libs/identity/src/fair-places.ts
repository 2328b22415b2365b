/** Places of which whoever asks gets no more than stay free for all others: a flood fills half of them, never all. */
export class FairPlaces {
  #total = 0;
  /** Those that have any, by their JSON. */
  readonly #taken = new Map<string, number>();

  /** @param size  how many there are */
  constructor(private readonly size: number) {}

  /**
   * @param who  from the widest name in: the share of each is a share in that of the one before it
   * @returns what gives the place back, to be called once; undefined where there is none for them
   */
  take(who: readonly string[]): (() => void) | undefined {
    const holders = who.map((_, at) => JSON.stringify(who.slice(0, at + 1)));
    let free = this.size - this.#total;
    for (const holder of holders) {
      const own = this.#taken.get(holder) ?? 0;
      if (own >= free) return undefined;
      free = (free - own) / 2;
    }
    this.#add(holders, 1);
    return () => this.#add(holders, -1);
  }

  #add(holders: readonly string[], more: 1 | -1): void {
    this.#total += more;
    for (const holder of holders) {
      const own = (this.#taken.get(holder) ?? 0) + more;
      if (own === 0) this.#taken.delete(holder);
      else this.#taken.set(holder, own);
    }
  }
}
