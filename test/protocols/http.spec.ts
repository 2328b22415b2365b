import { connect } from 'node:net';
import { jest } from '@jest/globals';
import { sendRaw } from '../support/http.js';
import {
  AUDITOR_KEY,
  CLIENT_KEY,
  EDGE_KEY,
  KEYED_SHOP,
  startCheckListeners,
  type CheckListeners,
  type Untyped,
} from './check-listeners.js';

/** A server starts and stops within it on a busy machine. */
jest.setTimeout(30_000);

const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const PUBLIC = { target: { host: 'shop.example', method: 'GET', path: '/public/list' } };
const OFFICE = { target: { host: 'shop.example', method: 'GET', path: '/admin' } };

let server: CheckListeners;

beforeAll(async () => {
  server = await startCheckListeners(KEYED_SHOP);
});

afterAll(() => server.stop());

async function post(path: string, body: unknown, headers: Record<string, string> = { 'x-dharma-key': EDGE_KEY }) {
  const response = await fetch(`http://${server.http.host}:${server.http.port}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, json: (await response.json()) as Untyped };
}

describe('the JSON routes', () => {
  it.each`
    because                            | headers                                                                 | status
    ${'its key is known'}              | ${{ 'x-dharma-key': EDGE_KEY }}                                         | ${200}
    ${'the key may be a bearer token'} | ${{ authorization: `Bearer ${EDGE_KEY}` }}                              | ${200}
    ${'nobody is known without a key'} | ${{}}                                                                   | ${401}
    ${'the secret is wrong'}           | ${{ 'x-dharma-key': 'edge-1.guess' }}                                   | ${401}
    ${'two keys are nobody’s'}         | ${{ 'x-dharma-key': EDGE_KEY, authorization: `Bearer ${AUDITOR_KEY}` }} | ${401}
    ${'a password is no key'}          | ${{ authorization: 'Basic ZWRnZTpz' }}                                  | ${401}
  `('answer $status, because $because', async ({ headers, status }) => {
    for (const [path, body] of [
      ['/v1/decide', PUBLIC],
      ['/v1/decide/batch', { requests: [] }],
    ] as const) {
      const answer = await post(path, body, headers);
      expect(answer.status).toBe(status);
      if (status !== 401) continue;
      expect(answer.json).toMatchObject({ code: 'enforcement-point-unknown' });
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    }
  });

  it('never take a key that is no good for the absence of one', async () => {
    const listed = KEYED_SHOP.replace(
      'credentials: [{ kind: apiKey, id: auditor-1',
      'credentials: [{ kind: network, cidrs: ["127.0.0.1/32"] }, { kind: apiKey, id: auditor-1',
    );
    await server.put(listed);
    const none = await post('/v1/decide', PUBLIC, {});
    const useless: Record<string, string>[] = [
      { 'x-dharma-key': 'edge-1.guess' },
      { 'x-dharma-key': '' },
      { 'x-dharma-key': EDGE_KEY, authorization: `Bearer ${AUDITOR_KEY}` },
      { authorization: 'Basic ZWRnZTpz' },
    ];
    const bad = await Promise.all(useless.map((headers) => post('/v1/decide', PUBLIC, headers)));
    await server.put(KEYED_SHOP);
    expect(none.status).toBe(200);
    expect(bad.map(({ status }) => status)).toEqual([401, 401, 401, 401]);
  });

  it('believe what the enforcement point asserts, and only what it may', async () => {
    const evidence = [{ role: 'access', mechanism: 'portal-user', subject: 'ann' }];
    expect((await post('/v1/decide', { ...OFFICE, evidence })).json).toMatchObject({ decision: 'allow' });
    const other = await post('/v1/decide', { ...OFFICE, evidence }, { 'x-dharma-key': AUDITOR_KEY });
    expect(other.json).toMatchObject({ decision: 'deny' });
  });

  it('verify the credentials of the client', async () => {
    const credentials = { 'X-Api-Key': CLIENT_KEY };
    expect((await post('/v1/decide', { ...OFFICE, credentials })).json).toMatchObject({ decision: 'allow' });
    const wrong = await post('/v1/decide', { ...OFFICE, credentials: { 'x-api-key': 'partner-1.guess' } });
    expect(wrong.json).toMatchObject({ decision: 'deny' });
  });

  it.each`
    because                               | credentials                                    | reason
    ${'one name says it'}                 | ${{ x_api_key: CLIENT_KEY }}                   | ${'NO_ALLOW_RULE'}
    ${'two names that are one to others'} | ${{ 'x-api-key': CLIENT_KEY, x_api_key: 'a' }} | ${'INVALID_REQUEST'}
    ${'also where both are odd'}          | ${{ 'x.api.key': CLIENT_KEY, x_api_key: 'a' }} | ${'INVALID_REQUEST'}
    ${'no mechanism is concerned'}        | ${{ 'x-token': 'a', x_token: 'b' }}            | ${'NO_ALLOW_RULE'}
  `('read credentials by their names, to the letter: $because', async ({ credentials, reason }) => {
    expect((await post('/v1/decide', { ...OFFICE, credentials })).json).toMatchObject({ reason });
  });

  it('say nothing more of the caller than they always said', async () => {
    const evidence = [{ role: 'access', mechanism: 'portal-user', subject: 'ann' }];
    const { json } = await post('/v1/decide', { ...OFFICE, evidence });
    expect(json).toMatchObject({ decision: 'allow' });
    expect(json).not.toHaveProperty('actor');
    expect(json).not.toHaveProperty('principal');
  });

  it('answer a batch in its order, malformed requests in their place', async () => {
    const { status, json } = await post('/v1/decide/batch', { requests: [PUBLIC, { target: 7 }, OFFICE] });
    expect(status).toBe(200);
    expect(json.answers).toMatchObject([
      { decision: 'allow', revision: expect.any(Number) },
      { decision: 'deny', reason: 'INVALID_REQUEST', detail: [{ pointer: '/target' }] },
      { decision: 'deny', reason: 'NO_ALLOW_RULE' },
    ]);
  });

  it('answer no batch that is too large', async () => {
    const { status, json } = await post('/v1/decide/batch', { requests: Array(101).fill(PUBLIC) });
    expect([status, json.code]).toEqual([413, 'batch-too-large']);
  });

  const EXPLAINED = [
    ['/v1/explain', OFFICE],
    ['/v1/decide', { ...OFFICE, explain: true }],
    ['/v1/decide/batch', { requests: [{ ...OFFICE, explain: true }] }],
  ] as const;

  it.each(EXPLAINED)('explain to those who may hear it: %s', async (path, body) => {
    const { status, json } = await post(path, body, { 'x-dharma-key': AUDITOR_KEY });
    expect(status).toBe(200);
    const answer = json.answers?.[0] ?? json;
    expect(answer).toMatchObject({
      decision: 'deny',
      reason: 'NO_ALLOW_RULE',
      explanation: { target: { endpoint: 'orders/office' } },
    });
  });

  it.each(EXPLAINED)('explain to nobody else, and decide nothing: %s', async (path, body) => {
    const before = server.decisions.length;
    const { status, json } = await post(path, body);
    expect([status, json.code]).toEqual([403, 'explain-not-permitted']);
    expect(server.decisions).toHaveLength(before);
  });

  it('say that there is nothing to explain in what is no request', async () => {
    const { json } = await post('/v1/explain', { target: 7 }, { 'x-dharma-key': AUDITOR_KEY });
    expect(json).toMatchObject({ reason: 'INVALID_REQUEST', explanation: null });
  });

  it('do not answer by a revision older than the caller has seen', async () => {
    expect((await post('/v1/decide', { ...PUBLIC, minRevision: 99 })).json).toMatchObject({ reason: 'POLICY_TOO_OLD' });
  });

  it('log the trace context and send it back as it came', async () => {
    const answer = await post('/v1/decide', OFFICE, { 'x-dharma-key': EDGE_KEY, traceparent: TRACE });
    expect(answer.headers.get('traceparent')).toBe(TRACE);
    expect(server.decisions.at(-1)).toMatchObject({ trace: TRACE, enforcementPoint: 'edge' });
    const malformed = await post('/v1/decide', OFFICE, { 'x-dharma-key': EDGE_KEY, traceparent: 'x' });
    expect(malformed.headers.get('traceparent')).toBeNull();
  });

  it('read JSON only', async () => {
    const answer = await post('/v1/decide', '{}', { 'x-dharma-key': EDGE_KEY, 'content-type': 'text/plain' });
    expect([answer.status, answer.json.code]).toEqual([415, 'content-type-unsupported']);
  });
});

describe('the routes of applications', () => {
  const evidence = [{ role: 'access', mechanism: 'portal-user', subject: 'ann' }];
  const subject = { type: 'user', id: 'ann' };

  it.each`
    because                     | path                        | reason
    ${'no rule says it'}        | ${'/admin?tiers=x&debug=1'} | ${'ALLOW_SLOW'}
    ${'only a rule may say it'} | ${'/admin?a=1;%74ier=x'}    | ${'OBLIGATION_UNSUPPORTED'}
  `('have no place for a change of the query: $because', async ({ path, reason }) => {
    const allowed = reason === 'ALLOW_SLOW';
    const resource = { type: 'route', id: '/admin/**', properties: { hostname: 'shop.example', path } };
    const evaluation = { subject, action: { name: 'GET' }, resource };
    expect((await post('/access/v1/evaluation', evaluation)).json).toMatchObject({ decision: allowed });
    expect(server.decisions.at(-1)).toMatchObject({ reason });
    const input = { target: { host: 'shop.example', method: 'GET', path }, evidence };
    expect((await post('/v1/data/dharma/allow', { input })).json).toMatchObject({ result: allowed });
    expect((await post('/v1/data/dharma/http', { input })).json).toMatchObject({ result: { allow: allowed } });
  });
});

describe('the routes of gateways', () => {
  const KEY = `X-Dharma-Key: ${EDGE_KEY}`;
  const ask = (first: string, ...lines: string[]) => sendRaw(server.http, [`${first} HTTP/1.1`, ...lines]);
  const nginx = (path: string, ...more: string[]) =>
    ask(
      'GET /forward-auth/nginx',
      'Host: dharma',
      KEY,
      'X-Original-Method: GET',
      'X-Original-Host: shop.example',
      `X-Original-URI: ${path}`,
      ...more,
    );
  const caddy = (path: string, ...more: string[]) =>
    ask(
      'GET /forward-auth/caddy?x=/../',
      'Host: shop.example',
      KEY,
      'X-Forwarded-Method: GET',
      'X-Forwarded-Host: shop.example',
      `X-Forwarded-Uri: ${path}`,
      ...more,
    );
  const envoy = (path: string, ...more: string[]) =>
    ask(`GET /forward-auth/envoy${path}`, 'Host: shop.example', KEY, ...more);
  const GATEWAYS = [
    ['nginx', nginx],
    ['caddy', caddy],
    ['envoy', envoy],
  ] as const;

  describe.each(GATEWAYS)('%s', (name, call) => {
    it('is told an allow by 200, with the judged path and what a rule wants set', async () => {
      const { status, headers, body } = await call('/public/list?x=1');
      expect([status, headers['x-dharma-path'], headers['x-customer-tier']]).toEqual([200, '/public/list', 'standard']);
      expect(body).toBe('');
    });

    it.each`
      because                             | user     | path                        | status
      ${'only a rule may say it'}         | ${'ann'} | ${'/admin?tier=gold'}       | ${403}
      ${'in whatever spelling'}           | ${'ann'} | ${'/admin?a=1&%74ier[]=x'}  | ${403}
      ${'no rule says anything there'}    | ${'ann'} | ${'/admin?tiers=x&debug=1'} | ${200}
      ${'no rule is about this endpoint'} | ${'ann'} | ${'/public/list?tier=gold'} | ${200}
      ${'nobody here can write it'}       | ${'zoe'} | ${'/admin'}                 | ${403}
    `('leaves the query as it is, or denies: $because', async ({ user, path, status }) => {
      expect((await call(path, `X-Auth-Request-User: ${user}`)).status).toBe(status);
    });

    it.each`
      because                           | path           | lines                                                                                 | told
      ${'nobody is logged in'}          | ${'/public/a'} | ${[]}                                                                                 | ${['', '', 'shop']}
      ${'a subject is vouched for'}     | ${'/admin'}    | ${['X-Auth-Request-User: ann']}                                                       | ${['', 'user:ann', 'shop']}
      ${'a key was shown'}              | ${'/admin'}    | ${[`X-Api-Key: ${CLIENT_KEY}`]}                                                       | ${['', 'client:partner-1', 'shop']}
      ${'both were, of two principals'} | ${'/admin'}    | ${['X-Auth-Request-User: ann', `X-Api-Key: ${CLIENT_KEY}`]}                           | ${['', '', 'shop']}
      ${'a name has room for tricks'}   | ${'/public/a'} | ${['X-Auth-Request-User: a%0d b']}                                                    | ${['', 'user:a%250d%20b', 'shop']}
      ${'the client says so itself'}    | ${'/public/a'} | ${['X-Dharma-Actor: root', 'X-Dharma-Principal: user:root', 'X-Dharma-Domain: acme']} | ${['', '', 'shop']}
    `('is told who called, also by saying nothing: $because', async ({ path, lines, told }) => {
      const { status, headers, lines: received } = await call(path, ...lines);
      const names = ['x-dharma-actor', 'x-dharma-principal', 'x-dharma-domain'];
      expect([status, ...names.map((each) => headers[each])]).toEqual([200, ...told]);
      for (const each of names) expect(received.filter(([line]) => line === each)).toHaveLength(1);
      expect(headers['x-dharma-decision']).toBe(server.decisions.at(-1)!.decisionId);
    });

    it('is told to let no client say what a rule could have said', async () => {
      const { headers } = await call('/public/a', 'X-Staff-Level: high');
      const removed = headers['x-envoy-auth-headers-to-remove']?.split(', ') ?? [];
      const fate = removed.includes('x-staff-level') ? 'removed' : headers['x-staff-level'];
      expect(fate).toBe(name === 'envoy' ? 'removed' : '');
      const stamped = await call('/admin', 'X-Auth-Request-User: eve', 'X-Staff-Level: high');
      expect(stamped.headers['x-staff-level']).toBe('low');
      expect(stamped.headers['x-envoy-auth-headers-to-remove'] ?? '').not.toContain('x-staff-level');
    });

    it.each`
      because                            | lines                                                     | status | code                 | challenge
      ${'nobody is logged in'}           | ${[]}                                                     | ${401} | ${'unauthenticated'} | ${'Bearer'}
      ${'a credential is false'}         | ${['X-Api-Key: partner-1.guess']}                         | ${401} | ${'invalid_token'}   | ${'Bearer error="invalid_token"'}
      ${'another may, and this one not'} | ${['X-Auth-Request-User: bob']}                           | ${403} | ${'forbidden'}       | ${undefined}
      ${'it is said in two ways'}        | ${['X-Auth-Request-User: ann', 'X_Auth_Request_User: a']} | ${403} | ${'forbidden'}       | ${undefined}
    `('is told a deny as a problem, and nothing else of policy or request: $because', async (row) => {
      const { status, headers, body } = await call('/admin?q=secret', ...row.lines);
      expect([status, headers['www-authenticate']]).toEqual([row.status, row.challenge]);
      expect(headers['content-type']).toBe('application/problem+json');
      expect(JSON.parse(body)).toEqual({
        type: `urn:dharma:problem:${row.code}`,
        title: expect.any(String),
        status: row.status,
        code: row.code,
        decisionId: server.decisions.at(-1)!.decisionId,
      });
    });

    it('is told with 403 that only a scope was missing, and not which', async () => {
      const writing = { nginx: ['X-Original-Method: PUT'], caddy: ['X-Forwarded-Method: PUT'], envoy: [] }[name];
      const put = (...lines: string[]) => {
        if (name === 'envoy') return ask('PUT /forward-auth/envoy/admin', 'Host: shop.example', KEY, ...lines);
        const [scheme] = writing[0]!.split('-Method');
        const target = [`${scheme}-Host: shop.example`, `${scheme}-URI: /admin`];
        return ask(`GET /forward-auth/${name}`, 'Host: dharma', KEY, ...writing, ...target, ...lines);
      };
      const { status, headers, body } = await put('X-Auth-Request-User: bob');
      expect([status, headers['www-authenticate']]).toEqual([403, 'Bearer error="insufficient_scope"']);
      expect(JSON.parse(body)).toMatchObject({ code: 'insufficient_scope' });
      expect(body + JSON.stringify(headers)).not.toContain('orders:write');
      expect(JSON.parse((await put()).body)).toMatchObject({ code: 'unauthenticated' });
    });

    it.each([
      'X_Auth_Request_User: ann',
      'X-Auth_Request-User: ann',
      'X.Auth.Request.User: ann',
      'x_api_key: partner-1.secret',
      'X_Dharma_Principal: user:root',
      'X-Dharma_Key: edge-1.guess',
      'X_Original_URI: /public/list',
      'X_Original_Method: GET',
      'X_Forwarded_Uri: /public/list',
      'X_Forwarded_Host: shop.example',
      'Proxy_Authorization: Bearer a',
    ])('is refused a name that somebody may take for who sends, or for the request: %s', async (line) => {
      const before = server.decisions.length;
      expect((await call('/public/list', line)).status).toBe(403);
      expect(server.decisions.slice(before)).toMatchObject([{ reason: 'INVALID_REQUEST' }]);
    });

    it.each(['X_Trace_Id: 1', 'Accept_Language: pt', 'X.Forwarded.Proto: http', 'X_Auth_Request: ann'])(
      'is answered as ever in spite of another odd name: %s',
      async (line) => {
        expect((await call('/public/list', line)).status).toBe(200);
      },
    );

    it.each([
      '//admin',
      '/public/../admin',
      '/public/%2e%2e/admin',
      '/public%2f..%2fadmin',
      '/public/list;x=1',
      '/public/%zz',
      '/public/%c0%ae%c0%ae/admin',
      '/public/%00',
      '/public\\..\\admin',
      '/public#/../admin',
      'http://shop.example/public/list',
      '*',
    ])('is refused what two parties could read two ways: %s', async (path) => {
      const before = server.decisions.length;
      expect((await call(path)).status).toBe(403);
      expect(server.decisions.slice(before)).toMatchObject([{ reason: 'INVALID_REQUEST' }]);
    });

    it('passes the credentials of the client on, which `authorization` stays', async () => {
      expect((await call('/admin', `X-Api-Key: ${CLIENT_KEY}`)).status).toBe(200);
      expect((await call('/admin', `Authorization: Bearer ${AUDITOR_KEY}`)).status).toBe(401);
      const false_ = await call('/admin', 'X-Api-Key: partner-1.guess');
      expect([false_.status, false_.headers['www-authenticate']]).toEqual([401, 'Bearer error="invalid_token"']);
    });

    it('passes the subject that it vouches for on, once', async () => {
      expect((await call('/admin', 'X-Auth-Request-User: ann')).status).toBe(200);
      expect((await call('/admin', 'X-Auth-Request-User: bob')).status).toBe(403);
      const before = server.decisions.length;
      expect((await call('/admin', 'X-Auth-Request-User: ann', 'x-auth-request-user: ann')).status).toBe(403);
      expect(server.decisions.slice(before)).toMatchObject([{ reason: 'INVALID_REQUEST' }]);
    });

    it('is refused two credentials', async () => {
      expect((await call('/public/list', 'Authorization: Bearer a', 'Authorization: Bearer b')).status).toBe(403);
      expect((await call('/public/list', 'Authorization: Bearer a, Bearer b')).status).toBe(403);
    });

    it('never has a client from X-Forwarded-For', async () => {
      expect((await call('/admin', 'X-Forwarded-For: 192.0.2.7')).status).toBe(401);
    });

    it.each([
      ['an offer to switch protocols', ['Upgrade: websocket', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']],
      ['an offer of HTTP/2', ['Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA']],
      ["the client's content type", ['Content-Type: text/plain; charset=x', 'Content-Length: 0']],
    ])('is answered as ever in spite of %s', async (_, lines) => {
      expect((await call('/public/list', ...lines)).status).toBe(200);
    });

    it('is refused, never asked to log in, when nobody knows it', async () => {
      const headers = ['X-Original-Method: GET', 'X-Original-Host: shop.example', 'X-Original-URI: /public/list'];
      for (const key of [[], ['X-Dharma-Key: edge-1.guess'], [KEY, KEY]]) {
        const answer = await ask(`GET /forward-auth/${name}/public/list`, 'Host: shop.example', ...headers, ...key);
        expect([403, 404]).toContain(answer.status);
        expect(answer.headers).not.toHaveProperty('www-authenticate');
        if (answer.status === 403) expect(answer.body).toBe('');
      }
    });
  });

  it('speak HTTP/1.0 too', async () => {
    const lines = ['GET /forward-auth/envoy/public/list HTTP/1.0', 'Host: shop.example', KEY];
    expect((await sendRaw(server.http, lines)).status).toBe(200);
  });

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'PROPFIND', 'QUERY', 'TRACE'])(
    "take %s from Envoy, with the client's body and type",
    async (method) => {
      const before = server.decisions.length;
      const head = [`${method} /forward-auth/envoy/public/list HTTP/1.1`, 'Host: shop.example', KEY];
      const answer = await sendRaw(server.http, [...head, 'Content-Type: text/plain', 'Content-Length: 5'], 'hello');
      expect(answer.status).toBe(401);
      expect(server.decisions.slice(before)).toMatchObject([{ reason: 'NO_ALLOW_RULE', endpoint: 'orders/public' }]);
    },
  );

  it('answer HEAD and OPTIONS as what they are', async () => {
    const before = server.decisions.length;
    const head = await ask('HEAD /forward-auth/envoy/public/list', 'Host: shop.example', KEY);
    expect([head.status, head.headers['content-type'], head.body]).toEqual([401, 'application/problem+json', '']);
    await ask('OPTIONS /forward-auth/envoy/public/list', 'Host: shop.example', KEY);
    expect(server.decisions.slice(before)).toMatchObject([{ decision: 'deny' }, { decision: 'deny' }]);
  });

  it.each(['FOO /forward-auth/envoy/public/list', 'CONNECT evil.example:443', 'GET /forward-auth/Envoy/public/list'])(
    'let nothing pass that they do not know: %s',
    async (first) => {
      const { status } = await ask(first, 'Host: shop.example', KEY);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
    },
  );

  it('answer one call after another on one connection, whatever bodies came along', async () => {
    const call = (length: number) =>
      `POST /forward-auth/envoy/public/list HTTP/1.1\r\nHost: shop.example\r\n${KEY}\r\nContent-Type: text/plain\r\nContent-Length: ${length}\r\n\r\n${'x'.repeat(length)}`;
    const end = `GET /forward-auth/envoy/public/list HTTP/1.1\r\nHost: shop.example\r\n${KEY}\r\nConnection: close\r\n\r\n`;
    const socket = connect(server.http);
    socket.write(call(5) + call(100_000) + end);
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 401', 'HTTP/1.1 401', 'HTTP/1.1 200']);
  });

  it("have the client's address from nginx alone, by its own header", async () => {
    expect((await nginx('/public/list', 'X-Original-Address: 192.0.2.7')).status).toBe(200);
    expect((await nginx('/public/list', 'X-Original-Address: 192.0.2.7', 'X-Original-Address: 192.0.2.8')).status).toBe(
      403,
    );
  });

  it('let nothing pass while we stop, each in the way that its gateway cannot take for an error', async () => {
    const other = await startCheckListeners(KEYED_SHOP);
    other.decisionPoint.close();
    const statuses = await Promise.all(
      ['nginx', 'caddy', 'envoy'].map(async (gateway) => {
        const lines = ['X-Original-Method: GET', 'X-Original-Host: shop.example', 'X-Original-URI: /public/list'];
        const forwarded = lines.map((line) => line.replace('Original', 'Forwarded').replace('URI', 'Uri'));
        const target = gateway === 'envoy' ? '/forward-auth/envoy/public/list' : `/forward-auth/${gateway}`;
        const head = [`GET ${target} HTTP/1.1`, 'Host: shop.example', KEY];
        return (await sendRaw(other.http, [...head, ...lines, ...forwarded])).status;
      }),
    );
    await other.stop();
    expect(statuses).toEqual([503, 503, 403]);
  });
});
