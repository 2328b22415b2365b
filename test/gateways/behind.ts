import { jest } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { startEcho, type Echo, type Received } from '../support/echo.js';
import { colouredShop, GATEWAY_SHOP } from '../support/gateway-shop.js';
import { freePort, startGateway, type Gateway } from '../support/gateway.js';
import { endpointOf, sendBytes, sendRaw, type HttpResponse } from '../support/http.js';
import { drip } from '../support/impostor.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { BROKEN_SHOP } from '../support/shop.js';
import type { Front } from './front.js';

/** A second, and another one for a machine that runs gateway, service and test beside it. */
const FOLLOWED_WITHIN_MILLISECONDS = 2_000;
const SWAPS = 6;
const ANSWERS_BETWEEN_SWAPS = 30;
const CLIENTS = 4;

/** Servers and gateways start slowly on a machine that does other things too. */
jest.setTimeout(90_000);

/** What every gateway with the configuration that we ship must hold, from nothing but its shipped text and real sockets. */
export function describeBehind(name: string, front: Front): void {
  describe(`behind ${name}`, () => {
    let dharma: TestServer;
    let service: Echo;
    let gateway: Gateway;

    beforeAll(async () => {
      dharma = await startTestServer(GATEWAY_SHOP);
      service = await startEcho();
      gateway = await startGateway(front.gateway, {
        dharma: dharma.addresses[front.asks],
        service: service.address,
      });
    });

    afterAll(async () => {
      await gateway?.stop();
      await service?.stop();
      await dharma?.stop();
    });

    const sendLines = (...lines: string[]): Promise<HttpResponse> => sendRaw(gateway.endpoint, lines);
    const send = (start: string, ...headers: string[]): Promise<HttpResponse> =>
      sendLines(`${start} HTTP/1.1`, 'Host: shop.example', ...headers);
    const last = (): Received => service.received.at(-1)!;

    /** What the service got of it, if anything. */
    const passedOn = async (ask: () => Promise<HttpResponse>): Promise<[HttpResponse, readonly Received[]]> => {
      const before = service.received.length;
      const response = await ask();
      return [response, service.received.slice(before)];
    };

    it('forwards what rules allow, with the obligation', async () => {
      const response = await send('GET /public/list?page=2&page=3', 'Accept-Language: pt');
      expect(response.status).toBe(200);
      expect(last()).toMatchObject({ method: 'GET', url: '/public/list?page=2&page=3' });
      expect(last().headers).toMatchObject({
        host: 'shop.example',
        'x-customer-tier': 'standard',
        'accept-language': 'pt',
      });
    });

    it.each`
      because                                             | start
      ${'no rule allows writing'}                         | ${'POST /public/list'}
      ${'no rule allows the back office'}                 | ${'GET /admin/users'}
      ${'the company denies what the shop allows'}        | ${'GET /frozen/list'}
      ${'no endpoint answers there'}                      | ${'GET /elsewhere'}
      ${'methods are case-sensitive and HEAD is not GET'} | ${'HEAD /public/list'}
      ${'a preflight is a request like another'}          | ${'OPTIONS /public/list'}
    `('answers 401 with the one challenge and forwards nothing: $because', async ({ start }: { start: string }) => {
      const [response, received] = await passedOn(() => send(start));
      expect(response).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' } });
      expect(received).toEqual([]);
    });

    it.each`
      because                                               | start                                                                     | query
      ${'a rule sets it, and nothing in it is a parameter'} | ${'GET /prices/a'}                                                        | ${'tier=GET%26tier%3Dgold%20%231'}
      ${'over whatever the client says'}                    | ${'GET /prices/a?tier=gold&tier=x&page=2'}                                | ${'page=2&tier=GET%26tier%3Dgold%20%231'}
      ${'also in another spelling'}                         | ${'GET /prices/a?%74ier=gold&TIER=x&tier[]=y&p'}                          | ${'p=&tier=GET%26tier%3Dgold%20%231'}
      ${'also as only few services read it'}                | ${'GET /prices/a?=tier=1&?tier=2&z=a?tier=3&ti-er=4&$tier=5&tier%20=6&p'} | ${'p=&tier=GET%26tier%3Dgold%20%231'}
      ${'a rule removes it'}                                | ${'GET /prices/a?debug=1&%64ebug=2&z=a;debug=3'}                          | ${'tier=GET%26tier%3Dgold%20%231'}
      ${'only a rule may say it'}                           | ${'POST /prices/a?ti%65r=gold&page=2'}                                    | ${'page=2'}
    `('has the query changed, or forwards nothing: $because', async ({ start, query }) => {
      const [response, received] = await passedOn(() => send(start));
      if (front.asks === 'grpc') {
        expect(received.map(({ url }) => halves(url))).toEqual([['/prices/a', query]]);
      } else {
        expect([401, 403]).toContain(response.status);
        expect(received).toEqual([]);
      }
    });

    it('forwards nothing where what a rule sets could be one parameter too many', async () => {
      const [response, received] = await passedOn(() => send(`GET /prices/a?${Array(65).fill('a=1').join('&')}`));
      expect([401, 403]).toContain(response.status);
      expect(received).toEqual([]);
    });

    it('leaves a query as it is that says nothing of a rule', async () => {
      const [response, received] = await passedOn(() => send('POST /prices/a?z=1&a&b=%74&tiers=2'));
      expect(response.status).toBe(200);
      expect(received.map(({ url }) => url)).toEqual(['/prices/a?z=1&a&b=%74&tiers=2']);
    });

    it.each`
      because                                      | lines
      ${'a method in lower case is another'}       | ${['get /public/list HTTP/1.1', 'Host: shop.example']}
      ${'an unknown method is allowed by nothing'} | ${['FOO /public/list HTTP/1.1', 'Host: shop.example']}
      ${'TRACE is allowed by nothing'}             | ${['TRACE /public/list HTTP/1.1', 'Host: shop.example']}
      ${'a host that no service answers'}          | ${['GET /public/list HTTP/1.1', 'Host: evil.example']}
      ${'two hosts'}                               | ${['GET /public/list HTTP/1.1', 'Host: shop.example', 'Host: evil.example']}
      ${'a list of hosts'}                         | ${['GET /public/list HTTP/1.1', 'Host: shop.example, evil.example']}
      ${'no host'}                                 | ${['GET /public/list HTTP/1.1']}
      ${'no host, in HTTP/1.0'}                    | ${['GET /public/list HTTP/1.0']}
      ${'no host, in HTTP/0.9'}                    | ${['GET /public/list']}
      ${'a target with a host of its own'}         | ${['GET http://evil.example/public/list HTTP/1.1', 'Host: shop.example']}
      ${'a target with the very host'}             | ${['GET http://shop.example/public/list HTTP/1.1', 'Host: shop.example']}
      ${'a host with a user'}                      | ${['GET http://shop.example@evil.example/public/list HTTP/1.1', 'Host: shop.example']}
      ${'no path at all'}                          | ${['GET http://shop.example?x=/public/list HTTP/1.1', 'Host: shop.example']}
      ${'a target that does not start at the top'} | ${['GET public/list HTTP/1.1', 'Host: shop.example']}
      ${'a tunnel'}                                | ${['CONNECT shop.example:443 HTTP/1.1', 'Host: shop.example']}
      ${'a tunnel by a path'}                      | ${['CONNECT /public/list HTTP/1.1', 'Host: shop.example']}
      ${'a request about no path'}                 | ${['OPTIONS * HTTP/1.1', 'Host: shop.example']}
      ${'two tokens'}                              | ${['GET /public/list HTTP/1.1', 'Host: shop.example', 'Authorization: Bearer a', 'Authorization: Bearer b']}
      ${'a space in the target'}                   | ${['GET /public/list /admin HTTP/1.1', 'Host: shop.example']}
    `('forwards nothing: $because', async ({ lines }: { lines: string[] }) => {
      const [response, received] = await passedOn(() => sendLines(...lines));
      expect(received).toEqual([]);
      // A gateway may answer OPTIONS * itself, and hangs up on what is no HTTP.
      if (!lines[0]!.startsWith('OPTIONS *')) expect([0, 400, 401, 403, 404, 405, 426, 501]).toContain(response.status);
    });

    it.each`
      because                                  | target
      ${'dot segments'}                        | ${'/public/../admin/users'}
      ${'dot segments out of the closed part'} | ${'/admin/../public/list'}
      ${'escaped dot segments'}                | ${'/public/%2e%2e/admin/users'}
      ${'half escaped dot segments'}           | ${'/public/.%2E/admin/users'}
      ${'a single dot'}                        | ${'/public/./list'}
      ${'a dot at the end'}                    | ${'/public/list/.'}
      ${'an empty segment'}                    | ${'/public//admin'}
      ${'an empty first segment'}              | ${'//public/list'}
      ${'a path that looks like a host'}       | ${'//evil.example/public/list'}
      ${'an escaped slash'}                    | ${'/public/..%2fadmin'}
      ${'an escaped slash in upper case'}      | ${'/public%2Flist'}
      ${'an escaped slash that leads out'}     | ${'/public%2f..%2fadmin'}
      ${'a matrix parameter'}                  | ${'/public/list;x=1'}
      ${'a matrix parameter after dots'}       | ${'/public/..;/admin'}
      ${'an escaped semicolon'}                | ${'/public/..%3b/admin'}
      ${'a backslash'}                         | ${'/public\\..\\admin'}
      ${'an escaped backslash'}                | ${'/public%5c..%5cadmin'}
      ${'a doubly escaped letter'}             | ${'/public/%2561'}
      ${'doubly escaped dots'}                 | ${'/public/%252e%252e/admin'}
      ${'a fragment'}                          | ${'/public#/../admin'}
      ${'a fragment in the query'}             | ${'/public/list?x=1#/admin'}
      ${'an escaped question mark'}            | ${'/public/list%3fx'}
      ${'an escaped hash'}                     | ${'/public/list%23x'}
      ${'an escaped zero byte'}                | ${'/public/list%00.css'}
      ${'an escaped line break'}               | ${'/public/%0d%0aX-Customer-Tier:%20gold'}
      ${'a malformed escape'}                  | ${'/public/%zz'}
      ${'half an escape'}                      | ${'/public/list%2'}
      ${'an overlong dot'}                     | ${'/public/%c0%ae%c0%ae/admin'}
      ${'a raw byte'}                          | ${'/public/\u00e4'}
      ${'a tab'}                               | ${'/public/\tlist'}
      ${'letters that need no escape'}         | ${'/%70ublic/list'}
      ${'closed letters that need no escape'}  | ${'/%61dmin/users'}
      ${'hex in lower case'}                   | ${'/public/a%c3%a9'}
      ${'an escaped comma'}                    | ${'/public/a%2Cb'}
      ${'an escaped comma beside a brace'}     | ${'/public/a%2Cb{'}
      ${'a star'}                              | ${'/public/*'}
      ${'an at sign'}                          | ${'/public@shop.example/list'}
      ${'another case'}                        | ${'/PUBLIC/list'}
      ${'dots in the query'}                   | ${'/public/list?x=/../admin'}
      ${'an empty query'}                      | ${'/public/list?'}
      ${'a second question mark'}              | ${'/public/list?x=1?y=2'}
      ${'a closed path in the query'}          | ${'/admin/users?/public/list'}
    `('hands the service what was judged, or nothing: $because', async ({ target }: { target: string }) => {
      const decisions = dharma.events.length;
      const [response, received] = await passedOn(() => send(`GET ${target}`));
      if (received.length === 0) {
        // Apache httpd finds nothing at a path with a zero byte in it.
        expect([400, 401, 403, 404, 307]).toContain(response.status);
        return;
      }
      expect(received).toHaveLength(1);
      const [{ url, headers }] = received as [Received];
      const [path, query] = halves(url);
      // What Dharma said it judged, where the gateway passes that on, else what was sent.
      expect(canonical(path)).toBe(headers['x-dharma-path'] ?? canonical(halves(target)[0]));
      expect(query).toBe(halves(target)[1]);
      const judged = dharma.events.slice(decisions).filter(({ kind }) => kind === 'decision');
      expect(judged).toMatchObject([{ decision: 'allow', endpoint: 'orders/public' }]);
      // Judged once more, this time just as the service got it.
      const again = dharma.next('decision');
      await decide(dharma, 'GET', url);
      expect(await again).toMatchObject({ decision: 'allow', endpoint: 'orders/public' });
    });

    it.each`
      because                                       | header
      ${'the path of another convention'}           | ${'X-Original-URI: /public/list'}
      ${'the address of another convention'}        | ${'X-Original-URL: http://shop.example/public/list'}
      ${'the method of another convention'}         | ${'X-Original-Method: GET'}
      ${'the host of another convention'}           | ${'X-Original-Host: shop.example'}
      ${'the address of the client'}                | ${'X-Original-Address: 127.0.0.2'}
      ${'the path as proxies report it'}            | ${'X-Forwarded-Uri: /public/list'}
      ${'the method as proxies report it'}          | ${'X-Forwarded-Method: GET'}
      ${'the host as proxies report it'}            | ${'X-Forwarded-Host: evil.example'}
      ${'the address as proxies report it'}         | ${'X-Forwarded-For: 127.0.0.2'}
      ${'all of it in one'}                         | ${'Forwarded: for=10.0.0.1;host=shop.example'}
      ${'a method override'}                        | ${'X-HTTP-Method-Override: GET'}
      ${'a method in another header'}               | ${'X-HTTP-Method: GET'}
      ${'a method in one more'}                     | ${'X-Method-Override: GET'}
      ${'a path override'}                          | ${'X-Rewrite-URL: /public/list'}
      ${'the path that was judged'}                 | ${'X-Dharma-Path: /public/other'}
      ${'the decision'}                             | ${'X-Dharma-Decision: mine'}
      ${'the service that asks'}                    | ${'X-Dharma-Actor: office'}
      ${'the user that asks'}                       | ${'X-Dharma-Principal: user:root'}
      ${'the domain that lets it in'}               | ${'X-Dharma-Domain: acme.office'}
      ${'the key of a gateway'}                     | ${'X-Dharma-Key: edge.mine'}
      ${'a header that an obligation sets'}         | ${'X-Customer-Tier: gold'}
      ${'a header that a mechanism is reported in'} | ${'X-Auth-Request-User: root'}
      ${'a certificate'}                            | ${'X-Forwarded-Client-Cert: By=spiffe://acme/a;URI=spiffe://acme/root'}
      ${'a path that Envoy keeps'}                  | ${'X-Envoy-Original-Path: /public/list'}
      ${'what Envoy is told to take away'}          | ${'X-Envoy-Auth-Headers-To-Remove: x-customer-tier'}
      ${'a body that was cut'}                      | ${'X-Envoy-Auth-Partial-Body: true'}
    `('believes no client that brings $because', async ({ header }: { header: string }) => {
      const colon = header.indexOf(':');
      const [name, value] = [header.slice(0, colon).toLowerCase(), header.slice(colon + 2)];
      for (const start of ['GET /admin/users', 'POST /public/list']) {
        const [response, received] = await passedOn(() => send(start, header));
        expect(response.status).toBe(401);
        expect(received).toEqual([]);
      }
      const [response, received] = await passedOn(() => send('GET /public/list', header));
      expect(response.status).toBe(200);
      expect(received[0]!.headers['x-customer-tier']).toBe('standard');
      if (HARMLESS.has(name)) return;
      expect(received[0]!.lines.filter(([each, said]) => each === name && said.includes(value))).toEqual([]);
    });

    it.each`
      because                                 | headers
      ${'an underscore that upstreams fold'}  | ${['X_Customer_Tier: gold', 'X_Auth_Request_User: root', 'X_Dharma_Decision: mine']}
      ${'a dot that upstreams fold'}          | ${['X.Customer.Tier: gold', 'X.Auth.Request.User: root', 'X.Dharma.Decision: mine']}
      ${'a name taken away after it was set'} | ${['Connection: X-Customer-Tier, X-Dharma-Decision, close']}
      ${'the name twice'}                     | ${['X-Customer-Tier: gold', 'x-customer-tier: platinum']}
      ${'a name in odd case'}                 | ${['x-CUSTOMER-tier: gold']}
      ${'a trailer announced'}                | ${['Trailer: X-Customer-Tier', 'TE: trailers']}
    `('never loses its own headers to a client with $because', async ({ headers }: { headers: string[] }) => {
      const [response, received] = await passedOn(() => send('GET /public/list', ...headers));
      if (received.length === 0) expect(response.status).toBe(400);
      for (const { lines } of received) {
        expect(lines.filter(([name]) => folded(name) === 'x-customer-tier')).toEqual([['x-customer-tier', 'standard']]);
        expect(lines.filter(([name]) => folded(name) === 'x-dharma-decision')).toHaveLength(1);
        expect(lines.filter(([name]) => folded(name) === 'x-auth-request-user')).toEqual([]);
      }
    });

    const sendWith = (target: string, lines: readonly string[], body = ''): Promise<HttpResponse> => {
      const head = [`GET ${target} HTTP/1.1`, 'Host: shop.example', ...lines, 'Connection: close'].join('\r\n');
      return sendBytes(gateway.endpoint, Buffer.from(`${head}\r\n\r\n${body}`, 'latin1'));
    };

    it.each`
      because                                     | lines                                                                     | body
      ${'a body may look like a request'}         | ${[`Content-Length: ${HIDDEN.length}`]}                                   | ${HIDDEN}
      ${'so may a chunk'}                         | ${['Transfer-Encoding: chunked']}                                         | ${`${HIDDEN.length.toString(16)}\r\n${HIDDEN}\r\n0\r\n\r\n`}
      ${'length and chunks end in two places'}    | ${[`Content-Length: ${HIDDEN.length + 5}`, 'Transfer-Encoding: chunked']} | ${`0\r\n\r\n${HIDDEN}`}
      ${'chunks and length do too'}               | ${['Transfer-Encoding: chunked', 'Content-Length: 5']}                    | ${`0\r\n\r\n${HIDDEN}`}
      ${'two lengths are no length'}              | ${['Content-Length: 0', `Content-Length: ${HIDDEN.length}`]}              | ${HIDDEN}
      ${'a list of lengths is no length'}         | ${[`Content-Length: 0, ${HIDDEN.length}`]}                                | ${HIDDEN}
      ${'a length has no sign'}                   | ${[`Content-Length: +${HIDDEN.length}`]}                                  | ${HIDDEN}
      ${'an encoding has one spelling'}           | ${['Transfer-Encoding: xchunked']}                                        | ${`0\r\n\r\n${HIDDEN}`}
      ${'a name ends before its colon'}           | ${['Transfer-Encoding : chunked']}                                        | ${`0\r\n\r\n${HIDDEN}`}
      ${'the size of a chunk has no second half'} | ${['Transfer-Encoding: chunked']}                                         | ${`fffffffffffffffff1\r\n${HIDDEN}`}
    `('makes no second request of one, since $because', async ({ lines, body }: { lines: string[]; body: string }) => {
      const [, received] = await passedOn(() => sendWith('/public/list', lines, body));
      expect([[], ['/public/list']]).toContainEqual(received.map(({ url }) => url));
    });

    it.each`
      because                              | target                                    | lines                                                        | passes
      ${'a header of 4 KB'}                | ${'/public/list'}                         | ${[`X-Note: ${'a'.repeat(4_000)}`]}                          | ${true}
      ${'a header of 20 KB'}               | ${'/public/list'}                         | ${[`X-Note: ${'a'.repeat(20_000)}`]}                         | ${undefined}
      ${'a header of 100 KB'}              | ${'/public/list'}                         | ${[`X-Note: ${'a'.repeat(100_000)}`]}                        | ${undefined}
      ${'fifty headers'}                   | ${'/public/list'}                         | ${Array.from({ length: 50 }, (_, at) => `X-Note: ${at}`)}    | ${true}
      ${'two thousand headers'}            | ${'/public/list'}                         | ${Array.from({ length: 2_000 }, (_, at) => `X-Note: ${at}`)} | ${undefined}
      ${'a query of 4 KB'}                 | ${`/public/list?q=${'a'.repeat(4_000)}`}  | ${[]}                                                        | ${true}
      ${'a query of 20 KB'}                | ${`/public/list?q=${'a'.repeat(20_000)}`} | ${[]}                                                        | ${undefined}
      ${'a path longer than Dharma reads'} | ${`/public/${'a'.repeat(9_000)}`}         | ${[]}                                                        | ${false}
    `(
      'hands the service the whole request, or nothing of it: $because',
      async ({ target, lines, passes }: { target: string; lines: string[]; passes: boolean | undefined }) => {
        const [{ status }, received] = await passedOn(() => sendWith(target, lines));
        const notes = (each: Received) =>
          each.lines.flatMap(([name, value]) => (name === 'x-note' ? value.split(', ') : [])).join();
        const whole = [target, lines.map((line) => line.slice('X-Note: '.length)).join()];
        expect([[], [whole]]).toContainEqual(received.map((each) => [each.url, notes(each)]));
        if (passes !== undefined) expect(received).toHaveLength(passes ? 1 : 0);
        if (received.length === 0) expect(status).not.toBe(200);
      },
    );

    it('tells the client nothing that the service says in our name', async () => {
      const response = await send('GET /public/list');
      expect(response.status).toBe(200);
      const ours = response.lines.filter(([name]) => name.startsWith('x-dharma-'));
      expect(ours.filter(([name, value]) => name !== 'x-dharma-decision' || value === 'of the service')).toEqual([]);
    });

    it('judges each of several requests on one connection', async () => {
      const [start, end] = ['GET /public/list HTTP/1.1\r\nHost: shop.example\r\n', '\r\n'];
      const [, received] = await passedOn(() =>
        sendLines(
          `${start}${end}GET /admin/users HTTP/1.1\r\nHost: shop.example\r\n${end}GET /public/last HTTP/1.1`,
          'Host: shop.example',
        ),
      );
      expect(received.map(({ url }) => url)).toEqual(['/public/list', '/public/last']);
    });

    it('judges a websocket at its handshake', async () => {
      const before = service.received.length;
      const allowed = await upgrade(gateway, 'GET /public/feed', 'websocket');
      expect(allowed.head).toMatch(/^HTTP\/1.1 101 /);
      allowed.socket.write('over and out');
      expect(await until(() => allowed.heard().endsWith('over and out'), allowed.socket)).toBe(true);
      allowed.socket.destroy();
      expect(last()).toMatchObject({ url: '/public/feed', headers: { 'x-customer-tier': 'standard' } });

      const denied = await upgrade(gateway, 'GET /admin/feed', 'websocket');
      expect(denied.head).toMatch(/^HTTP\/1.1 401 /);
      denied.socket.destroy();
      expect(service.received).toHaveLength(before + 1);
    });

    it('lets no other upgrade through', async () => {
      for (const protocol of ['h2c', 'websocket, h2c', 'TLS/1.0']) {
        const before = service.received.length;
        const refused = await upgrade(gateway, 'GET /public/list', protocol);
        expect(refused.head).not.toMatch(/^HTTP\/1.1 101 /);
        refused.socket.destroy();
        for (const { headers } of service.received.slice(before)) expect(headers).not.toHaveProperty('upgrade');
      }
    });

    it.each`
      because                                          | protocols
      ${'a reader may look for websocket in any line'} | ${['websocket', 'h2c']}
      ${'a reader may take the first line alone'}      | ${['h2c', 'websocket']}
    `('lets no other upgrade through beside a websocket: $because', async ({ protocols }: { protocols: string[] }) => {
      const before = service.received.length;
      const { socket } = await upgrade(gateway, 'GET /public/list', ...protocols);
      socket.destroy();
      for (const { lines } of service.received.slice(before)) {
        const upgrades = lines.filter(([name]) => name === 'upgrade');
        // As a websocket, or as no upgrade at all.
        expect([[], [['upgrade', 'websocket']]]).toContainEqual(upgrades);
      }
    });

    it('follows the policy within a second, and keeps the last good one', async () => {
      const times: number[] = [];
      for (const colour of ['green', 'blue', 'green'] as const) {
        const start = performance.now();
        await dharma.rewrite(colouredShop(colour));
        while ((await send(`GET /${colour}`)).status !== 200);
        times.push(performance.now() - start);
      }
      // The first finds a thread that is still loading.
      const [, median] = times.sort((left, right) => left - right);
      expect(median).toBeLessThan(FOLLOWED_WITHIN_MILLISECONDS);
      expect((await send('GET /public/list')).status).toBe(401);

      const refused = dharma.next('policy-refused');
      await dharma.rewrite(BROKEN_SHOP);
      await refused;
      expect((await send('GET /green')).status).toBe(200);
      expect((await send('GET /blue')).status).toBe(401);
    });

    it('answers no request by a mix of two policies', async () => {
      await dharma.rewrite(colouredShop('green'));
      const seen = { blue: 0, green: 0, denied: 0 };
      let over = false;
      let tell = () => {};
      const client = async () => {
        for (let turn = 0; !over; turn += 1) {
          const colour = turn % 2 === 0 ? 'blue' : 'green';
          const response = await send(`GET /${colour}`);
          expect([200, 401]).toContain(response.status);
          if (response.status === 200) {
            const got = JSON.parse(response.body) as Received;
            // The rule that let it pass and the rule that set the header are documents of two domains.
            expect(got.headers['x-customer-tier']).toBe(colour);
          }
          seen[response.status === 200 ? colour : 'denied'] += 1;
          tell();
        }
      };
      const swaps = async () => {
        for (let swap = 0; swap < SWAPS; swap += 1) {
          const colour = swap % 2 === 0 ? 'blue' : 'green';
          const inForce = dharma.next('policy-in-force');
          await dharma.rewrite(colouredShop(colour));
          await inForce;
          const enough = seen[colour] + ANSWERS_BETWEEN_SWAPS;
          while (!over && seen[colour] < enough) await new Promise<void>((answered) => (tell = answered));
        }
        over = true;
      };
      await Promise.all([swaps(), ...Array.from({ length: CLIENTS }, client)]).finally(() => {
        over = true;
        tell();
      });
      expect(seen.blue).toBeGreaterThan(SWAPS);
      expect(seen.green).toBeGreaterThan(SWAPS);
      expect(seen.denied).toBeGreaterThan(SWAPS);
    });
  });

  describe(`behind ${name}, without an answer`, () => {
    /** @param meanwhile  done when a client has been refused and the next has not asked yet */
    const closed = async (port: number, meanwhile = () => {}): Promise<HttpResponse> => {
      const service = await startEcho();
      const gateway = await startGateway(front.gateway, { dharma: `127.0.0.1:${port}`, service: service.address });
      try {
        const ask = () => sendRaw(gateway.endpoint, ['GET /public/list HTTP/1.1', 'Host: shop.example']);
        const responses = [await ask()];
        meanwhile();
        responses.push(await ask());
        expect(service.received).toEqual([]);
        expect(responses[1]!.status).toBe(responses[0]!.status);
        return responses[0]!;
      } finally {
        await gateway.stop();
        await service.stop();
      }
    };

    it('is closed when Dharma is not there', async () => {
      expect((await closed(await freePort())).status).toBe(front.closed);
    });

    it.each`
      because                          | does
      ${'it listens and says nothing'} | ${() => {}}
      ${'it allows when nobody waits'} | ${(socket: Socket, late: Late) => late.push(() => socket.write(ALLOWANCE))}
      ${'it hangs up'}                 | ${(socket: Socket) => socket.end()}
      ${'it resets the connection'}    | ${(socket: Socket) => socket.resetAndDestroy()}
      ${'it talks nonsense'}           | ${(socket: Socket) => socket.end('nonsense\r\n\r\n')}
      ${'it fails'}                    | ${(socket: Socket) => socket.end('HTTP/1.1 500 Fault\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')}
      ${'it drips, and does not end'}  | ${(socket: Socket) => drip(socket, BEGUN[front.asks])}
      ${'it begins and does not end'}  | ${(socket: Socket) => socket.write('HTTP/1.1 200 OK\r\nX-Dharma')}
    `('is closed when $because', async ({ does }: { does: (socket: Socket, late: Late) => void }) => {
      const late: (() => void)[] = [];
      const sockets = new Set<Socket>();
      const impostor = createServer((socket) => {
        sockets.add(socket);
        socket.on('error', () => socket.destroy());
        socket.once('data', () => does(socket, late));
      }).listen(0, '127.0.0.1');
      await once(impostor, 'listening');
      try {
        const { port } = impostor.address() as AddressInfo;
        const { status } = await closed(port, () => late.splice(0).forEach((say) => say()));
        expect([front.closed, 500, 502, 503, 504, 403]).toContain(status);
      } finally {
        for (const socket of sockets) socket.destroy();
        impostor.close();
      }
    });

    it('is closed when Dharma goes, and open again when it is back', async () => {
      const service = await startEcho();
      const first = await startTestServer(GATEWAY_SHOP);
      const address = first.addresses[front.asks];
      const gateway = await startGateway(front.gateway, { dharma: address, service: service.address });
      const ask = () => sendRaw(gateway.endpoint, ['GET /public/list HTTP/1.1', 'Host: shop.example']);
      expect((await ask()).status).toBe(200);
      await first.stop();
      expect((await ask()).status).toBe(front.closed);
      expect(service.received).toHaveLength(1);
      const second = await startTestServer(GATEWAY_SHOP, { [`${front.asks}-address`]: address });
      for (let status = 0; status !== 200; status = (await ask()).status) expect([0, front.closed]).toContain(status);
      await gateway.stop();
      await second.stop();
      await service.stop();
    });
  });
}

