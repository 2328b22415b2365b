/** Keys made for this run, and tokens of every sort signed with them. */
import { constants, createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { compact } from '../../identity/issuers.js';

export interface SigningKey {
  readonly kid: string;
  /** Of its tokens, unless they are signed otherwise. */
  readonly algorithm: string;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

type Members = { readonly [name: string]: unknown };
/** Members are written as JSON, text and bytes are taken to the letter. */
type Part = Members | string | Buffer;

/** How `node:crypto` signs by each algorithm of RFC 7518 and 8037. */
const ECDSA = { dsaEncoding: 'ieee-p1363' } as const;
const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
const SIGNING: { readonly [algorithm: string]: readonly [digest: string | null, options: object] } = {
  RS256: ['sha256', {}],
  RS384: ['sha384', {}],
  RS512: ['sha512', {}],
  PS256: ['sha256', PSS],
  PS384: ['sha384', PSS],
  PS512: ['sha512', PSS],
  ES256: ['sha256', ECDSA],
  ES256K: ['sha256', ECDSA],
  ES384: ['sha384', ECDSA],
  ES512: ['sha512', ECDSA],
  EdDSA: [null, {}],
};

export function makeKeys() {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const strange = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const p256 = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' });
  return {
    rsa: { kid: 'rsa', algorithm: 'RS256', ...rsa },
    spare: { kid: 'rsa-spare', algorithm: 'RS256', ...generateKeyPairSync('rsa', { modulusLength: 2048 }) },
    pss: { kid: 'pss', algorithm: 'PS256', ...generateKeyPairSync('rsa', { modulusLength: 2048 }) },
    ec: { kid: 'ec', algorithm: 'ES256', ...p256() },
    ed: { kid: 'ed', algorithm: 'EdDSA', ...generateKeyPairSync('ed25519') },
    // One pair under several names: what is published of it says which algorithm each is for.
    rs384: { kid: 'rs384', algorithm: 'RS384', ...rsa },
    rs512: { kid: 'rs512', algorithm: 'RS512', ...rsa },
    ps384: { kid: 'ps384', algorithm: 'PS384', ...rsa },
    ps512: { kid: 'ps512', algorithm: 'PS512', ...rsa },
    es384: { kid: 'es384', algorithm: 'ES384', ...p384 },
    es512: { kid: 'es512', algorithm: 'ES512', ...p521 },
    // Nobody's keys, by the names of others.
    stranger: { kid: 'rsa', algorithm: 'RS256', ...strange },
    strangerEc: { kid: 'ec', algorithm: 'ES256', ...p256() },
    // Published, and of no use.
    ed448: { kid: 'ed448', algorithm: 'EdDSA', ...generateKeyPairSync('ed448') },
    otherCurve: { kid: 'other-curve', algorithm: 'ES256', ...p384 },
    koblitz: { kid: 'koblitz', algorithm: 'ES256', ...generateKeyPairSync('ec', { namedCurve: 'secp256k1' }) },
    short: { kid: 'short', algorithm: 'RS256', ...generateKeyPairSync('rsa', { modulusLength: 1024 }) },
    sealing: { kid: 'sealing', algorithm: 'RS256', ...strange },
  } satisfies { readonly [name: string]: SigningKey };
}

/** How many points the curve P-256 has (FIPS 186-5). */
export const ORDER_OF_P256 = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

export type Keys = ReturnType<typeof makeKeys>;

export const LOGIN = 'https://login.acme.example/';
/** Characters; no reader takes more. */
export const LONGEST_TOKEN = 8192;

/** Makes tokens for one moment. */
export class Mint {
  constructor(
    readonly keys: Keys,
    /** Seconds since the epoch. */
    readonly now: number,
    /** Where an attacker listens. */
    readonly attacker: string,
  ) {}

  /** The claims of a good token, and what differs; `undefined` leaves one out. */
  claims(differing: Members = {}): Members {
    return { iss: LOGIN, aud: 'acme-api', sub: 'u-17', iat: this.now - 10, exp: this.now + 600, ...differing };
  }

  /** The same as JSON, into which a test may write what is no JSON. */
  claimsText(differing: Members = {}): string {
    return JSON.stringify(this.claims(differing));
  }

  /** A good token but for what differs, whose signature is right. */
  token(claims: Members = {}, header: Members = {}, by: SigningKey = this.keys.rsa): string {
    return this.signed({ alg: by.algorithm, kid: by.kid, ...header }, this.claims(claims), by);
  }

  /** A signature over header and claims as they stand. */
  signed(header: Part, claims: Part, by: SigningKey, algorithm?: string): string {
    const input = unsigned(header, claims);
    return `${input}.${signatureOf(input, by, algorithm).toString('base64url')}`;
  }

  /** A token whose "signature" is made with a secret that everybody knows. */
  keyed(algorithm: string, secret: string | Buffer, header: Members = {}): string {
    const input = unsigned({ alg: algorithm, kid: 'rsa', ...header }, this.claims());
    const digest = `sha${algorithm.slice(2)}`;
    return `${input}.${createHmac(digest, secret).update(input).digest('base64url')}`;
  }

  /** A good token with other bytes for its signature. */
  resigned(change: (signature: Buffer) => Buffer, by: SigningKey = this.keys.rsa): string {
    const input = unsigned({ alg: by.algorithm, kid: by.kid }, this.claims());
    return `${input}.${change(signatureOf(input, by)).toString('base64url')}`;
  }

  /** A good token of exactly so many characters. */
  ofLength(characters: number): string {
    for (let pad = 0; pad < 4; pad += 1) {
      const header = { pad: 'x'.repeat(pad) };
      const missing = characters - this.token({ filler: '' }, header).length;
      for (let more = Math.floor((missing * 3) / 4) - 3; more <= missing; more += 1) {
        const token = this.token({ filler: 'x'.repeat(more) }, header);
        if (token.length === characters) return token;
        if (token.length > characters) break;
      }
    }
    throw new Error(`no token has ${characters} characters`);
  }
}

/** The parts of a token. */
export function partsOf(token: string): readonly [header: string, claims: string, signature: string] {
  return token.split('.') as [string, string, string];
}

/** The same bytes in another spelling, where a part has bits to spare: its last character counts only in part. */
export function respelled(part: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  if (part.length % 4 === 0) throw new Error('every bit of it counts');
  return part.slice(0, -1) + alphabet[alphabet.indexOf(part.at(-1)!) ^ 1]!;
}

/** Header and claims as they are signed. */
export function unsigned(header: Part, claims: Part): string {
  return compact(header, claims, '').slice(0, -1);
}

export function signatureOf(input: string, by: SigningKey, algorithm = by.algorithm): Buffer {
  const [digest, options] = SIGNING[algorithm]!;
  return sign(digest, Buffer.from(input), { key: by.privateKey, ...options });
}

/** A list that holds a list that holds a list, so many times. */
export function nested(levels: number): unknown {
  return JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);
}
