import { createHash } from 'node:crypto';
import { jest } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { startTestServer, type TestServer } from '../support/server.js';
import type { Untyped } from './check-listeners.js';

/** A server starts and stops within it on a busy machine. */
jest.setTimeout(30_000);

const KEY = 'broker-1.secret-of-the-broker';
const BLIND_KEY = 'blind-1.secret-of-the-blind';
const credential = (key: string) => {
  const [id = '', secret = ''] = key.split('.');
  return JSON.stringify([{ kind: 'apiKey', id, sha256: createHash('sha256').update(secret).digest('hex') }]);
};

/** A broker, a cluster and a shop, of which one enforcement point is believed about users and the other is not. */
const company = (jwks: object) => `
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme }
spec:
  access: [named, tokens, anonymous]
  boundary: ["broker/*", "cluster/*", "lake/*", "orders/*"]
  mechanisms:
    - { name: named, role: access, kind: asserted }
    - name: tokens
      role: access
      kind: jwt
      jwt: { issuer: "https://login.acme.example/", audiences: [broker], keys: { inline: ${JSON.stringify(jwks)} } }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: broker }
spec:
  kind: broker
  domains: [acme]
  endpoints:
    - { name: login, kind: resource, operations: [{ resourceType: rabbitmq, actions: [log-in] }] }
    - { name: vhost, kind: async, operations: [{ topic: /, actions: [open] }] }
    - name: events
      kind: async
      operations:
        - { topic: "/.exchange.events", actions: [publish] }
        - { topic: "/.topic.events.orders.*", actions: [publish, consume] }
        - { topic: "/.queue.mail", actions: [configure, consume] }
    - { name: things, kind: async, operations: [{ topic: "things.*.state" }] }
    - { name: kafka, kind: async, operations: [{ topic: orders.created, actions: [publish] }] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: cluster }
spec:
  domains: [acme]
  endpoints:
    - { name: pods, kind: resource, operations: [{ resourceType: pods }, { resourceType: pods/exec }] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: lake }
spec:
  domains: [acme]
  endpoints: [{ name: tables, kind: resource, operations: [{ resourceType: trino-system }, { resourceType: trino-table }] }]
---
apiVersion: dharma/v1
kind: Service
metadata: { name: orders }
spec: { domains: [acme], hosts: [shop.example] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: acme, domain: acme }
spec:
  rules:
    - { id: ann, effect: allow, who: { principals: ["user:ann"] }, what: { services: [broker] } }
    - id: ops
      effect: allow
      who: { groups: [ops] }
      what: { endpoints: [cluster/pods], actions: [get, list] }
      when: resource.attributes.namespace == "shop"
    - { id: watch, effect: allow, who: { anonymous: true }, what: { endpoints: [cluster/pods], actions: [watch] } }
    - { id: not-eve, effect: deny, who: { principals: ["user:eve"] }, what: { endpoints: [cluster/pods] } }
    - { id: queries, effect: allow, who: { groups: [analysts] }, what: { resourceTypes: [trino-system] } }
    - { id: sales, effect: allow, who: { groups: [analysts] }, what: { resourceTypes: [trino-table] }, when: 'resource.id.startsWith("lake.sales.")' }
    - { id: no-prices, effect: deny, what: { resourceTypes: [trino-table] }, when: 'has(resource.attributes.columns) && "price" in resource.attributes.columns' }
    - { id: no-exec, effect: deny, what: { resourceTypes: [pods/exec] } }
    - id: read
      effect: allow
      who: { anonymous: true }
      what: { services: [orders], methods: [GET], paths: ["/public/**"] }
      obligations: [{ kind: setHeader, name: x-tier, value: standard }]
---
apiVersion: dharma/v1
kind: EnforcementPoint
metadata: { name: broker, domain: acme }
spec: { credentials: ${credential(KEY)}, mayAssert: [named] }
---
apiVersion: dharma/v1
kind: EnforcementPoint
metadata: { name: blind, domain: acme }
spec: { credentials: ${credential(BLIND_KEY)}, mayAssert: [] }
`;

let server: TestServer;
let token: (subject: string) => Promise<string>;

