/** Tokens whose claims are good, and whose header names no key of the issuer, or whose signature is not of that key. */
import { constants, hash, privateEncrypt, sign } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import { certificate, pemOf } from '../../identity/certificates.js';
import type { RefusedCase } from './case.js';
import { type Mint, nested, ORDER_OF_P256, partsOf, unsigned } from './mint.js';

type Row = readonly [because: string, reason: string, send: RefusedCase['send']];

const NO_KEY = 'none of the keys';
const WRONG = 'its signature is wrong';
const NO_TOKEN = 'no signed token';
const KID = '`kid` is no text';

const NAMES_OF_KEYS: readonly Row[] = [
  ['two keys could be meant', 'several keys', (m) => m.token({}, { kid: undefined })],
  ['nobody has that key', NO_KEY, (m) => m.token({}, { kid: 'other' })],
  ['names of keys have a case', NO_KEY, (m) => m.token({}, { kid: 'RSA' })],
  ['names of keys end where they end', NO_KEY, (m) => m.token({}, { kid: 'rsa ' })],
  ['names of keys do not end at a zero', NO_KEY, (m) => m.token({}, { kid: 'rsa\u0000' })],
  ['the empty text names no key', NO_KEY, (m) => m.token({}, { kid: '' })],
  ['a path names no key', NO_KEY, (m) => m.keyed('HS256', '', { alg: 'RS256', kid: '../../../../dev/null' })],
  ['a file names no key', NO_KEY, (m) => m.token({}, { kid: 'file:///etc/dharma/keys.json' })],
  ['a query names no key', NO_KEY, (m) => m.token({}, { kid: "x' UNION SELECT 'secret' --" })],
  ['a command names no key', NO_KEY, (m) => m.token({}, { kid: 'rsa;curl localhost|sh' })],
  ['an address names no key', NO_KEY, (m) => m.token({}, { kid: `${m.attacker}/keys` }, m.keys.stranger)],
  ['a very long name names no key', NO_KEY, (m) => m.token({}, { kid: 'k'.repeat(5000) })],
  ['a member of every object names no key', NO_KEY, (m) => m.token({}, { kid: 'constructor' })],
  ['the prototype names no key', NO_KEY, (m) => m.token({}, { kid: '__proto__' })],
  ['a number names no key', KID, (m) => m.token({}, { kid: 1 })],
  ['null names no key', KID, (m) => m.token({}, { kid: null })],
  ['a list names no key', KID, (m) => m.token({}, { kid: ['rsa'] })],
  ['a map names no key', KID, (m) => m.token({}, { kid: { $ne: '' } })],
  ['true names no key', KID, (m) => m.token({}, { kid: true })],
  ['a key without a name is not the one it names', NO_KEY, (m) => m.token({ iss: 'https://bare.acme.example/' })],
];

