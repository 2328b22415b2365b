import * as fc from 'fast-check';
import { allowedAnswer, deniedAnswer } from '../../../../test/support/answers.js';
import { type OpaDocument, toAllow, toDecision, toFilter, toHttp, toPlaces, toQuestions } from './opa.codec.js';

const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));
const toQuestion = (document: OpaDocument, body: unknown) => {
  const questions = toQuestions(document, body);
  expect(questions).toHaveLength(1);
  return questions[0]!;
};
const asked = (input: unknown) => toQuestion('http', bytes({ input }));

const KONG = {
  client_ip: '192.0.2.7',
  request: {
    http: {
      host: 'shop.example',
      port: 8000,
      tls: {},
      method: 'GET',
      scheme: 'http',
      path: '/public/list',
      querystring: { page: '2', tag: ['a', 'b c'] },
      headers: { authorization: 'Bearer t', accept: 'text/html' },
    },
  },
  service: { name: 'orders' },
};
const APISIX = {
  type: 'http',
  request: {
    scheme: 'http',
    method: 'GET',
    host: 'shop.example',
    port: 9080,
    path: '/public/list',
    headers: { authorization: 'Bearer t', accept: 'text/html' },
    query: { page: '2', tag: ['a', 'b c'] },
  },
  var: { server_addr: '127.0.0.1', server_port: '9080', remote_addr: '192.0.2.7', remote_port: '1', timestamp: 1 },
  route: { uri: '/*', plugins: { opa: {}, 'proxy-rewrite': { headers: { remove: ['x'] } } } },
};
const KAFKA = {
  action: {
    operation: 'WRITE',
    resourcePattern: { resourceType: 'TOPIC', name: 'orders.created', patternType: 'LITERAL' },
    logIfAllowed: true,
    logIfDenied: true,
    resourceReferenceCount: 1,
  },
  requestContext: { principal: { principalType: 'User', name: 'ann' }, clientAddress: '/192.0.2.7', header: {} },
};
const inKong = (http: object) => ({ ...KONG, request: { http: { ...KONG.request.http, ...http } } });

const inApisix = (request: object) => ({ ...APISIX, request: { ...APISIX.request, ...request } });
const rewriting = (rewrite: unknown) => ({ ...APISIX, route: { plugins: { 'proxy-rewrite': rewrite } } });
const many = (name: string) => Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`${name}${at}`, 'x']));

