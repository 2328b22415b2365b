import { loadBundle } from '#policy';
import { keyText } from '../revision.js';
import { newDocument, type NewDocument } from '../stored-document.js';
import { AdministeredSet } from './administered-set.js';
import { administrationOf, refusalsOf } from './judge.js';
import type { AdministratorRole } from './right.js';
import type { Standing } from './standing.js';

const domain = (name: string, spec = '{}') => document('Domain', `name: ${name}`, spec);
const service = (name: string, spec: string) => document('Service', `name: ${name}`, spec);
const within = (kind: string, name: string, at: string, spec = '{}') =>
  document(kind, `name: ${name}, domain: ${at}`, spec);
const EP = 'EnforcementPoint';
const testing = (spec: string) => within('Test', 't', 'acme.a', `{ ${spec} }`);

function document(kind: string, metadata: string, spec: string): string {
  return `---\napiVersion: dharma/v1\nkind: ${kind}\nmetadata: { ${metadata} }\nspec: ${spec}\n`;
}

/** Two teams below one company, each with a service, and a mechanism of the company that delegates one namespace. */
const WORLD: Readonly<Record<string, string>> = {
  acme: domain(
    'acme',
    `{ addresses: ["*.acme.example", "*.wide.example"], mechanisms: [
      { name: corp, role: trust, kind: spiffe, spiffe: { trustDomain: corp }, assertableBy: [promised],
        delegations: [{ domain: acme.a, subjects: ["spiffe://corp/a/**"] }, { domain: acme, subjects: ["spiffe://corp/**"] }] },
      { name: login, role: access, kind: jwt, jwt: { issuer: "https://login/", audiences: [x] } } ] }`,
  ),
  a: domain('acme.a', '{ addresses: ["a.acme.example", "a.wide.example"] }'),
  b: domain('acme.b', '{ addresses: ["shared.acme.example/b", "quiet.acme.example"] }'),
  ab: domain('acme.ab'),
  sa: service('sa', '{ domains: [acme.a], hosts: [a.acme.example] }'),
  sb: service(
    'sb',
    '{ domains: [acme.b], hosts: ["*.wild.example", shared.acme.example], endpoints: [{ name: e, operations: [{ path: "/b/**" }] }] }',
  ),
  // It answers nothing: what it lists was claimed by others.
  so: service(
    'so',
    '{ domains: [acme.ab], hosts: [shared.acme.example], endpoints: [{ name: e, operations: [{ path: "/b/old" }] }] }',
  ),
  sw: service('sw', '{ domains: [acme.ab], hosts: ["*.wide.example"] }'),
  sg: service(
    'sg',
    '{ domains: [acme.b], hosts: [g.acme.example], endpoints: [{ name: e, kind: grpc, operations: [{ rpc: "/b.v1.B/Find" }] }] }',
  ),
  rb: within('RoleSet', 'rb', 'acme.b', '{ assignments: [{ role: teller, principals: ["service:awaited"] }] }'),
  pb: within('Policy', 'pb', 'acme.b', '{ rules: [] }'),
  eb: within(EP, 'eb', 'acme.b'),
};

function documentsIn(texts: readonly string[]): readonly NewDocument[] {
  const { documents } = loadBundle(texts.map((text, index) => ({ file: `${index}`, text })));
  return documents.map((located) => newDocument(located.document, located.text, 'test'));
}

const scope = (role: AdministratorRole, over: string): Standing => ({
  kind: 'bounded',
  mandates: [{ kind: 'scope', grants: [{ role, domain: over }] }],
});

/** What somebody who owns `acme.a`, or has another role there, may not do of a change: `part: role over domain`. */
async function refused(
  change: Readonly<Record<string, string | null>>,
  standing = scope('owner', 'acme.a'),
  keyed: readonly string[] = [],
): Promise<readonly string[]> {
  const before = documentsIn(Object.values(WORLD));
  const after = documentsIn(Object.values({ ...WORLD, ...change }).filter((text) => text !== null));
  const left = new Set(after.map(keyText));
  const hash = new Map(before.map((one) => [keyText(one), one.contentHash]));
  const refusals = await refusalsOf({
    standing,
    before: await administrationOf(AdministeredSet.of(before)),
    put: after.filter((one) => hash.get(keyText(one)) !== one.contentHash),
    remove: before.filter((one) => !left.has(keyText(one))),
    keyed: new Set(keyed),
  });
  return [...new Set(refusals.map(({ part, needs, over }) => `${part}: ${needs} over ${over}`))];
}

const NEEDS_B = 'endpoints new/e: exposure-admin over acme.b';
const A = '{ addresses: ["a.acme.example", "a.wide.example"]';
const bound = (subject: string, mechanism = 'corp') =>
  service('new', `{ domains: [acme.a], identities: [{ mechanism: ${mechanism}, subject: "${subject}" }] }`);
