import { foldedHeaderName } from './header-name.js';

/**
 * Client headers that no service behind a gateway may see: programs take them for the method or the target, in place of
 * those that were judged, or for the key of an enforcement point. Of ours, `x-dharma-*`, all that we do not set go too.
 */
export const STRIPPED_HEADERS = [
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
  'x-original-url',
  'x-rewrite-url',
  'x-original-uri',
  'x-dharma-key',
] as const;

const STRIPPED: ReadonlySet<string> = new Set(STRIPPED_HEADERS);
const OURS = 'x-dharma-';

/**
 * Those of a client's headers that a gateway has to take out before it passes an allowed request on: the dangerous ones,
 * and those by which a client would say what only a rule may say.
 *
 * @param sent  names in lower case
 * @param set   names in lower case that this answer sets, so that the client's are overwritten
 * @param ruled folded names of headers that some rule of the policy in force sets
 */
export function strippedOf(
  sent: Iterable<string>,
  set: ReadonlySet<string>,
  ruled: { has(folded: string): boolean },
): readonly string[] {
  const stripped = new Set<string>();
  for (const name of sent) {
    const folded = foldedHeaderName(name);
    if (set.has(name)) continue;
    if (folded.startsWith(OURS) || STRIPPED.has(folded) || ruled.has(folded)) stripped.add(name);
  }
  return [...stripped];
}
