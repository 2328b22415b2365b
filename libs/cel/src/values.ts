/**
 * The values of a running condition, and what reading, comparing and measuring them costs.
 *
 * Data of the request is never copied: lists and maps of the input are read in place, and a number becomes a CEL `int`
 * (a bigint) or `double` when it is read. So that `[2.0]` written in an expression stays a list of doubles while `[2]`
 * in the data is one of ints, what an expression makes itself has classes of its own ({@link List}, {@link Mapping}).
 *
 * `undefined` is CEL's error everywhere: the result of anything that cannot be evaluated.
 */

/** Base of every value that is not a plain JavaScript one, so that a single test tells it from data of the request. */
export abstract class Opaque {
  abstract readonly kind: string;
}

/** A list made by an expression. */
export class List extends Opaque {
  override readonly kind = 'list';
  constructor(readonly items: readonly Value[]) {
    super();
  }
}

/** A map made by an expression. Keys are texts, booleans and, for ints and uints alike, bigints. */
export class Mapping extends Opaque {
  override readonly kind = 'map';
  constructor(readonly entries: ReadonlyMap<Value, Value>) {
    super();
  }
}

export class Unsigned extends Opaque {
  override readonly kind = 'uint';
  constructor(readonly value: bigint) {
    super();
  }
}

export class Duration extends Opaque {
  override readonly kind = 'google.protobuf.Duration';
  constructor(readonly nanoseconds: bigint) {
    super();
  }
}

export class TypeName extends Opaque {
  override readonly kind = 'type';
  constructor(readonly name: string) {
    super();
  }
}

export class Optional extends Opaque {
  override readonly kind = 'optional';
  constructor(readonly value: Value | undefined) {
    super();
  }
}

/** A list or a map of the input. */
export type Data = readonly unknown[] | { readonly [member: string]: unknown };

/** bigint is `int`, number `double`, Date `timestamp`, Uint8Array `bytes`. */
export type Value = string | bigint | number | boolean | null | Date | Uint8Array | Opaque | Data;

/** One evaluation: what it reads, and the steps it may still take. */
export interface Run {
  readonly input: { readonly [root: string]: unknown };
  /** Below zero: over budget, and then the answer is *not evaluable*, whatever absorbed the failure on the way. */
  steps: number;
  /** Values of the variables that macros bind. */
  readonly locals: (Value | undefined)[];
}

/** Takes the cost of work on `units` of text before it is done. @returns false when over budget */
export function spendText(run: Run, units: number): boolean {
  return (run.steps -= units >> 6) >= 0;
}

/** @returns false when over budget */
export function spend(run: Run, steps: number): boolean {
  return (run.steps -= steps) >= 0;
}

export function kindOf(value: Value): string {
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'bigint':
      return 'int';
    case 'number':
      return 'double';
    case 'boolean':
      return 'bool';
    default:
      if (value === null) return 'null_type';
      if (value instanceof Opaque) return value.kind;
      if (Array.isArray(value)) return 'list';
      if (value instanceof Date) return 'google.protobuf.Timestamp';
      return value instanceof Uint8Array ? 'bytes' : 'map';
  }
}

/** A value of the input as CEL sees it: whole numbers that fit are ints. @returns undefined for what JSON has not */
export function fromInput(raw: unknown): Value | undefined {
  switch (typeof raw) {
    case 'string':
    case 'boolean':
      return raw;
    case 'number':
      return Number.isSafeInteger(raw) ? BigInt(raw) : raw;
    case 'object':
      return raw instanceof Date && Number.isNaN(raw.getTime()) ? undefined : (raw as Value);
    default:
      return undefined;
  }
}

/** A member of a map of the input; null members are absent, and so is everything inherited. */
export function ownMember(raw: unknown, name: string): unknown {
  if (typeof raw !== 'object' || raw === null) return undefined;
  const prototype: unknown = Object.getPrototypeOf(raw);
  // Nearly everything read is a plain object; the tests below cost more than the reading.
  if (prototype !== null && prototype !== Object.prototype && kindOf(raw as Value) !== 'map') return undefined;
  return Object.hasOwn(raw, name) ? ((raw as { readonly [member: string]: unknown })[name] ?? undefined) : undefined;
}

/** @returns undefined when the value is no list */
export function lengthOfList(value: Value): number | undefined {
  if (value instanceof List) return value.items.length;
  return Array.isArray(value) ? value.length : undefined;
}

export function itemAt(list: Value, index: number): Value | undefined {
  return list instanceof List ? list.items[index] : fromInput((list as readonly unknown[])[index]);
}

/** The keys of a map. @returns undefined when the value is no map, or over budget */
export function keysOf(run: Run, value: Value): readonly Value[] | undefined {
  if (value instanceof Mapping) return spend(run, value.entries.size) ? [...value.entries.keys()] : undefined;
  if (kindOf(value) !== 'map') return undefined;
  const data = value as { readonly [member: string]: unknown };
  const keys = Object.keys(data);
  return spend(run, keys.length) ? keys.filter((key) => (data[key] ?? undefined) !== undefined) : undefined;
}

