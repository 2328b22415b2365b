import type { Attributes, Outcome, Target, World } from '#engine';
import { loadReference } from '#reference';
import { asking, from, get, worldOf } from './worlds.js';

const open = { domains: ['acme'] };

/** A world in which everybody inside may do everything, so that only the target decides. */
function inside(
  services: Parameters<typeof worldOf>[0]['services'],
  addresses: { host: string; prefix: string }[] = [],
): World {
  return worldOf({
    domains: {
      acme: { trust: ['mesh'], addresses },
      'acme.team': {},
      other: {},
    },
    services: { caller: open, ...services },
  });
}

async function resolve(world: World, target: Target | string, headers = {}): Promise<Outcome> {
  return (await loadReference(world)).decide(asking(target, { evidence: [from('caller')], headers }));
}

describe('an address resolves', () => {
  const world = inside({
    books: {
      ...open,
      endpoints: {
        all: { hosts: ['books.example'], operations: [get('/v1/**')] },
        one: { hosts: ['books.example'], operations: [get('/v1/{id}', 'GET'), get('/v1/{id}/pages/**', 'GET')] },
        edit: { hosts: ['books.example'], operations: [get('/v1/{book}', 'PUT')] },
        find: { hosts: ['books.example'], operations: [get('/v1/find')], trailingSlash: 'ignore' },
        wide: { hosts: ['*.example'], operations: [get('/**')] },
        wider: { hosts: ['*.books.example'], operations: [get('/**')] },
        raw: { hosts: ['raw.example'], operations: [get('/f/{name}')], encodedSlash: 'allow' },
        plain: { hosts: ['raw.example'], operations: [get('/**')] },
        cors: { hosts: ['cors.example'], operations: [get('/**', 'PUT')], preflight: 'allow' },
      },
    },
  });

  it.each`
    because                                               | target                            | endpoint
    ${'literals come before parameters'}                  | ${'GET books.example/v1/find'}    | ${'books/find'}
    ${'parameters come before any rest'}                  | ${'GET books.example/v1/7'}       | ${'books/one'}
    ${'methods may be shared out over endpoints'}         | ${'PUT books.example/v1/7'}       | ${'books/edit'}
    ${'the method must be listed at that very path'}      | ${'DELETE books.example/v1/7'}    | ${null}
    ${'HEAD is not GET'}                                  | ${'HEAD books.example/v1/7'}      | ${null}
    ${'any rest takes what is left'}                      | ${'DELETE books.example/v1/7/x'}  | ${'books/all'}
    ${'also none'}                                        | ${'GET books.example/v1'}         | ${'books/all'}
    ${'the exact host does not fall back to a suffix'}    | ${'GET books.example/v2'}         | ${null}
    ${'a suffix takes one label'}                         | ${'GET any.example/v2'}           | ${'books/wide'}
    ${'the longest suffix wins'}                          | ${'GET a.b.books.example/v2'}     | ${'books/wider'}
    ${'the suffix alone is not under it'}                 | ${'GET example/v2'}               | ${null}
    ${'a trailing slash that does not matter is dropped'} | ${'GET books.example/v1/find/'}   | ${'books/find'}
    ${'one that matters is a segment'}                    | ${'GET books.example/v1/7/'}      | ${'books/all'}
    ${'hosts and escapes are judged in canonical form'}   | ${'GET BOOKS.example.:80/v1/%37'} | ${'books/one'}
    ${'an escaped slash goes where it is allowed'}        | ${'GET raw.example/f/a%2fb'}      | ${'books/raw'}
  `('$target: $because', async ({ target, endpoint }) => {
    const outcome = await resolve(world, target);
    expect(outcome).toMatchObject(
      endpoint === null ? { reason: 'UNKNOWN_ENDPOINT', endpoint } : { reason: 'ALLOW_FAST', endpoint },
    );
  });

  it.each`
    because                                        | target
    ${'an escaped slash where nobody opted in'}    | ${'GET books.example/v1/a%2Fb'}
    ${'an escaped slash that resolves to nothing'} | ${'GET raw.example/g/a%2Fb'}
    ${'a method that is no token'}                 | ${'G(T books.example/v1'}
    ${'a path that climbs'}                        | ${'GET books.example/v1/../v2'}
    ${'a host that is no name'}                    | ${'GET a_b.example/v1'}
  `('is refused: $because', async ({ target }) => {
    const outcome = await resolve(world, target);
    expect(outcome).toMatchObject({ reason: 'INVALID_REQUEST', endpoint: null, path: null, ttlSeconds: 0 });
  });

  it('with the canonical path in the answer, also when nothing answers it', async () => {
    expect(await resolve(world, 'GET books.example/v1/%7e?q')).toMatchObject({ path: '/v1/~' });
    expect(await resolve(world, 'GET books.example/%7e?q')).toMatchObject({ reason: 'UNKNOWN_ENDPOINT', path: '/~' });
  });

  it.each`
    because                                     | headers                                                    | reason
    ${'a preflight goes by the method it asks'} | ${{ origin: 'x', 'access-control-request-method': 'PUT' }} | ${'ALLOW_FAST'}
    ${'a method nobody takes'}                  | ${{ origin: 'x', 'access-control-request-method': 'GET' }} | ${'UNKNOWN_ENDPOINT'}
    ${'a method that is no token'}              | ${{ origin: 'x', 'access-control-request-method': 'P T' }} | ${'INVALID_REQUEST'}
    ${'without an origin it is no preflight'}   | ${{ 'access-control-request-method': 'PUT' }}              | ${'UNKNOWN_ENDPOINT'}
  `('as a preflight: $because', async ({ headers, reason }) => {
    expect(await resolve(world, 'OPTIONS cors.example/x', headers)).toMatchObject({ reason });
  });
});

