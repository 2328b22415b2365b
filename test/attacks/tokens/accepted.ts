import type { AcceptedCase } from './case.js';
import { LONGEST_TOKEN, type Mint, nested, ORDER_OF_P256 } from './mint.js';

type Row = readonly [because: string, send: AcceptedCase['send'], item?: AcceptedCase['item']];

const HEADER = { alg: 'RS256', kid: 'rsa' };
const BARE = 'https://bare.acme.example/';
const WIDE = 'https://wide.acme.example/';
const BRIEF = 'https://brief.acme.example/';
const OWN_CLAIMS = 'https://claims.acme.example/';

const LOGIN_ROWS: readonly Row[] = [
  // ── keys and algorithms
  ['RS256 is a default', (m) => m.token()],
  ['PS256 is a default', (m) => m.token({}, {}, m.keys.pss)],
  ['ES256 is a default', (m) => m.token({}, {}, m.keys.ec)],
  ['EdDSA is a default', (m) => m.token({}, {}, m.keys.ed)],
  ['it names another key of the same kind', (m) => m.token({}, {}, m.keys.spare)],
  ['one key of PS256 needs no name', (m) => m.token({}, { kid: undefined }, m.keys.pss)],
  ['one key of ES256 needs no name', (m) => m.token({}, { kid: undefined }, m.keys.ec)],
  ['one key of EdDSA needs no name', (m) => m.token({}, { kid: undefined }, m.keys.ed)],
  ['of the two signatures that a curve has for a text either is one', (m) => m.resigned(otherOfTwo, m.keys.ec)],
  // ── audience
  ['its audience is in a list of one', (m) => m.token({ aud: ['acme-api'] })],
  ['its audience is one of several', (m) => m.token({ aud: ['other', 'acme-api', 'third'] })],
  // ── times
  ['it need not say when it was issued', (m) => m.token({ iat: undefined })],
  ['its end may have a fraction', (m) => m.token({ exp: m.now + 600.5 })],
  ['its end may have an exponent', (m) => m.signed(HEADER, raw(m, 'exp', `${(m.now + 600) / 1000}e3`), m.keys.rsa)],
  ['it began in the past', (m) => m.token({ nbf: m.now - 5 })],
  ['it began with the calendar', (m) => m.token({ nbf: 0 })],
  ['it is from a clock half a minute ahead', (m) => m.token({ iat: m.now + 30, nbf: m.now + 30 })],
  ['it ended half a minute ago by our clock', (m) => m.token({ exp: m.now - 30 })],
  ['it lives for most of a day', (m) => m.token({ iat: m.now - 100, exp: m.now + 86_200 })],
  // ── header
  ['a type changes nothing', (m) => m.token({}, { typ: 'JWT' })],
  ['access tokens have a type of their own', (m) => m.token({}, { typ: 'at+jwt' })],
  ['a type may be written out', (m) => m.token({}, { typ: 'application/at+jwt' })],
  ['a thumbprint of the certificate changes nothing', (m) => m.token({}, { x5t: 'AAAA', 'x5t#S256': 'AAAA' })],
  ['a certificate that nobody reads changes nothing', (m) => m.token({}, { x5c: ['AAAA'] })],
  ['members that nobody knows change nothing', (m) => m.token({}, { env: 'production', 'x-crit': ['b64'] })],
  [
    'JSON may have spaces and lines',
    (m) => m.signed(`{ "alg" :\t"RS256",\r\n "kid":"rsa" }\n`, ` ${m.claimsText()} `, m.keys.rsa),
  ],
  [
    'JSON may have escapes',
    (m) => m.signed('{"\\u0061lg":"RS256","kid":"\\u0072sa"}', m.claimsText().replaceAll('/', '\\/'), m.keys.rsa),
  ],
  // ── claims
  [
    'claims may be named like members of an object',
    (m) => m.token({ constructor: 'x', toString: 1, hasOwnProperty: [] }),
  ],
  [
    'a claim named `__proto__` is a claim',
    (m) => m.signed(HEADER, m.claimsText().replace('{', '{"__proto__":{"sub":"root"},'), m.keys.rsa),
  ],
  [
    'claims may be large numbers',
    (m) => m.signed(HEADER, raw(m, 'balance', '1e308, "other": 123456789012345678901234567890'), m.keys.rsa),
  ],
  ['claims may lie in one another', (m) => m.token({ tree: nested(29) })],
  ['groups may be none', (m) => m.token({ groups: [] }), { groups: [] }],
  ['one group may be a text', (m) => m.token({ groups: 'staff' }), { groups: ['staff'] }],
  ['groups may be many', (m) => m.token({ groups: ['staff', 'café', ''] }), { groups: ['staff', 'café', ''] }],
  ['scopes are told apart by spaces', (m) => m.token({ scope: 'book:read  pay' }), { scopes: ['book:read', 'pay'] }],
  ['scopes may be a list', (m) => m.token({ scope: ['book:read', 'a b'] }), { scopes: ['book:read', 'a b'] }],
  ['no scope is none', (m) => m.token({ scope: '' }), { scopes: [] }],
  [
    'all claims come along',
    (m) => m.token({ tier: { level: 'gold' }, azp: 'p' }),
    { claims: { tier: { level: 'gold' }, azp: 'p' } },
  ],
  ['it is as long as a token may be', (m) => m.ofLength(LONGEST_TOKEN)],
  // ── the field it comes in
  ['the name of a scheme has no case', (m) => ({ authorization: `bearer ${m.token()}` })],
  ['the name of a scheme has no case, in capitals', (m) => ({ authorization: `BEARER ${m.token()}` })],
  ['a scheme ends with one space or more', (m) => ({ authorization: `Bearer   ${m.token()}` })],
];

