/** What is undecided, and what a target cannot tell apart. */
import type { Segment } from '#engine';
import type { Caller, JudgedRegion, Methods, OpenRemark, StaticMap } from './model.js';
import type { MeshExportOptions, MeshTarget } from './options.js';
import { workloadOf } from './workloads.js';

export function lost(map: StaticMap, { target, port }: MeshExportOptions): readonly OpenRemark[] {
  const isOfCluster = target !== 'envoy-rbac' && target !== 'istio';
  return [
    ...map.regions.flatMap(undecidedIn),
    ...map.callers.flatMap((caller) => {
      const because = isOfCluster ? unknownToCluster(caller, target) : unknownToMesh(caller);
      const remark = { effect: 'refused', concerns: 'service', name: caller.service } as const;
      return because === undefined ? [] : [{ ...remark, because }];
    }),
    ...targetsOf(target),
    ...(target === 'linkerd' ? [otherPorts(port)] : []),
  ];
}

function undecidedIn({ endpoint, host, path, methods, outsiders, callers }: JudgedRegion): readonly OpenRemark[] {
  const services = [...callers]
    .filter(([, verdict]) => verdict === 'undecided')
    .map(([{ service }]) => `\`${service}\``);
  const whom = [...(outsiders === 'undecided' ? ['callers from outside'] : []), ...new Set(services)];
  if (whom.length === 0) return [];
  const because = `is undecided at \`${methodsText(methods)} ${host}${pathText(path)}\` for ${whom.join(', ')}`;
  return [{ effect: 'undecided', concerns: 'endpoint', name: endpoint.id, because }];
}

function unknownToMesh({ kind, subject }: Caller): string | undefined {
  return kind === 'network' ? `is known by its address \`${subject}\`: here it is one from outside` : undefined;
}

function unknownToCluster({ kind, subject }: Caller, target: MeshTarget): string | undefined {
  if (kind === 'network') return unknownByAddress(subject, target);
  const workload = workloadOf(subject);
  if (workload === undefined) return `is bound to \`${subject}\`, which names no namespace and no service account`;
  if (target === 'linkerd' && workload.serviceAccount === undefined)
    return `is bound to the pattern \`${subject}\`, and callers are known by single service accounts here`;
  return undefined;
}

/** Linkerd's proxies go by the address of a connection; in the network, pods are known by their labels first. */
function unknownByAddress(subject: string, target: MeshTarget): string | undefined {
  if (target === 'linkerd') return undefined;
  const who = target === 'cilium' ? 'Cilium looks' : 'some networks, such as Cilium, look';
  return `is known by its address \`${subject}\`, and ${who} only at addresses from outside the cluster`;
}

function targetsOf(target: MeshTarget): readonly OpenRemark[] {
  if (target === 'envoy-rbac') {
    const because = 'that is not in canonical form is refused, also where it stands for one that is';
    return [{ effect: 'refused', concerns: 'target', name: 'a request target', because }];
  }
  const because = 'that two readers could read differently is not looked for: Dharma refuses it, this does not';
  return [{ effect: 'passed', concerns: 'target', name: 'a request target', because }];
}

/** A `Server` is about one port, and which ports pods have no document says. */
function otherPorts(port: MeshExportOptions['port']): OpenRemark {
  const because = `but \`${port}\` is not judged: there the default policy of the cluster holds, which is open unless set otherwise`;
  return { effect: 'passed', concerns: 'target', name: 'every port', because };
}

function methodsText(methods: Methods): string {
  return methods.kind === 'named' ? methods.names.join(',') : '*';
}

function pathText(path: readonly Segment[]): string {
  const texts = { literal: '', parameter: '{}', rest: '**' };
  return path.map((segment) => `/${segment.kind === 'literal' ? segment.text : texts[segment.kind]}`).join('');
}
