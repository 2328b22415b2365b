import { type DocumentKind, format, type SourceFile } from '#policy';
import { Stop } from './terminal.js';

/** The folder of each kind. */
const FOLDERS: { readonly [kind in DocumentKind]: string } = {
  Domain: 'domains',
  Service: 'services',
  Policy: 'policies',
  RoleSet: 'role-sets',
  EntitySet: 'entity-sets',
  EnforcementPoint: 'enforcement-points',
  Suspension: 'suspensions',
  Quota: 'quotas',
  FourEyes: 'four-eyes',
  Test: 'tests',
};
/** Names of documents, domains included: no file name made of one leads anywhere else. */
const SAFE_NAME = /^[a-z0-9](?:[a-z0-9.-]{0,1022}[a-z0-9])?$/;
/** What Windows takes for devices, whatever ends them. No document's name begins with the `_` that they get. */
const DEVICE = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)/;
const OURS = new RegExp(`^(?:${Object.values(FOLDERS).join('|')})/[a-z0-9_][a-z0-9.-]*\\.yaml$`);

/**
 * One file a document, by kind and name, printed the one way that files are printed.
 *
 * @throws Stop with 1 for a text that cannot be printed, or a name that makes no file
 */
export function canonicalFiles(
  documents: readonly { readonly kind: DocumentKind; readonly name: string; readonly text: string }[],
): readonly SourceFile[] {
  return documents.map(({ kind, name, text }) => {
    if (!SAFE_NAME.test(name) || name.includes('..')) throw new Stop(1, `\`${kind}/${name}\` makes no file name`);
    const file = `${FOLDERS[kind]}/${DEVICE.test(name) ? '_' : ''}${name}.yaml`;
    const printed = format({ file, text });
    if ('text' in printed) return { file, text: printed.text };
    throw new Stop(1, `\`${kind}/${name}\` cannot be printed: ${printed.faults[0]!.message}`);
  });
}

/** Whether a file, relative to its folder, is where {@link canonicalFiles} puts documents. */
export function isCanonicalPlace(file: string): boolean {
  return OURS.test(file);
}
