import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the protected service got. */
export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: { readonly [name: string]: string | string[] };
}

export interface Echo {
  readonly address: string;
  readonly received: readonly Received[];
  stop(): Promise<void>;
}

/** A service that answers every request with what it got, as JSON. */
export async function startEcho(): Promise<Echo> {
  const received: Received[] = [];
  const server = createServer(({ method = '', url = '', headers }, response) => {
    const request = { method, url, headers: headers as Received['headers'] };
    received.push(request);
    response.setHeader('content-type', 'application/json').end(JSON.stringify(request));
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
