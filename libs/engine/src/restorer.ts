/** From the parts of an image to the snapshot they were made of. */
import { CONSTANTS, OP } from './image-format.js';
import type { Atom, ImagePart } from './image-format.js';
import { INSTANCE_MEMBERS, INSTANCES, NUMBER_ARRAYS, RECORDS } from './image-shapes.js';
import type { Next, NumberArray } from './image-shapes.js';
import { RuleCondition } from './rule-condition.js';
import type { Snapshot } from './snapshot.js';

/**
 * Restores a snapshot slice by slice, so that the thread that answers requests can answer some in between.
 *
 * The parts are those of one image, all of them, in order; they come from this process, and are not checked.
 */
export class SnapshotRestorer {
  private readonly atoms = new Pages<Atom>();
  private readonly things = new Pages<unknown>();
  private code: Int32Array = NO_CODE;
  private at = 0;
  private snapshot: Snapshot | undefined;
  /** Lists are put together here, those of small integers apart from others, as the machine keeps them apart. */
  private readonly integers: unknown[] = [0];
  private readonly anything: unknown[] = [undefined];

  constructor() {
    for (const constant of CONSTANTS) this.things.push(constant);
  }

  /** Takes a fraction of a millisecond. */
  add({ atoms, stretches, code }: ImagePart): void {
    for (const atom of atoms) this.atoms.push(atom);
    this.code = code;
    this.at = 0;
    while (this.at < code.length) this.step(stretches);
  }

  /** @throws TypeError  when the last part has not been added */
  finish(): Snapshot {
    if (this.snapshot === undefined) throw new TypeError('an image is restored before its last part has come');
    return this.snapshot;
  }

  private step(stretches: readonly NumberArray[]): void {
    switch (this.code[this.at++]!) {
      case OP.record:
        return this.things.push(RECORDS[this.integer()]!(this.value));
      case OP.instance:
        return this.things.push(this.instance());
      case OP.object:
        return this.things.push(Object.fromEntries(this.members()));
      case OP.bare:
        return this.things.push(this.bare());
      case OP.list:
        return this.things.push(this.list());
      case OP.map:
        return this.things.push(new Map());
      case OP.set:
        return this.things.push(new Set());
      case OP.longList:
        return this.things.push([]);
      case OP.numbers:
        return this.things.push(new NUMBER_ARRAYS[this.integer()]!(this.integer()));
      case OP.condition:
        return this.things.push(new RuleCondition(this.value(), undefined));
      case OP.entries:
        return this.addEntries();
      case OP.members:
        return this.addMembers();
      case OP.items:
        return this.addItems();
      case OP.stretch:
        return this.addStretch(stretches);
      case OP.mend:
        return this.mend();
      case OP.end:
        this.snapshot = this.thing<Snapshot>();
    }
  }

  // ── operands ──────────────────────────────────────────────────────────────────────────────────────────────────────

  private integer(): number {
    return this.code[this.at++]!;
  }

  private thing<Thing>(): Thing {
    return this.things.at(this.integer()) as Thing;
  }

  private readonly value: Next = <Value>(): Value => {
    const reference = this.code[this.at++]!;
    if ((reference & 1) === 1) return (reference >> 1) as Value;
    const place = reference >>> 2;
    return ((reference & 2) === 0 ? this.things.at(place) : this.atoms.at(place)) as Value;
  };

  // ── making ────────────────────────────────────────────────────────────────────────────────────────────────────────

  private instance(): object {
    const kind = this.integer();
    const made = INSTANCES[kind]!() as { [member: string]: unknown };
    for (const name of INSTANCE_MEMBERS[kind]!) made[name] = this.value();
    return made;
  }

  private *members(): Generator<readonly [string, unknown], void, void> {
    for (let left = this.integer(); left > 0; left--) yield [this.value<string>(), this.value()];
  }

  private bare(): object {
    const made = Object.create(null) as { [member: string]: unknown };
    for (let left = this.integer(); left > 0; left--) made[this.value<string>()] = this.value();
    return made;
  }

  /** As long as it is and no longer: a list that grows by pushing keeps room for sixteen more. */
  private list(): readonly unknown[] {
    const length = this.integer();
    let integers = true;
    for (let index = 0; index < length; index++) integers &&= (this.code[this.at + index]! & 1) === 1;
    const scratch = integers ? this.integers : this.anything;
    while (scratch.length < length) scratch.push(0);
    for (let index = 0; index < length; index++) scratch[index] = this.value();
    return scratch.slice(0, length);
  }

  // ── filling ───────────────────────────────────────────────────────────────────────────────────────────────────────

  private addEntries(): void {
    const map = this.thing<Map<unknown, unknown>>();
    for (let left = this.integer(); left > 0; left--) {
      const key = this.value();
      map.set(key, this.value());
    }
  }

  private addMembers(): void {
    const set = this.thing<Set<unknown>>();
    for (let left = this.integer(); left > 0; left--) set.add(this.value());
  }

  private addItems(): void {
    const list = this.thing<unknown[]>();
    for (let left = this.integer(); left > 0; left--) list.push(this.value());
  }

  private addStretch(stretches: readonly NumberArray[]): void {
    const numbers = this.thing<NumberArray>();
    const first = this.integer();
    numbers.set(stretches[this.integer()]!, first);
  }

  private mend(): void {
    const of = this.thing<{ [member: string]: unknown }>();
    const member = this.value<string>();
    of[member] = this.thing();
  }
}

const NO_CODE = new Int32Array(0);

const PAGE_BITS = 12;

/** A list that grows without ever being copied as a whole. */
class Pages<Item> {
  private readonly pages: Item[][] = [];
  private last: Item[] = [];

  push(item: Item): void {
    if (this.last.length === 1 << PAGE_BITS || this.pages.length === 0) this.pages.push((this.last = []));
    this.last.push(item);
  }

  at(place: number): Item {
    return this.pages[place >> PAGE_BITS]![place & ((1 << PAGE_BITS) - 1)]!;
  }
}
