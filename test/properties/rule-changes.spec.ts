/** Rules that come, go and change one by one: a snapshot that follows decides as the whole world does, compiled anew or specified. */
import fc from 'fast-check';
import {
  compile,
  decide,
  finished,
  ruleChanges,
  type Snapshot,
  snapshotWithRules,
  specify,
  worldWithRules,
} from '#engine';
import { RUNS } from './runs.js';
import { policiesIn, ruleDraws, rulesIn } from './world-changes.js';
import { situations } from './worlds.js';

const steps = fc.array(ruleDraws, { minLength: 1, maxLength: 4 });

it('C2 a snapshot that follows changes of rules = the whole world compiled = the specification', () => {
  let [taken, left] = [0, 0];
  fc.assert(
    fc.property(situations(20), steps, ({ generated, requests }, drawn) => {
      let world = generated.world;
      let snapshot: Snapshot = compile(world);
      for (const [step, edit] of drawn.entries()) {
        if (rulesIn(world).length === 0) return;
        const before = { answers: requests.map((request) => decide(snapshot, request)), snapshot };
        const changes = ruleChanges(world, policiesIn(world, edit, step));
        const next = changes && finished(snapshotWithRules(snapshot, changes));
        if (next === undefined) {
          left += 1;
          continue;
        }
        taken += 1;
        snapshot = next;
        world = worldWithRules(world, changes!);
        const whole = compile(world);
        for (const request of requests) {
          const answer = decide(snapshot, request);
          expect(answer).toEqual(decide(whole, request));
          expect(answer).toEqual(specify(world, request));
        }
        for (const sum of ['headersSet', 'parametersSet', 'scopesAsked', 'membersRead', 'validityEdges'] as const)
          expect(snapshot[sum]).toEqual(whole[sum]);
        // Whoever still reads the one before sees nothing of it.
        expect(requests.map((request) => decide(before.snapshot, request))).toEqual(before.answers);
      }
    }),
    { numRuns: RUNS.law },
  );
  // Both ways are gone: else this shows less than it says.
  expect(taken).toBeGreaterThan(RUNS.law / 4);
  expect(left).toBeGreaterThan(0);
});
