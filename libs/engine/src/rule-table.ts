/**
 * All rules of a snapshot, found by what a request has rather than by looking at each of them.
 *
 * Open addressing over plain integers, home by home (owner, effect, direction and scope): a key is what the rule
 * is about (an endpoint, a service, anything) and its most telling selector with one of its values. A probe is one place
 * in memory, so that the cost of a decision does not grow with the rules. Where the key says everything the rule says,
 * finding the rule is matching it.
 */
import {
  ADMITS_ANONYMOUS,
  ANYTHING,
  ENTRY,
  FLAG_BITS,
  kindOf,
  NEXT,
  RULE,
  sizeFor,
  SLOT,
  slotIn,
  WHOLE,
} from './rule-table-layout.js';
import { TableWriter } from './rule-table-writer.js';
import type { CompiledRule } from './snapshot.js';
import type { Steps } from './steps.js';
import { type Moved, TextList } from './texts.js';

export { aboutEndpoint, aboutService, ADMITS_ANONYMOUS, ANYTHING, WHOLE } from './rule-table-layout.js';

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
      const size = sizeFor(places[home]!);
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
        this.keysInUse[home * 3 + kindOf(subject)]! |= 1 << key;
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

  /** How rules are numbered when some go and others come. @param added  ids in the order of their bytes */
  *renumbered(gone: readonly string[], added: readonly string[]): Steps<Moved> {
    const places = yield* this.ids.placesOf(gone);
    return yield* this.ids.with(
      places.toSorted((left, right) => left - right),
      added,
    );
  }

  /**
   * The table after some rules went and others came. What stays is copied; only homes of which some rule went or came are
   * filed anew.
   *
   * @param moved  by {@link renumbered}
   * @param filed  those that came, in ascending order of their numbers
   * @param owners  numbers of the owners of those that went: 0 is `*`, otherwise the domain's number plus one
   */
  *with(moved: Moved, filed: readonly Filed[], owners: ReadonlySet<number>): Steps<RuleTable> {
    const { details, detailPlaces, slots, starts, masks, entries, keysInUse } = this;
    const parts = { owners: this.owners, details, detailPlaces, slots, starts, masks, entries, keysInUse };
    const writer = new TableWriter(parts, moved);
    const coming = new Map<number, Filed[]>();
    for (const one of filed) {
      const here = coming.get(one.home);
      if (here === undefined) coming.set(one.home, [one]);
      else here.push(one);
    }
    for (let home = 0; home < masks.length; home++) {
      const came = coming.get(home);
      if (came === undefined && masks[home] === 0) continue;
      if (came === undefined && !owners.has(home >> 3)) yield* writer.copy(home);
      else yield* writer.file(home, came ?? []);
    }
    const after = yield* writer.parts();
    const keysEver = after.keysInUse.reduce((all, keys) => all | keys, 0);
    return Object.assign(new RuleTable([], [], 0), after, { ids: moved.list, keysEver });
  }

  /** Where a key of a home in use stands, or the free slot where it would: there always is one. */
  private slotOf(home: number, about: number, keyed: number): number {
    return slotIn(this.slots, this.starts[home]!, this.masks[home]!, about, keyed);
  }
}

export interface RuleVisitor {
  /** @param flags  `WHOLE`, `ADMITS_ANONYMOUS` */
  consider(rule: number, flags: number): void;
}
