/** Whatever is wrong with a server, or with what stands in its place, nothing is allowed, and the caller hears in time. */
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { DharmaClient, type ClientSettings, type Decision, Transport } from '#client';
import { GrpcTransport } from '../../libs/client/src/grpc/index.js';
import { freePort } from '../support/gateway.js';

const PUBLIC = { target: { host: 'shop.example', method: 'GET', path: '/public' } };
const ALLOW = JSON.stringify({
  decision: 'allow',
  reason: 'ALLOW_SLOW',
  route: 'slow',
  deniedAt: null,
  meeting: '*',
  crossed: ['shop'],
  rules: [],
  obligations: [],
  revision: 7,
  ageSeconds: 0,
  decisionId: 'd-1',
  ttlSeconds: 30,
});
/** Long enough to tell an answer from a timeout, short enough to be waited for. */
const IMPATIENT = { timeoutMilliseconds: 400, tryMilliseconds: 150 };
/** What a busy machine may add. */
const GRACE_MILLISECONDS = 2_000;

const open = new Set<{ close(): void }>();
const sockets = new Set<Socket>();

afterEach(() => {
  for (const each of open) each.close();
  for (const socket of sockets) socket.destroy();
  open.clear();
  sockets.clear();
});

async function listening<Listener extends Server | HttpServer | Http2Server>(server: Listener): Promise<number> {
  open.add(server);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function clientOf(settings: ClientSettings): DharmaClient {
  const client = new DharmaClient({ ...IMPATIENT, ...settings });
  open.add(client);
  return client;
}

/** Everything that can be asked, and how long it took. */
async function askedAll(client: DharmaClient): Promise<readonly Decision[]> {
  const start = performance.now();
  const decisions = [
    await client.decide(PUBLIC),
    await client.decide(PUBLIC, { tell: true }),
    ...(await client.decideMany([PUBLIC, PUBLIC])),
    await client.explain(PUBLIC),
  ];
  expect(performance.now() - start).toBeLessThan(4 * IMPATIENT.timeoutMilliseconds + GRACE_MILLISECONDS);
  return decisions;
}

const reply = (status: string, body: string, more = '') =>
  `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n${more}\r\n${body}`;

type Fault = (socket: Socket) => void;

const FAULTS: { readonly [because: string]: Fault } = {
  'it hangs': () => {},
  'it hangs after the head': (socket) =>
    void socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${ALLOW.length}\r\n\r\n`),
  'it is slow': (socket) => {
    const text = [...reply('200 OK', ALLOW)];
    const trickle = setInterval(() => socket.write(text.shift() ?? ''), 20);
    socket.once('close', () => clearInterval(trickle));
  },
  'it talks garbage': (socket) => void socket.end('\u0000\u0001 garbage \r\n\r\n'),
  'it speaks another protocol': (socket) => void socket.end('SSH-2.0-OpenSSH_9.2\r\n'),
  'it says nothing and hangs up': (socket) => void socket.end(),
  'it resets': (socket) => void socket.resetAndDestroy(),
  'it resets in the middle': (socket) => {
    socket.write(reply('200 OK', ALLOW).slice(0, -20), () => socket.resetAndDestroy());
  },
  'its answer breaks off': (socket) => void socket.end(reply('200 OK', ALLOW).slice(0, -20)),
  'its answer breaks off between chunks': (socket) => {
    socket.end(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${ALLOW.length.toString(16)}\r\n${ALLOW}\r\n`);
  },
  'an allow comes with 500': (socket) => void socket.end(reply('500 Internal Server Error', ALLOW)),
  'an allow comes with 503': (socket) => void socket.end(reply('503 Service Unavailable', ALLOW)),
  'an allow comes with 429': (socket) => void socket.end(reply('429 Too Many Requests', ALLOW)),
  'an allow comes with 401': (socket) => void socket.end(reply('401 Unauthorized', ALLOW)),
  'an allow comes with 201': (socket) => void socket.end(reply('201 Created', ALLOW)),
  'it answers nothing': (socket) => void socket.end('HTTP/1.1 204 No Content\r\n\r\n'),
  'it is a page': (socket) => void socket.end(reply('200 OK', '<h1>allow</h1>')),
  'it sends on to another': (socket) => {
    socket.end(`HTTP/1.1 307 Temporary Redirect\r\nlocation: /allow\r\ncontent-length: 0\r\n\r\n`);
  },
  'it upgrades': (socket) =>
    void socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
  'its answer has no end': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
    const piece = `10000\r\n${' '.repeat(0x10000)}\r\n`;
    const flow = setInterval(() => socket.write(piece), 1);
    socket.once('close', () => clearInterval(flow));
  },
  'it says only that it allows': (socket) => void socket.end(reply('200 OK', '{"decision":"allow"}')),
  'it says true': (socket) => void socket.end(reply('200 OK', 'true')),
};

