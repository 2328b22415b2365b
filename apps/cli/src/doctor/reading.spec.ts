import * as fc from 'fast-check';
import { carelessReading, dharmaReading } from './reading.js';

describe('a careless service', () => {
  it.each`
    because                                | target                        | path
    ${'it resolves dots'}                  | ${'/a/../b'}                  | ${'/b'}
    ${'also those that are escaped'}       | ${'/a/%2e%2E/b'}              | ${'/b'}
    ${'and those above the top'}           | ${'/../../b'}                 | ${'/b'}
    ${'it merges slashes'}                 | ${'//a///b'}                  | ${'/a/b'}
    ${'it takes an escaped slash for one'} | ${'/a%2f..%2Fb'}              | ${'/b'}
    ${'and a backslash'}                   | ${'/a\\..\\b'}                | ${'/b'}
    ${'it cuts parameters off'}            | ${'/a/..;x=1/b;y'}            | ${'/b'}
    ${'and a fragment'}                    | ${'/a#/../b'}                 | ${'/a'}
    ${'and a query'}                       | ${'/a?x=/../b'}               | ${'/a'}
    ${'it drops a host'}                   | ${'http://evil.example/a'}    | ${'/a'}
    ${'also where nothing comes after it'} | ${'http://evil.example?x=/a'} | ${'/'}
    ${'a folder stays one'}                | ${'/a/b/'}                    | ${'/a/b/'}
    ${'dots at the end make one'}          | ${'/a/b/..'}                  | ${'/a/'}
  `('reads `$target` as `$path`: $because', ({ target, path }) => {
    expect(carelessReading(target)).toBe(path);
  });

  const pieces = fc.constantFrom(
    '/',
    'a',
    'B',
    '.',
    '..',
    '%2e',
    '%41',
    '%C3%A9',
    '%2F',
    '%3A',
    ';',
    '\\',
    '?x',
    '#',
    ',',
    '~',
  );

  it('reads as Dharma does whatever Dharma reads, but for slashes that are escaped', () =>
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
        const target = `/${parts.join('')}`;
        const read = dharmaReading(target);
        fc.pre(read.kind === 'read' && !read.hasEscapedSlash);
        if (read.kind === 'read') expect(carelessReading(target)).toBe(carelessReading(read.path));
        // Nothing was resolved, merged or cut off on the way: each segment is still there.
        expect(carelessReading(target).split('/')).toHaveLength(target.split('?')[0]!.split('/').length);
      }),
      { numRuns: 2_000 },
    ));
});
