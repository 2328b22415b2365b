import { hash, timingSafeEqual } from 'node:crypto';

/** Characters of a key, id and secret together. */
export const MAXIMUM_KEY = 1024;

/** A digest that no secret has; what an unknown id is compared with. */
const NO_DIGEST = '0'.repeat(64);
const DIGEST_BYTES = 32;

/**
 * `<id>.<secret>`: the id ends at the first dot.
 *
 * @returns undefined for a text of another form
 */
export function splitKey(text: string): { readonly id: string; readonly secret: string } | undefined {
  if (text.length > MAXIMUM_KEY) return undefined;
  const dot = text.indexOf('.');
  if (dot < 1 || dot === text.length - 1) return undefined;
  return { id: text.slice(0, dot), secret: text.slice(dot + 1) };
}

/**
 * Whether a secret is the one that was stored. Takes the same steps whether or not there is one to compare with, so the
 * time it takes does not tell a wrong secret from an unknown id.
 *
 * @param sha256  of the stored secret, in hex; undefined when the id is unknown
 */
export function holdsSecret(secret: string, sha256: string | undefined): boolean {
  const digest = hash('sha256', secret, 'buffer');
  const expected = Buffer.from(sha256 ?? NO_DIGEST, 'hex');
  const isEqual = expected.length === DIGEST_BYTES && timingSafeEqual(digest, expected);
  return isEqual && sha256 !== undefined;
}
