/** What AuthZEN asks of the HTTP around its messages, at a running server. */
import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { jwtVerify } from 'jose';
import { endpointOf, sendRaw } from '../support/http.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { post } from './calls.js';

/** A server starts and stops within it on a busy machine. */
jest.setTimeout(30_000);

const PUBLIC_URL = 'https://pdp.example.com/tenant1';
const KEY = 'edge-1.a-secret-of-the-tests';
const sha256 = (key: string) =>
  createHash('sha256')
    .update(key.slice(key.indexOf('.') + 1))
    .digest('hex');

/** People, of whom the edge vouches for all, the twin for none because it could mean two, and the blind for none. */
const DESK = `
apiVersion: dharma/v1
kind: Domain
metadata: { name: firm }
spec:
  access: [person, other-person]
  boundary: [desk/*]
  mechanisms:
    - { name: person, role: access, kind: asserted }
    - { name: other-person, role: access, kind: asserted }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: desk }
spec:
  domains: [firm]
  hosts: [desk.example, "*.desk.example"]
  endpoints:
    - { name: records, kind: resource, operations: [{ resourceType: record, actions: [view, stamp] }] }
    - { name: pages, operations: [{ methods: [GET], path: "/pages/{name}" }, { methods: ["*"], path: /any }] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: desk, domain: firm }
spec:
  rules:
    - { id: ann, effect: allow, who: { principals: ["user:ann"] }, what: { endpoints: [desk/records], actions: [view] } }
    - { id: level, effect: allow, what: { actions: [view] }, when: principal.attributes.level > 2 }
    - { id: pages, effect: allow, who: { principals: ["user:ann"] }, what: { endpoints: [desk/pages], methods: [GET, PUT] } }
    - { id: front, effect: allow, what: { endpoints: [desk/pages] }, when: request.params.name == "front" }
    - id: stamped
      effect: allow
      who: { principals: ["user:ann"] }
      what: { endpoints: [desk/records], actions: [stamp] }
      obligations: [{ kind: setHeader, name: x-stamp, value: "1" }]
---
apiVersion: dharma/v1
kind: EntitySet
metadata: { name: records, domain: firm }
spec: { entities: [{ type: record, id: "1", attributes: {} }, { type: user, id: ann, attributes: { level: 0 } }] }
---
apiVersion: dharma/v1
kind: EnforcementPoint
metadata: { name: edge, domain: firm }
spec: { credentials: [{ kind: apiKey, id: edge-1, sha256: "${sha256(KEY)}" }], mayAssert: [person] }
---
apiVersion: dharma/v1
kind: EnforcementPoint
metadata: { name: twin, domain: firm }
spec: { credentials: [{ kind: apiKey, id: twin-1, sha256: "${sha256(KEY)}" }], mayAssert: [person, other-person] }
---
apiVersion: dharma/v1
kind: EnforcementPoint
metadata: { name: blind, domain: firm }
spec: { credentials: [{ kind: apiKey, id: blind-1, sha256: "${sha256(KEY)}" }] }
`;

const keyOf = (id: string) => ({ 'x-dharma-key': `${id}.a-secret-of-the-tests` });
const EDGE = keyOf('edge-1');
const ANN = { type: 'user', id: 'ann' };
const BOB = { type: 'user', id: 'bob' };
const VIEW = { name: 'view' };
const RECORD = { type: 'record', id: '1' };
const ASKED = { subject: ANN, action: VIEW, resource: RECORD };

const ROUTES = [
  ['/access/v1/evaluation', ASKED],
  ['/access/v1/evaluations', { ...ASKED, evaluations: [{}] }],
  ['/access/v1/search/subject', ASKED],
  ['/access/v1/search/resource', ASKED],
  ['/access/v1/search/action', ASKED],
] as const;

let server: TestServer;
const { privateKey } = generateKeyPairSync('ed25519');
const folder = mkdtempSync(join(tmpdir(), 'dharma-metadata-'));

beforeAll(async () => {
  const key = join(folder, 'metadata.pem');
  writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  server = await startTestServer(DESK, { 'public-url': PUBLIC_URL, 'metadata-key': key });
});

afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

const ask = (path: string, body: unknown, headers: { readonly [name: string]: string } = EDGE) =>
  post(server.addresses.http, path, body, headers);

