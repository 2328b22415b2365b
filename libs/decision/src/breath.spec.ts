import { Breath } from './breath.js';

it('is over when the thread was held for some milliseconds, and lets others in', async () => {
  let now = 1_000;
  const breath = new Breath(() => now);
  now += 4_999;
  expect(breath.isOver).toBe(false);
  now += 1;
  expect(breath.isOver).toBe(true);
  let others = 0;
  setImmediate(() => others++);
  await breath.next();
  expect([others, breath.isOver]).toEqual([1, false]);
});
