/** Middleware and guard in real programs, asking real check listeners: what passes, and what handlers then read. */
import 'reflect-metadata';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer, type AddressInfo, type NetConnectOpts } from 'node:net';
import { once } from 'node:events';
import { All, Controller, Get, Module, Req } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DharmaClient, dharmaMiddleware, decisionOn, guardFastify } from '#client';
import { GrpcTransport } from '../../libs/client/src/grpc/index.js';
import { AsksAbout, DharmaGuard } from '../../libs/client/src/nest/index.js';
import {
  CLIENT_KEY,
  EDGE_KEY,
  KEYED_SHOP,
  startCheckListeners,
  type CheckListeners,
} from '../protocols/check-listeners.js';
import { sendRaw } from '../support/http.js';

const PATIENT = { timeoutMilliseconds: 20_000, tryMilliseconds: 20_000, tries: 1 };
const ASKED_BY_NAME = `
---
apiVersion: dharma/v1
kind: Service
metadata: { name: archive }
spec:
  domains: [shop]
  hosts: [archive.example]
  endpoints:
    - { name: files, kind: resource, operations: [{ resourceType: file, actions: [view] }] }
    - { name: report, operations: [{ path: "/{report}", methods: [GET] }] }
    - { name: everything, operations: [{ path: "/export(all)", methods: [GET] }] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: archive, domain: shop }
spec:
  rules:
    - { id: open, effect: allow, who: { anonymous: true }, what: { resources: ["file:1"] } }
    - { id: reports, effect: allow, who: { anonymous: true }, what: { endpoints: [archive/report] } }
    - id: limited
      effect: allow
      who: { anonymous: true }
      what: { endpoints: [orders/public], methods: [PATCH] }
      obligations: [{ kind: rateLimit, key: all, class: slow }]
    - id: tidied
      effect: allow
      who: { anonymous: true }
      what: { endpoints: [orders/public], methods: [PUT] }
      obligations: [{ kind: removeHeader, name: x-debug }]
`;
const SHOP = `${KEYED_SHOP.replace('boundary: ["orders/*"]', 'boundary: ["orders/*", "archive/*"]')}${ASKED_BY_NAME}`;

interface Running {
  readonly endpoint: NetConnectOpts;
  stop(): Promise<unknown>;
}

/**
 * Whatever a handler can read of its request.
 *
 * @param request  the framework's own
 */
function seenBy(message: IncomingMessage, request: object = message) {
  const { headers, headersDistinct, rawHeaders, url } = message;
  const decision = decisionOn(request)?.answer.decisionId;
  return { headers, headersDistinct, rawHeaders, url, decision, isSame: decisionOn(message) === decisionOn(request) };
}

/** What Express gives to its middleware: a request, a response, and a way on. */
async function bareServer(client: DharmaClient): Promise<Running> {
  const middleware = dharmaMiddleware(client, settings);
  const handler = (request: IncomingMessage, response: ServerResponse) =>
    middleware(request, response, () => response.end(JSON.stringify(seenBy(request))));
  const server = createHttpServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { endpoint: at(server.address()), stop: async () => server.close() };
}

async function fastifyServer(client: DharmaClient): Promise<Running> {
  const instance = new FastifyAdapter({ forceCloseConnections: true }).getInstance();
  guardFastify(instance, client, settings);
  instance.all('*', (request, reply) => void reply.send(seenBy(request.raw, request)));
  await instance.listen({ host: '127.0.0.1', port: 0 });
  return { endpoint: at(instance.server.address()), stop: () => instance.close() };
}

@Controller()
class Everything {
  @Get('files/:id')
  @AsksAbout((request: { readonly params: { readonly id: string } }) => ({
    resource: { type: 'file', id: request.params.id },
    action: { name: 'view' },
  }))
  file(@Req() request: { readonly raw: IncomingMessage }) {
    return seenBy(request.raw, request);
  }

  @Get('by-name')
  @AsksAbout({ endpoint: 'orders/office', path: '/admin' })
  byName() {
    return 'office';
  }

  @Get('misnamed')
  @AsksAbout({ endpoint: 'orders/office' })
  misnamed() {
    return 'office';
  }

  @Get('broken')
  @AsksAbout(() => {
    throw new Error('no target');
  })
  broken() {
    return 'broken';
  }

