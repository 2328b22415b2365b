/**
 * Malformed input at every door of the program, from the corpora of `test/attacks`: a denial or an error of the caller's,
 * never one of ours, never silence. After each case an allow and a deny come out right at both check listeners; at the end
 * the process is the same, has not grown, and has had nothing to say.
 */
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { ClientHttp2Session } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { grpcDefinition } from '#protocols';
import { CALL_HEADERS, CHECK, DECISIONS, FRAMINGS, NO_METHODS } from '../attacks/grpc/calls.js';
import { CONNECTION_FRAMES } from '../attacks/grpc/connections.js';
import { FIELDS as CALL_FIELDS, HEADER_BLOCKS } from '../attacks/grpc/fields.js';
import { ask, ATTACKED, type Call, type FrameAttack, open, SETTINGS, streamAt, times } from '../attacks/grpc/frames.js';
import { about, ADDRESS, BYTES, CHECKS, deepMetadata, field, LEVELS, QUESTIONS } from '../attacks/grpc/messages.js';
import { SLOW_CALLS, SLOW_CONNECTIONS } from '../attacks/grpc/slow.js';
import { STREAM_FRAMES } from '../attacks/grpc/streams.js';
import { ADMIN } from '../attacks/http/administration.js';
import { BATCHES, REQUESTS, TEXTS } from '../attacks/http/bodies.js';
import { CALLS, GATEWAYS, NO_CALLS } from '../attacks/http/check-calls.js';
import { FIELDS, FINE_MESSAGE, FRAMING, HALVES, LINES, type Message, SLOW, TRAINS } from '../attacks/http/messages.js';
import { attackedShop, KEY, PUBLIC } from '../attacks/shop.js';
import { endpointOf, type HttpResponse, sendBytes, sendSlowly, statusesOf } from '../support/http.js';
import { callRaw, framed, openHttp2, type RawReply } from '../support/http2.js';
import { sendFrames } from '../support/http2-frames.js';
import { growthSince } from '../support/memory.js';
import { type Program, startProgram, stopPrograms } from '../support/program.js';

/** The program starts within it on a busy machine, and nothing hangs as long. */
jest.setTimeout(60_000);

const TOKEN = 'given.a-token-of-the-tests';
/** Five seconds on a busy machine. */
const SLOW_CALL_MILLISECONDS = 10_000;
const MESSAGES: readonly Message[] = [...LINES, ...FIELDS, ...FRAMING];
const GRPC = [CHECK, ...DECISIONS];

/** Generated messages have no types of their own. */
type Untyped = any; // eslint-disable-line typescript/no-explicit-any

let folder: string;
let program: Program;
let http: string;
let grpc: string;
let admin: string;
let session: ClientHttp2Session;
/** What became of what comes slowly, all of which begins before the first case; of connections, milliseconds. */
let slow: {
  readonly http: readonly Promise<number>[];
  readonly connections: readonly Promise<number>[];
  readonly calls: readonly Promise<RawReply>[];
};
let bytesBefore: number;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dharma-malformed-'));
  const at = (name: string) => join(folder, name);
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  writeFileSync(at('token'), TOKEN, { mode: 0o600 });
  mkdirSync(at('policies'));
  const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'ES256', use: 'sig' }] };
  writeFileSync(at('policies/shop.yaml'), attackedShop(jwks));
  const ports = ['grpc', 'http', 'admin'].flatMap((name) => [`--${name}-address`, '127.0.0.1:0']);
  program = startProgram(['--policies', at('policies'), '--log-level', 'warn', ...ports], {
    DHARMA_OPERATOR_TOKEN_FILE: at('token'),
    DHARMA_READY_FILE: at('ready.json'),
    // A fast machine denies more a second than are recorded unless somebody says so, and would be told that.
    DHARMA_DECISION_LOG_PER_SECOND: '100000',
  });
  await program.says('until Ctrl-C');
  ({ http, grpc, admin } = JSON.parse(readFileSync(at('ready.json'), 'utf8')));
  session = openHttp2(grpc);
  await warmUp();
  bytesBefore = residentBytes();
  slow = {
    http: SLOW.map(({ first, piece, within }) => sendSlowly(endpointOf(http), first, piece, within * 1000)),
    connections: SLOW_CONNECTIONS.map(({ first, piece }) =>
      sendSlowly(endpointOf(grpc), first(fineCall()), piece, SLOW_CALL_MILLISECONDS),
    ),
    calls: SLOW_CALLS.map(({ first, piece }) =>
      callRaw(session, CHECK, { 'x-dharma-key': KEY }, first(framed(fineMessage(CHECK))), piece),
    ),
  };
});

