import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { MintedKey } from '#identity';

/** The minted keys on disk, so that a server knows its gateways when it starts without its store. Hashes, no secrets. */
export class KeptKeys {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Undefined when there are none, or they are not what was written. */
  async read(): Promise<ReadonlyMap<string, MintedKey> | undefined> {
    const text = await readFile(this.#path, 'utf8').catch(() => '');
    const [sum, body] = text.split('\n', 2);
    if (body === undefined || sum !== sumOf(body)) return undefined;
    return new Map(JSON.parse(body) as [string, MintedKey][]);
  }

  /** Whole or not at all. */
  async write(keys: ReadonlyMap<string, MintedKey>): Promise<void> {
    const body = JSON.stringify([...keys]);
    const partial = `${this.#path}.new`;
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o711 });
    const file = await open(partial, 'w', 0o600);
    try {
      await file.writeFile(`${sumOf(body)}\n${body}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, this.#path);
  }
}

function sumOf(body: string): string {
  return createHash('sha256').update(body).digest('hex');
}
