/**
 * Many texts, kept as plain numbers outside the heap: a hundred thousand of them are nothing that a collection has to look
 * at, and are carried to another thread by copying a few stretches of memory.
 */

import { byBytes } from './ordering.js';
import type { Steps } from './steps.js';

/** A slot holds a text's hash, where it begins and ends, and its number; 0 where the slot is free. */
const SLOT = 4;
const FROM = 1;
const END = 2;
const NUMBER = 3;

/** Numbers by text: open addressing over the UTF-16 units of the texts. */
export class TextNumbers {
  private readonly units: Uint16Array;
  private readonly slots: Int32Array;
  private readonly mask: number;
  /** Units of the longest text: a longer one need not be looked for. */
  private readonly longest: number;

  /** @param numbers  each text once, with a number that is not 0 */
  constructor(numbers: ReadonlyMap<string, number>) {
    this.units = new Uint16Array(lengthOf(numbers.keys()));
    let size = 4;
    while (size < numbers.size * 1.5) size *= 2;
    this.slots = new Int32Array(size * SLOT);
    this.mask = size - 1;
    let longest = 0;
    let from = 0;
    for (const [text, number] of numbers) {
      const end = write(text, this.units, from);
      const hash = hashOf(text);
      let slot = this.firstSlot(hash);
      while (this.slots[slot + NUMBER] !== 0) slot = this.nextSlot(slot);
      this.slots[slot] = hash;
      this.slots[slot + FROM] = from;
      this.slots[slot + END] = end;
      this.slots[slot + NUMBER] = number;
      if (text.length > longest) longest = text.length;
      from = end;
    }
    this.longest = longest;
  }

  /** @returns 0 for a text that has none */
  get(text: string): number {
    if (text.length > this.longest) return 0;
    const { slots } = this;
    const hash = hashOf(text);
    for (let slot = this.firstSlot(hash); ; slot = this.nextSlot(slot)) {
      const number = slots[slot + NUMBER]!;
      if (number === 0 || (slots[slot] === hash && this.isAt(slots[slot + FROM]!, slots[slot + END]!, text)))
        return number;
    }
  }

  /** All of them with their numbers, in no order. */
  *entries(): Generator<readonly [text: string, number: number], void, void> {
    const { slots, units } = this;
    for (let slot = 0; slot < slots.length; slot += SLOT) {
      const number = slots[slot + NUMBER]!;
      if (number !== 0) yield [textAt(units, slots[slot + FROM]!, slots[slot + END]!), number];
    }
  }

  private firstSlot(hash: number): number {
    return (hash & this.mask) * SLOT;
  }

  private nextSlot(slot: number): number {
    return (slot + SLOT) & (this.mask * SLOT);
  }

  private isAt(from: number, end: number, text: string): boolean {
    if (end - from !== text.length) return false;
    const { units } = this;
    for (let index = 0; index < text.length; index++) {
      if (units[from + index] !== text.charCodeAt(index)) return false;
    }
    return true;
  }
}

/** Texts by number, from 0. */
export class TextList {
  private readonly units: Uint16Array;
  /** Where each begins, and at last where the last ends. */
  private readonly starts: Int32Array;
  private readonly made: Cache<string>;

  constructor(texts: readonly string[]) {
    this.units = new Uint16Array(lengthOf(texts));
    this.starts = new Int32Array(texts.length + 1);
    this.made = new Cache(texts.length);
    let end = 0;
    texts.forEach((text, place) => {
      this.starts[place] = end;
      end = write(text, this.units, end);
    });
    this.starts[texts.length] = end;
  }

  get length(): number {
    return this.starts.length - 1;
  }

  /** In a list in the order of bytes: where texts stand, or would stand. */
  *placesOf(texts: readonly string[]): Steps<readonly number[]> {
    const places: number[] = [];
    for (const text of texts) {
      if (places.length % SOUGHT_A_STEP === 0) yield;
      places.push(this.placeOf(text));
    }
    return places;
  }

