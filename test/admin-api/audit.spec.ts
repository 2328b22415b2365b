import { type Act, ACTS, ChainReader, FIRST_OPERATOR, splitToken } from '#administration';
import type { AdminApiParts, RefusedBecause } from '#admin-api';
import { MemoryAuditLog, MemoryCredentialStore, MemoryFleet, MemoryRevisionStore, StoreFault } from '#store';
import { domainText, entitySetText, roleSetText } from '../support/revisions.js';
import { CLOSED_SHOP, GUARDED_SHOP, SHOP } from '../support/shop.js';
import { type Answer, type Asked, ScriptedServer, startTestAdmin, type TestAdmin } from './admin-server.js';

const NOW = Date.parse('2026-11-22T12:00:00Z');
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

interface World extends TestAdmin {
  readonly time: { now: number };
  readonly audit: MemoryAuditLog;
  readonly fleet: MemoryFleet;
  readonly store: MemoryRevisionStore;
  /** Of the first operator. */
  readonly token: string;
  /** What was only counted. */
  readonly refused: RefusedBecause[];
  acts(): Promise<readonly Act[]>;
}

const running: TestAdmin[] = [];
afterAll(() => Promise.all(running.map((admin) => admin.stop())));

async function startWorld(more: Partial<AdminApiParts> = {}): Promise<World> {
  const time = { now: NOW };
  const clock = () => time.now;
  const audit = new MemoryAuditLog(clock);
  const [store, credentials] = [new MemoryRevisionStore(clock, audit), new MemoryCredentialStore(clock, audit)];
  const fleet = new MemoryFleet(clock);
  const refused: RefusedBecause[] = [];
  const token = (await credentials.mintFirstOperator())!;
  const admin = await startTestAdmin({
    history: { store, credentials, audit, fleet },
    server: new ScriptedServer(),
    clock,
    onRefused: (because) => refused.push(because),
    ...more,
  });
  running.push(admin);
  const acts = () => audit.list({}, { order: 'oldest', limit: 10_000 });
  return { ...admin, time, audit, fleet, store, token, refused, acts };
}

const publication = (text: string, base: unknown = null, more: object = {}) => ({
  source: 'git',
  files: [{ file: 'shop.yaml', text }],
  base,
  because: 'a test says so',
  ...more,
});

const STAFFED_SHOP = [
  GUARDED_SHOP,
  roleSetText('staff', 'shop', [['clerk', 'user:ann']]),
  entitySetText('orders', 'shop', ['{ type: order, id: o-1, attributes: { paid: true } }']),
].join('');

/** A world in which the shop is published, and there are a key and a token to revoke. */
async function startShop(more: Partial<AdminApiParts> = {}) {
  const world = await startWorld(more);
  const first = await world.ask('POST', '/admin/v1/revisions', { body: publication(STAFFED_SHOP) });
  expect(first).toMatchObject({ status: 201 });
  const { number, contentHash } = first.json.revision;
  const key = await world.ask('POST', '/admin/v1/keys', { body: { enforcementPoint: 'edge' } });
  const operator = await world.ask('POST', '/admin/v1/operators', { body: { name: 'bo' } });
  return { ...world, base: { number, contentHash }, keyId: key.json.id, operatorId: operator.json.id };
}
type Shop = Awaited<ReturnType<typeof startShop>>;

interface Row {
  readonly route: string;
  readonly asked: (shop: Shop) => {
    readonly path?: string;
    readonly body?: unknown;
    readonly headers?: { readonly [name: string]: string };
  };
  readonly act: string;
  /** What is acted on, as far as it is known before. */
  readonly object: (shop: Shop) => unknown;
}

