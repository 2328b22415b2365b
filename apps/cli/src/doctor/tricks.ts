import type { Base, Concern, HeaderField, Http1Trick } from './trick.js';

/** A name that nobody has (RFC 2606), and an address that nobody has (RFC 5737). */
export const FOREIGN_HOST = 'doctor.invalid';
export const FOREIGN_ADDRESS = '192.0.2.77';

/** Past what a gateway usually takes, and past what Dharma reads. */
const LONG_QUERY = 7_000;
const TOO_LONG_QUERY = 9_000;
const LARGE_HEADER = 60_000;

type Change = Partial<Omit<Http1Trick, 'name' | 'concern' | 'because'>>;

/** The plain request and every trick, in the order in which they are sent. */
export function tricksOf(base: Base): readonly Http1Trick[] {
  const trick = (name: string, concern: Concern, because: string, change: Change = {}): Http1Trick => ({
    name,
    concern,
    because,
    method: 'GET',
    target: base.path,
    version: 'HTTP/1.1',
    hosts: [base.host],
    fields: [],
    oddLines: [],
    ending: '',
    ...change,
  });
  return [
    trick(PLAIN, 'asked', 'a plain request comes through as it is'),
    ...pathTricks(base.path).map(([name, because, target]) => trick(name, 'path', because, { target })),
    ...targetTricks(base).map(([name, because, change]) => trick(name, 'target', because, change)),
    ...hostTricks(base.host).map(([name, because, change]) => trick(name, 'host', because, change)),
    ...methodTricks(base.host).map(([name, because, change]) => trick(name, 'method', because, change)),
    ...typedTricks(base.ownHeaders).map(({ name, value, concern, because }) =>
      trick(`header ${name}`, concern, because, { fields: [[name, value]], typed: { name, value } }),
    ),
    ...connectionTricks(base).map(([name, concern, because, change]) => trick(name, concern, because, change)),
  ];
}

/** The name of the first trick, which is none. */
export const PLAIN = 'plain request';

type Row<Value> = readonly [name: string, because: string, value: Value];

function pathTricks(path: string): readonly Row<string>[] {
  const under = path.endsWith('/') ? path : `${path}/`;
  return [
    ['dot segments to the open path', 'one reader resolves dots and another does not', `/doctor/..${path}`],
    ['dot segments from the open path', 'one reader resolves dots and another does not', `${under}../doctor`],
    ['escaped dot segments', 'escapes are decoded before dots are resolved', `/doctor/%2e%2e${path}`],
    ['half escaped dot segments', 'half an escape hides the dots', `/doctor/.%2E${path}`],
    ['single dot', 'one reader drops the dot', `/.${path}`],
    ['dot at the end', 'one reader drops the dot', `${under}.`],
    ['trailing dot', 'one reader drops the dot of a name', `${path.replace(/\/$/, '')}.`],
    ['empty segment', 'one reader merges slashes', `/${path}`],
    ['path that looks like a host', 'one reader takes the first segment for a host', `//${FOREIGN_HOST}${path}`],
    ['escaped slash with dots', 'one reader takes it for a slash', `/doctor%2f..${path}`],
    ['escaped slash', 'one reader takes it for a slash', `${under}a%2Fdoctor`],
    ['matrix parameter', 'one reader cuts it off', `${path};doctor=1`],
    ['matrix parameter after dots', 'one reader cuts it off and then resolves dots', `/doctor/..;${path}`],
    ['escaped semicolon', 'one reader cuts it off', `${path}%3bdoctor`],
    ['backslash', 'one reader takes it for a slash', `/doctor\\..\\..${path}`],
    ['escaped backslash', 'one reader takes it for a slash', `/doctor%5c..${path}`],
    ['doubly escaped letter', 'one reader decodes twice', escapedLetter(path, '%25')],
    ['doubly escaped dots', 'one reader decodes twice', `/doctor/%252e%252e${path}`],
    ['fragment', 'one reader cuts it off', `${path}#/../doctor`],
    ['fragment in the query', 'one reader cuts it off', `${path}?doctor=1#/doctor`],
    ['escaped question mark', 'one reader begins the query there', `${path}%3fdoctor`],
    ['escaped hash', 'one reader begins a fragment there', `${path}%23doctor`],
    ['escaped zero byte', 'one reader ends there', `${path}%00.css`],
    ['escaped line break', 'it ends a header where the path is reported', `${path}%0d%0aX-Dharma-Actor:%20doctor`],
    ['malformed escape', 'readers recover in ways of their own', `${under}%zz`],
    ['half an escape', 'readers recover in ways of their own', `${path}%2`],
    ['overlong dots', 'one reader decodes what is no UTF-8', `/doctor/%c0%ae%c0%ae${path}`],
    ['raw byte', 'it has no one reading', `${under}\u00e4`],
    ['tab', 'one reader ends the target there', `${path}\tdoctor`],
    ['space', 'one reader ends the target there', `${path} /doctor`],
    ['escaped letter', 'it is the plain path, spelt otherwise', escapedLetter(path, '%')],
    ['other case', 'one reader folds it', path.toUpperCase()],
    ['trailing slash', 'one reader drops it', under],
    ['dots in the query', 'a query is no path', `${path}?doctor=/../doctor`],
    ['second question mark', 'only the first begins the query', `${path}?doctor=1?doctor=2`],
    ['long query', 'one reader cuts it', `${path}?doctor=${'a'.repeat(LONG_QUERY)}`],
    ['very long query', 'one reader cuts it', `${path}?doctor=${'a'.repeat(TOO_LONG_QUERY)}`],
  ];
}

