/**
 * Malformed input at every door of the program: a denial or an error of the caller's, never one of ours, never silence;
 * and the process stays the same.
 */
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { ClientHttp2Session } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { jest } from '@jest/globals';
import { grpcDefinition } from '#protocols';
import { provenShop } from '../support/gateway-shop.js';
import { endpointOf, sendBytes, type HttpResponse } from '../support/http.js';
import { callRaw, framed, openHttp2, type RawReply } from '../support/http2.js';
import { type Program, startProgram, stopPrograms } from '../support/program.js';

/** The program starts within it on a busy machine, and nothing hangs as long. */
jest.setTimeout(60_000);

const KEY = 'edge-1.a-secret-of-the-edge';
const TOKEN = 'given.a-token-of-the-tests';
const PUBLIC = { host: 'shop.example', method: 'GET', path: '/public/list' };
const ACCOUNT = { host: 'shop.example', method: 'GET', path: '/account/1' };
const OFFICE = { host: 'shop.example', method: 'GET', path: '/office/1' };

/** Generated messages have no types of their own. */
type Untyped = any; // eslint-disable-line typescript/no-explicit-any

let folder: string;
let program: Program;
let http: string;
let grpc: string;
let admin: string;
let session: ClientHttp2Session;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dharma-malformed-'));
  const at = (name: string) => join(folder, name);
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'ES256', use: 'sig' }] };
  const shop = provenShop({ jwks, gatewayKey: KEY, partnerKey: 'partner-1.a-secret-of-the-partner' });
  writeFileSync(at('token'), TOKEN, { mode: 0o600 });
  mkdirSync(at('policies'));
  writeFileSync(at('policies/shop.yaml'), shop.replace('mayAssert: [portal', 'mayExplain: true\n  mayAssert: [portal'));
  const ports = ['grpc', 'http', 'admin'].flatMap((name) => [`--${name}-address`, '127.0.0.1:0']);
  program = startProgram(['--policies', at('policies'), '--log-level', 'warn', ...ports], {
    DHARMA_OPERATOR_TOKEN_FILE: at('token'),
    DHARMA_READY_FILE: at('ready.json'),
  });
  await program.says('until Ctrl-C');
  ({ http, grpc, admin } = JSON.parse(readFileSync(at('ready.json'), 'utf8')));
  session = openHttp2(grpc);
});

afterAll(async () => {
  session?.close();
  await stopPrograms();
  rmSync(folder, { recursive: true, force: true });
});

// ── the JSON routes ─────────────────────────────────────────────────────────────────────────────────────────────────

/** Text that is no request, and for a batch no list of requests. */
const TEXTS: readonly (readonly [because: string, body: string | Uint8Array])[] = [
  ['nothing is no JSON', ''],
  ['half an object is no JSON', '{"target":'],
  ['a trailing comma is no JSON', '{"target":{"host":"shop.example","method":"GET","path":"/public/list"},}'],
  ['null is no request', 'null'],
  ['a list is no request', '[]'],
  ['a text is no request', '"GET /public/list"'],
  ['a number is no request', '-0'],
  ['a number beyond all numbers is none', `{"target":${JSON.stringify(PUBLIC)},"attributes":{"x":1e999}}`],
  ['bytes that are no UTF-8 are no text', Buffer.from('7b22ff223a317d', 'hex')],
  ['UTF-16 is not UTF-8', Buffer.from(`\ufeff${JSON.stringify({ target: PUBLIC })}`, 'utf16le')],
  ['zeros are no text', Buffer.alloc(1024)],
  ['what is packed is no JSON', gzipSync(JSON.stringify({ target: PUBLIC }))],
  ['lists lie in one another without end', '['.repeat(100_000)],
  ['maps lie in one another without end', '{"a":'.repeat(40_000)],
  ['a member is named twice', `{"target":${JSON.stringify(PUBLIC)},"target":${JSON.stringify(PUBLIC)}}`],
  ['a member is named twice, once in escapes', `{"target":{},"\\u0074arget":${JSON.stringify(PUBLIC)}}`],
  ['a body has an end', `"${'x'.repeat(300 * 1024)}"`],
];

