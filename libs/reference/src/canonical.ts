/**
 * The one canonical form of hosts, paths, methods and names in a request, or a refusal of what two parties could read
 * differently (section 7 of docs/semantics.md).
 */
import { parseAddress } from '#cel';

const MAX_BYTES = 8 * 1024;
const MAX_HOST_LENGTH = 253;
const MAX_PORT = 65_535;

/** A judged path with its query. */
export interface CanonicalPath {
  readonly path: string;
  /** Form-decoded: name to values, in order. Without a prototype. */
  readonly query: { readonly [name: string]: readonly string[] };
  /** Whether a segment contains `%2F`; only endpoints that opted in answer such a path. */
  readonly encodedSlash: boolean;
}

const ESCAPE = /%[0-9A-Fa-f]{2}/g;
const ESCAPES_NEVER_IN_A_PATH = /%(?:5c|25|3b|3f|23)/i;

/**
 * The canonical path, or undefined when the target is refused. `%2F` is let through and reported: whether it may stand
 * depends on the endpoint.
 */
export function canonicalPath(raw: string): CanonicalPath | undefined {
  if (!isWellFormedText(raw) || !isCleanTarget(raw)) return undefined;
  const end = raw.indexOf('?');
  const rawPath = end < 0 ? raw : raw.slice(0, end);
  const query = end < 0 ? '' : raw.slice(end + 1);
  if (!isCleanPath(rawPath)) return undefined;
  const path = rewritten(rawPath);
  // Who decodes an encoded slash later must not find a dot segment or an empty one beside it.
  if (!isCleanTarget(path) || !isCleanPath(path) || !isCleanPath(path.replaceAll('%2F', '/'))) return undefined;
  return { path, query: formDecoded(query), encodedSlash: path.includes('%2F') };
}

/** What must not stand anywhere in a target. */
function isCleanTarget(text: string): boolean {
  if (Buffer.byteLength(text) > MAX_BYTES) return false;
  for (const character of text) if (character <= ' ' || character === '\x7f' || character === '#') return false;
  if (text.replace(ESCAPE, '').includes('%')) return false;
  const escapedControl = [...text.matchAll(ESCAPE)].some(([escape]) => {
    const byte = Number.parseInt(escape.slice(1), 16);
    return byte < 0x20 || byte === 0x7f;
  });
  return !escapedControl && isUtf8(bytesOf(text));
}

/** What must not stand in the path. */
function isCleanPath(path: string): boolean {
  if (!path.startsWith('/') || path.includes('//') || path.includes('\\') || path.includes(';')) return false;
  if (ESCAPES_NEVER_IN_A_PATH.test(path)) return false;
  return path.split('/').every((text) => !/^(?:\.|%2e){1,2}$/i.test(text));
}

function bytesOf(text: string): Uint8Array {
  const bytes: number[] = [];
  for (let index = 0; index < text.length;) {
    if (text[index] === '%') {
      bytes.push(Number.parseInt(text.slice(index + 1, index + 3), 16));
      index += 3;
    } else {
      const character = String.fromCodePoint(text.codePointAt(index)!);
      bytes.push(...Buffer.from(character));
      index += character.length;
    }
  }
  return Uint8Array.from(bytes);
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Unreserved characters plain, bytes above 0x7f escaped, escapes in upper case. */
function rewritten(path: string): string {
  const escape = (byte: number): string => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  return path
    .replace(ESCAPE, (found) => {
      const character = String.fromCharCode(Number.parseInt(found.slice(1), 16));
      return /[A-Za-z0-9\-._~]/.test(character) ? character : found.toUpperCase();
    })
    .replace(/[^\0-\x7f]/gu, (character) => [...Buffer.from(character)].map(escape).join(''));
}

function formDecoded(query: string): { readonly [name: string]: readonly string[] } {
  const values: { [name: string]: string[] } = Object.create(null);
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const [name, value] = [pair.replace(/=.*/s, ''), pair.includes('=') ? pair.slice(pair.indexOf('=') + 1) : ''].map(
      (text) => decodeURIComponent(text.replaceAll('+', ' ')),
    );
    (values[name!] ??= []).push(value!);
  }
  return values;
}

/** The host in lower case without port and final dot: a name of ASCII labels or an IP literal; undefined when refused. */
export function canonicalHost(raw: string): string | undefined {
  // Letters beyond ASCII first: some of them, such as the Kelvin sign, are ASCII in lower case.
  if (/\P{ASCII}/u.test(raw)) return undefined;
  const parts = /^(\[[^\]]*\]|[^:[\]]*)(?::([0-9]{1,5}))?$/.exec(raw);
  if (parts === null || Number(parts[2] ?? 0) > MAX_PORT) return undefined;
  const name = parts[1]!.toLowerCase();
  if (name.startsWith('[')) {
    // An IPv4 address in the clothes of an IPv6 one has two hosts for some parties and one for others.
    return parseAddress(name.slice(1, -1))?.family === 6 ? new URL(`http://${name}`).hostname : undefined;
  }
  const host = name.endsWith('.') ? name.slice(0, -1) : name;
  const labels = host.split('.');
  if (host.length > MAX_HOST_LENGTH || !labels.every((label) => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(label))) {
    return undefined;
  }
  // A number as the last label makes the whole an address for some and a name for others, unless it is a dotted quad.
  if (/^(?:[0-9]+|0x.*)$/.test(labels.at(-1)!) && parseAddress(host) === undefined) return undefined;
  return host;
}

/** Whether a text is a method: a token of HTTP, case-sensitive, of up to 64 characters. */
export function isMethod(text: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/.test(text);
}

/** Whether a text can name a topic, an action, a type or a thing. */
export function isName(text: string): boolean {
  if (text === '' || Buffer.byteLength(text) > MAX_BYTES || !isWellFormedText(text)) return false;
  for (const character of text) if (character < ' ' || character === '\x7f') return false;
  return true;
}

function isWellFormedText(text: string): boolean {
  return Buffer.from(text).toString() === text;
}
