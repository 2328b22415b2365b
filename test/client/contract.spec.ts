/** The same questions by every way in which the client asks, to a whole server. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DharmaClient, type ClientSettings, type DecisionRequest } from '#client';
import { GrpcTransport } from '../../libs/client/src/grpc/index.js';
import { AUDITOR_KEY, CLIENT_KEY, EDGE_KEY, KEYED_SHOP } from '../protocols/check-listeners.js';
import { startTestServer, type TestServer } from '../support/server.js';

const PUBLIC: DecisionRequest = { target: { host: 'shop.example', method: 'GET', path: '/public/list?page=2' } };
const OFFICE: DecisionRequest = { target: { host: 'shop.example', method: 'GET', path: '/admin' } };
const ANN = { role: 'access', mechanism: 'portal-user', subject: 'ann' } as const;
/** A busy machine may be slow; what is tested here is what is said. */
const PATIENT = { timeoutMilliseconds: 20_000, tryMilliseconds: 20_000, tries: 1 };

let folder: string;
let overTcp: TestServer;
let overSockets: TestServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dharma-client-'));
  const sockets = { 'http-address': `unix:${join(folder, 'http')}`, 'grpc-address': `unix:${join(folder, 'grpc')}` };
  [overTcp, overSockets] = await Promise.all([startTestServer(KEYED_SHOP), startTestServer(KEYED_SHOP, sockets)]);
});

afterAll(async () => {
  await Promise.all([overTcp.stop(), overSockets.stop()]);
  await rm(folder, { recursive: true, force: true });
});

const WAYS: readonly (readonly [string, (key?: string) => ClientSettings])[] = [
  ['HTTP', (key) => ({ url: `http://${overTcp.addresses.http}`, key })],
  ['HTTP on a unix socket', (key) => ({ url: overSockets.addresses.http, key })],
  ['gRPC', (key) => ({ transport: new GrpcTransport({ address: overTcp.addresses.grpc, key }) })],
  ['gRPC on a unix socket', (key) => ({ transport: new GrpcTransport({ address: overSockets.addresses.grpc, key }) })],
];

