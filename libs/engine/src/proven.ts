/** P, the domains a caller has proven to stand in: lines that lead from a membership up to where recognition ends. */
import { liesWithin } from './snapshot.js';
import type { DomainNode } from './snapshot.js';

export class Proven {
  // Nearly every caller has one line, which stands here; others follow in the lists.
  private low: DomainNode | undefined;
  private top = 0;
  private lows: DomainNode[] | undefined;
  private tops: number[] | undefined;

  clear(): void {
    this.low = undefined;
    this.lows = undefined;
    this.tops = undefined;
  }

  get isEmpty(): boolean {
    return this.low === undefined;
  }

  /** Adds the membership, and above it every domain in whose trust set, or `recognizes`, the mechanism stands. */
  addLine(membership: DomainNode, mechanism: string): void {
    let { trust, parent, depth } = membership;
    while (parent !== undefined) {
      // A set that is inherited is one and the same set: nothing to look up.
      if (parent.trust !== trust) {
        if (parent.trust.has(mechanism)) ({ trust } = parent);
        else if (!parent.recognizes.has(mechanism)) break;
      }
      depth = parent.depth;
      ({ parent } = parent);
    }
    if (this.low === undefined) {
      this.low = membership;
      this.top = depth;
    } else {
      (this.lows ??= []).push(membership);
      (this.tops ??= []).push(depth);
    }
  }

  has(domain: DomainNode): boolean {
    if (this.low === undefined) return false;
    if (domain.depth >= this.top && liesWithin(this.low, domain)) return true;
    if (this.lows === undefined) return false;
    return this.lows.some((low, place) => domain.depth >= this.tops![place]! && liesWithin(low, domain));
  }

  /** Every domain of P once. */
  domains(): readonly DomainNode[] {
    if (this.low === undefined) return [];
    const lines = [this.low, ...(this.lows ?? [])];
    return [...new Set(lines.flatMap(({ chain }) => chain))].filter((domain) => this.has(domain));
  }
}