  private placeOf(text: string): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (byBytes(this.at(middle), text) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * A list in the order of bytes in which some texts are no longer and others are too. Nearly all of it is copied in long
   * stretches.
   *
   * @param gone  places, ascending
   * @param added  in order, none of which stays as well
   */
  *with(gone: readonly number[], added: readonly string[]): Steps<Moved> {
    const { length } = this;
    const places = new Int32Array(length).fill(-1);
    const addedPlaces: number[] = [];
    const count = length - gone.length + added.length;
    const goneUnits = gone.reduce((sum, place) => sum + this.starts[place + 1]! - this.starts[place]!, 0);
    const units = new Uint16Array(this.units.length - goneUnits + lengthOf(added));
    const starts = new Int32Array(count + 1);
    const before = yield* this.placesOf(added);
    let end = 0;
    let next = 0;
    let nextGone = 0;
    for (let place = 0; ;) {
      while (addedPlaces.length < added.length && before[addedPlaces.length] === place) {
        starts[next] = end;
        end = write(added[addedPlaces.length]!, units, end);
        addedPlaces.push(next++);
      }
      if (place === length) break;
      if (gone[nextGone] === place) {
        nextGone += 1;
        place += 1;
        continue;
      }
      const until = Math.min(gone[nextGone] ?? length, before[addedPlaces.length] ?? length, place + STRETCH);
      const [from, behind] = [this.starts[place]!, this.starts[until]!];
      units.set(this.units.subarray(from, behind), end);
      for (const shift = end - from; place < until; place++) {
        starts[next] = this.starts[place]! + shift;
        places[place] = next++;
      }
      end += behind - from;
      yield;
    }
    starts[count] = end;
    const list = Object.assign(new TextList([]), { units, starts, made: new Cache<string>(count) });
    return { list, places, added: addedPlaces };
  }

  /** @param place  of a text that is there */
  at(place: number): string {
    return (
      this.made.get(place) ?? this.made.keep(place, textAt(this.units, this.starts[place]!, this.starts[place + 1]!))
    );
  }
}

/** What became of the places of a list when some texts went and others came. */
export interface Moved {
  readonly list: TextList;
  /** By the place before: the place after, -1 for a text that went. */
  readonly places: Int32Array;
  /** Where those that came stand. */
  readonly added: readonly number[];
}

/** What was made of plain numbers once, so that it is not made again. */
export class Cache<Value> {
  /** A page is there once something on it was made. */
  private readonly pages: ((Value | undefined)[] | undefined)[];

  /** @param size  values there may be */
  constructor(size: number) {
    this.pages = Array.from({ length: Math.ceil(size / PAGE) }, () => undefined);
  }

  get(place: number): Value | undefined {
    return this.pages[place >> PAGE_BITS]?.[place & (PAGE - 1)];
  }

  keep(place: number, value: Value): Value {
    const page = (this.pages[place >> PAGE_BITS] ??= Array.from({ length: PAGE }, () => undefined));
    return (page[place & (PAGE - 1)] = value);
  }
}

const { imul } = Math;

/** Texts looked for in one step. */
const SOUGHT_A_STEP = 32;
/** Texts copied in one step. */
const STRETCH = 4_096;
const PAGE_BITS = 6;
const PAGE = 1 << PAGE_BITS;

function lengthOf(texts: Iterable<string>): number {
  let length = 0;
  for (const text of texts) length += text.length;
  return length;
}

function textAt(units: Uint16Array, from: number, end: number): string {
  let text = '';
  // A call takes only so many arguments.
  for (let next = from; next < end; next += 1024) {
    text += String.fromCharCode(...units.subarray(next, Math.min(end, next + 1024)));
  }
  return text;
}

/** @returns where it ends */
function write(text: string, units: Uint16Array, from: number): number {
  for (let index = 0; index < text.length; index++) units[from + index] = text.charCodeAt(index);
  return from + text.length;
}

/** FNV-1a over UTF-16 units, stirred once more, for a table looks at the low bits alone. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = imul(hash ^ (hash >>> 15), 0x85ebca6b);
  return hash ^ (hash >>> 13);
}
