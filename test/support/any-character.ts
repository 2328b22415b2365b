import fc from 'fast-check';

/** Half characters of UTF-16, which are none. */
const HALVES = { first: 0xd800, count: 0x800 };

/**
 * A unit of `fc.string`: any character. Its own unit `binary` is the same, and takes a second in each spec file to list all
 * of them.
 */
export const anyCharacter = fc.integer({ min: 0, max: 0x10ffff - HALVES.count }).map(
  (place) => String.fromCodePoint(place < HALVES.first ? place : place + HALVES.count),
  // By it `fc.string` also draws texts such as `__proto__`.
  (character) => {
    const point = typeof character === 'string' ? (character.codePointAt(0) ?? 0) : 0;
    if (character !== String.fromCodePoint(point) || (character as string).isWellFormed() === false) {
      throw new Error('this is not one character');
    }
    return point < HALVES.first ? point : point - HALVES.count;
  },
);
