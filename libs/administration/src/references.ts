import type { PolicyDocument } from '#policy';
import { areInLine, documentNames, type DocumentNames } from './document-names.js';
import { type DocumentKey, keyText } from './revision.js';

/** A document that goes, or a part of one, and who would lean on nothing then. */
export interface MissedDocument extends DocumentKey {
  /** What goes, like `endpoint orders/public`. */
  readonly what: string;
  /** A document of another source that names it. */
  readonly by: DocumentKey & { readonly source: string };
}

/** Which document of which source, and what it says. */
export interface OwnedDocument {
  readonly source: string;
  readonly document: PolicyDocument;
}

/**
 * What documents of other sources would miss.
 *
 * @param source  whose bundle it is
 * @param before  documents that go or change, as they were
 * @param after   the whole set with the bundle. Tests are not asked: a test blocks in its own domain, and not by a name
 */
export function missedDocuments(
  source: string,
  before: readonly PolicyDocument[],
  after: readonly OwnedDocument[],
): readonly MissedDocument[] {
  const goes = before.map((document) => ({ document, names: documentNames(document) })).filter(losesAName(after));
  // Names of a large set are gathered only where a name goes at all.
  if (goes.length === 0) return [];
  const staying = after.map((owned) => ({ ...owned, names: documentNames(owned.document) }));
  const declared = new Set(staying.flatMap(({ names }) => [...names.declares]));
  const others = staying.filter((one) => one.source !== source && one.document.kind !== 'Test');
  const definitions = staying.filter(({ names }) => names.roles.defined.size > 0);
  return goes.flatMap(({ document, names }) => {
    const gone = [...names.declares].filter((name) => !declared.has(name));
    const { kind, metadata } = document;
    const missed = (what: string, { document: by, source: owner }: OwnedDocument): MissedDocument => ({
      kind,
      name: metadata.name,
      what,
      by: { kind: by.kind, name: by.metadata.name, source: owner },
    });
    return [
      ...gone.flatMap((what) => others.filter((one) => one.names.refers.has(what)).map((one) => missed(what, one))),
      ...[...names.roles.defined].flatMap((role) =>
        others
          .filter((one) => namesRole(one.names, role, names.roles.domain))
          .filter((one) => !definitions.some((set) => definesRole(set.names, role, one.names.roles.domain)))
          .map((one) => missed(`role ${role}`, one)),
      ),
    ];
  });
}

/** Whether what follows a document declares less than it did. */
function losesAName(after: readonly OwnedDocument[]) {
  const following = new Map(after.map(({ document }) => [keyOf(document), document]));
  return ({ document, names }: { readonly document: PolicyDocument; readonly names: DocumentNames }): boolean => {
    const next = following.get(keyOf(document));
    if (next === undefined) return names.declares.size + names.roles.defined.size > 0;
    const { declares, roles } = documentNames(next);
    const isElsewhere = roles.domain !== names.roles.domain;
    return (
      [...names.declares].some((name) => !declares.has(name)) ||
      [...names.roles.defined].some((role) => isElsewhere || !roles.defined.has(role))
    );
  };
}

function keyOf({ kind, metadata }: PolicyDocument): string {
  return keyText({ kind, name: metadata.name });
}

function namesRole({ roles }: DocumentNames, role: string, domain: string): boolean {
  return roles.named.has(role) && areInLine(roles.domain, domain);
}

function definesRole({ roles }: DocumentNames, role: string, domain: string): boolean {
  return roles.defined.has(role) && areInLine(roles.domain, domain);
}
