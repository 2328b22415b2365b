/**
 * Patterns of paths and topics, segment by segment: a literal, exactly one segment, or (at the end) any rest.
 */

type Segment =
  | { readonly kind: 'literal'; readonly text: string }
  /** One segment that is not empty; named where the pattern gives it a name. */
  | { readonly kind: 'one'; readonly name?: string }
  | { readonly kind: 'rest' };

export type Pattern = readonly Segment[];

/** The segments of a canonical path: `/a/` has `a` and an empty one. */
export function pathSegments(path: string): readonly string[] {
  return path.split('/').slice(1);
}

function segment(text: string, last: boolean, named: boolean): Segment {
  if (text === '**' && last) return { kind: 'rest' };
  if (text === '*') return { kind: 'one' };
  if (named && text.startsWith('{') && text.endsWith('}')) return { kind: 'one', name: text.slice(1, -1) };
  return { kind: 'literal', text };
}

/**
 * The patterns a path template stands for: itself and, where trailing slashes do not matter, its other form. `/` and
 * templates that end in `**` have no other form.
 */
export function pathPatterns(template: string, trailingSlash: 'significant' | 'ignore'): readonly Pattern[] {
  const texts = pathSegments(template);
  const pattern = texts.map((text, index) => segment(text, index === texts.length - 1, true));
  if (trailingSlash === 'significant' || template === '/' || pattern.at(-1)?.kind === 'rest') return [pattern];
  const other = texts.at(-1) === '' ? pattern.slice(0, -1) : [...pattern, { kind: 'literal', text: '' } as const];
  return [pattern, other];
}

export function topicPattern(template: string): Pattern {
  const texts = template.split('.');
  return texts.map((text, index) => segment(text, index === texts.length - 1, false));
}

/** The named segments a pattern binds, or undefined when it does not match. */
export function match(pattern: Pattern, segments: readonly string[]): ReadonlyMap<string, string> | undefined {
  const rest = pattern.at(-1)?.kind === 'rest';
  const fixed = rest ? pattern.slice(0, -1) : pattern;
  if (rest ? segments.length < fixed.length : segments.length !== fixed.length) return undefined;
  const bound = new Map<string, string>();
  for (const [index, part] of fixed.entries()) {
    const text = segments[index]!;
    if (part.kind === 'literal' && part.text !== text) return undefined;
    if (part.kind === 'one') {
      if (text === '') return undefined;
      if (part.name !== undefined && part.name !== '*') bound.set(part.name, text);
    }
  }
  return bound;
}

/** The pattern without the names in it; two patterns of one shape are the same path. */
export function shape(pattern: Pattern): string {
  return JSON.stringify(pattern.map((part) => (part.kind === 'literal' ? [part.text] : part.kind)));
}

/** Order of two patterns that match one text: at the first segment where they differ, literal, then one, then rest. */
export function bySpecificity(left: Pattern, right: Pattern): number {
  const rank = (part: Segment | undefined): number =>
    // A pattern that ends here meets only a rest that is empty here, and says more than it.
    part === undefined || part.kind === 'literal' ? 0 : part.kind === 'one' ? 1 : 2;
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = rank(left[index]) - rank(right[index]);
    if (difference !== 0) return difference;
  }
  return 0;
}
