import type { Server, Socket } from 'node:net';

export interface ConnectionCaps {
  readonly total: number;
  /** From one address. Peers on a unix socket have none, and count in the total alone. */
  readonly perSource: number;
}

/** More than gateways open, fewer than a process has file descriptors for; and nobody has them all. */
export const CHECK_CAPS: ConnectionCaps = { total: 10_000, perSource: 2500 };

/** Connections above the caps are closed before a byte of theirs is read. To be called once whoever accepts them is there. */
export function capConnections(server: Server, { total, perSource }: ConnectionCaps): void {
  server.maxConnections = total;
  const open = new Map<string, number>();
  const accept = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    const source = socket.remoteAddress;
    if (source !== undefined) {
      const before = open.get(source) ?? 0;
      if (before >= perSource) return void socket.destroy();
      open.set(source, before + 1);
      socket.once('close', () => {
        const rest = open.get(source)! - 1;
        if (rest > 0) open.set(source, rest);
        else open.delete(source);
      });
    }
    for (const listener of accept) listener.call(server, socket);
  });
}
