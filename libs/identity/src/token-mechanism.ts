import { compactVerify, errors } from 'jose';
import type { Evidence, Json } from '#engine';
import { bareItem } from './judged.js';
import type { VerificationKeys } from './verification-keys.js';
import type { MechanismOf } from './mechanisms.js';
import { subjectFault } from './subject.js';
import type { UnverifiedToken } from './token.js';

const DEFAULT_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'];
const DEFAULT_LEEWAY_SECONDS = 60;
const DEFAULT_MAX_LIFETIME_SECONDS = 86_400;

/** What a token would be evidence of, once its signature is verified. */
export interface Candidate {
  readonly kind: 'candidate';
  readonly evidence: Evidence;
  /** The first instant at which it does not count any more; milliseconds since the epoch. */
  readonly expiresAt: number;
}

export interface Refused {
  readonly kind: 'refused';
  readonly because: string;
  /** It would be refused at any other time too. */
  readonly forGood: boolean;
}

/** One `jwt` mechanism: what a token must say, and whose signature it must bear. */
export class TokenMechanism {
  readonly name: string;
  readonly issuer: string;
  readonly #mechanism: MechanismOf<'jwt'>;
  readonly #keys: VerificationKeys;
  readonly #algorithms: readonly string[];
  readonly #audiences: ReadonlySet<string>;
  readonly #leewaySeconds: number;
  readonly #maxLifetimeSeconds: number;

  constructor(mechanism: MechanismOf<'jwt'>, keys: VerificationKeys) {
    const { name, jwt } = mechanism.declaration;
    this.name = name;
    this.issuer = jwt.issuer;
    this.#mechanism = mechanism;
    this.#keys = keys;
    this.#algorithms = jwt.algorithms ?? DEFAULT_ALGORITHMS;
    this.#audiences = new Set(jwt.audiences);
    this.#leewaySeconds = jwt.leewaySeconds ?? DEFAULT_LEEWAY_SECONDS;
    this.#maxLifetimeSeconds = jwt.maxLifetimeSeconds ?? DEFAULT_MAX_LIFETIME_SECONDS;
  }

  /** Why no token of this mechanism can be verified at present, whatever it says; undefined when one can. */
  get trouble(): string | undefined {
    return this.#keys.current === undefined ? this.#keys.trouble : undefined;
  }

  /**
   * Everything but the signature, which costs a hundred times as much: what is wrong anyway must stay cheap.
   *
   * @param now  milliseconds since the epoch
   */
  read({ algorithm, claims }: UnverifiedToken, now: number): Candidate | Refused {
    if (!this.#algorithms.includes(algorithm)) return refusedForGood('its algorithm is not one of the mechanism');
    if (!textsIn(claims['aud'])?.some((audience) => this.#audiences.has(audience)))
      return refusedForGood('it is meant for another audience');
    const timeFault = this.#timeFault(claims, now);
    if (timeFault !== undefined) return timeFault;
    const { jwt } = this.#mechanism.declaration;
    if (typeof claims['sub'] !== 'string' || claims['sub'] === '') return refusedForGood('it has no `sub`');
    const subject = claims[jwt.subjectClaim ?? 'sub'];
    if (typeof subject !== 'string') return refusedForGood('its subject is no text');
    const subjectFaulty = subjectFault(subject);
    if (subjectFaulty !== undefined) return refusedForGood(subjectFaulty);
    // Left out instead, a deny that names a group would not see it.
    const groups = textsIn(claims[jwt.groupsClaim ?? 'groups'] ?? []);
    if (groups === undefined) return refusedForGood('its groups are no list of texts');
    const scopes = scopesIn(claims[jwt.scopesClaim ?? 'scope'] ?? []);
    if (scopes === undefined) return refusedForGood('its scopes are neither a text nor a list of texts');
    const expiresAt = ((claims['exp'] as number) + this.#leewaySeconds) * 1000;
    return {
      kind: 'candidate',
      evidence: { ...bareItem(this.#mechanism, subject), expiresAt, scopes, groups, claims },
      expiresAt,
    };
  }

  /** @returns why the signature does not count; undefined when it does. Never rejects */
  async signatureFault(token: UnverifiedToken): Promise<string | undefined> {
    const { current, trouble } = this.#keys;
    try {
      await compactVerify(token.text, current!, { algorithms: [...this.#algorithms] });
      return undefined;
    } catch (fault) {
      const because = signatureFaultOf((fault as { readonly code?: unknown }).code);
      return trouble === undefined ? because : `${because}; the keys may be old: ${trouble}`;
    }
  }

  #timeFault(claims: UnverifiedToken['claims'], now: number): Refused | undefined {
    const seconds = now / 1000;
    const { exp, nbf, iat } = claims;
    if (!isInstant(exp)) return refusedForGood('it has no `exp`');
    if (nbf !== undefined && !isInstant(nbf)) return refusedForGood('its `nbf` is no number');
    if (iat !== undefined && !isInstant(iat)) return refusedForGood('its `iat` is no number');
    if (seconds >= exp + this.#leewaySeconds) return refusedNow('it has expired');
    if (nbf !== undefined && nbf > seconds + this.#leewaySeconds) return refusedNow('it is not valid yet');
    if (iat !== undefined && iat > seconds + this.#leewaySeconds) return refusedNow('it was issued in the future');
    if (exp - (iat ?? seconds) > this.#maxLifetimeSeconds)
      return refusedNow('its lifetime is longer than the mechanism allows');
    return undefined;
  }
}

function refusedForGood(because: string): Refused {
  return { kind: 'refused', because, forGood: true };
}

function refusedNow(because: string): Refused {
  return { kind: 'refused', because, forGood: false };
}

/** Seconds since the epoch that milliseconds can be made of. */
function isInstant(value: Json | undefined): value is number {
  return typeof value === 'number' && value >= 0 && value <= 8.64e12;
}

/** One text or a list of texts. */
function textsIn(value: Json | undefined): readonly string[] | undefined {
  if (typeof value === 'string') return [value];
  return isTexts(value) ? value : undefined;
}

function scopesIn(value: Json): readonly string[] | undefined {
  if (typeof value === 'string') return value.split(' ').filter((scope) => scope !== '');
  return isTexts(value) ? value : undefined;
}

function isTexts(value: Json | undefined): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function signatureFaultOf(code: unknown): string {
  switch (code) {
    case errors.JWKSNoMatchingKey.code:
      return 'none of the keys of the mechanism is the one it names';
    case errors.JWKSMultipleMatchingKeys.code:
      return 'several keys of the mechanism could be meant, because it has no `kid`';
    case errors.JWSSignatureVerificationFailed.code:
      return 'its signature is wrong';
    default:
      return 'its signature cannot be verified';
  }
}
