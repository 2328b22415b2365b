import * as fc from 'fast-check';
import { allowedAnswer, deniedAnswer } from '../../../../test/support/answers.js';
import type { HeaderLine } from '#http';
import { toQuestion, toReply, type Convention } from './convention.js';
import { STRIPPED_HEADERS } from '#wire';
import { CONVENTIONS } from './conventions.js';
import type { OriginalLine } from './original-line.js';

const { nginx, caddy, traefik, haproxy, apache, apisix, envoy } = CONVENTIONS;
const ingressNginx = CONVENTIONS['ingress-nginx'];

/** How each gateway asks about `GET shop.example /public?x=1`. */
const CALLS: readonly (readonly [string, Convention, OriginalLine, readonly HeaderLine[]])[] = [
  [
    'nginx',
    nginx,
    { method: 'GET', target: '/forward-auth/nginx' },
    [
      ['x-original-method', 'GET'],
      ['x-original-host', 'shop.example'],
      ['x-original-uri', '/public?x=1'],
      ['host', 'dharma'],
    ],
  ],
  [
    'caddy',
    caddy,
    { method: 'GET', target: '/forward-auth/caddy?x=/../' },
    [
      ['x-forwarded-method', 'GET'],
      ['x-forwarded-host', 'shop.example'],
      ['x-forwarded-uri', '/public?x=1'],
      ['x-forwarded-for', '10.0.0.1'],
      ['host', 'other'],
    ],
  ],
  [
    'ingress-nginx',
    ingressNginx,
    { method: 'GET', target: '/forward-auth/ingress-nginx' },
    [
      ['x-original-method', 'GET'],
      ['x-original-url', 'https://shop.example/public?x=1'],
      ['x-real-ip', '10.0.0.1'],
      ['x-auth-request-redirect', '/public?x=1'],
      ['host', 'dharma'],
    ],
  ],
  [
    'traefik',
    traefik,
    { method: 'GET', target: '/forward-auth/traefik' },
    [
      ['x-forwarded-method', 'GET'],
      ['x-forwarded-host', 'shop.example'],
      ['x-forwarded-uri', '/public?x=1'],
      ['x-forwarded-for', '10.0.0.1'],
      ['x-forwarded-proto', 'https'],
      ['host', 'dharma'],
    ],
  ],
  [
    'haproxy',
    haproxy,
    { method: 'GET', target: '/forward-auth/haproxy' },
    [
      ['x-original-method', 'GET'],
      ['x-original-host', 'shop.example'],
      ['x-original-uri', '/public?x=1'],
      ['host', 'dharma'],
    ],
  ],
  [
    'apache',
    apache,
    { method: 'GET', target: '/forward-auth/apache' },
    [
      ['x-original-method', 'GET'],
      ['x-original-host', 'shop.example'],
      ['x-original-uri', '/public?x=1'],
      ['host', 'dharma'],
    ],
  ],
  [
    'apisix',
    apisix,
    { method: 'GET', target: '/forward-auth/apisix' },
    [
      ['x-forwarded-method', 'GET'],
      ['x-forwarded-host', 'shop.example'],
      ['x-original-uri', '/public?x=1'],
      ['x-forwarded-uri', '/another/reading'],
      ['x-forwarded-for', '10.0.0.1'],
      ['x-forwarded-proto', 'https'],
      ['host', 'dharma'],
    ],
  ],
  ['envoy', envoy, { method: 'GET', target: '/forward-auth/envoy/public?x=1' }, [['host', 'shop.example']]],
];
const ASKED = { target: { kind: 'address', method: 'GET', host: 'shop.example', path: '/public?x=1' } };

/** What its call holds besides says nothing: it may be what a client said, or another reading of its target. */
function isRead(convention: Convention, name: string): boolean {
  if (['x-forwarded-for', 'x-forwarded-proto', 'x-real-ip', 'x-auth-request-redirect'].includes(name)) return false;
  return convention !== apisix || name !== 'x-forwarded-uri';
}

