import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the protected service got. */
export interface Received {
  readonly method: string;
  readonly url: string;
  /** Names in lower case, in the order of the lines. */
  readonly lines: readonly (readonly [name: string, value: string])[];
  readonly headers: { readonly [name: string]: string | string[] };
}

export interface Echo {
  readonly address: string;
  /** Everything it got, upgrades included. */
  readonly received: readonly Received[];
  stop(): Promise<void>;
}

/**
 * A service that answers every request with what it got, as JSON. It agrees to every upgrade and then sends back what it
 * hears; and its answers claim to be ours.
 */
export async function startEcho(): Promise<Echo> {
  const received: Received[] = [];
  const note = ({ method = '', url = '', headers, rawHeaders }: IncomingMessage): Received => {
    const lines = rawHeaders.flatMap((name, at, all): [string, string][] =>
      at % 2 === 0 ? [[name.toLowerCase(), all[at + 1]!]] : [],
    );
    const request = { method, url, lines, headers: headers as Received['headers'] };
    received.push(request);
    return request;
  };
  const server = createServer((request, response) => {
    response
      .setHeader('content-type', 'application/json')
      .setHeader('x-dharma-decision', 'of the service')
      .setHeader('x-dharma-key', 'of the service')
      .end(JSON.stringify(note(request)));
  });
  server.on('upgrade', (request, socket) => {
    note(request);
    const { upgrade, 'sec-websocket-key': key = '' } = request.headers;
    // Some gateways pass on no agreement to a websocket without its proof (RFC 6455, section 4.2.2).
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    socket.write(
      [
        'HTTP/1.1 101 Switching Protocols',
        'Connection: Upgrade',
        `Upgrade: ${upgrade}`,
        `Sec-WebSocket-Accept: ${accept}`,
      ]
        .map((line) => `${line}\r\n`)
        .join('') + '\r\n',
    );
    socket.pipe(socket);
    socket.on('error', () => socket.destroy());
  });
  server.on('connect', (request, socket) => {
    note(request);
    socket.end('HTTP/1.1 200 OK\r\n\r\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
