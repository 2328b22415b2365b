import { foldedHeaderName } from '#engine';
import type { Identity, Presented } from '#identity';

const NO_NAMES: ReadonlySet<string> = new Set();
const NO_ALIASES: ReadonlyMap<string, string> = new Map();

/**
 * Whether a header that says who sent a request came twice, or under a name that careless readers take for it: two
 * parties could each believe another sender.
 */
export function namesTwoSenders(presented: Presented, { reportHeaders }: Pick<Identity, 'reportHeaders'>): boolean {
  const { credentials, reported, repeated = NO_NAMES, aliases = NO_ALIASES } = presented;
  for (const name of repeated) if (reportHeaders.has(name)) return true;
  for (const header of reportHeaders) {
    const folded = foldedHeaderName(header);
    for (const [name, target] of aliases) if (target === folded && name !== header) return true;
    // A mechanism may itself have a name that folds; then the plain one is the alias.
    if (folded !== header && (Object.hasOwn(credentials, folded) || Object.hasOwn(reported, folded))) return true;
  }
  return false;
}
