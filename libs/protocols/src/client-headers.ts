import type { RequestFault } from '#decision';
import type { HeaderLine } from '#http';

export type ClientHeaders =
  | {
      readonly kind: 'headers';
      readonly headers: { readonly [name: string]: string };
      /** Names that came in more than one field. */
      readonly repeated: ReadonlySet<string>;
    }
  | { readonly kind: 'fault'; readonly fault: RequestFault };

/** Reported to us by gateways, or ours towards them: never something that a client said. */
const NOT_THE_CLIENTS =
  /^(?::|x-original-|x-dharma-|x-forwarded-(?:method|uri|host)$|host$|connection$|content-length$|transfer-encoding$)/;
const NAME = /^[!#$%&'*+.^`|~0-9a-z-]+$/;
/** Two parties would read two senders when one of these came twice, be it in one field. */
const SINGLE = new Set(['authorization', 'proxy-authorization']);
/** Schemes whose credential is one token without commas. */
const ONE_TOKEN = /^(?:bearer|basic) /i;
const SECOND_SCHEME = /,\s*[!#$%&'*+.^_`|~0-9A-Za-z-]+ +\S/;

const NONE: ReadonlySet<string> = new Set();

/**
 * The client's headers as conditions read them: names in lower case, repeated ones joined with a comma.
 *
 * Names with `_` are left out, because upstreams fold them into the same variable as the name with `-`.
 *
 * @param lines  names in lower case
 */
export function clientHeaders(lines: Iterable<HeaderLine>): ClientHeaders {
  const headers: { [name: string]: string } = Object.create(null);
  let repeated: Set<string> | undefined;
  for (const [name, value] of lines) {
    if (NOT_THE_CLIENTS.test(name) || !NAME.test(name)) continue;
    const earlier = headers[name];
    if (SINGLE.has(name) && (earlier !== undefined || holdsTwo(value))) {
      return { kind: 'fault', fault: { pointer: name, message: `\`${name}\` came more than once` } };
    }
    headers[name] = earlier === undefined ? value : `${earlier},${value}`;
    if (earlier !== undefined) (repeated ??= new Set()).add(name);
  }
  return { kind: 'headers', headers, repeated: repeated ?? NONE };
}

/** Gateways join fields of one name with a comma. */
function holdsTwo(credentials: string): boolean {
  return credentials.includes(',') && (ONE_TOKEN.test(credentials) || SECOND_SCHEME.test(credentials));
}