describe.each(CALLS)("%s's check call", (_name, convention, line, lines) => {
  it('is about the request of the client, whose headers it copies', () => {
    expect(toQuestion(convention, [...lines, ['accept', 'text/html']], line)).toMatchObject({
      kind: 'request',
      request: { ...ASKED, headers: { accept: 'text/html' }, attributes: {} },
      presented: { asserted: [], credentials: { accept: 'text/html' }, reported: { accept: 'text/html' } },
    });
  });

  const reported = lines.filter(([name]) => (name === 'host' ? convention === envoy : isRead(convention, name)));

  it.each(reported)('is malformed without %s', (missing) => {
    const question = toQuestion(
      convention,
      lines.filter(([name]) => name !== missing),
      line,
    );
    expect(question).toMatchObject({ kind: 'malformed', faults: [{ pointer: missing }] });
  });

  it.each(reported)('is malformed with a second %s, whatever it says', (name, value) => {
    const question = toQuestion(convention, [...lines, [name, value]], line);
    expect(question).toMatchObject({ kind: 'malformed', faults: [{ pointer: name }] });
  });

  it.each(['x-rewrite-url', 'x-http-method-override', 'x-forwarded-prefix', 'forwarded', 'x-envoy-original-path'])(
    'says nothing by %s, which is no convention of ours',
    (name) => {
      expect(toQuestion(convention, [...lines, [name, '/other']], line)).toMatchObject({ request: ASKED });
    },
  );

  it.each(CALLS)('says nothing by what %s would report', (_other, otherConvention, _line, others) => {
    const own = new Set(['host', ...lines.map(([name]) => name)]);
    const foreign = others.filter(([name]) => otherConvention !== convention && !own.has(name));
    const forged = foreign.map(([name]): HeaderLine => [name, '/admin']);
    expect(toQuestion(convention, [...lines, ...forged], line)).toMatchObject({ request: ASKED });
  });

  it('never has the address of a client from what clients can write', () => {
    const forged: HeaderLine[] = [
      ['x-forwarded-for', '10.9.9.9'],
      ['x-real-ip', '10.9.9.9'],
    ];
    expect(JSON.stringify(toQuestion(convention, [...lines, ...forged], line))).not.toContain('clientAddress');
  });

  it('is malformed when it asks for a tunnel', () => {
    const tunnel = lines.map(([name, value]): HeaderLine => [name, name.endsWith('-method') ? 'CONNECT' : value]);
    expect(toQuestion(convention, tunnel, { ...line, method: 'CONNECT' }).kind).toBe('malformed');
  });

  it('is malformed when its path holds bytes that its service may read in another way', () => {
    const raw = lines.map(([name, value]): HeaderLine => [name, value.replace('/public?x=1', '/public/\u00c3\u00a9')]);
    const question = toQuestion(convention, raw, { ...line, target: `${line.target.split('?', 1)[0]}\u00c3\u00a9` });
    expect(question).toMatchObject({ kind: 'malformed', faults: [{ pointer: 'path' }] });
  });

  it('never makes the codec fall over, whatever it holds', () => {
    const names = ['host', 'authorization', '__proto__', ...lines.map(([name]) => name)];
    const anyLine = fc.tuple(fc.oneof(fc.constantFrom(...names), fc.string()), fc.string());
    fc.assert(
      fc.property(fc.array(anyLine), fc.string(), fc.string(), (some, method, target) => {
        const question = toQuestion(convention, some, { method, target });
        expect(['request', 'malformed']).toContain(question.kind);
      }),
    );
  });
});

const ATTESTING = CALLS.filter(([, convention]) => [nginx, haproxy, apache, apisix].includes(convention as never));

describe.each(ATTESTING)("the client's address from %s", (_name, convention, line, lines) => {
  const asked = (...values: string[]) =>
    toQuestion(convention, [...lines, ...values.map((value): HeaderLine => ['x-original-address', value])], line);

  it.each`
    because                     | values                       | question
    ${'the gateway reports it'} | ${['192.0.2.7']}             | ${{ presented: { clientAddress: '192.0.2.7' } }}
    ${'of two, one is forged'}  | ${['192.0.2.7', '10.0.0.1']} | ${{ kind: 'malformed', faults: [{ pointer: 'x-original-address' }] }}
  `('$because', ({ values, question }) => {
    expect(asked(...values)).toMatchObject(question);
  });

  it.each([[[]], [['']]])('need not be there', (values: string[]) => {
    expect(asked(...values)).not.toHaveProperty('presented.clientAddress');
  });
});

describe("ingress-nginx's target", () => {
  it.each`
    because                                        | url                                     | target
    ${'host and target are the client\u2019s own'} | ${'http://Shop.example:8080/a//b?x=/'}  | ${{ host: 'Shop.example:8080', path: '/a//b?x=/' }}
    ${'the first slash ends the host'}             | ${'https://shop.example//evil.example'} | ${{ host: 'shop.example', path: '//evil.example' }}
    ${'a user stays part of the host'}             | ${'http://evil@shop.example/a'}         | ${{ host: 'evil@shop.example', path: '/a' }}
    ${'no host is none'}                           | ${'http:///public'}                     | ${{ host: '', path: '' }}
    ${'nor can a path lend its own'}               | ${'http:////shop.example/public'}       | ${{ host: '', path: '' }}
    ${'a target may lack its path'}                | ${'http://shop.example?x=/public'}      | ${{ host: '', path: '' }}
    ${'or have none of its own'}                   | ${'http://shop.example*'}               | ${{ host: '', path: '' }}
    ${'another scheme is none of its'}             | ${'file://shop.example/public'}         | ${{ host: '', path: '' }}
  `('is taken apart to the letter: $because', ({ url, target }) => {
    const lines: HeaderLine[] = [
      ['x-original-method', 'GET'],
      ['x-original-url', url],
    ];
    expect(toQuestion(ingressNginx, lines, { method: 'GET', target: '/' })).toMatchObject({ request: { target } });
  });
});

