import type { Evidence } from '#engine';
import { CredentialHeader } from './credentials.js';
import type { Issuers } from './issuers.js';
import { KeyRing } from './key-ring.js';
import type { MechanismSettings } from './settings.js';
import { MAXIMUM_TOKEN, readToken } from './token.js';

/** Whose tokens are meant, without any policy that says so. */
export interface TrustedIssuer {
  /** What `iss` says; its keys are found by OIDC discovery. */
  readonly issuer: string;
  /** What `aud` has to hold. */
  readonly audience: string;
  /** Where groups are, as mechanisms name it: `groups`, `realm_access.roles`. */
  readonly groupsClaim: string;
}

/** Of a token that is believed. */
export type TokenHolder = Pick<Evidence, 'subject' | 'groups'> & {
  /** The first instant at which it does not count any more; milliseconds since the epoch. */
  readonly expiresAt: number;
};

const NAME = 'operators';
/** Belongs to no policy, and so to no domain of one. */
const OWNER = '*';

/** Tokens of one issuer, judged by the very mechanism that a policy would declare for it. */
export class IssuerTokens {
  readonly issuer: string;
  readonly #header: Promise<CredentialHeader | undefined>;

  /** Asks for keys at once, and waits for them where a token needs them. */
  constructor(trusted: TrustedIssuer, issuers: Issuers) {
    this.issuer = trusted.issuer;
    this.#header = CredentialHeader.all([mechanismOf(trusted)], [], { minted: new KeyRing(), issuers }).then(
      ([header]) => header,
    );
    // Whoever asks first is told.
    this.#header.catch(() => {});
  }

  /**
   * Whom a token says it is of, believed or not; undefined when it is none of this issuer. To count tries by, and for nothing
   * else.
   */
  claimedSubject(token: string): string | undefined {
    if (token.length > MAXIMUM_TOKEN) return undefined;
    const read = readToken(token);
    if (typeof read === 'string' || read.issuer !== this.issuer) return undefined;
    const { sub } = read.claims;
    return typeof sub === 'string' ? sub : undefined;
  }

  /**
   * @param now  milliseconds since the epoch
   * @returns undefined for a token that is not believed, whatever the reason, also while there are no keys
   */
  async judge(token: string, now: number): Promise<TokenHolder | undefined> {
    const header = await this.#header;
    const judged = await header?.judge(`Bearer ${token}`, now, []);
    const [evidence] = judged?.evidence ?? [];
    if (evidence?.verified !== true || evidence.expiresAt === undefined) return undefined;
    const { subject, groups, expiresAt } = evidence;
    return { subject, groups, expiresAt };
  }

  /** Looks for no keys any more. */
  async close(): Promise<void> {
    (await this.#header.catch(() => undefined))?.close();
  }
}

function mechanismOf({ issuer, audience, groupsClaim }: TrustedIssuer): MechanismSettings {
  const jwt = { issuer, audiences: [audience], groupsClaim };
  return { owner: OWNER, declaration: { name: NAME, role: 'access', kind: 'jwt', jwt } };
}
