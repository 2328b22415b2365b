import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { specify, type Outcome } from '#engine';
import { loadBundle } from '#policy';
import { isEqual } from './agreement.js';
import { requestsFor } from './random-request.js';
import { differenceOf, shrink } from './shrink.js';
import { verify } from './verify.js';
import { CASBIN, FAST, SPECIFICATION, type Voice, VOICES } from './voices.js';

const world = readFileSync(join(import.meta.dirname, '../../../test/vectors/worked-examples/world.yaml'), 'utf8');
const bundle = loadBundle([{ file: 'world.yaml', text: world }]);

/** A fast engine with one planted fault. */
function faulty(fault: (outcome: Outcome) => Outcome): Voice {
  return { name: 'fast', prepare: (about) => (request) => fault(specify(about, request)) };
}

const forgetsTheLastCrossing = faulty((outcome) =>
  outcome.crossed.length > 1 ? { ...outcome, crossed: outcome.crossed.slice(0, -1) } : outcome,
);

describe('verification', () => {
  it('counts the answers of voices that agree, and asks casbin its share', async () => {
    const onProgress: number[] = [];
    const verification = await verify({
      world: bundle.world!,
      requests: take(1000),
      voices: VOICES.map((voice) => ({ voice, share: voice === CASBIN ? 0.05 : 1 })),
      onProgress: ({ requests }) => onProgress.push(requests),
    });
    expect(verification).toMatchObject({
      kind: 'agreement',
      counts: { requests: 1000, asked: { specification: 1000, fast: 1000, casbin: 50 } },
    });
    const { byReason } = verification.counts;
    expect(Object.values(byReason).reduce((sum, count) => sum + count, 0)).toBe(1000);
    expect(byReason.ALLOW_SLOW).toBeGreaterThan(100);
    expect(onProgress).toEqual([500, 1000]);
  });

  it.each`
    because                                | voice
    ${'a wrong answer is a difference'}    | ${forgetsTheLastCrossing}
    ${'a voice that throws has not agreed'} | ${faulty(() => {
  throw new Error('broken');
})}
    ${'a member too many is a difference'} | ${faulty((outcome) => ({ ...outcome, accepts: ['x'] }))}
  `('$because', async ({ voice }: { voice: Voice }) => {
    const voices = [SPECIFICATION, voice].map((one) => ({ voice: one, share: 1 }));
    const verification = await verify({ world: bundle.world!, requests: take(1000), voices });
    expect(verification.kind).toBe('difference');
  });

  it('does not take voices for agreeing that all throw', async () => {
    const broken = faulty(() => {
      throw new Error('broken');
    });
    const verification = await verify({
      world: bundle.world!,
      requests: take(1),
      voices: [{ voice: broken, share: 1 }],
    });
    expect(verification).toMatchObject({ kind: 'difference', statements: [{ said: { threw: 'broken' } }] });
  });

  it('takes an absent member for one that is undefined, and nothing else', () => {
    expect(isEqual({ a: 1, b: undefined }, { a: 1 })).toBe(true);
    expect(isEqual({ a: null }, { a: undefined })).toBe(false);
    expect(isEqual([], {})).toBe(false);
    expect(isEqual([1, 2], [2, 1])).toBe(false);
  });
});

describe('shrinking', () => {
  it('leaves a small world that loads and still divides the voices', async () => {
    const voices = [SPECIFICATION, forgetsTheLastCrossing];
    const found = await verify({
      world: bundle.world!,
      requests: take(1000),
      voices: voices.map((voice) => ({ voice, share: 1 })),
    });
    if (found.kind !== 'difference') throw new Error('the planted fault was not found');
    const documents = bundle.documents.map(({ document }) => document);
    const shrunk = await shrink({ documents, request: found.request }, differenceOf(voices));
    const reloaded = loadBundle([{ file: 'shrunk.yaml', text: shrunk!.yaml }]);
    expect(reloaded.faults).toEqual([]);
    expect(await differenceOf(voices)(reloaded.world!, shrunk!.request)).toBe(true);
    // Two domains to cross, a service, and a rule that lets through both.
    expect(reloaded.documents.length).toBeLessThanOrEqual(5);
    expect(reloaded.documents.length).toBeLessThan(documents.length / 3);
    expect(shrunk!.request.evidence.length).toBeLessThanOrEqual(1);
  });

  it('finds nothing where the voices agree', async () => {
    const documents = bundle.documents.map(({ document }) => document);
    const [request] = take(1);
    expect(await shrink({ documents, request: request! }, differenceOf([SPECIFICATION, FAST]))).toBeUndefined();
  });
});

function take(count: number) {
  const requests = requestsFor(bundle.world!, 1);
  return Array.from({ length: count }, () => requests.next().value);
}
