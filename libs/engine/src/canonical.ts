/**
 * The one canonicaliser of request targets: used for rules when they are compiled and for requests before they are
 * matched. It judges the raw text and refuses whatever two parties could read differently. Linear in the input.
 *
 * @see docs/semantics.md, section 7
 */
import { parseAddress } from '#cel';

/** The longest request target (path and query together), topic, action or resource id, in bytes of UTF-8. */
export const MAX_TARGET_BYTES = 8192;
const MAX_HOST_CHARACTERS = 253;
const MAX_LABEL_CHARACTERS = 63;

export interface CanonicalPath {
  /** Percent-escapes of unreserved characters decoded, the rest in upper case; without query. */
  readonly path: string;
  /** What follows the first `?`, as it was sent; undefined when there is none. */
  readonly query: string | undefined;
  /** The path contains `%2F`, which only endpoints that opt in may answer. */
  readonly encodedSlash: boolean;
}

const enum Class {
  Plain,
  Percent,
  Question,
  Slash,
  Refused,
  RefusedInPath,
}

const CLASS_OF_ASCII = new Uint8Array(128).map((_, code) => {
  if (code <= 0x20 || code === 0x7f || code === 0x23 /* # */) return Class.Refused;
  if (code === 0x5c /* \ */ || code === 0x3b /* ; */) return Class.RefusedInPath;
  if (code === 0x25) return Class.Percent;
  if (code === 0x3f) return Class.Question;
  if (code === 0x2f) return Class.Slash;
  return Class.Plain;
});

const HEX = new Int8Array(128).fill(-1).map((_, code) => {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  if (code >= 0x41 && code <= 0x46) return code - 0x37;
  if (code >= 0x61 && code <= 0x66) return code - 0x57;
  return -1;
});

const UNRESERVED = new Uint8Array(128).map((_, code) => (/[A-Za-z0-9\-._~]/.test(String.fromCharCode(code)) ? 1 : 0));

