import { z } from 'zod';
import { FULL_SCHEMAS, WRITTEN_KINDS } from './document.js';
import { requestShape } from './request.js';

const TITLES: { readonly [kind: string]: string } = {
  Domain: 'A trust domain: its mechanisms, its boundary, its administrators',
  Service: 'A service: where it belongs, what it proves itself with, what it answers',
  Policy: 'Rules of one domain',
  RoleSet: 'Roles of one domain and who holds them',
  EntitySet: 'Attributes of people and things, stored at one domain',
  EnforcementPoint: 'A gateway or application that asks for decisions',
  Test: 'Cases that a set of policies must decide as expected',
  Request: 'A request for a decision',
};

/**
 * JSON Schemas (draft 2020-12) of every kind of document that people write and of `Request`, made from the declaration the parser uses.
 * What a schema cannot say, like a name that must exist, only loading finds.
 */
export function jsonSchemas(): { readonly [kind: string]: object } {
  const kinds: readonly (readonly [string, z.ZodType])[] = [
    ...WRITTEN_KINDS.map((kind) => [kind, FULL_SCHEMAS[kind]] as const),
    ['Request', requestShape],
  ];
  return Object.fromEntries(kinds.map(([kind, schema]) => [kind, schemaOf(kind, schema)]));
}

function schemaOf(kind: string, schema: z.ZodType): object {
  // What `custom` checks stand for is said by their `meta`.
  const { $schema, ...rest } = z.toJSONSchema(schema, { target: 'draft-2020-12', unrepresentable: 'any', io: 'input' });
  return { $schema, $id: `urn:dharma:v1:${kind.toLowerCase()}`, title: kind, description: TITLES[kind], ...rest };
}