/** Path and query; an empty query is none. */
function halves(target: string): readonly [path: string, query: string] {
  const mark = target.indexOf('?');
  return mark < 0 ? [target, ''] : [target.slice(0, mark), target.slice(mark + 1)];
}

/** Escapes in the one spelling that has no needless ones. */
function canonical(path: string): string {
  return path.replace(/%[0-9a-f]{2}/gi, (escape) => {
    const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    return /[A-Za-z0-9._~-]/.test(character) ? character : escape.toUpperCase();
  });
}

/** The name as services read it that make variables of names. */
function folded(name: string): string {
  return name.replaceAll(/[_.]/g, '-');
}

/** A request that nobody may make, where only a body should be. */
const HIDDEN = 'GET /admin/users HTTP/1.1\r\nHost: shop.example\r\n\r\n';

/** What Dharma says to gateways of most conventions. */
const ALLOWANCE = 'HTTP/1.1 200 OK\r\nX-Dharma-Path: /public/list\r\nContent-Length: 0\r\n\r\n';

/** The beginning of an allowance. By gRPC: settings, and a frame of headers that never ends. */
const BEGUN: { readonly [asks in Front['asks']]: Uint8Array } = {
  http: Buffer.from(ALLOWANCE.slice(0, ALLOWANCE.indexOf('Content-Length'))),
  grpc: Buffer.from('00000004000000000000000b010400000001888440', 'hex'),
};

