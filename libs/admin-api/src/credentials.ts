import { Inject, Injectable } from '@nestjs/common';
import type { ActContext, Credential, CredentialHolder, CredentialKind, MintedCredential } from '#administration';
import { parseInstant } from '#policy';
import { Problem } from '#problem';
import type { PageQuery } from './dto/revision.dto.js';
import { behindCursor, DEFAULT_LIMIT, type Page, readAhead } from './paging.js';
import { ADMIN_API_PARTS, type AdminApiParts } from './parts.js';
import { PolicySets } from './policy-sets.js';
import { invalid } from './request.pipe.js';

/** What is listed and revoked together, under the name that people give it. */
const KINDS = {
  key: ['client-key', 'enforcement-point-key'],
  operator: ['operator-token'],
} as const satisfies { readonly [what: string]: readonly CredentialKind[] };
type What = keyof typeof KINDS;

/** Keys and tokens alike: made, listed, revoked. */
@Injectable()
export class Credentials {
  constructor(
    @Inject(ADMIN_API_PARTS) private readonly parts: AdminApiParts,
    @Inject(PolicySets) private readonly sets: PolicySets,
  ) {}

  create(
    holder: CredentialHolder,
    expiresAt: string | undefined,
    createdBy: string,
    context: ActContext,
  ): Promise<MintedCredential> {
    const { credentials } = this.sets.history;
    return credentials.create({ ...holder, createdBy, expiresAt: this.#expiry(expiresAt) }, context);
  }

  async list(what: What, { limit = DEFAULT_LIMIT, next }: PageQuery): Promise<Page<Credential>> {
    const after = next === undefined ? undefined : behindCursor(next);
    const found = await this.sets.history.credentials.list(KINDS[what], { after, limit: limit + 1 });
    return readAhead(found, ({ id }) => id, limit);
  }

  /** When each was last used, milliseconds since 1970; without those that never were. */
  lastUses(credentials: readonly Credential[]): Promise<ReadonlyMap<string, number>> {
    return this.sets.history.credentials.lastUses(credentials.map(({ id }) => id));
  }

  async revoke(what: What, id: string, by: string, context: ActContext): Promise<Credential> {
    const revoked = await this.sets.history.credentials.revoke(KINDS[what], id, by, context);
    if (revoked === null) throw new Problem('credential-unknown', { what, id });
    return revoked;
  }

  #expiry(text: string | undefined): number | undefined {
    if (text === undefined) return undefined;
    const instant = parseInstant(text);
    if (instant === undefined) {
      throw invalid([{ pointer: '/expiresAt', message: 'this is no instant of RFC 3339, like 2027-06-30T00:00:00Z' }]);
    }
    if (instant <= this.parts.clock()) throw invalid([{ pointer: '/expiresAt', message: 'this is past already' }]);
    return instant;
  }
}
