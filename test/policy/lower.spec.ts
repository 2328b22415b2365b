import { loadBundle } from '#policy';

function worldOf(...documents: readonly string[]) {
  const { world, faults } = loadBundle([
    { file: 'x.yaml', text: documents.map((document) => `apiVersion: dharma/v1\n${document}\n`).join('---\n') },
  ]);
  if (world === null) throw new Error(JSON.stringify(faults));
  return world;
}

const SHOP = 'kind: Domain\nmetadata: { name: shop }\nspec: { access: [anonymous], boundary: ["orders/*"] }';

describe('the world of a set of documents', () => {
  it('of the smallest set that works has every default', () => {
    const world = worldOf(
      SHOP,
      'kind: Service\nmetadata: { name: orders }\nspec: { domains: [shop], hosts: [localhost] }',
      'kind: Policy\nmetadata: { name: shop, domain: shop }\nspec: { rules: [{ id: read, effect: allow, who: { anonymous: true }, what: { methods: [GET] } }] }',
    );
    expect(world).toEqual({
      domains: new Map([
        [
          'shop',
          {
            name: 'shop',
            zeroTrust: false,
            egress: 'open',
            suspended: false,
            discloseAccess: true,
            access: ['anonymous'],
            recognizes: [],
            boundary: ['orders/*'],
            addresses: [],
            administrators: [],
            rules: [
              {
                id: 'shop/read',
                owner: 'shop',
                effect: 'allow',
                direction: 'in',
                scope: 'self',
                mode: 'enforce',
                who: { anonymous: true },
                what: { methods: ['GET'] },
                obligations: [],
              },
            ],
            roles: [],
            directory: { assignments: new Map(), entities: new Map() },
          },
        ],
      ]),
      outside: [],
      mechanisms: new Map(),
      services: new Map([
        [
          'orders',
          {
            name: 'orders',
            kind: 'workload',
            domains: ['shop'],
            identities: [],
            endpoints: [
              {
                id: 'orders/all',
                service: 'orders',
                kind: 'http',
                hosts: ['localhost'],
                placements: ['shop'],
                operations: [{ kind: 'http', methods: ['*'], path: '/**' }],
                trailingSlash: 'significant',
                encodedSlash: 'refuse',
                preflight: 'deny',
              },
            ],
          },
        ],
      ]),
      enforcementPoints: new Map(),
    });
  });

  it('has operations of every kind in the words of the engine', () => {
    const world = worldOf(
      SHOP,
      `kind: Service
metadata: { name: orders }
spec:
  domains: [shop]
  endpoints:
    - { name: a, operations: [{ path: /a }, { methods: [PUT, GET, GET], path: /b }] }
    - { name: b, kind: grpc, operations: [{ rpc: /s.S/M }, { rpc: /s.S/* }] }
    - { name: c, kind: grpc }
    - { name: d, kind: async, operations: [{ topic: a.* }] }
    - { name: e, kind: async }
    - { name: f, kind: resource, operations: [{ resourceType: t }] }`,
    );
    expect(world.services.get('orders')!.endpoints.map(({ operations }) => operations)).toEqual([
      [
        { kind: 'http', methods: ['*'], path: '/a' },
        { kind: 'http', methods: ['GET', 'PUT'], path: '/b' },
      ],
      [
        { kind: 'http', methods: ['POST'], path: '/s.S/*' },
        { kind: 'http', methods: ['POST'], path: '/s.S/M' },
      ],
      [{ kind: 'http', methods: ['*'], path: '/**' }],
      [{ kind: 'topic', topic: 'a.*', actions: ['*'] }],
      [{ kind: 'topic', topic: '**', actions: ['*'] }],
      [{ kind: 'resource', resourceType: 't', actions: ['*'] }],
    ]);
  });

  it('reaches as far as its rules say, or by their effect', () => {
    const world = worldOf(
      SHOP.replace(', boundary: ["orders/*"]', ''),
      'kind: Policy\nmetadata: { name: p, domain: shop }\nspec: { rules: [{ id: a, effect: allow }, { id: b, effect: deny }, { id: c, effect: allow, scope: subtree }, { id: d, effect: deny, scope: self }] }',
    );
    expect(world.domains.get('shop')!.rules.map(({ id, scope }) => [id, scope])).toEqual([
      ['p/a', 'self'],
      ['p/b', 'subtree'],
      ['p/c', 'subtree'],
      ['p/d', 'self'],
    ]);
  });

  it('gathers roles, assignments and entities of all sets at a domain', () => {
    const world = worldOf(
      SHOP.replace(', boundary: ["orders/*"]', ''),
      'kind: RoleSet\nmetadata: { name: a, domain: shop }\nspec: { roles: [{ name: r, inherits: [q] }], assignments: [{ role: r, principals: ["user:ann", "user:ann"] }, { role: q, principals: ["user:ann"] }] }',
      'kind: RoleSet\nmetadata: { name: b, domain: shop }\nspec: { roles: [{ name: r, inherits: [p, q] }], assignments: [{ role: r, principals: ["user:ann", "group:g"] }] }',
      'kind: EntitySet\nmetadata: { name: c, domain: shop }\nspec: { entities: [{ type: user, id: ann, attributes: { __proto__: { admin: true }, team: x } }, { type: user, id: "a:b" }] }',
    );
    const { roles, directory } = world.domains.get('shop')!;
    expect(roles).toEqual([{ name: 'r', inherits: ['p', 'q'] }]);
    expect([...directory.assignments]).toEqual([
      ['group:g', ['r']],
      ['user:ann', ['q', 'r']],
    ]);
    const ann = directory.entities.get('user:ann')!;
    expect(Object.getPrototypeOf(ann)).toBeNull();
    expect(Object.keys(ann).sort()).toEqual(['__proto__', 'team']);
    expect([...directory.entities.keys()]).toEqual(['user:a:b', 'user:ann']);
  });

  it('has principal types by the kind of mechanism, and claims in two parts', () => {
    const world = worldOf(
      `kind: Domain
metadata: { name: acme }
spec:
  mechanisms:
    - { name: a, role: access, kind: jwt, jwt: { issuer: i, audiences: [x] } }
    - { name: b, role: access, kind: jwt, jwt: { issuer: i, audiences: [x], principalType: grant } }
    - { name: c, role: access, kind: apiKey, apiKey: { header: x-key } }
    - { name: d, role: access, kind: asserted }
    - { name: e, role: access, kind: mtls, mtls: { match: dns } }
    - { name: f, role: access, kind: introspection, introspection: { url: u, clientId: c, clientSecretFile: f } }
  addresses: [a.example, "*.b.example/x/y"]`,
    );
    expect([...world.mechanisms.values()].map(({ name, principalType }) => `${name} ${principalType}`)).toEqual([
      'a user',
      'b grant',
      'c client',
      'd user',
      'e client',
      'f user',
    ]);
    expect(world.domains.get('acme')!.addresses).toEqual([
      { host: '*.b.example', prefix: '/x/y' },
      { host: 'a.example', prefix: '' },
    ]);
  });
});
