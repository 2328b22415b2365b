import { bySpecificity, otherSlash, parametersOf, pathTemplate, templateMatches, topicTemplate } from './template.js';
import type { Segment } from './template.js';

const segmentsOf = (path: string): string[] => path.slice(1).split('/');

function textOf(template: readonly Segment[]): string {
  return `/${template
    .map((segment) => (segment.kind === 'literal' ? segment.text : segment.kind === 'rest' ? '**' : '*'))
    .join('/')}`;
}

describe('a path template', () => {
  it.each`
    because                                        | template        | path            | holds
    ${'a literal is itself'}                       | ${'/v1/offers'} | ${'/v1/offers'} | ${true}
    ${'in its own case'}                           | ${'/v1'}        | ${'/V1'}        | ${false}
    ${'and whole'}                                 | ${'/v1'}        | ${'/v10'}       | ${false}
    ${'the root is the root'}                      | ${'/'}          | ${'/'}          | ${true}
    ${'and nothing else'}                          | ${'/'}          | ${'/a'}         | ${false}
    ${'a trailing slash is a segment'}             | ${'/a'}         | ${'/a/'}        | ${false}
    ${'which a template may name'}                 | ${'/a/'}        | ${'/a/'}        | ${true}
    ${'and must then be there'}                    | ${'/a/'}        | ${'/a'}         | ${false}
    ${'a parameter is one segment'}                | ${'/a/{id}'}    | ${'/a/7'}       | ${true}
    ${'not two'}                                   | ${'/a/{id}'}    | ${'/a/7/8'}     | ${false}
    ${'not none'}                                  | ${'/a/{id}'}    | ${'/a'}         | ${false}
    ${'not an empty one'}                          | ${'/a/{id}'}    | ${'/a/'}        | ${false}
    ${'an asterisk is a parameter without name'}   | ${'/*/b'}       | ${'/a/b'}       | ${true}
    ${'it is no part of a segment'}                | ${'/a*'}        | ${'/ab'}        | ${false}
    ${'an escaped slash stays in its segment'}     | ${'/a/{id}'}    | ${'/a/7%2F8'}   | ${true}
    ${'any rest is any number of segments'}        | ${'/a/**'}      | ${'/a/b/c/d'}   | ${true}
    ${'also none'}                                 | ${'/a/**'}      | ${'/a'}         | ${true}
    ${'also an empty one'}                         | ${'/a/**'}      | ${'/a/'}        | ${true}
    ${'of that very segment'}                      | ${'/a/**'}      | ${'/ab'}        | ${false}
    ${'any rest of the root is everything'}        | ${'/**'}        | ${'/'}          | ${true}
    ${'a parameter before any rest must be there'} | ${'/{id}/**'}   | ${'/'}          | ${false}
  `('$template and $path: $because', ({ template, path, holds }) => {
    expect(templateMatches(pathTemplate(template), segmentsOf(path))).toBe(holds);
  });

  it.each`
    because                          | template     | other
    ${'a slash may be added'}        | ${'/a/{id}'} | ${'/a/*/'}
    ${'or taken away'}               | ${'/a/'}     | ${'/a'}
    ${'any rest takes both already'} | ${'/a/**'}   | ${undefined}
    ${'the root has no other form'}  | ${'/'}       | ${undefined}
  `('$template has its other form $other: $because', ({ template, other }) => {
    const form = otherSlash(pathTemplate(template));
    expect(form === undefined ? undefined : textOf(form)).toBe(other);
  });

  it.each`
    because                                     | first       | second
    ${'literals come before parameters'}        | ${'/a/b'}   | ${'/a/{x}'}
    ${'parameters before any rest'}             | ${'/a/{x}'} | ${'/a/**'}
    ${'what ends before what goes on with any'} | ${'/a'}     | ${'/a/**'}
    ${'the first difference decides'}           | ${'/a/{x}'} | ${'/{x}/b'}
    ${'also when any rest follows'}             | ${'/a/**'}  | ${'/{x}/b'}
  `('$first is more specific than $second: $because', ({ first, second }) => {
    const [left, right] = [pathTemplate(first), pathTemplate(second)];
    expect(Math.sign(bySpecificity(left, right))).toBe(-1);
    expect(Math.sign(bySpecificity(right, left))).toBe(1);
  });

  it('is the same path whatever its parameters are called', () => {
    expect(bySpecificity(pathTemplate('/a/{x}/{y}'), pathTemplate('/a/{y}/*'))).toBe(0);
  });

  it('gives the values of its named parameters, on a map where no name is special', () => {
    const values = parametersOf(pathTemplate('/a/{__proto__}/*/{id}/**'), segmentsOf('/a/p/q/7%20/r/s'));
    expect(Object.entries(values)).toEqual([
      ['__proto__', 'p'],
      ['id', '7%20'],
    ]);
    expect(Object.getPrototypeOf(values)).toBeNull();
  });
});

it.each`
  because                             | template         | topic                    | holds
  ${'an asterisk is one segment'}     | ${'bookings.*'}  | ${'bookings.created'}    | ${true}
  ${'not two'}                        | ${'bookings.*'}  | ${'bookings.created.eu'} | ${false}
  ${'any rest is the rest'}           | ${'bookings.**'} | ${'bookings.created.eu'} | ${true}
  ${'also none'}                      | ${'bookings.**'} | ${'bookings'}            | ${true}
  ${'every topic'}                    | ${'**'}          | ${'a'}                   | ${true}
  ${'slashes are letters to a topic'} | ${'bookings.*'}  | ${'bookings.a/b'}        | ${true}
`('topic $template and $topic: $because', ({ template, topic, holds }) => {
  expect(templateMatches(topicTemplate(template), topic.split('.'))).toBe(holds);
});
