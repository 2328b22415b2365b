import { isOnOneChain } from '#policy';
import { roleSetIn } from './facts.js';
import type { StoredDocument } from './stored-document.js';

/**
 * Which of these roles nothing knows that an assignment at a domain concerns: no role set declares it, no rule asks for
 * it. Costs a look through the texts and no reading of them: a set may have a million assignments. A policy whose text
 * only mentions the role counts as one that asks for it.
 *
 * @param set   the whole set
 */
export function unknownRoles(
  set: readonly StoredDocument[],
  domain: string,
  roles: Iterable<string>,
): readonly string[] {
  const near = set.filter(
    (one) => (one.kind === 'RoleSet' || one.kind === 'Policy') && isOnOneChain(one.domain!, domain),
  );
  return [...new Set(roles)].filter((role) => !near.some((one) => knows(one, role)));
}

function knows(stored: StoredDocument, role: string): boolean {
  if (stored.kind === 'Policy') return stored.text.includes(role);
  // INVARIANT: the text of a stored role set is canonical JSON.
  if (!stored.text.includes(`"roles":[`) || !stored.text.includes(JSON.stringify(role))) return false;
  return (roleSetIn(stored).spec.roles ?? []).some(
    ({ name, inherits = [] }) => name === role || inherits.includes(role),
  );
}
