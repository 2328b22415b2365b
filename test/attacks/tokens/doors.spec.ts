/**
 * The tokens of the corpus through three doors of the program: what counts is let in, nothing else is, and the process
 * stays the same.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Attacker, startAttacker } from '../../support/attacker.js';
import { type Doors, openDoors } from '../../support/doors.js';
import { endpointOf, type HttpResponse, sendRaw } from '../../support/http.js';
import { growthSince } from '../../support/memory.js';
import { type Program, startProgram, stopPrograms } from '../../support/program.js';
import { headersOf, type Sent } from './case.js';
import { ACCEPTED, REFUSED } from './corpus.js';
import { makeKeys, Mint } from './mint.js';
import { ACCOUNT, EDGE_KEY, tokenWorld } from './world.js';

/** What a field of HTTP can hold to the letter. */
const FIELD = /^[\x21-\x7e](?:[\x20-\x7e]{0,12000}[\x21-\x7e])?$/;

const keys = makeKeys();
let folder: string;
let attacker: Attacker;
let program: Program;
let http: string;
let admin: string;
let doors: Doors;
let memoryBefore: number;

beforeAll(async () => {
  attacker = await startAttacker();
  folder = mkdtempSync(join(tmpdir(), 'dharma-tokens-'));
  const at = (name: string) => join(folder, name);
  mkdirSync(at('policies'));
  writeFileSync(at('policies/shop.yaml'), tokenWorld(keys));
  const ports = ['grpc', 'http', 'admin'].flatMap((name) => [`--${name}-address`, '127.0.0.1:0']);
  program = startProgram(['--policies', at('policies'), '--data-dir', at('data'), '--log-level', 'warn', ...ports], {
    DHARMA_READY_FILE: at('ready.json'),
    // A fast machine denies more a second than are recorded unless somebody says so, and would be told that.
    DHARMA_DECISION_LOG_PER_SECOND: '100000',
  });
  await program.says('until Ctrl-C');
  const ready = JSON.parse(readFileSync(at('ready.json'), 'utf8'));
  ({ http, admin } = ready);
  doors = openDoors(ready);
  await expectBothAnswers();
  await warmUp();
  memoryBefore = await memory();
});

afterAll(async () => {
  doors?.close();
  await stopPrograms();
  await attacker.stop();
  rmSync(folder, { recursive: true, force: true });
});

afterEach(async () => {
  await expectBothAnswers();
});

describe('a token lets its client in', () => {
  it.each(ACCEPTED.filter(({ isOfTheMoment }) => !isOfTheMoment))('though $because', async ({ send }) => {
    const sent = headersOf(send(mint()));
    expect(await decided(sent)).toMatchObject({ decision: 'allow', reason: 'ALLOW_SLOW' });
    expect(await checked(sent)).toBe('allow');
    if (fitsIntoFields(sent)) expect((await askedByNginx(linesOf(sent))).status).toBe(200);
  });
});

describe('a token lets nobody in', () => {
  it.each(REFUSED.filter(({ isOfTheMoment }) => !isOfTheMoment))('because $because', async ({ send, isForOthers }) => {
    const sent = headersOf(send(mint()));
    expect(await decided(sent)).toMatchObject({ decision: 'deny', reason: 'ACCESS_EVIDENCE_MISSING' });
    expect(await checked(sent)).toBe('deny');
    if (!fitsIntoFields(sent)) return;
    const { status, headers } = await askedByNginx(linesOf(sent));
    // Two credentials in one field are two senders, and their request is none.
    const isOfTwo = sent['authorization']?.includes(',') ?? false;
    expect(status).toBe(isOfTwo ? 403 : 401);
    if (!isOfTwo) expect(headers['www-authenticate']).toBe(isForOthers ? 'Bearer' : 'Bearer error="invalid_token"');
  });
});

