/** Compares two graphs of objects: what they hold, in which order, of which kind, and what is shared in them. */
import { RuleCondition } from '../../libs/engine/src/rule-condition.js';

/**
 * @param visit  called for each object and its counterpart
 * @throws Error  that says where they differ
 */
export function expectSameGraph(left: unknown, right: unknown, visit?: (one: object, other: object) => void): void {
  const pairs: (readonly [left: unknown, right: unknown, path: string])[] = [[left, right, '']];
  const counterparts = new Map<unknown, unknown>();
  const taken = new Set<unknown>();
  for (let pair = pairs.pop(); pair !== undefined; pair = pairs.pop()) {
    const [one, other, path] = pair;
    if (typeof one !== 'object' || one === null) {
      if (!Object.is(one, other)) throw new Error(`${path}: ${String(one)} against ${String(other)}`);
      continue;
    }
    if (counterparts.has(one)) {
      if (counterparts.get(one) !== other) throw new Error(`${path}: shared in one graph, not in the other`);
      continue;
    }
    if (typeof other !== 'object' || other === null) throw new Error(`${path}: an object against ${String(other)}`);
    if (taken.has(other)) throw new Error(`${path}: shared in one graph, not in the other`);
    counterparts.set(one, other);
    taken.add(other);
    visit?.(one, other);
    if (Object.getPrototypeOf(one) !== Object.getPrototypeOf(other)) throw new Error(`${path}: of another kind`);
    // A condition is its source, and may be parsed yet or not.
    const [ones, others] = [one, other].map((thing) =>
      thing instanceof RuleCondition ? [['source', thing.source]] : members(thing),
    ) as [Members, Members];
    if (ones.length !== others.length) throw new Error(`${path}: ${ones.length} members against ${others.length}`);
    ones.forEach(([name, value], index) => {
      const [otherName, otherValue] = others[index]!;
      pairs.push([name, otherName, `${path}, name ${index}`], [value, otherValue, `${path}.${String(name)}`]);
    });
  }
}

type Members = readonly (readonly [name: unknown, value: unknown])[];

function members(thing: object): Members {
  if (thing instanceof Map) return [...(thing as Map<unknown, unknown>)];
  if (thing instanceof Set) return [...(thing as Set<unknown>)].map((member, index) => [index, member]);
  const descriptors = Object.entries(Object.getOwnPropertyDescriptors(thing));
  return descriptors.map(([name, { value }]) => [name, value as unknown]);
}
