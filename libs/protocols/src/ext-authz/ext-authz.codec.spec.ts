import * as fc from 'fast-check';
import type { Question } from '#decision';
import type { Obligation } from '#engine';
import { allowedAnswer, deniedAnswer } from '../../../../test/support/answers.js';
import { grpcDefinition } from '../grpc-definition.js';
import { STRIPPED_HEADERS } from '#wire';
import { structOf } from '#wire';
import type { AttributeContext, CheckRequest, HttpAttributes } from './check-message.js';
import { refusedWithoutDecision, sentIn, toCheckResponse, toQuestion } from './ext-authz.codec.js';

const HTTP: HttpAttributes = {
  method: 'GET',
  path: '/public?x=1',
  host: 'shop.example:443',
  headers: {},
  headerMap: null,
};

function check(http: Partial<HttpAttributes>, more: Partial<AttributeContext> = {}): CheckRequest {
  const request = { http: { ...HTTP, ...http } };
  return { attributes: { source: null, request, contextExtensions: {}, metadataContext: null, ...more } };
}

function asserting(fields: object): CheckRequest {
  return check(
    {},
    { metadataContext: { filterMetadata: { dharma: structOf(fields), other: structOf({ evidence: 1 }) } } },
  );
}

const CHALLENGES: { readonly [code: string]: string } = {
  unauthenticated: 'Bearer',
  invalid_token: 'Bearer error="invalid_token"',
  insufficient_scope: 'Bearer error="insufficient_scope"',
};

const RULED = { critical: true, rule: 'shop/read' } as const;
const set = (name: string, value: string): Obligation => ({ ...RULED, kind: 'setQueryParameter', name, value });
const remove = (name: string): Obligation => ({ ...RULED, kind: 'removeQueryParameter', name });

const line = (key: string, text: string) => ({ key, value: '', rawValue: Buffer.from(text) });

