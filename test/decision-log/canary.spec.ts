/**
 * A secret in every field of a request, by every door, with every sink open and every allow recorded: it is in no log
 * line, no record, no metric, no error and no trace. What a rule reads is in the records, which so are no empty ones.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { clientOf } from '../protocols/check-listeners.js';
import { grpcClient } from '../support/check-client.js';
import { checkBytes } from '../support/check-wire.js';
import { structOf } from '../support/doors.js';
import { endpointOf, sendRaw } from '../support/http.js';
import { startTestServer, type TestServer } from '../support/server.js';

const SHOP = `
apiVersion: dharma/v1
kind: Domain
metadata: { name: shop }
spec:
  access: [anonymous, partner-key, login]
  boundary: ["orders/*"]
  mechanisms:
    - { name: partner-key, role: access, kind: apiKey, apiKey: { header: x-api-key, keys: [{ id: p1, sha256: "${'0'.repeat(64)}", subject: partner-1 }] } }
    - { name: login, role: access, kind: jwt, jwt: { issuer: "https://login.example/", audiences: [a], keys: { inline: { keys: [] } } } }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: orders }
spec:
  domains: [shop]
  hosts: [shop.example]
  endpoints:
    - { name: all, operations: [{ path: "/orders/{order}/**" }] }
    - { name: things, kind: resource, operations: [{ resourceType: thing, actions: [view] }] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: shop, domain: shop }
spec:
  rules:
    - { id: blue, effect: allow, who: { anonymous: true }, when: '"x-team" in request.headers && request.headers["x-team"] == "blue-team"' }
    - { id: page, effect: allow, who: { anonymous: true }, when: 'has(request.query.page) && request.query.page == ["page-7"]' }
    - { id: token, effect: allow, who: { anonymous: true }, when: 'request.headers.authorization == "x"' }
    - { id: any, effect: deny, when: '"closed" in attributes' }
`;
const ADMIN_TOKEN = 'op-1.token-of-this-test';
const CANARY = /canary/i;
const PATIENCE_MILLISECONDS = 30_000;

let folder: string;
let server: TestServer;
let collector: Server;
const received: string[] = [];
const answers: string[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dharma-canary-'));
  writeFileSync(join(folder, 'token'), ADMIN_TOKEN);
  writeFileSync(join(folder, 'collector-token'), 'canary-collector-token');
  collector = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push(`${request.url}\n${Buffer.concat(chunks).toString()}`);
      // What a collector answers is nobody's business either.
      response.writeHead(request.url === '/refuse' ? 500 : 200, { connection: 'close' }).end('canary-answer');
    });
  });
  await new Promise<void>((listening) => collector.listen(0, '127.0.0.1', listening));
  const url = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  server = await startTestServer(SHOP, {
    'operator-token-file': join(folder, 'token'),
    'log-allow-share': '1',
    'decision-log': 'store,file,http,otlp',
    'decision-log-file': join(folder, 'decisions.jsonl'),
    'decision-log-url': `${url}/lines`,
    'decision-log-otlp-url': `${url}/otlp`,
    'decision-log-token-file': join(folder, 'collector-token'),
    'decision-log-mask': 'request.params.order',
  });
});
afterAll(async () => {
  await server.stop();
  collector.closeAllConnections();
  await new Promise((closed) => collector.close(closed));
  rmSync(folder, { recursive: true, force: true });
});

/** What cannot be read is told to who sent it, in its own words, and to nobody else. */
async function postFaulty(path: string, body: unknown): Promise<void> {
  await post(path, body);
  answers.pop();
}

async function post(path: string, body: unknown, headers: { readonly [name: string]: string } = {}): Promise<void> {
  const response = await fetch(`http://${server.addresses.http}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  answers.push(`${response.status} ${await response.text()}`);
}

// oxlint-disable-next-line typescript/no-explicit-any -- JSON of any shape, which the test compares
async function administer(path: string): Promise<{ readonly text: string; readonly json: any }> {
  const response = await fetch(`http://${server.addresses.admin}${path}`, {
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
  });
  const text = await response.text();
  return { text, json: /json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : undefined };
}

const CLIENT_HEADERS = {
  authorization: 'Bearer canary-token',
  cookie: 'session=canary-cookie',
  'proxy-authorization': 'Basic canary-proxy',
  'x-api-key': 'p1.canary-key',
  'x-any': 'canary-header',
  'x-team': 'blue-team',
};
const PATH = '/orders/canary-order/list?page=page-7&token=canary-query&canary-name=1';

