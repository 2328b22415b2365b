import { Inject, Injectable } from '@nestjs/common';
import {
  isSuspendedByDocument,
  type StoredDocument,
  suspendedAround,
  suspendedDomains,
  SUSPENSION_SOURCE,
  suspensionFile,
} from '#administration';
import { Problem } from '#problem';
import type { SuspensionView } from './dto/domain.dto.js';
import { OperatorRights } from './operator-rights.js';
import { type Edit, type EditStep, Publishing } from './publishing.js';

type Changing = Pick<Edit, 'because' | 'operator' | 'context' | 'idempotencyKey'>;

/** Suspends domains beside their documents, so that no bundle brings them back by accident. */
@Injectable()
export class Suspensions {
  constructor(
    @Inject(OperatorRights) private readonly rights: OperatorRights,
    @Inject(Publishing) private readonly publishing: Publishing,
  ) {}

  /** @throws Problem `domain-unknown`, and what a publication is refused for */
  suspend(domain: string, changing: Changing): Promise<SuspensionView> {
    return this.#change(domain, 'suspend', changing, (set) =>
      suspendedDomains(set).has(domain) ? {} : { files: [suspensionFile(domain, changing.because)] },
    );
  }

  /** @throws Problem `domain-unknown`, `suspended-by-document`, and what a publication is refused for */
  resume(domain: string, changing: Changing): Promise<SuspensionView> {
    return this.#change(domain, 'resume', changing, (set, isByDocument) => {
      if (suspendedDomains(set).has(domain)) return { removed: [{ kind: 'Suspension', name: domain }] };
      if (!isByDocument) return {};
      const { source } = set.find(({ kind, name }) => kind === 'Domain' && name === domain)!;
      throw new Problem('suspended-by-document', { name: domain, source });
    });
  }

  async #change(
    domain: string,
    verb: 'suspend' | 'resume',
    changing: Changing,
    step: (set: readonly StoredDocument[], isByDocument: boolean) => EditStep,
  ): Promise<SuspensionView> {
    const published = await this.publishing.editAsAnySource({
      ...changing,
      source: SUSPENSION_SOURCE,
      request: { [verb]: domain, because: changing.because },
      on: (set, sight) => {
        const isByDocument = isSuspendedByDocument(set, domain);
        // What the operator does not see is, to them, not there.
        if (isByDocument === undefined || !sight.ofDomain(domain))
          throw new Problem('domain-unknown', { name: domain });
        return step(set, isByDocument);
      },
    });
    const { newest, sight } = await this.rights.now(changing.operator);
    // Those around it have names that are part of its own.
    const suspendedBy = suspendedAround(newest.documents, domain).filter((name) => sight.knows(name));
    return { ...published, domain, suspendedBy };
  }
}