describe('a Check', () => {
  it('asks about the address that the gateway saw', () => {
    expect(toQuestion(check({ headers: { ':path': '/public?x=1', accept: 'a' } }))).toMatchObject({
      kind: 'request',
      request: {
        target: { kind: 'address', method: 'GET', host: 'shop.example:443', path: '/public?x=1' },
        headers: { accept: 'a' },
        attributes: {},
        carries: ['setHeader', 'removeHeader', 'setQueryParameter', 'removeQueryParameter', 'rateLimit'],
      },
    });
  });

  it('has its headers in either of two places', () => {
    const headerMap = {
      headers: [line('Accept', 'a'), line('accept', 'b'), { key: 'x', value: 'c', rawValue: Buffer.alloc(0) }],
    };
    expect(toQuestion(check({ headerMap }))).toMatchObject({ request: { headers: { accept: 'a,b', x: 'c' } } });
  });

  it('has evidence from the fields that the gateway fills', () => {
    const source = {
      address: { socketAddress: { address: '192.0.2.7' } },
      principal: 'spiffe://acme.example/ns/flights',
      certificate: '-----BEGIN',
    };
    expect(toQuestion(check({}, { source }))).toMatchObject({
      presented: {
        clientAddress: '192.0.2.7',
        certificate: { principal: 'spiffe://acme.example/ns/flights', pem: '-----BEGIN' },
      },
    });
  });

  it.each`
    because                               | source
    ${'it says nothing of the client'}    | ${null}
    ${'the client came by a pipe'}        | ${{ address: {}, principal: '', certificate: '' }}
    ${'the client showed no certificate'} | ${{ address: null, principal: '', certificate: '' }}
  `('presents no sender when $because', ({ source }) => {
    const question = toQuestion(check({}, { source }));
    expect(question).not.toHaveProperty('presented.clientAddress');
    expect(question).not.toHaveProperty('presented.certificate');
  });

  it('has attested attributes from the configuration of the route', () => {
    const contextExtensions = { api: 'flights', constructor: 'x' };
    const question = toQuestion(check({}, { contextExtensions }));
    expect(question).toMatchObject({ request: { attributes: { api: 'flights', constructor: 'x' } } });
    const { attributes } = (question as Extract<Question, { kind: 'request' }>).request;
    expect(Object.getPrototypeOf(attributes)).toBeNull();
  });

  it('has evidence that a filter asserts, which nobody believes yet', () => {
    const item = { role: 'access', mechanism: 'portal', subject: 'ann', groups: ['staff'], claims: { tier: 'gold' } };
    expect(toQuestion(asserting({ evidence: [item] }))).toMatchObject({
      presented: { asserted: [{ ...item, scopes: [], verified: false }] },
    });
  });

  it('has no evidence from headers, whatever they say', () => {
    const headers = { 'x-forwarded-client-cert': 'URI=spiffe://a/b', 'x-forwarded-for': '10.0.0.1', 'x-user': 'root' };
    const question = toQuestion(check({ headers }));
    expect(question).toMatchObject({ presented: { asserted: [], reported: {}, credentials: headers } });
    expect(question).not.toHaveProperty('presented.clientAddress');
  });

  it.each`
    because                                     | message
    ${'nothing is in it'}                       | ${{ attributes: null }}
    ${'it has no request'}                      | ${{ attributes: { request: null } }}
    ${'it has no HTTP request'}                 | ${{ attributes: { request: { http: null } } }}
    ${'path and :path differ'}                  | ${check({ headers: { ':path': '/admin' } })}
    ${'method and :method differ'}              | ${check({ headers: { ':method': 'POST' } })}
    ${'host and :authority differ'}             | ${check({ headers: { ':authority': 'other' } })}
    ${':path differs in the other place'}       | ${check({ headerMap: { headers: [line(':path', '/admin')] } })}
    ${'a name can be taken for ours'}           | ${check({ headers: { x_dharma_actor: 'root' } })}
    ${'two parties could read two credentials'} | ${check({ headerMap: { headers: [line('authorization', 'a'), line('authorization', 'b')] } })}
    ${'the gateway joined two credentials'}     | ${check({ headers: { authorization: 'Bearer a,Bearer b' } })}
    ${'a tunnel is asked for'}                  | ${check({ method: 'CONNECT' })}
    ${'a filter asserts what is no list'}       | ${asserting({ evidence: 'ann' })}
    ${'a filter asserts half an item'}          | ${asserting({ evidence: [{ role: 'trust' }] })}
    ${'a filter calls itself verified'}         | ${asserting({ evidence: [{ role: 'trust', mechanism: 'm', subject: 's', verified: true }] })}
    ${'a filter says what it may not'}          | ${asserting({ attributes: { country: 'PT' } })}
  `('is malformed when $because', ({ message }: { message: CheckRequest }) => {
    expect(toQuestion(message).kind).toBe('malformed');
  });

  it.each`
    because                                | fields                                                                 | headers
    ${'a body as text'}                    | ${[[11, 'path=/admin']]}                                               | ${{}}
    ${'a body as bytes'}                   | ${[[12, '\u0000\u0001']]}                                              | ${{}}
    ${'a body that was cut'}               | ${[[11, 'path=/ad'], [3, entry('x-envoy-auth-partial-body', 'true')]]} | ${{ 'x-envoy-auth-partial-body': 'true' }}
    ${'a path and a query said otherwise'} | ${[[1, '7'], [6, 'https'], [7, 'x=2'], [8, 'y'], [10, 'HTTP/1.1']]}    | ${{}}
  `('means the same with $because, as nothing of it is read', ({ fields, headers }) => {
    const http = [[2, HTTP.method], [4, HTTP.path], [5, HTTP.host], ...(fields as [number, string][])];
    const bytes = field(
      1,
      field(4, field(2, http.map(([number, value]) => field(Number(number), String(value))).join(''))),
    );
    const read = checkMethod().requestDeserialize(Buffer.from(bytes, 'latin1')) as CheckRequest;
    expect(toQuestion(read)).toEqual(toQuestion(check({ headers })));
  });

  it.each`
    because                         | type                        | carries
    ${'a request has a query'}      | ${'application/json'}       | ${true}
    ${'an RPC has none'}            | ${'application/grpc'}       | ${false}
    ${'whatever its messages are'}  | ${'Application/gRPC+proto'} | ${false}
    ${'nor has one from a browser'} | ${'application/grpc-web'}   | ${false}
  `('may be answered by a change of the query: $because', ({ type, carries }) => {
    const { request } = toQuestion(check({ headers: { 'content-type': type } })) as Extract<
      Question,
      { kind: 'request' }
    >;
    expect(request.carries?.includes('setQueryParameter')).toBe(carries);
    expect(request.carries?.includes('removeHeader')).toBe(true);
  });

  it.each`
    because                                          | query                            | carried
    ${'few parameters are read by everyone'}         | ${Array(64).fill('a').join('&')} | ${['setQueryParameter', 'removeQueryParameter']}
    ${'behind many nobody may read another'}         | ${Array(65).fill('a').join('&')} | ${['removeQueryParameter']}
    ${'empty ones count'}                            | ${'&'.repeat(64)}                | ${['removeQueryParameter']}
    ${'some part at semicolons'}                     | ${'a;'.repeat(64)}               | ${['removeQueryParameter']}
    ${'Envoy writes `!` for what it does not find'}  | ${'a=1&t!ier=2'}                 | ${[]}
    ${'without a value too'}                         | ${'!tier'}                       | ${[]}
    ${'in a value it is nothing'}                    | ${'a=b!&c=!'}                    | ${['setQueryParameter', 'removeQueryParameter']}
    ${'a value may be long'}                         | ${`a=${'b'.repeat(1000)}`}       | ${['setQueryParameter', 'removeQueryParameter']}
    ${'what stands before the query does not count'} | ${`a?${'b?'.repeat(100)}`}       | ${['setQueryParameter', 'removeQueryParameter']}
  `('may have what a rule sets beside what came: $because', ({ query, carried }) => {
    const { request } = toQuestion(check({ path: `/public?${query}` })) as Extract<Question, { kind: 'request' }>;
    expect(request.carries?.filter((kind) => kind.endsWith('QueryParameter'))).toEqual(carried);
  });

  it('never makes the codec fall over, whatever bytes arrive', () => {
    const { requestDeserialize } = checkMethod();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const question = toQuestion(requestDeserialize(Buffer.from(bytes)) as CheckRequest);
        expect(['request', 'malformed']).toContain(question.kind);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the response to a Check', () => {
  it('overwrites in both ways that gateways know', () => {
    const set = { kind: 'setHeader', name: 'X-Tier', value: 'gold', critical: true, rule: 'shop/read' } as const;
    const { okResponse } = toCheckResponse(allowedAnswer({ obligations: [set], principal: 'user:ann' }), 'Bearer', []);
    expect(okResponse?.headers.map(({ header }) => header)).toEqual([
      { key: 'x-dharma-decision', value: 'd-1' },
      { key: 'x-dharma-path', value: '/public' },
      { key: 'x-dharma-actor', value: '' },
      { key: 'x-dharma-principal', value: 'user:ann' },
      { key: 'x-dharma-domain', value: 'shop' },
      { key: 'x-tier', value: 'gold' },
    ]);
    for (const option of okResponse?.headers ?? []) {
      expect(option).toMatchObject({
        append: { value: false },
        appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD',
        keepEmptyValue: true,
      });
    }
  });

  it.each`
    because                                        | sent                                           | removed
    ${'what is harmless stays'}                    | ${['accept', 'cookie', 'x_trace', ':path']}    | ${[]}
    ${'another method or target is nothing to us'} | ${[...STRIPPED_HEADERS]}                       | ${[...STRIPPED_HEADERS]}
    ${'in any spelling that somebody may read'}    | ${['x_http_method_override', 'x-rewrite.url']} | ${['x_http_method_override', 'x-rewrite.url']}
    ${'what is ours is not the client’s to say'}   | ${['x-dharma-key', 'x-dharma-role']}           | ${['x-dharma-key', 'x-dharma-role']}
    ${'what we say overwrites it'}                 | ${['x-dharma-actor', 'x-dharma-path']}         | ${[]}
    ${'nor what a rule could have said'}           | ${['x-plan', 'x_plan']}                        | ${['x-plan', 'x_plan']}
    ${'what a rule said overwrites it'}            | ${['x-tier']}                                  | ${[]}
    ${'but not an alias of it'}                    | ${['x_tier', 'x-tier']}                        | ${['x_tier']}
    ${'once is enough'}                            | ${['x-plan', 'x-plan']}                        | ${['x-plan']}
  `('has headers of the client removed: $because', ({ sent, removed }) => {
    const set = { kind: 'setHeader', name: 'X-Tier', value: 'gold', critical: true, rule: 'shop/read' } as const;
    const headersSet = new Map([
      ['x-tier', ['x-tier']],
      ['x-plan', ['x-plan']],
    ]);
    const answer = { ...allowedAnswer({ obligations: [set] }), headersSet };
    expect(toCheckResponse(answer, 'Bearer', sent).okResponse?.headersToRemove).toEqual(removed);
  });

  it('knows every header that came, in either of two places', () => {
    const headerMap = { headers: [line('X_Plan', 'a'), line('x-plan', 'b')] };
    expect([...sentIn(check({ headers: { Accept: 'a' }, headerMap }))]).toEqual(['accept', 'x_plan', 'x-plan']);
    expect([...sentIn({ attributes: null })]).toEqual([]);
  });

  it('carries every kind of obligation', () => {
    const rule = 'shop/read';
    const response = toCheckResponse(
      allowedAnswer({
        obligations: [
          { kind: 'removeHeader', name: 'X-Debug', critical: true, rule },
          { kind: 'rateLimit', key: 'user:ann', class: 'standard', critical: false, rule },
        ],
      }),
      'Bearer',
      [],
    );
    expect(response.okResponse?.headersToRemove).toEqual(['x-debug']);
    expect(response.dynamicMetadata?.fields['rate_limit']).toEqual({
      structValue: { fields: { standard: { stringValue: 'user:ann' } } },
    });
  });

  it.each`
    because                                            | owed                                    | ruled       | query                     | set                | removed
    ${'nothing of it came'}                            | ${[set('tier', 'a b&c=d')]}             | ${[]}       | ${undefined}              | ${'a%20b%26c%3Dd'} | ${undefined}
    ${'setting is over every value'}                   | ${[set('tier', 'x')]}                   | ${['tier']} | ${'tier=1&tier=2'}        | ${'x'}             | ${undefined}
    ${'but not over another spelling'}                 | ${[set('tier', 'x')]}                   | ${[]}       | ${'%74ier=1&a=2'}         | ${'x'}             | ${['%74ier']}
    ${'it goes as the client spelled it'}              | ${[remove('tier')]}                     | ${[]}       | ${'TIER=1&t%69er[a]=2'}   | ${undefined}       | ${['TIER', 't%69er[a]']}
    ${'what is not there needs no order'}              | ${[remove('tier')]}                     | ${[]}       | ${'a=1'}                  | ${undefined}       | ${undefined}
    ${'only a rule may say it, which this one is not'} | ${[]}                                   | ${['tier']} | ${'tier=1'}               | ${undefined}       | ${['tier']}
    ${'another case is another parameter to rules'}    | ${[set('tier', 'x'), set('Tier', 'x')]} | ${[]}       | ${'Tier=1&tier=2&TIER=3'} | ${'x'}             | ${['TIER']}
  `('has the query changed: $because', ({ owed, ruled, query, set: value, removed }) => {
    const answer = { ...allowedAnswer({ obligations: owed }), parametersSet: new Set<string>(ruled), query };
    const { okResponse } = toCheckResponse(answer, 'Bearer', []);
    expect(okResponse?.queryParametersToSet?.[0]).toEqual(value === undefined ? undefined : { key: 'tier', value });
    expect(okResponse?.queryParametersToRemove).toEqual(removed);
  });

  it('has no parameter set where that need not be, and nobody might read it', () => {
    const owed = [{ ...set('tier', 'x'), critical: false }, remove('debug')];
    const answer = {
      ...allowedAnswer({ obligations: owed }),
      parametersSet: new Set(['tier']),
      query: 'tier=1&debug=2',
    };
    const { okResponse } = toCheckResponse(answer, 'Bearer', [], ['removeQueryParameter']);
    expect(okResponse).not.toHaveProperty('queryParametersToSet');
    expect(okResponse?.queryParametersToRemove).toEqual(['tier', 'debug']);
  });

  it.each`
    because                         | answer                                            | reason
    ${'it lets the request pass'}   | ${allowedAnswer()}                                | ${'ALLOW_SLOW'}
    ${'it does not'}                | ${deniedAnswer()}                                 | ${'NO_ALLOW_RULE'}
    ${'it cannot say anything now'} | ${deniedAnswer({ reason: 'POLICY_UNAVAILABLE' })} | ${'POLICY_UNAVAILABLE'}
  `("tells the gateway's log the decision and its reason when $because", ({ answer, reason }) => {
    expect(toCheckResponse(answer, 'Bearer', []).dynamicMetadata).toEqual(
      structOf({ decision: 'd-1', revision: 42, reason }),
    );
  });

  it.each`
    because                                 | response                                                                         | code  | status
    ${'a stranger may log in'}              | ${toCheckResponse(deniedAnswer(), 'Bearer', [])}                                 | ${16} | ${'Unauthorized'}
    ${'no login mends a malformed request'} | ${toCheckResponse(deniedAnswer({ reason: 'INVALID_REQUEST' }), 'Bearer', [])}    | ${7}  | ${'Forbidden'}
    ${'our own state is no error'}          | ${toCheckResponse(deniedAnswer({ reason: 'POLICY_UNAVAILABLE' }), 'Bearer', [])} | ${14} | ${'ServiceUnavailable'}
    ${'an unknown caller hears no more'}    | ${refusedWithoutDecision()}                                                      | ${7}  | ${'Forbidden'}
  `('denies with a message: $because', ({ response, code, status }) => {
    expect(response).toMatchObject({ status: { code }, deniedResponse: { status: { code: status } } });
    expect(response.okResponse).toBeUndefined();
  });

  it.each`
    because                                 | answer                                                                       | code                    | status
    ${'nobody is logged in'}                | ${deniedAnswer()}                                                            | ${'unauthenticated'}    | ${401}
    ${'a credential is false'}              | ${{ ...deniedAnswer(), hasFalseCredential: true }}                           | ${'invalid_token'}      | ${401}
    ${'somebody is logged in'}              | ${{ ...deniedAnswer(), hasVerifiedCredential: true }}                        | ${'forbidden'}          | ${403}
    ${'and lacks nothing but a scope'}      | ${{ ...deniedAnswer(), hasVerifiedCredential: true, lacksOnlyScopes: true }} | ${'insufficient_scope'} | ${403}
    ${'we are in no state to say anything'} | ${deniedAnswer({ reason: 'SHUTTING_DOWN' })}                                 | ${'unavailable'}        | ${503}
  `('tells the client as a problem, and nothing of the request: $because', ({ answer, code, status }) => {
    const { deniedResponse } = toCheckResponse(answer, 'Bearer', ['x-secret']);
    expect(JSON.parse(deniedResponse!.body!)).toEqual({
      type: `urn:dharma:problem:${code}`,
      title: expect.any(String),
      status,
      code,
      decisionId: 'd-1',
    });
    const headers = new Map(deniedResponse!.headers.map(({ header }) => [header.key, header.value]));
    expect(headers.get('content-type')).toBe('application/problem+json');
    expect(headers.get('www-authenticate')).toBe(CHALLENGES[code]);
  });

  it.each([
    ['allow', toCheckResponse(allowedAnswer(), 'Bearer', [])],
    ['deny', toCheckResponse(deniedAnswer(), 'Bearer', [])],
  ])('survives the wire: %s', (_, response) => {
    const { responseSerialize, responseDeserialize } = checkMethod();
    expect(responseDeserialize(responseSerialize(response))).toMatchObject(response);
  });

  it('has the numbers of the interface on the wire', () => {
    const { responseSerialize } = checkMethod();
    // status(1).code(1) = 7; denied_response(2).status(1).code(1) = 403
    expect(responseSerialize(refusedWithoutDecision()).toString('hex')).toBe(`0a020807${'1205' + '0a03' + '089303'}`);
  });
});

/** A field of type text, bytes or message on the wire, one character a byte. */
function field(number: number, value: string): string {
  const length = value.length < 128 ? [value.length] : [(value.length & 127) | 128, value.length >> 7];
  return String.fromCharCode((number << 3) | 2, ...length) + value;
}

/** What stands in a map. */
function entry(key: string, value: string): string {
  return field(1, key) + field(2, value);
}

function checkMethod() {
  const service = grpcDefinition()['envoy.service.auth.v3.Authorization'];
  if (service === undefined || 'format' in service) throw new Error('the service is missing');
  return service['Check']!;
}
