import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestPostgres, type TestPostgres } from '../support/postgres.js';
import { startServerWith } from '../support/server.js';

/** Whatever belongs to others has `zq` in its name; the operator of `acme.shop` may see no byte of it. */
const FOREIGN = /zq[\w.-]*/g;
const WORLD = `
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme }
spec:
  access: [acme-login]
  mechanisms:
    - { name: acme-login, role: access, kind: jwt, jwt: { issuer: "https://login.acme.example/", audiences: [a] } }
---
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme.shop }
spec: { boundary: ["orders/*"], administrators: [{ role: owner, principals: ["group:shopkeepers"] }] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: orders }
spec: { domains: [acme.shop], hosts: [shop.acme.example] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: shop, domain: acme.shop }
spec: { rules: [{ id: read, effect: allow, what: { methods: [GET] } }] }
---
apiVersion: dharma/v1
kind: EnforcementPoint
metadata: { name: shop-edge, domain: acme.shop }
spec: {}
---
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme.zqbank, description: zqdescription }
spec:
  recognizes: [zqtrust]
  mechanisms:
    - { name: zqtrust, role: trust, kind: spiffe, spiffe: { trustDomain: zqbank.example } }
    - { name: zqlogin, role: access, kind: jwt, jwt: { issuer: "https://zqlogin.example/", audiences: [a] } }
    - { name: zqkeys, role: access, kind: apiKey, apiKey: { header: x-zqkey } }
  administrators: [{ role: owner, principals: ["user:zqann"] }]
---
apiVersion: dharma/v1
kind: Service
metadata: { name: zqledger }
spec:
  domains: [acme.zqbank]
  hosts: [zqledger.acme.example, shared.acme.example]
  identities: [{ mechanism: zqtrust, subject: "spiffe://zqbank.example/ledger" }]
  endpoints: [{ name: zqbook, operations: [{ path: "/zqpath/**" }] }]
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: zqpolicy, domain: acme.zqbank }
spec: { rules: [{ id: zqrule, effect: deny, who: { groups: [zqgroup] } }] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: zqguard, domain: acme }
spec: { rules: [{ id: zqnever, effect: deny, who: { services: [zqledger] } }] }
---
apiVersion: dharma/v1
kind: RoleSet
metadata: { name: zqroles, domain: acme.zqbank }
spec: { roles: [{ name: zqteller }], assignments: [{ role: zqteller, principals: ["user:zqbo"] }] }
---
apiVersion: dharma/v1
kind: EntitySet
metadata: { name: zqentities, domain: acme.zqbank }
spec: { entities: [{ type: account, id: zqaccount }] }
---
apiVersion: dharma/v1
kind: EnforcementPoint
metadata: { name: zqedge, domain: acme.zqbank }
spec: { credentials: [{ kind: spiffe, id: "spiffe://zqbank.example/edge" }] }
---
apiVersion: dharma/v1
kind: Test
metadata: { name: zqtest, domain: acme.zqbank }
spec:
  cases:
    - because: zqbecause
      request: { target: { endpoint: zqledger/zqbook, method: GET, path: /zqpath/x } }
      expect: { decision: deny }
    - because: zqshop is closed to strangers
      request: { target: { host: new.acme.example, method: PUT, path: /x } }
      expect: { reason: UNKNOWN_ENDPOINT }
`;
const TOKEN = 'given.token-of-this-test';
const KINDS = ['Domain', 'Service', 'Policy', 'RoleSet', 'EntitySet', 'EnforcementPoint', 'Test'];
const NAMES = [
  'acme.zqbank',
  'zqledger',
  'zqpolicy',
  'zqguard',
  'zqroles',
  'zqentities',
  'zqedge',
  'zqtest',
  'zqlogin',
];
/** As long as one of theirs, and nobody's. */
const NOBODYS = 'xqnobody';

let folder: string;
let postgres: TestPostgres;
let server: Awaited<ReturnType<typeof startServerWith>>;
let shopkeeper: string;
let foreignIds: readonly string[];

interface Answer {
  readonly status: number;
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- JSON of any shape, which the test compares
  readonly json: any;
}

