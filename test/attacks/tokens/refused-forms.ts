/** What is no token at all, though most of it is signed by the issuer. */
import type { RefusedCase } from './case.js';
import { LONGEST_TOKEN, type Mint, nested, partsOf, respelled, unsigned } from './mint.js';

type Row = readonly [because: string, send: RefusedCase['send']];

const HEADER = { alg: 'RS256', kid: 'rsa' };
/** Claims with every letter that base64 and base64url write in two ways. */
const LETTERS = { marks: '>>>>>>', questions: '??????' };

const JSON_FORMS: readonly Row[] = [
  ...['sub', 'iss', 'aud', 'exp', 'groups'].map((claim): Row => [
    `\`${claim}\` is there twice`,
    (m) => signed(m, m.claimsText({ groups: [] }).replace('{', `{${JSON.stringify(claim)}:"other",`)),
  ]),
  ['the same claim is there twice, and says the same', (m) => signed(m, m.claimsText().replace('{', '{"sub":"u-17",'))],
  ['a claim is there twice, once in escapes', (m) => signed(m, m.claimsText().replace('{', '{"\\u0073ub":"root",'))],
  ['a claim deep inside is there twice', (m) => signed(m, m.claimsText().replace('{', '{"tier":{"a":1,"a":2},'))],
  ['`__proto__` is there twice', (m) => signed(m, m.claimsText().replace('{', '{"__proto__":1,"__proto__":2,'))],
  ['`alg` is there twice', (m) => m.signed('{"alg":"none","alg":"RS256","kid":"rsa"}', m.claims(), m.keys.rsa)],
  [
    '`alg` is there twice, the good one first',
    (m) => m.signed('{"alg":"RS256","kid":"rsa","alg":"none"}', m.claims(), m.keys.rsa),
  ],
  ['`kid` is there twice', (m) => m.signed('{"alg":"RS256","kid":"rsa-spare","kid":"rsa"}', m.claims(), m.keys.rsa)],
  ['a comma stands after the last claim', (m) => signed(m, m.claimsText().replace(/}$/, ',}'))],
  ['a remark stands among the claims', (m) => signed(m, m.claimsText().replace('{', '{/* root */'))],
  ['quotes are double', (m) => signed(m, m.claimsText().replaceAll('"', "'"))],
  ['names are in quotes', (m) => signed(m, m.claimsText().replace('"sub"', 'sub'))],
  ['no number is no JSON', (m) => signed(m, m.claimsText({ exp: 'X' }).replace('"X"', 'NaN'))],
  ['all numbers are no JSON', (m) => signed(m, m.claimsText({ exp: 'X' }).replace('"X"', 'Infinity'))],
  ['a number beyond all numbers is none', (m) => signed(m, m.claimsText({ exp: 'X' }).replace('"X"', '1e400'))],
  [
    'a very long number beyond all numbers is none',
    (m) => signed(m, m.claimsText({ exp: 'X' }).replace('"X"', '9'.repeat(400))),
  ],
  ['a number does not begin with a zero', (m) => signed(m, m.claimsText().replace('"exp":', '"exp":0'))],
  ['a number does not begin with a plus', (m) => signed(m, m.claimsText().replace('"exp":', '"exp":+'))],
  ['a number has ten digits', (m) => signed(m, m.claimsText({ exp: 'X' }).replace('"X"', '0x7fffffff'))],
  ['claims have an end', (m) => signed(m, m.claimsText().slice(0, -1))],
  ['nothing comes after the claims', (m) => signed(m, `${m.claimsText()}{}`)],
  ['a zero after the claims is something', (m) => signed(m, `${m.claimsText()}\u0000`)],
  ['claims begin with no mark of their bytes', (m) => signed(m, `\ufeff${m.claimsText()}`)],
  [
    'a header begins with no mark of its bytes',
    (m) => m.signed(`\ufeff${JSON.stringify(HEADER)}`, m.claims(), m.keys.rsa),
  ],
  ['a list is no claims', (m) => signed(m, `[${m.claimsText()}]`)],
  ['a text is no claims', (m) => signed(m, JSON.stringify(m.claimsText()))],
  ['null is no claims', (m) => signed(m, 'null')],
  ['a list is no header', (m) => m.signed(`[${JSON.stringify(HEADER)}]`, m.claims(), m.keys.rsa)],
  ['claims lie in one another without end', (m) => m.token({ tree: nested(2000) })],
  ['claims lie in one another one too deep', (m) => m.token({ tree: nested(32) })],
  ['a tab inside a text is written as an escape', (m) => signed(m, m.claimsText().replace('u-17', 'u-17\t'))],
  ['half a character is none', (m) => signed(m, m.claimsText().replace('u-17', '\\ud800'))],
];

