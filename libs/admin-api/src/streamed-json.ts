import { randomUUID } from 'node:crypto';
import { Problem } from '#problem';
import { GatheredBytes } from './gathered-bytes.js';
import { MAXIMUM_DEPTH, parsedJson } from './json-body.js';
import { invalid } from './request.pipe.js';

export interface StreamedJsonLimits {
  /** Bytes of everything that is in no streamed list. */
  readonly restBytes: number;
  /** Elements of all streamed lists together. */
  readonly elements: number;
  /** Members, and values in lists, of one element. */
  readonly elementValues: number;
  /** Bytes of one element: it is read in one step. */
  readonly elementBytes: number;
  /** Bytes, in UTF-8, of one document in a text of an element; whoever reads the element refuses what is a little more. */
  readonly documentBytes: number;
}

/** Members whose lists are read element by element, of a body or of a map in it. */
const STREAMED: ReadonlySet<string> = new Set(['files', 'changed', 'removed']);
const STREAMED_DEPTH = 2;
const LONGEST_NAME = 16;
const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a] as const;
/** What documents of one file are parted by, three in a row. */
const [HYPHEN, DOT] = [0x2d, 0x2e] as const;
const [LETTER_N, LETTER_U] = [0x6e, 0x75] as const;
const BEFORE_LAST = 2;
/** Signs that may have come of what parts documents, before that is known. */
const SLACK = 4;
/** Of a sign that is written as its number. */
const CODE_DIGITS = 4;
const [OPEN_LIST, CLOSE_LIST, OPEN_MAP, CLOSE_MAP] = [0x5b, 0x5d, 0x7b, 0x7d] as const;

interface StreamedList {
  readonly elements: unknown[];
  /** Maps and lists that are open around its elements, itself included. */
  readonly depth: number;
  /** Before its first element, behind a comma, in an element, behind one. */
  place: 'first' | 'next' | 'inside' | 'behind';
}

/**
 * Reads the JSON of a large body as it comes. Its long lists are read element by element: no step takes longer than the
 * largest element, and what was read is not held a second time as bytes. What comes out is what `jsonBody` makes of the
 * whole.
 */
export class StreamedJson {
  readonly #limits: StreamedJsonLimits;
  readonly #onElement: (element: unknown) => void;
  /** Stands for a streamed list in the rest; nobody who sends a body knows it. */
  readonly #mark = randomUUID();
  readonly #lists: StreamedList[] = [];
  readonly #rest = new GatheredBytes();
  #elementCount = 0;
  /** The list that is being read. */
  #list: StreamedList | undefined;
  /** What came in chunks before of the element that is being read. */
  readonly #element = new GatheredBytes();
  #elementValues = 0;
  /** Whether it is a number or a word, which end where anything else begins. */
  #isBare = false;
  #depth = 0;
  #isText = false;
  #isEscaped = false;
  /**
   * Of the document that is being read in a text of an element: it has at least so many bytes. It may begin anew wherever
   * something stands that may part documents, so that none is taken for larger than it is.
   */
  #documentBytes = 0;
  /** Where it begins, counting from 1. */
  #documentLine = 1;
  #line = 1;
  #sign = 0;
  #signs = 0;
  #isTooLarge = false;
  /** By depth, the member that is being read; a list has none. */
  readonly #members: (string | undefined)[] = [];
  /**
   * What there is of a text that may name a member, without what is escaped in it; undefined where it cannot be one of ours.
   * Another list that is taken for one comes out as it is, too.
   */
  #name: number[] | undefined;
  #lastText: string | undefined;

  /** @param onElement  told of each element of a streamed list as soon as it is read; what it throws ends the reading */
  constructor(limits: StreamedJsonLimits, onElement: (element: unknown) => void = () => {}) {
    this.#limits = limits;
    this.#onElement = onElement;
  }

