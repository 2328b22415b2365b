import { KeysByDigest, type PresentedKey } from './key.js';

interface Minted {
  /** SHA-256 of the secret, in hex. */
  readonly sha256: string;
  /** Milliseconds since the epoch; undefined: it does not expire. */
  readonly expiresAt?: number | undefined;
}

/** An enforcement point proves itself by it. */
export interface EnforcementPointKey extends Minted {
  readonly enforcementPoint: string;
}

/** A client's key, like those that stand in the documents of an `apiKey` mechanism. */
export interface ClientKey extends Minted {
  readonly mechanism: string;
  readonly subject: string;
  readonly scopes: readonly string[];
  readonly groups: readonly string[];
}

/** A key that the admin API minted. */
export type MintedKey = EnforcementPointKey | ClientKey;

/** The keys that were minted, as the store last said. They change without a new revision, and all revisions share them. */
export class KeyRing {
  #keys = new KeysByDigest<readonly [id: string, key: MintedKey]>();
  #uses = new Map<string, number>();

  /** Takes as long for an unknown id as for a wrong secret. */
  find({ id, digest }: PresentedKey): MintedKey | undefined {
    return this.#keys.find(digest).find(([known]) => known === id)?.[1];
  }

  /** @param keys  by id */
  replace(keys: ReadonlyMap<string, MintedKey>): void {
    this.#keys = new KeysByDigest();
    for (const entry of keys) this.#keys.add(entry[1].sha256, entry);
  }

  /**
   * Remembers that a key was used. Only keys that were found are noted, so this grows no further than the ring.
   *
   * @param now  milliseconds since the epoch
   */
  noteUse(id: string, now: number): void {
    this.#uses.set(id, now);
  }

  /** Ids and when each was last used, since this was last asked. */
  takeUses(): ReadonlyMap<string, number> {
    const uses = this.#uses;
    this.#uses = new Map();
    return uses;
  }

  /** Uses that could not be written: later ones stand. */
  giveBack(uses: ReadonlyMap<string, number>): void {
    this.#uses = new Map([...uses, ...this.#uses]);
  }
}
