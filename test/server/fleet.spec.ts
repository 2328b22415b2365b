import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { bundleChanges, newDocument, type Revision } from '#administration';
import { loadBundle } from '#policy';
import { connectLazily, type EmbeddedPostgres, startEmbeddedPostgres, type Stores } from '#store';
import { preparedData } from '../support/postgres.js';
import { startServerWith, type TestServer } from '../support/server.js';
import { CLOSED_SHOP, SHOP } from '../support/shop.js';

type Server = Omit<TestServer, 'rewrite'>;

const QUESTION = JSON.stringify({ target: { host: 'shop.example', method: 'GET', path: '/public/list' } });
const SERVERS = 3;
/** With hints, and where they are switched off. */
const PROMISED_MILLISECONDS = { hinted: 1_000, polled: 6_000 };
/** A busy machine runs three servers and a database beside the test. */
const SLACK_MILLISECONDS = 1_000;
/** How long the database is away under load. */
const OUTAGE_MILLISECONDS = process.env['DHARMA_LONG'] === '1' ? 60_000 : 4_000;

let folder: string;
let postgres: EmbeddedPostgres;
let stores: Stores;
let servers: Server[];
const opened = new Set<Stores>();

async function setUp(): Promise<void> {
  folder = mkdtempSync(join(tmpdir(), 'dharma-fleet-'));
  cpSync(await preparedData(), join(folder, 'postgresql'), { recursive: true });
  postgres = await startPostgres();
  await administer('drop database if exists dharma', 'create database dharma');
  servers = [];
}

async function tearDown(): Promise<void> {
  await Promise.all(servers.map((server) => server.stop()));
  await Promise.all([...opened].map((each) => each.close()));
  opened.clear();
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}

describe('three servers on one database that tells them', () => {
  beforeAll(async () => {
    await setUp();
    await startFleet({});
  }, 120_000);
  afterAll(tearDown, 60_000);

  it('have a publication in force within a second, and none goes back meanwhile', async () => {
    const texts = [SHOP, CLOSED_SHOP];
    const times: number[] = [];
    // The first two find threads that are still loading.
    for (let count = 1; count <= 5; count += 1) {
      const { number } = await publish(texts[count % 2]!);
      const since = performance.now();
      await Promise.all(servers.map((server) => inForce(server, number)));
      if (count > 2) times.push(performance.now() - since);
    }
    const [, median] = times.sort((left, right) => left - right);
    expect(median).toBeLessThan(PROMISED_MILLISECONDS.hinted + SLACK_MILLISECONDS);
    const { number: revision } = (await stores.store.newest())!;
    for (const server of servers) expect(await ask(server)).toMatchObject({ reason: 'DENY_RULE', revision });
  }, 120_000);

  it(
    'answer on without it, and follow again when it is back',
    async () => {
      const { number: revision } = await publish(SHOP);
      await Promise.all(servers.map((server) => inForce(server, revision)));
      await postgres.stop();
      const end = performance.now() + OUTAGE_MILLISECONDS;
      let asked = 0;
      while (performance.now() < end) {
        const answers = await Promise.all(servers.map(ask));
        for (const answer of answers) expect(answer).toMatchObject({ reason: 'ALLOW_SLOW', revision });
        asked += answers.length;
        await pause(5);
      }
      expect(asked).toBeGreaterThan(20);
      postgres = await startPostgres(postgres);
      const { number } = await publish(CLOSED_SHOP);
      const since = performance.now();
      await Promise.all(servers.map((server) => inForce(server, number)));
      expect(performance.now() - since).toBeLessThan(PROMISED_MILLISECONDS.polled + SLACK_MILLISECONDS);
    },
    120_000 + OUTAGE_MILLISECONDS,
  );

  it('start without it from what they kept, and without anything kept deny everything', async () => {
    const { number: revision } = await publish(SHOP);
    await Promise.all(servers.map((server) => inForce(server, revision)));
    await Promise.all(servers.map((server) => server.stop()));
    servers = [];
    const url = postgres.url;
    await postgres.stop();

    const flags = { 'database-url': url };
    const remembering = await startServerWith({ ...flags, 'data-dir': join(folder, 'server-0') });
    const forgetful = await startServerWith({ ...flags, 'data-dir': join(folder, 'server-new') });
    servers.push(remembering, forgetful);
    expect(await ask(remembering)).toMatchObject({ decision: 'allow', revision });
    expect(await ask(forgetful)).toMatchObject({ decision: 'deny', reason: 'POLICY_UNAVAILABLE', revision: 0 });
    expect((await fetch(`http://${remembering.addresses.admin}/readyz`)).status).toBe(200);
    expect((await fetch(`http://${forgetful.addresses.admin}/readyz`)).status).toBe(503);
    expect((await fetch(`http://${forgetful.addresses.admin}/healthz`)).status).toBe(200);
    postgres = await startPostgres(postgres);
  }, 90_000);
});

