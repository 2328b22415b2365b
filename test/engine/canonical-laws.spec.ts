/** What holds of every canonical target, whatever it came from. Single cases are in libs/engine/src/canonical.spec.ts. */
import fc from 'fast-check';
import { canonicalHost, canonicalPath, isPlainText, isToken, isTopic } from '#engine';
import { bestOfThree, medianMicroseconds } from './processor-time.js';
import { anyCharacter } from '../support/any-character.js';

// Made of what matters here: plain chance would hardly ever write an escape.
const pieces = ['/', '.', '%', '2', 'e', 'E', 'f', 'F', 'C', '3', '%2e', '%2F', '%C3%A9', 'é', '𝄞', '\ud800', 'a', '?'];
const targets = fc
  .oneof(
    fc.array(fc.constantFrom(...pieces), { maxLength: 16 }).map((parts) => parts.join('')),
    fc.string({ unit: anyCharacter, maxLength: 12 }),
  )
  .map((text) => `/${text}`);

describe('a canonical path', () => {
  it('is its own canonical form', () => {
    fc.assert(
      fc.property(targets, (raw) => {
        const once = canonicalPath(raw);
        fc.pre(once !== undefined);
        expect(canonicalPath(once.path)).toEqual({ ...once, query: undefined });
      }),
      { numRuns: 1000 },
    );
  });

  it('holds no dot segment, no empty segment and no byte that is refused, also when slashes are decoded', () => {
    fc.assert(
      fc.property(targets, (raw) => {
        const canonical = canonicalPath(raw);
        fc.pre(canonical !== undefined);
        const { path } = canonical;
        expect(path).toMatch(/^\/(?:[!"$&-:<-[\]-~]|%[0-9A-F]{2})*$/);
        expect(path).not.toMatch(/%(?:5C|25|3B|3F|23|7F|[01][0-9A-F])/);
        // Unreserved characters are not escaped: hyphen, dot, digits, letters, underscore, tilde.
        expect(path).not.toMatch(/%(?:2[DE]|3[0-9]|4[1-9A-F]|5[0-9AF]|6[1-9A-F]|7[0-9AE])/);
        for (const read of [path, path.replaceAll('%2F', '/')]) {
          expect(read.slice(1).split('/').slice(0, -1)).not.toContain('');
          expect(read.split('/').filter((segment) => /^\.{1,2}$/.test(segment))).toEqual([]);
        }
        expect(canonical.encodedSlash).toBe(path.includes('%2F'));
      }),
      { numRuns: 1000 },
    );
  });

  it('means the same characters as its raw form', () => {
    fc.assert(
      fc.property(targets, (raw) => {
        const canonical = canonicalPath(raw);
        fc.pre(canonical !== undefined);
        expect(decodeURIComponent(canonical.path)).toBe(decodeURIComponent(raw.split('?')[0]!));
      }),
      { numRuns: 1000 },
    );
  });
});

it('a canonical host is its own canonical form, and made of what a host is made of', () => {
  const hosts = fc.oneof(
    fc.string({ unit: fc.constantFrom('a', 'Z', '0', '9', '-', '.', ':', 'x', 'f'), maxLength: 12 }),
    fc.domain().map((name) => `${name.toUpperCase()}.:80`),
    fc.ipV4(),
    fc.ipV6().map((address) => `[${address}]:443`),
  );
  fc.assert(
    fc.property(hosts, (raw) => {
      const host = canonicalHost(raw);
      fc.pre(host !== undefined);
      expect(canonicalHost(host)).toBe(host);
      expect(host).toMatch(/^(?:[a-z0-9-]+(?:\.[a-z0-9-]+)*|\[[0-9a-f:]+\])$/);
    }),
    { numRuns: 1000 },
  );
});

it('no text makes them throw', () => {
  fc.assert(
    fc.property(fc.string({ unit: anyCharacter, maxLength: 40 }), (text) => {
      for (const judge of [isToken, isTopic, isPlainText, canonicalHost, canonicalPath]) judge(text);
      canonicalPath(`/${text}`);
      canonicalHost(`[${text}]`);
    }),
    { numRuns: 2000 },
  );
});

describe('the cost of a canonical form', () => {
  // 8 KiB take well below a millisecond as built. Jest's sandbox makes every look at a global, like `String`, ten times
  // dearer, so the bound here is ten; what is not linear in 8 KiB takes far more, and shows in the ratio besides.
  const BOUND_MICROSECONDS = 10_000;
  const upTo = (bytes: number, unit: string, weight = unit.length): string =>
    `/${unit.repeat(Math.floor((bytes - 1) / weight))}`;

  it.each([
    ['nothing to rewrite', (bytes: number) => upTo(bytes, 'a')],
    ['as many segments as there can be', (bytes: number) => upTo(bytes, 'a/')],
    ['every character escaped for no reason', (bytes: number) => upTo(bytes, '%41')],
    ['every slash escaped', (bytes: number) => upTo(bytes, 'a%2F')],
    ['every letter escaped in three bytes', (bytes: number) => upTo(bytes, '%e2%82%ac')],
    ['every letter to be escaped', (bytes: number) => upTo(bytes, '€', 9)],
    ['a name of dots', (bytes: number) => upTo(bytes, '.')],
    ['names that are nearly dot segments', (bytes: number) => upTo(bytes, '%2e%2ea/')],
    ['a query of escapes', (bytes: number) => `/?${upTo(bytes - 2, '%e2%82%ac')}`],
    ['refused at its last character', (bytes: number) => `${upTo(bytes - 1, '%41')};`],
  ])('grows with its length: %s', (_, text) => {
    const [short, long] = [text(1024), text(8192)];
    const { longer, ratio } = bestOfThree(
      () => {
        const shorter = medianMicroseconds(() => canonicalPath(short), 40, 9);
        const longest = medianMicroseconds(() => canonicalPath(long), 5, 9);
        return { longer: longest, ratio: longest / Math.max(shorter, 0.1) };
      },
      (measured) => measured.longer < BOUND_MICROSECONDS && measured.ratio <= 16,
    );
    expect(longer).toBeLessThan(BOUND_MICROSECONDS);
    expect(ratio).toBeLessThanOrEqual(16);
  });
});
