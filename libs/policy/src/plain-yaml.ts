import type { Json } from '#engine';
import { MAXIMUM_DEPTH } from './limits.js';
import type { OffsetRecord, Offsets } from './plain-offsets.js';
import { plainScalar } from './plain-scalar.js';

/** Printable ASCII and letters beyond it; no tabs, no carriage returns, nothing that breaks lines elsewhere. */
const ORDINARY = /^[\n -~\u00a1-\u1fff\u2030-\ud7ff\uf900-\ufdff]*$/;
const BLANK_LINE = / *(?:#[^\n]*)?(?:\n|$)/y;
const NAME = /[A-Za-z_$][A-Za-z0-9_./$-]*(?=:(?: |\n|$))/y;
const UNQUOTED = /[^"\\\n]*/y;
const FLOW_TEXT = /[^\n,[\]{}]*/y;
/** How a text without quotes may begin, so that it is a text in every place. */
const PLAIN_START = /[A-Za-z0-9_/$(]/;
const REST_OF_LINE = / *(?: #[^\n]*)?(?:\n|$)/y;
/** Thrown where a document leaves the plain form. */
const UNUSUAL = Symbol('unusual');

/**
 * Reads a document written in the plain form that nearly all are: block maps and lists, braces, texts on one line. About
 * ten times faster than a whole YAML reader.
 *
 * INVARIANT: whatever is read here, a whole YAML 1.2 reader reads as the same values and without complaint; anything else
 * is left to it. plain-yaml.spec.ts holds the two against each other.
 *
 * @param record  filled with offsets when given
 * @returns `undefined` where the form is not plain, which says nothing about the document's soundness
 */
export function readPlainYaml(text: string, record?: OffsetRecord): Json | undefined {
  if (!ORDINARY.test(text)) return undefined;
  try {
    return new PlainReader(text, record).document();
  } catch (error) {
    if (error === UNUSUAL) return undefined;
    throw error;
  }
}

class PlainReader {
  private at = 0;

  constructor(
    private readonly text: string,
    private readonly record: OffsetRecord | undefined,
  ) {}

  document(): Json {
    if (this.text.startsWith('---\n')) this.at = 4;
    const indent = this.nextLine();
    if (indent !== 0) throw UNUSUAL;
    const value = this.block(0, 1);
    if (this.nextLine() >= 0) throw UNUSUAL;
    return value;
  }

  /** Skips blank lines and remarks; gives the next line's indent and stands at its text, or -1 at the end. */
  private nextLine(): number {
    for (;;) {
      if (this.at >= this.text.length) return -1;
      BLANK_LINE.lastIndex = this.at;
      const blank = BLANK_LINE.exec(this.text);
      if (blank === null) break;
      this.at += blank[0].length;
    }
    const start = this.at;
    while (this.text.charCodeAt(this.at) === 0x20) this.at += 1;
    return this.at - start;
  }

  /** A map or list whose first line's text starts here, `indent` columns in. */
  private block(indent: number, depth: number): Json {
    if (depth > MAXIMUM_DEPTH) throw UNUSUAL;
    return this.isDash() ? this.blockList(indent, depth) : this.blockMap(indent, depth);
  }

  private isDash(): boolean {
    if (this.text[this.at] !== '-') return false;
    const after = this.text[this.at + 1];
    return after === ' ' || after === '\n' || after === undefined;
  }

  private blockMap(indent: number, depth: number): Json {
    const map = Object.create(null) as { [member: string]: Json };
    const offsets = this.recordFor(map);
    for (;;) {
      const name = this.at;
      const member = this.name();
      if (this.text[this.at] !== ':' || Object.hasOwn(map, member)) throw UNUSUAL;
      this.at += 1;
      const value = this.valueBehind(indent, depth);
      map[member] = value.json;
      offsets?.set(member, { name, value: value.offset ?? name });
      if (!this.continues(indent)) return map;
      if (this.isDash()) throw UNUSUAL;
    }
  }

  private blockList(indent: number, depth: number): Json {
    const list: Json[] = [];
    const offsets = this.recordFor(list);
    for (;;) {
      const dash = this.at;
      if (!this.isDash()) throw UNUSUAL;
      this.at += 1;
      const value = this.itemBehind(indent, depth);
      offsets?.set(list.length, { name: dash, value: value.offset ?? dash });
      list.push(value.json);
      if (!this.continues(indent)) return list;
      if (!this.isDash()) {
        // A member of the map around, where its list stands no deeper than the map.
        this.at -= indent;
        return list;
      }
    }
  }

  /** Whether the next line is at this indent; stands at its text then, else at its start. A deeper one is unusual. */
  private continues(indent: number): boolean {
    const next = this.nextLine();
    if (next === indent) return true;
    if (next > indent) throw UNUSUAL;
    if (next >= 0) this.at -= next;
    return false;
  }

  private name(): string {
    if (this.text[this.at] === '"' || this.text[this.at] === "'") {
      const name = this.quoted();
      if (name.length > 500) throw UNUSUAL;
      return name;
    }
    NAME.lastIndex = this.at;
    const match = NAME.exec(this.text);
    if (match === null || match[0].length > 500 || typeof plainScalar(match[0]) !== 'string') throw UNUSUAL;
    this.at += match[0].length;
    return match[0];
  }

  /** What stands behind `name:`, on its line or below. */
  private valueBehind(indent: number, depth: number): Value {
    const sign = this.text[this.at];
    if (sign === ' ') {
      const behind = this.onLine(indent, depth);
      if (behind !== undefined) return behind;
    }
    this.restOfLine();
    const next = this.nextLine();
    if (next > indent || (next === indent && this.isDash()))
      return { offset: this.at, json: this.block(next, depth + 1) };
    if (next >= 0) this.at -= next;
    return { json: null };
  }

  /** What stands behind a dash: like a member's value, or the first member of a map. */
  private itemBehind(indent: number, depth: number): Value {
    const dash = this.at - 1;
    const spaces = this.spaces();
    if (spaces > 0 && this.text[this.at] !== '\n' && this.text[this.at] !== '#' && this.at < this.text.length) {
      if (this.isDash()) throw UNUSUAL;
      if (this.startsMember()) return { offset: this.at, json: this.blockMap(indent + this.at - dash, depth + 1) };
      this.at -= spaces;
      return this.onLine(indent, depth) ?? fail();
    }
    this.at -= spaces;
    this.restOfLine();
    const next = this.nextLine();
    if (next > indent) return { offset: this.at, json: this.block(next, depth + 1) };
    if (next >= 0) this.at -= next;
    return { json: null };
  }

  private startsMember(): boolean {
    const start = this.at;
    const sign = this.text[start];
    if (sign === '"' || sign === "'") {
      this.quoted();
      const isMember = this.text[this.at] === ':';
      this.at = start;
      return isMember;
    }
    NAME.lastIndex = start;
    return NAME.test(this.text);
  }

  /** A scalar or braces on the rest of this line; `undefined` when the line holds none. */
  private onLine(indent: number, depth: number): Value | undefined {
    const spaces = this.spaces();
    const offset = this.at;
    const sign = this.text[this.at];
    if (sign === undefined || sign === '\n' || sign === '#') {
      this.at -= spaces;
      return undefined;
    }
    let json: Json;
    if (sign === '{' || sign === '[') json = this.flow(depth + 1);
    else if (sign === '"' || sign === "'") json = this.quoted();
    else json = this.plain(false);
    this.restOfLine();
    // Deeper lines would continue a text.
    const next = this.nextLine();
    if (next > indent) throw UNUSUAL;
    if (next >= 0) this.at -= next;
    return { offset, json };
  }

  private flow(depth: number): Json {
    if (depth > MAXIMUM_DEPTH) throw UNUSUAL;
    return this.text[this.at] === '{' ? this.flowMap(depth) : this.flowList(depth);
  }

  private flowMap(depth: number): Json {
    const map = Object.create(null) as { [member: string]: Json };
    const offsets = this.recordFor(map);
    this.at += 1;
    this.spaces();
    if (this.takes('}')) return map;
    for (;;) {
      const name = this.at;
      const member = this.name();
      if (this.text[this.at] !== ':' || this.text[this.at + 1] !== ' ' || Object.hasOwn(map, member)) throw UNUSUAL;
      this.at += 2;
      this.spaces();
      offsets?.set(member, { name, value: this.at });
      map[member] = this.flowValue(depth);
      this.spaces();
      if (this.takes('}')) return map;
      this.comma();
    }
  }

  private flowList(depth: number): Json {
    const list: Json[] = [];
    const offsets = this.recordFor(list);
    this.at += 1;
    this.spaces();
    if (this.takes(']')) return list;
    for (;;) {
      offsets?.set(list.length, { name: this.at, value: this.at });
      list.push(this.flowValue(depth));
      this.spaces();
      if (this.takes(']')) return list;
      this.comma();
    }
  }

  private flowValue(depth: number): Json {
    const sign = this.text[this.at];
    if (sign === '{' || sign === '[') return this.flow(depth + 1);
    if (sign === '"' || sign === "'") return this.quoted();
    return this.plain(true);
  }

  private comma(): void {
    if (!this.takes(',')) throw UNUSUAL;
    this.spaces();
  }

  private takes(sign: string): boolean {
    if (this.text[this.at] !== sign) return false;
    this.at += 1;
    return true;
  }

  private spaces(): number {
    const start = this.at;
    while (this.text.charCodeAt(this.at) === 0x20) this.at += 1;
    return this.at - start;
  }

  private restOfLine(): void {
    REST_OF_LINE.lastIndex = this.at;
    const rest = REST_OF_LINE.exec(this.text);
    if (rest === null) throw UNUSUAL;
    this.at += rest[0].length;
  }

  private quoted(): string {
    return this.text[this.at] === '"' ? this.doubleQuoted() : this.singleQuoted();
  }

  private doubleQuoted(): string {
    const start = this.at;
    this.at += 1;
    for (;;) {
      UNQUOTED.lastIndex = this.at;
      this.at += UNQUOTED.exec(this.text)![0].length;
      if (this.takes('"')) return JSON.parse(this.text.slice(start, this.at)) as string;
      // Of YAML's escapes, those that JSON has with the same meaning.
      if (this.text[this.at] !== '\\' || !'"\\/bnrt'.includes(this.text[this.at + 1] ?? ' ')) throw UNUSUAL;
      this.at += 2;
    }
  }

  private singleQuoted(): string {
    const start = this.at + 1;
    for (let end = start; ; end += 2) {
      end = this.text.indexOf("'", end);
      if (end < 0) throw UNUSUAL;
      if (this.text[end + 1] === "'") continue;
      const written = this.text.slice(start, end);
      if (written.includes('\n')) throw UNUSUAL;
      this.at = end + 1;
      return written.replaceAll("''", "'");
    }
  }

  private plain(isInFlow: boolean): Json {
    if (!PLAIN_START.test(this.text[this.at] ?? ' ')) throw UNUSUAL;
    const line = isInFlow ? this.flowText() : this.lineText();
    const remark = line.indexOf(' #');
    const written = (remark < 0 ? line : line.slice(0, remark)).trimEnd();
    // A colon may start a map inside, and end the name of one.
    if (written.includes(': ') || written.includes(' :') || written.endsWith(':')) throw UNUSUAL;
    this.at += written.length;
    return this.resolved(written);
  }

  private resolved(written: string): Json {
    const value = plainScalar(written);
    if (value === undefined) throw UNUSUAL;
    return value;
  }

  private lineText(): string {
    const end = this.text.indexOf('\n', this.at);
    return this.text.slice(this.at, end < 0 ? this.text.length : end);
  }

  private flowText(): string {
    FLOW_TEXT.lastIndex = this.at;
    return FLOW_TEXT.exec(this.text)![0];
  }

  private recordFor(container: object): Map<string | number, Offsets> | undefined {
    if (this.record === undefined) return undefined;
    const offsets = new Map<string | number, Offsets>();
    this.record.set(container, offsets);
    return offsets;
  }
}

interface Value {
  readonly json: Json;
  /** Absent where nothing is written. */
  readonly offset?: number;
}

function fail(): never {
  throw UNUSUAL;
}
