/**
 * Cilium's `CiliumNetworkPolicy`: like a `NetworkPolicy`, with callers known by their service accounts.
 *
 * @see https://docs.cilium.io/en/stable/security/policy/language/
 */
import type { Connections } from './connections.js';
import { blockOf } from './kubernetes-networkpolicy.js';
import type { Caller } from './model.js';
import { type ClusterNames, type Home, workloadOf } from './workloads.js';

const NAMESPACE = 'k8s:io.kubernetes.pod.namespace';
const SERVICE_ACCOUNT = 'k8s:io.cilium.k8s.policy.serviceaccount';

export function ciliumPolicies(
  byService: ReadonlyMap<string, Connections>,
  homes: readonly Home[],
  { podLabel }: ClusterNames,
): readonly object[] {
  return homes.map(({ service, namespace }) => ({
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumNetworkPolicy',
    metadata: { name: `dharma-${service}`, namespace },
    spec: {
      endpointSelector: { matchLabels: { [podLabel]: service } },
      ingress: ingressOf(byService.get(service), podLabel),
    },
  }));
}

/** One empty rule lets nothing in and makes everything that no rule lets in refused. */
function ingressOf(connections: Connections | undefined, podLabel: string): readonly object[] {
  if (connections?.anyone === true) return [{ fromEntities: ['all'] }];
  const callers = connections?.callers ?? [];
  const fromEndpoints = callers.flatMap((caller) => endpointsOf(caller, podLabel) ?? []);
  const fromCIDR = callers.filter(({ kind }) => kind === 'network').map(({ subject }) => blockOf(subject));
  const rules = [
    ...(fromEndpoints.length > 0 ? [{ fromEndpoints }] : []),
    ...(fromCIDR.length > 0 ? [{ fromCIDR }] : []),
  ];
  return rules.length > 0 ? rules : [{}];
}

function endpointsOf({ kind, service, subject }: Caller, podLabel: string): object | undefined {
  const workload = kind === 'spiffe' ? workloadOf(subject) : undefined;
  if (workload === undefined) return undefined;
  const { namespace, serviceAccount } = workload;
  const who = serviceAccount === undefined ? { [podLabel]: service } : { [SERVICE_ACCOUNT]: serviceAccount };
  return { matchLabels: { [NAMESPACE]: namespace, ...who } };
}
