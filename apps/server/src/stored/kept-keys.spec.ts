import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MintedKey } from '#identity';
import { KeptKeys } from './kept-keys.js';

const KEYS = new Map<string, MintedKey>([
  ['ep-1', { enforcementPoint: 'edge', sha256: 'ab'.repeat(32), expiresAt: 5 }],
  ['ep-2', { enforcementPoint: 'edge', sha256: 'cd'.repeat(32) }],
  ['ck-1', { mechanism: 'm', subject: 'partner-1', scopes: ['a'], groups: [], sha256: 'ef'.repeat(32) }],
]);

describe('minted keys on disk', () => {
  let folder: string;
  let path: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dharma-keys-'));
    path = join(folder, 'below', 'keys');
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('are read as they were written, and nobody else may read them', async () => {
    const kept = new KeptKeys(path);
    expect(await kept.read()).toBeUndefined();
    await kept.write(KEYS);
    expect(await kept.read()).toEqual(KEYS);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await kept.write(new Map());
    expect(await kept.read()).toEqual(new Map());
  });

  it('do not count when a single byte is another, or is missing', async () => {
    const kept = new KeptKeys(path);
    await kept.write(KEYS);
    const bytes = await readFile(path);
    // The line break at the end says nothing.
    for (let at = 0; at < bytes.length - 1; at += 1) {
      const flipped = Buffer.from(bytes);
      flipped[at]! ^= 1;
      await writeFile(path, flipped);
      expect({ at, keys: await kept.read() }).toEqual({ at, keys: undefined });
    }
    await writeFile(path, bytes.subarray(0, -2));
    expect(await kept.read()).toBeUndefined();
  });
});
