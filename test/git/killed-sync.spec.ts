/** `dharma sync` that is killed half way: what it leaves is the revision before or the one it was for, and a second one mends it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startTestPostgres, type TestPostgres } from '../support/postgres.js';
import { startServerWith, type TestServer } from '../support/server.js';
import { newFolder, testRepository } from './repository.js';

/** A quarter of the points at which servers and their databases are killed. */
const POINTS = Math.ceil(Number(process.env['DHARMA_KILL_POINTS'] ?? 8) / 4);
const POINT_MILLISECONDS = 30_000;
/** Points that come after the end, before it is given up. */
const MOST_LATE = POINTS + 5;
const DOMAINS = 40;
const PROGRAM = fileURLToPath(new URL('../../dist/program/dharma.js', import.meta.url));

let postgres: TestPostgres;
let server: Omit<TestServer, 'rewrite'>;
let environment: { readonly [name: string]: string };

beforeAll(async () => {
  postgres = await startTestPostgres();
  server = await startServerWith({ 'database-url': await postgres.migrated(), 'data-dir': join(newFolder(), 'data') });
  environment = {
    PATH: process.env['PATH']!,
    DHARMA_SERVER: `http://${server.addresses.admin}`,
    DHARMA_TOKEN: readFileSync(server.operatorTokenFile!, 'utf8').trim(),
  };
}, 120_000);
afterAll(async () => {
  await server.stop();
  await postgres.stop();
}, 120_000);

it(
  `leaves the old revision or the new one, whole, when it is killed at ${POINTS} points, and the next one goes on`,
  async () => {
    const repository = testRepository();
    const commit = (version: number): void => {
      repository.write('policies/set.yaml', setOf(version));
      repository.commit(`version ${version}`);
    };
    const sync = () => {
      const argv = [PROGRAM, 'sync', '--repo', repository.folder, '--path', 'policies', '--source', 'git'];
      return spawn(process.execPath, argv, { env: environment, stdio: 'ignore' });
    };
    const synced = async (): Promise<void> => expect((await once(sync(), 'exit'))[0]).toBe(0);
    let version = 1;
    commit(version);
    const begin = performance.now();
    await synced();
    let usual = performance.now() - begin;
    let inTime = 0;
    for (let point = 0, late = 0; point < POINTS && late < MOST_LATE;) {
      version += 1;
      commit(version);
      const before = await newest();
      const started = performance.now();
      const killed = sync();
      const ended = once(killed, 'exit').then(() => performance.now() - started);
      await Promise.race([pause((usual * (point + 0.5)) / POINTS), ended]);
      killed.kill('SIGKILL');
      const took = await ended;
      // What it asked for may still be on its way: the server does not stop half way either.
      await synced();
      const after = await newest();
      const isOnce = after.number === before.number + 1;
      expect({ isOnce, versions: await versionsOf(after.number) }).toEqual({ isOnce: true, versions: [version] });
      expect(await versionsOf(before.number)).toEqual([version - 1]);
      if (killed.signalCode === 'SIGKILL') {
        inTime += 1;
        point += 1;
      } else {
        // It ended before its point, so the machine is faster now than when it was measured: the same point again.
        late += 1;
        usual = took;
      }
    }
    // Had every point been too late, nothing would have been shown.
    expect(inTime).toBeGreaterThan(POINTS / 2);
  },
  (POINTS + MOST_LATE) * POINT_MILLISECONDS,
);

/** A set in which everything says the same version, so that a mix of two would show. */
function setOf(version: number): string {
  const names = Array.from({ length: DOMAINS }, (_, index) => `d${index}`);
  return names
    .map(
      (name) =>
        `apiVersion: dharma/v1\nkind: Domain\nmetadata: { name: ${name}, description: version-${version} }\nspec: {}\n`,
    )
    .join('---\n');
}

async function newest(): Promise<{ readonly number: number }> {
  return (await read<{ readonly items: readonly [{ readonly number: number }] }>('revisions?limit=1')).items[0];
}

async function versionsOf(revision: number): Promise<readonly number[]> {
  const { items } = await read<{ readonly items: readonly { readonly text: string }[] }>(
    `revisions/${revision}/documents?limit=500`,
  );
  const said = items.flatMap(({ text }) => [...text.matchAll(/version-(\d+)/g)].map(([, version]) => Number(version)));
  return [...new Set(said)];
}

async function read<Body>(path: string): Promise<Body> {
  const headers = { authorization: `Bearer ${environment['DHARMA_TOKEN']}` };
  const response = await fetch(`${environment['DHARMA_SERVER']}/admin/v1/${path}`, { headers });
  expect(response.status).toBe(200);
  return (await response.json()) as Body;
}