/** Every route that changes something. One that is not here fails below, and so does one that leaves no act. */
const CHANGING: readonly Row[] = [
  {
    route: 'POST /admin/v1/revisions',
    asked: ({ base }) => ({ body: publication(CLOSED_SHOP, base) }),
    act: 'revision.publish',
    object: () => 'source/git',
  },
  {
    route: 'POST /admin/v1/revisions/{n}/restore',
    asked: ({ base }) => ({ path: '/admin/v1/revisions/1/restore', body: { base, because: 'back' } }),
    act: 'revision.restore',
    object: () => 'revision/1',
  },
  {
    route: 'PUT /admin/v1/documents/{kind}/{name}',
    asked: () => ({
      path: '/admin/v1/documents/Domain/annex',
      body: { text: domainText('annex'), because: 'room' },
      headers: { 'if-none-match': '*' },
    }),
    act: 'revision.publish',
    object: () => 'source/api',
  },
  {
    route: 'DELETE /admin/v1/documents/{kind}/{name}',
    asked: () => ({ path: '/admin/v1/documents/Domain/annex?because=no', headers: { 'if-match': '*' } }),
    act: 'revision.publish',
    object: () => 'source/api',
  },
  {
    route: 'POST /admin/v1/assignments',
    asked: () => ({
      body: { roleSet: 'staff', role: 'clerk', principals: ['user:bo'], because: 'a joiner', source: 'git' },
    }),
    act: 'revision.publish',
    object: () => 'source/git',
  },
  {
    route: 'DELETE /admin/v1/assignments',
    asked: () => ({
      path: '/admin/v1/assignments?roleSet=staff&role=clerk&principal=user:bo&because=a+leaver&source=git',
    }),
    act: 'revision.publish',
    object: () => 'source/git',
  },
  {
    route: 'POST /admin/v1/entities',
    asked: () => ({
      body: { entitySet: 'orders', type: 'order', id: 'o-2', attributes: {}, because: 'an order', source: 'git' },
    }),
    act: 'revision.publish',
    object: () => 'source/git',
  },
  {
    route: 'DELETE /admin/v1/entities',
    asked: () => ({ path: '/admin/v1/entities?entitySet=orders&type=order&id=o-2&because=undone&source=git' }),
    act: 'revision.publish',
    object: () => 'source/git',
  },
  {
    route: 'POST /admin/v1/domains/{name}/suspend',
    asked: () => ({ path: '/admin/v1/domains/shop/suspend', body: { because: 'a leak' } }),
    act: 'revision.publish',
    object: () => 'source/suspension',
  },
  {
    route: 'POST /admin/v1/domains/{name}/resume',
    asked: () => ({ path: '/admin/v1/domains/shop/resume', body: { because: 'mended' } }),
    act: 'revision.publish',
    object: () => 'source/suspension',
  },
  {
    route: 'PUT /admin/v1/domains/{name}/quota',
    asked: () => ({ path: '/admin/v1/domains/shop/quota', body: { limits: { rules: 99 }, because: 'room' } }),
    act: 'revision.publish',
    object: () => 'source/quota',
  },
  {
    route: 'DELETE /admin/v1/domains/{name}/quota',
    asked: () => ({ path: '/admin/v1/domains/shop/quota?because=more+room' }),
    act: 'revision.publish',
    object: () => 'source/quota',
  },
  {
    route: 'PUT /admin/v1/domains/{name}/four-eyes',
    asked: () => ({ path: '/admin/v1/domains/shop/four-eyes', body: { because: 'money' } }),
    act: 'revision.publish',
    object: () => 'source/four-eyes',
  },
  {
    route: 'POST /admin/v1/proposals',
    asked: () => ({ body: { endFourEyes: 'shop', because: 'one is enough' } }),
    act: 'proposal.create',
    object: () => 'proposal/1',
  },
  {
    route: 'POST /admin/v1/proposals/{number}/reject',
    asked: () => ({ path: '/admin/v1/proposals/1/reject', body: { because: 'it is not' } }),
    act: 'proposal.reject',
    object: () => 'proposal/1',
  },
  {
    route: 'POST /admin/v1/epochs',
    asked: () => ({ body: { because: 'a backup' } }),
    act: 'epoch.begin',
    object: () => 'epoch/2',
  },
  {
    route: 'POST /admin/v1/keys',
    asked: () => ({ body: { enforcementPoint: 'edge' } }),
    act: 'key.create',
    object: () => expect.stringMatching(/^key\/ep-/),
  },
  {
    route: 'DELETE /admin/v1/keys/{id}',
    asked: ({ keyId }) => ({ path: `/admin/v1/keys/${keyId}` }),
    act: 'key.revoke',
    object: ({ keyId }) => `key/${keyId}`,
  },
  {
    route: 'POST /admin/v1/operators',
    asked: () => ({ body: { name: 'cy' } }),
    act: 'operator.create',
    object: () => expect.stringMatching(/^operator\/op-/),
  },
  {
    route: 'DELETE /admin/v1/operators/{id}',
    asked: ({ operatorId }) => ({ path: `/admin/v1/operators/${operatorId}` }),
    act: 'operator.revoke',
    object: ({ operatorId }) => `operator/${operatorId}`,
  },
  { route: 'POST /admin/v1/issuers/refresh', asked: () => ({}), act: 'issuers.refresh', object: () => 'issuers' },
];
/** Routes that take a body and change nothing. */
const UNCHANGING = ['POST /admin/v1/plan', 'POST /admin/v1/revisions/{n}/plan'];
/** What one person alone does not do, with its act: test/administration/four-eyes.spec.ts. */
const OF_TWO = ['DELETE /admin/v1/domains/{name}/four-eyes', 'POST /admin/v1/proposals/{number}/approve'];

