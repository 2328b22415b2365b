import { headerLines } from '#wire';
import type { Incoming } from './question.js';

/** Spellings of one host differ in these, and in case. */
const PORT = /:\d*$/;
const ROOT = /\.$/;

/**
 * The host that a request is judged by, of those that a program serves.
 *
 * @returns undefined where the request is to none of them, or to two
 */
export function servedHost({ rawHeaders }: Incoming, served: readonly string[]): string | undefined {
  // HTTP/2 has the first in place of the second, or both; a router may read either.
  const named = headerLines({ rawHeaders }).filter(([name]) => name === ':authority' || name === 'host');
  const hosts = new Set(named.map(([, value]) => canonical(value)));
  return hosts.size === 1 ? served.find((host) => hosts.has(canonical(host))) : undefined;
}

function canonical(host: string): string {
  return host.replace(PORT, '').replace(ROOT, '').toLowerCase();
}
