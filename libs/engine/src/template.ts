/**
 * Path templates and topic patterns: segments that are literal, one parameter (`{name}`, or `*` unnamed), or a final
 * `**` for any rest, also none.
 */
import { settled } from './ordering.js';

export type Segment =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'parameter'; readonly name: string | undefined }
  | { readonly kind: 'rest' };

/** @param path  `/a/{id}/**`; well-formed */
export function pathTemplate(path: string): readonly Segment[] {
  return path.slice(1).split('/').map(segmentOf);
}

/** @param topic  `bookings.*.**`; well-formed */
export function topicTemplate(topic: string): readonly Segment[] {
  return topic.split('.').map(segmentOf);
}

function segmentOf(text: string): Segment {
  if (text === '**') return { kind: 'rest' };
  if (text === '*') return { kind: 'parameter', name: undefined };
  if (text.startsWith('{') && text.endsWith('}')) return { kind: 'parameter', name: text.slice(1, -1) };
  return { kind: 'literal', text: settled(text) };
}

/** The same template with or without its trailing slash; undefined where there is no such form (`/`, a final `**`). */
export function otherSlash(template: readonly Segment[]): readonly Segment[] | undefined {
  const last = template.at(-1)!;
  if (last.kind === 'rest') return undefined;
  if (last.kind === 'literal' && last.text === '') return template.length === 1 ? undefined : template.slice(0, -1);
  return [...template, { kind: 'literal', text: '' }];
}

/** Whether the template holds a canonical path, cut into segments. */
export function templateMatches(template: readonly Segment[], segments: readonly string[]): boolean {
  for (let index = 0; index < template.length; index++) {
    const expected = template[index]!;
    if (expected.kind === 'rest') return true;
    const actual = segments[index];
    if (actual === undefined) return false;
    if (expected.kind === 'literal' ? actual !== expected.text : actual === '') return false;
  }
  return template.length === segments.length;
}

/** Orders templates that match one and the same path: the more specific first, 0 for the same shape. */
export function bySpecificity(left: readonly Segment[], right: readonly Segment[]): number {
  const rank = (segment: Segment | undefined): number =>
    segment === undefined ? -1 : ['literal', 'parameter', 'rest'].indexOf(segment.kind);
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = rank(left[index]) - rank(right[index]);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Values of the named parameters of a template that matches. */
export function parametersOf(
  template: readonly Segment[],
  segments: readonly string[],
): { readonly [name: string]: string } {
  const values: Record<string, string> = Object.create(null) as Record<string, string>;
  template.forEach((segment, index) => {
    if (segment.kind === 'parameter' && segment.name !== undefined) values[segment.name] = segments[index]!;
  });
  return values;
}
