/** Names looked at for one suggestion. */
const MAXIMUM_CANDIDATES = 2_000;
const MAXIMUM_LENGTH = 100;

/**
 * `. Did you mean \`x\`?` for the nearest of the names that exist, or nothing.
 *
 * @param wrong       what was written
 * @param candidates  what could have been meant; only the first 2,000 are looked at
 */
export function didYouMean(wrong: string, candidates: Iterable<string>): string {
  const nearest = nearestTo(wrong, candidates);
  return nearest === undefined ? '' : `. Did you mean \`${nearest}\`?`;
}

function nearestTo(wrong: string, candidates: Iterable<string>): string | undefined {
  if (wrong.length > MAXIMUM_LENGTH) return undefined;
  const lowered = wrong.toLowerCase();
  let best: string | undefined;
  let limit = Math.min(3, Math.floor(wrong.length / 3) + 1);
  let looked = 0;
  for (const candidate of candidates) {
    looked += 1;
    if (looked > MAXIMUM_CANDIDATES) break;
    if (candidate === wrong || Math.abs(candidate.length - wrong.length) > limit) continue;
    const distance = editDistance(lowered, candidate.toLowerCase(), limit);
    if (distance === undefined) continue;
    if (distance === limit && best !== undefined && best <= candidate) continue;
    best = candidate;
    limit = distance;
  }
  return best;
}

/** Insertions, deletions, replacements and swaps of neighbours; `undefined` when there are more than `limit`. */
function editDistance(left: string, right: string, limit: number): number | undefined {
  let twoAgo: number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1];
      let value = Math.min(previous[column]! + 1, current[column - 1]! + 1, previous[column - 1]! + (same ? 0 : 1));
      const swapped =
        row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (swapped) value = Math.min(value, twoAgo[column - 2]! + 1);
      current.push(value);
    }
    // What a swap reaches over this row costs no less than the cheapest of the row itself.
    if (Math.min(...current) > limit) return undefined;
    twoAgo = previous;
    previous = current;
  }
  const distance = previous[right.length]!;
  return distance <= limit ? distance : undefined;
}
