/** From a policy set to the configuration of a mesh or a network, and to the list of what that does not say. */
import { stringify } from 'yaml';
import type { World } from '#engine';
import type { SpiffeTrustDomains } from './callers.js';
import { ciliumPolicies } from './cilium.js';
import { connectionsOf } from './connections.js';
import { envoyRbac } from './envoy-rbac.js';
import { istioPolicies } from './istio.js';
import { networkPolicies } from './kubernetes-networkpolicy.js';
import { linkerdPolicies } from './linkerd.js';
import { lost } from './lost.js';
import type { OpenRemark, Remark, StaticMap, Undecided } from './model.js';
import type { MeshExportOptions } from './options.js';
import { staticMap } from './static-map.js';
import { homesOf } from './workloads.js';

export interface MeshExport {
  /** Resources, or the one filter of Envoy. */
  readonly resources: readonly object[];
  /** Sorted, each once. */
  readonly remarks: readonly Remark[];
}

/** The static part of a policy set for one target. Equal sets give equal exports, whatever the order of documents. */
export function meshExport(world: World, trustDomains: SpiffeTrustDomains, options: MeshExportOptions): MeshExport {
  const map = staticMap(world, trustDomains, options.now);
  const { resources, remarks } = partsOf(world, map, options);
  return { resources, remarks: settled([...map.remarks, ...remarks, ...lost(map, options)], options.undecided) };
}

function partsOf(
  world: World,
  map: StaticMap,
  options: MeshExportOptions,
): { readonly resources: readonly object[]; readonly remarks: readonly OpenRemark[] } {
  const { target, undecided } = options;
  if (target === 'envoy-rbac') return { resources: [envoyRbac(map, undecided)], remarks: [] };
  const { homes, remarks } = homesOf(world);
  if (target === 'istio') return { resources: istioPolicies(map, homes, undecided, options), remarks };
  const connections = connectionsOf(map, undecided);
  const write = { 'kubernetes-networkpolicy': networkPolicies, cilium: ciliumPolicies, linkerd: linkerdPolicies }[
    target
  ];
  return {
    resources: write(connections.byService, homes, options),
    remarks: [...remarks, ...connections.remarks],
  };
}

function settled(remarks: readonly OpenRemark[], undecided: Undecided): readonly Remark[] {
  const effectOf = (effect: OpenRemark['effect']): Remark['effect'] =>
    effect === 'undecided' ? (undecided === 'pass' ? 'passed' : 'refused') : effect;
  const byLine = new Map(
    remarks.map((open) => {
      const remark: Remark = { ...open, effect: effectOf(open.effect) };
      return [`${remark.effect} ${remarkLine(remark)}`, remark];
    }),
  );
  return [...byLine].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, remark]) => remark);
}

/** A remark as a sentence. */
export function remarkLine({ concerns, name, because }: Remark): string {
  return concerns === 'target' ? `${name} ${because}` : `${concerns} \`${name}\` ${because}`;
}

/** The file to be loaded; what it does not say stands before what it says. */
export function meshExportText({ resources, remarks }: MeshExport): string {
  const list = (effect: Remark['effect'], heading: string): readonly string[] => {
    const lines = remarks.filter((remark) => remark.effect === effect).map((remark) => `# - ${remarkLine(remark)}`);
    return lines.length === 0 ? [] : [`# ${heading}`, ...lines];
  };
  const head = [
    '# Written by `dharma export`; change the policies and write it again.',
    ...list('refused', 'Refused here, though Dharma may allow it:'),
    ...list('passed', 'Let through here, though Dharma may deny it:'),
  ];
  const documents = resources.map((resource) => stringify(resource, { lineWidth: 0, aliasDuplicateObjects: false }));
  return `${head.join('\n')}\n---\n${documents.join('---\n')}`;
}