/** The attacker signs with a key of its own, and says where to find it; or the issuer says what nobody understands. */
const HEADERS: readonly Row[] = [
  ['it says where its keys are', '`jku`', (m) => m.token({}, { jku: `${m.attacker}/jwks.json` }, m.keys.stranger)],
  [
    'it says where its keys are, though the issuer signed it',
    '`jku`',
    (m) => m.token({}, { jku: `${m.attacker}/jwks.json` }),
  ],
  [
    'it says that its keys are with the issuer',
    '`jku`',
    (m) => m.token({}, { jku: 'https://login.acme.example/jwks' }),
  ],
  ['its keys are nowhere', '`jku`', (m) => m.token({}, { jku: null })],
  ['it says where its certificate is', '`x5u`', (m) => m.token({}, { x5u: `${m.attacker}/cert.pem` }, m.keys.stranger)],
  [
    'it says where its certificate is, though the issuer signed it',
    '`x5u`',
    (m) => m.token({}, { x5u: `${m.attacker}/cert.pem` }),
  ],
  [
    'it brings its key along',
    '`jwk`',
    (m) => m.token({}, { jwk: m.keys.stranger.publicKey.export({ format: 'jwk' }) }, m.keys.stranger),
  ],
  [
    'it brings the key of the issuer along',
    '`jwk`',
    (m) => m.token({}, { jwk: m.keys.rsa.publicKey.export({ format: 'jwk' }) }),
  ],
  [
    'its certificate is its own',
    WRONG,
    (m) => m.token({}, { x5c: [ownCertificate(m).toString('base64')] }, m.keys.strangerEc),
  ],
  [
    'its certificate is its own, in PEM',
    WRONG,
    (m) => m.token({}, { x5c: pemOf(ownCertificate(m)) }, m.keys.strangerEc),
  ],
  [
    'it asks to be understood in a way that we do not know',
    '`crit`',
    (m) => m.token({}, { crit: ['acme'], acme: true }),
  ],
  ['it asks to be understood in no way', '`crit`', (m) => m.token({}, { crit: [] })],
  ['it asks for claims to be understood as header', '`crit`', (m) => m.token({}, { crit: ['exp'], exp: 1 })],
  ['what it asks for is no list', '`crit`', (m) => m.token({}, { crit: 'b64' })],
  ['it asks for nothing at all', '`crit`', (m) => m.token({}, { crit: null })],
  ['it could sign its bytes as they are', '`crit`', (m) => m.token({}, { crit: ['b64'], b64: false })],
  ['it could sign its bytes as they are, and not say so', '`b64`', (m) => m.token({}, { b64: false })],
  ['it says that it signs as always', '`b64`', (m) => m.token({}, { b64: true })],
  [
    'it is packed',
    NO_TOKEN,
    (m) => m.signed({ alg: 'RS256', kid: 'rsa', zip: 'DEF' }, deflateRawSync(m.claimsText()), m.keys.rsa),
  ],
  ['it holds a token', NO_TOKEN, (m) => m.signed({ alg: 'RS256', kid: 'rsa', cty: 'JWT' }, m.token(), m.keys.rsa)],
  [
    'it holds a token as JSON',
    NO_TOKEN,
    (m) => m.signed({ alg: 'RS256', kid: 'rsa', cty: 'JWT' }, JSON.stringify(m.token()), m.keys.rsa),
  ],
  ['its header lies too deep', NO_TOKEN, (m) => m.token({}, { deep: nested(40) })],
];

