/** Tokens whose claims are good, under an algorithm that proves nothing here. */
import type { RefusedCase } from './case.js';
import { type Mint, partsOf, unsigned } from './mint.js';

type Row = readonly [because: string, reason: string, send: RefusedCase['send']];

const ALGORITHM = 'its algorithm is not one of the mechanism';
const NO_KEY = 'none of the keys';
const WRONG = 'its signature is wrong';
const NO_TOKEN = 'no signed token';
const NO_ALGORITHM = 'no `alg`';
const ODD = 'https://odd.acme.example/';

/** Any 256 bytes, which are as many as an RSA signature has. */
const ANYTHING = Buffer.alloc(256, 0x5a).toString('base64url');

const UNSIGNED: readonly Row[] = [
  ...spellings('none').map((alg): Row => [
    `\`${alg}\` is no algorithm`,
    ALGORITHM,
    (m) => without(m, { alg }, ANYTHING),
  ]),
  ['`none` with an empty signature is unsigned', NO_TOKEN, (m) => without(m, { alg: 'none' }, '')],
  ['`none` without a third part is unsigned', NO_TOKEN, (m) => unsigned({ alg: 'none' }, m.claims())],
  ['`none` with a space is no algorithm either', ALGORITHM, (m) => without(m, { alg: 'none ' }, ANYTHING)],
  ['`none` with a zero is no algorithm either', ALGORITHM, (m) => without(m, { alg: 'none\u0000' }, ANYTHING)],
  [
    '`none` under the signature of a good token is unsigned',
    ALGORITHM,
    (m) => without(m, { alg: 'none', kid: 'rsa' }, partsOf(m.token())[2]),
  ],
  [
    'a good algorithm with an empty signature is unsigned',
    NO_TOKEN,
    (m) => without(m, { alg: 'RS256', kid: 'rsa' }, ''),
  ],
  ['a type does not sign it', ALGORITHM, (m) => without(m, { alg: 'none', typ: 'at+jwt' }, ANYTHING)],
];

const PUBLIC_SECRETS: readonly Row[] = [
  [
    'the public key in PEM is no secret',
    ALGORITHM,
    (m) => m.keyed('HS256', m.keys.rsa.publicKey.export({ format: 'pem', type: 'spki' })),
  ],
  [
    'nor without the line break at its end',
    ALGORITHM,
    (m) => m.keyed('HS256', String(m.keys.rsa.publicKey.export({ format: 'pem', type: 'spki' })).trimEnd()),
  ],
  [
    'nor in the older PEM',
    ALGORITHM,
    (m) => m.keyed('HS256', m.keys.rsa.publicKey.export({ format: 'pem', type: 'pkcs1' })),
  ],
  ['nor in DER', ALGORITHM, (m) => m.keyed('HS256', m.keys.rsa.publicKey.export({ format: 'der', type: 'spki' }))],
  ['nor as a JWK', ALGORITHM, (m) => m.keyed('HS256', JSON.stringify(m.keys.rsa.publicKey.export({ format: 'jwk' })))],
  [
    'nor its modulus',
    ALGORITHM,
    (m) => m.keyed('HS256', Buffer.from(m.keys.rsa.publicKey.export({ format: 'jwk' }).n!, 'base64url')),
  ],
  [
    'nor for a longer digest',
    ALGORITHM,
    (m) => m.keyed('HS512', m.keys.rsa.publicKey.export({ format: 'pem', type: 'spki' })),
  ],
  [
    'nor the key of another kind',
    ALGORITHM,
    (m) => m.keyed('HS256', m.keys.ec.publicKey.export({ format: 'pem', type: 'spki' }), { kid: 'ec' }),
  ],
  ['nothing is no secret', ALGORITHM, (m) => m.keyed('HS256', '')],
  [
    'a digest is no RSA signature, whatever the header says',
    WRONG,
    (m) => m.keyed('HS256', m.keys.rsa.publicKey.export({ format: 'pem', type: 'spki' }), { alg: 'RS256' }),
  ],
];