/** The first letter of a path as `%hh`, or `percent` in place of its percent sign. */
function escapedLetter(path: string, percent: string): string {
  const spelt = /[a-z]/i.test(path) ? path : `${path.replace(/\/$/, '')}/doctor`;
  return spelt.replace(/[a-z]/i, (letter) => `${percent}${letter.charCodeAt(0).toString(16)}`);
}

function targetTricks({ path, host }: Base): readonly Row<Change>[] {
  return [
    ['target with a foreign host', 'one reader takes the host from it', { target: `http://${FOREIGN_HOST}${path}` }],
    [
      'target with the host, Host foreign',
      'one reader takes the host from the field',
      { target: `http://${host}${path}`, hosts: [FOREIGN_HOST] },
    ],
    ['target with the very host', 'one reader takes it for a path', { target: `http://${host}${path}` }],
    ['target with a user', 'readers differ on where the host is', { target: `http://${host}@${FOREIGN_HOST}${path}` }],
    ['target without a path', 'one reader takes the query for a path', { target: `http://${host}?doctor=${path}` }],
    [
      'target that does not start at the top',
      'one reader puts a slash before it',
      { target: path.slice(1) || 'doctor' },
    ],
    ['no target', 'one reader makes a path of it', { method: 'OPTIONS', target: '*' }],
  ];
}

function hostTricks(host: string): readonly Row<Change>[] {
  const [name, port] = splitPort(host);
  return [
    ['two hosts', 'readers choose one each', { hosts: [host, FOREIGN_HOST] }],
    ['two hosts, the foreign one first', 'readers choose one each', { hosts: [FOREIGN_HOST, host] }],
    ['list of hosts', 'readers choose one each', { hosts: [`${host}, ${FOREIGN_HOST}`] }],
    ['foreign host', 'nobody answers for it', { hosts: [FOREIGN_HOST] }],
    ['host with a user', 'readers differ on where the host is', { hosts: [`${FOREIGN_HOST}@${host}`] }],
    ['host with a trailing dot', 'it is the same host', { hosts: [`${name}.${port}`] }],
    ['host in upper case', 'it is the same host', { hosts: [host.toUpperCase()] }],
    ['host with another port', 'it is the same host', { hosts: [`${name}:1`] }],
    ['empty host', 'one reader puts its own in place of it', { hosts: [''] }],
    ['no host', 'one reader puts its own in place of it', { hosts: [] }],
    ['no host, in HTTP/1.0', 'one reader puts its own in place of it', { hosts: [], version: 'HTTP/1.0' }],
  ];
}

