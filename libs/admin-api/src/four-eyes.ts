import { Inject, Injectable } from '@nestjs/common';
import { FOUR_EYES_SOURCE, fourEyesFile, fourEyesKey, isMarked, type StoredDocument } from '#administration';
import { chainOf } from '#policy';
import { Problem } from '#problem';
import type { ChangedFourEyesView, FourEyesView } from './dto/four-eyes.dto.js';
import { OperatorRights } from './operator-rights.js';
import type { Operator } from './operators.js';
import { type Edit, type EditStep, Publishing } from './publishing.js';

type Changing = Pick<Edit, 'because' | 'operator' | 'context' | 'idempotencyKey'>;

/** Says where two people decide. */
@Injectable()
export class FourEyes {
  constructor(
    @Inject(OperatorRights) private readonly rights: OperatorRights,
    @Inject(Publishing) private readonly publishing: Publishing,
  ) {}

  /** @throws Problem `domain-unknown` */
  async read(domain: string, operator: Operator): Promise<FourEyesView> {
    const { newest, sight } = await this.rights.now(operator);
    if (!isThere(newest.documents, domain) || !sight.ofDomain(domain))
      throw new Problem('domain-unknown', { name: domain });
    // Those around it have names that are part of its own.
    return { domain, from: chainOf(domain).filter((name) => isMarked(newest.documents, name)) };
  }

  /** @throws Problem `domain-unknown`, and what a publication is refused for */
  begin(domain: string, changing: Changing): Promise<ChangedFourEyesView> {
    return this.#change(domain, 'begin', changing, (isSaid) =>
      isSaid ? {} : { files: [fourEyesFile(domain, changing.because)] },
    );
  }

  /** @throws Problem `domain-unknown`, `four-eyes-required` where it is said, and what a publication is refused for */
  end(domain: string, changing: Changing): Promise<ChangedFourEyesView> {
    return this.#change(domain, 'end', changing, (isSaid) => (isSaid ? { removed: [fourEyesKey(domain)] } : {}));
  }

  async #change(
    domain: string,
    verb: 'begin' | 'end',
    changing: Changing,
    step: (isSaid: boolean) => EditStep,
  ): Promise<ChangedFourEyesView> {
    const published = await this.publishing.editAsAnySource({
      ...changing,
      source: FOUR_EYES_SOURCE,
      request: { [verb]: domain, because: changing.because, fourEyes: true },
      on: (set, sight) => {
        // What the operator does not see is, to them, not there.
        if (!isThere(set, domain) || !sight.ofDomain(domain)) throw new Problem('domain-unknown', { name: domain });
        return step(isMarked(set, domain));
      },
    });
    return { ...published, domain };
  }
}

function isThere(set: readonly StoredDocument[], domain: string): boolean {
  return set.some(({ kind, name }) => kind === 'Domain' && name === domain);
}
