import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { capConnections, type ConnectionCaps } from './connection-caps.js';

const opened: Socket[] = [];
let server: Server;

async function listen(caps: ConnectionCaps, path?: string): Promise<void> {
  server = createServer((socket) => {
    socket.on('error', () => {});
    socket.write('welcome');
  });
  capConnections(server, caps);
  server.listen(path ?? { host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
}

/** Whether the server lets the caller in. */
async function comesIn(from: string): Promise<boolean> {
  const address = server.address();
  const socket =
    typeof address === 'string'
      ? connect(address)
      : connect({ port: (address as AddressInfo).port, localAddress: from });
  opened.push(socket);
  return new Promise((told) => {
    socket.once('data', () => told(true));
    socket.once('error', () => {});
    socket.once('close', () => told(false));
  });
}

const connections = () => new Promise<number>((count) => server.getConnections((_fault, open) => count(open)));

describe('connections', () => {
  afterEach(async () => {
    for (const socket of opened.splice(0)) socket.destroy();
    server.close();
    await once(server, 'close');
  });

  it('have a number from each source, and sources do not share it', async () => {
    await listen({ total: 100, perSource: 2 });
    const asking = ['127.0.0.1', '127.0.0.1', '127.0.0.1', '127.0.0.2'];
    const answers: boolean[] = [];
    for (const from of asking) answers.push(await comesIn(from));
    expect(answers).toEqual([true, true, false, true]);
  });

  it('make room when they end', async () => {
    await listen({ total: 100, perSource: 1 });
    for (let round = 0; round < 3; round += 1) {
      expect(await comesIn('127.0.0.1')).toBe(true);
      expect(await comesIn('127.0.0.1')).toBe(false);
      for (const socket of opened.splice(0)) socket.destroy();
      while ((await connections()) > 0) await turn();
    }
  });

  it('have a number altogether', async () => {
    await listen({ total: 1, perSource: 10 });
    expect(await comesIn('127.0.0.1')).toBe(true);
    expect(await comesIn('127.0.0.2')).toBe(false);
  });

  it('of a unix socket count altogether alone', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dharma-caps-'));
    await listen({ total: 3, perSource: 1 }, join(folder, 'caps.sock'));
    const answers: boolean[] = [];
    for (let at = 0; at < 4; at += 1) answers.push(await comesIn(''));
    expect(answers).toEqual([true, true, true, false]);
    rmSync(folder, { recursive: true, force: true });
  });
});