function splitPort(host: string): readonly [name: string, port: string] {
  const at = /:\d+$/.exec(host)?.index ?? host.length;
  return [host.slice(0, at), host.slice(at)];
}

function methodTricks(host: string): readonly Row<Change>[] {
  const preflight: readonly HeaderField[] = [
    ['Origin', `http://${host}`],
    ['Access-Control-Request-Method', 'GET'],
  ];
  return [
    ['HEAD', 'one reader takes it for GET', { method: 'HEAD' }],
    ['OPTIONS', 'one reader lets it pass unasked', { method: 'OPTIONS' }],
    ['preflight', 'one reader lets it pass unasked', { method: 'OPTIONS', fields: preflight }],
  ];
}

interface TypedHeader {
  readonly name: string;
  readonly value: string;
  readonly concern: Concern;
  readonly because: string;
}

/** Headers in which a client says what only a gateway, Dharma or a rule may say. */
function typedTricks(ownHeaders: readonly string[]): readonly TypedHeader[] {
  const typed = (concern: Concern, because: string, headers: readonly HeaderField[]): readonly TypedHeader[] =>
    headers.map(([name, value]) => ({ name, value, concern, because }));
  const own = ownHeaders.map((name): HeaderField => [name, 'doctor']);
  return [
    ...typed('ours', 'a client speaks in the name of Dharma', OURS),
    ...typed('override', 'a service takes method or path from it, and neither was judged', OVERRIDES),
    ...typed('forwarded', 'a client speaks in the name of the gateway', FORWARDED),
    ...typed('own', 'a client says what only a rule or the gateway may say', own),
    ...typed('alias', 'services read it as the name with dashes', [
      ['X_Dharma_Principal', 'user:doctor'],
      ['X.Dharma.Principal', 'user:doctor'],
      ['X_HTTP_Method_Override', 'DELETE'],
      ['X_Forwarded_For', FOREIGN_ADDRESS],
      ...own.map(([name]): HeaderField => [name.replaceAll('-', '_'), 'doctor']),
      ...own.map(([name]): HeaderField => [name.replaceAll('-', '.'), 'doctor']),
    ]),
  ];
}

const OURS: readonly HeaderField[] = [
  ['X-Dharma-Decision', 'doctor'],
  ['X-Dharma-Path', '/doctor'],
  ['X-Dharma-Actor', 'doctor'],
  ['X-Dharma-Principal', 'user:doctor'],
  ['X-Dharma-Domain', 'doctor'],
  ['X-Dharma-Key', 'doctor.doctor'],
  ['x-DHARMA-principal', 'user:doctor'],
];

const OVERRIDES: readonly HeaderField[] = [
  ['X-HTTP-Method-Override', 'DELETE'],
  ['X-HTTP-Method', 'DELETE'],
  ['X-Method-Override', 'DELETE'],
  ['X-Original-URI', '/doctor'],
  ['X-Original-URL', '/doctor'],
  ['X-Rewrite-URL', '/doctor'],
];

const FORWARDED: readonly HeaderField[] = [
  ['X-Original-Method', 'DELETE'],
  ['X-Original-Host', FOREIGN_HOST],
  ['X-Original-Address', FOREIGN_ADDRESS],
  ['X-Forwarded-Uri', '/doctor'],
  ['X-Forwarded-Method', 'DELETE'],
  ['X-Forwarded-Host', FOREIGN_HOST],
  ['X-Forwarded-For', FOREIGN_ADDRESS],
  ['Forwarded', `for=${FOREIGN_ADDRESS};host=${FOREIGN_HOST}`],
  ['X-Forwarded-Client-Cert', 'URI=spiffe://doctor.invalid/doctor'],
];