describe('a good token in a wrong place lets nobody in', () => {
  it.each<[because: string, status: number, ask: (token: string) => Promise<HttpResponse>]>([
    ['it is there twice', 403, (token) => askedByNginx([bearer(token), bearer(token)])],
    ['another is there too', 403, (token) => askedByNginx([bearer(token), bearer(mint().token({ sub: 'u-18' }))])],
    ['another is there first', 403, (token) => askedByNginx(['Authorization: Basic dTpw', bearer(token)])],
    ['an empty field is there too', 403, (token) => askedByNginx(['Authorization:', bearer(token)])],
    ['two fields differ by case', 403, (token) => askedByNginx([bearer(token), bearer(token).toUpperCase()])],
    ['its field ends in `_`', 401, (token) => askedByNginx([`Authorization_: Bearer ${token}`])],
    ['its field has a space before the colon', 400, (token) => askedByNginx([`Authorization : Bearer ${token}`])],
    ['its field goes on in the next line', 400, (token) => askedByNginx([`Authorization: Bearer\r\n ${token}`])],
    ['its field is of the gateway', 401, (token) => askedByNginx([`X-Original-Authorization: Bearer ${token}`])],
    ['it is in the target', 401, (token) => askedByNginx([], { target: `/account?access_token=${token}` })],
    ['it is in the query of our own path', 401, (token) => askedByNginx([], { query: `?access_token=${token}` })],
    ['it is in the body', 401, (token) => askedByNginx([], { body: `access_token=${token}` })],
    ['it is in a cookie', 401, (token) => askedByNginx([`Cookie: authorization=Bearer ${token}`])],
  ])('because %s', async (_because, status, ask) => {
    expect((await ask(mint().token())).status).toBe(status);
  });

  it.each<[because: string, http: (token: string) => object]>([
    ['it is in the target', (token) => ({ path: `/account?access_token=${token}` })],
    ['it is in the query', (token) => ({ query: `access_token=${token}` })],
    ['it is in the body', (token) => ({ body: `access_token=${token}` })],
    ['it is there twice', (token) => ({ headerMap: { headers: [entry(token), entry(token)] } })],
    ['it is there in capitals too', (token) => ({ headers: { authorization: `Bearer ${token}`, Authorization: 'x' } })],
  ])('behind Envoy because %s', async (_because, differing) => {
    const { decision } = await doors.check(
      { request: { http: { ...ACCOUNT, ...differing(mint().token()) } } },
      EDGE_KEY,
    );
    expect(decision).toBe('deny');
  });

  it.each<[because: string, request: (token: string) => object]>([
    ['it is a header, and no credential', (token) => ({ headers: { authorization: `Bearer ${token}` } })],
    ['it is claimed', (token) => ({ claimed: { authorization: `Bearer ${token}` } })],
    ['it is an attribute', (token) => ({ attributes: { authorization: `Bearer ${token}` } })],
    ['it is in the context', (token) => ({ context: { authorization: `Bearer ${token}` } })],
    ['it is a credential of another name', (token) => ({ credentials: { 'x-authorization': `Bearer ${token}` } })],
    ['it is there twice', (token) => ({ credentials: { authorization: `Bearer ${token}`, Authorization: '' } })],
    ['it is in a list', (token) => ({ credentials: { authorization: [`Bearer ${token}`] } })],
  ])('in JSON because %s', async (_because, differing) => {
    const request = { target: ACCOUNT, ...differing(mint().token()) };
    expect(await doors.decide(request, EDGE_KEY)).toMatchObject({ decision: 'deny' });
  });
});

describe('after all of this', () => {
  it('it is the same process, which has had no trouble and kept nothing', async () => {
    expect(JSON.parse(readFileSync(join(folder, 'ready.json'), 'utf8'))).toMatchObject({ pid: program.process.pid });
    expect([program.process.exitCode, program.process.signalCode]).toEqual([null, null]);
    expect(program.output.error).toBe('');
    const { growth, bound } = await growthSince(memoryBefore, memory);
    expect(growth).toBeLessThan(bound);
  });

  it('nobody has fetched anything from the attacker', () => {
    expect(attacker.connections).toBe(0);
  });
});

/** Tokens for this very second. */
function mint(): Mint {
  return new Mint(keys, Math.floor(Date.now() / 1000), attacker.url);
}

async function expectBothAnswers(): Promise<void> {
  const [good, none] = [headersOf(mint().token()), {}];
  const answers = await doors.decideBatch(
    [good, none].map((credentials) => ({ target: ACCOUNT, credentials })),
    EDGE_KEY,
  );
  expect(answers.map(({ reason }) => reason)).toEqual(['ALLOW_SLOW', 'ACCESS_EVIDENCE_MISSING']);
}

type Headers = Exclude<Sent, string>;

function decided(credentials: Headers) {
  return doors.decide({ target: ACCOUNT, credentials }, EDGE_KEY);
}

async function checked(headers: Headers): Promise<'allow' | 'deny'> {
  return (await doors.check({ request: { http: { ...ACCOUNT, headers } } }, EDGE_KEY)).decision;
}

/** As nginx asks, with the client's header fields to the letter. */
function askedByNginx(
  lines: readonly string[],
  { target = ACCOUNT.path, query = '', body = '' } = {},
): Promise<HttpResponse> {
  const own = [
    'Host: dharma',
    `X-Dharma-Key: ${EDGE_KEY}`,
    `X-Original-Method: ${ACCOUNT.method}`,
    `X-Original-Host: ${ACCOUNT.host}`,
    `X-Original-URI: ${target}`,
    ...(body === '' ? [] : ['Content-Type: application/x-www-form-urlencoded', `Content-Length: ${body.length}`]),
  ];
  return sendRaw(endpointOf(http), [`POST /forward-auth/nginx${query} HTTP/1.1`, ...own, ...lines], body);
}

function fitsIntoFields(headers: Headers): boolean {
  return Object.values(headers).every((value) => FIELD.test(value));
}

function linesOf(headers: Headers): readonly string[] {
  return Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
}

function bearer(token: string): string {
  return `Authorization: Bearer ${token}`;
}

function entry(token: string): object {
  return { key: 'authorization', value: `Bearer ${token}` };
}

/** What a process takes for its work whatever it reads: code that has run, and heaps that have grown to it. */
async function warmUp(): Promise<void> {
  for (let round = 0; round < 10; round += 1) {
    const sent = ACCEPTED.map(({ send }) => headersOf(send(mint())));
    await Promise.all(sent.flatMap((headers) => [decided(headers), checked(headers)]));
  }
}

/** Bytes of the whole process that are in memory. */
async function memory(): Promise<number> {
  const text = await (await fetch(`http://${admin}/metrics`)).text();
  return Number(/^(?:\w+_)?process_resident_memory_bytes (\S+)$/m.exec(text)![1]);
}
