/** Makes one rule table of another, step by step: a server does it while it answers requests. */
import type { Filed } from './rule-table.js';
import {
  ADMITS_ANONYMOUS,
  ENTRY,
  FLAG_BITS,
  kindOf,
  NEXT,
  RULE,
  sizeFor,
  SLOT,
  slotIn,
  type TableParts,
  WHOLE,
} from './rule-table-layout.js';
import type { CompiledRule } from './snapshot.js';
import type { Steps } from './steps.js';
import type { Moved } from './texts.js';

/** Slots, entries and rules looked at in one step. */
const A_STEP = 4_096;
/** Stands for a rule that went. */
const GONE = -1;

/** Homes are handed to it in ascending order, each once. */
export class TableWriter {
  private readonly owners: Int32Array;
  private readonly details: CompiledRule[] = [];
  private readonly detailPlaces: Int32Array;
  /** By the place of details before: the place after, -1 where they are not there yet. */
  private readonly movedDetails: Int32Array;
  private readonly starts: Int32Array;
  private readonly masks: Int32Array;
  private readonly keysInUse: Uint16Array;
  private slots: Int32Array;
  private usedSlots = 0;
  private entries: Int32Array;
  /** Entry 0 ends a chain. */
  private usedEntries = ENTRY;
  private looked = 0;

  constructor(
    private readonly before: TableParts,
    private readonly moved: Moved,
  ) {
    const count = moved.list.length;
    this.owners = new Int32Array(count);
    this.detailPlaces = new Int32Array(count);
    this.movedDetails = new Int32Array(before.details.length).fill(-1);
    this.starts = new Int32Array(before.starts.length);
    this.masks = new Int32Array(before.masks.length);
    this.keysInUse = new Uint16Array(before.keysInUse.length);
    this.slots = new Int32Array(before.slots.length);
    this.entries = new Int32Array(before.entries.length);
  }

  /** A home of which all rules stay: its slots stay where they are in it. */
  *copy(home: number): Steps<void> {
    const { before } = this;
    const size = before.masks[home]! + 1;
    const from = before.starts[home]! * SLOT;
    const to = this.begin(home, size) * SLOT;
    for (let kind = 0; kind < 3; kind++) this.keysInUse[home * 3 + kind] = before.keysInUse[home * 3 + kind]!;
    for (let place = 0; place < size * SLOT; place += SLOT) {
      if (this.isStepOver(1)) yield;
      if (before.slots[from + place + 1] !== 0) this.copySlot(from + place, to + place);
    }
  }

  /** A home of which rules went, or came. @param came  in ascending order of their numbers */
  *file(home: number, came: readonly Filed[]): Steps<void> {
    const coming = this.coming(came);
    const staying: { readonly about: number; readonly keyed: number; readonly rules: readonly number[] }[] = [];
    const { masks, starts, slots } = this.before;
    const from = starts[home]! * SLOT;
    const end = masks[home] === 0 ? from : from + (masks[home]! + 1) * SLOT;
    for (let slot = from; slot < end; slot += SLOT) {
      if (this.isStepOver(1)) yield;
      if (slots[slot + 1] === 0) continue;
      const [about, keyed] = [slots[slot]!, slots[slot + 1]! - 1];
      const key = `${about} ${keyed}`;
      const rules = [...this.rulesAt(slot), ...(coming.get(key)?.rules ?? [])];
      coming.delete(key);
      if (rules.length > 0) staying.push({ about, keyed, rules: rules.sort((left, right) => left - right) });
    }
    const all = [...staying, ...coming.values()];
    const size = sizeFor(all.length);
    const start = this.begin(home, size);
    for (const { about, keyed, rules } of all) {
      if (this.isStepOver(1)) yield;
      this.keysInUse[home * 3 + kindOf(about)]! |= 1 << (keyed & 15);
      this.put(slotIn(this.slots, start, size - 1, about, keyed), about, keyed, rules);
    }
  }

  *parts(): Steps<TableParts> {
    const { before, moved, owners, details, detailPlaces, starts, masks, keysInUse } = this;
    for (let place = 0; place < before.owners.length; place++) {
      if (this.isStepOver(1)) yield;
      const next = moved.places[place]!;
      if (next >= 0) owners[next] = before.owners[place]!;
    }
    // The rest is never much, and to copy what is used would take longer than a step may.
    const slots = this.slots.subarray(0, this.usedSlots * SLOT);
    const entries = this.entries.subarray(0, this.usedEntries);
    return { owners, details, detailPlaces, slots, starts, masks, entries, keysInUse };
  }

