const UNITS: readonly (readonly [seconds: number, name: string])[] = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
  [1, 's'],
];

/** A time span in its two largest units: `3 s`, `12 min 5 s`, `4 d 2 h`. */
export function spanText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const first = UNITS.findIndex(([unit]) => whole >= unit);
  if (first === -1) return '0 s';
  const [[unit, name], next] = [UNITS[first]!, UNITS[first + 1]];
  const rest = next === undefined ? 0 : Math.floor((whole % unit) / next[0]);
  return `${Math.floor(whole / unit)} ${name}${rest === 0 ? '' : ` ${rest} ${next![1]}`}`;
}

/** @returns an instant of RFC 3339 in UTC; undefined when it is none, or no calendar has it */
function wholeInstantIn(text: string): string | undefined {
  const isWhole = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/i.test(text);
  const at = isWhole ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
}

const SPAN = /^([1-9]\d{0,5})(min|h|d)$/;

/**
 * An instant as people give it: RFC 3339, or a span from now like `90d`, `12h`, `30min`.
 *
 * @returns RFC 3339; undefined when it is neither, or no calendar has it
 */
export function instantIn(text: string, now: number): string | undefined {
  const span = SPAN.exec(text);
  if (span === null) return wholeInstantIn(text);
  const [seconds] = UNITS.find(([, name]) => name === span[2])!;
  return new Date(now + Number(span[1]) * seconds * 1000).toISOString();
}