describe('over HTTP nothing is allowed', () => {
  it.each(Object.entries(FAULTS))('when %s', async (_because, fault) => {
    const port = await listening(
      createServer((socket) => {
        socket.on('error', () => {});
        socket.once('data', () => fault(socket));
      }),
    );
    const decisions = await askedAll(clientOf({ url: `http://127.0.0.1:${port}`, cacheEntries: 10 }));
    expect(decisions.map(({ kind, allowed }) => [kind, allowed])).toEqual(
      Array.from({ length: 5 }, () => ['unavailable', false]),
    );
  });

  it('when it is down', async () => {
    const [decision] = await askedAll(clientOf({ url: `http://127.0.0.1:${await freePort()}` }));
    expect(decision).toMatchObject({ allowed: false, failure: { because: 'unreachable', message: 'ECONNREFUSED' } });
  });

  it('when its answer to many lacks some, or allows in the wrong place', async () => {
    const port = await listening(createHttpServer((_request, response) => response.end(`{"answers":[${ALLOW}]}`)));
    const client = clientOf({ url: `http://127.0.0.1:${port}` });
    expect(await client.decideMany([PUBLIC, PUBLIC])).toMatchObject([{ allowed: false }, { allowed: false }]);
  });

  it('when it does not keep to the revision that was asked for', async () => {
    const port = await listening(createHttpServer((_request, response) => response.end(ALLOW)));
    const client = clientOf({ url: `http://127.0.0.1:${port}` });
    expect(await client.decide(PUBLIC, { minRevision: 7 })).toMatchObject({ allowed: true });
    expect(await client.decide(PUBLIC, { minRevision: 8 })).toMatchObject({ allowed: false });
  });

  it('when the other side has no certificate', async () => {
    const port = await listening(createHttpServer((_request, response) => response.end(ALLOW)));
    expect(await clientOf({ url: `https://127.0.0.1:${port}` }).decide(PUBLIC)).toMatchObject({ allowed: false });
  });
});

const GRPC_FAULTS: { readonly [because: string]: (stream: ServerHttp2Stream) => void } = {
  'it hangs': () => {},
  'its call ends without an answer': (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end();
  },
  'its message is empty': (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(Buffer.alloc(5));
  },
  'its message is garbage': (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(Buffer.from([0, 0, 0, 0, 3, 0xff, 0xff, 0xff]));
  },
  'it says only that it allows': (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(Buffer.from([0, 0, 0, 0, 2, 0x08, 0x01]));
  },
  'it resets': (stream) => stream.close(2),
  'it answers 500': (stream) => {
    stream.respond({ ':status': 500 });
    stream.end('allow');
  },
  'it is unavailable': (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '14' }, { endStream: true });
  },
};

describe('over gRPC nothing is allowed', () => {
  it.each(Object.entries(GRPC_FAULTS))('when %s', async (_because, fault) => {
    const server = createHttp2Server();
    server.on('stream', (stream) => {
      stream.on('error', () => {});
      fault(stream);
    });
    const port = await listening(server);
    const transport = new GrpcTransport({ address: `127.0.0.1:${port}` });
    const decisions = await askedAll(clientOf({ transport }));
    expect(decisions.map(({ kind, allowed }) => [kind, allowed])).toEqual(
      Array.from({ length: 5 }, () => ['unavailable', false]),
    );
  });

  it.each`
    because                | answer
    ${'garbage'}           | ${(socket: Socket) => socket.end('garbage')}
    ${'HTTP/1.1'}          | ${(socket: Socket) => socket.end(reply('200 OK', ALLOW))}
    ${'nothing and hangs'} | ${() => {}}
    ${'nothing and goes'}  | ${(socket: Socket) => socket.resetAndDestroy()}
  `('when what answers says $because', async ({ answer }) => {
    const port = await listening(createServer((socket) => void socket.once('data', () => answer(socket))));
    const decisions = await askedAll(clientOf({ transport: new GrpcTransport({ address: `127.0.0.1:${port}` }) }));
    expect(decisions.some(({ allowed }) => allowed)).toBe(false);
  });

  it('when it is down', async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const [decision] = await askedAll(clientOf({ transport: new GrpcTransport({ address }) }));
    expect(decision).toMatchObject({ allowed: false, failure: { because: 'unreachable' } });
  });
});

