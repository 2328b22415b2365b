import { newDocument, type Publication, type Revision, type RevisionStore } from '#administration';
import { loadBundle } from '#policy';
import { MemoryRevisionStore } from './memory-revision-store.js';
import { type FeedAlarm, RevisionFeed, type RevisionFeedParts } from './revision-feed.js';

const PROVENANCE = { author: 'ann', source: 'git', because: 'a test says so' };

async function publish(store: RevisionStore, name: string): Promise<Revision> {
  const text = `apiVersion: dharma/v1\nkind: Domain\nmetadata: { name: ${name} }\nspec: {}\n`;
  const { document } = loadBundle([{ file: 'set.yaml', text }]).documents[0]!;
  const publication: Publication = {
    base: await store.newest(),
    put: [newDocument(document, text, 'git')],
    remove: [],
    provenance: PROVENANCE,
  };
  const outcome = await store.publish(publication);
  if (outcome.kind !== 'published') throw new Error(outcome.kind);
  return outcome.revision;
}

async function historyOf(...names: string[]): Promise<MemoryRevisionStore> {
  const store = new MemoryRevisionStore(() => 0);
  for (const name of names) await publish(store, name);
  return store;
}

/** Time that stands still until it is told to go on. */
class ToldTimer {
  now = 0;
  #planned: { at: number; work: () => void }[] = [];

  after(milliseconds: number, work: () => void): () => void {
    const entry = { at: this.now + milliseconds, work };
    this.#planned.push(entry);
    return () => {
      this.#planned = this.#planned.filter((planned) => planned !== entry);
    };
  }

  async pass(milliseconds: number): Promise<void> {
    const until = this.now + milliseconds;
    for (;;) {
      const [next] = this.#planned.filter(({ at }) => at <= until).sort((left, right) => left.at - right.at);
      if (next === undefined) break;
      this.now = next.at;
      this.#planned = this.#planned.filter((planned) => planned !== next);
      next.work();
      await settled();
    }
    this.now = until;
  }
}

/** After everything that waits for nothing but promises. */
const settled = () => new Promise<void>((done) => setImmediate(done));

function feedOf(store: RevisionFeedParts['store'], more: Partial<RevisionFeedParts> = {}) {
  const followed: number[] = [];
  const alarms: FeedAlarm[] = [];
  const timer = new ToldTimer();
  let confirmed = 0;
  const feed = new RevisionFeed({
    store,
    from: null,
    follow: async ({ number }) => {
      followed.push(number);
      return true;
    },
    confirm: () => {
      confirmed += 1;
    },
    alarm: (alarm) => alarms.push(alarm),
    timer,
    ...more,
  });
  return { feed, followed, alarms, timer, confirmed: () => confirmed };
}

describe('following', () => {
  it('takes the newest revision, skipping those in between, and confirms it at every look', async () => {
    const store = await historyOf('a', 'b');
    const { feed, followed, confirmed } = feedOf(store);
    expect(await feed.look()).toBe('current');
    await publish(store, 'c');
    await publish(store, 'd');
    expect(await feed.look()).toBe('current');
    expect(await feed.look()).toBe('current');
    expect(followed).toEqual([2, 4]);
    expect(confirmed()).toBe(3);
  });

  it('waits for a first revision without an alarm', async () => {
    const { feed, alarms, confirmed } = feedOf(await historyOf());
    expect(await feed.look()).toBe('empty');
    expect([alarms, confirmed()]).toEqual([[], 0]);
  });

  it('starts from what the last process had, and does not load it again', async () => {
    const store = await historyOf('a', 'b');
    const { feed, followed } = feedOf(store, { from: await store.newest() });
    expect(await feed.look()).toBe('current');
    expect(followed).toEqual([]);
  });

  it('offers a revision that was not taken once, stays unconfirmed, and takes the next one', async () => {
    const store = await historyOf('a', 'b');
    const offered: number[] = [];
    const { feed, alarms, confirmed } = feedOf(store, {
      from: await store.revision(1),
      follow: async ({ number }) => offered.push(number) > 1,
    });
    expect(await feed.look()).toBe('not-taken');
    expect(await feed.look()).toBe('not-taken');
    expect([offered, alarms.length, confirmed(), feed.known?.number]).toEqual([[2], 1, 0, 1]);
    await publish(store, 'c');
    expect(await feed.look()).toBe('current');
    expect([offered, feed.known?.number]).toEqual([[2, 3], 3]);
  });
});

