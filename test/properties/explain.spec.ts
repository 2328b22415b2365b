/** E1, and what an explanation promises. */
import fc from 'fast-check';
import { compile, decide, explain } from '#engine';
import { RUNS } from './runs.js';
import { situations } from './worlds.js';

it('E1 explain and the decision always give one verdict', () => {
  fc.assert(
    fc.property(situations(10), ({ generated, requests }) => {
      const snapshot = compile(generated.world);
      for (const request of requests) {
        const explanation = explain(generated.world, request);
        expect(explanation.outcome).toEqual(decide(snapshot, request));
        expect(explanation.evidence).toHaveLength(request.evidence.length);
        expect(() => JSON.stringify(explanation)).not.toThrow();
        // A denial names who could change it, and a near miss says what to change.
        if (explanation.outcome.deniedAt !== null) expect(explanation.owner?.domain).toBe(explanation.outcome.deniedAt);
        for (const change of explanation.nearestMiss?.changes ?? []) expect(change.summary).not.toBe('');
        if (explanation.outcome.decision === 'allow') expect(explanation.nearestMiss).toBeNull();
      }
    }),
    { numRuns: RUNS.law },
  );
});
