/** Messages in the place of questions, none of which may be allowed. */
import { gzipSync } from 'node:zlib';
import { ACCOUNT, noise, OFFICE, PUBLIC, trusted } from '../shop.js';

/** Bytes in the place of a message, as hexadecimal. */
export const BYTES: readonly (readonly [because: string, bytes: string])[] = [
  ['nothing', ''],
  ['a tag that does not end', 'ff'],
  ['a tag without a value', '08'],
  ['a field of number zero', '0000'],
  ['a length beyond the end', '0aff'],
  ['a length of four gigabytes', '0affffffff0f'],
  ['a length of more than a number holds', `0a${'ff'.repeat(10)}`],
  ['a group that does not end', '0b'],
  ['a group that ends nothing', '0c'],
  ['types that nobody knows', '0e0f'],
  ['another type of a known field', '0801'],
  ['fields that nobody knows', 'fa3f03616263'],
  ['a text that is no UTF-8', '0a0622041a02c328'],
  ['a tag of eleven bytes', 'ffffffffffffffffffff01'],
  ['a number of field above all', '80808080800100'],
  ['a length spelled longer than it is', '0a8080808000'],
  ['a length of eight exabytes', '0affffffffffffffff7f'],
  ['a field of eight bytes that are four', '0901020304'],
  ['a field of four bytes that are two', '0d0102'],
  ['groups that lie deep', '0b'.repeat(10_000)],
  ['groups that lie deep and end', `${'0b'.repeat(5000)}${'0c'.repeat(5000)}`],
  ['a group that ends as another', '0b14'],
  ['a map entry of nothing', '0a0222002200'],
  ['what is packed', gzipSync('').toString('hex')],
  ['JSON', Buffer.from('{"attributes":{}}').toString('hex')],
  ['a message in a message in a message', '0a020a000a020a000a020a00'],
  ['zeros', '00'.repeat(1024)],
  ['noise', noise(2048).toString('hex')],
];

export const ADDRESS = { target: { address: PUBLIC } };
const struct = (fields: object) => ({ fields });

/** Messages of `dharma.v1`, well-formed as such. */
export const QUESTIONS: readonly (readonly [because: string, question: object])[] = [
  ['no target', { attributes: struct({}) }],
  ['a target of nothing', { target: { resourceAction: {} } }],
  ['a number that is none', { ...ADDRESS, attributes: struct({ x: { numberValue: Number.NaN } }) }],
  ['a number beyond all numbers', { ...ADDRESS, context: struct({ x: { numberValue: Number.POSITIVE_INFINITY } }) }],
  ['structs that lie deep', { ...ADDRESS, claimed: struct({ x: deep(33) }) }],
  ['a revision beyond all numbers', { ...ADDRESS, minRevision: '18446744073709551615' }],
  ['evidence of an unknown role', { ...ADDRESS, evidence: [{ role: 'root', mechanism: 'mesh', subject: 's' }] }],
  ['evidence that ends on no day', { ...ADDRESS, evidence: [trusted('s', { expiresAt: 'tomorrow' })] }],
  ['two headers that differ by case', { ...ADDRESS, headers: { Accept: 'a', accept: 'b' } }],
  ['a path with a zero', { target: { address: { ...PUBLIC, path: '/public/\u0000' } } }],
  ['an RPC that is none', { target: { rpc: { rpc: '//', host: '' } } }],
  ['a topic of nothing', { target: { topic: { topic: '', action: '' } } }],
  [
    'headers with the name of a language',
    { target: { address: OFFICE }, headers: { constructor: 'a', toString: 'b' } },
  ],
  [
    'attributes with the name of a language',
    { target: { address: OFFICE }, attributes: struct({ constructor: { stringValue: 'edge' } }) },
  ],
  ['a struct of nothing', { target: { address: OFFICE }, attributes: struct({ x: {} }) }],
  ['evidence of nothing', { ...ADDRESS, evidence: [{}] }],
  ['evidence without end', { target: { address: OFFICE }, evidence: Array(2000).fill(trusted('')) }],
  ['two shapes of nothing', { target: { endpoint: { endpoint: '', method: '', path: '' } } }],
];

