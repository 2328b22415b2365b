import {
  API_VERSION,
  chainOf,
  type EntitySetDocument,
  loadBundle,
  type PolicyDocument,
  type RoleSetDocument,
} from '#policy';
import type { StoredDocument } from './stored-document.js';

/** Documents that are lists of facts. */
interface FactDocuments {
  readonly RoleSet: RoleSetDocument;
  readonly EntitySet: EntitySetDocument;
}

/**
 * What a stored role set or entity set says, where it has no fault of its own. A document with faults may be read in part,
 * and then says less than it was meant to.
 *
 * @returns null for everything else; whether its domain exists is for the whole set to say
 */
export function soundFacts<Kind extends keyof FactDocuments>(
  { kind, name, text }: StoredDocument,
  wanted: Kind,
): FactDocuments[Kind] | null {
  const file = { file: `${kind}/${name}`, text };
  const [read, ...more] = loadBundle([file]).documents;
  if (read === undefined || !isOf(read.document, wanted) || more.length > 0) return null;
  const places = chainOf(read.document.metadata.domain).map((place) => ({
    file: `Domain/${place}`,
    text: JSON.stringify({ apiVersion: API_VERSION, kind: 'Domain', metadata: { name: place }, spec: {} }),
  }));
  return loadBundle([file, ...places]).faults.length === 0 ? read.document : null;
}

function isOf<Kind extends keyof FactDocuments>(document: PolicyDocument, kind: Kind): document is FactDocuments[Kind] {
  return document.kind === kind;
}
