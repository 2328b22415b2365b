import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { lookup } from 'node:dns';
import type { AddressInfo } from 'node:net';
import { GuardedOutbound } from './guarded-outbound.js';

/** What the issuer of this test was asked, and what it answers. */
const asked: {
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}[] = [];
let answer: (response: ServerResponse) => void;
let server: Server;
let host: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (piece: Buffer) => (body += piece.toString()));
    request.once('end', () => {
      asked.push({ url: request.url, headers: request.headers, body });
      answer(response);
    });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  asked.length = 0;
  answer = (response) => response.end('{"keys":[]}');
});

const DAY = 'Fri, 25 Dec 2026 12:00:00 GMT';
const listed = () => new GuardedOutbound({ hosts: new Set([host]), caFiles: [] });

/** Names of this test, and where they lead. */
function lookupOf(addresses: readonly string[]): typeof lookup {
  return ((_: string, __: object, done: (fault: null, found: object) => void) =>
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )) as never;
}

it('asks a listed host without TLS', async () => {
  expect(await listed().ask({ url: `http://${host}/keys?x=1` })).toEqual({ kind: 'text', text: '{"keys":[]}' });
  expect(asked).toMatchObject([{ url: '/keys?x=1', headers: { 'accept-encoding': 'identity' }, body: '' }]);
});

it('sends a form with its authorization', async () => {
  await listed().ask({ url: `http://${host}/introspect`, form: { token: 'a b&c' }, authorization: 'Basic eA==' });
  expect(asked).toMatchObject([{ headers: { authorization: 'Basic eA==' }, body: 'token=a+b%26c' }]);
});

it.each`
  because                                  | url                                  | words
  ${'it is nothing'}                       | ${'keys'}                            | ${'no URL'}
  ${'it is a file'}                        | ${'file:///etc/passwd'}              | ${'not https'}
  ${'it is another protocol'}              | ${'gopher://login.example/'}         | ${'not https'}
  ${'anyone on the way could answer'}      | ${'http://login.example/keys'}       | ${'not https'}
  ${'it holds a password'}                 | ${'https://a:b@login.example/'}      | ${'password'}
  ${'nobody has such a name'}              | ${'https://login.acme.example/'}     | ${'a name for examples'}
  ${'nobody has such a name'}              | ${'https://login.invalid./'}         | ${'a name for examples'}
  ${'it is this machine'}                  | ${'https://127.0.0.1/keys'}          | ${'not public'}
  ${'it is this machine, in another base'} | ${'https://0x7f.1/keys'}             | ${'not public'}
  ${'it is this machine, as one number'}   | ${'https://2130706433/keys'}         | ${'not public'}
  ${'it is this machine'}                  | ${'https://[::1]/keys'}              | ${'not public'}
  ${'it is this machine, written as IPv6'} | ${'https://[::ffff:127.0.0.1]/keys'} | ${'not public'}
  ${'clouds answer secrets there'}         | ${'https://169.254.169.254/latest/'} | ${'not public'}
`('refuses $url: $because', async ({ url, words }) => {
  const reply = await new GuardedOutbound({ hosts: new Set(), caFiles: [] }).ask({ url });
  expect(reply).toEqual({ kind: 'fault', because: expect.stringContaining(words) });
});

it('does not take another port of a listed host for the listed one', async () => {
  const reply = await listed().ask({ url: 'http://127.0.0.1:1/keys' });
  expect(reply).toMatchObject({ because: expect.stringContaining('not https') });
});

it.each`
  because                               | addresses
  ${'it leads to this machine'}         | ${['127.0.0.1']}
  ${'it leads to this machine as well'} | ${['8.8.8.8', '127.0.0.1']}
  ${'it leads to the link'}             | ${['fe80::1']}
  ${'it leads nowhere'}                 | ${[]}
`('does not connect where a name leads: $because', async ({ addresses }) => {
  const outbound = new GuardedOutbound({ hosts: new Set(), caFiles: [], lookup: lookupOf(addresses) });
  const reply = await outbound.ask({ url: `https://login.test:${host.split(':')[1]}/keys` });
  expect(reply).toMatchObject({ kind: 'fault', because: expect.stringContaining('not public') });
});

