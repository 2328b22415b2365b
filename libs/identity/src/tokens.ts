import { hash } from 'node:crypto';
import { BoundedCache } from './bounded-cache.js';
import type { Dropped, Judged } from './evidence.js';
import { accepted, dropped, NOTHING } from './judged.js';
import { MAXIMUM_TOKEN, readToken, tokenIn, type UnverifiedToken } from './token.js';
import { spiffeTrustDomain } from './spiffe-id.js';
import type { Candidate, TokenMechanism } from './token-mechanism.js';
import { claimedFalse, foreign, taken, unsupported, type Verdict } from './verdict.js';

const REMEMBERED_TOKENS = 10_000;
/** Kept apart from the good ones: no flood of bad tokens drives those out. */
const REMEMBERED_FORGERIES = 1_000;
/** Signatures being verified at one time; what comes on top is not believed. */
const MAXIMUM_PENDING = 1_000;

interface Remembered {
  readonly verdict: Verdict;
  /** What verified it. */
  readonly proofs: readonly Proof[];
  /** Other mechanisms might take it too, by other keys. */
  readonly isPartial: boolean;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/** A key, by its id, of the mechanism whose token it verified. */
interface Proof {
  readonly mechanism: string;
  readonly key: string;
}

/** Signed tokens, of all mechanisms that read one header. */
export class Tokens {
  readonly #byIssuer = new Map<string, TokenMechanism[]>();
  readonly #byTrustDomain = new Map<string, TokenMechanism[]>();
  readonly #verified = new BoundedCache<Remembered>(REMEMBERED_TOKENS);
  readonly #forged = new BoundedCache<Verdict>(REMEMBERED_FORGERIES);
  readonly #pending = new Map<string, Promise<Verdict>>();
  /** Counts changes of keys: what was verified by earlier ones is not remembered. */
  #generation = 0;
  readonly #otherScheme: Verdict;
  readonly #tooLong: Verdict;
  readonly #tooMany: Verdict;
  readonly #unknownIssuer: Verdict;
  readonly #noIssuer: Verdict;

  constructor(
    private readonly header: string,
    mechanisms: readonly TokenMechanism[],
  ) {
    for (const mechanism of mechanisms) {
      if (mechanism.issuer !== undefined) addTo(this.#byIssuer, mechanism.issuer, mechanism);
      if (mechanism.trustDomain !== undefined) addTo(this.#byTrustDomain, mechanism.trustDomain, mechanism);
    }
    this.#otherScheme = unsupported(dropped(null, `\`${header}\` is not of the scheme \`Bearer\``));
    this.#tooLong = claimedFalse(
      dropped(null, `the token in \`${header}\` is longer than ${MAXIMUM_TOKEN} characters`),
    );
    this.#tooMany = unsupported(dropped(null, 'too many tokens are being verified'));
    this.#unknownIssuer = foreign(dropped(null, `no mechanism knows the issuer of the token in \`${header}\``));
    this.#noIssuer = foreign(dropped(null, `what is in \`${header}\` does not count: it has no \`iss\``));
  }

  /**
   * Keys of a mechanism have changed: what the ones that are gone verified does not count any more, and what none
   * verified may be verified now.
   *
   * @param gone  ids of keys
   */
  forget(mechanism: string, gone: ReadonlySet<string>): void {
    this.#generation += 1;
    this.#forged.clear();
    this.#pending.clear();
    this.#verified.deleteWhere(
      ({ proofs, isPartial }) =>
        isPartial || proofs.some((proof) => proof.mechanism === mechanism && gone.has(proof.key)),
    );
  }

  /** @returns a promise only where a signature has to be verified. It never rejects */
  judge(value: string, now: number): Verdict | Promise<Verdict> {
    const text = tokenIn(this.header, value);
    if (text === undefined) return this.#otherScheme;
    if (text.length > MAXIMUM_TOKEN) return this.#tooLong;
    const key = hash('sha256', text, 'base64url');
    const remembered = this.#verified.get(key);
    if (remembered !== undefined && now < remembered.until) return remembered.verdict;
    return this.#forged.get(key) ?? this.#pending.get(key) ?? this.#read(text, key, now);
  }

