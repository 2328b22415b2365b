/** From a mechanism's subject to the service bound to it, without looking at every binding. */
import { parseAddress } from '#cel';
import type { MechanismKind, World } from './model.js';
import { settled } from './ordering.js';
import { networkBlock } from './selectors.js';
import type { Bindings, ServiceNode } from './snapshot.js';

/** @returns the bindings of a mechanism, by its name */
export function compileBindings(
  world: World,
  services: ReadonlyMap<string, ServiceNode>,
): (mechanism: string, kind: MechanismKind) => Bindings {
  const subjects = new Map<string, Bound[]>();
  for (const { name, identities } of world.services.values()) {
    for (const { mechanism, subject } of identities) {
      const bound = { subject, service: services.get(name)! };
      const list = subjects.get(mechanism);
      if (list === undefined) subjects.set(mechanism, [bound]);
      else list.push(bound);
    }
  }
  return (mechanism, kind) => {
    const bound = subjects.get(mechanism) ?? [];
    return kind === 'network' ? new NetworkBindings(bound) : new TextBindings(bound);
  };
}

export interface Bound {
  readonly subject: string;
  readonly service: ServiceNode;
}

/** Exact subjects by hash, prefixes by binary search: none of them begins another, so one candidate is enough. */
export class TextBindings implements Bindings {
  private readonly exact = new Map<string, ServiceNode>();
  private readonly prefixes: readonly Bound[];

  constructor(bound: readonly Bound[]) {
    const prefixes: Bound[] = [];
    for (const { subject, service } of bound) {
      if (subject.endsWith('**')) prefixes.push({ subject: subject.slice(0, -2), service });
      else this.exact.set(settled(subject), service);
    }
    const sorted = prefixes.sort((left, right) => (left.subject < right.subject ? -1 : 1));
    const outermost: Bound[] = [];
    // A prefix inside another belongs to the same service, or the policy would have been refused.
    for (const prefix of sorted) {
      if (!prefix.subject.startsWith(outermost.at(-1)?.subject ?? '\uffff')) outermost.push(prefix);
    }
    this.prefixes = outermost;
  }

  find(subject: string): ServiceNode | undefined {
    const exact = this.exact.size === 0 ? undefined : this.exact.get(subject);
    if (exact !== undefined || this.prefixes.length === 0) return exact;
    const candidate = lastNotAbove(this.prefixes, (prefix) => prefix.subject <= subject);
    return candidate !== undefined && subject.startsWith(candidate.subject) ? candidate.service : undefined;
  }
}

export interface Block {
  readonly first: bigint;
  readonly last: bigint;
  readonly service: ServiceNode;
}

/** By family, in ascending order. */
export interface Blocks {
  readonly 4: readonly Block[];
  readonly 6: readonly Block[];
}

/** Blocks of addresses by binary search. */
export class NetworkBindings implements Bindings {
  private readonly blocks: Blocks;

  constructor(bound: readonly Bound[]) {
    const blocks: { 4: Block[]; 6: Block[] } = { 4: [], 6: [] };
    for (const { subject, service } of bound) {
      const { address, prefixLength } = networkBlock(subject);
      const size = 1n << BigInt((address.family === 4 ? 32 : 128) - prefixLength);
      blocks[address.family].push({ first: address.bits, last: address.bits + size - 1n, service });
    }
    this.blocks = { 4: outermostOf(blocks[4]), 6: outermostOf(blocks[6]) };
  }

  find(subject: string): ServiceNode | undefined {
    const address = parseAddress(subject);
    if (address === undefined) return undefined;
    const candidate = lastNotAbove(this.blocks[address.family], (block) => block.first <= address.bits);
    return candidate !== undefined && address.bits <= candidate.last ? candidate.service : undefined;
  }
}

/** Blocks overlap only by lying in one another, and then belong to one service. */
function outermostOf(blocks: readonly Block[]): readonly Block[] {
  const sorted = [...blocks].sort((left, right) =>
    left.first === right.first ? (left.last > right.last ? -1 : 1) : left.first < right.first ? -1 : 1,
  );
  const outermost: Block[] = [];
  for (const block of sorted) {
    const last = outermost.at(-1);
    if (last === undefined || block.first > last.last) outermost.push(block);
  }
  return outermost;
}

/** The last entry of an ascending list that is not above what is sought. */
function lastNotAbove<Entry>(entries: readonly Entry[], notAbove: (entry: Entry) => boolean): Entry | undefined {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (notAbove(entries[middle]!)) low = middle + 1;
    else high = middle;
  }
  return entries[low - 1];
}
