import { loadBundle } from '#policy';
import { type Change, load, service, SOUND } from './sound-set.js';

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