/** JSON that is no request, or asks about nothing that anyone should answer. */
const REQUESTS: readonly (readonly [because: string, request: unknown])[] = [
  ['a request has a target', {}],
  ['null is no target', { target: null }],
  ['a list is no target', { target: [PUBLIC] }],
  ['two shapes of a target at once', { target: { ...PUBLIC, topic: 't', action: 'publish' } }],
  ['an unknown member of a target', { target: { ...PUBLIC, port: 80 } }],
  ['an unknown member', { target: PUBLIC, subject: 'ann' }],
  ['a member with the name of a language', JSON.parse('{"target":{},"__proto__":{"target":1}}')],
  ['a target inherited from nobody', JSON.parse(`{"__proto__":{"target":${JSON.stringify(PUBLIC)}}}`)],
  ['a path that is no text', { target: { ...PUBLIC, path: 7 } }],
  ['no path', { target: { ...PUBLIC, path: '' } }],
  ['a path that begins nowhere', { target: { ...PUBLIC, path: 'public/list' } }],
  ['a path with a zero', { target: { ...PUBLIC, path: '/public/\u0000' } }],
  ['a path with half a character', { target: { ...PUBLIC, path: '/public/\ud800' } }],
  ['a path that leads up again', { target: { ...PUBLIC, path: '/public/../office/1' } }],
  ['a path with an escape of nothing', { target: { ...PUBLIC, path: '/public/%zz' } }],
  ['a path that is long, and leads up', { target: { ...PUBLIC, path: `/public${'/a'.repeat(50_000)}/..` } }],
  ['a host with a user in it', { target: { ...PUBLIC, host: 'shop.example@evil.example' } }],
  ['a host with a line break', { target: { ...PUBLIC, host: 'shop.example\r\nx: y' } }],
  ['a method with a space', { target: { ...PUBLIC, method: 'GET /public' } }],
  ['evidence that is no list', { target: PUBLIC, evidence: { role: 'trust' } }],
  ['evidence of an unknown role', { target: PUBLIC, evidence: [{ role: 'root', mechanism: 'mesh', subject: 's' }] }],
  ['evidence that says it is verified', { target: PUBLIC, evidence: [trusted('s', { verified: true })] }],
  ['evidence that ends on no day', { target: PUBLIC, evidence: [trusted('s', { expiresAt: '2026-02-30T00:00:00Z' })] }],
  ['evidence without end, of nobody', { target: OFFICE, evidence: Array(2_000).fill(trusted('')) }],
  ['evidence with a subject of control characters', { target: OFFICE, evidence: [trusted('spiffe://\u0007')] }],
  ['evidence with a subject of half a character', { target: OFFICE, evidence: [trusted('\udfff')] }],
  ['the clock is the server’s', { target: PUBLIC, time: '2026-12-24T12:00:00Z' }],
  ['a header that is no text', { target: PUBLIC, headers: { accept: 1 } }],
  ['two headers that differ by case', { target: PUBLIC, headers: { Accept: 'a', accept: 'b' } }],
  ['a credential that is no text', { target: ACCOUNT, credentials: { authorization: ['Bearer a'] } }],
  ['a token of dots', { target: ACCOUNT, credentials: { authorization: 'Bearer ...' } }],
  ['a token of nothing', { target: ACCOUNT, credentials: { authorization: 'Bearer e30.e30.' } }],
  ['a token signed by nobody', { target: ACCOUNT, credentials: { authorization: `Bearer ${unsigned()}` } }],
  ['a token that is long', { target: ACCOUNT, credentials: { authorization: `Bearer ${'a.'.repeat(40_000)}` } }],
  ['two tokens', { target: ACCOUNT, credentials: { authorization: 'Bearer a.b.c, Bearer d.e.f' } }],
  ['a key without a secret', { target: ACCOUNT, credentials: { 'x-api-key': 'partner-1.' } }],
  ['a key of control characters', { target: ACCOUNT, credentials: { 'x-api-key': '\u0000.\u0000' } }],
  ['a revision before all others', { target: PUBLIC, minRevision: -1 }],
  ['half a revision', { target: PUBLIC, minRevision: 0.5 }],
  ['a revision beyond all numbers', { target: PUBLIC, minRevision: 1e300 }],
  ['an explanation perhaps', { target: PUBLIC, explain: 'yes' }],
  ['maps that lie deep', { target: PUBLIC, context: nested(33) }],
];

describe('JSON', () => {
  const post = (path: string, body: string | Uint8Array) =>
    sendBytes(
      endpointOf(http),
      Buffer.concat([
        Buffer.from(
          `POST ${path} HTTP/1.1\r\nHost: dharma\r\nConnection: close\r\nX-Dharma-Key: ${KEY}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`,
        ),
        Buffer.from(body as string),
      ]),
    );

  it.each(TEXTS)('is refused: %s', async (_because, body) => {
    for (const path of ['/v1/decide', '/v1/decide/batch', '/v1/explain']) expectRefusal(await post(path, body));
  });

  it.each(REQUESTS)('is denied: %s', async (_because, request) => {
    const body = JSON.stringify(request);
    for (const path of ['/v1/decide', '/v1/explain']) expectRefusal(await post(path, body));
    expectRefusal(await post('/v1/decide/batch', `{"requests":[${body}]}`));
  });

  it.each([
    ['no list', {}],
    ['a list of its own', [{ target: PUBLIC }]],
    ['a list that is none', { requests: { 0: { target: PUBLIC }, length: 1 } }],
    ['more than a hundred', { requests: Array(101).fill({ target: PUBLIC }) }],
    ['hundreds of thousands of nothings', { requests: Array(100_000).fill(0) }],
    ['an unknown member', { requests: [{ target: PUBLIC }], explain: true }],
  ])('is no batch: %s', async (_because, body) => {
    expectRefusal(await post('/v1/decide/batch', JSON.stringify(body)));
  });
});