const SIGNATURES: readonly Row[] = [
  ['somebody else signed it', WRONG, (m) => m.token({}, {}, m.keys.stranger)],
  ['somebody else signed it on the curve', WRONG, (m) => m.token({}, {}, m.keys.strangerEc)],
  ['another key of the issuer signed it', WRONG, (m) => m.token({}, { kid: 'rsa-spare' })],
  [
    'it has the signature of another token',
    WRONG,
    (m) => [...partsOf(m.token()).slice(0, 2), partsOf(m.token({ sub: 'u-18' }))[2]].join('.'),
  ],
  ['its claims were changed', WRONG, (m) => swapped(m.token(), 1, m.claims({ sub: 'root' }))],
  ['its header was changed', WRONG, (m) => swapped(m.token(), 0, { alg: 'RS256', kid: 'rsa', typ: 'JWT' })],
  ['its signature was cut', WRONG, (m) => m.resigned((signature) => signature.subarray(0, -1))],
  ['half of its signature was cut', WRONG, (m) => m.resigned((signature) => signature.subarray(0, 128))],
  ['its signature goes on', WRONG, (m) => m.resigned((signature) => Buffer.concat([signature, Buffer.from([0])]))],
  [
    'its signature begins with a zero too many',
    WRONG,
    (m) => m.resigned((signature) => Buffer.concat([Buffer.from([0]), signature])),
  ],
  ['one bit of its signature was changed', WRONG, (m) => m.resigned((signature) => flipped(signature, 100))],
  ['its signature is one byte', WRONG, (m) => m.resigned(() => Buffer.from([0]))],
  ['its signature is all zeros', WRONG, (m) => m.resigned((signature) => Buffer.alloc(signature.length))],
  ['its signature is all ones', WRONG, (m) => m.resigned((signature) => Buffer.alloc(signature.length, 0xff))],
  ['its signature does not say what was hashed', WRONG, (m) => bareHashed(m)],
  ['its signature has no salt', WRONG, (m) => saltless(m)],
  ['a signature of zeros is known from Java', WRONG, (m) => m.resigned(() => Buffer.alloc(64), m.keys.ec)],
  [
    'a signature of the order of the curve is zero too',
    WRONG,
    (m) => m.resigned(() => Buffer.concat([order(), order()]), m.keys.ec),
  ],
  ['a signature on a curve is no DER', WRONG, (m) => m.resigned(() => derSigned(m), m.keys.ec)],
  [
    'a signature on a curve has both halves',
    WRONG,
    (m) => m.resigned((signature) => signature.subarray(0, 32), m.keys.ec),
  ],
  [
    'a signature on a curve has two halves',
    WRONG,
    (m) => m.resigned((signature) => Buffer.concat([signature, signature]), m.keys.ec),
  ],
  [
    'a signature on a curve goes on',
    WRONG,
    (m) => m.resigned((signature) => Buffer.concat([signature, Buffer.from([0])]), m.keys.ec),
  ],
  ['a signature of Edwards has one spelling', WRONG, (m) => m.resigned(plusOrder, m.keys.ed)],
  ['a signature of Edwards is no zero', WRONG, (m) => m.resigned(() => Buffer.alloc(64), m.keys.ed)],
  [
    'a signature of Edwards goes on',
    WRONG,
    (m) => m.resigned((signature) => Buffer.concat([signature, Buffer.from([0])]), m.keys.ed),
  ],
];

export const REFUSED_SIGNATURES: readonly RefusedCase[] = [...NAMES_OF_KEYS, ...HEADERS, ...SIGNATURES].map(
  ([because, reason, send]) => ({ because, reason, send }),
);

function swapped(token: string, at: 0 | 1, part: object): string {
  return partsOf(token)
    .with(at, Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
}

function flipped(signature: Buffer, at: number): Buffer {
  signature[at]! ^= 1;
  return signature;
}

function ownCertificate({ keys }: Mint): Buffer {
  return certificate({ dnsNames: ['login.acme.example'] }, keys.strangerEc);
}

/** PKCS #1 without the part that names the digest. */
function bareHashed(mint: Mint): string {
  const input = unsigned({ alg: 'RS256', kid: 'rsa' }, mint.claims());
  const key = { key: mint.keys.rsa.privateKey, padding: constants.RSA_PKCS1_PADDING };
  return `${input}.${privateEncrypt(key, hash('sha256', input, 'buffer')).toString('base64url')}`;
}

/** RFC 7518 wants a salt as long as the digest. */
function saltless(mint: Mint): string {
  const input = unsigned({ alg: 'PS256', kid: 'pss' }, mint.claims());
  const key = { key: mint.keys.pss.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 0 };
  return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`;
}

function derSigned(mint: Mint): Buffer {
  return sign('sha256', Buffer.from(unsigned({ alg: 'ES256', kid: 'ec' }, mint.claims())), mint.keys.ec.privateKey);
}

function order(): Buffer {
  return Buffer.from(ORDER_OF_P256.toString(16), 'hex');
}

/** The number in the second half of an Ed25519 signature plus the order of the curve (RFC 8032), which some take too. */
function plusOrder(signature: Buffer): Buffer {
  const orderOfEd25519 = 2n ** 252n + 27742317777372353535851937790883648493n;
  const s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`);
  const other = Buffer.from((s + orderOfEd25519).toString(16).padStart(64, '0'), 'hex').reverse();
  return Buffer.concat([signature.subarray(0, 32), other]);
}
