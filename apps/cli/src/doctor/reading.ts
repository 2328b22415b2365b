import { canonicalPath } from '#engine';

/** How somebody reads the target of a request line. */
export type Reading =
  | {
      readonly kind: 'read';
      readonly path: string;
      readonly query: string | undefined;
      readonly hasEscapedSlash: boolean;
    }
  | { readonly kind: 'refused' };

const VISIBLE = /^[\x21-\x7e]*$/;

/** How Dharma reads a target that a gateway reports to the letter; it refuses what two parties could read differently. */
export function dharmaReading(target: string): Reading {
  const canonical = VISIBLE.test(target) ? canonicalPath(target) : undefined;
  if (canonical === undefined) return { kind: 'refused' };
  const { path, query, encodedSlash: hasEscapedSlash } = canonical;
  return { kind: 'read', path, query, hasEscapedSlash };
}

/**
 * The path that a careless service answers: it drops a host, fragments and parameters, decodes whatever is escaped, takes
 * a backslash for a slash, merges slashes and resolves dots.
 */
export function carelessReading(target: string): string {
  const withoutHost = target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '');
  const path = withoutHost.replace(/[?#].*$/s, '');
  const decoded = unescaped(path.replaceAll(/;[^/]*/g, '')).replaceAll('\\', '/');
  const segments: string[] = [];
  for (const segment of decoded.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  const isFolder = /(?:^|\/)\.{0,2}$/.test(decoded) && segments.length > 0;
  return `/${segments.join('/')}${isFolder ? '/' : ''}`;
}

function unescaped(text: string): string {
  return text.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
