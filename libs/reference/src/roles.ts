/**
 * Roles and the hierarchy of domains as casbin's role managers hold them.
 */
import { DefaultRoleManager } from 'casbin';
import type { Enforcer } from 'casbin';
import type { World } from '#engine';
import { parentOf } from './domains.js';

/** One more than the deepest domain, and what casbin would otherwise cut at ten without a word. */
const MAX_HIERARCHY = 32;
/** Prefix of role names, so that no principal can be mistaken for a role. */
const ROLE = 'role ';

/** Edges of `g`: who, role, domain. Definitions and assignments of one domain stand side by side. */
export function roleEdges(world: World): readonly string[][] {
  return [...world.domains.values()].flatMap((domain) => [
    ...domain.roles.flatMap((role) => role.inherits.map((each) => [ROLE + role.name, ROLE + each, domain.name])),
    ...[...domain.directory.assignments].flatMap(([who, roles]) =>
      roles.map((role) => [who, ROLE + role, domain.name]),
    ),
  ]);
}

/** Edges of `g2`: domain, parent. */
export function hierarchyEdges(world: World): readonly string[][] {
  return [...world.domains.keys()].flatMap((name) => {
    const parent = parentOf(name);
    return parent === undefined ? [] : [[name, parent]];
  });
}

/**
 * Gives an enforcer the managers for both. A question about roles at a domain is answered from the edges of every domain
 * it lies in: "d inherits its ancestors' role sets".
 */
export async function useHierarchy(enforcer: Enforcer): Promise<void> {
  const roles = new DefaultRoleManager(MAX_HIERARCHY);
  const hierarchy = new DefaultRoleManager(MAX_HIERARCHY);
  await roles.addDomainMatchingFunc((asked, stored) => hierarchy.syncedHasLink(asked, stored));
  enforcer.setNamedRoleManager('g', roles);
  enforcer.setNamedRoleManager('g2', hierarchy);
}

/**
 * The roles that any of these hold on the chain of any of the domains, inherited ones included. Chain by chain: what one
 * chain defines never extends what another assigns.
 *
 * @param holders  `type:id`, `group:name`, `service:name`
 */
export async function heldRoles(
  enforcer: Enforcer,
  holders: readonly string[],
  domains: readonly string[],
): Promise<ReadonlySet<string>> {
  const held = new Set<string>();
  for (const domain of domains) {
    for (const holder of holders) {
      // Not `g(…)`: it remembers its answers under the arguments joined by commas, and a subject may contain a comma;
      // and it walks every path through the roles, of which there may be exponentially many.
      for (const role of await enforcer.getImplicitRolesForUser(holder, domain)) held.add(role.slice(ROLE.length));
    }
  }
  return held;
}
