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

/** Sends bytes, and reads until the server closes: the statuses of its answers. */
export async function statusesOf(to: NetConnectOpts, bytes: Uint8Array): Promise<readonly number[]> {
  return [...(await exchange(to, bytes, false)).matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
}

/**
 * Sends bytes that may be no request, and reads until the server closes.
 *
 * @param ends  nothing more will come, which the server is told; else it has to find its end in the bytes
 * @returns status 0 where it closed without a word
 */
export async function sendBytes(to: NetConnectOpts, bytes: Uint8Array, ends = false): Promise<HttpResponse> {
  return parse(await exchange(to, bytes, ends));
}

function exchange(to: NetConnectOpts, bytes: Uint8Array, ends: boolean): Promise<string> {
  return new Promise((done) => {
    const chunks: Buffer[] = [];
    const socket = connect(to);
    socket.on('data', (chunk) => chunks.push(chunk as Buffer));
    // A server that has read enough may close while bytes are on their way.
    socket.on('error', () => {});
    socket.once('close', () => done(Buffer.concat(chunks).toString('latin1')));
    socket.write(bytes);
    if (ends) socket.end();
  });
}

/**
 * Sends bytes, then a piece every 100 ms, and waits for the server to hang up.
 *
 * @param patience  milliseconds after which it is given up
 * @returns milliseconds that it took; `patience` where it was given up
 */
export function sendSlowly(
  to: NetConnectOpts,
  first: Uint8Array,
  piece: Uint8Array,
  patience: number,
): Promise<number> {
  return new Promise((done) => {
    const start = performance.now();
    const socket = connect(to);
    const trickle = setInterval(() => socket.write(piece), 100);
    const end = setTimeout(() => finish(patience), patience);
    const finish = (milliseconds: number) => {
      clearInterval(trickle);
      clearTimeout(end);
      socket.destroy();
      done(milliseconds);
    };
    socket.on('error', () => {});
    socket.resume();
    socket.once('close', () => finish(performance.now() - start));
    socket.write(first);
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
