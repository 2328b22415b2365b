/** The worked examples as data: one world, and cases with a change of it each. */
import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { loadBundle } from '#policy';
import type { World } from '#engine';

export interface WorkedExample {
  readonly id: string;
  readonly because: string;
  readonly request: { readonly target: object; readonly [member: string]: unknown };
  readonly address?: object;
  readonly expect: { readonly [member: string]: unknown };
  readonly change?: Change;
}

interface Change {
  readonly remove?: readonly string[];
  readonly add?: readonly Document[];
  readonly set?: { readonly [domain: string]: { readonly [member: string]: unknown } };
  readonly identities?: { readonly [service: string]: readonly unknown[] };
}

interface Document {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: { readonly [member: string]: unknown };
}

const folder = new URL('../vectors/worked-examples/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8');

export const workedExamples = JSON.parse(read('cases.json')) as readonly WorkedExample[];
const documents = parseAllDocuments(read('world.yaml')).map((document) => document.toJS() as Document);

/** The documents of the world with one case's change applied. */
export function changedDocuments({
  remove = [],
  add = [],
  set = {},
  identities = {},
}: Change = {}): readonly Document[] {
  const changed = documents.flatMap((document): Document[] => {
    const { kind, metadata, spec } = document;
    if (kind === 'Policy') {
      const rules = (spec['rules'] as { id: string }[]).filter(({ id }) => !remove.includes(`${metadata.name}/${id}`));
      return rules.length === 0 ? [] : [{ ...document, spec: { ...spec, rules } }];
    }
    if (kind === 'Domain') return [{ ...document, spec: { ...spec, ...set[metadata.name] } }];
    if (kind === 'Service' && identities[metadata.name]) {
      return [{ ...document, spec: { ...spec, identities: identities[metadata.name] } }];
    }
    return [document];
  });
  return [...changed, ...add];
}

export function worldOfExample({ change }: WorkedExample): World {
  const text = changedDocuments(change)
    .map((document) => JSON.stringify(document))
    .join('\n---\n');
  const { world, faults } = loadBundle([{ file: 'world.yaml', text }]);
  if (world === null) throw new Error(faults.map(({ message }) => message).join('\n'));
  return world;
}
