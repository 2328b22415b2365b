import { isWithin } from '#engine';
import { documentChanges } from '../bundle-changes.js';
import { type DocumentChange, type DocumentKey, keyText } from '../revision.js';
import type { NewDocument, StoredDocument } from '../stored-document.js';
import type { AdministeredSet } from './administered-set.js';
import { Administrators } from './administrators.js';
import { domainNeeds } from './domain-needs.js';
import { isSame, type Need } from './need.js';
import { KIND_RIGHTS } from './parts.js';
import { type AdministratorRole, LEAST_ROLE, parentOf, placesAbove } from './right.js';
import { serviceNeeds } from './service-needs.js';
import { Holdings, type Standing } from './standing.js';
import { testNeeds } from './test-needs.js';

/** One thing that an operator may not do. */
export interface Refusal extends DocumentKey {
  readonly change: DocumentChange['kind'];
  readonly part: string;
  /** The least role that would do. */
  readonly needs: AdministratorRole;
  /** The domain it would have to be held over; `*`: over everything. */
  readonly over: string;
}

/** What of a set an operator administers. */
export interface Administration {
  readonly set: AdministeredSet;
  readonly administrators: Administrators;
}

/** Reads who administers a set. */
export async function administrationOf(set: AdministeredSet): Promise<Administration> {
  return { set, administrators: await Administrators.of(set.administered) };
}

export interface ChangesJudged {
  readonly standing: Standing;
  readonly before: Administration;
  readonly put: readonly NewDocument[];
  readonly remove: readonly DocumentKey[];
  /** Names of enforcement points and mechanisms for which keys are active, and ids of those keys. */
  readonly keyed: ReadonlySet<string>;
}

/**
 * Judges what a publication does by the rights of its operator, in the set before it and in the set after it: whoever
 * lacks a right in either may not use it.
 *
 * @returns nothing when all of it is theirs to do
 */
export async function refusalsOf({ standing, before, put, remove, keyed }: ChangesJudged): Promise<readonly Refusal[]> {
  if (standing.kind === 'root') return [];
  const set = before.set.after(put, remove);
  const changes = documentChanges(storedOf(before.set, put, remove), storedOf(set, put, remove));
  const administrators = (await changedAdministrators(changes, before, set)) ?? before.administrators;
  const holdings = [new Holdings(standing, before.administrators), new Holdings(standing, administrators)];
  const refusals = changes.flatMap((change) => {
    const { kind, name } = change.kind === 'removed' ? change.before : change.after;
    const needs = before.set.isUnread({ kind, name }) ? [] : needsOf(change, before.set, set, keyed);
    // What asks for nothing, or was written for a later version, is not understood: only whoever may everything changes it.
    const missing = (needs.length === 0 ? [NOT_UNDERSTOOD] : needs).filter(
      ({ right, domain }) => !holdings.every((held) => held.may(right, domain)),
    );
    return missing.map(({ part, right, domain }): Refusal => ({
      change: change.kind,
      kind,
      name,
      part,
      needs: LEAST_ROLE[right],
      over: domain,
    }));
  });
  return distinct(refusals);
}

export const NOT_UNDERSTOOD: Need = { part: 'document', right: 'ownership', domain: '*' };

/** Rights that one change asks for. */
export function needsOf(
  change: DocumentChange,
  before: AdministeredSet,
  after: AdministeredSet,
  keyed: ReadonlySet<string>,
): readonly Need[] {
  const sides = [...('before' in change ? [change.before] : []), ...('after' in change ? [change.after] : [])];
  const { kind, name } = sides[0]!;
  switch (kind) {
    case 'Domain':
      return [...domainNeeds(name, before, after), ...keyedMechanisms(name, before, after, keyed)];
    case 'Service':
      return serviceNeeds(name, before, after);
    case 'EnforcementPoint':
      return [...belonging(kind, sides), ...enforcementPointNeeds(name, before, after, keyed)];
    case 'Policy':
    case 'RoleSet':
    case 'EntitySet':
    case 'Suspension':
    case 'FourEyes':
      return belonging(kind, sides);
    case 'Quota':
      // Nobody sets their own limits, nor lifts them.
      return sides.map(() => ({ part: 'document', right: 'ownership', domain: parentOf(name) }));
    case 'Test': {
      const test = after.test(name);
      return [...belonging(kind, sides), ...(test === undefined ? [] : testNeeds(test, after))];
    }
    default:
      // What a later version stores here is nobody's but whoever may everything.
      kind satisfies never;
      return [NOT_UNDERSTOOD];
  }
}

