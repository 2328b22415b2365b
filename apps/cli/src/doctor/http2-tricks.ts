import type { Base, Concern, HeaderField, Http2Trick } from './trick.js';
import { FOREIGN_HOST } from './tricks.js';

/** What comes in front of the fields of a request. */
interface Pseudo {
  readonly method: string;
  readonly scheme: string;
  readonly authority: string;
  readonly path: string;
}
type Change = Partial<Pick<Http2Trick, 'method' | 'target' | 'pseudo' | 'fields' | 'typed'>>;
type Row = readonly [name: string, concern: Concern, because: string, change: Change];

/**
 * The plain request by HTTP/2, and what only there can be sent: the parts of a request line as fields, each of which may
 * be missing, come twice or hold what ends a line, and names and values whose length is counted.
 *
 * @param scheme  by which the gateway is reached
 */
export function http2TricksOf(base: Base, scheme: 'http' | 'https'): readonly Http2Trick[] {
  const plain: Pseudo = { method: 'GET', scheme, authority: base.host, path: base.path };
  return [
    ...([[HTTP2_PLAIN, 'asked', 'a plain request comes through as it is', {}]] satisfies readonly Row[]),
    ...hostRows(plain),
    ...pathRows(plain),
    ...lineRows(plain),
    ...fieldRows(base.ownHeaders),
    ...connectionRows(base.ownHeaders),
  ].map(([name, concern, because, change]) => ({
    name: `HTTP/2: ${name}`,
    concern,
    because,
    method: 'GET',
    target: base.path,
    pseudo: pseudoOf(plain),
    fields: [],
    ...change,
  }));
}

const HTTP2_PLAIN = 'plain request';

function pseudoOf(parts: Partial<Pseudo>): readonly HeaderField[] {
  return Object.entries(parts).map(([name, value]): HeaderField => [`:${name}`, value]);
}

function hostRows(plain: Pseudo): readonly Row[] {
  const host = plain.authority;
  const { authority: _, ...withoutAuthority } = plain;
  const authority = (value: string): readonly HeaderField[] => pseudoOf({ ...plain, authority: value });
  const row = (name: string, because: string, change: Change): Row => [name, 'host', because, change];
  return [
    row('foreign host beside the authority', 'readers choose one each', { fields: [['host', FOREIGN_HOST]] }),
    row('foreign authority beside the host', 'readers choose one each', {
      pseudo: authority(FOREIGN_HOST),
      fields: [['host', host]],
    }),
    row('foreign authority', 'nobody answers for it', { pseudo: authority(FOREIGN_HOST) }),
    row('host in place of the authority', 'it is the same host', {
      pseudo: pseudoOf(withoutAuthority),
      fields: [['host', host]],
    }),
    row('neither authority nor host', 'one reader puts its own in place of it', {
      pseudo: pseudoOf(withoutAuthority),
    }),
    row('empty authority', 'one reader puts its own in place of it', { pseudo: authority('') }),
    row('two authorities', 'readers choose one each', { pseudo: [...pseudoOf(plain), [':authority', FOREIGN_HOST]] }),
    row('two authorities, the foreign one first', 'readers choose one each', {
      pseudo: [[':authority', FOREIGN_HOST], ...pseudoOf(plain)],
    }),
    row('two hosts', 'readers choose one each', {
      fields: [
        ['host', host],
        ['host', FOREIGN_HOST],
      ],
    }),
    row('authority with a user', 'readers differ on where the host is', {
      pseudo: authority(`${FOREIGN_HOST}@${host}`),
    }),
    row('list of authorities', 'readers choose one each', { pseudo: authority(`${host}, ${FOREIGN_HOST}`) }),
    row('authority with a path', 'one reader puts it before the path', { pseudo: authority(`${host}/doctor`) }),
    row('authority with a line break', 'it ends a field where it is passed on', {
      pseudo: authority(`${host}\r\nX-Dharma-Actor: doctor`),
      typed: ACTOR,
    }),
  ];
}

