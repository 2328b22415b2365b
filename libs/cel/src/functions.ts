/**
 * The functions a condition may call. Each checks the types it is given and returns undefined, CEL's error, for any
 * other, and spends the cost of its work before doing it.
 */

import { Address, Cidr, cidrContains, parseAddress, parseCidr } from './address.js';
import { dynamicPattern, type Pattern } from './pattern.js';
import {
  DURATION_FIELDS,
  duration,
  inZone,
  parseDuration,
  parseTimestamp,
  printDuration,
  printTimestamp,
  TIMESTAMP_FIELDS,
  timestamp,
} from './time.js';
import {
  Duration,
  itemAt,
  keysOf,
  kindOf,
  lengthOfList,
  List,
  Optional,
  type Run,
  spend,
  spendText,
  TypeName,
  Unsigned,
  type Value,
} from './values.js';

/** A method gets its receiver first. */
export type CelFunction = (run: Run, ...given: Value[]) => Value | undefined;

const MAX_INT = 2n ** 63n - 1n;
const MIN_INT = -(2n ** 63n);
const MAX_UINT = 2n ** 64n - 1n;

/** @returns undefined on overflow */
export function int(value: bigint): bigint | undefined {
  return value <= MAX_INT && value >= MIN_INT ? value : undefined;
}

/** @returns undefined on overflow */
export function uint(value: bigint): Unsigned | undefined {
  return value <= MAX_UINT && value >= 0n ? new Unsigned(value) : undefined;
}

/** `(text, pattern)`; a match takes one step for every 64 operations it may need. */
export function matchText(run: Run, text: Value, pattern: Pattern): boolean | undefined {
  if (typeof text !== 'string') return undefined;
  return spend(run, Math.ceil((text.length * pattern.size) / 64)) ? pattern.matches(text) : undefined;
}

/** Compiling a pattern that is not known beforehand takes this many steps and two a character, remembered or not. */
const STEPS_TO_COMPILE = 200;
/** Looking up a time zone by name takes this many steps. */
const STEPS_OF_A_ZONE = 100;

function matches(run: Run, text: Value, pattern: Value): boolean | undefined {
  if (typeof pattern !== 'string' || !spend(run, STEPS_TO_COMPILE + 2 * pattern.length)) return undefined;
  const compiled = dynamicPattern(pattern);
  return compiled && matchText(run, text, compiled);
}

function size(run: Run, value: Value): bigint | undefined {
  if (typeof value === 'string') return spendText(run, value.length) ? BigInt(lengthOf(value)) : undefined;
  if (value instanceof Uint8Array) return BigInt(value.length);
  const length = lengthOfList(value) ?? keysOf(run, value)?.length;
  return length === undefined ? undefined : BigInt(length);
}

/** In code points. */
function lengthOf(text: string): number {
  let length = text.length;
  for (let index = 0; index < text.length - 1; index++) {
    if (isPair(text, index)) {
      length--;
      index++;
    }
  }
  return length;
}