afterAll(async () => {
  session?.close();
  await stopPrograms();
  rmSync(folder, { recursive: true, force: true });
});

afterEach(async () => {
  const fresh = openHttp2(grpc);
  const answers = await Promise.all([
    decideAfresh(['/public/list', '/office/1']),
    checkOver(fresh, '/public/list'),
    checkOver(fresh, '/office/1'),
  ]);
  fresh.close();
  expect(answers).toEqual([['allow', 'deny'], 'allow', 'deny']);
});

// ── the corpora ─────────────────────────────────────────────────────────────────────────────────────────────────────

describe('the corpora', () => {
  const OVER_HTTP = [TEXTS, REQUESTS, BATCHES, MESSAGES, HALVES, TRAINS, SLOW, CALLS, NO_CALLS, ADMIN];
  const OVER_GRPC = [
    BYTES,
    FRAMINGS,
    CALL_HEADERS,
    NO_METHODS,
    QUESTIONS,
    CHECKS,
    LEVELS,
    CONNECTION_FRAMES,
    STREAM_FRAMES,
    HEADER_BLOCKS,
    CALL_FIELDS,
    SLOW_CONNECTIONS,
    SLOW_CALLS,
  ];

  it.each([
    ['HTTP bodies and frames', OVER_HTTP, 150],
    ['gRPC messages and HTTP/2 behaviours', OVER_GRPC, 100],
  ] as const)('hold enough %s, each with its own reason', (_what, tables, least) => {
    expect(tables.reduce((sum, rows) => sum + rows.length, 0)).toBeGreaterThanOrEqual(least);
    for (const rows of tables) {
      const reasons = rows.map((row) => (typeof row === 'object' ? ('because' in row ? row.because : row[0]) : row));
      expect(new Set(reasons).size).toBe(rows.length);
    }
  });
});

// ── HTTP ────────────────────────────────────────────────────────────────────────────────────────────────────────────

describe('JSON', () => {
  it.each(TEXTS)('%s: %s', async (_because, outcome, body) => {
    const [status, ofBatch] = { 'no JSON': [400, 400], 'no request': [200, 400], 'too large': [413, 413] }[outcome] as [
      number,
      number,
    ];
    for (const path of ['/v1/decide', '/v1/explain']) {
      const reply = await post(path, body);
      expectRefusal(reply);
      expect(reply.status).toBe(status);
      if (status === 200) expect(JSON.parse(reply.body)).toMatchObject({ reason: 'INVALID_REQUEST' });
    }
    expect((await post('/v1/decide/batch', body)).status).toBe(ofBatch);
  });

  it.each(REQUESTS)('%s: %s', async (_because, reason, request) => {
    const body = JSON.stringify(request);
    for (const path of ['/v1/decide', '/v1/explain']) {
      const reply = await post(path, body);
      expectRefusal(reply);
      expect([reply.status, JSON.parse(reply.body).reason]).toEqual([200, reason]);
    }
    const batch = await post('/v1/decide/batch', `{"requests":[${body}]}`);
    expectRefusal(batch);
    // What makes the text itself unlawful makes no list of requests.
    if (batch.status === 400) expect(reason).toBe('INVALID_REQUEST');
    else expect(JSON.parse(batch.body).answers[0].reason).toBe(reason);
  });

  it.each(BATCHES)('is no batch: %s (%s)', async (_because, status, body) => {
    expect((await post('/v1/decide/batch', JSON.stringify(body))).status).toBe(status);
  });
});