function pathRows(plain: Pseudo): readonly Row[] {
  const { path } = plain;
  const row = (name: string, because: string, target: string, concern: Concern = 'path'): Row => [
    name,
    concern,
    because,
    { target, pseudo: pseudoOf({ ...plain, path: target }) },
  ];
  const { path: _, ...withoutPath } = plain;
  return [
    row('path with a foreign host', 'one reader takes the host from it', `http://${FOREIGN_HOST}${path}`, 'target'),
    row('path with the very host', 'one reader takes it for a path', `http://${plain.authority}${path}`, 'target'),
    row('path that looks like a host', 'one reader takes the first segment for a host', `//${FOREIGN_HOST}${path}`),
    row(
      'path that does not start at the top',
      'one reader puts a slash before it',
      path.slice(1) || 'doctor',
      'target',
    ),
    row('empty path', 'one reader makes a path of it', '', 'target'),
    ['no path', 'target', 'one reader makes a path of it', { target: '', pseudo: pseudoOf(withoutPath) }],
    [
      'no target',
      'target',
      'one reader makes a path of it',
      { method: 'OPTIONS', target: '*', pseudo: pseudoOf({ ...plain, method: 'OPTIONS', path: '*' }) },
    ],
    row('dot segments to the open path', 'one reader resolves dots and another does not', `/doctor/..${path}`),
    row('escaped dot segments', 'escapes are decoded before dots are resolved', `/doctor/%2e%2e${path}`),
    row('empty segment', 'one reader merges slashes', `/${path}`),
    row('backslash', 'one reader takes it for a slash', `/doctor\\..\\..${path}`),
    row('fragment', 'one reader cuts it off', `${path}#/../doctor`),
    row('raw byte', 'it has no one reading', `${path}\u00e4`),
    row('tab', 'one reader ends the target there', `${path}\tdoctor`),
    row('space', 'one reader ends the target there', `${path} HTTP/1.1`),
    row('zero byte', 'one reader ends the target there', `${path}\u0000doctor`),
    [
      'line break in the path',
      'framing',
      'it ends the request line where it is passed on',
      {
        pseudo: pseudoOf({ ...plain, path: `${path} HTTP/1.1\r\nX-Dharma-Actor: doctor\r\nX-Doctor: a` }),
        typed: ACTOR,
      },
    ],
  ];
}

/** The other parts of what HTTP/1 has in one line. */
function lineRows(plain: Pseudo): readonly Row[] {
  const { path, method: _, ...rest } = plain;
  const other = plain.scheme === 'http' ? 'https' : 'http';
  return [
    ['two paths', 'path', 'readers choose one each', { pseudo: [...pseudoOf(plain), [':path', '/doctor']] }],
    [
      'two paths, the open one last',
      'path',
      'readers choose one each',
      { pseudo: [[':path', '/doctor'], ...pseudoOf(plain)] },
    ],
    ['two methods', 'method', 'readers choose one each', { pseudo: [...pseudoOf(plain), [':method', 'HEAD']] }],
    ['no method', 'method', 'one reader takes it for GET', { pseudo: pseudoOf({ ...rest, path }) }],
    [
      'method with a path',
      'target',
      'it is the target where a request line is made of it',
      { pseudo: pseudoOf({ ...plain, method: 'GET /doctor' }) },
    ],
    [
      'method with a line break',
      'framing',
      'it ends the request line where it is passed on',
      {
        pseudo: pseudoOf({ ...plain, method: 'GET /doctor HTTP/1.1\r\nX-Dharma-Actor: doctor\r\nX-Doctor: a' }),
        typed: ACTOR,
      },
    ],
    ['two schemes', 'target', 'readers choose one each', { pseudo: [...pseudoOf(plain), [':scheme', other]] }],
    [
      'scheme that is an address',
      'target',
      'one reader puts scheme, host and path together',
      { pseudo: pseudoOf({ ...plain, scheme: `http://${FOREIGN_HOST}/doctor?` }) },
    ],
    [
      'path after a field',
      'framing',
      'one reader takes it for a field',
      {
        pseudo: pseudoOf({ ...rest, method: 'GET' }),
        fields: [
          ['x-doctor', 'a'],
          [':path', path],
        ],
      },
    ],
    [
      'second path after a field',
      'framing',
      'readers choose one each',
      {
        fields: [
          ['x-doctor', 'a'],
          [':path', '/doctor'],
        ],
      },
    ],
    ['unknown pseudo-header', 'framing', 'one reader passes it on', { fields: [[':doctor', 'a']] }],
  ];
}

const ACTOR = { name: 'X-Dharma-Actor', value: 'doctor' };

