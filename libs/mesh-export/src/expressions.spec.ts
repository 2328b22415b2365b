import fc from 'fast-check';
import { canonicalHost, canonicalPath, pathTemplate } from '#engine';
import { RE2JS } from 're2js';
import { CANONICAL_TARGET, HOST_OF_ALLOWED_LENGTH, hostExpression, pathExpression } from './expressions.js';

const PIECES = [
  '/',
  '/',
  'a',
  'B7',
  '.',
  '..',
  '~',
  ';',
  '\\',
  '#',
  '?',
  '%',
  '%20',
  '%2F',
  '%2f',
  '%41',
  '%C3%A9',
  '%c3%a9',
  '%C0%AE',
  '%ED%A0%80',
  '%F0%9F%98%80',
  '%E2%82',
  '%25',
  '%00',
  '%7F',
  'é',
  ' ',
  '|',
  '"',
  '{',
  '%7B',
  '&=',
  '+',
  '%zz',
  '%9',
];
const target = RE2JS.compile(CANONICAL_TARGET);

describe('a canonical target', () => {
  it('is exactly one that stands for itself, in ASCII and without encoded slashes', () => {
    let canonical = 0;
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...PIECES), { maxLength: 7 }), (pieces) => {
        const raw = `/${pieces.join('')}`;
        const read = canonicalPath(raw);
        const isItself =
          read !== undefined && !read.encodedSlash && raw.split('?')[0] === read.path && /^[!-~]*$/.test(raw);
        if (isItself) canonical++;
        expect(target.matches(raw)).toBe(isItself);
      }),
      { numRuns: 5000 },
    );
    expect(canonical).toBeGreaterThan(300);
  });
});

describe('a host', () => {
  it.each`
    pattern          | host                             | held     | because
    ${'a.example'}   | ${'a.example'}                   | ${true}  | ${'it is the same'}
    ${'a.example'}   | ${'A.Example.:8080'}             | ${true}  | ${'case, a trailing dot and a port are no difference'}
    ${'a.example'}   | ${'a.example:65536'}             | ${false} | ${'that is no port'}
    ${'a.example'}   | ${'aXexample'}                   | ${false} | ${'a dot is a dot'}
    ${'a.example'}   | ${'b.a.example'}                 | ${false} | ${'it lies below'}
    ${'*.a.example'} | ${'b.a.example'}                 | ${true}  | ${'it lies below'}
    ${'*.a.example'} | ${'c.b.a.example'}               | ${true}  | ${'also deeper'}
    ${'*.a.example'} | ${'a.example'}                   | ${false} | ${'the suffix itself is not below it'}
    ${'*.a.example'} | ${'-b.a.example'}                | ${false} | ${'that is no label'}
    ${'*.a.example'} | ${`${'x'.repeat(64)}.a.example`} | ${false} | ${'that label is too long'}
    ${'[::1]'}       | ${'[::1]:80'}                    | ${true}  | ${'an address has ports too'}
  `('$pattern and $host: $because', ({ pattern, host, held }) => {
    expect(RE2JS.compile(hostExpression(pattern)).matches(host)).toBe(held);
  });

  it('that is held is one that Dharma reads', () => {
    const expression = RE2JS.compile(hostExpression('*.a.example'));
    const length = RE2JS.compile(HOST_OF_ALLOWED_LENGTH);
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', 'Z', '7', '-', '.', '_', 'x'.repeat(60)), { minLength: 1, maxLength: 12 }),
        fc.constantFrom('', '.', ':80', '.:99999'),
        (labels, end) => {
          const raw = `${labels.join('')}.a.example${end}`;
          if (expression.matches(raw) && length.matches(raw)) expect(canonicalHost(raw)).toMatch(/\.a\.example$/);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('a path', () => {
  it.each`
    template      | path          | held     | because
    ${'/a/{id}'}  | ${'/a/7'}     | ${true}  | ${'a parameter is one segment'}
    ${'/a/{id}'}  | ${'/a/'}      | ${false} | ${'and not an empty one'}
    ${'/a/{id}'}  | ${'/a/7/8'}   | ${false} | ${'nor two'}
    ${'/a/**'}    | ${'/a'}       | ${true}  | ${'the rest may be nothing'}
    ${'/a/**'}    | ${'/ab'}      | ${false} | ${'it begins with a slash'}
    ${'/**'}      | ${'/'}        | ${true}  | ${'the root is a path'}
    ${'/a.b/(c)'} | ${'/a.b/(c)'} | ${true}  | ${'signs stand for themselves'}
    ${'/a.b'}     | ${'/aXb'}     | ${false} | ${'a dot is a dot'}
  `('$template and $path: $because', ({ template, path, held }) => {
    expect(RE2JS.compile(pathExpression(pathTemplate(template))).matches(path)).toBe(held);
  });
});
