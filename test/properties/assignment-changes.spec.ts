/** Roles given and taken one by one: a snapshot that follows decides as the whole world does, compiled anew or specified. */
import fc from 'fast-check';
import {
  type AssignmentChange,
  compile,
  decide,
  isHolder,
  type Snapshot,
  snapshotWithAssignments,
  specify,
  type World,
  worldWithAssignments,
} from '#engine';
import { RUNS } from './runs.js';
import { situations } from './worlds.js';

/** Small numbers that are looked up in what is there. */
const draw = fc.nat({ max: 9999 });
const steps = fc.array(
  fc.array(
    fc.record({ domain: draw, principal: draw, roles: fc.subarray(['agent', 'traveller', 'admin', 'auditor']) }),
    {
      minLength: 1,
      maxLength: 4,
    },
  ),
  { minLength: 1, maxLength: 4 },
);

type Drawn = { readonly domain: number; readonly principal: number; readonly roles: readonly string[] };

function changesIn(world: World, drawn: readonly Drawn[], strangers: readonly string[]): readonly AssignmentChange[] {
  const domains = [...world.domains.values()];
  const holders = domains.flatMap(({ directory }) => [...directory.assignments.keys()]).filter(isHolder);
  const principals = [...holders, ...strangers];
  const changes = drawn.map(({ domain, principal, roles }) => ({
    domain: domains[domain % domains.length]!.name,
    principal: principals[principal % principals.length]!,
    roles: [...roles].sort(),
  }));
  // One word about each.
  return [...new Map(changes.map((change) => [`${change.domain} ${change.principal}`, change])).values()];
}

/** The same with plain maps, as the loader makes them. */
function plain(world: World): World {
  const domains = [...world.domains].map(([name, domain]) => {
    const assignments = new Map([...domain.directory.assignments].sort(([left], [right]) => (left < right ? -1 : 1)));
    return [name, { ...domain, directory: { ...domain.directory, assignments } }] as const;
  });
  return { ...world, domains: new Map(domains) };
}

it('C1 a snapshot that follows single changes = the whole world compiled = the specification', () => {
  fc.assert(
    fc.property(situations(20), steps, ({ generated, requests }, drawn) => {
      const people = requests.flatMap(({ evidence }) => evidence.map(({ subject }) => `user:${subject}`));
      const strangers = [...people, 'group:staff', 'group:night', 'client:web', 'user:nobody'];
      let world = generated.world;
      let snapshot: Snapshot = compile(world);
      for (const step of drawn) {
        const before = { answers: requests.map((request) => decide(snapshot, request)), snapshot };
        const changes = changesIn(world, step, strangers);
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
