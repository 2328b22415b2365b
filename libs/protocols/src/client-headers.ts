import type { RequestFault } from '#decision';

/** Header lines as they came, names in any case. */
export type HeaderLines = Iterable<readonly [name: string, value: string]>;

export type ClientHeaders =
  | { readonly kind: 'headers'; readonly headers: { readonly [name: string]: string } }
  | { readonly kind: 'fault'; readonly fault: RequestFault };

/** Reported to us by gateways, or ours towards them: never something that a client said. */
const NOT_THE_CLIENTS = /^(?::|x-original-|x-dharma-|host$|connection$|content-length$|transfer-encoding$)/;
/** Headers that two parties would read differently when they came twice. */
const SINGLE = new Set(['authorization', 'proxy-authorization']);
const NAME = /^[!#$%&'*+.^`|~0-9a-z-]+$/;

/**
 * The client's headers as conditions read them: names in lower case, repeated ones joined with a comma.
 *
 * Names with `_` are left out, because upstreams fold them into the same variable as the name with `-`.
 */
export function clientHeaders(lines: HeaderLines): ClientHeaders {
  const values = new Map<string, string[]>();
  for (const [raw, value] of lines) {
    const name = raw.toLowerCase();
    if (NOT_THE_CLIENTS.test(name) || !NAME.test(name)) continue;
    const earlier = values.get(name);
    if (earlier === undefined) values.set(name, [value]);
    else if (SINGLE.has(name)) {
      return { kind: 'fault', fault: { pointer: name, message: `\`${name}\` came more than once` } };
    } else earlier.push(value);
  }
  const headers: { [name: string]: string } = Object.create(null);
  for (const [name, several] of values) headers[name] = several.join(',');
  return { kind: 'headers', headers };
}
