/**
 * The rank-sum test of Mann and Whitney, with the normal approximation and midranks for ties. Ranks do not care how far
 * off an outlier is.
 *
 * @returns the two-sided p of samples of one distribution lying as far apart as these do
 */
export function rankTest(left: readonly number[], right: readonly number[]): number {
  const all = [
    ...left.map((value) => ({ value, isLeft: true })),
    ...right.map((value) => ({ value, isLeft: false })),
  ].sort((one, other) => one.value - other.value);
  let rankSum = 0;
  let tied = 0;
  for (let from = 0; from < all.length;) {
    let to = from;
    while (to < all.length && all[to]!.value === all[from]!.value) to += 1;
    const rank = (from + 1 + to) / 2;
    for (let at = from; at < to; at += 1) if (all[at]!.isLeft) rankSum += rank;
    tied += (to - from) ** 3 - (to - from);
    from = to;
  }
  const pairs = left.length * right.length;
  const u = rankSum - (left.length * (left.length + 1)) / 2;
  const variance = (pairs / 12) * (all.length + 1 - tied / (all.length * (all.length - 1)));
  return twoSided((u - pairs / 2) / Math.sqrt(variance));
}

/** By Abramowitz and Stegun 26.2.17; off by less than 2e-7. */
function twoSided(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const polynomial = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return 2 * (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * polynomial;
}
