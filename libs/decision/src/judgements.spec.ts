import type { Evidence } from '#engine';
import type { Identity, Judged, KnownCaller, Presented } from '#identity';
import { Judgements } from './judgements.js';

const CALLER: KnownCaller = { kind: 'known', name: 'edge', domain: '*', mayExplain: false, believed: new Set() };
const NOTHING: Judged = { evidence: [], dropped: [], hasVerifiedCredential: false, hasFalseCredential: false };
const ANN: Presented = { asserted: [], credentials: { authorization: 'Bearer a' }, reported: {} };

const until = (expiresAt: number | undefined): Judged => ({
  ...NOTHING,
  evidence: [{ mechanism: 'oauth', subject: 'ann', expiresAt } as Evidence],
});

/** An identity that counts how often it judges. */
function counting(judge: () => Judged | Promise<Judged>): {
  readonly identity: Identity;
  readonly times: () => number;
} {
  let times = 0;
  const identity = { judge: () => ((times += 1), judge()) } as unknown as Identity;
  return { identity, times: () => times };
}

describe('judgements of one message', () => {
  it.each`
    because                                             | second                           | judged
    ${'the same thing was presented'}                   | ${{}}                            | ${1}
    ${'something like it was presented'}                | ${{ presented: { ...ANN } }}     | ${2}
    ${'it is the last instant of what it rests on'}     | ${{ now: 4_999 }}                | ${1}
    ${'something that it rests on has expired'}         | ${{ now: 5_000 }}                | ${2}
    ${'another revision is in force, which may differ'} | ${{ isOfAnotherRevision: true }} | ${2}
  `('judge $judged times: $because', ({ second, judged }) => {
    const first = counting(() => until(5_000));
    const other = counting(() => NOTHING);
    const judgements = new Judgements();
    const { presented = ANN, now = 1_000, isOfAnotherRevision = false } = second;
    judgements.judge(ANN, first.identity, CALLER, 1_000);
    judgements.judge(presented, (isOfAnotherRevision ? other : first).identity, CALLER, now);
    expect(first.times() + other.times()).toBe(judged);
  });

  it('wait once for what has to be waited for, and are there at once from then on', async () => {
    const { identity, times } = counting(() => Promise.resolve(until(undefined)));
    const judgements = new Judgements();
    const first = await judgements.judge(ANN, identity, CALLER, 0);
    expect(judgements.judge(ANN, identity, CALLER, Number.MAX_SAFE_INTEGER)).toBe(first);
    expect(times()).toBe(1);
  });

  it('keep nothing of a judging that failed', async () => {
    const { identity, times } = counting(() => Promise.reject(new Error('out of order')));
    const judgements = new Judgements();
    for (const _ of [1, 2]) {
      await expect(judgements.judge(ANN, identity, CALLER, 0)).rejects.toThrow('out of order');
    }
    expect(times()).toBe(2);
  });
});