function isPair(text: string, index: number): boolean {
  return (text.charCodeAt(index) & 0xfc00) === 0xd800 && (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00;
}

/** Where in the text a code point begins. @returns undefined when the text has fewer */
function unitOf(text: string, codePoint: Value): number | undefined {
  if (typeof codePoint !== 'bigint' || codePoint < 0n || codePoint > BigInt(text.length)) return undefined;
  let unit = 0;
  for (let left = Number(codePoint); left > 0; left--) {
    if (unit >= text.length) return undefined;
    unit += isPair(text, unit) ? 2 : 1;
  }
  return unit;
}

function codePointOf(text: string, unit: number): bigint {
  return unit < 0 ? -1n : BigInt(lengthOf(text.slice(0, unit)));
}

type TextFunction = (text: string, other: string) => Value | undefined;

function onTexts(apply: TextFunction): CelFunction {
  return (run, text, other) => {
    if (typeof text !== 'string' || typeof other !== 'string') return undefined;
    return spendText(run, text.length + other.length) ? apply(text, other) : undefined;
  };
}

function onText(apply: (text: string) => Value | undefined): CelFunction {
  return (run, text) => (typeof text === 'string' && spendText(run, text.length * 2) ? apply(text) : undefined);
}

function search(find: (text: string, sought: string, from: number) => number): CelFunction {
  return (run, text, sought, from) => {
    if (typeof text !== 'string' || typeof sought !== 'string' || from === undefined) return undefined;
    if (!spendText(run, 3 * text.length + sought.length)) return undefined;
    const unit = unitOf(text, from);
    return unit === undefined ? undefined : codePointOf(text, find(text, sought, unit));
  };
}

function substring(run: Run, text: Value, from: Value, to?: Value): string | undefined {
  if (typeof text !== 'string' || !spendText(run, 3 * text.length)) return undefined;
  const start = unitOf(text, from);
  const end = to === undefined ? text.length : unitOf(text, to);
  return start === undefined || end === undefined || end < start ? undefined : text.slice(start, end);
}

function split(run: Run, text: Value, separator: Value, limit: Value = -1n): List | undefined {
  if (typeof text !== 'string' || typeof separator !== 'string' || typeof limit !== 'bigint') return undefined;
  const cost = separator === '' ? text.length : (text.length + separator.length) >> 6;
  if (!spend(run, cost)) return undefined;
  const parts = separator === '' ? Array.from(text) : text.split(separator, run.steps + 1);
  if (!spend(run, parts.length)) return undefined;
  if (limit === 0n) return new List([]);
  if (limit < 0n || BigInt(parts.length) <= limit) return new List(parts);
  const kept = Number(limit) - 1;
  return new List([...parts.slice(0, kept), parts.slice(kept).join(separator)]);
}

function join(run: Run, list: Value, separator: Value = ''): string | undefined {
  const length = lengthOfList(list);
  if (length === undefined || typeof separator !== 'string' || !spend(run, length)) return undefined;
  const parts: string[] = [];
  for (let index = 0; index < length; index++) {
    const part = itemAt(list, index);
    if (typeof part !== 'string' || !spendText(run, part.length + separator.length)) return undefined;
    parts.push(part);
  }
  return parts.join(separator);
}

function toText(run: Run, value: Value): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean' || typeof value === 'bigint') return `${value}`;
  if (typeof value === 'number') return Math.abs(value) === Infinity ? (value > 0 ? '+Inf' : '-Inf') : `${value}`;
  if (value instanceof Unsigned) return `${value.value}`;
  if (value instanceof Date) return printTimestamp(value);
  if (value instanceof Duration) return printDuration(value);
  if (!(value instanceof Uint8Array) || !spendText(run, value.length)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value);
  } catch {
    return undefined;
  }
}

/** The whole number a value stands for, before any check of range. */
function wholeOf(value: Value): bigint | undefined {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? BigInt(Math.trunc(value)) : undefined;
  if (typeof value === 'string') return /^[+-]?[0-9]{1,20}$/.test(value) ? BigInt(value.replace('+', '')) : undefined;
  return value instanceof Unsigned ? value.value : undefined;
}

function toInt(_run: Run, value: Value): bigint | undefined {
  const whole = value instanceof Date ? BigInt(Math.floor(value.getTime() / 1000)) : wholeOf(value);
  return whole === undefined ? undefined : int(whole);
}

function toUint(_run: Run, value: Value): Unsigned | undefined {
  const whole = wholeOf(value);
  return whole === undefined ? undefined : uint(whole);
}

function toDouble(_run: Run, value: Value): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string')
    return value instanceof Unsigned || typeof value === 'bigint' ? Number(wholeOf(value)) : undefined;
  if (value.length > 64) return undefined;
  const special = SPECIAL_DOUBLES.get(value.toLowerCase().replace(/^\+/, ''));
  if (special !== undefined) return special;
  return /^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/.test(value) ? Number(value) : undefined;
}

const SPECIAL_DOUBLES: ReadonlyMap<string, number> = new Map([
  ['inf', Infinity],
  ['infinity', Infinity],
  ['-inf', -Infinity],
  ['-infinity', -Infinity],
  ['nan', Number.NaN],
]);

const BOOLEANS: ReadonlyMap<Value, boolean> = new Map([
  ...[true, '1', 't', 'true', 'TRUE', 'True'].map((text) => [text, true] as const),
  ...[false, '0', 'f', 'false', 'FALSE', 'False'].map((text) => [text, false] as const),
]);

function toTimestamp(_run: Run, value: Value): Date | undefined {
  if (typeof value === 'string') return parseTimestamp(value);
  if (typeof value === 'bigint') return timestamp(Number(value) * 1000);
  return value instanceof Date ? value : undefined;
}

function toDuration(_run: Run, value: Value): Duration | undefined {
  if (typeof value === 'string') return parseDuration(value);
  return value instanceof Duration ? value : undefined;
}

