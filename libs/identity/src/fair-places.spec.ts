import { FairPlaces } from './fair-places.js';

/** How many places somebody gets who takes all there are. */
function flood(places: FairPlaces, ...who: string[]): number {
  let taken = 0;
  while (places.take(who) !== undefined) taken += 1;
  return taken;
}

it('leaves to the next one half of what is free, however much everybody before took', () => {
  const places = new FairPlaces(128);
  const floods = Array.from({ length: 9 }, (_, at) => flood(places, `edge-${at}`));
  expect(floods).toEqual([64, 32, 16, 8, 4, 2, 1, 1, 0]);
});

it('leaves to other clients of a gateway half of its share', () => {
  const places = new FairPlaces(128);
  expect([flood(places, 'edge', 'a'), flood(places, 'edge', 'b'), flood(places, 'other', 'a')]).toEqual([32, 16, 20]);
});

it('gives a place that was given back to the next one', () => {
  const places = new FairPlaces(2);
  const giveBack = places.take(['edge'])!;
  expect(places.take(['edge'])).toBeUndefined();
  giveBack();
  expect(places.take(['edge'])).toBeDefined();
});
