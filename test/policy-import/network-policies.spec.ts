/** What imported NetworkPolicies let through, held against what Kubernetes says of every single pod. */
import fc from 'fast-check';
import { compile, decide } from '#engine';
import { loadBundle, requestFromText } from '#policy';
import { importKubernetes } from '#policy-import';

const RUNS = process.env['DHARMA_LONG'] === '1' ? 5_000 : 400;
const OPTIONS = { domain: 'cluster', trustDomain: 'cluster.local', mechanism: 'mesh' };
const KEYS = ['app', 'tier'];
const VALUES = ['a', 'b', 'c'];
const NAMESPACES = ['shop', 'data'];
const OWN_NAME = 'kubernetes.io/metadata.name';

interface Labels {
  readonly [key: string]: string;
}
interface Expression {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values?: readonly string[];
}
interface Selector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly Expression[];
}
interface Port {
  readonly protocol?: string;
  readonly port?: number | string;
  readonly endPort?: number;
}
interface Peer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: object;
}
interface Rule {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports?: readonly Port[];
}
interface Policy {
  readonly namespace: string;
  readonly spec: {
    readonly podSelector: Selector;
    readonly policyTypes?: readonly string[];
    readonly ingress?: readonly Rule[];
    readonly egress?: readonly Rule[];
  };
}
interface ServicePort {
  readonly port: number;
  readonly targetPort?: number | string;
  readonly protocol?: string;
}
interface Service {
  readonly namespace: string;
  /** Beside the label that only its own pods have. */
  readonly selector: Labels;
  readonly ports: readonly ServicePort[];
  /** Other labels of its pods, one entry a workload. */
  readonly pods: readonly Labels[];
}
interface Pod {
  readonly namespace: string;
  readonly labels: Labels;
}

const labels: fc.Arbitrary<Labels> = fc.dictionary(fc.constantFrom(...KEYS), fc.constantFrom(...VALUES));
const expression = fc.record({ key: fc.constantFrom(...KEYS) }).chain(({ key }) =>
  fc.oneof(
    fc.record({
      key: fc.constant(key),
      operator: fc.constantFrom('In' as const, 'NotIn' as const),
      values: fc.array(fc.constantFrom(...VALUES), { minLength: 1, maxLength: 2 }),
    }),
    fc.record({ key: fc.constant(key), operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const) }),
  ),
);
const selector: fc.Arbitrary<Selector> = fc.oneof(
  fc.constant({}),
  fc.record({ matchLabels: labels, matchExpressions: fc.array(expression, { maxLength: 1 }) }, { requiredKeys: [] }),
);
const namespaceSelector = fc.oneof(
  selector,
  fc.constantFrom(...NAMESPACES).map((name): Selector => ({ matchLabels: { [OWN_NAME]: name } })),
);
const peer: fc.Arbitrary<Peer> = fc.oneof(
  fc.record({ podSelector: selector }),
  fc.record({ namespaceSelector }),
  fc.record({ namespaceSelector, podSelector: selector }),
  fc.constant({ ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8'] } }),
);
const ports = fc.array(
  fc.constantFrom<Port>(
    { port: 8080 },
    { port: 'http' },
    { port: 80, endPort: 90 },
    { port: 53, protocol: 'UDP' },
    { protocol: 'TCP' },
    {},
  ),
  { maxLength: 2 },
);
const rules = (peers: 'from' | 'to'): fc.Arbitrary<Rule[]> =>
  fc.array(fc.record({ [peers]: fc.array(peer, { maxLength: 2 }), ports }, { requiredKeys: [] }), { maxLength: 2 });
const policy: fc.Arbitrary<Policy> = fc.record({
  namespace: fc.constantFrom(...NAMESPACES),
  spec: fc.record(
    {
      podSelector: selector,
      policyTypes: fc.constantFrom([], ['Ingress'], ['Egress'], ['Ingress', 'Egress']),
      ingress: rules('from'),
      egress: rules('to'),
    },
    { requiredKeys: ['podSelector'] },
  ),
});
const service: fc.Arbitrary<Service> = fc.record({
  namespace: fc.constantFrom(...NAMESPACES),
  selector: labels,
  ports: fc.array(
    fc.constantFrom<ServicePort>(
      { port: 80, targetPort: 8080 },
      { port: 81, targetPort: 'http' },
      { port: 82 },
      { port: 53, protocol: 'UDP' },
    ),
    { minLength: 1, maxLength: 2 },
  ),
  pods: fc.array(labels, { minLength: 1, maxLength: 2 }),
});
const clusters = fc.record({
  namespaces: fc.tuple(labels, labels),
  services: fc.array(service, { minLength: 2, maxLength: 4 }),
  policies: fc.array(policy, { minLength: 1, maxLength: 4 }),
});

/** As the API says what a selector, a rule and a policy mean, of things all of whose labels are known. */
function holds({ matchLabels = {}, matchExpressions = [] }: Selector, known: Labels): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => known[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const isOneOf = key in known && values.includes(known[key]!);
      return { In: isOneOf, NotIn: !isOneOf, Exists: key in known, DoesNotExist: !(key in known) }[operator];
    })
  );
}

