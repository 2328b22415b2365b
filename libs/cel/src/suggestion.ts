/** What someone may have meant to write. */

/** `, did you mean \`…\``, or nothing where no name is near. */
export function didYouMean(written: string, names: readonly string[]): string {
  if (written.length > 64) return '';
  const [nearest] = names
    .map((name) => ({ name, distance: distanceOf(written.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, distance }) => distance <= Math.ceil(name.length / 3))
    .toSorted((one, other) => one.distance - other.distance);
  return nearest === undefined ? '' : `, did you mean \`${nearest.name}\``;
}

/** Levenshtein's edit distance. */
function distanceOf(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let index = 0; index < one.length; index++) {
    const next = [index + 1];
    for (let column = 0; column < other.length; column++) {
      const substituted = row[column]! + (one[index] === other[column] ? 0 : 1);
      next.push(Math.min(substituted, row[column + 1]! + 1, next[column]! + 1));
    }
    row = next;
  }
  return row[other.length]!;
}
