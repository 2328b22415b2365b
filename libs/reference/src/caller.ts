/**
 * Who asks: the evidence that counts, the actor it proves, and the domains it reaches (steps 2 and 3 of the algorithm).
 */
import type { AccessRequest, Evidence, Mechanism, Service, World } from '#engine';
import { cidrContains, parseAddress, parseCidr } from '#cel';
import { chain, chains, depth, isLive, parentOf, trustOf } from './domains.js';
import { byBytes, canonicalJson } from './ordering.js';

/** A piece of evidence that counts. */
export interface KeptItem {
  readonly evidence: Evidence;
  readonly mechanism: Mechanism;
  /** The service its subject is bound to. */
  readonly service: Service | null;
  /** Whether its mechanism and the service it is bound to are live. */
  readonly usable: boolean;
}

export interface Caller {
  readonly kept: readonly KeptItem[];
  /** Kept access items, in the order in which they are tried. */
  readonly credentials: readonly KeptItem[];
  /** The services that kept trust items are bound to; more than one is an ambiguous caller. */
  readonly actors: readonly Service[];
}

/** Everything a request proves about its caller, whatever its target. */
export function callerOf(world: World, request: AccessRequest): Caller {
  const kept = request.evidence.flatMap((evidence) => keptItem(world, evidence, request.time) ?? []);
  const actors = new Set(kept.flatMap((item) => (item.evidence.role === 'trust' ? (item.service ?? []) : [])));
  const credentials = kept.filter((item) => item.evidence.role === 'access').sort(byTrialOrder);
  return { kept, credentials, actors: [...actors] };
}

function keptItem(world: World, evidence: Evidence, time: number): KeptItem | undefined {
  const mechanism = world.mechanisms.get(evidence.mechanism);
  if (!evidence.verified || (evidence.expiresAt !== undefined && time >= evidence.expiresAt)) return undefined;
  if (mechanism === undefined || mechanism.role !== evidence.role) return undefined;
  const service = boundService(world, mechanism, evidence.subject);
  if (evidence.role === 'trust' && service === null) return undefined;
  const serviceLives =
    service === null || service.domains.length === 0 || service.domains.some((domain) => isLive(world, domain));
  return { evidence, mechanism, service, usable: isLive(world, mechanism.owner) && serviceLives };
}

function boundService(world: World, mechanism: Mechanism, subject: string): Service | null {
  for (const service of world.services.values()) {
    for (const binding of service.identities) {
      if (binding.mechanism === mechanism.name && names(mechanism, binding.subject, subject)) return service;
    }
  }
  return null;
}

/** Whether the subject of a binding is, or holds, the subject of an item. */
function names(mechanism: Mechanism, bound: string, subject: string): boolean {
  if (mechanism.kind !== 'network') {
    return bound.endsWith('**') ? subject.startsWith(bound.slice(0, -2)) : subject === bound;
  }
  const address = parseAddress(subject);
  if (address === undefined) return false;
  const block = parseCidr(bound);
  if (block !== undefined) return cidrContains(block, address);
  const only = parseAddress(bound);
  return only !== undefined && only.family === address.family && only.bits === address.bits;
}

/** By mechanism, subject, and canonical JSON. */
function byTrialOrder(left: KeptItem, right: KeptItem): number {
  return (
    byBytes(left.evidence.mechanism, right.evidence.mechanism) ||
    byBytes(left.evidence.subject, right.evidence.subject) ||
    byBytes(canonicalJson({ ...left.evidence }), canonicalJson({ ...right.evidence }))
  );
}

/**
 * The domains the caller is proven to be in (P): each live membership whose trust set names a usable item's mechanism,
 * and upward from there for as long as the next domain trusts or recognizes that mechanism.
 */
export function provenDomains(world: World, caller: Caller, actor: Service | null): ReadonlySet<string> {
  const proven = new Set<string>();
  for (const item of caller.kept) {
    if (item.evidence.role !== 'trust' || !item.usable) continue;
    for (const membership of actor?.domains ?? []) {
      if (!isLive(world, membership) || !trustOf(world, membership).includes(item.mechanism.name)) continue;
      proven.add(membership);
      for (let next = parentOf(membership); next !== undefined; next = parentOf(next)) {
        const recognized = world.domains.get(next)?.recognizes ?? [];
        if (![...trustOf(world, next), ...recognized].includes(item.mechanism.name)) break;
        proven.add(next);
      }
    }
  }
  return proven;
}

/** The domains the caller is known to come from (K), proven or not: what denies go by. */
export function knownDomains(caller: Caller, actor: Service | null): ReadonlySet<string> {
  const services = [actor, ...caller.credentials.map((item) => item.service)];
  return chains(services.flatMap((service) => service?.domains ?? []));
}

/** The domains the message leaves on its way, deepest first, then by name. */
export function exitsOf(actor: Service | null, placements: readonly string[]): readonly string[] {
  const stays = chains(placements);
  const left = new Set((actor?.domains ?? []).flatMap(chain).filter((domain) => !stays.has(domain)));
  return [...left].sort((one, other) => depth(other) - depth(one) || byBytes(one, other));
}
