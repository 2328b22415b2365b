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
import { PolicySets } from './policy-sets.js';
import { type Edit, type EditStep, Publishing } from './publishing.js';

type Changing = Pick<Edit, 'because' | 'author' | 'context' | 'idempotencyKey'>;

/** Suspends domains beside their documents, so that no bundle brings them back by accident. */
@Injectable()
export class Suspensions {
  constructor(
    @Inject(PolicySets) private readonly sets: PolicySets,
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
      on: (set) => {
        const isByDocument = isSuspendedByDocument(set, domain);
        if (isByDocument === undefined) throw new Problem('domain-unknown', { name: domain });
        return step(set, isByDocument);
      },
    });
    const { documents } = await this.sets.newest();
    return { ...published, domain, suspendedBy: suspendedAround(documents, domain) };
  }
}
