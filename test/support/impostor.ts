import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from './gateway.js';
import { endpointOf } from './http.js';

/** What becomes of a connection to the service: it is passed on, or treated as a service in trouble would. */
export type Treatment =
  | 'pass on'
  /** It is accepted, read and never answered. */
  | 'say nothing'
  | 'hang up'
  /** Its question is answered by these bytes; with `stays` the connection stays open, as if more would come. */
  | { readonly says: string; readonly stays?: true }
  /** The same, a byte at a time, and the connection stays open. */
  | { readonly drips: string }
  | 'reset';

/** Often enough that whoever counts the time between two bytes counts anew. */
const DRIP_MILLISECONDS = 50;

/** Stands where clients look for a service, and may be told to behave as if that one were in trouble. */
export interface Impostor {
  /** `address:port`. */
  readonly address: string;
  treat(treatment: Treatment): void;
  /** Nobody listens there, until it is `back`. */
  leave(): Promise<void>;
  back(): Promise<void>;
  stop(): Promise<void>;
}

/** @param service  `address:port` of the real one */
export async function startImpostor(service: string): Promise<Impostor> {
  const port = await freePort();
  const sockets = new Set<Socket>();
  let treatment: Treatment = 'pass on';
  let server: Server | undefined;

  const serve = (client: Socket): void => {
    sockets.add(client);
    client.once('close', () => sockets.delete(client));
    client.on('error', () => client.destroy());
    if (treatment === 'hang up') return void client.destroy();
    if (treatment === 'reset') return void client.once('data', () => client.resetAndDestroy());
    if (treatment === 'say nothing') return void client.resume();
    if (treatment === 'pass on') {
      const upstream = connect(endpointOf(service));
      upstream.on('error', () => client.destroy());
      client.once('close', () => upstream.destroy());
      client.pipe(upstream).pipe(client);
      return;
    }
    if ('drips' in treatment) {
      const { drips } = treatment;
      return void client.once('data', () => drip(client, Buffer.from(drips)));
    }
    const { says, stays = false } = treatment;
    client.once('data', () => (stays ? client.write(says) : client.end(says)));
  };
  const hangUp = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const back = async (): Promise<void> => {
    server = createServer(serve).listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  const leave = async (): Promise<void> => {
    hangUp();
    const closed = server && once(server, 'close');
    server?.close();
    await closed;
  };
  await back();
  return {
    address: `127.0.0.1:${port}`,
    treat(now) {
      treatment = now;
      // Clients keep connections, and would go on with what they have.
      hangUp();
    },
    leave,
    back,
    stop: leave,
  };
}

/** Writes bytes one by one; the connection stays open after the last. */
export function drip(socket: Socket, bytes: Uint8Array): void {
  let at = 0;
  const timer = setInterval(() => {
    if (at < bytes.length && socket.writable) socket.write(bytes.subarray(at, ++at));
    else clearInterval(timer);
  }, DRIP_MILLISECONDS);
  socket.once('close', () => clearInterval(timer));
}
