import { pathTemplateFault, hostPatternFault, type PolicyDocument, type ServiceDocument } from '#policy';
import {
  entriesOf,
  type ForeignFile,
  foreignDocuments,
  listOf,
  type Loose,
  member,
  textOf,
  within,
} from './foreign-text.js';
import { documentOf, type Imported, imported, ImportRefused, Remarks } from './imported.js';
import { namespaceOf, NetworkPolicies, peersOf, rulesOf, type Workload } from './network-policies.js';
import { checkNetworkPolicy } from './network-policy-shape.js';
import { type Labels, labelsOf, selects } from './selectors.js';

export interface KubernetesOptions {
  /** One name: the domain of the cluster. Each namespace is a domain in it. */
  readonly domain: string;
  /** Of the SPIFFE IDs that service accounts have, like `cluster.local`. */
  readonly trustDomain: string;
  /** The trust mechanism by which they are proven; its name is one of the whole set. */
  readonly mechanism: string;
}

type Endpoint = NonNullable<ServiceDocument['spec']['endpoints']>[number];
type Operation = { readonly methods?: string[]; readonly path: string };

/** One Service of Kubernetes on its way. */
interface Found {
  readonly resource: Loose;
  readonly namespace: string;
  readonly name: string;
  /** In documents. */
  readonly service: string;
  readonly workload: Workload;
  /** Of HTTPRoutes that lead to it. */
  readonly routes: { readonly hosts: readonly string[]; readonly operations: readonly Operation[] }[];
}

const WORKLOADS = ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Pod', 'Job', 'CronJob'];
/** Kinds that are read, and the groups that they are of: others have kinds of the same names. */
const GROUPS: ReadonlyMap<string, string> = new Map([
  ['Service', ''],
  ['Namespace', ''],
  ['Pod', ''],
  ['HTTPRoute', 'gateway.networking.k8s.io'],
  ['NetworkPolicy', 'networking.k8s.io'],
  ...['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'].map((kind) => [kind, 'apps'] as const),
  ...['Job', 'CronJob'].map((kind) => [kind, 'batch'] as const),
]);
/** Kinds that may forbid what NetworkPolicies let through. */
const MAY_FORBID = /(?:Network|Authorization|Traffic)\w*Policy$/;
/** Groups of meshes and networks, and what lies below them: which of their kinds forbid changes with their versions. */
const FORBIDDING_GROUPS = [
  'linkerd.io',
  'consul.hashicorp.com',
  'kuma.io',
  'istio.io',
  'cilium.io',
  'projectcalico.org',
  'antrea.io',
  'smi-spec.io',
  'openservicemesh.io',
  'k8s.ovn.org',
  'policy.networking.k8s.io',
];

/**
 * Services, HTTPRoutes and NetworkPolicies as documents. A namespace is a domain that asks for a rule even inside, a
 * NetworkPolicy gives rules between services, an HTTPRoute gives endpoints and marks them. What Kubernetes lets through
 * because nothing forbids it stays closed, and is listed.
 *
 * @throws ImportRefused
 */
