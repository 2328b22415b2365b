/** Target resolution over a snapshot; `resolution.ts` says the same over lists. */
import type { Answering } from './address-table.js';
import type { EndpointNode, Snapshot } from './snapshot.js';
import { liesWithin } from './snapshot.js';
import type { CanonicalTarget } from './target.js';
import type { Segment } from './template.js';

/** The endpoint, and the template its path was found by, from which parameters are read when a rule asks for them. */
export interface Found {
  readonly endpoint: EndpointNode;
  readonly template: readonly Segment[];
}

const NO_TEMPLATE: readonly Segment[] = [];

export function lookupTarget(snapshot: Snapshot, target: CanonicalTarget): Found | 'unknown' | 'invalid' {
  if (target.named !== undefined) return lookupNamed(snapshot, target.named, target);
  if (target.topic !== undefined)
    return snapshot.topics.find(target.topic, 0)?.choose(target.action!.name) ?? 'unknown';
  if (target.resource !== undefined) {
    const actions = snapshot.resources.get(target.resource.type);
    const endpoint = actions?.get(target.action!.name) ?? actions?.get('*');
    return endpoint === undefined ? 'unknown' : { endpoint, template: NO_TEMPLATE };
  }
  const path = target.path!;
  const found =
    target.host === undefined ? lookupRpc(snapshot, target, path) : lookupAddress(snapshot, target, target.host, path);
  if (found === undefined) return target.encodedSlash ? 'invalid' : 'unknown';
  if (target.host === undefined) return found;
  return isClaimedFrom(snapshot, found.endpoint, target.host, path) ? 'unknown' : found;
}

/** Whether an address belongs to a domain in which the endpoint does not lie: it cannot answer there. */
export function isClaimedFrom(snapshot: Snapshot, endpoint: EndpointNode, host: string, path: string): boolean {
  const claimant = snapshot.claims.claimant(host, path);
  return claimant !== undefined && !answersWithin(endpoint, claimant);
}

function lookupAddress(snapshot: Snapshot, target: CanonicalTarget, host: string, path: string): Answering | undefined {
  const table = target.encodedSlash ? snapshot.encodedAddresses : snapshot.addresses;
  return table
    .find(host)
    ?.find(path, 1)
    ?.choose(target.preflightFor ?? target.method!);
}

function lookupRpc(snapshot: Snapshot, target: CanonicalTarget, path: string): Answering | undefined {
  const place = (target.encodedSlash ? snapshot.encodedRpcs : snapshot.rpcs).find(path, 1);
  if (place === undefined) return undefined;
  const method = target.method!;
  const chosen = place.choose(method);
  // The RPC's host is not known: where two endpoints would answer it, nobody can say which.
  const alone = place.answering.every(
    ({ endpoint, verbs }) => endpoint === chosen?.endpoint || !(verbs.includes(method) || verbs.includes('*')),
  );
  return alone ? chosen : undefined;
}

function lookupNamed(snapshot: Snapshot, name: string, target: CanonicalTarget): Found | 'unknown' | 'invalid' {
  const endpoint = snapshot.endpoints.get(name);
  if (target.encodedSlash && endpoint?.endpoint.encodedSlash !== 'allow') return 'invalid';
  if (endpoint === undefined) return 'unknown';
  const method = target.preflightFor ?? target.method;
  if (target.path !== undefined) {
    const place = endpoint.paths.find(target.path, 1);
    if (method !== undefined) return place?.choose(method) ?? 'unknown';
    return place?.answering[0] ?? 'unknown';
  }
  const listed =
    method === undefined || endpoint.operations.some(({ verbs }) => verbs.includes(method) || verbs.includes('*'));
  return listed ? { endpoint, template: NO_TEMPLATE } : 'unknown';
}

function answersWithin(endpoint: EndpointNode, claimant: Parameters<typeof liesWithin>[1]): boolean {
  return !endpoint.external && endpoint.placements.every((placement) => liesWithin(placement, claimant));
}
