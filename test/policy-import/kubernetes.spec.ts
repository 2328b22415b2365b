/** What imported manifests let through, and what they list. */
import { compile, decide } from '#engine';
import { loadBundle, requestFromText } from '#policy';
import { importKubernetes, type Imported, ImportRefused } from '#policy-import';

const OPTIONS = { domain: 'cluster', trustDomain: 'cluster.local', mechanism: 'mesh' };

const namespace = (name: string, labels = '{}') =>
  `apiVersion: v1\nkind: Namespace\nmetadata: { name: ${name}, labels: ${labels} }\n`;
const service = (name: string, ns: string, ports = '[{ port: 80, targetPort: 8080 }]') =>
  `apiVersion: v1\nkind: Service\nmetadata: { name: ${name}, namespace: ${ns} }\nspec: { selector: { app: ${name} }, ports: ${ports} }\n`;
const deployment = (name: string, ns: string, account = name, labels = `{ app: ${name} }`) =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: ${name}, namespace: ${ns} }\nspec: { template: { metadata: { labels: ${labels} }, spec: { serviceAccountName: ${account} } } }\n`;
const network = (name: string, ns: string, spec: string) =>
  `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: ${name}, namespace: ${ns} }\nspec: ${spec}\n`;
const pods = (apiVersion: string, kind: string, spec: string) =>
  `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: { name: other, namespace: shop }\nspec: ${spec}\n`;
const route = (ns: string, backend: string, match: string, hosts = '[shop.example]') =>
  `apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: { name: r, namespace: ${ns} }\nspec: { hostnames: ${hosts}, rules: [{ matches: [${match}], backendRefs: [{ name: ${backend}, port: 80 }] }] }\n`;

/** Two namespaces: `web` calls `api` of its own and `db` of another. */
const WORLD = [
  namespace('shop', '{ team: shop }'),
  namespace('data'),
  service('web', 'shop'),
  service('api', 'shop'),
  service('db', 'data'),
  deployment('web', 'shop'),
  deployment('api', 'shop'),
  deployment('db', 'data'),
];

const imported = (...manifests: readonly string[]): Imported =>
  importKubernetes([{ file: 'all.yaml', text: manifests.join('---\n') }], OPTIONS);

function allowsIn(found: Imported, caller: string | undefined, host: string, path = '/'): boolean {
  const text = found.documents.map((document) => JSON.stringify(document)).join('\n---\n');
  const { world, faults } = loadBundle([{ file: 'all.yaml', text }]);
  expect(faults).toEqual([]);
  const [ns, account] = (caller ?? '').split('/');
  const subject = `spiffe://cluster.local/ns/${ns}/sa/${account}`;
  const evidence = caller === undefined ? [] : [{ role: 'trust', mechanism: 'mesh', subject }];
  const target = { host, method: 'GET', path };
  const read = requestFromText(JSON.stringify({ target, evidence }), { mode: 'offline', now: 0 });
  if (!('request' in read)) throw new Error(JSON.stringify(read));
  return decide(compile(world!), read.request).decision === 'allow';
}

const API =
  '{ podSelector: { matchLabels: { app: api } }, ingress: [{ from: [{ podSelector: { matchLabels: { app: web } } }] }] }';
const DB =
  '{ podSelector: {}, ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: shop } }, podSelector: { matchLabels: { app: web } } }] }] }';
const dbFrom = (rule: string) => `{ podSelector: {}, ingress: [${rule}] }`;
const WEB = 'podSelector: { matchLabels: { app: web } }';
const SHOP = 'namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: shop } }';

