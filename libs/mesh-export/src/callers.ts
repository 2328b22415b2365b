/** Who a mesh or a network can tell apart: workloads by their SPIFFE IDs, and by addresses. */
import type { Evidence, IdentityBinding, World } from '#engine';
import type { Caller, Remark } from './model.js';

/** SPIFFE trust domains by the names of the mechanisms that accept them. */
export type SpiffeTrustDomains = ReadonlyMap<string, string>;

const SPIFFE = 'spiffe://';

/** Ways in which the workloads of a service may prove it: combinations of its identities, one a mechanism. */
export type Proofs = readonly (readonly Evidence[])[];

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
      if (isSeen(world, trustDomains, mechanism, subject)) {
        callers.set(`spiffe ${subject}`, {
          service,
          kind: 'spiffe',
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

/**
 * What may come with a request that a mesh takes for one of the service, seen or not. They are tried in every combination,
 * for more proof may move the meeting domain to one that is zero trust.
 */
export function proofsOf(world: World, service: string): Proofs {
  return combinations(trustIdentities(world, service));
}

/** What may come with a request that a mesh takes for one from outside: Dharma knows who it is, the mesh does not. */
export function unseenProofs(world: World, trustDomains: SpiffeTrustDomains): Proofs {
  return [...world.services.keys()].flatMap((service) =>
    combinations(
      trustIdentities(world, service).filter(
        ({ mechanism, subject }) => !isSeen(world, trustDomains, mechanism, subject),
      ),
    ),
  );
}

/** Whoever proves one service by certificate and another by this is nobody to Dharma, and the first one to a mesh. */
export function ambiguities(world: World, trustDomains: SpiffeTrustDomains): readonly Remark[] {
  const services = [...world.services.keys()].filter((service) => trustIdentities(world, service).length > 0);
  if (services.length < 2) return [];
  return services.flatMap((name) =>
    trustIdentities(world, name)
      .filter(({ mechanism, subject }) => !isSeen(world, trustDomains, mechanism, subject))
      .map(({ mechanism, subject }) => ({
        effect: 'passed',
        concerns: 'service',
        name,
        because: `is bound to \`${subject}\` of \`${mechanism}\`: whoever proves that and another service is refused by Dharma as ambiguous, and is not told apart here`,
      })),
  );
}

function trustIdentities(world: World, service: string): readonly IdentityBinding[] {
  return world.services
    .get(service)!
    .identities.filter(({ mechanism }) => world.mechanisms.get(mechanism)!.role === 'trust');
}

/** By every target. Only networks see addresses, and a caller behind one may be a workload as well. */
function isSeen(world: World, trustDomains: SpiffeTrustDomains, mechanism: string, subject: string): boolean {
  return world.mechanisms.get(mechanism)!.kind === 'spiffe' && isOf(trustDomains.get(mechanism), subject);
}

/** Not the empty one. Subjects of one service and mechanism are alike to every decision. */
function combinations(identities: readonly IdentityBinding[]): Proofs {
  const byMechanism = new Map(
    identities.map(({ mechanism, subject }) => [mechanism, trusted(mechanism, sampleOf(subject))]),
  );
  return [...byMechanism.values()].reduce<Proofs>(
    (proofs, item) => [...proofs, [item], ...proofs.map((proof) => [...proof, item])],
    [],
  );
}

/** A subject, or an address, that the binding covers. */
function sampleOf(subject: string): string {
  return subject.endsWith('**') ? `${subject.slice(0, -2)}zz` : firstAddress(subject);
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