// ── HTTP ────────────────────────────────────────────────────────────────────────────────────────────────────────────

const BODY = JSON.stringify({ target: PUBLIC });
const HEAD = `POST /v1/decide HTTP/1.1\r\nHost: dharma\r\nConnection: close\r\nX-Dharma-Key: ${KEY}\r\nContent-Type: application/json\r\n`;
const REST = `Content-Length: ${BODY.length}\r\n\r\n${BODY}`;

/** What no HTTP library would send, before a body that would be allowed. */
const MESSAGES: readonly (readonly [because: string, bytes: string | Uint8Array])[] = [
  ['noise', Buffer.from(Array.from({ length: 4096 }, (_, at) => (at * 167 + 13) % 256))],
  ['an offer of TLS', Buffer.from('16030100a5010000a10303'.padEnd(340, '0'), 'hex')],
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['a version of the future', HEAD.replace('HTTP/1.1', 'HTTP/9.9') + REST],
  ['a line without a target', `POST HTTP/1.1\r\n\r\n`],
  ['a method of control characters', `\u0001\u0002 /v1/decide HTTP/1.1\r\n\r\n`],
  ['another method', HEAD.replace('POST', 'PUT') + REST],
  ['a method that reads', HEAD.replace('POST', 'GET') + REST],
  ['a route that is none', HEAD.replace('/v1/decide', '/v1/%zz') + REST],
  ['a route beside', HEAD.replace('/v1/decide', '/v1/../v1/decide') + REST],
  ['a route with a zero', HEAD.replace('/v1/decide', '/v1/decide\u0000') + REST],
  ['a header without a colon', `${HEAD}nonsense\r\n${REST}`],
  ['a header with a zero', `${HEAD}X-A: \u0000\r\n${REST}`],
  ['a header that is folded', `${HEAD}X-A: b\r\n c\r\n${REST}`],
  ['a header that is long', `${HEAD}X-A: ${'a'.repeat(70_000)}\r\n${REST}`],
  ['headers without end', `${HEAD}${'X-A: b\r\n'.repeat(20_000)}${REST}`],
  ['a length of less than nothing', `${HEAD}Content-Length: -1\r\n\r\n${BODY}`],
  ['a length that is no number', `${HEAD}Content-Length: 0x10\r\n\r\n${BODY}`],
  ['two lengths', `${HEAD}Content-Length: 1\r\n${REST}`],
  ['a length and chunks', `${HEAD}Transfer-Encoding: chunked\r\n${REST}`],
  ['a chunk of no size', `${HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n${BODY}\r\n0\r\n\r\n`],
  ['an encoding that nobody knows', `${HEAD}Transfer-Encoding: chunked, rot13\r\n\r\n${BODY}`],
  ['no type', HEAD.replace(/Content-Type.*\r\n/, '') + REST],
  ['a type that is none', HEAD.replace('application/json', '\u00ff/\u00ff') + REST],
  ['a form', HEAD.replace('application/json', 'application/x-www-form-urlencoded') + REST],
  ['two keys', `${HEAD}X-Dharma-Key: ${KEY}\r\n${REST}`],
  ['a key that is long', HEAD.replace(KEY, `edge-1.${'a'.repeat(50_000)}`) + REST],
  ['a key beyond ASCII', HEAD.replace(KEY, 'edge-1.\u00e9\u00ff') + REST],
  ['no key', HEAD.replace(/X-Dharma-Key.*\r\n/, '') + REST],
  ['a password', `${HEAD}Authorization: Basic ====\r\n${REST}`],
];

/** What ends before it is over. */
const HALVES: readonly (readonly [because: string, bytes: string])[] = [
  ['nothing', ''],
  ['half a line', 'POST /v1/dec'],
  ['half a head', HEAD],
  ['half a body', `${HEAD}Content-Length: 1000\r\n\r\n${BODY}`],
  ['half a chunk', `${HEAD}Transfer-Encoding: chunked\r\n\r\nfff\r\n${BODY}`],
  ['half of chunks', `${HEAD}Transfer-Encoding: chunked\r\n\r\n${BODY.length.toString(16)}\r\n${BODY}\r\n`],
];

/** Whoever ends early may be told nothing. */
async function expectNoAnswer(address: string, bytes: string): Promise<void> {
  const reply = await sendBytes(endpointOf(address), Buffer.from(bytes, 'latin1'), true);
  if (reply.status !== 0) expectRefusal(reply);
}

describe('HTTP', () => {
  it('allows what these tests are made of', async () => {
    const { status, body } = await sendBytes(endpointOf(http), Buffer.from(HEAD + REST));
    expect([status, allowsIn(JSON.parse(body)).length]).toEqual([200, 1]);
  });

  it.each(MESSAGES)('is refused: %s', async (_because, bytes) => {
    expectRefusal(await sendBytes(endpointOf(http), Buffer.from(bytes as string, 'latin1')));
  });

  it.each(HALVES)('has no answer: %s', async (_because, bytes) => {
    await expectNoAnswer(http, bytes);
  });
});

