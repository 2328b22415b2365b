/** Whether a candidate still shows what is being looked for. */
export type Test<Value> = (candidate: Value) => Promise<boolean>;

/**
 * Takes away as many items as it can, in halves, quarters and so on down to single ones, while the test holds
 * (delta debugging: Zeller and Hildebrandt, IEEE Transactions on Software Engineering 28:2, 2002).
 *
 * @returns a list that passes; the given one when nothing can go
 */
export async function fewestItems<Item>(items: readonly Item[], test: Test<readonly Item[]>): Promise<readonly Item[]> {
  let kept = items;
  let width = Math.max(1, Math.ceil(items.length / 2));
  for (;;) {
    let start = 0;
    let shrunk = false;
    while (start < kept.length) {
      const candidate = [...kept.slice(0, start), ...kept.slice(start + width)];
      if (await test(candidate)) {
        kept = candidate;
        shrunk = true;
      } else start += width;
    }
    if (width > 1) width = Math.ceil(width / 2);
    else if (!shrunk || kept.length === 0) return kept;
  }
}

/**
 * Takes away list items and map members anywhere below a JSON value while the test holds, outer ones first.
 *
 * @param value  a list or a map; itself stays
 */
export async function smallestJson<Value>(value: Value, test: Test<Value>): Promise<Value> {
  if (Array.isArray(value)) {
    let kept: readonly unknown[] = await fewestItems<unknown>(value, (candidate) => test(candidate as Value));
    for (let index = 0; index < kept.length; index += 1) {
      const smaller: unknown = await smallestJson(kept[index], (candidate) =>
        test(kept.with(index, candidate) as Value),
      );
      kept = kept.with(index, smaller);
    }
    return kept as Value;
  }
  if (typeof value !== 'object' || value === null) return value;
  let kept = value as { readonly [member: string]: unknown };
  for (const member of Object.keys(value)) {
    const { [member]: _, ...without } = kept;
    if (await test(without as Value)) kept = without;
  }
  for (const member of Object.keys(kept)) {
    const smaller = await smallestJson(kept[member], (candidate) => test({ ...kept, [member]: candidate } as Value));
    kept = { ...kept, [member]: smaller };
  }
  return kept as Value;
}
