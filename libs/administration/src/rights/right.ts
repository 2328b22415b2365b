import type { Administrator } from '#engine';

export type AdministratorRole = Administrator['role'];

/** What can be done to a part of a document. Whoever may change anything of a subtree may also read it. */
export type Right = 'read' | 'rules' | 'exposure' | 'mechanisms' | 'members' | 'ownership';

/** What each role may, at its domain and everywhere below. */
export const ROLE_RIGHTS = {
  owner: ['read', 'rules', 'exposure', 'mechanisms', 'members', 'ownership'],
  'policy-admin': ['read', 'rules'],
  'exposure-admin': ['read', 'exposure'],
  'mechanism-admin': ['read', 'mechanisms'],
  'member-admin': ['read', 'members'],
  auditor: ['read'],
} as const satisfies Record<AdministratorRole, readonly Right[]>;

export const ADMINISTRATOR_ROLES = Object.keys(ROLE_RIGHTS) as readonly AdministratorRole[];

/** The least role that gives a right: what people are told they lack. */
export const LEAST_ROLE = {
  read: 'auditor',
  rules: 'policy-admin',
  exposure: 'exposure-admin',
  mechanisms: 'mechanism-admin',
  members: 'member-admin',
  ownership: 'owner',
} as const satisfies Record<Right, AdministratorRole>;

/** A role over a domain and everything below; over `*`: over everything. */
export interface Grant {
  readonly role: AdministratorRole;
  readonly domain: string;
}

/** The domain that a domain lies in; `*` for one at the top. */
export function parentOf(domain: string): string {
  const dot = domain.lastIndexOf('.');
  return dot < 0 ? '*' : domain.slice(0, dot);
}

/** The domain, its parent, and so on; `*` comes last. */
export function placesAbove(domain: string): readonly string[] {
  const places: string[] = [];
  for (let place = domain; place !== '*'; place = parentOf(place)) places.push(place);
  return [...places, '*'];
}
