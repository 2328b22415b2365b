/** Bodies for `/v1/decide`, `/v1/explain` and `/v1/decide/batch`, and what must come of them. */
import { gzipSync } from 'node:zlib';
import { ACCOUNT, noise, OFFICE, PUBLIC, trusted } from '../shop.js';

/** `no JSON`: 400 on every route. `no request`: a denial, and 400 where a batch is expected. `too large`: 413. */
export type TextOutcome = 'no JSON' | 'no request' | 'too large';

const FINE = JSON.stringify({ target: PUBLIC });
const TARGET = JSON.stringify(PUBLIC);

/** Text that is no request, and for a batch no list of requests. */
export const TEXTS: readonly (readonly [because: string, outcome: TextOutcome, body: string | Uint8Array])[] = [
  ['nothing is no JSON', 'no JSON', ''],
  ['blanks are no JSON', 'no JSON', ' \n\t '],
  ['half an object is no JSON', 'no JSON', '{"target":'],
  ['an object that lacks its last brace is none', 'no JSON', FINE.slice(0, -1)],
  ['an object with one brace more is none', 'no JSON', `${FINE}}`],
  ['a trailing comma is no JSON', 'no JSON', `{"target":${TARGET},}`],
  ['two texts are not one', 'no JSON', FINE + FINE],
  ['a line each is not one text', 'no JSON', `${FINE}\n${FINE}\n`],
  ['remarks are no JSON', 'no JSON', `/* */${FINE}`],
  ['single quotes quote nothing', 'no JSON', FINE.replaceAll('"', "'")],
  ['names are quoted', 'no JSON', `{target:${TARGET}}`],
  ['NaN is no number', 'no JSON', `{"target":${TARGET},"context":{"x":NaN}}`],
  ['infinity is no number', 'no JSON', `{"target":${TARGET},"context":{"x":-Infinity}}`],
  ['numbers do not begin with zero', 'no JSON', `{"target":${TARGET},"context":{"x":01}}`],
  ['numbers do not begin with plus', 'no JSON', `{"target":${TARGET},"context":{"x":+1}}`],
  ['numbers are no hexadecimals', 'no JSON', `{"target":${TARGET},"context":{"x":0x1}}`],
  ['undefined is no value', 'no JSON', `{"target":${TARGET},"context":{"x":undefined}}`],
  ['texts have no line breaks', 'no JSON', `{"target":${TARGET},"context":{"x":"a\nb"}}`],
  ['texts have no zeros', 'no JSON', `{"target":${TARGET},"context":{"x":"\u0000"}}`],
  ['escapes are those of JSON', 'no JSON', `{"target":${TARGET},"context":{"x":"\\x41"}}`],
  ['escapes have four digits', 'no JSON', `{"target":${TARGET},"context":{"x":"\\u12"}}`],
  ['a form feed is no blank', 'no JSON', `\f${FINE}`],
  ['a zero at the end is no blank', 'no JSON', `${FINE}\u0000`],
  ['null is no request', 'no request', 'null'],
  ['a list is no request', 'no request', '[]'],
  ['a text is no request', 'no request', '"GET /public/list"'],
  ['a number is no request', 'no request', '-0'],
  ['a truth is no request', 'no request', 'true'],
  ['a number beyond all numbers is none', 'no request', `{"target":${TARGET},"attributes":{"x":1e999}}`],
  [
    'a number of ten thousand digits is none',
    'no request',
    `{"target":${TARGET},"context":{"x":${'9'.repeat(10_000)}}}`,
  ],
  ['bytes that are no UTF-8 are no text', 'no JSON', Buffer.from('7b22ff223a317d', 'hex')],
  [
    'UTF-8 is as short as it can be',
    'no JSON',
    Buffer.concat([Buffer.from('{"'), Buffer.from('c0af', 'hex'), Buffer.from('":1}')]),
  ],
  [
    'UTF-8 has no surrogates',
    'no JSON',
    Buffer.concat([Buffer.from('{"'), Buffer.from('eda080', 'hex'), Buffer.from('":1}')]),
  ],
  [
    'UTF-8 ends where Unicode ends',
    'no JSON',
    Buffer.concat([Buffer.from('{"'), Buffer.from('f4908080', 'hex'), Buffer.from('":1}')]),
  ],
  ['half a character is no text', 'no JSON', Buffer.concat([Buffer.from('{"'), Buffer.from('e282', 'hex')])],
  ['UTF-16 is not UTF-8', 'no JSON', Buffer.from(`\ufeff${FINE}`, 'utf16le')],
  ['UTF-16 without its mark is not UTF-8 either', 'no JSON', Buffer.from(FINE, 'utf16le')],
  ['zeros are no text', 'no JSON', Buffer.alloc(1024)],
  ['noise is no text', 'no JSON', noise(4096)],
  ['what is packed is no JSON', 'no JSON', gzipSync(FINE)],
  [
    'XML is no JSON',
    'no JSON',
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
  ],
  ['YAML is no JSON', 'no JSON', `target: ${TARGET}`],
  ['lists lie in one another without end', 'no JSON', '['.repeat(100_000)],
  ['lists lie in one another and end', 'no request', '['.repeat(100_000) + ']'.repeat(100_000)],
  ['maps lie in one another without end', 'no JSON', '{"a":'.repeat(40_000)],
  ['maps lie in one another and end', 'no request', `${'{"a":'.repeat(40_000)}1${'}'.repeat(40_000)}`],
  ['a member is named twice', 'no request', `{"target":${TARGET},"target":${TARGET}}`],
  ['a member is named twice, once in escapes', 'no request', `{"target":{},"\\u0074arget":${TARGET}}`],
  ['a member deep inside is named twice', 'no request', `{"target":${TARGET},"context":{"a":[{"b":1,"b":2}]}}`],
  [
    'a member is named ten thousand times',
    'no request',
    `{"target":${TARGET},"context":{${Array(10_000).fill('"a":1').join(',')}}}`,
  ],
  ['a hundred thousand values are no request', 'no request', `[${'0,'.repeat(120_000)}0]`],
  ['a body has an end', 'too large', `"${'x'.repeat(300 * 1024)}"`],
  ['blanks count as well', 'too large', FINE.padEnd(256 * 1024 + 1)],
];