describe('imported manifests', () => {
  it.each`
    because                                                 | policies                                                                                                                                                                                    | caller        | host             | allow
    ${'inside a namespace nothing passes without a policy'} | ${[]}                                                                                                                                                                                       | ${'shop/web'} | ${'api.shop'}    | ${false}
    ${'a policy lets its peer in'}                          | ${[network('p', 'shop', API)]}                                                                                                                                                              | ${'shop/web'} | ${'api.shop'}    | ${true}
    ${'and nobody else'}                                    | ${[network('p', 'shop', API)]}                                                                                                                                                              | ${'data/db'}  | ${'api.shop'}    | ${false}
    ${'and nobody who proves nothing'}                      | ${[network('p', 'shop', API)]}                                                                                                                                                              | ${undefined}  | ${'api.shop'}    | ${false}
    ${'and not the other way round'}                        | ${[network('p', 'shop', API)]}                                                                                                                                                              | ${'shop/api'} | ${'web.shop'}    | ${false}
    ${'a peer of another namespace comes in'}               | ${[network('p', 'data', DB)]}                                                                                                                                                               | ${'shop/web'} | ${'db.data.svc'} | ${true}
    ${'but not its neighbour'}                              | ${[network('p', 'data', DB)]}                                                                                                                                                               | ${'shop/api'} | ${'db.data.svc'} | ${false}
    ${'a namespace is found by its own name'}               | ${[network('p', 'data', dbFrom(`{ from: [{ ${SHOP} }] }`))]}                                                                                                                                | ${'shop/api'} | ${'db.data'}     | ${true}
    ${"pods without a namespace are of the policy's own"}   | ${[network('p', 'data', dbFrom(`{ from: [{ ${WEB} }] }`))]}                                                                                                                                 | ${'shop/web'} | ${'db.data'}     | ${false}
    ${'a rule for all ports of the target counts'}          | ${[network('p', 'data', dbFrom(`{ from: [{ ${SHOP} }], ports: [{ port: 8080 }] }`))]}                                                                                                       | ${'shop/web'} | ${'db.data'}     | ${true}
    ${'a rule for another port does not'}                   | ${[network('p', 'data', dbFrom(`{ from: [{ ${SHOP} }], ports: [{ port: 9090 }] }`))]}                                                                                                       | ${'shop/web'} | ${'db.data'}     | ${false}
    ${'a rule for another protocol does not'}               | ${[network('p', 'data', dbFrom(`{ from: [{ ${SHOP} }], ports: [{ port: 8080, protocol: UDP }] }`))]}                                                                                        | ${'shop/web'} | ${'db.data'}     | ${false}
    ${'a range of ports holds its ends'}                    | ${[network('p', 'data', dbFrom(`{ from: [{ ${SHOP} }], ports: [{ port: 8000, endPort: 8080 }] }`))]}                                                                                        | ${'shop/web'} | ${'db.data'}     | ${true}
    ${'labels that nobody knows are not there'}             | ${[network('p', 'data', dbFrom('{ from: [{ namespaceSelector: {}, podSelector: { matchLabels: { tier: front } } }] }'))]}                                                                   | ${'shop/web'} | ${'db.data'}     | ${false}
    ${'nor may they be missing'}                            | ${[network('p', 'data', dbFrom('{ from: [{ namespaceSelector: {}, podSelector: { matchExpressions: [{ key: tier, operator: DoesNotExist }] } }] }'))]}                                      | ${'shop/web'} | ${'db.data'}     | ${false}
    ${'a known label is among others'}                      | ${[network('p', 'data', dbFrom('{ from: [{ namespaceSelector: {}, podSelector: { matchExpressions: [{ key: app, operator: In, values: [web, api] }] } }] }'))]}                             | ${'shop/web'} | ${'db.data'}     | ${true}
    ${'addresses let nobody in'}                            | ${[network('p', 'data', dbFrom('{ from: [{ ipBlock: { cidr: 0.0.0.0/0 } }] }'))]}                                                                                                           | ${'shop/web'} | ${'db.data'}     | ${false}
    ${'everyone in the files is everyone known'}            | ${[network('p', 'data', dbFrom('{}'))]}                                                                                                                                                     | ${'shop/web'} | ${'db.data'}     | ${true}
    ${'but not those who prove nothing'}                    | ${[network('p', 'data', dbFrom('{}'))]}                                                                                                                                                     | ${undefined}  | ${'db.data'}     | ${false}
    ${'a policy for some pods of the target is not enough'} | ${[network('p', 'data', '{ podSelector: { matchLabels: { app: db, tier: a } }, ingress: [{}] }')]}                                                                                          | ${'shop/web'} | ${'db.data'}     | ${false}
    ${'whoever may not go out does not come in'}            | ${[network('p', 'data', DB), network('e', 'shop', '{ podSelector: {}, policyTypes: [Egress] }')]}                                                                                           | ${'shop/web'} | ${'db.data'}     | ${false}
    ${'nor who might not'}                                  | ${[network('p', 'data', DB), network('e', 'shop', '{ podSelector: { matchLabels: { tier: a } }, policyTypes: [Egress] }')]}                                                                 | ${'shop/web'} | ${'db.data'}     | ${false}
    ${'who may go out there does'}                          | ${[network('p', 'data', DB), network('e', 'shop', '{ podSelector: {}, policyTypes: [Egress], egress: [{ to: [{ namespaceSelector: {}, podSelector: { matchLabels: { app: db } } }] }] }')]} | ${'shop/web'} | ${'db.data'}     | ${true}
    ${'an egress for another namespace is none of ours'}    | ${[network('p', 'data', DB), network('e', 'data', '{ podSelector: {}, policyTypes: [Egress] }')]}                                                                                           | ${'shop/web'} | ${'db.data'}     | ${true}
    ${'nothing written is nothing said'}                    | ${[network('p', 'data', dbFrom(`{ from: [{ namespaceSelector: null, ${WEB} }] }`))]}                                                                                                        | ${'shop/web'} | ${'db.data'}     | ${false}
    ${'a label that reads as a number is a text'}           | ${[network('p', 'data', DB), network('e', 'shop', '{ podSelector: { matchExpressions: [{ key: app, operator: NotIn, values: [1] }] }, policyTypes: [Egress] }')]}                           | ${'shop/web'} | ${'db.data'}     | ${false}
  `('$because', ({ policies, caller, host, allow }) => {
    expect(allowsIn(imported(...WORLD, ...policies), caller, host)).toBe(allow);
  });

  it.each`
    because                                   | manifests                                                                                                                                                            | concerns
    ${'no workload says whose pods they are'} | ${[service('web', 'shop'), service('api', 'shop'), deployment('api', 'shop')]}                                                                                       | ${'Service `shop/web`'}
    ${'everybody has the default account'}    | ${[...WORLD.filter((text) => text !== deployment('web', 'shop')), deployment('web', 'shop', 'default')]}                                                             | ${'Service `shop/web`'}
    ${'others have its account'}              | ${[...WORLD, deployment('batch', 'shop', 'web')]}                                                                                                                    | ${'Service `shop/web`'}
    ${'others have it by its old name'}       | ${[...WORLD, deployment('batch', 'shop', 'web').replace('serviceAccountName', 'serviceAccount')]}                                                                    | ${'Service `shop/web`'}
    ${'others that are not read have it'}     | ${[...WORLD, pods('v1', 'ReplicationController', '{ template: { spec: { serviceAccountName: web } } }')]}                                                            | ${'Service `shop/web`'}
    ${'or of another group'}                  | ${[...WORLD, pods('argoproj.io/v1alpha1', 'Rollout', '{ template: { spec: { serviceAccount: web } } }')]}                                                            | ${'Service `shop/web`'}
    ${'or say it in a way of their own'}      | ${[...WORLD, pods('x.example/v1', 'Job', '{ serviceAccount: { name: web } }')]}                                                                                      | ${'Service `shop/web`'}
    ${'its pods have the addresses of hosts'} | ${[...WORLD.filter((text) => text !== deployment('web', 'shop')), deployment('web', 'shop').replace('serviceAccountName', 'hostNetwork: true, serviceAccountName')]} | ${'Service `shop/web`'}
    ${'two services have the same pods'}      | ${[...WORLD, service('web', 'shop').replace('name: web', 'name: web2')]}                                                                                             | ${'Service `shop/web`'}
  `('a caller is nobody where $because', ({ manifests, concerns }) => {
    const found = imported(...manifests, network('p', 'shop', API));
    expect(found.remarks).toContainEqual(expect.objectContaining({ effect: 'narrower', concerns }));
    expect(allowsIn(found, 'shop/web', 'api.shop')).toBe(false);
  });

  it('a route gives an address that nobody gets in by until somebody says so', () => {
    const found = imported(...WORLD, route('shop', 'web', '{ path: { type: PathPrefix, value: /cart }, method: GET }'));
    expect(found.documents).toContainEqual(
      expect.objectContaining({
        kind: 'Service',
        metadata: { name: 'shop-web' },
        spec: expect.objectContaining({
          endpoints: [
            { name: 'inside' },
            { name: 'routed', hosts: ['shop.example'], operations: [{ methods: ['GET'], path: '/cart/**' }] },
          ],
        }),
      }),
    );
    expect(allowsIn(found, undefined, 'shop.example', '/cart')).toBe(false);
    expect(allowsIn(found, 'data/db', 'shop.example', '/cart')).toBe(false);
    expect(found.remarks).toContainEqual(expect.objectContaining({ effect: 'narrower', concerns: 'every HTTPRoute' }));
  });

  it.each`
    because                                    | manifest                                                                                              | told
    ${'an expression is not read'}             | ${route('shop', 'web', '{ path: { type: RegularExpression, value: "/a.*" } }')}                       | ${'of type RegularExpression is not read'}
    ${'braces would be a template'}            | ${route('shop', 'web', '{ path: { type: Exact, value: "/{a}" } }')}                                   | ${'would be read as a template'}
    ${'a backend is elsewhere'}                | ${route('shop', 'nowhere', '{}')}                                                                     | ${'leads to no Service among these files'}
    ${'it names no host'}                      | ${route('shop', 'web', '{}', '[]')}                                                                   | ${'names no host'}
    ${'a policy may be open to addresses'}     | ${network('p', 'data', dbFrom('{ from: [{ ipBlock: { cidr: 10.0.0.0/8 } }] }'))}                      | ${'addresses (`ipBlock`) are not read'}
    ${'a service may name no pods'}            | ${service('ext', 'shop').replace('selector: { app: ext }, ', '')}                                     | ${'nobody knows who stands behind it'}
    ${'a policy may let out to addresses'}     | ${network('p', 'shop', '{ podSelector: {}, egress: [{ to: [{ ipBlock: { cidr: 10.0.0.0/8 } }] }] }')} | ${'addresses (`ipBlock`) are not read'}
    ${'a policy may be open to everyone'}      | ${network('p', 'data', dbFrom('{}'))}                                                                 | ${'it lets everyone in'}
    ${'no policy is open to everyone'}         | ${''}                                                                                                 | ${'no NetworkPolicy concerns it'}
    ${'services of others are other services'} | ${'apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: { name: k }\n'}                       | ${'it is not read'}
    ${'other kinds are not read'}              | ${'apiVersion: v1\nkind: Ingress\nmetadata: { name: i }\n'}                                           | ${'it is not read'}
  `('lists what they leave out: $because', ({ manifest, told }) => {
    const because = imported(...WORLD, ...(manifest === '' ? [] : [manifest])).remarks.map((remark) => remark.because);
    expect(because.filter((text) => text.includes(told))).not.toEqual([]);
  });

  it.each`
    because                                            | others                                                                                                                                                                    | allow
    ${'a list of one kind is read as its items'}       | ${['apiVersion: networking.k8s.io/v1\nkind: NetworkPolicyList\nitems: [{ metadata: { name: e, namespace: shop }, spec: { podSelector: {}, policyTypes: [Egress] } }]\n']} | ${false}
    ${'and so is one that is empty'}                   | ${['apiVersion: networking.k8s.io/v1\nkind: NetworkPolicyList\nitems: []\n']}                                                                                             | ${true}
    ${'what stands behind a service may be elsewhere'} | ${[service('api', 'shop').replace('selector: { app: api }, ', ''), network('a', 'shop', '{ podSelector: {}, ingress: [{}] }')]}                                           | ${false}
  `('$because', ({ others, allow }) => {
    const replaced = WORLD.filter(
      (text) => !others.some((other: string) => other.includes('kind: Service') && text === service('api', 'shop')),
    );
    expect(allowsIn(imported(...replaced, network('p', 'shop', API), ...others), 'shop/web', 'api.shop')).toBe(allow);
  });

  it('a list of a kind that forbids and is not read is refused', () => {
    const text =
      'apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicyList\nitems: [{ metadata: { name: e, namespace: shop }, spec: {} }]\n';
    expect(() => imported(...WORLD, text)).toThrow('CiliumNetworkPolicy `e`: it is not read, and may forbid');
  });

  it('of routes to one address the one without further conditions is described', () => {
    const canary = route('shop', 'api', '{ headers: [{ name: x-canary, value: "1" }] }');
    const found = imported(...WORLD, canary, route('shop', 'web', '{}'));
    expect(found.documents).toContainEqual(
      expect.objectContaining({
        metadata: { name: 'shop-web' },
        spec: expect.objectContaining({
          endpoints: [{ name: 'inside' }, { name: 'routed', hosts: ['shop.example'], operations: [{ path: '/**' }] }],
        }),
      }),
    );
    expect(found.remarks).toContainEqual({
      effect: 'narrower',
      concerns: 'HTTPRoute `shop/r`',
      because: '`shop.example/**` leads to `shop-web` already, and one address has one service here',
    });
  });

  it('knows services of other names, and lists of resources', () => {
    const external =
      'kind: Service\nmetadata: { name: cards, namespace: shop }\nspec: { type: ExternalName, externalName: api.cards.example }\n';
    const list = `kind: List\nitems:\n  - { kind: Service, metadata: { name: web }, spec: { selector: { app: web } } }\n`;
    const names = imported(external, list).documents.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(names).toEqual(['Domain cluster', 'Domain cluster.default', 'Service default-web', 'Service shop-cards']);
  });

  it.each`
    because                                     | text
    ${'there is no Service'}                    | ${namespace('shop')}
    ${'it is no YAML'}                          | ${'kind: [Service'}
    ${'it unfolds without end'} | ${`a: &a [x, x, x, x, x, x, x, x, x, x]\n${'bcdefghi'
  .split('')
  .map((name, index) => `${name}: &${name} [${Array.from({ length: 10 }, () => `*${'abcdefgh'[index]}`).join(', ')}]`)
  .join('\n')}\n`}
    ${'two services answer one address'}        | ${[...WORLD, route('shop', 'web', '{}'), route('shop', 'api', '{}')].join('---\n')}
    ${'another kind may forbid'}                | ${[...WORLD, 'apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: { name: c }\n'].join('---\n')}
    ${'another group has policies of the name'} | ${[...WORLD, 'apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: { name: c }\n'].join('---\n')}
    ${'Linkerd closes the ports it knows'}      | ${[...WORLD, 'apiVersion: policy.linkerd.io/v1beta3\nkind: Server\nmetadata: { name: c }\n'].join('---\n')}
    ${'Consul has intentions'}                  | ${[...WORLD, 'apiVersion: consul.hashicorp.com/v1alpha1\nkind: ServiceIntentions\nmetadata: { name: c }\n'].join('---\n')}
    ${'Kuma lets in whom it names'}             | ${[...WORLD, 'apiVersion: kuma.io/v1alpha1\nkind: MeshTrafficPermission\nmetadata: { name: c }\n'].join('---\n')}
    ${'a kind of a mesh is not known'}          | ${[...WORLD, 'apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: { name: c }\n'].join('---\n')}
    ${'the mesh may forbid'}                    | ${[...WORLD, 'apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: { name: c }\n'].join('---\n')}
  `('are refused when $because', ({ text }) => {
    expect(() => importKubernetes([{ file: 'all.yaml', text }], OPTIONS)).toThrow(ImportRefused);
  });

  it.each`
    because                                          | spec                                                                                                     | told
    ${'a map of peers is no list of them'}           | ${dbFrom(`{ from: { ${WEB} } }`)}                                                                        | ${'NetworkPolicy `data/p`: spec.ingress[0].from: it is no list'}
    ${'a map of rules is none either'}               | ${`{ podSelector: {}, ingress: { from: [{ ${WEB} }] } }`}                                                | ${'NetworkPolicy `data/p`: spec.ingress: it is no list'}
    ${'a rule is no text'}                           | ${dbFrom('web')}                                                                                         | ${'NetworkPolicy `data/p`: spec.ingress[0]: it is no map'}
    ${'an empty rule is written as one'}             | ${dbFrom('null')}                                                                                        | ${'NetworkPolicy `data/p`: spec.ingress[0]: it is no map'}
    ${'a misspelt member is not everyone'}           | ${dbFrom(`{ form: [{ ${WEB} }] }`)}                                                                      | ${'NetworkPolicy `data/p`: spec.ingress[0]: `form` is not known there'}
    ${'a rule for coming in says from where'}        | ${dbFrom(`{ to: [{ ${WEB} }] }`)}                                                                        | ${'NetworkPolicy `data/p`: spec.ingress[0]: `to` is not known there'}
    ${'a map of ports is no list of them'}           | ${dbFrom('{ ports: { port: 9999 } }')}                                                                   | ${'NetworkPolicy `data/p`: spec.ingress[0].ports: it is no list'}
    ${'a misspelt port is not every port'}           | ${dbFrom('{ ports: [{ prot: 9999 }] }')}                                                                 | ${'NetworkPolicy `data/p`: spec.ingress[0].ports[0]: `prot` is not known there'}
    ${'a list is no port'}                           | ${dbFrom('{ ports: [{ port: [9999] }] }')}                                                               | ${'NetworkPolicy `data/p`: spec.ingress[0].ports[0].port: it is neither a port'}
    ${'a protocol is one of three'}                  | ${dbFrom('{ ports: [{ protocol: tcp }] }')}                                                              | ${'NetworkPolicy `data/p`: spec.ingress[0].ports[0].protocol: it is no protocol'}
    ${'the end of a range is a number'}              | ${dbFrom('{ ports: [{ port: 8080, endPort: "8090" }] }')}                                                | ${'NetworkPolicy `data/p`: spec.ingress[0].ports[0].endPort: it is no port after'}
    ${'a range has a start'}                         | ${dbFrom('{ ports: [{ endPort: 8090 }] }')}                                                              | ${'NetworkPolicy `data/p`: spec.ingress[0].ports[0].endPort: it is no port after'}
    ${'a peer says whom'}                            | ${dbFrom('{ from: [{}] }')}                                                                              | ${'NetworkPolicy `data/p`: spec.ingress[0].from[0]: it says nobody'}
    ${'a misspelt selector selects nobody'}          | ${dbFrom('{ from: [{ podselector: {} }] }')}                                                             | ${'NetworkPolicy `data/p`: spec.ingress[0].from[0]: `podselector` is not known there'}
    ${'a list is no selector'}                       | ${dbFrom('{ from: [{ podSelector: [{}] }] }')}                                                           | ${'NetworkPolicy `data/p`: spec.ingress[0].from[0].podSelector: it is no map'}
    ${'nor of the pods concerned'}                   | ${'{ podSelector: [{}], ingress: [{}] }'}                                                                | ${'NetworkPolicy `data/p`: spec.podSelector: it is no map'}
    ${'a misspelt selector is not all pods'}         | ${'{ podSelector: { matchLabel: { app: x } }, ingress: [{}] }'}                                          | ${'NetworkPolicy `data/p`: spec.podSelector: `matchLabel` is not known there'}
    ${'a list of labels is no map of them'}          | ${'{ podSelector: { matchLabels: [{ app: x }] }, ingress: [{}] }'}                                       | ${'NetworkPolicy `data/p`: spec.podSelector.matchLabels: it is no map'}
    ${'a label is a text'}                           | ${'{ podSelector: { matchLabels: { app: [x] } }, ingress: [{}] }'}                                       | ${'NetworkPolicy `data/p`: spec.podSelector.matchLabels.app: it is no text'}
    ${'a map is no list of expressions'}             | ${'{ podSelector: { matchExpressions: { key: app, operator: Exists } }, ingress: [{}] }'}                | ${'NetworkPolicy `data/p`: spec.podSelector.matchExpressions: it is no list'}
    ${'not among none is everyone'}                  | ${'{ podSelector: { matchExpressions: [{ key: app, operator: NotIn, values: [] }] }, ingress: [{}] }'}   | ${'NetworkPolicy `data/p`: spec.podSelector.matchExpressions[0].values: it is empty'}
    ${'what is there has no values'}                 | ${'{ podSelector: { matchExpressions: [{ key: app, operator: Exists, values: [x] }] }, ingress: [{}] }'} | ${'NetworkPolicy `data/p`: spec.podSelector.matchExpressions[0].values: `Exists` takes none'}
    ${'an operator is one of four'}                  | ${'{ podSelector: { matchExpressions: [{ key: app, operator: Like, values: [x] }] }, ingress: [{}] }'}   | ${'NetworkPolicy `data/p`: spec.podSelector.matchExpressions[0].operator: it is none of'}
    ${'an expression is about a label'}              | ${'{ podSelector: { matchExpressions: [{ operator: Exists }] }, ingress: [{}] }'}                        | ${'NetworkPolicy `data/p`: spec.podSelector.matchExpressions[0].key: it is no label'}
    ${'a text is no list of types'}                  | ${'{ podSelector: {}, policyTypes: Egress, ingress: [{}] }'}                                             | ${'NetworkPolicy `data/p`: spec.policyTypes: it is no list'}
    ${'a type is one of two'}                        | ${'{ podSelector: {}, policyTypes: [egress], ingress: [{}] }'}                                           | ${'NetworkPolicy `data/p`: spec.policyTypes[0]: it is neither'}
    ${'a misspelt member of the policy counts, too'} | ${'{ podSelector: {}, policyType: [Egress], ingress: [{}] }'}                                            | ${'NetworkPolicy `data/p`: spec: `policyType` is not known there'}
  `('no API server takes, and they are refused: $because', ({ spec, told }) => {
    expect(() => imported(...WORLD, network('p', 'data', spec))).toThrow(told);
  });
});
