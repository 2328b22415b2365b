/** What is stored of one thing by the admin API is in force on every server by what differs, for decisions and searches. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectLazily } from '#store';
import { startTestPostgres, type TestPostgres } from '../support/postgres.js';
import { publicationOf } from '../support/revisions.js';
import { startBuiltThread, startServerWith, type TestServer } from '../support/server.js';
import { type FaultyThreads, faultyThreads } from '../support/threads.js';

const DESK = `
apiVersion: dharma/v1
kind: Domain
metadata: { name: firm }
spec:
  access: [login]
  boundary: ["desk/*"]
  mechanisms: [{ name: login, role: access, kind: asserted }]
---
apiVersion: dharma/v1
kind: Service
metadata: { name: desk }
spec:
  domains: [firm]
  endpoints: [{ name: all, kind: resource, operations: [{ resourceType: record, actions: [view] }] }]
---
apiVersion: dharma/v1
kind: EnforcementPoint
metadata: { name: edge, domain: firm }
spec: { credentials: [{ kind: network, cidrs: ["127.0.0.1/32"] }], mayAssert: [login] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: desk, domain: firm }
spec: { rules: [{ id: owners, effect: allow, when: "resource.attributes.owner == principal.id" }] }
---
apiVersion: dharma/v1
kind: EntitySet
metadata: { name: records, domain: firm }
spec: { entities: [{ type: record, id: "1", attributes: { owner: ann } }] }
`;
const TOKEN = 'given.token-of-this-test';
/** Both tries to make a set ready as a whole end the thread. */
const BOTH = 2;

type Server = Omit<TestServer, 'rewrite'> & { readonly threads: FaultyThreads };

let folder: string;
let postgres: TestPostgres;
let databaseUrl: string;
const servers: Server[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dharma-entities-'));
  writeFileSync(join(folder, 'token'), TOKEN, { mode: 0o600 });
  postgres = await startTestPostgres();
  databaseUrl = await postgres.migrated();
  const stores = connectLazily({ url: databaseUrl, random: Math.random });
  const provenance = { author: 'ann', source: 'api', because: 'a test says so' };
  await stores.store.publish(publicationOf(null, DESK, { provenance }));
  await stores.close();
}, 120_000);
afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}, 120_000);

async function start(): Promise<Server> {
  const threads = faultyThreads();
  const flags = {
    'database-url': databaseUrl,
    'data-dir': join(folder, `server-${servers.length}`),
    'operator-token-file': join(folder, 'token'),
  };
  const server = await startServerWith(
    flags,
    Date.now,
    () => performance.now(),
    (name, options) => (name === 'policy' ? threads.start : startBuiltThread)(name, options),
  );
  const started = { ...server, threads };
  servers.push(started);
  return started;
}

/** Resolves when it is in force everywhere, where nothing can be made ready as a whole meanwhile. */
async function changed(method: string, path: string, body?: object): Promise<void> {
  for (const { threads } of servers) threads.die(BOTH);
  const inForce = servers.map((server) => server.next('policy-in-force'));
  const response = await fetch(`http://${servers[0]!.addresses.admin}/admin/v1/${path}`, {
    method,
    headers: { authorization: `Bearer ${TOKEN}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  expect(response.status).toBe(201);
  const { revision } = (await response.json()) as { readonly revision: { readonly number: number } };
  const events = await Promise.all(inForce);
  expect(events.map((event) => event.revision)).toEqual(servers.map(() => revision.number));
}

async function asked(server: Server, path: string, body: object) {
  const response = await fetch(`http://${server.addresses.http}/access/v1/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ subject: { type: 'user', id: 'ann' }, action: { name: 'view' }, ...body }),
  });
  return response.json() as Promise<{ readonly decision?: boolean; readonly results?: readonly { id: string }[] }>;
}

/** Which of three records Ann may see: found, and asked about one by one. */
async function seenByAnn(server: Server) {
  const { results } = await asked(server, 'search/resource', { resource: { type: 'record' } });
  const one = async (id: string) => (await asked(server, 'evaluation', { resource: { type: 'record', id } })).decision;
  return { found: results?.map(({ id }) => id), asked: await Promise.all(['1', '2', '3'].map(one)) };
}

const store = (id: string, owner: string) => ({
  entitySet: 'records',
  type: 'record',
  id,
  attributes: { owner },
  because: 'a test says so',
});

it('is in force on the server that was told, on one that starts anew, and on both that follow', async () => {
  const told = await start();
  expect(await seenByAnn(told)).toEqual({ found: ['1'], asked: [true, false, false] });
  await changed('POST', 'entities', store('2', 'ann'));
  expect(await seenByAnn(told)).toEqual({ found: ['1', '2'], asked: [true, true, false] });
  const anew = await start();
  expect(await seenByAnn(anew)).toEqual(await seenByAnn(told));
  await changed('POST', 'entities', store('1', 'bob'));
  await changed('POST', 'entities', store('3', 'ann'));
  for (const server of servers) {
    expect(await seenByAnn(server)).toEqual({ found: ['2', '3'], asked: [false, true, true] });
  }
  await changed('DELETE', 'entities?entitySet=records&type=record&id=2&because=shredded');
  for (const server of servers) {
    expect(await seenByAnn(server)).toEqual({ found: ['3'], asked: [false, false, true] });
  }
}, 120_000);