/** JSON that is no request, or asks about nothing that anyone should answer; `outcome` is the reason of the decision. */
export const REQUESTS: readonly (readonly [because: string, outcome: string, request: unknown])[] = [
  ['a request has a target', 'INVALID_REQUEST', {}],
  ['null is no target', 'INVALID_REQUEST', { target: null }],
  ['a list is no target', 'INVALID_REQUEST', { target: [PUBLIC] }],
  ['two shapes of a target at once', 'INVALID_REQUEST', { target: { ...PUBLIC, topic: 't', action: 'publish' } }],
  ['an unknown member of a target', 'INVALID_REQUEST', { target: { ...PUBLIC, port: 80 } }],
  ['an unknown member', 'INVALID_REQUEST', { target: PUBLIC, subject: 'ann' }],
  ['a member with the name of a language', 'INVALID_REQUEST', JSON.parse('{"target":{},"__proto__":{"target":1}}')],
  ['a target inherited from nobody', 'INVALID_REQUEST', JSON.parse(`{"__proto__":{"target":${TARGET}}}`)],
  [
    'a host inherited from nobody',
    'INVALID_REQUEST',
    { target: JSON.parse(`{"method":"GET","path":"/public/list","__proto__":{"host":"shop.example"}}`) },
  ],
  ['a maker of nothing', 'INVALID_REQUEST', { target: PUBLIC, constructor: { prototype: { target: PUBLIC } } }],
  [
    'evidence with a role inherited from nobody',
    'INVALID_REQUEST',
    { target: PUBLIC, evidence: [JSON.parse('{"__proto__":{"role":"trust"},"mechanism":"mesh","subject":"s"}')] },
  ],
  [
    'evidence with the members of a language',
    'INVALID_REQUEST',
    { target: PUBLIC, evidence: [trusted('s', { hasOwnProperty: 1 })] },
  ],
  [
    'a mechanism with the name of a language',
    'NO_ALLOW_RULE',
    { target: OFFICE, evidence: [{ role: 'trust', mechanism: '__proto__', subject: 's' }] },
  ],
  [
    'headers with the name of a language',
    'NO_ALLOW_RULE',
    { target: OFFICE, headers: JSON.parse('{"__proto__":"a","constructor":"b"}') },
  ],
  [
    'headers that are made of a language',
    'INVALID_REQUEST',
    { target: OFFICE, headers: JSON.parse('{"__proto__":{"x":"y"}}') },
  ],
  [
    'attributes with the name of a language',
    'NO_ALLOW_RULE',
    { target: { ...OFFICE, path: '/edge/1' }, attributes: JSON.parse('{"__proto__":{"gateway":"edge"}}') },
  ],
  [
    'attributes below a maker',
    'NO_ALLOW_RULE',
    {
      target: { ...OFFICE, path: '/edge/1' },
      attributes: JSON.parse('{"constructor":{"prototype":{"gateway":"edge"}}}'),
    },
  ],
  [
    'claims with the name of a language',
    'NO_ALLOW_RULE',
    { target: { ...OFFICE, path: '/edge/1' }, claimed: JSON.parse('{"__proto__":{"gateway":"edge"}}') },
  ],
  [
    'a context with the name of a language',
    'NO_ALLOW_RULE',
    { target: { ...OFFICE, path: '/edge/1' }, context: JSON.parse('{"__proto__":{"gateway":"edge"},"toString":1}') },
  ],
  [
    'credentials with the name of a language',
    'INVALID_REQUEST',
    { target: ACCOUNT, credentials: JSON.parse('{"__proto__":{"authorization":"Bearer a"}}') },
  ],
  ['a path that is no text', 'INVALID_REQUEST', { target: { ...PUBLIC, path: 7 } }],
  ['no path', 'INVALID_REQUEST', { target: { ...PUBLIC, path: '' } }],
  ['a path that begins nowhere', 'INVALID_REQUEST', { target: { ...PUBLIC, path: 'public/list' } }],
  ['a path with a zero', 'INVALID_REQUEST', { target: { ...PUBLIC, path: '/public/\u0000' } }],
  ['a path with half a character', 'INVALID_REQUEST', { target: { ...PUBLIC, path: '/public/\ud800' } }],
  ['a path that leads up again', 'INVALID_REQUEST', { target: { ...PUBLIC, path: '/public/../office/1' } }],
  ['a path with an escape of nothing', 'INVALID_REQUEST', { target: { ...PUBLIC, path: '/public/%zz' } }],
  [
    'a path that is long, and leads up',
    'INVALID_REQUEST',
    { target: { ...PUBLIC, path: `/public${'/a'.repeat(50_000)}/..` } },
  ],
  ['a host that is no text', 'INVALID_REQUEST', { target: { ...PUBLIC, host: ['shop.example'] } }],
  ['a host with a user in it', 'INVALID_REQUEST', { target: { ...PUBLIC, host: 'shop.example@evil.example' } }],
  ['a host with a line break', 'INVALID_REQUEST', { target: { ...PUBLIC, host: 'shop.example\r\nx: y' } }],
  ['a host of half a character', 'INVALID_REQUEST', { target: { ...PUBLIC, host: 'shop\udc00.example' } }],
  ['a method with a space', 'INVALID_REQUEST', { target: { ...PUBLIC, method: 'GET /public' } }],
  ['a method of nothing', 'INVALID_REQUEST', { target: { ...PUBLIC, method: '' } }],
  ['evidence that is no list', 'INVALID_REQUEST', { target: PUBLIC, evidence: { role: 'trust' } }],
  ['evidence that is nothing', 'INVALID_REQUEST', { target: PUBLIC, evidence: [null] }],
  [
    'evidence of an unknown role',
    'INVALID_REQUEST',
    { target: PUBLIC, evidence: [{ role: 'root', mechanism: 'mesh', subject: 's' }] },
  ],
  [
    'evidence that says it is verified',
    'INVALID_REQUEST',
    { target: PUBLIC, evidence: [trusted('s', { verified: true })] },
  ],
  [
    'evidence that ends on no day',
    'INVALID_REQUEST',
    { target: PUBLIC, evidence: [trusted('s', { expiresAt: '2026-02-30T00:00:00Z' })] },
  ],
  ['evidence without end, of nobody', 'NO_ALLOW_RULE', { target: OFFICE, evidence: Array(2_000).fill(trusted('')) }],
  [
    'evidence with a subject of control characters',
    'NO_ALLOW_RULE',
    { target: OFFICE, evidence: [trusted('spiffe://\u0007')] },
  ],
  ['evidence with a subject of half a character', 'INVALID_REQUEST', { target: OFFICE, evidence: [trusted('\udfff')] }],
  ['scopes that are no list', 'INVALID_REQUEST', { target: PUBLIC, evidence: [trusted('s', { scopes: 'read' })] }],
  ['the clock is the server’s', 'INVALID_REQUEST', { target: PUBLIC, time: '2026-12-24T12:00:00Z' }],
  ['headers that are a list', 'INVALID_REQUEST', { target: PUBLIC, headers: [['accept', 'a']] }],
  ['a header that is no text', 'INVALID_REQUEST', { target: PUBLIC, headers: { accept: 1 } }],
  ['two headers that differ by case', 'INVALID_REQUEST', { target: PUBLIC, headers: { Accept: 'a', accept: 'b' } }],
  [
    'a credential that is no text',
    'INVALID_REQUEST',
    { target: ACCOUNT, credentials: { authorization: ['Bearer a'] } },
  ],
  ['a token of dots', 'NO_ALLOW_RULE', { target: ACCOUNT, credentials: { authorization: 'Bearer ...' } }],
  ['a token of nothing', 'NO_ALLOW_RULE', { target: ACCOUNT, credentials: { authorization: 'Bearer e30.e30.' } }],
  [
    'a token signed by nobody',
    'NO_ALLOW_RULE',
    { target: ACCOUNT, credentials: { authorization: `Bearer ${unsigned()}` } },
  ],
  [
    'a token that is long',
    'NO_ALLOW_RULE',
    { target: ACCOUNT, credentials: { authorization: `Bearer ${'a.'.repeat(40_000)}` } },
  ],
  ['two tokens', 'NO_ALLOW_RULE', { target: ACCOUNT, credentials: { authorization: 'Bearer a.b.c, Bearer d.e.f' } }],
  ['a key without a secret', 'NO_ALLOW_RULE', { target: ACCOUNT, credentials: { 'x-api-key': 'partner-1.' } }],
  ['a key of control characters', 'NO_ALLOW_RULE', { target: ACCOUNT, credentials: { 'x-api-key': '\u0000.\u0000' } }],
  ['a revision before all others', 'INVALID_REQUEST', { target: PUBLIC, minRevision: -1 }],
  ['half a revision', 'INVALID_REQUEST', { target: PUBLIC, minRevision: 0.5 }],
  ['a revision beyond all numbers', 'INVALID_REQUEST', { target: PUBLIC, minRevision: 1e300 }],
  ['a revision in letters', 'INVALID_REQUEST', { target: PUBLIC, minRevision: '1' }],
  ['an explanation perhaps', 'INVALID_REQUEST', { target: PUBLIC, explain: 'yes' }],
  ['maps that lie deep', 'INVALID_REQUEST', { target: PUBLIC, context: nested(33) }],
  ['attributes that are a list', 'INVALID_REQUEST', { target: PUBLIC, attributes: [] }],
];

export const BATCHES: readonly (readonly [because: string, outcome: 400 | 413, batch: unknown])[] = [
  ['no list', 400, {}],
  ['a list of its own', 400, [{ target: PUBLIC }]],
  ['a list that is none', 400, { requests: { 0: { target: PUBLIC }, length: 1 } }],
  ['a list inherited from nobody', 400, JSON.parse(`{"__proto__":{"requests":[{"target":${TARGET}}]}}`)],
  ['nothing for a list', 400, { requests: null }],
  ['more than a hundred', 413, { requests: Array(101).fill({ target: PUBLIC }) }],
  ['hundreds of thousands of nothings', 413, { requests: Array(100_000).fill(0) }],
  ['an unknown member', 400, { requests: [{ target: PUBLIC }], explain: true }],
];

function nested(levels: number): object {
  return levels === 0 ? {} : { deeper: nested(levels - 1) };
}

function unsigned(): string {
  const part = (json: object) => Buffer.from(JSON.stringify(json)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ iss: 'https://login.acme.example/', sub: 'ann', aud: 'acme-api' })}.`;
}
