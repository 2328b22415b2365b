import { API_VERSION, chainOf, loadBundle, type LocatedDocument, type RoleSetDocument, type SourceFile } from '#policy';

/** A role set, and where it was read. */
export interface SoundRoleSet {
  readonly document: RoleSetDocument;
  readonly located: LocatedDocument;
}

/**
 * The one role set of a file, where it has no fault of its own. A document with faults may be read in part, and then says
 * less than it was meant to.
 *
 * @returns null for everything else; whether its domain exists is for the whole set to say
 */
export function soundRoleSet(file: SourceFile): SoundRoleSet | null {
  const [read, ...more] = loadBundle([file]).documents;
  if (read?.document.kind !== 'RoleSet' || more.length > 0) return null;
  const places = chainOf(read.document.metadata.domain).map((name) => ({
    file: `Domain/${name}`,
    text: JSON.stringify({ apiVersion: API_VERSION, kind: 'Domain', metadata: { name }, spec: {} }),
  }));
  const { faults } = loadBundle([file, ...places]);
  return faults.length === 0 ? { document: read.document, located: read } : null;
}
