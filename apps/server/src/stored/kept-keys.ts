import { type MintedKey, readSealed, writeSealed } from '#identity';

/** The minted keys on disk, so that a server knows its gateways when it starts without its store. Hashes, no secrets. */
export class KeptKeys {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Undefined when there are none, or they are not what was written. */
  async read(): Promise<ReadonlyMap<string, MintedKey> | undefined> {
    const body = await readSealed(this.#path);
    return body === undefined ? undefined : new Map(JSON.parse(body) as [string, MintedKey][]);
  }

  /** Whole or not at all. */
  write(keys: ReadonlyMap<string, MintedKey>): Promise<void> {
    return writeSealed(this.#path, JSON.stringify([...keys]));
  }
}
