/** Where a server's HTTP check listener is. */
export type HttpAddress =
  | { readonly kind: 'tcp'; readonly tls: boolean; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * @param url             `http://host:port`, `https://host:port`, or `unix:/path`
 * @param allowPlaintext  credentials of clients and the key may go over a network as plain text
 * @throws TypeError what is wrong with it
 */
export function httpAddress(url: string, allowPlaintext: boolean): HttpAddress {
  if (url.startsWith('unix:/')) return { kind: 'unix', path: url.slice('unix:'.length) };
  const { protocol, hostname, port, pathname, search, hash, username, password } = parsed(url);
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new TypeError('`url` begins with `http://`, `https://` or `unix:/`');
  }
  if (pathname !== '/' || search !== '' || hash !== '') throw new TypeError('`url` ends with the port');
  if (username !== '' || password !== '') throw new TypeError('`url` holds no credentials; the key goes into `key`');
  const tls = protocol === 'https:';
  if (!tls && !LOOPBACK.test(hostname) && !allowPlaintext) {
    throw new TypeError('`url` leads over a network without TLS: take `https://`, or say `allowPlaintext: true`');
  }
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  return { kind: 'tcp', tls, host, port: port === '' ? (tls ? 443 : 80) : Number(port) };
}

function parsed(url: string): URL {
  try {
    return new URL(url);
  } catch {
    throw new TypeError('`url` is no address');
  }
}
