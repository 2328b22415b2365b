import { newDocument, type NewDocument, type Publication, type Revision } from '#administration';
import { loadBundle } from '#policy';

/** Documents that could be read, as a revision takes them; the set need not be well-formed. */
export function documentsOf(text: string, source = 'git'): readonly NewDocument[] {
  return loadBundle([{ file: 'set.yaml', text }]).documents.map(({ document, text: own }) =>
    newDocument(document, own, source),
  );
}

/** A publication by Ann of everything in `text` on `base`, and of nothing else unless said. */
export function publicationOf(base: Revision | null, text: string, more: Partial<Publication> = {}): Publication {
  const { provenance } = more;
  return {
    base,
    put: documentsOf(text, provenance?.source),
    remove: [],
    ...more,
    provenance: provenance ?? { author: 'ann', source: 'git', because: 'a test says so' },
  };
}

export function domainText(name: string, description = 'a domain'): string {
  return `---\napiVersion: dharma/v1\nkind: Domain\nmetadata: { name: ${name}, description: ${JSON.stringify(description)} }\nspec: {}\n`;
}

export function policyText(name: string, domain: string, rules: readonly string[]): string {
  const lines = rules.map((rule) => `    - ${rule}\n`).join('');
  return `---\napiVersion: dharma/v1\nkind: Policy\nmetadata: { name: ${name}, domain: ${domain} }\nspec:\n  # said by people\n  rules:\n${lines}`;
}

export function roleSetText(name: string, domain: string, assignments: readonly (readonly [string, string])[]): string {
  const lines = assignments
    .map(([role, principal]) => `    - { role: ${role}, principals: ["${principal}"] }\n`)
    .join('');
  const roles = [...new Set(assignments.map(([role]) => role))].map((role) => `{ name: ${role} }`).join(', ');
  return `---\napiVersion: dharma/v1\nkind: RoleSet\nmetadata: { name: ${name}, domain: ${domain} }\nspec:\n  roles: [${roles}]\n  assignments:\n${lines}`;
}

export function entitySetText(name: string, domain: string, entities: readonly string[]): string {
  const lines = entities.map((entity) => `    - ${entity}\n`).join('');
  return `---\napiVersion: dharma/v1\nkind: EntitySet\nmetadata: { name: ${name}, domain: ${domain} }\nspec:\n  entities:\n${lines}`;
}