  @All('*')
  all(@Req() request: { readonly raw: IncomingMessage }) {
    return seenBy(request.raw, request);
  }
}

@Module({ controllers: [Everything] })
class Program {}

async function nestServer(client: DharmaClient): Promise<Running> {
  const adapter = new FastifyAdapter({ forceCloseConnections: true });
  const app = await NestFactory.create<NestFastifyApplication>(Program, adapter, { logger: false });
  app.useGlobalGuards(new DharmaGuard(client, settings));
  await app.listen({ host: '127.0.0.1', port: 0 });
  return { endpoint: at(app.getHttpServer().address()), stop: () => app.close() };
}

const complaints: string[] = [];
const settings = { host: 'shop.example', log: (because: string) => void complaints.push(because) };

let dharma: CheckListeners;

beforeAll(async () => {
  dharma = await startCheckListeners(SHOP);
});

afterAll(() => dharma.stop());

const send = ({ endpoint }: Running, line: string, ...headers: readonly string[]) =>
  sendRaw(endpoint, [`${line} HTTP/1.1`, 'Host: shop.example', ...headers]);

/** Where a server listens, as one connects to it. */
function at(address: unknown): NetConnectOpts {
  return { host: '127.0.0.1', port: (address as AddressInfo).port };
}

describe.each([
  ['middleware, as Express calls it', bareServer],
  ['Fastify', fastifyServer],
  ['a guard of Nest', nestServer],
] as const)('%s', (name, start) => {
  const clients = {
    HTTP: () => new DharmaClient({ url: `http://127.0.0.1:${dharma.http.port}`, key: EDGE_KEY, ...PATIENT }),
    gRPC: () => new DharmaClient({ transport: new GrpcTransport({ address: dharma.grpc, key: EDGE_KEY }), ...PATIENT }),
  };

  describe.each(['HTTP', 'gRPC'] as const)('asking by %s', (way) => {
    let client: DharmaClient;
    let program: Running;

    beforeAll(async () => {
      client = clients[way]();
      program = await start(client);
    });

    afterAll(async () => {
      await program.stop();
      client.close();
    });

    it.each`
      because                                        | line                                     | headers                                                     | status
      ${'anybody may read'}                          | ${'GET /public/list?page=2'}             | ${[]}                                                       | ${200}
      ${'nobody is known'}                           | ${'GET /admin'}                          | ${[]}                                                       | ${401}
      ${'a key opens the office'}                    | ${'GET /admin'}                          | ${[`X-Api-Key: ${CLIENT_KEY}`]}                             | ${200}
      ${'a false one is told so'}                    | ${'GET /admin'}                          | ${['X-Api-Key: partner-1.guess']}                           | ${401}
      ${'who is known may not do everything'}        | ${'DELETE /admin'}                       | ${[`X-Api-Key: ${CLIENT_KEY}`]}                             | ${403}
      ${'two keys are no key'}                       | ${'GET /admin'}                          | ${[`X-Api-Key: ${CLIENT_KEY}`, `X-Api-Key: ${CLIENT_KEY}`]} | ${401}
      ${'nor are two names of one'}                  | ${'GET /admin'}                          | ${[`X-Api-Key: ${CLIENT_KEY}`, `x_api_key: ${CLIENT_KEY}`]} | ${403}
      ${'nobody vouches by a header'}                | ${'GET /admin'}                          | ${['X-Auth-Request-User: ann']}                             | ${401}
      ${'the key of this program is not a client’s'} | ${'GET /admin'}                          | ${[`X-Dharma-Key: ${EDGE_KEY}`]}                            | ${401}
      ${'a client does not say who it is'}           | ${'GET /admin'}                          | ${['X-Dharma-Principal: user:ann']}                         | ${401}
      ${'two senders are nobody'}                    | ${'GET /public/list'}                    | ${['Authorization: Bearer a', 'Authorization: Bearer b']}   | ${403}
      ${'a dotted name is taken for another'}        | ${'GET /public/list'}                    | ${['x.dharma.key: a']}                                      | ${403}
      ${'a path goes up'}                            | ${'GET /public/../admin'}                | ${[]}                                                       | ${403}
      ${'a path goes up in disguise'}                | ${'GET /public/%2e%2e/admin'}            | ${[]}                                                       | ${403}
      ${'an address is no path'}                     | ${'GET http://shop.example/public/list'} | ${[]}                                                       | ${403}
      ${'a slash is hidden'}                         | ${'GET /public/..%2fadmin'}              | ${[]}                                                       | ${403}
      ${'a path has another spelling'}               | ${'GET /%70ublic/list'}                  | ${[]}                                                       | ${403}
      ${'an escape may be in small letters'}         | ${'GET /public/%c3%a9'}                  | ${[]}                                                       | ${200}
      ${'a method is as it is written'}              | ${'POST /public/list'}                   | ${['X-HTTP-Method-Override: GET', 'Content-Length: 0']}     | ${401}
      ${'another host is not asked about'}           | ${'GET /public/list'}                    | ${['X-Forwarded-Host: till.example']}                       | ${200}
      ${'a limit nobody keeps'}                      | ${'PATCH /public/list'}                  | ${['Content-Length: 0']}                                    | ${403}
      ${'a way that is not there is asked about'}    | ${'GET /nowhere'}                        | ${[]}                                                       | ${401}
    `('answers $status to $line: $because', async ({ line, headers, status }) => {
      const { status: said, headers: fields, body } = await send(program, line, ...headers);
      expect(said).toBe(status);
      if (status === 200) return;
      expect(fields).toMatchObject({
        'content-type': expect.stringMatching(/^application\/problem\+json/),
        'cache-control': 'no-store',
      });
      expect(JSON.parse(body)).toMatchObject({ type: expect.stringMatching(/^urn:dharma:problem:/), status });
      expect(fields['www-authenticate'] !== undefined).toBe(status === 401);
    });

    it('says what is wrong with a credential, and no more', async () => {
      const { headers, body } = await send(program, 'GET /admin', 'X-Api-Key: partner-1.guess');
      expect(headers['www-authenticate']).toBe('Bearer error="invalid_token"');
      expect(JSON.parse(body)).toEqual({
        type: 'urn:dharma:problem:invalid_token',
        title: 'A credential is expired or false',
        status: 401,
        code: 'invalid_token',
        decisionId: headers['x-dharma-decision'],
      });
    });

    it('tells handlers who called, over whatever the client says, in every form that Node has of a header', async () => {
      const forged = [
        'X-Dharma-Principal: user:root',
        'x_dharma_principal: user:root',
        'X-Dharma-Actor: root',
        'X-Dharma-Role: root',
      ];
      // A name that folds to one of ours is refused; what is left of these is replaced.
      expect((await send(program, 'GET /admin', `X-Api-Key: ${CLIENT_KEY}`, forged[1]!)).status).toBe(403);
      const sent = [
        forged[0]!,
        forged[2]!,
        forged[3]!,
        'X-Original-URL: /other',
        'x_http_method_override: PUT',
        'X-Staff-Level: high',
        'x_staff_level: high',
        'X-Keep: this',
      ];
      const { status, body } = await send(program, 'GET /admin', `X-Api-Key: ${CLIENT_KEY}`, ...sent);
      expect(status).toBe(200);
      const { headers, headersDistinct, rawHeaders, decision, isSame } = JSON.parse(body) as ReturnType<typeof seenBy>;
      expect(decision).toEqual(expect.any(String));
      expect(isSame).toBe(true);
      const told = {
        'x-dharma-principal': 'client:partner-1',
        'x-dharma-actor': '',
        'x-dharma-domain': 'shop',
        'x-dharma-path': '/admin',
        'x-dharma-decision': decision,
      };
      expect(headers).toMatchObject({ ...told, 'x-keep': 'this', host: 'shop.example' });
      const names = Object.keys(headers).toSorted();
      expect(names).toEqual(['connection', 'host', 'x-api-key', 'x-keep', ...Object.keys(told)].toSorted());
      expect(Object.keys(headersDistinct).toSorted()).toEqual(names);
      const raw = rawHeaders.filter((_, index) => index % 2 === 0).map((each) => each.toLowerCase());
      expect(raw.toSorted()).toEqual(names);
      expect(`${JSON.stringify(headers)}${JSON.stringify(headersDistinct)}${rawHeaders.join()}`).not.toMatch(
        /root|high|\/other/,
      );
    });

    it('carries out obligations', async () => {
      const set = await send(program, 'GET /public/list', 'X-Customer-Tier: gold', 'x_customer_tier: gold');
      const { headers } = JSON.parse(set.body) as ReturnType<typeof seenBy>;
      expect(headers['x-customer-tier']).toBe('standard');
      expect(headers).not.toHaveProperty('x_customer_tier');
      const removed = await send(program, 'PUT /public/list', 'X-Debug: 1', 'Content-Length: 0');
      expect(removed.status).toBe(200);
      expect((JSON.parse(removed.body) as ReturnType<typeof seenBy>).headers).not.toHaveProperty('x-debug');
    });
  });

  it.each([
    ['is down', undefined],
    [
      'is nobody we know',
      () => new DharmaClient({ url: `http://127.0.0.1:${dharma.http.port}`, key: 'edge-1.guess', ...PATIENT }),
    ],
  ])('lets nothing pass when the server %s', async (_because, clientFor) => {
    const client = clientFor?.() ?? (await clientOfNobody());
    const program = await start(client);
    complaints.length = 0;
    const { status, headers, body } = await send(program, 'GET /public/list');
    expect(status).toBe(503);
    expect(headers).toMatchObject({ 'retry-after': '1', 'cache-control': 'no-store' });
    expect(JSON.parse(body)).toMatchObject({ code: 'unavailable', status: 503 });
    expect(complaints).toEqual([expect.any(String)]);
    await program.stop();
    client.close();
  });

  it('lets nothing pass when the server does not tell what services are told', async () => {
    const old = createServer((socket) =>
      socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${OLD.length}\r\n\r\n${OLD}`)),
    );
    old.listen(0, '127.0.0.1');
    await once(old, 'listening');
    const client = new DharmaClient({ url: `http://127.0.0.1:${(old.address() as AddressInfo).port}`, ...PATIENT });
    const program = await start(client);
    expect((await send(program, 'GET /public/list')).status).toBe(503);
    await program.stop();
    client.close();
    old.close();
  });

  if (name === 'a guard of Nest') {
    it.each`
      because                                    | line               | headers                         | status
      ${'this file is open'}                     | ${'GET /files/1'}  | ${[]}                           | ${200}
      ${'the others are not'}                    | ${'GET /files/2'}  | ${[]}                           | ${401}
      ${'a handler stands for an endpoint'}      | ${'GET /by-name'}  | ${[`X-Api-Key: ${CLIENT_KEY}`]} | ${200}
      ${'nobody is known there either'}          | ${'GET /by-name'}  | ${[]}                           | ${401}
      ${'its own path is none of that endpoint'} | ${'GET /misnamed'} | ${[`X-Api-Key: ${CLIENT_KEY}`]} | ${403}
      ${'nobody knows what this is about'}       | ${'GET /broken'}   | ${[]}                           | ${503}
    `('asks about what a handler names: $because', async ({ line, headers, status }) => {
      const client = clients.HTTP();
      const program = await start(client);
      expect((await send(program, line, ...headers)).status).toBe(status);
      await program.stop();
      client.close();
    });
  }
});

const OLD = JSON.stringify({
  decision: 'allow',
  reason: 'ALLOW_FAST',
  route: 'fast',
  deniedAt: null,
  meeting: 'shop',
  crossed: [],
  rules: [],
  obligations: [],
  revision: 1,
  ageSeconds: 0,
  decisionId: 'd-1',
  ttlSeconds: 0,
});

/** A client of a port where nobody listens. */
async function clientOfNobody(): Promise<DharmaClient> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return new DharmaClient({ url: `http://127.0.0.1:${port}`, ...PATIENT });
}

