/** What each target is written for one small policy set, and what is listed as left out. */
import { loadBundle } from '#policy';
import {
  meshExport,
  type MeshExportOptions,
  meshExportText,
  type MeshTarget,
  remarkLine,
  type Undecided,
} from '#mesh-export';
import { parseAllDocuments } from 'yaml';
import { NOW } from '../properties/worlds.js';
import { AuthorizationPolicy, CiliumNetworkPolicy, LinkerdPolicy, NetworkPolicy } from './resources.js';

/** `orders` is open to readers; `ledger` to members; `audit` to whom a deny spares. */
const WORLD = `
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme }
spec:
  mechanisms:
    - { name: mesh, role: trust, kind: spiffe, spiffe: { trustDomain: acme.example } }
    - { name: office, role: trust, kind: network, network: { cidrs: [10.1.0.0/16] } }
    - { name: old, role: trust, kind: mtls, mtls: { match: dns } }
    - { name: login, role: access, kind: jwt, jwt: { issuer: "https://login.acme.example/", audiences: [acme] } }
  trust: [mesh, office, old]
  access: [anonymous, login]
  boundary: [orders/*]
---
apiVersion: dharma/v1
kind: Service
metadata: { name: orders }
spec:
  domains: [acme]
  identities: [{ mechanism: mesh, subject: spiffe://acme.example/ns/shop/sa/orders }]
  hosts: [orders.acme.example]
  endpoints:
    - { name: read, operations: [{ methods: [GET], path: "/orders/{id}" }] }
    - { name: write, operations: [{ methods: [POST], path: /orders }] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: ledger }
spec:
  domains: [acme]
  identities: [{ mechanism: mesh, subject: spiffe://acme.example/ns/money/** }]
  hosts: [ledger.acme.example]
  endpoints: [{ name: all, operations: [{ methods: [GET], path: /** }] }]
---
apiVersion: dharma/v1
kind: Service
metadata: { name: desk }
spec:
  domains: [acme]
  identities: [{ mechanism: office, subject: 10.1.2.0/24 }, { mechanism: old, subject: desk.acme.example }]
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: base, domain: acme }
spec:
  rules:
    - { id: read, effect: allow, who: { anonymous: true }, what: { endpoints: [orders/read] } }
    - { id: write, effect: allow, who: { scopes: [write] }, what: { endpoints: [orders/write] } }
`;
const NO_ORDERS_IN_LEDGER = `    - { id: no-orders, effect: deny, who: { services: [orders] }, what: { services: [ledger] } }\n`;
const NO_LEDGER_IN_ORDERS = `    - { id: no-ledger, effect: deny, who: { services: [ledger] }, what: { services: [orders] } }\n`;

const DEFINITIONS = {
  istio: AuthorizationPolicy,
  'kubernetes-networkpolicy': NetworkPolicy,
  cilium: CiliumNetworkPolicy,
  linkerd: LinkerdPolicy,
} as const;

function exported(target: MeshTarget, undecided: Undecided, further = '', options: Partial<MeshExportOptions> = {}) {
  const bundle = loadBundle([{ file: 'world.yaml', text: WORLD + further }]);
  expect(bundle.faults).toEqual([]);
  const asked = { target, undecided, now: NOW, podLabel: 'app', port: 'http', ...options } as const;
  return meshExport(bundle.world!, new Map([['mesh', 'acme.example']]), asked);
}

/** What the first resource of a name says. */
function about(
  target: MeshTarget,
  undecided: Undecided,
  service: string,
  further = '',
): { readonly [member: string]: unknown } {
  const resources = exported(target, undecided, further).resources as readonly {
    readonly metadata: { readonly name: string };
    readonly spec: { readonly [member: string]: unknown };
  }[];
  return resources.find(({ metadata }) => metadata.name === `dharma-${service}`)!.spec;
}

const lines = (target: MeshTarget, undecided: Undecided, further = ''): readonly string[] =>
  exported(target, undecided, further).remarks.map((remark) => `${remark.effect}: ${remarkLine(remark)}`);

