/** Frames that concern a stream. */
import { FLAG, FRAME, frame, headerBlock, setting, word } from '../../support/http2-frames.js';
import { ask, ATTACKED, END, type FrameAttack, open, sent, SETTINGS, streamAt, times, WHOLE } from './frames.js';

export const STREAM_FRAMES: readonly FrameAttack[] = [
  { because: 'data concerns a stream', sent: sent(frame(FRAME.data, END, 0, Buffer.alloc(5))), outcome: 'hangs up' },
  { because: 'data comes after headers', sent: sent(frame(FRAME.data, END, 1, Buffer.alloc(5))), outcome: 'hangs up' },
  {
    because: 'nothing comes after the end',
    sent: (call) => [SETTINGS, ...ask(call), frame(FRAME.data, END, ATTACKED, call.body)],
    outcome: 'hangs up',
  },
  {
    because: 'headers do not come after the end',
    sent: (call) => [SETTINGS, ...ask(call), open(call)],
    outcome: 'hangs up',
  },
  {
    because: 'padding fits into its frame',
    sent: (call) => [SETTINGS, open(call), frame(FRAME.data, FLAG.padded | END, ATTACKED, Buffer.from([200, 0]))],
    outcome: 'hangs up',
  },
  {
    because: 'a frame that is padded says by how much',
    sent: (call) => [SETTINGS, open(call), frame(FRAME.data, FLAG.padded | END, ATTACKED)],
    outcome: 'hangs up',
  },
  {
    because: 'data that says nothing has an end',
    sent: (call) => [SETTINGS, open(call), ...times(5000, () => [frame(FRAME.data, 0, ATTACKED)])],
    outcome: 'hangs up',
  },
  {
    because: 'zeros are a message after the other, of which one is asked for',
    sent: (call) => [SETTINGS, open(call), ...times(8, () => [frame(FRAME.data, 0, ATTACKED, Buffer.alloc(16_000))])],
    outcome: 'refuses',
  },
  { because: 'headers concern a stream', sent: (call) => [SETTINGS, open(call, 0)], outcome: 'hangs up' },
  { because: 'streams of clients are odd', sent: (call) => [SETTINGS, open(call, 2)], outcome: 'hangs up' },
  {
    because: 'a stream below the last one is over',
    sent: (call) => [SETTINGS, open(call, 9), open(call, 3)],
    outcome: 'bears it',
  },
  {
    because: 'headers come once before the data',
    sent: (call) => [SETTINGS, open(call), open(call)],
    outcome: 'refuses',
  },
  {
    because: 'trailers end the stream',
    sent: (call) => [
      SETTINGS,
      open(call),
      frame(FRAME.data, 0, ATTACKED, call.body),
      frame(FRAME.headers, WHOLE, ATTACKED, headerBlock([['x', 'y']])),
    ],
    outcome: 'refuses',
  },
  {
    because: 'a call of nothing but trailers asks nothing',
    sent: (call) => [
      SETTINGS,
      open(call),
      frame(FRAME.headers, WHOLE | END, ATTACKED, headerBlock([['grpc-status', '0']])),
    ],
    outcome: 'refuses',
  },
  {
    because: 'a call of nothing but headers asks nothing',
    sent: (call) => [SETTINGS, open(call, ATTACKED, WHOLE | END)],
    outcome: 'refuses',
  },
  {
    because: 'a stream that depends on itself',
    sent: ({ fields }) => [
      SETTINGS,
      frame(
        FRAME.headers,
        WHOLE | END | FLAG.priority,
        ATTACKED,
        Buffer.concat([word(ATTACKED), Buffer.from([1]), headerBlock(fields)]),
      ),
    ],
    outcome: 'hangs up',
  },
  {
    because: 'a priority that depends on itself',
    sent: sent(frame(FRAME.priority, 0, 1, Buffer.concat([word(1), Buffer.from([1])]))),
    outcome: 'hangs up',
  },
  {
    because: 'a priority has five bytes',
    sent: sent(frame(FRAME.priority, 0, 1, Buffer.alloc(4))),
    outcome: 'hangs up',
  },
  {
    because: 'a priority concerns a stream',
    sent: sent(frame(FRAME.priority, 0, 0, Buffer.alloc(5))),
    outcome: 'hangs up',
  },
  {
    because: 'priorities that flood hold nothing up',
    sent: () => [
      SETTINGS,
      ...times(5000, (at) => [
        frame(FRAME.priority, 0, streamAt(at), Buffer.concat([word(0), Buffer.from([at & 0xff])])),
      ]),
    ],
    outcome: 'bears it',
  },
  {
    because: 'a continuation continues something',
    sent: sent(frame(FRAME.continuation, WHOLE, 1, headerBlock([['a', 'b']]))),
    outcome: 'hangs up',
  },
  {
    because: 'nothing comes between headers and their continuation',
    sent: (call) => [SETTINGS, open(call, ATTACKED, 0), frame(FRAME.data, END, ATTACKED, call.body)],
    outcome: 'hangs up',
  },
  {
    because: 'a continuation continues its own stream',
    sent: (call) => [SETTINGS, open(call, ATTACKED, 0), frame(FRAME.continuation, WHOLE, 3, headerBlock([['a', 'b']]))],
    outcome: 'hangs up',
  },
  {
    because: 'continuations have an end',
    sent: (call) => [
      SETTINGS,
      open(call, ATTACKED, 0),
      ...times(2000, () => [frame(FRAME.continuation, 0, ATTACKED, headerBlock([['a', 'b']]))]),
    ],
    outcome: 'hangs up',
  },
  {
    because: 'continuations of nothing have an end',
    sent: (call) => [SETTINGS, open(call, ATTACKED, 0), ...times(2000, () => [frame(FRAME.continuation, 0, ATTACKED)])],
    outcome: 'hangs up',
  },
  { because: 'a stream is reset once it is there', sent: sent(frame(FRAME.reset, 0, 1, word(8))), outcome: 'hangs up' },
  { because: 'a reset concerns a stream', sent: sent(frame(FRAME.reset, 0, 0, word(8))), outcome: 'hangs up' },
  {
    because: 'a reset has four bytes',
    sent: (call) => [SETTINGS, open(call), frame(FRAME.reset, 0, ATTACKED, Buffer.alloc(3))],
    outcome: 'hangs up',
  },
  {
    because: 'calls that are taken back have a budget',
    sent: (call) => [
      SETTINGS,
      ...times(600, (at) => [...ask(call, streamAt(at)), frame(FRAME.reset, 0, streamAt(at), word(8))]),
    ],
    outcome: 'hangs up',
  },
  {
    because: 'so have calls that are taken back before they ask',
    sent: (call) => [
      SETTINGS,
      ...times(600, (at) => [open(call, streamAt(at)), frame(FRAME.reset, 0, streamAt(at), word(8))]),
    ],
    outcome: 'hangs up',
  },
  {
    because: 'and calls that are taken back without a fault',
    sent: (call) => [
      SETTINGS,
      ...times(600, (at) => [open(call, streamAt(at)), frame(FRAME.reset, 0, streamAt(at), word(0))]),
    ],
    outcome: 'hangs up',
  },
  {
    because: 'resets that the server is made to send count as well',
    sent: (call) => [SETTINGS, ...times(600, (at) => [open(call, streamAt(at)), open(call, streamAt(at))])],
    outcome: 'hangs up',
  },
  {
    because: 'some calls may be taken back',
    sent: (call) => [
      SETTINGS,
      ...times(100, (at) => [open(call, streamAt(at)), frame(FRAME.reset, 0, streamAt(at), word(8))]),
    ],
    outcome: 'bears it',
  },
  {
    because: 'a window of a stream opens by something',
    sent: (call) => [SETTINGS, open(call), frame(FRAME.windowUpdate, 0, ATTACKED, word(0))],
    outcome: 'hangs up',
  },
  {
    because: 'a window of a stream has 31 bits',
    sent: (call) => [SETTINGS, open(call), frame(FRAME.windowUpdate, 0, ATTACKED, word(0x7fffffff))],
    outcome: 'hangs up',
  },
  {
    because: 'a window opens once its stream is there',
    sent: sent(frame(FRAME.windowUpdate, 0, 1, word(1))),
    outcome: 'hangs up',
  },
  {
    because: 'a client may take its answers later',
    sent: (call) => [
      frame(FRAME.settings, 0, 0, setting(4, 0)),
      ...times(100, (at) => ask(call, streamAt(at))),
      frame(FRAME.settings, 0, 0, setting(4, 65_535)),
    ],
    outcome: 'bears it',
  },
];