  /** @returns the home's first slot */
  private begin(home: number, size: number): number {
    const start = this.usedSlots;
    this.starts[home] = start;
    this.masks[home] = size - 1;
    this.usedSlots += size;
    this.slots = withRoom(this.slots, this.usedSlots * SLOT);
    return start;
  }

  /** @param rules  with their flags, in ascending order; at least one */
  private put(slot: number, about: number, keyed: number, rules: readonly number[]): void {
    this.entries = withRoom(this.entries, this.usedEntries + (rules.length - 1) * ENTRY);
    const { slots, entries } = this;
    slots[slot] = about;
    slots[slot + 1] = keyed + 1;
    slots[slot + RULE] = rules[0]!;
    slots[slot + NEXT] = rules.length === 1 ? 0 : this.usedEntries;
    for (let place = 1; place < rules.length; place++) {
      entries[this.usedEntries] = rules[place]!;
      this.usedEntries += ENTRY;
      entries[this.usedEntries - 1] = place === rules.length - 1 ? 0 : this.usedEntries;
    }
  }

  /** One of which all rules stay. There are a hundred thousand of them, so nothing is made on the way. */
  private copySlot(from: number, to: number): void {
    const { before, slots } = this;
    slots[to] = before.slots[from]!;
    slots[to + 1] = before.slots[from + 1]!;
    slots[to + RULE] = this.renumbered(before.slots[from + RULE]!);
    let entry = before.slots[from + NEXT]!;
    slots[to + NEXT] = entry === 0 ? 0 : this.usedEntries;
    for (; entry !== 0; entry = before.entries[entry + 1]!) {
      this.entries = withRoom(this.entries, this.usedEntries + ENTRY);
      this.entries[this.usedEntries] = this.renumbered(before.entries[entry]!);
      this.usedEntries += ENTRY;
      this.entries[this.usedEntries - 1] = before.entries[entry + 1] === 0 ? 0 : this.usedEntries;
      this.looked += 1;
    }
  }

  /** Those that stay of the rules in a slot before, as they are numbered now. */
  private rulesAt(slot: number): number[] {
    const { slots, entries } = this.before;
    const rules = [this.renumbered(slots[slot + RULE]!)];
    for (let entry = slots[slot + NEXT]!; entry !== 0; entry = entries[entry + 1]!) {
      rules.push(this.renumbered(entries[entry]!));
    }
    this.looked += rules.length;
    return rules.filter((rule) => rule !== GONE);
  }

  /** A rule of before with its flags. Its details come along. */
  private renumbered(rule: number): number {
    const before = rule >> FLAG_BITS;
    const ordinal = this.moved.places[before]!;
    if (ordinal < 0) return GONE;
    const flags = rule & ((1 << FLAG_BITS) - 1);
    if ((flags & WHOLE) === 0) {
      const place = this.before.detailPlaces[before]!;
      if (this.movedDetails[place]! < 0) this.movedDetails[place] = this.keep(this.before.details[place]!);
      this.detailPlaces[ordinal] = this.movedDetails[place]!;
    }
    return (ordinal << FLAG_BITS) | flags;
  }

  /** @returns where they are kept */
  private keep(details: CompiledRule): number {
    return this.details.push(details) - 1;
  }

  /** The rules that come by the keys that they are filed under. */
  private coming(came: readonly Filed[]) {
    const keys = new Map<string, { readonly about: number; readonly keyed: number; readonly rules: number[] }>();
    for (const { ordinal, admitsAnonymous, home, about: subjects, key, values, details } of came) {
      this.owners[ordinal] = home >> 3;
      // Where a rule is filed under two keys it comes twice in a row.
      if (details !== undefined) {
        if (this.details.at(-1) !== details) this.keep(details);
        this.detailPlaces[ordinal] = this.details.length - 1;
      }
      const flags = (details === undefined ? WHOLE : 0) | (admitsAnonymous ? ADMITS_ANONYMOUS : 0);
      for (const about of subjects) {
        for (const value of values) {
          const keyed = key + value * 16;
          const here = keys.get(`${about} ${keyed}`) ?? { about, keyed, rules: [] };
          keys.set(`${about} ${keyed}`, here);
          here.rules.push((ordinal << FLAG_BITS) | flags);
        }
      }
    }
    return keys;
  }

  private isStepOver(looked: number): boolean {
    this.looked += looked;
    if (this.looked < A_STEP) return false;
    this.looked = 0;
    return true;
  }
}

/** The same numbers where there is room, else a copy with more. */
function withRoom(numbers: Int32Array, length: number): Int32Array {
  if (length <= numbers.length) return numbers;
  const larger = new Int32Array(Math.ceil(length * 1.25));
  larger.set(numbers);
  return larger;
}
