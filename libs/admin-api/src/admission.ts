import { Inject, Injectable } from '@nestjs/common';
import { Problem } from '#problem';
import { ADMIN_API_PARTS, type AdminApiParts } from './parts.js';
import { TokenBuckets } from './token-buckets.js';

/** How often one may ask. */
export interface AdmissionSettings {
  /** Requests of one operator, in the long run. */
  readonly perSecond: number;
  /** Requests of one operator at once, after a pause. */
  readonly burst: number;
  /** Wrong tokens from one address, in the long run and at once. */
  readonly wrongTokensPerMinute: number;
}

const OPERATORS = 10_000;
const ADDRESSES = 10_000;
/** Tells ids of tokens from addresses. */
const TOKEN = 'token ';
/** Refusals of one operator that are written down; what is above is counted. */
const REFUSALS = { perSecond: 1, burst: 60, keys: OPERATORS } as const;

/** Holds operators to a rate, and strangers to another one by where they come from. In bounded memory. */
@Injectable()
export class Admission {
  readonly #operators: TokenBuckets | undefined;
  readonly #strangers: TokenBuckets | undefined;
  readonly #refusals: TokenBuckets;

  constructor(@Inject(ADMIN_API_PARTS) private readonly parts: AdminApiParts) {
    const { admission, clock } = parts;
    this.#refusals = new TokenBuckets(REFUSALS, clock);
    if (admission === undefined) return;
    const { perSecond, burst, wrongTokensPerMinute } = admission;
    this.#operators = new TokenBuckets({ perSecond, burst, keys: OPERATORS }, clock);
    this.#strangers = new TokenBuckets(
      { perSecond: wrongTokensPerMinute / 60, burst: wrongTokensPerMinute, keys: ADDRESSES },
      clock,
    );
  }

  /**
   * Whether a token is looked up at all. Where too many wrong ones came from, only those whose holders were let in lately
   * are: operators behind the same proxy go on, and guesses cost the database nothing. Ids are no secrets, so tokens that
   * only have such an id are counted by it too.
   *
   * @param id  the part of the token that is no secret
   * @throws Problem `rate-exceeded`
   */
  judgeStranger(address: string, id: string): void {
    const seconds = this.#strangers?.wait(networkOf(address)) ?? 0;
    const isKnown = this.#operators?.has(id) === true && this.#strangers?.wait(`${TOKEN}${id}`) === 0;
    this.#judge(isKnown ? 0 : seconds);
  }

  /** Somebody showed a token that does not count, or none. */
  noteWrongToken(address: string, id: string): void {
    this.#strangers?.take(networkOf(address));
    if (this.#operators?.has(id) === true) this.#strangers?.take(`${TOKEN}${id}`);
    this.parts.onRefused?.('token-unknown');
  }

  /** @param key  of the operator's token. @throws Problem `rate-exceeded` */
  judgeOperator(key: string): void {
    this.#judge(this.#operators?.take(key) ?? 0);
  }

  /** Whether one more refusal of this operator is written down. */
  isRefusalKept(key: string): boolean {
    const isKept = this.#refusals.take(key) === 0;
    if (!isKept) this.parts.onRefused?.('act-unrecorded');
    return isKept;
  }

  #judge(seconds: number): void {
    if (seconds === 0) return;
    this.parts.onRefused?.('rate-exceeded');
    throw new Problem('rate-exceeded', { seconds }, { retryAfterSeconds: seconds });
  }
}

/** One client of IPv6 has at least the 64 bits behind the first four groups. */
function networkOf(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address;
  const [head = '', tail] = address.split('%', 1)[0]!.split('::');
  const groups = [head, tail ?? ''].map((half) => (half === '' ? [] : half.split(':')));
  const zeros = Array.from({ length: tail === undefined ? 0 : 8 - groups[0]!.length - groups[1]!.length }, () => '0');
  return [...groups[0]!, ...zeros, ...groups[1]!].slice(0, 4).join(':');
}
