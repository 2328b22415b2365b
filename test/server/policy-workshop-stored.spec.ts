import { jest } from '@jest/globals';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Revision } from '#administration';
import { decide } from '#engine';
import { connectLazily, type Stores } from '#store';
import { startWorkshop, stopWorkshops } from '../support/policy-workshop.js';
import { startTestPostgres, type TestPostgres } from '../support/postgres.js';
import { publicationOf } from '../support/revisions.js';
import { CLOSED_SHOP, getFromShop, SHOP } from '../support/shop.js';
import { ensureThreadsBuilt, faultyThreads } from '../support/threads.js';

jest.setTimeout(60_000);

let postgres: TestPostgres;
let databaseUrl: string;
let stores: Stores;
let keptFolder: string;
beforeAll(async () => {
  await ensureThreadsBuilt();
  postgres = await startTestPostgres();
}, 300_000);
afterAll(() => postgres.stop());
beforeEach(async () => {
  databaseUrl = await postgres.migrated();
  stores = connectLazily({ url: databaseUrl, random: Math.random });
  keptFolder = await mkdtemp(join(tmpdir(), 'dharma-workshop-'));
});
afterEach(async () => {
  await stopWorkshops();
  await stores.close();
  await rm(keptFolder, { recursive: true, force: true });
});

async function published(base: Revision | null, text: string): Promise<Revision> {
  const outcome = await stores.store.publish(publicationOf(base, text));
  if (outcome.kind !== 'published') throw new Error(outcome.kind);
  return outcome.revision;
}

function markOf({ epoch, number, contentHash }: Revision) {
  return { epoch, revision: number, contentHash };
}

it('a stored revision is put in force, kept, and put in force again where there is no store', async () => {
  const revision = await published(null, SHOP);
  const first = startWorkshop({ databaseUrl, keptFolder });
  expect(await first.workshop.putInForce({ kind: 'revision', revision })).toBe(true);
  expect(first.live.inForce).toMatchObject(markOf(revision));
  await first.workshop.stop();
  const second = startWorkshop({ keptFolder, clock: () => 9_000 });
  expect(await second.workshop.putInForce({ kind: 'kept' })).toBe(true);
  expect(second.live.inForce).toMatchObject({ ...markOf(revision), confirmedAt: 1_000 });
  expect(decide(second.live.inForce!.snapshot, getFromShop('/public/a')).reason).toBe('ALLOW_SLOW');
  expect(second.events.map(({ kind }) => kind)).not.toContain('disk');
});

it('where nothing is kept nothing is put in force, and that is no fault', async () => {
  const { workshop, live, events } = startWorkshop({ keptFolder });
  expect(await workshop.putInForce({ kind: 'kept' })).toBe(false);
  expect(live.inForce).toBeUndefined();
  expect(events).toEqual([]);
});

it('a damaged revision is told of, and the one before is put in force', async () => {
  const before = await published(null, SHOP);
  const revision = await published(before, CLOSED_SHOP);
  const first = startWorkshop({ databaseUrl, keptFolder });
  await first.workshop.putInForce({ kind: 'revision', revision: before });
  await first.workshop.putInForce({ kind: 'revision', revision });
  await first.workshop.stop();
  const [, digest] = /"digest":"([0-9a-f]+)"/.exec(await readFile(join(keptFolder, 'index'), 'utf8'))!;
  await writeFile(join(keptFolder, `${digest}.revision`), 'something else');
  const second = startWorkshop({ keptFolder });
  expect(await second.workshop.putInForce({ kind: 'kept' })).toBe(true);
  expect(second.live.inForce).toMatchObject(markOf(before));
  expect((await second.said('disk')).fault).toContain(`revision ${revision.number}`);
});

it('a revision that was put back is kept no more', async () => {
  const before = await published(null, SHOP);
  const revision = await published(before, CLOSED_SHOP);
  const threads = faultyThreads();
  const furtherCheck = { requests: 1e9, milliseconds: 60_000 };
  const first = startWorkshop({ databaseUrl, keptFolder, startThread: threads.start, furtherCheck });
  await first.workshop.putInForce({ kind: 'revision', revision: before });
  await first.workshop.putInForce({ kind: 'revision', revision });
  threads.lie();
  await first.said('policy-difference');
  await first.workshop.stop();
  const second = startWorkshop({ keptFolder });
  await second.workshop.putInForce({ kind: 'kept' });
  expect(second.live.inForce).toMatchObject(markOf(before));
});

it('a store that does not answer is a reason to try again, not to refuse', async () => {
  const revision = await published(null, SHOP);
  const { workshop, events } = startWorkshop({ databaseUrl: postgres.server.urlOf('nowhere'), keptFolder });
  await expect(workshop.putInForce({ kind: 'revision', revision })).rejects.toThrow('nowhere');
  expect(events).toEqual([]);
});
