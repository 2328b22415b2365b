import { unknownRoles } from '#administration';
import { UNKNOWN_ROLE, unknownRoleText } from '#policy';
import type { WarningView } from './dto/revision.dto.js';
import type { PolicySet } from './policy-sets.js';

/** Roles of one change that are looked for: each takes a look through all texts. Of more a plan says it. */
const LOOKED_FOR = 20;

/**
 * What there is to say of roles that a role set gives: one that nothing knows is mostly a slip.
 *
 * @param set  in which they are given
 * @returns without a member where there is nothing to say
 */
export function roleWarnings(
  set: PolicySet,
  roleSet: string,
  roles: readonly string[],
): { readonly warnings?: readonly WarningView[] } {
  const domain = set.document({ kind: 'RoleSet', name: roleSet })?.domain ?? null;
  if (domain === null) return {};
  const unknown = unknownRoles(set.documents, domain, [...new Set(roles)].slice(0, LOOKED_FOR));
  if (unknown.length === 0) return {};
  return { warnings: unknown.map((role) => ({ code: UNKNOWN_ROLE, message: unknownRoleText(role, domain) })) };
}