describe('every act', () => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await startShop();
  });

  it('is of a route that the table knows', async () => {
    const { json } = await shop.ask('GET', '/openapi.json', { token: null });
    const changing = Object.entries(json.paths as Record<string, object>).flatMap(([path, operations]) =>
      Object.keys(operations)
        .filter((method) => method !== 'get')
        .map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(changing.sort()).toEqual([...UNCHANGING, ...OF_TWO, ...CHANGING.map(({ route }) => route)].sort());
  });

  it.each(CHANGING)('leaves one link: $route', async ({ route, asked, act, object }) => {
    const { number, contentHash } = (await shop.store.newest())!;
    shop = { ...shop, base: { number, contentHash } };
    const before = (await shop.acts()).length;
    const [method = '', template = ''] = route.split(' ');
    const { path = template, body, headers } = asked(shop);
    const answer = await shop.ask(method, path, { body, headers, token: shop.token });
    expect(answer.status).toBeLessThan(300);
    const acts = await shop.acts();
    expect(acts).toHaveLength(before + 1);
    expect(acts.at(-1)).toMatchObject({
      act,
      object: object(shop),
      operator: FIRST_OPERATOR,
      credential: splitToken(shop.token)!.id,
      refused: null,
      requestId: answer.headers.get('x-request-id'),
      address: '127.0.0.1',
    });
    expect(answer.headers.get('x-request-id')).toMatch(UUID);
    const reader = new ChainReader();
    expect(acts.map((one) => reader.next(one)).filter((one) => one !== undefined)).toEqual([]);
  });

  it('is none where nothing changes', async () => {
    const base = await shop.store.newest();
    const before = await shop.acts();
    await shop.ask('POST', '/admin/v1/plan', { body: { source: 'git', files: [] } });
    const { number, contentHash } = base!;
    expect((await shop.ask('POST', `/admin/v1/revisions/${number}/plan`, { body: {} })).status).toBe(200);
    const again = { body: publication(STAFFED_SHOP, { number, contentHash }) };
    expect(await shop.ask('POST', '/admin/v1/revisions', again)).toMatchObject({ json: { unchanged: true } });
    for (const path of [
      'audit',
      'fleet',
      'status',
      'revisions',
      'documents',
      'domains',
      'keys',
      'operators',
      'issuers',
    ])
      expect(await shop.ask('GET', `/admin/v1/${path}`)).toMatchObject({ status: 200 });
    expect(await shop.acts()).toEqual(before);
  });
});

