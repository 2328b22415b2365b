/** What comes over HTTP/2 slowly: sent at once, then a piece again and again. */
import { FRAME, frame, PREFACE } from '../../support/http2-frames.js';
import { type Call, open, SETTINGS } from './frames.js';

/** Connections that the server ends within seconds. */
export const SLOW_CONNECTIONS: readonly {
  readonly because: string;
  readonly first: (call: Call) => Buffer;
  readonly piece: Buffer;
}[] = [
  { because: 'nobody waits for a greeting', first: () => Buffer.alloc(0), piece: Buffer.alloc(0) },
  { because: 'nobody waits for the rest of a greeting', first: () => PREFACE.subarray(0, 10), piece: Buffer.alloc(0) },
  { because: 'nobody waits for settings', first: () => PREFACE, piece: Buffer.alloc(0) },
  {
    because: 'a frame of settings that trickles has an end',
    first: () => Buffer.concat([PREFACE, frame(FRAME.settings, 0, 0, Buffer.alloc(0), 6000)]),
    piece: Buffer.alloc(1),
  },
  {
    because: 'nobody waits for the acknowledgement of settings',
    first: (call) => Buffer.concat([PREFACE, SETTINGS, open(call)]),
    piece: Buffer.alloc(0),
  },
];

/** Calls that the server ends, while their connection lives. */
export const SLOW_CALLS: readonly {
  readonly because: string;
  /** Of the message in its frame of gRPC. */
  readonly first: (body: Buffer) => Buffer;
  readonly piece: Buffer;
}[] = [
  { because: 'nobody waits for a message', first: () => Buffer.alloc(0), piece: Buffer.alloc(0) },
  { because: 'nobody waits for the rest of a message', first: (body) => body.subarray(0, -1), piece: Buffer.alloc(0) },
  { because: 'nobody waits for the end of a call', first: (body) => body, piece: Buffer.alloc(0) },
  {
    because: 'a message that trickles has an end',
    first: () => Buffer.from('00000fffff', 'hex'),
    piece: Buffer.alloc(1),
  },
];
