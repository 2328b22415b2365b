import * as fc from 'fast-check';
import type { Decided } from './decision.js';
import { DecisionCache, keyOf } from './decision-cache.js';

function decided(more: Partial<Decided['answer']> = {}): Decided {
  const allowed = more.decision !== 'deny';
  return {
    kind: 'decided',
    allowed,
    kept: false,
    answer: {
      decision: 'allow',
      reason: allowed ? 'ALLOW_SLOW' : 'NO_ALLOW_RULE',
      route: null,
      deniedAt: null,
      meeting: null,
      crossed: [],
      rules: [],
      obligations: [],
      revision: 1,
      ageSeconds: 0,
      decisionId: 'd-1',
      ttlSeconds: 30,
      ...more,
    },
  };
}

describe('a kept answer', () => {
  it.each`
    because                                | answer                  | seconds   | found
    ${'its time is not over'}              | ${{}}                   | ${29.999} | ${true}
    ${'its time is over'}                  | ${{}}                   | ${30}     | ${false}
    ${'it had no time'}                    | ${{ ttlSeconds: 0 }}    | ${0}      | ${false}
    ${'a denial is kept no less'}          | ${{ decision: 'deny' }} | ${29.999} | ${true}
    ${'a denial is kept no longer either'} | ${{ decision: 'deny' }} | ${30}     | ${false}
  `('serves again, or not: $because', ({ answer, seconds, found }) => {
    let now = 5_000;
    const cache = new DecisionCache(10, () => now);
    cache.keep('key', decided(answer), now);
    now += seconds * 1000;
    expect(cache.find('key') !== undefined).toBe(found);
  });

  it('says how old it is by now, and how long it holds', () => {
    let now = 0;
    const cache = new DecisionCache(10, () => now);
    cache.keep('key', decided({ ageSeconds: 3 }), now);
    now = 1_001;
    expect(cache.find('key')).toMatchObject({ kept: true, answer: { ageSeconds: 5, ttlSeconds: 28 } });
  });

  it('does not serve who has seen a newer revision', () => {
    const cache = new DecisionCache(10, () => 0);
    cache.keep('key', decided({ revision: 4 }), 0);
    expect([4, 5].map((minRevision) => cache.find('key', minRevision) !== undefined)).toEqual([true, false]);
  });

  it('is over once any answer was by a newer revision', () => {
    const cache = new DecisionCache(10, () => 0);
    cache.keep('old', decided({ revision: 4 }), 0);
    cache.keep('new', decided({ revision: 5, ttlSeconds: 0 }), 0);
    cache.keep('late', decided({ revision: 4 }), 0);
    expect(cache.find('old') ?? cache.find('late')).toBeUndefined();
  });
});

describe('laws of the cache', () => {
  const question = fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd'), minRevision: fc.nat(4) });
  const step = fc.oneof(
    fc.record({ kind: fc.constant('ask' as const), question }),
    fc.record({
      kind: fc.constant('answer' as const),
      question,
      decision: fc.constantFrom('allow' as const, 'deny' as const),
      revision: fc.nat(4),
      ttlSeconds: fc.nat(5),
      secondsUnderWay: fc.nat(3),
    }),
    fc.record({ kind: fc.constant('wait' as const), seconds: fc.double({ min: 0, max: 4, noNaN: true }) }),
  );

  it('what it gives was answered to that key, in its time, by no older revision than was seen or asked for', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 0, max: 3 }), (steps, entries) => {
        let now = 0;
        let newest = 0;
        const cache = new DecisionCache(entries, () => now);
        const last = new Map<string, { decision: string; revision: number; until: number }>();
        for (const each of steps) {
          if (each.kind === 'wait') now += each.seconds * 1000;
          else if (each.kind === 'answer') {
            const { decision, revision, ttlSeconds } = each;
            const askedAt = now - each.secondsUnderWay * 1000;
            newest = Math.max(newest, revision);
            cache.keep(each.question.key, decided({ decision, revision, ttlSeconds }), askedAt);
            if (ttlSeconds > 0 && revision === newest) {
              last.set(each.question.key, { decision, revision, until: askedAt + ttlSeconds * 1000 });
            }
          } else {
            const { key, minRevision } = each.question;
            const found = cache.find(key, minRevision);
            if (found === undefined) continue;
            const { decision, revision, until } = last.get(key)!;
            expect(found.answer).toMatchObject({ decision, revision });
            expect(found.allowed).toBe(decision === 'allow');
            expect(now).toBeLessThan(until);
            expect(revision).toBeGreaterThanOrEqual(Math.max(newest, minRevision));
          }
          expect(cache.size).toBeLessThanOrEqual(entries);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('two questions share an answer only if the same goes over the wire', () => {
    const texts = fc.dictionary(fc.constantFrom('authorization', 'x-api-key', 'X-Api-Key', '__proto__'), fc.string());
    const asked = fc.record(
      {
        target: fc.record({ host: fc.string(), method: fc.constantFrom('GET', 'get'), path: fc.string() }),
        credentials: texts,
        headers: texts,
        attributes: fc.dictionary(fc.string(), fc.jsonValue()),
      },
      { requiredKeys: ['target'] },
    );
    const told = fc.boolean();
    fc.assert(
      fc.property(asked, told, asked, told, (a, tellA, b, tellB) => {
        const [textA, textB] = [JSON.stringify(a), JSON.stringify(b)];
        expect(keyOf(textA, tellA) === keyOf(textB, tellB)).toBe(textA === textB && tellA === tellB);
        expect(keyOf(textA, tellA)).toBe(keyOf(JSON.stringify(a), tellA));
      }),
    );
  });

  it('no credential can be read from a key', () => {
    expect(keyOf('{"credentials":{"authorization":"Bearer secret"}}', true)).toMatch(/^[\w-]{43}$/);
  });
});
