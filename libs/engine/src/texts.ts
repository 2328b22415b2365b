/**
 * Many texts, kept as plain numbers outside the heap: a hundred thousand of them are nothing that a collection has to look
 * at, and are carried to another thread by copying a few stretches of memory.
 */

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

  /** @param place  of a text that is there */
  at(place: number): string {
    return (
      this.made.get(place) ?? this.made.keep(place, textAt(this.units, this.starts[place]!, this.starts[place + 1]!))
    );
  }
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
