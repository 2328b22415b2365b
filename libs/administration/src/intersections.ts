import { loadBundle, type PolicyDocument } from '#policy';
import { areRelated, documentNames, type DocumentNames } from './document-names.js';
import { type DocumentChange, type DocumentKey, keyText } from './revision.js';
import type { StoredDocument } from './stored-document.js';

/** What a bundle is about, before it is known what it changes. */
export interface BundleScope {
  readonly source: string;
  /** Of every document that it holds. */
  readonly held: readonly DocumentKey[];
  /** Documents that it says go. */
  readonly removed: readonly DocumentKey[];
  /** Whether it speaks for its whole source. */
  readonly prune: boolean;
}

/** A document that somebody else changed meanwhile, and why that is in a bundle's way. */
export interface Intersection extends DocumentKey {
  /** The source it belongs to, or belonged to. */
  readonly source: string;
  /** `changed`: the bundle speaks of the very document; `referenced`: what the bundle changes names it, or is named by it. */
  readonly because: 'changed' | 'referenced';
}

/**
 * Where a bundle and what others published since its base have to do with one another. Where they have not, both orders
 * lead to the same set, and the bundle may be planned again on the newest one.
 *
 * @param touched  what the bundle changes on the newest set, as it was and as it would be
 * @param theirs   from the bundle's base to the newest set
 */
export function intersections(
  scope: BundleScope,
  touched: readonly PolicyDocument[],
  theirs: readonly DocumentChange[],
): readonly Intersection[] {
  const named = new Set([...scope.held, ...scope.removed].map(keyText));
  const mine = touched.map(documentNames);
  return theirs.flatMap((change): readonly Intersection[] => {
    const sides = sidesOf(change);
    const { kind, name, source } = sides.at(-1)!;
    const isNamed = named.has(keyText({ kind, name }));
    // Who speaks for a whole source says of each of its documents whether it is there.
    if (isNamed || (scope.prune && sides.some((side) => side.source === scope.source))) {
      return [{ kind, name, source, because: 'changed' }];
    }
    const isReferenced = sides.flatMap(namesOf).some((names) => mine.some((own) => areRelated(own, names)));
    return isReferenced ? [{ kind, name, source, because: 'referenced' }] : [];
  });
}

function sidesOf(change: DocumentChange): readonly StoredDocument[] {
  switch (change.kind) {
    case 'added':
      return [change.after];
    case 'removed':
      return [change.before];
    case 'changed':
      return [change.before, change.after];
  }
}

function namesOf({ kind, name, text }: StoredDocument): readonly DocumentNames[] {
  return loadBundle([{ file: `${kind}/${name}`, text }]).documents.map(({ document }) => documentNames(document));
}