function toAddress(_run: Run, value: Value): Address | undefined {
  if (typeof value === 'string') return parseAddress(value);
  return value instanceof Address ? value : undefined;
}

function toCidr(_run: Run, value: Value): Cidr | undefined {
  return typeof value === 'string' ? parseCidr(value) : undefined;
}

function containsIP(run: Run, block: Value, value: Value): boolean | undefined {
  const address = toAddress(run, value);
  return block instanceof Cidr && address !== undefined ? cidrContains(block, address) : undefined;
}

function timeField(name: string): CelFunction {
  const ofTimestamp = TIMESTAMP_FIELDS.get(name)!;
  const unit = DURATION_FIELDS.get(name);
  return (run, value, zone) => {
    if (value instanceof Duration)
      return unit === undefined || zone !== undefined ? undefined : value.nanoseconds / unit;
    if (!(value instanceof Date)) return undefined;
    if (zone === undefined) return BigInt(ofTimestamp(value));
    const local = typeof zone === 'string' && spend(run, STEPS_OF_A_ZONE) ? inZone(value, zone) : undefined;
    return local && BigInt(ofTimestamp(local));
  };
}

/** By name and number of arguments; methods begin with a dot. */
export const FUNCTIONS: ReadonlyMap<string, CelFunction> = new Map<string, CelFunction>([
  ['size/1', size],
  ['.size/0', size],
  ['.startsWith/1', onTexts((text, start) => text.startsWith(start))],
  ['.endsWith/1', onTexts((text, end) => text.endsWith(end))],
  ['.contains/1', onTexts((text, part) => text.includes(part))],
  ['matches/2', matches],
  ['.matches/1', matches],
  ['.lowerAscii/0', onText((text) => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()))],
  ['.upperAscii/0', onText((text) => text.replace(/[a-z]+/g, (letters) => letters.toUpperCase()))],
  ['.trim/0', onText((text) => text.trim())],
  ['.indexOf/1', onTexts((text, part) => codePointOf(text, text.indexOf(part)))],
  ['.indexOf/2', search((text, part, from) => text.indexOf(part, from))],
  ['.lastIndexOf/1', onTexts((text, part) => codePointOf(text, text.lastIndexOf(part)))],
  ['.lastIndexOf/2', search((text, part, from) => text.lastIndexOf(part, from))],
  ['.substring/1', substring],
  ['.substring/2', substring],
  ['.split/1', split],
  ['.split/2', split],
  ['.join/0', join],
  ['.join/1', join],
  ['string/1', toText],
  ['int/1', toInt],
  ['uint/1', toUint],
  ['double/1', toDouble],
  ['bool/1', (_run, value) => BOOLEANS.get(value)],
  [
    'bytes/1',
    (run, value) => {
      if (typeof value !== 'string') return value instanceof Uint8Array ? value : undefined;
      return spendText(run, value.length) ? new TextEncoder().encode(value) : undefined;
    },
  ],
  ['timestamp/1', toTimestamp],
  ['duration/1', toDuration],
  ['dyn/1', (_run, value) => value],
  ['type/1', (_run, value) => new TypeName(kindOf(value))],
  ['ip/1', toAddress],
  ['cidr/1', toCidr],
  ['.containsIP/1', containsIP],
  ['.hasValue/0', (_run, value) => (value instanceof Optional ? value.value !== undefined : undefined)],
  ['.value/0', (_run, value) => (value instanceof Optional ? value.value : undefined)],
  ...[...TIMESTAMP_FIELDS.keys()].flatMap((name): [string, CelFunction][] => [
    [`.${name}/0`, timeField(name)],
    [`.${name}/1`, timeField(name)],
  ]),
]);

/** Adds two durations, a duration and a timestamp, or subtracts them. @returns undefined for anything else */
export function addTimes(one: Value, other: Value, sign: 1n | -1n): Date | Duration | undefined {
  if (one instanceof Duration && other instanceof Duration) return duration(one.nanoseconds + sign * other.nanoseconds);
  if (one instanceof Date && other instanceof Duration) {
    return timestamp(one.getTime() + Number(sign * other.nanoseconds) / 1_000_000);
  }
  if (sign === 1n) return one instanceof Duration && other instanceof Date ? addTimes(other, one, sign) : undefined;
  if (!(one instanceof Date && other instanceof Date)) return undefined;
  return duration(BigInt(one.getTime() - other.getTime()) * 1_000_000n);
}
