/**
 * Linkerd's `Server`, which refuses everyone, with the authorizations that let some through.
 *
 * @see https://linkerd.io/2-edge/reference/authorization-policy/
 */
import type { Connections } from './connections.js';
import { blockOf } from './kubernetes-networkpolicy.js';
import { type ClusterNames, type Home, workloadOf } from './workloads.js';

const GROUP = 'policy.linkerd.io';
const EVERY_NETWORK = ['0.0.0.0/0', '::/0'];

export function linkerdPolicies(
  byService: ReadonlyMap<string, Connections>,
  homes: readonly Home[],
  { podLabel, port }: ClusterNames,
): readonly object[] {
  return homes.flatMap(({ service, namespace }) => {
    const metadata = { name: `dharma-${service}`, namespace };
    const server = {
      apiVersion: `${GROUP}/v1beta3`,
      kind: 'Server',
      metadata,
      spec: { podSelector: { matchLabels: { [podLabel]: service } }, port, accessPolicy: 'deny' },
    };
    const connections = byService.get(service);
    const callers = connections?.callers ?? [];
    const identityRefs = callers.flatMap(({ kind, subject }) => {
      const workload = kind === 'spiffe' ? workloadOf(subject) : undefined;
      if (workload?.serviceAccount === undefined) return [];
      return [{ kind: 'ServiceAccount', name: workload.serviceAccount, namespace: workload.namespace }];
    });
    const cidrs =
      connections?.anyone === true
        ? EVERY_NETWORK
        : callers.filter(({ kind }) => kind === 'network').map(({ subject }) => blockOf(subject));
    return [
      server,
      ...(identityRefs.length > 0 ? authorized(metadata, 'MeshTLSAuthentication', 'callers', { identityRefs }) : []),
      ...(cidrs.length > 0
        ? authorized(metadata, 'NetworkAuthentication', 'networks', { networks: cidrs.map((cidr) => ({ cidr })) })
        : []),
    ];
  });
}

/** What proves a caller, and that this suffices for the server. */
function authorized(
  server: { readonly name: string; readonly namespace: string },
  kind: 'MeshTLSAuthentication' | 'NetworkAuthentication',
  suffix: string,
  spec: object,
): readonly object[] {
  const metadata = { ...server, name: `${server.name}-${suffix}` };
  return [
    { apiVersion: `${GROUP}/v1alpha1`, kind, metadata, spec },
    {
      apiVersion: `${GROUP}/v1alpha1`,
      kind: 'AuthorizationPolicy',
      metadata,
      spec: {
        targetRef: { group: GROUP, kind: 'Server', name: server.name },
        requiredAuthenticationRefs: [{ group: GROUP, kind, name: metadata.name }],
      },
    },
  ];
}