const TOKEN = new Uint8Array(128).map((_, code) =>
  /[!#$%&'*+\-.^_`|~A-Za-z0-9]/.test(String.fromCharCode(code)) ? 1 : 0,
);

/**
 * @param raw  the target in origin form, `/path` or `/path?query`, as the gateway received it
 * @returns undefined when it is refused (`INVALID_REQUEST`)
 */
export function canonicalPath(raw: string): CanonicalPath | undefined {
  if (raw.charCodeAt(0) !== 0x2f || raw.length > MAX_TARGET_BYTES) return undefined;
  if (raw.length * 3 > MAX_TARGET_BYTES && utf8Length(raw) > MAX_TARGET_BYTES) return undefined;
  // A gateway's ordinary target is canonical as it stands: one pass proves it and allocates nothing but the answer.
  let segmentStart = 1;
  for (let index = 1; index <= raw.length; index++) {
    const code = index === raw.length ? 0x2f : raw.charCodeAt(index);
    if (code >= 0x80) return rewritten(raw);
    const kind = CLASS_OF_ASCII[code];
    if (kind === Class.Slash) {
      if (!isOrdinarySegment(raw, segmentStart, index, index === raw.length)) return undefined;
      segmentStart = index + 1;
    } else if (kind === Class.Question) {
      if (!isOrdinarySegment(raw, segmentStart, index, true)) return undefined;
      return isWellFormedQuery(raw, index + 1)
        ? { path: raw.slice(0, index), query: raw.slice(index + 1), encodedSlash: false }
        : undefined;
    } else if (kind === Class.Percent) {
      return rewritten(raw);
    } else if (kind !== Class.Plain) {
      return undefined;
    }
  }
  return { path: raw, query: undefined, encodedSlash: false };
}

/** Neither empty (unless last: a trailing slash) nor a dot segment. */
function isOrdinarySegment(text: string, start: number, end: number, last: boolean): boolean {
  const length = end - start;
  if (length === 0) return last;
  if (length > 2 || text.charCodeAt(start) !== 0x2e) return true;
  return length === 2 && text.charCodeAt(start + 1) !== 0x2e;
}

/** The path of a target that holds escapes or characters above ASCII. */
function rewritten(raw: string): CanonicalPath | undefined {
  const question = raw.indexOf('?');
  const end = question < 0 ? raw.length : question;
  const utf8 = new Utf8Watch();
  let path = '';
  let encodedSlash = false;
  for (let index = 0; index < end; index++) {
    const code = raw.charCodeAt(index);
    if (code >= 0x80) {
      const escaped = escapedCharacter(raw, index);
      if (escaped === undefined || !utf8.complete) return undefined;
      if (escaped.width === 2) index++;
      path += escaped.text;
      continue;
    }
    const kind = CLASS_OF_ASCII[code];
    if (kind === Class.Refused || kind === Class.RefusedInPath) return undefined;
    if (kind !== Class.Percent) {
      if (!utf8.complete) return undefined;
      path += raw[index];
      continue;
    }
    const byte = escapedByte(raw, index);
    if (byte === undefined || !utf8.accept(byte)) return undefined;
    index += 2;
    if (byte < 0x80 && UNRESERVED[byte] === 1) {
      path += String.fromCharCode(byte);
      continue;
    }
    if (byte < 0x20 || byte === 0x7f) return undefined;
    if (byte === 0x5c || byte === 0x25 || byte === 0x3b || byte === 0x3f || byte === 0x23) return undefined;
    if (byte === 0x2f) encodedSlash = true;
    path += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  if (!utf8.complete || path.length > MAX_TARGET_BYTES) return undefined;
  // The same checks again on the result: decoding may have made a dot segment, also between encoded slashes, which the
  // endpoint behind the gateway will read as slashes.
  const segments = (encodedSlash ? path.replaceAll('%2F', '/') : path).slice(1).split('/');
  const ordinary = (segment: string, index: number): boolean =>
    segment === '' ? index === segments.length - 1 : segment !== '.' && segment !== '..';
  if (!segments.every(ordinary)) return undefined;
  if (question >= 0 && !isWellFormedQuery(raw, question + 1)) return undefined;
  return { path, query: question < 0 ? undefined : raw.slice(question + 1), encodedSlash };
}

/** What must hold anywhere in a target, checked on the query from `start`. */
function isWellFormedQuery(raw: string, start: number): boolean {
  const utf8 = new Utf8Watch();
  for (let index = start; index < raw.length; index++) {
    const code = raw.charCodeAt(index);
    if (code >= 0x80) {
      const escaped = escapedCharacter(raw, index);
      if (escaped === undefined || !utf8.complete) return false;
      if (escaped.width === 2) index++;
    } else if (CLASS_OF_ASCII[code] === Class.Refused) {
      return false;
    } else if (CLASS_OF_ASCII[code] === Class.Percent) {
      const byte = escapedByte(raw, index);
      if (byte === undefined || byte < 0x20 || byte === 0x7f || !utf8.accept(byte)) return false;
      index += 2;
    } else if (!utf8.complete) {
      return false;
    }
  }
  return utf8.complete;
}

/** The byte written as `%hh` at `index`, or undefined when the escape is malformed. */
function escapedByte(raw: string, index: number): number | undefined {
  const high = hexDigit(raw, index + 1);
  const low = hexDigit(raw, index + 2);
  return high < 0 || low < 0 ? undefined : high * 16 + low;
}

function hexDigit(raw: string, index: number): number {
  const code = index < raw.length ? raw.charCodeAt(index) : 0x80;
  return code < 0x80 ? HEX[code]! : -1;
}

/** A character above ASCII as percent-escapes of its UTF-8 bytes; undefined for half a surrogate pair. */
function escapedCharacter(raw: string, index: number): { text: string; width: 1 | 2 } | undefined {
  const point = raw.codePointAt(index)!;
  if (point >= 0xd800 && point <= 0xdfff) return undefined;
  return { text: encodeURIComponent(String.fromCodePoint(point)), width: point > 0xffff ? 2 : 1 };
}

/** Watches escaped bytes go by and says whether they are well-formed, shortest-form UTF-8. */
class Utf8Watch {
  private pending = 0;
  private lowest = 0x80;
  private highest = 0xbf;

  get complete(): boolean {
    return this.pending === 0;
  }

  accept(byte: number): boolean {
    if (this.pending > 0) {
      if (byte < this.lowest || byte > this.highest) return false;
      this.pending--;
      this.lowest = 0x80;
      this.highest = 0xbf;
      return true;
    }
    if (byte < 0x80) return true;
    if (byte >= 0xc2 && byte <= 0xdf) this.pending = 1;
    else if (byte >= 0xe0 && byte <= 0xef) this.pending = 2;
    else if (byte >= 0xf0 && byte <= 0xf4) this.pending = 3;
    else return false;
    // The second byte's range shuts out overlong forms, surrogates and what lies above U+10FFFF.
    if (byte === 0xe0) this.lowest = 0xa0;
    if (byte === 0xed) this.highest = 0x9f;
    if (byte === 0xf0) this.lowest = 0x90;
    if (byte === 0xf4) this.highest = 0x8f;
    return true;
  }
}

/**
 * A host as a gateway received it, port and one trailing dot removed, in lower case.
 *
 * @returns undefined for anything but A-labels and IP literals. IPv6 keeps its brackets, in RFC 5952 form
 */
export function canonicalHost(raw: string): string | undefined {
  if (raw.length === 0 || raw.length > MAX_HOST_CHARACTERS + 7) return undefined;
  if (raw.charCodeAt(0) === 0x5b /* [ */) return canonicalIpv6(raw);
  const colon = raw.indexOf(':');
  if (colon >= 0 && !isPort(raw, colon + 1)) return undefined;
  let end = colon < 0 ? raw.length : colon;
  if (end > 0 && raw.charCodeAt(end - 1) === 0x2e) end--;
  if (end === 0 || end > MAX_HOST_CHARACTERS) return undefined;
  let labelStart = 0;
  let upper = false;
  let numeric = true;
  for (let index = 0; index <= end; index++) {
    const code = index === end ? 0x2e : raw.charCodeAt(index);
    if (code === 0x2e) {
      const length = index - labelStart;
      if (length === 0 || length > MAX_LABEL_CHARACTERS) return undefined;
      if (raw.charCodeAt(labelStart) === 0x2d || raw.charCodeAt(index - 1) === 0x2d) return undefined;
      if (index < end) {
        labelStart = index + 1;
        numeric = true;
      }
    } else if (code >= 0x30 && code <= 0x39) {
      continue;
    } else {
      numeric = false;
      if (code >= 0x41 && code <= 0x5a) upper = true;
      else if (!((code >= 0x61 && code <= 0x7a) || code === 0x2d)) return undefined;
    }
  }
  const host = end === raw.length ? raw : raw.slice(0, end);
  const lower = upper ? host.toLowerCase() : host;
  // A last label that is a number would be read as an IPv4 address, in whatever notation the reader knows.
  const hexadecimal = lower.charCodeAt(labelStart) === 0x30 && lower.charCodeAt(labelStart + 1) === 0x78;
  if ((numeric || hexadecimal) && parseAddress(lower) === undefined) return undefined;
  return lower;
}

function canonicalIpv6(raw: string): string | undefined {
  const bracket = raw.indexOf(']');
  if (bracket < 0) return undefined;
  if (bracket + 1 < raw.length && (raw.charCodeAt(bracket + 1) !== 0x3a || !isPort(raw, bracket + 2))) return undefined;
  const inner = raw.slice(1, bracket);
  const address = inner.includes(':') ? parseAddress(inner) : undefined;
  // An IPv4-mapped address is one machine to some readers and another to others.
  return address?.family === 6 ? `[${ipv6Text(address.bits)}]` : undefined;
}

/** RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups as `::`. */
function ipv6Text(bits: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => Number((bits >> BigInt(112 - 16 * index)) & 0xffffn));
  let longest = { start: 0, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > longest.length) longest = { start, length };
  }
  const texts = groups.map((group) => group.toString(16));
  if (longest.length < 2) return texts.join(':');
  return `${texts.slice(0, longest.start).join(':')}::${texts.slice(longest.start + longest.length).join(':')}`;
}