const BYTES: readonly Row[] = [
  ['its claims are no UTF-8', (m) => signed(m, Buffer.from(m.claimsText().replace('u-17', 'zo\u00eb'), 'latin1'))],
  [
    'its header is no UTF-8',
    (m) => m.signed(Buffer.from('{"alg":"RS256","kid":"rsa","x":"\u00eb"}', 'latin1'), m.claims(), m.keys.rsa),
  ],
  [
    'a letter in more bytes than it needs is no UTF-8',
    (m) => signed(m, replaced(m.claimsText(), 'u-17', [0xc1, 0xb5])),
  ],
  ['half of a pair in three bytes is no UTF-8', (m) => signed(m, replaced(m.claimsText(), 'u-17', [0xed, 0xa0, 0x80]))],
  ['a character cut in two is no UTF-8', (m) => signed(m, replaced(m.claimsText(), 'u-17', [0xe4, 0xb8]))],
  ['UTF-16 is no UTF-8', (m) => signed(m, Buffer.from(m.claimsText(), 'utf16le'))],
];

const SPELLINGS: readonly Row[] = [
  ['a header is not padded', (m) => withPart(m.token({}, { pad: '' }), 0, padded)],
  ['claims are not padded', (m) => withPart(m.token(), 1, padded)],
  ['a signature is not padded', (m) => withPart(m.token(), 2, padded)],
  ['`-` has no other spelling', (m) => withPart(m.token(LETTERS), 1, (part) => part.replaceAll('-', '+'))],
  ['`_` has no other spelling', (m) => withPart(m.token(LETTERS), 1, (part) => part.replaceAll('_', '/'))],
  ['a space inside is none', (m) => withPart(m.token(), 1, broken(' '))],
  ['a line break inside is none', (m) => withPart(m.token(), 1, broken('\n'))],
  ['a zero inside is none', (m) => withPart(m.token(), 2, broken('\u0000'))],
  ['a letter that looks alike is none', (m) => withPart(m.token(), 0, (part) => part.replace('e', '\u0435'))],
  ['a mark without width is none', (m) => withPart(m.token(), 2, broken('\u200b'))],
  [
    'bits left over in a header are another spelling',
    (m) => withPart(m.signed({ alg: 'RS256', kid: 'rsa', a: '' }, m.claims(), m.keys.rsa), 0, respelled),
  ],
  ['bits left over in claims are another spelling', (m) => withPart(m.token({ pad: padFor(m) }), 1, respelled)],
  ['bits left over in a signature are another spelling', (m) => withPart(m.token(), 2, respelled)],
  [
    'bits left over in a signature on a curve are another spelling',
    (m) => withPart(m.token({}, {}, m.keys.ec), 2, respelled),
  ],
  ['one letter alone spells no byte', (m) => withPart(m.token(), 2, (part) => `${part}AAA`)],
  ['a point in escapes is no point', (m) => m.token().replaceAll('.', '%2E')],
];

const STRUCTURES: readonly Row[] = [
  ['there is nothing', () => ''],
  ['an opaque text is no token of this kind', () => 'f7ac9b0e'],
  ['there are points only', () => '..'],
  ['its header is missing', (m) => `.${partsOf(m.token()).slice(1).join('.')}`],
  ['its last part is missing', (m) => partsOf(m.token()).slice(0, 2).join('.')],
  ['its claims are elsewhere', (m) => m.token().replace(/\.[^.]*\./, '..')],
  ['it has a fourth part', (m) => `${m.token()}.${partsOf(m.token())[2]}`],
  ['it has an empty fourth part', (m) => `${m.token()}.`],
  ['it has a point in front', (m) => `.${m.token()}`],
  ['it has the five parts of an encrypted one', (m) => [...partsOf(m.token()), 'AAAA', 'AAAA'].join('.')],
  ['it is encrypted', () => `${unsigned({ alg: 'dir', enc: 'A256GCM' }, '').slice(0, -1)}..AAAA.AAAA.AAAA`],
  ['JSON of one signature is no compact form', (m) => flattened(m)],
  ['JSON of several signatures is no compact form', (m) => general(m)],
  ['a token that discloses more is another kind', (m) => `${m.token()}~WyJzYWx0Iiwic3ViIiwicm9vdCJd~`],
  ['it is in quotes', (m) => `"${m.token()}"`],
  ['it is spelled once more', (m) => Buffer.from(m.token()).toString('base64url')],
  ['a parameter follows', (m) => `${m.token()}; realm=acme`],
  ['it is a parameter', (m) => `token="${m.token()}"`],
  ['the scheme is there twice', (m) => `Bearer ${m.token()}`],
  ['two tokens are none', (m) => `${m.token()}, Bearer ${m.token({ sub: 'u-18' })}`],
  ['two tokens are none, however alike', (m) => `${m.token()}, Bearer ${m.token()}`],
  ['two tokens are none, without a scheme between', (m) => `${m.token()},${m.token()}`],
  ['two tokens are none, with a space between', (m) => `${m.token()} ${m.token()}`],
  ['a space follows', (m) => `${m.token()} `],
  ['a tab comes first', (m) => `\t${m.token()}`],
];