describe.each(ROUTES)('%s', (path, body) => {
  it.each`
    because                            | headers                                          | status
    ${'its key is known'}              | ${EDGE}                                          | ${200}
    ${'the key may be a bearer token'} | ${{ authorization: `Bearer ${KEY}` }}            | ${200}
    ${'nobody is known without a key'} | ${{}}                                            | ${401}
    ${'a wrong key is no key'}         | ${{ 'x-dharma-key': 'edge-1.guess' }}            | ${401}
    ${'two keys are nobody’s'}         | ${{ ...EDGE, authorization: 'Bearer twin-1.x' }} | ${401}
  `('answers $status, because $because', async ({ headers, status }) => {
    const reply = await ask(path, body, { ...headers, 'x-request-id': 'r-1' });
    expect([reply.status, reply.headers.get('x-request-id')]).toEqual([status, 'r-1']);
    if (status === 401) expect(reply.headers.get('www-authenticate')).toBe('Bearer');
    else expect(reply.headers.get('content-type')).toMatch(/^application\/json/);
  });

  it.each`
    because                           | type                                   | sent                           | status
    ${'parameters are no other type'} | ${'application/json; charset=utf-8'}   | ${undefined}                   | ${200}
    ${'a form is no JSON'}            | ${'application/x-www-form-urlencoded'} | ${'a=1'}                       | ${400}
    ${'text is no JSON'}              | ${'text/plain'}                        | ${undefined}                   | ${400}
    ${'another JSON is another type'} | ${'application/jsonp'}                 | ${undefined}                   | ${400}
    ${'it is cut short'}              | ${'application/json'}                  | ${'{"subject":'}               | ${400}
    ${'it is empty'}                  | ${'application/json'}                  | ${''}                          | ${400}
    ${'it is a list'}                 | ${'application/json'}                  | ${'[]'}                        | ${400}
    ${'it says nothing'}              | ${'application/json'}                  | ${'{}'}                        | ${400}
    ${'a member comes twice'}         | ${'application/json'}                  | ${'{"subject":1,"subject":2}'} | ${400}
  `('reads a body or refuses it with the request id: $because', async ({ type, sent, status }) => {
    const reply = await ask(path, sent ?? body, { ...EDGE, 'content-type': type, 'x-request-id': 'r-2' });
    expect([reply.status, reply.headers.get('x-request-id')]).toEqual([status, 'r-2']);
  });
});

describe('the request id', () => {
  const sendWith = (lines: readonly string[]) => {
    const body = JSON.stringify(ASKED);
    const head = ['POST /access/v1/evaluation HTTP/1.1', 'Host: pdp', `x-dharma-key: ${KEY}`];
    const entity = ['Content-Type: application/json', `Content-Length: ${body.length}`];
    return sendRaw(endpointOf(server.addresses.http), [...head, ...entity, ...lines], body);
  };
  const sentBack = ({ lines }: Awaited<ReturnType<typeof sendWith>>) =>
    lines.filter(([name]) => name === 'x-request-id').map(([, value]) => value);

  it.each`
    because                        | sent
    ${'any text will do'}          | ${'a b;c="d" %00'}
    ${'512 characters are enough'} | ${'x'.repeat(512)}
  `('goes back as it came: $because', async ({ sent }) => {
    expect(sentBack(await sendWith([`X-Request-ID: ${sent}`]))).toEqual([sent]);
  });

  it.each`
    because                       | lines
    ${'there is none'}            | ${[]}
    ${'it is no plain text'}      | ${['X-Request-ID: \u00e9']}
    ${'it is longer than any id'} | ${[`X-Request-ID: ${'x'.repeat(513)}`]}
    ${'it came twice'}            | ${['X-Request-ID: a', 'X-Request-ID: b']}
  `('does not go back, and nothing fails, when $because', async ({ lines }) => {
    const reply = await sendWith(lines);
    expect([reply.status, sentBack(reply)]).toEqual([200, []]);
  });
});

it('a route that is not there says so, with the request id', async () => {
  const reply = await ask('/access/v1/evaluate', ASKED, { ...EDGE, 'x-request-id': 'r-3' });
  expect([reply.status, reply.headers.get('x-request-id')]).toEqual([404, 'r-3']);
});

it('answers only what is sent by POST', async () => {
  const { status } = await sendRaw(endpointOf(server.addresses.http), [
    'GET /access/v1/evaluation HTTP/1.1',
    'Host: pdp',
  ]);
  expect(status).toBe(404);
});

