import { jest } from '@jest/globals';
import { cp, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contentHashOf, sha256, type StoredDocument } from '#administration';
import { type KeptRevision, KeptRevisions } from './kept-revisions.js';

// Every byte is written and read back.
jest.setTimeout(60_000);

let folder: string;
let kept: KeptRevisions;
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'dharma-kept-')), 'kept');
  kept = new KeptRevisions(folder);
});
afterEach(() => rm(join(folder, '..'), { recursive: true, force: true }));

function revision(number: number, epoch = 1): KeptRevision {
  const text = `{ "kind": "Domain", "metadata": { "name": "d${number}" } }`;
  const document: StoredDocument = {
    kind: 'Domain',
    name: `d${number}`,
    domain: `d${number}`,
    source: 'test',
    text,
    contentHash: sha256(text),
  };
  const documents = [document];
  return { epoch, number, contentHash: contentHashOf(documents), publishedAt: 1, confirmedAt: 2, documents };
}

/** The files of the kept revisions, the one of the newest first. */
async function files(): Promise<readonly string[]> {
  const index = await readFile(join(folder, 'index'), 'utf8');
  return [...index.matchAll(/"digest":"([0-9a-f]+)"/g)].map(([, digest]) => join(folder, `${digest}.revision`));
}

describe('the revisions kept on disk', () => {
  it('are none at first, and that is no fault', async () => {
    expect(await kept.read()).toEqual({ kept: undefined, faults: [] });
  });

  it('are the newest two, for their owner only', async () => {
    for (const number of [1, 2, 3]) await kept.write(revision(number));
    expect(await kept.read()).toEqual({ kept: revision(3), faults: [] });
    expect((await readdir(folder)).length).toBe(3);
    for (const file of await files()) expect((await stat(file)).mode & 0o777).toBe(0o600);
    await rm((await files())[0]!);
    expect((await kept.read()).kept).toEqual(revision(2));
  });

  it('hold a revision once, however often it is written', async () => {
    await kept.write(revision(1));
    await kept.write(revision(2));
    await kept.write({ ...revision(2), confirmedAt: 9 });
    expect((await kept.read()).kept?.confirmedAt).toBe(9);
    await rm((await files())[0]!);
    expect((await kept.read()).kept).toEqual(revision(1));
  });

  it('forget one that was not good', async () => {
    await kept.write(revision(1));
    await kept.write(revision(2));
    await kept.remove(revision(2));
    await kept.remove(revision(7));
    expect(await kept.read()).toEqual({ kept: revision(1), faults: [] });
    expect((await readdir(folder)).length).toBe(2);
  });

  it('are written again beside what a crash or another program left', async () => {
    await kept.write(revision(1));
    await writeFile(join(folder, 'index.0.partial'), 'half');
    await writeFile(join(folder, `${'0'.repeat(64)}.revision`), 'an orphan');
    await writeFile(join(folder, 'notes.txt'), 'of somebody else');
    await kept.write(revision(2));
    expect((await readdir(folder)).filter((name) => !name.endsWith('.revision')).sort()).toEqual([
      'index',
      'notes.txt',
    ]);
    expect((await readdir(folder)).length).toBe(4);
  });
});

describe('damage', () => {
  beforeEach(async () => {
    await kept.write(revision(1));
    await kept.write(revision(2));
  });

  /** Every way to flip a bit of, or cut, a file. */
  function* damages(whole: Buffer): Generator<readonly [string, Buffer]> {
    for (let at = 0; at < whole.length; at += 1) {
      const flipped = Buffer.from(whole);
      flipped[at]! ^= 1 << (at % 8);
      yield [`byte ${at} flipped`, flipped];
      yield [`cut at ${at}`, whole.subarray(0, at)];
    }
    yield ['something added', Buffer.concat([whole, Buffer.from('\n')])];
  }

  it('to any byte of the newest is found, and the one before is used', async () => {
    const [newest] = await files();
    const whole = await readFile(newest!);
    for (const [damage, bytes] of damages(whole)) {
      await writeFile(newest!, bytes);
      const reading = await kept.read();
      expect([damage, reading.kept]).toEqual([damage, revision(1)]);
      expect(reading.faults).toEqual([expect.stringContaining(newest!)]);
    }
  });

  it('to any byte of the index is found, and nothing is used: it may be an older one', async () => {
    const index = join(folder, 'index');
    for (const [damage, bytes] of damages(await readFile(index))) {
      await writeFile(index, bytes);
      const reading = await kept.read();
      expect([damage, reading.kept]).toEqual([damage, undefined]);
      expect(reading.faults).toEqual([expect.stringContaining(index)]);
    }
  });

  it('by exchanging the two files is found', async () => {
    const [newest, before] = (await files()) as [string, string];
    await rename(newest, `${folder}/x`);
    await rename(before, newest);
    await rename(`${folder}/x`, before);
    expect(await kept.read()).toEqual({ kept: undefined, faults: [expect.anything(), expect.anything()] });
  });

  it('by putting an older revision in the place of the newest is found', async () => {
    const [newest, before] = (await files()) as [string, string];
    await cp(before, newest);
    expect((await kept.read()).faults).toEqual([expect.stringContaining('revision 2')]);
  });

  it('by putting an older file beside them is of no effect', async () => {
    const [, before] = (await files()) as [string, string];
    const copy = join(folder, '..', 'copy');
    await cp(before, copy);
    for (const number of [3, 4]) await kept.write(revision(number));
    await rename(copy, before);
    expect(await kept.read()).toEqual({ kept: revision(4), faults: [] });
    for (const file of await files()) await rm(file);
    expect((await kept.read()).kept).toBeUndefined();
  });

  it('to the disk leaves what was kept, and is told', async () => {
    const blocked = new KeptRevisions(join((await files())[0]!, 'below a file'));
    await expect(blocked.write(revision(3))).rejects.toThrow();
    expect((await kept.read()).kept).toEqual(revision(2));
  });

  it('that took the index is mended by the next revision', async () => {
    await writeFile(join(folder, 'index'), 'nonsense');
    await kept.write(revision(3));
    expect(await kept.read()).toEqual({ kept: revision(3), faults: [] });
  });
});
