/** The sub-world of requests decides them as the whole world does, by every voice. */
import fc from 'fast-check';
import { compile, decide, isWithin, specify } from '#engine';
import { loadReference } from '#reference';
import { subWorld } from '#verification';
import { RUNS } from './runs.js';
import { situations } from './worlds.js';

it.each([
  ['each request by itself', 1],
  ['all of them together', 20],
] as const)(
  'three voices answer in the sub-world as in the world, for %s',
  async (_, together) => {
    await fc.assert(
      fc.asyncProperty(situations(20), async ({ generated: { world }, requests }) => {
        const whole = { snapshot: compile(world), reference: await loadReference(world) };
        for (let start = 0; start < requests.length; start += together) {
          const batch = requests.slice(start, start + together);
          const part = subWorld(world, batch);
          const snapshot = compile(part);
          const reference = await loadReference(part);
          for (const request of batch) {
            expect(decide(snapshot, request)).toEqual(decide(whole.snapshot, request));
            expect(specify(part, request)).toEqual(specify(world, request));
            expect(await reference.decide(request)).toEqual(await whole.reference.decide(request));
          }
        }
      }),
      // A counterexample is read more quickly than it is shrunk: every step asks three voices about two worlds.
      { numRuns: RUNS.casbin / 20, endOnFailure: true },
    );
  },
  600_000,
);

it('keeps the rules, roles and holders of no domain that is neither around a target nor around a caller', () => {
  fc.assert(
    fc.property(situations(1), ({ generated: { world }, requests: [request] }) => {
      const part = subWorld(world, [request!]);
      const placements = [...part.services.values()].flatMap(({ domains, endpoints }) => [
        ...domains,
        ...endpoints.flatMap((endpoint) => endpoint.placements),
      ]);
      for (const { name, rules, roles, directory } of part.domains.values()) {
        if (placements.some((placement) => isWithin(placement, name))) continue;
        expect(rules.filter(({ notBefore, notAfter }) => (notBefore ?? notAfter) === undefined)).toEqual([]);
        expect([roles.length, directory.assignments.size, directory.entities.size]).toEqual([0, 0, 0]);
      }
    }),
    { numRuns: RUNS.law },
  );
});
