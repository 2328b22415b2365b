/**
 * CEL's timestamps and durations.
 *
 * Timestamps are Dates: millisecond precision, further digits are cut. Nothing here reads the clock or the time zone of
 * the process.
 */

import { Duration } from './values.js';

/** 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999Z, the range of a CEL timestamp. */
const FIRST_INSTANT = -62_135_596_800_000;
const LAST_INSTANT = 253_402_300_799_999;
/** Ten thousand years of 365.25 days, the range of a CEL duration. */
const MAX_DURATION = 315_576_000_000n * 1_000_000_000n;

/** @param milliseconds  since the epoch */
export function timestamp(milliseconds: number): Date | undefined {
  return milliseconds >= FIRST_INSTANT && milliseconds <= LAST_INSTANT ? new Date(Math.floor(milliseconds)) : undefined;
}

export function duration(nanoseconds: bigint): Duration | undefined {
  return nanoseconds <= MAX_DURATION && nanoseconds >= -MAX_DURATION ? new Duration(nanoseconds) : undefined;
}

/** @returns undefined when the text is not RFC 3339, with a zone */
export function parseTimestamp(text: string): Date | undefined {
  if (text.length > 40) return undefined;
  const parts = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-]\d\d):(\d\d))$/i.exec(text);
  if (parts === null) return undefined;
  const [year, month, day, hours, minutes, seconds] = parts.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const milliseconds = Number((parts[7] ?? '0').padEnd(3, '0').slice(0, 3));
  const zoneHours = Number(parts[8] ?? 0);
  const zoneMinutes = Number(parts[9] ?? 0);
  if (hours > 23 || minutes > 59 || seconds > 59 || Math.abs(zoneHours) > 23 || zoneMinutes > 59) return undefined;
  const local = new Date(0);
  local.setUTCFullYear(year, month - 1, day);
  // A day the month has not rolls over into the next.
  if (local.getUTCMonth() !== month - 1 || local.getUTCDate() !== day) return undefined;
  local.setUTCHours(hours, minutes, seconds, milliseconds);
  const behind = parts[8]?.startsWith('-') === true;
  const zone = (Math.abs(zoneHours) * 60 + zoneMinutes) * 60_000;
  return timestamp(local.getTime() + (behind ? zone : -zone));
}

/** RFC 3339 in UTC, without trailing zeros. */
export function printTimestamp(instant: Date): string {
  const text = instant.toISOString();
  if (text.endsWith('.000Z')) return `${text.slice(0, -5)}Z`;
  return `${text.slice(0, -1).replace(/0{1,2}$/, '')}Z`;
}

const UNIT_NANOSECONDS: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  ['µs', 1_000n],
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
]);

/** @returns undefined when the text is not a sign, then numbers with units (`1h30m`, `-1.5s`), or `0` */
export function parseDuration(text: string): Duration | undefined {
  if (text.length > 64) return undefined;
  const unsigned = /^[+-]/.test(text) ? text.slice(1) : text;
  if (unsigned === '0') return duration(0n);
  let nanoseconds = 0n;
  let end = 0;
  // Sticky, and digits and units never overlap: one pass.
  for (const part of unsigned.matchAll(/(\d+)(?:\.(\d+))?(ns|us|µs|ms|s|m|h)/gy)) {
    const unit = UNIT_NANOSECONDS.get(part[3]!)!;
    const fraction = part[2] ?? '';
    nanoseconds += BigInt(part[1]!) * unit + (BigInt(fraction || '0') * unit) / 10n ** BigInt(fraction.length);
    end = part.index + part[0].length;
  }
  if (end === 0 || end !== unsigned.length) return undefined;
  return duration(text.startsWith('-') ? -nanoseconds : nanoseconds);
}

/** Seconds, with a fraction where there is one: `5400s`, `-0.5s`. */
export function printDuration(value: Duration): string {
  const size = value.nanoseconds < 0n ? -value.nanoseconds : value.nanoseconds;
  const fraction = `${size % 1_000_000_000n}`.padStart(9, '0').replace(/0+$/, '');
  return `${value.nanoseconds < 0n ? '-' : ''}${size / 1_000_000_000n}${fraction && `.${fraction}`}s`;
}

const DAY = 86_400_000;

/** The parts of an instant, from a Date whose UTC fields are the local ones. */
export const TIMESTAMP_FIELDS: ReadonlyMap<string, (local: Date) => number> = new Map([
  ['getFullYear', (local: Date) => local.getUTCFullYear()],
  ['getMonth', (local: Date) => local.getUTCMonth()],
  ['getDate', (local: Date) => local.getUTCDate()],
  ['getDayOfMonth', (local: Date) => local.getUTCDate() - 1],
  ['getDayOfWeek', (local: Date) => local.getUTCDay()],
  ['getDayOfYear', dayOfYear],
  ['getHours', (local: Date) => local.getUTCHours()],
  ['getMinutes', (local: Date) => local.getUTCMinutes()],
  ['getSeconds', (local: Date) => local.getUTCSeconds()],
  ['getMilliseconds', (local: Date) => local.getUTCMilliseconds()],
]);

/** Whole units of a duration, cut toward zero. */
export const DURATION_FIELDS: ReadonlyMap<string, bigint> = new Map([
  ['getHours', 3_600_000_000_000n],
  ['getMinutes', 60_000_000_000n],
  ['getSeconds', 1_000_000_000n],
  ['getMilliseconds', 1_000_000n],
]);

function dayOfYear(local: Date): number {
  const firstDay = new Date(0).setUTCFullYear(local.getUTCFullYear(), 0, 1);
  return Math.floor((local.getTime() - firstDay) / DAY);
}

/**
 * A Date whose UTC fields are those of the instant in the zone.
 *
 * @param zone  an offset (`+02:00`, `-08:00`) or a name of the IANA data base
 * @returns undefined when there is no such zone
 */
export function inZone(instant: Date, zone: string): Date | undefined {
  if (zone.length > 64) return undefined;
  const offset = /^([+-]?)(\d\d):(\d\d)$/.exec(zone);
  if (offset !== null) {
    const minutes = Number(offset[2]) * 60 + Number(offset[3]);
    return new Date(instant.getTime() + (offset[1] === '-' ? -minutes : minutes) * 60_000);
  }
  const formatter = formatterOf(zone);
  if (formatter === undefined) return undefined;
  const fields = new Map(formatter.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
  const field = (type: Intl.DateTimeFormatPartTypes): number => fields.get(type) ?? 0;
  const local = new Date(0);
  local.setUTCFullYear(field('year'), field('month') - 1, field('day'));
  local.setUTCHours(field('hour'), field('minute'), field('second'), instant.getUTCMilliseconds());
  return local;
}

const MAX_FORMATTERS = 16;
const formatters = new Map<string, Intl.DateTimeFormat | undefined>();

function formatterOf(zone: string): Intl.DateTimeFormat | undefined {
  if (formatters.has(zone)) return formatters.get(zone);
  let formatter: Intl.DateTimeFormat | undefined;
  try {
    formatter = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      calendar: 'iso8601',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    formatter = undefined;
  }
  if (formatters.size >= MAX_FORMATTERS) formatters.delete(formatters.keys().next().value!);
  formatters.set(zone, formatter);
  return formatter;
}
