import { Inject, Injectable } from '@nestjs/common';
import type { Credential, CredentialKind, MintedCredential } from '#administration';
import { parseInstant } from '#policy';
import { Problem } from '#problem';
import type { PageQuery } from './dto/revision.dto.js';
import { behindCursor, DEFAULT_LIMIT, type Page, readAhead } from './paging.js';
import { ADMIN_API_PARTS, type AdminApiParts } from './parts.js';
import { PolicySets } from './policy-sets.js';
import { invalid } from './request.pipe.js';

const WHAT = { 'enforcement-point-key': 'key', 'operator-token': 'operator' } as const;

/** Keys and tokens alike: made, listed, revoked. */
@Injectable()
export class Credentials {
  constructor(
    @Inject(ADMIN_API_PARTS) private readonly parts: AdminApiParts,
    @Inject(PolicySets) private readonly sets: PolicySets,
  ) {}

  create(
    kind: CredentialKind,
    asked: { readonly name: string; readonly expiresAt: string | undefined },
    createdBy: string,
  ): Promise<MintedCredential> {
    const { credentials } = this.sets.history;
    return credentials.create({ kind, name: asked.name, createdBy, expiresAt: this.#expiry(asked.expiresAt) });
  }

  async list(kind: CredentialKind, { limit = DEFAULT_LIMIT, next }: PageQuery): Promise<Page<Credential>> {
    const after = next === undefined ? undefined : behindCursor(next);
    const found = await this.sets.history.credentials.list(kind, { after, limit: limit + 1 });
    return readAhead(found, ({ id }) => id, limit);
  }

  async revoke(kind: CredentialKind, id: string, by: string): Promise<Credential> {
    const revoked = await this.sets.history.credentials.revoke(kind, id, by);
    if (revoked === null) throw new Problem('credential-unknown', { what: WHAT[kind], id });
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
