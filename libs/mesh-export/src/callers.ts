/** Who a mesh or a network can tell apart: workloads by their SPIFFE IDs, and by addresses. */
import type { Evidence, World } from '#engine';
import type { Caller, Remark } from './model.js';

/** SPIFFE trust domains by the names of the mechanisms that accept them. */
export type SpiffeTrustDomains = ReadonlyMap<string, string>;

const SPIFFE = 'spiffe://';

/** @returns callers, those of one service together, and what no workload can be told by */
export function callersOf(
  world: World,
  trustDomains: SpiffeTrustDomains,
): { readonly callers: readonly Caller[]; readonly remarks: readonly Remark[] } {
  const callers = new Map<string, Caller>();
  const remarks: Remark[] = [];
  for (const { name: service, identities } of world.services.values()) {
    for (const { mechanism, subject } of identities) {
      const { kind, role } = world.mechanisms.get(mechanism)!;
      if (role !== 'trust') continue;
      if (kind === 'spiffe' && isOf(trustDomains.get(mechanism), subject)) {
        callers.set(`spiffe ${subject}`, {
          service,
          kind,
          subject,
          evidence: spiffeEvidence(world, trustDomains, subject),
        });
      } else if (kind === 'network') {
        callers.set(`network ${subject}`, {
          service,
          kind,
          subject,
          evidence: [trusted(mechanism, firstAddress(subject))],
        });
      } else {
        remarks.push({
          effect: 'refused',
          concerns: 'service',
          name: service,
          because: notTold(kind, mechanism, subject),
        });
      }
    }
  }
  return { callers: [...callers.values()], remarks };
}

function notTold(kind: string, mechanism: string, subject: string): string {
  return kind === 'spiffe'
    ? `is bound to \`${subject}\`, which is not of the trust domain of \`${mechanism}\``
    : `proves itself by \`${mechanism}\` (${kind}), by which no mesh knows a workload: here it is one from outside`;
}

/** A certificate is evidence for every mechanism that accepts its trust domain. */
function spiffeEvidence(world: World, trustDomains: SpiffeTrustDomains, subject: string): readonly Evidence[] {
  const sample = subject.endsWith('**') ? `${subject.slice(0, -2)}zz` : subject;
  return [...trustDomains]
    .filter(
      ([mechanism, trustDomain]) => world.mechanisms.get(mechanism)?.role === 'trust' && isOf(trustDomain, sample),
    )
    .map(([mechanism]) => trusted(mechanism, sample));
}

function isOf(trustDomain: string | undefined, subject: string): boolean {
  return trustDomain !== undefined && subject.startsWith(`${SPIFFE}${trustDomain}/`);
}

function firstAddress(block: string): string {
  return block.split('/')[0]!;
}

function trusted(mechanism: string, subject: string): Evidence {
  return { role: 'trust', mechanism, subject, verified: true, scopes: [], groups: [], claims: {}, attributes: {} };
}

/** Whether every subject of `inner` is one of `outer`, and not the other way round. */
export function isInside(inner: string, outer: string): boolean {
  return inner !== outer && outer.endsWith('**') && inner.startsWith(outer.slice(0, -2));
}
