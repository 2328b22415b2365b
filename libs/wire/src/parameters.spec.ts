import * as fc from 'fast-check';
import { parametersAlike } from './parameters.js';

describe('parameters that a service may take for `price_tier`', () => {
  it.each`
    because                                       | query                                 | alike
    ${'there is no query'}                        | ${undefined}                          | ${[]}
    ${'it is empty'}                              | ${''}                                 | ${[]}
    ${'it says something else'}                   | ${'tier=1&price=2&price_tiers=3'}     | ${[]}
    ${'a value is no name'}                       | ${'a=price_tier'}                     | ${[]}
    ${'it is the very name'}                      | ${'a=1&price_tier=2'}                 | ${['price_tier']}
    ${'a name alone is one without a value'}      | ${'price_tier'}                       | ${['price_tier']}
    ${'every value is found by one name'}         | ${'price_tier=1&price_tier=2'}        | ${['price_tier']}
    ${'escapes are decoded'}                      | ${'%70rice%5Ftier=1'}                 | ${['%70rice%5Ftier']}
    ${'each spelling is its own'}                 | ${'%70rice_tier=1&p%72ice_tier=2'}    | ${['%70rice_tier', 'p%72ice_tier']}
    ${'ASP.NET folds case'}                       | ${'Price_TIER=1'}                     | ${['Price_TIER']}
    ${'PHP writes `_` for dots and spaces'}       | ${'price.tier=1&price+tier=2'}        | ${['price.tier', 'price+tier']}
    ${'and for escaped spaces, and drops others'} | ${'price%20tier=1&%20+price_tier=2'}  | ${['price%20tier', '%20+price_tier']}
    ${'many read brackets as a list'}             | ${'price_tier[]=1&price_tier%5Ba%5D'} | ${['price_tier[]', 'price_tier%5Ba%5D']}
    ${'Rack and Express drop one before it'}      | ${'[price_tier]=1&%5Bprice_tier=2'}   | ${['[price_tier]', '%5Bprice_tier']}
    ${'Spring takes it where the other is not'}   | ${'!price_tier=1'}                    | ${['!price_tier']}
    ${'some part pairs at semicolons'}            | ${'a=1;price_tier=2&b=3'}             | ${['a']}
    ${'the first of them too'}                    | ${'price_tier;b=2'}                   | ${['price_tier;b']}
    ${'what cannot be decoded stands as it is'}   | ${'price_tier[%zz=1&%zz=2'}           | ${['price_tier[%zz']}
  `('$because', ({ query, alike }) => {
    expect(parametersAlike(query, new Set(['price_tier']))).toEqual(alike);
  });

  it('nothing is alike where no name is left', () => {
    expect(parametersAlike('=1&[]=2&!&', new Set(['price_tier']))).toEqual([]);
  });

  it('are found in whatever spelling, among whatever else', () => {
    const escaped = fc
      .array(fc.boolean(), { minLength: 4, maxLength: 4 })
      .map((drawn) =>
        [...'tier'].map((sign, at) => (drawn[at]! ? `%${sign.charCodeAt(0).toString(16)}` : sign)).join(''),
      );
    fc.assert(
      fc.property(fc.array(fc.webQueryParameters()), escaped, fc.nat(), (others, spelling, place) => {
        const pairs = others.filter((pair) => pair !== '');
        pairs.splice(place % (pairs.length + 1), 0, `${spelling}=1`);
        expect(parametersAlike(pairs.join('&'), new Set(['tier']))).toContain(spelling);
      }),
    );
  });
});