function isPort(raw: string, start: number): boolean {
  const length = raw.length - start;
  if (length < 1 || length > 5) return false;
  let port = 0;
  for (let index = start; index < raw.length; index++) {
    const digit = raw.charCodeAt(index) - 0x30;
    if (digit < 0 || digit > 9) return false;
    port = port * 10 + digit;
  }
  return port <= 65535;
}

/** An HTTP method is a token, case-sensitive. */
export function isToken(text: string): boolean {
  if (text.length === 0 || text.length > 64) return false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code >= 0x80 || TOKEN[code] !== 1) return false;
  }
  return true;
}

/** A topic, action, resource type or id: some text, well-formed, bounded and without control characters. */
export function isPlainText(text: string): boolean {
  if (text.length === 0 || text.length > MAX_TARGET_BYTES) return false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code === 0x7f) return false;
    if (code >= 0xd800 && code <= 0xdfff) {
      const point = text.codePointAt(index)!;
      if (point <= 0xdfff) return false;
      index++;
    }
  }
  return utf8Length(text) <= MAX_TARGET_BYTES;
}

function utf8Length(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    // Each half of a surrogate pair counts two of the pair's four bytes.
    if (code >= 0x80) bytes += code < 0x800 || (code >= 0xd800 && code <= 0xdfff) ? 1 : 2;
  }
  return bytes;
}

/** Non-empty segments divided by dots, none of which holds a wildcard. */
export function isTopic(text: string): boolean {
  return isPlainText(text) && !text.includes('*') && text.split('.').every((segment) => segment !== '');
}
