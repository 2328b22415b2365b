/** Where targets that are no address lead, asked of both `resolution.ts` and `lookup.ts`. */
import { get } from '../../../test/reference/worlds.js';
import { named, resolverOf, resource, rpc, topic } from '../../../test/engine/resolver.js';

describe('an RPC', () => {
  const grpc = { kind: 'grpc' } as const;
  const to = resolverOf({
    a: {
      find: { ...grpc, operations: [get('/shop.v1.Search/Find', 'POST')] },
      both: { ...grpc, operations: [get('/shop.v1.Both/*', 'POST')] },
      rest: { operations: [get('/**')] },
      slashed: { ...grpc, operations: [get('/shop.v1.Files/{name}', 'POST')], encodedSlash: 'allow' },
    },
    b: {
      search: { ...grpc, operations: [get('/shop.v1.Search/*', 'POST')] },
      both: { ...grpc, operations: [get('/shop.v1.Both/{method}', 'POST')] },
      get: { ...grpc, operations: [get('/shop.v1.Get/Only', 'GET')] },
    },
  });

  it.each`
    because                                        | asked                                       | endpoint
    ${'its path leads to it, whatever the host'}   | ${rpc('/shop.v1.Search/Find')}              | ${'a/find'}
    ${'the most specific path is before others'}   | ${rpc('/shop.v1.Search/List')}              | ${'b/search'}
    ${'two that answer it leave it open'}          | ${rpc('/shop.v1.Both/Get')}                 | ${'unknown'}
    ${'a host says which'}                         | ${rpc('/shop.v1.Both/Get', 'a.example')}    | ${'a/both'}
    ${'and under which name'}                      | ${rpc('/shop.v1.Both/Get', 'b.example')}    | ${'b/both method=Get'}
    ${'an RPC is a POST'}                          | ${rpc('/shop.v1.Get/Only')}                 | ${'unknown'}
    ${'without host only RPC endpoints answer'}    | ${rpc('/shop.v1.Other/Get')}                | ${'unknown'}
    ${'with one any endpoint may'}                 | ${rpc('/shop.v1.Other/Get', 'a.example')}   | ${'a/rest'}
    ${'however it is reported'}                    | ${'POST a.example/shop.v1.Search/Find'}     | ${'a/find'}
    ${'as a GET it is another thing'}              | ${'GET a.example/shop.v1.Search/Find'}      | ${'unknown'}
    ${'a host nobody has'}                         | ${rpc('/shop.v1.Search/Find', 'c.example')} | ${'unknown'}
    ${'an escaped slash goes where it is allowed'} | ${rpc('/shop.v1.Files/a%2Fb')}              | ${'a/slashed name=a%2Fb'}
    ${'and nowhere else'}                          | ${rpc('/shop.v1.Search/a%2Fb')}             | ${'invalid'}
    ${'an RPC has no query'}                       | ${rpc('/shop.v1.Search/Find?a')}            | ${'invalid'}
    ${'it begins at the root'}                     | ${rpc('shop.v1.Search/Find')}               | ${'invalid'}
    ${'its host is judged'}                        | ${rpc('/shop.v1.Search/Find', 'a b')}       | ${'invalid'}
  `('$because', ({ asked, endpoint }) => {
    expect(to(asked)).toBe(endpoint);
  });
});