async function askByEveryDoor(): Promise<void> {
  const { 'x-team': team, 'x-any': any, ...credentials } = CLIENT_HEADERS;
  const maps = {
    headers: { 'x-team': team, 'x-any': any, cookie: 'canary-cookie', authorization: 'canary-authorization' },
    attributes: { note: 'canary-attribute', 'canary-attribute-name': 1 },
    claimed: { note: 'canary-claim' },
    context: { note: ['canary-context', { deep: 'canary-deep' }] },
  };
  const target = { host: 'shop.example', method: 'GET', path: PATH };
  const evidence = [
    { role: 'access', mechanism: 'login', subject: 'canary-subject', claims: { note: 'canary-evidence-claim' } },
  ];
  await post('/v1/decide', { target, credentials, evidence, ...maps }, { 'x-dharma-key': 'nobody.canary-dharma-key' });
  await post('/v1/decide', { target, credentials, evidence, ...maps });
  await postFaulty('/v1/decide/batch', {
    requests: [
      { target, credentials, ...maps },
      { target, canary: 'canary-member' },
    ],
  });
  await postFaulty('/v1/decide', '{"target": canary-not-json');
  await post('/v1/explain', { target, ...maps });
  const resource = { type: 'thing', id: 'thing-7', properties: { note: 'canary-property' } };
  await post('/v1/decide', { target: { resource, action: { name: 'view', properties: { note: 'canary-act' } } } });
  await post('/access/v1/evaluation', {
    subject: { type: 'user', id: 'canary-nobody', properties: { note: 'canary-subject-property' } },
    resource,
    action: { name: 'view', properties: { note: 'canary-action-property' } },
    context: { note: 'canary-authzen-context' },
  });
  const fields = Object.entries(CLIENT_HEADERS).map(([name, value]) => `${name}: ${value}`);
  for (const lines of [
    [
      'GET /forward-auth/nginx HTTP/1.1',
      'X-Original-Method: GET',
      'X-Original-Host: shop.example',
      `X-Original-URI: ${PATH}`,
    ],
    [`GET /forward-auth/envoy${PATH} HTTP/1.1`],
  ]) {
    const answer = await sendRaw(endpointOf(server.addresses.http), [...lines, 'Host: shop.example', ...fields]);
    answers.push(JSON.stringify(answer));
  }
  const gateway = grpcClient(server.addresses.grpc);
  answers.push(
    JSON.stringify(
      await gateway.check({
        method: 'GET',
        path: PATH,
        host: 'shop.example',
        headers: CLIENT_HEADERS,
        body: 'canary-body',
      }),
    ),
  );
  const context = { note: 'canary-extension' };
  answers.push(
    JSON.stringify(
      await gateway.checkBytes(
        checkBytes({ path: PATH, host: 'shop.example', headers: CLIENT_HEADERS, contextExtensions: context }),
      ),
    ),
  );
  gateway.close();
}

