/** HTTP/2 that no library speaks, and what must come of it. */
import { FLAG, FRAME, frame, headerBlock } from '../../support/http2-frames.js';

/**
 * `hangs up`: the server ends the connection. `refuses`: it ends or resets the stream without an answer that allows, and the
 * connection lives. `bears it`: the connection lives, and a call beside is answered.
 */
export type FrameOutcome = 'hangs up' | 'refuses' | 'bears it';

export interface FrameAttack {
  readonly because: string;
  /** What follows the preface. */
  readonly sent: (call: Call) => readonly Buffer[];
  readonly outcome: FrameOutcome;
  readonly preface?: Buffer;
}

/** A call that is allowed, in pieces. */
export interface Call {
  readonly fields: readonly Field[];
  /** The message in its frame of gRPC. */
  readonly body: Buffer;
}

export type Field = readonly [name: string, value: string];

/** The stream on which rows attack. */
export const ATTACKED = 1;

export const SETTINGS = frame(FRAME.settings, 0, 0);
export const { endStream: END, endHeaders: WHOLE } = FLAG;

export const open = ({ fields }: Call, stream = ATTACKED, flags: number = WHOLE) =>
  frame(FRAME.headers, flags, stream, headerBlock(fields));
export const ask = (call: Call, stream = ATTACKED) => [open(call, stream), frame(FRAME.data, END, stream, call.body)];
export const times = (count: number, make: (at: number) => readonly Buffer[]): Buffer[] =>
  Array.from({ length: count }, (_, at) => make(at)).flat();
export const streamAt = (at: number) => ATTACKED + 2 * at;

export const sent =
  (...frames: readonly Buffer[]) =>
  () => [SETTINGS, ...frames];
