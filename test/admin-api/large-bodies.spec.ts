/** Bodies that hold bundles are read as they come: what is too much is refused before it is all there. */
import { once } from 'node:events';
import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { ScriptedServer, startTestAdmin, type TestAdmin, TOKEN } from './admin-server.js';

const MEBIBYTE = 1024 * 1024;
const LIMIT = 3 * MEBIBYTE;

let admin: TestAdmin;
beforeAll(async () => {
  admin = await startTestAdmin({
    history: null,
    server: new ScriptedServer(),
    clock: () => 0,
    bundleBytes: LIMIT,
  });
});
afterAll(() => admin.stop());

/** A request whose body is not sent yet. */
function begun(path: string, headers: { readonly [name: string]: string } = {}, to: TestAdmin = admin): ClientRequest {
  const { port } = to.app.getHttpServer().address() as AddressInfo;
  const sent = request({
    host: '127.0.0.1',
    port,
    method: 'POST',
    path,
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json', ...headers },
  });
  // The server may be done with it before we are.
  sent.on('error', () => {});
  sent.flushHeaders();
  return sent;
}

async function answered(sent: ClientRequest): Promise<{ readonly status: number; readonly code: string }> {
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const { code } = JSON.parse(await text(response)) as { readonly code: string };
  return { status: response.statusCode!, code };
}

const file = (bytes: number, name = 'a.yaml') => JSON.stringify({ file: name, text: `# ${'x'.repeat(bytes)}` });
const many = (count: number, element: string) => Array.from({ length: count }, () => element).join();

it.each(['plan', 'revisions', 'proposals'])('refuses a body of %s by the length that it announces', async (route) => {
  const sent = begun(`/admin/v1/${route}`, { 'content-length': String(LIMIT + 1) });
  expect(await answered(sent)).toEqual({ status: 413, code: 'request-too-large' });
  sent.destroy();
});

it.each`
  because                                       | body                                                                  | status | code
  ${'more bytes than may be'}                   | ${`{"files":[${many(5, file(0.7 * MEBIBYTE))}`}                       | ${413} | ${'request-too-large'}
  ${'a document that is too large'}             | ${`{"files":[${file(10)},${file(1.5 * MEBIBYTE)},`}                   | ${413} | ${'document-too-large'}
  ${'one that has no end'}                      | ${`{"files":[{"file":"a.yaml","text":"${'x'.repeat(1.1 * MEBIBYTE)}`} | ${413} | ${'document-too-large'}
  ${'one in a bundle that is proposed'}         | ${`{"bundle":{"files":[${file(1.5 * MEBIBYTE)},`}                     | ${413} | ${'document-too-large'}
  ${'much beside the files'}                    | ${`{"because":"${'x'.repeat(300_000)}`}                               | ${400} | ${'request-invalid'}
  ${'files that are made of a thousand things'} | ${`{"files":[[${many(1_000, '0')}`}                                   | ${400} | ${'request-invalid'}
  ${'more files than there can be documents'}   | ${`{"files":[${many(100_001, '{}')}`}                                 | ${400} | ${'request-invalid'}
  ${'what is no JSON'}                          | ${'{"files":[{"file":"a.yaml",text'.concat('}')}                      | ${400} | ${'request-not-json'}
`('refuses $because before the body has an end', async ({ body, status, code }) => {
  const sent = begun('/admin/v1/proposals');
  sent.write(body);
  expect(await answered(sent)).toEqual({ status, code });
  sent.destroy();
});

it('takes several documents of one file that are too large only together', async () => {
  const document = `# ${'x'.repeat(0.9 * MEBIBYTE)}\n---\n`;
  const files = [{ file: 'a.yaml', text: document.repeat(3) }];
  const { status, json } = await admin.ask('POST', '/admin/v1/plan', { body: { source: 'git', files } });
  expect([status, json.valid]).toEqual([200, true]);
});

it('answers others while a body is on its way, and goes on when its sender is gone', async () => {
  const sent = begun('/admin/v1/plan');
  sent.write('{"source":"git","files":[');
  sent.write(file(MEBIBYTE / 2));
  expect((await admin.ask('GET', '/admin/v1/domains')).status).toBe(200);
  sent.destroy();
  await new Promise((gone) => sent.once('close', gone));
  expect((await admin.ask('POST', '/admin/v1/plan', { body: { source: 'git', files: [] } })).status).toBe(200);
});

it('holds of one operator no more than the largest body may be', async () => {
  const first = begun('/admin/v1/plan');
  first.write('{"source":"git","files":[');
  for (const name of ['a.yaml', 'b.yaml']) first.write(`${file(0.9 * MEBIBYTE, name)},`);
  const second = begun('/admin/v1/plan');
  second.write(`{"source":"git","files":[${file(0.9 * MEBIBYTE)},${file(0.9 * MEBIBYTE, 'c.yaml')}`);
  const third = begun('/admin/v1/plan');
  third.write(`{"source":"git","files":[${file(0.9 * MEBIBYTE)},${file(0.9 * MEBIBYTE, 'c.yaml')}`);
  // Whichever comes last; the others are cut off below.
  const refused = [first, second, third].map((sent) => answered(sent).catch(() => null));
  expect(await Promise.race(refused)).toEqual({ status: 503, code: 'bodies-too-many' });
  for (const sent of [first, second, third]) sent.destroy();
  expect(await plannedSoon()).toBe(200);
});

/** The server hears a little later that senders are gone. */
async function plannedSoon(): Promise<number> {
  for (;;) {
    const files = [{ file: 'a.yaml', text: '# '.repeat(MEBIBYTE / 3) }];
    const { status } = await admin.ask('POST', '/admin/v1/plan', { body: { source: 'git', files } });
    if (status !== 503) return status;
  }
}

it('is let go of when it does not end in the time that a request may take', async () => {
  const patience = { requestTimeout: 300, http: { connectionsCheckingInterval: 50, headersTimeout: 200 } };
  const impatient = await startTestAdmin({ history: null, server: new ScriptedServer(), clock: () => 0 }, patience);
  const sent = begun('/admin/v1/plan', {}, impatient);
  sent.write('{"source":"git","files":[');
  expect((await answered(sent)).status).toBe(408);
  expect((await impatient.ask('GET', '/admin/v1/domains')).status).toBe(200);
  await impatient.stop();
});

it('reads what comes a byte at a time', async () => {
  const sent = begun('/admin/v1/plan');
  for (const byte of Buffer.from('{"source":"é","files":[{"file":"a.yaml","text":"\\u0023 é"}]}'))
    sent.write(Buffer.of(byte));
  sent.end();
  // Of the source it says that it is none: so everything was read.
  expect(await answered(sent)).toEqual({ status: 400, code: 'request-invalid' });
});
