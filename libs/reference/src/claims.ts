import type { AddressClaim, Endpoint, World } from '#engine';
import { canonicalHost } from './canonical.js';
import { depth, liesIn } from './domains.js';
import { pathSegments } from './template.js';

/**
 * Whether the address of a request may be answered by this endpoint: the most specific claim that holds host and path
 * decides, and only services placed wholly below the claiming domain may answer there. Without a claim everybody may.
 */
export function claimAllows(world: World, endpoint: Endpoint, host: string, path: string): boolean {
  const holding = [...world.domains.values()].flatMap((domain) =>
    domain.addresses.filter((claim) => holds(claim, host, path)).map((claim) => ({ domain: domain.name, claim })),
  );
  const decisive = holding.toSorted(
    (left, right) =>
      Number(isExact(right.claim)) - Number(isExact(left.claim)) ||
      labels(right.claim) - labels(left.claim) ||
      prefixOf(right.claim).length - prefixOf(left.claim).length ||
      depth(right.domain) - depth(left.domain),
  )[0];
  if (decisive === undefined) return true;
  return endpoint.placements.length > 0 && endpoint.placements.every((place) => liesIn(place, decisive.domain));
}

function isExact(claim: AddressClaim): boolean {
  return !claim.host.startsWith('*.');
}

function labels(claim: AddressClaim): number {
  return claim.host.split('.').length;
}

function prefixOf(claim: AddressClaim): readonly string[] {
  return claim.prefix === '' ? [] : pathSegments(claim.prefix);
}

function holds(claim: AddressClaim, host: string, path: string): boolean {
  const hostHeld = isExact(claim)
    ? (canonicalHost(claim.host) ?? claim.host) === host
    : host.endsWith(claim.host.slice(1)) && host.length > claim.host.length - 1;
  const segments = pathSegments(path);
  return hostHeld && prefixOf(claim).every((text, index) => text === segments[index]);
}
