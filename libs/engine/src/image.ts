/** From a snapshot to the parts it travels in. Costs the sending thread time in proportion to the snapshot. */
import { CONSTANTS, isSmallInteger, OP } from './image-format.js';
import type { Atom, ImagePart } from './image-format.js';
import { INSTANCE_MEMBERS, INSTANCES, NUMBER_ARRAYS, RECORD_MEMBERS } from './image-shapes.js';
import type { NumberArray } from './image-shapes.js';
import { RuleCondition } from './rule-condition.js';
import type { Snapshot } from './snapshot.js';

/** Longer lists are made in several steps. */
const LONG = 128;
/** Entries added to a map, a set or a long list in one step. */
const STEP = 128;
/** Bytes of a long array of numbers in one step. */
const STRETCH_BYTES = 32 * 1024;

/** What restoring costs, by and large, in units of an integer read; and what one part may cost. */
const COST = { atom: 8, thing: 8, entry: 8, byte: 1 / 256, stretch: 800 } as const;
const MOST = 8_000;

/** @returns parts for a `SnapshotRestorer`, in order; each is restored in a fraction of a millisecond */
export function imageOf(snapshot: Snapshot): Generator<ImagePart, void, void> {
  return new ImageWriter().write(snapshot);
}

/** A thing whose members have to be there before it. */
interface Frame {
  readonly thing: object;
  /** The instruction to make it, but for its members. */
  readonly opening: readonly number[];
  /** Of its members; undefined for a list. */
  readonly names: readonly string[] | undefined;
  readonly values: readonly unknown[];
  next: number;
}

/** A member that waits for a thing that is not there yet. */
interface Mending {
  readonly of: object;
  readonly member: string | number;
}

class ImageWriter {
  private readonly atomPlaces = new Map<Atom, number>();
  private readonly places = new Map<unknown, number>();
  private readonly frames: Frame[] = [];
  private readonly begun = new Set<object>();
  private readonly mendings = new Map<object, Mending[]>();
  /** Made, and still to be filled. */
  private readonly empty: Fillable[] = [];
  private readonly ready: ImagePart[] = [];
  private atoms: Atom[] = [];
  private stretches: NumberArray[] = [];
  private code: number[] = [];
  private cost = 0;

  constructor() {
    for (const constant of CONSTANTS) this.takePlace(constant);
  }

  *write(snapshot: Snapshot): Generator<ImagePart, void, void> {
    this.make(snapshot);
    // Filling one makes others, which queue up behind it.
    for (let place = 0; place < this.empty.length; place++) {
      for (const _ of this.fill(this.empty[place]!)) yield* this.ready.splice(0);
    }
    this.code.push(OP.end, this.placeOf(snapshot));
    this.endPart();
    yield* this.ready.splice(0);
  }

  private endPart(): void {
    const { atoms, stretches, code } = this;
    this.ready.push({ atoms, stretches, code: Int32Array.from(code) });
    this.atoms = [];
    this.stretches = [];
    this.code = [];
    this.cost = 0;
  }

  /** To be called between instructions only. */
  private spend(cost: number): void {
    this.cost += cost;
    if (this.cost >= MOST) this.endPart();
  }

  // ── references ────────────────────────────────────────────────────────────────────────────────────────────────────

  private takePlace(thing: unknown): void {
    this.places.set(thing, this.places.size);
  }

  private placeOf(thing: unknown): number {
    return this.places.get(thing)!;
  }

  private placeAtom(atom: Atom): void {
    if (this.atomPlaces.has(atom)) return;
    this.atomPlaces.set(atom, this.atomPlaces.size);
    this.atoms.push(atom);
    this.cost += COST.atom;
  }

  /** To a value that is there. */
  private reference(value: unknown): number {
    if (typeof value === 'number' && isSmallInteger(value)) return value * 2 + 1;
    const atom = this.atomPlaces.get(value as Atom);
    return atom === undefined ? this.placeOf(value) * 4 : atom * 4 + 2;
  }

  /** To a member of a thing that is made now: what is not there yet is put in when it is. */
  private memberReference(of: object, member: string | number, value: unknown): number {
    if (typeof value !== 'object' || value === null || this.places.has(value)) return this.reference(value);
    const waiting = this.mendings.get(value);
    if (waiting === undefined) this.mendings.set(value, [{ of, member }]);
    else waiting.push({ of, member });
    return this.reference(undefined);
  }

  // ── making ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Writes a value and all that has to be there before it. */
  private make(value: unknown): void {
    this.begin(value);
    for (let frame = this.frames.at(-1); frame !== undefined; frame = this.frames.at(-1)) {
      if (frame.next < frame.values.length) {
        this.begin(frame.values[frame.next++]);
        continue;
      }
      this.frames.pop();
      this.end(frame);
    }
  }

  private begin(value: unknown): void {
    switch (typeof value) {
      case 'string':
      case 'bigint':
        return this.placeAtom(value);
      case 'number':
        return isSmallInteger(value) ? undefined : this.placeAtom(value);
      case 'undefined':
      case 'boolean':
        return;
      case 'object':
        return value === null || this.places.has(value) || this.begun.has(value) ? undefined : this.beginThing(value);
      default:
        throw new TypeError(`a snapshot with a ${typeof value} in it cannot travel`);
    }
  }

