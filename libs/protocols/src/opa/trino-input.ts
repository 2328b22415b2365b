import type { Question, RequestFault } from '#decision';
import type { Attributes } from '#engine';
import { attributes } from '#policy';
import { z } from 'zod';
import { bounded } from '../native/native.codec.js';
import { attributesOf, malformed, vouchedQuestion } from '../vouched.js';
import { shaped, textList } from '../webhook-body.js';

const named = z.object({ name: z.string() });
const inCatalog = { catalogName: z.string() };
const inSchema = { ...inCatalog, schemaName: z.string() };
const identity = z.object({ user: z.string(), principal: z.string().nullish(), groups: textList.nullish() });

/** One thing, by the member that names its kind. */
const resource = z
  .object({
    user: identity,
    systemSessionProperty: named,
    catalogSessionProperty: z.object({ ...inCatalog, propertyName: z.string() }),
    function: z.object({
      catalogName: z.string().nullish(),
      schemaName: z.string().nullish(),
      functionName: z.string(),
    }),
    catalog: named,
    schema: z.object({ ...inSchema, properties: attributes.nullish() }),
    table: z.object({
      ...inSchema,
      tableName: z.string(),
      columns: textList.nullish(),
      properties: attributes.nullish(),
    }),
  })
  .partial();

/** What Trino's OPA access control sends. */
const trino = z.object({
  context: z.object({ identity }),
  action: z.object({
    operation: z.string(),
    resource: resource.optional(),
    targetResource: resource.optional(),
    // Each is read when its turn comes: a list can be long.
    filterResources: z.array(z.unknown()).optional(),
    grantee: attributes.optional(),
  }),
});

type Trino = z.infer<typeof trino>;
type Resource = z.infer<typeof resource>;
type Thing = { readonly type: string; readonly id: string; readonly properties: Attributes };

const SYSTEM: Thing = { type: 'trino-system', id: 'system', properties: attributesOf({}) };
const FILTER_COLUMNS = 'FilterColumns';
/** Things of a list, or columns of a table, that are asked about at once. */
export const MAX_FILTERED = 10_000;

/**
 * What is asked about one thing, and about what it becomes where it is renamed: all of it has to be allowed.
 *
 * @param input  with the members `context` and `action`
 */
export function questionsFromTrino(input: unknown, trace: string | undefined): readonly Question[] {
  const read = shaped(trino, input);
  if ('faults' in read) return [malformed(read.faults, trace)];
  const { resource: asked, targetResource, filterResources } = read.value.action;
  if (filterResources !== undefined) return [wrong('filterResources', 'a list is for the document `filter`', trace)];
  const things = [asked === undefined ? SYSTEM : thingIn(asked), ...(targetResource ? [thingIn(targetResource)] : [])];
  return things.map((thing) => questionAbout(thing, read.value, trace));
}

/**
 * What is asked about each of a list, in its order; of the columns of a table, about each of those. A question is made when
 * its turn comes.
 *
 * @throws Problem `batch-too-large`
 */
export function filterFromTrino(input: unknown, trace: string | undefined): Iterable<Question> {
  const read = shaped(trino, input);
  if ('faults' in read) return [malformed(read.faults, trace)];
  const { operation, filterResources } = read.value.action;
  if (filterResources === undefined) return [wrong('filterResources', 'there is no list to be filtered', trace)];
  if (operation !== FILTER_COLUMNS) return eachThing(bounded(filterResources, MAX_FILTERED), read.value, trace);
  const one = filterResources.length === 1 ? readListed(filterResources[0], 0) : undefined;
  if (one !== undefined && 'faults' in one) return [malformed(one.faults, trace)];
  const table = one?.value.table;
  if (!table?.columns) return [wrong('filterResources', 'columns are those of one table', trace)];
  return eachColumn(table, bounded(table.columns, MAX_FILTERED), read.value, trace);
}

function* eachThing(list: readonly unknown[], asked: Trino, trace: string | undefined): Generator<Question> {
  for (const [place, item] of list.entries()) {
    const read = readListed(item, place);
    yield 'faults' in read ? malformed(read.faults, trace) : questionAbout(thingIn(read.value), asked, trace);
  }
}

function* eachColumn(
  table: NonNullable<Resource['table']>,
  columns: readonly string[],
  asked: Trino,
  trace: string | undefined,
): Generator<Question> {
  for (const column of columns) yield questionAbout(thingIn({ table: { ...table, columns: [column] } }), asked, trace);
}

function readListed(item: unknown, place: number): ReturnType<typeof shaped<typeof resource>> {
  const read = shaped(resource, item);
  if (!('faults' in read)) return read;
  const below = `/action/filterResources/${place}`;
  return { faults: read.faults.map(({ pointer, message }) => ({ pointer: `${below}${pointer}`, message })) };
}

function questionAbout(thing: Thing | undefined, { context, action }: Trino, trace: string | undefined): Question {
  if (thing === undefined) return wrong('resource', 'a resource is one thing of a kind that we know', trace);
  const { user, principal, groups } = context.identity;
  return vouchedQuestion({
    target: {
      kind: 'resource',
      resource: thing,
      action: { name: action.operation, properties: attributesOf({ grantee: action.grantee }) },
    },
    subject: { type: 'user', id: user, groups: groups ?? [], attributes: attributesOf({ principal }) },
    trace,
  });
}

/** @returns undefined where it is none that we know, or may be two */
function thingIn(asked: Resource): Thing | undefined {
  const { user, systemSessionProperty, catalogSessionProperty, catalog, schema, table, function: called } = asked;
  const things = [
    user && thing('user', [user.user], { groups: user.groups }),
    systemSessionProperty && thing('system-session-property', [systemSessionProperty.name]),
    catalogSessionProperty &&
      thing('catalog-session-property', [catalogSessionProperty.catalogName, catalogSessionProperty.propertyName]),
    called && thing('function', [called.catalogName, called.schemaName, called.functionName]),
    catalog && thing('catalog', [catalog.name]),
    schema && thing('schema', [schema.catalogName, schema.schemaName], { properties: schema.properties }),
    table &&
      thing('table', [table.catalogName, table.schemaName, table.tableName], {
        columns: table.columns,
        properties: table.properties,
      }),
  ].filter((each) => each !== undefined);
  return things.length === 1 ? things[0] : undefined;
}

/** @param path  names from the outermost in, those that there are; in one `.` is written `%2E`, and `%` `%25` */
function thing(
  kind: string,
  path: readonly (string | null | undefined)[],
  properties: Parameters<typeof attributesOf>[0] = {},
): Thing {
  const names = path.filter((name) => name !== null && name !== undefined);
  const id = names.map((name) => name.replaceAll('%', '%25').replaceAll('.', '%2E')).join('.');
  return { type: `trino-${kind}`, id, properties: attributesOf(properties) };
}

function wrong(member: string, message: string, trace: string | undefined): Question {
  const fault: RequestFault = { pointer: `/action/${member}`, message };
  return malformed([fault], trace);
}
