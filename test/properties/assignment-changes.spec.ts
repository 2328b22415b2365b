/** Roles given and taken one by one: a snapshot that follows decides as the whole world does, compiled anew or specified. */
import fc from 'fast-check';
import { compile, decide, type Snapshot, snapshotWithAssignments, specify, worldWithAssignments } from '#engine';
import { RUNS } from './runs.js';
import { assignmentDraws, assignmentsIn, plain } from './world-changes.js';
import { situations } from './worlds.js';

const steps = fc.array(assignmentDraws, { minLength: 1, maxLength: 4 });

it('C1 a snapshot that follows single changes = the whole world compiled = the specification', () => {
  fc.assert(
    fc.property(situations(20), steps, ({ generated, requests }, drawn) => {
      const people = requests.flatMap(({ evidence }) => evidence.map(({ subject }) => `user:${subject}`));
      const strangers = [...people, 'group:staff', 'group:night', 'client:web', 'user:nobody'];
      let world = generated.world;
      let snapshot: Snapshot = compile(world);
      for (const step of drawn) {
        const before = { answers: requests.map((request) => decide(snapshot, request)), snapshot };
        const changes = assignmentsIn(world, step, strangers);
        snapshot = snapshotWithAssignments(snapshot, changes);
        world = worldWithAssignments(world, changes);
        const whole = compile(plain(world));
        for (const request of requests) {
          const answer = decide(snapshot, request);
          expect(answer).toEqual(decide(whole, request));
          expect(answer).toEqual(specify(world, request));
        }
        // Whoever still reads the one before sees nothing of it.
        expect(requests.map((request) => decide(before.snapshot, request))).toEqual(before.answers);
      }
    }),
    { numRuns: RUNS.law },
  );
});
