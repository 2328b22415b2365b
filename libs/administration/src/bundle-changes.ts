import { type DocumentKey, keyText, type DocumentChange } from './revision.js';
import type { NewDocument, StoredDocument } from './stored-document.js';

export interface BundleChanges {
  readonly put: readonly NewDocument[];
  readonly remove: readonly DocumentKey[];
  /** Documents of the bundle whose name belongs to another source; a publication must not take them over silently. */
  readonly foreign: readonly NewDocument[];
}

/**
 * What a whole bundle changes: its documents are put, and documents of its source that it does not name are removed.
 * Documents of other sources stay.
 *
 * @param bundle  documents of `source`
 */
export function bundleChanges(
  inForce: readonly StoredDocument[],
  bundle: readonly NewDocument[],
  source: string,
): BundleChanges {
  const before = new Map(inForce.map((document) => [keyText(document), document]));
  const named = new Set(bundle.map(keyText));
  const isForeign = (document: NewDocument) => (before.get(keyText(document))?.source ?? source) !== source;
  return {
    put: bundle.filter(
      (document) => !isForeign(document) && before.get(keyText(document))?.contentHash !== document.contentHash,
    ),
    remove: inForce
      .filter((document) => document.source === source && !named.has(keyText(document)))
      .map(({ kind, name }) => ({ kind, name })),
    foreign: bundle.filter(isForeign),
  };
}

/** How two sets differ, in the order of kind and name. */
export function documentChanges(
  before: readonly StoredDocument[],
  after: readonly StoredDocument[],
): readonly DocumentChange[] {
  const old = new Map(before.map((document) => [keyText(document), document]));
  const now = new Map(after.map((document) => [keyText(document), document]));
  return [...new Set([...old.keys(), ...now.keys()])].sort().flatMap((key): readonly DocumentChange[] => {
    const was = old.get(key);
    const is = now.get(key);
    if (was === undefined) return [{ kind: 'added', after: is! }];
    if (is === undefined) return [{ kind: 'removed', before: was }];
    if (was.contentHash === is.contentHash && was.source === is.source) return [];
    return [{ kind: 'changed', before: was, after: is }];
  });
}