const TOO_LONG: readonly Row[] = [
  ['it has one character too many', (m) => m.ofLength(LONGEST_TOKEN + 1)],
  ['it is very long', (m) => m.token({ filler: 'x'.repeat(100_000) })],
  ['it is long, and made of points', () => '.'.repeat(LONGEST_TOKEN + 1)],
  ['it is long, and nothing', () => 'A'.repeat(LONGEST_TOKEN * 8)],
];

/** It may be meant for somebody else, so it is not called false; it counts for nothing all the same. */
const OTHER_SCHEMES: readonly Row[] = [
  ['a name and a password are no token', () => ({ authorization: 'Basic dS0xNzpzZWNyZXQ=' })],
  ['a token under another scheme is for others', (m) => ({ authorization: `DPoP ${m.token()}` })],
  ['a token without a scheme is for others', (m) => ({ authorization: m.token() })],
  ['a scheme that begins alike is another', (m) => ({ authorization: `BearerToken ${m.token()}` })],
  ['a scheme ends with a space', (m) => ({ authorization: `Bearer:${m.token()}` })],
  ['a scheme does not end with a tab', (m) => ({ authorization: `Bearer\t${m.token()}` })],
  ['a scheme is the first word', (m) => ({ authorization: ` Bearer ${m.token()}` })],
  ['a token in quotes, scheme and all, is for others', (m) => ({ authorization: `"Bearer ${m.token()}"` })],
];

/** No mechanism reads these, so nothing is said about them either. */
const OTHER_FIELDS: readonly Row[] = [
  ['nobody reads the token of a proxy', (m) => ({ 'proxy-authorization': `Bearer ${m.token()}` })],
  ['nobody reads a token that was forwarded', (m) => ({ 'x-forwarded-authorization': `Bearer ${m.token()}` })],
  [
    'nobody reads a token in a cookie',
    (m) => ({ cookie: `access_token=${m.token()}; authorization=Bearer ${m.token()}` }),
  ],
  ['nobody reads a token in a field of its own name', (m) => ({ 'access-token': m.token(), token: m.token() })],
];

export const REFUSED_FORMS: readonly RefusedCase[] = [
  ...[...JSON_FORMS, ...BYTES, ...SPELLINGS, ...STRUCTURES].map(caseOf('no signed token')),
  ...TOO_LONG.map(caseOf(`longer than ${LONGEST_TOKEN} characters`)),
  ...OTHER_SCHEMES.map(caseOf('not of the scheme `Bearer`')).map((row) => ({ ...row, isForOthers: true as const })),
  ...OTHER_FIELDS.map(caseOf('')).map((row) => ({ ...row, isForOthers: true as const })),
];

function caseOf(reason: string) {
  return ([because, send]: Row): RefusedCase => ({ because, reason, send });
}

function signed(mint: Mint, claims: string | Buffer): string {
  return mint.signed(HEADER, claims, mint.keys.rsa);
}

function replaced(text: string, word: string, bytes: readonly number[]): Buffer {
  const [before = '', after = ''] = text.split(word);
  return Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]);
}

function withPart(token: string, at: 0 | 1 | 2, change: (part: string) => string): string {
  const parts = partsOf(token);
  const changed = change(parts[at]);
  if (changed === parts[at]) throw new Error('nothing was changed');
  return parts.with(at, changed).join('.');
}

function padded(part: string): string {
  return part + '='.repeat(part.length % 4 === 0 ? 4 : 4 - (part.length % 4));
}

function broken(by: string): (part: string) => string {
  return (part) => part.slice(0, 10) + by + part.slice(10);
}

/** What makes the claims end within a group of three bytes. */
function padFor(mint: Mint): string {
  return ['', 'x', 'xx'].find((pad) => Buffer.byteLength(mint.claimsText({ pad })) % 3 !== 0)!;
}

function flattened(mint: Mint): string {
  const [header, payload, signature] = partsOf(mint.token());
  return JSON.stringify({ protected: header, payload, signature });
}

function general(mint: Mint): string {
  const [header, payload, signature] = partsOf(mint.token());
  return JSON.stringify({ payload, signatures: [{ protected: header, signature }] });
}
