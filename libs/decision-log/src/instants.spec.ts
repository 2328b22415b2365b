import fc from 'fast-check';
import { Instants } from './instants.js';

describe('instants', () => {
  it('are written as the platform writes them, in whatever order they come', () => {
    const instants = new Instants();
    fc.assert(
      fc.property(fc.date({ noInvalidDate: true }), fc.integer({ min: -2_000, max: 2_000 }), (date, later) => {
        const near = date.getTime() + later;
        fc.pre(Math.abs(near) <= 8.64e15);
        for (const time of [date.getTime(), near]) expect(instants.text(time)).toBe(new Date(time).toISOString());
      }),
    );
  });
});
