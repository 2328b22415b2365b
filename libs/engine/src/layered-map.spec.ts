import fc from 'fast-check';
import { LayeredMap } from './layered-map.js';

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const entries = fc.array(fc.tuple(key, fc.nat(9)));
const changes = fc.array(fc.array(fc.tuple(key, fc.option(fc.nat(9), { nil: undefined }))), { maxLength: 4 });

it('is the map that one would have changed in place, and leaves the one before as it was', () => {
  fc.assert(
    fc.property(entries, changes, (begun, steps) => {
      const expected = new Map(begun);
      let layered: ReadonlyMap<string, number> = new Map(begun);
      for (const step of steps) {
        const [before, was] = [layered, [...layered]];
        layered = new LayeredMap(layered, new Map(step));
        for (const [name, value] of new Map(step)) {
          if (value === undefined) expected.delete(name);
          else expected.set(name, value);
        }
        expect([...before]).toEqual(was);
        expect(new Map(layered)).toEqual(expected);
        expect([layered.size, new Set(layered.keys())]).toEqual([expected.size, new Set(expected.keys())]);
        expect([...layered.values()].sort()).toEqual([...expected.values()].sort());
        for (const name of ['a', 'b', 'c', 'd', 'e'] as const) {
          expect([layered.has(name), layered.get(name)]).toEqual([expected.has(name), expected.get(name)]);
        }
        const visited = new Map<string, number>();
        layered.forEach((value, name) => visited.set(name, value));
        expect(visited).toEqual(expected);
      }
    }),
  );
});