/** Gateways, brokers and clusters that ask in shapes of their own, searches, and gRPC. */
async function askInEveryShape(): Promise<void> {
  const fields = Object.entries(CLIENT_HEADERS).map(([name, value]) => `${name}: ${value}`);
  const reported = [
    'X-Original-Method: GET',
    'X-Original-Host: shop.example',
    `X-Original-URI: ${PATH}`,
    `X-Original-URL: https://shop.example${PATH}`,
    'X-Forwarded-Method: GET',
    'X-Forwarded-Host: shop.example',
    `X-Forwarded-Uri: ${PATH}`,
    'X-Forwarded-For: canary-address',
  ];
  for (const gateway of ['ingress-nginx', 'traefik', 'caddy', 'haproxy', 'apache', 'apisix']) {
    const line = `GET /forward-auth/${gateway} HTTP/1.1`;
    const lines = [line, ...reported, 'Host: shop.example', ...fields];
    answers.push(JSON.stringify(await sendRaw(endpointOf(server.addresses.http), lines)));
  }
  const http = { method: 'GET', host: 'shop.example', path: PATH.split('?')[0], headers: CLIENT_HEADERS };
  const querystring = { page: 'page-7', token: 'canary-query' };
  for (const document of ['allow', 'decision', 'http'])
    await post(`/v1/data/dharma/${document}`, { input: { request: { http: { ...http, querystring } } } });
  const pods = { namespace: 'default', verb: 'get', resource: 'pods', name: 'pod-7' };
  const review = {
    user: 'canary-user',
    groups: ['canary-group'],
    uid: 'canary-uid',
    extra: { note: ['canary-extra'] },
  };
  await post('/kubernetes/authorize', {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: { ...review, resourceAttributes: pods },
  });
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const permission = 'username=canary-user&vhost=v&permission=write&client_id=canary-client';
  await post('/rabbitmq/user', 'username=canary-user&password=canary-password', form);
  await post('/rabbitmq/vhost', 'username=canary-user&vhost=v&ip=canary-address', form);
  await post('/rabbitmq/resource', `${permission}&resource=queue&name=q`, form);
  await post('/rabbitmq/topic', `${permission}&resource=topic&name=x&routing_key=a.b&variable_map.note=canary`, form);
  await post('/emqx/authorize', {
    username: 'canary-user',
    clientid: 'canary-client',
    action: 'publish',
    topic: 'a/b',
    password: 'canary-password',
  });
  const resource = { type: 'thing', id: 'thing-7', properties: { note: 'canary-property' } };
  const subject = { type: 'user', id: 'canary-nobody', properties: { note: 'canary-subject-property' } };
  const action = { name: 'view', properties: { note: 'canary-action-property' } };
  const context = { note: 'canary-context' };
  await post('/access/v1/evaluations', { subject, action, context, evaluations: [{ resource }, { resource }] });
  await post('/access/v1/search/subject', { subject: { type: 'user' }, action, resource, context });
  await post('/access/v1/search/resource', { subject, action, resource: { type: 'thing' }, context });
  await post('/access/v1/search/action', { subject, resource, context });
  const decisions = clientOf('dharma.v1.Decisions', server.addresses.grpc);
  const message = {
    target: { address: { host: 'shop.example', method: 'GET', path: PATH } },
    headers: CLIENT_HEADERS,
    attributes: structOf({ note: 'canary-attribute' }),
    claimed: structOf({ note: 'canary-claim' }),
    context: structOf(context),
  };
  for (const [method, body] of [
    ['Decide', message],
    ['DecideMany', { requests: [message] }],
    ['Explain', message],
  ] as const)
    answers.push(
      await new Promise<string>((answered) => {
        decisions[method](body, (fault: unknown, answer: object) => answered(String(fault ?? JSON.stringify(answer))));
      }),
    );
  decisions.close();
}

it('finds no way out of the process', async () => {
  await askByEveryDoor();
  const before = server.events.filter(({ kind }) => kind === 'decision').length;
  expect(before).toBeGreaterThanOrEqual(9);
  await askInEveryShape();
  const decisions = server.events.filter(({ kind }) => kind === 'decision').length;
  // Each of them but the searches and Explain was decided: a shape that was refused would have shown nothing.
  expect(decisions - before).toBeGreaterThanOrEqual(6 + 3 + 1 + 4 + 1 + 2 + 2);
  let kept = await administer('/admin/v1/decisions?limit=500');
  for (const end = Date.now() + PATIENCE_MILLISECONDS; kept.json.items.length < decisions && Date.now() < end;) {
    await pause(100);
    kept = await administer('/admin/v1/decisions?limit=500');
  }
  const records = kept.json.items as { readonly id: string }[];
  expect(records).toHaveLength(decisions);
  const explained = await Promise.all(
    records.map(async ({ id }) => (await administer(`/admin/v1/decisions/${id}/explain`)).text),
  );
  const metrics = (await administer('/metrics')).text;
  await server.stop();
  const file = readFileSync(join(folder, 'decisions.jsonl'), 'utf8');
  const outlets = {
    // Gateways are told the path that was judged, to pass on that very one.
    answers: answers.map((answer) => answer.replaceAll('/orders/canary-order/list', '')),
    events: server.events.map((event) => JSON.stringify(event)),
    lines: server.lines,
    complaints: server.complaints,
    metrics: metrics.split('\n'),
    admin: [kept.text, ...explained],
    file: file.split('\n'),
    collected: received,
  };
  const escaped = Object.entries(outlets).flatMap(([outlet, texts]) =>
    texts.filter((text) => CANARY.test(text)).map((text) => `${outlet}: ${text}`),
  );
  expect(escaped).toEqual([]);
  // The same test of records that hold nothing would pass.
  for (const text of [kept.text, file, received.filter((text) => text.startsWith('/lines')).join('')]) {
    expect(text).toContain('blue-team');
    expect(text).toContain('page-7');
    expect(text.match(/"ALLOW_SLOW"/g)!.length).toBeGreaterThanOrEqual(4);
  }
  expect(received.filter((text) => text.startsWith('/otlp')).join('')).toContain('blue-team');
});