  private beginThing(thing: object): void {
    if (Array.isArray(thing) && thing.length <= LONG) {
      return this.open(thing, [OP.list, thing.length], undefined, thing as unknown[]);
    }
    if (isFillable(thing)) {
      this.code.push(...blankOf(thing));
      this.takePlace(thing);
      this.empty.push(thing);
      return this.spend(COST.thing + (ArrayBuffer.isView(thing) ? thing.byteLength * COST.byte : 0));
    }
    if (thing instanceof RuleCondition) {
      this.placeAtom(thing.source);
      this.code.push(OP.condition, this.reference(thing.source));
      this.takePlace(thing);
      return this.spend(COST.thing);
    }
    const names = Object.keys(thing);
    const values = Object.values(thing) as unknown[];
    const prototype = Object.getPrototypeOf(thing) as object | null;
    if (prototype === Object.prototype || prototype === null) {
      const shape = prototype === null ? undefined : SHAPES.get(names.join());
      if (shape !== undefined) return this.open(thing, [OP.record, shape], names, values);
      for (const name of names) this.placeAtom(name);
      return this.open(thing, [prototype === null ? OP.bare : OP.object, names.length], names, values);
    }
    const kind = KINDS.get(prototype);
    if (kind === undefined || INSTANCE_MEMBERS[kind]!.join() !== names.join()) {
      throw new TypeError(`a snapshot cannot travel with a ${thing.constructor.name} of members ${names.join()}`);
    }
    this.open(thing, [OP.instance, kind], names, values);
  }

  private open(
    thing: object,
    opening: readonly number[],
    names: readonly string[] | undefined,
    values: readonly unknown[],
  ): void {
    this.begun.add(thing);
    this.frames.push({ thing, opening, names, values, next: 0 });
  }

  private end({ thing, opening, names, values }: Frame): void {
    const { code } = this;
    code.push(...opening);
    const isNamed = opening[0] === OP.object || opening[0] === OP.bare;
    values.forEach((value, index) => {
      if (isNamed) code.push(this.reference(names![index]));
      code.push(this.memberReference(thing, names?.[index] ?? index, value));
    });
    this.begun.delete(thing);
    this.takePlace(thing);
    for (const { of, member } of this.mendings.get(thing) ?? []) {
      this.begin(member);
      code.push(OP.mend, this.placeOf(of), this.reference(member), this.placeOf(thing));
    }
    this.mendings.delete(thing);
    this.spend(COST.thing + values.length);
  }

  // ── filling ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Yields between steps. */
  private *fill(thing: Fillable): Generator<void, void, void> {
    if (ArrayBuffer.isView(thing)) return yield* this.fillNumbers(thing);
    const opening = thing instanceof Map ? OP.entries : thing instanceof Set ? OP.members : OP.items;
    let references: number[] = [];
    let count = 0;
    const step = (): void => {
      this.code.push(opening, this.placeOf(thing), count, ...references);
      this.spend(count * COST.entry);
      references = [];
      count = 0;
    };
    for (const entry of thing as Iterable<unknown>) {
      for (const value of thing instanceof Map ? (entry as readonly unknown[]) : [entry]) {
        this.make(value);
        references.push(this.reference(value));
      }
      if (++count < STEP) continue;
      step();
      yield;
    }
    if (count > 0) step();
    yield;
  }

  private *fillNumbers(numbers: NumberArray): Generator<void, void, void> {
    const length = STRETCH_BYTES / numbers.BYTES_PER_ELEMENT;
    for (let first = 0; first < numbers.length; first += length) {
      this.stretches.push(numbers.slice(first, first + length));
      this.code.push(OP.stretch, this.placeOf(numbers), first, this.stretches.length - 1);
      this.spend(COST.stretch);
      yield;
    }
  }
}

/** What is made empty and filled later. */
type Fillable = ReadonlyMap<unknown, unknown> | ReadonlySet<unknown> | readonly unknown[] | NumberArray;

function isFillable(thing: object): thing is Fillable {
  return thing instanceof Map || thing instanceof Set || Array.isArray(thing) || kindOfNumbers(thing) >= 0;
}

function kindOfNumbers(thing: object): number {
  return NUMBER_ARRAYS.findIndex((kind) => thing instanceof kind);
}

/** The instruction to make it. */
function blankOf(thing: Fillable): readonly number[] {
  if (ArrayBuffer.isView(thing)) return [OP.numbers, kindOfNumbers(thing), thing.length];
  return [thing instanceof Map ? OP.map : thing instanceof Set ? OP.set : OP.longList];
}

const SHAPES: ReadonlyMap<string, number> = new Map(RECORD_MEMBERS.map((names, shape) => [names.join(), shape]));
const KINDS: ReadonlyMap<object, number> = new Map(
  INSTANCES.map((make, kind) => [Object.getPrototypeOf(make()) as object, kind]),
);
