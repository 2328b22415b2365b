/** What some program parts names and pairs at, besides `&`: old forms at `;`, and a target is cut at its last `?` too. */
const PARTED = /[;?]/;
/** The same within a name, where a program decodes before it parts. */
const PARTED_DECODED = /[&;?=]/;
/** What stands between a name and a member or a type of it. */
const MEMBERS = /[[\].:]/;
const ESCAPES = /(?:%[0-9a-f]{2})+/gi;
const PLAIN = /^[a-z0-9]*$/;
const ASCII = /^\p{ASCII}*$/u;

/**
 * Parameters of a client's query that a service may take for one of some names. Programs differ: they decode escapes, some
 * of them twice, fold case, width and accents, part pairs at `;` too, take `tier[]`, `[tier]`, `tier.x`, `tier:int` and, for
 * a member of an argument, `filter.tier` for `tier`, write `_` for `.` and `[`, know `priceTier` as `price_tier`, and drop `$`, `!`, quotes or spaces around a name.
 * So whoever sets or removes a parameter has to take all of these out. Names are compared by their letters and digits.
 *
 * @param query  what stands behind the `?`; undefined: nothing
 * @returns names as the client spelled them, up to the first `=` of the pair; a gateway finds them in the query as they are
 */
export function parametersAlike(query: string | undefined, names: ReadonlySet<string>): readonly string[] {
  if (query === undefined || names.size === 0) return [];
  const wanted = new Set(Array.from(names, lettersOf));
  const alike = new Set<string>();
  for (const pair of query.split('&')) {
    const spelling = spellingIn(pair);
    if (!alike.has(spelling) && pair.split(PARTED).some((piece) => isReadAs(wanted, nameIn(piece))))
      alike.add(spelling);
  }
  return [...alike];
}

/** How many parameters a query has, by whoever counts most. */
export function countedParameters(query: string | undefined): number {
  return query === undefined || query === '' ? 0 : query.split(/[&;]/).length;
}

function spellingIn(pair: string): string {
  const equals = pair.indexOf('=');
  return equals < 0 ? pair : pair.slice(0, equals);
}

/** Readers that cut at every `=` skip those before a name. */
function nameIn(piece: string): string {
  return spellingIn(piece.replace(/^=+/, ''));
}

function isReadAs(wanted: ReadonlySet<string>, spelling: string): boolean {
  if (PLAIN.test(spelling)) return wanted.has(spelling);
  const once = decoded(spelling.replaceAll('+', ' '));
  if (isNamed(wanted, once)) return true;
  const twice = decoded(once.replaceAll('+', ' '));
  return twice !== once && isNamed(wanted, twice);
}

function isNamed(wanted: ReadonlySet<string>, decodedName: string): boolean {
  return decodedName
    .split(PARTED_DECODED)
    .some((text) => wanted.has(lettersOf(text)) || text.split(MEMBERS).some((part) => wanted.has(lettersOf(part))));
}

/** Nothing but letters and digits, in one case; a name without any stands as it is. */
function lettersOf(name: string): string {
  if (PLAIN.test(name)) return name;
  const letters = ASCII.test(name)
    ? name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
    : name
        .normalize('NFKD')
        .toUpperCase()
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}]/gu, '');
  return letters === '' ? name : letters;
}

/** As lenient readers do: what is no escape stands as it is, and bytes that are no text are dropped later. */
function decoded(text: string): string {
  return text.replaceAll(ESCAPES, (escapes) => Buffer.from(escapes.replaceAll('%', ''), 'hex').toString('utf8'));
}