describe.each(WAYS)('asking over %s', (_way, settingsFor) => {
  const clients: DharmaClient[] = [];
  const clientWith = (key?: string, more: Partial<ClientSettings> = {}): DharmaClient => {
    const client = new DharmaClient({ ...settingsFor(key), ...PATIENT, ...more } as ClientSettings);
    clients.push(client);
    return client;
  };
  let client: DharmaClient;

  beforeAll(() => {
    client = clientWith(EDGE_KEY);
  });

  afterAll(() => {
    for (const each of clients) each.close();
  });

  it('brings the whole answer', async () => {
    const decision = await client.decide(PUBLIC);
    expect(decision).toEqual({
      kind: 'decided',
      allowed: true,
      kept: false,
      answer: {
        decision: 'allow',
        reason: 'ALLOW_SLOW',
        route: 'slow',
        deniedAt: null,
        meeting: '*',
        crossed: ['shop'],
        rules: ['shop/read'],
        obligations: [
          { kind: 'setHeader', name: 'x-customer-tier', value: 'standard', critical: true, rule: 'shop/read' },
        ],
        revision: expect.any(Number),
        ageSeconds: expect.any(Number),
        decisionId: expect.any(String),
        ttlSeconds: 30,
      },
    });
  });

  it.each`
    because                                     | request                                                                                                         | allowed  | reason
    ${'anybody may read'}                       | ${PUBLIC}                                                                                                       | ${true}  | ${'ALLOW_SLOW'}
    ${'nobody may go into the office'}          | ${OFFICE}                                                                                                       | ${false} | ${'NO_ALLOW_RULE'}
    ${'but whom the edge vouches for'}          | ${{ ...OFFICE, evidence: [ANN] }}                                                                               | ${true}  | ${'ALLOW_SLOW'}
    ${'or who shows a key'}                     | ${{ ...OFFICE, credentials: { 'x-api-key': CLIENT_KEY } }}                                                      | ${true}  | ${'ALLOW_SLOW'}
    ${'a false key opens nothing'}              | ${{ ...OFFICE, credentials: { 'x-api-key': 'partner-1.guess' } }}                                               | ${false} | ${'NO_ALLOW_RULE'}
    ${'an attribute closes it'}                 | ${{ ...OFFICE, evidence: [ANN], attributes: { api: 'closed' } }}                                                | ${false} | ${'DENY_RULE'}
    ${'an endpoint goes by its name'}           | ${{ target: { endpoint: 'orders/public', method: 'GET', path: '/public/a' } }}                                  | ${true}  | ${'ALLOW_SLOW'}
    ${'a resource is no endpoint here'}         | ${{ target: { resource: { type: 'order', id: '1', properties: { a: [1, null] } }, action: { name: 'view' } } }} | ${false} | ${'UNKNOWN_ENDPOINT'}
    ${'a topic neither'}                        | ${{ target: { topic: 'a.b', action: 'publish' } }}                                                              | ${false} | ${'UNKNOWN_ENDPOINT'}
    ${'nor an RPC'}                             | ${{ target: { rpc: '/a.B/C', host: 'shop.example' } }}                                                          | ${false} | ${'UNKNOWN_ENDPOINT'}
    ${'a path with two readings has no answer'} | ${{ target: { ...PUBLIC.target, path: '/public/../admin' } }}                                                   | ${false} | ${'INVALID_REQUEST'}
  `('$reason: $because', async ({ request, allowed, reason }) => {
    const [decision, [fromBatch]] = await Promise.all([client.decide(request), client.decideMany([request])]);
    expect(decision).toMatchObject({ kind: 'decided', allowed, answer: { reason } });
    expect(fromBatch).toMatchObject({ kind: 'decided', allowed, answer: { reason } });
  });

  it('is told what services and clients are, where it asks for it', async () => {
    const told = await client.decide({ ...OFFICE, evidence: [ANN] }, { tell: true });
    expect(told).toMatchObject({
      telling: {
        'x-dharma-view': 'allow',
        'x-dharma-path': '/admin',
        'x-dharma-actor': '',
        'x-dharma-principal': 'user:ann',
        'x-dharma-domain': 'shop',
        'x-dharma-decision': told.kind === 'decided' && told.answer.decisionId,
        'x-dharma-unsaid': 'x-customer-tier,x-staff-level',
      },
    });
    expect(await client.decide(OFFICE, { tell: true })).toMatchObject({
      telling: { 'x-dharma-view': 'unauthenticated', 'x-dharma-challenge': 'Bearer' },
    });
    expect(await client.decide(PUBLIC)).not.toHaveProperty('telling');
  });

  it('keeps the order of many, and asks in pieces for more than one message holds', async () => {
    const requests = Array.from({ length: 230 }, (_, index) => (index % 3 === 0 ? PUBLIC : OFFICE));
    const decisions = await client.decideMany(requests);
    expect(decisions.map(({ allowed }) => allowed)).toEqual(requests.map((request) => request === PUBLIC));
    expect(await client.decideMany([])).toEqual([]);
  });

  it('names what is wrong with a request', async () => {
    const decision = await client.decide({ ...PUBLIC, evidence: [{ ...ANN, expiresAt: 'soon' }] });
    expect(decision).toMatchObject({
      allowed: false,
      answer: { reason: 'INVALID_REQUEST', detail: [{ pointer: '/evidence/0/expiresAt' }] },
    });
  });

  it('brings the reasoning to who may hear it', async () => {
    expect(await clientWith(AUDITOR_KEY).explain(OFFICE)).toMatchObject({
      kind: 'decided',
      allowed: false,
      answer: { explanation: { target: { endpoint: 'orders/office' } } },
    });
    expect(await client.explain(OFFICE)).toMatchObject({
      kind: 'unavailable',
      allowed: false,
      failure: { because: 'refused', code: 'explain-not-permitted' },
    });
  });

  it.each(['edge-1.guess', undefined])('is nobody with the key %s, which is a denial', async (key) => {
    const stranger = clientWith(key);
    const failure = { because: 'refused', code: 'enforcement-point-unknown' };
    expect(await stranger.decide(PUBLIC)).toMatchObject({ kind: 'unavailable', allowed: false, failure });
    expect(await stranger.decideMany([PUBLIC])).toMatchObject([{ kind: 'unavailable', allowed: false, failure }]);
  });

  it('gets no answer by a revision that is older than it has seen', async () => {
    expect(await client.decide(PUBLIC, { minRevision: 1_000 })).toMatchObject({
      allowed: false,
      answer: { reason: 'POLICY_TOO_OLD' },
    });
  });

  it('keeps an answer where it is told to, and asks anew for whatever differs', async () => {
    const keeping = clientWith(EDGE_KEY, { cacheEntries: 10 });
    const first = await keeping.decide(PUBLIC);
    const again = await keeping.decide(PUBLIC);
    expect(again).toMatchObject({
      kept: true,
      answer: { decisionId: first.kind === 'decided' && first.answer.decisionId },
    });
    expect(await keeping.decideMany([PUBLIC, OFFICE])).toMatchObject([{ kept: true }, { kept: false }]);
    const others = [
      { ...PUBLIC, credentials: { 'x-api-key': CLIENT_KEY } },
      { ...PUBLIC, headers: { accept: 'text/html' } },
    ];
    for (const other of others) expect(await keeping.decide(other)).toMatchObject({ kept: false });
    expect(await keeping.decide(PUBLIC, { tell: true })).toMatchObject({ kept: false, telling: expect.anything() });
    expect(await keeping.decide(PUBLIC, { minRevision: 1_000 })).toMatchObject({
      answer: { reason: 'POLICY_TOO_OLD' },
    });
  });

  it('keeps what was asked, whatever its owner makes of it meanwhile', async () => {
    const keeping = clientWith(EDGE_KEY, { cacheEntries: 10 });
    const request = structuredClone(PUBLIC) as { target: { path: string } };
    const asked = keeping.decide(request as DecisionRequest);
    request.target.path = '/admin';
    expect(await asked).toMatchObject({ allowed: true });
    expect(await keeping.decide(request as DecisionRequest)).toMatchObject({ allowed: false, kept: false });
  });

  it('answers nobody once it is closed', async () => {
    const closing = clientWith(EDGE_KEY, { cacheEntries: 10 });
    await closing.decide(PUBLIC);
    closing.close();
    expect(await closing.decide(PUBLIC)).toMatchObject({ allowed: false, failure: { because: 'closed' } });
  });
});
