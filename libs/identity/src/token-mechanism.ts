import type { Attributes, Evidence, Json } from '#engine';
import { atMost } from './at-most.js';
import { claimAt } from './claim-path.js';
import { bareItem } from './judged.js';
import type { Signature } from './key-set.js';
import type { MechanismOf } from './mechanisms.js';
import type { MechanismSettings } from './settings.js';
import { spiffeTrustDomain } from './spiffe-id.js';
import { subjectFault } from './subject.js';
import type { UnverifiedToken } from './token.js';
import type { VerificationKeys } from './verification-keys.js';

const DEFAULT_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'];
/** @see https://github.com/spiffe/spiffe/blob/main/standards/JWT-SVID.md */
const SVID_ALGORITHMS = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512'];
const SVID_TYPES: ReadonlySet<Json | undefined> = new Set([undefined, 'JWT', 'JOSE']);
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

/** What a mechanism asks of its tokens. */
interface TokenRules {
  readonly mechanism: MechanismSettings;
  /** Whose tokens they are: those of an issuer, by `iss`, or of a SPIFFE trust domain, by `sub`. */
  readonly from: { readonly issuer: string } | { readonly trustDomain: string };
  readonly audiences: ReadonlySet<string>;
  readonly algorithms: readonly string[];
  readonly leewaySeconds: number;
  readonly maxLifetimeSeconds: number;
  /** Undefined: a token speaks of nothing but its subject. */
  readonly claims: ClaimPaths | undefined;
}

interface ClaimPaths {
  readonly subject: string;
  readonly groups: string;
  readonly scopes: string;
  /** Undefined: `azp`, else `client_id`, as the engine reads them. */
  readonly client: string | undefined;
}

/** Mechanisms whose tokens are verified here. */
export type SignedTokenMechanism = MechanismOf<'jwt'> | MechanismOf<'spiffe'>;

/** What tokens of one mechanism must say, and whose signature they must bear. */
export class TokenMechanism {
  readonly name: string;
  /** By `iss`. */
  readonly issuer: string | undefined;
  /** By `sub`. */
  readonly trustDomain: string | undefined;
  readonly #rules: TokenRules;
  readonly #keys: VerificationKeys;
  readonly #waitMilliseconds: number;

  /** @param waitMilliseconds  how long a decision may wait for keys that are being fetched */
  constructor(mechanism: SignedTokenMechanism, keys: VerificationKeys, waitMilliseconds: number) {
    this.name = mechanism.declaration.name;
    this.#rules =
      mechanism.declaration.kind === 'jwt'
        ? jwtRules(mechanism as MechanismOf<'jwt'>)
        : svidRules(mechanism as MechanismOf<'spiffe'>);
    const { from } = this.#rules;
    this.issuer = 'issuer' in from ? from.issuer : undefined;
    this.trustDomain = 'trustDomain' in from ? from.trustDomain : undefined;
    this.#keys = keys;
    this.#waitMilliseconds = waitMilliseconds;
  }

  /**
   * Asks for keys where there are none.
   *
   * @returns why no token can be verified at present, whatever it says; undefined when one can, or may soon
   */
  unusable(): string | undefined {
    return this.#keys.current === undefined && this.#keys.renew() === undefined ? this.#keys.trouble : undefined;
  }

  /**
   * Everything but the signature, which costs a hundred times as much: what is wrong anyway must stay cheap.
   *
   * @param now  milliseconds since the epoch
   */
  read({ algorithm, type, claims }: UnverifiedToken, now: number): Candidate | Refused {
    const { mechanism, from, algorithms, audiences, leewaySeconds, claims: paths } = this.#rules;
    if (!algorithms.includes(algorithm)) return refusedForGood('its algorithm is not one of the mechanism');
    if (!textsIn(claims['aud'])?.some((audience) => audiences.has(audience)))
      return refusedForGood('it is meant for another audience');
    const timeFault = this.#timeFault(claims, now);
    if (timeFault !== undefined) return timeFault;
    if (typeof claims['sub'] !== 'string' || claims['sub'] === '') return refusedForGood('it has no `sub`');
    if ('trustDomain' in from) {
      if (!SVID_TYPES.has(type)) return refusedForGood('its `typ` is not that of a JWT-SVID');
      if (spiffeTrustDomain(claims['sub']) !== from.trustDomain)
        return refusedForGood('its `sub` is no SPIFFE ID of the trust domain');
    }
    const spoken =
      paths === undefined
        ? { subject: claims['sub'], scopes: NO_TEXTS, groups: NO_TEXTS, claims }
        : spokenOf(claims, paths);
    if (typeof spoken === 'string') return refusedForGood(spoken);
    const subjectFaulty = subjectFault(spoken.subject);
    if (subjectFaulty !== undefined) return refusedForGood(subjectFaulty);
    const expiresAt = ((claims['exp'] as number) + leewaySeconds) * 1000;
    const { subject, ...rest } = spoken;
    return { kind: 'candidate', evidence: { ...bareItem(mechanism, subject), expiresAt, ...rest }, expiresAt };
  }

