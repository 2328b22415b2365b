import { createHash } from 'node:crypto';
import type { DocumentKind, EntitySetDocument, PolicyDocument, RoleSetDocument } from '#policy';
import { type DocumentKey, isStorable, keyText, PublicationRefused } from './revision.js';

/** A document as a revision keeps it. */
export interface StoredDocument extends DocumentKey {
  readonly kind: DocumentKind;
  /** The domain it belongs to: a Domain itself, and what a Suspension suspends; null for a Service, and for a Test without one. */
  readonly domain: string | null;
  /** The source whose bundles may prune it. */
  readonly source: string;
  /** What the document reader reads: as written, or for RoleSet and EntitySet the canonical JSON. */
  readonly text: string;
  /** SHA-256 of `text` in UTF-8, in hex. */
  readonly contentHash: string;
}

/** A document on its way into a revision: with what its text means, so that its parts can be asked for. */
export interface NewDocument extends StoredDocument {
  readonly document: PolicyDocument;
}

const LEADING_MARKER = /^---[ \t]*\r?\n/;

/**
 * A document in the form a revision keeps. Role sets and entity sets are lists of facts, kept one by one: their
 * assignments and entities come sorted, each once, and remarks among them are lost. Other kinds stay as written, without
 * the marker `---` before them.
 *
 * @param text  the stretch of a file that `document` was read from
 * @throws PublicationRefused  for a text with U+0000 or half characters, which a database cannot keep, and for an entity
 *   set that names one entity twice
 */
export function newDocument(document: PolicyDocument, text: string, source: string): NewDocument {
  const kept = textKept(document, text);
  const { kind, metadata } = document;
  const key = `${kind}/${metadata.name}`;
  if (!isStorable(kept) || hasUnstorable(document)) {
    throw new PublicationRefused(`\`${key}\` has a character that cannot be stored`);
  }
  return {
    kind,
    name: metadata.name,
    domain: domainOf(document),
    source,
    text: kept,
    contentHash: sha256(kept),
    document,
  };
}

/** SHA-256 in hex of what a set is: each document's kind, name, source and hash, in the order of their keys. */
export function contentHashOf(
  documents: Iterable<Pick<StoredDocument, 'kind' | 'name' | 'source' | 'contentHash'>>,
): string {
  const lines = [...documents]
    .map((document) => `${keyText(document)}\0${document.contentHash}\0${document.source}\n`)
    .sort((left, right) => (left < right ? -1 : 1));
  return sha256(lines.join(''));
}

/** @returns SHA-256 of a text in UTF-8, in hex */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The canonical text of a role set: assignments by role, each principal once, everything in order. */
export function roleSetText(
  head: RoleSetDocument,
  facts: Iterable<readonly [role: string, principal: string]>,
): string {
  const byRole = new Map<string, Set<string>>();
  for (const [role, principal] of facts) {
    const principals = byRole.get(role) ?? new Set();
    byRole.set(role, principals.add(principal));
  }
  const assignments = [...byRole.keys()].sort().map((role) => ({ role, principals: [...byRole.get(role)!].sort() }));
  const { assignments: _replaced, ...spec } = head.spec;
  return JSON.stringify({ ...head, spec: assignments.length === 0 ? spec : { ...spec, assignments } });
}

export interface EntityFact {
  readonly type: string;
  readonly id: string;
  /** JSON text of the attributes; null when the document names none. */
  readonly attributes: string | null;
}

/** The canonical text of an entity set: entities by type and id. */
export function entitySetText(head: EntitySetDocument, facts: Iterable<EntityFact>): string {
  const entities = [...facts]
    .sort((left, right) => compare(left.type, right.type) || compare(left.id, right.id))
    .map(({ type, id, attributes }) => ({
      type,
      id,
      ...(attributes === null ? {} : { attributes: JSON.parse(attributes) as unknown }),
    }));
  const { entities: _replaced, ...spec } = head.spec;
  return JSON.stringify({ ...head, spec: entities.length === 0 ? spec : { ...spec, entities } });
}

export function assignmentFacts(document: RoleSetDocument): readonly (readonly [role: string, principal: string])[] {
  return (document.spec.assignments ?? []).flatMap(({ role, principals }) =>
    principals.map((principal) => [role, principal] as const),
  );
}

export function entityFacts(document: EntitySetDocument): readonly EntityFact[] {
  return (document.spec.entities ?? []).map(({ type, id, attributes }) => ({
    type,
    id,
    attributes: attributes === undefined ? null : JSON.stringify(attributes),
  }));
}

function textKept(document: PolicyDocument, text: string): string {
  switch (document.kind) {
    case 'RoleSet':
      return roleSetText(document, assignmentFacts(document));
    case 'EntitySet': {
      const facts = entityFacts(document);
      const keys = new Set(facts.map(({ type, id }) => JSON.stringify([type, id])));
      if (keys.size < facts.length) {
        throw new PublicationRefused(`\`EntitySet/${document.metadata.name}\` names an entity twice`);
      }
      return entitySetText(document, facts);
    }
    case 'Domain':
    case 'Service':
    case 'Policy':
    case 'EnforcementPoint':
    case 'Suspension':
    case 'Quota':
    case 'FourEyes':
    case 'Test':
      return text.replace(LEADING_MARKER, '');
  }
}

/** The domain a document belongs to, see {@link StoredDocument.domain}. */
export function domainOf(document: PolicyDocument): string | null {
  switch (document.kind) {
    case 'Domain':
    case 'Suspension':
    case 'Quota':
    case 'FourEyes':
      return document.metadata.name;
    case 'Service':
      return null;
    case 'Policy':
    case 'RoleSet':
    case 'EntitySet':
    case 'EnforcementPoint':
    case 'Test':
      return document.metadata.domain ?? null;
  }
}

/** Escapes hide in the text what the values hold. Documents are at most 32 levels deep. */
function hasUnstorable(value: unknown): boolean {
  if (typeof value === 'string') return !isStorable(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([member, item]) => !isStorable(member) || hasUnstorable(item));
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