/** A client says what it must not, under names and in values that HTTP/1 could not carry. */
function fieldRows(ownHeaders: readonly string[]): readonly Row[] {
  const typed = (concern: Concern, because: string, name: string, value: string, as = name.toLowerCase()): Row => [
    `header ${name}`,
    concern,
    because,
    { fields: [[name, value]], typed: { name: as, value } },
  ];
  const upper = 'names are in lower case there, and one reader looks for no others';
  return [
    typed('ours', 'a client speaks in the name of Dharma', 'x-dharma-principal', 'user:doctor'),
    typed('ours', upper, 'X-Dharma-Principal', 'user:doctor'),
    typed('override', 'a service takes the method from it, and it was not judged', 'x-http-method-override', 'DELETE'),
    typed('override', upper, 'X-HTTP-Method-Override', 'DELETE'),
    typed('override', 'a service takes the path from it, and it was not judged', 'x-original-url', '/doctor'),
    typed('alias', 'services read it as the name with dashes', 'x_dharma_principal', 'user:doctor'),
    ...ownHeaders.map((name) => typed('own', 'a client says what only a rule or the gateway may say', name, 'doctor')),
    ...ownHeaders.map((name) =>
      typed(
        'own',
        upper,
        name.replaceAll(/\b[a-z]/g, (letter) => letter.toUpperCase()),
        'doctor',
      ),
    ),
    [
      'space after a name',
      'framing',
      'one reader drops it',
      { fields: [['x-dharma-principal ', 'user:doctor']], typed: { name: 'x-dharma-principal', value: 'user:doctor' } },
    ],
    [
      'name with a colon',
      'framing',
      'one reader ends the name there',
      { fields: [['x-dharma-principal:', 'user:doctor']], typed: { name: 'x-dharma-principal', value: 'user:doctor' } },
    ],
    [
      'line break in a name',
      'framing',
      'it ends a field where it is passed on',
      { fields: [['x-doctor: a\r\nx-dharma-actor', 'doctor']], typed: ACTOR },
    ],
    [
      'line break in a value',
      'framing',
      'it ends a field where it is passed on',
      { fields: [['x-doctor', 'a\r\nX-Dharma-Actor: doctor']], typed: ACTOR },
    ],
    [
      'line feed in a value',
      'framing',
      'one reader ends a field there',
      { fields: [['x-doctor', 'a\nX-Dharma-Actor: doctor']], typed: ACTOR },
    ],
    ['zero byte in a value', 'framing', 'one reader ends there', { fields: [['x-doctor', 'a\u0000b']] }],
    ['empty name', 'framing', 'one reader takes it for the end', { fields: [['', 'doctor']] }],
    [
      'two credentials',
      'repeated',
      'readers choose one each',
      {
        fields: [
          ['authorization', 'Bearer doctor-1'],
          ['authorization', 'Bearer doctor-2'],
        ],
      },
    ],
  ];
}

/** What HTTP/1 says of connections and of the end of messages: by HTTP/2 it means nothing, and passed on it means much. */
function connectionRows(ownHeaders: readonly string[]): readonly Row[] {
  const listed = ['x-dharma-decision', 'x-dharma-actor', 'x-dharma-principal', 'x-dharma-domain', ...ownHeaders];
  const framing = (name: string, value: string, because: string): Row => [
    `${name}: ${value}`,
    'framing',
    because,
    { fields: [[name, value]], typed: { name, value } },
  ];
  return [
    [
      'names taken away after they were set',
      'listed',
      'headers named in Connection are dropped after Dharma set them',
      { fields: [['connection', `close, ${listed.join(', ')}`]] },
    ],
    ['te: trailers', 'asked', 'it alone of these may be sent', { fields: [['te', 'trailers']] }],
    framing('te', 'gzip', 'it is about one connection alone'),
    framing('transfer-encoding', 'chunked', 'readers differ on where the request ends'),
    framing('content-length', '7', 'the service waits for a body, and takes the next request for it'),
    framing('proxy-connection', 'keep-alive', 'it is about one connection alone'),
    [
      'upgrade to h2c',
      'upgrade',
      'it becomes a tunnel past every later check',
      {
        fields: [
          ['upgrade', 'h2c'],
          ['http2-settings', 'AAMAAABkAARAAAAAAAIAAAAA'],
        ],
      },
    ],
  ];
}