it('APISIX\u2019s own reading of the target is not what is judged', () => {
  const [, , line, lines] = CALLS.find(([name]) => name === 'apisix')!;
  const decoded = lines.map(([name, value]): HeaderLine => [name, name === 'x-forwarded-uri' ? '/public/a' : value]);
  const raw = decoded.map(([name, value]): HeaderLine => [name, name === 'x-original-uri' ? '/public/%61' : value]);
  expect(toQuestion(apisix, raw, line)).toMatchObject({ request: { target: { path: '/public/%61' } } });
});

describe("Envoy's target", () => {
  it.each`
    because                                   | target                                        | path
    ${'it stands behind our path'}            | ${'/forward-auth/envoy/admin'}                | ${'/admin'}
    ${'nothing is merged'}                    | ${'/forward-auth/envoy//admin'}               | ${'//admin'}
    ${'nothing is decoded'}                   | ${'/forward-auth/envoy/a/%2e%2e/%zz'}         | ${'/a/%2e%2e/%zz'}
    ${'an absolute one stays one, and fails'} | ${'/forward-auth/envoyhttp://evil.example/'}  | ${'http://evil.example/'}
    ${'our path alone is the empty target'}   | ${'/forward-auth/envoy'}                      | ${''}
    ${'our path may stand in it again'}       | ${'/forward-auth/envoy/forward-auth/envoy/a'} | ${'/forward-auth/envoy/a'}
  `('is taken to the letter: $because', ({ target, path }) => {
    expect(toQuestion(envoy, [['host', 'h']], { method: 'GET', target })).toMatchObject({
      request: { target: { path } },
    });
  });
});

