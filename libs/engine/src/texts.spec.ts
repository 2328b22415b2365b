import fc from 'fast-check';
import { TextList, TextNumbers } from './texts.js';
import { anyCharacter } from '../../../test/support/any-character.js';

/** Any UTF-16 units, also halves of pairs: what a request brings has not been judged yet. */
const text = fc.string({ unit: anyCharacter, maxLength: 12 });
const short = fc.string({ unit: fc.constantFrom('a', 'b', '\ud800', '\u0000'), maxLength: 3 });
const any = fc.oneof(text, short);

it('a text has the number it was given, and any other text none', () => {
  fc.assert(
    fc.property(fc.uniqueArray(any, { maxLength: 200 }), fc.array(any, { maxLength: 50 }), (texts, others) => {
      const expected = new Map(texts.map((each, index) => [each, index + 1]));
      const numbers = new TextNumbers(expected);
      for (const each of [...texts, ...others]) expect(numbers.get(each)).toBe(expected.get(each) ?? 0);
    }),
  );
});

it('a text comes back as it was', () => {
  fc.assert(
    fc.property(fc.array(any, { maxLength: 200 }), (texts) => {
      const list = new TextList(texts);
      for (const _ of ['made', 'made before']) expect(texts.map((_each, place) => list.at(place))).toEqual(texts);
    }),
  );
});

it('a text longer than a call takes arguments comes back', () => {
  const long = 'äb'.repeat(100_000);
  expect(new TextList(['', long, 'x']).at(1)).toBe(long);
});
