import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RecordedDecision } from '#decision-log';
import { openDatabase, PostgresDecisionStore } from '#store';
import { lineOf, recorded } from '../decision-log/lines.js';
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
kind: Domain
metadata: { name: acme.zqbank.zqsafe }
spec: {}
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
    - because: zqquiet is nobody’s
      request: { target: { host: zqquiet.acme.example, method: PUT, path: /x } }
      expect: { reason: UNKNOWN_ENDPOINT }
---
apiVersion: dharma/v1
kind: Test
metadata: { name: zqabove, domain: acme }
spec:
  cases:
    - because: zqshop is closed to everybody
      request: { target: { host: over.acme.example, method: PUT, path: /x } }
      expect: { reason: UNKNOWN_ENDPOINT }
`;
const TOKEN = 'given.token-of-this-test';
/** Of a request that others made. */
const KEY = 'key-of-the-bank';
const KINDS = [
  'Domain',
  'Service',
  'Policy',
  'RoleSet',
  'EntitySet',
  'EnforcementPoint',
  'Test',
  'Suspension',
  'Quota',
  'FourEyes',
];
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
  'zqkeys',
];
/** As long as one of theirs, and nobody's. */
const NOBODYS = 'xqnobody';

let folder: string;
let postgres: TestPostgres;
let url: string;
let server: Awaited<ReturnType<typeof startServerWith>>;
let shopkeeper: string;
/** Nobody granted it anything. */
let stranger: string;
let foreignIds: readonly string[];
/** Of theirs, the first. */
let proposalHash: string;

interface Answer {
  readonly status: number;
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- JSON of any shape, which the test compares
  readonly json: any;
}

async function ask(
  method: string,
  path: string,
  body?: unknown,
  token = shopkeeper,
  headers: { readonly [name: string]: string } = {},
): Promise<Answer> {
  const response = await fetch(`http://${server.addresses.admin}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const head = JSON.stringify([...response.headers]);
  const json = /json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : undefined;
  return { status: response.status, text: `${head}\n${text}`, json };
}

const asRoot = (method: string, path: string, body?: unknown) => ask(method, path, body, TOKEN);
/** A document as it is stored. */
async function stored(path: string, token?: string): Promise<string> {
  const { text } = await ask('GET', `/admin/v1/documents/${path}`, undefined, token);
  // Behind the line of headers.
  return text.slice(text.indexOf('\n') + 1);
}

/** What an answer says of others beyond what was asked with. */
const leaks = ({ text }: Answer, own = '') =>
  [...text.matchAll(FOREIGN)].map(([word]) => word).filter((word) => !own.includes(word));

async function standing(): Promise<string> {
  const names = [
    'documents',
    'operators',
    'keys',
    'revisions',
    'domains',
    'assignments',
    'entities',
    'decisions',
    'proposals',
  ];
  const lists = names.map(async (list) => {
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
  url = await postgres.migrated();
  server = await startServerWith({
    'database-url': url,
    'data-dir': join(folder, 'data'),
    'operator-token-file': join(folder, 'token'),
    // Every route is tried with every name, as fast as it goes.
    'admin-rate': '10000',
    'admin-rate-burst': '100000',
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
  const third = await ask('POST', '/admin/v1/domains/acme.zqbank/suspend', { because: 'zqreason three' }, ann, {
    'idempotency-key': KEY,
  });
  expect([third.status, third.text.slice(-900)]).toEqual([201, expect.anything()]);
  const fourth = await ask(
    'PUT',
    '/admin/v1/domains/acme.zqbank/quota',
    { limits: { rules: 99 }, because: 'zqreason four' },
    TOKEN,
  );
  expect([fourth.status, fourth.text.slice(-900)]).toEqual([201, expect.anything()]);
  const fifth = await ask('PUT', '/admin/v1/domains/acme.zqbank.zqsafe/four-eyes', { because: 'zqreason five' }, ann);
  expect([fifth.status, fifth.text.slice(-900)]).toEqual([201, expect.anything()]);
  const proposed = await ask('POST', '/admin/v1/proposals', { resume: 'acme.zqbank', because: 'zqreason six' }, ann);
  expect([proposed.status, proposed.json.number]).toEqual([201, 1]);
  proposalHash = proposed.json.contentHash;
  await record(url);
  const { json } = await asRoot('POST', '/admin/v1/operators', { name: 'sue', groups: ['shopkeepers'] });
  shopkeeper = json.token;
  stranger = (await asRoot('POST', '/admin/v1/operators', { name: 'nob' })).json.token;
}, 120_000);

/** One decision about theirs, and one about the shop that a rule of others above it took at an edge of others. */
async function record(url: string) {
  const theirs = { rules: ['zqpolicy/zqrule'], enforcementPoint: 'zqedge', principals: ['user:zqbo'] };
  const written = [
    recorded({
      ...theirs,
      id: 'zqdecision',
      endpoint: 'zqledger/zqbook',
      domains: ['acme.zqbank'],
      deniedAt: 'acme.zqbank',
    }),
    recorded({
      ...theirs,
      id: 'mixed',
      principals: ['user:zqbo', 'user:sam'],
      endpoint: 'zqledger/zqbook',
      domains: ['acme.shop', 'acme.zqbank'],
      deniedAt: 'acme.shop',
      dropped: [{ mechanism: 'zqtrust', because: 'zqbecause' }],
    }),
    recorded({
      id: 'own',
      principals: ['user:sam'],
      endpoint: 'orders/all',
      domains: ['acme.shop'],
      deniedAt: 'acme',
      rules: ['zqguard/zqnever', 'shop/read'],
      enforcementPoint: 'zqedge',
      dropped: [{ mechanism: 'zqtrust', because: 'zqbecause' }],
    }),
  ];
  await write(url, written);
}
async function write(url: string, records: readonly RecordedDecision[]) {
  const dataSource = await openDatabase({ url });
  await new PostgresDecisionStore({ dataSource, days: 14, clock: Date.now }).write(records.map(lineOf));
  await dataSource.destroy();
}
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
  const fillings = [...NAMES, ...foreignIds, 'zqdecision', NOBODYS, '1', '2'];
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
    'assignments?roleSet=zqroles',
    'assignments?principal=user:zqbo',
    'entities?entitySet=zqentities',
    'decisions?domain=acme.zqbank',
    'decisions?endpoint=zqledger/zqbook',
    'decisions?rule=zqguard/zqnever',
    'decisions?rule=zqpolicy/zqrule',
    'fleet?revision=3',
  ]) {
    expect([query, leaks(await ask('GET', `/admin/v1/${query}`), query)]).toEqual([query, []]);
  }
  expect(asked).toBeGreaterThan(100);
  expect(await standing()).toBe(before);
}, 60_000);

