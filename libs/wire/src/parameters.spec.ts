import * as fc from 'fast-check';
import { countedParameters, parametersAlike } from './parameters.js';

describe('parameters that a service may take for `price_tier`', () => {
  it.each`
    because                                       | query                                               | alike
    ${'there is no query'}                        | ${undefined}                                        | ${[]}
    ${'it is empty'}                              | ${''}                                               | ${[]}
    ${'it says something else'}                   | ${'tier=1&price=2&price_tiers=3'}                   | ${[]}
    ${'a value is no name'}                       | ${'a=price_tier'}                                   | ${[]}
    ${'it is the very name'}                      | ${'a=1&price_tier=2'}                               | ${['price_tier']}
    ${'a name alone is one without a value'}      | ${'price_tier'}                                     | ${['price_tier']}
    ${'every value is found by one name'}         | ${'price_tier=1&price_tier=2'}                      | ${['price_tier']}
    ${'escapes are decoded'}                      | ${'%70rice%5Ftier=1'}                               | ${['%70rice%5Ftier']}
    ${'each spelling is its own'}                 | ${'%70rice_tier=1&p%72ice_tier=2'}                  | ${['%70rice_tier', 'p%72ice_tier']}
    ${'ASP.NET folds case'}                       | ${'Price_TIER=1'}                                   | ${['Price_TIER']}
    ${'PHP writes `_` for dots and spaces'}       | ${'price.tier=1&price+tier=2'}                      | ${['price.tier', 'price+tier']}
    ${'and for escaped spaces, and drops others'} | ${'price%20tier=1&%20+price_tier=2'}                | ${['price%20tier', '%20+price_tier']}
    ${'many read brackets as a list'}             | ${'price_tier[]=1&price_tier%5Ba%5D'}               | ${['price_tier[]', 'price_tier%5Ba%5D']}
    ${'Rack and Express drop one before it'}      | ${'[price_tier]=1&%5Bprice_tier=2'}                 | ${['[price_tier]', '%5Bprice_tier']}
    ${'Spring takes it where the other is not'}   | ${'!price_tier=1'}                                  | ${['!price_tier']}
    ${'some part pairs at semicolons'}            | ${'a=1;price_tier=2&b=3'}                           | ${['a']}
    ${'the first of them too'}                    | ${'price_tier;b=2'}                                 | ${['price_tier;b']}
    ${'what cannot be decoded stands as it is'}   | ${'price_tier[%zz=1&%zz=2'}                         | ${['price_tier[%zz']}
    ${'PHP writes `_` for a bracket left open'}   | ${'price[tier=1&price%5Btier=2'}                    | ${['price[tier', 'price%5Btier']}
    ${'transcoders know fields by two names'}     | ${'priceTier=1'}                                    | ${['priceTier']}
    ${'OData may leave out the sign'}             | ${'$price_tier=1'}                                  | ${['$price_tier']}
    ${'Zope has a type behind a colon'}           | ${'price_tier:int=1'}                               | ${['price_tier:int']}
    ${'a dot may lead to a member'}               | ${'price_tier.x=1'}                                 | ${['price_tier.x']}
    ${'ASP.NET looks below an argument first'}    | ${'filter.price_tier=1&filter%5BPrice_Tier%5D=2'}   | ${['filter.price_tier', 'filter%5BPrice_Tier%5D']}
    ${'spaces behind a name may be dropped'}      | ${'price_tier+=1&price_tier%20=2'}                  | ${['price_tier+', 'price_tier%20']}
    ${'so may quotes, and what nobody sees'}      | ${"'price_tier'=1&price%E2%80%8B_tier"}             | ${["'price_tier'", 'price%E2%80%8B_tier']}
    ${'one parser drops a second `?`'}            | ${'?price_tier=1'}                                  | ${['?price_tier']}
    ${'some cut at the last'}                     | ${'a=1?price_tier=2&b'}                             | ${['a']}
    ${'a tokeniser skips `=` before a name'}      | ${'=price_tier=1'}                                  | ${['']}
    ${'some decode twice'}                        | ${'%2570rice_tier=1&a%2526price_tier'}              | ${['%2570rice_tier', 'a%2526price_tier']}
    ${'some decode before they part'}             | ${'a%26price_tier=1&price_tier%3D2'}                | ${['a%26price_tier', 'price_tier%3D2']}
    ${'width is folded'}                          | ${'%EF%BD%90rice_tier=1'}                           | ${['%EF%BD%90rice_tier']}
    ${'so are accents, and an i without its dot'} | ${'pr%C3%AFce_tier&price_t%C4%B1er'}                | ${['pr%C3%AFce_tier', 'price_t%C4%B1er']}
    ${'bytes that are no text may be dropped'}    | ${'price_tier%2581=1'}                              | ${['price_tier%2581']}
    ${'an escaped value is no name'}              | ${'a=%26price_tier%3D1&b=%3Bprice_tier'}            | ${[]}
    ${'a longer name is another'}                 | ${'price_tier_2=1&price_tiers=2&a[price][tiers]=3'} | ${[]}
  `('$because', ({ query, alike }) => {
    expect(parametersAlike(query, new Set(['price_tier']))).toEqual(alike);
  });

  it('nothing is alike where no name is left', () => {
    expect(parametersAlike('=1&[]=2&!&', new Set(['price_tier']))).toEqual([]);
  });

  it('a name without letters is told by its signs', () => {
    expect(parametersAlike('_=1&-=2&%5F=3&_[]=4', new Set(['_']))).toEqual(['_', '%5F', '_[]']);
  });

  it.each`
    because                          | query           | count
    ${'there is no query'}           | ${undefined}    | ${0}
    ${'it says nothing'}             | ${''}           | ${0}
    ${'a name is one'}               | ${'a'}          | ${1}
    ${'empty ones count with some'}  | ${'&a=1&&b'}    | ${4}
    ${'some part at semicolons too'} | ${'a;b&c=d;e='} | ${4}
  `('are as many as whoever counts most says: $because', ({ query, count }) => {
    expect(countedParameters(query)).toBe(count);
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
