import { Breath } from '../../decision/src/breath.js';
import { forEach } from './when.js';

/** Every piece of work takes so many microseconds. */
function working(microseconds: number) {
  let now = 0;
  const breath = new Breath(() => now);
  return {
    breath,
    double: (item: number): number => {
      now += microseconds;
      return item * 2;
    },
  };
}

const ITEMS = [1, 2, 3, 4, 5, 6];
const DOUBLED = [2, 4, 6, 8, 10, 12];

it('is done at once where the thread is not held for long', () => {
  const { breath, double } = working(10);
  expect(forEach(ITEMS, breath, double)).toEqual(DOUBLED);
});

it('waits for what is not there at once', async () => {
  const { breath, double } = working(10);
  const later = (item: number) => (item === 3 ? Promise.resolve(double(item)) : double(item));
  expect(await forEach(ITEMS, breath, later)).toEqual(DOUBLED);
});

it('lets others have their turn where it takes long, and keeps the order', async () => {
  const { breath, double } = working(2_500);
  const seen: (number | 'others')[] = [];
  setImmediate(() => seen.push('others'));
  const noted = (item: number) => (seen.push(item), item === 5 ? Promise.resolve(double(item)) : double(item));
  expect(await forEach(ITEMS, breath, noted)).toEqual(DOUBLED);
  expect(seen).toEqual([1, 2, 'others', 3, 4, 5, 6]);
});
