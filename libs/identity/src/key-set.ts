import { calculateJwkThumbprint, compactVerify, errors, importJWK, type JWK } from 'jose';
import type { Json } from '#engine';

/** Keys of one set; providers publish a handful. */
const MAXIMUM_KEYS = 50;

/** What an algorithm says about the key it needs (RFC 7518, RFC 8037). */
const KEY_OF_ALGORITHM: ReadonlyMap<string, { readonly kty: string; readonly crv?: string }> = new Map([
  ['RS256', { kty: 'RSA' }],
  ['RS384', { kty: 'RSA' }],
  ['RS512', { kty: 'RSA' }],
  ['PS256', { kty: 'RSA' }],
  ['PS384', { kty: 'RSA' }],
  ['PS512', { kty: 'RSA' }],
  ['ES256', { kty: 'EC', crv: 'P-256' }],
  ['ES384', { kty: 'EC', crv: 'P-384' }],
  ['ES512', { kty: 'EC', crv: 'P-521' }],
  ['EdDSA', { kty: 'OKP', crv: 'Ed25519' }],
]);
const PUBLIC_KEY_TYPES: ReadonlySet<unknown> = new Set(['RSA', 'EC', 'OKP']);

/** What the keys of a set are for: `sig`, or `jwt-svid` in the bundle of a SPIFFE trust domain. */
export type KeyUse = 'sig' | 'jwt-svid';

interface PublicKey {
  /** Thumbprint (RFC 7638): the same for the same key, whatever it is called. */
  readonly id: string;
  readonly jwk: JWK;
  readonly imported: Map<string, ReturnType<typeof importJWK>>;
}

export type Signature =
  /** `key` is the id of the key that made it. */
  | { readonly kind: 'proven'; readonly key: string }
  | { readonly kind: 'unproven'; readonly because: string }
  /** No key of the set could have made it; a newer set may hold one. */
  | { readonly kind: 'no-key'; readonly because: string }
  /** There is nothing to judge it by yet. */
  | { readonly kind: 'no-keys'; readonly because: string };

/** A JSON Web Key Set (RFC 7517) of public keys, each for the algorithms it is published for. */
export class KeySet {
  /** Ids of all its keys. */
  readonly ids: ReadonlySet<string>;

  private constructor(
    private readonly keys: readonly PublicKey[],
    private readonly use: KeyUse,
  ) {
    this.ids = new Set(keys.map(({ id }) => id));
  }

  /**
   * Keys of a kind that nobody here can use are left out, as the RFC asks.
   *
   * @returns what is wrong with the set as a whole
   */
  static async read(value: unknown, use: KeyUse = 'sig'): Promise<KeySet | string> {
    const keys = (value as { readonly keys?: unknown } | null)?.keys;
    if (!Array.isArray(keys)) return 'it is no JSON Web Key Set';
    if (keys.length > MAXIMUM_KEYS) return `it holds more than ${MAXIMUM_KEYS} keys`;
    const read: PublicKey[] = [];
    for (const key of keys as readonly Json[]) {
      if (typeof key !== 'object' || key === null || Array.isArray(key)) return 'it is no JSON Web Key Set';
      const { kty, d, k } = key as { readonly [member: string]: Json };
      if (kty === 'oct' || d !== undefined || k !== undefined) return 'it holds a key that is not public';
      if (!PUBLIC_KEY_TYPES.has(kty)) continue;
      const jwk = structuredClone(key) as JWK;
      const id = await calculateJwkThumbprint(jwk).catch(() => undefined);
      if (id !== undefined && !read.some((one) => one.id === id && one.jwk.kid === jwk.kid))
        read.push({ id, jwk, imported: new Map() });
    }
    return new KeySet(read, use);
  }

  get size(): number {
    return this.keys.length;
  }

  /**
   * Whether one key made the signature of a token: the one that `kid` names, or the only one that could be meant.
   *
   * @param token  in compact form
   * @returns never rejects
   */
  async verify(token: string, algorithm: string, kid: string | undefined): Promise<Signature> {
    const candidates = this.keys.filter((key) => this.#fits(key, algorithm, kid));
    if (candidates.length === 0)
      return { kind: 'no-key', because: 'none of the keys of the mechanism is the one it names' };
    if (candidates.length > 1) {
      const because = `several keys of the mechanism could be meant${kid === undefined ? ', because it has no `kid`' : ''}`;
      return { kind: 'unproven', because };
    }
    const key = candidates[0]!;
    try {
      await compactVerify(token, await imported(key, algorithm), { algorithms: [algorithm] });
      return { kind: 'proven', key: key.id };
    } catch (fault) {
      const isWrong = (fault as { readonly code?: unknown }).code === errors.JWSSignatureVerificationFailed.code;
      return { kind: 'unproven', because: isWrong ? 'its signature is wrong' : 'its signature cannot be verified' };
    }
  }

  #fits({ jwk }: PublicKey, algorithm: string, kid: string | undefined): boolean {
    const needed = KEY_OF_ALGORITHM.get(algorithm);
    return (
      needed !== undefined &&
      jwk.kty === needed.kty &&
      (needed.crv === undefined || jwk.crv === needed.crv) &&
      (kid === undefined || jwk.kid === kid) &&
      (jwk.alg === undefined || jwk.alg === algorithm) &&
      (jwk.use === undefined ? this.use === 'sig' : jwk.use === this.use) &&
      (jwk.key_ops === undefined || (Array.isArray(jwk.key_ops) && jwk.key_ops.includes('verify')))
    );
  }
}

/** Importing costs as much as verifying, and a key is imported for one algorithm. */
function imported({ jwk, imported: made }: PublicKey, algorithm: string): ReturnType<typeof importJWK> {
  let key = made.get(algorithm);
  if (key === undefined) {
    key = importJWK(jwk, algorithm);
    made.set(algorithm, key);
  }
  return key;
}
