import { foldedHeaderName } from './header-name.js';
import type { HeaderLine } from './header-line.js';

/** Why no one can tell what was sent, or by whom. */
export interface HeaderFault {
  /** The name of the header. */
  readonly pointer: string;
  readonly message: string;
}

export type ClientHeaders =
  | {
      readonly kind: 'headers';
      readonly headers: { readonly [name: string]: string };
      /** Names that came in more than one field. */
      readonly repeated: ReadonlySet<string>;
      /** Names that careless readers take for another one, with that one. */
      readonly aliases: ReadonlyMap<string, string>;
    }
  | { readonly kind: 'fault'; readonly fault: HeaderFault };

/** Reported to us by gateways, or ours towards them: never something that a client said. */
const NOT_THE_CLIENTS =
  /^(?::|x-original-|x-dharma-|x-forwarded-(?:method|uri|host)$|host$|connection$|content-length$|transfer-encoding$)/;
const NAME = /^[!#$%&'*+.^`|~0-9a-z-]+$/;
const OURS = 'x-dharma-';
/** Two parties would read two senders when one of these came twice, be it in one field. */
const SINGLE = new Set(['authorization', 'proxy-authorization']);
/** Schemes whose credential is one token without commas. */
const ONE_TOKEN = /^(?:bearer|basic) /i;
const SECOND_SCHEME = /,\s*[!#$%&'*+.^_`|~0-9A-Za-z-]+ +\S/;

const NONE: ReadonlySet<string> = new Set();
const NO_ALIASES: ReadonlyMap<string, string> = new Map();

/**
 * The client's headers as conditions read them: names in lower case, repeated ones joined with a comma.
 *
 * Names with `_` are left out, because upstreams fold them into the same variable as the name with `-`. A name that folds
 * into one of a gateway's, of ours, or of credentials is a fault: two parties would read two requests, or two senders.
 *
 * @param lines  names in lower case
 */
export function clientHeaders(lines: Iterable<HeaderLine>): ClientHeaders {
  const headers: { [name: string]: string } = Object.create(null);
  let repeated: Set<string> | undefined;
  let aliases: Map<string, string> | undefined;
  let ours: Set<string> | undefined;
  for (const [name, value] of lines) {
    const folded = foldedHeaderName(name);
    if (folded !== name) {
      if (NOT_THE_CLIENTS.test(folded) || SINGLE.has(folded)) {
        return { kind: 'fault', fault: { pointer: name, message: `it can be taken for \`${folded}\`` } };
      }
      (aliases ??= new Map()).set(name, folded);
    }
    if (name.startsWith(OURS)) {
      if (ours?.has(name) === true) return cameTwice(name);
      (ours ??= new Set()).add(name);
    }
    if (NOT_THE_CLIENTS.test(name) || !NAME.test(name)) continue;
    const earlier = headers[name];
    if (SINGLE.has(name) && (earlier !== undefined || holdsTwo(value))) {
      return cameTwice(name);
    }
    headers[name] = earlier === undefined ? value : `${earlier},${value}`;
    if (earlier !== undefined) (repeated ??= new Set()).add(name);
  }
  return { kind: 'headers', headers, repeated: repeated ?? NONE, aliases: aliases ?? NO_ALIASES };
}

function cameTwice(name: string): ClientHeaders {
  return { kind: 'fault', fault: { pointer: name, message: `\`${name}\` came more than once` } };
}

/** Gateways join fields of one name with a comma. */
function holdsTwo(credentials: string): boolean {
  return credentials.includes(',') && (ONE_TOKEN.test(credentials) || SECOND_SCHEME.test(credentials));
}