describe('an act that was refused', () => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await startShop();
  });

  it.each<[because: string, method: string, path: string, body: unknown, act: string, object: string, code: string]>([
    [
      'the set would not be valid',
      'POST',
      'revisions',
      publication(SHOP.replace('GET', 'NO SUCH METHOD')),
      'revision.publish',
      'source/git',
      'bundle-invalid',
    ],
    [
      'the documents are of another source',
      'POST',
      'revisions',
      publication(GUARDED_SHOP, null, { source: 'console' }),
      'revision.publish',
      'source/console',
      'documents-of-another-source',
    ],
    [
      'there is no such revision',
      'POST',
      'revisions/9/restore',
      {},
      'revision.restore',
      'revision/9',
      'revision-unknown',
    ],
    [
      'there is no such enforcement point',
      'POST',
      'keys',
      { enforcementPoint: 'nobody' },
      'key.create',
      'enforcement-point/nobody',
      'enforcement-point-undeclared',
    ],
    ['there is no such key', 'DELETE', 'keys/ep-0', undefined, 'key.revoke', 'key/ep-0', 'credential-unknown'],
    [
      'it is no operator',
      'DELETE',
      'operators/ep-0',
      undefined,
      'operator.revoke',
      'operator/ep-0',
      'credential-unknown',
    ],
    ['no database keeps it', 'DELETE', 'keys/a%00b', undefined, 'key.revoke', 'key/a\uFFFDb', 'credential-unknown'],
  ])('is written down with its reason: %s', async (_because, method, path, body, act, object, refused) => {
    const { base } = shop;
    const before = (await shop.acts()).length;
    const answer = await shop.ask(method, `/admin/v1/${path}`, {
      body: body && {
        ...body,
        ...('base' in (body as object) || path.endsWith('restore') ? { base } : {}),
        ...(path.endsWith('restore') ? { because: 'back' } : {}),
      },
      token: shop.token,
    });
    expect(answer.json.code).toBe(refused);
    const acts = await shop.acts();
    expect(acts).toHaveLength(before + 1);
    expect(acts.at(-1)).toMatchObject({
      operator: FIRST_OPERATOR,
      act,
      object,
      refused,
      after: null,
      revision: null,
      requestId: answer.headers.get('x-request-id'),
    });
  });

  it.each<[because: string, method: string, path: string, asked: Asked]>([
    ['it is malformed', 'POST', 'keys', { body: { strange: true } }],
    [
      'somebody was first',
      'POST',
      'revisions',
      { body: publication(GUARDED_SHOP, { number: 7, contentHash: 'a'.repeat(64) }) },
    ],
    ['nobody is known to have tried', 'POST', 'keys', { body: { enforcementPoint: 'edge' }, token: 'op-1.wrong' }],
    ['it only reads', 'GET', 'revisions/9', {}],
  ])('is not, where it says nothing: %s', async (_because, method, path, asked) => {
    const before = await shop.acts();
    expect((await shop.ask(method, `/admin/v1/${path}`, asked)).status).toBeGreaterThanOrEqual(400);
    expect(await shop.acts()).toEqual(before);
  });

  it('is counted only, from the sixty-first in a minute on', async () => {
    const { ask, acts, refused, time } = await startWorld();
    for (let count = 0; count < 63; count += 1) await ask('DELETE', '/admin/v1/keys/ep-0');
    expect(refused).toEqual(['act-unrecorded', 'act-unrecorded', 'act-unrecorded']);
    // One is that of the first operator.
    expect(await acts()).toHaveLength(61);
    time.now += 1_000;
    await ask('DELETE', '/admin/v1/keys/ep-0');
    expect(await acts()).toHaveLength(62);
  });

  it('stays refused for its own reason when it cannot be written down', async () => {
    const world = await startWorld();
    world.audit.append = async () => {
      throw new StoreFault('unavailable', 'ECONNREFUSED', undefined, 'nobody listens');
    };
    expect(await world.ask('DELETE', '/admin/v1/keys/ep-0')).toMatchObject({
      status: 404,
      json: { code: 'credential-unknown' },
    });
    expect(world.refused).toEqual(['act-unrecorded']);
    // What is done, and not only refused, is not done then.
    expect(await world.ask('POST', '/admin/v1/issuers/refresh')).toMatchObject({ status: 503 });
    expect(await world.ask('GET', '/admin/v1/issuers')).toMatchObject({ json: { items: [{ keys: 1 }] } });
  });
});

