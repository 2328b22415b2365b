import * as fc from 'fast-check';
import { inOrder, mergedInOrder, SharedWork, type Steps, TEXTS_A_STEP } from './steps.js';
import { anyCharacter } from '../../../test/support/any-character.js';

function counted<Result>(work: Steps<Result>): { readonly result: Result; readonly steps: number } {
  for (let steps = 1; ; steps += 1) {
    const step = work.next();
    if (step.done === true) return { result: step.value, steps };
  }
}

const sorted = (texts: readonly string[]) => [...new Set(texts)].sort();
const texts = fc.array(fc.string({ maxLength: 2, unit: anyCharacter }), { maxLength: 40 });

it('puts texts in the order that sorting does, each once', () => {
  fc.assert(
    fc.property(fc.array(texts), (lists) => {
      expect(counted(inOrder(lists.flat())).result).toEqual(sorted(lists.flat()));
      expect(counted(mergedInOrder(lists.map(sorted))).result).toEqual(sorted(lists.flat()));
    }),
  );
});

it('does so in steps of which none is long', () => {
  const many = Array.from({ length: 10 * TEXTS_A_STEP + 1 }, (_, index) => `${(index * 7919) % 9973}`);
  const { result, steps } = counted(inOrder(many));
  expect(result).toEqual(sorted(many));
  expect(steps).toBeGreaterThan(30);
  expect(counted(inOrder([])).result).toEqual([]);
});

it('is done once, by whoever has the time', () => {
  let done = 0;
  const shared = new SharedWork(
    (function* () {
      for (let step = 0; step < 4; step += 1) yield;
      return (done += 1);
    })(),
  );
  const [one, other] = [shared.run(), shared.run()];
  for (const work of [one, other, one]) expect(work.next().done).toBe(false);
  expect([counted(other).result, counted(one).result, counted(shared.run()).result, done]).toEqual([1, 1, 1, 1]);
});
