import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Program, startProgram, stopPrograms } from '../support/program.js';

/** Half as many as PostgreSQL is killed at in test/store/kill.spec.ts: each takes two starts. */
const POINTS = Math.ceil(Number(process.env['DHARMA_KILL_POINTS'] ?? 8) / 2);
const DOCUMENTS = 20;
const START_MILLISECONDS = 60_000;
const FREE_PORTS = ['--grpc-address', '127.0.0.1:0', '--http-address', '127.0.0.1:0', '--admin-address', '127.0.0.1:0'];

interface Newest {
  readonly number: number;
  readonly contentHash: string;
}

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dharma-kill-server-'));
});

afterAll(async () => {
  await stopPrograms();
  await until(() => postgresProcesses().length === 0);
  rmSync(folder, { recursive: true, force: true });
});

it(
  `comes back with the old revision or the new one, whole, when it is killed at ${POINTS} points of a publish`,
  async () => {
    let server = await start();
    const first = await newest(server);
    expect(await publish(server, first, 2)).toBe(201);
    let version = 2;
    const begin = performance.now();
    expect(await publish(server, await newest(server), (version += 1))).toBe(201);
    const usual = performance.now() - begin;
    const outcomes = { old: 0, new: 0 };
    for (let point = 0; point < POINTS; point += 1) {
      const before = await newest(server);
      const acknowledged = publish(server, before, version + 1).catch(() => 'lost' as const);
      await pause((1.2 * usual * point) / POINTS);
      server.program.process.kill('SIGKILL');
      const answer = await acknowledged;
      await server.program.ended;
      // Whoever is killed cannot tidy up; its PostgreSQL notices by itself.
      await until(() => postgresProcesses().length === 0);

      server = await start();
      const after = await newest(server);
      const isNew = after.number > before.number;
      outcomes[isNew ? 'new' : 'old'] += 1;
      if (isNew) version += 1;
      if (answer === 201) expect(isNew).toBe(true);
      expect(after.number).toBe(isNew ? before.number + 1 : before.number);
      expect(await versionsStored(server, after.number)).toEqual([version]);
      // What decides is what is stored: the version comes with the allow.
      await until(async () => (await decided(server)).revision === after.number);
      expect(await decided(server)).toMatchObject({
        decision: 'allow',
        obligations: [{ value: `version-${version}` }],
      });
    }
    server.program.process.kill('SIGTERM');
    expect(await server.program.ended).toBe(0);
    // Had every point been too early or too late, nothing would have been shown.
    expect(outcomes.old).toBeGreaterThan(0);
  },
  POINTS * START_MILLISECONDS,
);

interface Started {
  readonly program: Program;
  readonly http: string;
  readonly admin: string;
  readonly token: string;
}

async function start(): Promise<Started> {
  const readyFile = join(folder, 'ready.json');
  rmSync(readyFile, { force: true });
  const program = startProgram(['--data-dir', folder, '--log-level', 'error', ...FREE_PORTS], {
    DHARMA_READY_FILE: readyFile,
  });
  await program.says('until Ctrl-C');
  const { http, admin } = JSON.parse(readFileSync(readyFile, 'utf8')) as { http: string; admin: string };
  return { program, http, admin, token: readFileSync(join(folder, 'operator-token'), 'utf8').trim() };
}

/** A set in which everything says the same version, so that a mix of two would show. */
function filesOf(version: number): readonly { readonly file: string; readonly text: string }[] {
  const documents = Array.from(
    { length: DOCUMENTS },
    (_, index) => `apiVersion: dharma/v1
kind: Domain
metadata: { name: d${index}, description: version-${version} }
spec: {}
`,
  );
  const shop = `apiVersion: dharma/v1
kind: Domain
metadata: { name: shop, description: version-${version} }
spec: { access: [anonymous], boundary: ["orders/*"] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: orders, description: version-${version} }
spec: { domains: [shop], hosts: [localhost] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: shop, domain: shop }
spec:
  rules:
    - id: read
      effect: allow
      who: { anonymous: true }
      obligations: [{ kind: setHeader, name: x-version, value: version-${version} }]
`;
  return [{ file: 'set.yaml', text: [shop, ...documents].join('---\n') }];
}

async function publish({ admin, token }: Started, base: Newest, version: number): Promise<number> {
  const response = await fetch(`http://${admin}/admin/v1/revisions`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
    },
    body: JSON.stringify({ source: 'policies', files: filesOf(version), base, because: `version ${version}` }),
  });
  await response.text();
  return response.status;
}

async function newest(server: Started): Promise<Newest> {
  const { items } = await read<{ readonly items: readonly [Newest] }>(server, 'revisions?limit=1');
  const [{ number, contentHash }] = items;
  return { number, contentHash };
}

async function versionsStored(server: Started, number: number): Promise<readonly number[]> {
  const { items } = await read<{ readonly items: readonly { readonly text: string }[] }>(
    server,
    `revisions/${number}/documents?limit=500`,
  );
  const said = items.flatMap(({ text }) => [...text.matchAll(/version-(\d+)/g)].map(([, version]) => Number(version)));
  return [...new Set(said)];
}

async function read<Body>({ admin, token }: Started, path: string): Promise<Body> {
  const response = await fetch(`http://${admin}/admin/v1/${path}`, { headers: { authorization: `Bearer ${token}` } });
  expect(response.status).toBe(200);
  return (await response.json()) as Body;
}

async function decided({ http }: Started): Promise<{ readonly revision: number }> {
  const response = await fetch(`http://${http}/v1/decide`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ target: { host: 'localhost', method: 'GET', path: '/orders/1' } }),
  });
  return (await response.json()) as { readonly revision: number };
}

/** Processes that hold the data of this test, whoever started them. */
function postgresProcesses(): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      return command.includes(folder) && command.includes('postgres\0-D');
    } catch {
      return false;
    }
  });
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await pause(20);
}
