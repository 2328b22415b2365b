import type { Json } from '#engine';
import { MAXIMUM_DEPTH, MAXIMUM_VALUES } from './limits.js';
import { isWellFormed } from './names.js';
import type { OffsetFault } from './source.js';

/**
 * Strict JSON (RFC 8259): members named twice, lone surrogates, too much depth and too many values are refused. Maps
 * have no prototype, so no member name is special.
 *
 * @param options.exactIntegers  refuse whole numbers that a double cannot hold, instead of rounding them
 */
export function parseJson(text: string, options: { readonly exactIntegers: boolean }): Json | OffsetRefusal {
  const reader = new JsonReader(text, options.exactIntegers);
  try {
    return reader.whole();
  } catch (error) {
    if (error instanceof OffsetRefusal) return error;
    throw error;
  }
}

/** Why a text is no JSON we take, and where. */
export class OffsetRefusal extends Error implements OffsetFault {
  constructor(
    readonly offset: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const ESCAPES: { readonly [sign: string]: string } = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

class JsonReader {
  private at = 0;
  private values = 0;

  constructor(
    private readonly text: string,
    private readonly exactIntegers: boolean,
  ) {}

  whole(): Json {
    this.space();
    const value = this.value(1);
    this.space();
    if (this.at < this.text.length) this.refuse('json-syntax', 'text after the end of the value');
    return value;
  }

  private value(depth: number): Json {
    this.values += 1;
    if (this.values > MAXIMUM_VALUES) this.refuse('too-large', `more than ${MAXIMUM_VALUES} values`);
    const sign = this.text[this.at];
    if (sign === '{') return this.map(depth);
    if (sign === '[') return this.list(depth);
    if (sign === '"') return this.string();
    if (this.text.startsWith('true', this.at)) return this.word('true', true);
    if (this.text.startsWith('false', this.at)) return this.word('false', false);
    if (this.text.startsWith('null', this.at)) return this.word('null', null);
    return this.number();
  }

  private map(depth: number): Json {
    this.enter(depth);
    const map = Object.create(null) as { [member: string]: Json };
    if (this.closes('}')) return map;
    for (;;) {
      const start = this.at;
      if (this.text[this.at] !== '"') this.refuse('json-syntax', 'a member name in double quotes is expected');
      const name = this.string();
      if (Object.hasOwn(map, name)) this.refuse('duplicate-key', `\`${name}\` is given twice`, start);
      this.space();
      if (this.text[this.at] !== ':') this.refuse('json-syntax', 'a `:` is expected after a member name');
      this.at += 1;
      this.space();
      map[name] = this.value(depth + 1);
      if (this.ends('}')) return map;
    }
  }

  private list(depth: number): Json {
    this.enter(depth);
    const list: Json[] = [];
    if (this.closes(']')) return list;
    for (;;) {
      list.push(this.value(depth + 1));
      if (this.ends(']')) return list;
    }
  }

  private enter(depth: number): void {
    if (depth > MAXIMUM_DEPTH) this.refuse('too-deep', `more than ${MAXIMUM_DEPTH} maps and lists inside one another`);
    this.at += 1;
    this.space();
  }

  private closes(sign: '}' | ']'): boolean {
    if (this.text[this.at] !== sign) return false;
    this.at += 1;
    return true;
  }

  private ends(sign: '}' | ']'): boolean {
    this.space();
    if (this.closes(sign)) return true;
    if (this.text[this.at] !== ',') this.refuse('json-syntax', `a \`,\` or \`${sign}\` is expected`);
    this.at += 1;
    this.space();
    return false;
  }

  private string(): string {
    const start = this.at;
    this.at += 1;
    let result = '';
    for (;;) {
      PLAIN.lastIndex = this.at;
      PLAIN.test(this.text);
      result += this.text.slice(this.at, PLAIN.lastIndex);
      this.at = PLAIN.lastIndex;
      const sign = this.text[this.at];
      if (sign === '"') break;
      if (sign !== '\\') this.refuse('json-syntax', 'a text is not closed, or holds a raw control character', start);
      result += this.escape();
    }
    this.at += 1;
    if (!isWellFormed(result)) this.refuse('json-syntax', 'a text holds half a character (a lone surrogate)', start);
    return result;
  }

  private escape(): string {
    const sign = this.text[this.at + 1];
    if (sign === 'u') {
      const hex = this.text.slice(this.at + 2, this.at + 6);
      if (!/^[0-9a-fA-F]{4}$/.test(hex)) this.refuse('json-syntax', '`\\u` needs four hexadecimal digits');
      this.at += 6;
      return String.fromCharCode(Number.parseInt(hex, 16));
    }
    const meant = sign !== undefined && Object.hasOwn(ESCAPES, sign) ? ESCAPES[sign] : undefined;
    if (meant === undefined) this.refuse('json-syntax', 'this escape does not exist');
    this.at += 2;
    return meant;
  }

  private number(): number {
    NUMBER.lastIndex = this.at;
    const match = NUMBER.exec(this.text);
    if (match === null) this.refuse('json-syntax', 'a value is expected');
    const value = Number(match[0]);
    if (!Number.isFinite(value)) this.refuse('number-out-of-range', `\`${match[0].slice(0, 40)}\` is out of range`);
    const isWhole = match[1] === undefined && match[2] === undefined;
    if (this.exactIntegers && isWhole && !Number.isSafeInteger(value)) {
      this.refuse('number-out-of-range', `\`${match[0].slice(0, 40)}\` is too large a number; write it in quotes`);
    }
    this.at += match[0].length;
    return value;
  }

  private word<Value>(word: string, value: Value): Value {
    this.at += word.length;
    return value;
  }

  private space(): void {
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.at += 1;
    }
  }

  private refuse(code: string, message: string, offset = this.at): never {
    throw new OffsetRefusal(offset, code, message);
  }
}
