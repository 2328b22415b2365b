/** Frames that concern a whole connection. */
import { FRAME, frame, headerBlock, PREFACE, setting, word, FLAG } from '../../support/http2-frames.js';
import { ask, type FrameAttack, open, sent, SETTINGS, times, WHOLE } from './frames.js';

export const CONNECTION_FRAMES: readonly FrameAttack[] = [
  {
    because: 'the preface says what is spoken',
    preface: Buffer.from('PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n'),
    sent: sent(),
    outcome: 'hangs up',
  },
  { because: 'half a preface is none', preface: PREFACE.subarray(0, 12), sent: sent(), outcome: 'hangs up' },
  { because: 'the preface comes once', sent: sent(PREFACE), outcome: 'hangs up' },
  { because: 'settings come first', sent: (call) => ask(call), outcome: 'hangs up' },
  { because: 'settings concern the connection', sent: sent(frame(FRAME.settings, 0, 1)), outcome: 'hangs up' },
  { because: 'a setting has six bytes', sent: sent(frame(FRAME.settings, 0, 0, Buffer.alloc(7))), outcome: 'hangs up' },
  {
    because: 'an acknowledgement says nothing else',
    sent: sent(frame(FRAME.settings, FLAG.ack, 0, setting(4, 1))),
    outcome: 'hangs up',
  },
  {
    because: 'a window has 31 bits',
    sent: sent(frame(FRAME.settings, 0, 0, setting(4, 0x80000000))),
    outcome: 'hangs up',
  },
  {
    because: 'frames are not smaller than all can be',
    sent: sent(frame(FRAME.settings, 0, 0, setting(5, 1))),
    outcome: 'hangs up',
  },
  {
    because: 'frames are not larger than any can be',
    sent: sent(frame(FRAME.settings, 0, 0, setting(5, 0x1000000))),
    outcome: 'hangs up',
  },
  { because: 'push is on or off', sent: sent(frame(FRAME.settings, 0, 0, setting(2, 2))), outcome: 'hangs up' },
  {
    because: 'unknown settings are passed over',
    sent: sent(frame(FRAME.settings, 0, 0, setting(0xf000, 7))),
    outcome: 'bears it',
  },
  {
    because: 'a table of no headers is one',
    sent: sent(frame(FRAME.settings, 0, 0, setting(1, 0))),
    outcome: 'bears it',
  },
  {
    because: 'a table of four gigabytes is not made',
    sent: sent(frame(FRAME.settings, 0, 0, setting(1, 0xffffffff))),
    outcome: 'bears it',
  },
  {
    because: 'settings that flood are not all acknowledged',
    sent: () => times(20_000, () => [SETTINGS]),
    outcome: 'hangs up',
  },
  {
    because: 'settings that change all the time are settings',
    sent: () => times(500, (at) => [frame(FRAME.settings, 0, 0, setting(4, 65_535 + at))]),
    outcome: 'bears it',
  },
  {
    because: 'pings that flood are not all answered',
    sent: () => [SETTINGS, ...times(20_000, () => [frame(FRAME.ping, 0, 0, Buffer.alloc(8))])],
    outcome: 'hangs up',
  },
  {
    because: 'answers to pings that nobody sent are no frames',
    sent: () => [SETTINGS, ...times(1000, () => [frame(FRAME.ping, FLAG.ack, 0, Buffer.alloc(8))])],
    outcome: 'hangs up',
  },
  { because: 'a ping has eight bytes', sent: sent(frame(FRAME.ping, 0, 0, Buffer.alloc(7))), outcome: 'hangs up' },
  {
    because: 'a ping concerns the connection',
    sent: sent(frame(FRAME.ping, 0, 1, Buffer.alloc(8))),
    outcome: 'hangs up',
  },
  {
    because: 'clients promise nothing',
    sent: sent(frame(FRAME.pushPromise, WHOLE, 1, Buffer.concat([word(2), headerBlock([[':path', '/']])]))),
    outcome: 'hangs up',
  },
  {
    because: 'unknown frames are passed over',
    sent: sent(frame(0xbe, 0xff, 0, Buffer.alloc(100))),
    outcome: 'bears it',
  },
  {
    because: 'unknown frames that flood are passed over',
    sent: () => [SETTINGS, ...times(5000, () => [frame(0xbe, 0, 7, Buffer.alloc(8))])],
    outcome: 'bears it',
  },
  { because: 'a frame has a largest size', sent: sent(frame(0xbe, 0, 0, Buffer.alloc(16_385))), outcome: 'hangs up' },
  {
    because: 'a frame of sixteen megabytes is not awaited',
    sent: sent(frame(FRAME.data, 0, 1, Buffer.alloc(10), 0xffffff)),
    outcome: 'hangs up',
  },
  {
    because: 'a client that leaves may still ask',
    sent: (call) => [SETTINGS, frame(FRAME.goAway, 0, 0, Buffer.concat([word(0), word(0)])), open(call)],
    outcome: 'hangs up',
  },
  {
    because: 'farewells concern the connection',
    sent: sent(frame(FRAME.goAway, 0, 1, Buffer.alloc(8))),
    outcome: 'hangs up',
  },
  {
    because: 'a window that opens by nothing opens not',
    sent: sent(frame(FRAME.windowUpdate, 0, 0, word(0))),
    outcome: 'hangs up',
  },
  {
    because: 'a window of the connection has 31 bits',
    sent: sent(frame(FRAME.windowUpdate, 0, 0, word(0x7fffffff))),
    outcome: 'hangs up',
  },
  {
    because: 'a window opens by four bytes',
    sent: sent(frame(FRAME.windowUpdate, 0, 0, Buffer.alloc(5))),
    outcome: 'hangs up',
  },
  {
    because: 'a window that opens a little ten thousand times is open',
    sent: () => [SETTINGS, ...times(10_000, () => [frame(FRAME.windowUpdate, 0, 0, word(1))])],
    outcome: 'bears it',
  },
];