/** Messages of Envoy, well-formed as such. */
export const CHECKS: readonly (readonly [because: string, attributes: object])[] = [
  ['no request', {}],
  ['no HTTP', { request: {} }],
  ['no path', { request: { http: { ...PUBLIC, path: '' } } }],
  ['another path in the pseudo header', { request: { http: { ...PUBLIC, headers: { ':path': '/office/1' } } } }],
  ['two tokens in one header', { request: { http: { ...PUBLIC, headers: { authorization: 'Bearer a, Bearer b' } } } }],
  ['two tokens', { request: { http: { ...PUBLIC, headerMap: { headers: [token('a'), token('b')] } } } }],
  ['evidence that is no list', asserted({ stringValue: 'root' })],
  ['evidence that says nothing', asserted({})],
  ['evidence of nothing', asserted({ listValue: { values: [{}] } })],
  ['evidence that lies deep', asserted(deep(33))],
  ['more than evidence', asserted({ listValue: {} }, { subject: { stringValue: 'ann' } })],
  ['a certificate of noise', { ...about(OFFICE), source: { certificate: '%2%%ff' } }],
  ['a certificate that is long', { ...about(OFFICE), source: { certificate: 'A'.repeat(1024 * 1024) } }],
  ['a name of noise', { ...about(OFFICE), source: { principal: '\u0000spiffe://acme.example/office' } }],
  ['an address of noise', { ...about(OFFICE), source: { address: { socketAddress: { address: '::::::' } } } }],
  [
    'a token of noise',
    { request: { http: { ...ACCOUNT, headers: { authorization: 'Bearer \u0000.\u0000.\u0000' } } } },
  ],
  [
    'a path in the pseudo header alone',
    { request: { http: { ...PUBLIC, path: '', headers: { ':path': '/public/list' } } } },
  ],
  [
    'another host in the pseudo header',
    { request: { http: { ...PUBLIC, headers: { ':authority': 'evil.example' } } } },
  ],
  ['another method in the pseudo header', { request: { http: { ...PUBLIC, headers: { ':method': 'POST' } } } }],
  ['a tunnel', { request: { http: { ...PUBLIC, method: 'CONNECT' } } }],
  ['a method in small letters', { request: { http: { ...PUBLIC, method: 'get' } } }],
  ['a path that leads up', { request: { http: { ...PUBLIC, path: '/public/../office/1' } } }],
  ['a path with a zero', { request: { http: { ...PUBLIC, path: '/public/\u0000' } } }],
  ['a whole address', { request: { http: { ...PUBLIC, path: 'http://shop.example/public/list' } } }],
  [
    'headers with the name of a language',
    { request: { http: { ...OFFICE, headers: { constructor: 'a', toString: 'b' } } } },
  ],
  [
    'extensions with the name of a language',
    { ...about({ ...OFFICE, path: '/edge/1' }), contextExtensions: { constructor: 'edge' } },
  ],
  [
    'filters with the name of a language',
    { ...about(OFFICE), metadataContext: { filterMetadata: { constructor: { fields: {} } } } },
  ],
  ['a message above a mebibyte', { request: { http: { ...PUBLIC, headers: { large: 'x'.repeat(1024 * 1024) } } } }],
  [
    'a message far above a mebibyte',
    { request: { http: { ...PUBLIC, headers: { large: 'x'.repeat(8 * 1024 * 1024) } } } },
  ],
];

/** Levels of maps inside one another that no library would write. */
export const LEVELS = [100, 3_000, 20_000];

/** Metadata of a filter that lies this deep, as bytes: a list of one value, as deep as you like. */
export function deepMetadata(levels: number): Buffer {
  let value = field(3, Buffer.from('x'));
  for (let level = 0; level < levels; level += 1) value = field(6, field(1, value));
  return field(1, Buffer.concat([field(1, Buffer.from('evidence')), field(2, value)]));
}

/** A field of a message whose content has a length. */
export function field(number: number, content: Buffer): Buffer {
  const length: number[] = [];
  let rest = content.length;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) length.push((rest % 128) + 0x80);
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length, rest]), content]);
}

/** A value of a struct. */
function deep(levels: number): object {
  let value: object = { stringValue: 'x' };
  for (let level = 0; level < levels; level += 1) value = { listValue: { values: [value] } };
  return value;
}

function token(value: string): object {
  return { key: 'authorization', value: `Bearer ${value}` };
}

export function about(target: object): object {
  return { request: { http: target } };
}

function asserted(evidence: object, more: object = {}): object {
  return { ...about(PUBLIC), metadataContext: { filterMetadata: { dharma: { fields: { evidence, ...more } } } } };
}
