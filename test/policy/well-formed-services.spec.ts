import { expectRefusal, type Refused, service } from './sound-set.js';

const refused: Refused = [
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
];

describe('a set of documents', () => {
  it.each(refused)('is refused because of its services: %s', (_, change, code, at) => expectRefusal(change, code, at));
});