describe('refusing', () => {
  it('does not go back to a backup, nor on from it when its numbers catch up, until an operator begins an epoch', async () => {
    const lived = await historyOf('a', 'b', 'c');
    const restored = await historyOf('a', 'b');
    const { feed, followed, alarms } = feedOf(restored, { from: await lived.newest() });
    expect(await feed.look()).toBe('went-back');
    await publish(restored, 'other');
    expect(await feed.look()).toBe('forked');
    await publish(restored, 'more');
    expect(await feed.look()).toBe('forked');
    expect(followed).toEqual([]);
    expect(alarms.map(({ kind }) => kind)).toEqual(['went-back', 'forked', 'forked']);
    const begun = await restored.beginEpoch({ ...PROVENANCE, author: 'op' }, 3);
    expect(await feed.look()).toBe('current');
    expect(followed).toEqual([begun.number]);
    expect(feed.known).toMatchObject({ epoch: 2, number: 5 });
  });

  it.each<[because: string, names: string[], state: string]>([
    ['an emptied database is no policy', [], 'went-back'],
    ['the same numbers of another database are another history', ['x', 'y', 'z'], 'forked'],
    ['higher numbers of another database are another history', ['x', 'y', 'z', 'a'], 'forked'],
  ])('stays because %s', async (_because, names, state) => {
    const from = await (await historyOf('a', 'b', 'c')).newest();
    const { feed, followed, confirmed } = feedOf(await historyOf(...names), { from });
    expect(await feed.look()).toBe(state);
    expect([followed, confirmed(), feed.known]).toEqual([[], 0, from]);
  });

  it('does not return to an earlier epoch', async () => {
    const store = await historyOf('a');
    const begun = await store.beginEpoch(PROVENANCE, 0);
    const { feed } = feedOf(await historyOf('a', 'b', 'c'), { from: begun });
    expect(await feed.look()).toBe('went-back');
  });

  it('says once that the store cannot be reached, and again after it was', async () => {
    const store = await historyOf('a');
    let isDown = true;
    const newest = async () => {
      if (isDown) throw new Error('down');
      return store.newest();
    };
    const { feed, alarms } = feedOf({ newest, revision: (number) => store.revision(number) });
    for (const down of [true, true, false, true]) {
      isDown = down;
      expect(await feed.look()).toBe(down ? 'unreachable' : 'current');
    }
    expect(alarms.map(({ kind }) => kind)).toEqual(['unreachable', 'unreachable']);
  });
});

describe('when it looks', () => {
  it('looks every five seconds at the latest, whatever it was told', async () => {
    const store = await historyOf('a');
    const { feed, followed, timer } = feedOf(store, { pollMilliseconds: 60_000 });
    await feed.start();
    await publish(store, 'b');
    await timer.pass(4_999);
    expect(followed).toEqual([1]);
    await timer.pass(1);
    expect(followed).toEqual([1, 2]);
    await feed.stop();
    await publish(store, 'c');
    await timer.pass(10_000);
    expect(followed).toEqual([1, 2]);
  });

  it('looks at once on a hint', async () => {
    const store = await historyOf('a');
    const { feed, followed } = feedOf(store);
    await feed.start();
    await publish(store, 'b');
    feed.hint();
    await settled();
    expect(followed).toEqual([1, 2]);
    await feed.stop();
  });

  it('makes few looks of many hints, and misses nothing', async () => {
    const store = await historyOf('a');
    const { feed, followed, timer } = feedOf(store);
    await feed.start();
    for (let index = 0; index < 100; index += 1) {
      await publish(store, `d${index}`);
      feed.hint();
      await timer.pass(10);
    }
    await timer.pass(200);
    expect(followed.at(-1)).toBe(101);
    expect(followed.length).toBeLessThanOrEqual(8);
    await feed.stop();
  });
});
