import type { World } from '#engine';

/** Domains that look at who leaves them. */
export function mindingDomains({ domains }: World): ReadonlySet<string> {
  const minding = [...domains.values()].filter(
    ({ egress, rules }) => egress === 'closed' || rules.some(({ direction }) => direction === 'out'),
  );
  return new Set(minding.map(({ name }) => name));
}
