import type { DataSource } from 'typeorm';
import { openDatabase, PostgresAuditLog, PostgresCredentialStore, PostgresFleet, PostgresRevisionStore } from '#store';
import { administer, startTestPostgres, type TestPostgres } from '../support/postgres.js';
import { CLOSED_SHOP, GUARDED_SHOP, SHOP } from '../support/shop.js';
import { type Answer, type Asked, startTestAdmin, ScriptedServer, STATUS, type TestAdmin } from './admin-server.js';

let postgres: TestPostgres;
const opened: DataSource[] = [];
const running: TestAdmin[] = [];
beforeAll(async () => {
  postgres = await startTestPostgres();
}, 60_000);
afterAll(async () => {
  await Promise.all(running.map((admin) => admin.stop()));
  await Promise.all(opened.map((dataSource) => dataSource.destroy()));
  await postgres.stop();
});

const NOW = Date.parse('2026-11-22T12:00:00Z');
const CLIENT = { mechanism: 'partner-key', subject: 'partner-1' };
const EVERYTHING = { domain: '*', roles: ['owner'] };

/** An admin API on a new database, and the URL of that. */
async function startAdmin(server = new ScriptedServer()): Promise<TestAdmin & { readonly url: string }> {
  const url = await postgres.migrated();
  const dataSource = await openDatabase({ url, connectTimeoutMilliseconds: 500, statementTimeoutMilliseconds: 3_000 });
  opened.push(dataSource);
  const store = new PostgresRevisionStore({ dataSource, random: () => 0.5, wait: async () => {} });
  const history = {
    store,
    credentials: new PostgresCredentialStore(dataSource),
    audit: new PostgresAuditLog(dataSource),
    fleet: new PostgresFleet(dataSource),
  };
  const admin = await startTestAdmin({ history, server, clock: () => NOW });
  running.push(admin);
  return { ...admin, url };
}

const files = (text: string) => [{ file: 'shop.yaml', text }];
const publication = (text: string, base: unknown = null, more: object = {}) => ({
  source: 'git',
  files: files(text),
  base,
  because: 'a test says so',
  ...more,
});
const markOf = ({ json }: Answer) => ({ number: json.revision.number, contentHash: json.revision.contentHash });

async function publish(admin: TestAdmin, text: string, base: unknown = null, more: object = {}): Promise<Answer> {
  const answer = await admin.ask('POST', '/admin/v1/revisions', { body: publication(text, base, more) });
  expect(answer).toMatchObject({ status: 201 });
  return answer;
}

describe('issuers', () => {
  let admin: TestAdmin;
  beforeAll(async () => {
    admin = await startAdmin();
  });
  afterAll(() => admin.stop());

  it('are listed as their keys stand, and asked for them anew when an operator says so', async () => {
    const issuer = {
      address: 'https://login.acme.example/',
      mechanisms: ['login'],
      keys: 1,
      fetchedAt: '1970-01-01T00:00:00.000Z',
      trouble: null,
    };
    expect(await admin.ask('GET', '/admin/v1/issuers')).toMatchObject({ status: 200, json: { items: [issuer] } });
    expect(await admin.ask('POST', '/admin/v1/issuers/refresh')).toMatchObject({
      status: 200,
      json: { items: [{ ...issuer, keys: 2 }] },
    });
  });
});

describe('probes', () => {
  let server: ScriptedServer;
  let admin: TestAdmin;
  beforeAll(async () => {
    server = new ScriptedServer();
    admin = await startAdmin(server);
  });
  afterEach(() => {
    server.answer = async () => STATUS;
  });

  it.each([['/healthz'], ['/readyz'], ['/metrics']])('%s asks for no token', async (path) => {
    expect(await admin.ask('GET', path, { token: null })).toMatchObject({ status: 200 });
  });

  it('says that the server is not ready, and why', async () => {
    server.answer = async () => ({
      ...STATUS,
      policy: null,
      ready: { ready: false, because: 'no policy is in force' },
    });
    expect(await admin.ask('GET', '/readyz')).toMatchObject({
      status: 503,
      json: { ready: false, because: 'no policy is in force', mode: 'enforce', revision: null },
    });
    expect(await admin.ask('GET', '/healthz')).toMatchObject({ status: 200 });
  });

  it('gives metrics as Prometheus reads them', async () => {
    const { headers, text } = await admin.ask('GET', '/metrics');
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(text).toContain('dharma_policy_revision 7');
  });

  it.each<[because: string, answer: ScriptedServer['answer']]>([
    ['the serving thread hangs', () => new Promise(() => {})],
    ['the serving thread is gone', () => Promise.reject(new Error('secret detail'))],
  ])('say within a second or so that %s', async (_because, answer) => {
    server.answer = answer;
    const answers = await Promise.all(
      ['/healthz', '/readyz', '/metrics', '/admin/v1/status'].map((path) => admin.ask('GET', path)),
    );
    for (const { status, json, text, headers } of answers) {
      expect([status, json.code, headers.get('retry-after')]).toEqual([503, 'server-silent', '1']);
      expect(text).not.toContain('secret');
    }
  });
});