describe.each(CALLS)('the reply to %s', (_name, convention) => {
  const set = { kind: 'setHeader', name: 'X-Tier', value: 'gold', critical: true, rule: 'shop/read' } as const;

  it('is 200 with the judged path and the obligations', () => {
    const outcome = {
      obligations: [set],
      path: '/a',
      actor: 'checkout',
      principal: 'user:ann',
      crossed: ['acme', 'acme.shop'],
    };
    expect(toReply(convention, allowedAnswer(outcome), 'Bearer', [])).toEqual({
      status: 200,
      headers: {
        'x-dharma-decision': 'd-1',
        'x-dharma-path': '/a',
        'x-dharma-actor': 'checkout',
        'x-dharma-principal': 'user:ann',
        'x-dharma-domain': 'acme.shop',
        'x-tier': 'gold',
        'cache-control': 'no-store',
        ...(convention === envoy && { 'x-envoy-auth-headers-to-remove': STRIPPED_HEADERS.join(', ') }),
      },
    });
  });

  it('says nothing by empty headers, so that the client cannot say it', () => {
    const { headers } = toReply(convention, allowedAnswer({ crossed: [] }), 'Bearer', []);
    expect(headers).toMatchObject({ 'x-dharma-actor': '', 'x-dharma-principal': '', 'x-dharma-domain': '*' });
  });

  it('lets no client say what only a rule may say', () => {
    const headersSet = new Map([
      ['x-tier', ['x-tier', 'x_tier']],
      ['x-plan', ['x-plan']],
      ['cache-control', ['cache-control']],
    ]);
    const { headers } = toReply(convention, { ...allowedAnswer({ obligations: [set] }), headersSet }, 'Bearer', []);
    const removed = headers['x-envoy-auth-headers-to-remove']?.split(', ') ?? [];
    const said = ['x-tier', 'x_tier', 'x-plan'].map((name) => (removed.includes(name) ? 'removed' : headers[name]));
    expect(said).toEqual(convention === envoy ? ['gold', 'removed', 'removed'] : ['gold', '', '']);
    // What the gateway takes as an order stays ours.
    expect([headers['cache-control'], removed.includes('cache-control')]).toEqual(['no-store', false]);
  });

  it.each`
    because                                                   | sent                        | isDangerous
    ${'a service may take it for the method'}                 | ${'x_http_method_override'} | ${true}
    ${'a dot folds as well'}                                  | ${'x.rewrite.url'}          | ${true}
    ${'a service may take it for what a rule says'}           | ${'x_plan'}                 | ${true}
    ${'also for what this rule says'}                         | ${'x_tier'}                 | ${true}
    ${'the gateway sets it itself'}                           | ${'x_quota'}                | ${false}
    ${'the gateway is told by its name to say nothing there'} | ${'x_seats'}                | ${false}
    ${'nobody says anything there'}                           | ${'x_request_id'}           | ${false}
    ${'under its very name the gateway takes it away'}        | ${'x-http-method-override'} | ${false}
  `('lets no name in that folds into one it strips: $because', ({ sent, isDangerous }) => {
    const headersSet = new Map([
      ['x-tier', ['x-tier']],
      ['x-plan', ['x-plan']],
      ['x-quota', ['x_quota']],
      ['x-seats', ['x_seats']],
    ]);
    const obligations = [set, { ...set, name: 'X_Quota' }];
    const reply = toReply(convention, { ...allowedAnswer({ obligations }), headersSet }, 'Bearer', ['accept', sent]);
    if (convention === envoy) {
      const removed = reply.headers['x-envoy-auth-headers-to-remove']!.split(', ');
      expect([reply.status, removed.includes(sent)]).toEqual([200, sent !== 'x_quota' && sent !== 'x_request_id']);
    } else expect(reply.status).toBe(isDangerous ? 403 : 200);
  });

  it.each`
    because                                               | answer                                                                                  | status
    ${'a stranger may log in'}                            | ${deniedAnswer()}                                                                       | ${401}
    ${'no login mends a malformed request'}               | ${deniedAnswer({ reason: 'INVALID_REQUEST' })}                                          | ${403}
    ${'own state is one on which it lets nothing pass'}   | ${deniedAnswer({ reason: 'POLICY_UNAVAILABLE' })}                                       | ${convention.unavailable}
    ${'without a judged path it would forward its own'}   | ${allowedAnswer({ path: null })}                                                        | ${403}
    ${'a policy gives no orders to gateways'}             | ${allowedAnswer({ obligations: [{ ...set, name: 'Cache-Control' }] })}                  | ${403}
    ${'nor may it have headers of other domains removed'} | ${allowedAnswer({ obligations: [{ ...set, name: 'x-envoy-auth-headers-to-remove' }] })} | ${403}
    ${'nor redirect inside the gateway'}                  | ${allowedAnswer({ obligations: [{ ...set, name: 'X-Accel-Redirect' }] })}               | ${403}
  `('denies: $because', ({ answer, status }) => {
    const reply = toReply(convention, answer, 'Bearer realm="shop"', []);
    expect(reply.status).toBe(status);
    expect(reply.headers['www-authenticate']).toBe(status === 401 ? 'Bearer realm="shop"' : undefined);
    expect(reply.headers).not.toHaveProperty('x-dharma-path');
    expect(reply.headers['content-type']).toBe('application/problem+json');
    const code =
      status === 401 ? 'unauthenticated' : answer.outcome.reason === 'POLICY_UNAVAILABLE' ? 'unavailable' : 'forbidden';
    expect(JSON.parse(reply.body!)).toEqual({
      type: `urn:dharma:problem:${code}`,
      title: expect.any(String),
      status,
      code,
      decisionId: 'd-1',
    });
  });

  it('says with 403 that a scope is missing, and not which', () => {
    const answer = { ...deniedAnswer(), hasVerifiedCredential: true, lacksOnlyScopes: true };
    const { status, headers, body } = toReply(convention, answer, 'Bearer', []);
    expect([status, headers['www-authenticate']]).toEqual([403, 'Bearer error="insufficient_scope"']);
    expect(JSON.parse(body!)).toMatchObject({ code: 'insufficient_scope', status: 403 });
  });

  it('names a false credential in the challenge', () => {
    const answer = { ...deniedAnswer(), hasFalseCredential: true };
    expect(toReply(convention, answer, 'Bearer', []).headers['www-authenticate']).toBe('Bearer error="invalid_token"');
  });
});

it('Envoy removes the headers that we name', () => {
  const removals = ['X-Debug', 'x-trace-id'].map(
    (name) => ({ kind: 'removeHeader', name, critical: true, rule: 'shop/read' }) as const,
  );
  expect(toReply(envoy, allowedAnswer({ obligations: removals }), 'Bearer', [])).toMatchObject({
    status: 200,
    headers: { 'x-envoy-auth-headers-to-remove': `x-debug, x-trace-id, ${STRIPPED_HEADERS.join(', ')}` },
  });
});

it('Envoy removes what it shows us of ours, under every name, and leaves what we set', () => {
  const sent = ['accept', 'x-dharma-role', 'x-dharma-actor', 'x_http_method'];
  expect(toReply(envoy, allowedAnswer(), 'Bearer', sent).headers['x-envoy-auth-headers-to-remove']).toBe(
    [...STRIPPED_HEADERS, 'x-dharma-role', 'x_http_method'].join(', '),
  );
});

it('Envoy, which may let requests pass on a 5xx, never gets one', () => {
  expect(envoy.unavailable).toBe(403);
});
