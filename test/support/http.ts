import { connect, type NetConnectOpts } from 'node:net';

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case; the last of repeated ones. */
  readonly headers: { readonly [name: string]: string };
  /** Every header field, names in lower case. */
  readonly lines: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** Sends a request to the letter, as no client library would, and reads until the server closes. */
export function sendRaw(to: NetConnectOpts, lines: readonly string[], body = ''): Promise<HttpResponse> {
  const text = `${[...lines, 'Connection: close'].join('\r\n')}\r\n\r\n${body}`;
  return new Promise((done, failed) => {
    const chunks: Buffer[] = [];
    const socket = connect(to);
    socket.on('data', (chunk) => chunks.push(chunk as Buffer));
    socket.once('error', failed);
    socket.once('close', () => done(parse(Buffer.concat(chunks).toString('latin1'))));
    socket.write(Buffer.from(text, 'latin1'));
  });
}

/** `address:port` as a connection option. */
export function endpointOf(address: string): NetConnectOpts {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
}

function parse(text: string): HttpResponse {
  const end = text.indexOf('\r\n\r\n');
  const [statusLine = '', ...fields] = text.slice(0, Math.max(0, end)).split('\r\n');
  const lines = fields.map((field): [string, string] => {
    const colon = field.indexOf(':');
    return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
  });
  const headers: { [name: string]: string } = Object.assign(Object.create(null), Object.fromEntries(lines));
  const body = text.slice(end + 4);
  const whole = headers['transfer-encoding'] === 'chunked' ? dechunked(body) : body;
  return { status: Number(statusLine.split(' ')[1] ?? 0), headers, lines, body: whole };
}

function dechunked(body: string): string {
  let rest = body;
  let whole = '';
  for (;;) {
    const end = rest.indexOf('\r\n');
    const size = Number.parseInt(rest.slice(0, end), 16);
    if (!(size > 0)) return whole;
    whole += rest.slice(end + 2, end + 2 + size);
    rest = rest.slice(end + 2 + size + 2);
  }
}