/** What is put off until a client has been refused. */
type Late = { push(say: () => void): unknown };

/** Headers that mean nothing to Dharma or gateways and pass to the service, which may read them. */
const HARMLESS = new Set(['x-envoy-original-path', 'x-envoy-auth-headers-to-remove', 'x-envoy-auth-partial-body']);

async function decide(dharma: TestServer, method: string, path: string): Promise<void> {
  const body = JSON.stringify({ target: { host: 'shop.example', method, path } });
  await sendRaw(
    endpointOf(dharma.addresses.http),
    [
      'POST /v1/decide HTTP/1.1',
      'Host: dharma',
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
    ],
    body,
  );
}

interface Upgraded {
  /** Of the answer. */
  readonly head: string;
  readonly socket: Socket;
  heard(): string;
}

/** Asks for an upgrade, with a line for each protocol. */
async function upgrade(gateway: Gateway, start: string, ...protocols: readonly string[]): Promise<Upgraded> {
  const socket = connect(gateway.endpoint);
  let heard = '';
  socket.on('data', (chunk) => (heard += chunk.toString('latin1')));
  socket.write(
    [
      `${start} HTTP/1.1`,
      'Host: shop.example',
      'Connection: Upgrade',
      ...protocols.map((protocol) => `Upgrade: ${protocol}`),
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ].join('\r\n') + '\r\n\r\n',
  );
  await until(() => heard.includes('\r\n\r\n'), socket);
  return { head: heard, socket, heard: () => heard };
}

/** Waits for what the other side says; false when it hung up before that. */
async function until(holds: () => boolean, socket: Socket): Promise<boolean> {
  while (!holds()) {
    if (socket.readableEnded || socket.destroyed) return false;
    await Promise.race([once(socket, 'data'), once(socket, 'close')]);
  }
  return true;
}