/** What is asked of a document that belongs to a domain, before and after; without one it belongs to `*`. */
function belonging(kind: keyof typeof KIND_RIGHTS, sides: readonly StoredDocument[]): readonly Need[] {
  return sides.map(({ domain }) => ({ part: 'document', right: KIND_RIGHTS[kind], domain: domain ?? '*' }));
}

function enforcementPointNeeds(
  name: string,
  before: AdministeredSet,
  after: AdministeredSet,
  keyed: ReadonlySet<string>,
): readonly Need[] {
  const was = before.enforcementPoint(name);
  const is = after.enforcementPoint(name);
  const needs: Need[] = [];
  // While there is none, every local caller is one that may ask about everything.
  if (before.hasEnforcementPoints !== after.hasEnforcementPoints) {
    needs.push({ part: 'document', right: 'ownership', domain: '*' });
  }
  if (is === undefined) return needs;
  const { domain } = is.metadata;
  // Explanations tell what every domain above says.
  if (is.spec.mayExplain === true && !isSame(was, is)) {
    needs.push({ part: 'mayExplain', right: 'ownership', domain: placesAbove(domain).at(-2)! });
  }
  if (was === undefined && keyed.has(name)) needs.push({ part: 'name', right: 'ownership', domain: '*' });
  // A minted key does not count while a document names its id.
  const shadows = is.spec.credentials?.some((credential) => credential.kind === 'apiKey' && keyed.has(credential.id));
  if (shadows === true) needs.push({ part: 'credentials', right: 'ownership', domain: '*' });
  if (was?.metadata.domain !== domain) {
    // Consent was given to a name, perhaps before there was anybody of that name.
    const consenting = [...after.mechanisms.values()].filter(
      ({ declaration, owner }) => declaration.assertableBy?.includes(name) === true && !isWithin(owner, domain),
    );
    needs.push(...consenting.map(({ owner }) => ({ part: 'name', right: 'mechanisms', domain: owner }) as const));
  }
  return needs;
}

/** Keys are kept by the name of their mechanism: who gives that name anew would be opened to those who hold old ones. */
function keyedMechanisms(
  name: string,
  before: AdministeredSet,
  after: AdministeredSet,
  keyed: ReadonlySet<string>,
): readonly Need[] {
  const isNew = (mechanism: string) => before.mechanisms.get(mechanism)?.declaration.kind !== 'apiKey';
  return (after.domain(name)?.spec.mechanisms ?? [])
    .filter((mechanism) => mechanism.kind === 'apiKey' && keyed.has(mechanism.name) && isNew(mechanism.name))
    .map(() => ({ part: 'mechanisms', right: 'ownership', domain: '*' }));
}

/** Undefined while nothing about administrators changes: casbin is not loaded again for it. */
async function changedAdministrators(
  changes: readonly DocumentChange[],
  before: Administration,
  after: AdministeredSet,
): Promise<Administrators | undefined> {
  const isTouched = changes.some((change) => {
    const { kind, name } = change.kind === 'removed' ? change.before : change.after;
    return (
      kind === 'Domain' &&
      !isSame(before.set.domain(name)?.spec.administrators, after.domain(name)?.spec.administrators)
    );
  });
  return isTouched ? Administrators.of(after.administered) : undefined;
}

/** Of a set, what a publication names. */
export function storedOf(
  set: AdministeredSet,
  put: readonly NewDocument[],
  remove: readonly DocumentKey[],
): readonly StoredDocument[] {
  const keys = new Set([...put, ...remove].map(keyText));
  return [...keys].flatMap((key) => {
    const document = set.stored.get(key);
    return document === undefined ? [] : [document];
  });
}

function distinct(refusals: readonly Refusal[]): readonly Refusal[] {
  return [...new Map(refusals.map((refusal) => [JSON.stringify(refusal), refusal])).values()];
}
