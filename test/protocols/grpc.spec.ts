import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { jest } from '@jest/globals';
import { loadSync } from '@grpc/proto-loader';
import * as fc from 'fast-check';
import {
  AUDITOR_KEY,
  CLIENT_KEY,
  EDGE_KEY,
  KEYED_SHOP,
  clientOf,
  startCheckListeners,
  type CheckListeners,
  type Untyped,
} from './check-listeners.js';
import { credentials, loadPackageDefinition, Metadata, status } from '../support/grpc.js';

/** A server starts and stops within it on a busy machine. */
jest.setTimeout(30_000);

const require = createRequire(import.meta.url);
const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const at = (path: string, method = 'GET') => ({ target: { address: { host: 'shop.example', method, path } } });
const PUBLIC = at('/public/list');
const OFFICE = at('/admin');

let server: CheckListeners;
let decisions: Untyped;
let authorization: Untyped;
let health: Untyped;

beforeAll(async () => {
  server = await startCheckListeners(KEYED_SHOP);
  decisions = clientOf('dharma.v1.Decisions', server.grpc);
  authorization = clientOf('envoy.service.auth.v3.Authorization', server.grpc);
  health = clientOf('grpc.health.v1.Health', server.grpc);
});

afterAll(async () => {
  for (const client of [decisions, authorization, health]) client.close();
  await server.stop();
});

function metadata(...keys: string[]): Metadata {
  const shown = new Metadata();
  for (const key of keys) shown.add('x-dharma-key', key);
  return shown;
}

function call(client: Untyped, method: string, message: object, sent = metadata(EDGE_KEY)): Promise<Untyped> {
  return new Promise((done, failed) => {
    client[method](message, sent, (fault: unknown, response: unknown) => (fault ? failed(fault) : done(response)));
  });
}

/** How a call ended; an error is one of the ways. */
function statusOf(stream: Untyped): Promise<{ readonly code: number }> {
  stream.on('error', () => {});
  return new Promise((ended) => stream.once('status', ended));
}