const at = (host: string, path = '/**') =>
  service(
    'new',
    `{ domains: [acme.a], hosts: ["${host}"], endpoints: [{ name: e, operations: [{ path: "${path}" }] }] }`,
  );
const calls = (operations: string) =>
  service(
    'new',
    `{ domains: [acme.a], hosts: [more.acme.example], endpoints: [{ name: e, kind: grpc${operations} }] }`,
  );
const issuing = (role: string, more: string) =>
  domain('acme.a', `${A}, mechanisms: [{ name: mine, role: ${role}, ${more} }] }`);

it.each<[because: string, change: Readonly<Record<string, string | null>>, refusals: readonly string[]]>([
  ['rules of the subtree are the owner’s', { p: within('Policy', 'p', 'acme.a', '{ rules: [] }') }, []],
  ['a domain below is too', { c: domain('acme.a.c', '{ zeroTrust: true }') }, []],
  [
    'a like name is no subtree',
    { p: within('Policy', 'p', 'acme.ab', '{ rules: [] }') },
    ['document: policy-admin over acme.ab'],
  ],
  ['what is above is not', { p: within('Policy', 'p', 'acme', '{ rules: [] }') }, ['document: policy-admin over acme']],
  [
    'the world is nobody’s',
    { p: document('Policy', 'name: p, domain: "*"', '{ rules: [] }') },
    ['document: policy-admin over *'],
  ],
  [
    'a test without a domain is nobody’s',
    { t: document('Test', 'name: t', '{ cases: [] }') },
    ['document: policy-admin over *'],
  ],
  [
    'to take a document over needs the side it leaves',
    { pb: within('Policy', 'pb', 'acme.a', '{ rules: [] }') },
    ['document: policy-admin over acme.b'],
  ],
  [
    'to push one over needs the side it reaches',
    { pb: null, p: within('Policy', 'p', 'acme.b', '{ rules: [] }') },
    ['document: policy-admin over acme.b'],
  ],
  ['a domain goes by the one above', { a: null, sa: null }, ['name: owner over acme']],
  [
    'a domain moves by the node and both parents',
    { a: null, sa: service('sa', '{ domains: [acme.b.a], hosts: [a.acme.example] }'), ba: domain('acme.b.a') },
    [
      'name: owner over acme',
      'name: owner over acme.b',
      'text: owner over acme.b.a',
      'domains: member-admin over acme.b.a',
      'endpoints sa/all: exposure-admin over acme.b.a',
    ],
  ],
  [
    'a second membership needs that side',
    { sa: service('sa', '{ domains: [acme.a, acme.b], hosts: [a.acme.example] }') },
    ['domains: member-admin over acme.b', 'endpoints sa/all: exposure-admin over acme.b'],
  ],
  [
    'so does to draw somebody’s service in',
    {
      sb: service(
        'sb',
        '{ domains: [acme.a, acme.b], hosts: ["*.wild.example", shared.acme.example], endpoints: [{ name: e, domains: [acme.b], operations: [{ path: "/b/**" }] }] }',
      ),
    },
    ['domains: member-admin over acme.b', 'endpoints: exposure-admin over acme.b'],
  ],
  [
    'a service outside every domain is nobody’s',
    { x: service('x', '{ kind: external }') },
    ['name: member-admin over *', 'kind: member-admin over *', 'endpoints x/all: exposure-admin over *'],
  ],
  ['a subject may be bound where it was delegated', { n: bound('spiffe://corp/a/x') }, []],
  [
    'elsewhere it is whoever has the namespace',
    { n: bound('spiffe://corp/b/x') },
    ['identities: member-admin over acme'],
  ],
  [
    'a pattern is not smaller than its prefix',
    { n: bound('spiffe://corp/**') },
    ['identities: member-admin over acme'],
  ],
  [
    'without delegation it is the owner of the mechanism',
    { n: bound('x', 'login') },
    ['identities: member-admin over acme'],
  ],
  [
    'the same authority under another name is the same',
    { a: issuing('trust', 'kind: spiffe, spiffe: { trustDomain: corp }') },
    ['mechanisms: mechanism-admin over acme'],
  ],
  [
    'tokens of an issuer may be accepted by anybody',
    { a: issuing('access', 'kind: jwt, jwt: { issuer: "https://login/", audiences: [y] }') },
    [],
  ],
  [
    'but not bound to services',
    { a: issuing('access', 'kind: jwt, jwt: { issuer: "https://login/", audiences: [y] }'), n: bound('x', 'mine') },
    ['mechanisms: mechanism-admin over acme', 'identities: member-admin over acme'],
  ],
  [
    'nobody makes the server read its files',
    {
      a: issuing(
        'access',
        'kind: introspection, introspection: { url: "https://evil/", clientId: x, clientSecretFile: /token }',
      ),
    },
    ['mechanisms: owner over *'],
  ],
  [
    'a key may be a file as well',
    { a: issuing('access', 'kind: jwt, jwt: { issuer: "https://mine/", audiences: [y], keys: { file: /token } }') },
    ['mechanisms: owner over *'],
  ],
  [
    'a role may wait for a name',
    { n: service('awaited', '{ domains: [acme.a] }') },
    ['name: member-admin over acme.b'],
  ],
  [
    'a consent may wait for a name',
    { e: within(EP, 'promised', 'acme.a', '{ mayAssert: [corp] }') },
    ['name: mechanism-admin over acme'],
  ],
  [
    'an explanation tells of all above',
    { e: within(EP, 'e', 'acme.a', '{ mayExplain: true }') },
    ['mayExplain: owner over acme'],
  ],
  ['an own host is free', { n: at('more.acme.example') }, []],
  ['a path at a shared host is free', { n: at('shared.acme.example', '/a/**') }, []],
  ['a rest around theirs opens the rest of theirs', { n: at('shared.acme.example') }, [NEEDS_B]],
  ['a parameter before their rest does', { n: at('shared.acme.example', '/{any}/x') }, [NEEDS_B]],
  ['more is taken from them', { n: at('shared.acme.example', '/b/x') }, [NEEDS_B]],
  [
    'a wildcard around their host keeps them from the next, whatever was claimed',
    { n: at('*.acme.example', '/a') },
    [NEEDS_B, 'endpoints new/e: exposure-admin over acme.ab'],
  ],
  ['a claim keeps others out where nobody answers yet', { n: at('quiet.acme.example', '/x') }, [NEEDS_B]],
  [
    'a wildcard of others keeps nobody from what is free',
    { n: at('b.wide.example') },
    ['endpoints new/e: exposure-admin over acme.ab'],
  ],
  ['but for whom it was claimed', { n: at('a.wide.example') }, []],
  ['a call of one’s own is free', { n: calls(', operations: [{ rpc: "/a.v1.A/*" }]') }, []],
  ['every call is theirs too, which are found without a host', { n: calls('') }, [NEEDS_B]],
  ['a host below their wildcard is', { n: at('x.wild.example') }, ['endpoints new/e: exposure-admin over acme.b']],
  ['a narrower wildcard is', { n: at('*.x.wild.example') }, ['endpoints new/e: exposure-admin over acme.b']],
  [
    'a claim inside one’s own is free',
    { a: domain('acme.a', '{ addresses: ["a.acme.example", "a.wide.example", "a.acme.example/x"] }') },
    [],
  ],
  [
    'a claim inside the company’s is free',
    { a: domain('acme.a', '{ addresses: ["a.acme.example", "a.wide.example", "more.acme.example"] }') },
    [],
  ],
  [
    'a claim inside a sibling’s is not',
    { a: domain('acme.a', '{ addresses: ["a.acme.example", "a.wide.example", "shared.acme.example/b/x"] }') },
    ['addresses: exposure-admin over acme.b'],
  ],
  [
    'nor where nobody answers yet',
    { a: domain('acme.a', '{ addresses: ["a.acme.example", "a.wide.example", "quiet.acme.example/x"] }') },
    ['addresses: exposure-admin over acme.b'],
  ],
  [
    'nor one around what a sibling answers',
    { a: domain('acme.a', '{ addresses: ["a.acme.example", "a.wide.example", "shared.acme.example"] }') },
    ['addresses: exposure-admin over acme.b', 'addresses: exposure-admin over acme.ab'],
  ],
  [
    'what nobody has claimed is nobody’s to give',
    { a: domain('acme.a', '{ addresses: ["a.acme.example", "a.wide.example", "free.example"] }') },
    ['addresses: exposure-admin over *'],
  ],
  [
    'the last enforcement point opens the door to local callers',
    { eb: null },
    ['document: mechanism-admin over acme.b', 'document: owner over *'],
  ],
  ['who owns a domain suspends it', { s: document('Suspension', 'name: acme.a', '{ because: x }') }, []],
  ['and no other', { s: document('Suspension', 'name: acme.b', '{ because: x }') }, ['document: owner over acme.b']],
  ['nobody limits themselves', { s: document('Quota', 'name: acme.a', '{ rules: 9 }') }, ['document: owner over acme']],
  [
    'tests ask for what is one’s own',
    {
      t: testing(
        'cases: [{ because: x, request: { target: { endpoint: sa/all, method: GET } }, expect: { decision: deny } }], reach: [{ because: x, endpoints: ["sa/*"], none: { services: [sb] } }]',
      ),
    },
    [],
  ],
  [
    'an assertion would tell who gets through to somebody else',
    { t: testing('reach: [{ because: x, endpoints: ["sb/*"], none: { anonymous: true } }]') },
    ['reach: auditor over acme.b'],
  ],
  [
    'so would a case, by the name of an endpoint',
    {
      t: testing(
        'cases: [{ because: x, request: { target: { endpoint: sb/e, method: GET } }, expect: { decision: deny } }]',
      ),
    },
    ['cases: auditor over acme.b'],
  ],
  [
    'and a table, by an address, however it is spelled',
    {
      t: testing(
        'matrices: [{ because: x, subjects: { s: {} }, targets: { t: { host: "Shared.acme.example:443", method: GET, path: /b/x } }, expect: { s: { t: deny } } }]',
      ),
    },
    ['matrices: auditor over acme.b', 'matrices: auditor over acme.ab'],
  ],
  [
    'and a wildcard’s host',
    {
      t: testing(
        'cases: [{ because: x, request: { target: { host: x.wild.example, method: GET, path: / } }, expect: { decision: deny } }]',
      ),
    },
    ['cases: auditor over acme.b'],
  ],
  [
    'of a target that is not understood nobody knows whose it is',
    { t: testing('cases: [{ because: x, request: { target: { new: sb } }, expect: { decision: deny } }]') },
    ['cases: owner over *'],
  ],
])('is judged: %s', async (_because, change, refusals) => {
  expect(await refused(change)).toEqual(refusals);
});

