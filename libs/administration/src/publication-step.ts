import { createHash } from 'node:crypto';
import { type DocumentKey, keyText, type Publication, type Revision } from './revision.js';
import { contentHashOf, type NewDocument, type StoredDocument } from './stored-document.js';

/** A document of the base without its text. */
export type DocumentMark = Pick<StoredDocument, 'kind' | 'name' | 'source' | 'contentHash'>;

/** What a publication does to its base, once everything that changes nothing is left out. */
export interface PublicationStep {
  readonly put: readonly NewDocument[];
  readonly remove: readonly DocumentKey[];
  /** Of the set after it. */
  readonly contentHash: string;
}

export function publicationStep(publication: Publication, base: readonly DocumentMark[]): PublicationStep {
  const set = new Map<string, DocumentMark>(base.map((document) => [keyText(document), document]));
  const put = publication.put.filter((document) => {
    const before = set.get(keyText(document));
    return before?.contentHash !== document.contentHash || before.source !== document.source;
  });
  const remove = publication.remove.filter((key) => set.delete(keyText(key)));
  for (const document of put) set.set(keyText(document), document);
  return { put, remove, contentHash: contentHashOf(set.values()) };
}

/** Whether a publication was planned on the newest revision. */
export function isOnNewest({ base }: Publication, newest: Revision | null): boolean {
  return base === null ? newest === null : base.number === newest?.number && base.contentHash === newest.contentHash;
}

/** SHA-256 in hex of everything a publication asks for: tells a repetition from another publication with its key. */
export function publicationHash({ base, put, remove, provenance, requestHash }: Publication): string {
  if (requestHash !== undefined) return requestHash;
  const asked = [
    base && [base.number, base.contentHash],
    put.map((document) => [keyText(document), document.source, document.contentHash]).sort(),
    remove.map(keyText).sort(),
    [provenance.author, provenance.source, provenance.because, provenance.gitCommit, provenance.gitAuthor],
  ];
  return createHash('sha256').update(JSON.stringify(asked)).digest('hex');
}
