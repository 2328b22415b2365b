import { API_VERSION, chainOf, type EntitySetDocument, loadBundle, type RoleSetDocument } from '#policy';
import type { StoredDocument } from './stored-document.js';

export type FactsDocument = RoleSetDocument | EntitySetDocument;

/**
 * Tells what a stored role set or entity set says, where it has no fault of its own. A document with faults may be read in
 * part, and then says less than it was meant to.
 *
 * @returns null for everything else; whether its domain exists is for the whole set to say
 */
export type SoundFacts = (stored: StoredDocument) => FactsDocument | null;

/** By reading it. That takes longer than all else about a step, so who has read it tells in another way. */
export const soundFacts: SoundFacts = ({ kind, name, domain, text }) => {
  if (domain === null) return null;
  const places = chainOf(domain).map((place) => ({
    file: `Domain/${place}`,
    text: JSON.stringify({ apiVersion: API_VERSION, kind: 'Domain', metadata: { name: place }, spec: {} }),
  }));
  const { documents, faults } = loadBundle([...places, { file: `${kind}/${name}`, text }]);
  const [read, ...more] = documents.map(({ document }) => document).filter((one) => one.kind !== 'Domain');
  if (faults.length > 0 || more.length > 0) return null;
  return read?.kind === 'RoleSet' || read?.kind === 'EntitySet' ? read : null;
};
