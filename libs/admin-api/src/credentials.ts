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

  /** @param isSeen  of the others it is not told that there are any */
  async list(
    what: What,
    { limit = DEFAULT_LIMIT, next }: PageQuery,
    isSeen: (credential: Credential) => Promise<boolean>,
  ): Promise<Page<Credential>> {
    const { credentials } = this.sets.history;
    const seen: Credential[] = [];
    let after = next === undefined ? undefined : behindCursor(next);
    while (seen.length <= limit) {
      const found = await credentials.list(KINDS[what], { after, limit: limit + 1 });
      for (const credential of found) if (await isSeen(credential)) seen.push(credential);
      if (found.length <= limit) break;
      after = found.at(-1)!.id;
    }
    return readAhead(seen, ({ id }) => id, limit);
  }

  /** When each was last used, milliseconds since 1970; without those that never were. */
  lastUses(credentials: readonly Credential[]): Promise<ReadonlyMap<string, number>> {
    return this.sets.history.credentials.lastUses(credentials.map(({ id }) => id));
  }

  /**
   * @returns null when there is none of that kind
   * @throws Problem `no-history`; StoreFault
   */
  async find(what: What, id: string): Promise<Credential | null> {
    const found = await this.sets.history.credentials.find(id);
    const kinds: readonly CredentialKind[] = KINDS[what];
    return found !== null && kinds.includes(found.kind) ? found : null;
  }

  /** @throws Problem `credential-unknown` */
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