describe('operators', () => {
  let admin: TestAdmin & { readonly url: string };
  beforeAll(async () => {
    admin = await startAdmin();
  });

  const create = (body: object) => admin.ask('POST', '/admin/v1/operators', { body });

  it.each<[because: string, asked: Asked]>([
    ['nobody said who asks', { token: null }],
    ['the token is no token', { token: 'x' }],
    ['nobody has this id', { token: 'op-0000.secret' }],
    ['an id is no token', { token: 'op-0000.' }],
    ['it is another way to prove oneself', { token: null, headers: { authorization: 'Basic b3A6cHc=' } }],
    ['it is far too long', { token: 'x.'.padEnd(2_000, 'y') }],
  ])('are told from strangers: %s', async (_because, asked) => {
    for (const [method, path] of ROUTES) {
      const { status, headers, json } = await admin.ask(method, path, asked);
      expect([path, status, json.code]).toEqual([path, 401, 'operator-unknown']);
      expect(headers.get('www-authenticate')).toBe('Bearer');
    }
  });

  it('are told from strangers before a body is read', async () => {
    const body = '['.repeat(60_000);
    expect(await admin.ask('POST', '/admin/v1/plan', { body, token: null })).toMatchObject({ status: 401 });
    expect(await admin.ask('POST', '/admin/v1/plan', { body })).toMatchObject({ status: 400 });
  });

  it('hold tokens that are shown once, count at once, and end when they are revoked', async () => {
    const { status, json, headers } = await create({ name: 'bo' });
    expect([status, headers.get('cache-control')]).toEqual([201, 'no-store']);
    expect(json).toMatchObject({
      name: 'bo',
      createdBy: 'operator-token-file',
      token: expect.stringContaining(json.id),
    });
    const asBo = { token: json.token };
    expect(await admin.ask('GET', '/admin/v1/status', asBo)).toMatchObject({ status: 200 });
    const listed = await admin.ask('GET', '/admin/v1/operators', asBo);
    expect(listed.json.items).toEqual([expect.objectContaining({ id: json.id, name: 'bo' })]);
    expect(listed.text).not.toContain(json.token.split('.')[1]);
    const wrong = { token: `${json.id}.${'A'.repeat(43)}` };
    expect(await admin.ask('GET', '/admin/v1/status', wrong)).toMatchObject({ status: 401 });
    const revoked = await admin.ask('DELETE', `/admin/v1/operators/${json.id}`, asBo);
    expect([revoked.status, revoked.json.revokedBy]).toEqual([200, 'bo']);
    expect(await admin.ask('GET', '/admin/v1/status', asBo)).toMatchObject({ status: 401 });
  });

  it('may be given a time to end', async () => {
    const { json } = await create({ name: 'cy', expiresAt: '2026-11-22T12:00:01Z' });
    expect(json.expiresAt).toBe('2026-11-22T12:00:01.000Z');
    expect(await admin.ask('GET', '/admin/v1/status', { token: json.token })).toMatchObject({ status: 200 });
    expect(await create({ name: 'cy', expiresAt: '2026-11-22T12:00:00Z' })).toMatchObject({
      status: 400,
      json: { errors: [{ pointer: '/expiresAt', message: 'this is past already' }] },
    });
  });

  it('end on time', async () => {
    const { url } = admin;
    const { json } = await create({ name: 'dee', expiresAt: '2026-11-22T12:00:01Z' });
    const dataSource = await openDatabase({ url });
    opened.push(dataSource);
    const history = {
      store: new PostgresRevisionStore({ dataSource, random: () => 0, wait: async () => {} }),
      credentials: new PostgresCredentialStore(dataSource),
      audit: new PostgresAuditLog(dataSource),
      fleet: new PostgresFleet(dataSource),
    };
    const later = await startTestAdmin({ history, server: new ScriptedServer(), clock: () => NOW + 1_000 });
    running.push(later);
    expect(await later.ask('GET', '/admin/v1/status', { token: json.token })).toMatchObject({ status: 401 });
  });

  it('are no enforcement points', async () => {
    await publish(admin, GUARDED_SHOP);
    const { json } = await admin.ask('POST', '/admin/v1/keys', { body: { enforcementPoint: 'edge' } });
    expect(await admin.ask('GET', '/admin/v1/status', { token: json.key })).toMatchObject({ status: 401 });
    expect(await admin.ask('DELETE', `/admin/v1/operators/${json.id}`)).toMatchObject({
      status: 404,
      json: { code: 'credential-unknown' },
    });
  });

  it.each<[because: string, scope: object | undefined, warnings: unknown]>([
    ['there is such a domain', { domain: 'shop', roles: ['auditor'] }, undefined],
    ['everything is always there', { domain: '*', roles: ['auditor'] }, undefined],
    ['it has no scope', undefined, undefined],
    [
      'there is none, and one much like it',
      { domain: 'shopp', roles: ['auditor'] },
      [{ code: 'domain-not-there', message: expect.stringMatching(/no domain `shopp`.*Did you mean `shop`\?$/) }],
    ],
    [
      'there will be one',
      { domain: 'shop.till', roles: ['auditor'] },
      [expect.objectContaining({ code: 'domain-not-there' })],
    ],
  ])('are told that a scope lies nowhere yet: %s', async (_because, scope, warnings) => {
    const { status, json } = await create({ name: 'dee', scope });
    expect([status, json.warnings]).toEqual([201, warnings]);
  });
});

