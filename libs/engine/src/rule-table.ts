/**
 * All rules of a snapshot, found by what a request has rather than by looking at each of them.
 *
 * One open-addressing table over plain integers: a key is the rule's home (owner, effect, direction and scope), what it
 * is about (an endpoint, a service, anything) and its most telling selector with one of its values. A probe is one place
 * in memory, so that the cost of a decision does not grow with the rules. Where the key says everything the rule says,
 * finding the rule is matching it.
 */
import type { CompiledRule } from './snapshot.js';

/** The selectors a rule can be filed under, most telling first; `rest` for a rule without any. */
export const KEYS = [
  'subject',
  'principal',
  'client',
  'resource',
  'service',
  'role',
  'group',
  'scope',
  'mechanism',
  'domain',
  'resourceType',
  'action',
  'principalType',
  'rest',
  'open',
] as const;
export type KeyName = (typeof KEYS)[number];

export const KEY = Object.fromEntries(KEYS.map((name, place) => [name, place])) as {
  readonly [name in KeyName]: number;
};

/** Effect, direction and scope of the rules in one home. */
export const HOME = {
  allowInSelf: 0,
  allowInSubtree: 1,
  allowOutSelf: 2,
  allowOutSubtree: 3,
  denyInSelf: 4,
  denyInSubtree: 5,
  denyOutSelf: 6,
  denyOutSubtree: 7,
} as const;

/** The number of a home: one of eight for every owner; owner 0 is `*`. */
export function homeOf(owner: number, kind: number): number {
  return owner * 8 + kind;
}

/** What a rule is about, as part of its key. */
export const ANYTHING = 0;
export const aboutEndpoint = (number: number): number => 1 + 2 * number;
export const aboutService = (number: number): number => 2 + 2 * number;

const enum About {
  Anything,
  Endpoint,
  Service,
}

/** The key says all the rule says. */
export const WHOLE = 1;
/** The rule says `who.anonymous: true`. */
export const ADMITS_ANONYMOUS = 2;

/** A rule with every key it is filed under. */
export interface Filed {
  /** The rule's number. */
  readonly ordinal: number;
  readonly admitsAnonymous: boolean;
  readonly home: number;
  readonly about: readonly number[];
  readonly key: number;
  /** Values of the key's selector, as numbers of names (or of domains). */
  readonly values: readonly number[];
  /** What is left to compare once the key fits; undefined where nothing is. */
  readonly details: CompiledRule | undefined;
}

/** A slot holds the key's hash, which is never 0, and its first entry. Most probes end at a slot, so slots are small. */
const SLOT = 2;
/** An entry holds a rule, the next entry under the same key, and the key itself. */
const ENTRY = 5;

export class RuleTable {
  /** Ids by the rules' numbers, which follow the order of the ids. */
  readonly ids: readonly string[];
  /** Owners by the rules' numbers; 0 is `*`, otherwise the domain's number plus one. */
  readonly owners: Int32Array;
  readonly flags: Uint8Array;
  /** By number; undefined where the key says everything. */
  readonly details: readonly (CompiledRule | undefined)[];

  private readonly slots: Int32Array;
  private readonly mask: number;
  /** Rules filed under one key are a chain of entries in ascending order; entry 0 ends it. */
  private readonly entries: Int32Array;
  /** Per home and kind of `about`, which keys are in use at all: most probes need not be made. */
  private readonly keysInUse: Uint16Array;
  /** Bits of the keys in use anywhere. */
  readonly keysEver: number;

  /**
   * @param filed  in ascending order of the rules' numbers
   * @param homes  how many homes there are
   */
  constructor(ids: readonly string[], filed: readonly Filed[], homes: number) {
    this.ids = ids;
    this.owners = new Int32Array(ids.length);
    this.flags = new Uint8Array(ids.length);
    const details: (CompiledRule | undefined)[] = Array.from({ length: ids.length }, () => undefined);
    let entries = 0;
    for (const { about, values } of filed) entries += about.length * values.length;
    let size = 16;
    while (size < entries * 2) size *= 2;
    this.mask = size - 1;
    this.slots = new Int32Array(size * SLOT);
    this.entries = new Int32Array((entries + 1) * ENTRY);
    this.keysInUse = new Uint16Array(homes * 3);
    let entry = 0;
    for (let place = filed.length - 1; place >= 0; place--) {
      const { ordinal: number, admitsAnonymous, home, about, key, values, details: rest } = filed[place]!;
      this.owners[number] = home >> 3;
      this.flags[number] = (rest === undefined ? WHOLE : 0) | (admitsAnonymous ? ADMITS_ANONYMOUS : 0);
      details[number] = rest;
      for (const subject of about) {
        const kind = subject === ANYTHING ? About.Anything : subject & 1 ? About.Endpoint : About.Service;
        this.keysInUse[home * 3 + kind]! |= 1 << key;
        for (const value of values) {
          const keyed = key + value * 16;
          const hash = hashOf(home, subject, keyed);
          const slot = this.slotOf(hash, home, subject, keyed);
          entry += ENTRY;
          this.entries.set([number, this.slots[slot + 1]!, home, subject, keyed], entry);
          this.slots[slot] = hash;
          this.slots[slot + 1] = entry;
        }
      }
    }
    this.details = details;
    this.keysEver = this.keysInUse.reduce((all, keys) => all | keys, 0);
  }

  isInUse(home: number): boolean {
    return this.keysOf(home) !== 0;
  }

  /** Bits of the keys in use for rules of a home, whatever they are about. */
  keysOf(home: number): number {
    return this.keysInUse[home * 3]! | this.keysInUse[home * 3 + 1]! | this.keysInUse[home * 3 + 2]!;
  }

  /** Bits of the keys in use for rules of a home about anything, an endpoint, or a service. */
  keysAbout(home: number, about: number): number {
    return this.keysInUse[home * 3 + (about === ANYTHING ? 0 : about & 1 ? 1 : 2)]!;
  }

  /** The first entry filed under a key, 0 for none. */
  find(home: number, about: number, key: number, value: number): number {
    const keyed = key + value * 16;
    return this.slots[this.slotOf(hashOf(home, about, keyed), home, about, keyed) + 1]!;
  }

  ruleAt(entry: number): number {
    return this.entries[entry]!;
  }

  next(entry: number): number {
    return this.entries[entry + 1]!;
  }

  /** Where a key stands, or the free slot where it would. */
  private slotOf(hash: number, home: number, about: number, keyed: number): number {
    const { slots, entries, mask } = this;
    for (let place = hash & mask; ; place = (place + 1) & mask) {
      const slot = place * SLOT;
      const here = slots[slot]!;
      if (here === 0) return slot;
      if (here !== hash) continue;
      const entry = slots[slot + 1]!;
      if (entries[entry + 2] === home && entries[entry + 3] === about && entries[entry + 4] === keyed) return slot;
    }
  }
}

function hashOf(home: number, about: number, keyed: number): number {
  let hash = Math.imul(home + 1, 0x9e3779b1) ^ Math.imul(about, 0x85ebca6b) ^ Math.imul(keyed + 1, 0xc2b2ae35);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  hash ^= hash >>> 13;
  return hash === 0 ? 1 : hash;
}