export function importKubernetes(files: readonly ForeignFile[], options: KubernetesOptions): Imported {
  const { trustDomain, mechanism } = options;
  const all = files.flatMap(foreignDocuments).flatMap(unlisted);
  const resources = all.filter(isRead);
  const of = (kind: string): readonly Loose[] => resources.filter((resource) => member(resource, 'kind') === kind);
  const remarks = new Remarks();
  for (const resource of all) if (!isRead(resource)) leaveOut(resource, remarks);
  const external = of('Service').filter((resource) => within(resource, 'spec', 'type') === 'ExternalName');
  const found = of('Service')
    .filter((resource) => !external.includes(resource))
    .map((resource) => foundOf(resource, of('Namespace')));
  if (found.length + external.length === 0) throw new ImportRefused(['there is no Service among these files']);
  addRoutes(of('HTTPRoute'), found, remarks);
  const others = all.filter((resource) => !isRead(resource)).flatMap(podsOfOthers);
  const identities = identitiesOf(found, [...WORKLOADS.flatMap(of).map(podsOf), ...others], remarks);
  for (const policy of of('NetworkPolicy')) checkNetworkPolicy(policy, calledPolicy(policy));
  const policies = new NetworkPolicies(of('NetworkPolicy'));
  tellOfPeers(of('NetworkPolicy'), remarks);
  const namespaces = [...new Set(found.map(({ namespace }) => namespace))].sort();
  const routed = found.filter(({ routes }) => routes.length > 0).map(({ service }) => service);
  const root = documentOf(
    'Domain',
    { name: options.domain },
    {
      mechanisms: [{ name: mechanism, role: 'trust', kind: 'spiffe', spiffe: { trustDomain } }],
      trust: [mechanism],
      ...(routed.length > 0 && { boundary: routed.map((service) => `${service}/routed`) }),
    },
  );
  if (routed.length > 0) {
    remarks.narrower(
      'every HTTPRoute',
      'a gateway lets everyone in; here nobody is until the domain has an `access` and a rule',
    );
  }
  const documents: readonly PolicyDocument[] = [
    root,
    ...namespaces.flatMap((namespace) => namespaceDocuments(namespace, found, policies, { options, remarks })),
    ...found.map((one) => serviceOf(one, identities.get(one), options)),
    ...external.map((resource) => externalOf(resource, found)),
  ];
  return imported(documents, remarks);
}

function isRead(resource: Loose): boolean {
  const group = GROUPS.get(kindOf(resource));
  const version = textOf(member(resource, 'apiVersion')) ?? '';
  return group !== undefined && (version === '' || version.split('/').slice(0, -1).join('/') === group);
}

function isOfGroup(resource: Loose, group: string): boolean {
  const [own = ''] = (textOf(member(resource, 'apiVersion')) ?? '').split('/');
  return own === group || own.endsWith(`.${group}`);
}

function kindOf(resource: Loose): string {
  return textOf(member(resource, 'kind')) ?? 'something without a kind';
}

/** @throws ImportRefused  for what may forbid, since to leave it out would let through more */
function leaveOut(resource: Loose, remarks: Remarks): void {
  const called = `${kindOf(resource)} \`${nameOf(resource)}\``;
  if (MAY_FORBID.test(kindOf(resource)) || FORBIDDING_GROUPS.some((group) => isOfGroup(resource, group))) {
    throw new ImportRefused([`${called}: it is not read, and may forbid what the documents would allow`]);
  }
  remarks.narrower(called, 'it is not read');
}

/** What a list holds, one by one. In a list of one kind the items do not say theirs. */
function unlisted(resource: Loose): readonly Loose[] {
  const kind = kindOf(resource);
  const items = member(resource, 'items');
  if (kind === 'List') return listOf(items).flatMap(unlisted);
  if (!kind.endsWith('List') || !Array.isArray(items)) return [resource];
  const said = { apiVersion: member(resource, 'apiVersion'), kind: kind.slice(0, -'List'.length) };
  return (items as readonly Loose[]).map((item) => ({ ...said, ...(item as object | null) }));
}

function nameOf(resource: Loose): string {
  return textOf(within(resource, 'metadata', 'name')) ?? '';
}

function foundOf(resource: Loose, namespaces: readonly Loose[]): Found {
  const [namespace, name] = [namespaceOf(resource), nameOf(resource)];
  const own = namespaces.find((one) => nameOf(one) === namespace);
  const selector = labelsOf(within(resource, 'spec', 'selector'));
  return {
    resource,
    namespace,
    name,
    service: `${namespace}-${name}`,
    workload: {
      namespace,
      namespaceLabels: own === undefined ? undefined : labelsOf(within(own, 'metadata', 'labels')),
      podLabels: selector.size === 0 ? undefined : selector,
      ports: listOf(within(resource, 'spec', 'ports')).map((port) => ({
        protocol: textOf(member(port, 'protocol')) ?? 'TCP',
        port: (member(port, 'targetPort') ?? member(port, 'port')) as number | string,
      })),
    },
    routes: [],
  };
}

interface Making {
  readonly options: KubernetesOptions;
  readonly remarks: Remarks;
}