// ── gateways ────────────────────────────────────────────────────────────────────────────────────────────────────────

const GATEWAYS = {
  nginx: { method: 'X-Original-Method', host: 'X-Original-Host', path: 'X-Original-URI' },
  caddy: { method: 'X-Forwarded-Method', host: 'X-Forwarded-Host', path: 'X-Forwarded-Uri' },
} as const;

/** What replaces the fields of a call that would be allowed; undefined: the field is left out. */
const CALLS: readonly (readonly [
  because: string,
  { readonly method?: string; readonly host?: string; readonly path?: string; readonly more?: string },
])[] = [
  ['no method', { method: undefined }],
  ['no host', { host: undefined }],
  ['no path', { path: undefined }],
  ['an empty method', { method: '' }],
  ['an empty host', { host: '' }],
  ['an empty path', { path: '' }],
  ['a method in small letters', { method: 'get' }],
  ['a tunnel', { method: 'CONNECT', path: 'shop.example:443' }],
  ['two methods', { method: 'GET, POST' }],
  ['a host with a port that is none', { host: 'shop.example:99999' }],
  ['a host with a user', { host: 'a@shop.example' }],
  ['a list of hosts', { host: 'shop.example, evil.example' }],
  ['a whole address', { path: 'http://shop.example/public/list' }],
  ['bytes beyond ASCII', { path: '/public/\u00e9' }],
  ['a tab', { path: '/public/\tlist' }],
  ['a long path that leads up', { path: `/public${'/a'.repeat(12_000)}/..` }],
  ['half an escape', { path: '/public/%4' }],
  ['an escape of more bytes than a character needs', { path: '/public/%c0%af' }],
  ['a token of noise', { path: '/account/1', more: 'Authorization: Bearer \u00ff\u00fe.\u00ff.\u00ff' }],
  ['two tokens', { more: 'Authorization: Bearer a\r\nAuthorization: Bearer b' }],
  ['a certificate of noise', { path: '/office/1', more: 'X-Forwarded-Client-Cert: By=;Hash="\\;URI=,,,;;"' }],
  ['two certificates', { more: 'X-Forwarded-Client-Cert: URI=a\r\nX-Forwarded-Client-Cert: URI=b' }],
  ['a person of noise', { path: '/portal/1', more: 'X-Auth-Request-User: \u00ff\u00fe' }],
  ['two persons', { path: '/portal/1', more: 'X-Auth-Request-User: ann\r\nX-Auth-Request-User: bob' }],
];

describe('gateways', () => {
  const call = (first: string, lines: readonly (string | undefined)[]) => {
    const sent = [`${first} HTTP/1.1`, `X-Dharma-Key: ${KEY}`, 'Connection: close', ...lines];
    const text = sent.filter((line) => line !== undefined).join('\r\n');
    return sendBytes(endpointOf(http), Buffer.from(`${text}\r\n\r\n`, 'latin1'));
  };

  it.each(CALLS)('are refused: %s', async (_because, { more, ...changed }) => {
    const { method, host, path } = { ...PUBLIC, ...changed };
    for (const [gateway, names] of Object.entries(GATEWAYS)) {
      const line = (name: string, value: string | undefined) => (value === undefined ? undefined : `${name}: ${value}`);
      const lines = [line(names.method, method), line(names.host, host), line(names.path, path)];
      expectRefusal(await call(`GET /forward-auth/${gateway}`, ['Host: dharma', ...lines, more]));
    }
    // Its call is the client's own request, of which there is always a method.
    const first = `${method === undefined || method === '' ? '?' : method} /forward-auth/envoy${path ?? ''}`;
    expectRefusal(await call(first, [host === undefined ? undefined : `Host: ${host}`, more]));
  });

  it.each(['/forward-auth', '/forward-auth/', '/forward-auth/none', '/forward-auth/nginx/x', '/forward-auth/%zz'])(
    'have no path %s',
    async (path) => {
      const lines = Object.values(GATEWAYS.nginx).map((name, at) => `${name}: ${Object.values(PUBLIC)[at]}`);
      expectRefusal(await call(`GET ${path}`, ['Host: dharma', ...lines]));
    },
  );
});

// ── gRPC ────────────────────────────────────────────────────────────────────────────────────────────────────────────

const CHECK = '/envoy.service.auth.v3.Authorization/Check';
const DECISIONS = ['Decide', 'DecideMany', 'DecideStream', 'Explain'].map((name) => `/dharma.v1.Decisions/${name}`);
const GRPC = [CHECK, ...DECISIONS];

