/** CEL's operators on two values. Arithmetic stays within one type; whole numbers are checked for overflow. */

import { addTimes, int, uint } from './functions.js';
import {
  equal,
  itemAt,
  kindOf,
  lengthOfList,
  List,
  memberOf,
  order,
  type Run,
  spend,
  spendText,
  Unsigned,
  type Value,
} from './values.js';

type Sign = '+' | '-' | '*' | '/' | '%';

function add(run: Run, one: Value, other: Value): Value | undefined {
  if (typeof one === 'string' && typeof other === 'string') {
    return spendText(run, one.length + other.length) ? one + other : undefined;
  }
  if (one instanceof Uint8Array && other instanceof Uint8Array) return concatenateBytes(run, one, other);
  if (lengthOfList(one) !== undefined && lengthOfList(other) !== undefined) return concatenateLists(run, one, other);
  return addTimes(one, other, 1n) ?? numbers('+', one, other);
}

function arithmetic(sign: Sign): BinaryOperator {
  if (sign === '-') return (_run, one, other) => addTimes(one, other, -1n) ?? numbers(sign, one, other);
  return (_run, one, other) => numbers(sign, one, other);
}

export function negate(value: Value): Value | undefined {
  if (typeof value === 'bigint') return int(-value);
  return typeof value === 'number' ? -value : undefined;
}

function numbers(sign: Sign, one: Value, other: Value): Value | undefined {
  if (typeof one === 'bigint' && typeof other === 'bigint') {
    const whole = wholes(sign, one, other);
    return whole === undefined ? undefined : int(whole);
  }
  if (one instanceof Unsigned && other instanceof Unsigned) {
    const whole = wholes(sign, one.value, other.value);
    return whole === undefined ? undefined : uint(whole);
  }
  return typeof one === 'number' && typeof other === 'number' ? doubles(sign, one, other) : undefined;
}

function wholes(sign: Sign, one: bigint, other: bigint): bigint | undefined {
  switch (sign) {
    case '+':
      return one + other;
    case '-':
      return one - other;
    case '*':
      return one * other;
    case '/':
      return other === 0n ? undefined : one / other;
    case '%':
      return other === 0n ? undefined : one % other;
  }
}

function doubles(sign: Sign, one: number, other: number): number | undefined {
  switch (sign) {
    case '+':
      return one + other;
    case '-':
      return one - other;
    case '*':
      return one * other;
    case '/':
      return one / other;
    case '%':
      return undefined;
  }
}

function concatenateBytes(run: Run, one: Uint8Array, other: Uint8Array): Uint8Array | undefined {
  if (!spendText(run, one.length + other.length)) return undefined;
  const whole = new Uint8Array(one.length + other.length);
  whole.set(one);
  whole.set(other, one.length);
  return whole;
}

function concatenateLists(run: Run, one: Value, other: Value): List | undefined {
  const lengths = [lengthOfList(one)!, lengthOfList(other)!] as const;
  if (!spend(run, lengths[0] + lengths[1])) return undefined;
  const items: Value[] = [];
  for (const [list, length] of [
    [one, lengths[0]],
    [other, lengths[1]],
  ] as const) {
    for (let index = 0; index < length; index++) {
      const item = itemAt(list, index);
      if (item === undefined) return undefined;
      items.push(item);
    }
  }
  return new List(items);
}

export type BinaryOperator = (run: Run, one: Value, other: Value) => Value | undefined;

/** CEL's `in`: an item of a list, or a key of a map. */
export function contains(run: Run, value: Value, whole: Value): boolean | undefined {
  const length = lengthOfList(whole);
  if (length === undefined) return kindOf(whole) === 'map' ? memberOf(whole, value) !== undefined : undefined;
  for (let index = 0; index < length; index++) {
    const item = itemAt(whole, index);
    const same = item === undefined ? undefined : equal(run, value, item);
    if (same !== false) return same;
  }
  return false;
}

function ordering(holds: (difference: number) => boolean): BinaryOperator {
  return (run, one, other) => {
    const difference = order(run, one, other);
    return difference === undefined ? undefined : holds(difference);
  };
}

function differ(run: Run, one: Value, other: Value): boolean | undefined {
  const same = equal(run, one, other);
  return same === undefined ? undefined : !same;
}

/** All but `in`. */
export const BINARY: ReadonlyMap<string, BinaryOperator> = new Map<string, BinaryOperator>([
  ['==', equal],
  ['!=', differ],
  ['<', ordering((difference) => difference < 0)],
  ['<=', ordering((difference) => difference <= 0)],
  ['>', ordering((difference) => difference > 0)],
  ['>=', ordering((difference) => difference >= 0)],
  ['+', add],
  ['-', arithmetic('-')],
  ['*', arithmetic('*')],
  ['/', arithmetic('/')],
  ['%', arithmetic('%')],
]);
