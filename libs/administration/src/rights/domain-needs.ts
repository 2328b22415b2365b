import { type AddressClaim, isWithin } from '#engine';
import type { DomainDocument, MechanismDeclaration } from '#policy';
import { claimIn, holdsRegion, liesIn } from './address-book.js';
import type { AdministeredSet } from './administered-set.js';
import { changedMembers, isSame, type Need } from './need.js';
import { DOMAIN_PARTS } from './parts.js';
import { parentOf } from './right.js';

/** What a change of one Domain asks for; it may appear or go as a whole. */
export function domainNeeds(name: string, before: AdministeredSet, after: AdministeredSet): readonly Need[] {
  const was = before.domain(name);
  const is = after.domain(name);
  // To appear, to go and thereby to move concerns the domain above; so does what this program cannot read.
  const whole: readonly Need[] =
    was === undefined || is === undefined ? [{ part: 'name', right: 'ownership', domain: parentOf(name) }] : [];
  const parts = changedMembers(was?.spec, is?.spec);
  const around = changedMembers({ ...was, spec: null }, { ...is, spec: null });
  const isRemark = whole.length === 0 && parts.length === 0;
  return [
    ...whole,
    ...parts.map((part): Need => ({ part, right: DOMAIN_PARTS.get(part) ?? 'ownership', domain: name })),
    ...(around.length > 0 || isRemark ? [{ part: 'text', right: 'ownership', domain: name } as const] : []),
    ...(parts.includes('addresses') ? claimNeeds(name, was, is, before, after) : []),
    ...(parts.includes('mechanisms') ? mechanismNeeds(was, is, before, after) : []),
  ];
}

/** A claim decides about everything inside it, whosever it is. */
function claimNeeds(
  name: string,
  was: DomainDocument | undefined,
  is: DomainDocument | undefined,
  before: AdministeredSet,
  after: AdministeredSet,
): readonly Need[] {
  const old = was?.spec.addresses ?? [];
  const added = (is?.spec.addresses ?? []).filter((text) => !old.includes(text)).map(claimIn);
  const own = old.map(claimIn);
  return added
    .flatMap((claim) => [
      ...allotment(name, claim, own, before, after),
      // Whoever answers there and does not lie in this domain would not answer any more.
      ...before.addresses
        .within(claim)
        .filter((endpoint) => !liesIn(endpoint, name))
        .flatMap(({ placements }) => (placements.length === 0 ? ['*'] : placements))
        .filter((domain) => !isWithin(domain, name)),
    ])
    .map((domain) => ({ part: 'addresses', right: 'exposure', domain }));
}

/** Domains that a new claim takes from: whoever has the region, or `*` while nobody above has it. */
function allotment(
  name: string,
  claim: AddressClaim,
  own: readonly AddressClaim[],
  before: AdministeredSet,
  after: AdministeredSet,
): readonly string[] {
  const nearest = before.addresses.claimsAround(claim).find(({ domain }) => domain !== name);
  const isAbove = (domain: string) => domain !== name && isWithin(name, domain);
  const isAllotted =
    own.some((mine) => holdsRegion(mine, claim)) ||
    after.addresses.claimsAround(claim).some(({ domain }) => isAbove(domain));
  return [...(nearest === undefined || isAbove(nearest.domain) ? [] : [nearest.domain]), ...(isAllotted ? [] : ['*'])];
}

/** Mechanisms that read a file of the server, or prove what another one proves, concern more than their owner. */
function mechanismNeeds(
  was: DomainDocument | undefined,
  is: DomainDocument | undefined,
  before: AdministeredSet,
  after: AdministeredSet,
): readonly Need[] {
  const old = new Map((was?.spec.mechanisms ?? []).map((mechanism) => [mechanism.name, mechanism]));
  const touched = (is?.spec.mechanisms ?? []).filter((mechanism) => !isSame(old.get(mechanism.name), mechanism));
  return touched.flatMap((mechanism): readonly Need[] => {
    const previous = old.get(mechanism.name);
    const readsFile = [previous, mechanism].some((one) => one !== undefined && hasFile(one));
    return [
      ...(readsFile ? [{ part: 'mechanisms', right: 'ownership', domain: '*' } as const] : []),
      ...authorityNeeds(mechanism, previous, before, after),
    ];
  });
}

/** Whoever binds subjects that somebody else binds could make callers ambiguous everywhere. */
function authorityNeeds(
  mechanism: MechanismDeclaration,
  previous: MechanismDeclaration | undefined,
  before: AdministeredSet,
  after: AdministeredSet,
): readonly Need[] {
  const isBound = after.services.some(({ spec }) =>
    spec.identities?.some((identity) => identity.mechanism === mechanism.name),
  );
  const isNew =
    previous === undefined || authorityOf(previous) !== authorityOf(mechanism) || previous.role !== mechanism.role;
  if (!isNew || (mechanism.role !== 'trust' && !isBound)) return [];
  return sharingAuthority(mechanism, before).map(({ owner }) => ({
    part: 'mechanisms',
    right: 'mechanisms',
    domain: owner,
  }));
}

/** Other mechanisms of a set whose evidence the same authority issues. */
export function sharingAuthority(mechanism: MechanismDeclaration, set: AdministeredSet) {
  const authority = authorityOf(mechanism);
  if (authority === undefined) return [];
  return [...set.mechanisms.values()].filter(
    ({ declaration }) => declaration.name !== mechanism.name && authorityOf(declaration) === authority,
  );
}

/** Who issues what a mechanism verifies; undefined where an enforcement point says which mechanism it means. */
function authorityOf(mechanism: MechanismDeclaration): string | undefined {
  switch (mechanism.kind) {
    case 'jwt':
      return `issuer ${mechanism.jwt.issuer}`;
    case 'introspection':
      return `introspection ${mechanism.introspection.url}`;
    case 'spiffe':
      return `trust domain ${mechanism.spiffe.trustDomain}`;
    case 'mtls':
    case 'network':
    case 'apiKey':
    case 'asserted':
      return undefined;
    default:
      return mechanism satisfies never;
  }
}

/** Whether the server would read a file for it: its content could be sent wherever the mechanism says. */
function hasFile(mechanism: MechanismDeclaration): boolean {
  switch (mechanism.kind) {
    case 'jwt':
      return mechanism.jwt.keys?.file !== undefined;
    case 'spiffe':
      return mechanism.spiffe.jwtSvid?.keys.file !== undefined;
    case 'introspection':
      // Always: the secret of the client is a file.
      return true;
    case 'mtls':
    case 'network':
    case 'apiKey':
    case 'asserted':
      return false;
    default:
      return mechanism satisfies never;
  }
}