  /** Never rejects; waits for keys that are missing, as long as a decision may. */
  async signature({ text, algorithm, keyId }: UnverifiedToken): Promise<Signature> {
    const signature = await this.#verified(text, algorithm, keyId);
    if (signature.kind === 'proven' || signature.kind === 'unproven') return signature;
    const renewing = this.#keys.renew();
    if (renewing === undefined) return signature;
    const isRenewed = await atMost(
      this.#waitMilliseconds,
      renewing.then(() => true),
    );
    if (isRenewed === undefined) return { kind: 'no-keys', because: 'its issuer has not sent its keys yet' };
    return this.#verified(text, algorithm, keyId);
  }

  async #verified(text: string, algorithm: string, keyId: string | undefined): Promise<Signature> {
    const { current, trouble } = this.#keys;
    if (current === undefined) return { kind: 'no-keys', because: trouble ?? 'there are no keys to verify it by' };
    const signature = await current.verify(text, algorithm, keyId);
    if (signature.kind === 'proven' || trouble === undefined) return signature;
    return { ...signature, because: `${signature.because}; the keys may be old: ${trouble}` };
  }

  #timeFault(claims: UnverifiedToken['claims'], now: number): Refused | undefined {
    const { leewaySeconds, maxLifetimeSeconds } = this.#rules;
    const seconds = now / 1000;
    const { exp, nbf, iat } = claims;
    if (!isInstant(exp)) return refusedForGood('it has no `exp`');
    if (nbf !== undefined && !isInstant(nbf)) return refusedForGood('its `nbf` is no number');
    if (iat !== undefined && !isInstant(iat)) return refusedForGood('its `iat` is no number');
    if (seconds >= exp + leewaySeconds) return refusedNow('it has expired');
    if (nbf !== undefined && nbf > seconds + leewaySeconds) return refusedNow('it is not valid yet');
    if (iat !== undefined && iat > seconds + leewaySeconds) return refusedNow('it was issued in the future');
    if (exp - (iat ?? seconds) > maxLifetimeSeconds)
      return refusedNow('its lifetime is longer than the mechanism allows');
    return undefined;
  }
}

const NO_TEXTS: readonly string[] = Object.freeze([]);

function jwtRules(mechanism: MechanismOf<'jwt'>): TokenRules {
  const { jwt } = mechanism.declaration;
  return {
    mechanism,
    from: { issuer: jwt.issuer },
    audiences: new Set(jwt.audiences),
    algorithms: jwt.algorithms ?? DEFAULT_ALGORITHMS,
    leewaySeconds: jwt.leewaySeconds ?? DEFAULT_LEEWAY_SECONDS,
    maxLifetimeSeconds: jwt.maxLifetimeSeconds ?? DEFAULT_MAX_LIFETIME_SECONDS,
    claims: claimPaths(jwt),
  };
}

function svidRules(mechanism: MechanismOf<'spiffe'>): TokenRules {
  const { trustDomain, jwtSvid } = mechanism.declaration.spiffe;
  return {
    mechanism,
    from: { trustDomain },
    audiences: new Set(jwtSvid!.audiences),
    algorithms: SVID_ALGORITHMS,
    leewaySeconds: jwtSvid!.leewaySeconds ?? DEFAULT_LEEWAY_SECONDS,
    maxLifetimeSeconds: jwtSvid!.maxLifetimeSeconds ?? DEFAULT_MAX_LIFETIME_SECONDS,
    claims: undefined,
  };
}

/** Where a mechanism says that claims are. */
export interface DeclaredClaims {
  readonly subjectClaim?: string | undefined;
  readonly groupsClaim?: string | undefined;
  readonly scopesClaim?: string | undefined;
  readonly clientClaim?: string | undefined;
}

export function claimPaths({ subjectClaim, groupsClaim, scopesClaim, clientClaim }: DeclaredClaims): ClaimPaths {
  return {
    subject: subjectClaim ?? 'sub',
    groups: groupsClaim ?? 'groups',
    scopes: scopesClaim ?? 'scope',
    client: clientClaim,
  };
}

/**
 * What claims say of a subject. The client that a path leads to is put in `azp`, where rules and conditions look for it.
 *
 * @returns why they cannot be taken
 */
export function spokenOf(
  claims: Attributes,
  paths: ClaimPaths,
): (Pick<Evidence, 'groups' | 'scopes' | 'claims'> & { readonly subject: string }) | string {
  const subject = claimAt(claims, paths.subject);
  if (typeof subject !== 'string') return 'its subject is no text';
  // Left out instead, a deny that names a group would not see it.
  const groups = textsIn(claimAt(claims, paths.groups) ?? []);
  if (groups === undefined) return 'its groups are no list of texts';
  const scopes = scopesIn(claimAt(claims, paths.scopes) ?? []);
  if (scopes === undefined) return 'its scopes are neither a text nor a list of texts';
  if (paths.client === undefined) return { subject, groups, scopes, claims };
  const client = claimAt(claims, paths.client);
  if (client === undefined) return { subject, groups, scopes, claims };
  if (typeof client !== 'string') return 'its client is no text';
  return { subject, groups, scopes, claims: Object.assign(Object.create(null) as object, claims, { azp: client }) };
}

function refusedForGood(because: string): Refused {
  return { kind: 'refused', because, forGood: true };
}

function refusedNow(because: string): Refused {
  return { kind: 'refused', because, forGood: false };
}

/** Seconds since the epoch that milliseconds can be made of. */
export function isInstant(value: Json | undefined): value is number {
  return typeof value === 'number' && value >= 0 && value <= 8.64e12;
}

/** One text or a list of texts. */
export function textsIn(value: Json | undefined): readonly string[] | undefined {
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