describe('Check', () => {
  const check = (http: object, more: object = {}, sent?: Metadata) =>
    call(authorization, 'Check', { attributes: { request: { http }, ...more } }, sent);
  const http = (path: string, more: object = {}) => ({ method: 'GET', host: 'shop.example', path, ...more });
  const struct = (evidence: object[]) => ({
    filterMetadata: {
      dharma: {
        fields: {
          evidence: {
            listValue: {
              values: evidence.map((item) => ({
                structValue: {
                  fields: Object.fromEntries(
                    Object.entries(item).map(([name, stringValue]) => [name, { stringValue }]),
                  ),
                },
              })),
            },
          },
        },
      },
    },
  });

  it.each`
    because               | sent                            | code
    ${'its key is known'} | ${metadata(EDGE_KEY)}           | ${0}
    ${'it shows no key'}  | ${metadata()}                   | ${7}
    ${'its key is wrong'} | ${metadata('edge-1.guess')}     | ${7}
    ${'it shows two'}     | ${metadata(EDGE_KEY, EDGE_KEY)} | ${7}
  `('answers a gateway with a message, never an error: $because', async ({ sent, code }) => {
    const answer = await check(http('/public/list'), {}, sent);
    expect(answer.status.code).toBe(code);
    expect(answer.httpResponse).toBe(code === 0 ? 'okResponse' : 'deniedResponse');
  });

  it.each`
    because                                           | path        | more                                                                                                          | headers                                                            | code
    ${'a filter vouches for the user'}                | ${'/admin'} | ${{ metadataContext: struct([{ role: 'access', mechanism: 'portal-user', subject: 'ann' }]) }}                | ${{}}                                                              | ${0}
    ${'a filter vouches for another'}                 | ${'/admin'} | ${{ metadataContext: struct([{ role: 'access', mechanism: 'portal-user', subject: 'bob' }]) }}                | ${{}}                                                              | ${7}
    ${'a filter says nonsense'}                       | ${'/admin'} | ${{ metadataContext: struct([{ role: 'root' }]) }}                                                            | ${{}}                                                              | ${7}
    ${'a header vouches for nobody here'}             | ${'/admin'} | ${{}}                                                                                                         | ${{ 'x-auth-request-user': 'ann' }}                                | ${16}
    ${'the key of a client is its own'}               | ${'/admin'} | ${{}}                                                                                                         | ${{ 'x-api-key': CLIENT_KEY }}                                     | ${0}
    ${'the client comes from inside the domain'}      | ${'/admin'} | ${{ source: { address: { socketAddress: { address: '192.0.2.7' } } } }}                                       | ${{}}                                                              | ${0}
    ${'its certificate is of a member'}               | ${'/admin'} | ${{ source: { principal: 'spiffe://acme.example/till' } }}                                                    | ${{}}                                                              | ${0}
    ${'a certificate in a header is nobody’s'}        | ${'/admin'} | ${{}}                                                                                                         | ${{ 'x-forwarded-client-cert': 'URI=spiffe://acme.example/till' }} | ${16}
    ${'so is an address in a header'}                 | ${'/admin'} | ${{}}                                                                                                         | ${{ 'x-forwarded-for': '192.0.2.7' }}                              | ${16}
    ${'the route’s configuration is attested'}        | ${'/admin'} | ${{ contextExtensions: { api: 'closed' }, source: { address: { socketAddress: { address: '192.0.2.7' } } } }} | ${{}}                                                              | ${16}
    ${'the key of the gateway is none of the client'} | ${'/admin'} | ${{}}                                                                                                         | ${{ 'x-dharma-key': AUDITOR_KEY }}                                 | ${16}
  `('answers $code: $because', async ({ path, more, headers, code }) => {
    expect((await check(http(path, { headers }), more)).status.code).toBe(code);
  });

  it.each`
    because                            | path              | more                                                                                           | told
    ${'nobody is known'}               | ${'/public/list'} | ${{}}                                                                                          | ${['', '']}
    ${'a filter vouches for the user'} | ${'/admin'}       | ${{ metadataContext: struct([{ role: 'access', mechanism: 'portal-user', subject: 'ann' }]) }} | ${['', 'user:ann']}
    ${'the connection is of a member'} | ${'/admin'}       | ${{ source: { principal: 'spiffe://acme.example/till' } }}                                     | ${['till', '']}
  `('says who called, over whatever the client says: $because', async ({ path, more, told }) => {
    const headers = { 'x-dharma-actor': 'root', 'x-dharma-principal': 'user:root', 'x-dharma-role': 'root' };
    const { okResponse } = await check(http(path, { headers }), more);
    const said = new Map(okResponse.headers.map((option: Untyped) => [option.header.key, option]));
    const names = ['x-dharma-actor', 'x-dharma-principal'];
    expect(names.map((name) => (said.get(name) as Untyped).header.value)).toEqual(told);
    expect((said.get('x-dharma-domain') as Untyped).header.value).toBe('shop');
    for (const option of said.values()) {
      expect(option).toMatchObject({
        append: { value: false },
        appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD',
        keepEmptyValue: true,
      });
    }
    expect(okResponse.headersToRemove).toEqual(['x-dharma-role']);
  });

  it('has the gateway remove what a client may not say, and nothing else of what it sent', async () => {
    const sent = ['accept', 'x-staff-level', 'x_staff_level', 'x-original-url', 'x-http-method-override', 'x_trace'];
    const headers = Object.fromEntries(sent.map((name) => [name, 'v']));
    const { okResponse } = await check(http('/public/list', { headers }));
    expect(okResponse.headersToRemove.toSorted()).toEqual(
      ['x-http-method-override', 'x-original-url', 'x-staff-level', 'x_staff_level'].toSorted(),
    );
    const eve = { metadataContext: struct([{ role: 'access', mechanism: 'portal-user', subject: 'eve' }]) };
    const stamped = (await check(http('/admin', { headers }), eve)).okResponse;
    expect(stamped.headersToRemove).not.toContain('x-staff-level');
    expect(stamped.headersToRemove).toContain('x_staff_level');
    expect(stamped.headers).toContainEqual(
      expect.objectContaining({ header: expect.objectContaining({ key: 'x-staff-level', value: 'low' }) }),
    );
  });

  it.each`
    because                            | subject  | path                                      | set                          | removed
    ${'a rule writes it'}              | ${'zoe'} | ${'/admin'}                               | ${['tier=zoe%20%26%20more']} | ${[]}
    ${'over whatever the client says'} | ${'zoe'} | ${'/admin?tier=1&%74ier=2&debug&Debug=1'} | ${['tier=zoe%20%26%20more']} | ${['%74ier', 'debug', 'Debug']}
    ${'only a rule may say it'}        | ${'ann'} | ${'/admin?tier=gold&debug=1'}             | ${[]}                        | ${['tier']}
    ${'another endpoint has its own'}  | ${'ann'} | ${'/public/list?tier=gold'}               | ${[]}                        | ${[]}
  `('has the gateway change the query: $because', async ({ subject, path, set, removed }) => {
    const more = { metadataContext: struct([{ role: 'access', mechanism: 'portal-user', subject }]) };
    const { okResponse } = await check(http(path), more);
    expect(okResponse.queryParametersToSet.map(({ key, value }: Untyped) => `${key}=${value}`)).toEqual(set);
    expect(okResponse.queryParametersToRemove).toEqual(removed);
  });

  it('changes no query of an RPC, which has none', async () => {
    const more = { metadataContext: struct([{ role: 'access', mechanism: 'portal-user', subject: 'zoe' }]) };
    const headers = { 'content-type': 'application/grpc' };
    expect((await check(http('/admin', { headers }), more)).httpResponse).toBe('deniedResponse');
    expect(server.decisions.at(-1)).toMatchObject({ reason: 'OBLIGATION_UNSUPPORTED' });
  });

  it.each`
    because                      | method   | more                                                                                           | headers                                 | status            | code                    | challenge
    ${'nobody is logged in'}     | ${'GET'} | ${{}}                                                                                          | ${{}}                                   | ${'Unauthorized'} | ${'unauthenticated'}    | ${'Bearer'}
    ${'a key is false'}          | ${'GET'} | ${{}}                                                                                          | ${{ 'x-api-key': 'partner-1.guess' }}   | ${'Unauthorized'} | ${'invalid_token'}      | ${'Bearer error="invalid_token"'}
    ${'another may'}             | ${'GET'} | ${{ metadataContext: struct([{ role: 'access', mechanism: 'portal-user', subject: 'bob' }]) }} | ${{}}                                   | ${'Forbidden'}    | ${'forbidden'}          | ${undefined}
    ${'only a scope is missing'} | ${'PUT'} | ${{ metadataContext: struct([{ role: 'access', mechanism: 'portal-user', subject: 'bob' }]) }} | ${{}}                                   | ${'Forbidden'}    | ${'insufficient_scope'} | ${'Bearer error="insufficient_scope"'}
    ${'two names may be one'}    | ${'GET'} | ${{}}                                                                                          | ${{ 'x-api-key': 'a', x_api_key: 'b' }} | ${'Forbidden'}    | ${'forbidden'}          | ${undefined}
    ${'a name may be ours'}      | ${'GET'} | ${{}}                                                                                          | ${{ x_dharma_actor: 'root' }}           | ${'Forbidden'}    | ${'forbidden'}          | ${undefined}
  `('denies with a problem for the client: $because', async ({ method, more, headers, status, code, challenge }) => {
    const { deniedResponse } = await check({ ...http('/admin?q=secret', { headers }), method }, more);
    expect(deniedResponse.status.code).toBe(status);
    const said = new Map(deniedResponse.headers.map(({ header }: Untyped) => [header.key, header.value]));
    expect([said.get('content-type'), said.get('www-authenticate')]).toEqual(['application/problem+json', challenge]);
    const { decisionId } = server.decisions.at(-1)!;
    expect(said.get('x-dharma-decision')).toBe(decisionId);
    expect(JSON.parse(deniedResponse.body)).toEqual({
      type: `urn:dharma:problem:${code}`,
      title: expect.any(String),
      status: status === 'Unauthorized' ? 401 : 403,
      code,
      decisionId,
    });
  });

  it('tells strangers nothing but the status', async () => {
    const { deniedResponse } = await check(http('/public/list'), {}, metadata());
    expect(deniedResponse).toMatchObject({ status: { code: 'Forbidden' }, headers: [], body: '' });
  });

  it('logs the trace context of the call, and leaves the response to the gateway', async () => {
    const sent = metadata(EDGE_KEY);
    sent.set('traceparent', TRACE);
    await check(http('/admin'), {}, sent);
    expect(server.decisions.at(-1)).toMatchObject({ trace: TRACE });
  });

  it('is never an error and never an allow, whatever a message holds', async () => {
    const text = fc.oneof(fc.string(), fc.constantFrom('GET', '/public/../admin', '//', 'shop.example', ''));
    const headers = fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('authorization', ':path', '__proto__')), text);
    await fc.assert(
      fc.asyncProperty(text, text, text, headers, async (method, host, path, some) => {
        const answer = await check({ method, host, path, headers: some }, { contextExtensions: some });
        expect(answer.status.code).not.toBe(0);
        expect(answer.httpResponse).toBe('deniedResponse');
      }),
      { numRuns: 200 },
    );
  });
});

