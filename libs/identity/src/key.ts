import { hash, timingSafeEqual } from 'node:crypto';

/** Characters of a key, id and secret together. */
export const MAXIMUM_KEY = 1024;

/** A key that somebody shows. Nothing says yet that there is such a key. */
export interface PresentedKey {
  readonly id: string;
  /** SHA-256 of the secret. */
  readonly digest: Buffer;
}

/**
 * Reads `<id>.<secret>`: the id ends at the first dot.
 *
 * @returns undefined for a text of another form
 */
export function readKey(text: string): PresentedKey | undefined {
  if (text.length > MAXIMUM_KEY) return undefined;
  const dot = text.indexOf('.');
  if (dot < 1 || dot === text.length - 1) return undefined;
  return { id: text.slice(0, dot), digest: digestOf(text.slice(dot + 1)) };
}

/** SHA-256 of the bytes of a text. */
export function digestOf(text: string): Buffer {
  // Asked for a Buffer, `hash` takes twice as long.
  return Buffer.from(hash('sha256', text, 'binary'), 'binary');
}

const DIGEST = /^[0-9a-f]{64}$/i;

interface Entry<Key> {
  readonly digest: Buffer;
  readonly key: Key;
}

const NO_ENTRIES: readonly never[] = Object.freeze([]);

/**
 * Keys by the digests of their secrets. Looked up by its id, a key that exists would take another time than one that does
 * not, if only by nanoseconds. Here whoever does not have the secret finds nothing, and on the same way, whatever ids there
 * are; the id is compared once the secret is right.
 */
export class KeysByDigest<Key> {
  /** By the first 32 bits of the digest, as a number with a sign. */
  readonly #entries = new Map<number, Entry<Key>[]>();

  /** @param sha256  of the secret, in hex; of another form it is no secret's digest, and the key is never found */
  add(sha256: string, key: Key): void {
    if (!DIGEST.test(sha256)) return;
    const digest = Buffer.from(sha256, 'hex');
    const beginning = digest.readInt32BE();
    const alike = this.#entries.get(beginning);
    if (alike === undefined) this.#entries.set(beginning, [{ digest, key }]);
    else alike.push({ digest, key });
  }

  find(digest: Buffer): readonly Key[] {
    const alike = this.#entries.get(digest.readInt32BE());
    if (alike === undefined) return NO_ENTRIES;
    const found: Key[] = [];
    for (const entry of alike) if (timingSafeEqual(entry.digest, digest)) found.push(entry.key);
    return found;
  }
}