beforeAll(async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  server = await startTestServer(company({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256' }] }));
  token = (subject) =>
    new SignJWT({ iss: 'https://login.acme.example/', aud: 'broker', sub: subject })
      .setProtectedHeader({ alg: 'ES256', kid: 'k' })
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(privateKey);
});

afterAll(() => server?.stop());

async function post(path: string, type: string, body: string, key: string | undefined = KEY) {
  const response = await fetch(`http://${server.addresses.http}${path}`, {
    method: 'POST',
    headers: { 'content-type': type, ...(key !== '' && { authorization: `Bearer ${key}` }) },
    body,
  });
  return { status: response.status, type: response.headers.get('content-type') ?? '', body: await response.text() };
}
const form = (path: string, fields: Record<string, string>, key?: string) =>
  post(path, 'application/x-www-form-urlencoded', new URLSearchParams(fields).toString(), key);
const json = async (path: string, value: object, key?: string) => {
  const reply = await post(path, 'application/json', JSON.stringify(value), key);
  return { ...reply, json: JSON.parse(reply.body) as Untyped };
};

describe('RabbitMQ', () => {
  const QUEUE = { username: 'ann', vhost: '/', resource: 'queue', name: 'mail', permission: 'read', tags: '' };
  const KEYED = { username: 'ann', vhost: '/', resource: 'topic', name: 'events', permission: 'write', tags: '' };

  it.each`
    because                         | path                    | fields                                                       | word
    ${'ann may open the vhost'}     | ${'/rabbitmq/vhost'}    | ${{ username: 'ann', vhost: '/', ip: '10.0.0.1', tags: '' }} | ${'allow'}
    ${'eve may not'}                | ${'/rabbitmq/vhost'}    | ${{ username: 'eve', vhost: '/', ip: '10.0.0.1', tags: '' }} | ${'deny'}
    ${'nobody knows that vhost'}    | ${'/rabbitmq/vhost'}    | ${{ username: 'ann', vhost: 'x', ip: '10.0.0.1', tags: '' }} | ${'deny'}
    ${'the queue may be read'}      | ${'/rabbitmq/resource'} | ${QUEUE}                                                     | ${'allow'}
    ${'and made'}                   | ${'/rabbitmq/resource'} | ${{ ...QUEUE, permission: 'configure' }}                     | ${'allow'}
    ${'but not written'}            | ${'/rabbitmq/resource'} | ${{ ...QUEUE, permission: 'write' }}                         | ${'deny'}
    ${'an exchange is no queue'}    | ${'/rabbitmq/resource'} | ${{ ...QUEUE, resource: 'exchange' }}                        | ${'deny'}
    ${'a key of the endpoint'}      | ${'/rabbitmq/topic'}    | ${{ ...KEYED, routing_key: 'orders.created' }}               | ${'allow'}
    ${'a key of none'}              | ${'/rabbitmq/topic'}    | ${{ ...KEYED, routing_key: 'wages.paid' }}                   | ${'deny'}
    ${'the very pattern is no key'} | ${'/rabbitmq/topic'}    | ${{ ...KEYED, routing_key: 'orders.*', permission: 'read' }} | ${'deny'}
    ${'nor is any rest'}            | ${'/rabbitmq/topic'}    | ${{ ...KEYED, routing_key: 'orders.#', permission: 'read' }} | ${'deny'}
  `('is told $word: $because', async ({ path, fields, word }) => {
    const reply = await form(path, fields);
    expect(reply).toMatchObject({ status: 200, body: word });
    expect(reply.type).toMatch(/^text\/plain/);
  });

  it('lets in who has a token of that very name', async () => {
    const login = async (username: string, password: string) =>
      (await form('/rabbitmq/user', { username, password })).body;
    expect(await login('ann', await token('ann'))).toBe('allow');
    expect(await login('ann', await token('eve'))).toBe('deny');
    expect(await login('eve', await token('ann'))).toBe('deny');
    expect(await login('ann', 'secret')).toBe('deny');
  });

  it('is not believed about users where it may not assert them', async () => {
    expect(await form('/rabbitmq/vhost', { username: 'ann', vhost: '/' }, BLIND_KEY)).toMatchObject({ body: 'deny' });
  });

  it.each(['/rabbitmq/user', '/rabbitmq/topic'])('gets no word from %s as a stranger', async (path) => {
    expect((await form(path, { ...KEYED, routing_key: 'orders.created' }, '')).status).toBe(401);
    expect((await form(path, { ...KEYED, routing_key: 'orders.created' }, 'broker-1.guess')).status).toBe(401);
  });

  it('alone sends forms', async () => {
    for (const path of ['/v1/decide', '/v1/data/dharma/allow', '/kubernetes/authorize']) {
      expect((await form(path, { username: 'ann' })).status).toBe(415);
    }
  });
});

describe('Kubernetes', () => {
  const ask = (spec: object, key?: string) =>
    json('/kubernetes/authorize', { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec }, key);
  const POD = { namespace: 'shop', verb: 'get', version: 'v1', resource: 'pods', name: 'web-1' };
  const BOB = { user: 'bob', groups: ['ops'] };

  it.each`
    because                            | spec                                                                  | status
    ${'a group may read'}              | ${{ ...BOB, resourceAttributes: POD }}                                | ${{ allowed: true }}
    ${'also all of its namespace'}     | ${{ ...BOB, resourceAttributes: { ...POD, verb: 'list', name: '' } }} | ${{ allowed: true }}
    ${'but not of the cluster'}        | ${{ ...BOB, resourceAttributes: { verb: 'list', resource: 'pods' } }} | ${{ allowed: false }}
    ${'who is in no group may not'}    | ${{ user: 'bob', resourceAttributes: POD }}                           | ${{ allowed: false }}
    ${'nobody may run programs there'} | ${{ ...BOB, resourceAttributes: { ...POD, subresource: 'exec' } }}    | ${{ allowed: false, denied: true }}
    ${'nobody answers for secrets'}    | ${{ ...BOB, resourceAttributes: { ...POD, resource: 'secrets' } }}    | ${{ allowed: false }}
  `('is told: $because', async ({ spec, status }) => {
    const reply = await ask(spec);
    expect(reply).toMatchObject({ status: 200, json: { kind: 'SubjectAccessReview' } });
    expect(reply.json.status).toEqual({ ...status, reason: expect.stringMatching(/^dharma decision /) });
  });

  it('is not believed about users where it may not assert them', async () => {
    expect((await ask({ ...BOB, resourceAttributes: POD }, BLIND_KEY)).json.status.allowed).toBe(false);
  });

  it('gets no review as a stranger', async () => {
    expect((await ask({ ...BOB, resourceAttributes: POD }, '')).status).toBe(401);
  });

  const SELECTED = {
    labelSelector: { requirements: [{ key: 'a', operator: 'In', values: Array(34_000).fill('12345') }] },
  };
  it.each`
    because              | body
    ${'it is too large'} | ${JSON.stringify({ spec: { ...BOB, resourceAttributes: { ...POD, ...SELECTED } } })}
    ${'it is no JSON'}   | ${'{'}
    ${'it is empty'}     | ${''}
  `('is denied for good where nothing can be read, whatever its failure policy is: $because', async ({ body }) => {
    const reply = await post('/kubernetes/authorize', 'application/json', body);
    expect(reply.status).toBe(200);
    expect(reply.type).toMatch(/^application\/json/);
    expect(JSON.parse(reply.body)).toEqual({
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      status: { allowed: false, denied: true, reason: 'the review cannot be read' },
    });
    expect((await post('/kubernetes/authorize', 'application/json', body, '')).body).not.toContain('allowed');
  });
});

describe('a subject that is named and is nobody', () => {
  const watch = (user: string | undefined, key: string) =>
    json(
      '/kubernetes/authorize',
      {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: { user, resourceAttributes: { namespace: 'shop', verb: 'watch', resource: 'pods', name: 'web-1' } },
      },
      key,
    );
  const ABOUT_EVE = { subject: { type: 'user', id: 'eve' }, resource: { type: 'pods', id: 'shop/web-1' } };

  it.each`
    because                                | user         | key          | status
    ${'who is not named is nobody'}        | ${undefined} | ${KEY}       | ${{ allowed: true }}
    ${'a rule forbids eve'}                | ${'eve'}     | ${KEY}       | ${{ allowed: false, denied: true }}
    ${'it may not assert eve'}             | ${'eve'}     | ${BLIND_KEY} | ${{ allowed: false, denied: true }}
    ${'a name with a line end is no name'} | ${'eve\n'}   | ${KEY}       | ${{ allowed: false, denied: true }}
  `('does not become what nobody may do: $because', async ({ user, key, status }) => {
    expect((await watch(user, key)).json.status).toEqual({ ...status, reason: expect.any(String) });
  });

  it.each([KEY, BLIND_KEY])('may do nothing by AuthZEN either, nor is anything found for it (%#)', async (key) => {
    expect(await json('/access/v1/evaluation', { ...ABOUT_EVE, action: { name: 'watch' } }, key)).toMatchObject({
      status: 200,
      json: { decision: false },
    });
    expect(await json('/access/v1/search/action', ABOUT_EVE, key)).toMatchObject({
      status: 200,
      json: { results: [] },
    });
  });
});

describe('EMQX', () => {
  const ASKED = { username: 'ann', clientid: 'c', peerhost: '10.0.0.1', action: 'publish', topic: 'things/7/state' };

  it.each`
    because                        | asked                                    | key          | result
    ${'ann may'}                   | ${ASKED}                                 | ${undefined} | ${'allow'}
    ${'eve may not'}               | ${{ ...ASKED, username: 'eve' }}         | ${undefined} | ${'deny'}
    ${'nobody has that topic'}     | ${{ ...ASKED, topic: 'things/7' }}       | ${undefined} | ${'deny'}
    ${'a filter is no topic'}      | ${{ ...ASKED, topic: 'things/+/state' }} | ${undefined} | ${'deny'}
    ${'it may not assert users'}   | ${ASKED}                                 | ${BLIND_KEY} | ${'deny'}
    ${'a stranger is not ignored'} | ${ASKED}                                 | ${''}        | ${'deny'}
  `('is told $result: $because', async ({ asked, key, result }) => {
    expect(await json('/emqx/authorize', asked, key)).toMatchObject({ status: 200, json: { result } });
  });

  it.each`
    because                    | type                  | body
    ${'it is no JSON'}         | ${'application/json'} | ${'{'}
    ${'it is empty'}           | ${'application/json'} | ${''}
    ${'it is too large'}       | ${'application/json'} | ${JSON.stringify({ ...ASKED, clientid: 'c'.repeat(300_000) })}
    ${'it is of another type'} | ${'text/plain'}       | ${JSON.stringify(ASKED)}
  `('is told deny where nothing can be read: $because', async ({ type, body }) => {
    const reply = await post('/emqx/authorize', type, body);
    expect(reply).toMatchObject({ status: 200, body: '{"result":"deny"}' });
    expect(reply.type).toMatch(/^application\/json/);
  });
});

describe("OPA's data API", () => {
  const http = (path: string) => ({
    client_ip: '10.0.0.1',
    request: { http: { method: 'GET', host: 'shop.example', path, headers: { accept: 'text/html' } } },
  });
  const ask = (document: string, input: object, key?: string) => json(`/v1/data/dharma/${document}`, { input }, key);

  it.each`
    path              | allow
    ${'/public/list'} | ${true}
    ${'/admin'}       | ${false}
    ${'/public/%61'}  | ${false}
  `('says of $path in three documents: $allow', async ({ path, allow }) => {
    // A word cannot carry the header that the rule sets.
    expect((await ask('allow', http(path))).json).toMatchObject({ result: false });
    expect((await ask('decision', http(path))).json).toMatchObject({ result: { allow } });
    const { json: told } = await ask('http', http(path));
    expect(told).toMatchObject({ result: { allow }, decision_id: expect.any(String) });
    if (allow) expect(told.result.headers).toMatchObject({ 'x-tier': 'standard' });
  });

  it('serves APISIX, as long as it forwards what it tells', async () => {
    const apisix = (path: string, rewrite: object) => ({
      type: 'http',
      request: { scheme: 'http', method: 'GET', host: 'shop.example', port: 80, path, headers: {}, query: {} },
      var: { remote_addr: '10.0.0.1' },
      route: { plugins: { 'proxy-rewrite': { headers: { remove: ['X-Dharma-Key'] }, ...rewrite } } },
    });
    const told = async (path: string, rewrite: object = {}) => (await ask('http', apisix(path, rewrite))).json.result;
    expect(await told('/public/list')).toMatchObject({ allow: true, headers: { 'x-tier': 'standard' } });
    expect(await told('/admin')).toMatchObject({ allow: false, status_code: expect.any(Number) });
    expect(await told('/public/list', { use_real_request_uri_unsafe: true })).toMatchObject({ allow: false });
  });

  it('serves Kafka', async () => {
    const kafka = (name: string) => ({
      action: {
        operation: 'WRITE',
        resourcePattern: { resourceType: 'TOPIC', name: 'orders.created', patternType: 'LITERAL' },
      },
      requestContext: { principal: { principalType: 'User', name } },
    });
    expect((await ask('allow', kafka('ann'))).json.result).toBe(true);
    expect((await ask('allow', kafka('eve'))).json.result).toBe(false);
    expect((await ask('allow', kafka('ann'), BLIND_KEY)).json.result).toBe(false);
  });

  describe('for Trino', () => {
    const trino = (action: object, groups = ['analysts']) => ({
      context: { identity: { user: 'ann', principal: 'ann', groups }, softwareStack: { trinoVersion: '480' } },
      action,
    });
    const table = (schemaName: string, tableName: string, columns?: readonly string[]) => ({
      table: { catalogName: 'lake', schemaName, tableName, ...(columns && { columns }) },
    });
    const SELECT = { operation: 'SelectFromColumns', resource: table('sales', 'orders', ['id']) };
    const rename = (schemaName: string) => ({
      operation: 'RenameTable',
      resource: table('sales', 'orders'),
      targetResource: table(schemaName, 'orders'),
    });

    it.each`
      because                          | input                                                                        | result
      ${'analysts may query'}          | ${trino({ operation: 'ExecuteQuery' })}                                      | ${true}
      ${'others may not'}              | ${trino({ operation: 'ExecuteQuery' }, ['cooks'])}                           | ${false}
      ${'orders are of the sales'}     | ${trino(SELECT)}                                                             | ${true}
      ${'wages are not'}               | ${trino({ ...SELECT, resource: table('wages', 'paid', ['id']) })}            | ${false}
      ${'prices are denied to all'}    | ${trino({ ...SELECT, resource: table('sales', 'orders', ['id', 'price']) })} | ${false}
      ${'both names are of the sales'} | ${trino(rename('sales'))}                                                    | ${true}
      ${'the new name is not'}         | ${trino(rename('wages'))}                                                    | ${false}
    `('says $result: $because', async ({ input, result }) => {
      expect((await ask('allow', input)).json.result).toBe(result);
      expect((await ask('allow', input, BLIND_KEY)).json.result).toBe(false);
    });

    it('leaves of a list what is allowed, by its places', async () => {
      const tables = [table('wages', 'paid'), table('sales', 'orders'), table('sales', 'returns')];
      const names = { operation: 'FilterTables', filterResources: tables };
      expect((await ask('filter', trino(names))).json).toEqual({ result: [1, 2] });
      expect((await ask('filter', trino(names), BLIND_KEY)).json).toEqual({ result: [] });
      const columns = {
        operation: 'FilterColumns',
        filterResources: [table('sales', 'orders', ['id', 'price', 'day'])],
      };
      expect((await ask('filter', trino(columns))).json).toEqual({ result: [0, 2] });
      expect((await ask('filter', { user: 'ann' })).json).toEqual({ result: [] });
      expect(await ask('filter', trino(names), '')).toMatchObject({ status: 401 });
    });
  });

  it('gives strangers no result', async () => {
    const reply = await ask('allow', http('/public/list'), '');
    expect([reply.status, reply.json.result]).toEqual([401, undefined]);
  });

  it('has no other documents', async () => {
    expect((await ask('other', {})).status).toBe(404);
  });
});
