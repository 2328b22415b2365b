/** A record is enough: decided again under its revision it has its verdict, although most of the request is not in it. */
import fc from 'fast-check';
import { readRecord, replay, requestOf } from '#decision-log';
import { type AccessRequest, decide, explain, type Outcome } from '#engine';
import { situations } from '../properties/worlds.js';
import { policyOf, recordingOf, taken } from './recorded.js';

const REQUESTS = 40;
const IS_LONG = process.env['DHARMA_LONG'] === '1';
const WORLDS = IS_LONG ? 2_500 : 50;

/** Members that no rule of these worlds reads, beside those that are there. */
function withMore(request: AccessRequest): AccessRequest {
  const more = { unread: 'unread', __proto__: null, deep: { list: [{ unread: true }] } };
  return {
    ...request,
    headers: { ...request.headers, 'x-unread': 'unread' },
    attributes: { ...request.attributes, ...more },
    claimed: { ...request.claimed, ...more },
    context: { ...request.context, ...more },
    evidence: request.evidence.map((item) => ({ ...item, claims: { ...item.claims, ...more } })),
  };
}

/** The path goes back to the gateway as it was judged, and its query with it. */
function withoutPath(outcome: Outcome): Omit<Outcome, 'path'> {
  const { path: _, ...rest } = outcome;
  return rest;
}

it('is decided again as it was decided, on every member of the answer', () => {
  let again = 0;
  let masked = 0;
  fc.assert(
    fc.property(situations(REQUESTS), ({ generated, requests }) => {
      const policy = policyOf(generated.world);
      const recording = recordingOf();
      for (const request of requests.map(withMore)) {
        const { verdict, ...rest } = taken(policy, request);
        const line = recording.line({ ...rest, verdict });
        expect(line).not.toMatch(/unread|\n/);
        const record = readRecord(line);
        expect(record).toMatchObject({ decision: verdict.decision, reason: verdict.reason, rules: verdict.rules });
        const rebuilt = requestOf(record);
        if (rebuilt.kind !== 'request') {
          // Only parts of a target that was refused, perhaps for those parts.
          expect([verdict.reason, rebuilt.kind]).toEqual(['INVALID_REQUEST', 'masked']);
          masked += 1;
          continue;
        }
        expect(withoutPath(decide(policy.snapshot, rebuilt.request))).toEqual(withoutPath(verdict));
        const replayed = replay(record, policy.snapshot);
        expect(replayed).toMatchObject({
          kind: 'decided',
          outcome: { decision: record.decision, reason: record.reason },
        });
        again += 1;
      }
    }),
    { numRuns: WORLDS, endOnFailure: true, ...(IS_LONG ? {} : { seed: 20_261_126 }) },
  );
  expect(again + masked).toBe(WORLDS * REQUESTS);
  expect(again).toBeGreaterThan(0.95 * WORLDS * REQUESTS);
});

it('is explained with the verdict it had', () => {
  fc.assert(
    fc.property(situations(4), ({ generated, requests }) => {
      const policy = policyOf(generated.world);
      for (const request of requests) {
        const one = taken(policy, request);
        const rebuilt = requestOf(readRecord(recordingOf().line(one)));
        if (rebuilt.kind !== 'request') continue;
        const { decision, reason, deniedAt, rules } = explain(generated.world, rebuilt.request).outcome;
        expect({ decision, reason, deniedAt, rules }).toEqual({
          decision: one.verdict.decision,
          reason: one.verdict.reason,
          deniedAt: one.verdict.deniedAt,
          rules: one.verdict.rules,
        });
      }
    }),
    { numRuns: WORLDS / 5, endOnFailure: true },
  );
});

it('says the same whatever was recorded before it', () => {
  let lines = 0;
  fc.assert(
    fc.property(situations(20), ({ generated, requests }) => {
      const policy = policyOf(generated.world);
      const policies = [policy, { ...policyOf(generated.world), epoch: 2, revision: 8 }];
      const suspended = new Map(generated.world.domains);
      for (const [name, domain] of suspended) suspended.set(name, { ...domain, suspended: true });
      policies.push(policyOf({ ...generated.world, domains: suspended }, ['x-tenant']));
      const settings = { mask: ['principal.claims.azp', 'request.headers.x-tenant'], show: ['context.*'] };
      const recording = recordingOf(settings);
      for (const request of requests) {
        for (const [index, by] of policies.entries()) {
          const ways = [
            {},
            { enforcementPoint: 'side' },
            { observed: true },
            { request: { ...request, maxTtlSeconds: request.maxTtlSeconds + 1 + index } },
            { request: { ...request, carries: ['setHeader' as const] } },
            { request: undefined },
          ];
          for (const way of ways) {
            const one = taken(by, request, way);
            expect(recording.line(one)).toBe(recordingOf(settings).line(one));
            lines += 1;
          }
        }
      }
    }),
    { numRuns: WORLDS / 5, endOnFailure: true },
  );
  expect(lines).toBe((WORLDS / 5) * 20 * 3 * 6);
});