describe('the audit log', () => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await startShop();
  });
  const sequences = ({ json }: Answer) => json.items.map(({ sequence }: Act) => sequence);
  const list = (query: string) => shop.ask('GET', `/admin/v1/audit?${query}`);

  it('is listed from the newest down, with all that the hashes are over', async () => {
    const { status, json } = await list('');
    expect(status).toBe(200);
    const acts = (await shop.acts()).toReversed();
    expect(json.items).toEqual(acts.map(({ at, ...act }) => ({ ...act, at: new Date(at).toISOString() })));
    expect(json.next).toBeNull();
  });

  it('goes on at a cursor, from either end', async () => {
    const first = await list('limit=3');
    expect([sequences(first), sequences(await list(`limit=3&next=${first.json.next}`))]).toEqual([[4, 3, 2], [1]]);
    const oldest = await list('limit=3&order=oldest');
    expect(sequences(oldest)).toEqual([1, 2, 3]);
    expect(sequences(await list(`limit=3&order=oldest&next=${oldest.json.next}`))).toEqual([4]);
  });

  it.each<[query: string, found: readonly number[]]>([
    ['operator=operator-token-file', [4, 3, 2]],
    ['operator=nobody', []],
    ['act=key.create', [3]],
    ['object=source%2Fgit', [2]],
    ['revision=1', [2]],
    ['since=2026-11-22T12:00:00Z', [4, 3, 2, 1]],
    ['since=2026-11-22T12:00:00.001Z', []],
    ['until=2026-11-22T12:00:00Z', []],
    ['act=operator.create&until=2026-11-22T13:00:00Z', [4]],
  ])('is searched: %s', async (query, found) => {
    expect(sequences(await list(query))).toEqual(found);
  });

  it.each([
    ['since=yesterday'],
    ['revision=0'],
    ['revision=1e30'],
    ['act=%00'],
    ['act=junk'],
    ['act=key.creat'],
    ['operator=a%00'],
    ['order=sideways'],
    ['next=x'],
    ['next=YWJj'],
    ['colour=red'],
  ])('refuses %s', async (query) => {
    expect(await list(query)).toMatchObject({ status: 400, json: { code: 'request-invalid' } });
  });

  it('names the acts that there are', async () => {
    const { json } = await list('act=junk');
    expect(json.errors).toEqual([{ pointer: '/act', message: expect.stringContaining(ACTS.join(', ')) }]);
  });

  it('is nowhere without a database', async () => {
    const admin = await startTestAdmin({ history: null, server: new ScriptedServer(), clock: () => NOW });
    running.push(admin);
    for (const path of ['audit', 'fleet'])
      expect(await admin.ask('GET', `/admin/v1/${path}`)).toMatchObject({ status: 409, json: { code: 'no-history' } });
    expect(await admin.ask('POST', '/admin/v1/issuers/refresh')).toMatchObject({ status: 200 });
  });
});

describe('the fleet', () => {
  it('is listed, and who is behind a revision is named', async () => {
    const { fleet, ask, time } = await startWorld();
    const beat = (server: string, number: number | null, epoch = 1) =>
      fleet.beat({
        server,
        version: '1.0.0',
        address: '127.0.0.1:8282',
        startedAt: NOW - 5_000,
        policy: number === null ? null : { epoch, number, contentHash: 'a'.repeat(64), ageSeconds: 4 },
      });
    await beat('silent', 1);
    time.now += 31_000;
    await beat('early', null);
    await beat('late', 6);
    await beat('there', 7);
    await beat('ahead', 3, 2);
    time.now += 2_000;
    const { json } = await ask('GET', '/admin/v1/fleet?revision=7&epoch=1');
    expect(json.behind).toEqual(['early', 'late']);
    expect(json.items.map(({ server, silent }: { server: string; silent: boolean }) => [server, silent])).toEqual([
      ['ahead', false],
      ['early', false],
      ['late', false],
      ['silent', true],
      ['there', false],
    ]);
    expect(json.items.at(-1)).toEqual({
      server: 'there',
      version: '1.0.0',
      address: '127.0.0.1:8282',
      startedAt: new Date(NOW - 5_000).toISOString(),
      revision: 7,
      epoch: 1,
      contentHash: 'a'.repeat(64),
      ageSeconds: 4,
      lastSeenAt: new Date(NOW + 31_000).toISOString(),
      seenSecondsAgo: 2,
      silent: false,
    });
    expect((await ask('GET', '/admin/v1/fleet?revision=7')).json.behind).toEqual(['ahead', 'early', 'late']);
    expect((await ask('GET', '/admin/v1/fleet')).json.behind).toBeNull();
    expect(await ask('GET', '/admin/v1/fleet?revision=x')).toMatchObject({ status: 400 });
  });
});