/** Bytes in the place of a message, as hexadecimal. */
const BYTES: readonly (readonly [because: string, bytes: string])[] = [
  ['nothing', ''],
  ['a tag that does not end', 'ff'],
  ['a tag without a value', '08'],
  ['a field of number zero', '0000'],
  ['a length beyond the end', '0aff'],
  ['a length of four gigabytes', '0affffffff0f'],
  ['a length of more than a number holds', `0a${'ff'.repeat(10)}`],
  ['a group that does not end', '0b'],
  ['a group that ends nothing', '0c'],
  ['types that nobody knows', '0e0f'],
  ['another type of a known field', '0801'],
  ['fields that nobody knows', 'fa3f03616263'],
  ['a text that is no UTF-8', '0a0622041a02c328'],
  ['noise', Buffer.from(Array.from({ length: 2048 }, (_, at) => (at * 101 + 7) % 256)).toString('hex')],
];

/** Frames that are none, around a message that would be answered, in the encoding that the call names. */
const FRAMES: readonly (readonly [because: string, frame: (message: Buffer) => Buffer, encoding: string])[] = [
  ['no frame', () => Buffer.alloc(0), 'identity'],
  ['half the head of a frame', () => Buffer.from('000000', 'hex'), 'identity'],
  ['half a message', (message) => framed(message).subarray(0, -3), 'identity'],
  ['four gigabytes to come', (message) => Buffer.concat([Buffer.from('00ffffffff', 'hex'), message]), 'identity'],
  ['not packed, though it says so', (message) => packed(message), 'gzip'],
  ['packed in half', (message) => packed(gzipSync(message).subarray(0, -12)), 'gzip'],
  ['a hundred megabytes in a nutshell', () => packed(gzipSync(Buffer.alloc(100 * 1024 * 1024))), 'gzip'],
  ['packed in a way that nobody knows', (message) => packed(message), 'rot13'],
  ['two messages where there is one', (message) => Buffer.concat([framed(message), framed(message)]), 'identity'],
];

/** Headers of a call with a message that would be allowed. */
const CALL_HEADERS: readonly (readonly [because: string, { readonly [name: string]: string }])[] = [
  ['no key', { 'x-dharma-key': '' }],
  ['a key of noise', { 'x-dharma-key': '\u0001' }],
  ['a deadline that is none', { 'grpc-timeout': 'soon' }],
  ['a type that is none', { 'content-type': 'text/plain' }],
  ['JSON', { 'content-type': 'application/json' }],
];

const ADDRESS = { target: { address: PUBLIC } };
const struct = (fields: object) => ({ fields });

/** Messages of `dharma.v1`, well-formed as such. */
const QUESTIONS: readonly (readonly [because: string, question: object])[] = [
  ['no target', { attributes: struct({}) }],
  ['a target of nothing', { target: { resourceAction: {} } }],
  ['a number that is none', { ...ADDRESS, attributes: struct({ x: { numberValue: Number.NaN } }) }],
  ['a number beyond all numbers', { ...ADDRESS, context: struct({ x: { numberValue: Number.POSITIVE_INFINITY } }) }],
  ['structs that lie deep', { ...ADDRESS, claimed: struct({ x: deep(33) }) }],
  ['a revision beyond all numbers', { ...ADDRESS, minRevision: '18446744073709551615' }],
  ['evidence of an unknown role', { ...ADDRESS, evidence: [{ role: 'root', mechanism: 'mesh', subject: 's' }] }],
  ['evidence that ends on no day', { ...ADDRESS, evidence: [trusted('s', { expiresAt: 'tomorrow' })] }],
  ['two headers that differ by case', { ...ADDRESS, headers: { Accept: 'a', accept: 'b' } }],
  ['a path with a zero', { target: { address: { ...PUBLIC, path: '/public/\u0000' } } }],
  ['an RPC that is none', { target: { rpc: { rpc: '//', host: '' } } }],
  ['a topic of nothing', { target: { topic: { topic: '', action: '' } } }],
  ['a message that is large', { ...ADDRESS, headers: { large: 'x'.repeat(300 * 1024) } }],
];

/** Messages of Envoy, well-formed as such. */
const CHECKS: readonly (readonly [because: string, attributes: object])[] = [
  ['no request', {}],
  ['no HTTP', { request: {} }],
  ['no path', { request: { http: { ...PUBLIC, path: '' } } }],
  ['another path in the pseudo header', { request: { http: { ...PUBLIC, headers: { ':path': '/office/1' } } } }],
  ['two tokens in one header', { request: { http: { ...PUBLIC, headers: { authorization: 'Bearer a, Bearer b' } } } }],
  ['two tokens', { request: { http: { ...PUBLIC, headerMap: { headers: [token('a'), token('b')] } } } }],
  ['evidence that is no list', asserted({ stringValue: 'root' })],
  ['evidence that says nothing', asserted({})],
  ['evidence of nothing', asserted({ listValue: { values: [{}] } })],
  ['evidence that lies deep', asserted(deep(33))],
  ['more than evidence', asserted({ listValue: {} }, { subject: { stringValue: 'ann' } })],
  ['a certificate of noise', { ...about(OFFICE), source: { certificate: '%2%%ff' } }],
  ['a certificate that is long', { ...about(OFFICE), source: { certificate: 'A'.repeat(1024 * 1024) } }],
  ['a name of noise', { ...about(OFFICE), source: { principal: '\u0000spiffe://acme.example/office' } }],
  ['an address of noise', { ...about(OFFICE), source: { address: { socketAddress: { address: '::::::' } } } }],
  [
    'a token of noise',
    { request: { http: { ...ACCOUNT, headers: { authorization: 'Bearer \u0000.\u0000.\u0000' } } } },
  ],
];

