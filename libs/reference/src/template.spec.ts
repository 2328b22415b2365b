import { bySpecificity, match, pathPatterns, pathSegments, shape, topicPattern } from './template.js';

function matches(template: string, path: string, trailingSlash: 'significant' | 'ignore' = 'significant'): boolean {
  return pathPatterns(template, trailingSlash).some((pattern) => match(pattern, pathSegments(path)) !== undefined);
}

describe('a path template', () => {
  it.each`
    because                                  | template     | path           | expected
    ${'a literal is itself'}                 | ${'/a'}      | ${'/a'}        | ${true}
    ${'case matters'}                        | ${'/a'}      | ${'/A'}        | ${false}
    ${'a parameter is one segment'}          | ${'/a/{x}'}  | ${'/a/b'}      | ${true}
    ${'not two'}                             | ${'/a/{x}'}  | ${'/a/b/c'}    | ${false}
    ${'never an empty one'}                  | ${'/a/{x}'}  | ${'/a/'}       | ${false}
    ${'an asterisk is an unnamed parameter'} | ${'/a/*/c'}  | ${'/a/b/c'}    | ${true}
    ${'two asterisks are any rest'}          | ${'/pub/**'} | ${'/pub/x/y/'} | ${true}
    ${'also none'}                           | ${'/pub/**'} | ${'/pub'}      | ${true}
    ${'also an empty one'}                   | ${'/pub/**'} | ${'/pub/'}     | ${true}
    ${'but not part of a segment'}           | ${'/pub/**'} | ${'/public'}   | ${false}
    ${'everything is below the root'}        | ${'/**'}     | ${'/'}         | ${true}
    ${'a trailing slash is a segment'}       | ${'/a'}      | ${'/a/'}       | ${false}
    ${'a rest follows a parameter'}          | ${'/{x}/**'} | ${'/'}         | ${false}
  `('$template on $path: $because', ({ template, path, expected }) => {
    expect(matches(template, path)).toBe(expected);
  });

  it.each([
    ['/a', '/a/', true],
    ['/a/', '/a', true],
    ['/a/{x}', '/a/b/', true],
    ['/', '/', true],
    ['/a', '/a//', false],
  ])('%s ignoring the trailing slash of %s', (template, path, expected) => {
    expect(matches(template, path, 'ignore')).toBe(expected);
  });

  it('is more specific where it first says more', () => {
    const inOrder = ['/a/b', '/a/b/**', '/a/{x}', '/a/{x}/**', '/a/**', '/{x}/b', '/{x}/{y}', '/{x}/**', '/**'];
    const shapes = (templates: readonly string[]): readonly string[] =>
      templates
        .map((template) => pathPatterns(template, 'significant')[0]!)
        .toSorted(bySpecificity)
        .map(shape);
    expect(inOrder.every((template) => matches(template, '/a/b'))).toBe(true);
    expect(shapes(inOrder.toReversed())).toEqual(shapes(inOrder));
    expect(shapes(inOrder)).toEqual(inOrder.map((template) => shape(pathPatterns(template, 'significant')[0]!)));
  });

  it('binds named segments only', () => {
    const pattern = pathPatterns('/a/{x}/*/{y}', 'significant')[0]!;
    expect(match(pattern, ['a', 'b', 'c', 'd%2F'])).toEqual(
      new Map([
        ['x', 'b'],
        ['y', 'd%2F'],
      ]),
    );
  });
});

describe('a topic pattern', () => {
  it.each([
    ['a.*', 'a.b', true],
    ['a.*', 'a', false],
    ['a.**', 'a', true],
    ['a.**', 'a.b.c', true],
    ['a.{x}', 'a.b', false],
    ['**', 'a', true],
  ])('%s on %s', (pattern, topic, expected) => {
    expect(match(topicPattern(pattern), topic.split('.')) !== undefined).toBe(expected);
  });
});