describe('an endpoint by name', () => {
  const world = inside({
    books: {
      ...open,
      endpoints: {
        api: { operations: [get('/v1/{id}', 'GET'), get('/v1/**')] },
        events: { kind: 'async', operations: [{ kind: 'topic', topic: '**', actions: ['*'] }] },
      },
    },
  });

  it.each`
    because                                           | said                                           | reason
    ${'its name is enough'}                           | ${{}}                                          | ${'ALLOW_FAST'}
    ${'a method it lists'}                            | ${{ method: 'PUT' }}                           | ${'ALLOW_FAST'}
    ${'a path it has'}                                | ${{ path: '/v1/a?b' }}                         | ${'ALLOW_FAST'}
    ${'a path it has not'}                            | ${{ path: '/v2' }}                             | ${'UNKNOWN_ENDPOINT'}
    ${'the method at the most specific path'}         | ${{ method: 'PUT', path: '/v1/a' }}            | ${'UNKNOWN_ENDPOINT'}
    ${'an escaped slash it never opted in to'}        | ${{ path: '/v1/a%2Fb' }}                       | ${'INVALID_REQUEST'}
    ${'what is invalid is so before what is unknown'} | ${{ endpoint: 'no/such', path: '/a//' }}       | ${'INVALID_REQUEST'}
    ${'a name nobody has'}                            | ${{ endpoint: 'no/such' }}                     | ${'UNKNOWN_ENDPOINT'}
    ${'topics have no method'}                        | ${{ endpoint: 'books/events', method: 'GET' }} | ${'UNKNOWN_ENDPOINT'}
  `('$because', async ({ said, reason }) => {
    expect(await resolve(world, { kind: 'endpoint', endpoint: 'books/api', ...said })).toMatchObject({ reason });
  });
});

describe('a claim', () => {
  const claims = [
    { host: 'api.example', prefix: '' },
    { host: '*.acme.example', prefix: '/pay' },
  ];
  const world = inside(
    {
      ours: {
        domains: ['acme.team'],
        endpoints: { api: { hosts: ['api.example', '*.acme.example'], operations: [get('/ours/**')] } },
      },
      theirs: {
        domains: ['other'],
        endpoints: {
          api: { hosts: ['api.example'], operations: [get('/theirs/**')] },
          pay: { hosts: ['x.acme.example'] },
        },
      },
      both: {
        domains: ['acme', 'other'],
        endpoints: { api: { hosts: ['api.example'], operations: [get('/both/**')] } },
      },
      shop: { kind: 'external', endpoints: { api: { hosts: ['api.example'], operations: [get('/shop/**')] } } },
    },
    claims,
  );

  it.each`
    because                                                 | target                           | reason
    ${'whoever lives below the claiming domain may answer'} | ${'GET api.example/ours'}        | ${'NOT_VISIBLE'}
    ${'nobody else may'}                                    | ${'GET api.example/theirs'}      | ${'UNKNOWN_ENDPOINT'}
    ${'nor who also lives elsewhere'}                       | ${'GET api.example/both'}        | ${'UNKNOWN_ENDPOINT'}
    ${'nor an external service'}                            | ${'GET api.example/shop'}        | ${'UNKNOWN_ENDPOINT'}
    ${'a prefix is whole segments'}                         | ${'GET x.acme.example/payments'} | ${'NOT_VISIBLE'}
    ${'and what is below it is claimed'}                    | ${'GET x.acme.example/pay/now'}  | ${'UNKNOWN_ENDPOINT'}
  `('$target: $because', async ({ target, reason }) => {
    const outcome = await (await loadReference(world)).decide(asking(target));
    expect(outcome).toMatchObject({ reason });
  });

  it('does not concern an endpoint by name', async () => {
    expect(await resolve(world, { kind: 'endpoint', endpoint: 'theirs/api' })).toMatchObject({ reason: 'NOT_VISIBLE' });
  });
});

