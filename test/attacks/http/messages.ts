/** HTTP that no library sends, around a body that would be allowed, and what must come of it. */
import { KEY, noise, PUBLIC } from '../shop.js';

/**
 * A status, or `allowed`: unusual and lawful.
 * Whatever it is, the connection is closed.
 */
export type MessageOutcome = number | 'allowed';

export const BODY = JSON.stringify({ target: PUBLIC });
const HEAD = `POST /v1/decide HTTP/1.1\r\nHost: dharma\r\nConnection: close\r\nX-Dharma-Key: ${KEY}\r\nContent-Type: application/json\r\n`;
const REST = `Content-Length: ${BODY.length}\r\n\r\n${BODY}`;
const CHUNK = `${BODY.length.toString(16)}\r\n${BODY}\r\n`;
const CHUNKED = `${HEAD}Transfer-Encoding: chunked\r\n\r\n`;
/** What a smuggler hides. */
const HIDDEN = `GET /forward-auth/nginx HTTP/1.1\r\nHost: dharma\r\nX-Dharma-Key: ${KEY}\r\nX-Original-Method: GET\r\nX-Original-Host: shop.example\r\nX-Original-URI: /public/list\r\n\r\n`;

export const FINE_MESSAGE = HEAD + REST;

export interface Message {
  readonly because: string;
  readonly bytes: string | Uint8Array;
  readonly outcome: MessageOutcome;
}

const rows = (...table: readonly (readonly [because: string, outcome: MessageOutcome, bytes: string | Uint8Array])[]) =>
  table.map(([because, outcome, bytes]): Message => ({ because, outcome, bytes }));

