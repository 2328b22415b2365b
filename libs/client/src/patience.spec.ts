import * as fc from 'fast-check';
import { pauseAfter, RetryBudget } from './patience.js';

describe('the pause before another try', () => {
  it('is never below what the server asked for, and above it by a bounded chance', () => {
    const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 }), chance, fc.nat(5000), (tried, random, asked) => {
        const pause = pauseAfter(tried, random, asked);
        expect(pause).toBeGreaterThanOrEqual(asked);
        expect(pause).toBeLessThanOrEqual(asked + 250);
      }),
    );
  });

  it('grows on average', () => {
    expect([1, 2, 3, 4, 5].map((tried) => pauseAfter(tried, 0.5))).toEqual([10, 20, 40, 80, 125]);
  });
});

it('when nothing is answered, one question in ten is repeated', () => {
  const budget = new RetryBudget();
  let repeated = 0;
  for (let question = 0; question < 1000; question += 1) {
    budget.asked();
    while (budget.take()) repeated += 1;
  }
  expect(repeated).toBeGreaterThanOrEqual(100);
  expect(repeated).toBeLessThanOrEqual(110);
});