describe('an endpoint by name', () => {
  const to = resolverOf({
    shop: {
      api: { operations: [get('/v1/{id}', 'GET'), get('/v1/**')] },
      raw: { operations: [get('/f/{name}')], encodedSlash: 'allow' },
      loose: { operations: [get('/l')], trailingSlash: 'ignore' },
      cors: { operations: [get('/**', 'PUT')] },
      events: { kind: 'async', operations: [{ kind: 'topic', topic: '**', actions: ['*'] }] },
      records: { kind: 'resource', operations: [{ kind: 'resource', resourceType: 'record', actions: ['view'] }] },
    },
  });

  it.each`
    because                                           | asked                                      | endpoint
    ${'its name is enough'}                           | ${named('shop/api')}                       | ${'shop/api'}
    ${'nobody has this name'}                         | ${named('shop/other')}                     | ${'unknown'}
    ${'no name is special'}                           | ${named('__proto__')}                      | ${'unknown'}
    ${'a method that an operation lists'}             | ${named('shop/api', 'PUT')}                | ${'shop/api'}
    ${'one that none lists'}                          | ${named('shop/cors', 'GET')}               | ${'unknown'}
    ${'a path that an operation has'}                 | ${named('shop/api', undefined, '/v1/a/b')} | ${'shop/api'}
    ${'with its parameters'}                          | ${named('shop/api', undefined, '/v1/a?b')} | ${'shop/api id=a'}
    ${'a path that none has'}                         | ${named('shop/api', undefined, '/v2')}     | ${'unknown'}
    ${'the method at the most specific path'}         | ${named('shop/api', 'GET', '/v1/a')}       | ${'shop/api id=a'}
    ${'and not at a wider one'}                       | ${named('shop/api', 'PUT', '/v1/a')}       | ${'unknown'}
    ${'a trailing slash that does not matter'}        | ${named('shop/loose', 'GET', '/l/')}       | ${'shop/loose'}
    ${'one that matters'}                             | ${named('shop/raw', 'GET', '/f/a/')}       | ${'unknown'}
    ${'an escaped slash where it is allowed'}         | ${named('shop/raw', 'GET', '/f/a%2Fb')}    | ${'shop/raw name=a%2Fb'}
    ${'allowed, but at another path'}                 | ${named('shop/raw', 'GET', '/g/a%2Fb')}    | ${'unknown'}
    ${'an escaped slash where it is not'}             | ${named('shop/api', 'GET', '/v1/a%2Fb')}   | ${'invalid'}
    ${'what is invalid is so before what is unknown'} | ${named('no/such', 'GET', '/a//')}         | ${'invalid'}
    ${'also with an escaped slash'}                   | ${named('no/such', 'GET', '/a%2Fb')}       | ${'invalid'}
    ${'a topic endpoint by its name alone'}           | ${named('shop/events')}                    | ${'shop/events'}
    ${'topics have no method'}                        | ${named('shop/events', 'GET')}             | ${'unknown'}
    ${'resources have no path'}                       | ${named('shop/records', undefined, '/v1')} | ${'unknown'}
  `('$because', ({ asked, endpoint }) => {
    expect(to(asked)).toBe(endpoint);
  });

  it('takes a preflight by the method it asks about', () => {
    const headers = { origin: 'x', 'access-control-request-method': 'PUT' };
    expect(to(named('shop/cors', 'OPTIONS'), headers)).toBe('shop/cors');
    expect(to(named('shop/cors', 'OPTIONS', '/x'), headers)).toBe('shop/cors');
    expect(to(named('shop/cors', 'OPTIONS', '/x'))).toBe('unknown');
  });
});

describe('topics and resources', () => {
  const on = (pattern: string, ...actions: string[]) => ({ kind: 'topic', topic: pattern, actions }) as const;
  const of = (type: string, ...actions: string[]) => ({ kind: 'resource', resourceType: type, actions }) as const;
  const to = resolverOf({
    bus: {
      eu: { kind: 'async', operations: [on('orders.eu', 'publish')] },
      one: { kind: 'async', operations: [on('orders.*', 'publish', 'consume')] },
      rest: { kind: 'async', operations: [on('orders.**', '*')] },
      stock: { kind: 'async', operations: [on('stock.*', '*'), on('stock.*', 'consume')] },
    },
    store: {
      view: { kind: 'resource', operations: [of('record', 'view')] },
      rest: { kind: 'resource', operations: [of('record', '*'), of('Record', 'view')] },
    },
  });

  it.each`
    because                                 | asked                                | endpoint
    ${'a literal is before a wildcard'}     | ${topic('orders.eu', 'publish')}     | ${'bus/eu'}
    ${'there the action must be listed'}    | ${topic('orders.eu', 'consume')}     | ${'unknown'}
    ${'one segment is before any rest'}     | ${topic('orders.us', 'consume')}     | ${'bus/one'}
    ${'any rest takes what is left'}        | ${topic('orders.us.west', 'purge')}  | ${'bus/rest'}
    ${'also none'}                          | ${topic('orders', 'publish')}        | ${'bus/rest'}
    ${'nobody has this topic'}              | ${topic('stock', 'publish')}         | ${'unknown'}
    ${'any action'}                         | ${topic('stock.a', 'publish')}       | ${'bus/stock'}
    ${'a wildcard in a request is refused'} | ${topic('orders.*', 'publish')}      | ${'invalid'}
    ${'so is an empty segment'}             | ${topic('orders..eu', 'publish')}    | ${'invalid'}
    ${'so is any action'}                   | ${topic('orders.eu', '*')}           | ${'invalid'}
    ${'a resource by type and action'}      | ${resource('record', 'view')}        | ${'store/view'}
    ${'any action takes the others'}        | ${resource('record', 'edit')}        | ${'store/rest'}
    ${'types have their own case'}          | ${resource('Record', 'view')}        | ${'store/rest'}
    ${'and their own actions'}              | ${resource('Record', 'edit')}        | ${'unknown'}
    ${'nobody has this type'}               | ${resource('book', 'view')}          | ${'unknown'}
    ${'no name is special'}                 | ${resource('__proto__', 'view')}     | ${'unknown'}
    ${'nor is an action`s'}                 | ${resource('Record', 'constructor')} | ${'unknown'}
    ${'any action is none'}                 | ${resource('record', '*')}           | ${'invalid'}
    ${'a type has a name'}                  | ${resource('', 'view')}              | ${'invalid'}
  `('$because', ({ asked, endpoint }) => {
    expect(to(asked)).toBe(endpoint);
  });
});