describe('an RPC, a topic, a resource', () => {
  const find = get('/books.v1.Books/Find', 'POST');
  const world = inside({
    books: {
      ...open,
      endpoints: {
        grpc: { kind: 'grpc', hosts: ['a.example'], operations: [find, get('/books.v1.Books/Twice', 'POST')] },
        twin: { kind: 'grpc', hosts: ['b.example'], operations: [get('/books.v1.Books/Twice', 'POST')] },
        web: { hosts: ['web.example'], operations: [get('/books.v1.Books/Web', 'POST')] },
        made: {
          kind: 'async',
          hosts: [],
          operations: [{ kind: 'topic', topic: 'books.*.made', actions: ['publish'] }],
        },
        log: { kind: 'async', hosts: [], operations: [{ kind: 'topic', topic: 'books.**', actions: ['*'] }] },
        record: {
          kind: 'resource',
          hosts: [],
          operations: [{ kind: 'resource', resourceType: 'book', actions: ['view'] }],
        },
      },
    },
  });
  const rpc = (name: string, host?: string): Target => ({ kind: 'rpc', rpc: `/books.v1.Books/${name}`, host });
  const topic = (text: string, action = 'publish'): Target => ({ kind: 'topic', topic: text, action });
  const nothing: Attributes = {};
  const resource = (type: string, name: string): Target => ({
    kind: 'resource',
    resource: { type, id: '7', properties: nothing },
    action: { name, properties: nothing },
  });

  it.each`
    because                               | target                           | reason                | endpoint
    ${'an RPC needs no host'}             | ${rpc('Find')}                   | ${'ALLOW_FAST'}       | ${'books/grpc'}
    ${'two that answer leave it open'}    | ${rpc('Twice')}                  | ${'UNKNOWN_ENDPOINT'} | ${null}
    ${'a host tells them apart'}          | ${rpc('Twice', 'B.example')}     | ${'ALLOW_FAST'}       | ${'books/twin'}
    ${'without a host only gRPC answers'} | ${rpc('Web')}                    | ${'UNKNOWN_ENDPOINT'} | ${null}
    ${'with a host any endpoint may'}     | ${rpc('Web', 'web.example')}     | ${'ALLOW_FAST'}       | ${'books/web'}
    ${'an RPC has no query'}              | ${rpc('Find?x=1')}               | ${'INVALID_REQUEST'}  | ${null}
    ${'not even an empty one'}            | ${rpc('Find?')}                  | ${'INVALID_REQUEST'}  | ${null}
    ${'nor with a host'}                  | ${rpc('Web?x=1', 'web.example')} | ${'INVALID_REQUEST'}  | ${null}
    ${'nor where nothing answers'}        | ${rpc('None?x=1')}               | ${'INVALID_REQUEST'}  | ${null}
    ${'the most specific topic'}          | ${topic('books.x.made')}         | ${'ALLOW_FAST'}       | ${'books/made'}
    ${'no falling back over an action'}   | ${topic('books.x.made', 'eat')}  | ${'UNKNOWN_ENDPOINT'} | ${null}
    ${'a rest may be none'}               | ${topic('books', 'consume')}     | ${'ALLOW_FAST'}       | ${'books/log'}
    ${'a topic is no pattern'}            | ${topic('books.*.made')}         | ${'INVALID_REQUEST'}  | ${null}
    ${'nor has it empty segments'}        | ${topic('books..made')}          | ${'INVALID_REQUEST'}  | ${null}
    ${'nor control characters'}           | ${topic('books.\n')}             | ${'INVALID_REQUEST'}  | ${null}
    ${'an action is no pattern'}          | ${topic('books', '*')}           | ${'INVALID_REQUEST'}  | ${null}
    ${'a resource by type and action'}    | ${resource('book', 'view')}      | ${'ALLOW_FAST'}       | ${'books/record'}
    ${'an action its type has not'}       | ${resource('book', 'burn')}      | ${'UNKNOWN_ENDPOINT'} | ${null}
    ${'a type nobody has'}                | ${resource('film', 'view')}      | ${'UNKNOWN_ENDPOINT'} | ${null}
    ${'a type has a name'}                | ${resource('', 'view')}          | ${'INVALID_REQUEST'}  | ${null}
  `('$because', async ({ target, reason, endpoint }) => {
    expect(await resolve(world, target)).toMatchObject({ reason, endpoint });
  });
});

describe('an enforcement point asks', () => {
  const world = inside({
    team: { domains: ['acme.team'], endpoints: { api: {} } },
    shop: { kind: 'external', endpoints: { api: {} } },
  });

  it.each`
    because                               | target                 | askedFrom      | reason
    ${'about what lies below its domain'} | ${'GET team.example/'} | ${'acme.team'} | ${'NOT_VISIBLE'}
    ${'not about its neighbours'}         | ${'GET team.example/'} | ${'other'}     | ${'NOT_ENTITLED'}
    ${'about external services'}          | ${'GET shop.example/'} | ${'acme.team'} | ${'ALLOW_EGRESS'}
    ${'about nothing, from the top'}      | ${'GET none.example/'} | ${'acme'}      | ${'UNKNOWN_ENDPOINT'}
    ${'about nothing, from below'}        | ${'GET none.example/'} | ${'acme.team'} | ${'NOT_ENTITLED'}
  `('$because', async ({ target, askedFrom, reason }) => {
    const asked = asking(target, { askedFrom, evidence: target.includes('shop') ? [from('caller')] : [] });
    expect(await (await loadReference(world)).decide(asked)).toMatchObject({ reason });
  });
});
