import { type Bundle, loadBundle } from '#policy';

/** A sound set that each row breaks in one place. */
export const SOUND: { readonly [name: string]: string } = {
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

/** By document: a stretch of its sound text and what stands there instead, or a whole document. */
export type Change = { readonly [name: string]: readonly [from: string, to: string] | string };

/** `at` is `file:line`. */
export type Refused = readonly (readonly [because: string, change: Change, code: string, at: string])[];

/** The sound set with changes. */
export function load(changes: Change): Bundle {
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

export function expectRefusal(change: Change, code: string, at: string): void {
  const { faults, world } = load(change);
  expect(faults.map((fault) => `${fault.file}:${fault.line} ${fault.code}`)).toEqual([`${at} ${code}`]);
  expect(world).toBeNull();
}

export const service = (name: string, spec: string): string =>
  `kind: Service\nmetadata: { name: ${name} }\nspec: ${spec}`;