describe('HTTP', () => {
  it('allows what these tests are made of', async () => {
    const { status, body } = await sendBytes(endpointOf(http), Buffer.from(FINE_MESSAGE));
    expect([status, allowsIn(JSON.parse(body)).length]).toEqual([200, 1]);
  });

  it.each(MESSAGES)('$because: $outcome', async ({ bytes, outcome }) => {
    const reply = await sendBytes(endpointOf(http), Buffer.from(bytes as string, 'latin1'));
    if (outcome !== 'allowed') expectRefusal(reply);
    expect(reply.status).toBe(outcome === 'allowed' ? 200 : outcome);
    if (outcome === 'allowed') expect(allowsIn(JSON.parse(reply.body))).toHaveLength(1);
  });

  it.each(HALVES)('has no answer: %s', async (_because, bytes) => {
    await expectNoAnswer(http, bytes);
  });

  it.each(TRAINS)('%s: %j', async (_because, statuses, bytes) => {
    expect(await statusesOf(endpointOf(http), Buffer.from(bytes, 'latin1'))).toEqual(statuses);
  });
});

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

  it.each(NO_CALLS)('have no path %s', async (path) => {
    const lines = Object.values(GATEWAYS.nginx).map((name, at) => `${name}: ${Object.values(PUBLIC)[at]}`);
    expectRefusal(await call(`GET ${path}`, ['Host: dharma', ...lines]));
  });

  it('may be told that the client packed its body, which does not come along', async () => {
    const lines = Object.entries(GATEWAYS.nginx).map(
      ([name, header]) => `${header}: ${PUBLIC[name as keyof typeof PUBLIC]}`,
    );
    const packed = ['Host: dharma', ...lines, 'Content-Encoding: gzip'];
    expect((await call('POST /forward-auth/nginx', packed)).status).toBe(200);
  });
});

// ── gRPC ────────────────────────────────────────────────────────────────────────────────────────────────────────────

