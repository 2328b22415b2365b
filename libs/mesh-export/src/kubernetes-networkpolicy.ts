/**
 * Kubernetes' `NetworkPolicy`: who may open a connection to the pods of a service. Calico, Cilium and others enforce it.
 *
 * @see https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/
 */
import type { Connections } from './connections.js';
import type { Caller } from './model.js';
import { type ClusterNames, type Home, workloadOf } from './workloads.js';

export const NAMESPACE_NAME = 'kubernetes.io/metadata.name';

export function networkPolicies(
  byService: ReadonlyMap<string, Connections>,
  homes: readonly Home[],
  { podLabel }: ClusterNames,
): readonly object[] {
  return homes.map(({ service, namespace }) => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: `dharma-${service}`, namespace },
    spec: {
      podSelector: { matchLabels: { [podLabel]: service } },
      policyTypes: ['Ingress'],
      ingress: ingressOf(byService.get(service), podLabel),
    },
  }));
}

/** An empty list is nobody, an empty rule anyone. */
function ingressOf(connections: Connections | undefined, podLabel: string): readonly object[] {
  if (connections?.anyone === true) return [{}];
  const from = (connections?.callers ?? []).flatMap((caller) => peerOf(caller, podLabel) ?? []);
  return from.length > 0 ? [{ from }] : [];
}

function peerOf({ kind, service, subject }: Caller, podLabel: string): object | undefined {
  if (kind === 'network') return { ipBlock: { cidr: blockOf(subject) } };
  const workload = workloadOf(subject);
  if (workload === undefined) return undefined;
  return {
    namespaceSelector: { matchLabels: { [NAMESPACE_NAME]: workload.namespace } },
    podSelector: { matchLabels: { [podLabel]: service } },
  };
}

/** An address as the block that holds it alone. */
export function blockOf(subject: string): string {
  if (subject.includes('/')) return subject;
  return `${subject}/${subject.includes(':') ? 128 : 32}`;
}
