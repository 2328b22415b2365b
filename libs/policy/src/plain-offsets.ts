import type { Json } from '#engine';

/** Where a map's members and a list's items are written: offsets of name and value. */
export interface Offsets {
  readonly name: number;
  readonly value: number;
}
/** By container, then by member name or index. */
export type OffsetRecord = WeakMap<object, Map<string | number, Offsets>>;

/** The offset a path leads to in what was read with `record`, or that of the nearest place around it. */
export function plainOffsetAt(
  root: Json,
  record: OffsetRecord,
  path: readonly (string | number)[],
  part: 'name' | 'value',
): number | undefined {
  let container: unknown = root;
  let offset: number | undefined;
  for (const [depth, step] of path.entries()) {
    const offsets = typeof container === 'object' && container !== null ? record.get(container)?.get(step) : undefined;
    if (offsets === undefined) break;
    offset = depth === path.length - 1 && part === 'name' ? offsets.name : offsets.value;
    container = (container as { readonly [member: string | number]: unknown })[step];
  }
  return offset;
}