describe('gRPC', () => {
  const raw = (path: string, body: Uint8Array, headers: { readonly [name: string]: string } = {}) =>
    callRaw(session, path, { 'x-dharma-key': KEY, ...headers }, body);

  it('allows what these tests are made of', async () => {
    for (const path of GRPC) {
      const { http: status, grpc: code, messages } = await raw(path, framed(fineMessage(path)));
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

  it.each(FRAMINGS)('is no call: %s', async (_because, frame, encoding) => {
    for (const path of GRPC.filter((one) => !one.endsWith('Stream'))) {
      const reply = await raw(path, frame(fineMessage(path)), { 'grpc-encoding': encoding });
      expectNoAllow(path, reply);
      expect(reply.grpc).not.toBe(0);
    }
  });

  it.each(CALL_HEADERS)('is no call: %s', async (_because, headers) => {
    for (const path of GRPC) expectNoAllow(path, await raw(path, framed(fineMessage(path)), headers));
  });

  it.each(NO_METHODS)('has no method %s', async (path) => {
    expect((await raw(path, framed(fineMessage(CHECK)))).grpc).toBe(12);
  });

  it.each(QUESTIONS)('denies: %s', async (_because, question) => {
    for (const path of DECISIONS) expectNoAllow(path, await raw(path, framed(messageFor(path, question))));
  });

  it('does not read a question that is too large', async () => {
    const large = { ...ADDRESS, headers: { large: 'x'.repeat(256 * 1024) } };
    for (const path of DECISIONS) {
      expect(await raw(path, framed(messageFor(path, large)))).toMatchObject({ grpc: 8, messages: [] });
    }
  });

  it.each(LEVELS)('denies what lies %i levels deep, which no library would write', async (levels) => {
    const map = deepMetadata(levels);
    const address = Object.values(PUBLIC).map((text, at) => field(at + 1, Buffer.from(text)));
    const decide = Buffer.concat([field(1, field(2, Buffer.concat(address))), field(6, map)]);
    expectNoAllow('/dharma.v1.Decisions/Decide', await raw('/dharma.v1.Decisions/Decide', framed(decide)));
    const metadata = field(1, Buffer.concat([field(1, Buffer.from('dharma')), field(2, map)]));
    // Behind its tag and its length, a byte each.
    const attributes = fineMessage(CHECK).subarray(2);
    const reply = await raw(CHECK, framed(field(1, Buffer.concat([attributes, field(11, metadata)]))));
    expect([reply.grpc, reply.messages.length]).toEqual([0, 1]);
    expectNoAllow(CHECK, reply);
  });

  it.each(CHECKS)('Check denies by a message: %s', async (_because, attributes) => {
    const reply = await raw(CHECK, framed(method(CHECK).requestSerialize({ attributes })));
    expect([reply.grpc, reply.messages.length]).toEqual([0, 1]);
    expectNoAllow(CHECK, reply);
  });

  it.each(MESSAGES.filter(({ because }) => because !== 'HTTP/2'))('hangs up: $because', async ({ bytes }) => {
    const { status } = await sendBytes(endpointOf(grpc), Buffer.from(bytes as string, 'latin1'));
    expect(status === 0 || (status >= 400 && status < 500)).toBe(true);
  });

  it.each(HALVES)('has no answer: %s', async (_because, bytes) => {
    await expectNoAnswer(grpc, bytes);
  });
});

describe('HTTP/2', () => {
  /** Beside those that attack; and what it was told, once it ended. */
  const WITNESS = 9001;
  const said = (body: Buffer | undefined) =>
    body === undefined ? [] : allowsIn(method(CHECK).responseDeserialize(body.subarray(5)));

  it.each<FrameAttack>([...CONNECTION_FRAMES, ...STREAM_FRAMES, ...HEADER_BLOCKS, ...CALL_FIELDS])(
    '$outcome: $because',
    async ({ sent, outcome, preface }) => {
      const call = fineCall();
      const awaits = { 'hangs up': [], refuses: [ATTACKED], 'bears it': [WITNESS] }[outcome];
      const frames = [...sent(call), ...(outcome === 'bears it' ? ask(call, WITNESS) : [])];
      const reply = await sendFrames(grpc, Buffer.concat(frames), { awaits, ...(preface && { preface }) });
      expect(reply.end).toBe(outcome === 'hangs up' ? 'closed' : 'answered');
      if (outcome === 'refuses') expect(said(reply.bodies.get(ATTACKED))).toEqual([]);
      if (outcome === 'bears it') expect(said(reply.bodies.get(WITNESS))).toHaveLength(1);
    },
  );

  it('refuses streams above their number, and no others', async () => {
    const call = fineCall();
    const opened = times(1500, (at) => [open(call, streamAt(at))]);
    const { end, resets } = await sendFrames(grpc, Buffer.concat([SETTINGS, ...opened]));
    const REFUSED_STREAM = 7;
    expect(end).toBe('answered');
    expect([...resets]).toEqual(Array.from({ length: 500 }, (_, at) => [streamAt(1000 + at), REFUSED_STREAM]));
  });
});

// ── operators ───────────────────────────────────────────────────────────────────────────────────────────────────────

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

  it.each(MESSAGES)('are no messages: $because', async ({ because, bytes }) => {
    const reply = await sendBytes(endpointOf(admin), Buffer.from(bytes as string, 'latin1'));
    // Only gateways tunnel, and are owed an answer.
    if (because.startsWith('a tunnel')) expect(reply.status).toBe(0);
    else expectRefusal(reply);
  });

  it.each(HALVES)('have no answer: %s', async (_because, bytes) => {
    await expectNoAnswer(admin, bytes);
  });
});

// ── what comes slowly, which began with the first case ──────────────────────────────────────────────────────────────

describe('what comes slowly', () => {
  it.each(SLOW.map(({ because, within }, at) => [because, within, at] as const))(
    'over HTTP: %s (%i s)',
    async (_because, within, at) => {
      expect(await slow.http[at]).toBeLessThan(within * 1000);
    },
  );

  it.each(SLOW_CONNECTIONS.map(({ because }, at) => [because, at] as const))(
    'over HTTP/2: %s',
    async (_because, at) => {
      expect(await slow.connections[at]).toBeLessThan(SLOW_CALL_MILLISECONDS);
    },
  );

  it.each(SLOW_CALLS.map(({ because }, at) => [because, at] as const))('over gRPC: %s', async (_because, at) => {
    const DEADLINE_EXCEEDED = 4;
    expect(await slow.calls[at]).toEqual({ http: 200, grpc: DEADLINE_EXCEEDED, messages: [] });
  });
});

// ── afterwards ──────────────────────────────────────────────────────────────────────────────────────────────────────

describe('after all of this', () => {
  it('it is the same process, which operators can ask, and which has had no trouble', async () => {
    expect(JSON.parse(readFileSync(join(folder, 'ready.json'), 'utf8'))).toMatchObject({ pid: program.process.pid });
    expect([program.process.exitCode, program.process.signalCode]).toEqual([null, null]);
    expect((await fetch(`http://${admin}/readyz`)).status).toBe(200);
    expect(program.output.error).toBe('');
  });

  it('it has not grown', async () => {
    const { growth, bound } = await growthSince(bytesBefore, residentBytes);
    expect(growth).toBeLessThan(bound);
  });
});

// ── what they are made of ───────────────────────────────────────────────────────────────────────────────────────────

/**
 * What a process takes for its work whatever it reads: code that has run, and heaps that have grown to requests as large
 * as they may be.
 */
async function warmUp(): Promise<void> {
  const many = Array.from({ length: 100 }, () => '/public/list');
  for (let round = 0; round < 5; round += 1) {
    await Promise.all(Array.from({ length: 200 }, () => checkOver(session, '/public/list')));
    await Promise.all(Array.from({ length: 20 }, () => checkOver(session, '/public/list', 'x'.repeat(900_000))));
    await Promise.all(Array.from({ length: 50 }, () => decideAfresh(['/public/list'])));
    await Promise.all(Array.from({ length: 20 }, () => decideAfresh(many)));
    await Promise.all(
      Array.from({ length: 20 }, () => fetch(`http://${admin}/openapi.json`).then((got) => got.text())),
    );
    await Promise.all(Array.from({ length: 3 }, () => planned(`# ${'x'.repeat(1_000_000)}\n`)));
  }
}

/** The whole answer of a plan, which is none about a file of remarks. */
async function planned(text: string): Promise<string> {
  const asked = await fetch(`http://${admin}/admin/v1/plan`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ source: 'tests', files: [{ file: 'remarks.yaml', text }] }),
  });
  return asked.text();
}

