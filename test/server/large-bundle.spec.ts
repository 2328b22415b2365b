/** A bundle nearly as large as may be, planned by a server while gateways and probes ask. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestServer, type TestServer } from '../support/server.js';
import { CLOSED_SHOP, SHOP } from '../support/shop.js';
import { ensureThreadsBuilt } from '../support/threads.js';

const TOKEN = 'an-operator-of-the-tests';
const MEBIBYTE = 1024 * 1024;
/** Without what JSON adds to it. */
const BUNDLE_BYTES = 48 * MEBIBYTE;
/** What others wait for at the most, on a machine that may be busy. */
const PATIENCE_MILLISECONDS = 2_000;

let folder: string;
let server: TestServer;
beforeAll(async () => {
  await ensureThreadsBuilt();
  folder = mkdtempSync(join(tmpdir(), 'dharma-large-'));
  writeFileSync(join(folder, 'token'), TOKEN);
  server = await startTestServer(SHOP, {
    'operator-token-file': join(folder, 'token'),
    'probe-address': '127.0.0.1:0',
  });
}, 300_000);
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

/** A bundle of the shop and of remarks, a piece at a time: a client of our own would hold it twice. */
async function* bundle(): AsyncGenerator<Uint8Array> {
  const file = (name: number, text: string) => JSON.stringify({ file: `${name}.yaml`, text });
  yield Buffer.from(`{"source":"git","files":[${file(0, CLOSED_SHOP)}`);
  const remark = Buffer.from(`,${file(1, `# ${'ö'.repeat(MEBIBYTE / 4)}\n`)}`);
  for (let bytes = 0, name = 1; bytes < BUNDLE_BYTES; name += 1) {
    const piece = Buffer.from(remark.toString().replace('"1.yaml"', `"${name}.yaml"`));
    bytes += piece.length;
    yield piece;
  }
  yield Buffer.from(']}');
}

async function waited(ask: () => Promise<Response>): Promise<number> {
  const since = performance.now();
  expect((await ask()).status).toBe(200);
  return performance.now() - since;
}

it('is read and planned, and holds nobody up who asks for a decision or whether the server lives', async () => {
  const { http, admin, probe } = server.addresses;
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ target: { host: 'shop.example', method: 'GET', path: '/public/list' } });
  let isPlanned = false;
  const planning = fetch(`http://${admin}/admin/v1/plan`, {
    method: 'POST',
    headers: { ...headers, authorization: `Bearer ${TOKEN}` },
    body: ReadableStream.from(bundle()),
    duplex: 'half',
  } as RequestInit).finally(() => (isPlanned = true));
  const waits: number[] = [];
  while (!isPlanned) {
    waits.push(await waited(() => fetch(`http://${http}/v1/decide`, { method: 'POST', headers, body })));
    waits.push(await waited(() => fetch(`http://${probe}/healthz`)));
  }
  const answer = await planning;
  const { valid, faults, changes } = (await answer.json()) as Record<string, readonly unknown[]>;
  expect([answer.status, valid, faults]).toEqual([200, true, []]);
  expect(changes!.length).toBeGreaterThan(0);
  expect(waits.length).toBeGreaterThan(10);
  expect(Math.max(...waits)).toBeLessThan(PATIENCE_MILLISECONDS);
}, 120_000);