async function ask(method: string, path: string, body?: unknown, token = shopkeeper): Promise<Answer> {
  const response = await fetch(`http://${server.addresses.admin}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const head = JSON.stringify([...response.headers]);
  const json = /json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : undefined;
  return { status: response.status, text: `${head}\n${text}`, json };
}

const asRoot = (method: string, path: string, body?: unknown) => ask(method, path, body, TOKEN);
/** What an answer says of others beyond what was asked with. */
const leaks = ({ text }: Answer, own = '') =>
  [...text.matchAll(FOREIGN)].map(([word]) => word).filter((word) => !own.includes(word));

async function standing(): Promise<string> {
  const lists = ['documents', 'operators', 'keys', 'revisions', 'domains'].map(async (list) => {
    const { json } = await asRoot('GET', `/admin/v1/${list}?limit=500`);
    return json.items.map((item: { lastUsedAt?: string }) => ({ ...item, lastUsedAt: undefined }));
  });
  return JSON.stringify(await Promise.all(lists));
}

async function base() {
  const { json } = await asRoot('GET', '/admin/v1/revisions?limit=1');
  return { number: json.items[0].number, contentHash: json.items[0].contentHash };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dharma-foreign-'));
  postgres = await startTestPostgres();
  await writeFile(join(folder, 'token'), TOKEN);
  server = await startServerWith({
    'database-url': await postgres.migrated(),
    'data-dir': join(folder, 'data'),
    'operator-token-file': join(folder, 'token'),
  });
  const files = [{ file: 'world.yaml', text: WORLD }];
  const published = await asRoot('POST', '/admin/v1/revisions', {
    source: 'git',
    files,
    base: null,
    because: 'zqreason',
    gitAuthor: 'zqann',
  });
  expect([published.status, published.text.slice(-900)]).toEqual([201, expect.anything()]);
  const made = [
    await asRoot('POST', '/admin/v1/operators', { name: 'zqann', groups: ['zqstaff'] }),
    await asRoot('POST', '/admin/v1/operators', { name: 'zqci', scope: { domain: 'acme.zqbank', roles: ['owner'] } }),
    await asRoot('POST', '/admin/v1/keys', { enforcementPoint: 'zqedge' }),
    await asRoot('POST', '/admin/v1/keys', { mechanism: 'zqkeys', subject: 'zqclient' }),
  ];
  foreignIds = made.map(({ json }) => json.id);
  const ann = made[0]!.json.token;
  // Theirs is the newest revision too.
  const second = await ask(
    'POST',
    '/admin/v1/revisions',
    {
      source: 'git',
      files: [
        {
          file: 'p.yaml',
          text: WORLD.split('---')
            .find((text) => text.includes('zqrule'))!
            .replace('zqgroup', 'zqgang'),
        },
      ],
      base: await base(),
      because: 'zqreason two',
      prune: false,
    },
    ann,
  );
  expect([second.status, second.text.slice(-900)]).toEqual([201, expect.anything()]);
  const { json } = await asRoot('POST', '/admin/v1/operators', { name: 'sue', groups: ['shopkeepers'] });
  shopkeeper = json.token;
}, 120_000);
afterAll(async () => {
  await server.stop();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
});

it('sees what is theirs', async () => {
  const { json } = await ask('GET', '/admin/v1/documents');
  expect(json.items.map(({ kind, name }: { kind: string; name: string }) => `${kind}/${name}`)).toEqual([
    'Domain/acme.shop',
    'EnforcementPoint/shop-edge',
    'Policy/shop',
    'Service/orders',
  ]);
  expect((await ask('GET', '/admin/v1/domains/acme.shop')).json).toMatchObject({
    access: { value: ['acme-login'], from: 'acme', inherited: true },
    rules: [{ id: 'shop/read' }],
    mechanisms: [{ name: 'acme-login', from: 'acme' }],
  });
});

it('finds nothing of others on any route, and changes nothing', async () => {
  const before = await standing();
  const { json: description } = await asRoot('GET', '/openapi.json');
  const fillings = [...NAMES, ...foreignIds, NOBODYS, '1', '2'];
  let asked = 0;
  for (const [template, methods] of Object.entries<object>(description.paths)) {
    if (!template.startsWith('/admin/')) continue;
    const paths = template.includes('{') ? fillings.flatMap((filling) => filled(template, filling)) : [template];
    for (const method of Object.keys(methods).map((name) => name.toUpperCase())) {
      for (const path of paths) {
        const answer = await ask(method, path, method === 'GET' || method === 'DELETE' ? undefined : {});
        asked += 1;
        expect([method, path, leaks(answer, path)]).toEqual([method, path, []]);
        expect([method, path, answer.status]).not.toEqual([method, path, 500]);
      }
    }
  }
  for (const query of [
    'documents?q=zq',
    'documents?domain=acme.zqbank',
    'revisions/2/diff?against=0',
    'revisions/1/diff',
  ]) {
    expect([query, leaks(await ask('GET', `/admin/v1/${query}`), query)]).toEqual([query, []]);
  }
  expect(asked).toBeGreaterThan(100);
  expect(await standing()).toBe(before);
}, 60_000);

/** A path with a name in it; documents have a kind before it. */
function filled(template: string, filling: string): readonly string[] {
  const kinds = template.includes('{kind}') ? KINDS : [''];
  return kinds.map((kind) => template.replace('{kind}', kind).replace(/\{\w+\}/, filling));
}

it.each([
  ['GET', (name: string) => `/admin/v1/domains/${name}`, 'acme.zqbank'],
  ...KINDS.map(
    (kind) => ['GET', (name: string) => `/admin/v1/documents/${kind}/${name}`, NAMES[KINDS.indexOf(kind)]!] as const,
  ),
  ['DELETE', (id: string) => `/admin/v1/operators/${id}`, 0],
  ['DELETE', (id: string) => `/admin/v1/keys/${id}`, 2],
  ['DELETE', (id: string) => `/admin/v1/keys/${id}`, 3],
] as const)('cannot tell what is there from what is not: %s %#', async (method, path, which) => {
  const name = typeof which === 'number' ? foreignIds[which]! : which;
  const [theirs, nobodys] = [await ask(method, path(name)), await ask(method, path(NOBODYS))];
  expect(theirs.status).toBe(404);
  const told = ({ json }: Answer, asked: string) => JSON.stringify(json).replaceAll(asked, 'x');
  expect(told(theirs, name)).toBe(told(nobodys, NOBODYS));
});

it('cannot tell an enforcement point of others from none', async () => {
  for (const holder of ['enforcementPoint', 'mechanism']) {
    const body = (name: string) => ({ [holder]: name, ...(holder === 'mechanism' && { subject: 'x' }) });
    const theirs = await ask('POST', '/admin/v1/keys', body(holder === 'mechanism' ? 'zqkeys' : 'zqedge'));
    const nobodys = await ask('POST', '/admin/v1/keys', body(NOBODYS));
    expect([theirs.status, theirs.json.code]).toEqual([422, nobodys.json.code]);
  }
});

const own = (kind: string, name: string, spec: string, more = 'domain: acme.shop') =>
  `apiVersion: dharma/v1\nkind: ${kind}\nmetadata: { name: ${name}, ${more} }\nspec: ${spec}\n`;

it.each<[because: string, text: string, more?: object]>([
  ['it prunes what others published', own('Policy', 'shop', '{ rules: [] }'), { prune: true }],
  ['it takes a name that is theirs', own('Policy', 'zqpolicy', '{ rules: [] }')],
  ['it takes a name from another source', own('Policy', 'zqpolicy', '{ rules: [] }'), { source: 'shop' }],
  ['it writes into their domain', own('Policy', 'mine', '{ rules: [] }', 'domain: acme.zqbank')],
  ['it writes above itself', own('Policy', 'mine', '{ rules: [] }', 'domain: acme')],
  [
    'a suggestion would be theirs',
    own('Policy', 'mine', '{ rules: [{ id: r, effect: deny, who: { services: [xqledger] } }] }'),
  ],
  [
    'an address is theirs',
    own(
      'Service',
      'mine',
      '{ domains: [acme.shop], hosts: [shared.acme.example], endpoints: [{ name: e, operations: [{ path: "/zqpath/{a}" }] }] }',
      'labels: {}',
    ),
  ],
  [
    'a subject is theirs',
    own(
      'Service',
      'mine',
      '{ domains: [acme.shop], identities: [{ mechanism: zqtrust, subject: "spiffe://zqbank.example/**" }] }',
      'labels: {}',
    ),
  ],
  [
    'a credential is theirs',
    own('EnforcementPoint', 'mine', '{ credentials: [{ kind: spiffe, id: "spiffe://zqbank.example/edge" }] }'),
  ],
  [
    'a test of theirs would fail',
    own('Service', 'orders', '{ domains: [acme.shop], hosts: [shop.acme.example, new.acme.example] }', 'labels: {}'),
  ],
  [
    'their rule would answer',
    own(
      'Test',
      'mine',
      '{ cases: [{ because: x, request: { target: { endpoint: zqledger/zqbook, method: GET, path: /zqpath/x } }, expect: { decision: allow, rules: [], deniedAt: acme } }] }',
    ),
  ],
])('learns nothing from a refusal: %s', async (_because, text, more = {}) => {
  const before = await standing();
  const body = { source: 'git', files: [{ file: 'own.yaml', text }], prune: false, ...more };
  const planned = await ask('POST', '/admin/v1/plan', body);
  expect([planned.status, planned.json.valid]).toEqual([200, false]);
  expect(leaks(planned, text + body.source)).toEqual([]);
  const published = await ask('POST', '/admin/v1/revisions', { ...body, base: await base(), because: 'x' });
  expect([403, 409, 422]).toContain(published.status);
  expect(leaks(published, text + body.source)).toEqual([]);
  expect(await standing()).toBe(before);
});

it('hears that there is nothing new, and not who published last', async () => {
  const { text } = await ask('GET', '/admin/v1/documents/Policy/shop');
  // Behind the line of headers.
  const same = text.slice(text.indexOf('\n') + 1);
  const files = [{ file: 'own.yaml', text: same }];
  const body = { source: 'git', files, prune: false, base: await base(), because: 'x' };
  const answer = await ask('POST', '/admin/v1/revisions', body);
  expect([answer.status, answer.json.unchanged, leaks(answer)]).toEqual([200, true, []]);
});

it('hears that somebody was faster, and not who', async () => {
  const first = (await asRoot('GET', '/admin/v1/revisions/1')).json;
  const late = { source: 'shop', files: [], base: { number: 1, contentHash: first.contentHash }, because: 'x' };
  const answer = await ask('POST', '/admin/v1/revisions', late);
  expect([answer.status, answer.json.code]).toEqual([409, 'revision-superseded']);
  expect(leaks(answer)).toEqual([]);
});

it('cannot go back to what others had, nor begin an epoch', async () => {
  const back = await ask('POST', '/admin/v1/revisions/1/restore', { base: await base(), because: 'x' });
  expect([back.status, back.json.code, leaks(back)]).toEqual([403, 'forbidden-change', []]);
  const epoch = await ask('POST', '/admin/v1/epochs', { because: 'x' });
  expect([epoch.status, epoch.json.code]).toEqual([403, 'operator-not-entitled']);
});

it('makes tokens that may no more than it, and takes them along when it falls', async () => {
  const grown = await ask('POST', '/admin/v1/operators', { name: 'x', scope: { domain: 'acme', roles: ['auditor'] } });
  expect([grown.status, grown.json.code]).toEqual([403, 'operator-not-entitled']);
  const { json: made } = await asRoot('POST', '/admin/v1/operators', { name: 'lee', groups: ['shopkeepers'] });
  // Named like somebody who may more, it may what its maker may.
  const { json: child } = await ask(
    'POST',
    '/admin/v1/operators',
    { name: 'zqann', groups: ['shopkeepers'] },
    made.token,
  );
  const text = own('Policy', 'shop', '{ rules: [{ id: read, effect: allow, what: { methods: [GET, PUT] } }] }');
  const publication = async () => ({
    source: 'git',
    files: [{ file: 'own.yaml', text }],
    prune: false,
    base: await base(),
    because: 'x',
  });
  expect((await ask('GET', '/admin/v1/documents/Policy/zqpolicy', undefined, child.token)).status).toBe(404);
  expect(await ask('POST', '/admin/v1/revisions', await publication(), child.token)).toMatchObject({
    status: 201,
    json: { revision: { author: 'zqann, by lee' } },
  });
  await asRoot('DELETE', `/admin/v1/operators/${made.id}`);
  expect((await ask('GET', '/admin/v1/documents', undefined, child.token)).json.items).toEqual([]);
  const after = await ask(
    'POST',
    '/admin/v1/revisions',
    { ...(await publication()), files: [{ file: 'own.yaml', text: text.replace('PUT', 'POST') }] },
    child.token,
  );
  expect([after.status, after.json.code]).toEqual([403, 'forbidden-change']);
});
