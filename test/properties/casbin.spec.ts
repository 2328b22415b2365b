/** C1, the third voice: casbin says what the specification says. */
import fc from 'fast-check';
import { specify } from '#engine';
import { loadReference } from '#reference';
import { RUNS } from './runs.js';
import { situations } from './worlds.js';

it('C1 casbin = specification', async () => {
  await fc.assert(
    fc.asyncProperty(situations(20), async ({ generated, requests }) => {
      const reference = await loadReference(generated.world);
      for (const request of requests) {
        expect(await reference.decide(request)).toEqual(specify(generated.world, request));
      }
    }),
    { numRuns: RUNS.casbin / 20 },
  );
}, 600_000);
