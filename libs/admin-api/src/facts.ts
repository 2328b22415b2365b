import { Inject, Injectable } from '@nestjs/common';
import { type ActContext, keyText, type StoredDocument } from '#administration';
import type { DocumentKind } from '#policy';
import { Problem } from '#problem';
import { API_SOURCE, type ChangeWords } from './dto/change.dto.js';
import type { Published } from './dto/revision.dto.js';
import type { Operator } from './operators.js';
import { Publishing } from './publishing.js';

/** Who changes facts, and how a repetition is known. */
export interface Changing {
  readonly operator: Operator;
  readonly context: ActContext;
  readonly idempotencyKey: string | undefined;
}

/** Changes one role set or entity set, fact by fact. */
@Injectable()
export class Facts {
  constructor(@Inject(Publishing) private readonly publishing: Publishing) {}

  /**
   * @param asked  with the source that the set belongs to
   * @param text   what the set says afterwards
   * @throws Problem `document-unknown`, and what a publication is refused for
   */
  change(
    kind: DocumentKind,
    name: string,
    asked: ChangeWords,
    { operator, context, idempotencyKey }: Changing,
    text: (stored: StoredDocument) => string,
  ): Promise<Published> {
    const { because, source = API_SOURCE } = asked;
    const file = keyText({ kind, name });
    return this.publishing.edit({
      source,
      because,
      operator,
      context,
      idempotencyKey,
      request: { ...asked, change: file },
      on: (set, sight) => {
        const stored = set.find((one) => one.kind === kind && one.name === name && sight.ofDocument(one));
        if (stored === undefined) throw new Problem('document-unknown', { kind, name });
        return { files: [{ file, text: text(stored) }] };
      },
    });
  }
}
