import { connect } from 'node:net';
import { FLAG, FRAME, frame, framesIn, type Frame, PREFACE } from '../../apps/cli/src/doctor/http2-frames.js';
import { endpointOf } from './http.js';

export { FLAG, FRAME, frame, headerBlock, PREFACE } from '../../apps/cli/src/doctor/http2-frames.js';

/** A whole number of four bytes. */
export function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/** A setting: identifier and value. */
export function setting(identifier: number, value: number): Buffer {
  return Buffer.concat([Buffer.from([identifier >> 8, identifier & 0xff]), word(value)]);
}

/** What a server sent on a connection whose frames no library would send. */
export interface FrameReply {
  /** Error code of its GOAWAY; undefined when there was none. */
  readonly goAway: number | undefined;
  /** Error codes of the streams that it reset. */
  readonly resets: ReadonlyMap<number, number>;
  /** Streams that it ended by itself. */
  readonly ended: ReadonlySet<number>;
  /** What it sent as the body of a stream. */
  readonly bodies: ReadonlyMap<number, Buffer>;
  /** It hung up, had answered everything, or did neither. */
  readonly end: 'closed' | 'answered' | 'silence';
}

interface Sending {
  readonly preface?: Uint8Array;
  /** Streams that must have ended before it stops reading. */
  readonly awaits?: readonly number[];
  /** Milliseconds for which nothing may happen; then it counts as silence. */
  readonly patience?: number;
}

/**
 * Sends bytes after the preface, and reads until the server hangs up, or has answered a PING that comes after them and
 * ended the streams that are awaited.
 */
export function sendFrames(
  address: string,
  bytes: Uint8Array,
  { preface = PREFACE, awaits = [], patience = 10_000 }: Sending = {},
): Promise<FrameReply> {
  return new Promise((done) => {
    const socket = connect(endpointOf(address));
    const reader = new FrameReader();
    const finish = (how: FrameReply['end']) => {
      clearTimeout(silence);
      socket.destroy();
      done({ ...reader.read(), end: how });
    };
    const silence = setTimeout(() => finish('silence'), patience);
    socket.on('data', (chunk) => {
      const { answered, goAway, resets, ended } = reader.read(chunk as Buffer);
      // Whoever says farewell for a reason reads nothing more, and waits for us to hang up.
      if (goAway !== undefined && goAway !== 0) finish('closed');
      if (answered && awaits.every((stream) => resets.has(stream) || ended.has(stream))) finish('answered');
    });
    // A server that has had enough may close while bytes are on their way.
    socket.on('error', () => {});
    socket.once('close', () => finish('closed'));
    socket.write(Buffer.concat([preface, bytes, frame(FRAME.ping, 0, 0, ASK)]));
  });
}

const ASK = Buffer.from('answered');

class FrameReader {
  readonly #read = {
    answered: false,
    goAway: undefined as number | undefined,
    resets: new Map<number, number>(),
    ended: new Set<number>(),
    bodies: new Map<number, Buffer>(),
  };
  #rest: Buffer = Buffer.alloc(0);

  read(chunk: Buffer = Buffer.alloc(0)): Omit<FrameReply, 'end'> & { readonly answered: boolean } {
    const { frames, rest } = framesIn(Buffer.concat([this.#rest, chunk]));
    this.#rest = rest;
    for (const each of frames) this.#take(each);
    return this.#read;
  }

  #take({ type, flags, stream, payload }: Frame): void {
    const { resets, ended, bodies } = this.#read;
    if (type === FRAME.data) bodies.set(stream, Buffer.concat([bodies.get(stream) ?? Buffer.alloc(0), payload]));
    if ((type === FRAME.data || type === FRAME.headers) && (flags & FLAG.endStream) !== 0) ended.add(stream);
    if (type === FRAME.reset) resets.set(stream, payload.readUInt32BE(0));
    if (type === FRAME.goAway) this.#read.goAway = payload.readUInt32BE(4);
    if (type === FRAME.ping && (flags & FLAG.ack) !== 0 && payload.equals(ASK)) this.#read.answered = true;
  }
}