const FROM_ORDERS = {
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } },
  podSelector: { matchLabels: { app: 'orders' } },
};
const FROM_LEDGER = {
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'money' } },
  podSelector: { matchLabels: { app: 'ledger' } },
};
const FROM_DESK = { ipBlock: { cidr: '10.1.2.0/24' } };

describe.each(Object.entries(DEFINITIONS))('%s', (target, definition) => {
  it.each(['refuse', 'pass'] as const)('writes what its definition knows, with --undecided %s', (undecided) => {
    for (const further of ['', NO_ORDERS_IN_LEDGER, NO_LEDGER_IN_ORDERS]) {
      const { resources } = exported(target as MeshTarget, undecided, further);
      expect(resources.length).toBeGreaterThan(1);
      for (const resource of resources) definition.parse(resource);
    }
  });

  it('writes text that reads as what it is', () => {
    const result = exported(target as MeshTarget, 'refuse');
    const documents = parseAllDocuments(meshExportText(result)).map((document) => document.toJS() as unknown);
    expect(documents.filter((document) => document !== null)).toEqual(result.resources);
  });
});

describe('kubernetes-networkpolicy', () => {
  it.each`
    because                                           | undecided   | service     | further                | ingress
    ${'some request of anybody always passes'}        | ${'refuse'} | ${'orders'} | ${''}                  | ${[{}]}
    ${'members are trusted, and nobody else is'}      | ${'refuse'} | ${'ledger'} | ${''}                  | ${[{ from: [FROM_DESK, FROM_LEDGER, FROM_ORDERS] }]}
    ${'a deny takes one of them away'}                | ${'refuse'} | ${'ledger'} | ${NO_ORDERS_IN_LEDGER} | ${[{ from: [FROM_DESK, FROM_LEDGER] }]}
    ${'what is open to anyone is open to the barred'} | ${'refuse'} | ${'orders'} | ${NO_LEDGER_IN_ORDERS} | ${[{ from: [FROM_DESK, FROM_ORDERS] }]}
    ${'where Dharma is asked the barred may knock'}   | ${'pass'}   | ${'orders'} | ${NO_LEDGER_IN_ORDERS} | ${[{}]}
  `('$service with $undecided: $because', ({ undecided, service, further, ingress }) => {
    expect(about('kubernetes-networkpolicy', undecided, service, further)['ingress']).toEqual(ingress);
  });
});

describe('cilium', () => {
  it('knows callers by service account, those of a pattern by their label, and addresses', () => {
    expect(about('cilium', 'refuse', 'ledger')['ingress']).toEqual([
      {
        fromEndpoints: [
          { matchLabels: { 'k8s:io.kubernetes.pod.namespace': 'money', app: 'ledger' } },
          {
            matchLabels: {
              'k8s:io.kubernetes.pod.namespace': 'shop',
              'k8s:io.cilium.k8s.policy.serviceaccount': 'orders',
            },
          },
        ],
      },
      { fromCIDR: ['10.1.2.0/24'] },
    ]);
    expect(about('cilium', 'refuse', 'orders')['ingress']).toEqual([{ fromEntities: ['all'] }]);
  });
});

describe('linkerd', () => {
  it('refuses at a server whatever no authorization lets through', () => {
    expect(about('linkerd', 'refuse', 'ledger')).toEqual({
      podSelector: { matchLabels: { app: 'ledger' } },
      port: 'http',
      accessPolicy: 'deny',
    });
    expect(about('linkerd', 'refuse', 'ledger-callers')).toEqual({
      identityRefs: [{ kind: 'ServiceAccount', name: 'orders', namespace: 'shop' }],
    });
    expect(lines('linkerd', 'refuse')).toContainEqual(
      expect.stringContaining('callers are known by single service accounts'),
    );
  });
});

