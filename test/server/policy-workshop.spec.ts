import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { types } from 'node:util';
import type { Worker } from 'node:worker_threads';
import { jest } from '@jest/globals';
import type { PolicySource } from '#decision';
import { decide } from '#engine';
import { packFiles, unpackFiles } from '#policy';
import { startWorkshop, stopWorkshops } from '../support/policy-workshop.js';
import { BROKEN_SHOP, CLOSED_SHOP, getFromShop as get, SHOP } from '../support/shop.js';
import { ensureThreadsBuilt, faultyThreads, startBuiltThread } from '../support/threads.js';

// Each test starts two threads, which load every engine.
jest.setTimeout(60_000);

beforeAll(ensureThreadsBuilt, 300_000);

afterEach(stopWorkshops);

let revisions = 0;
function folder(text: string): PolicySource {
  revisions += 1;
  const files = packFiles([{ file: 'a.yaml', text }]);
  return { kind: 'files', files, revision: revisions, contentHash: `hash ${revisions}` };
}

describe('a policy on its way into force', () => {
  it('is decided by, is checked further, and the one before is let go', async () => {
    const bench = startWorkshop();
    await bench.workshop.start();
    expect(await bench.workshop.putInForce(folder(SHOP))).toBe(true);
    const first = bench.live.inForce!;
    expect(first).toMatchObject({
      epoch: 1,
      revision: revisions,
      contentHash: `hash ${revisions}`,
      confirmedAt: 1_000,
    });
    expect(decide(first.snapshot, get('/public/a')).reason).toBe('ALLOW_SLOW');
    expect(await bench.said('policy-verified')).toMatchObject({ revision: revisions });
    expect(await bench.workshop.putInForce(folder(CLOSED_SHOP))).toBe(true);
    expect(decide(bench.live.inForce!.snapshot, get('/public/a')).reason).toBe('DENY_RULE');
    bench.events.splice(0);
    await bench.said('policy-verified');
    expect(bench.closed).toEqual([first.identity]);
  });

  it.each([
    ['no valid set', BROKEN_SHOP, 'a.yaml:'],
    [
      'a set whose own test fails',
      `${SHOP}---
apiVersion: dharma/v1
kind: Test
metadata: { name: shut }
spec:
  cases:
    - because: the shop is shut
      request: { target: { host: shop.example, method: GET, path: /public/a } }
      expect: { decision: deny }
`,
      'the shop is shut',
    ],
  ])('is refused when it is %s, and what was in force stays', async (_, text, fault) => {
    const bench = startWorkshop();
    await bench.workshop.putInForce(folder(SHOP));
    const before = bench.live.inForce;
    expect(await bench.workshop.putInForce(folder(text))).toBe(false);
    expect(bench.live.inForce).toBe(before);
    const { revision, faults } = await bench.said('policy-refused');
    expect(revision).toBe(revisions);
    expect(faults.join('\n')).toContain(fault);
    expect((await bench.workshop.explain(get('/public/a'), before!)).outcome.reason).toBe('ALLOW_SLOW');
  });

  it('comes in turn', async () => {
    const bench = startWorkshop();
    const texts = [SHOP, CLOSED_SHOP, BROKEN_SHOP, CLOSED_SHOP];
    const taken = texts.map((text) => bench.workshop.putInForce(folder(text)));
    expect(await Promise.all(taken)).toEqual([true, true, false, true]);
    const inForce = bench.events.filter((event) => event.kind === 'policy-in-force');
    expect(inForce.map(({ revision }) => revision)).toEqual([revisions - 3, revisions - 2, revisions]);
    expect(bench.live.inForce?.revision).toBe(revisions);
  });
});

