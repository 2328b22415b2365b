import {
  assignmentFacts,
  entityFacts,
  type EntityFact,
  entitySetText,
  type NewDocument,
  roleSetText,
  sha256,
} from '#administration';
import type { EntitySetDocument, RoleSetDocument } from '#policy';

/** A part of a document that has a row of its own; see the table `item_change` for what each member holds. */
export interface Item {
  readonly item: 'rule' | 'role' | 'assignment' | 'entity';
  readonly name: string;
  readonly detail: string;
  /** JSON text. */
  readonly declaration: string | null;
}

/** What stands in `content` for a document, and what has rows of its own. */
export interface Parts {
  readonly text: string;
  readonly contentHash: string;
  readonly items: readonly Item[];
}

/** Kinds whose facts are kept in rows alone, so that changing one fact of a large document writes one row. */
export const KINDS_OF_FACTS: readonly string[] = ['RoleSet', 'EntitySet'];

export function partsOf({ document, text, contentHash }: NewDocument): Parts {
  switch (document.kind) {
    case 'Policy': {
      const items = document.spec.rules.map((rule) => item('rule', rule.id, '', JSON.stringify(rule)));
      return { text, contentHash, items };
    }
    case 'RoleSet': {
      const roles = (document.spec.roles ?? []).map((role) => item('role', role.name, '', JSON.stringify(role)));
      const facts = assignmentFacts(document).map(([role, principal]) => item('assignment', role, principal, null));
      return { ...headOf(roleSetText(document, [])), items: [...roles, ...facts] };
    }
    case 'EntitySet': {
      const items = entityFacts(document).map(({ type, id, attributes }) => item('entity', type, id, attributes));
      return { ...headOf(entitySetText(document, [])), items };
    }
    case 'Domain':
    case 'Service':
    case 'EnforcementPoint':
    case 'Suspension':
    case 'Quota':
    case 'FourEyes':
    case 'Test':
      return { text, contentHash, items: [] };
  }
}

/** The text that {@link partsOf} took apart. */
export function textOf(kind: string, text: string, facts: readonly Omit<Item, 'item'>[]): string {
  switch (kind) {
    case 'RoleSet':
      return roleSetText(
        JSON.parse(text) as RoleSetDocument,
        facts.map(({ name, detail }) => [name, detail] as const),
      );
    case 'EntitySet':
      return entitySetText(
        JSON.parse(text) as EntitySetDocument,
        facts.map(({ name, detail, declaration }): EntityFact => ({ type: name, id: detail, attributes: declaration })),
      );
    default:
      return text;
  }
}

/** Names an item within its document and sort; short, whatever the names are. */
export function itemKey({ name, detail }: Pick<Item, 'name' | 'detail'>): string {
  return sha256(JSON.stringify([name, detail]));
}

function item(kind: Item['item'], name: string, detail: string, declaration: string | null): Item {
  return { item: kind, name, detail, declaration };
}

function headOf(text: string): { readonly text: string; readonly contentHash: string } {
  return { text, contentHash: sha256(text) };
}
