/** What an export is asked for. */
import type { Undecided } from './model.js';
import type { ClusterNames } from './workloads.js';

export const MESH_TARGETS = ['istio', 'envoy-rbac', 'kubernetes-networkpolicy', 'cilium', 'linkerd'] as const;
export type MeshTarget = (typeof MESH_TARGETS)[number];

export interface MeshExportOptions extends ClusterNames {
  readonly target: MeshTarget;
  readonly undecided: Undecided;
  /** Milliseconds since the epoch. */
  readonly now: number;
}
