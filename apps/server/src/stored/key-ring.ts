import type { MintedKey, MintedKeys } from '#identity';

/** The keys that were minted for enforcement points, as the store last said. */
export class KeyRing implements MintedKeys {
  #keys: ReadonlyMap<string, MintedKey> = new Map();

  find(id: string): MintedKey | undefined {
    return this.#keys.get(id);
  }

  replace(keys: ReadonlyMap<string, MintedKey>): void {
    this.#keys = keys;
  }
}