const OWN_POLICY =
  'apiVersion: dharma/v1\nkind: Policy\nmetadata: { name: zqpolicy, domain: acme.shop }\nspec: { rules: [] }\n';
const theirBundle = { source: 'git', files: [{ file: 'own.yaml', text: OWN_POLICY }], prune: false };
const because = 'x';

interface Try {
  readonly path?: string;
  readonly body?: object | (() => object);
  /** Sent with the newest revision as its base. */
  readonly isOnBase?: true;
  readonly headers?: { readonly [name: string]: string };
  readonly status: number;
}

/** Every route, asked well about what belongs to others. */
const ROUTES: { readonly [route: string]: readonly Try[] } = {
  'GET /admin/v1/status': [{ status: 200 }],
  'POST /admin/v1/plan': [{ body: theirBundle, status: 200 }],
  'POST /admin/v1/revisions': [{ body: { ...theirBundle, because }, isOnBase: true, status: 403 }],
  'GET /admin/v1/revisions': [{ path: 'revisions?limit=500', status: 200 }],
  'GET /admin/v1/revisions/{n}': ['1', '2', '3', '4'].map((n) => ({ path: `revisions/${n}`, status: 200 })),
  'GET /admin/v1/revisions/{n}/documents': ['1', '4'].map((n) => ({ path: `revisions/${n}/documents`, status: 200 })),
  'GET /admin/v1/revisions/{n}/diff': ['1', '2', '3', '4'].map((n) => ({ path: `revisions/${n}/diff`, status: 200 })),
  'POST /admin/v1/revisions/{n}/plan': ['1', '2', '3', '4'].map((n) => ({
    path: `revisions/${n}/plan`,
    body: {},
    status: 200,
  })),
  'POST /admin/v1/revisions/{n}/restore': [
    { path: 'revisions/1/restore', body: { because }, isOnBase: true, status: 403 },
  ],
  'POST /admin/v1/epochs': [{ body: { because }, status: 403 }],
  'GET /admin/v1/documents': [{ path: 'documents?limit=500', status: 200 }],
  'GET /admin/v1/documents/{kind}/{name}': [
    { path: 'documents/Suspension/acme.zqbank', status: 404 },
    { path: 'documents/Quota/acme.zqbank', status: 404 },
    { path: 'documents/FourEyes/acme.zqbank.zqsafe', status: 404 },
    { path: 'documents/Policy/zqpolicy', headers: { 'if-none-match': '*' }, status: 404 },
  ],
  'PUT /admin/v1/documents/{kind}/{name}': // Taken over, made anew, under its own source or another.
    ['git', 'shop'].flatMap((source): readonly Try[] => [
      {
        path: 'documents/Policy/zqpolicy',
        body: { text: OWN_POLICY, because, source },
        headers: { 'if-match': '*' },
        status: 412,
      },
      {
        path: 'documents/Policy/zqpolicy',
        body: { text: OWN_POLICY, because, source },
        headers: { 'if-none-match': '*' },
        // Which source it has is not told either.
        status: 403,
      },
    ]),
  'DELETE /admin/v1/documents/{kind}/{name}': [
    { path: 'documents/Policy/zqpolicy?because=x&source=git', headers: { 'if-match': '*' }, status: 404 },
  ],
  'GET /admin/v1/domains': [{ path: 'domains?limit=500', status: 200 }],
  'GET /admin/v1/domains/{name}': [
    { path: 'domains/acme.zqbank', status: 404 },
    { path: 'domains/acme.shop', status: 200 },
  ],
  'POST /admin/v1/domains/{name}/suspend': [
    { path: 'domains/acme.zqbank/suspend', body: { because }, status: 404 },
    // A key that others used for this very request stands for nothing here.
    { path: 'domains/acme.zqbank/suspend', body: { because }, headers: { 'idempotency-key': KEY }, status: 404 },
  ],
  'POST /admin/v1/domains/{name}/resume': [{ path: 'domains/acme.zqbank/resume', body: { because }, status: 404 }],
  'GET /admin/v1/domains/{name}/quota': [
    { path: 'domains/acme.zqbank/quota', status: 404 },
    { path: 'domains/acme.shop/quota', status: 200 },
  ],
  'PUT /admin/v1/domains/{name}/quota': [
    { path: 'domains/acme.zqbank/quota', body: { limits: { rules: 0 }, because }, status: 404 },
    { path: 'domains/acme.shop/quota', body: { limits: { rules: 9 }, because }, status: 403 },
  ],
  'DELETE /admin/v1/domains/{name}/quota': [{ path: 'domains/acme.zqbank/quota?because=x', status: 404 }],
  'GET /admin/v1/domains/{name}/four-eyes': [
    { path: 'domains/acme.zqbank.zqsafe/four-eyes', status: 404 },
    { path: 'domains/acme.shop/four-eyes', status: 200 },
  ],
  'PUT /admin/v1/domains/{name}/four-eyes': [
    { path: 'domains/acme.zqbank.zqsafe/four-eyes', body: { because }, status: 404 },
    { path: 'domains/acme/four-eyes', body: { because }, status: 404 },
  ],
  'DELETE /admin/v1/domains/{name}/four-eyes': [
    { path: 'domains/acme.zqbank.zqsafe/four-eyes?because=x', status: 404 },
  ],
  'GET /admin/v1/proposals': [{ path: 'proposals?limit=500', status: 200 }],
  'POST /admin/v1/proposals': [
    { body: { bundle: theirBundle, because }, isOnBase: true, status: 403 },
    { body: { restore: 1, because }, isOnBase: true, status: 403 },
    { body: { resume: 'acme.zqbank', because }, status: 404 },
    { body: { endFourEyes: 'acme.zqbank.zqsafe', because }, status: 404 },
  ],
  'GET /admin/v1/proposals/{number}': [
    { path: 'proposals/1', status: 404 },
    { path: 'proposals/2', status: 404 },
  ],
  'POST /admin/v1/proposals/{number}/approve': [
    { path: 'proposals/1/approve', body: { contentHash: 'a'.repeat(64) }, status: 404 },
    { path: 'proposals/1/approve', body: () => ({ contentHash: proposalHash }), status: 404 },
  ],
  'POST /admin/v1/proposals/{number}/reject': [{ path: 'proposals/1/reject', body: { because }, status: 404 }],
  'GET /admin/v1/decisions': [{ path: 'decisions?limit=500', status: 200 }],
  'GET /admin/v1/decisions/{id}': [
    { path: 'decisions/zqdecision', status: 404 },
    { path: 'decisions/own', status: 200 },
    { path: 'decisions/mixed', status: 200 },
  ],
  'GET /admin/v1/decisions/{id}/explain': [
    { path: 'decisions/zqdecision/explain', status: 404 },
    { path: 'decisions/own/explain', status: 403 },
  ],
  'GET /admin/v1/assignments': [{ path: 'assignments?limit=500', status: 200 }],
  'POST /admin/v1/assignments': [
    { body: { roleSet: 'zqroles', role: 'zqteller', principals: ['user:sue'], because, source: 'git' }, status: 404 },
  ],
  'DELETE /admin/v1/assignments': [
    { path: 'assignments?roleSet=zqroles&role=zqteller&principal=user:zqbo&because=x&source=git', status: 404 },
  ],
  'GET /admin/v1/entities': [{ path: 'entities?limit=500', status: 200 }],
  'POST /admin/v1/entities': [
    {
      body: { entitySet: 'zqentities', type: 'account', id: 'x', attributes: {}, because, source: 'git' },
      status: 404,
    },
  ],
  'DELETE /admin/v1/entities': [
    { path: 'entities?entitySet=zqentities&type=account&id=zqaccount&because=x&source=git', status: 404 },
  ],
  'GET /admin/v1/keys': [{ path: 'keys?limit=500', status: 200 }],
  'POST /admin/v1/keys': [
    { body: { enforcementPoint: 'zqedge' }, status: 422 },
    { body: { mechanism: 'zqkeys', subject: 'x' }, status: 422 },
  ],
  'DELETE /admin/v1/keys/{id}': [{ path: 'keys/ep-nobodys', status: 404 }],
  'GET /admin/v1/issuers': [{ status: 200 }],
  'POST /admin/v1/issuers/refresh': [{ body: {}, status: 403 }],
  'GET /admin/v1/operators': [{ path: 'operators?limit=500', status: 200 }],
  'POST /admin/v1/operators': [
    { body: { name: 'x', scope: { domain: 'acme.zqbank', roles: ['auditor'] } }, status: 403 },
  ],
  'DELETE /admin/v1/operators/{id}': [{ path: 'operators/op-nobodys', status: 404 }],
  'GET /admin/v1/audit': [{ status: 403 }, { path: 'audit?operator=zqann', status: 403 }],
  'GET /admin/v1/fleet': [{ path: 'fleet?revision=3', status: 200 }],
};

