import { loadBundle } from '#policy';

/** A sound set that each row breaks in one place. */
const SOUND: { readonly [name: string]: string } = {
  acme: `kind: Domain
metadata: { name: acme }
spec:
  mechanisms:
    - { name: acme-spiffe, role: trust, kind: spiffe, spiffe: { trustDomain: acme.example }, delegations: [{ domain: acme.shop, subjects: ["spiffe://acme.example/shop/**"] }] }
    - { name: acme-net, role: trust, kind: network, network: { cidrs: [10.0.0.0/8] } }
    - { name: acme-oauth, role: access, kind: jwt, jwt: { issuer: "https://login.acme.example/", audiences: [a] } }
    - { name: acme-key, role: access, kind: apiKey, apiKey: { header: x-acme-key } }
  trust: [acme-spiffe, acme-net]
  access: [acme-oauth]
  addresses: ["*.acme.example", shared.example/acme]`,
  shop: `kind: Domain
metadata: { name: acme.shop }
spec: { boundary: [orders/list], addresses: [shop.acme.example], overlaps: [acme.depot] }`,
  depot: `kind: Domain
metadata: { name: acme.depot }
spec: { overlaps: [acme.shop] }`,
  partner: `kind: Domain
metadata: { name: partner }
spec: { mechanisms: [{ name: partner-mtls, role: trust, kind: mtls, mtls: { match: dns } }], trust: [partner-mtls] }`,
  orders: `kind: Service
metadata: { name: orders }
spec:
  domains: [acme.shop]
  identities: [{ mechanism: acme-spiffe, subject: "spiffe://acme.example/shop/orders" }, { mechanism: acme-net, subject: 10.1.0.0/16 }]
  hosts: [shop.acme.example]
  endpoints:
    - { name: list, operations: [{ methods: [GET], path: "/orders/{id}" }] }
    - { name: events, kind: async, operations: [{ topic: orders.created }] }
    - { name: record, kind: resource, operations: [{ resourceType: order, actions: [view] }] }
    - { name: rpc, kind: grpc, operations: [{ rpc: /shop.Orders/Find }] }`,
  stock: `kind: Service
metadata: { name: stock }
spec: { domains: [acme.depot, acme.shop], identities: [{ mechanism: acme-spiffe, subject: "spiffe://acme.example/shop/stock" }], endpoints: [{ name: all, domains: [acme.depot] }] }`,
  mail: `kind: Service
metadata: { name: mail }
spec: { kind: external, hosts: [mail.example] }`,
  rules: `kind: Policy
metadata: { name: rules, domain: acme.shop }
spec:
  rules:
    - { id: a, effect: allow, who: { mechanisms: [acme-oauth], domains: ["*", acme] }, what: { endpoints: [orders/*, orders/list], paths: ["/orders/*"] }, when: "request.method == 'GET'" }
    - { id: b, effect: deny, who: { services: [stock] }, what: { services: [mail], domains: [acme.depot] }, notBefore: 2026-01-01T00:00:00Z, notAfter: 2026-02-01T00:00:00+01:00 }`,
  outside: `kind: Policy
metadata: { name: outside, domain: "*" }
spec: { rules: [{ id: a, effect: deny, what: { methods: [TRACE] } }] }`,
  roles: `kind: RoleSet
metadata: { name: roles, domain: acme }
spec: { roles: [{ name: reader }, { name: writer, inherits: [reader] }], assignments: [{ role: reader, principals: ["user:ann"] }] }`,
  shopRoles: `kind: RoleSet
metadata: { name: shop-roles, domain: acme.shop }
spec: { roles: [{ name: keeper, inherits: [writer] }] }`,
  entities: `kind: EntitySet
metadata: { name: entities, domain: acme }
spec: { entities: [{ type: user, id: ann, attributes: { team: x } }] }`,
  edge: `kind: EnforcementPoint
metadata: { name: edge, domain: acme }
spec: { credentials: [{ kind: network, cidrs: [127.0.0.1/32] }, { kind: unixSocket }, { kind: apiKey, id: k, sha256: ${'ab'.repeat(32)} }], mayAssert: [acme-spiffe] }`,
  side: `kind: EnforcementPoint
metadata: { name: side, domain: acme.shop }
spec: { credentials: [{ kind: network, cidrs: [10.0.0.0/24] }] }`,
  tests: `kind: Test
metadata: { name: tests, domain: acme }
spec: { cases: [{ because: it is so, request: { target: { endpoint: orders/list } }, expect: { decision: deny } }] }`,
};

