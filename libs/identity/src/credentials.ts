import { ApiKeys } from './api-keys.js';
import type { Judged } from './evidence.js';
import { Introspection } from './introspection.js';
import type { Issuers } from './issuers.js';
import type { KeyRing } from './key-ring.js';
import { byHeader, credentialHeaderOf, isOfKind } from './mechanisms.js';
import type { MechanismSettings } from './settings.js';
import { MAXIMUM_TOKEN, tokenIn } from './token.js';
import { type SignedTokenMechanism, TokenMechanism } from './token-mechanism.js';
import { Tokens } from './tokens.js';
import { settled, type Verdict } from './verdict.js';
import { type KeyPlace, type VerificationKeys, verificationKeys } from './verification-keys.js';

/** Without an issuer to wait for, nothing waits. */
const NO_WAIT = 0;

/**
 * What reads the tokens of one header. Revisions in which its mechanisms are the same share it: a new revision would else
 * have every token verified anew, all at once.
 */
class TokenReader {
  #users = 1;

  private constructor(
    readonly tokens: Tokens,
    /** Equal texts: the very same mechanisms. */
    private readonly description: string,
    private readonly keys: readonly VerificationKeys[],
  ) {}

  static async prepare(
    header: string,
    mechanisms: readonly SignedTokenMechanism[],
    { before, issuers }: { readonly before: TokenReader | undefined; readonly issuers: Issuers | undefined },
  ): Promise<TokenReader> {
    const description = JSON.stringify(mechanisms.map(({ declaration }) => settingsOf(declaration)));
    if (before !== undefined && before.#users > 0 && before.description === description) {
      before.#users += 1;
      return before;
    }
    const keys = await Promise.all(mechanisms.map((mechanism) => verificationKeys(keyPlaceOf(mechanism), issuers)));
    const wait = issuers?.parts.waitMilliseconds ?? NO_WAIT;
    const tokens = new Tokens(
      header,
      mechanisms.map((mechanism, index) => new TokenMechanism(mechanism, keys[index]!, wait)),
    );
    for (const [index, source] of keys.entries()) {
      const { name } = mechanisms[index]!.declaration;
      source.watch((gone) => tokens.forget(name, gone));
    }
    return new TokenReader(tokens, description, keys);
  }

  release(): void {
    this.#users -= 1;
    if (this.#users === 0) for (const keys of this.keys) keys.close();
  }
}

/** What is known of credentials beside the revision. */
export interface CredentialSources {
  /** Keys of clients among others. */
  readonly minted: KeyRing;
  /** Undefined: nobody is asked for keys, or about tokens. */
  readonly issuers: Issuers | undefined;
}

/** The client's own credentials in one header field, whatever mechanisms read it. */
export class CredentialHeader {
  #isClosed = false;

  private constructor(
    readonly name: string,
    private readonly apiKeys: ApiKeys | undefined,
    private readonly reader: TokenReader | undefined,
    private readonly introspections: readonly IntrospectionUse[],
  ) {}

  /**
   * @param mechanisms  sorted by name; those that read no credential are left out
   * @param before  of the revision before
   */
  static async all(
    mechanisms: readonly MechanismSettings[],
    before: readonly CredentialHeader[],
    sources: CredentialSources,
  ): Promise<readonly CredentialHeader[]> {
    const prepared = [...byHeader(mechanisms, credentialHeaderOf)].map(([header, sharing]) =>
      CredentialHeader.#prepare(
        header,
        sharing,
        before.find(({ name }) => name === header),
        sources,
      ),
    );
    return Promise.all(prepared);
  }

  static async #prepare(
    header: string,
    mechanisms: readonly MechanismSettings[],
    before: CredentialHeader | undefined,
    { minted, issuers }: CredentialSources,
  ): Promise<CredentialHeader> {
    const apiKeys = mechanisms.filter(isOfKind('apiKey'));
    const signed = mechanisms.filter(isSignedTokenMechanism);
    const introspections = mechanisms.filter(isOfKind('introspection')).map((mechanism): IntrospectionUse => {
      const description = JSON.stringify(mechanism.declaration);
      const known = before?.introspections.find((one) => one.description === description);
      return known ?? { description, introspection: new Introspection(mechanism, issuers) };
    });
    return new CredentialHeader(
      header,
      apiKeys.length === 0 ? undefined : new ApiKeys(apiKeys, minted),
      signed.length === 0 ? undefined : await TokenReader.prepare(header, signed, { before: before?.reader, issuers }),
      introspections,
    );
  }

  /**
   * @param now  milliseconds since the epoch
   * @param from  who brings it, from the enforcement point in, as far as is known
   */
  judge(value: string, now: number, from: readonly string[]): Judged | Promise<Judged> {
    const key = this.apiKeys?.judge(value, now);
    if (key?.fate === 'accepted') return key.judged;
    const token = this.reader?.tokens.judge(value, now);
    if (!(token instanceof Promise)) return this.#afterToken({ value, now, from }, key, token);
    return token.then((verdict) => this.#afterToken({ value, now, from }, key, verdict));
  }

  /** Nobody is asked about a token that a mechanism here knows, or may know. */
  #afterToken(
    { value, now, from }: { readonly value: string; readonly now: number; readonly from: readonly string[] },
    key: Verdict | undefined,
    token: Verdict | undefined,
  ): Judged | Promise<Judged> {
    if (token?.fate === 'accepted') return token.judged;
    const text = tokenIn(this.name, value);
    const isUnknown =
      (token === undefined || token.fate === 'foreign') && text !== undefined && text.length <= MAXIMUM_TOKEN;
    const asked = isUnknown ? this.introspections.map(({ introspection }) => introspection.judge(text, now, from)) : [];
    const settle = (words: readonly Verdict[]) =>
      settled([key, token, ...words].filter((verdict) => verdict !== undefined));
    if (!asked.some((word) => word instanceof Promise)) return settle(asked as Verdict[]);
    return Promise.all(asked.map(async (word) => word)).then(settle);
  }

  close(): void {
    if (!this.#isClosed) this.reader?.release();
    this.#isClosed = true;
  }
}

/** What one mechanism remembers goes on where the next revision has the very same. */
interface IntrospectionUse {
  readonly description: string;
  readonly introspection: Introspection;
}

function isSignedTokenMechanism(mechanism: MechanismSettings): mechanism is SignedTokenMechanism {
  const { declaration } = mechanism;
  return declaration.kind === 'jwt' || (declaration.kind === 'spiffe' && declaration.spiffe.jwtSvid !== undefined);
}

/** All that a verdict about a token depends on. */
function settingsOf(declaration: SignedTokenMechanism['declaration']): unknown {
  const { name, role } = declaration;
  return [name, role, declaration.kind === 'jwt' ? declaration.jwt : declaration.spiffe];
}

function keyPlaceOf({ declaration }: SignedTokenMechanism): KeyPlace {
  const { name } = declaration;
  if (declaration.kind === 'spiffe') return { name, keys: declaration.spiffe.jwtSvid!.keys, use: 'jwt-svid' };
  return { name, issuer: declaration.jwt.issuer, keys: declaration.jwt.keys, use: 'sig' };
}
