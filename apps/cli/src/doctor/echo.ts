import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { HeaderField } from './trick.js';

/** A request as the service behind the gateway got it, before any library made something of it. */
export interface Receipt {
  /** The request line, without its end. */
  readonly line: string;
  /** Names as they were written. */
  readonly fields: readonly HeaderField[];
}

export interface Echo {
  /** Where it listens, `address:port`. */
  readonly address: string;
  stop(): Promise<void>;
}

const MAXIMUM_HEAD_BYTES = 1024 * 1024;
const END = '\r\n\r\n';

/**
 * A service that answers every request with what it got, as JSON, and then closes the connection. It reads heads only:
 * nobody sends it a body.
 *
 * @param heard  called before the answer is sent
 * @throws the fault of the system where the address cannot be taken
 */
export async function startEcho(host: string, port: number, heard: (receipt: Receipt) => void): Promise<Echo> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    socket.on('error', () => socket.destroy());
    let head = '';
    socket.on('data', (chunk: Buffer) => {
      head += chunk.toString('latin1');
      const end = head.indexOf(END);
      if (end >= 0) {
        const receipt = receiptOf(head.slice(0, end));
        socket.removeAllListeners('data').resume();
        heard(receipt);
        socket.end(answerTo(receipt), 'latin1');
      } else if (head.length > MAXIMUM_HEAD_BYTES) {
        socket.destroy();
      }
    });
  });
  server.listen(port, host);
  await once(server, 'listening');
  const bound = server.address() as { readonly address: string; readonly port: number };
  return {
    address: bound.address.includes(':') ? `[${bound.address}]:${bound.port}` : `${bound.address}:${bound.port}`,
    async stop() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** @param head  everything before the empty line, one character a byte */
export function receiptOf(head: string): Receipt {
  const [line = '', ...fields] = head.split('\r\n');
  return {
    line,
    fields: fields.map((field): HeaderField => {
      const colon = field.indexOf(':');
      return colon < 0 ? [field, ''] : [field.slice(0, colon), field.slice(colon + 1).trim()];
    }),
  };
}

function answerTo(receipt: Receipt): string {
  const body = receipt.line.startsWith('HEAD ') ? '' : Buffer.from(JSON.stringify(receipt)).toString('latin1');
  const length = body === '' ? '' : `Content-Length: ${body.length}\r\n`;
  return `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n${length}Connection: close${END}${body}`;
}