  #read(text: string, key: string, now: number): Verdict | Promise<Verdict> {
    const token = readToken(text);
    if (typeof token === 'string')
      return foreign(dropped(null, `what is in \`${this.header}\` does not count: ${token}`));
    const mechanisms = this.#concerned(token);
    if (mechanisms.length === 0) return token.issuer === undefined ? this.#noIssuer : this.#unknownIssuer;
    const readings = mechanisms.map((mechanism) => ({ mechanism, reading: readBy(mechanism, token, now) }));
    const candidates = readings.flatMap(({ mechanism, reading }) =>
      reading.kind === 'candidate' ? [{ mechanism, candidate: reading }] : [],
    );
    const refusals = readings.flatMap(({ mechanism: { name }, reading }) =>
      reading.kind === 'candidate' ? [] : [{ ...reading, mechanism: name }],
    );
    const lost = refusals.map(({ mechanism, because }): Dropped => ({ mechanism, because }));
    if (candidates.length === 0) {
      return unbelieved(
        lost,
        refusals.every(({ kind }) => kind === 'unsupported'),
      );
    }
    if (this.#pending.size >= MAXIMUM_PENDING) return this.#tooMany;
    const rememberable = refusals.every((refusal) => refusal.kind === 'unsupported' || refusal.forGood);
    const verifying = this.#verify(key, token, candidates, lost, rememberable);
    this.#pending.set(key, verifying);
    return verifying;
  }

  /** Those whose issuer it names, or in whose trust domain its subject lies. */
  #concerned({ issuer, claims: { sub } }: UnverifiedToken): readonly TokenMechanism[] {
    const byIssuer = (issuer !== undefined && this.#byIssuer.get(issuer)) || NO_MECHANISMS;
    if (this.#byTrustDomain.size === 0 || typeof sub !== 'string') return byIssuer;
    const trustDomain = spiffeTrustDomain(sub);
    const bySubject = (trustDomain !== undefined && this.#byTrustDomain.get(trustDomain)) || NO_MECHANISMS;
    return bySubject.length === 0 ? byIssuer : [...byIssuer, ...bySubject];
  }

  async #verify(
    key: string,
    token: UnverifiedToken,
    candidates: readonly { readonly mechanism: TokenMechanism; readonly candidate: Candidate }[],
    lost: readonly Dropped[],
    rememberable: boolean,
  ): Promise<Verdict> {
    const generation = this.#generation;
    const signatures = await Promise.all(candidates.map(({ mechanism }) => mechanism.signature(token)));
    const proven: Candidate[] = [];
    const proofs: Proof[] = [];
    const unproven: Dropped[] = [];
    for (const [index, { mechanism, candidate }] of candidates.entries()) {
      const signature = signatures[index]!;
      if (signature.kind === 'proven') {
        proven.push(candidate);
        proofs.push({ mechanism: mechanism.name, key: signature.key });
      } else unproven.push({ mechanism: mechanism.name, because: signature.because });
    }
    const verdict =
      proven.length > 0
        ? taken(
            accepted(
              proven.map(({ evidence }) => evidence),
              [...lost, ...unproven],
            ),
          )
        : unbelieved([...lost, ...unproven], lost.length === 0 && signatures.every(({ kind }) => kind === 'no-keys'));
    if (generation !== this.#generation) return verdict;
    this.#pending.delete(key);
    if (!rememberable) return verdict;
    if (proven.length > 0) {
      const until = Math.min(...proven.map(({ expiresAt }) => expiresAt));
      this.#verified.set(key, { verdict, proofs, isPartial: unproven.length > 0, until });
    } else if (signatures.every(({ kind }) => kind === 'unproven')) {
      // A key that is missing now may be there at the next look.
      this.#forged.set(key, verdict);
    }
    return verdict;
  }
}

const NO_MECHANISMS: readonly TokenMechanism[] = [];

function addTo(map: Map<string, TokenMechanism[]>, name: string, mechanism: TokenMechanism): void {
  const sharing = map.get(name);
  if (sharing === undefined) map.set(name, [mechanism]);
  else sharing.push(mechanism);
}

/** @param isUndecided  nobody here could judge it */
function unbelieved(lost: readonly Dropped[], isUndecided: boolean): Verdict {
  const judged: Judged = { ...NOTHING, dropped: lost };
  return isUndecided ? unsupported(judged) : claimedFalse(judged);
}

type Reading = ReturnType<TokenMechanism['read']> | { readonly kind: 'unsupported'; readonly because: string };

function readBy(mechanism: TokenMechanism, token: UnverifiedToken, now: number): Reading {
  const because = mechanism.unusable();
  return because === undefined ? mechanism.read(token, now) : { kind: 'unsupported', because };
}
