/**
 * A map with some of its entries changed. What stays is shared with the map before it and not copied, so that making one
 * costs time in proportion to what ever changed. Reading one looks at two maps, however often it was changed.
 */
export class LayeredMap<Value> implements ReadonlyMap<string, Value> {
  private readonly base: ReadonlyMap<string, Value>;
  /** Undefined stands for an entry that is there no longer. */
  private readonly changed: ReadonlyMap<string, Value | undefined>;
  readonly size: number;

  /** @param changed  undefined removes an entry */
  constructor(before: ReadonlyMap<string, Value>, changed: ReadonlyMap<string, Value | undefined>) {
    const isLayered = before instanceof LayeredMap;
    this.base = isLayered ? before.base : before;
    this.changed = isLayered ? new Map([...before.changed, ...changed]) : changed;
    let { size } = this.base;
    for (const [key, value] of this.changed) size += (value === undefined ? 0 : 1) - (this.base.has(key) ? 1 : 0);
    this.size = size;
  }

  get(key: string): Value | undefined {
    return this.changed.has(key) ? this.changed.get(key) : this.base.get(key);
  }

  has(key: string): boolean {
    return this.changed.has(key) ? this.changed.get(key) !== undefined : this.base.has(key);
  }

  /** Entries that stay, then those that changed. */
  *entries(): MapIterator<[string, Value]> {
    for (const entry of this.base) if (!this.changed.has(entry[0])) yield entry;
    for (const [key, value] of this.changed) if (value !== undefined) yield [key, value];
  }

  *keys(): MapIterator<string> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): MapIterator<Value> {
    for (const [, value] of this.entries()) yield value;
  }

  [Symbol.iterator](): MapIterator<[string, Value]> {
    return this.entries();
  }

  forEach(visit: (value: Value, key: string, map: ReadonlyMap<string, Value>) => void): void {
    for (const [key, value] of this.entries()) visit(value, key, this);
  }
}