const ROUTES: readonly (readonly [string, string])[] = [
  ['GET', '/admin/v1/status'],
  ['POST', '/admin/v1/plan'],
  ['POST', '/admin/v1/revisions'],
  ['GET', '/admin/v1/revisions'],
  ['GET', '/admin/v1/revisions/1'],
  ['GET', '/admin/v1/revisions/1/documents'],
  ['GET', '/admin/v1/revisions/1/diff'],
  ['POST', '/admin/v1/revisions/1/plan'],
  ['POST', '/admin/v1/revisions/1/restore'],
  ['POST', '/admin/v1/epochs'],
  ['GET', '/admin/v1/documents'],
  ['GET', '/admin/v1/documents/Domain/shop'],
  ['PUT', '/admin/v1/documents/Domain/shop'],
  ['DELETE', '/admin/v1/documents/Domain/shop'],
  ['GET', '/admin/v1/domains'],
  ['GET', '/admin/v1/domains/shop'],
  ['POST', '/admin/v1/domains/shop/suspend'],
  ['POST', '/admin/v1/domains/shop/resume'],
  ['GET', '/admin/v1/domains/shop/quota'],
  ['PUT', '/admin/v1/domains/shop/quota'],
  ['DELETE', '/admin/v1/domains/shop/quota'],
  ['GET', '/admin/v1/assignments'],
  ['POST', '/admin/v1/assignments'],
  ['DELETE', '/admin/v1/assignments'],
  ['GET', '/admin/v1/entities'],
  ['POST', '/admin/v1/entities'],
  ['DELETE', '/admin/v1/entities'],
  ['GET', '/admin/v1/keys'],
  ['POST', '/admin/v1/keys'],
  ['DELETE', '/admin/v1/keys/x'],
  ['GET', '/admin/v1/operators'],
  ['POST', '/admin/v1/operators'],
  ['DELETE', '/admin/v1/operators/x'],
];

describe('requests that are not as described', () => {
  let admin: TestAdmin;
  beforeAll(async () => {
    admin = await startAdmin();
  });

  const good = publication(SHOP);
  it.each<[because: string, path: string, body: unknown, pointer: string, message: RegExp]>([
    ['a member is unknown', '/plan', { source: 'git', files: [], dryRun: true }, '/dryRun', /no such member/],
    [
      'a member inside is unknown',
      '/plan',
      { source: 'git', files: [{ file: 'a', text: '', x: 1 }] },
      '/files/0/x',
      /no such member/,
    ],
    ['a source is missing', '/plan', { files: [] }, '/source', /string/],
    ['a source is a word', '/plan', { source: ' git', files: [] }, '/source', /source is/],
    ['files are a list', '/plan', { source: 'git', files: {} }, '/files', /array/],
    ['a file has a name', '/plan', { source: 'git', files: [{ file: '', text: '' }] }, '/files/0/file', /a name has/],
    ['a name is ours', '/plan', { source: 'git', files: [{ file: 'stored:x', text: '' }] }, '/files/0/file', /stored:/],
    ['a text is a text', '/plan', { source: 'git', files: [{ file: 'a', text: 7 }] }, '/files/0/text', /string/],
    ['a file is an object', '/plan', { source: 'git', files: ['a'] }, '/files/0', /object/],
    [
      'a name is given twice',
      '/plan',
      { source: 'git', files: [...files(''), ...files('')] },
      '/files/1/file',
      /twice/,
    ],
    ['prune is yes or no', '/plan', { source: 'git', files: [], prune: 'no' }, '/prune', /boolean/],
    ['a body is an object', '/plan', [], '', /no JSON object/],
    ['the base must be said', '/revisions', { ...good, base: undefined }, '/base', /required/],
    [
      'a base has a number',
      '/revisions',
      { ...good, base: { contentHash: 'a'.repeat(64) } },
      '/base/number',
      /integer/,
    ],
    [
      'a base has a hash',
      '/revisions',
      { ...good, base: { number: 1, contentHash: 'x' } },
      '/base/contentHash',
      /SHA-256/,
    ],
    ['a base is an object', '/revisions', { ...good, base: 'newest' }, '/base', /object/],
    ['there is a reason', '/revisions', { ...good, because: '' }, '/because', /longer than or equal to 1/],
    ['a reason is no book', '/revisions', { ...good, because: 'x'.repeat(4_097) }, '/because', /4096/],
    ['the reason to go back is said', '/revisions/1/restore', { base: null }, '/because', /string/],
    ['a number counts from 1', '/revisions/0/restore', { base: null, because: 'x' }, '/n', /less than 1/],
    ['a key is for somebody', '/keys', {}, '/enforcementPoint', /for which one/],
    [
      'a key is for one or the other',
      '/keys',
      { ...CLIENT, enforcementPoint: 'edge' },
      '/enforcementPoint',
      /or for a/,
    ],
    ['nobody is no enforcement point', '/keys', { enforcementPoint: null }, '/enforcementPoint', /string/],
    ['a mechanism has a name', '/keys', { ...CLIENT, mechanism: 'Partner' }, '/mechanism', /no name/],
    ["a client's key stands for somebody", '/keys', { mechanism: 'partner-key' }, '/subject', /whom/],
    ['a subject is one line', '/keys', { ...CLIENT, subject: 'a\n' }, '/subject', /control/],
    ['a subject has whole characters', '/keys', { ...CLIENT, subject: '\ud800' }, '/subject', /half/],
    ['a subject is no book', '/keys', { ...CLIENT, subject: 'x'.repeat(201) }, '/subject', /200/],
    ['scopes are a list', '/keys', { ...CLIENT, scopes: 'read' }, '/scopes', /array/],
    ['a scope is a text', '/keys', { ...CLIENT, scopes: [7] }, '/scopes', /string/],
    ['a group has a name', '/keys', { ...CLIENT, groups: [''] }, '/groups', /longer/],
    ['nobody is in so many groups', '/keys', { ...CLIENT, groups: Array(101).fill('g') }, '/groups', /100/],
    [
      'an enforcement point has no subject',
      '/keys',
      { enforcementPoint: 'edge', subject: 'a' },
      '/subject',
      /goes with/,
    ],
    ['an enforcement point has a name', '/keys', { enforcementPoint: 'Edge!' }, '/enforcementPoint', /no name/],
    ['an instant is an instant', '/operators', { name: 'x', expiresAt: 'tomorrow' }, '/expiresAt', /RFC 3339/],
    ['a name is one line', '/operators', { name: 'a\nb' }, '/name', /control/],
  ])('are refused because %s', async (_because, path, body, pointer, message) => {
    const { status, json } = await admin.ask('POST', `/admin/v1${path}`, { body });
    expect([status, json.code]).toEqual([400, 'request-invalid']);
    expect(json.errors).toContainEqual({ pointer, message: expect.stringMatching(message) });
  });

  it.each([
    ['/revisions?limit=501', '/limit'],
    ['/revisions?limit=0', '/limit'],
    ['/revisions?limit=ten', '/limit'],
    ['/revisions?limit=1&limit=2', '/limit'],
    ['/revisions?next=%21', '/next'],
    ['/revisions?next=eA', '/next'],
    ['/revisions?page=2', '/page'],
    ['/revisions/x', '/n'],
    ['/revisions/1.5', '/n'],
    ['/revisions/1/diff?against=-1', '/against'],
    ['/documents?kind=Polity', '/kind'],
    ['/documents?q=', '/q'],
    ['/documents/Polity/x', '/kind'],
    ['/keys?limit=1e9', '/limit'],
    ['/keys?next=AA', '/next'],
  ])('are refused: GET %s', async (path, pointer) => {
    const { status, json } = await admin.ask('GET', `/admin/v1${path}`);
    expect([status, json.code]).toEqual([400, 'request-invalid']);
    expect(json.errors).toContainEqual({ pointer, message: expect.any(String) });
  });

  it.each<[because: string, body: string | undefined, status: number, code: string]>([
    ['the bytes are no JSON', '{', 400, 'request-not-json'],
    ['it is too deep', `${'['.repeat(40_000)}`, 400, 'request-not-json'],
    ['a name means something in JavaScript', '{"__proto__": {"source": "git"}}', 400, 'request-invalid'],
    ['there is none', undefined, 400, 'request-invalid'],
    ['it is null', 'null', 400, 'request-invalid'],
  ])('are refused because of a body: %s', async (_because, body, status, code) => {
    expect(await admin.ask('POST', '/admin/v1/plan', { body })).toMatchObject({ status, json: { code } });
  });

  it('are refused by their type and size', async () => {
    const headers = { 'content-type': 'text/plain' };
    expect(await admin.ask('POST', '/admin/v1/plan', { body: 'x', headers })).toMatchObject({ status: 415 });
    const large = { body: { source: 'git', files: files(`# ${'x'.repeat(300_000)}`) } };
    expect(await admin.ask('POST', '/admin/v1/plan', large)).toMatchObject({ status: 200 });
    expect(await admin.ask('POST', '/admin/v1/keys', large)).toMatchObject({
      status: 413,
      json: { code: 'request-too-large', detail: 'the body is larger than 262144 bytes' },
    });
  });

  it('are refused where there is no route', async () => {
    expect(await admin.ask('GET', '/admin/v1/nothing')).toMatchObject({ status: 404, json: { code: 'route-unknown' } });
    expect(await admin.ask('PATCH', '/admin/v1/revisions')).toMatchObject({ status: 404 });
  });

  it('are refused with an idempotency key that is none', async () => {
    const headers = { 'idempotency-key': 'x'.repeat(201) };
    expect(await admin.ask('POST', '/admin/v1/revisions', { body: good, headers })).toMatchObject({ status: 400 });
  });
});

