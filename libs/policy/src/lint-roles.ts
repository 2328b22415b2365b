import { OUTSIDE } from '#engine';
import type { Catalogue } from './catalogue.js';
import { rulesOf } from './lower-rule.js';
import { isWithin } from './names.js';
import { placeIn, type Report } from './report.js';
import { didYouMean } from './suggest.js';

export const UNKNOWN_ROLE = 'assigned-role-unknown';

/** Roles that are given to people where nothing knows them: mostly a slip, since nobody gets anything by one. */
export function lintAssignments(catalogue: Catalogue, report: Report): void {
  const known = knownRoles(catalogue);
  for (const { document, source } of catalogue.roleSets.values()) {
    const { domain } = document.metadata;
    const told = new Set<string>();
    for (const [index, { role }] of (document.spec.assignments ?? []).entries()) {
      if (told.has(role)) continue;
      told.add(role);
      if (known.get(role)?.some((place) => isOnOneChain(place, domain)) === true) continue;
      if (isReadByCondition(role, domain, catalogue)) continue;
      const at = placeIn(source, ['spec', 'assignments', index, 'role']);
      report.add(at, UNKNOWN_ROLE, `${unknownRoleText(role, domain)}${didYouMean(role, known.keys())}`);
    }
  }
}

/** Whether what is said at one domain may concern the other: one is the other, or lies in it. */
export function isOnOneChain(place: string, domain: string): boolean {
  return place === OUTSIDE || isWithin(place, domain) || isWithin(domain, place);
}

export function unknownRoleText(role: string, domain: string): string {
  return `\`${role}\` is assigned at \`${domain}\`, but no role set there, above or below has it among its \`roles\`, and no rule asks for it; to mean it, declare it in a role set of \`${domain}\` or above`;
}

/** Conditions read all roles of a principal as texts; one that mentions this is taken to mean it. */
function isReadByCondition(role: string, domain: string, { policies }: Catalogue): boolean {
  for (const { document } of policies.values()) {
    if (!isOnOneChain(document.metadata.domain, domain)) continue;
    if (rulesOf(document).some(({ when }) => when?.includes(role) === true)) return true;
  }
  return false;
}

/** Where roles are declared, inherited, or asked for by a rule. */
function knownRoles(catalogue: Catalogue): ReadonlyMap<string, readonly string[]> {
  const known = new Map<string, string[]>();
  const add = (role: string, domain: string): void => {
    const places = known.get(role) ?? [];
    known.set(role, places);
    if (places.at(-1) !== domain) places.push(domain);
  };
  for (const { document } of catalogue.roleSets.values()) {
    for (const { name, inherits = [] } of document.spec.roles ?? [])
      for (const role of [name, ...inherits]) add(role, document.metadata.domain);
  }
  for (const { document } of catalogue.policies.values())
    for (const { who } of rulesOf(document)) for (const role of who.roles ?? []) add(role, document.metadata.domain);
  return known;
}
