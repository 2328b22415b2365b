import { isUtf8 } from 'node:buffer';
import type { Attributes, Json } from '#engine';
import { parseJson } from '#policy';

/** Characters of a token; what is longer is not even decoded. */
export const MAXIMUM_TOKEN = 8 * 1024;
const SCHEME = 'bearer ';
const BASE64URL = /^[A-Za-z0-9_-]+$/;
/** They name keys, or change what the signature means; nothing that a token names is ever looked at. */
const REFUSED_MEMBERS = ['crit', 'b64', 'jku', 'jwk', 'x5u'];

/** A signed token, taken apart; nothing of it is verified. */
export interface UnverifiedToken {
  readonly text: string;
  readonly algorithm: string;
  /** `typ`. */
  readonly type: Json | undefined;
  /** `kid`. */
  readonly keyId: string | undefined;
  /** `iss`, where there is one. */
  readonly issuer: string | undefined;
  readonly claims: Attributes;
}

/**
 * The token in a header field: of `authorization` the scheme `Bearer`, of any other the whole value, with that scheme or
 * without.
 *
 * @returns undefined where `authorization` has another scheme
 */
export function tokenIn(header: string, value: string): string | undefined {
  // No pattern: it would cost half as much as everything else that is done about a token seen before.
  const scheme = value.slice(0, SCHEME.length).toLowerCase();
  if (scheme !== SCHEME && scheme !== SCHEME.trimEnd()) return header === 'authorization' ? undefined : value;
  let start = SCHEME.length;
  while (value[start] === ' ') start += 1;
  return value.slice(start);
}

/**
 * A JWT in compact form (RFC 7519, RFC 7515), read strictly: canonical base64url, UTF-8, JSON without members named
 * twice.
 *
 * @returns why it cannot be one that we take, without a word of it
 */
export function readToken(text: string): UnverifiedToken | string {
  const parts = text.split('.');
  if (parts.length !== 3) return 'it is no signed token';
  const [header, claims] = parts.map(decoded);
  if (header === undefined || claims === undefined || !isCanonical(parts[2]!)) return 'it is no signed token';
  const refused = REFUSED_MEMBERS.find((name) => Object.hasOwn(header, name));
  if (refused !== undefined) return `its header has \`${refused}\``;
  const { alg, kid, typ } = header;
  if (typeof alg !== 'string') return 'its header has no `alg`';
  if (kid !== undefined && typeof kid !== 'string') return 'its `kid` is no text';
  const { iss } = claims;
  if (iss !== undefined && typeof iss !== 'string') return 'its `iss` is no text';
  return { text, algorithm: alg, type: typ, keyId: kid, issuer: iss, claims };
}

function decoded(part: string): { readonly [member: string]: Json } | undefined {
  if (!isCanonical(part)) return undefined;
  const bytes = Buffer.from(part, 'base64url');
  if (!isUtf8(bytes)) return undefined;
  const json = parseJson(bytes.toString(), { exactIntegers: false });
  if (typeof json !== 'object' || json === null || Array.isArray(json) || json instanceof Error) return undefined;
  return json as { readonly [member: string]: Json };
}

/** One text for each sequence of bytes: no padding, and no bits left over. */
function isCanonical(part: string): boolean {
  return BASE64URL.test(part) && Buffer.from(part, 'base64url').toString('base64url') === part;
}
