import { TokenBuckets } from './token-buckets.js';

const SECOND = 1_000;

/** Buckets whose time passes when it is told to. */
function buckets(settings: { perSecond?: number; burst?: number; keys?: number } = {}) {
  const time = { now: 1_000_000 };
  return { time, of: new TokenBuckets({ perSecond: 2, burst: 3, keys: 3, ...settings }, () => time.now) };
}

describe('buckets of tokens', () => {
  it('give a burst, and then as fast as they fill', () => {
    const { time, of } = buckets();
    expect([1, 2, 3, 4, 5].map(() => of.take('ann'))).toEqual([0, 0, 0, 1, 1]);
    time.now += SECOND;
    expect([1, 2, 3].map(() => of.take('ann'))).toEqual([0, 0, 1]);
    time.now += 3_600 * SECOND;
    expect([1, 2, 3, 4].map(() => of.take('ann'))).toEqual([0, 0, 0, 1]);
  });

  it.each`
    because                                  | perSecond | passes  | wait
    ${'one a minute is a minute away'}       | ${1 / 60} | ${0}    | ${60}
    ${'most of the minute went by'}          | ${1 / 60} | ${59.5} | ${1}
    ${'nobody is told to wait zero seconds'} | ${50}     | ${0}    | ${1}
  `('say how long it takes: $because', ({ perSecond, passes, wait }) => {
    const { time, of } = buckets({ perSecond, burst: 1 });
    expect(of.take('ann')).toBe(0);
    time.now += passes * SECOND;
    expect([of.wait('ann'), of.take('ann')]).toEqual([wait, wait]);
    time.now += wait * SECOND;
    expect(of.take('ann')).toBe(0);
  });

  it('are not emptied by looking, nor filled by a clock that was set back', () => {
    const { time, of } = buckets({ burst: 1 });
    expect([of.wait('ann'), of.wait('ann'), of.take('ann')]).toEqual([0, 0, 0]);
    time.now -= 3_600 * SECOND;
    expect(of.take('ann')).toBe(1);
    time.now += SECOND;
    expect(of.take('ann')).toBe(0);
  });

  it('are one each, and no more than fit: who was away for longest makes room', () => {
    const { of } = buckets({ burst: 1 });
    for (const name of ['ann', 'bo', 'cy']) expect(of.take(name)).toBe(0);
    expect(of.take('ann')).toBe(1);
    expect(of.take('di')).toBe(0);
    expect(['ann', 'bo', 'cy', 'di'].map((name) => of.has(name))).toEqual([true, false, true, true]);
    expect(of.take('ann')).toBe(1);
  });
});