describe('publishing', () => {
  let admin: TestAdmin & { readonly url: string };
  beforeEach(async () => {
    admin = await startAdmin();
  });

  it('appends a revision that says who, from where and why', async () => {
    const { json: bo } = await admin.ask('POST', '/admin/v1/operators', { body: { name: 'bo', scope: EVERYTHING } });
    const body = publication(SHOP, null, { gitCommit: 'abc', gitAuthor: 'Cy <cy@x>' });
    const { status, json } = await admin.ask('POST', '/admin/v1/revisions', { body, token: bo.token });
    expect(status).toBe(201);
    expect(json).toEqual({
      revision: {
        epoch: 1,
        number: 1,
        contentHash: expect.stringMatching(/^[0-9a-f]{64}$/),
        base: null,
        publishedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        author: 'bo',
        source: 'git',
        because: 'a test says so',
        gitCommit: 'abc',
        gitAuthor: 'Cy <cy@x>',
      },
    });
    expect((await admin.ask('GET', '/admin/v1/status')).json.newest).toEqual(json.revision);
  });

  it('begins with a plan, whose base it names', async () => {
    const first = await publish(admin, SHOP);
    const { json } = await admin.ask('POST', '/admin/v1/plan', { body: { source: 'git', files: files(CLOSED_SHOP) } });
    expect(json).toMatchObject({
      base: { epoch: 1, ...markOf(first) },
      source: 'git',
      valid: true,
      faults: [],
      tests: { passed: 0, failed: [] },
      changes: [
        {
          change: 'added',
          kind: 'Policy',
          name: 'maintenance',
          domain: 'shop',
          rules: [
            { change: 'added', id: 'maintenance/closed', words: 'deny everything for everyone at shop and below' },
          ],
        },
      ],
      summary: { documents: { added: 1, changed: 0, removed: 0 }, rules: { added: 1, changed: 0, removed: 0 } },
    });
    const other = { ...json.base, epoch: 2 };
    expect(await admin.ask('POST', '/admin/v1/revisions', { body: publication(CLOSED_SHOP, other) })).toMatchObject({
      status: 409,
      json: { code: 'revision-superseded' },
    });
    const second = await publish(admin, CLOSED_SHOP, json.base);
    expect(second.json.revision).toMatchObject({ number: 2, base: 1 });
  });

  it('lets one of two on one base win, and tells the other who was first', async () => {
    const base = markOf(await publish(admin, SHOP));
    const tokens = await Promise.all(
      ['ann', 'bo'].map(
        async (name) =>
          (await admin.ask('POST', '/admin/v1/operators', { body: { name, scope: EVERYTHING } })).json.token,
      ),
    );
    const texts = [CLOSED_SHOP, SHOP.replace('methods: [GET]', 'methods: [GET, PUT]')];
    const answers = await Promise.all(
      texts.map((text, index) =>
        admin.ask('POST', '/admin/v1/revisions', {
          token: tokens[index],
          body: publication(text, base, { because: `reason ${index}` }),
        }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
    const winner = answers.find(({ status }) => status === 201)!.json.revision;
    const loser = answers.find(({ status }) => status === 409)!.json;
    expect(loser).toMatchObject({ code: 'revision-superseded', current: winner });
    expect(loser.detail).toContain(`\`${winner.author}\` published revision 2`);
  });

  it.each<[because: string, base: unknown]>([
    ['nothing was known of what is there', null],
    ['a number alone is no base', { number: 1, contentHash: 'f'.repeat(64) }],
    ['nobody published it yet', { number: 9, contentHash: 'f'.repeat(64) }],
  ])('refuses a base when %s', async (_because, base) => {
    await publish(admin, SHOP);
    for (const headers of [{}, { 'idempotency-key': 'k' }] as Asked['headers'][]) {
      const answer = await admin.ask('POST', '/admin/v1/revisions', { body: publication(CLOSED_SHOP, base), headers });
      expect(answer).toMatchObject({ status: 409, json: { code: 'revision-superseded', current: { number: 1 } } });
    }
  });

  it('answers a repetition with what it made, also when others went on', async () => {
    const base = markOf(await publish(admin, SHOP));
    const asked = { body: publication(CLOSED_SHOP, base), headers: { 'idempotency-key': 'k1' } };
    const first = await admin.ask('POST', '/admin/v1/revisions', asked);
    expect(first.status).toBe(201);
    await publish(admin, GUARDED_SHOP, markOf(first));
    const again = await admin.ask('POST', '/admin/v1/revisions', asked);
    expect(again).toMatchObject({ status: 200, json: { revision: first.json.revision, repeated: true } });
    const other = { ...asked, body: publication(SHOP, base) };
    expect(await admin.ask('POST', '/admin/v1/revisions', other)).toMatchObject({
      status: 409,
      json: { code: 'idempotency-key-reused' },
    });
    expect((await admin.ask('GET', '/admin/v1/revisions')).json.items).toHaveLength(3);
  });

  it('answers a repetition of the first publication', async () => {
    const asked = { body: publication(SHOP), headers: { 'idempotency-key': 'k1' } };
    const first = await admin.ask('POST', '/admin/v1/revisions', asked);
    const again = await admin.ask('POST', '/admin/v1/revisions', asked);
    expect(again).toMatchObject({ status: 200, json: { revision: first.json.revision, repeated: true } });
  });

  it('stores nothing when nothing changes', async () => {
    const first = await publish(admin, SHOP);
    const again = await admin.ask('POST', '/admin/v1/revisions', { body: publication(SHOP, markOf(first)) });
    expect(again).toMatchObject({ status: 200, json: { revision: first.json.revision, unchanged: true } });
  });

  it('refuses what is not valid, with every fault and every failing test', async () => {
    const invalid = await admin.ask('POST', '/admin/v1/revisions', {
      body: publication(
        `${SHOP}---\napiVersion: dharma/v1\nkind: Policy\nmetadata: { name: a, domain: x }\nspec: { rulez: [] }\n`,
      ),
    });
    expect(invalid).toMatchObject({ status: 422, json: { code: 'bundle-invalid' } });
    expect(invalid.json.faults).toContainEqual(
      expect.objectContaining({ file: 'shop.yaml', code: 'unknown-member', line: expect.any(Number) }),
    );
    const test = `---\napiVersion: dharma/v1\nkind: Test\nmetadata: { name: t }\nspec: { cases: [{ because: it is closed, request: { target: { host: shop.example, method: GET, path: /public/x } }, expect: { decision: deny } }] }\n`;
    const failing = await admin.ask('POST', '/admin/v1/revisions', { body: publication(`${SHOP}${test}`) });
    expect(failing).toMatchObject({ status: 422, json: { code: 'bundle-invalid', faults: [] } });
    expect(failing.json.tests.failed).toEqual([
      expect.objectContaining({ because: 'it is closed', expected: { decision: 'deny' }, got: { decision: 'allow' } }),
    ]);
    expect((await admin.ask('GET', '/admin/v1/revisions')).json).toEqual({ items: [], next: null });
  });

  it('takes over no document of another source', async () => {
    const base = markOf(await publish(admin, SHOP));
    const answer = await admin.ask('POST', '/admin/v1/revisions', {
      body: publication(CLOSED_SHOP, base, { source: 'console' }),
    });
    expect(answer).toMatchObject({ status: 409, json: { code: 'documents-of-another-source' } });
    expect(answer.json.foreign).toContainEqual({ kind: 'Domain', name: 'shop', source: 'git' });
  });

  it('prunes unless it is told not to, and never beyond its source', async () => {
    const closing = CLOSED_SHOP.slice(SHOP.length);
    const first = await publish(admin, SHOP);
    const second = await publish(admin, closing, markOf(first), { source: 'console' });
    const third = await publish(admin, closing.replace('maintenance', 'pause'), markOf(second), {
      source: 'console',
      prune: false,
    });
    const names = async () =>
      (await admin.ask('GET', '/admin/v1/documents?kind=Policy')).json.items.map(({ name }: { name: string }) => name);
    expect(await names()).toEqual(['maintenance', 'pause', 'shop']);
    await publish(admin, '', markOf(third), { source: 'console' });
    expect(await names()).toEqual(['shop']);
  });

  it('goes back to what was, as a new revision', async () => {
    const first = await publish(admin, SHOP);
    const second = await publish(admin, CLOSED_SHOP, markOf(first));
    const restore = (n: number, base: unknown, headers = {}) =>
      admin.ask('POST', `/admin/v1/revisions/${n}/restore`, { body: { base, because: 'too strict' }, headers });
    expect(await restore(1, markOf(first))).toMatchObject({ status: 409, json: { code: 'revision-superseded' } });
    const third = await restore(1, markOf(second), { 'idempotency-key': 'back' });
    expect(third).toMatchObject({ status: 201, json: { revision: { number: 3, base: 2, source: 'restore' } } });
    expect(third.json.revision.contentHash).toBe(first.json.revision.contentHash);
    expect(await restore(1, markOf(second), { 'idempotency-key': 'back' })).toMatchObject({ status: 200 });
    expect(await restore(3, markOf(third))).toMatchObject({ status: 200, json: { unchanged: true } });
    expect(await restore(9, markOf(third))).toMatchObject({ status: 404, json: { code: 'revision-unknown' } });
  });

  it('says beforehand what going back would change, as it would be published', async () => {
    const first = await publish(admin, SHOP);
    const second = await publish(admin, CLOSED_SHOP, markOf(first));
    const ask = (n: number, body: object = {}) => admin.ask('POST', `/admin/v1/revisions/${n}/plan`, { body });
    const { status, json } = await ask(1);
    expect(status).toBe(200);
    expect(json).toMatchObject({
      base: markOf(second),
      source: 'restore',
      valid: true,
      changes: [{ change: 'removed', kind: 'Policy', name: 'maintenance' }],
      guardrails: { items: [{ change: 'removed', kind: 'deny' }] },
    });
    expect(json.flips.toAllow).toBeGreaterThan(0);
    expect((await ask(1, { flips: false })).json).not.toHaveProperty('flips');
    expect((await ask(2)).json).toMatchObject({ valid: true, changes: [] });
    expect(await ask(9)).toMatchObject({ status: 404, json: { code: 'revision-unknown' } });
    expect(await ask(1, { replay: { last: 1 } })).toMatchObject({ status: 409, json: { code: 'no-decision-log' } });
    expect((await admin.ask('GET', '/admin/v1/revisions')).json.items).toHaveLength(2);
    const restored = { base: json.base, because: 'as planned' };
    expect(await admin.ask('POST', '/admin/v1/revisions/1/restore', { body: restored })).toMatchObject({ status: 201 });
  });

  it('begins an epoch above everything that was seen, with the content of the newest revision', async () => {
    const begin = (body: object) => admin.ask('POST', '/admin/v1/epochs', { body });
    expect(await begin({ because: 'restored' })).toMatchObject({ status: 404, json: { code: 'revision-unknown' } });
    const first = await publish(admin, SHOP);
    const begun = await begin({ because: 'restored', above: 40 });
    expect(begun).toMatchObject({
      status: 201,
      json: { revision: { epoch: 2, base: 1, source: 'epoch', contentHash: first.json.revision.contentHash } },
    });
    expect(begun.json.revision.number).toBeGreaterThan(40);
    expect(await begin({ above: 1 })).toMatchObject({ status: 400, json: { code: 'request-invalid' } });
    expect(await begin({ because: 'x', above: 2 ** 53 })).toMatchObject({ status: 400 });
  });

  it('says when the store takes no writes, and goes on reading', async () => {
    const base = markOf(await publish(admin, SHOP));
    const database = new URL(admin.url).pathname.slice(1);
    await administer(postgres.server, `alter database ${database} set default_transaction_read_only = on`);
    await administer(
      postgres.server,
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${database}'`,
    );
    const attempts: Answer[] = [];
    // Each connection whose end was not heard of yet costs one answer at most.
    for (let attempt = 0; attempt <= 4; attempt += 1) {
      attempts.push(await admin.ask('POST', '/admin/v1/revisions', { body: publication(CLOSED_SHOP, base) }));
    }
    expect(attempts.every(({ status, headers }) => status === 503 && headers.has('retry-after'))).toBe(true);
    expect(attempts.at(-1)!.json.code).toBe('store-read-only');
    expect(await admin.ask('POST', '/admin/v1/operators', { body: { name: 'x' } })).toMatchObject({ status: 503 });
    expect(await admin.ask('GET', '/admin/v1/revisions/1')).toMatchObject({ status: 200 });
  });
});

describe('reading history', () => {
  let admin: TestAdmin;
  let revisions: readonly Answer[];
  beforeAll(async () => {
    admin = await startAdmin();
    const first = await publish(admin, SHOP);
    const second = await publish(admin, CLOSED_SHOP, markOf(first));
    revisions = [first, second, await publish(admin, GUARDED_SHOP, markOf(second))];
  });

  it('goes from the newest down, by pages', async () => {
    const page = async (query: string) => (await admin.ask('GET', `/admin/v1/revisions?${query}`)).json;
    const all = await page('limit=500');
    expect(all).toEqual({ items: revisions.map(({ json }) => json.revision).reverse(), next: null });
    const first = await page('limit=2');
    expect(first.items).toEqual(all.items.slice(0, 2));
    expect(await page(`limit=2&next=${first.next}`)).toEqual({ items: all.items.slice(2), next: null });
  });

  it('reads one revision', async () => {
    expect((await admin.ask('GET', '/admin/v1/revisions/2')).json).toEqual(revisions[1]!.json.revision);
    expect(await admin.ask('GET', '/admin/v1/revisions/77')).toMatchObject({
      status: 404,
      json: { code: 'revision-unknown' },
    });
  });

  it('reads the documents of any revision, by pages', async () => {
    const page = async (query: string) => (await admin.ask('GET', `/admin/v1/revisions/2/documents?${query}`)).json;
    const { items, next } = await page('limit=3');
    expect(items.map(({ kind, name }: { kind: string; name: string }) => `${kind}/${name}`)).toEqual([
      'Domain/shop',
      'Policy/maintenance',
      'Policy/shop',
    ]);
    expect(items[0]).toEqual({
      kind: 'Domain',
      name: 'shop',
      domain: 'shop',
      source: 'git',
      contentHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      text: expect.stringContaining('boundary: ["orders/*"]'),
    });
    expect((await page(`next=${next}`)).items).toEqual([expect.objectContaining({ kind: 'Service', name: 'orders' })]);
  });

  it('tells what a revision changed, or how any two differ', async () => {
    const diff = async (path: string) => (await admin.ask('GET', `/admin/v1/revisions/${path}`)).json;
    expect(await diff('2/diff')).toMatchObject({
      from: 1,
      to: 2,
      changes: [{ change: 'added', kind: 'Policy', name: 'maintenance' }],
    });
    expect((await diff('1/diff')).summary.documents).toEqual({ added: 3, changed: 0, removed: 0 });
    expect(await diff('1/diff?against=3')).toMatchObject({
      from: 3,
      to: 1,
      changes: [{ change: 'removed', kind: 'EnforcementPoint', name: 'edge' }],
    });
    expect(await admin.ask('GET', '/admin/v1/revisions/1/diff?against=9')).toMatchObject({ status: 404 });
  });

  it('finds documents of the newest revision', async () => {
    const found = async (query: string) =>
      (await admin.ask('GET', `/admin/v1/documents?${query}`)).json.items.map(
        ({ kind, name }: { kind: string; name: string }) => `${kind}/${name}`,
      );
    expect(await found('')).toEqual(['Domain/shop', 'EnforcementPoint/edge', 'Policy/shop', 'Service/orders']);
    expect(await found('kind=Policy')).toEqual(['Policy/shop']);
    expect(await found('domain=shop&q=X-CUSTOMER')).toEqual(['Policy/shop']);
    expect(await found('q=nowhere')).toEqual([]);
  });

  it('reads one document, and says so when it is known already', async () => {
    const path = '/admin/v1/documents/Policy/shop';
    const { status, headers, text } = await admin.ask('GET', path);
    expect([status, headers.get('content-type')]).toEqual([200, 'application/yaml; charset=utf-8']);
    expect(text).toContain('id: read');
    const etag = headers.get('etag')!;
    for (const known of [etag, `"x", ${etag}`, `W/${etag}`, '*']) {
      expect(await admin.ask('GET', path, { headers: { 'if-none-match': known } })).toMatchObject({
        status: 304,
        text: '',
      });
    }
    expect(await admin.ask('GET', path, { headers: { 'if-none-match': '"x"' } })).toMatchObject({ status: 200 });
    expect(await admin.ask('GET', '/admin/v1/documents/Policy/none')).toMatchObject({
      status: 404,
      json: { code: 'document-unknown' },
    });
  });

  it('tells the tree of domains and what is in force', async () => {
    expect((await admin.ask('GET', '/admin/v1/domains')).json).toEqual({
      items: [
        { name: 'shop', parent: null, mode: 'enforce', zeroTrust: false, suspended: false, members: 1, rules: 1 },
      ],
      next: null,
    });
    expect((await admin.ask('GET', '/admin/v1/domains/shop')).json).toMatchObject({
      access: { value: ['anonymous'], from: 'shop', inherited: false },
      marks: ['orders/*'],
      rules: [{ id: 'shop/read', inherited: false }],
    });
    expect(await admin.ask('GET', '/admin/v1/domains/none')).toMatchObject({
      status: 404,
      json: { code: 'domain-unknown' },
    });
  });
});

describe('keys of enforcement points', () => {
  let admin: TestAdmin;
  beforeAll(async () => {
    admin = await startAdmin();
    await publish(admin, GUARDED_SHOP);
  });
  const create = (body: object) => admin.ask('POST', '/admin/v1/keys', { body });

  it('are shown once, listed without their secret, and revoked', async () => {
    const { status, json } = await create({ enforcementPoint: 'edge', expiresAt: '2027-01-01T00:00:00+01:00' });
    expect(status).toBe(201);
    expect(json).toMatchObject({
      enforcementPoint: 'edge',
      createdBy: 'operator-token-file',
      expiresAt: '2026-12-31T23:00:00.000Z',
    });
    expect(json.key).toMatch(new RegExp(`^${json.id}\\.[A-Za-z0-9_-]{43}$`));
    const listed = await admin.ask('GET', '/admin/v1/keys');
    expect(listed.json.items).toEqual([expect.objectContaining({ id: json.id, enforcementPoint: 'edge' })]);
    expect(listed.text).not.toContain(json.key.split('.')[1]);
    expect(listed.text).not.toContain('sha256');
    const revoked = await admin.ask('DELETE', `/admin/v1/keys/${json.id}`);
    expect(revoked).toMatchObject({ status: 200, json: { revokedBy: 'operator-token-file' } });
    expect((await admin.ask('GET', '/admin/v1/keys')).json.items[0].revokedAt).toBe(revoked.json.revokedAt);
  });

  it('are made for declared enforcement points only', async () => {
    expect(await create({ enforcementPoint: 'shop' })).toMatchObject({
      status: 422,
      json: { code: 'enforcement-point-undeclared' },
    });
  });

  it('that nobody made cannot be revoked', async () => {
    expect(await admin.ask('DELETE', '/admin/v1/keys/none')).toMatchObject({ status: 404 });
  });

  it('are listed by pages', async () => {
    await Promise.all([1, 2, 3].map(() => create({ enforcementPoint: 'edge' })));
    const ids: string[] = [];
    for (let next: string | null = ''; next !== null;) {
      const { json } = await admin.ask('GET', `/admin/v1/keys?limit=2${next === '' ? '' : `&next=${next}`}`);
      expect(json.items.length).toBeLessThanOrEqual(2);
      ids.push(...json.items.map(({ id }: { id: string }) => id));
      next = json.next;
    }
    expect(ids.length).toBeGreaterThanOrEqual(3);
    expect(ids).toEqual([...new Set(ids)].sort());
  });
});

describe('keys of clients', () => {
  const KEYED_SHOP = `${SHOP}---
apiVersion: dharma/v1
kind: Domain
metadata: { name: shop.partners }
spec:
  mechanisms:
    - { name: partner-key, role: access, kind: apiKey, apiKey: { header: x-api-key } }
    - { name: login, role: access, kind: asserted }
`;
  let admin: TestAdmin & { readonly url: string };
  beforeAll(async () => {
    admin = await startAdmin();
    await publish(admin, KEYED_SHOP);
  });
  const create = (body: object) => admin.ask('POST', '/admin/v1/keys', { body });

  it('are shown once, listed without their secret beside the others, and revoked', async () => {
    const asked = { ...CLIENT, scopes: ['read'], groups: ['gold'], expiresAt: '2027-01-01T00:00:00Z' };
    const { status, json } = await create(asked);
    expect(status).toBe(201);
    expect(json).toMatchObject({ ...asked, expiresAt: '2027-01-01T00:00:00.000Z', createdBy: 'operator-token-file' });
    expect(json).not.toHaveProperty('enforcementPoint');
    expect(json.key).toMatch(new RegExp(`^ck-[0-9a-f]{16}\\.[A-Za-z0-9_-]{43}$`));
    const { key, ...made } = json;
    const listed = await admin.ask('GET', '/admin/v1/keys');
    expect(listed.json.items).toEqual([made]);
    expect(listed.text).not.toContain(key.split('.')[1]);
    expect(listed.text).not.toContain('sha256');
    expect(await admin.ask('DELETE', `/admin/v1/operators/${json.id}`)).toMatchObject({ status: 404 });
    const revoked = await admin.ask('DELETE', `/admin/v1/keys/${json.id}`);
    expect(revoked).toMatchObject({ status: 200, json: { ...made, revokedBy: 'operator-token-file' } });
  });

  it('have no scopes and groups unless it is said', async () => {
    expect((await create(CLIENT)).json).toMatchObject({ ...CLIENT, scopes: [], groups: [] });
  });

  it.each([
    ['there is no such mechanism', 'partner-keys'],
    ['the mechanism takes no keys', 'login'],
  ])('are refused where %s', async (_because, mechanism) => {
    const answer = await create({ ...CLIENT, mechanism });
    expect(answer).toMatchObject({ status: 422, json: { code: 'api-key-mechanism-undeclared' } });
  });

  it('say in the list when they were last used, as do those of enforcement points', async () => {
    const { json } = await create(CLIENT);
    const usedAt = Date.now() - 5_000;
    const stored = await openDatabase({ url: admin.url });
    opened.push(stored);
    await new PostgresCredentialStore(stored).noteUses(new Map([[json.id, usedAt]]));
    const { items } = (await admin.ask('GET', '/admin/v1/keys')).json;
    const seen = items.map(({ id, lastUsedAt }: { id: string; lastUsedAt?: string }) => [id, lastUsedAt]);
    expect(seen).toContainEqual([json.id, new Date(usedAt).toISOString()]);
    expect(seen.filter(([, at]: [string, string?]) => at !== undefined)).toHaveLength(1);
  });

  it('are no operators', async () => {
    const { json } = await create(CLIENT);
    expect(await admin.ask('GET', '/admin/v1/keys', { token: json.key })).toMatchObject({ status: 401 });
  });
});

describe('a server that decides by a folder', () => {
  let admin: TestAdmin;
  const server = new ScriptedServer();
  beforeAll(async () => {
    server.files = files(SHOP);
    admin = await startTestAdmin({ history: null, server, clock: () => NOW });
    running.push(admin);
  });

  it.each(ROUTES.filter(([, path]) => /revisions|keys|operators/.test(path)))(
    'has no history: %s %s',
    async (method, path) => {
      const bodies: Record<string, object> = {
        '/admin/v1/revisions': publication(SHOP),
        '/admin/v1/revisions/1/plan': {},
        '/admin/v1/revisions/1/restore': { base: null, because: 'x' },
        '/admin/v1/keys': { enforcementPoint: 'edge' },
        '/admin/v1/operators': { name: 'bo' },
      };
      const body = method === 'POST' ? bodies[path] : undefined;
      expect(await admin.ask(method, path, { body })).toMatchObject({ status: 409, json: { code: 'no-history' } });
    },
  );

  it('shows its documents and domains, and plans against them', async () => {
    expect((await admin.ask('GET', '/admin/v1/documents')).json.items).toHaveLength(3);
    expect((await admin.ask('GET', '/admin/v1/domains/shop')).json.name).toBe('shop');
    const { json } = await admin.ask('POST', '/admin/v1/plan', { body: { source: 'git', files: files(CLOSED_SHOP) } });
    expect(json).toMatchObject({ base: null, valid: true, foreign: [], changes: [{ name: 'maintenance' }] });
    expect((await admin.ask('GET', '/admin/v1/status')).json.newest).toBeNull();
  });
});
