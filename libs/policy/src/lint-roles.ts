import { OUTSIDE } from '#engine';
import type { Catalogue } from './catalogue.js';
import { rulesOf } from './lower-rule.js';
import { chainOf, isWithin } from './names.js';
import { placeIn, type Report } from './report.js';
import { didYouMean } from './suggest.js';

export const UNKNOWN_ROLE = 'assigned-role-unknown';

/** What could have been meant is looked for among all roles, and a set may have many slips. */
const MOST_SUGGESTIONS = 20;

/** Roles that are given to people where nothing knows them: mostly a slip, since nobody gets anything by one. */
export function lintAssignments(catalogue: Catalogue, report: Report): void {
  const known = knownRoles(catalogue);
  const conditions = conditionsOnRoles(catalogue);
  let suggestions = 0;
  for (const { document, source } of catalogue.roleSets.values()) {
    const { domain } = document.metadata;
    const told = new Set<string>();
    for (const [index, { role }] of (document.spec.assignments ?? []).entries()) {
      if (told.has(role)) continue;
      told.add(role);
      if (known.get(role)?.concerns(domain) === true) continue;
      if (conditions.some(({ when, owner }) => isOnOneChain(owner, domain) && when.includes(role))) continue;
      const at = placeIn(source, ['spec', 'assignments', index, 'role']);
      suggestions += 1;
      const meant = suggestions > MOST_SUGGESTIONS ? '' : didYouMean(role, known.keys());
      report.add(at, UNKNOWN_ROLE, `${unknownRoleText(role, domain)}${meant}`);
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

/** Conditions read all roles of a principal as texts; one that mentions a role is taken to mean it. */
function conditionsOnRoles({ policies }: Catalogue): readonly { readonly when: string; readonly owner: string }[] {
  return [...policies.values()].flatMap(({ document }) =>
    rulesOf(document).flatMap(({ when }) =>
      when?.includes('roles') === true ? [{ when, owner: document.metadata.domain }] : [],
    ),
  );
}

/** Where roles are declared, inherited, or asked for by a rule. */
function knownRoles(catalogue: Catalogue): ReadonlyMap<string, RolePlaces> {
  const known = new Map<string, RolePlaces>();
  const add = (role: string, domain: string): void => {
    let places = known.get(role);
    if (places === undefined) known.set(role, (places = new RolePlaces()));
    places.add(domain);
  };
  for (const { document } of catalogue.roleSets.values()) {
    for (const { name, inherits = [] } of document.spec.roles ?? [])
      for (const role of [name, ...inherits]) add(role, document.metadata.domain);
  }
  for (const { document } of catalogue.policies.values())
    for (const { who } of rulesOf(document)) for (const role of who.roles ?? []) add(role, document.metadata.domain);
  return known;
}

/** Domains at which one role is known. */
class RolePlaces {
  readonly #at = new Set<string>();
  /** Those, and all around them. */
  readonly #around = new Set<string>();

  add(domain: string): void {
    if (this.#at.has(domain)) return;
    this.#at.add(domain);
    for (const each of chainOf(domain)) this.#around.add(each);
  }

  /** As {@link isOnOneChain} of any of them. */
  concerns(domain: string): boolean {
    return this.#around.has(domain) || this.#at.has(OUTSIDE) || chainOf(domain).some((each) => this.#at.has(each));
  }
}
