import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Attributes, Json } from '#engine';
import { parseJson } from '#policy';
import { atMost } from './at-most.js';
import { BoundedCache } from './bounded-cache.js';
import { FairPlaces } from './fair-places.js';
import type { Issuers } from './issuers.js';
import { accepted, bareItem, dropped } from './judged.js';
import type { MechanismOf } from './mechanisms.js';
import type { OutboundFault } from './outbound.js';
import { subjectFault } from './subject.js';
import { MAXIMUM_TOKEN } from './token.js';
import { claimPaths, isInstant, spokenOf, textsIn } from './token-mechanism.js';
import { claimedFalse, foreign, taken, unsupported, type Verdict } from './verdict.js';

const REMEMBERED_TOKENS = 10_000;
/** Kept apart from the good ones, and not for long: a token that is not known yet may be known soon. */
const REMEMBERED_UNKNOWN = 1_000;
const UNKNOWN_MILLISECONDS = 10_000;
/** Questions under way at one time, half of them of one enforcement point; tokens that come on top are not believed. */
const MAXIMUM_PENDING = 128;
/** After a question without an answer, none is asked for so long. */
const RECOVERY_MILLISECONDS = 1_000;
/** An issuer that is asked too much may want to be left alone; clients can bring that about, so not for long. */
const LONGEST_RECOVERY_MILLISECONDS = 5_000;
const DEFAULT_CACHE_SECONDS = 300;
const MAXIMUM_SECRET_BYTES = 4096;
/** RFC 6750: what a bearer token may be made of. */
const TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;

interface Remembered {
  readonly verdict: Verdict;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/**
 * Tokens that only their issuer can read (RFC 7662). It is asked once a token, and its word is kept until the token expires
 * or `cacheSeconds` are over.
 */
export class Introspection {
  readonly #mechanism: MechanismOf<'introspection'>;
  readonly #issuers: Issuers | undefined;
  readonly #known = new BoundedCache<Remembered>(REMEMBERED_TOKENS);
  readonly #unknown = new BoundedCache<Remembered>(REMEMBERED_UNKNOWN);
  readonly #pending = new Map<string, Promise<Verdict>>();
  readonly #places = new FairPlaces(MAXIMUM_PENDING);
  #restsUntil = -Infinity;

  /** @param issuers  undefined where nobody is asked */
  constructor(mechanism: MechanismOf<'introspection'>, issuers: Issuers | undefined) {
    this.#mechanism = mechanism;
    this.#issuers = issuers;
  }

  /**
   * @param token  the text of the token; nothing that a signed token names may have known it
   * @param now  milliseconds since the epoch
   * @param from  who brings it, from the enforcement point in, as far as is known
   * @returns a promise only where the issuer has to be asked. It never rejects
   */
  judge(token: string, now: number, from: readonly string[]): Verdict | Promise<Verdict> {
    if (token.length > MAXIMUM_TOKEN || !TOKEN.test(token)) return this.#foreign('it is no token');
    const key = hash('sha256', token, 'base64url');
    const remembered = this.#known.get(key) ?? this.#unknown.get(key);
    if (remembered !== undefined && now < remembered.until) return remembered.verdict;
    return this.#asked(token, key, from);
  }

  #asked(token: string, key: string, from: readonly string[]): Verdict | Promise<Verdict> {
    if (this.#issuers === undefined) return this.#unsupported('nobody is asked about tokens here');
    const { monotonic, waitMilliseconds } = this.#issuers.parts;
    let asking = this.#pending.get(key);
    if (asking === undefined) {
      if (monotonic() < this.#restsUntil) return this.#unsupported('its issuer did not answer just now');
      const giveBack = this.#places.take(from);
      if (giveBack === undefined) return this.#unsupported('too many tokens are being asked about');
      asking = this.#ask(token, key, this.#issuers).finally(() => {
        giveBack();
        this.#pending.delete(key);
      });
      this.#pending.set(key, asking);
    }
    return atMost(waitMilliseconds, asking).then(
      (verdict) => verdict ?? this.#unsupported('its issuer has not answered yet'),
    );
  }

