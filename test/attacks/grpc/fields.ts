/** Header blocks that are none, and fields that no call has. */
import { FLAG, FRAME, frame, headerBlock } from '../../support/http2-frames.js';
import { ask, ATTACKED, type Call, END, type Field, type FrameAttack, SETTINGS, times, WHOLE } from './frames.js';
import { KEY } from '../shop.js';

/** A call whose header fields are others. */
const asking = (change: (fields: readonly Field[]) => readonly Field[]) => (call: Call) => [
  SETTINGS,
  ...ask({ ...call, fields: change(call.fields) }),
];
const without = (name: string) => (fields: readonly Field[]) => fields.filter(([one]) => one !== name);
const withValue = (name: string, value: string) => (fields: readonly Field[]) =>
  fields.map((field): Field => (field[0] === name ? [name, value] : field));
const and =
  (...more: readonly Field[]) =>
  (fields: readonly Field[]) => [...fields, ...more];
/** A call whose header block is no list of fields, or follows what the call itself has. */
const block =
  (bytes: string, isAlone = false) =>
  ({ fields, body }: Call) => {
    const encoded = isAlone
      ? Buffer.from(bytes, 'hex')
      : Buffer.concat([headerBlock(fields), Buffer.from(bytes, 'hex')]);
    return [SETTINGS, frame(FRAME.headers, WHOLE, ATTACKED, encoded), frame(FRAME.data, END, ATTACKED, body)];
  };
export const HEADER_BLOCKS: readonly FrameAttack[] = [
  { because: 'an entry of a table is counted from one', sent: block('80'), outcome: 'hangs up' },
  { because: 'an entry of a table is in it', sent: block('ffffffff0f'), outcome: 'hangs up' },
  { because: 'a number has an end', sent: block('ffffffffffffffffffffff'), outcome: 'hangs up' },
  { because: 'a table grows no larger than was said', sent: block('3fe1ffff07', true), outcome: 'hangs up' },
  { because: 'a table changes its size before the fields', sent: block('20'), outcome: 'hangs up' },
  { because: 'a text is as long as it says', sent: block('007f'), outcome: 'hangs up' },
  { because: 'the code of an end is no letter', sent: block('0084ffffffff0161'), outcome: 'hangs up' },
  { because: 'what fills up a code is less than a byte', sent: block('00821fff0161'), outcome: 'hangs up' },
  { because: 'a block that is empty names no method', sent: block('', true), outcome: 'refuses' },
  { because: 'bytes are no block', sent: block('deadbeef'.repeat(8), true), outcome: 'hangs up' },
];

export const FIELDS: readonly FrameAttack[] = [
  { because: 'names are in small letters', sent: asking(and(['X-Upper', 'a'])), outcome: 'refuses' },
  { because: 'a field without a name is left out', sent: asking(and(['', 'a'])), outcome: 'bears it' },
  { because: 'a field with a space in its name is left out', sent: asking(and(['x y', 'a'])), outcome: 'bears it' },
  { because: 'a field with a colon in its name is left out', sent: asking(and(['x:y', 'a'])), outcome: 'bears it' },
  {
    because: 'a field with a line break is left out, and none comes in by it',
    sent: asking(and(['x', 'a\r\nx-dharma-key: b'])),
    outcome: 'bears it',
  },
  { because: 'a field with a zero is left out', sent: asking(and(['x', 'a\u0000'])), outcome: 'bears it' },
  {
    because: 'fields of connections are none of streams',
    sent: asking(and(['connection', 'close'])),
    outcome: 'refuses',
  },
  {
    because: 'nor is an encoding of transfers',
    sent: asking(and(['transfer-encoding', 'chunked'])),
    outcome: 'refuses',
  },
  { because: 'nor an offer to speak otherwise', sent: asking(and(['upgrade', 'h2c'])), outcome: 'refuses' },
  { because: 'trailers are all one can be ready for', sent: asking(withValue('te', 'gzip')), outcome: 'refuses' },
  {
    because: 'pseudo headers come first',
    sent: asking((fields) => [...fields.slice(1), fields[0]!]),
    outcome: 'refuses',
  },
  {
    because: 'there are no other pseudo headers',
    sent: asking((fields) => [[':x', 'y'], ...fields]),
    outcome: 'refuses',
  },
  { because: 'requests have no status', sent: asking((fields) => [[':status', '200'], ...fields]), outcome: 'refuses' },
  { because: 'there is one path', sent: asking((fields) => [[':path', '/x'], ...fields]), outcome: 'refuses' },
  { because: 'there is a path', sent: asking(without(':path')), outcome: 'refuses' },
  { because: 'there is a method', sent: asking(without(':method')), outcome: 'refuses' },
  { because: 'there is a scheme', sent: asking(without(':scheme')), outcome: 'refuses' },
  { because: 'a path is not empty', sent: asking(withValue(':path', '')), outcome: 'refuses' },
  {
    because: 'a path begins with a slash',
    sent: asking(withValue(':path', 'envoy.service.auth.v3.Authorization/Check')),
    outcome: 'refuses',
  },
  {
    because: 'a path has no query',
    sent: asking(withValue(':path', '/envoy.service.auth.v3.Authorization/Check?x')),
    outcome: 'refuses',
  },
  {
    because: 'a path is not folded over case',
    sent: asking(withValue(':path', '/envoy.service.auth.v3.authorization/check')),
    outcome: 'refuses',
  },
  {
    because: 'a path is not walked',
    sent: asking(withValue(':path', '/x/../envoy.service.auth.v3.Authorization/Check')),
    outcome: 'refuses',
  },
  {
    because: 'a path has no zero',
    sent: asking(withValue(':path', '/envoy.service.auth.v3.Authorization/Check\u0000')),
    outcome: 'refuses',
  },
  { because: 'a tunnel is no call', sent: asking(withValue(':method', 'CONNECT')), outcome: 'refuses' },
  { because: 'there is a type', sent: asking(without('content-type')), outcome: 'refuses' },
  { because: 'a key comes once', sent: asking(and(['x-dharma-key', KEY])), outcome: 'refuses' },
  {
    because: 'a list of fields has a number',
    sent: asking(and(...Array.from({ length: 300 }, (_, at): Field => [`x-${at}`, 'a']))),
    outcome: 'refuses',
  },
  {
    because: 'a list of fields has a size',
    sent: ({ fields }) => [
      SETTINGS,
      // Until its settings are acknowledged, a server may not hold anybody to them.
      frame(FRAME.settings, FLAG.ack, 0),
      frame(FRAME.headers, END, ATTACKED, headerBlock(fields)),
      ...times(6, (at) => [
        frame(FRAME.continuation, at === 5 ? WHOLE : 0, ATTACKED, headerBlock([['x', 'a'.repeat(15_000)]])),
      ]),
    ],
    outcome: 'refuses',
  },
  { because: 'a body is as long as it was said', sent: asking(and(['content-length', '1'])), outcome: 'refuses' },
  { because: 'a length is a number', sent: asking(and(['content-length', '-1'])), outcome: 'refuses' },
  {
    because: 'there is one length',
    sent: asking(and(['content-length', '1'], ['content-length', '2'])),
    outcome: 'refuses',
  },
];
