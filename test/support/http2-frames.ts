import { connect } from 'node:net';
import { endpointOf } from './http.js';

/** Types of HTTP/2 frames (RFC 9113, section 6). */
export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const FLAG = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** One frame to the letter; a length of its own where it lies about that of its payload. */
export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array = Buffer.alloc(0),
  length = payload.length,
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream >>> 0, 5);
  return Buffer.concat([head, payload]);
}

/** Header fields as literals that no table remembers (RFC 7541, section 6.2.2). */
export function headerBlock(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  return Buffer.concat(fields.map(([name, value]) => Buffer.concat([Buffer.from([0]), text(name), text(value)])));
}

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

function text(content: string): Buffer {
  const bytes = Buffer.from(content, 'latin1');
  const length: number[] = [];
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  let rest = bytes.length - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) length.push((rest % 128) + 128);
  return Buffer.concat([Buffer.from([127, ...length, rest]), bytes]);
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
    this.#rest = Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= 9) {
      const end = 9 + this.#rest.readUIntBE(0, 3);
      if (this.#rest.length < end) break;
      this.#take(this.#rest[3]!, this.#rest[4]!, this.#rest.readUInt32BE(5), this.#rest.subarray(9, end));
      this.#rest = this.#rest.subarray(end);
    }
    return this.#read;
  }

  #take(type: number, flags: number, stream: number, payload: Buffer): void {
    const { resets, ended, bodies } = this.#read;
    if (type === FRAME.data) bodies.set(stream, Buffer.concat([bodies.get(stream) ?? Buffer.alloc(0), payload]));
    if ((type === FRAME.data || type === FRAME.headers) && (flags & FLAG.endStream) !== 0) ended.add(stream);
    if (type === FRAME.reset) resets.set(stream, payload.readUInt32BE(0));
    if (type === FRAME.goAway) this.#read.goAway = payload.readUInt32BE(4);
    if (type === FRAME.ping && (flags & FLAG.ack) !== 0 && payload.equals(ASK)) this.#read.answered = true;
  }
}