function holdsPort(allowed: Port, { port, targetPort = port, protocol = 'TCP' }: ServicePort): boolean {
  if ((allowed.protocol ?? 'TCP') !== protocol) return false;
  if (allowed.port === undefined) return true;
  if (allowed.endPort === undefined) return allowed.port === targetPort;
  return typeof targetPort === 'number' && targetPort >= Number(allowed.port) && targetPort <= allowed.endPort;
}

function mayConnect(
  policies: readonly Policy[],
  namespaces: ReadonlyMap<string, Labels>,
  [from, to, port]: readonly [Pod, Pod, ServicePort],
): boolean {
  const isLet = (direction: 'Ingress' | 'Egress', own: Pod, other: Pod): boolean => {
    const concerned = policies.filter(({ namespace, spec }) => {
      const written = spec.policyTypes ?? [];
      const types = written.length > 0 ? written : ['Ingress', ...((spec.egress ?? []).length > 0 ? ['Egress'] : [])];
      return namespace === own.namespace && types.includes(direction) && holds(spec.podSelector, own.labels);
    });
    const holdsPeer = (one: Peer, namespace: string): boolean =>
      one.ipBlock === undefined &&
      (one.namespaceSelector === undefined
        ? other.namespace === namespace
        : holds(one.namespaceSelector, namespaces.get(other.namespace)!)) &&
      holds(one.podSelector ?? {}, other.labels);
    return (
      concerned.length === 0 ||
      concerned.some(({ namespace, spec }) =>
        ((direction === 'Ingress' ? spec.ingress : spec.egress) ?? []).some((rule) => {
          const peers = (direction === 'Ingress' ? rule.from : rule.to) ?? [];
          const allowed = rule.ports ?? [];
          return (
            (peers.length === 0 || peers.some((one) => holdsPeer(one, namespace))) &&
            (allowed.length === 0 || allowed.some((one) => holdsPort(one, port)))
          );
        }),
      )
    );
  };
  return isLet('Ingress', to, from) && isLet('Egress', from, to);
}

it('let a service through only where each of its pods reaches each pod of the other at each port', () => {
  let allowed = 0;
  fc.assert(
    fc.property(clusters, ({ namespaces: [shop, data], services, policies }) => {
      const known = new Map([shop, data].map((own, at) => [NAMESPACES[at]!, { ...own, [OWN_NAME]: NAMESPACES[at]! }]));
      const called = services.map((one, at) => {
        const chosen = { ...one.selector, service: `s${at}` };
        const pods = one.pods.map((more) => ({ namespace: one.namespace, labels: { ...more, ...chosen } }));
        return { ...one, name: `s${at}`, chosen, pods };
      });
      const manifests = [
        ...[...known].map(([name, own]) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: own } })),
        ...called.flatMap(({ name, namespace, chosen, ports: served, pods }) => [
          {
            apiVersion: 'v1',
            kind: 'Service',
            metadata: { name, namespace },
            spec: { selector: chosen, ports: served },
          },
          ...pods.map((pod, at) => ({
            apiVersion: 'apps/v1',
            kind: 'Deployment',
            metadata: { name: `${name}-${at}`, namespace },
            spec: { template: { metadata: { labels: pod.labels }, spec: { serviceAccountName: name } } },
          })),
        ]),
        ...policies.map(({ namespace, spec }, at) => ({
          apiVersion: 'networking.k8s.io/v1',
          kind: 'NetworkPolicy',
          metadata: { name: `p${at}`, namespace },
          spec,
        })),
      ];
      const text = JSON.stringify({ kind: 'List', items: manifests });
      const { documents } = importKubernetes([{ file: 'all.json', text }], OPTIONS);
      const { world } = loadBundle([
        { file: 'all', text: documents.map((one) => JSON.stringify(one)).join('\n---\n') },
      ]);
      const snapshot = compile(world!);
      for (const caller of called) {
        const subject = `spiffe://cluster.local/ns/${caller.namespace}/sa/${caller.name}`;
        const evidence = [{ role: 'trust', mechanism: 'mesh', subject }];
        for (const target of called.filter((one) => one !== caller)) {
          const asked = { target: { host: `${target.name}.${target.namespace}`, method: 'GET', path: '/' }, evidence };
          const read = requestFromText(JSON.stringify(asked), { mode: 'offline', now: 0 });
          if (!('request' in read)) throw new Error(JSON.stringify(read));
          if (decide(snapshot, read.request).decision !== 'allow') continue;
          allowed += 1;
          const all = caller.pods.flatMap((from) =>
            target.pods.flatMap((to) => target.ports.map((port) => [from, to, port] as const)),
          );
          expect(all.filter((one) => !mayConnect(policies, known, one))).toEqual([]);
        }
      }
    }),
    { numRuns: RUNS, seed: 11 },
  );
  // A comparison of nothing but denials would compare nothing.
  expect(allowed).toBeGreaterThan(RUNS / 2);
});