/** Whole numbers of every type are one key. @returns undefined for what can be no key */
export function keyOf(value: Value): string | bigint | boolean | undefined {
  if (typeof value === 'string' || typeof value === 'bigint' || typeof value === 'boolean') return value;
  if (value instanceof Unsigned) return value.value;
  return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : undefined;
}

/** @returns undefined when the map has no such member, or the value is no map */
export function memberOf(map: Value, key: Value): Value | undefined {
  const name = keyOf(key);
  if (name === undefined) return undefined;
  if (map instanceof Mapping) return map.entries.get(name);
  return typeof name === 'string' ? fromInput(ownMember(map, name)) : undefined;
}

/** Deeper data cannot be compared; it keeps comparing off the end of the stack. */
const MAX_COMPARED_DEPTH = 64;

/** CEL's `==`: values of different types differ, numbers compare as numbers. @returns undefined when over budget */
export function equal(run: Run, one: Value, other: Value, depth = 0): boolean | undefined {
  if (!spend(run, 1) || depth > MAX_COMPARED_DEPTH) return undefined;
  if (typeof one === 'string' && typeof other === 'string') {
    if (one.length !== other.length) return false;
    return spendText(run, one.length) ? one === other : undefined;
  }
  if (one === other) return true;
  const numbers = [numberOf(one), numberOf(other)] as const;
  // INVARIANT: loose equality of a bigint and a number compares their mathematical values.
  // oxlint-disable-next-line eqeqeq
  if (numbers[0] !== undefined && numbers[1] !== undefined) return numbers[0] == numbers[1];
  const kind = kindOf(one);
  if (kind !== kindOf(other)) return false;
  switch (kind) {
    case 'list':
      return equalLists(run, one, other, depth);
    case 'map':
      return equalMaps(run, one, other, depth);
    case 'bytes':
      return equalBytes(run, one as Uint8Array, other as Uint8Array);
    case 'optional': {
      const [left, right] = [(one as Optional).value, (other as Optional).value];
      return left === undefined || right === undefined ? left === right : equal(run, left, right, depth + 1);
    }
    default:
      return identityOf(one) === identityOf(other);
  }
}

function equalLists(run: Run, one: Value, other: Value, depth: number): boolean | undefined {
  const length = lengthOfList(one)!;
  if (length !== lengthOfList(other)) return false;
  for (let index = 0; index < length; index++) {
    const [left, right] = [itemAt(one, index), itemAt(other, index)];
    if (left === undefined || right === undefined) return undefined;
    const same = equal(run, left, right, depth + 1);
    if (same !== true) return same;
  }
  return true;
}

function equalMaps(run: Run, one: Value, other: Value, depth: number): boolean | undefined {
  const keys = keysOf(run, one);
  const otherKeys = keysOf(run, other);
  if (keys === undefined || otherKeys === undefined) return undefined;
  if (keys.length !== otherKeys.length) return false;
  for (const key of keys) {
    const [left, right] = [memberOf(one, key), memberOf(other, key)];
    if (right === undefined) return false;
    const same = left === undefined ? undefined : equal(run, left, right, depth + 1);
    if (same !== true) return same;
  }
  return true;
}

function equalBytes(run: Run, one: Uint8Array, other: Uint8Array): boolean | undefined {
  if (one.length !== other.length) return false;
  return spendText(run, one.length) ? one.every((byte, index) => byte === other[index]) : undefined;
}

function numberOf(value: Value): number | bigint | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  return value instanceof Unsigned ? value.value : undefined;
}

/** A primitive that is equal exactly for equal values of one of the atomic kinds. */
function identityOf(value: Value): unknown {
  if (value instanceof Date) return value.getTime();
  if (value instanceof Duration) return value.nanoseconds;
  if (value instanceof TypeName) return value.name;
  return value instanceof Opaque
    ? JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? `${part}` : part))
    : value;
}

/** Below, at or above zero as `one` is less than, equal to or greater than `other`; NaN when neither. */
export function order(run: Run, one: Value, other: Value): number | undefined {
  if (typeof one === 'string' && typeof other === 'string') {
    return spendText(run, Math.min(one.length, other.length)) ? orderTexts(one, other) : undefined;
  }
  const left = numberOf(one) ?? magnitudeOf(one);
  const right = numberOf(other) ?? magnitudeOf(other);
  if (left === undefined || right === undefined) return undefined;
  if (numberOf(one) === undefined || numberOf(other) === undefined) {
    if (kindOf(one) !== kindOf(other)) return undefined;
  }
  if (left < right) return -1;
  if (left > right) return 1;
  // oxlint-disable-next-line eqeqeq
  return left == right ? 0 : Number.NaN;
}

function magnitudeOf(value: Value): number | bigint | undefined {
  if (typeof value === 'boolean') return Number(value);
  if (value instanceof Date) return value.getTime();
  return value instanceof Duration ? value.nanoseconds : undefined;
}

function orderTexts(one: string, other: string): number {
  const shorter = Math.min(one.length, other.length);
  for (let index = 0; index < shorter; index++) {
    const difference = rankOfUnit(one.charCodeAt(index)) - rankOfUnit(other.charCodeAt(index));
    if (difference !== 0) return difference;
  }
  return one.length - other.length;
}

/** Makes UTF-16 units sort as code points do: surrogates, which spell U+10000 and above, come after U+FFFF. */
function rankOfUnit(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
