import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { createServer as createSecureServer, type TlsOptions } from 'node:tls';
import { FLAG, FRAME, frame, framesIn, headerBlock, PREFACE } from '../../apps/cli/src/doctor/http2-frames.js';

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

/** What a gateway makes of the fields of HTTP/2, pseudo-header fields among them; undefined: it resets the stream. */
export type Translation = (fields: readonly (readonly [name: string, value: string])[]) => Head | undefined;

interface FakeParts {
  /** What it calls itself. */
  readonly server?: string | undefined;
  /** Absent: it listens in the clear. */
  readonly tls?: TlsOptions;
  /** Absent: it speaks HTTP/1 alone. */
  readonly http2?: Translation;
}

/**
 * A gateway that does to requests just what it is told. It takes one request a connection, and asks nobody.
 *
 * @param service  `address:port`
 */
export async function startFakeGateway(
  service: string,
  behaviour: Behaviour,
  { server, tls, http2 }: FakeParts = {},
): Promise<FakeGateway> {
  const received: Head[] = [];
  const open = new Set<Socket>();
  const serve = (client: Socket): void => {
    open.add(client);
    client.once('close', () => open.delete(client));
    client.on('error', () => client.destroy());
    let bytes: Buffer = Buffer.alloc(0);
    const take = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      const isHttp2 = http2 !== undefined && bytes.subarray(0, PREFACE.length).equals(PREFACE);
      const request = isHttp2 ? http2Request(client, bytes, http2) : http1Request(client, bytes);
      if (request === undefined) return;
      client.off('data', take).resume();
      if (request.head === undefined) return request.reset();
      received.push(request.head);
      const made = behaviour(request.head);
      if (made === 'hang up') client.destroy();
      else if (made === 'say nothing') return;
      else if ('status' in made) request.answer(`HTTP/1.1 ${made.status} Refused\r\nContent-Length: 0\r\n\r\n`);
      else {
        void answerOf(service, made).then((answer) => {
          if (answer === undefined) return client.destroy();
          const named = server === undefined ? '' : `\r\nServer: ${server}`;
          request.answer(answer.replace(/^[^\r]*/, (line) => `${line}${named}`));
        });
      }
    };
    client.on('data', take);
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

/** A request that came whole, and the way back. */
interface CameIn {
  /** Undefined: nothing that could be sent on. */
  readonly head: Head | undefined;
  reset(): void;
  /** @param message  of HTTP/1, one character a byte */
  answer(message: string): void;
}

function http1Request(client: Socket, bytes: Buffer): CameIn | undefined {
  const text = bytes.toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  return {
    head: text.slice(0, end).split('\r\n'),
    reset: () => void client.destroy(),
    answer: (message) => void client.end(message, 'latin1'),
  };
}

function http2Request(client: Socket, bytes: Buffer, translation: Translation): CameIn | undefined {
  const { frames } = framesIn(bytes.subarray(PREFACE.length));
  // The settings alone: ours are the answer that the other side waits for.
  if (frames.length === 1) client.write(frame(FRAME.settings, 0, 0));
  if (frames.at(-1)?.type !== FRAME.headers) return undefined;
  const { stream, payload } = frames.at(-1)!;
  return {
    head: translation(literalsIn(payload)),
    reset: () => void client.write(frame(FRAME.reset, 0, stream, Buffer.from([0, 0, 0, 1]))),
    answer(message) {
      const [, status = ''] = /^HTTP\/1\.1 (\d{3})/.exec(message) ?? [];
      const body = Buffer.from(message.slice(message.indexOf('\r\n\r\n') + 4), 'latin1');
      client.write(
        Buffer.concat([
          frame(FRAME.headers, FLAG.endHeaders, stream, headerBlock([[':status', '103']])),
          frame(FRAME.headers, FLAG.endHeaders, stream, headerBlock([[':status', status]])),
          frame(FRAME.data, FLAG.endStream, stream, body),
        ]),
      );
    },
  };
}

/** The fields of a block that has literals alone, and no codes. */
function literalsIn(block: Buffer): readonly (readonly [name: string, value: string])[] {
  const texts: string[] = [];
  let at = 0;
  const text = (): string => {
    let length = block[at++]!;
    if (length === 127) {
      for (let scale = 1, more = true; more; scale *= 128) {
        more = block[at]! >= 128;
        length += (block[at++]! & 0x7f) * scale;
      }
    }
    at += length;
    return block.toString('latin1', at - length, at);
  };
  while (at < block.length) {
    if (block[at++] !== 0) throw new Error('this gateway reads literals alone');
    texts.push(text(), text());
  }
  return texts.flatMap((name, place) => (place % 2 === 0 ? [[name, texts[place + 1]!] as const] : []));
}

/** What the service answers, one character a byte; undefined: it cannot be reached. */
function answerOf(service: string, head: Head): Promise<string | undefined> {
  return new Promise((done) => {
    const [host, port] = service.split(':') as [string, string];
    const upstream = connect({ host, port: Number(port) });
    let answer = '';
    upstream.on('error', () => done(undefined));
    upstream.on('data', (piece: Buffer) => (answer += piece.toString('latin1')));
    upstream.once('close', () => done(answer));
    upstream.write(Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'));
  });
}
