import type { Json } from '#engine';

const WHOLE_NUMBER = /^(?:0|[1-9][0-9]{0,14})$/;
const PERHAPS_A_NUMBER = /^[0-9][0-9a-fA-FoxX.+_-]*$/;
const WORDS: ReadonlyMap<string, boolean | null> = new Map<string, boolean | null>([
  ['true', true],
  ['True', true],
  ['TRUE', true],
  ['false', false],
  ['False', false],
  ['FALSE', false],
  ['null', null],
  ['Null', null],
  ['NULL', null],
]);

/**
 * What YAML 1.2's core schema makes of a text without quotes that begins with a letter, a digit, `_`, `/`, `$` or `(`.
 *
 * @returns `undefined` for what may be a number in one of its rarer forms
 */
export function plainScalar(written: string): Json | undefined {
  const word = WORDS.get(written);
  if (word !== undefined) return word;
  if (WHOLE_NUMBER.test(written)) return Number(written);
  // Dates and addresses begin like numbers and are none.
  if (PERHAPS_A_NUMBER.test(written) && !/^\d{4}-|^\d+\.\d+\.\d/.test(written)) return undefined;
  return written;
}