/** The mechanism and subject before each row. */
const OTHER_ROWS: readonly (readonly [as: string, ...Row])[] = [
  ['bare u-17', 'a key without a name serves tokens that name none', (m) => m.token({ iss: BARE }, { kid: undefined })],
  [
    'bare u-17',
    'a key without an algorithm serves all of its kind',
    (m) => m.signed({ alg: 'PS256' }, m.claims({ iss: BARE }), m.keys.rsa, 'PS256'),
  ],
  [
    'pinned u-17',
    'the mechanism says the algorithm where the key does not',
    (m) => m.token({ iss: 'https://pinned.acme.example/' }),
  ],
  ['wide u-17', 'RS384 is supported', (m) => m.token({ iss: WIDE }, {}, m.keys.rs384)],
  ['wide u-17', 'RS512 is supported', (m) => m.token({ iss: WIDE }, {}, m.keys.rs512)],
  ['wide u-17', 'PS384 is supported', (m) => m.token({ iss: WIDE }, {}, m.keys.ps384)],
  ['wide u-17', 'PS512 is supported', (m) => m.token({ iss: WIDE }, {}, m.keys.ps512)],
  ['wide u-17', 'ES384 is supported', (m) => m.token({ iss: WIDE }, {}, m.keys.es384)],
  ['wide u-17', 'ES512 is supported', (m) => m.token({ iss: WIDE }, {}, m.keys.es512)],
  [
    'brief u-17',
    'it lives no longer than its mechanism allows',
    (m) => m.token({ iss: BRIEF, iat: m.now - 20, exp: m.now + 40 }),
  ],
  [
    'admin u-17',
    'another header holds nothing but the token',
    (m) => ({ 'x-admin-token': m.token({ aud: 'admin-api' }) }),
  ],
  [
    'admin u-17',
    'another header may name the scheme all the same',
    (m) => ({ 'x-admin-token': `bearer ${m.token({ aud: 'admin-api' })}` }),
  ],
  [
    'own-claims ann@acme.example',
    'claims have the names that the mechanism gives',
    (m) => m.token({ iss: OWN_CLAIMS, email: 'ann@acme.example', teams: 'red', scp: ['a'] }),
    { groups: ['red'], scopes: ['a'] },
  ],
  [
    'own-claims ann',
    'claims by other names say nothing',
    (m) => m.token({ iss: OWN_CLAIMS, email: 'ann', groups: 7, scope: 7 }),
    { groups: [], scopes: [] },
  ],
  ['login zoë 中', 'a subject may have any letters', (m) => m.token({ sub: 'zoë 中' })],
  ["login ' OR 1=1 --", 'a subject is a text and no query', (m) => m.token({ sub: "' OR 1=1 --" })],
  ['login ../../etc/passwd', 'a subject is a text and no path', (m) => m.token({ sub: '../../etc/passwd' })],
  ['login __proto__', 'a subject may have the name of a member', (m) => m.token({ sub: '__proto__' })],
  [`login ${'u'.repeat(1024)}`, 'a subject may have 1024 bytes', (m) => m.token({ sub: 'u'.repeat(1024) })],
];

/** True for a second at most, so only for a clock that stands still. */
const ROWS_OF_THE_MOMENT: readonly (readonly [as: string, ...Row])[] = [
  ['login u-17', 'it ended just within the leeway', (m) => m.token({ exp: m.now - 59 })],
  ['login u-17', 'it begins just within the leeway', (m) => m.token({ nbf: m.now + 60 })],
  ['login u-17', 'it was issued just within the leeway', (m) => m.token({ iat: m.now + 60 })],
  ['login u-17', 'it lives just as long as it may', (m) => m.token({ iat: m.now, exp: m.now + 86_400 })],
  [
    'login u-17',
    'it lives just as long as it may from now on',
    (m) => m.token({ iat: undefined, exp: m.now + 86_400 }),
  ],
  [
    'admin u-17',
    'without leeway its last second counts',
    (m) => ({ 'x-admin-token': m.token({ aud: 'admin-api', exp: m.now + 1 }) }),
  ],
];

export const ACCEPTED: readonly AcceptedCase[] = [
  ...LOGIN_ROWS.map((row) => caseOf('login u-17', ...row)),
  ...OTHER_ROWS.map((row) => caseOf(...row)),
  ...ROWS_OF_THE_MOMENT.map((row) => ({ ...caseOf(...row), isOfTheMoment: true as const })),
];

function caseOf(as: string, ...[because, send, item = {}]: Row): AcceptedCase {
  return { as, because, send, item };
}

/** The claims with one more, whose value is written as it stands. */
function raw(mint: Mint, claim: string, value: string): string {
  return mint.claimsText({ [claim]: undefined }).replace(/}$/, `,"${claim}":${value}}`);
}

/** (r, n - s) in place of (r, s). */
function otherOfTwo(signature: Buffer): Buffer {
  const s = BigInt(`0x${signature.subarray(32).toString('hex')}`);
  const other = (ORDER_OF_P256 - s).toString(16).padStart(64, '0');
  return Buffer.concat([signature.subarray(0, 32), Buffer.from(other, 'hex')]);
}
