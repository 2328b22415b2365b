/** Orders texts by their UTF-8 bytes, which is the order of their code points. */
export function byBytes(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a === b) continue;
    // Surrogates stand for code points above every other UTF-16 unit, although their units are smaller than some.
    const aAstral = a >= 0xd800 && a <= 0xdfff;
    const bAstral = b >= 0xd800 && b <= 0xdfff;
    if (aAstral !== bAstral) return aAstral ? 1 : -1;
    return a - b;
  }
  return left.length - right.length;
}

/** RFC 8785 canonical JSON: members in the order of their UTF-16 units, no white space; undefined members left out. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = value as Record<string, unknown>;
    const written = Object.keys(members)
      .filter((name) => members[name] !== undefined)
      .sort()
      .map((name) => `${JSON.stringify(name)}:${canonicalJson(members[name])}`);
    return `{${written.join(',')}}`;
  }
  return JSON.stringify(value);
}

/**
 * The same text as one run of characters with its hash at hand. Texts cut from a document or put together from pieces
 * are read through a detour each time they are compared, which costs a decision more than the comparison.
 */
export function settled(text: string): string {
  // The name of a member is always stored so.
  for (const name in { [text]: undefined }) return name;
  return text;
}
