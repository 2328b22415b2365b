/** What was made from a world that is nearly the same answers like what was compiled whole. */
import fc from 'fast-check';
import { compile, decide } from '#engine';
import { requestsFor } from '#verification';
import { madeReady } from '../../libs/reach/src/change/ready.js';
import { situations } from '../properties/worlds.js';
import { changed, draws } from './changes.js';

const IS_LONG = process.env['DHARMA_LONG'] === '1';
const WORLDS = IS_LONG ? 2_000 : 6;
const CHANGES = { minLength: 8, maxLength: 8 };
const MORE = 10;

it('decides like a compiled one, whatever has changed', () => {
  const seen = { made: 0, compiled: 0, different: 0 };
  fc.assert(
    fc.property(situations(20), fc.array(draws, CHANGES), fc.nat(), ({ generated, requests }, all, seed) => {
      const before = changed(generated, [])?.world;
      if (before === undefined) return;
      const one = madeReady(before);
      for (const edits of all) {
        const after = changed(generated, edits)?.world;
        if (after === undefined) continue;
        const other = madeReady(after, one).snapshot;
        const compiled = compile(after);
        seen[other.domains === one.snapshot.domains ? 'made' : 'compiled'] += 1;
        const more = requestsFor(after, seed)[Symbol.iterator]();
        const further = Array.from({ length: MORE }, () => more.next().value!);
        for (const request of [...requests, ...further]) {
          const decided = decide(other, request);
          expect(decided).toEqual(decide(compiled, request));
          if (decided.decision !== decide(one.snapshot, request).decision) seen.different += 1;
        }
      }
    }),
    { numRuns: WORLDS, endOnFailure: true, ...(IS_LONG ? {} : { seed: 20_261_127 }) },
  );
  // A law that never sees what it is about proves nothing.
  expect(seen.made).toBeGreaterThan(WORLDS / 2);
  expect(seen.compiled).toBeGreaterThan(WORLDS / 2);
  expect(seen.different).toBeGreaterThan(WORLDS / 2);
});