describe('the host of a request', () => {
  const TWO = { host: ['shop.example', 'archive.example'] };

  it.each`
    because                                       | settings                                   | path           | hosts                                  | status
    ${'it is ours'}                               | ${{ host: 'shop.example' }}                | ${'/public/a'} | ${['shop.example']}                    | ${200}
    ${'a port says nothing'}                      | ${{ host: 'shop.example' }}                | ${'/public/a'} | ${['shop.example:8443']}               | ${200}
    ${'nor does case, or the dot of the root'}    | ${{ host: 'shop.example' }}                | ${'/public/a'} | ${['Shop.Example.']}                   | ${200}
    ${'nor do they in a setting'}                 | ${{ host: 'Shop.Example.' }}               | ${'/public/a'} | ${['shop.example']}                    | ${200}
    ${'the program may route another elsewhere'}  | ${{ host: 'shop.example' }}                | ${'/public/a'} | ${['archive.example']}                 | ${403}
    ${'an address is another'}                    | ${{ host: 'shop.example' }}                | ${'/public/a'} | ${['127.0.0.1']}                       | ${403}
    ${'it has an address, which is listed'}       | ${{ host: ['shop.example', '127.0.0.1'] }} | ${'/summary'}  | ${['127.0.0.1:3000']}                  | ${401}
    ${'a name within is another'}                 | ${{ host: 'shop.example' }}                | ${'/public/a'} | ${['a.shop.example']}                  | ${403}
    ${'none is another'}                          | ${{ host: 'shop.example' }}                | ${'/public/a'} | ${['']}                                | ${403}
    ${'two are two'}                              | ${TWO}                                     | ${'/public/a'} | ${['shop.example', 'archive.example']} | ${403}
    ${'the first has nothing there'}              | ${TWO}                                     | ${'/summary'}  | ${['shop.example']}                    | ${401}
    ${'the second has, and is asked about'}       | ${TWO}                                     | ${'/summary'}  | ${['archive.example']}                 | ${200}
    ${'nobody routes by it'}                      | ${{ host: 'shop.example', anyHost: true }} | ${'/public/a'} | ${['archive.example']}                 | ${200}
    ${'no other is asked about then'}             | ${{ host: 'shop.example', anyHost: true }} | ${'/summary'}  | ${['archive.example']}                 | ${401}
    ${'nobody routes by it: the first of a list'} | ${{ ...TWO, anyHost: true }}               | ${'/public/a'} | ${['till.example']}                    | ${200}
  `('answers $status to $hosts: $because', async ({ settings: own, path, hosts, status }) => {
    const client = new DharmaClient({ url: `http://127.0.0.1:${dharma.http.port}`, key: EDGE_KEY, ...PATIENT });
    const middleware = dharmaMiddleware(client, own as Parameters<typeof dharmaMiddleware>[1]);
    const server = createHttpServer((request, response) => middleware(request, response, () => response.end()));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const sent = (hosts as readonly string[]).map((host) => `Host: ${host}`);
    expect((await sendRaw(at(server.address()), [`GET ${path} HTTP/1.1`, ...sent])).status).toBe(status);
    server.close();
    client.close();
  });
});

