/**
 * All rules of a snapshot, found by what a request has rather than by looking at each of them.
 *
 * Open addressing over plain integers, home by home (owner, effect, direction and scope): a key is what the rule
 * is about (an endpoint, a service, anything) and its most telling selector with one of its values. A probe is one place
 * in memory, so that the cost of a decision does not grow with the rules. Where the key says everything the rule says,
 * finding the rule is matching it.
 */
import type { CompiledRule } from './snapshot.js';
import { TextList } from './texts.js';

/** The selectors a rule can be filed under; `rest` for a rule without any, `open` for what a named target leaves open. */
export const KEY = {
  subject: 0,
  principal: 1,
  client: 2,
  resource: 3,
  service: 4,
  role: 5,
  group: 6,
  scope: 7,
  mechanism: 8,
  domain: 9,
  resourceType: 10,
  action: 11,
  principalType: 12,
  rest: 13,
  open: 14,
} as const;

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

/**
 * A slot holds what a rule is about, its key and value (plus one, so that 0 is free), the last rule filed there with its
 * flags, and the entry of the rule before. Slots of one home lie side by side: a walk comes back to the same few homes,
 * and finds them in near memory.
 */
const SLOT = 4;
/** Where a slot's rule stands, and its next entry. */
const RULE = 2;
const NEXT = 3;
/** An entry holds a rule with its flags, and the next entry. */
const ENTRY = 2;
/** Rules' numbers stand above their flags. */
const FLAG_BITS = 2;

export class RuleTable {
  /** Ids by the rules' numbers, which follow the order of the ids. */
  readonly ids: TextList;
  /** Owners by the rules' numbers; 0 is `*`, otherwise the domain's number plus one. */
  readonly owners: Int32Array;

  /** Of the rules whose key does not say everything. */
  private readonly details: readonly CompiledRule[];
  /** By a rule's number: where its details stand. */
  private readonly detailPlaces: Int32Array;
  private readonly slots: Int32Array;
  /** Per home its first slot, and how many slots it has, less one. */
  private readonly starts: Int32Array;
  private readonly masks: Int32Array;
  /** Further rules filed under one key, in ascending order; entry 0 ends a chain. */
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
    this.ids = new TextList(ids);
    this.owners = new Int32Array(ids.length);
    const details: CompiledRule[] = [];
    this.detailPlaces = new Int32Array(ids.length);
    const places = new Int32Array(homes);
    for (const { home, about, values } of filed) places[home]! += about.length * values.length;
    this.starts = new Int32Array(homes);
    this.masks = new Int32Array(homes);
    let slots = 0;
    for (let home = 0; home < homes; home++) {
      if (places[home] === 0) continue;
      let size = 4;
      while (size < places[home]! * 1.5) size *= 2;
      this.starts[home] = slots;
      this.masks[home] = size - 1;
      slots += size;
    }
    this.slots = new Int32Array(slots * SLOT);
    this.entries = new Int32Array((places.reduce((sum, count) => sum + count, 0) + 1) * ENTRY);
    this.keysInUse = new Uint16Array(homes * 3);
    let entry = 0;
    // From the last to the first, so that what is filed later comes before in its chain.
    for (let place = filed.length - 1; place >= 0; place--) {
      const { ordinal, admitsAnonymous, home, about, key, values, details: rest } = filed[place]!;
      this.owners[ordinal] = home >> 3;
      // Where a rule is filed under two keys it comes twice in a row.
      if (rest !== undefined && details.at(-1) !== rest) details.push(rest);
      if (rest !== undefined) this.detailPlaces[ordinal] = details.length - 1;
      const flags = (rest === undefined ? WHOLE : 0) | (admitsAnonymous ? ADMITS_ANONYMOUS : 0);
      const rule = (ordinal << FLAG_BITS) | flags;
      for (const subject of about) {
        const kind = subject === ANYTHING ? About.Anything : subject & 1 ? About.Endpoint : About.Service;
        this.keysInUse[home * 3 + kind]! |= 1 << key;
        for (const value of values) {
          const keyed = key + value * 16;
          const slot = this.slotOf(home, subject, keyed);
          if (this.slots[slot + 1] === 0) {
            this.slots.set([subject, keyed + 1, rule, 0], slot);
            continue;
          }
          entry += ENTRY;
          this.entries[entry] = this.slots[slot + RULE]!;
          this.entries[entry + 1] = this.slots[slot + NEXT]!;
          this.slots[slot + RULE] = rule;
          this.slots[slot + NEXT] = entry;
        }
      }
    }
    this.details = details;
    this.keysEver = this.keysInUse.reduce((all, keys) => all | keys, 0);
  }

  /** What is left to compare of a rule that is not `WHOLE`. */
  detailsOf(rule: number): CompiledRule {
    return this.details[this.detailPlaces[rule]!]!;
  }

  /** All rules that are not `WHOLE`. */
  get withDetails(): readonly CompiledRule[] {
    return this.details;
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

  /**
   * Visits the rules filed under a key in ascending order, each with its flags.
   *
   * @param home  one that is in use
   */
  visit(home: number, about: number, key: number, value: number, visitor: RuleVisitor): void {
    const { slots, entries } = this;
    const slot = this.slotOf(home, about, key + value * 16);
    if (slots[slot + 1] === 0) return;
    const first = slots[slot + RULE]!;
    visitor.consider(first >> FLAG_BITS, first & 3);
    for (let entry = slots[slot + NEXT]!; entry !== 0; entry = entries[entry + 1]!) {
      const rule = entries[entry]!;
      visitor.consider(rule >> FLAG_BITS, rule & 3);
    }
  }

  /** Where a key of a home in use stands, or the free slot where it would: there always is one. */
  private slotOf(home: number, about: number, keyed: number): number {
    const { slots } = this;
    const start = this.starts[home]!;
    const mask = this.masks[home]!;
    let hash = Math.imul(about, 0x85ebca6b) ^ Math.imul(keyed + 1, 0xc2b2ae35);
    hash ^= hash >>> 15;
    for (let place = hash & mask; ; place = (place + 1) & mask) {
      const slot = (start + place) * SLOT;
      const here = slots[slot + 1]!;
      if (here === 0 || (here === keyed + 1 && slots[slot] === about)) return slot;
    }
  }
}

export interface RuleVisitor {
  /** @param flags  `WHOLE`, `ADMITS_ANONYMOUS` */
  consider(rule: number, flags: number): void;
}