describe('how often one may ask', () => {
  const admission = { perSecond: 2, burst: 3, wrongTokensPerMinute: 4 };
  const GET = ['GET', '/admin/v1/operators'] as const;
  const WRONG = `op-${'0'.repeat(16)}.wrong`;

  it('is held to for each operator, who is told how long to wait', async () => {
    const { ask, time, token, refused } = await startWorld({ admission });
    const statuses = async (asked: Asked, times: number) => {
      const answers = [];
      for (let count = 0; count < times; count += 1) answers.push(await ask(...GET, asked));
      return answers.map(({ status }) => status);
    };
    expect(await statuses({ token }, 4)).toEqual([200, 200, 200, 429]);
    // Another operator has a bucket of their own, and probes have none.
    expect(await statuses({}, 3)).toEqual([200, 200, 200]);
    expect(await ask('GET', '/healthz', { token: null })).toMatchObject({ status: 200 });
    const { status, headers, json } = await ask(...GET, { token });
    expect([status, headers.get('retry-after'), json.code, json.retryAfterSeconds]).toEqual([
      429,
      '1',
      'rate-exceeded',
      1,
    ]);
    expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
    time.now += 1_000;
    expect(await statuses({ token }, 3)).toEqual([200, 200, 429]);
    expect(refused).toEqual(['rate-exceeded', 'rate-exceeded', 'rate-exceeded']);
  });

  it('is held to for wrong tokens by where they come from, and who was let in before goes on', async () => {
    const { ask, time, token, refused, acts } = await startWorld({ admission });
    expect(await ask(...GET, { token })).toMatchObject({ status: 200 });
    const tried = [];
    for (const wrong of [WRONG, null, 'x', WRONG, WRONG, null])
      tried.push((await ask(...GET, { token: wrong })).status);
    expect(tried).toEqual([401, 401, 401, 401, 429, 429]);
    expect(refused).toEqual([...Array.from({ length: 4 }, () => 'token-unknown'), 'rate-exceeded', 'rate-exceeded']);
    expect(await ask(...GET, { token })).toMatchObject({ status: 200 });
    expect(await ask(...GET)).toMatchObject({ status: 200 });
    const { headers } = await ask(...GET, { token: WRONG });
    expect(headers.get('retry-after')).toBe('15');
    time.now += 15_000;
    expect(await ask(...GET, { token: WRONG })).toMatchObject({ status: 401 });
    expect(await acts()).toHaveLength(1);
  });

  it('is held to for wrong tokens with the id of an operator too, for ids are no secrets', async () => {
    const { ask, token } = await startWorld({ admission });
    const guess = `${splitToken(token)!.id}.wrong`;
    expect(await ask(...GET, { token })).toMatchObject({ status: 200 });
    const tried = [];
    for (let count = 0; count < 10; count += 1) tried.push((await ask(...GET, { token: guess })).status);
    expect(tried.slice(0, 5)).toEqual([401, 401, 401, 401, 429]);
    expect(tried.slice(5)).toEqual([429, 429, 429, 429, 429]);
  });

  it('is not looked at where there is no setting', async () => {
    const { ask } = await startWorld();
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask(...GET)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  });
});