it.each<[role: AdministratorRole, may: readonly string[]]>([
  [
    'owner',
    [
      'rules',
      'boundary',
      'trust',
      'guardrail',
      'administrators',
      'role',
      'entity',
      'gateway',
      'test',
      'service',
      'below',
    ],
  ],
  ['policy-admin', ['rules', 'test']],
  ['exposure-admin', ['boundary']],
  ['mechanism-admin', ['trust', 'gateway']],
  ['member-admin', ['role', 'entity']],
  ['auditor', []],
])('%s may change what it is for', async (role, may) => {
  const changes: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    rules: { x: within('Policy', 'x', 'acme.a', '{ rules: [] }') },
    boundary: { a: domain('acme.a', `${A}, boundary: [sa/*] }`) },
    trust: { a: domain('acme.a', `${A}, trust: [corp] }`) },
    guardrail: { a: domain('acme.a', `${A}, zeroTrust: true }`) },
    administrators: { a: domain('acme.a', `${A}, administrators: [{ role: auditor, principals: ["user:x"] }] }`) },
    role: { x: within('RoleSet', 'x', 'acme.a') },
    entity: { x: within('EntitySet', 'x', 'acme.a') },
    gateway: { x: within(EP, 'x', 'acme.a') },
    test: { x: within('Test', 'x', 'acme.a', '{ cases: [] }') },
    service: { x: service('x', '{ domains: [acme.a] }') },
    below: { x: domain('acme.a.x') },
  };
  const done = [];
  for (const [name, change] of Object.entries(changes)) {
    if ((await refused(change, scope(role, 'acme.a'))).length === 0) done.push(name);
  }
  expect(done).toEqual(may);
});