function namespaceDocuments(
  namespace: string,
  found: readonly Found[],
  policies: NetworkPolicies,
  { options, remarks }: Making,
): readonly PolicyDocument[] {
  const domain = `${options.domain}.${namespace}`;
  const own = found.filter((one) => one.namespace === namespace);
  const rules = own.flatMap((target) => {
    if (target.workload.podLabels === undefined) {
      remarks.narrower(
        `Service \`${namespace}/${target.name}\``,
        'it selects no pods: nobody knows who stands behind it',
      );
    } else if (policies.isOpen('Ingress', target.workload)) {
      remarks.narrower(
        `Service \`${namespace}/${target.name}\``,
        'no NetworkPolicy concerns it, so that Kubernetes lets everyone in',
      );
    }
    const callers = found.filter((caller) => caller !== target && policies.lets(caller.workload, target.workload));
    return callers.length === 0 ? [] : [{ target, callers }];
  });
  const entered = rules.filter(({ callers }) => callers.some((caller) => caller.namespace !== namespace));
  const marks = [
    ...entered.map(({ target }) => `${target.service}/*`),
    ...own.filter(({ routes }) => routes.length > 0).map(({ service }) => `${service}/routed`),
  ];
  return [
    documentOf(
      'Domain',
      { name: domain },
      {
        zeroTrust: true,
        // Whoever crosses is known by its identity in the mesh, and brings no other credential.
        ...(entered.length > 0 && { access: ['anonymous'] }),
        ...(marks.length > 0 && { boundary: marks }),
      },
    ),
    ...(rules.length === 0
      ? []
      : [
          documentOf(
            'Policy',
            { name: `network-${namespace}`, domain },
            {
              rules: rules.map(({ target, callers }) => ({
                id: target.name,
                effect: 'allow' as const,
                who: { anonymous: true, services: callers.map(({ service }) => service).sort() },
                what: { services: [target.service] },
              })),
            },
          ),
        ]),
  ];
}

function serviceOf(
  found: Found,
  account: string | undefined,
  { domain, trustDomain, mechanism }: KubernetesOptions,
): PolicyDocument {
  const { namespace, name, service, routes } = found;
  const hosts = [`${name}.${namespace}`, `${name}.${namespace}.svc`, `${name}.${namespace}.svc.cluster.local`];
  const endpoints: readonly Endpoint[] = [
    { name: 'inside' },
    ...(routes.length === 0 ? [] : [{ name: 'routed', ...joined(routes) }]),
  ];
  return documentOf(
    'Service',
    { name: service },
    {
      domains: [`${domain}.${namespace}`],
      ...(account !== undefined && {
        identities: [{ mechanism, subject: `spiffe://${trustDomain}/ns/${namespace}/sa/${account}` }],
      }),
      hosts,
      ...(routes.length > 0 && { endpoints: [...endpoints] }),
    },
  );
}

function joined(
  routes: Found['routes'],
): Pick<Extract<Endpoint, { operations?: { path: string }[] }>, 'hosts' | 'operations'> {
  const hosts = [...new Set(routes.flatMap((route) => route.hosts))].sort();
  const operations = new Map<string, Operation>();
  for (const operation of routes.flatMap((route) => route.operations)) {
    operations.set(JSON.stringify(operation), operation);
  }
  return { hosts, operations: [...operations.values()] };
}

function externalOf(resource: Loose, found: readonly Found[]): PolicyDocument {
  const service = `${namespaceOf(resource)}-${nameOf(resource)}`;
  const host = textOf(within(resource, 'spec', 'externalName')) ?? '';
  if (found.some((one) => one.service === service)) throw new ImportRefused([`two Services are called \`${service}\``]);
  return documentOf('Service', { name: service }, { kind: 'external', hosts: [host.toLowerCase().replace(/\.$/, '')] });
}

/** What one match of an HTTPRoute says. */
interface Match {
  /** The route, to tell. */
  readonly called: string;
  readonly target: Found;
  readonly hosts: readonly string[];
  readonly operation: Operation;
  /** Whether a request has to have more than a method and a path. */
  readonly isConditional: boolean;
}

function addRoutes(routes: readonly Loose[], found: readonly Found[], remarks: Remarks): void {
  const matches = routes.flatMap((route) => matchesOf(route, found, remarks));
  const answered = new Map<string, Found>();
  // One address has one service here: rather the one that gets what no condition sends elsewhere.
  for (const isConditional of [false, true]) {
    for (const match of matches) if (match.isConditional === isConditional) addMatch(match, answered, remarks);
  }
}