describe('gRPC', () => {
  const definition = grpcDefinition();
  const method = (path: string): Untyped => {
    const [, service, name] = path.split('/') as [string, string, string];
    return (definition[service] as Untyped)[name];
  };
  const raw = (path: string, body: Uint8Array, headers: { readonly [name: string]: string } = {}) =>
    callRaw(session, path, { 'x-dharma-key': KEY, ...headers }, body);
  const messageFor = (path: string, question: object): Buffer => {
    const shape = path.endsWith('Many')
      ? { requests: [question] }
      : path.endsWith('Stream')
        ? { id: '1', request: question }
        : question;
    return method(path).requestSerialize(shape) as Buffer;
  };
  const fine = (path: string) =>
    path === CHECK
      ? (method(CHECK).requestSerialize({ attributes: about(PUBLIC) }) as Buffer)
      : messageFor(path, ADDRESS);

  /** A gRPC error, or answers none of which allows. */
  const expectNoAllow = (path: string, { http: status, grpc: code, messages }: RawReply) => {
    expect(status).toBeLessThan(500);
    expect(code ?? (status === 0 ? 'reset' : status)).not.toBe(200);
    if (code !== 0) return expect(messages).toEqual([]);
    for (const message of messages) expect(allowsIn(method(path).responseDeserialize(message))).toEqual([]);
  };

  it('allows what these tests are made of', async () => {
    for (const path of GRPC) {
      const { http: status, grpc: code, messages } = await raw(path, framed(fine(path)));
      expect([path, status, code, messages.length]).toEqual([path, 200, 0, 1]);
      expect(allowsIn(method(path).responseDeserialize(messages[0]))).toHaveLength(1);
    }
  });

  it.each(BYTES)('denies: %s', async (_because, hex) => {
    for (const path of GRPC) {
      const reply = await raw(path, framed(Buffer.from(hex, 'hex')));
      expectNoAllow(path, reply);
      // On an error a gateway may let its request pass.
      if (path === CHECK) expect([reply.grpc, reply.messages.length]).toEqual([0, 1]);
    }
  });

  it.each(FRAMES)('is no call: %s', async (_because, frame, encoding) => {
    for (const path of GRPC.filter((one) => !one.endsWith('Stream'))) {
      const reply = await raw(path, frame(fine(path)), { 'grpc-encoding': encoding });
      expectNoAllow(path, reply);
      expect(reply.grpc).not.toBe(0);
    }
  });

  it.each(CALL_HEADERS)('is no call: %s', async (_because, headers) => {
    for (const path of GRPC) expectNoAllow(path, await raw(path, framed(fine(path)), headers));
  });

  it.each([
    '/',
    '/nothing',
    '/dharma.v1.Decisions/',
    '/dharma.v1.Decisions/__proto__',
    '/grpc.health.v1.Health/Delete',
  ])('has no method %s', async (path) => {
    expect((await raw(path, framed(fine(CHECK)))).grpc).toBe(12);
  });

  it.each(QUESTIONS)('denies: %s', async (_because, question) => {
    for (const path of DECISIONS) expectNoAllow(path, await raw(path, framed(messageFor(path, question))));
  });

  it.each([100, 3_000, 20_000])('denies what lies %i levels deep, which no library would write', async (levels) => {
    const map = field(1, Buffer.concat([field(1, Buffer.from('evidence')), field(2, deepBytes(levels))]));
    const address = Object.values(PUBLIC).map((text, at) => field(at + 1, Buffer.from(text)));
    const decide = Buffer.concat([field(1, field(2, Buffer.concat(address))), field(6, map)]);
    expectNoAllow('/dharma.v1.Decisions/Decide', await raw('/dharma.v1.Decisions/Decide', framed(decide)));
    const metadata = field(1, Buffer.concat([field(1, Buffer.from('dharma')), field(2, map)]));
    // Behind its tag and its length, a byte each.
    const attributes = fine(CHECK).subarray(2);
    const check = field(1, Buffer.concat([attributes, field(11, metadata)]));
    const reply = await raw(CHECK, framed(check));
    expect([reply.grpc, reply.messages.length]).toEqual([0, 1]);
    expectNoAllow(CHECK, reply);
  });

  it.each(CHECKS)('Check denies by a message: %s', async (_because, attributes) => {
    const reply = await raw(CHECK, framed(method(CHECK).requestSerialize({ attributes })));
    expect([reply.grpc, reply.messages.length]).toEqual([0, 1]);
    expectNoAllow(CHECK, reply);
  });

  it.each(MESSAGES.filter(([because]) => because !== 'HTTP/2'))('hangs up: %s', async (_because, bytes) => {
    const { status } = await sendBytes(endpointOf(grpc), Buffer.from(bytes as string, 'latin1'));
    expect(status === 0 || (status >= 400 && status < 500)).toBe(true);
  });

  it.each(HALVES)('has no answer: %s', async (_because, bytes) => {
    await expectNoAnswer(grpc, bytes);
  });
});

