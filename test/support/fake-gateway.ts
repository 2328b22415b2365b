import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { createServer as createSecureServer, type TlsOptions } from 'node:tls';

/** The head of a request, one character a byte: the request line and the fields, without line ends. */
export type Head = readonly string[];

/** What a gateway makes of a request: another head that it sends on, or an answer of its own. */
export type Behaviour = (head: Head) => Head | { readonly status: number } | 'hang up' | 'say nothing';

export interface FakeGateway {
  readonly port: number;
  /** Heads of everything that came, as they came. */
  readonly received: readonly Head[];
  stop(): Promise<void>;
}

/**
 * A gateway that does to requests just what it is told. It takes one request a connection, and asks nobody.
 *
 * @param service  `address:port`
 * @param server   what it calls itself
 * @param tls      absent: it listens in the clear
 */
export async function startFakeGateway(
  service: string,
  behaviour: Behaviour,
  server?: string,
  tls?: TlsOptions,
): Promise<FakeGateway> {
  const received: Head[] = [];
  const open = new Set<Socket>();
  const serve = (client: Socket): void => {
    open.add(client);
    client.once('close', () => open.delete(client));
    client.on('error', () => client.destroy());
    let text = '';
    client.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      if (end < 0) return;
      client.removeAllListeners('data').resume();
      const head = text.slice(0, end).split('\r\n');
      received.push(head);
      const made = behaviour(head);
      if (made === 'hang up') client.destroy();
      else if (made === 'say nothing') return;
      else if ('status' in made) client.end(`HTTP/1.1 ${made.status} Refused\r\nContent-Length: 0\r\n\r\n`);
      else {
        const [host, port] = service.split(':') as [string, string];
        const upstream = connect({ host, port: Number(port) });
        upstream.on('error', () => client.destroy());
        let answer = '';
        upstream.on('data', (piece: Buffer) => (answer += piece.toString('latin1')));
        upstream.once('close', () => {
          const named = server === undefined ? '' : `\r\nServer: ${server}`;
          client.end(
            answer.replace(/^[^\r]*/, (line) => `${line}${named}`),
            'latin1',
          );
        });
        upstream.write(Buffer.from(`${made.join('\r\n')}\r\n\r\n`, 'latin1'));
      }
    });
  };
  const gateway = tls === undefined ? createServer(serve) : createSecureServer(tls, serve);
  gateway.listen(0, '127.0.0.1');
  await once(gateway, 'listening');
  return {
    port: (gateway.address() as AddressInfo).port,
    received,
    async stop() {
      for (const client of open) client.destroy();
      gateway.close();
      await once(gateway, 'close');
    },
  };
}