describe('a folder', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'dharma-folder-'));
  });

  afterEach(() => rm(directory, { recursive: true }));

  it('is read on a thread, on another one where that dies, and what was read can be put in force', async () => {
    await writeFile(join(directory, 'b.yaml'), SHOP);
    await writeFile(join(directory, 'a.yaml'), '# ein Gruß\n');
    const threads = faultyThreads();
    const bench = startWorkshop({ startThread: threads.start });
    threads.dieReading(1);
    const { files, contentHash } = await bench.workshop.readFolder(directory);
    expect(types.isSharedArrayBuffer(files.bytes)).toBe(true);
    expect(unpackFiles(files)).toEqual([
      { file: 'a.yaml', text: '# ein Gruß\n' },
      { file: 'b.yaml', text: SHOP },
    ]);
    expect(await bench.workshop.readFolder(directory)).toMatchObject({ contentHash });
    expect(await bench.workshop.putInForce({ kind: 'files', files, revision: 1, contentHash })).toBe(true);
    expect(bench.live.inForce).toMatchObject({ revision: 1, contentHash });
    expect(decide(bench.live.inForce!.snapshot, get('/public/a')).reason).toBe('ALLOW_SLOW');
  });

  it.each`
    because                                  | prepare                                   | deaths | fault
    ${'it is not there'}                     | ${async () => join(directory, 'missing')} | ${0}   | ${'does not exist'}
    ${'a file of it is not UTF-8'}           | ${async () => notText(directory)}         | ${0}   | ${'`a.yaml` is not UTF-8'}
    ${'thread after thread dies of reading'} | ${async () => directory}                  | ${2}   | ${'the thread that read it failed: the thread has ended'}
  `('is not read where $because, and another one is read next', async ({ prepare, deaths, fault }) => {
    const threads = faultyThreads();
    const bench = startWorkshop({ startThread: threads.start });
    threads.dieReading(deaths);
    await expect(bench.workshop.readFolder(await prepare())).rejects.toMatchObject({
      message: expect.stringContaining(fault),
    });
    await writeFile(join(directory, 'a.yaml'), SHOP);
    expect(unpackFiles((await bench.workshop.readFolder(directory)).files)).toEqual([{ file: 'a.yaml', text: SHOP }]);
  });

  async function notText(folder: string): Promise<string> {
    await writeFile(join(folder, 'a.yaml'), Uint8Array.of(0x61, 0xff));
    return folder;
  }
});

describe('explanations', () => {
  it('come from the revision that decided, also of one that was just replaced', async () => {
    const bench = startWorkshop({ furtherCheck: { requests: 1_000_000, milliseconds: 60_000 } });
    await bench.workshop.putInForce(folder(SHOP));
    const first = bench.live.inForce!;
    await bench.workshop.putInForce(folder(CLOSED_SHOP));
    const [old, current] = await Promise.all([
      bench.workshop.explain(get('/public/a'), first),
      bench.workshop.explain(get('/public/a'), bench.live.inForce!),
    ]);
    expect(old.outcome.reason).toBe('ALLOW_SLOW');
    expect(current.outcome.reason).toBe('DENY_RULE');
    expect(current.denies.filter(({ counted }) => counted).map(({ rule }) => rule)).toEqual(['maintenance/closed']);
  });

  it('see maps without a prototype, as the engines do', async () => {
    const bench = startWorkshop();
    const reading = `when: '!has(attributes.constructor) && attributes["__proto__"] == "x"'`;
    await bench.workshop.putInForce(
      folder(SHOP.replace('obligations: [{ kind', `${reading}\n      obligations: [{ kind`)),
    );
    const attributes = Object.assign(Object.create(null), { ['__proto__']: 'x' }) as {
      readonly [name: string]: string;
    };
    const request = {
      ...get('/public/a'),
      attributes: Object.defineProperty(attributes, '__proto__', { value: 'x', enumerable: true }),
    };
    const { snapshot } = bench.live.inForce!;
    expect((await bench.workshop.explain(request, bench.live.inForce!)).outcome).toEqual(decide(snapshot, request));
  });

  it('are refused for a policy that nobody holds any more', async () => {
    const bench = startWorkshop();
    await bench.workshop.putInForce(folder(SHOP));
    const other = { ...bench.live.inForce!, snapshot: {} as never };
    await expect(bench.workshop.explain(get('/'), other)).rejects.toThrow('not at hand');
  });
});

