/** Calls whose frames or headers are none, around a message that would be allowed. */
import { gzipSync } from 'node:zlib';
import { framed } from '../../support/http2.js';
import { KEY } from '../shop.js';

export const CHECK = '/envoy.service.auth.v3.Authorization/Check';
export const DECISIONS = ['Decide', 'DecideMany', 'DecideStream', 'Explain'].map(
  (name) => `/dharma.v1.Decisions/${name}`,
);

/** Frames that are none, around a message that would be answered, in the encoding that the call names. */
export const FRAMINGS: readonly (readonly [because: string, frame: (message: Buffer) => Buffer, encoding: string])[] = [
  ['no frame', () => Buffer.alloc(0), 'identity'],
  ['half the head of a frame', () => Buffer.from('000000', 'hex'), 'identity'],
  ['half a message', (message) => framed(message).subarray(0, -3), 'identity'],
  ['four gigabytes to come', (message) => Buffer.concat([Buffer.from('00ffffffff', 'hex'), message]), 'identity'],
  ['not packed, though it says so', (message) => packed(message), 'gzip'],
  ['packed in half', (message) => packed(gzipSync(message).subarray(0, -12)), 'gzip'],
  ['a hundred megabytes in a nutshell', () => packed(gzipSync(Buffer.alloc(100 * 1024 * 1024))), 'gzip'],
  ['packed in a way that nobody knows', (message) => packed(message), 'rot13'],
  ['two messages where there is one', (message) => Buffer.concat([framed(message), framed(message)]), 'identity'],
  ['an empty message that says it is packed', () => Buffer.from('0100000000', 'hex'), 'gzip'],
  ['packed by another way than it says', (message) => packed(gzipSync(message)), 'deflate'],
  ['one byte too few', (message) => framed(message).subarray(0, -1), 'identity'],
  ['a flag and nothing else', () => Buffer.from('00', 'hex'), 'identity'],
];

/** Headers of a call with a message that would be allowed. */
export const CALL_HEADERS: readonly (readonly [because: string, { readonly [name: string]: string }])[] = [
  ['no key', { 'x-dharma-key': '' }],
  ['a key of noise', { 'x-dharma-key': '\u0001' }],
  ['a deadline that is none', { 'grpc-timeout': 'soon' }],
  ['a type that is none', { 'content-type': 'text/plain' }],
  ['JSON', { 'content-type': 'application/json' }],
  ['a deadline without a unit', { 'grpc-timeout': '99999999999' }],
  ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
  ['two keys in one', { 'x-dharma-key': `${KEY}, ${KEY}` }],
];

export const NO_METHODS = [
  '/',
  '//',
  '/nothing',
  '/*',
  '/dharma.v1.Decisions/',
  '/dharma.v1.Decisions/__proto__',
  '/dharma.v1.Decisions/decide',
  '/__proto__/constructor',
  '/envoy.service.auth.v2.Authorization/Check',
  '/grpc.health.v1.Health/Delete',
];

/** A frame that says that its message is packed. */
function packed(bytes: Buffer): Buffer {
  const frame = framed(bytes);
  frame[0] = 1;
  return frame;
}