type ConnectionRow = readonly [name: string, concern: Concern, because: string, change: Change];

/** Tricks with more than one field: what a field does to others, to the connection, or to the end of the message. */
function connectionTricks({ path, host, ownHeaders }: Base): readonly ConnectionRow[] {
  const listed = ['X-Dharma-Decision', 'X-Dharma-Actor', 'X-Dharma-Principal', 'X-Dharma-Domain', ...ownHeaders];
  const bearers: readonly HeaderField[] = [
    ['Authorization', 'Bearer doctor-1'],
    ['Authorization', 'Bearer doctor-2'],
  ];
  const two: readonly HeaderField[] = [
    ['X-Dharma-Principal', 'user:doctor'],
    ['x-dharma-principal', 'user:doctor'],
  ];
  return [
    ['two credentials', 'repeated', 'readers choose one each', { fields: bearers }],
    [
      'the caller twice',
      'ours',
      'one of the two is overwritten and the other is not',
      { fields: two, typed: { name: 'X-Dharma-Principal', value: 'user:doctor' } },
    ],
    [
      'names taken away after they were set',
      'listed',
      'headers named in Connection are dropped after Dharma set them',
      { fields: [['Connection', `close, ${listed.join(', ')}`]] },
    ],
    [
      'upgrade to h2c',
      'upgrade',
      'it becomes a tunnel past every later check',
      {
        fields: [
          ['Connection', 'Upgrade, HTTP2-Settings'],
          ['Upgrade', 'h2c'],
          ['HTTP2-Settings', 'AAMAAABkAARAAAAAAAIAAAAA'],
        ],
      },
    ],
    [
      'upgrade to a list',
      'upgrade',
      'it becomes a tunnel past every later check',
      {
        fields: [
          ['Connection', 'Upgrade'],
          ['Upgrade', 'websocket, h2c'],
        ],
      },
    ],
    [
      'upgrade to h2c before a websocket',
      'upgrade',
      'any line may match, and the first is passed on',
      {
        fields: [
          ['Connection', 'Upgrade'],
          ['Upgrade', 'h2c'],
          ['Upgrade', 'websocket'],
        ],
      },
    ],
    [
      'upgrade to h2c after a websocket',
      'upgrade',
      'the first line matches, and all are passed on',
      {
        fields: [
          ['Connection', 'Upgrade'],
          ['Upgrade', 'websocket'],
          ['Upgrade', 'h2c'],
        ],
      },
    ],
    [
      'two lengths',
      'framing',
      'readers differ on where the request ends',
      {
        fields: [
          ['Content-Length', '0'],
          ['Transfer-Encoding', 'chunked'],
        ],
        ending: '0\r\n\r\n',
      },
    ],
    [
      'space before a colon',
      'framing',
      'one reader drops the field',
      { oddLines: ['X-Dharma-Actor : doctor'], ...SPACED },
    ],
    [
      'folded line',
      'framing',
      'one reader takes it for a field',
      { oddLines: ['X-Doctor: a', ' X-Dharma-Actor: doctor'] },
    ],
    ['zero byte in a field', 'framing', 'one reader ends there', { oddLines: ['X-Doctor: a\u0000b'] }],
    [
      'line that ends early',
      'framing',
      'one reader takes it for two fields',
      { oddLines: ['X-Doctor: a\nX-Dharma-Actor: doctor'], ...SPACED },
    ],
    ['large field', 'framing', 'one reader cuts it', { fields: [['X-Doctor', 'a'.repeat(LARGE_HEADER)]] }],
    [
      'two requests on one connection',
      'asked',
      'only the first is judged',
      { followedBy: `GET ${path}?doctor=second HTTP/1.1\r\nHost: ${host}\r\n` },
    ],
  ];
}

const SPACED: Change = { typed: { name: 'X-Dharma-Actor', value: 'doctor' } };