describe('engines that differ', () => {
  it('keep a policy out of force', async () => {
    const threads = faultyThreads();
    const bench = startWorkshop({
      startThread: threads.start,
      checkMilliseconds: 5_000,
      furtherCheck: { requests: 1e9, milliseconds: 60_000 },
    });
    await bench.workshop.start();
    threads.lie();
    expect(await bench.workshop.putInForce(folder(SHOP))).toBe(false);
    expect(bench.live.inForce).toBeUndefined();
    const { request, statements, rolledBack, revision } = await bench.said('policy-difference');
    expect({ rolledBack, revision }).toEqual({ rolledBack: false, revision: revisions });
    expect(request).toMatchObject({ request: { target: expect.anything() } });
    expect(statements).toContainEqual({ voice: 'fast', said: expect.objectContaining({ decision: 'allow' }) });
    expect(statements).toContainEqual({ voice: 'casbin', said: expect.objectContaining({ decision: 'deny' }) });
  });

  it('put back what was in force before, which nothing confirms then', async () => {
    const threads = faultyThreads();
    const bench = startWorkshop({ startThread: threads.start, furtherCheck: { requests: 1e9, milliseconds: 60_000 } });
    await bench.workshop.putInForce(folder(SHOP));
    const before = bench.live.inForce!;
    await bench.workshop.putInForce(folder(CLOSED_SHOP));
    const bad = bench.live.inForce!;
    // Answered after it was told to stop checking: else it would find a lie of its own, and nothing could be put back.
    await bench.workshop.explain(get('/public/a'), before);
    threads.lie();
    expect(await bench.said('policy-difference')).toMatchObject({ rolledBack: true, revision: bad.revision });
    expect(bench.live.inForce).toEqual(before);
    expect(bench.closed).toEqual([bad.identity]);
    bench.live.confirm(9_000);
    expect(bench.live.inForce?.confirmedAt).toBe(1_000);
  });

  it('leave nothing in force where nothing was', async () => {
    const threads = faultyThreads();
    const bench = startWorkshop({ startThread: threads.start, furtherCheck: { requests: 1e9, milliseconds: 60_000 } });
    await bench.workshop.putInForce(folder(SHOP));
    threads.lie();
    await bench.said('policy-difference');
    expect(bench.live.inForce).toBeUndefined();
  });
});

describe('a thread that dies', () => {
  it('when it knows what is in force leaves that to another one, which explains by the same files', async () => {
    const threads: Worker[] = [];
    const bench = startWorkshop({
      startThread: (name, options) => {
        threads.push(startBuiltThread(name, options));
        return threads.at(-1)!;
      },
    });
    await bench.workshop.putInForce(folder(SHOP));
    await threads[0]!.terminate();
    // Comes after what was to be mended.
    expect(await bench.workshop.putInForce(folder(BROKEN_SHOP))).toBe(false);
    expect((await bench.workshop.explain(get('/public/a'), bench.live.inForce!)).outcome.reason).toBe('ALLOW_SLOW');
  });

  it('is given a second try', async () => {
    const threads = faultyThreads();
    const bench = startWorkshop({ startThread: threads.start });
    await bench.workshop.start();
    threads.die(1);
    expect(await bench.workshop.putInForce(folder(SHOP))).toBe(true);
    expect((await bench.workshop.explain(get('/public/a'), bench.live.inForce!)).outcome.decision).toBe('allow');
  });

  it('of a set twice means that the set is refused; what is in force is decided by and explained as before', async () => {
    const threads = faultyThreads();
    const bench = startWorkshop({ startThread: threads.start });
    await bench.workshop.putInForce(folder(SHOP));
    threads.die(2);
    expect(await bench.workshop.putInForce(folder(CLOSED_SHOP))).toBe(false);
    expect((await bench.said('policy-refused')).faults[0]).toContain('the thread has ended');
    expect((await bench.workshop.explain(get('/public/a'), bench.live.inForce!)).outcome.decision).toBe('allow');
    expect(await bench.workshop.putInForce(folder(CLOSED_SHOP))).toBe(true);
  });
});
