import { connect, type Socket } from 'node:net';
import { connect as connectSecurely, type TLSSocket } from 'node:tls';
import { FLAG, FRAME, type Frame, frame, framesIn, headerBlock, PREFACE } from './http2-frames.js';
import { statusIn } from './http2-status.js';
import type { Base, HeaderField, Http2Trick } from './trick.js';
import { commonFields, type GatewayAddress, type Reply } from './wire.js';

/** The gateway speaks HTTP/1 alone there; the request was not sent. */
const NOT_SPOKEN = 'not spoken';

const STREAM = 1;
/** Most bytes of one frame to somebody who did not say that it takes more (RFC 9113, section 4.2). */
const MAXIMUM_FRAME_BYTES = 16_384;
/** No table of fields, and no answers that nobody asked for (RFC 9113, section 6.5.2). */
const SETTINGS = Buffer.from([0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0]);

/** The fields of a trick to the letter, pseudo-header fields among them. */
export function fieldsOf({ pseudo, fields }: Http2Trick, base: Base, probe: string): readonly HeaderField[] {
  const common = commonFields(base, probe).map(([name, value]): HeaderField => [name.toLowerCase(), value]);
  return [...pseudo, ...fields, ...common];
}

/**
 * Sends a request without a body by HTTP/2, on a connection of its own, and waits for the answer: where there is TLS, if
 * the gateway chooses HTTP/2, and in the clear if it answers the preface as those do who speak it.
 *
 * @param patience  milliseconds for connecting and answering together
 * @throws the fault of the connection where none could be made
 */
export function sendByHttp2(
  to: GatewayAddress,
  fields: readonly HeaderField[],
  patience: number,
): Promise<Reply | typeof NOT_SPOKEN> {
  return new Promise((done, failed) => {
    let isConnected = false;
    let isSpoken = false;
    let status: number | undefined;
    let rest: Buffer = Buffer.alloc(0);
    const finish = (without: 'hung up' | 'silent'): void => {
      clearTimeout(late);
      socket.destroy();
      if (status !== undefined) done({ kind: 'answered', status, server: undefined });
      else done(isSpoken ? { kind: without } : NOT_SPOKEN);
    };
    const late = setTimeout(() => {
      if (isConnected) return finish('silent');
      socket.destroy(new Error(`no connection within ${patience / 1000} s`));
    }, patience);
    const take = ({ type, flags, stream, payload }: Frame): void => {
      if (type === FRAME.goAway && payload.readUInt32BE(4) !== 0) return finish('hung up');
      if (stream !== STREAM) return;
      if (type === FRAME.reset) return finish('hung up');
      if (type === FRAME.headers) {
        const said = statusIn({ type, flags, stream, payload });
        // Before the answer there may be some that only say that it is coming, and after it there may be trailers.
        if (said !== undefined && said >= 200) status ??= said;
      }
      const endsStream = type === FRAME.headers || type === FRAME.data;
      if (endsStream && (flags & FLAG.endStream) !== 0) finish('hung up');
    };
    const socket: Socket | TLSSocket =
      to.tls === undefined
        ? connect({ host: to.host, port: to.port })
        : connectSecurely({ host: to.host, port: to.port, ALPNProtocols: ['h2', 'http/1.1'], ...to.tls });
    socket.once(to.tls === undefined ? 'connect' : 'secureConnect', () => {
      isConnected = true;
      if (to.tls !== undefined && (socket as TLSSocket).alpnProtocol !== 'h2') return finish('hung up');
      socket.write(Buffer.concat([PREFACE, frame(FRAME.settings, 0, 0, SETTINGS)]));
    });
    socket.on('data', (chunk: Buffer) => {
      const read = framesIn(Buffer.concat([rest, chunk]));
      rest = read.rest;
      const [first] = read.frames;
      if (!isSpoken && first !== undefined) {
        // To somebody who takes the preface for a request of HTTP/1, nothing more is sent.
        if (first.type !== FRAME.settings || first.stream !== 0) return finish('hung up');
        isSpoken = true;
        socket.write(Buffer.concat([frame(FRAME.settings, FLAG.ack, 0), ...headersFrames(fields)]));
      }
      for (const each of read.frames) take(each);
    });
    socket.once('error', (fault) => {
      if (isConnected) return finish('hung up');
      clearTimeout(late);
      failed(fault);
    });
    socket.once('close', () => isConnected && finish('hung up'));
  });
}

function headersFrames(fields: readonly HeaderField[]): readonly Buffer[] {
  const block = headerBlock(fields);
  const pieces: Buffer[] = [];
  for (let at = 0; at < block.length; at += MAXIMUM_FRAME_BYTES) {
    const end = at + MAXIMUM_FRAME_BYTES;
    const flags = (at === 0 ? FLAG.endStream : 0) | (end >= block.length ? FLAG.endHeaders : 0);
    pieces.push(frame(at === 0 ? FRAME.headers : FRAME.continuation, flags, STREAM, block.subarray(at, end)));
  }
  return pieces;
}