// ── operators ───────────────────────────────────────────────────────────────────────────────────────────────────────

const PLAN = { source: 'git', files: [{ file: 'a.yaml', text: '' }] };

interface Headers {
  readonly [name: string]: string;
}

/** With the token of an operator, unless it says otherwise. */
const ADMIN: readonly (readonly [because: string, line: string, body?: string | Uint8Array, headers?: Headers])[] = [
  ['no token', 'GET /admin/v1/status', undefined, { authorization: '' }],
  ['a token of noise', 'GET /admin/v1/status', undefined, { authorization: 'Bearer \u00ff.\u00fe' }],
  ['a token that is long', 'GET /admin/v1/status', undefined, { authorization: `Bearer ${'a'.repeat(40_000)}` }],
  ['a password', 'GET /admin/v1/status', undefined, { authorization: 'Basic ====' }],
  ['a limit of less than nothing', 'GET /admin/v1/documents?limit=-1'],
  ['a limit beyond all numbers', 'GET /admin/v1/documents?limit=1e99'],
  ['two limits', 'GET /admin/v1/documents?limit=1&limit=2'],
  ['a cursor of noise', 'GET /admin/v1/documents?next=%ff%00'],
  ['a parameter that is none', 'GET /admin/v1/documents?unknown=1'],
  ['a parameter like a map', 'GET /admin/v1/documents?kind[a]=Policy'],
  ['a kind that is none', 'GET /admin/v1/documents/constructor/constructor'],
  ['a name with a zero', 'GET /admin/v1/documents/Policy/%00'],
  ['a name of bytes', 'GET /admin/v1/documents/Policy/%ff%fe'],
  ['a name of half an escape', 'GET /admin/v1/domains/%4'],
  ['a name of a language', 'GET /admin/v1/domains/__proto__'],
  ['a revision that is none', 'GET /admin/v1/revisions/NaN'],
  ['a revision before all others', 'GET /admin/v1/revisions/-1/documents'],
  ['a revision beyond all numbers', `GET /admin/v1/revisions/${'9'.repeat(400)}/diff?against=1`],
  ['a key with a path', 'DELETE /admin/v1/keys/..%2f..%2foperators'],
  ['nothing', 'POST /admin/v1/plan', ''],
  ['half an object', 'POST /admin/v1/plan', '{"source":'],
  ['null', 'POST /admin/v1/plan', 'null'],
  ['a list', 'POST /admin/v1/plan', '[]'],
  ['bytes', 'POST /admin/v1/plan', Buffer.from('7b22ff223a317d', 'hex')],
  ['lists without end', 'POST /admin/v1/plan', '['.repeat(1_000_000)],
  ['a member of a language', 'POST /admin/v1/plan', '{"__proto__":{"source":"git"}}'],
  ['files that are no list', 'POST /admin/v1/plan', JSON.stringify({ ...PLAN, files: 'a' })],
  ['a file that is none', 'POST /admin/v1/plan', JSON.stringify({ ...PLAN, files: [null] })],
  ['a file without a text', 'POST /admin/v1/plan', JSON.stringify({ ...PLAN, files: [{ file: 'a' }] })],
  ['one file twice', 'POST /admin/v1/plan', JSON.stringify({ ...PLAN, files: [...PLAN.files, ...PLAN.files] })],
  ['YAML of nothing but control characters', 'POST /admin/v1/plan', planOf('\u0000\u0001')],
  ['YAML that grows', 'POST /admin/v1/plan', planOf(`a: &a [x]\n${'b: &b [*a, *a]\n'.repeat(40)}`)],
  ['YAML that lies deep', 'POST /admin/v1/plan', planOf('['.repeat(20_000))],
  ['YAML of half characters', 'POST /admin/v1/plan', planOf('kind: "\ud800"')],
  ['a form', 'POST /admin/v1/plan', 'source=git', { 'content-type': 'application/x-www-form-urlencoded' }],
  ['a publication of nothing', 'POST /admin/v1/revisions', '{}'],
  ['a publication on nothing', 'POST /admin/v1/revisions', JSON.stringify({ ...PLAN, base: 7, because: 1 })],
  ['an operator without a name', 'POST /admin/v1/operators', '{"name":null}'],
  ['another method', 'PATCH /admin/v1/status', '{}'],
  ['a route of the other listener', 'POST /v1/decide', BODY],
];

