/** What a gateway of Envoy's family fills of a CheckRequest, beside what no service reads. */
export interface CheckShape {
  readonly method?: string;
  readonly path: string;
  readonly host: string;
  /** The client's, without pseudo headers. */
  readonly headers?: { readonly [name: string]: string };
  /** Of the client, `address:port`. */
  readonly source?: string;
  /** Of the certificate that the client showed. */
  readonly principal?: string;
  readonly contextExtensions?: { readonly [name: string]: string };
}

/** The message as Envoy sends it, with the fields that are not read too: id, size, scheme, protocol, destination, SNI. */
export function checkBytes(shape: CheckShape): Buffer {
  const { method = 'GET', path, host, headers = {}, source = '192.0.2.9:41000', principal = '' } = shape;
  const pseudo = { ':authority': host, ':method': method, ':path': path, ':scheme': 'https' };
  const http = [
    text(1, '1234567890'),
    text(2, method),
    map(3, { ...pseudo, 'x-request-id': 'd0f5', 'x-forwarded-proto': 'https', ...headers }),
    text(4, path),
    text(5, host),
    text(6, 'https'),
    number(9, 0),
    text(10, 'HTTP/2'),
  ].join('');
  const attributes = [
    message(1, [peerAddress(source), text(4, principal)].join('')),
    message(2, peerAddress('192.0.2.1:8443')),
    message(4, message(1, number(1, 1_700_000_000)) + message(2, http)),
    map(10, shape.contextExtensions ?? {}),
    message(12, text(1, host)),
  ].join('');
  return Buffer.from(message(1, attributes), 'latin1');
}

function peerAddress(address: string): string {
  const colon = address.lastIndexOf(':');
  return message(1, message(1, text(2, address.slice(0, colon)) + number(3, Number(address.slice(colon + 1)))));
}

function map(field: number, entries: { readonly [name: string]: string }): string {
  return Object.entries(entries)
    .map(([key, value]) => message(field, text(1, key) + text(2, value)))
    .join('');
}

function text(field: number, value: string): string {
  return value === '' ? '' : message(field, value);
}

/** One character a byte, as everything here. */
function message(field: number, content: string): string {
  return varint(field * 8 + 2) + varint(content.length) + content;
}

function number(field: number, value: number): string {
  return varint(field * 8) + varint(value);
}

function varint(value: number): string {
  let rest = value;
  let bytes = '';
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes += String.fromCharCode((rest % 128) + 128);
  return bytes + String.fromCharCode(rest);
}
