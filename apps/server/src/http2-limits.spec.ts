import { once } from 'node:events';
import { type ClientHttp2Session, connect, constants, createServer, type Http2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { callRaw, framed, type RawReply } from '../../../test/support/http2.js';
import { sendSlowly } from '../../../test/support/http.js';
import { CHECK_LIMITS, type Http2Limits, limitHttp2 } from './http2-limits.js';

/** Longer than anything here takes, on a busy machine too. */
const PATIENCE_MILLISECONDS = 20_000;
const CHECK = '/envoy.service.auth.v3.Authorization/Check';
const STREAM = '/dharma.v1.Decisions/DecideStream';
const WATCH = '/grpc.health.v1.Health/Watch';
const HOLD = { 'x-hold': 'the answer' };

let server: Http2Server;
let client: ClientHttp2Session;

/** A server that answers calls once they have ended, unless they ask it not to. */
async function serve(limits: Partial<Http2Limits>): Promise<void> {
  server = createServer();
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    stream.resume();
    stream.once('end', () => {
      if (headers['x-hold'] === undefined && !stream.closed)
        stream.respond({ ':status': 200, 'grpc-status': 0 }, { endStream: true });
    });
  });
  limitHttp2(server, { ...CHECK_LIMITS, ...limits });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  client.on('error', () => {});
  await once(client, 'remoteSettings');
}

/** Asks, and resets the call at once. */
function takeBack(code: number): void {
  const stream = client.request({ ':method': 'POST', ':path': CHECK, ...HOLD });
  stream.on('error', () => {});
  stream.close(code);
}

/** Until one of the two is over. */
function first(long: Promise<RawReply>, short: Promise<RawReply>): Promise<'long' | 'short'> {
  return Promise.race([long.then(() => 'long' as const), short.then(() => 'short' as const)]);
}

describe('the limits of HTTP/2', () => {
  afterEach(async () => {
    // A client of Node never returns from destroying itself while it is told of a stream that is over.
    await turn();
    client.destroy();
    server.close();
    await once(server, 'close');
  });

  it('end a connection without a greeting, and no other', async () => {
    await serve({ greetingMilliseconds: 100 });
    const to = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
    const nothing = Buffer.alloc(0);
    expect(await sendSlowly(to, nothing, nothing, PATIENCE_MILLISECONDS)).toBeLessThan(PATIENCE_MILLISECONDS);
    expect((await callRaw(client, CHECK, {}, framed(nothing))).grpc).toBe(0);
  });

  it.each`
    because                                | path     | piece              | said
    ${'it has sent nothing'}               | ${CHECK} | ${Buffer.alloc(0)} | ${4}
    ${'it goes on sending'}                | ${CHECK} | ${Buffer.alloc(1)} | ${4}
    ${'one that watches asks at once too'} | ${WATCH} | ${Buffer.alloc(0)} | ${4}
  `('end a call that has not asked in time: $because', async ({ path, piece, said }) => {
    await serve({ requestMilliseconds: 100 });
    expect(await callRaw(client, path, {}, Buffer.alloc(0), piece)).toEqual({ http: 200, grpc: said, messages: [] });
    expect((await callRaw(client, CHECK, {}, framed(Buffer.alloc(0)))).grpc).toBe(0);
  });

  it('let a stream ask for longer', async () => {
    await serve({ requestMilliseconds: 100 });
    const stream = callRaw(client, STREAM, {}, Buffer.alloc(0), Buffer.alloc(1));
    const call = callRaw(client, CHECK, {}, Buffer.alloc(0), Buffer.alloc(1));
    expect(await first(stream, call)).toBe('short');
  });

  it('end a stream on which nothing happens, but not one that waits for news', async () => {
    await serve({ idleMilliseconds: 100 });
    const watch = callRaw(client, WATCH, HOLD, Buffer.alloc(5));
    const stream = callRaw(client, STREAM, HOLD, Buffer.alloc(5));
    expect(await first(watch, stream)).toBe('short');
    expect(await stream).toMatchObject({ http: 0, grpc: undefined });
  });

  it('end a connection whose streams are reset too often, with a fault or without', async () => {
    await serve({ resets: 5 });
    const farewell = once(client, 'goaway');
    for (let at = 0; at < 6; at += 1) takeBack(at % 2 === 0 ? constants.NGHTTP2_CANCEL : constants.NGHTTP2_NO_ERROR);
    expect((await farewell)[0]).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  });

  it('count resets anew in each window', async () => {
    await serve({ resets: 1, resetWindowMilliseconds: 0 });
    for (let at = 0; at < 5; at += 1) {
      takeBack(constants.NGHTTP2_CANCEL);
      expect((await callRaw(client, CHECK, {}, framed(Buffer.alloc(0)))).grpc).toBe(0);
    }
  });

  it('refuse a list of headers that is too long', async () => {
    await serve({ headerListBytes: 1000 });
    expect(await callRaw(client, CHECK, { 'x-long': 'a'.repeat(2000) }, Buffer.alloc(5))).toMatchObject({ http: 0 });
    expect((await callRaw(client, CHECK, {}, framed(Buffer.alloc(0)))).grpc).toBe(0);
  });
});
