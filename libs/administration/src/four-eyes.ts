import { API_VERSION, type Fault, type LocatedDocument, type SourceFile } from '#policy';
import type { DocumentKey } from './revision.js';
import type { StoredDocument } from './stored-document.js';

/** The source of every mark by which two people decide. No bundle may have it, so none prunes such a mark. */
export const FOUR_EYES_SOURCE = 'four-eyes';

/** The document by which two people decide in a domain and everything below. */
export function fourEyesFile(domain: string, because: string): SourceFile {
  const text = JSON.stringify({
    apiVersion: API_VERSION,
    kind: 'FourEyes',
    metadata: { name: domain },
    spec: { because },
  });
  return { file: `FourEyes/${domain}`, text };
}

/** The mark of a domain, as bundles name documents. */
export function fourEyesKey(domain: string): DocumentKey {
  return { kind: 'FourEyes', name: domain };
}

/** Tops of the subtrees in which two people decide. */
export function fourEyesDomains(set: Iterable<DocumentKey>): ReadonlySet<string> {
  return new Set([...set].filter(({ kind }) => kind === 'FourEyes').map(({ name }) => name));
}

/** Whether a domain is the top of such a subtree. */
export function isMarked(set: readonly StoredDocument[], domain: string): boolean {
  return set.some(({ kind, name }) => kind === 'FourEyes' && name === domain);
}

/** Such marks are made by their own route; a bundle that held one would take it away again with its next commit. */
export function fourEyesFaults(held: readonly LocatedDocument[]): readonly Fault[] {
  return held
    .filter(({ document }) => document.kind === 'FourEyes')
    .map((located) => ({
      ...located.at,
      severity: 'error',
      code: 'four-eyes-in-bundle',
      message: `a bundle does not say where two people decide: \`dharma four-eyes ${located.document.metadata.name} on\` does`,
    }));
}