describe('Decisions', () => {
  it.each(['Decide', 'DecideMany', 'Explain'])('%s answers nobody whom it does not know', async (method) => {
    for (const sent of [metadata(), metadata('edge-1.guess'), metadata(EDGE_KEY, AUDITOR_KEY)]) {
      await expect(call(decisions, method, PUBLIC, sent)).rejects.toMatchObject({
        code: status.UNAUTHENTICATED,
        details: expect.stringContaining('enforcement-point-unknown'),
      });
    }
  });

  it('Decide says what the JSON says', async () => {
    expect(await call(decisions, 'Decide', PUBLIC)).toMatchObject({
      decision: 'DECISION_ALLOW',
      reason: 'ALLOW_SLOW',
      route: 'slow',
      crossed: ['shop'],
      rules: ['shop/read'],
      obligations: [{ rule: 'shop/read', critical: true, setHeader: { name: 'x-customer-tier', value: 'standard' } }],
      revision: 1,
      ttlSeconds: 30,
    });
    expect(await call(decisions, 'Decide', OFFICE)).toMatchObject({ decision: 'DECISION_DENY', deniedAt: 'shop' });
  });

  it('Decide answers what is no request with its faults', async () => {
    expect(await call(decisions, 'Decide', {})).toMatchObject({
      decision: 'DECISION_DENY',
      reason: 'INVALID_REQUEST',
      detail: [{ pointer: '/target' }],
    });
  });

  it('Decide sends the trace context back', async () => {
    const sent = metadata(EDGE_KEY);
    sent.set('traceparent', TRACE);
    const unary = decisions.Decide(PUBLIC, sent, () => {});
    const [received] = (await once(unary, 'metadata')) as [Metadata];
    expect(received.get('traceparent')).toEqual([TRACE]);
  });

  it('DecideMany answers in order, malformed requests in their place', async () => {
    const { answers } = await call(decisions, 'DecideMany', { requests: [PUBLIC, {}, OFFICE] });
    expect(answers.map(({ reason }: Untyped) => reason)).toEqual(['ALLOW_SLOW', 'INVALID_REQUEST', 'NO_ALLOW_RULE']);
    await expect(call(decisions, 'DecideMany', { requests: Array(101).fill(PUBLIC) })).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringContaining('batch-too-large'),
    });
  });

  it.each(['Decide', 'DecideMany', 'Explain'])('%s reads no message above its limit', async (method) => {
    const large = { target: { rpc: { rpc: '/'.padEnd(256 * 1024) } } };
    const message = method === 'DecideMany' ? { requests: [large] } : large;
    await expect(call(decisions, method, message, metadata(AUDITOR_KEY))).rejects.toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: expect.stringContaining('request-too-large'),
    });
  });

  it('Explain explains to those who may hear it', async () => {
    const { answer, explanation } = await call(decisions, 'Explain', OFFICE, metadata(AUDITOR_KEY));
    expect(answer).toMatchObject({ decision: 'DECISION_DENY' });
    expect(explanation.fields.target.structValue.fields.endpoint).toMatchObject({ stringValue: 'orders/office' });
    await expect(call(decisions, 'Explain', OFFICE)).rejects.toMatchObject({
      code: status.PERMISSION_DENIED,
      details: expect.stringContaining('explain-not-permitted'),
    });
  });

  describe('DecideStream', () => {
    const answersOf = async (stream: AsyncIterable<Untyped>) => {
      const answers: Untyped[] = [];
      for await (const answer of stream) answers.push(answer);
      return answers;
    };

    it('answers each request in its order, under its own name', async () => {
      const stream = decisions.DecideStream(metadata(EDGE_KEY));
      const requests = Array.from({ length: 500 }, (_, id) => ({ id: `${id}`, request: id % 2 ? OFFICE : PUBLIC }));
      for (const request of [...requests, { id: 'odd' }]) stream.write(request);
      stream.end();
      const answers = await answersOf(stream);
      expect(answers.map(({ id }) => id)).toEqual([...requests.map(({ id }) => id), 'odd']);
      expect(answers.map(({ answer }) => answer.reason)).toEqual([
        ...requests.map((_, id) => (id % 2 ? 'NO_ALLOW_RULE' : 'ALLOW_SLOW')),
        'INVALID_REQUEST',
      ]);
    });

    it('ends for whom it does not know', async () => {
      const stream = decisions.DecideStream(metadata('edge-1.guess'));
      stream.write({ id: '1', request: PUBLIC });
      await expect(answersOf(stream)).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
    });

    it('ends as soon as its caller is known no more', async () => {
      const other = await startCheckListeners(KEYED_SHOP);
      const client = clientOf('dharma.v1.Decisions', other.grpc);
      const stream = client.DecideStream(metadata(EDGE_KEY));
      stream.write({ id: '1', request: PUBLIC });
      expect((await once(stream, 'data'))[0]).toMatchObject({ id: '1', answer: { decision: 'DECISION_ALLOW' } });
      await other.put(KEYED_SHOP.replace('id: edge-1', 'id: edge-2'));
      const ended = statusOf(stream);
      stream.write({ id: '2', request: PUBLIC });
      expect(await ended).toMatchObject({ code: status.UNAUTHENTICATED });
      client.close();
      await other.stop();
    });

    it('survives a caller that hangs up in the middle', async () => {
      const stream = decisions.DecideStream(metadata(EDGE_KEY));
      stream.on('error', () => {});
      for (let id = 0; id < 200; id += 1) stream.write({ id: `${id}`, request: PUBLIC });
      await once(stream, 'data');
      stream.cancel();
      expect(await call(decisions, 'Decide', PUBLIC)).toMatchObject({ decision: 'DECISION_ALLOW' });
    });

    it('does not keep the server from stopping', async () => {
      const other = await startCheckListeners(KEYED_SHOP);
      const client = clientOf('dharma.v1.Decisions', other.grpc);
      const stream = client.DecideStream(metadata(EDGE_KEY));
      stream.write({ id: '1', request: PUBLIC });
      await once(stream, 'data');
      const ended = statusOf(stream);
      await other.stop();
      expect(await ended).toMatchObject({ code: status.UNAVAILABLE });
      client.close();
    });
  });
});

