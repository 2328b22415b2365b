import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Revision } from '#administration';
import {
  type EmbeddedPostgres,
  migrateDatabase,
  openDatabase,
  PostgresRevisionStore,
  startEmbeddedPostgres,
  StoreFault,
} from '#store';
import { preparedData } from '../support/postgres.js';
import { domainText, policyText, publicationOf, roleSetText } from '../support/revisions.js';

const POINTS = Number(process.env['DHARMA_KILL_POINTS'] ?? 8);
const DOCUMENTS = 20;

/** A set in which everything says the same version, so that a mix of two would show. */
function setOf(version: number): string {
  const documents = Array.from({ length: DOCUMENTS }, (_, index) => domainText(`d${index}`, `version ${version}`));
  const rules = [`{ id: one, effect: deny, description: version ${version} }`];
  const holders = Array.from({ length: 50 }, (_, index) => ['clerk', `user:u${index}-version ${version}`] as const);
  return [...documents, policyText('base', 'd0', rules), roleSetText('staff', 'd0', holders)].join('');
}

/** Every version that a set mentions. */
function versionsIn(texts: readonly string[]): readonly number[] {
  const found = texts.flatMap((text) => [...text.matchAll(/version (\d+)/g)].map(([, version]) => Number(version)));
  return [...new Set(found)];
}

let folder: string;
let server: EmbeddedPostgres;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dharma-kill-'));
  cpSync(await preparedData(), folder, { recursive: true });
  server = await start();
  await migrateDatabase(server.url, 'auto');
}, 60_000);
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const start = () => startEmbeddedPostgres({ folder, durability: 'full' });

async function connect() {
  const dataSource = await openDatabase({ url: server.url });
  return { dataSource, store: new PostgresRevisionStore({ dataSource, random: Math.random, wait }) };
}

function kill(pid: number, isWhole: boolean): void {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  process.kill(pid, 'SIGKILL');
  if (!isWhole) return;
  for (const child of children) {
    try {
      process.kill(Number(child), 'SIGKILL');
    } catch {
      // It noticed first.
    }
  }
}

it(`shows the old revision or the new one, never a mix, when PostgreSQL is killed at ${POINTS} points of a publish`, async () => {
  let connection = await connect();
  const begin = performance.now();
  let newest = await publishVersion(connection.store, null, 1);
  const usual = performance.now() - begin;
  const outcomes = { old: 0, new: 0 };
  for (let point = 0; point < POINTS; point += 1) {
    const before: Revision = newest;
    const version = before.number + 1;
    const acknowledged: Promise<Revision | StoreFault> = publishVersion(connection.store, before, version).catch(
      (fault) => fault as StoreFault,
    );
    await wait((usual * point) / POINTS);
    kill(server.pid, point % 2 === 0);
    const answer = await acknowledged;
    await connection.dataSource.destroy().catch(() => {});
    await server.ended;
    server = await start();
    connection = await connect();
    newest = (await connection.store.newest())!;
    outcomes[newest.number === before.number ? 'old' : 'new'] += 1;
    // What was acknowledged is there; what was not may be.
    if (answer instanceof StoreFault) expect(answer.kind).toBe('unavailable');
    else expect(newest).toEqual(answer);
    expect([before.number, version]).toContain(newest.number);
    const texts = (await connection.store.documents(newest.number)).map(({ text }) => text);
    expect(texts).toHaveLength(DOCUMENTS + 2);
    expect(versionsIn(texts)).toEqual([newest.number]);
  }
  await connection.dataSource.destroy();
  // Had every point been too early or too late, nothing would have been shown.
  expect(outcomes.old).toBeGreaterThan(0);
}, 300_000);

async function publishVersion(store: PostgresRevisionStore, base: Revision | null, version: number): Promise<Revision> {
  const outcome = await store.publish(publicationOf(base, setOf(version)));
  if (outcome.kind !== 'published') throw new Error(outcome.kind);
  return outcome.revision;
}
