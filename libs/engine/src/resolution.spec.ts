/** Where an address leads, asked of both: the lists that a reader wants and the indexes that a decision uses. */
import { get } from '../../../test/reference/worlds.js';
import { named, resolverOf, rpc } from '../../../test/engine/resolver.js';

describe('an address', () => {
  const to = resolverOf({
    shop: {
      all: { hosts: ['shop.example'], operations: [get('/v1/**')] },
      item: { hosts: ['shop.example'], operations: [get('/v1/{id}', 'GET'), get('/v1/{id}/pages/**', 'GET')] },
      edit: { hosts: ['shop.example'], operations: [get('/v1/{item}', 'PUT')] },
      find: { hosts: ['shop.example'], operations: [get('/v1/find')], trailingSlash: 'ignore' },
      list: { hosts: ['shop.example'], operations: [get('/list/', 'GET')], trailingSlash: 'ignore' },
      any: { hosts: ['shop.example'], operations: [get('/m/x')] },
      one: { hosts: ['shop.example'], operations: [get('/m/x', 'GET')] },
      back: { hosts: ['shop.example'], operations: [get('/b/{x}/c'), get('/b/c/d'), get('/b/e/**')] },
      wide: { hosts: ['*.example'], operations: [get('/**')] },
      wider: { hosts: ['*.shop.example'], operations: [get('/**', 'GET')] },
      raw: { hosts: ['raw.example'], operations: [get('/f/{name}')], encodedSlash: 'allow' },
      plain: { hosts: ['raw.example'], operations: [get('/**')] },
      cors: { hosts: ['cors.example'], operations: [get('/**', 'PUT')] },
      quad: { hosts: ['10.0.0.1', '[2001:db8::1]'] },
    },
  });

  it.each`
    because                                                 | asked                                | endpoint
    ${'a literal is before a parameter'}                    | ${'GET shop.example/v1/find'}        | ${'shop/find'}
    ${'a parameter is before any rest'}                     | ${'GET shop.example/v1/7'}           | ${'shop/item id=7'}
    ${'any rest takes what is left'}                        | ${'GET shop.example/v1/7/x'}         | ${'shop/all'}
    ${'also none'}                                          | ${'GET shop.example/v1'}             | ${'shop/all'}
    ${'a literal within a parameter`s reach'}               | ${'GET shop.example/v1/7/pages'}     | ${'shop/item id=7'}
    ${'with any rest after it'}                             | ${'GET shop.example/v1/7/pages/1/2'} | ${'shop/item id=7'}
    ${'endpoints share out methods under their own names'}  | ${'PUT shop.example/v1/7'}           | ${'shop/edit item=7'}
    ${'the method must be listed at that very path'}        | ${'DELETE shop.example/v1/7'}        | ${'unknown'}
    ${'there is no way back to a wider path for a method'}  | ${'POST shop.example/v1/7/pages/1'}  | ${'unknown'}
    ${'HEAD is not GET'}                                    | ${'HEAD shop.example/v1/7'}          | ${'unknown'}
    ${'get is not GET either'}                              | ${'get shop.example/v1/7'}           | ${'unknown'}
    ${'the one that names the method is before any method'} | ${'GET shop.example/m/x'}            | ${'shop/one'}
    ${'any method takes the others'}                        | ${'HEAD shop.example/m/x'}           | ${'shop/any'}
    ${'also one nobody has heard of'}                       | ${'PURGE shop.example/m/x'}          | ${'shop/any'}
    ${'the most specific that matches is taken'}            | ${'GET shop.example/b/c/c'}          | ${'shop/back x=c'}
    ${'though a literal would have begun better'}           | ${'GET shop.example/b/c/d'}          | ${'shop/back'}
    ${'a literal that goes nowhere is left again'}          | ${'GET shop.example/b/c/e'}          | ${'unknown'}
    ${'any rest below a literal is before a parameter'}     | ${'GET shop.example/b/e/c'}          | ${'shop/back'}
    ${'a trailing slash that does not matter is dropped'}   | ${'GET shop.example/v1/find/'}       | ${'shop/find'}
    ${'or added'}                                           | ${'GET shop.example/list'}           | ${'shop/list'}
    ${'it stands as written too'}                           | ${'GET shop.example/list/'}          | ${'shop/list'}
    ${'one that matters is a segment'}                      | ${'GET shop.example/v1/7/'}          | ${'shop/all'}
    ${'a parameter never takes an empty segment'}           | ${'GET shop.example/v1/'}            | ${'shop/all'}
    ${'a path that only begins like one'}                   | ${'GET shop.example/v10'}            | ${'unknown'}
    ${'the query is no part of it'}                         | ${'GET shop.example/m/x?/v1/7'}      | ${'shop/one'}
    ${'parameters are canonical, still escaped'}            | ${'GET shop.example/v1/%7e%20'}      | ${'shop/item id=~%20'}
    ${'the exact host never falls back to a suffix'}        | ${'GET shop.example/v2'}             | ${'unknown'}
    ${'a suffix takes one label'}                           | ${'GET any.example/v2'}              | ${'shop/wide'}
    ${'or more'}                                            | ${'GET a.b.example/v2'}              | ${'shop/wide'}
    ${'the longest suffix wins'}                            | ${'GET a.b.shop.example/v2'}         | ${'shop/wider'}
    ${'and never falls back to a shorter one'}              | ${'POST a.shop.example/v2'}          | ${'unknown'}
    ${'the suffix alone is not below it'}                   | ${'GET example/v2'}                  | ${'unknown'}
    ${'suffixes are compared by labels'}                    | ${'GET a.bexample/v2'}               | ${'unknown'}
    ${'hosts are judged in canonical form'}                 | ${'GET SHOP.Example.:80/v1/%37'}     | ${'shop/item id=7'}
    ${'an address is a host'}                               | ${'GET 10.0.0.1:80/'}                | ${'shop/quad'}
    ${'of either family'}                                   | ${'GET [2001:DB8:0::1]/'}            | ${'shop/quad'}
    ${'an escaped slash goes where it is allowed'}          | ${'GET raw.example/f/a%2fb'}         | ${'shop/raw name=a%2Fb'}
    ${'what has none may go there too'}                     | ${'GET raw.example/f/a'}             | ${'shop/raw name=a'}
    ${'one that resolves nowhere is refused'}               | ${'GET raw.example/g/a%2Fb'}         | ${'invalid'}
    ${'also where others would take any path'}              | ${'GET any.example/a%2Fb'}           | ${'invalid'}
    ${'and where nobody listens'}                           | ${'GET nowhere.test/a%2Fb'}          | ${'invalid'}
    ${'nobody listens'}                                     | ${'GET nowhere.test/'}               | ${'unknown'}
    ${'a path that climbs is refused'}                      | ${'GET shop.example/v1/../m/x'}      | ${'invalid'}
    ${'a host that is no name'}                             | ${'GET shop_example/v1'}             | ${'invalid'}
    ${'a method that is no token'}                          | ${'G(T shop.example/v1'}             | ${'invalid'}
  `('$asked: $because', ({ asked, endpoint }) => {
    expect(to(asked)).toBe(endpoint);
  });

  it.each`
    because                                           | headers                                                    | endpoint
    ${'a preflight goes by the method it asks about'} | ${{ origin: 'x', 'access-control-request-method': 'PUT' }} | ${'shop/cors'}
    ${'a method nobody takes'}                        | ${{ origin: 'x', 'access-control-request-method': 'GET' }} | ${'unknown'}
    ${'a method that is no token'}                    | ${{ origin: 'x', 'access-control-request-method': 'P T' }} | ${'invalid'}
    ${'without an origin it is no preflight'}         | ${{ 'access-control-request-method': 'PUT' }}              | ${'unknown'}
    ${'nor without a method'}                         | ${{ origin: 'x' }}                                         | ${'unknown'}
  `('OPTIONS: $because', ({ headers, endpoint }) => {
    expect(to('OPTIONS cors.example/x', headers)).toBe(endpoint);
  });

  it('is no preflight with any other method', () => {
    const headers = { origin: 'x', 'access-control-request-method': 'PUT' };
    expect(to('GET cors.example/x', headers)).toBe('unknown');
  });
});

describe('claims decide last', () => {
  const at = (host: string, placements: readonly string[]) => ({ hosts: [host], placements });
  const claim = (text: string) => {
    const slash = text.indexOf('/');
    return slash < 0 ? { host: text, prefix: '' } : { host: text.slice(0, slash), prefix: text.slice(slash) };
  };
  const to = resolverOf(
    {
      shop: {
        top: at('top.example', ['acme']),
        team: { ...at('team.example', ['acme.team']), kind: 'grpc', operations: [get('/**')] },
        deep: at('deep.example', ['acme.team.deep']),
        foreign: at('foreign.example', ['other']),
        split: at('split.example', ['acme.team', 'acme']),
        shallow: at('shallow.example', ['acme.team']),
        sub: at('*.sub.example', ['acme.team']),
        outside: at('outside.example', []),
        free: at('free.test', ['other']),
        exact: at('exact.free.test', ['acme']),
      },
    },
    {
      acme: [claim('*.example')],
      'acme.team': [claim('team.example'), claim('*.sub.example'), claim('split.example'), claim('shallow.example/a')],
      'acme.team.deep': [claim('team.example/v1'), claim('team.example/v1/in'), claim('shallow.example/a')],
      other: [claim('exact.free.test/x')],
    },
  );

  it.each`
    because                                       | asked                             | endpoint
    ${'it lies in the claiming domain'}           | ${'GET top.example/'}             | ${'shop/top'}
    ${'below it'}                                 | ${'GET team.example/'}            | ${'shop/team'}
    ${'or not at all'}                            | ${'GET foreign.example/'}         | ${'unknown'}
    ${'every placement must'}                     | ${'GET split.example/'}           | ${'unknown'}
    ${'the exact host is before a suffix'}        | ${'GET team.example/v2'}          | ${'shop/team'}
    ${'a longer prefix is before the host alone'} | ${'GET team.example/v1'}          | ${'unknown'}
    ${'it holds what lies below it'}              | ${'GET team.example/v1/x'}        | ${'unknown'}
    ${'with a trailing slash too'}                | ${'GET team.example/v1/'}         | ${'unknown'}
    ${'but whole segments only'}                  | ${'GET team.example/v10'}         | ${'shop/team'}
    ${'a longer suffix is before a shorter one'}  | ${'GET a.b.sub.example/'}         | ${'shop/sub'}
    ${'of one region the deeper domain has it'}   | ${'GET shallow.example/a'}        | ${'unknown'}
    ${'outside that region the suffix holds'}     | ${'GET shallow.example/b'}        | ${'shop/shallow'}
    ${'it lies deeper than the claim'}            | ${'GET deep.example/a'}           | ${'shop/deep'}
    ${'an external endpoint lies nowhere'}        | ${'GET outside.example/'}         | ${'unknown'}
    ${'what nobody claims is free'}               | ${'GET free.test/'}               | ${'shop/free'}
    ${'a claim on a prefix leaves the rest free'} | ${'GET exact.free.test/'}         | ${'shop/exact'}
    ${'and holds its own'}                        | ${'GET exact.free.test/x/y'}      | ${'unknown'}
    ${'an RPC with a host is an address'}         | ${rpc('/v1/Get', 'team.example')} | ${'unknown'}
    ${'without one no claim can be judged'}       | ${rpc('/v1/Get')}                 | ${'shop/team'}
    ${'nor for an endpoint by name'}              | ${named('shop/foreign')}          | ${'shop/foreign'}
  `('$because', ({ asked, endpoint }) => {
    expect(to(asked)).toBe(endpoint);
  });
});
