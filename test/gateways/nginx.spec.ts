import { startEcho, type Echo, type Received } from '../support/echo.js';
import { sendRaw, type HttpResponse } from '../support/http.js';
import { startNginx, type Nginx } from '../support/nginx.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { BROKEN_SHOP, CLOSED_SHOP, SHOP } from '../support/shop.js';

describe('behind nginx', () => {
  let dharma: TestServer;
  let service: Echo;
  let nginx: Nginx;

  beforeAll(async () => {
    dharma = await startTestServer(SHOP);
    service = await startEcho();
    nginx = await startNginx({ dharma: dharma.addresses.http, service: service.address });
  });

  afterAll(async () => {
    await nginx.stop();
    await service.stop();
    await dharma.stop();
  });

  const send = (start: string, ...headers: string[]): Promise<HttpResponse> =>
    sendRaw({ path: nginx.socket }, [`${start} HTTP/1.1`, 'Host: shop.example', ...headers]);
  const received = (): Received => service.received.at(-1)!;

  it('forwards what a rule allows, with the obligation and without a trace of the check', async () => {
    const response = await send('GET /public/list?page=2&page=3', 'Accept-Language: pt');
    expect(response.status).toBe(200);
    expect(response.headers['x-dharma-decision']).toMatch(/^decision-\d+$/);
    expect(received()).toMatchObject({ method: 'GET', url: '/public/list?page=2&page=3' });
    expect(received().headers).toMatchObject({
      host: 'shop.example',
      'x-customer-tier': 'standard',
      'accept-language': 'pt',
    });
  });

  it.each`
    because                                              | start
    ${'no rule allows writing'}                          | ${'POST /public/list'}
    ${'no rule allows the back office'}                  | ${'GET /admin/users'}
    ${'no endpoint answers there'}                       | ${'GET /elsewhere'}
    ${'methods are case-sensitive and HEAD is not GET'}  | ${'HEAD /public/list'}
    ${'an unknown method is allowed by nothing'}         | ${'FOO /public/list'}
    ${'the authority of an absolute target is the host'} | ${'GET http://evil.example/public/list'}
  `('answers 401 with the one challenge and forwards nothing: $because', async ({ start }: { start: string }) => {
    const before = service.received.length;
    const response = await send(start);
    expect(response).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' } });
    expect(service.received).toHaveLength(before);
  });

  it.each`
    because                             | target
    ${'dot segments'}                   | ${'/public/../admin/users'}
    ${'escaped dot segments'}           | ${'/public/%2e%2e/admin/users'}
    ${'an empty segment'}               | ${'/public//admin'}
    ${'an empty first segment'}         | ${'//public/list'}
    ${'an escaped slash'}               | ${'/public/..%2fadmin'}
    ${'an escaped slash in upper case'} | ${'/public%2Flist'}
    ${'a matrix parameter'}             | ${'/public/list;x=1'}
    ${'a matrix parameter after dots'}  | ${'/public/..;/admin'}
    ${'a backslash'}                    | ${'/public\\..\\admin'}
    ${'a doubly escaped letter'}        | ${'/public/%2561'}
    ${'a fragment'}                     | ${'/public#/../admin'}
    ${'an escaped line break'}          | ${'/public/%0d%0aX-Customer-Tier:%20gold'}
    ${'an overlong dot'}                | ${'/public/%c0%ae%c0%ae/admin'}
    ${'no path at all'}                 | ${'http://shop.example?x=/public/list'}
  `('refuses what two parties could read differently: $because', async ({ target }: { target: string }) => {
    const before = service.received.length;
    const response = await send(`GET ${target}`);
    expect([400, 403]).toContain(response.status);
    expect(service.received).toHaveLength(before);
  });

  it('forwards the path that was judged, not the text that was sent', async () => {
    expect((await send('GET /%70ublic/a%c3%a9?x=%2e%2e/')).status).toBe(200);
    expect(received().url).toBe('/public/a%C3%A9?x=%2e%2e/');
  });

  it('believes none of its own headers when they come from a client', async () => {
    const spoofed = [
      'X-Original-URI: /public/list',
      'X-Original-URL: http://shop.example/public/list',
      'X-Original-Method: GET',
      'X-Original-Host: shop.example',
      'X-Dharma-Path: /public/list',
      'X-Dharma-Decision: mine',
    ];
    expect((await send('GET /admin/users', ...spoofed)).status).toBe(401);
    expect((await send('POST /public/list', ...spoofed)).status).toBe(401);
  });

  it('lets none of them through to the service', async () => {
    const spoofed = ['X-Original-URI: /x', 'X-Dharma-Path: /admin', 'X-Customer-Tier: gold', 'X-Dharma-Decision: mine'];
    const response = await send('GET /public/list', ...spoofed, 'X_Customer_Tier: gold', 'Upgrade: h2c');
    expect(response.status).toBe(200);
    const { headers } = received();
    expect(headers['x-customer-tier']).toBe('standard');
    expect(headers['x-dharma-decision']).toBe(response.headers['x-dharma-decision']);
    for (const name of ['x-original-uri', 'x-dharma-path', 'x_customer_tier', 'upgrade'])
      expect(headers).not.toHaveProperty(name);
  });

  it('cannot be asked past the check', async () => {
    expect((await send('GET /_dharma/check')).status).toBe(404);
    expect((await send('GET /forward-auth/nginx')).status).toBe(401);
  });

  it('follows the folder while running, and keeps the last good set', async () => {
    let swapped = dharma.next('policy-in-force');
    await dharma.rewrite(CLOSED_SHOP);
    await swapped;
    expect((await send('GET /public/list')).status).toBe(401);

    const refused = dharma.next('policy-refused');
    await dharma.rewrite(BROKEN_SHOP);
    await refused;
    expect((await send('GET /public/list')).status).toBe(401);

    swapped = dharma.next('policy-in-force');
    await dharma.rewrite(SHOP);
    await swapped;
    expect((await send('GET /public/list')).status).toBe(200);
  });

  it('is closed when Dharma is gone', async () => {
    const before = service.received.length;
    const gone = await startTestServer(SHOP);
    const front = await startNginx({ dharma: gone.addresses.http, service: service.address });
    const ask = () => sendRaw({ path: front.socket }, ['GET /public/list HTTP/1.1', 'Host: shop.example']);
    expect((await ask()).status).toBe(200);
    await gone.stop();
    expect((await ask()).status).toBe(500);
    await front.stop();
    expect(service.received).toHaveLength(before + 1);
  });
});