function load(changes: { readonly [name: string]: readonly [from: string, to: string] | string }) {
  const names = [...new Set([...Object.keys(SOUND), ...Object.keys(changes)])];
  return loadBundle(
    names.map((name) => {
      const sound = SOUND[name] ?? '';
      const change = changes[name];
      if (Array.isArray(change) && !sound.includes(change[0])) throw new Error(`\`${change[0]}\` is not in ${name}`);
      const text =
        typeof change === 'string' ? change : change === undefined ? sound : sound.replace(change[0], change[1]);
      return { file: `${name}.yaml`, text: `apiVersion: dharma/v1\n${text}\n` };
    }),
  );
}

const service = (name: string, spec: string): string => `kind: Service\nmetadata: { name: ${name} }\nspec: ${spec}`;

type Change = { readonly [name: string]: readonly [from: string, to: string] | string };

const refused: readonly (readonly [because: string, change: Change, code: string, at: string])[] = [
  ['every ancestor exists', { partner: ['name: partner', 'name: partner.sub'] }, 'missing-ancestor', 'partner.yaml:3'],
  [
    'a trust set holds trust mechanisms',
    { partner: ['trust: [partner-mtls]', 'trust: [acme-oauth]'] },
    'mechanism-role',
    'partner.yaml:4',
  ],
  [
    'an access set holds access mechanisms',
    { acme: ['access: [acme-oauth]', 'access: [acme-spiffe]'] },
    'mechanism-role',
    'acme.yaml:11',
  ],
  [
    'mechanisms are named only where they exist',
    { partner: ['trust: [partner-mtls]', 'trust: [partner-mtsl]'] },
    'unknown-mechanism',
    'partner.yaml:4',
  ],
  [
    '`anonymous` is no trust mechanism',
    { partner: ['trust: [partner-mtls]', 'trust: [anonymous]'] },
    'unknown-mechanism',
    'partner.yaml:4',
  ],
  ['no mechanism is called anonymous', { acme: ['name: acme-key', 'name: anonymous'] }, 'invalid-value', 'acme.yaml:9'],
  [
    'only its owner trusts a network mechanism',
    { shop: ['spec: {', 'spec: { trust: [acme-net],'] },
    'network-mechanism',
    'shop.yaml:4',
  ],
  [
    'a network mechanism is trust only',
    { acme: ['acme-net, role: trust', 'acme-net, role: access'] },
    'invalid-value',
    'acme.yaml:7',
  ],
  [
    'API keys are access only',
    { acme: ['acme-key, role: access', 'acme-key, role: trust'] },
    'invalid-value',
    'acme.yaml:9',
  ],
  [
    'the settings of a kind are its own',
    { acme: ['apiKey: { header: x-acme-key } }', 'apiKey: { header: x-acme-key }, mtls: { match: dns } }'] },
    'unknown-member',
    'acme.yaml:9',
  ],
  ['a kind has its settings', { acme: [', apiKey: { header: x-acme-key }', ''] }, 'missing-member', 'acme.yaml:9'],
  [
    'a principal type is not reserved',
    { acme: ['audiences: [a]', 'audiences: [a], principalType: group'] },
    'invalid-value',
    'acme.yaml:8',
  ],
  [
    'mechanisms are unique in the world',
    { partner: ['mechanisms: [', 'mechanisms: [{ name: acme-key, role: trust, kind: mtls, mtls: { match: dns } }, '] },
    'duplicate-mechanism',
    'partner.yaml:4',
  ],
  ['networks are networks', { acme: ['10.0.0.0/8', '10.0.0/8'] }, 'bad-cidr', 'acme.yaml:7'],
  [
    'a workload is a member somewhere',
    { orders: ['  domains: [acme.shop]\n', ''] },
    'membership-missing',
    'orders.yaml:5',
  ],
  [
    'an external service is a member nowhere',
    { mail: ['hosts', 'domains: [acme], hosts'] },
    'membership-forbidden',
    'mail.yaml:4',
  ],
  ['memberships exist', { orders: ['domains: [acme.shop]', 'domains: [acme.shp]'] }, 'unknown-domain', 'orders.yaml:5'],
  [
    'unrelated memberships need an overlap of both sides',
    { depot: ['overlaps: [acme.shop]', ''] },
    'overlap-missing',
    'stock.yaml:4',
  ],
  [
    'an overlap names exactly these two',
    { stock: ['[acme.depot, acme.shop]', '[acme.depot, acme.shop, partner]'] },
    'overlap-missing',
    'stock.yaml:4',
  ],
  ['no subject matches two services', { stock: ['/shop/stock', '/shop/**'] }, 'identity-conflict', 'orders.yaml:6'],
  [
    'no address matches two services',
    {
      stock: [
        '{ mechanism: acme-spiffe, subject: "spiffe://acme.example/shop/stock" }',
        '{ mechanism: acme-net, subject: 10.1.2.3 }',
      ],
    },
    'identity-conflict',
    'stock.yaml:4',
  ],
  [
    'a mapped IPv6 address is its IPv4 address',
    {
      stock: [
        '{ mechanism: acme-spiffe, subject: "spiffe://acme.example/shop/stock" }',
        '{ mechanism: acme-net, subject: "::ffff:10.1.2.3" }',
      ],
    },
    'identity-conflict',
    'stock.yaml:4',
  ],
  [
    'a subject lies in a delegated namespace',
    { orders: ['shop/orders', 'depot/orders'] },
    'identity-not-delegated',
    'orders.yaml:6',
  ],
  [
    'a pattern lies in a delegated namespace',
    { stock: ['spiffe://acme.example/shop/stock', 'spiffe://acme.example/stock/**'] },
    'identity-not-delegated',
    'stock.yaml:4',
  ],
  ['a network identity is an address or a network', { orders: ['10.1.0.0/16', 'ten'] }, 'bad-cidr', 'orders.yaml:6'],
  [
    'placements lie within the memberships',
    { orders: ['{ name: list,', '{ name: list, domains: [acme.depot],'] },
    'placement-outside',
    'orders.yaml:9',
  ],
  [
    'placements are never empty',
    { stock: ['domains: [acme.depot] }]', 'domains: [] }]'] },
    'placement-missing',
    'stock.yaml:4',
  ],
  [
    'endpoints are unique in a service',
    { orders: ['name: events', 'name: list'] },
    'duplicate-endpoint',
    'orders.yaml:10',
  ],
  [
    'parameter names do not tell addresses apart',
    {
      x: service(
        'x',
        '{ domains: [acme.shop], hosts: [shop.acme.example], endpoints: [{ name: a, operations: [{ methods: [GET, PUT], path: "/orders/*" }] }] }',
      ),
    },
    'address-conflict',
    'x.yaml:4',
  ],
  [
    'a forgiven slash makes a second address',
    {
      x: service(
        'x',
        '{ domains: [acme.shop], hosts: [shop.acme.example], endpoints: [{ name: a, trailingSlash: ignore, operations: [{ methods: [GET], path: "/orders/{id}/" }] }] }',
      ),
    },
    'address-conflict',
    'x.yaml:4',
  ],
  [
    'an RPC is a POST on its path',
    {
      x: service(
        'x',
        '{ domains: [acme.shop], hosts: [shop.acme.example], endpoints: [{ name: a, operations: [{ methods: [POST], path: /shop.Orders/Find }] }] }',
      ),
    },
    'address-conflict',
    'x.yaml:4',
  ],
  [
    'a topic and action has one endpoint',
    {
      x: service(
        'x',
        '{ domains: [acme.shop], endpoints: [{ name: a, kind: async, operations: [{ topic: orders.created, actions: ["*"] }] }] }',
      ),
    },
    'address-conflict',
    'x.yaml:4',
  ],
  [
    'a resource type and action has one endpoint',
    {
      x: service(
        'x',
        '{ domains: [acme.shop], endpoints: [{ name: a, kind: resource, operations: [{ resourceType: order, actions: [edit, view] }] }] }',
      ),
    },
    'address-conflict',
    'x.yaml:4',
  ],
  [
    'two services without endpoints do not share a host',
    { x: service('x', '{ kind: external, hosts: [mail.example] }') },
    'address-conflict',
    'x.yaml:1',
  ],
  [
    'a resource endpoint lists its types',
    { orders: ['kind: resource, operations: [{ resourceType: order, actions: [view] }]', 'kind: resource'] },
    'missing-member',
    'orders.yaml:11',
  ],
  [
    'hosts are canonical',
    { orders: ['hosts: [shop.acme.example]', 'hosts: [Shop.acme.example]'] },
    'bad-host',
    'orders.yaml:7',
  ],
  [
    'hosts have no wildcard inside',
    { orders: ['hosts: [shop.acme.example]', 'hosts: [shop.*.example]'] },
    'bad-host',
    'orders.yaml:7',
  ],
  [
    'nothing lies below an address',
    { orders: ['hosts: [shop.acme.example]', 'hosts: ["*.10.0.0.1"]'] },
    'bad-host',
    'orders.yaml:7',
  ],
  ['paths are canonical', { orders: ['/orders/{id}', '/orders/%7Eme'] }, 'bad-path', 'orders.yaml:9'],
  ['paths have no dot segments', { orders: ['/orders/{id}', '/orders/../x'] }, 'bad-path', 'orders.yaml:9'],
  ['`**` ends a path', { orders: ['/orders/{id}', '/**/x'] }, 'bad-path', 'orders.yaml:9'],
  ['a parameter is a whole segment', { orders: ['/orders/{id}', '/orders/a{id}'] }, 'bad-path', 'orders.yaml:9'],
  ['a parameter is named once', { orders: ['/orders/{id}', '/orders/{id}/{id}'] }, 'bad-path', 'orders.yaml:9'],
  ['an RPC is a service and a method', { orders: ['/shop.Orders/Find', '/shop.Orders'] }, 'bad-rpc', 'orders.yaml:12'],
  ['topics have no empty segments', { orders: ['orders.created', 'orders..created'] }, 'bad-topic', 'orders.yaml:10'],
  [
    "a child's claim lies within an ancestor's",
    { shop: ['addresses: [shop.acme.example]', 'addresses: [shop.example]'] },
    'claim-outside',
    'shop.yaml:4',
  ],
  [
    'a suffix does not hold the name itself',
    { shop: ['addresses: [shop.acme.example]', 'addresses: [acme.example]'] },
    'claim-outside',
    'shop.yaml:4',
  ],
  [
    'prefixes are whole segments',
    { shop: ['addresses: [shop.acme.example]', 'addresses: [shared.example/acmeshop]'] },
    'claim-outside',
    'shop.yaml:4',
  ],
  [
    'unrelated domains do not claim one region',
    { partner: ['spec: {', 'spec: { addresses: ["*.acme.example"],'] },
    'claim-conflict',
    'partner.yaml:4',
  ],
  [
    'claims are canonical',
    { partner: ['spec: {', 'spec: { addresses: [partner.example/x/],'] },
    'bad-claim',
    'partner.yaml:4',
  ],
  [
    'a mark is placed in the subtree',
    { depot: ['spec: {', 'spec: { boundary: [orders/list],'] },
    'mark-outside',
    'depot.yaml:4',
  ],
  [
    'an external endpoint cannot be marked',
    { depot: ['spec: {', 'spec: { boundary: [mail/all],'] },
    'mark-outside',
    'depot.yaml:4',
  ],
  ['marks name endpoints that exist', { shop: ['orders/list', 'orders/lst'] }, 'unknown-endpoint', 'shop.yaml:4'],
  ['marks name services that exist', { shop: ['orders/list', 'ordrs/*'] }, 'unknown-service', 'shop.yaml:4'],
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

const accepted: readonly (readonly [because: string, change: Change])[] = [
  ['the set is sound as it stands', {}],
  [
    'a method beside `*` is more specific',
    {
      x: service(
        'x',
        '{ domains: [acme.shop], hosts: [shop.acme.example], endpoints: [{ name: a, operations: [{ path: "/orders/{x}" }] }] }',
      ),
    },
  ],
  [
    'a literal beside a parameter is more specific',
    {
      x: service(
        'x',
        '{ domains: [acme.shop], hosts: [shop.acme.example], endpoints: [{ name: a, operations: [{ methods: [GET], path: "/orders/new" }] }] }',
      ),
    },
  ],
  [
    'the other slash is another address',
    {
      x: service(
        'x',
        '{ domains: [acme.shop], hosts: [shop.acme.example], endpoints: [{ name: a, operations: [{ methods: [GET], path: "/orders/{id}/" }] }] }',
      ),
    },
  ],
  [
    'two patterns of one service may overlap',
    {
      stock: [
        'identities: [',
        'identities: [{ mechanism: acme-spiffe, subject: "spiffe://acme.example/shop/stock/**" }, { mechanism: acme-spiffe, subject: "spiffe://acme.example/shop/stock/a" }, ',
      ],
    },
  ],
  ['a prefix and its own beginning do not overlap', { stock: ['/shop/stock', '/shop/orders/**'] }],
  ['an ancestor and a descendant need no overlap', { orders: ['domains: [acme.shop]', 'domains: [acme.shop, acme]'] }],
  [
    'any domain may list a foreign access mechanism',
    { partner: ['trust:', 'access: [acme-oauth, anonymous], trust:'] },
  ],
  [
    'a child may claim what its ancestor claims',
    { shop: ['addresses: [shop.acme.example]', 'addresses: ["*.acme.example", shared.example/acme/shop]'] },
  ],
  [
    'an enforcement point may assert without consent, in vain',
    { side: ['[10.0.0.0/24] }]', '[10.0.0.0/24] }], mayAssert: [partner-mtls]'] },
  ],
  ['unrelated chains share no role names', { shopRoles: ['domain: acme.shop', 'domain: partner'] }],
  [
    'one and the same entity may stand at two domains',
    { x: SOUND['entities']!.replace('name: entities, domain: acme', 'name: x, domain: acme.shop') },
  ],
];

describe('a set of documents', () => {
  it.each(refused)('is refused because %s', (_, change, code, at) => {
    const { faults, world } = load(change);
    expect(faults.map((fault) => `${fault.file}:${fault.line} ${fault.code}`)).toEqual([`${at} ${code}`]);
    expect(world).toBeNull();
  });

  it.each(accepted)('is accepted because %s', (_, change) => {
    const { faults, world } = load(change);
    expect(faults).toEqual([]);
    expect(world).not.toBeNull();
  });

  it('means the same in any order', () => {
    const files = Object.entries(SOUND).map(([name, text]) => ({
      file: `${name}.yaml`,
      text: `apiVersion: dharma/v1\n${text}\n`,
    }));
    const renamed = files.toReversed().map(({ text }, index) => ({ file: `${index}.yaml`, text }));
    expect(loadBundle(renamed).world).toEqual(loadBundle(files).world);
  });

  it('does not call unknown what a broken document may declare', () => {
    const { faults } = load({ orders: ['metadata: { name: orders }', 'metadata: { name: orders'] });
    expect(faults.map(({ file, code }) => `${file} ${code}`)).toEqual(['orders.yaml yaml-syntax']);
  });

  it('does not call unknown what a left-out item declares', () => {
    const { faults } = load({ orders: ['{ name: list, operations', '{ name: list, operation'] });
    expect(faults.map(({ file, code }) => `${file} ${code}`)).toEqual(['orders.yaml unknown-member']);
  });
});
