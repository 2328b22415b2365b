import { expectRefusal, type Refused, SOUND } from './sound-set.js';

const refused: Refused = [
  ['`*` owns denies only', { outside: ['effect: deny', 'effect: allow'] }, 'outside-allow', 'outside.yaml:4'],
  ['`*` owns policies only', { roles: ['domain: acme', 'domain: "*"'] }, 'invalid-value', 'roles.yaml:3'],
  ['rules are unique in a policy', { rules: ['id: b', 'id: a'] }, 'duplicate-rule', 'rules.yaml:7'],
  ["a policy's domain exists", { rules: ['domain: acme.shop', 'domain: acme.shpo'] }, 'unknown-domain', 'rules.yaml:3'],
  ['services of rules exist', { rules: ['services: [stock]', 'services: [stoc]'] }, 'unknown-service', 'rules.yaml:7'],
  ['endpoints of rules exist', { rules: ['orders/list', 'orders/lists'] }, 'unknown-endpoint', 'rules.yaml:6'],
  [
    'domains of rules exist',
    { rules: ['domains: [acme.depot]', 'domains: [acme.deopt]'] },
    'unknown-domain',
    'rules.yaml:7',
  ],
  [
    'mechanisms of rules exist',
    { rules: ['mechanisms: [acme-oauth]', 'mechanisms: [acme-oath]'] },
    'unknown-mechanism',
    'rules.yaml:6',
  ],
  ['no list of a rule is empty', { rules: ['services: [stock]', 'services: []'] }, 'empty-list', 'rules.yaml:7'],
  ['no `allOf` is empty', { rules: ['services: [stock]', 'scopes: { allOf: [] }'] }, 'empty-list', 'rules.yaml:7'],
  ['paths of rules are canonical', { rules: ['/orders/*"', '/orders//*"'] }, 'bad-path', 'rules.yaml:6'],
  [
    'a deny is not about the anonymous',
    { rules: ['services: [stock]', 'anonymous: true'] },
    'anonymous-misplaced',
    'rules.yaml:7',
  ],
  [
    'an out rule is not about the anonymous',
    { rules: ['effect: allow, who: {', 'effect: allow, direction: out, who: { anonymous: true,'] },
    'anonymous-misplaced',
    'rules.yaml:6',
  ],
  ['conditions parse', { rules: ["== 'GET'", "= 'GET'"] }, 'bad-condition', 'rules.yaml:6'],
  ['conditions read what there is', { rules: ['request.method', 'requst.method'] }, 'bad-condition', 'rules.yaml:6'],
  [
    'a rule is valid at some time',
    { rules: ['2026-02-01T00:00:00+01:00', '2026-01-01T01:00:00+01:00'] },
    'validity-empty',
    'rules.yaml:7',
  ],
  [
    'credentials are not overwritten',
    { rules: ['{ id: a,', '{ id: a, obligations: [{ kind: removeHeader, name: Authorization }],'] },
    'forbidden-header',
    'rules.yaml:6',
  ],
  [
    'headers of mechanisms are not overwritten',
    { rules: ['{ id: a,', '{ id: a, obligations: [{ kind: setHeader, name: X-Acme-Key, value: x }],'] },
    'forbidden-header',
    'rules.yaml:6',
  ],
  [
    'paths of obligations parse',
    { rules: ['{ id: a,', '{ id: a, obligations: [{ kind: setHeader, name: x, value: "${principle.id}" }],'] },
    'bad-template',
    'rules.yaml:6',
  ],
  [
    'paths of obligations are closed',
    { rules: ['{ id: a,', '{ id: a, obligations: [{ kind: rateLimit, class: c, key: "${principal.id" }],'] },
    'bad-template',
    'rules.yaml:6',
  ],
  [
    'roles go in no circle',
    { roles: ['{ name: reader }', '{ name: reader, inherits: [writer] }'] },
    'role-cycle',
    'roles.yaml:4',
  ],
  [
    'roles go in no circle along a chain',
    { shopRoles: ['inherits: [writer] }', 'inherits: [writer] }, { name: reader, inherits: [keeper] }'] },
    'role-cycle',
    'shopRoles.yaml:4',
  ],
  [
    'a role does not inherit itself',
    { roles: ['{ name: reader }', '{ name: reader, inherits: [reader] }'] },
    'role-cycle',
    'roles.yaml:4',
  ],
  [
    'an entity is stored once a domain',
    { entities: ['entities: [', 'entities: [{ type: user, id: ann },'] },
    'duplicate-entity',
    'entities.yaml:4',
  ],
  ['a type has no colon', { entities: ['type: user', 'type: "us:er"'] }, 'invalid-value', 'entities.yaml:4'],
  ['no network is every address', { side: ['10.0.0.0/24', '0.0.0.0/0'] }, 'network-too-wide', 'side.yaml:4'],
  [
    'no mapped network is every address',
    { side: ['10.0.0.0/24', '"::ffff:0:0/96"'] },
    'network-too-wide',
    'side.yaml:4',
  ],
  ['no address is two enforcement points', { side: ['10.0.0.0/24', '127.0.0.0/8'] }, 'network-conflict', 'edge.yaml:4'],
  [
    'the socket is one enforcement point',
    { side: ['{ kind: network, cidrs: [10.0.0.0/24] }', '{ kind: unixSocket }'] },
    'unix-socket-conflict',
    'side.yaml:4',
  ],
  [
    'a key is one enforcement point',
    { side: ['{ kind: network, cidrs: [10.0.0.0/24] }', `{ kind: apiKey, id: k, sha256: ${'cd'.repeat(32)} }`] },
    'credential-conflict',
    'side.yaml:4',
  ],
  ['a digest has 64 digits', { edge: ['ab'.repeat(32), 'ab'.repeat(31)] }, 'invalid-value', 'edge.yaml:4'],
  [
    'asserted mechanisms exist',
    { edge: ['mayAssert: [acme-spiffe]', 'mayAssert: [acme-spife]'] },
    'unknown-mechanism',
    'edge.yaml:4',
  ],
  [
    'documents are unique by kind and name',
    { x: SOUND['mail']!.replace('mail.example', 'other.example') },
    'duplicate-document',
    'x.yaml:3',
  ],
  [
    'requests of tests are requests',
    { tests: ['endpoint: orders/list', 'endpont: orders/list'] },
    'bad-request',
    'tests.yaml:4',
  ],
  ['expectations are expectations', { tests: ['decision: deny', 'decision: no'] }, 'invalid-value', 'tests.yaml:4'],
];

describe('a set of documents', () => {
  it.each(refused)('is refused because of its policies: %s', (_, change, code, at) => expectRefusal(change, code, at));
});