  /** @throws Problem `request-not-json`, `request-invalid` */
  push(chunk: Uint8Array): void {
    // Where that begins which is to be kept of this chunk.
    let from = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      if (this.#isText) {
        at = this.#throughText(chunk, at);
        if (this.#isTooLarge) throw this.#tooLarge(chunk, from);
        if (!this.#isText && this.#isAtElement()) from = this.#endElement(chunk, from, at + 1);
        continue;
      }
      const byte = chunk[at]!;
      const list = this.#list;
      if (list !== undefined && list.place !== 'inside') {
        if (isSpace(byte)) continue;
        if (byte === CLOSE_LIST && list.place !== 'next') {
          this.#depth -= 1;
          this.#list = undefined;
          from = at;
          continue;
        }
        if (list.place === 'behind') {
          if (byte !== COMMA) throw notJson('between elements of a list there is no comma');
          list.place = 'next';
          continue;
        }
        this.#beginElement(list, byte);
        from = at;
      }
      if (this.#isBare && this.#isAtElement()) {
        if (isBare(byte)) continue;
        from = this.#endElement(chunk, from, at);
        // This sign is looked at again: it stands behind the element.
        at -= 1;
        continue;
      }
      this.#read(byte);
      if ((byte === CLOSE_MAP || byte === CLOSE_LIST) && this.#isAtElement()) {
        from = this.#endElement(chunk, from, at + 1);
      } else if (byte === OPEN_LIST && this.#isStreamed()) {
        this.#keep(chunk.subarray(from, at + 1));
        this.#beginList();
      }
    }
    if (this.#list === undefined) this.#keep(chunk.subarray(from));
    else if (this.#list.place === 'inside') this.#gather(chunk.subarray(from));
  }

  /**
   * What was read; undefined for an empty body.
   *
   * @throws Problem `request-not-json`, `request-invalid`
   */
  end(): unknown {
    if (this.#list !== undefined) throw notJson('it ends in the middle of a list');
    return this.#rest.length === 0 ? undefined : this.#filled(parsedJson(this.#rest.take()));
  }

  /** @returns where the text ends, or the chunk */
  #throughText(chunk: Uint8Array, start: number): number {
    return this.#list === undefined ? this.#throughName(chunk, start) : this.#throughDocuments(chunk, start);
  }

  #throughDocuments(chunk: Uint8Array, start: number): number {
    // What was counted of this chunk.
    let from = start;
    for (let at = start; at < chunk.length; at += 1) {
      const byte = chunk[at]!;
      if (this.#isEscaped) {
        this.#isEscaped = false;
        if (byte === LETTER_N) this.#line += 1;
        // It may stand for any sign, also for one that parts documents together with those before it.
        if (byte === LETTER_U) {
          this.#count(at - from - 1 - BEFORE_LAST);
          from = at + 1;
          this.#beginDocument(-CODE_DIGITS);
        } else this.#documentBytes -= 1;
      } else if (byte === BACKSLASH) this.#isEscaped = true;
      else if (byte === QUOTE) {
        this.#isText = false;
        this.#count(at - from);
        return at;
      } else if (byte === HYPHEN || byte === DOT) {
        this.#signs = byte === this.#sign ? this.#signs + 1 : 1;
        this.#sign = byte;
        if (this.#signs > BEFORE_LAST) {
          this.#count(at - from - BEFORE_LAST);
          from = at + 1;
          this.#beginDocument(0);
        }
        continue;
      }
      this.#sign = 0;
    }
    this.#count(chunk.length - from);
    return chunk.length;
  }

  #count(bytes: number): void {
    this.#documentBytes += bytes;
    if (this.#documentBytes > this.#limits.documentBytes + SLACK) this.#isTooLarge = true;
  }

  #beginDocument(bytes: number): void {
    if (this.#isTooLarge) return;
    this.#documentBytes = bytes;
    this.#documentLine = this.#line;
  }

  #throughName(chunk: Uint8Array, start: number): number {
    for (let at = start; at < chunk.length; at += 1) {
      const byte = chunk[at]!;
      if (this.#isEscaped) this.#isEscaped = false;
      else if (byte === BACKSLASH) this.#isEscaped = true;
      else if (byte === QUOTE) {
        this.#isText = false;
        this.#lastText = this.#name && String.fromCharCode(...this.#name);
        return at;
      } else if (this.#name !== undefined) {
        this.#name.push(byte);
        if (this.#name.length > LONGEST_NAME) this.#name = undefined;
      }
    }
    return chunk.length;
  }

  /** One sign outside of texts. */
  #read(byte: number): void {
    switch (byte) {
      case QUOTE:
        this.#isText = true;
        this.#documentBytes = 0;
        this.#documentLine = this.#line = 1;
        this.#sign = 0;
        this.#name = this.#isAboveLists() ? [] : undefined;
        return;
      case OPEN_MAP:
      case OPEN_LIST:
        this.#open();
        return;
      case CLOSE_MAP:
      case CLOSE_LIST:
        this.#depth -= 1;
        return;
      case COLON:
        if (this.#isAboveLists()) this.#members[this.#depth] = this.#lastText;
        return;
      case COMMA:
        if (this.#list !== undefined) this.#countValue();
        else this.#members[this.#depth] = undefined;
    }
  }

  #open(): void {
    this.#depth += 1;
    // What reads it after us recurses.
    if (this.#depth > MAXIMUM_DEPTH)
      throw notJson(`it has more than ${MAXIMUM_DEPTH} maps and lists inside one another`);
    this.#members[this.#depth] = undefined;
    if (this.#list !== undefined) this.#countValue();
  }

  /** Whether names of members are looked at here. */
  #isAboveLists(): boolean {
    return this.#list === undefined && this.#depth <= STREAMED_DEPTH;
  }

  /** Whether the list that was just opened is the value of a member of ours, with nothing but maps around it. */
  #isStreamed(): boolean {
    if (this.#list !== undefined || this.#depth < 2 || this.#depth > STREAMED_DEPTH + 1) return false;
    const names = this.#members.slice(1, this.#depth);
    return names.every((name) => name !== undefined) && STREAMED.has(names.at(-1)!);
  }

  /** Whether nothing is open inside the element that is being read. */
  #isAtElement(): boolean {
    return this.#list !== undefined && this.#list.place === 'inside' && this.#depth === this.#list.depth;
  }

  #beginList(): void {
    this.#list = { elements: [], depth: this.#depth, place: 'first' };
    this.#keep(Buffer.from(JSON.stringify(this.#markOf(this.#lists.length))));
    this.#lists.push(this.#list);
  }

  #beginElement(list: StreamedList, byte: number): void {
    list.place = 'inside';
    this.#isBare = byte !== QUOTE && byte !== OPEN_MAP && byte !== OPEN_LIST;
    this.#elementValues = 0;
    this.#elementCount += 1;
    const { elements } = this.#limits;
    if (this.#elementCount > elements) throw beyond(`lists have more than ${elements} elements together`);
  }

  #countValue(): void {
    this.#elementValues += 1;
    const { elementValues } = this.#limits;
    if (this.#elementValues > elementValues) throw beyond(`an element of a list has more than ${elementValues} values`);
  }

  /** @returns where goes on what is to be kept */
  #endElement(chunk: Uint8Array, from: number, until: number): number {
    const list = this.#list!;
    const last = chunk.subarray(from, until);
    // Nearly all of them lie in one chunk.
    const isWhole = this.#element.length === 0;
    if (!isWhole) this.#gather(last);
    const element = parsedJson(isWhole ? last : this.#element.take());
    list.elements.push(element);
    list.place = 'behind';
    this.#onElement(element);
    return until;
  }

  #gather(bytes: Uint8Array): void {
    const { elementBytes } = this.#limits;
    if (this.#element.length + bytes.length > elementBytes) {
      throw new Problem('file-too-large', { file: fileIn(this.#headOf(bytes)), limit: elementBytes });
    }
    this.#element.add(bytes);
  }

  #tooLarge(chunk: Uint8Array, from: number): Problem {
    const { documentBytes: limit } = this.#limits;
    const file = fileIn(this.#headOf(chunk.subarray(from)));
    return new Problem('document-too-large', { file, line: this.#documentLine, limit });
  }

  /** How the element begins that is being read. */
  #headOf(last: Uint8Array): Uint8Array {
    return this.#element.length === 0 ? last : this.#element.take();
  }

  #keep(bytes: Uint8Array): void {
    const { restBytes } = this.#limits;
    if (this.#rest.length + bytes.length > restBytes) {
      throw beyond(`beside its lists it has more than ${restBytes} bytes`);
    }
    this.#rest.add(bytes);
  }

  #markOf(list: number): string {
    return `${this.#mark}:${list}`;
  }

  /** Puts the lists where their marks stand. */
  #filled(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    if (!Array.isArray(value)) {
      return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, this.#filled(member)]));
    }
    const [mark] = value as readonly unknown[];
    const list = value.length === 1 ? this.#lists.find((_, index) => this.#markOf(index) === mark) : undefined;
    return list === undefined ? value.map((one) => this.#filled(one)) : list.elements;
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** Signs of numbers, and of `true`, `false` and `null`. */
function isBare(byte: number): boolean {
  const isDigit = byte >= 0x30 && byte <= 0x39;
  const isLetter = (byte >= 0x61 && byte <= 0x7a) || byte === 0x45;
  return isDigit || isLetter || byte === 0x2b || byte === 0x2d || byte === 0x2e;
}

/** The name that an element says first, where it is a plain one. */
function fileIn(head: Uint8Array): string {
  const start = Buffer.from(head.subarray(0, HEAD_BYTES)).toString('utf8');
  return /^\s*\{\s*"file"\s*:\s*"([^"\\]{1,512})"/.exec(start)?.[1] ?? 'a file';
}

const HEAD_BYTES = 1_024;

function notJson(fault: string): Problem {
  return new Problem('request-not-json', { fault });
}

function beyond(message: string): Problem {
  return invalid([{ pointer: '', message }]);
}
