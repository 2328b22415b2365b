/** A server that decides by a folder: what it decides by, and what it shows of it, as the folder changes. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureThreadsBuilt } from '../support/threads.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { BROKEN_SHOP, CLOSED_SHOP, SHOP } from '../support/shop.js';

const TOKEN = 'an-operator-of-the-tests';
/** Longer than ASCII, so that a length in characters is not one in bytes. */
const GREETING = '# Öffnungszeiten: täglich — 日曜日も\n';

interface Named {
  readonly name: string;
}

let folder: string;
let server: TestServer;

beforeAll(async () => {
  await ensureThreadsBuilt();
  folder = mkdtempSync(join(tmpdir(), 'dharma-operator-'));
  writeFileSync(join(folder, 'token'), TOKEN);
  server = await startTestServer(GREETING + SHOP, { 'operator-token-file': join(folder, 'token') });
}, 300_000);

afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

function administer(path: string): Promise<Response> {
  return fetch(`http://${server.addresses.admin}/admin/v1${path}`, { headers: { authorization: `Bearer ${TOKEN}` } });
}

async function policies(): Promise<readonly string[]> {
  const { items } = (await (await administer('/documents?kind=Policy')).json()) as { readonly items: readonly Named[] };
  return items.map(({ name }) => name);
}

async function reason(): Promise<string> {
  const response = await fetch(`http://${server.addresses.http}/v1/decide`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ target: { host: 'shop.example', method: 'GET', path: '/public/list' } }),
  });
  return ((await response.json()) as { readonly reason: string }).reason;
}

it('decides by what was read, shows it to operators, and keeps the last good set of it', async () => {
  expect([await reason(), await policies()]).toEqual(['ALLOW_SLOW', ['shop']]);
  expect(await (await administer('/documents/Domain/shop')).text()).toContain(GREETING);
  const first = server.events.find((event) => event.kind === 'policy-in-force')!;
  expect(first).toMatchObject({ revision: 1, contentHash: expect.stringMatching(/^[0-9a-f]{64}$/) });

  const replaced = server.next('policy-in-force');
  await server.rewrite(GREETING + CLOSED_SHOP);
  expect(await replaced).toMatchObject({ revision: 2 });
  expect([await reason(), await policies()]).toEqual(['DENY_RULE', ['maintenance', 'shop']]);

  const refused = server.next('policy-refused');
  await server.rewrite(GREETING + BROKEN_SHOP);
  expect((await refused).faults[0]).toContain('policies.yaml:');
  expect([await reason(), await policies()]).toEqual(['DENY_RULE', ['maintenance', 'shop']]);

  const restored = server.next('policy-in-force');
  await server.rewrite(GREETING + SHOP);
  expect(await restored).toMatchObject({ revision: 3, contentHash: first.contentHash });
  expect([await reason(), await policies()]).toEqual(['ALLOW_SLOW', ['shop']]);
});