describe('three servers on one database', () => {
  beforeEach(setUp, 60_000);
  afterEach(tearDown, 60_000);

  it('find it by looking where nobody tells them', async () => {
    await startFleet({ notify: 'false' });
    let took = Infinity;
    // The first two find threads that are still loading.
    for (let number = 1; number <= 3; number += 1) {
      await publish(number % 2 === 0 ? CLOSED_SHOP : SHOP);
      const since = performance.now();
      await Promise.all(servers.map((server) => inForce(server, number)));
      took = performance.now() - since;
    }
    expect(took).toBeLessThan(PROMISED_MILLISECONDS.polled + SLACK_MILLISECONDS);
  }, 60_000);

  it('do not follow a restored backup until an operator begins an epoch', async () => {
    await startFleet({ 'store-poll-milliseconds': '200' });
    const kept = await publish(SHOP);
    await administer(terminate, 'create database backup template dharma');
    await publish(CLOSED_SHOP);
    await Promise.all(servers.map((server) => inForce(server, 2)));

    await Promise.all([...opened].map((each) => each.close()));
    await administer(terminate, 'alter database dharma rename to lost', 'alter database backup rename to dharma');
    stores = open();
    await Promise.all(servers.map((server) => alarmed(server, 'went-back')));
    await publish(`${SHOP}---\napiVersion: dharma/v1\nkind: Domain\nmetadata: { name: other }\nspec: {}\n`, kept);
    await Promise.all(servers.map((server) => alarmed(server, 'forked')));
    for (const server of servers) expect(await ask(server)).toMatchObject({ reason: 'DENY_RULE', revision: 2 });

    const begun = await stores.store.beginEpoch({ author: 'ann', source: 'console', because: 'restored' }, 2);
    expect(begun).toMatchObject({ epoch: 2, number: 3 });
    await Promise.all(servers.map((server) => inForce(server, 3)));
    for (const server of servers) expect(await ask(server)).toMatchObject({ reason: 'ALLOW_SLOW', revision: 3 });
  }, 90_000);
});

/** @param earlier  whose place it takes, at the same address */
async function startPostgres(earlier?: EmbeddedPostgres): Promise<EmbeddedPostgres> {
  return startEmbeddedPostgres({
    folder: join(folder, 'postgresql'),
    durability: 'none',
    socketFolder: earlier?.socketFolder,
  });
}

async function startFleet(flags: { readonly [flag: string]: string }): Promise<void> {
  servers = await Promise.all(
    Array.from({ length: SERVERS }, (_, index) =>
      startServerWith({ 'database-url': postgres.url, 'data-dir': join(folder, `server-${index}`), ...flags }),
    ),
  );
  stores = open();
}

function open(): Stores {
  const stores = connectLazily({ url: postgres.url, random: Math.random });
  opened.add(stores);
  return stores;
}

/** Publishes the whole set of the source. */
async function publish(text: string, on?: Revision): Promise<Revision> {
  const { store } = stores;
  const base = on ?? (await store.newest());
  const { documents } = loadBundle([{ file: 'set.yaml', text }]);
  const set = documents.map(({ document, text: own }) => newDocument(document, own, 'git'));
  const { put, remove } = bundleChanges(base === null ? [] : await store.documents(base.number), set, 'git');
  const provenance = { author: 'ann', source: 'git', because: 'a test says so' };
  const outcome = await store.publish({ base, put, remove, provenance });
  if (outcome.kind !== 'published') throw new Error(outcome.kind);
  return outcome.revision;
}

async function ask({ addresses }: Server): Promise<{ readonly decision: string; readonly revision: number }> {
  const response = await fetch(`http://${addresses.http}/v1/decide`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: QUESTION,
  });
  expect(response.status).toBe(200);
  return (await response.json()) as never;
}

/** Resolves once a revision answers; fails when an earlier answer came from a later one. */
async function inForce(server: Server, revision: number): Promise<void> {
  for (let before = 0; ;) {
    const { revision: now } = await ask(server);
    expect(now).toBeGreaterThanOrEqual(before);
    if (now === revision) return;
    before = now;
    await pause(10);
  }
}

async function alarmed(server: Server, alarm: string): Promise<void> {
  while (!server.events.some((event) => event.kind === 'feed' && event.alarm === alarm)) await server.next('feed');
}

const terminate =
  "select pg_terminate_backend(pid) from pg_stat_activity where datname in ('dharma', 'backup') and pid <> pg_backend_pid()";

async function administer(...statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: postgres.urlOf('postgres') });
  await client.connect();
  try {
    for (const statement of statements) {
      // Whoever was cut off comes back at once, and a database in use is neither copied nor renamed.
      for (let tries = 0; ; tries += 1) {
        try {
          await client.query(statement);
          break;
        } catch (fault) {
          if ((fault as { code?: unknown }).code !== '55006' || tries > 50) throw fault;
          await client.query(terminate);
        }
      }
    }
  } finally {
    await client.end();
  }
}
