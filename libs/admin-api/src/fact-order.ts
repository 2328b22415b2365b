import { type Assignment, type Entity, sha256 } from '#administration';

/** Of a key that people could read; the hash behind it tells apart what is longer. */
const READABLE = 200;

/** The key of an assignment in lists: visible ASCII, no key twice, and short whatever the names are. */
export function assignmentKey({ roleSet, role, principal }: Assignment): string {
  return factKey(roleSet, role, principal);
}

/** The same of an entity. */
export function entityKey({ entitySet, type, id }: Entity): string {
  return factKey(entitySet, type, id);
}

/** Facts in the order of their keys. */
export function inFactOrder<Fact>(facts: readonly Fact[], keyOf: (fact: Fact) => string): readonly Fact[] {
  return facts
    .map((fact) => ({ fact, key: keyOf(fact) }))
    .sort((left, right) => (left.key < right.key ? -1 : left.key > right.key ? 1 : 0))
    .map(({ fact }) => fact);
}

function factKey(...parts: readonly string[]): string {
  const text = parts.map(encodeURIComponent).join(' ');
  return text.length <= READABLE ? text : `${text.slice(0, READABLE)} ${sha256(text)}`;
}
