import { ApiKeys } from './api-keys.js';
import type { Judged } from './evidence.js';
import { dropped, together } from './judged.js';
import { byHeader, isOfKind } from './mechanisms.js';
import type { MechanismSettings } from './settings.js';
import { TokenMechanism } from './token-mechanism.js';
import { Tokens } from './tokens.js';
import { settled, unsupported, type Verdict } from './verdict.js';
import { type VerificationKeys, verificationKeys } from './verification-keys.js';

/** The client's own credentials in one header field, whatever mechanisms read it. */
export class CredentialHeader {
  private constructor(
    readonly name: string,
    private readonly apiKeys: ApiKeys | undefined,
    private readonly tokens: Tokens | undefined,
    private readonly opaque: Verdict | undefined,
    private readonly keys: readonly VerificationKeys[],
  ) {}

  /** @param mechanisms  sorted by name; those that read no credential are left out */
  static async all(mechanisms: readonly MechanismSettings[]): Promise<readonly CredentialHeader[]> {
    const reading = mechanisms.filter(({ declaration: { kind } }) => CREDENTIAL_KINDS.has(kind));
    return Promise.all([...byHeader(reading)].map(([header, sharing]) => CredentialHeader.#prepare(header, sharing)));
  }

  static async #prepare(header: string, mechanisms: readonly MechanismSettings[]): Promise<CredentialHeader> {
    const apiKeys = mechanisms.filter(isOfKind('apiKey'));
    const jwts = mechanisms.filter(isOfKind('jwt'));
    const opaque = mechanisms.filter(isOfKind('introspection'));
    let tokens: Tokens | undefined;
    const keys = await Promise.all(jwts.map((mechanism) => verificationKeys(mechanism, () => tokens?.forget())));
    if (jwts.length > 0) {
      const readers = jwts.map((mechanism, index) => new TokenMechanism(mechanism, keys[index]!));
      tokens = new Tokens(header, readers);
    }
    const notYet = opaque.map(({ declaration }) => dropped(declaration.name, 'introspection is not supported yet'));
    return new CredentialHeader(
      header,
      apiKeys.length === 0 ? undefined : new ApiKeys(apiKeys),
      tokens,
      notYet.length === 0 ? undefined : unsupported(together(notYet)),
      keys,
    );
  }

  /** @param now  milliseconds since the epoch */
  judge(value: string, now: number): Judged | Promise<Judged> {
    const key = this.apiKeys?.judge(value, now);
    if (key?.fate === 'accepted' || this.tokens === undefined) return this.#settle(key, undefined);
    const token = this.tokens.judge(value, now);
    if (!(token instanceof Promise)) return this.#settle(key, token);
    return token.then((verdict) => this.#settle(key, verdict));
  }

  close(): void {
    for (const keys of this.keys) keys.close();
  }

  #settle(key: Verdict | undefined, token: Verdict | undefined): Judged {
    if (token?.fate === 'accepted') return token.judged;
    if (key?.fate === 'accepted') return key.judged;
    return settled([key, token, this.opaque].filter((verdict) => verdict !== undefined));
  }
}

const CREDENTIAL_KINDS: ReadonlySet<string> = new Set(['apiKey', 'jwt', 'introspection']);
