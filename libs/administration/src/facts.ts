import { type Attributes, bareMap } from '#engine';
import type { EntitySetDocument, RoleSetDocument } from '#policy';
import {
  assignmentFacts,
  type EntityFact,
  entityFacts,
  entitySetText,
  roleSetText,
  type StoredDocument,
} from './stored-document.js';

/** Who holds which role where. */
export interface Assignment {
  readonly roleSet: string;
  readonly domain: string;
  /** Of the role set. */
  readonly source: string;
  readonly role: string;
  /** `type:id`. */
  readonly principal: string;
}

/** What is stored of a person or a thing. */
export interface Entity {
  readonly entitySet: string;
  readonly domain: string;
  /** Of the entity set. */
  readonly source: string;
  readonly type: string;
  readonly id: string;
  readonly attributes: Attributes;
}

/** Every assignment of a set, by role set, role and principal. */
export function assignmentsIn(set: readonly StoredDocument[]): readonly Assignment[] {
  return set
    .filter(({ kind }) => kind === 'RoleSet')
    .flatMap((stored) => {
      const { name: roleSet, source } = stored;
      const document = roleSetIn(stored);
      const { domain } = document.metadata;
      return assignmentFacts(document).map(([role, principal]) => ({ roleSet, domain, source, role, principal }));
    });
}

/** Every entity of a set, by entity set, type and id. */
export function entitiesIn(set: readonly StoredDocument[]): readonly Entity[] {
  return set
    .filter(({ kind }) => kind === 'EntitySet')
    .flatMap((stored) => {
      const { name: entitySet, source } = stored;
      const { metadata, spec } = entitySetIn(stored);
      const { domain } = metadata;
      return (spec.entities ?? []).map(({ type, id, attributes = {} }) => ({
        entitySet,
        domain,
        source,
        type,
        id,
        attributes,
      }));
    });
}

/**
 * The text of a role set in which these principals hold the role too.
 *
 * @param stored  a role set
 */
export function withAssignments(stored: StoredDocument, role: string, principals: readonly string[]): string {
  const document = roleSetIn(stored);
  return roleSetText(document, [
    ...assignmentFacts(document),
    ...principals.map((principal) => [role, principal] as const),
  ]);
}

/** @param stored  a role set */
export function withoutAssignment(stored: StoredDocument, role: string, principal: string): string {
  const document = roleSetIn(stored);
  const isThat = ([ownRole, ownPrincipal]: readonly [string, string]) => ownRole === role && ownPrincipal === principal;
  return roleSetText(
    document,
    assignmentFacts(document).filter((fact) => !isThat(fact)),
  );
}

/**
 * The text of an entity set that holds these, in the place of what it held of them.
 *
 * @param stored  an entity set
 */
export function withEntities(
  stored: StoredDocument,
  entities: readonly Pick<Entity, 'type' | 'id' | 'attributes'>[],
): string {
  const document = entitySetIn(stored);
  const facts = entities.map(({ type, id, attributes }) => ({ type, id, attributes: JSON.stringify(attributes) }));
  const replaced = new Set(facts.map(factKey));
  return entitySetText(document, [...entityFacts(document).filter((fact) => !replaced.has(factKey(fact))), ...facts]);
}

/** @param stored  an entity set */
export function withoutEntity(stored: StoredDocument, entity: Pick<Entity, 'type' | 'id'>): string {
  const document = entitySetIn(stored);
  const gone = factKey(entity);
  return entitySetText(
    document,
    entityFacts(document).filter((fact) => factKey(fact) !== gone),
  );
}

/** What a stored role set says. INVARIANT: it is the canonical JSON of what was read once. */
export function roleSetIn({ text }: StoredDocument): RoleSetDocument {
  return JSON.parse(text) as RoleSetDocument;
}

/** What a stored entity set says; INVARIANT as above. Attributes are as the reader has them, without a prototype. */
export function entitySetIn({ text }: StoredDocument): EntitySetDocument {
  const { spec, ...head } = JSON.parse(text) as EntitySetDocument;
  const entities = spec.entities?.map(({ attributes, ...entity }) => ({
    ...entity,
    ...(attributes && { attributes: bareMap(attributes) }),
  }));
  return { ...head, spec: { ...spec, ...(entities && { entities }) } };
}

function factKey({ type, id }: Pick<EntityFact, 'type' | 'id'>): string {
  return JSON.stringify([type, id]);
}
