/**
 * The canonical form of targets and hosts as RE2 expressions that hold for a whole text. Whatever is spelled in another
 * way is refused: a proxy that only compares texts cannot tell what it would come to.
 *
 * @see docs/semantics.md, section 7
 */
import type { Segment } from '#engine';

const TAIL = '%[89AB][0-9A-F]';
/** Escapes of the bytes of one character above ASCII, in shortest form. */
const ABOVE_ASCII = [
  `%C[2-9A-F]${TAIL}`,
  `%D[0-9A-F]${TAIL}`,
  `%E0%[AB][0-9A-F]${TAIL}`,
  `%E[1-9A-CEF]${TAIL}${TAIL}`,
  `%ED%[89][0-9A-F]${TAIL}`,
  `%F0%[9AB][0-9A-F]${TAIL}${TAIL}`,
  `%F[1-3]${TAIL}${TAIL}${TAIL}`,
  `%F4%8[0-9A-F]${TAIL}${TAIL}`,
].join('|');
/** Escapes that a canonical path keeps: of signs that are neither unreserved nor read in two ways. */
const KEPT = '%2[0-246-9ABC]|%3[ACDE]|%40|%5[BDE]|%60|%7[BCD]';
/** Any sign of a segment but the dot. */
const SIGN = `(?:[!$&'()*+,\\-0-9:<=>@A-Z\\[\\]^_\`a-z{|}~"]|${KEPT}|${ABOVE_ASCII})`;
const SEGMENT = `(?:${SIGN}(?:${SIGN}|\\.)*|\\.${SIGN}(?:${SIGN}|\\.)*|\\.\\.(?:${SIGN}|\\.)+)`;
const QUERY_SIGN = `(?:[!-"$&-~]|%[2-6][0-9A-Fa-f]|%7[0-9A-Ea-e]|(?i:${ABOVE_ASCII}))`;

/** A target in canonical form: neither empty nor dot segments, nor anything that two readers could read differently. */
export const CANONICAL_TARGET = `(?:/|(?:/${SEGMENT})+/?)(?:\\?${QUERY_SIGN}*)?`;

/** A method that is a token of a length that is judged. */
export const METHOD = "[!#$%&'*+\\-.^_`|~A-Za-z0-9]{1,64}";

const PORT = '(?::(?:[0-9]{1,4}|[0-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?';
const LABEL = '[a-z0-9](?:[a-z0-9\\-]{0,61}[a-z0-9])?';

/** Every way to write the hosts of a pattern in a request; one trailing dot and a port are no difference. */
export function hostExpression(pattern: string): string {
  const name = pattern.startsWith('*.') ? `(?:${LABEL}\\.)+${quoted(pattern.slice(2))}` : quoted(pattern);
  return `(?i)${name}${pattern.startsWith('[') ? '' : '\\.?'}${PORT}`;
}

/** Names longer than a name may be are refused. */
export const HOST_OF_ALLOWED_LENGTH = '[^:]{1,253}(?::.*)?';

/** Paths of a template, once they are canonical. */
export function pathExpression(template: readonly Segment[]): string {
  return template
    .map((segment) => {
      if (segment.kind === 'rest') return '(?:/.*)?';
      return segment.kind === 'literal' ? `/${quoted(segment.text)}` : '/[^/]+';
    })
    .join('');
}

function quoted(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|-]/g, '\\$&');
}