describe('a router that decodes what the judged path keeps', () => {
  it.each`
    because                                      | path                   | status
    ${'it is closed by its name'}                | ${'/export(all)'}      | ${401}
    ${'a sign is spelled as an escape'}          | ${'/export%28all%29'}  | ${403}
    ${'one of them is'}                          | ${'/export(all%29'}    | ${403}
    ${'a report is open'}                        | ${'/summary'}          | ${200}
    ${'a report may be called what is no ASCII'} | ${'/r%C3%A9sum%C3%A9'} | ${200}
  `('answers $status to $path: $because', async ({ path, status }) => {
    const client = new DharmaClient({ url: `http://127.0.0.1:${dharma.http.port}`, key: EDGE_KEY, ...PATIENT });
    const instance = new FastifyAdapter({ forceCloseConnections: true }).getInstance();
    guardFastify(instance, client, { host: 'archive.example' });
    instance.get('/:report', (_request, reply) => void reply.send('a report'));
    instance.get('/export(all)', (_request, reply) => void reply.send('everything'));
    await instance.listen({ host: '127.0.0.1', port: 0 });
    const endpoint = at(instance.server.address());
    const answer = await sendRaw(endpoint, [`GET ${path} HTTP/1.1`, 'Host: archive.example']);
    expect(answer.status).toBe(status);
    await instance.close();
    client.close();
  });
});

it('the host is the program’s to say', () => {
  const client = new DharmaClient({ url: 'http://127.0.0.1:1' });
  for (const host of ['', [], ['shop.example', '']]) {
    expect(() => dharmaMiddleware(client, { host })).toThrow(TypeError);
  }
  client.close();
});