function matchesOf(route: Loose, found: readonly Found[], remarks: Remarks): readonly Match[] {
  const called = `HTTPRoute \`${namespaceOf(route)}/${nameOf(route)}\``;
  const named = listOf(within(route, 'spec', 'hostnames')).flatMap((host) => textOf(host) ?? []);
  const hosts = named.filter((host) => hostPatternFault(host) === undefined);
  if (hosts.length === 0) {
    remarks.narrower(called, 'it names no host that can be said');
    return [];
  }
  return listOf(within(route, 'spec', 'rules')).flatMap((rule) => {
    const backends = listOf(member(rule, 'backendRefs')).filter(
      (one) => (member(one, 'kind') ?? 'Service') === 'Service',
    );
    const [first, ...others] = backends;
    const target = found.find(
      ({ namespace, name }) =>
        name === member(first, 'name') && namespace === (member(first, 'namespace') ?? namespaceOf(route)),
    );
    if (target === undefined) {
      remarks.narrower(called, 'a rule of it leads to no Service among these files');
      return [];
    }
    if (others.length > 0) remarks.note(called, 'of several backends of one rule the first stands for all');
    return operationsOf(rule, called, remarks).map((operation) => ({ called, target, hosts, ...operation }));
  });
}

/** Routes of one service come under one endpoint where their hosts are the same, so that no address is widened. */
function addMatch(
  { called, target, hosts, operation, isConditional }: Match,
  answered: Map<string, Found>,
  remarks: Remarks,
): void {
  const before = target.routes[0];
  if (before !== undefined && [...before.hosts].sort().join() !== [...hosts].sort().join()) {
    remarks.narrower(called, `\`${target.service}\` is already reached by other hosts; these are left out`);
    return;
  }
  const method = operation.methods?.map((one) => `${one} `).join('') ?? '';
  const addresses = hosts.map((host) => `${method}${host}${operation.path}`);
  for (const address of addresses) {
    const other = answered.get(address) ?? target;
    // Of two that ask for nothing more nobody knows which one it is, and the set of both is refused.
    if (other === target || !isConditional) continue;
    remarks.narrower(
      called,
      `\`${address}\` leads to \`${other.service}\` already, and one address has one service here`,
    );
    return;
  }
  for (const address of addresses) answered.set(address, target);
  target.routes.push({ hosts, operations: [operation] });
}

function operationsOf(
  rule: Loose,
  called: string,
  remarks: Remarks,
): readonly Pick<Match, 'operation' | 'isConditional'>[] {
  const matches = listOf(member(rule, 'matches'));
  return (matches.length === 0 ? [{}] : matches).flatMap((match) => {
    const value = textOf(within(match, 'path', 'value')) ?? '/';
    const type = textOf(within(match, 'path', 'type')) ?? 'PathPrefix';
    const method = textOf(member(match, 'method'));
    const conditions = ['headers', 'queryParams'].filter((other) => listOf(member(match, other)).length > 0);
    for (const other of conditions) {
      remarks.note(called, `which \`${other}\` a request must have is for a rule to say`);
    }
    const path = type === 'Exact' ? value : `${value.replace(/\/+$/, '')}/**`;
    const fault = type === 'Exact' || type === 'PathPrefix' ? literalFault(value, path) : `of type ${type} is not read`;
    if (fault !== undefined) {
      remarks.narrower(called, `the path \`${value}\` ${fault}`);
      return [];
    }
    const operation = { ...(method !== undefined && { methods: [method] }), path };
    return { operation, isConditional: conditions.length > 0 };
  });
}

/** What a route takes literally must not become a template. */
function literalFault(value: string, path: string): string | undefined {
  return /[*{}]/.test(value) ? 'has signs that would be read as a template' : pathTemplateFault(path);
}

/** Pods that some resource makes. */
interface Pods {
  readonly namespace: string;
  /** All of them; undefined where nobody knows which pods they are, or policies do not tell them from others. */
  readonly labels: Labels | undefined;
  readonly account: string;
}

