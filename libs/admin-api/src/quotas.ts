import { Inject, Injectable } from '@nestjs/common';
import { type Amounts, amountsIn, QUOTA_SOURCE, quotaFile, quotaOf } from '#administration';
import { loadBundle, QUOTA_MEASURES } from '#policy';
import { Problem } from '#problem';
import type { ChangedQuotaView, QuotaView } from './dto/quota.dto.js';
import { OperatorRights } from './operator-rights.js';
import type { Operator } from './operators.js';
import { type Edit, type EditStep, Publishing } from './publishing.js';
import { invalid } from './request.pipe.js';

type Changing = Pick<Edit, 'because' | 'operator' | 'context' | 'idempotencyKey'>;

/** Limits subtrees beside their documents, by the word of whoever owns the domain above. */
@Injectable()
export class Quotas {
  constructor(
    @Inject(OperatorRights) private readonly rights: OperatorRights,
    @Inject(Publishing) private readonly publishing: Publishing,
  ) {}

  /** @throws Problem `domain-unknown` */
  async read(domain: string, operator: Operator): Promise<QuotaView> {
    const { newest, sight } = await this.rights.now(operator);
    const isThere = newest.documents.some(({ kind, name }) => kind === 'Domain' && name === domain);
    if (!isThere || !sight.ofDomain(domain)) throw new Problem('domain-unknown', { name: domain });
    const files = newest.documents.map(({ kind, name, text }) => ({ file: `${kind}/${name}`, text }));
    const held = amountsIn(
      loadBundle(files).documents.map(({ document }) => document),
      domain,
    );
    return { domain, limits: quotaOf(newest.documents, domain) ?? {}, held };
  }

  /** @throws Problem `request-invalid`, `domain-unknown`, and what a publication is refused for */
  set(domain: string, limits: Amounts, changing: Changing): Promise<ChangedQuotaView> {
    if (QUOTA_MEASURES.every((measure) => limits[measure] === undefined)) {
      throw invalid([{ pointer: '/limits', message: 'say at least one; DELETE lifts them all' }]);
    }
    return this.#change(domain, { limits }, changing, () => ({ files: [quotaFile(domain, limits)] }));
  }

  /** @throws Problem `domain-unknown`, and what a publication is refused for */
  lift(domain: string, changing: Changing): Promise<ChangedQuotaView> {
    return this.#change(domain, { lift: domain }, changing, (isLimited) =>
      isLimited ? { removed: [{ kind: 'Quota', name: domain }] } : {},
    );
  }

  async #change(
    domain: string,
    request: object,
    changing: Changing,
    step: (isLimited: boolean) => EditStep,
  ): Promise<ChangedQuotaView> {
    const published = await this.publishing.editAsAnySource({
      ...changing,
      source: QUOTA_SOURCE,
      request: { ...request, quota: domain, because: changing.because },
      on: (set, sight) => {
        const isThere = set.some(({ kind, name }) => kind === 'Domain' && name === domain);
        // What the operator does not see is, to them, not there.
        if (!isThere || !sight.ofDomain(domain)) throw new Problem('domain-unknown', { name: domain });
        return step(set.some(({ kind, name }) => kind === 'Quota' && name === domain));
      },
    });
    return { ...published, domain };
  }
}
