import { connect, constants, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';

/** How a gRPC call ended whose bytes no client library would send. */
export interface RawReply {
  /** HTTP status; 0 when the stream was reset before one came. */
  readonly http: number;
  /** `grpc-status`; undefined when none came. */
  readonly grpc: number | undefined;
  /** The messages of the answer. */
  readonly messages: readonly Buffer[];
}

export function openHttp2(address: string): ClientHttp2Session {
  return connect(`http://${address}`);
}

/**
 * Sends one POST with this body to the letter, and reads until the server ends the stream.
 *
 * @param piece  the body does not end: this comes every 100 ms
 */
export function callRaw(
  session: ClientHttp2Session,
  path: string,
  headers: { readonly [name: string]: string },
  body: Uint8Array,
  piece?: Uint8Array,
): Promise<RawReply> {
  return new Promise((done) => {
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    const chunks: Buffer[] = [];
    let http = 0;
    let grpc: number | undefined;
    const read = (said: IncomingHttpHeaders) => {
      http = Number(said[':status'] ?? http);
      if (said['grpc-status'] !== undefined) grpc = Number(said['grpc-status']);
    };
    stream.on('response', read);
    stream.on('trailers', read);
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    // A reset is one of the ways in which it ends.
    stream.on('error', () => {});
    stream.once('close', () => done({ http, grpc, messages: messagesIn(Buffer.concat(chunks)) }));
    if (piece === undefined) return void stream.end(body);
    stream.write(body);
    const trickle = setInterval(() => stream.write(piece), 100);
    stream.once('close', () => clearInterval(trickle));
  });
}

/** One message in the frame of gRPC. */
export function framed(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

function messagesIn(bytes: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 0; at + 5 <= bytes.length;) {
    const end = at + 5 + bytes.readUInt32BE(at + 1);
    messages.push(bytes.subarray(at + 5, end));
    at = end;
  }
  return messages;
}
