import { LoopDelay, type LoopWindow } from './loop-delay.js';

const calm: LoopWindow = { length: 1, median: 0.001, p99: 0.004, max: 0.02 };
const late: LoopWindow = { length: 1, median: 0.25, p99: 0.3, max: 0.4 };
/** One long pause among many quick turns. */
const paused: LoopWindow = { length: 1, median: 0.001, p99: 0.6, max: 0.6 };

describe('the loop delay', () => {
  it.each`
    because                                 | windows                                             | isStuck
    ${'nothing is known yet'}               | ${[]}                                               | ${false}
    ${'it is calm'}                         | ${[calm, calm, calm, calm, calm, calm]}             | ${false}
    ${'four seconds are a burst'}           | ${[late, late, late, late]}                         | ${false}
    ${'five seconds are not'}               | ${[late, late, late, late, late]}                   | ${true}
    ${'late windows are long'}              | ${[{ ...late, length: 5.5 }]}                       | ${true}
    ${'a breath in between starts it anew'} | ${[late, late, late, late, calm, late, late]}       | ${false}
    ${'pauses are not being late with all'} | ${[paused, paused, paused, paused, paused, paused]} | ${false}
    ${'it is over'}                         | ${[late, late, late, late, late, late, calm]}       | ${false}
  `('is stuck: $isStuck, when $because', ({ windows, isStuck }) => {
    const delay = new LoopDelay();
    for (const window of windows) delay.record(window);
    expect(delay.isStuck).toBe(isStuck);
  });

  it('tells of the last minute', () => {
    const delay = new LoopDelay();
    expect(delay.lastMinute).toEqual({ median: 0, p99: 0, max: 0 });
    delay.record(late);
    for (let seconds = 1; seconds < 60; seconds += 1) delay.record(seconds === 30 ? paused : calm);
    expect(delay.lastMinute).toEqual({ median: 0.001, p99: 0.6, max: 0.6 });
    for (let seconds = 0; seconds < 60; seconds += 1) delay.record(calm);
    expect(delay.lastMinute).toEqual({ median: 0.001, p99: 0.004, max: 0.02 });
  });

  it('measures this thread', async () => {
    const delay = new LoopDelay().start();
    const until = (time: number) => {
      while (performance.now() < time);
    };
    await new Promise((turn) => setTimeout(turn, 50));
    until(performance.now() + 300);
    const end = performance.now() + 20_000;
    while (delay.lastMinute.max === 0 && performance.now() < end) await new Promise((turn) => setTimeout(turn, 20));
    delay.stop();
    expect(delay.lastMinute.max).toBeGreaterThan(0.2);
    expect(delay.lastMinute.median).toBeLessThan(0.2);
  });
});
