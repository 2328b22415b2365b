import { listOf, type Loose, member, textOf, within } from './foreign-text.js';
import { type Certainty, every, type Labels, selects, some } from './selectors.js';

/** What stands behind a Service: pods of one namespace that have its labels. */
export interface Workload {
  readonly namespace: string;
  /** All labels of the namespace, where it is among the files. */
  readonly namespaceLabels: Labels | undefined;
  /** Undefined: the Service names no pods. */
  readonly podLabels: Labels | undefined;
  /** Ports of its pods, by number or name, with their protocol. */
  readonly ports: readonly { readonly protocol: string; readonly port: number | string }[];
}

type Direction = 'Ingress' | 'Egress';

/** Written by Kubernetes itself on every namespace. */
const NAMESPACE_NAME = 'kubernetes.io/metadata.name';

/** NetworkPolicies, asked who may open a connection to whom. Of what nobody can know the answer is no. */
export class NetworkPolicies {
  readonly #policies: readonly Loose[];

  constructor(policies: readonly Loose[]) {
    this.#policies = policies;
  }

  /** Whether some policy lets this caller in for certain, and none that may concern it keeps it from going out. */
  lets(caller: Workload, target: Workload): boolean {
    return (
      this.#lets('Ingress', target, caller, target) &&
      (this.isOpen('Egress', caller) || this.#lets('Egress', caller, target, target))
    );
  }

  /** Whether no policy concerns its connections, which Kubernetes takes for a yes. */
  isOpen(direction: Direction, workload: Workload): boolean {
    return this.#policies.every((policy) => concerns(policy, direction, workload) === 'no');
  }

  #lets(direction: Direction, concerned: Workload, peer: Workload, target: Workload): boolean {
    return this.#policies.some(
      (policy) =>
        concerns(policy, direction, concerned) === 'yes' &&
        rulesOf(policy, direction).some(
          (rule) => holdsPeer(rule, direction, policy, peer) === 'yes' && holdsPorts(rule, target),
        ),
    );
  }
}

/** Rules of a policy that say something of a direction. */
export function rulesOf(policy: Loose, direction: Direction): readonly Loose[] {
  return listOf(within(policy, 'spec', direction === 'Ingress' ? 'ingress' : 'egress'));
}

/** Peers of a rule; undefined: everyone. */
export function peersOf(rule: Loose, direction: Direction): readonly Loose[] | undefined {
  const peers = listOf(member(rule, direction === 'Ingress' ? 'from' : 'to'));
  return peers.length === 0 ? undefined : peers;
}

export function namespaceOf(resource: Loose): string {
  return textOf(within(resource, 'metadata', 'namespace')) ?? 'default';
}

function concerns(policy: Loose, direction: Direction, workload: Workload): Certainty {
  if (namespaceOf(policy) !== workload.namespace) return 'no';
  const types = listOf(within(policy, 'spec', 'policyTypes'));
  const isOfDirection =
    types.length > 0
      ? types.includes(direction)
      : direction === 'Ingress' || within(policy, 'spec', 'egress') !== undefined;
  if (!isOfDirection) return 'no';
  return podsIn(within(policy, 'spec', 'podSelector'), workload);
}

function podsIn(selector: Loose, { podLabels }: Workload): Certainty {
  // Behind a Service that names no pods are addresses of anybody, also in other namespaces.
  return podLabels === undefined ? 'unknown' : selects(selector, podLabels, false);
}

function holdsPeer(rule: Loose, direction: Direction, policy: Loose, peer: Workload): Certainty {
  const peers = peersOf(rule, direction);
  if (peers === undefined) return 'yes';
  return some(
    peers.map((one) => {
      if (member(one, 'ipBlock') !== undefined) return 'unknown';
      const pods = member(one, 'podSelector');
      return every([
        namespaceIn(member(one, 'namespaceSelector'), namespaceOf(policy), peer),
        pods === undefined ? 'yes' : podsIn(pods, peer),
      ]);
    }),
  );
}

function namespaceIn(selector: Loose, own: string, { namespace, namespaceLabels }: Workload): Certainty {
  if (selector === undefined) return namespace === own ? 'yes' : 'no';
  const labels = new Map(namespaceLabels ?? []).set(NAMESPACE_NAME, namespace);
  return selects(selector, labels, namespaceLabels !== undefined);
}

/** Whether every port that the target serves on is among the rule's: documents know services and no ports. */
function holdsPorts(rule: Loose, { ports }: Workload): boolean {
  const allowed = listOf(member(rule, 'ports'));
  if (allowed.length === 0) return true;
  return (
    ports.length > 0 &&
    ports.every(({ protocol, port }) =>
      allowed.some((one) => (textOf(member(one, 'protocol')) ?? 'TCP') === protocol && holdsPort(one, port)),
    )
  );
}

function holdsPort(allowed: Loose, port: number | string): boolean {
  const first = member(allowed, 'port');
  const last = member(allowed, 'endPort');
  if (first === undefined) return true;
  if (typeof last === 'number') {
    return typeof first === 'number' && typeof port === 'number' && first <= port && port <= last;
  }
  return first === port;
}