it('has a row for every route, and nothing leaks where each is asked well', async () => {
  const { json: description } = await asRoot('GET', '/openapi.json');
  const routes = Object.entries<object>(description.paths)
    .filter(([path]) => path.startsWith('/admin/'))
    .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`));
  expect(Object.keys(ROUTES).sort()).toEqual(routes.sort());
  const before = await standing();
  for (const [route, tries] of Object.entries(ROUTES)) {
    const [method = '', template = ''] = route.split(' ');
    for (const { path, body, isOnBase, headers, status } of tries) {
      const asked = path === undefined ? template : `/admin/v1/${path}`;
      const said = typeof body === 'function' ? body() : body;
      const sent = isOnBase === true ? { ...said, base: await base() } : said;
      const answer = await ask(method, asked, sent, shopkeeper, headers);
      const own = `${asked}${JSON.stringify(sent ?? {})}`;
      expect([route, asked, answer.status, leaks(answer, own)]).toEqual([route, asked, status, []]);
    }
  }
  expect(await standing()).toBe(before);
}, 60_000);

it('reads decisions about what is theirs, without what others say in them', async () => {
  const { json } = await ask('GET', '/admin/v1/decisions');
  expect(json.items.map(({ id }: { id: string }) => id).sort()).toEqual(['mixed', 'own']);
  expect((await ask('GET', '/admin/v1/decisions/own')).json).toMatchObject({
    endpoint: 'orders/all',
    deniedAt: 'acme',
    rules: ['…', 'shop/read'],
    enforcementPoint: '…',
    dropped: [{ mechanism: '…', because: '…' }],
  });
  expect((await ask('GET', '/admin/v1/decisions/mixed')).json).toMatchObject({
    endpoint: '…',
    deniedAt: 'acme.shop',
    principals: [],
    request: null,
    masked: ['request'],
  });
  expect((await asRoot('GET', '/admin/v1/decisions/mixed')).json).toMatchObject({ endpoint: 'zqledger/zqbook' });
  // Whose record was found would be told by its being found.
  const query = '/admin/v1/decisions?principal=user:sam';
  const found = ({ json: { items } }: Answer) => items.map(({ id }: { id: string }) => id).sort();
  expect(found(await asRoot('GET', query))).toEqual(['mixed', 'own']);
  expect(found(await ask('GET', query))).toEqual(['own']);
});

it('has decided again what is theirs to read, and nothing by a set that is not theirs to publish', async () => {
  const replay = { last: 100 };
  const own = await ask('POST', '/admin/v1/plan', {
    source: 'git',
    files: [{ file: 'own.yaml', text: WORLD.split('---').find((text) => text.includes('name: shop,'))! }],
    prune: false,
    replay,
  });
  expect([own.status, leaks(own)]).toEqual([200, []]);
  expect(own.json.replay).toMatchObject({ decided: 0, notJudged: 2, flipped: 0 });
  expect((await ask('POST', '/admin/v1/plan', { ...theirBundle, replay })).json.replay).toBeNull();
});

it('is told by which of their new rules it is decided otherwise', async () => {
  const [{ contentHash }] = (await asRoot('GET', '/admin/v1/revisions?limit=1')).json.items;
  const request = {
    target: { kind: 'address' as const, host: 'shop.acme.example', method: 'GET', path: '/' },
    evidence: [],
    unverified: [],
    headers: {},
    attributes: {},
    claimed: {},
    context: {},
    askedFrom: 'acme.shop',
    policyAgeSeconds: 0,
    maxTtlSeconds: 30,
  };
  await write(url, [
    recorded({ decision: 'allow', deniedAt: null, revision: { epoch: 1, number: 1, contentHash }, request }),
  ]);
  const text = `apiVersion: dharma/v1
kind: Policy
metadata: { name: anew, domain: acme.shop }
spec: { rules: [{ id: closed, effect: deny }] }`;
  const body = { source: 'git', files: [{ file: 'anew.yaml', text }], prune: false, replay: { last: 100 } };
  const { json } = await ask('POST', '/admin/v1/plan', body);
  expect(json.replay).toMatchObject({
    flipped: 1,
    flips: [{ endpoint: 'orders/all', after: { reason: 'DENY_RULE' }, rule: 'anew/closed' }],
  });
});

it('is told what comes out otherwise at their own, and nothing of whoever else is concerned', async () => {
  const policy = WORLD.split('---').find((text) => text.includes('name: shop,'))!;
  const plan = (text: string) =>
    ask('POST', '/admin/v1/plan', { source: 'git', files: [{ file: 'own.yaml', text }], prune: false });
  const own = await plan(policy.replace('methods: [GET]', 'methods: [POST]'));
  expect([own.status, leaks(own)]).toEqual([200, []]);
  expect(own.json.flips).toMatchObject({ points: expect.any(Number), coverage: null, conditional: 0 });
  const places = own.json.flips.groups.map(({ domain, endpoint }: { domain: string; endpoint: string }) => [
    domain,
    endpoint,
  ]);
  // The neighbours' boundary is none of theirs; what is asked of them crosses the outer one, which lets nobody in.
  expect(places.every(([domain]: readonly [string]) => domain === 'acme.shop')).toBe(true);
  // Who asks for a group of the neighbours is told what holds for everybody.
  const guess = await plan(policy.replace('what: { methods: [GET] }', 'who: { groups: [guessed] }'));
  expect([guess.status, leaks(guess)]).toEqual([200, []]);
  // A change that reaches an endpoint of others counts no point of it.
  const service = WORLD.split('---').find((text) => text.includes('name: orders }'))!;
  const [apart, beside] = await Promise.all(
    ['nobody.acme.example', 'shared.acme.example'].map((host) =>
      plan(
        service.replace(
          '[shop.acme.example]',
          `[shop.acme.example, ${host}], endpoints: [{ name: all, operations: [{ path: "/own/**" }] }]`,
        ),
      ),
    ),
  );
  expect([beside!.status, beside!.json.refusals, leaks(beside!)]).toEqual([200, [], []]);
  expect(apart!.json.flips.points).toBeGreaterThan(0);
  expect(beside!.json.flips.points).toBe(apart!.json.flips.points);
  expect((await ask('POST', '/admin/v1/plan', theirBundle)).json.flips).toBeNull();
});

it('hears how many servers there are, and not where', async () => {
  const { json } = await ask('GET', '/admin/v1/fleet?revision=1');
  expect(json.items).toEqual([expect.objectContaining({ server: 'server-1', address: '…' })]);
});

it('hears what a server does, and not where it listens', async () => {
  const { json } = await ask('GET', '/admin/v1/status');
  expect([json.mode, json.addresses]).toEqual(['enforce', { grpc: '…', http: '…', admin: '…' }]);
  expect((await asRoot('GET', '/admin/v1/status')).json.addresses.admin).toBe(server.addresses.admin);
  const reader = { name: 'reader', scope: { domain: '*', roles: ['auditor'] } };
  const { token } = (await asRoot('POST', '/admin/v1/operators', reader)).json;
  const seen = await ask('GET', '/admin/v1/status', undefined, token);
  expect(seen.json.addresses.admin).toBe(server.addresses.admin);
});

it('gives no token a name that is another’s, or nobody’s', async () => {
  for (const name of ['sue ', 'ѕue', 'somebody', 'sue, by root']) {
    const answer = await ask('POST', '/admin/v1/operators', { name, groups: ['shopkeepers'] });
    expect([name, answer.status, answer.json.code]).toEqual([name, 400, 'request-invalid']);
  }
});

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
  ['POST', (name: string) => `/admin/v1/domains/${name}/suspend`, 'acme.zqbank'],
  ['POST', (name: string) => `/admin/v1/domains/${name}/resume`, 'acme.zqbank'],
  ['GET', (name: string) => `/admin/v1/documents/Quota/${name}`, 'acme.zqbank'],
  ['GET', (name: string) => `/admin/v1/domains/${name}/quota`, 'acme.zqbank'],
  ['DELETE', (name: string) => `/admin/v1/domains/${name}/quota?because=x`, 'acme.zqbank'],
  ['GET', (name: string) => `/admin/v1/domains/${name}/four-eyes`, 'acme.zqbank.zqsafe'],
  ['DELETE', (name: string) => `/admin/v1/domains/${name}/four-eyes?because=x`, 'acme.zqbank.zqsafe'],
  ['GET', (name: string) => `/admin/v1/documents/FourEyes/${name}`, 'acme.zqbank.zqsafe'],
  ['GET', (id: string) => `/admin/v1/decisions/${id}`, 'zqdecision'],
  ['GET', (id: string) => `/admin/v1/decisions/${id}/explain`, 'zqdecision'],
  ['DELETE', (name: string) => `/admin/v1/documents/Policy/${name}?because=x&source=git`, 'zqpolicy'],
  ['DELETE', (set: string) => `/admin/v1/assignments?roleSet=${set}&role=r&principal=user:x&because=x`, 'zqroles'],
  ['DELETE', (set: string) => `/admin/v1/entities?entitySet=${set}&type=t&id=x&because=x`, 'zqentities'],
  ['DELETE', (id: string) => `/admin/v1/operators/${id}`, 0],
  ['DELETE', (id: string) => `/admin/v1/keys/${id}`, 2],
  ['DELETE', (id: string) => `/admin/v1/keys/${id}`, 3],
] as const)('cannot tell what is there from what is not: %s %#', async (method, path, which) => {
  const body = method === 'POST' ? { because: 'x' } : undefined;
  const name = typeof which === 'number' ? foreignIds[which]! : which;
  const seen = { 'if-match': '*' };
  const [theirs, nobodys] = [
    await ask(method, path(name), body, shopkeeper, seen),
    await ask(method, path(NOBODYS), body, shopkeeper, seen),
  ];
  expect(theirs.status).toBe(404);
  const told = ({ json }: Answer, asked: string) => JSON.stringify(json).replaceAll(asked, 'x');
  expect(told(theirs, name)).toBe(told(nobodys, NOBODYS));
});

it('cannot tell by a precondition whether there is such a document', async () => {
  const tried = async (name: string) => {
    const body = { text: own('Policy', name, '{ rules: [] }'), because: 'x', source: 'git' };
    return ask('PUT', `/admin/v1/documents/Policy/${name}`, body, shopkeeper, { 'if-match': '"0"' });
  };
  const [theirs, nobodys] = [await tried('zqpolicy'), await tried(NOBODYS)];
  expect(theirs).toMatchObject({ status: 412, json: { etag: null } });
  expect(theirs.text.split('\n')[1]!.replaceAll('zqpolicy', 'x')).toBe(
    nobodys.text.split('\n')[1]!.replaceAll(NOBODYS, 'x'),
  );
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
const RULE = (more: string) => `{ rules: [{ id: r, effect: deny, ${more} }] }`;
const HALF = '{ rules: [{ id: r, effect: deny, who: { services: [@qledger] } }, { id: s, effect: maybe }] }';
const UNSTORABLE = '{ rules: [{ id: r, effect: deny, description: "\\0", who: { services: [@qledger] } }] }';
const BOUND = (domain: string) =>
  `{ domains: [${domain}], identities: [{ mechanism: @qtrust, subject: "spiffe://zqbank.example/x" }] }`;
const AT = (host: string, path: string) =>
  `{ domains: [acme.zqbank], hosts: [${host}.acme.example], endpoints: [{ name: e, operations: [{ path: "${path}" }] }] }`;

it.each<[because: string, text: string, more?: object]>([
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
    'a test of theirs above would fail',
    own('Service', 'orders', '{ domains: [acme.shop], hosts: [shop.acme.example, over.acme.example] }', 'labels: {}'),
  ],
  [
    'their rule would answer',
    own(
      'Test',
      'mine',
      '{ cases: [{ because: x, request: { target: { endpoint: zqledger/zqbook, method: GET, path: /zqpath/x } }, expect: { decision: allow, rules: [], deniedAt: acme } }] }',
    ),
  ],
  [
    'an assertion asks who gets through to theirs',
    own('Test', 'mine', '{ reach: [{ because: x, endpoints: ["zqledger/*"], none: { anonymous: true } }] }'),
  ],
  [
    'a table asks for an address of theirs',
    own(
      'Test',
      'mine',
      '{ matrices: [{ because: x, subjects: { nobody: {} }, targets: { book: { host: shared.acme.example, method: GET, path: /x } }, expect: { nobody: { book: deny } } }] }',
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

/** Each asked about what is theirs, and about what nobody has: `@q` is `zq`, and then `xq`. */
it.each<[because: string, text: string, more?: object]>([
  ['a service', own('Policy', 'mine', RULE('who: { services: [@qledger] }'), 'domain: acme.zqbank')],
  ['an endpoint', own('Policy', 'mine', RULE('what: { endpoints: [zqledger/@qbook] }'), 'domain: acme.zqbank')],
  ['a service that half a document names', own('Policy', 'mine', HALF, 'domain: acme.zqbank')],
  ['a service that a document names which no store keeps', own('Policy', 'mine', UNSTORABLE, 'domain: acme.zqbank')],
  ['a mechanism', own('Domain', 'acme.zqbank.mine', '{ access: [@qlogin] }', 'labels: {}')],
  ['a mechanism that would bind', own('Service', 'mine', BOUND('acme.zqbank'), 'labels: {}')],
  ['a mechanism that would bind one’s own service', own('Service', 'mine', BOUND('acme.shop'), 'labels: {}')],
  ['a domain', own('Policy', 'mine', '{ rules: [] }', 'domain: acme.@qbank')],
  ['a claim', own('Domain', 'acme.zqbank.mine', '{ addresses: [@qledger.acme.example] }', 'labels: {}')],
  ['what a test asks for', own('Service', 'mine', AT('@qquiet', '/**'), 'labels: {}')],
  ['an address', own('Service', 'mine', AT('shared', '/@qpath/**'), 'labels: {}')],
  ['an address that meets another', own('Service', 'mine', AT('shared', '/@qpath/{any}'), 'labels: {}')],
  ['a part of a document', own('Service', 'zqledger', AT('@qledger', '/zqpath/**'), 'labels: {}')],
  ['whose a name is', own('Policy', 'zqpolicy', '{ rules: [] }', 'domain: acme.shop'), { source: '@qit' }],
  ['whose what would go is', '', { changed: [], removed: [{ kind: 'Policy', name: 'zqpolicy' }], source: '@qit' }],
])(
  'cannot ask by what is not theirs to write: %s',
  async (_because, text, more = {}) => {
    const files = [{ file: 'own.yaml', text }];
    const sent = 'changed' in more ? { contentHash: 'a'.repeat(64) } : { files, prune: false };
    const hashed = 'changed' in more ? {} : { changed: files, contentHash: 'a'.repeat(64), source: 'git' };
    const asked = { source: 'git', ...sent, ...more };
    const mark = await base();
    for (const token of [stranger, shopkeeper]) {
      for (const [path, body] of [
        ['plan', asked],
        ['plan', { ...hashed, ...('changed' in more ? asked : {}) }],
        ['revisions', { ...asked, base: mark, because: 'x' }],
        ['proposals', { bundle: asked, base: mark, because: 'x' }],
      ] as const) {
        const [theirs, nobodys] = await Promise.all(
          // The source of everything here is `git`, and nobody's is `xqit`.
          ['z', 'x']
            .map((letter) => JSON.stringify(body).replaceAll('@q', `${letter}q`).replaceAll('zqit', 'git'))
            .map((told) => ask('POST', `/admin/v1/${path}`, JSON.parse(told), token)),
        );
        const alike = ({ status, json }: Answer) =>
          [status, JSON.stringify(json).replaceAll('xqit', 'git').replaceAll('xq', 'zq')] as const;
        expect([path, ...alike(theirs!)]).toEqual([path, ...alike(nobodys!)]);
        expect([path, theirs!.json.valid ?? theirs!.status]).toEqual([path, path === 'plan' ? false : 403]);
      }
    }
  },
  30_000,
);

it('learns nothing by speaking for a source, or by sending what others have to the letter', async () => {
  const plan = async (body: object, token = stranger) => {
    const { json } = await ask('POST', '/admin/v1/plan', { flips: false, ...body }, token);
    return JSON.stringify(json).replaceAll('nobodys', 'git');
  };
  expect(await plan({ source: 'git', files: [] })).toBe(await plan({ source: 'nobodys', files: [] }));
  const text = await stored('Policy/zqpolicy', TOKEN);
  const guess = (told: string) => plan({ source: 'git', files: [{ file: 'f.yaml', text: told }], prune: false });
  expect(await guess(text)).toBe(await guess(text.replace('zqgang', 'guessed')));
});

it('speaks for what it sees of a source that others share', async () => {
  const before = await standing();
  const names = ['Domain/acme.shop', 'Service/orders', 'Policy/shop', 'EnforcementPoint/shop-edge'];
  const files = await Promise.all(names.map(async (file) => ({ file, text: await stored(file) })));
  const body = { source: 'git', files, prune: true };
  const planned = await ask('POST', '/admin/v1/plan', body);
  const { valid, refusals, changes, warnings } = planned.json;
  expect([valid, refusals, changes, leaks(planned)]).toEqual([true, [], [], []]);
  expect(warnings).toEqual([expect.objectContaining({ code: 'source-shared', file: 'elsewhere' })]);
  const published = await ask('POST', '/admin/v1/revisions', { ...body, base: await base(), because: 'x' });
  expect([published.status, published.json.unchanged]).toEqual([200, true]);
  // What it leaves out of its own goes, and nothing of theirs.
  const shorter = await ask('POST', '/admin/v1/plan', { ...body, files: files.slice(0, -1) });
  expect(shorter.json.changes).toMatchObject([{ change: 'removed', kind: 'EnforcementPoint', name: 'shop-edge' }]);
  expect([shorter.json.valid, shorter.json.refusals, leaks(shorter)]).toEqual([true, [], []]);
  expect(await standing()).toBe(before);
});

it('is told of its own documents what speaks against them, though others would go with them', async () => {
  const left = WORLD.split('---').filter((text) => /name: (acme.shop|shop)\b/.test(text));
  const text = [...left, own('Policy', 'mine', RULE('who: { services: [orders] }'))].join('---\n');
  const planned = await ask('POST', '/admin/v1/plan', { source: 'git', files: [{ file: 'own.yaml', text }] });
  expect([planned.json.refusals, leaks(planned)]).toEqual([[], []]);
  const messages = planned.json.faults.map(({ message }: { message: string }) => message);
  expect(messages).toEqual([expect.stringContaining('`orders`'), expect.stringContaining('`orders`')]);
});

it('is told what its own failing test gets from its own', async () => {
  const cases = (target: string) =>
    `{ cases: [{ because: x, request: { target: ${target} }, expect: { decision: allow, rules: [shop/read] } }] }`;
  const text = own('Test', 'mine', cases('{ endpoint: orders/all, method: PUT, path: / }'));
  const body = { source: 'git', files: [{ file: 'own.yaml', text }], prune: false };
  const planned = await ask('POST', '/admin/v1/plan', body);
  const [failed] = planned.json.tests.failed;
  expect([failed.test, failed.got, planned.json.tests.passed]).toEqual(['mine', { decision: 'deny', rules: [] }, 0]);
});

it('hears that there is nothing new, and not who published last', async () => {
  const files = [{ file: 'own.yaml', text: await stored('Policy/shop') }];
  const body = { source: 'git', files, prune: false, base: await base(), because: 'x' };
  const answer = await ask('POST', '/admin/v1/revisions', body);
  expect([answer.status, answer.json.unchanged, leaks(answer)]).toEqual([200, true, []]);
});

it('hears that somebody was faster, and not who', async () => {
  const late = await base();
  const shop = '{ rules: [{ id: read, effect: allow, what: { methods: [GET, HEAD] } }] }';
  const files = [
    {
      file: 'world.yaml',
      text: `${own('Policy', 'shop', shop)}---\n${own('Domain', 'acme.zqnew', '{}', 'labels: {}')}`,
    },
  ];
  const faster = { source: 'git', files, base: late, because: 'zqreason four', prune: false };
  expect((await asRoot('POST', '/admin/v1/revisions', faster)).status).toBe(201);
  const text = own('Policy', 'shop', '{ rules: [{ id: read, effect: allow, what: { methods: [GET, POST] } }] }');
  const body = { source: 'git', files: [{ file: 'own.yaml', text }], base: late, because: 'x', prune: false };
  const answer = await ask('POST', '/admin/v1/revisions', body);
  expect([answer.status, answer.json.code]).toEqual([409, 'revision-superseded']);
  expect(answer.json.conflicts).toEqual([
    expect.objectContaining({
      kind: 'Policy',
      name: 'shop',
      revision: expect.objectContaining({ author: 'somebody' }),
    }),
  ]);
  expect(leaks(answer)).toEqual([]);
});

it('hears that its rule is in the way of something, and not of what', async () => {
  const late = await base();
  const theirs = WORLD.split('---')
    .find((one) => one.includes('name: zqledger'))!
    .replace('/zqpath/**', '/zqother/**');
  const faster = { source: 'git', files: [{ file: 'w.yaml', text: theirs }], base: late, because: 'zq', prune: false };
  expect(await asRoot('POST', '/admin/v1/revisions', faster)).toMatchObject({ status: 201 });
  const text = own('Policy', 'shop', '{ rules: [{ id: no, effect: deny, who: { services: [zqledger] } }] }');
  const body = { source: 'git', files: [{ file: 'own.yaml', text }], base: late, because: 'x', prune: false };
  const answer = await ask('POST', '/admin/v1/revisions', body);
  expect([answer.status, answer.json.code, leaks(answer, text)]).toEqual([409, 'revision-superseded', []]);
  expect(answer.json.conflicts).toEqual([{ kind: '…', name: '…', source: '…', because: 'referenced' }]);
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
  expect((await ask('GET', '/admin/v1/documents', undefined, child.token)).status).toBe(401);
  const after = await ask(
    'POST',
    '/admin/v1/revisions',
    { ...(await publication()), files: [{ file: 'own.yaml', text: text.replace('PUT', 'POST') }] },
    child.token,
  );
  expect([after.status, after.json.code]).toEqual([401, 'operator-unknown']);
});

it('suspends and resumes its own domain, and who only reads it does not', async () => {
  const scope = { domain: 'acme.shop', roles: ['auditor'] };
  const { json: reader } = await asRoot('POST', '/admin/v1/operators', { name: 'kim', scope });
  const suspend = (token: string) => ask('POST', '/admin/v1/domains/acme.shop/suspend', { because: 'x' }, token);
  const put = { text: own('Policy', 'mine', '{ rules: [] }'), because: 'x' };
  const written = await ask('PUT', '/admin/v1/documents/Policy/mine', put, reader.token, { 'if-none-match': '*' });
  for (const answer of [written, await suspend(reader.token)]) {
    expect([answer.status, answer.json.code]).toEqual([403, 'forbidden-change']);
  }
  expect(await suspend(shopkeeper)).toMatchObject({ status: 201, json: { suspendedBy: ['acme.shop'] } });
  const resumed = await ask('POST', '/admin/v1/domains/acme.shop/resume', { because: 'x' });
  expect(resumed).toMatchObject({ status: 201, json: { suspendedBy: [] } });
});

it('shares no idempotency key with another token of its name', async () => {
  const { json: twin } = await asRoot('POST', '/admin/v1/operators', { name: 'zqann', groups: ['shopkeepers'] });
  const turn = (way: string, headers = {}) =>
    ask('POST', `/admin/v1/domains/acme.shop/${way}`, { because: 'x' }, twin.token, headers);
  expect(await turn('suspend', { 'idempotency-key': KEY })).toMatchObject({ status: 201 });
  expect(await turn('resume')).toMatchObject({ status: 201 });
});

it('is not kept back by a test of a neighbour, and does not hear of it', async () => {
  const text = own(
    'Service',
    'orders',
    '{ domains: [acme.shop], hosts: [shop.acme.example, new.acme.example] }',
    'labels: {}',
  );
  const body = { source: 'git', files: [{ file: 'own.yaml', text }], prune: false };
  const planned = await ask('POST', '/admin/v1/plan', body);
  const { valid, tests } = planned.json;
  expect([valid, tests, leaks(planned, text)]).toEqual([true, { passed: 0, failed: [] }, []]);
  const { warnings } = (await asRoot('POST', '/admin/v1/plan', body)).json;
  expect(warnings).toContainEqual(expect.objectContaining({ code: 'test-of-others' }));
});

it('does not hear by a test of its own what answers where others came later', async () => {
  const bundle = async (text: string) => ({
    source: 'git',
    files: [{ file: 'own.yaml', text }],
    prune: false,
    base: await base(),
    because: 'x',
  });
  const test = own(
    'Test',
    'early',
    '{ cases: [{ because: x, request: { target: { host: later.acme.example, method: GET, path: / } }, expect: { decision: deny, reason: UNKNOWN_ENDPOINT } }] }',
  );
  expect((await ask('POST', '/admin/v1/revisions', await bundle(test))).status).toBe(201);
  const service = own('Service', 'zqlater', '{ domains: [acme.zqbank], hosts: [later.acme.example] }', 'labels: {}');
  expect((await asRoot('POST', '/admin/v1/revisions', await bundle(service))).status).toBe(201);
  const { base: _base, because: _because, ...body } = await bundle(own('Policy', 'mine', '{ rules: [] }'));
  const planned = await ask('POST', '/admin/v1/plan', body);
  expect(planned.json.tests.failed).toMatchObject([{ test: 'early', got: { decision: '…', reason: '…' } }]);
  const removed = await ask('DELETE', '/admin/v1/documents/Test/early?because=x&source=git', undefined, shopkeeper, {
    'if-match': '*',
  });
  expect(removed.status).toBe(201);
});

it('is judged on the set that is published on, not on the one that it saw', async () => {
  const late = await base();
  const text = own('Domain', 'acme.shop', '{ boundary: ["orders/*"] }', 'labels: {}');
  const files = [{ file: 'd.yaml', text }];
  const demoting = { source: 'git', files, base: late, because: 'x', prune: false };
  expect((await asRoot('POST', '/admin/v1/revisions', demoting)).status).toBe(201);
  const rule = own('Policy', 'mine', '{ rules: [] }');
  const body = { ...demoting, source: 'shop', files: [{ file: 'own.yaml', text: rule }] };
  const answer = await ask('POST', '/admin/v1/revisions', body);
  expect([answer.status, answer.json.code, leaks(answer)]).toEqual([403, 'forbidden-change', []]);
});
