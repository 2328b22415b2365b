import type { StoredDocument } from '#administration';
import { Problem } from '#problem';

/** What a request says of the document that it changes. */
export interface Preconditions {
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
}

const ANYTHING = '*';

export function etagOf({ contentHash }: StoredDocument): string {
  return `"${contentHash}"`;
}

/**
 * Whether a list names an entity tag.
 *
 * @see RFC 9110, section 13.1.2: the comparison of `if-none-match` is weak
 */
export function isAmong(etag: string, list: string | undefined): boolean {
  return tagsIn(list).some((one) => one === ANYTHING || one.replace(/^W\//, '') === etag);
}

/** @throws Problem `precondition-required` when a request changes a document that it never saw */
export function judgeStated({ ifMatch, ifNoneMatch }: Preconditions): void {
  if (ifMatch === undefined && ifNoneMatch === undefined) throw new Problem('precondition-required');
}

/**
 * Holds a change to the document as its author saw it.
 *
 * @param stored  undefined when there is no such document
 * @throws Problem `precondition-failed`, with the `etag` that it has now
 * @see RFC 9110, section 13.1.1: the comparison of `if-match` is strong, so a weak tag is never the same
 */
export function judgePreconditions(
  { ifMatch, ifNoneMatch }: Preconditions,
  key: { readonly kind: string; readonly name: string },
  stored: StoredDocument | undefined,
): void {
  const etag = stored === undefined ? null : etagOf(stored);
  const failed = (state: string) =>
    new Problem('precondition-failed', { kind: key.kind, name: key.name, state }, { etag });
  if (ifMatch !== undefined) {
    if (etag === null) throw failed('does not exist');
    if (!tagsIn(ifMatch).some((one) => one === ANYTHING || one === etag)) throw failed('was changed meanwhile');
  }
  if (ifNoneMatch !== undefined && etag !== null && isAmong(etag, ifNoneMatch)) throw failed('exists already');
}

function tagsIn(list: string | undefined): readonly string[] {
  return (list ?? '').split(',').map((one) => one.trim());
}
