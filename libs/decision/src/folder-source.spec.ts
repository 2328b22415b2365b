import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Snapshot } from '#engine';
import type { Identity } from '#identity';
import { unpackFiles } from '#policy';
import type { ServiceEvent } from './event.js';
import { FolderSource } from './folder-source.js';
import { LiveSnapshot } from './live-snapshot.js';
import type { PolicySource } from './policy-source.js';
import { readForThreads } from './read-folder.js';

describe('a folder as the source of policy', () => {
  let folder: string;
  let live: LiveSnapshot;
  let events: ServiceEvent[];
  let source: FolderSource;
  let now: number;
  let read: typeof readForThreads;
  /** How often a set was to be put in force. */
  let asked: number;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dharma-folder-'));
    live = new LiveSnapshot();
    events = [];
    now = 1_000;
    read = readForThreads;
    asked = 0;
    source = new FolderSource({
      folder,
      live,
      read: (from) => read(from),
      putInForce,
      clock: () => now,
      log: (event) => void events.push(event),
    });
    await write('one');
  });

  /** Valid unless a file says otherwise; falling over is part of the test. */
  const putInForce = async (policy: PolicySource): Promise<boolean> => {
    asked += 1;
    if (policy.kind !== 'files') throw new Error(policy.kind);
    const text = unpackFiles(policy.files)
      .map((file) => file.text)
      .join('');
    if (text.includes('explode')) throw new Error('boom');
    if (text.includes('bad')) {
      events.push({ kind: 'policy-refused', revision: policy.revision, faults: ['a.yaml:1:1: bad'] });
      return false;
    }
    const { revision, contentHash } = policy;
    const [snapshot, identity] = [text as unknown as Snapshot, undefined as unknown as Identity];
    live.replace({ epoch: 1, revision, contentHash, snapshot, identity, confirmedAt: now });
    events.push({ kind: 'policy-in-force', epoch: 1, revision, contentHash });
    return true;
  };

  afterEach(() => rm(folder, { recursive: true, force: true }));

  const write = (text: string) => writeFile(join(folder, 'a.yaml'), text);
  const kinds = () => events.map(({ kind }) => kind);

  it('puts the first valid set in force as revision 1', async () => {
    expect(await source.load()).toBe('replaced');
    expect(live.inForce).toMatchObject({ revision: 1, snapshot: 'one', confirmedAt: 1_000 });
    expect(live.inForce?.contentHash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('counts revisions by what was put in force, and waits until the folder rests', async () => {
    await source.load();
    await write('two, longer');
    expect(await source.look()).toBe('waiting');
    expect(live.inForce?.revision).toBe(1);
    expect(await source.look()).toBe('replaced');
    expect(live.inForce).toMatchObject({ revision: 2, snapshot: 'two, longer' });
    expect(kinds()).toEqual(['policy-in-force', 'policy-in-force']);
  });

  it('confirms the age of what is in force while the folder stays as it is', async () => {
    await source.load();
    now = 9_000;
    expect(await source.look()).toBe('unchanged');
    expect(live.inForce?.confirmedAt).toBe(9_000);
  });

  it('never gives two sets one number, also when one was put back', async () => {
    await source.load();
    const first = live.inForce;
    await write('two, longer');
    await source.look();
    await source.look();
    live.putBack(first);
    now = 9_000;
    expect(await source.look()).toBe('unchanged');
    expect(live.inForce).toMatchObject({ revision: 1, confirmedAt: 1_000 });
    await write('three, the longest of all');
    await source.look();
    await source.look();
    expect(live.inForce).toMatchObject({ revision: 3, snapshot: 'three, the longest of all' });
  });

  it('makes no new revision of the same content', async () => {
    await source.load();
    await rm(join(folder, 'a.yaml'));
    await write('one');
    await source.look();
    expect(await source.look()).toBe('unchanged');
    expect(live.inForce?.revision).toBe(1);
    expect(asked).toBe(1);
  });

  it('gives out the set that was accepted last, packed', async () => {
    expect(source.files).toBeUndefined();
    await source.load();
    const first = source.files!;
    expect(unpackFiles(first)).toEqual([{ file: 'a.yaml', text: 'one' }]);
    await write('bad, and longer');
    await source.look();
    await source.look();
    expect(source.files).toBe(first);
  });

  it('waits where the folder changed while it was read, and takes in nothing of it', async () => {
    await source.load();
    await write('two, longer');
    await source.look();
    read = async (from) => {
      const found = await readForThreads(from);
      await write('two and a half, longer still');
      return found;
    };
    expect(await source.look()).toBe('waiting');
    expect(live.inForce).toMatchObject({ revision: 1, snapshot: 'one' });
    read = readForThreads;
    expect(await source.look()).toBe('waiting');
    expect(await source.look()).toBe('replaced');
    expect(live.inForce).toMatchObject({ revision: 2, snapshot: 'two and a half, longer still' });
    expect(asked).toBe(2);
  });

  it('refuses what cannot be read although it can be listed, says so once, and takes what can be read next', async () => {
    await source.load();
    await writeFile(join(folder, 'a.yaml'), Uint8Array.of(0x61, 0xff));
    await source.look();
    expect(await source.look()).toBe('refused');
    expect(await source.look()).toBe('refused');
    expect(events.slice(1)).toEqual([{ kind: 'policy-refused', revision: null, faults: ['`a.yaml` is not UTF-8'] }]);
    expect(live.inForce).toMatchObject({ revision: 1, snapshot: 'one', confirmedAt: 1_000 });
    await write('two, longer');
    await source.look();
    expect(await source.look()).toBe('replaced');
  });

  it('reads again, after a while, what could not be read and has not changed since', async () => {
    await source.load();
    await write('two, longer');
    await source.look();
    read = async () => Promise.reject(new Error('the disk is away'));
    expect(await source.look()).toBe('refused');
    now += 9_999;
    read = readForThreads;
    expect(await source.look()).toBe('refused');
    now += 1;
    expect(await source.look()).toBe('replaced');
    expect(live.inForce).toMatchObject({ revision: 2, snapshot: 'two, longer' });
  });

  it('says once why it cannot be read, however often it tries', async () => {
    await source.load();
    await write('two, longer');
    await source.look();
    read = async () => Promise.reject(new Error('the disk is away'));
    for (let tries = 0; tries < 3; tries += 1) {
      expect(await source.look()).toBe('refused');
      now += 10_000;
    }
    expect(events.slice(1)).toEqual([{ kind: 'policy-refused', revision: null, faults: ['the disk is away'] }]);
  });

  it('notices what changes behind a link within the folder', async () => {
    await mkdir(join(folder, '.v1'));
    await writeFile(join(folder, '.v1', 'b.yaml'), 'behind');
    await symlink('.v1', join(folder, 'current'));
    // A circle must not go on for ever.
    await symlink('..', join(folder, '.v1', 'up'));
    await source.load();
    await writeFile(join(folder, '.v1', 'b.yaml'), 'behind, longer');
    expect(await source.look()).toBe('waiting');
    expect(await source.look()).toBe('replaced');
    expect(live.inForce).toMatchObject({ snapshot: 'onebehind, longer' });
  });

  it.each(['bad', 'explode'])(
    'keeps the last good set when the new one is %s, says so once, and lets it age',
    async (word) => {
      await source.load();
      await write(`${word}, and longer`);
      await source.look();
      now = 9_000;
      expect(await source.look()).toBe('refused');
      expect(await source.look()).toBe('refused');
      expect(live.inForce).toMatchObject({ revision: 1, snapshot: 'one', confirmedAt: 1_000 });
      expect(kinds()).toEqual(['policy-in-force', 'policy-refused']);
    },
  );

  it('takes the next good one after a bad one', async () => {
    await source.load();
    await write('bad, and longer');
    await source.look();
    await source.look();
    await write('three, the longest of all');
    await source.look();
    expect(await source.look()).toBe('replaced');
    expect(live.inForce).toMatchObject({ revision: 2, snapshot: 'three, the longest of all' });
  });

  it('keeps the last good set when the folder is gone, says so once, and recovers', async () => {
    await source.load();
    await rm(folder, { recursive: true });
    expect(await source.look()).toBe('unreadable');
    expect(await source.look()).toBe('unreadable');
    expect(live.inForce).toMatchObject({ revision: 1, confirmedAt: 1_000 });
    expect(kinds()).toEqual(['policy-in-force', 'policy-unreadable']);
  });
});
