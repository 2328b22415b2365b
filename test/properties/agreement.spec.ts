/** C1: the fast engine says what the specification says, on every member of the answer. */
import fc from 'fast-check';
import { compile, decide, specify } from '#engine';
import { situations } from './worlds.js';
import { RUNS } from './runs.js';

it('C1 fast engine = specification', () => {
  fc.assert(
    fc.property(situations(40), ({ generated, requests }) => {
      const snapshot = compile(generated.world);
      for (const request of requests) expect(decide(snapshot, request)).toEqual(specify(generated.world, request));
    }),
    { numRuns: RUNS.agreement / 40 },
  );
});