describe('the subject', () => {
  it.each`
    because                                         | caller       | subject                                             | decision
    ${'the edge vouches for people'}                | ${'edge-1'}  | ${ANN}                                              | ${true}
    ${'for each as who it is'}                      | ${'edge-1'}  | ${BOB}                                              | ${false}
    ${'what it attests goes before what is stored'} | ${'edge-1'}  | ${{ ...BOB, properties: { level: 3 } }}             | ${true}
    ${'it has no mechanism for another type'}       | ${'edge-1'}  | ${{ ...ANN, type: 'robot' }}                        | ${false}
    ${'names of mechanisms are no types'}           | ${'edge-1'}  | ${{ ...ANN, type: 'person' }}                       | ${false}
    ${'an empty id is nobody'}                      | ${'edge-1'}  | ${{ ...ANN, id: '', properties: { level: 3 } }}     | ${false}
    ${'nor is one with a control character'}        | ${'edge-1'}  | ${{ ...ANN, id: 'a\nb', properties: { level: 3 } }} | ${false}
    ${'two mechanisms could be meant, so none is'}  | ${'twin-1'}  | ${{ ...ANN, properties: { level: 3 } }}             | ${false}
    ${'who may assert nothing vouches for nobody'}  | ${'blind-1'} | ${{ ...ANN, properties: { level: 3 } }}             | ${false}
  `('counts or not: $because', async ({ caller, subject, decision }) => {
    const { status, json } = await ask('/access/v1/evaluation', { ...ASKED, subject }, keyOf(caller));
    expect([status, json['decision']]).toEqual([200, decision]);
    const batch = await ask('/access/v1/evaluations', { ...ASKED, evaluations: [{ subject }] }, keyOf(caller));
    expect(batch.json).toEqual({ evaluations: [{ decision }] });
  });
});

describe('a decision', () => {
  it.each`
    because                                     | asked                                                  | reason
    ${'an unknown type is a deny and no error'} | ${{ ...ASKED, resource: { type: 'parcel', id: '1' } }} | ${'UNKNOWN_ENDPOINT'}
    ${'so is an unknown action'}                | ${{ ...ASKED, action: { name: 'eat' } }}               | ${'UNKNOWN_ENDPOINT'}
    ${'so is an action that is a pattern'}      | ${{ ...ASKED, action: { name: '*' } }}                 | ${'INVALID_REQUEST'}
    ${'an obligation cannot be carried'}        | ${{ ...ASKED, action: { name: 'stamp' } }}             | ${'OBLIGATION_UNSUPPORTED'}
  `('says why not: $because', async ({ asked, reason }) => {
    const { status, json } = await ask('/access/v1/evaluation', asked);
    expect(status).toBe(200);
    expect(json).toEqual({
      decision: false,
      context: {
        id: expect.any(String),
        reason_user: { '403': 'This is not allowed' },
        reason_admin: { '403': expect.stringMatching(reason) },
      },
    });
  });
});

