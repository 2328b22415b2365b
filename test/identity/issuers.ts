/** Issuers with fresh keys, and the tokens they sign. */
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTHeaderParameters, SignJWT } from 'jose';
import { NOW } from './identities.js';

/** Seconds since the epoch at {@link NOW}. */
export const NOW_SECONDS = NOW / 1000;

export class Issuer {
  private constructor(
    readonly algorithm: string,
    readonly kid: string,
    readonly publicJwk: JWK,
    readonly privateKey: CryptoKey,
  ) {}

  static async create(algorithm: string, kid: string): Promise<Issuer> {
    const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
    const publicJwk = { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: 'sig' };
    return new Issuer(algorithm, kid, publicJwk, privateKey);
  }

  /** A token as `claims` and `header` say, over what every token has; `undefined` leaves a claim out. */
  async token(
    claims: { readonly [name: string]: unknown } = {},
    header: { readonly [name: string]: unknown } = {},
  ): Promise<string> {
    const payload = {
      iss: 'https://login.acme.example/',
      aud: 'acme-api',
      sub: 'u-17',
      iat: NOW_SECONDS - 10,
      exp: NOW_SECONDS + 600,
      ...claims,
    };
    return new SignJWT(payload)
      .setProtectedHeader({ alg: this.algorithm, kid: this.kid, ...header } as JWTHeaderParameters)
      .sign(this.privateKey);
  }
}

/** A compact token of any header and payload, with any signature; texts and buffers are taken to the letter. */
export function compact(header: unknown, payload: unknown, signature: string | Uint8Array): string {
  return [header, payload]
    .map((part) => (Buffer.isBuffer(part) ? part : Buffer.from(typeof part === 'string' ? part : JSON.stringify(part))))
    .map((bytes) => bytes.toString('base64url'))
    .concat(typeof signature === 'string' ? signature : Buffer.from(signature).toString('base64url'))
    .join('.');
}
