/**
 * Which resources, or subjects, no rule can tell apart: a decision about one of them holds for all that are alike. What
 * rules read of them is known, so it is compared once a revision instead of asking about each.
 */
import type { Root } from '#cel';
import type { CompiledRule, EndpointNode, Entities, Names, Snapshot } from './snapshot.js';
import { isPlainText } from './canonical.js';
import type { Attributes } from './model.js';
import { canonicalJson } from './ordering.js';

/** @returns texts that are equal for alike ids, and for no others */
export type Likeness = (id: string) => string;

/** Of resources of one type, when a subject, an action and an endpoint are given. */
export function resourceLikeness(snapshot: Snapshot, endpoint: EndpointNode, type: string): Likeness {
  const rules = rulesAbout(snapshot, endpoint);
  const attributes = attributesRead(rules, 'resource', NEVER_DIFFERENT.resource);
  if (attributes === 'all') return itself;
  const named = allNames(rules.map(({ what }) => what?.resources));
  const stored = storedValues(snapshot, endpoint, type, attributes);
  return (id) => (named.has(`${type}:${id}`) || !isOrdinary(id) ? itself(id) : stored(id));
}

/** Of subjects that are vouched for as principals of one type, when a resource and an action are given. */
export function subjectLikeness(snapshot: Snapshot, endpoint: EndpointNode, type: string): Likeness {
  const rules = rulesAbout(snapshot, endpoint);
  const attributes = attributesRead(rules, 'principal', NEVER_DIFFERENT.principal);
  if (attributes === 'all') return itself;
  const named = allNames(rules.map(({ who }) => who?.principals));
  const subjects = allNames(rules.map(({ who }) => who?.subjects));
  const mechanisms = [...snapshot.mechanisms.values()].filter(({ principalType }) => principalType === type);
  const holders = snapshot.holdings.ofType(type);
  const stored = storedValues(snapshot, endpoint, type, attributes);
  return (id) => {
    const isNamed = named.has(`${type}:${id}`) || subjects.has(id) || snapshot.names.get(id) !== 0;
    const isKnown = mechanisms.some(({ filed, bindings }) => filed.get(id) !== 0 || bindings.find(id) !== undefined);
    if (isNamed || isKnown || !isOrdinary(id)) return itself(id);
    let roles = '';
    for (let held = holders.get(id); held !== undefined; held = held.next) {
      // A role is a line of text: only quoted is it certain where one ends.
      roles += JSON.stringify([held.domain.name, ...held.roles.names]);
    }
    return stored(id) + roles;
  };
}

/** No other id is like it: no list of values begins so. */
function itself(id: string): string {
  return `=${id}`;
}

/** Nobody refuses it for what it looks like, as resource or as subject. */
function isOrdinary(id: string): boolean {
  return id.length <= 256 && isPlainText(id);
}

/** Members that are the same for all of one type, or are compared otherwise. */
const NEVER_DIFFERENT = {
  resource: new Set(['resource.type']),
  principal: new Set([
    'principal.type',
    'principal.mechanism',
    'principal.roles',
    'principal.groups',
    'principal.scopes',
  ]),
} as const;

/** One attribute, whatever is read below it. Others may be spelled in more ways, and count as reading all. */
const ATTRIBUTE = /^(?:resource|principal)\.attributes\.([A-Za-z_][A-Za-z0-9_]*)(?:[.[]|$)/;

/** @returns names of attributes; `all` where a rule may tell any two ids apart */
function attributesRead(
  rules: readonly CompiledRule[],
  root: Root & keyof typeof NEVER_DIFFERENT,
  never: ReadonlySet<string>,
): readonly string[] | 'all' {
  const attributes = new Set<string>();
  for (const { reads, obligations, when } of rules) {
    if (!reads.has(root)) continue;
    if (obligations !== undefined) return 'all';
    for (const path of when!.reads) {
      if (!path.startsWith(root) || never.has(path) || path.startsWith('principal.claims')) continue;
      const attribute = ATTRIBUTE.exec(path)?.[1];
      if (attribute === undefined) return 'all';
      attributes.add(attribute);
    }
  }
  return [...attributes];
}

/** Rules with more to compare than their key, that may be matched in a decision about the endpoint. */
export function rulesAbout({ rules }: Snapshot, { chains }: EndpointNode): readonly CompiledRule[] {
  const owners = new Set(chains);
  return rules.withDetails.filter(({ owner }) => owner === undefined || owners.has(owner));
}

/** Every name of some lists. */
export function allNames(lists: readonly (Names | undefined)[]): ReadonlySet<string> {
  return new Set(lists.flatMap((names) => (names === undefined ? [] : [...names])));
}

/** What is stored of these attributes, directory by directory: rules of different owners see different ones. */
function storedValues(
  snapshot: Snapshot,
  endpoint: EndpointNode,
  type: string,
  attributes: readonly string[],
): Likeness {
  const directories = directoriesOf(snapshot, endpoint);
  return (id) => {
    const key = `${type}:${id}`;
    return canonicalJson(directories.map(({ entities }) => valuesOf(entities.get(key), attributes)));
  };
}

function valuesOf(stored: Attributes | undefined, attributes: readonly string[]): readonly unknown[] {
  return stored === undefined ? [] : attributes.map((name) => (Object.hasOwn(stored, name) ? [stored[name]] : []));
}

/** Each directory that some rule on the chains of an endpoint sees, once, as it is in this snapshot. */
export function directoriesOf({ changedEntities }: Snapshot, { chains }: EndpointNode): readonly Entities[] {
  const directories = new Set(chains.flatMap(({ entityChain }) => entityChain));
  return [...directories].map((directory) => changedEntities.get(directory) ?? directory);
}