const ALGORITHMS: readonly Row[] = [
  [
    'the mechanism pins RS256, though its key could do PS256',
    ALGORITHM,
    (m) =>
      m.signed({ alg: 'PS256', kid: 'rsa' }, m.claims({ iss: 'https://pinned.acme.example/' }), m.keys.rsa, 'PS256'),
  ],
  [
    'the key is for RS256, and the token is PS256',
    NO_KEY,
    (m) => m.signed({ alg: 'PS256', kid: 'rsa' }, m.claims(), m.keys.rsa, 'PS256'),
  ],
  [
    'the key is for PS256, and the token is RS256',
    NO_KEY,
    (m) => m.signed({ alg: 'RS256', kid: 'pss' }, m.claims(), m.keys.pss, 'RS256'),
  ],
  [
    'it says RS256 and is signed by PS256',
    WRONG,
    (m) => m.signed({ alg: 'RS256', kid: 'rsa' }, m.claims(), m.keys.rsa, 'PS256'),
  ],
  [
    'it says RS256 and is signed by RS512',
    WRONG,
    (m) => m.signed({ alg: 'RS256', kid: 'rsa' }, m.claims(), m.keys.rsa, 'RS512'),
  ],
  ['RS512 is no default', ALGORITHM, (m) => m.signed({ alg: 'RS512', kid: 'rsa' }, m.claims(), m.keys.rsa, 'RS512')],
  ['ES384 is no default', ALGORITHM, (m) => m.token({}, {}, m.keys.es384)],
  ['algorithms have a case', ALGORITHM, (m) => m.token({}, { alg: 'rs256' })],
  ['algorithms end where they end', ALGORITHM, (m) => m.token({}, { alg: 'RS256 ' })],
  [
    'ES256 over another curve names no key',
    NO_KEY,
    (m) => m.signed({ alg: 'ES256', kid: 'es384' }, m.claims(), m.keys.es384, 'ES256'),
  ],
  [
    'ES256 over another curve is no signature of the key it names',
    WRONG,
    (m) => m.signed({ alg: 'ES256', kid: 'ec' }, m.claims(), m.keys.es384, 'ES256'),
  ],
  [
    'ES256 does not have the curve of Bitcoin',
    WRONG,
    (m) => m.signed({ alg: 'ES256', kid: 'ec' }, m.claims(), m.keys.koblitz),
  ],
  [
    'ES256K is no algorithm of ours',
    ALGORITHM,
    (m) => m.signed({ alg: 'ES256K', kid: 'koblitz' }, m.claims(), m.keys.koblitz, 'ES256K'),
  ],
  [
    'EdDSA with the longer curve is no signature of the key it names',
    WRONG,
    (m) => m.signed({ alg: 'EdDSA', kid: 'ed' }, m.claims(), m.keys.ed448),
  ],
  ['EdDSA names no key of RSA', NO_KEY, (m) => m.signed({ alg: 'EdDSA', kid: 'rsa' }, m.claims(), m.keys.ed)],
  ['RS256 names no key of a curve', NO_KEY, (m) => m.token({}, { kid: 'ec' })],
  ['`Ed25519` is not in the list of the mechanism', ALGORITHM, (m) => m.token({}, { alg: 'Ed25519' }, m.keys.ed)],
  ['an algorithm of encryption signs nothing', ALGORITHM, (m) => m.token({}, { alg: 'RSA-OAEP', enc: 'A256GCM' })],
  ['`dir` signs nothing', ALGORITHM, (m) => m.token({}, { alg: 'dir', enc: 'A256GCM' })],
  [
    'a password is not worked on',
    ALGORITHM,
    (m) => m.token({}, { alg: 'PBES2-HS256+A128KW', p2s: 'AAAA', p2c: 2_147_483_647 }),
  ],
  ['there is no algorithm', NO_ALGORITHM, (m) => m.token({}, { alg: undefined })],
  ['null is no algorithm', NO_ALGORITHM, (m) => m.token({}, { alg: null })],
  ['a number is no algorithm', NO_ALGORITHM, (m) => m.token({}, { alg: 256 })],
  ['a list is no algorithm', NO_ALGORITHM, (m) => m.token({}, { alg: ['RS256'] })],
  ['a map is no algorithm', NO_ALGORITHM, (m) => m.token({}, { alg: { RS256: true } })],
  ['the empty text is no algorithm', ALGORITHM, (m) => m.token({}, { alg: '' })],
  ['a member of every object is no algorithm', ALGORITHM, (m) => m.token({}, { alg: '__proto__' })],
  // Published, but of no use to anybody.
  [
    'a published key of the longer Edwards curve verifies nothing',
    NO_KEY,
    (m) => m.token({ iss: ODD }, {}, m.keys.ed448),
  ],
  [
    'a published key of another curve than it says verifies nothing',
    NO_KEY,
    (m) => m.signed({ alg: 'ES256', kid: 'other-curve' }, m.claims({ iss: ODD }), m.keys.otherCurve, 'ES256'),
  ],
  [
    'a published key of the curve of Bitcoin verifies nothing',
    NO_KEY,
    (m) => m.token({ iss: ODD }, {}, m.keys.koblitz),
  ],
  [
    'a published key of 1024 bits verifies nothing',
    'signature cannot be verified',
    (m) => m.token({ iss: ODD }, {}, m.keys.short),
  ],
  ['a published key for sealing verifies nothing', NO_KEY, (m) => m.token({ iss: ODD }, {}, m.keys.sealing)],
];

export const REFUSED_ALGORITHMS: readonly RefusedCase[] = [...UNSIGNED, ...PUBLIC_SECRETS, ...ALGORITHMS].map(
  ([because, reason, send]) => ({ because, reason, send }),
);

/** Every way to write a word in capitals and small letters. */
function spellings(word: string): readonly string[] {
  return [...word].reduce<readonly string[]>(
    (begun, letter) => begun.flatMap((text) => [text + letter, text + letter.toUpperCase()]),
    [''],
  );
}

function without(mint: Mint, header: object, signature: string): string {
  return `${unsigned({ ...header }, mint.claims())}.${signature}`;
}