it('lets whoever stands above both open what is below', async () => {
  expect(await refused({ n: at('shared.acme.example') }, scope('owner', 'acme'))).toEqual([]);
});

it('hands no old key to whoever takes a name again, and lets nobody take a key’s id', async () => {
  const keyed = { e: within(EP, 'old', 'acme.a'), a: issuing('access', 'kind: apiKey, apiKey: { header: x-key }') };
  expect(await refused(keyed)).toEqual([]);
  expect(await refused(keyed, undefined, ['old', 'mine'])).toEqual(['mechanisms: owner over *', 'name: owner over *']);
  const shadow = {
    e: within(EP, 'e', 'acme.a', `{ credentials: [{ kind: apiKey, id: ep-1, sha256: ${'a'.repeat(64)} }] }`),
  };
  expect(await refused(shadow)).toEqual([]);
  expect(await refused(shadow, undefined, ['ep-1'])).toEqual(['credentials: owner over *']);
});

it('asks in the set after the change too', async () => {
  const standing: Standing = { kind: 'bounded', mandates: [{ kind: 'person', principals: ['user:ann'] }] };
  const own = domain('acme.a', `${A}, administrators: [{ role: owner, principals: ["user:ann"] }] }`);
  // To make oneself an owner is what only an owner may.
  expect(await refused({ a: own }, standing)).toEqual(['administrators: owner over acme.a']);
});

it('takes a principal for no role, and a comma for no end', async () => {
  const named: Standing = {
    kind: 'bounded',
    mandates: [{ kind: 'person', principals: ['owner', 'user:a,acme.a', 'user:'] }],
  };
  expect(await refused({ p: within('Policy', 'p', 'acme.a', '{ rules: [] }') }, named)).toHaveLength(1);
});
