import type { z } from 'zod';

/**
 * Finding one's way in a declaration beside a value. Only what the declarations use: records, lists, unions told apart by
 * their `kind` or by the members they have, and optional members.
 */

type Definition =
  | { readonly type: 'object'; readonly shape: { readonly [member: string]: z.ZodType } }
  | { readonly type: 'array'; readonly element: z.ZodType }
  | { readonly type: 'optional' | 'nullable'; readonly innerType: z.ZodType }
  | { readonly type: 'union'; readonly options: readonly z.ZodType[] }
  | { readonly type: 'literal'; readonly values: readonly unknown[] }
  | { readonly type: 'other' };

function definitionOf(schema: z.ZodType): Definition {
  return schema.def as unknown as Definition;
}

function bare(schema: z.ZodType): z.ZodType {
  const definition = definitionOf(schema);
  return definition.type === 'optional' || definition.type === 'nullable' ? bare(definition.innerType) : schema;
}

/** The schema of a list's items. */
export function elementOf(schema: z.ZodType): z.ZodType | undefined {
  const definition = definitionOf(bare(schema));
  if (definition.type === 'array') return definition.element;
  if (definition.type !== 'union') return undefined;
  return definition.options.map(elementOf).find((element) => element !== undefined);
}

/** The members of a record, in the order of their declaration. */
export type Fields = ReadonlyMap<string, z.ZodType>;

const FIELDS = new WeakMap<z.ZodType, Fields>();

export function fieldsOf(schema: z.ZodType): Fields | undefined {
  const inner = bare(schema);
  const definition = definitionOf(inner);
  if (definition.type !== 'object') return undefined;
  const fields = FIELDS.get(inner) ?? new Map(Object.entries(definition.shape));
  FIELDS.set(inner, fields);
  return fields;
}

/** Of a union, the branch a map with these members was written for. */
export function schemaFor(schema: z.ZodType, members: readonly string[], kind: unknown): z.ZodType | undefined {
  const inner = bare(schema);
  const definition = definitionOf(inner);
  if (definition.type !== 'union') return inner;
  const records = definition.options.filter((option) => fieldsOf(option) !== undefined);
  if (records.length === 1) return records[0];
  return records.find((option) => {
    const fields = fieldsOf(option)!;
    return fields.has('kind') ? accepts(fields.get('kind')!, kind) : members.every((member) => fields.has(member));
  });
}

function accepts(schema: z.ZodType, kind: unknown): boolean {
  if (kind === undefined) return definitionOf(schema).type === 'optional';
  const definition = definitionOf(bare(schema));
  return definition.type === 'literal' && definition.values.includes(kind);
}
