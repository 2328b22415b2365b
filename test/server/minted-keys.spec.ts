/** Keys that the admin API mints count on the check listener without a new revision, and say when they were last used. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startTestPostgres, type TestPostgres } from '../support/postgres.js';
import { startServerWith, type TestServer } from '../support/server.js';
import { EDGE_KEY, GUARDED_SHOP } from '../support/shop.js';

const KEYED_SHOP = `${GUARDED_SHOP.replace(
  'spec: { access: [anonymous], boundary: ["orders/*"] }',
  `spec:
  access: [anonymous, partner-key]
  boundary: ["orders/*"]
  mechanisms: [{ name: partner-key, role: access, kind: apiKey, apiKey: { header: x-api-key } }]`,
)}---
apiVersion: dharma/v1
kind: Policy
metadata: { name: office, domain: shop }
spec:
  rules:
    - { id: partners, effect: allow, who: { subjects: [partner-1], scopes: [office] }, what: { endpoints: [orders/office] } }
`;
/** As fast as a revision where servers are told, and a busy machine beside. */
const PATIENCE_MILLISECONDS = 15_000;

type Server = Omit<TestServer, 'rewrite'>;

let folder: string;
let postgres: TestPostgres;
let server: Server;
let operatorToken: string;
let flags: { readonly [flag: string]: string };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dharma-keys-'));
  mkdirSync(join(folder, 'policies'));
  writeFileSync(join(folder, 'policies', 'shop.yaml'), KEYED_SHOP);
  postgres = await startTestPostgres();
  flags = {
    'database-url': await postgres.migrated(),
    'data-dir': join(folder, 'data'),
    'first-policies': join(folder, 'policies'),
  };
  server = await startServerWith(flags);
  operatorToken = readFileSync(server.operatorTokenFile!, 'utf8').trim();
}, 120_000);
afterAll(async () => {
  await server.stop();
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}, 120_000);

// oxlint-disable-next-line typescript/no-explicit-any -- JSON of any shape, which the test compares
async function administer(method: string, path: string, body?: object): Promise<any> {
  const response = await fetch(`http://${server.addresses.admin}/admin/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${operatorToken}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  expect(response.status).toBeLessThan(300);
  return response.json();
}

/** @returns the reason; the status where the caller is unknown */
async function ask(clientKey: string, edgeKey = EDGE_KEY): Promise<string | number> {
  const response = await fetch(`http://${server.addresses.http}/v1/decide`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-dharma-key': edgeKey },
    body: JSON.stringify({
      target: { host: 'shop.example', method: 'GET', path: '/admin/x' },
      credentials: { 'x-api-key': clientKey },
    }),
  });
  return response.status === 200 ? ((await response.json()) as { reason: string }).reason : response.status;
}

async function soon<Value>(look: () => Promise<Value>, wanted: Value): Promise<void> {
  const end = performance.now() + PATIENCE_MILLISECONDS;
  let seen = await look();
  while (seen !== wanted && performance.now() < end) {
    await pause(20);
    seen = await look();
  }
  expect(seen).toBe(wanted);
}

const CLIENT = { mechanism: 'partner-key', subject: 'partner-1', scopes: ['office'] };

it('are acts of one chain, as is everything since the database was empty, and the fleet has the server', async () => {
  await administer('POST', '/keys', { enforcementPoint: 'edge' });
  const { items } = await administer('GET', '/audit?order=oldest');
  expect(items.map(({ operator, act }: { operator: string; act: string }) => [operator, act])).toEqual([
    ['first start', 'operator.first'],
    ['first start', 'revision.publish'],
    ['first-operator', 'key.create'],
  ]);
  const seen = async () => {
    const [found] = (await administer('GET', '/fleet?revision=1')).items;
    return found?.address;
  };
  await soon(seen, server.addresses.admin);
  expect(await administer('GET', '/fleet?revision=1')).toMatchObject({
    items: [{ revision: 1, epoch: 1 }],
    behind: [],
  });
  expect(await administer('GET', '/fleet?revision=2')).toMatchObject({
    behind: [expect.stringMatching(/-[0-9a-f]{8}$/)],
  });
});

it('count as soon as servers hear of them, and until they hear that they were revoked', async () => {
  const { id, key } = await administer('POST', '/keys', CLIENT);
  const { key: other } = await administer('POST', '/keys', { ...CLIENT, subject: 'partner-2' });
  const edge = await administer('POST', '/keys', { enforcementPoint: 'edge' });
  await soon(() => ask(key), 'ALLOW_SLOW');
  await soon(() => ask(key, edge.key), 'ALLOW_SLOW');
  expect(await ask(other)).toBe('NO_ALLOW_RULE');
  expect(await ask(`${key}x`)).toBe('NO_ALLOW_RULE');
  // Each is known for what it is, and for nothing else.
  expect(await ask(edge.key)).toBe('NO_ALLOW_RULE');
  expect(await ask(key, key)).toBe(401);
  await administer('DELETE', `/keys/${id}`);
  await soon(() => ask(key), 'NO_ALLOW_RULE');
  expect((await administer('GET', '/revisions')).items).toHaveLength(1);
}, 120_000);

it('say when they were last used, and are known to a server that starts without its database', async () => {
  const used = await administer('POST', '/keys', CLIENT);
  const unused = await administer('POST', '/keys', CLIENT);
  const edge = await administer('POST', '/keys', { enforcementPoint: 'edge' });
  await soon(() => ask(used.key, edge.key), 'ALLOW_SLOW');
  expect(await ask(`${unused.id}.guess`)).toBe('NO_ALLOW_RULE');
  const before = Date.now();
  // What it saw since the last minute is written when it ends.
  await server.stop();
  server = await startServerWith(flags);
  const { items } = await administer('GET', '/keys');
  const lastUse = (wanted: string) =>
    items.find(({ id }: { id: string }) => id === wanted).lastUsedAt as string | undefined;
  for (const { id } of [used, edge]) {
    expect(Date.parse(lastUse(id)!)).toBeLessThanOrEqual(before);
    expect(Date.parse(lastUse(id)!)).toBeGreaterThan(before - 60_000);
  }
  expect(lastUse(unused.id)).toBeUndefined();

  await server.stop();
  server = await startServerWith({ ...flags, 'database-url': 'postgresql://dharma@127.0.0.1:1/dharma' });
  expect(await ask(used.key, edge.key)).toBe('ALLOW_SLOW');
  expect(await ask(`${unused.id}.guess`)).toBe('NO_ALLOW_RULE');
}, 120_000);
