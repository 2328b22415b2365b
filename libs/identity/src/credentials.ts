import { ApiKeys } from './api-keys.js';
import type { Judged } from './evidence.js';
import { dropped, together } from './judged.js';
import { byHeader, isOfKind, type MechanismOf } from './mechanisms.js';
import type { MechanismSettings } from './settings.js';
import { TokenMechanism } from './token-mechanism.js';
import { Tokens } from './tokens.js';
import { settled, unsupported, type Verdict } from './verdict.js';
import { type VerificationKeys, verificationKeys } from './verification-keys.js';

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
    mechanisms: readonly MechanismOf<'jwt'>[],
    previous: TokenReader | undefined,
  ): Promise<TokenReader> {
    const description = JSON.stringify(mechanisms.map(({ declaration: { name, role, jwt } }) => [name, role, jwt]));
    if (previous !== undefined && previous.#users > 0 && previous.description === description) {
      previous.#users += 1;
      return previous;
    }
    const keys = await Promise.all(mechanisms.map(verificationKeys));
    const tokens = new Tokens(
      header,
      mechanisms.map((mechanism, index) => new TokenMechanism(mechanism, keys[index]!)),
    );
    for (const source of keys) source.watch(() => tokens.forget());
    return new TokenReader(tokens, description, keys);
  }

  release(): void {
    this.#users -= 1;
    if (this.#users === 0) for (const keys of this.keys) keys.close();
  }
}

/** The client's own credentials in one header field, whatever mechanisms read it. */
export class CredentialHeader {
  #isClosed = false;

  private constructor(
    readonly name: string,
    private readonly apiKeys: ApiKeys | undefined,
    private readonly reader: TokenReader | undefined,
    private readonly opaque: Verdict | undefined,
  ) {}

  /**
   * @param mechanisms  sorted by name; those that read no credential are left out
   * @param previous  of the revision before
   */
  static async all(
    mechanisms: readonly MechanismSettings[],
    previous: readonly CredentialHeader[],
  ): Promise<readonly CredentialHeader[]> {
    const reading = mechanisms.filter(({ declaration: { kind } }) => CREDENTIAL_KINDS.has(kind));
    const prepared = [...byHeader(reading)].map(([header, sharing]) => {
      const before = previous.find(({ name }) => name === header);
      return CredentialHeader.#prepare(header, sharing, before?.reader);
    });
    return Promise.all(prepared);
  }

  static async #prepare(
    header: string,
    mechanisms: readonly MechanismSettings[],
    previous: TokenReader | undefined,
  ): Promise<CredentialHeader> {
    const apiKeys = mechanisms.filter(isOfKind('apiKey'));
    const jwts = mechanisms.filter(isOfKind('jwt'));
    const opaque = mechanisms.filter(isOfKind('introspection'));
    const notYet = opaque.map(({ declaration }) => dropped(declaration.name, 'introspection is not supported yet'));
    return new CredentialHeader(
      header,
      apiKeys.length === 0 ? undefined : new ApiKeys(apiKeys),
      jwts.length === 0 ? undefined : await TokenReader.prepare(header, jwts, previous),
      notYet.length === 0 ? undefined : unsupported(together(notYet)),
    );
  }

  /** @param now  milliseconds since the epoch */
  judge(value: string, now: number): Judged | Promise<Judged> {
    const key = this.apiKeys?.judge(value, now);
    if (key?.fate === 'accepted' || this.reader === undefined) return this.#settle(key, undefined);
    const token = this.reader.tokens.judge(value, now);
    if (!(token instanceof Promise)) return this.#settle(key, token);
    return token.then((verdict) => this.#settle(key, verdict));
  }

  close(): void {
    if (!this.#isClosed) this.reader?.release();
    this.#isClosed = true;
  }

  #settle(key: Verdict | undefined, token: Verdict | undefined): Judged {
    if (token?.fate === 'accepted') return token.judged;
    if (key?.fate === 'accepted') return key.judged;
    return settled([key, token, this.opaque].filter((verdict) => verdict !== undefined));
  }
}

const CREDENTIAL_KINDS: ReadonlySet<string> = new Set(['apiKey', 'jwt', 'introspection']);
