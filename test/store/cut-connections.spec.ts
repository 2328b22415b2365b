import { createServer, type Server, type Socket } from 'node:net';
import { StoreFault } from '#administration';
import { openDatabase } from '#store';

/** What PostgreSQL says first: who you are is not asked, and a statement may come. */
const WELCOME = Buffer.concat([message('R', Buffer.alloc(4)), message('Z', Buffer.from('I'))]);
/** What it says to everybody when it stops. */
const GOODBYE = message(
  'E',
  Buffer.from('SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0'),
);

let server: Server;
let url: string;
let greet: (socket: Socket) => void;
const unheard: unknown[] = [];
const note = (fault: unknown) => unheard.push(fault);

beforeAll(async () => {
  server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => greet(socket));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as { port: number };
  url = `postgresql://dharma@127.0.0.1:${port}/dharma`;
  process.on('uncaughtException', note);
});

afterAll(async () => {
  process.off('uncaughtException', note);
  await new Promise((closed) => server.close(closed));
});

describe('a database that stops while it is connected to', () => {
  it.each`
    because                                              | words
    ${'its goodbye is read together with its readiness'} | ${[Buffer.concat([WELCOME, GOODBYE])]}
    ${'its goodbye comes in place of its readiness'}     | ${[GOODBYE]}
    ${'it says goodbye twice'}                           | ${[Buffer.concat([WELCOME, GOODBYE, GOODBYE])]}
    ${'it goes without a word'}                          | ${[]}
  `('is a fault of the store and nothing worse: $because', async ({ words }: { words: readonly Buffer[] }) => {
    greet = (socket) => {
      for (const word of words) socket.write(word);
      socket.end();
    };
    await expect(
      openDatabase({ url, connections: 1 }).then((opened) => opened.query('select 1')),
    ).rejects.toBeInstanceOf(StoreFault);
    expect(unheard).toEqual([]);
  });
});

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}
