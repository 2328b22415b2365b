import type { DecisionAnswer } from '#policy';
import { grpcClient, type CheckAnswer, type GrpcClient } from '../support/check-client.js';
import { endpointOf, sendRaw } from '../support/http.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { BROKEN_SHOP, CLOSED_SHOP, GUARDED_SHOP, SHOP } from '../support/shop.js';

describe('a server with a folder in memory', () => {
  let server: TestServer;
  let gateway: GrpcClient;

  beforeAll(async () => {
    server = await startTestServer(SHOP, { challenge: 'Bearer realm="shop"' });
    gateway = grpcClient(server.addresses.grpc);
  });

  afterAll(async () => {
    gateway.close();
    await server.stop();
    expect(server.complaints).toEqual([]);
  });

  const post = async (body: string | Uint8Array, type = 'application/json') => {
    const response = await fetch(`http://${server.addresses.http}/v1/decide`, {
      method: 'POST',
      headers: { 'content-type': type },
      body: body as never,
    });
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      json: (await response.json()) as DecisionAnswer & { readonly detail?: readonly { readonly pointer: string }[] },
    };
  };
  const target = (method: string, path: string) => ({ target: { host: 'shop.example', method, path } });
  const decide = async (request: object) => (await post(JSON.stringify(request))).json;

  describe('POST /v1/decide', () => {
    it('answers an allow with all that the contract names', async () => {
      expect(await post(JSON.stringify(target('GET', '/public/list')))).toEqual({
        status: 200,
        type: 'application/json; charset=utf-8',
        json: {
          decision: 'allow',
          reason: 'ALLOW_SLOW',
          route: 'slow',
          deniedAt: null,
          meeting: '*',
          crossed: ['shop'],
          rules: ['shop/read'],
          obligations: [
            { kind: 'setHeader', name: 'x-customer-tier', value: 'standard', critical: true, rule: 'shop/read' },
          ],
          revision: 1,
          ageSeconds: expect.any(Number),
          decisionId: expect.any(String),
          ttlSeconds: 30,
        },
      });
    });

    it('answers a deny with the reason and the place', async () => {
      expect(await decide(target('POST', '/public/list'))).toMatchObject({
        decision: 'deny',
        reason: 'NO_ALLOW_RULE',
        deniedAt: 'shop',
        meeting: null,
        rules: [],
        obligations: [],
      });
    });

    it.each`
      because                                     | request
      ${'a request needs a target'}               | ${{}}
      ${'a request is an object'}                 | ${[]}
      ${'unknown members are errors'}             | ${{ ...target('GET', '/public/list'), subject: 'ann' }}
      ${'the clock is ours'}                      | ${{ ...target('GET', '/public/list'), time: '2026-12-24T12:00:00Z' }}
      ${'and so is the proof'}                    | ${{ ...target('GET', '/public/list'), evidence: [{ role: 'access', mechanism: 'm', subject: 's', verified: true }] }}
      ${'maps lie in one another 32 levels deep'} | ${{ ...target('GET', '/public/list'), context: nested(33) }}
      ${'two parties could read it differently'}  | ${target('GET', '/public/../admin')}
    `('decides INVALID_REQUEST: $because', async ({ request }: { request: object }) => {
      const { status, json } = await post(JSON.stringify(request));
      expect(status).toBe(200);
      expect(json).toMatchObject({ decision: 'deny', reason: 'INVALID_REQUEST', ttlSeconds: 0 });
    });

    it('names every fault with its place', async () => {
      const { detail } = await decide({ ...target('GET', '/public/list'), headers: { accept: 1 }, contxt: {} });
      expect(detail?.map(({ pointer }) => pointer)).toEqual(expect.arrayContaining(['/headers', '/contxt']));
    });

    it.each`
      because                            | body                                                        | type                  | status | code
      ${'half an object is no JSON'}     | ${'{"target":'}                                             | ${'application/json'} | ${400} | ${'request-not-json'}
      ${'nothing is no JSON'}            | ${''}                                                       | ${'application/json'} | ${400} | ${'request-not-json'}
      ${'JSON is UTF-8'}                 | ${Uint8Array.of(0x22, 0xff, 0x22)}                          | ${'application/json'} | ${400} | ${'request-not-json'}
      ${'a body has an end'}             | ${`"${'x'.repeat(256 * 1024)}"`}                            | ${'application/json'} | ${413} | ${'request-too-large'}
      ${'a form is no JSON'}             | ${'target=1'}                                               | ${'text/plain'}       | ${415} | ${'content-type-unsupported'}
      ${'local callers may not explain'} | ${JSON.stringify({ ...target('GET', '/'), explain: true })} | ${'application/json'} | ${403} | ${'explain-not-permitted'}
    `('answers problem details: $because', async ({ body, type, status, code }) => {
      const response = await post(body, type);
      expect(response).toMatchObject({ status, type: 'application/problem+json', json: { status, code } });
    });

    it('knows no other route', async () => {
      const response = await fetch(`http://${server.addresses.http}/v1/decideX?secret=1`);
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({
        code: 'route-unknown',
        detail: 'no route answers `GET /v1/decideX`',
      });
    });
  });

  describe('ANY /forward-auth/nginx', () => {
    const ask = (lines: readonly string[], start = 'GET /forward-auth/nginx') =>
      sendRaw(endpointOf(server.addresses.http), [`${start} HTTP/1.1`, 'Host: dharma', ...lines]);
    const original = (method: string, path: string) => [
      `X-Original-Method: ${method}`,
      'X-Original-Host: shop.example',
      `X-Original-URI: ${path}`,
    ];

    it('allows by 200 and nothing else', async () => {
      expect(await ask(original('GET', '/public/%6cist?x'))).toMatchObject({
        status: 200,
        headers: { 'x-dharma-path': '/public/list', 'x-customer-tier': 'standard' },
        body: '',
      });
    });

    it.each(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])(
      'judges the method of the header when the sub-request is a %s',
      async (method) => {
        const start = `${method} /forward-auth/nginx`;
        expect((await ask(original('GET', '/public/list'), start)).status).toBe(200);
        expect((await ask(original('POST', '/public/list'), start)).status).toBe(401);
      },
    );

    it('reads nothing from its own query', async () => {
      const start = 'GET /forward-auth/nginx?x-original-uri=/public/list&uri=/public/list';
      expect((await ask(original('GET', '/admin'), start)).status).toBe(401);
      expect((await ask([], start)).status).toBe(403);
    });

    it('sends the constant challenge with 401 only', async () => {
      expect((await ask(original('GET', '/admin'))).headers['www-authenticate']).toBe('Bearer realm="shop"');
      const malformed = await ask([...original('GET', '/public/list'), 'X-Original-URI: /public/list']);
      expect(malformed.status).toBe(403);
      expect(malformed.headers).not.toHaveProperty('www-authenticate');
    });

    it('never switches protocols', async () => {
      const upgrade = ['Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA'];
      expect((await ask([...original('GET', '/public/list'), ...upgrade])).status).toBe(200);
    });
  });

  describe('Check', () => {
    const http = (method: string, path: string, more: object = {}) => ({ method, path, host: 'shop.example', ...more });

    it('allows with the obligation', async () => {
      const { status, okResponse } = await gateway.check(
        http('GET', '/public/list?x=1', { headers: { ':path': '/public/list?x=1' } }),
      );
      expect(status.code).toBe(0);
      expect(okResponse?.headers.map(({ header }) => [header.key, header.value])).toEqual(
        expect.arrayContaining([
          ['x-customer-tier', 'standard'],
          ['x-dharma-path', '/public/list'],
        ]),
      );
    });

    it.each`
      because                                 | message                                                            | code  | status
      ${'no rule allows writing'}             | ${http('POST', '/public/list')}                                    | ${16} | ${'Unauthorized'}
      ${'no endpoint answers there'}          | ${http('GET', '/elsewhere')}                                       | ${16} | ${'Unauthorized'}
      ${'path and :path differ'}              | ${http('GET', '/public/list', { headers: { ':path': '/admin' } })} | ${7}  | ${'Forbidden'}
      ${'two parties could read it two ways'} | ${http('GET', '/public/../admin')}                                 | ${7}  | ${'Forbidden'}
      ${'there is no path'}                   | ${http('GET', '')}                                                 | ${7}  | ${'Forbidden'}
      ${'there is no request'}                | ${null}                                                            | ${7}  | ${'Forbidden'}
    `('denies with a message: $because', async ({ message, code, status }) => {
      const answer: CheckAnswer = await gateway.check(message);
      expect(answer).toMatchObject({ status: { code }, deniedResponse: { status: { code: status } } });
      expect(answer).not.toHaveProperty('okResponse');
    });

    it.each(['ff', '0a', '0aff', '0a0422021a00ff', '08'])(
      'is no gRPC error when the bytes are no message: %s',
      async (hex) => {
        expect(await gateway.checkBytes(Buffer.from(hex, 'hex'))).toMatchObject({ status: { code: 7 } });
      },
    );

    it.each`
      because                               | bytes              | code
      ${'it may hold a body'}               | ${1000 * 1024}     | ${0}
      ${'more than a mebibyte is not read'} | ${1024 * 1024}     | ${7}
      ${'much more is not read either'}     | ${6 * 1024 * 1024} | ${7}
    `('is no gRPC error when the message is large: $because', async ({ bytes, code }) => {
      const headers = { 'x-large': 'x'.repeat(bytes) };
      expect((await gateway.check(http('GET', '/public/list', { headers }))).status.code).toBe(code);
    });
  });

  describe('health', () => {
    const get = async (path: string) => {
      const response = await fetch(`http://${server.addresses.admin}${path}`);
      return { status: response.status, json: await response.json() };
    };

    it('is alive and ready', async () => {
      expect(await get('/healthz')).toEqual({ status: 200, json: { status: 'alive' } });
      expect(await get('/readyz')).toMatchObject({ status: 200, json: { ready: true } });
    });

    it('says the same over gRPC', async () => {
      expect(await gateway.health('')).toEqual({ status: 'SERVING' });
      expect(await gateway.health('envoy.service.auth.v3.Authorization')).toEqual({ status: 'SERVING' });
      await expect(gateway.health('other')).rejects.toMatchObject({ code: 5 });
    });

    it('does not decide on the admin listener, nor tell health on the other', async () => {
      expect((await get('/v1/decide')).status).toBe(404);
      expect((await fetch(`http://${server.addresses.http}/readyz`)).status).toBe(404);
    });
  });

  describe('the log', () => {
    it('has one record for a deny, and nothing of the request in it', async () => {
      const before = server.events.length;
      await decide({ ...target('GET', '/admin?secret=1'), headers: { authorization: 'secret' } });
      const records = server.events.slice(before);
      expect(records).toMatchObject([
        { kind: 'decision', decision: 'deny', deniedAt: 'shop', endpoint: 'orders/office' },
      ]);
      expect(JSON.stringify(records)).not.toContain('secret');
    });
  });

  describe('a change of the folder', () => {
    const reason = async () => (await decide(target('GET', '/public/list'))).reason;
    const change = async (documents: string, kind: 'policy-in-force' | 'policy-refused') => {
      const heard = server.next(kind);
      await server.rewrite(documents);
      return heard;
    };

    it('is in force as a whole, with the next revision', async () => {
      await change(CLOSED_SHOP, 'policy-in-force');
      expect(await decide(target('GET', '/public/list'))).toMatchObject({
        reason: 'DENY_RULE',
        rules: ['maintenance/closed'],
        revision: 2,
      });
    });

    it('that makes no valid set is logged with its places and changes nothing', async () => {
      const event = await change(BROKEN_SHOP, 'policy-refused');
      expect(event).toMatchObject({ faults: [expect.stringMatching(/^policies\.yaml:\d+:\d+: .*shopp/)] });
      expect(await decide(target('GET', '/public/list'))).toMatchObject({ reason: 'DENY_RULE', revision: 2 });
      expect((await fetch(`http://${server.addresses.admin}/readyz`)).status).toBe(200);
    });

    it('whose own tests fail is refused too', async () => {
      const test = `${SHOP}---
apiVersion: dharma/v1
kind: Test
metadata: { name: cases, domain: shop }
spec:
  cases:
    - because: the office is open
      request: { target: { host: shop.example, method: GET, path: /admin } }
      expect: { decision: allow }
`;
      const event = await change(test, 'policy-refused');
      expect(event).toMatchObject({ faults: [expect.stringContaining('the office is open')] });
      expect(await reason()).toBe('DENY_RULE');
    });

    it('that names an enforcement point ends the implicit local one, on every route', async () => {
      await change(GUARDED_SHOP, 'policy-in-force');
      expect(await post(JSON.stringify(target('GET', '/public/list')))).toMatchObject({
        status: 401,
        json: { code: 'enforcement-point-unknown' },
      });
      const lines = ['X-Original-Method: GET', 'X-Original-Host: shop.example', 'X-Original-URI: /public/list'];
      const address = endpointOf(server.addresses.http);
      expect((await sendRaw(address, ['GET /forward-auth/nginx HTTP/1.1', 'Host: dharma', ...lines])).status).toBe(403);
      expect(await gateway.check({ method: 'GET', path: '/public/list', host: 'shop.example' })).toMatchObject({
        status: { code: 7 },
        deniedResponse: { status: { code: 'Forbidden' } },
      });
    });

    it('back to a good set is followed too', async () => {
      await change(SHOP, 'policy-in-force');
      expect(await reason()).toBe('ALLOW_SLOW');
    });
  });
});

function nested(levels: number): object {
  return levels === 0 ? {} : { deeper: nested(levels - 1) };
}