describe('health', () => {
  it.each(['', 'envoy.service.auth.v3.Authorization', 'dharma.v1.Decisions'])('of `%s` is known', async (service) => {
    expect(await call(health, 'Check', { service })).toEqual({ status: 'SERVING' });
  });

  it('of anything else is not', async () => {
    await expect(call(health, 'Check', { service: 'other' })).rejects.toMatchObject({ code: status.NOT_FOUND });
  });

  it('can be watched', async () => {
    const watch = health.Watch({ service: '' });
    watch.on('error', () => {});
    expect((await once(watch, 'data'))[0]).toEqual({ status: 'SERVING' });
    const next = once(watch, 'data');
    server.serving.turn(false);
    expect((await next)[0]).toEqual({ status: 'NOT_SERVING' });
    const after = once(watch, 'data');
    server.serving.turn(true);
    expect((await after)[0]).toEqual({ status: 'SERVING' });
    watch.cancel();
  });
});

describe('reflection', () => {
  it.each(['v1', 'v1alpha'])('names all services in %s', async (version) => {
    const proto = `../proto/grpc/reflection/${version}/reflection.proto`;
    const loaded = loadPackageDefinition(
      loadSync(join(dirname(require.resolve('@grpc/reflection')), proto)),
    ) as Untyped;
    const client = new loaded.grpc.reflection[version].ServerReflection(server.grpc, credentials.createInsecure());
    const stream = client.ServerReflectionInfo();
    stream.write({ listServices: '*' });
    const [{ listServicesResponse }] = (await once(stream, 'data')) as Untyped[];
    expect(listServicesResponse.service.map(({ name }: Untyped) => name)).toEqual(
      expect.arrayContaining(['envoy.service.auth.v3.Authorization', 'dharma.v1.Decisions', 'grpc.health.v1.Health']),
    );
    stream.end();
    await statusOf(stream);
    client.close();
  });
});