describe('a route', () => {
  const decided = async (action: string, id: string, properties?: object) => {
    const resource = { type: 'route', id, properties };
    const { status, json } = await ask('/access/v1/evaluation', { subject: ANN, action: { name: action }, resource });
    expect(status).toBe(200);
    return json['decision'];
  };

  it.each`
    because                                   | action    | id                 | properties                                        | decision
    ${'it is in the policy'}                  | ${'GET'}  | ${'/pages/{name}'} | ${undefined}                                      | ${true}
    ${'what its parameter is called is open'} | ${'GET'}  | ${'/pages/{p}'}    | ${undefined}                                      | ${true}
    ${'a template is no path'}                | ${'GET'}  | ${'/pages/front'}  | ${undefined}                                      | ${false}
    ${'methods are told apart'}               | ${'POST'} | ${'/pages/{name}'} | ${undefined}                                      | ${false}
    ${'any method is answered there'}         | ${'PUT'}  | ${'/any'}          | ${undefined}                                      | ${true}
    ${'its path belongs to it'}               | ${'GET'}  | ${'/pages/{name}'} | ${{ path: '/pages/a' }}                           | ${true}
    ${'its host has it'}                      | ${'GET'}  | ${'/pages/{name}'} | ${{ path: '/pages/a', hostname: 'desk.example' }} | ${true}
    ${'a host without it is another place'}   | ${'GET'}  | ${'/pages/{name}'} | ${{ path: '/pages/a', hostname: 'x' }}            | ${false}
    ${'so is one without a path'}             | ${'GET'}  | ${'/pages/{name}'} | ${{ hostname: 'internal.example' }}               | ${false}
    ${'what is no host is no place'}          | ${'GET'}  | ${'/pages/{name}'} | ${{ path: '/pages/a', hostname: 'not a host!' }}  | ${false}
    ${'a path of another route is a lie'}     | ${'GET'}  | ${'/pages/{name}'} | ${{ path: '/any' }}                               | ${false}
    ${'a path that two read differently too'} | ${'GET'}  | ${'/pages/{name}'} | ${{ path: '/pages/%2e%2e' }}                      | ${false}
    ${'a full address is no template'}        | ${'GET'}  | ${'http://a/any'}  | ${undefined}                                      | ${false}
    ${'an empty one is none'}                 | ${'GET'}  | ${''}              | ${undefined}                                      | ${false}
  `('is found by its template: $because', async ({ action, id, properties, decision }) => {
    expect(await decided(action, id, properties)).toBe(decision);
  });

  it('can be searched for, as its methods can', async () => {
    const asked = { subject: ANN, action: { name: 'GET' }, resource: { type: 'route', id: '/any' } };
    expect((await ask('/access/v1/search/resource', asked)).json).toEqual({
      results: [
        { type: 'route', id: '/any' },
        { type: 'route', id: '/pages/{name}' },
      ],
    });
    expect((await ask('/access/v1/search/action', asked)).json).toEqual({
      results: [{ name: 'GET' }, { name: 'PUT' }],
    });
    expect((await ask('/access/v1/search/subject', { ...asked, subject: { type: 'user' } })).json).toEqual({
      results: [{ type: 'user', id: 'ann' }],
    });
  });
});

it.each(['subject', 'resource', 'action'])('a search for the %s finds nothing of what nobody knows', async (sought) => {
  const asked = { subject: { type: 'x', id: 'x' }, action: { name: 'x' }, resource: { type: 'x', id: 'x' } };
  expect(await ask(`/access/v1/search/${sought}`, asked)).toMatchObject({ status: 200, json: { results: [] } });
});

it('a search leaves a line in the log, without names', async () => {
  const logged = server.next('search');
  await ask('/access/v1/search/subject', ASKED);
  expect(await logged).toMatchObject({ enforcementPoint: 'edge', found: 1, decisions: 1 });
  expect(server.lines.filter((line) => line.includes('"search"')).join()).not.toContain('ann');
});

describe('the metadata', () => {
  const read = async (path: string, host = 'evil.example') =>
    sendRaw(endpointOf(server.addresses.http), [`GET ${path} HTTP/1.1`, `Host: ${host}`]);

  it.each(['/.well-known/authzen-configuration/tenant1', '/.well-known/authzen-configuration'])(
    'are made of the configured address alone: %s',
    async (path) => {
      const { status, headers, body } = await read(path);
      expect([status, headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
      expect(JSON.parse(body)).toEqual({
        policy_decision_point: PUBLIC_URL,
        access_evaluation_endpoint: `${PUBLIC_URL}/access/v1/evaluation`,
        access_evaluations_endpoint: `${PUBLIC_URL}/access/v1/evaluations`,
        search_subject_endpoint: `${PUBLIC_URL}/access/v1/search/subject`,
        search_resource_endpoint: `${PUBLIC_URL}/access/v1/search/resource`,
        search_action_endpoint: `${PUBLIC_URL}/access/v1/search/action`,
        signed_metadata: expect.any(String),
      });
    },
  );

  it('name routes that are there', async () => {
    const { body } = await read('/.well-known/authzen-configuration');
    const {
      policy_decision_point: _,
      signed_metadata: __,
      ...endpoints
    } = JSON.parse(body) as { readonly [member: string]: string };
    for (const endpoint of Object.values(endpoints)) {
      expect((await ask(endpoint.slice(PUBLIC_URL.length), ASKED)).status).toBe(200);
    }
  });

  it('are signed, and say the same there', async () => {
    const { body } = await read('/.well-known/authzen-configuration');
    const { signed_metadata: signed, ...plain } = JSON.parse(body) as { readonly [member: string]: string };
    const { payload } = await jwtVerify(signed!, createPublicKey(privateKey), { issuer: PUBLIC_URL });
    expect(payload).toEqual({ ...plain, iss: PUBLIC_URL, iat: expect.any(Number) });
  });

  it('are not those of another tenant', async () => {
    expect((await read('/.well-known/authzen-configuration/tenant2')).status).toBe(404);
  });
});