describe('operators', () => {
  it.each(ADMIN.map(([because, line, body = '', headers = {}]) => [because, line, body, headers] as const))(
    'are refused: %s (%s)',
    async (_because, line, body, headers) => {
      const sent = {
        host: 'dharma',
        connection: 'close',
        authorization: `Bearer ${TOKEN}`,
        'content-type': 'application/json',
        'content-length': `${Buffer.byteLength(body)}`,
        ...headers,
      };
      const head = Object.entries(sent).map(([name, value]) => `${name}: ${value}\r\n`);
      const text = Buffer.from(`${line} HTTP/1.1\r\n${head.join('')}\r\n`, 'latin1');
      expectRefusal(await sendBytes(endpointOf(admin), Buffer.concat([text, Buffer.from(body as string)])));
    },
  );

  it.each(MESSAGES)('are no messages: %s', async (_because, bytes) => {
    expectRefusal(await sendBytes(endpointOf(admin), Buffer.from(bytes as string, 'latin1')));
  });

  it.each(HALVES)('have no answer: %s', async (_because, bytes) => {
    await expectNoAnswer(admin, bytes);
  });
});

// ── afterwards ──────────────────────────────────────────────────────────────────────────────────────────────────────

describe('after all of this', () => {
  const decide = async (path: string) => {
    const response = await fetch(`http://${http}/v1/decide`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-dharma-key': KEY },
      body: JSON.stringify({ target: { ...PUBLIC, path } }),
    });
    return (await response.json()) as { readonly decision: string };
  };

  it('what is allowed is allowed, and what is not is not', async () => {
    expect(await decide('/public/list')).toMatchObject({ decision: 'allow', reason: 'ALLOW_SLOW' });
    expect(await decide('/office/1')).toMatchObject({ decision: 'deny', reason: 'NO_ALLOW_RULE' });
  });

  it('it is the same process, which operators can ask, and which has had no trouble', async () => {
    expect(JSON.parse(readFileSync(join(folder, 'ready.json'), 'utf8'))).toMatchObject({ pid: program.process.pid });
    expect([program.process.exitCode, program.process.signalCode]).toEqual([null, null]);
    expect((await fetch(`http://${admin}/readyz`)).status).toBe(200);
    expect(program.output.error).toBe('');
  });
});

// ── what they are made of ───────────────────────────────────────────────────────────────────────────────────────────

/** An error of the caller's, or answers none of which allows; to a gateway every 200 is an allow. */
function expectRefusal({ status, body }: HttpResponse): void {
  if (status === 200 && body !== '') return expect(allowsIn(JSON.parse(body))).toEqual([]);
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(500);
}

/** Everything in an answer that says yes. */
function allowsIn(answer: Untyped): readonly unknown[] {
  const answers: readonly Untyped[] = answer.answers ?? [answer.answer ?? answer];
  return answers.filter(
    ({ decision, valid, status, okResponse }) =>
      (decision ?? 'none') === 'allow' ||
      decision === 'DECISION_ALLOW' ||
      (decision === undefined && status === undefined && valid !== false) ||
      (status !== undefined && (status === null || status.code === 0)) ||
      (okResponse ?? null) !== null,
  );
}

function trusted(subject: string, more: object = {}): object {
  return { role: 'trust', mechanism: 'mesh', subject, ...more };
}

function nested(levels: number): object {
  return levels === 0 ? {} : { deeper: nested(levels - 1) };
}

/** A value of a struct. */
function deep(levels: number): object {
  let value: object = { stringValue: 'x' };
  for (let level = 0; level < levels; level += 1) value = { listValue: { values: [value] } };
  return value;
}

/** The same as bytes: a list of one value, as deep as you like. */
function deepBytes(levels: number): Buffer {
  let value = field(3, Buffer.from('x'));
  for (let level = 0; level < levels; level += 1) value = field(6, field(1, value));
  return value;
}

/** A field of a message whose content has a length. */
function field(number: number, content: Buffer): Buffer {
  const length: number[] = [];
  let rest = content.length;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) length.push((rest % 128) + 0x80);
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length, rest]), content]);
}

function unsigned(): string {
  const part = (json: object) => Buffer.from(JSON.stringify(json)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ iss: 'https://login.acme.example/', sub: 'ann', aud: 'acme-api' })}.`;
}

/** A frame that says that its message is packed. */
function packed(bytes: Buffer): Buffer {
  const frame = framed(bytes);
  frame[0] = 1;
  return frame;
}

function token(value: string): object {
  return { key: 'authorization', value: `Bearer ${value}` };
}

function about(target: object): object {
  return { request: { http: target } };
}

function asserted(evidence: object, more: object = {}): object {
  return { ...about(PUBLIC), metadataContext: { filterMetadata: { dharma: { fields: { evidence, ...more } } } } };
}

function planOf(text: string): string {
  return JSON.stringify({ ...PLAN, files: [{ file: 'a.yaml', text }] });
}
