import { hash } from 'node:crypto';
import { BoundedCache } from './bounded-cache.js';
import type { Dropped, Judged } from './evidence.js';
import { accepted, dropped, NOTHING } from './judged.js';
import { MAXIMUM_TOKEN, readToken, tokenIn, type UnverifiedToken } from './token.js';
import type { Candidate, TokenMechanism } from './token-mechanism.js';
import { claimedFalse, foreign, taken, unsupported, type Verdict } from './verdict.js';

const REMEMBERED_TOKENS = 10_000;
/** Kept apart from the good ones: no flood of bad tokens drives those out. */
const REMEMBERED_FORGERIES = 1_000;
/** Signatures being verified at one time; what comes on top is not believed. */
const MAXIMUM_PENDING = 1_000;

interface Remembered {
  readonly verdict: Verdict;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/** The tokens of all `jwt` mechanisms that read one header. */
export class Tokens {
  readonly #byIssuer = new Map<string, TokenMechanism[]>();
  readonly #verified = new BoundedCache<Remembered>(REMEMBERED_TOKENS);
  readonly #forged = new BoundedCache<Verdict>(REMEMBERED_FORGERIES);
  readonly #pending = new Map<string, Promise<Verdict>>();
  /** Counts changes of keys: what was verified by earlier ones is not remembered. */
  #generation = 0;
  readonly #otherScheme: Verdict;
  readonly #tooLong: Verdict;
  readonly #tooMany: Verdict;
  readonly #unknownIssuer: Verdict;

  constructor(
    private readonly header: string,
    mechanisms: readonly TokenMechanism[],
  ) {
    for (const mechanism of mechanisms) {
      const sharing = this.#byIssuer.get(mechanism.issuer);
      if (sharing === undefined) this.#byIssuer.set(mechanism.issuer, [mechanism]);
      else sharing.push(mechanism);
    }
    this.#otherScheme = unsupported(dropped(null, `\`${header}\` is not of the scheme \`Bearer\``));
    this.#tooLong = claimedFalse(
      dropped(null, `the token in \`${header}\` is longer than ${MAXIMUM_TOKEN} characters`),
    );
    this.#tooMany = unsupported(dropped(null, 'too many tokens are being verified'));
    this.#unknownIssuer = foreign(dropped(null, `no mechanism knows the issuer of the token in \`${header}\``));
  }

  /** Forgets every verdict, because keys have changed. */
  forget(): void {
    this.#generation += 1;
    this.#verified.clear();
    this.#forged.clear();
    this.#pending.clear();
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
    const mechanisms = this.#byIssuer.get(token.issuer);
    if (mechanisms === undefined) return this.#unknownIssuer;
    const readings = mechanisms.map((mechanism) => ({ mechanism, reading: readBy(mechanism, token, now) }));
    const candidates = readings.flatMap(({ mechanism, reading }) =>
      reading.kind === 'candidate' ? [{ mechanism, candidate: reading }] : [],
    );
    const refusals = readings.flatMap(({ mechanism: { name }, reading }) =>
      reading.kind === 'candidate' ? [] : [{ ...reading, mechanism: name }],
    );
    const lost = refusals.map(({ mechanism, because }): Dropped => ({ mechanism, because }));
    if (candidates.length === 0) {
      const judged = { ...NOTHING, dropped: lost };
      return refusals.every(({ kind }) => kind === 'unsupported') ? unsupported(judged) : claimedFalse(judged);
    }
    if (this.#pending.size >= MAXIMUM_PENDING) return this.#tooMany;
    const rememberable = refusals.every((refusal) => refusal.kind === 'unsupported' || refusal.forGood);
    const verifying = this.#verify(key, token, candidates, lost, rememberable);
    this.#pending.set(key, verifying);
    return verifying;
  }

  async #verify(
    key: string,
    token: UnverifiedToken,
    candidates: readonly { readonly mechanism: TokenMechanism; readonly candidate: Candidate }[],
    lost: readonly Dropped[],
    rememberable: boolean,
  ): Promise<Verdict> {
    const generation = this.#generation;
    const faults = await Promise.all(candidates.map(({ mechanism }) => mechanism.signatureFault(token)));
    const proven = candidates.filter((_, index) => faults[index] === undefined).map(({ candidate }) => candidate);
    const unproven = candidates.flatMap(({ mechanism: { name } }, index): Dropped[] => {
      const because = faults[index];
      return because === undefined ? [] : [{ mechanism: name, because }];
    });
    const all = [...lost, ...unproven];
    const judged: Judged =
      proven.length > 0
        ? accepted(
            proven.map(({ evidence }) => evidence),
            all,
          )
        : { ...NOTHING, dropped: all };
    const verdict = proven.length > 0 ? taken(judged) : claimedFalse(judged);
    if (generation !== this.#generation) return verdict;
    this.#pending.delete(key);
    if (!rememberable) return verdict;
    if (proven.length === 0) this.#forged.set(key, verdict);
    else this.#verified.set(key, { verdict, until: Math.min(...proven.map(({ expiresAt }) => expiresAt)) });
    return verdict;
  }
}

type Reading = ReturnType<TokenMechanism['read']> | { readonly kind: 'unsupported'; readonly because: string };

function readBy(mechanism: TokenMechanism, token: UnverifiedToken, now: number): Reading {
  const because = mechanism.trouble;
  return because === undefined ? mechanism.read(token, now) : { kind: 'unsupported', because };
}
