/** What is left of a name without what programs drop before it, up to a bracket. */
const NAME = /^[[\]\s!]*([^[\]]*)/;

/**
 * Parameters of a client's query that a service may take for one of some names. Programs differ: they decode escapes, read
 * `+` as a space, fold case, part pairs at `;` too, take `tier[]` and `[tier]` for `tier`, write `_` for `.`, and take
 * `!tier` where `tier` is missing. So whoever sets or removes a parameter has to take all of these out.
 *
 * @param query  what stands behind the `?`; undefined: nothing
 * @returns names as the client spelled them, up to the first `=` of the pair; a gateway finds them in the query as they are
 */
export function parametersAlike(query: string | undefined, names: ReadonlySet<string>): readonly string[] {
  if (query === undefined || names.size === 0) return [];
  const folded = new Set(Array.from(names, foldedParameterName));
  const alike = new Set<string>();
  for (const pair of query.split('&')) {
    if (pair.split(';').some((piece) => folded.has(foldedParameterName(spellingIn(piece)))))
      alike.add(spellingIn(pair));
  }
  return [...alike];
}

function spellingIn(pair: string): string {
  const equals = pair.indexOf('=');
  return equals < 0 ? pair : pair.slice(0, equals);
}

function foldedParameterName(spelling: string): string {
  const [, name = ''] = NAME.exec(decoded(spelling.replaceAll('+', ' '))) ?? [];
  return name.replaceAll(/[. ]/g, '_').toLowerCase();
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // No target that was judged holds such an escape.
    return text;
  }
}
