/** How two path templates lie to each other. */
import { otherSlash, pathTemplate, type Segment } from '#engine';

type Template = readonly Segment[];

/** A template and, where the endpoint ignores a trailing slash, its other form. */
export function formsOf(path: string, trailingSlash: 'significant' | 'ignore'): readonly Template[] {
  const template = pathTemplate(path);
  const other = trailingSlash === 'ignore' ? otherSlash(template) : undefined;
  return other === undefined ? [template] : [template, other];
}

/** Whether every path that `inner` holds is held by `outer`. */
export function covers(outer: Template, inner: Template): boolean {
  for (const [index, expected] of outer.entries()) {
    if (expected.kind === 'rest') return true;
    const actual = inner[index];
    if (actual === undefined || actual.kind === 'rest') return false;
    if (expected.kind === 'literal' && !(actual.kind === 'literal' && actual.text === expected.text)) return false;
    if (expected.kind === 'parameter' && actual.kind === 'literal' && actual.text === '') return false;
  }
  return outer.length === inner.length;
}

/** Whether some path is held by both. */
export function overlap(one: Template, other: Template): boolean {
  for (let index = 0; index < Math.max(one.length, other.length); index++) {
    const left = one[index];
    const right = other[index];
    // What follows a `**` may be nothing at all, so that the other may also end here.
    if (left?.kind === 'rest' || right?.kind === 'rest') return true;
    if (left === undefined || right === undefined) return false;
    if (left.kind === 'literal' && right.kind === 'literal' && left.text !== right.text) return false;
    const literal = left.kind === 'literal' ? left : right.kind === 'literal' ? right : undefined;
    if (literal?.text === '' && left.kind !== right.kind) return false;
  }
  return true;
}