describe('trying again', () => {
  const serverThatAnswers = async (...answers: readonly string[]) => {
    const seen: string[] = [];
    const port = await listening(
      createServer((socket) => {
        socket.on('data', (chunk: Buffer) => {
          seen.push(String(chunk));
          const next = answers[Math.min(seen.length, answers.length) - 1]!;
          if (next === 'reset') socket.resetAndDestroy();
          else socket.write(next);
        });
      }),
    );
    return { seen, url: `http://127.0.0.1:${port}` };
  };
  const GOOD = reply('200 OK', ALLOW);
  const calm = { timeoutMilliseconds: 10_000, tryMilliseconds: 5_000 };

  it.each`
    because                           | answers                                           | tries
    ${'a connection broke'}           | ${['reset', GOOD]}                                | ${2}
    ${'a server was stopping'}        | ${[reply('503 Service Unavailable', '{}'), GOOD]} | ${2}
    ${'it broke twice'}               | ${['reset', 'reset', GOOD]}                       | ${3}
    ${'it was wrong about its shape'} | ${[reply('200 OK', '{}'), GOOD]}                  | ${2}
  `('finds an answer when $because', async ({ answers, tries }) => {
    const { seen, url } = await serverThatAnswers(...answers);
    expect(await clientOf({ url, ...calm }).decide(PUBLIC)).toMatchObject({ allowed: true });
    expect(seen.length).toBe(tries);
  });

  it.each`
    because                                  | answers                                                                                         | tries
    ${'three tries are enough'}              | ${['reset']}                                                                                    | ${3}
    ${'it would say the same again'}         | ${[reply('401 Unauthorized', '{"code":"enforcement-point-unknown"}')]}                          | ${1}
    ${'it asked for more time than is left'} | ${[reply('503 Service Unavailable', '{}', 'retry-after: 60\r\n')]}                              | ${1}
    ${'a denial is an answer'}               | ${[reply('200 OK', ALLOW.replace('"allow"', '"deny"').replace('ALLOW_SLOW', 'NO_ALLOW_RULE'))]} | ${1}
  `('ends when $because', async ({ answers, tries }) => {
    const { seen, url } = await serverThatAnswers(...answers);
    expect(await clientOf({ url, ...calm }).decide(PUBLIC)).toMatchObject({ allowed: false });
    expect(seen.length).toBe(tries);
  });

  it('is for one question in ten while nothing is answered', async () => {
    const { seen, url } = await serverThatAnswers('reset');
    const client = clientOf({ url, ...calm, random: () => 0 });
    for (let asked = 0; asked < 50; asked += 1) await client.decide(PUBLIC);
    expect(seen.length).toBeLessThanOrEqual(50 + 15);
  });

  it('says the same again, whatever its owner makes of the request meanwhile', async () => {
    const { seen, url } = await serverThatAnswers('reset', GOOD);
    const request = structuredClone(PUBLIC);
    const decision = clientOf({ url, ...calm }).decide(request);
    request.target.path = '/admin';
    expect(await decision).toMatchObject({ allowed: true });
    expect(seen.map((text) => text.split('\r\n\r\n')[1])).toEqual([JSON.stringify(PUBLIC), JSON.stringify(PUBLIC)]);
  });

  it('never uses what failed: the next question is asked anew', async () => {
    const { seen, url } = await serverThatAnswers('reset', 'reset', 'reset', GOOD);
    const client = clientOf({ url, ...calm, cacheEntries: 10 });
    expect(await client.decide(PUBLIC)).toMatchObject({ allowed: false });
    expect(await client.decide(PUBLIC)).toMatchObject({ allowed: true, kept: false });
    expect(await client.decide(PUBLIC)).toMatchObject({ allowed: true, kept: true });
    expect(seen.length).toBe(4);
  });
});

it('asks many times over one connection', async () => {
  let connections = 0;
  const server = createHttpServer((_request, response) => response.end(ALLOW));
  server.on('connection', () => (connections += 1));
  const client = clientOf({
    url: `http://127.0.0.1:${await listening(server)}`,
    timeoutMilliseconds: 10_000,
    tryMilliseconds: 10_000,
  });
  for (let asked = 0; asked < 50; asked += 1) expect(await client.decide(PUBLIC)).toMatchObject({ allowed: true });
  expect(connections).toBe(1);
});

it('ends when its caller gives up, also before it began', async () => {
  let asked = 0;
  const server = createHttpServer(() => (asked += 1));
  const client = clientOf({
    url: `http://127.0.0.1:${await listening(server)}`,
    timeoutMilliseconds: 60_000,
    tryMilliseconds: 60_000,
  });
  const giveUp = new AbortController();
  const decision = client.decide(PUBLIC, { signal: giveUp.signal });
  await once(server, 'request');
  giveUp.abort();
  expect(await decision).toMatchObject({ allowed: false, failure: { because: 'aborted' } });
  expect(await client.decide(PUBLIC, { signal: giveUp.signal })).toMatchObject({ failure: { because: 'aborted' } });
  expect(asked).toBe(1);
});

it('is over in time with a transport that neither answers nor stops, and with one that breaks', async () => {
  class Stubborn extends Transport {
    override ask = () => new Promise<never>(() => {});
    override close(): void {}
  }
  class Broken extends Transport {
    override ask = () => Promise.reject(new Error('broken'));
    override close(): void {}
  }
  expect(await clientOf({ transport: new Stubborn() }).decide(PUBLIC)).toMatchObject({
    failure: { because: 'timeout' },
  });
  expect(await clientOf({ transport: new Broken() }).decide(PUBLIC)).toMatchObject({ allowed: false });
});

it('does not send what cannot be written as JSON', async () => {
  const circle: { [member: string]: unknown } = {};
  circle['self'] = circle;
  const client = clientOf({ url: `http://127.0.0.1:${await freePort()}` });
  for (const context of [circle, { big: 1n }]) {
    const decision = await client.decide({ ...PUBLIC, context: context as never });
    expect(decision).toMatchObject({ allowed: false, failure: { because: 'unsendable' } });
  }
});