describe('istio', () => {
  it('names callers, hosts, paths and methods', () => {
    expect(about('istio', 'refuse', 'orders')['rules']).toContainEqual({
      to: [
        {
          operation: {
            hosts: ['orders.acme.example', 'orders.acme.example:*'],
            paths: ['/orders/{*}'],
            methods: ['GET'],
          },
        },
      ],
    });
    expect(about('istio', 'refuse', 'ledger')['rules']).toEqual([
      {
        from: [
          { source: { principals: ['acme.example/ns/money/*'] } },
          { source: { principals: ['acme.example/ns/shop/sa/orders'] } },
        ],
        to: [
          { operation: { hosts: ['ledger.acme.example', 'ledger.acme.example:*'], paths: ['/*'], methods: ['GET'] } },
        ],
      },
    ]);
  });

  it('keeps out one that may not where anyone may', () => {
    expect(about('istio', 'refuse', 'orders', NO_LEDGER_IN_ORDERS)['rules']).toContainEqual(
      expect.objectContaining({ from: [{ source: { notPrincipals: ['acme.example/ns/money/*'] } }] }),
    );
  });
});

describe('what is listed', () => {
  it.each`
    because                                    | target                        | undecided   | line
    ${'a scope is not known beforehand'}       | ${'envoy-rbac'}               | ${'refuse'} | ${'refused: rule `base/write` reads what a request brings (`who.scopes`)'}
    ${'where Dharma is asked it passes'}       | ${'envoy-rbac'}               | ${'pass'}   | ${'passed: rule `base/write` reads what a request brings (`who.scopes`)'}
    ${'the operation hangs on that scope'}     | ${'istio'}                    | ${'refuse'} | ${'refused: endpoint `orders/write` is undecided at `POST orders.acme.example/orders` for callers from outside'}
    ${'a mesh knows certificates'}             | ${'istio'}                    | ${'refuse'} | ${'refused: service `desk` is known by its address `10.1.2.0/24`: here it is one from outside'}
    ${'a mesh knows SPIFFE IDs alone'}         | ${'envoy-rbac'}               | ${'refuse'} | ${'refused: service `desk` proves itself by `old` (mtls), by which no mesh knows a workload: here it is one from outside'}
    ${'a service of nowhere is not protected'} | ${'kubernetes-networkpolicy'} | ${'refuse'} | ${'passed: service `desk` has no identity like `spiffe://…/ns/NAMESPACE/sa/ACCOUNT`, so that nothing here protects it'}
    ${'pods are known by their labels there'}  | ${'cilium'}                   | ${'pass'}   | ${'refused: service `desk` is known by its address `10.1.2.0/24`, and Cilium looks only at addresses from outside the cluster'}
    ${'a network may do as Cilium does'}       | ${'kubernetes-networkpolicy'} | ${'pass'}   | ${'refused: service `desk` is known by its address `10.1.2.0/24`, and some networks, such as Cilium, look only at addresses from outside the cluster'}
    ${'a connection carries any request'}      | ${'cilium'}                   | ${'refuse'} | ${'passed: service `orders` is judged by connection: hosts, paths and methods are not looked at'}
    ${'a server is about one port'}            | ${'linkerd'}                  | ${'refuse'} | ${'passed: every port but `http` is not judged: there the default policy of the cluster holds, which is open unless set otherwise'}
    ${'other spellings are refused by Envoy'}  | ${'envoy-rbac'}               | ${'refuse'} | ${'refused: a request target that is not in canonical form is refused, also where it stands for one that is'}
  `('$target with $undecided: $because', ({ target, undecided, line }) => {
    expect(lines(target, undecided)).toContain(line);
  });

  it.each`
    because                              | critical
    ${'another rule may let it pass'}    | ${true}
    ${'a rule that need not say it may'} | ${false}
  `('is a query that says what only a rule may say: $because', ({ critical }) => {
    const further = `    - { id: tiered, effect: allow, who: { scopes: [tiered] }, what: { endpoints: [orders/read] }, obligations: [{ kind: setQueryParameter, name: tier, value: gold, critical: ${critical} }] }\n`;
    const about = lines('istio', 'refuse', further).filter((line) => line.includes('query'));
    expect(about).toEqual([
      'passed: endpoint `orders/read` is asked with a query in which clients may say what only rules say (`tier`)',
    ]);
    expect(lines('istio', 'refuse').filter((line) => line.includes('query'))).toEqual([]);
  });

  it('stands before the configuration as remarks', () => {
    const text = meshExportText(exported('cilium', 'refuse'));
    for (const remark of exported('cilium', 'refuse').remarks) expect(text).toContain(`# - ${remarkLine(remark)}\n`);
  });
});
