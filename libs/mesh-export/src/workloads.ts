/** Where in a cluster the pods of a service are, read from SPIFFE IDs of the form that Kubernetes meshes give. */
import type { Service, World } from '#engine';
import type { OpenRemark } from './model.js';

export interface Workload {
  readonly namespace: string;
  /** Undefined: bound by a pattern. */
  readonly serviceAccount: string | undefined;
}

/** How pods are chosen, which no policy document says. */
export interface ClusterNames {
  /** The label of pods whose value is the name of their service in the documents. */
  readonly podLabel: string;
  /** The name or number of the port that pods serve on; Linkerd asks for one. */
  readonly port: string | number;
}

const SUBJECT =
  /^spiffe:\/\/[^/]+\/ns\/([a-z0-9](?:[-a-z0-9]*[a-z0-9])?)\/(?:sa\/([a-z0-9](?:[-.a-z0-9]*[a-z0-9])?)|(?:sa\/)?\*\*)$/;

/** @returns undefined where a SPIFFE ID, or a pattern of some, names no namespace */
export function workloadOf(subject: string): Workload | undefined {
  const [, namespace, serviceAccount] = SUBJECT.exec(subject) ?? [];
  return namespace === undefined ? undefined : { namespace, serviceAccount };
}

/** The namespaces that a service runs in, as far as its identities tell. */
export function namespacesOf(service: Service): readonly string[] {
  return [...new Set(service.identities.flatMap(({ subject }) => workloadOf(subject)?.namespace ?? []))].sort();
}

/** A service that is called, and the namespace of some of its pods. */
export interface Home {
  readonly service: string;
  readonly namespace: string;
}

/** Where configurations are put, and services that none can be put at. */
export function homesOf(world: World): { readonly homes: readonly Home[]; readonly remarks: readonly OpenRemark[] } {
  const homes: Home[] = [];
  const remarks: OpenRemark[] = [];
  for (const service of world.services.values()) {
    if (service.endpoints.length === 0) continue;
    const namespaces = namespacesOf(service);
    homes.push(...namespaces.map((namespace) => ({ service: service.name, namespace })));
    const because =
      service.kind === 'external'
        ? 'is not in the cluster, and nothing here keeps anybody from it'
        : 'has no identity like `spiffe://…/ns/NAMESPACE/sa/ACCOUNT`, so that nothing here protects it';
    if (namespaces.length === 0) remarks.push({ effect: 'passed', concerns: 'service', name: service.name, because });
  }
  return { homes, remarks };
}