it('connects to the very address that was judged, whatever the name means a moment later', async () => {
  let times = 0;
  const rebinding = ((name: string, options: object, done: never) =>
    lookupOf([(times += 1) === 1 ? '127.0.0.1' : '169.254.169.254'])(name, options, done)) as never;
  const port = host.split(':')[1]!;
  const outbound = new GuardedOutbound({ hosts: new Set([`login.example:${port}`]), caFiles: [], lookup: rebinding });
  expect(await outbound.ask({ url: `http://login.example:${port}/keys` })).toMatchObject({ kind: 'text' });
  expect({ times, asked: asked.length }).toEqual({ times: 1, asked: 1 });
});

it.each`
  because                             | respond                                                                                                    | words
  ${'it leads elsewhere'}             | ${(r: ServerResponse) => r.writeHead(302, { location: 'http://169.254.169.254/' }).end()}                  | ${'a redirect (302)'}
  ${'it leads elsewhere for good'}    | ${(r: ServerResponse) => r.writeHead(308, { location: `http://${host}/other` }).end()}                     | ${'a redirect (308)'}
  ${'it fails'}                       | ${(r: ServerResponse) => r.writeHead(500).end('secret')}                                                   | ${'status 500'}
  ${'it has nothing'}                 | ${(r: ServerResponse) => r.writeHead(204).end()}                                                           | ${'status 204'}
  ${'it says that it is too large'}   | ${(r: ServerResponse) => r.writeHead(200, { 'content-length': '10000000' }).end(Buffer.alloc(10_000_000))} | ${'larger than 262144'}
  ${'it is too large'}                | ${(r: ServerResponse) => void r.write(Buffer.alloc(200_000), () => r.end(Buffer.alloc(100_000)))}          | ${'larger than 262144'}
  ${'it is compressed, and may grow'} | ${(r: ServerResponse) => r.writeHead(200, { 'content-encoding': 'gzip' }).end('x')}                        | ${'compressed'}
  ${'it can be read in two ways'}     | ${(r: ServerResponse) => r.end(Buffer.from([0xc0, 0xaf]))}                                                 | ${'no UTF-8'}
  ${'it hangs up'}                    | ${(r: ServerResponse) => r.socket!.destroy()}                                                              | ${'cannot be reached (ECONNRESET)'}
`('refuses an answer, because $because', async ({ respond, words }) => {
  answer = respond;
  const reply = await listed().ask({ url: `http://${host}/keys` });
  expect(reply).toMatchObject({ kind: 'fault', because: expect.stringContaining(words) });
  expect(JSON.stringify(reply)).not.toContain('secret');
  expect(asked).toHaveLength(1);
});

it.each`
  because                          | respond                                                                  | told
  ${'it wants to be left alone'}   | ${(r: ServerResponse) => r.writeHead(429, { 'retry-after': '7' }).end()} | ${{ status: 429, retryAfterSeconds: 7 }}
  ${'it names a day'}              | ${(r: ServerResponse) => r.writeHead(429, { 'retry-after': DAY }).end()} | ${{ status: 429 }}
  ${'it refuses what it is asked'} | ${(r: ServerResponse) => r.writeHead(400).end()}                         | ${{ status: 400 }}
  ${'its answer cannot be read'}   | ${(r: ServerResponse) => r.end(Buffer.from([0xc0, 0xaf]))}               | ${{ status: 200 }}
  ${'there was none'}              | ${(r: ServerResponse) => r.socket!.destroy()}                            | ${{}}
`('tells the status of an answer that it does not take: $because', async ({ respond, told }) => {
  answer = respond;
  expect(await listed().ask({ url: `http://${host}/keys` })).toEqual({
    kind: 'fault',
    because: expect.any(String) as string,
    ...told,
  });
});

it.each`
  because                     | respond
  ${'nothing comes'}          | ${() => {}}
  ${'the rest does not come'} | ${(r: ServerResponse) => void r.write('{')}
`(
  'does not wait longer than three seconds when $because',
  async ({ respond }) => {
    answer = respond;
    const begin = performance.now();
    expect(await listed().ask({ url: `http://${host}/keys` })).toMatchObject({
      because: 'it does not answer within 3 s',
    });
    expect(performance.now() - begin).toBeLessThan(6_000);
  },
  10_000,
);
