import { connect, type Socket } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import type { Base, HeaderField, Http1Trick } from './trick.js';

/** Names the request in what the echo receives. No gateway has a reason to take it out. */
export const PROBE_HEADER = 'doctor-probe';

/** Where the gateway listens. */
export interface GatewayAddress {
  readonly host: string;
  readonly port: number;
  /** Absent: in the clear. */
  readonly tls?: { readonly ca?: Buffer; readonly servername?: string };
}

/** What became of a request on the gateway's side. */
export type Reply =
  | { readonly kind: 'answered'; readonly status: number; readonly server: string | undefined }
  | { readonly kind: 'hung up' }
  | { readonly kind: 'silent' };

/** After an answer has begun, a gateway that keeps the connection open has said what it has to say. */
const QUIET_MILLISECONDS = 250;
const MAXIMUM_HEAD_BYTES = 64 * 1024;

/** What every request says besides. */
export function commonFields(base: Base, probe: string): readonly HeaderField[] {
  return [...base.headers, ['User-Agent', 'dharma-doctor'], [PROBE_HEADER, probe]];
}

/** A trick as bytes. What it says of hosts and fields stands to the letter; `Connection: close` only where it says none. */
export function bytesOf(trick: Http1Trick, base: Base, probe: string): Buffer {
  const { method, target, version, hosts, fields, oddLines, ending, followedBy } = trick;
  const common = commonFields(base, probe).map(([name, value]) => `${name}: ${value}`);
  const isLast = followedBy === undefined;
  const saysConnection = fields.some(([name]) => name.toLowerCase() === 'connection');
  const lines = [
    `${method} ${target} ${version}`,
    ...hosts.map((host) => `Host: ${host}`),
    ...oddLines,
    ...fields.map(([name, value]) => `${name}: ${value}`),
    ...common,
    ...(isLast && !saysConnection ? ['Connection: close'] : []),
  ];
  const first = `${lines.join('\r\n')}\r\n\r\n${ending}`;
  const second = isLast ? '' : `${followedBy}${[...common, 'Connection: close'].join('\r\n')}\r\n\r\n`;
  return Buffer.from(first + second, 'latin1');
}

/**
 * Sends bytes on a connection of their own and waits for the head of the last answer.
 *
 * @param patience  milliseconds for connecting and answering together
 * @throws the fault of the connection where none could be made
 */
export function send(to: GatewayAddress, bytes: Buffer, patience: number): Promise<Reply> {
  return new Promise((done, failed) => {
    let isConnected = false;
    let head = '';
    let quiet: NodeJS.Timeout | undefined;
    const finish = (without: 'hung up' | 'silent'): void => {
      clearTimeout(late);
      clearTimeout(quiet);
      socket.destroy();
      done(replyIn(head) ?? { kind: without });
    };
    const late = setTimeout(() => {
      if (isConnected) return finish('silent');
      socket.destroy(new Error(`no connection within ${patience / 1000} s`));
    }, patience);
    const socket: Socket =
      to.tls === undefined
        ? connect({ host: to.host, port: to.port })
        : connectSecurely({ host: to.host, port: to.port, ALPNProtocols: ['http/1.1'], ...to.tls });
    socket.once(to.tls === undefined ? 'connect' : 'secureConnect', () => {
      isConnected = true;
      socket.write(bytes);
    });
    socket.on('data', (chunk: Buffer) => {
      if (head.length < MAXIMUM_HEAD_BYTES) head += chunk.toString('latin1');
      clearTimeout(quiet);
      quiet = setTimeout(() => finish('hung up'), QUIET_MILLISECONDS);
    });
    socket.once('error', (fault) => {
      // Once it was connected, a gateway that resets has refused.
      if (isConnected) return finish('hung up');
      clearTimeout(late);
      failed(fault);
    });
    socket.once('close', () => isConnected && finish('hung up'));
  });
}

function replyIn(said: string): Reply | undefined {
  const status = /^HTTP\/1\.[01] (\d{3})\b/.exec(said)?.[1];
  if (status === undefined) return undefined;
  const [head] = said.split('\r\n\r\n', 1);
  return { kind: 'answered', status: Number(status), server: /^server: *([^\r\n]*)/im.exec(head!)?.[1] };
}