export const LINES: readonly Message[] = rows(
  ['noise', 400, noise(4096)],
  ['an offer of TLS', 400, Buffer.from('16030100a5010000a10303'.padEnd(340, '0'), 'hex')],
  ['HTTP/2', 400, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['a version of the future', 400, HEAD.replace('HTTP/1.1', 'HTTP/9.9') + REST],
  ['a version of the past, which has no headers', 400, 'GET /v1/decide\r\n\r\n'],
  ['no version', 400, HEAD.replace(' HTTP/1.1', '') + REST],
  ['a version in small letters', 400, HEAD.replace('HTTP/1.1', 'http/1.1') + REST],
  ['another protocol', 400, HEAD.replace('HTTP/1.1', 'ICY/1.1') + REST],
  ['a line without a target', 400, `POST HTTP/1.1\r\n\r\n`],
  ['two blanks in the line', 'allowed', HEAD.replace(' /v1', '  /v1') + REST],
  ['a tab in the line', 400, HEAD.replace('POST ', 'POST\t') + REST],
  ['a method of control characters', 400, `\u0001\u0002 /v1/decide HTTP/1.1\r\n\r\n`],
  ['a method in small letters', 400, HEAD.replace('POST', 'post') + REST],
  ['a method that nobody knows', 400, HEAD.replace('POST', 'DECIDE') + REST],
  ['a tunnel', 403, 'CONNECT shop.example:443 HTTP/1.1\r\nHost: shop.example:443\r\n\r\n'],
  ['a tunnel to a route', 403, HEAD.replace('POST', 'CONNECT') + REST],
  ['another method', 404, HEAD.replace('POST', 'PUT') + REST],
  ['a method that reads', 404, HEAD.replace('POST', 'GET') + REST],
  ['a method that asks what there is', 404, HEAD.replace('POST /v1/decide', 'OPTIONS *') + REST],
  ['an echo', 404, HEAD.replace('POST', 'TRACE') + REST],
  ['a route that is none', 400, HEAD.replace('/v1/decide', '/v1/%zz') + REST],
  ['a route beside', 404, HEAD.replace('/v1/decide', '/v1/../v1/decide') + REST],
  ['a route with a zero', 400, HEAD.replace('/v1/decide', '/v1/decide\u0000') + REST],
  ['a route beyond ASCII', 400, HEAD.replace('/v1/decide', '/v1/decid\u00e9') + REST],
  ['a route in capitals', 404, HEAD.replace('/v1/decide', '/V1/DECIDE') + REST],
  ['a route in escapes', 'allowed', HEAD.replace('/v1/decide', '/v1/%64ecide') + REST],
  ['a route that is long', 404, HEAD.replace('/v1/decide', `/v1/${'a'.repeat(20_000)}`) + REST],
  ['a line that is too long', 431, HEAD.replace('/v1/decide', `/v1/${'a'.repeat(70_000)}`) + REST],
  ['a whole address', 'allowed', HEAD.replace('/v1/decide', 'http://dharma/v1/decide') + REST],
  [
    'a whole address of a gateway',
    404,
    HEAD.replace('POST /v1/decide', 'GET http://shop.example/forward-auth/envoy/public/list') + REST,
  ],
  ['a line that ends in a line feed alone', 400, HEAD.replace('HTTP/1.1\r\n', 'HTTP/1.1\n') + REST],
);

export const FIELDS: readonly Message[] = rows(
  ['a header without a colon', 400, `${HEAD}nonsense\r\n${REST}`],
  ['a header without a name', 400, `${HEAD}: a\r\n${REST}`],
  ['a blank before the colon, which two parsers read two ways', 400, `${HEAD}X-A : b\r\n${REST}`],
  ['a blank before the first header', 400, HEAD.replace('Host', ' Host') + REST],
  ['a name with a blank', 400, `${HEAD}X A: b\r\n${REST}`],
  ['a name beyond ASCII', 400, `${HEAD}X-\u00e9: b\r\n${REST}`],
  ['a name with a zero', 400, `${HEAD}X-\u0000: b\r\n${REST}`],
  ['a header with a zero', 400, `${HEAD}X-A: \u0000\r\n${REST}`],
  ['a header with a carriage return', 400, `${HEAD}X-A: a\rX-B: b\r\n${REST}`],
  ['a header that ends in a line feed alone', 400, `${HEAD}X-A: b\n${REST}`],
  ['a header that is folded', 400, `${HEAD}X-A: b\r\n c\r\n${REST}`],
  ['a header that is folded by a tab', 400, `${HEAD}X-A: b\r\n\tc\r\n${REST}`],
  ['a header that is long', 431, `${HEAD}X-A: ${'a'.repeat(70_000)}\r\n${REST}`],
  ['a name that is long', 431, `${HEAD}${'X'.repeat(70_000)}: a\r\n${REST}`],
  ['headers without end', 431, `${HEAD}${'X-A: b\r\n'.repeat(20_000)}${REST}`],
  ['many headers', 431, `${HEAD}${'X-A: b\r\n'.repeat(300)}${REST}`],
  [
    'more headers than Node keeps, a second key behind them',
    431,
    `${HEAD}${'A: b\r\n'.repeat(2500)}X-Dharma-Key: guess\r\n${REST}`,
  ],
  ['as many headers as there may be', 'allowed', `${HEAD}${'X-A: b\r\n'.repeat(251)}${REST}`],
  ['no host', 400, HEAD.replace('Host: dharma\r\n', '') + REST],
  ['two hosts', 400, `${HEAD}Host: evil.example\r\n${REST}`],
  ['two keys', 401, `${HEAD}X-Dharma-Key: ${KEY}\r\n${REST}`],
  ['a key that is long', 401, HEAD.replace(KEY, `edge-1.${'a'.repeat(50_000)}`) + REST],
  ['a key beyond ASCII', 401, HEAD.replace(KEY, 'edge-1.\u00e9\u00ff') + REST],
  ['no key', 401, HEAD.replace(/X-Dharma-Key.*\r\n/, '') + REST],
  ['a key in a name that only looks alike', 401, HEAD.replace('X-Dharma-Key', 'X_Dharma_Key') + REST],
  ['a password', 401, `${HEAD}Authorization: Basic ====\r\n${REST}`],
  ['no type', 415, HEAD.replace(/Content-Type.*\r\n/, '') + REST],
  ['a type that is none', 415, HEAD.replace('application/json', '\u00ff/\u00ff') + REST],
  ['a form', 415, HEAD.replace('application/json', 'application/x-www-form-urlencoded') + REST],
  ['a letter', 415, HEAD.replace('application/json', 'multipart/form-data; boundary=a') + REST],
  ['a type that begins alike', 415, HEAD.replace('application/json', 'application/jsonx') + REST],
  ['two types', 415, HEAD.replace('application/json', 'text/plain, application/json') + REST],
  ['a body that says it is packed', 415, `${HEAD}Content-Encoding: gzip\r\n${REST}`],
  ['a body that says it is packed in a new way', 415, `${HEAD}Content-Encoding: zstd\r\n${REST}`],
  ['a body that says it is packed twice', 415, `${HEAD}Content-Encoding: identity\r\nContent-Encoding: br\r\n${REST}`],
  ['a body that says it is not packed', 'allowed', `${HEAD}Content-Encoding: Identity\r\n${REST}`],
  ['an expectation that nobody meets', 417, `${HEAD}Expect: the-unexpected\r\n${REST}`],
  [
    'an offer to speak HTTP/2',
    'allowed',
    `${HEAD.replace('close', 'close, upgrade, http2-settings')}Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n${REST}`,
  ],
  [
    'an offer to speak of sockets',
    'allowed',
    `${HEAD.replace('close', 'close, upgrade')}Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${REST}`,
  ],
);

export const FRAMING: readonly Message[] = rows(
  ['a length of less than nothing', 400, `${HEAD}Content-Length: -1\r\n\r\n${BODY}`],
  ['a length with a sign', 400, `${HEAD}Content-Length: +${BODY.length}\r\n\r\n${BODY}`],
  ['a length that is no number', 400, `${HEAD}Content-Length: 0x10\r\n\r\n${BODY}`],
  ['a length of nothing', 400, `${HEAD}Content-Length: \r\n\r\n${BODY}`],
  ['a length beyond all numbers', 400, `${HEAD}Content-Length: ${'9'.repeat(40)}\r\n\r\n${BODY}`],
  ['a length above the limit', 413, `${HEAD}Content-Length: 300000\r\n\r\n`],
  ['a length of a list', 400, `${HEAD}Content-Length: ${BODY.length}, ${BODY.length}\r\n\r\n${BODY}`],
  ['two lengths', 400, `${HEAD}Content-Length: 1\r\n${REST}`],
  ['the same length twice', 400, `${HEAD}Content-Length: ${BODY.length}\r\n${REST}`],
  ['a length and chunks', 400, `${HEAD}Transfer-Encoding: chunked\r\n${REST}`],
  [
    'chunks and a length',
    400,
    `${HEAD}Content-Length: ${BODY.length}\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNK}0\r\n\r\n`,
  ],
  [
    'a length that hides another message from chunks',
    400,
    `${HEAD}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
  ],
  ['an encoding with a blank before its colon', 400, `${HEAD}Transfer-Encoding : chunked\r\n${REST}`],
  ['an encoding in a folded header', 400, `${HEAD}Transfer-Encoding:\r\n chunked\r\n${REST}`],
  ['an encoding that nobody knows', 400, `${HEAD}Transfer-Encoding: chunked, rot13\r\n\r\n${BODY}`],
  ['an encoding that begins with none', 400, `${HEAD}Transfer-Encoding: identity\r\n${REST}`],
  ['an encoding with a strange letter', 400, `${HEAD}Transfer-Encoding: \u000bchunked\r\n\r\n${CHUNK}0\r\n\r\n`],
  ['two encodings', 400, `${HEAD}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n${CHUNK}0\r\n\r\n`],
  ['an encoding that is chunked twice', 400, `${HEAD}Transfer-Encoding: chunked, chunked\r\n\r\n${CHUNK}0\r\n\r\n`],
  ['chunks', 'allowed', `${CHUNKED}${CHUNK}0\r\n\r\n`],
  ['a chunk of no size', 400, `${CHUNKED}zz\r\n${BODY}\r\n0\r\n\r\n`],
  ['a chunk without a size', 400, `${CHUNKED}\r\n${BODY}\r\n0\r\n\r\n`],
  ['a chunk of less than nothing', 400, `${CHUNKED}-1\r\n${BODY}\r\n0\r\n\r\n`],
  ['a chunk with a size in another notation', 400, `${CHUNKED}0x${CHUNK}0\r\n\r\n`],
  ['a chunk beyond all numbers', 400, `${CHUNKED}fffffffffffffffff\r\n${BODY}\r\n0\r\n\r\n`],
  ['a chunk above the limit', 413, `${CHUNKED}${(300_000).toString(16)}\r\n${'x'.repeat(300_000)}\r\n0\r\n\r\n`],
  ['a chunk that is longer than it says', 400, `${CHUNKED}1\r\n${BODY}\r\n0\r\n\r\n`],
  ['a chunk with a remark', 'allowed', `${CHUNKED}${CHUNK.replace('\r\n', ';name=value\r\n')}0\r\n\r\n`],
  ['a remark without end', 400, `${CHUNKED}${CHUNK.replace('\r\n', `;${'a'.repeat(70_000)}\r\n`)}0\r\n\r\n`],
  [
    'a remark with a line feed, behind which a message hides',
    400,
    `${CHUNKED}${CHUNK.replace('\r\n', ';a\nb\r\n')}0\r\n\r\n`,
  ],
  ['a chunk that ends in a line feed alone', 400, `${CHUNKED}${CHUNK.replace('\r\n', '\n')}0\r\n\r\n`],
  ['a chunk whose data ends in no line', 400, `${CHUNKED}${CHUNK.slice(0, -2)}0\r\n\r\n`],
  ['headers behind the chunks that are none', 400, `${CHUNKED}${CHUNK}0\r\nnonsense\r\n\r\n`],
  ['headers behind the chunks without end', 431, `${CHUNKED}${CHUNK}0\r\n${'X-A: b\r\n'.repeat(20_000)}\r\n`],
  [
    'a key behind the chunks',
    401,
    `${CHUNKED.replace(/X-Dharma-Key.*\r\n/, '')}${CHUNK}0\r\nX-Dharma-Key: ${KEY}\r\n\r\n`,
  ],
  ['chunks before there were any', 400, `${CHUNKED.replace('HTTP/1.1', 'HTTP/1.0')}${CHUNK}0\r\n\r\n`],
);

/** What ends before it is over; whoever sends it may be told nothing. */
export const HALVES: readonly (readonly [because: string, bytes: string])[] = [
  ['nothing', ''],
  ['half a line', 'POST /v1/dec'],
  ['half a head', HEAD],
  ['half a body', `${HEAD}Content-Length: 1000\r\n\r\n${BODY}`],
  ['half a chunk', `${CHUNKED}fff\r\n${BODY}`],
  ['half of chunks', `${CHUNKED}${CHUNK}`],
  ['half of what comes behind chunks', `${CHUNKED}${CHUNK}0\r\nX-A: b\r\n`],
];

const KEPT = FINE_MESSAGE.replace('Connection: close\r\n', '');

/** Several messages on one connection, and the statuses of the answers before it is closed. */
export const TRAINS: readonly (readonly [because: string, outcome: readonly number[], bytes: string])[] = [
  ['lawful messages are answered in turn', [200, 200, 200], KEPT + KEPT + FINE_MESSAGE],
  ['nothing comes behind a farewell', [400], FINE_MESSAGE + KEPT + KEPT],
  ['nothing is read behind what is no message, nor answered before', [400], `${KEPT}nonsense\r\n\r\n${KEPT}`],
  [
    'nothing is read behind two lengths',
    [400],
    `${KEPT.replace('Content-Length', 'Content-Length: 1\r\nContent-Length')}${KEPT}`,
  ],
  [
    'nothing is read behind a length and chunks',
    [400],
    `${KEPT.replace('Content-Length', 'Transfer-Encoding: chunked\r\nContent-Length')}${KEPT}`,
  ],
  ['nothing is read behind a broken chunk', [400], `${CHUNKED.replace('Connection: close\r\n', '')}zz\r\n${KEPT}`],
  [
    'a body that is longer than it says is no message',
    [400],
    `${KEPT.replace(/Content-Length: \d+/, 'Content-Length: 4')}${FINE_MESSAGE}`,
  ],
  ['line breaks between messages are passed over', [200, 200], `\r\n${KEPT}\r\n${FINE_MESSAGE}`],
  [
    'nothing is read behind a tunnel',
    [403],
    `CONNECT shop.example:443 HTTP/1.1\r\nHost: shop.example:443\r\n\r\n${KEPT}`,
  ],
  [
    'nobody speaks otherwise behind an offer to',
    [200],
    `${KEPT.replace('Host: dharma', 'Host: dharma\r\nConnection: upgrade\r\nUpgrade: h2c')}PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`,
  ],
];

/** What comes slowly: sent at once, then a piece again and again; the seconds within which the server hangs up. */
export const SLOW: readonly {
  readonly because: string;
  readonly first: Buffer;
  readonly piece: Buffer;
  readonly within: number;
}[] = (
  [
    ['nobody waits for a request', '', '', 10],
    ['nobody waits for a head', HEAD, '', 10],
    ['a head that trickles has an end', HEAD, 'X-A: b\r\n', 10],
    ['a line that trickles has an end', 'POST /v1/dec', 'i', 10],
    ['nobody waits for a body', `${HEAD}Content-Length: 1000\r\n\r\n`, '', 15],
    ['a body that trickles has an end', `${HEAD}Content-Length: 1000\r\n\r\n`, ' ', 15],
    ['chunks that trickle have an end', CHUNKED, '1\r\n \r\n', 15],
  ] as const
).map(([because, first, piece, within]) => ({ because, first: Buffer.from(first), piece: Buffer.from(piece), within }));