describe.each`
  gateway     | whole     | within      | query            | below
  ${'Kong'}   | ${KONG}   | ${inKong}   | ${'querystring'} | ${'/input/request/http'}
  ${'APISIX'} | ${APISIX} | ${inApisix} | ${'query'}       | ${'/input/request'}
`('what $gateway sends', ({ whole, within, query, below }) => {
  it('is the request of a client, with its headers as its own', () => {
    expect(asked(whole)).toMatchObject({
      kind: 'request',
      request: {
        target: { kind: 'address', method: 'GET', host: 'shop.example', path: '/public/list?page=2&tag=a&tag=b+c' },
        headers: { accept: 'text/html' },
        carries: ['setHeader'],
      },
      presented: {
        asserted: [],
        credentials: { authorization: 'Bearer t' },
        reported: {},
        clientAddress: '192.0.2.7',
      },
    });
  });

  it.each`
    because                                             | part
    ${'a decoded `?` would begin a query'}              | ${{ path: '/admin?x' }}
    ${'a decoded `#` would end the target'}             | ${{ path: '/public#x' }}
    ${'what is decoded once must not be decoded twice'} | ${{ path: '/%61dmin' }}
    ${'a decoded `;` cuts a segment'}                   | ${{ path: '/public/..;/admin' }}
    ${'it holds what is beyond ASCII'}                  | ${{ path: '/public/ä' }}
    ${'it does not start at the top'}                   | ${{ path: 'public' }}
    ${'it holds a backslash'}                           | ${{ path: '/a\\b' }}
    ${'there is no method'}                             | ${{ method: undefined }}
    ${'a tunnel is no request'}                         | ${{ method: 'CONNECT' }}
    ${'there are two tokens'}                           | ${{ headers: { authorization: ['Bearer a', 'Bearer b'] } }}
    ${'a name can be taken for ours'}                   | ${{ headers: { x_dharma_actor: 'root' } }}
    ${'headers are no map'}                             | ${{ headers: 'x' }}
    ${'a header after the hundredth is not shown'}      | ${{ headers: many('x-a') }}
  `('is malformed: $because', ({ part }) => {
    expect(asked(within(part)).kind).toBe('malformed');
  });

  it('is malformed: a hundred members of a query may not be all', () => {
    expect(asked(within({ [query]: many('a') })).kind).toBe('malformed');
    expect(asked(within({ [query]: { a: Array(100).fill('1') } })).kind).toBe('malformed');
    expect(asked(within({ [query]: { ...many('a'), a0: undefined } })).kind).toBe('request');
  });

  it('is read as if nothing in its query was escaped at which programs part', () => {
    expect(asked(within({ [query]: { a: '1;tier=gold', 'b?tier': '%3B&' } }))).toMatchObject({
      request: { target: { path: '/public/list?a=1;tier%3Dgold&b?tier=%253B%26' } },
    });
  });

  it('is not read on after the first of its fields that is no text', () => {
    for (const member of ['headers', query as string]) {
      for (const values of [{ a: Array(120_000).fill(1) }, Array(60_000).fill({})]) {
        expect(asked(within({ [member]: values }))).toMatchObject({
          kind: 'malformed',
          faults: [{ pointer: `${below}/${member}` }],
        });
      }
    }
  });

  it('names the sender twice where a header comes twice', () => {
    expect(asked(within({ headers: { 'X-Api-Key': ['a', 'b'] } }))).toMatchObject({
      presented: { credentials: { 'x-api-key': 'a,b' }, repeated: new Set(['x-api-key']) },
    });
  });

  it('may lack what need not be said', () => {
    expect(asked(within({ headers: undefined, [query]: undefined }))).toMatchObject({
      request: { target: { path: '/public/list' } },
    });
  });
});

describe('the route of APISIX', () => {
  it.each`
    because                              | rewrite
    ${'headers are written'}             | ${{ headers: { set: { a: 'b' } } }}
    ${'a host is, too'}                  | ${{ host: 'a', scheme: 'https' }}
    ${'the raw target is not asked for'} | ${{ headers: {}, use_real_request_uri_unsafe: false }}
  `('makes it forward what it tells: $because', ({ rewrite }) => {
    expect(asked(rewriting(rewrite)).kind).toBe('request');
  });

  it.each`
    because                            | input                                                   | pointer
    ${'it is not shown'}               | ${{ ...APISIX, route: undefined }}                      | ${'/input/route'}
    ${'it has no plugins'}             | ${{ ...APISIX, route: { uri: '/*' } }}                  | ${'/input/route/plugins'}
    ${'nothing rewrites'}              | ${{ ...APISIX, route: { plugins: {} } }}                | ${'/input/route/plugins/proxy-rewrite'}
    ${'it forwards the raw target'}    | ${rewriting({ use_real_request_uri_unsafe: true })}     | ${'/input/route/plugins/proxy-rewrite/use_real_request_uri_unsafe'}
    ${'it forwards another target'}    | ${rewriting({ uri: '/admin' })}                         | ${'/input/route/plugins/proxy-rewrite/uri'}
    ${'it does for some'}              | ${rewriting({ regex_uri: ['/a', '/b'] })}               | ${'/input/route/plugins/proxy-rewrite/regex_uri'}
    ${'it forwards another method'}    | ${rewriting({ method: 'DELETE' })}                      | ${'/input/route/plugins/proxy-rewrite/method'}
    ${'it may be off'}                 | ${rewriting({ headers: {}, _meta: { disable: true } })} | ${'/input/route/plugins/proxy-rewrite/_meta'}
    ${'it is not a request over HTTP'} | ${{ ...APISIX, type: 'stream' }}                        | ${'/input/type'}
    ${'nobody asked'}                  | ${{ ...APISIX, var: {} }}                               | ${'/input/var/remote_addr'}
  `('does not, or may not: $because', ({ input, pointer }) => {
    expect(asked(input)).toMatchObject({ kind: 'malformed', faults: [{ pointer }] });
  });
});

describe('what Kafka sends', () => {
  const about = (action: object) => ({ ...KAFKA, action: { ...KAFKA.action, ...action } });
  const pattern = (part: object) => about({ resourcePattern: { ...KAFKA.action.resourcePattern, ...part } });

  it('is about its topics, by the principal that it has seen', () => {
    expect(asked(KAFKA)).toMatchObject({
      request: { target: { kind: 'topic', topic: 'orders.created', action: 'publish' }, carries: [] },
      presented: { subject: { type: 'user', id: 'ann' }, credentials: {} },
    });
    expect(asked(about({ operation: 'READ' }))).toMatchObject({ request: { target: { action: 'consume' } } });
  });

  it.each`
    operation     | resourceType | type               | action
    ${'DESCRIBE'} | ${'TOPIC'}   | ${'kafka-topic'}   | ${'describe'}
    ${'READ'}     | ${'GROUP'}   | ${'kafka-group'}   | ${'read'}
    ${'ALTER'}    | ${'CLUSTER'} | ${'kafka-cluster'} | ${'alter'}
  `('is about $type otherwise', ({ operation, resourceType, type, action }) => {
    const { action: changed } = pattern({ resourceType });
    expect(asked(about({ ...changed, operation }))).toMatchObject({
      request: { target: { kind: 'resource', resource: { type }, action: { name: action } } },
    });
  });

  it('is malformed about every name that begins alike', () => {
    expect(asked(pattern({ patternType: 'PREFIXED' })).kind).toBe('malformed');
  });
});

describe('what Trino sends', () => {
  const CONTEXT = {
    identity: { user: 'ann', principal: 'ann@acme.example', groups: ['analysts'] },
    softwareStack: { trinoVersion: '480' },
    properties: {},
    queryId: 'q',
  };
  const ORDERS = { catalogName: 'lake', schemaName: 'sales', tableName: 'orders' };
  const about = (action: object, context: object = CONTEXT) => bytes({ input: { context, action } });
  const ask = (operation: string, resource?: object) =>
    toQuestion('allow', about({ operation, ...(resource && { resource }) }));

  it('is about its things, by the user and the groups that it has seen', () => {
    expect(ask('SelectFromColumns', { table: { ...ORDERS, columns: ['id', 'price'] } })).toMatchObject({
      request: {
        target: {
          resource: { type: 'trino-table', id: 'lake.sales.orders', properties: { columns: ['id', 'price'] } },
          action: { name: 'SelectFromColumns' },
        },
        carries: [],
      },
      presented: {
        subject: { type: 'user', id: 'ann', groups: ['analysts'], attributes: { principal: 'ann@acme.example' } },
        credentials: {},
      },
    });
  });

  it.each`
    because                           | resource                                                                           | type                                | id
    ${'a query is about no thing'}    | ${undefined}                                                                       | ${'trino-system'}                   | ${'system'}
    ${'a catalog'}                    | ${{ catalog: { name: 'lake' } }}                                                   | ${'trino-catalog'}                  | ${'lake'}
    ${'a schema'}                     | ${{ schema: { catalogName: 'lake', schemaName: 'sales' } }}                        | ${'trino-schema'}                   | ${'lake.sales'}
    ${'names cannot look like paths'} | ${{ schema: { catalogName: 'lake', schemaName: 'a.b%' } }}                         | ${'trino-schema'}                   | ${'lake.a%2Eb%25'}
    ${'a function of a schema'}       | ${{ function: { catalogName: 'lake', schemaName: 'sales', functionName: 'vat' } }} | ${'trino-function'}                 | ${'lake.sales.vat'}
    ${'a function of all'}            | ${{ function: { functionName: 'vat' } }}                                           | ${'trino-function'}                 | ${'vat'}
    ${'somebody else'}                | ${{ user: { user: 'bob', groups: ['ops'] } }}                                      | ${'trino-user'}                     | ${'bob'}
    ${'a setting'}                    | ${{ systemSessionProperty: { name: 'query_max_run_time' } }}                       | ${'trino-system-session-property'}  | ${'query_max_run_time'}
    ${'a setting of a catalog'}       | ${{ catalogSessionProperty: { catalogName: 'lake', propertyName: 'x' } }}          | ${'trino-catalog-session-property'} | ${'lake.x'}
  `('is about $type $id: $because', ({ resource, type, id }) => {
    expect(ask('Any', resource)).toMatchObject({ request: { target: { resource: { type, id } } } });
  });

  it('is about both ends of a new name', () => {
    const [catalogName, schemaName] = ['lake', 'sales'];
    const targetResource = { table: { catalogName, schemaName, tableName: 'wages' } };
    const action = { operation: 'RenameTable', resource: { table: ORDERS }, targetResource };
    expect(toQuestions('allow', about(action))).toMatchObject(
      ['lake.sales.orders', 'lake.sales.wages'].map((id) => ({ request: { target: { resource: { id } } } })),
    );
  });

  it('tells conditions whom a right is given to', () => {
    const action = {
      operation: 'GrantTablePrivilege',
      resource: { table: ORDERS },
      grantee: { name: 'bob', type: 'USER' },
    };
    expect(toQuestion('allow', about(action))).toMatchObject({
      request: { target: { action: { properties: { grantee: { name: 'bob' } } } } },
    });
  });

  it('is filtered thing by thing, and a table column by column', () => {
    const list = [{ table: ORDERS }, { catalog: { name: 'lake' } }, { column: {} }];
    const kinds = [...toFilter(about({ operation: 'FilterTables', filterResources: list }))].map(({ kind }) => kind);
    expect(kinds).toEqual(['request', 'request', 'malformed']);
    const table = { ...ORDERS, columns: ['id', 'price'] };
    expect([...toFilter(about({ operation: 'FilterColumns', filterResources: [{ table }] }))]).toMatchObject(
      table.columns.map((column) => ({
        request: { target: { resource: { id: 'lake.sales.orders', properties: { columns: [column] } } }, carries: [] },
      })),
    );
    expect(toPlaces([allowedAnswer(), deniedAnswer(), allowedAnswer()])).toEqual({ result: [0, 2] });
  });

  const columnsOf = (count: number) => ({
    operation: 'FilterColumns',
    filterResources: [{ table: { ...ORDERS, columns: Array(count).fill('') } }],
  });

  it('is read thing by thing: one that cannot be read hides none of the others', () => {
    const list = [{ table: ORDERS }, { table: { ...ORDERS, tableName: 7 } }, 'x', { table: ORDERS }];
    const questions = toFilter(about({ operation: 'FilterTables', filterResources: list }));
    expect([...questions]).toMatchObject([
      { kind: 'request' },
      { kind: 'malformed', faults: [{ pointer: '/input/action/filterResources/1/table/tableName' }] },
      { kind: 'malformed', faults: [{ pointer: '/input/action/filterResources/2' }] },
      { kind: 'request' },
    ]);
  });

  it('is a question at a time, none of which is kept', () => {
    const questions = toFilter(about(columnsOf(10_000)));
    let count = 0;
    for (const { kind } of questions) count += kind === 'request' ? 1 : 0;
    expect([count, [...questions].length]).toEqual([10_000, 0]);
  });

  it.each`
    because                  | action
    ${'columns of a table'}  | ${columnsOf(85_000)}
    ${'one more than it is'} | ${columnsOf(10_001)}
    ${'things of a list'}    | ${{ operation: 'FilterTables', filterResources: Array(10_001).fill({}) }}
  `('is refused whole where the list is too long: $because', ({ action }) => {
    expect(() => toFilter(about(action))).toThrow(expect.objectContaining({ code: 'batch-too-large' }));
  });

  it.each`
    because                       | read          | body
    ${'nobody asks'}              | ${'question'} | ${about({ operation: 'ExecuteQuery' }, {})}
    ${'groups are texts'}         | ${'question'} | ${about({ operation: 'ExecuteQuery' }, { identity: { user: 'ann', groups: [1] } })}
    ${'a mask is no decision'}    | ${'question'} | ${about({ operation: 'GetColumnMask', resource: { column: { columnName: 'x' } } })}
    ${'a thing is one'}           | ${'question'} | ${about({ operation: 'Any', resource: { table: ORDERS, catalog: { name: 'c' } } })}
    ${'a name is whole'}          | ${'question'} | ${about({ operation: 'Any', resource: { schema: { catalogName: 'c' } } })}
    ${'a list is no word'}        | ${'question'} | ${about({ operation: 'FilterTables', filterResources: [{ table: ORDERS }] })}
    ${'a thing is no list'}       | ${'filter'}   | ${about({ operation: 'FilterTables', resource: { table: ORDERS } })}
    ${'columns are of one table'} | ${'filter'}   | ${about({ operation: 'FilterColumns', filterResources: [{ table: ORDERS }, { table: ORDERS }] })}
    ${'columns are named'}        | ${'filter'}   | ${about({ operation: 'FilterColumns', filterResources: [{ table: ORDERS }] })}
    ${'only Trino filters'}       | ${'filter'}   | ${bytes({ input: KAFKA })}
  `('is malformed as a $read where $because', ({ read, body }) => {
    const questions = read === 'filter' ? [...toFilter(body)] : toQuestions('allow', body);
    expect(questions).toMatchObject([{ kind: 'malformed', faults: [{ pointer: expect.stringMatching(/^\/input/) }] }]);
  });

  it('is questions or a problem, whatever is asked about', () => {
    const member = fc.constantFrom('operation', 'resource', 'filterResources', 'table', 'columns', 'user', 'schema');
    const thing = fc.dictionary(member, fc.oneof(fc.jsonValue(), fc.dictionary(member, fc.jsonValue())));
    fc.assert(
      fc.property(thing, (action) => {
        for (const question of [...toFilter(about(action)), ...toQuestions('http', about(action))]) {
          expect(['request', 'malformed']).toContain(question.kind);
        }
      }),
    );
  });
});

describe('an input', () => {
  it('may be a request in our own words', () => {
    const target = { host: 'shop.example', method: 'GET', path: '/public/%61' };
    const question = toQuestion('decision', bytes({ input: { target, credentials: { authorization: 'Bearer t' } } }));
    expect(question).toMatchObject({
      request: { target: { kind: 'address', ...target } },
      presented: { credentials: { authorization: 'Bearer t' } },
    });
    expect(question).not.toHaveProperty('request.carries', expect.anything());
    expect(asked({ target })).toMatchObject({ request: { carries: ['setHeader'] } });
  });

  it.each`
    because                         | body
    ${'nothing is wrapped in it'}   | ${KONG}
    ${'it is no map'}               | ${{ input: 7 }}
    ${'it is null'}                 | ${{ input: null }}
    ${'its shape is not known'}     | ${{ input: { user: 'ann' } }}
    ${'APISIX hides the raw path'}  | ${{ input: { ...APISIX, route: undefined } }}
    ${'Traefik hides the raw path'} | ${{ input: { host: 'shop.example', method: 'GET', path: ['public', 'x'], parameters: {}, headers: {} } }}
    ${'the clock is ours'}          | ${{ input: { target: { topic: 'a', action: 'b' }, time: '2026-12-24T12:00:00Z' } }}
    ${'the body is a list'}         | ${[]}
  `('is malformed when $because', ({ body }) => {
    expect(toQuestion('allow', bytes(body)).kind).toBe('malformed');
  });

  it('promises to carry nothing where a word is the answer', () => {
    for (const input of [KONG, APISIX, KAFKA]) {
      expect(toQuestion('allow', bytes({ input }))).toMatchObject({ request: { carries: [] } });
    }
  });

  it('is a question or a problem, whatever bytes arrive', () => {
    const member = fc.constantFrom('target', 'type', 'request', 'action', 'http', 'requestContext', 'context');
    const shaped = fc.dictionary(member, fc.oneof(fc.jsonValue(), fc.dictionary(member, fc.jsonValue())));
    const body = fc.oneof(
      fc.uint8Array(),
      fc.anything(),
      shaped.map((input) => bytes({ input })),
    );
    fc.assert(
      fc.property(body, (some) => {
        try {
          expect(['request', 'malformed']).toContain(toQuestions('http', some)[0]!.kind);
        } catch (fault) {
          expect((fault as { name: string }).name).toBe('Problem');
        }
      }),
    );
  });
});

describe('a result', () => {
  const set = { kind: 'setHeader', name: 'X-Tier', value: 'gold', critical: true, rule: 'shop/read' } as const;

  it('is there on every answer', () => {
    expect(toAllow(allowedAnswer())).toEqual({ result: true, decision_id: 'd-1' });
    expect(toAllow(deniedAnswer())).toEqual({ result: false, decision_id: 'd-1' });
    expect(toDecision(deniedAnswer())).toMatchObject({
      result: { allow: false, decision: 'deny', reason: 'NO_ALLOW_RULE' },
    });
  });

  it('tells the gateway what to set for the service', () => {
    const answer = { ...allowedAnswer({ obligations: [set] }), headersSet: new Map([['x-plan', ['x-plan']]]) };
    expect(toHttp(answer, 'Bearer')).toMatchObject({
      result: {
        allow: true,
        status: 200,
        status_code: 200,
        headers: { 'x-tier': 'gold', 'x-plan': '', 'x-dharma-decision': 'd-1', 'x-dharma-principal': '' },
      },
    });
    expect(toHttp(answer, 'Bearer').result.headers).not.toHaveProperty('cache-control');
  });

  it.each`
    because                                 | answer                                            | status
    ${'a stranger may log in'}              | ${deniedAnswer()}                                 | ${401}
    ${'the request had two readings'}       | ${deniedAnswer({ reason: 'INVALID_REQUEST' })}    | ${403}
    ${'there is no policy'}                 | ${deniedAnswer({ reason: 'POLICY_UNAVAILABLE' })} | ${503}
    ${'what is allowed is no HTTP request'} | ${allowedAnswer({ path: null })}                  | ${403}
  `('denies with $status: $because', ({ answer, status }) => {
    const { result } = toHttp(answer, 'Bearer');
    expect(result).toMatchObject({ allow: false, status, status_code: status, message: { status } });
    expect(result.reason).toEqual(result.message);
    expect(result.headers['www-authenticate']).toBe(status === 401 ? 'Bearer' : undefined);
  });

  it('denies what a gateway would take for an order, and says so', () => {
    const reply = toHttp(allowedAnswer({ obligations: [{ ...set, name: 'Cache-Control' }] }), 'Bearer');
    expect([reply.result.allow, reply.complaint]).toEqual([false, expect.stringContaining('cache-control')]);
  });
});
