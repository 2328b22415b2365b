import * as fc from 'fast-check';
import { jsonOf, structOf } from './struct.js';

describe('a struct', () => {
  it('says what the JSON object says', () => {
    // Equality of the texts leaves prototypes and the sign of zero out.
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (json) => {
        expect(JSON.parse(JSON.stringify(jsonOf(structOf(json))))).toEqual(JSON.parse(JSON.stringify(json)));
      }),
    );
  });

  it('has no special member', () => {
    const json = JSON.parse('{ "__proto__": 0, "inner": { "__proto__": 1 } }') as object;
    expect(JSON.stringify(jsonOf(structOf(json)))).toBe(JSON.stringify(json));
  });

  it('becomes maps without a prototype, at every depth', () => {
    const { outer } = jsonOf(structOf({ outer: { constructor: 1 } })) as { outer: object };
    expect(Object.getPrototypeOf(outer)).toBeNull();
  });

  it('leaves members out that say nothing', () => {
    expect(structOf({ a: undefined, b: null })).toEqual({ fields: { b: { nullValue: 'NULL_VALUE' } } });
  });

  it('with a value that says nothing holds null', () => {
    expect(jsonOf({ fields: { a: {} } })).toMatchObject({ a: null });
  });
});
