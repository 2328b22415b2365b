import fc from 'fast-check';
import { fewestItems, smallestJson } from './reduce.js';

describe('fewest items', () => {
  it.each`
    because                                | items         | needed
    ${'one item among many is found'}      | ${range(100)} | ${[63]}
    ${'two items far apart both stay'}     | ${range(40)}  | ${[0, 39]}
    ${'nothing is needed'}                 | ${range(9)}   | ${[]}
    ${'everything is needed'}              | ${range(5)}   | ${range(5)}
    ${'an empty list has nothing to give'} | ${[]}         | ${[]}
  `('$because', async ({ items, needed }: { items: number[]; needed: number[] }) => {
    expect(await fewestItems(items, has(needed))).toEqual(needed);
  });

  it('leaves exactly what is needed, in order', () =>
    fc.assert(
      fc.asyncProperty(fc.subarray(range(30)), async (needed) => {
        expect(await fewestItems(range(30), has(needed))).toEqual(needed);
      }),
    ));
});

describe('the smallest JSON', () => {
  it('takes list items and members away at every depth', async () => {
    const value = { rules: [{ id: 'a', who: { scopes: ['x', 'y'] } }, { id: 'b' }], labels: { team: 'x' } };
    const smaller = await smallestJson(value, (candidate) =>
      Promise.resolve(JSON.stringify(candidate).includes('"y"')),
    );
    expect(smaller).toEqual({ rules: [{ who: { scopes: ['y'] } }] });
  });
});

function has(needed: readonly number[]) {
  return (candidate: readonly number[]) => Promise.resolve(needed.every((item) => candidate.includes(item)));
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