  async #ask(token: string, key: string, { parts }: Issuers): Promise<Verdict> {
    const { url, clientId, clientSecretFile } = this.#mechanism.declaration.introspection;
    const secret = await secretIn(clientSecretFile);
    if (secret === undefined) return this.#unsupported('the secret to ask its issuer with cannot be read');
    const reply = await parts.outbound.ask({
      url,
      form: { token, token_type_hint: 'access_token' },
      authorization: `Basic ${Buffer.from(`${encoded(clientId)}:${encoded(secret)}`).toString('base64')}`,
    });
    if (reply.kind === 'fault') {
      if (isAboutTheToken(reply)) return this.#refused(key, `its issuer refuses it: ${reply.because}`, parts.clock());
      this.#restsUntil = Math.max(this.#restsUntil, parts.monotonic() + restAfter(reply));
      return this.#unsupported(`its issuer cannot be asked: ${reply.because}`);
    }
    return this.#read(reply.text, key, parts.clock());
  }

  #read(text: string, key: string, now: number): Verdict {
    const json = parseJson(text, { exactIntegers: false });
    if (typeof json !== 'object' || json === null || Array.isArray(json) || json instanceof Error)
      return this.#unsupported('the word of its issuer cannot be read');
    const claims = json as Attributes;
    const refuse = (because: string): Verdict => this.#refused(key, because, now);
    // The issuer does not say whether it is false or only of somebody else: it is no credential of ours.
    if (claims['active'] !== true) return refuse('its issuer says that it is not active');
    const fault = this.#claimsFault(claims, now);
    if (fault !== undefined) return refuse(fault);
    const { introspection } = this.#mechanism.declaration;
    const spoken = spokenOf(claims, claimPaths(introspection));
    if (typeof spoken === 'string') return refuse(spoken);
    const { subject, ...rest } = spoken;
    const subjectFaulty = subjectFault(subject);
    if (subjectFaulty !== undefined) return refuse(subjectFaulty);
    const expiresAt = claims['exp'] === undefined ? undefined : (claims['exp'] as number) * 1000;
    const item = { ...bareItem(this.#mechanism, subject), ...(expiresAt !== undefined && { expiresAt }), ...rest };
    const verdict = taken(accepted([item]));
    const kept = now + (introspection.cacheSeconds ?? DEFAULT_CACHE_SECONDS) * 1000;
    this.#known.set(key, { verdict, until: Math.min(expiresAt ?? Infinity, kept) });
    return verdict;
  }

  #refused(key: string, because: string, now: number): Verdict {
    const verdict = this.#false(because);
    this.#unknown.set(key, { verdict, until: now + UNKNOWN_MILLISECONDS });
    return verdict;
  }

  #claimsFault(claims: Attributes, now: number): string | undefined {
    const { issuer, audiences } = this.#mechanism.declaration.introspection;
    const { iss, aud, exp, nbf } = claims as { readonly [name: string]: Json | undefined };
    if (issuer !== undefined && iss !== issuer) return 'it is of another issuer';
    if (audiences !== undefined && !textsIn(aud)?.some((audience) => audiences.includes(audience)))
      return 'it is meant for another audience';
    if (exp !== undefined && !isInstant(exp)) return 'its `exp` is no number';
    if (nbf !== undefined && !isInstant(nbf)) return 'its `nbf` is no number';
    if (exp !== undefined && now >= (exp as number) * 1000) return 'it has expired';
    if (nbf !== undefined && now < (nbf as number) * 1000) return 'it is not valid yet';
    return undefined;
  }

  #false(because: string): Verdict {
    return claimedFalse(dropped(this.#mechanism.declaration.name, because));
  }

  #foreign(because: string): Verdict {
    return foreign(dropped(this.#mechanism.declaration.name, because));
  }

  #unsupported(because: string): Verdict {
    return unsupported(dropped(this.#mechanism.declaration.name, because));
  }
}

/** 401 and 403 are about our own credentials, and 429 about how much is asked. */
function isAboutTheToken({ status = 0 }: OutboundFault): boolean {
  return status >= 400 && status < 500 && ![401, 403, 429].includes(status);
}

/**
 * Whoever may bring a token may bring one that an issuer, or what stands before it, does not like: only what says that no
 * token can be asked about just now keeps the next one from being asked about.
 *
 * @returns milliseconds
 */
function restAfter({ status, retryAfterSeconds }: OutboundFault): number {
  if (status === 429 && retryAfterSeconds !== undefined)
    return Math.min(retryAfterSeconds * 1_000, LONGEST_RECOVERY_MILLISECONDS);
  const isGeneral = status === undefined || status === 401 || status === 429 || status >= 500;
  return isGeneral ? RECOVERY_MILLISECONDS : 0;
}

/** As RFC 6749, section 2.3.1, wants both halves. */
function encoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}

/** Read each time, so that a secret can be changed; undefined when there is none. */
async function secretIn(file: string): Promise<string | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const secret = text.trim();
  return secret === '' || Buffer.byteLength(secret) > MAXIMUM_SECRET_BYTES ? undefined : secret;
}
