import { isWithin } from '#engine';
import type { MechanismDeclaration, ServiceDocument } from '#policy';
import { addressesOf, addressText, liesIn, type Overlap, regionOf } from './address-book.js';
import type { AdministeredSet, OwnedMechanism } from './administered-set.js';
import { sharingAuthority } from './domain-needs.js';
import { endpointsOf, type PlacedEndpoint } from './endpoints.js';
import { changedMembers, isSame, type Need } from './need.js';
import { SERVICE_PARTS } from './parts.js';
import type { Right } from './right.js';

/** What a change of one Service asks for: every domain that it is in has a say, and so has whoever loses by it. */
export function serviceNeeds(name: string, before: AdministeredSet, after: AdministeredSet): readonly Need[] {
  const was = before.service(name);
  const is = after.service(name);
  const members = [...new Set([...membershipsOf(was), ...membershipsOf(is)])];
  const parts = changedMembers(was?.spec, is?.spec);
  const beside = changedMembers({ ...was, spec: null }, { ...is, spec: null });
  const exposed = endpointNeeds(was, is, before, after);
  const isWhole = was === undefined || is === undefined;
  return [
    ...at(members, 'members', isWhole ? 'name' : beside.length > 0 || parts.length === 0 ? 'text' : undefined),
    ...parts
      .filter((part) => exposed.length === 0 || SERVICE_PARTS.get(part) !== 'exposure')
      .flatMap((part) => at(members, SERVICE_PARTS.get(part) ?? 'ownership', part)),
    ...exposed,
    ...identityNeeds(is, was, after),
    // A role may wait for a service of this name.
    ...(was === undefined ? at([...(after.roleHolders.get(name) ?? [])], 'members', 'name') : []),
  ];
}

function at(domains: readonly string[], right: Right, part: string | undefined): readonly Need[] {
  if (part === undefined) return [];
  return domains.map((domain) => ({ part, right, domain }));
}

/** `*` for what lies outside every domain. */
function membershipsOf(service: ServiceDocument | undefined): readonly string[] {
  if (service === undefined) return [];
  const { domains = [] } = service.spec;
  return domains.length === 0 ? ['*'] : domains;
}

function endpointNeeds(
  was: ServiceDocument | undefined,
  is: ServiceDocument | undefined,
  before: AdministeredSet,
  after: AdministeredSet,
): readonly Need[] {
  const old = new Map((was === undefined ? [] : endpointsOf(was)).map((endpoint) => [endpoint.id, endpoint]));
  const now = new Map((is === undefined ? [] : endpointsOf(is)).map((endpoint) => [endpoint.id, endpoint]));
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((id) => {
    const previous = old.get(id);
    const current = now.get(id);
    if (isSame(previous, current)) return [];
    const places = [...new Set([...placesOf(previous), ...placesOf(current)])];
    const part = `endpoints ${id}`;
    return [
      ...at(places, 'exposure', part),
      ...(current === undefined ? [] : at(concernedBy(current, previous, before, after), 'exposure', part)),
    ];
  });
}

function placesOf(endpoint: PlacedEndpoint | undefined): readonly string[] {
  if (endpoint === undefined) return [];
  return endpoint.placements.length === 0 ? ['*'] : endpoint.placements;
}

/** Domains that have to do with the addresses of an endpoint: those who claim them, and those who answer there. */
function concernedBy(
  endpoint: PlacedEndpoint,
  previous: PlacedEndpoint | undefined,
  before: AdministeredSet,
  after: AdministeredSet,
): readonly string[] {
  const isWider = previous === undefined || !isSame(previous.settings, endpoint.settings);
  const had = new Set(isWider ? [] : addressesOf(previous).map(addressText));
  return addressesOf(endpoint)
    .filter((address) => !had.has(addressText(address)))
    .flatMap((address) => {
      const claim = after.addresses.claimsAround(regionOf(address))[0];
      const others = before.addresses
        .overlapping(address, endpoint)
        .filter(({ endpoint: other, region }) => other.id !== endpoint.id && mayAnswerIn(region, other, after))
        .map((overlap) => overlap.endpoint);
      return [
        ...(claim === undefined || liesIn(endpoint, claim.domain) ? [] : [claim.domain]),
        ...others.flatMap(placesOf),
      ];
    });
}

/** Inside a claim nobody but those below it answers, whatever stands in their documents. */
function mayAnswerIn(region: Overlap['region'], endpoint: PlacedEndpoint, { addresses }: AdministeredSet): boolean {
  const claim = region === null ? undefined : addresses.claimsAround(region)[0];
  return claim === undefined || liesIn(endpoint, claim.domain);
}

/** A subject belongs to whoever owns its mechanism, or to the domain that it was delegated to. */
function identityNeeds(
  is: ServiceDocument | undefined,
  was: ServiceDocument | undefined,
  after: AdministeredSet,
): readonly Need[] {
  if (is === undefined) return [];
  const old = was?.spec.identities ?? [];
  const isMoved = !isSame(was?.spec.domains, is.spec.domains);
  const added = (is.spec.identities ?? []).filter(
    (identity) => isMoved || !old.some((other) => isSame(other, identity)),
  );
  return added.flatMap(({ mechanism, subject }) => {
    const bound = after.mechanisms.get(mechanism);
    if (bound === undefined) return at(['*'], 'members', 'identities');
    const issued = [bound, ...sharingAuthority(bound.declaration, after)];
    return at(
      issued.map((one) => namespaceOf(one, subject, membershipsOf(is))),
      'members',
      'identities',
    );
  });
}

/** The domain whose subject it is. */
function namespaceOf({ declaration, owner }: OwnedMechanism, subject: string, members: readonly string[]): string {
  const delegated = (declaration.delegations ?? [])
    .filter(
      ({ domain, subjects }) =>
        isAnyWithin(members, domain) && subjects.some((one) => holds(declaration, one, subject)),
    )
    .map(({ domain }) => domain)
    .sort((left, right) => right.length - left.length);
  return delegated[0] ?? owner;
}

function isAnyWithin(members: readonly string[], domain: string): boolean {
  return members.some((member) => isWithin(member, domain));
}

/** Whether a pattern of subjects holds another. Networks are their owner's alone. */
function holds({ kind }: MechanismDeclaration, outer: string, inner: string): boolean {
  if (kind === 'network') return false;
  return outer.endsWith('**') ? inner.startsWith(outer.slice(0, -2)) : outer === inner;
}