/** What the kernel counts; 0 where it does not say, and there is nothing to compare. */
function residentBytes(): number {
  if (process.platform !== 'linux') return 0;
  const status = readFileSync(`/proc/${program.process.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)![1]) * 1024;
}

function post(path: string, body: string | Uint8Array): Promise<HttpResponse> {
  const lines = ['Host: dharma', 'Connection: close', `X-Dharma-Key: ${KEY}`, 'Content-Type: application/json'];
  const head = [`POST ${path} HTTP/1.1`, ...lines, `Content-Length: ${Buffer.byteLength(body)}`, '', ''].join('\r\n');
  return sendBytes(endpointOf(http), Buffer.concat([Buffer.from(head), Buffer.from(body as string)]));
}

/** One question each, over a connection of their own. */
async function decideAfresh(paths: readonly string[]): Promise<readonly string[]> {
  const body = JSON.stringify({ requests: paths.map((path) => ({ target: { ...PUBLIC, path } })) });
  const { answers } = JSON.parse((await post('/v1/decide/batch', body)).body);
  return answers.map(({ decision }: Untyped) => decision);
}

async function checkOver(over: ClientHttp2Session, path: string, body = ''): Promise<string> {
  const message = method(CHECK).requestSerialize({ attributes: about({ ...PUBLIC, path, body }) }) as Buffer;
  const { messages } = await callRaw(over, CHECK, { 'x-dharma-key': KEY }, framed(message));
  return allowsIn(method(CHECK).responseDeserialize(messages[0])).length === 1 ? 'allow' : 'deny';
}

let definition: ReturnType<typeof grpcDefinition> | undefined;

function method(path: string): Untyped {
  definition ??= grpcDefinition();
  const [, service, name] = path.split('/') as [string, string, string];
  return (definition[service] as Untyped)[name];
}

function messageFor(path: string, question: object): Buffer {
  const shape = path.endsWith('Many')
    ? { requests: [question] }
    : path.endsWith('Stream')
      ? { id: '1', request: question }
      : question;
  return method(path).requestSerialize(shape) as Buffer;
}

/** A message that is allowed. */
function fineMessage(path: string): Buffer {
  return path === CHECK
    ? (method(CHECK).requestSerialize({ attributes: about(PUBLIC) }) as Buffer)
    : messageFor(path, ADDRESS);
}

function fineCall(): Call {
  return {
    fields: [
      [':method', 'POST'],
      [':scheme', 'http'],
      [':path', CHECK],
      [':authority', 'dharma'],
      ['content-type', 'application/grpc'],
      ['te', 'trailers'],
      ['x-dharma-key', KEY],
    ],
    body: framed(fineMessage(CHECK)),
  };
}

/** Whoever ends early may be told nothing. */
async function expectNoAnswer(address: string, bytes: string): Promise<void> {
  const reply = await sendBytes(endpointOf(address), Buffer.from(bytes, 'latin1'), true);
  if (reply.status !== 0) expectRefusal(reply);
}

/** A gRPC error, or answers none of which allows. */
function expectNoAllow(path: string, { http: status, grpc: code, messages }: RawReply): void {
  expect(status).toBeLessThan(500);
  expect(code ?? (status === 0 ? 'reset' : status)).not.toBe(200);
  if (code !== 0) return expect(messages).toEqual([]);
  for (const message of messages) expect(allowsIn(method(path).responseDeserialize(message))).toEqual([]);
}

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