/** Service accounts that stand for one service and nothing else. */
function identitiesOf(
  found: readonly Found[],
  accounts: readonly Pods[],
  remarks: Remarks,
): ReadonlyMap<Found, string> {
  const identities = new Map<Found, string>();
  for (const one of found) {
    const called = `Service \`${one.namespace}/${one.name}\``;
    const { podLabels } = one.workload;
    const isOf = (pods: Pods, other: Found): boolean =>
      pods.namespace === other.namespace &&
      pods.labels !== undefined &&
      other.workload.podLabels !== undefined &&
      selects({ matchLabels: Object.fromEntries(other.workload.podLabels) }, pods.labels, true) === 'yes';
    const own = podLabels === undefined ? [] : accounts.filter((pods) => isOf(pods, one));
    const [account, ...more] = [...new Set(own.map((pods) => pods.account))];
    const sharing = accounts.filter((pods) => pods.namespace === one.namespace && pods.account === account);
    const isAlone =
      sharing.every((pods) => isOf(pods, one)) &&
      !found.some((other) => other !== one && own.some((pods) => isOf(pods, other)));
    if (account === undefined) {
      remarks.narrower(
        called,
        'no workload among these files says by which service account its pods are known, so that it can call nobody',
      );
    } else if (account === 'default' || more.length > 0 || !isAlone) {
      remarks.narrower(called, 'its pods have no service account of their own, so that it can call nobody');
    } else {
      identities.set(one, account);
    }
  }
  return identities;
}

function podsOf(workload: Loose): Pods {
  const template = templateOf(workload);
  const spec = member(template, 'spec');
  return {
    namespace: namespaceOf(workload),
    // Pods in the network of their host have its address, by which policies take them for the host.
    labels: member(spec, 'hostNetwork') === true ? undefined : labelsOf(within(template, 'metadata', 'labels')),
    account: accountOf(spec) ?? 'default',
  };
}

/** The account by its name, or by the name that this member had before. */
function accountOf(spec: Loose): string | undefined {
  const [account, older] = [member(spec, 'serviceAccountName'), member(spec, 'serviceAccount')];
  return [account, older, member(older, 'name')].map(textOf).find((name) => name !== undefined && name !== '');
}

/** Wherever something that is not read names an account: what it makes of it may be anything. */
function podsOfOthers(resource: Loose): readonly Pods[] {
  const namespace = namespaceOf(resource);
  const accounts = new Set<string>();
  const look = (value: Loose): void => {
    if (typeof value !== 'object' || value === null) return;
    const account = accountOf(value);
    if (account !== undefined) accounts.add(account);
    for (const inner of Object.values(value)) look(inner);
  };
  look(resource);
  return [...accounts].map((account) => ({ namespace, labels: undefined, account }));
}

/** Of a workload, what its pods are made from. */
function templateOf(workload: Loose): Loose {
  switch (member(workload, 'kind')) {
    case 'Pod':
      return workload;
    case 'CronJob':
      return within(workload, 'spec', 'jobTemplate', 'spec', 'template');
    default:
      return within(workload, 'spec', 'template');
  }
}

function calledPolicy(policy: Loose): string {
  return `NetworkPolicy \`${namespaceOf(policy)}/${nameOf(policy)}\``;
}

function tellOfPeers(policies: readonly Loose[], remarks: Remarks): void {
  for (const policy of policies) {
    const called = calledPolicy(policy);
    for (const direction of ['Ingress', 'Egress'] as const) {
      for (const rule of rulesOf(policy, direction)) {
        if (peersOf(rule, direction)?.some((peer) => member(peer, 'ipBlock') !== undefined)) {
          remarks.narrower(called, 'addresses (`ipBlock`) are not read; a `network` mechanism can say them');
        }
      }
    }
    for (const rule of rulesOf(policy, 'Ingress')) {
      if (peersOf(rule, 'Ingress') === undefined)
        remarks.narrower(called, 'it lets everyone in; here only the services among these files');
      if (listOf(member(rule, 'ports')).length > 0) {
        remarks.note(called, 'a rule counts only for services all of whose ports it names: documents know no ports');
      }
    }
    if (entriesOf(within(policy, 'spec')).length === 0) remarks.narrower(called, 'it says nothing');
  }
}
