/** What was decided is found in the database and explained by the revision that decided it, long after that revision. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startTestPostgres, type TestPostgres } from '../support/postgres.js';
import { startServerWith, type TestServer } from '../support/server.js';
import { CLOSED_SHOP, SHOP } from '../support/shop.js';

const PATIENCE_MILLISECONDS = 30_000;

let folder: string;
let postgres: TestPostgres;
let server: Omit<TestServer, 'rewrite'>;
let token: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dharma-past-'));
  mkdirSync(join(folder, 'policies'));
  writeFileSync(join(folder, 'policies', 'shop.yaml'), SHOP);
  postgres = await startTestPostgres();
  server = await startServerWith({
    'database-url': await postgres.migrated(),
    'data-dir': join(folder, 'data'),
    'first-policies': join(folder, 'policies'),
    'decision-log-allows': 'shop=1',
  });
  token = readFileSync(server.operatorTokenFile!, 'utf8').trim();
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
    headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: response.status, ...((await response.json()) as object) };
}

async function decide(path: string): Promise<{ readonly decisionId: string; readonly decision: string }> {
  const response = await fetch(`http://${server.addresses.http}/v1/decide`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ target: { host: 'shop.example', method: 'GET', path } }),
  });
  return (await response.json()) as never;
}

/** The record of a decision, once it has arrived. */
async function recordOf(id: string) {
  for (const end = Date.now() + PATIENCE_MILLISECONDS; Date.now() < end; await pause(50)) {
    const record = await administer('GET', `/decisions/${id}`);
    if (record.status === 200) return record;
  }
  throw new Error(`the decision ${id} is not recorded`);
}

it('explains an allow by the revision before the one that forbids it', async () => {
  const allowed = await decide('/public/list');
  const strange = await decide('/nowhere');
  const [{ number, contentHash }] = (await administer('GET', '/revisions')).items;
  await recordOf(allowed.decisionId);
  const closed = server.next('policy-in-force');
  await administer('POST', '/revisions', {
    source: 'policies',
    files: [{ file: 'shop.yaml', text: CLOSED_SHOP }],
    base: { number, contentHash },
    because: 'maintenance',
  });
  await closed;
  const denied = await decide('/public/list');
  expect([allowed.decision, denied.decision]).toEqual(['allow', 'deny']);
  await recordOf(denied.decisionId);

  const list = await administer('GET', '/decisions?domain=shop');
  expect(list.items.map(({ id }: { id: string }) => id)).toEqual([denied.decisionId, allowed.decisionId]);
  expect((await administer('GET', '/decisions?reason=UNKNOWN_ENDPOINT')).items).toMatchObject([
    { id: strange.decisionId, endpoint: null },
  ]);
  const [before, after, nowhere] = await Promise.all(
    [allowed, denied, strange].map(({ decisionId }) => administer('GET', `/decisions/${decisionId}/explain`)),
  );
  // Two revisions are near, so neither has to wait for the other; of what is further away one is read at a time.
  expect([before.status, nowhere.status].filter((status) => status === 503).length).toBeLessThanOrEqual(1);
  const again = async (id: string) => {
    for (const end = Date.now() + PATIENCE_MILLISECONDS; Date.now() < end; await pause(50)) {
      const explained = await administer('GET', `/decisions/${id}/explain`);
      if (explained.status !== 503) return explained;
    }
    throw new Error('it stays busy');
  };
  expect(await again(allowed.decisionId)).toMatchObject({
    status: 200,
    decision: { revision: { number: 1 } },
    explanation: { outcome: { decision: 'allow', rules: ['shop/read'] } },
  });
  expect(after).toMatchObject({
    status: 200,
    decision: { revision: { number: 2 } },
    explanation: { outcome: { decision: 'deny', rules: ['maintenance/closed'] } },
  });
  expect(await again(strange.decisionId)).toMatchObject({
    explanation: { target: { because: expect.stringMatching(/^no endpoint answers/) } },
  });
  expect(server.complaints).toEqual([]);
});

it('a revision of long ago is read for it, again and again', async () => {
  const [first] = (await administer('GET', '/decisions?decision=allow')).items;
  let [{ number, contentHash }] = (await administer('GET', '/revisions')).items;
  for (const because of ['once more', 'and again']) {
    const next = server.next('policy-in-force');
    const { revision } = await administer('POST', '/revisions', {
      source: 'policies',
      files: [{ file: 'shop.yaml', text: `${CLOSED_SHOP}# ${because}\n` }],
      base: { number, contentHash },
      because,
    });
    ({ number, contentHash } = revision);
    await next;
  }
  for (let time = 0; time < 2; time += 1) {
    expect(await administer('GET', `/decisions/${first.id}/explain`)).toMatchObject({
      status: 200,
      explanation: { outcome: { decision: 'allow', rules: ['shop/read'] } },
    });
  }
});
