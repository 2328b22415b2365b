import { exportJWK, generateKeyPair, type CryptoKey, type JWTPayload, SignJWT } from 'jose';
import { startEcho, type Echo, type Received } from '../support/echo.js';
import { BLIND_KEY, OFFICE_ADDRESS, OFFICE_ID, provenShop } from '../support/gateway-shop.js';
import { startGateway, type Gateway } from '../support/gateway.js';
import { endpointOf, sendRaw, type HttpResponse } from '../support/http.js';
import { startTestServer, type TestServer } from '../support/server.js';
import type { Front } from './front.js';

const GATEWAY_KEY = 'edge-1.secret-of-the-gateway';
const PARTNER_KEY = 'partner-1.secret-of-the-partner';

/** What a client may type that the service is told in Dharma's name. */
const IDENTITIES_TYPED = ['X-Dharma-Actor: cellar', 'X-Dharma-Principal: user:root', 'X-Dharma-Domain: acme.cellar'];

/** Who a client is, and who the gateway is, told by what each of them can prove. */
export function describeProofs(name: string, front: Front): void {
  describe(`behind ${name}, with proofs`, () => {
    let dharma: TestServer;
    let service: Echo;
    let gateway: Gateway;
    let blind: Gateway;
    let issuer: CryptoKey;
    let stranger: CryptoKey;

    const started = (key?: string): Promise<Gateway> =>
      startGateway(front.gateway, {
        dharma: dharma.addresses[front.asks],
        service: service.address,
        ...(key !== undefined && { key }),
      });

    beforeAll(async () => {
      const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
      issuer = privateKey;
      stranger = (await generateKeyPair('ES256')).privateKey;
      const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }] };
      dharma = await startTestServer(provenShop({ jwks, gatewayKey: GATEWAY_KEY, partnerKey: PARTNER_KEY }));
      service = await startEcho();
      gateway = await started(GATEWAY_KEY);
      blind = await started(BLIND_KEY);
    });

    afterAll(async () => {
      await gateway?.stop();
      await blind?.stop();
      await service?.stop();
      await dharma?.stop();
    });

    const ask = async (
      of: Gateway,
      target: string,
      headers: readonly string[],
      from?: string,
    ): Promise<[HttpResponse, readonly Received[]]> => {
      const before = service.received.length;
      const to = { ...of.endpoint, ...(from !== undefined && { localAddress: from }) };
      const response = await sendRaw(to, [`GET ${target} HTTP/1.1`, 'Host: shop.example', ...headers]);
      return [response, service.received.slice(before)];
    };

    /** Seconds from now until the token ends, and whatever else it claims. */
    const token = (seconds: number, claims: JWTPayload = {}, key = issuer): Promise<string> => {
      const now = Math.floor(Date.now() / 1000);
      const times = { iat: now - 3600, exp: now + seconds };
      return new SignJWT({ iss: 'https://login.acme.example/', aud: 'acme-api', sub: 'u-17', ...times, ...claims })
        .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
        .sign(key);
    };

    it('lets a token in, and hands it to the service as it came', async () => {
      const bearer = `Bearer ${await token(600)}`;
      const [response, received] = await ask(gateway, '/account/1', [`Authorization: ${bearer}`]);
      expect(response.status).toBe(200);
      expect(received).toMatchObject([{ url: '/account/1', headers: { authorization: bearer } }]);
    });

    it('asks a client without a token for one', async () => {
      const [response, received] = await ask(gateway, '/account/1', []);
      expect(response).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' } });
      expect(received).toEqual([]);
    });

    it.each`
      because                      | made
      ${'it is over'}              | ${() => token(-300)}
      ${'it is for somebody else'} | ${() => token(600, { aud: 'other-api' })}
      ${'somebody else signed it'} | ${() => token(600, {}, stranger)}
      ${'it does not count yet'}   | ${() => token(600, { nbf: Math.floor(Date.now() / 1000) + 300 })}
      ${'it is no token of ours'}  | ${async () => 'secret'}
      ${'nobody signed it'}        | ${async () => (await token(600)).replace(/[^.]+$/, '')}
    `('refuses a token: $because', async ({ made }: { made: () => Promise<string> }) => {
      const [response, received] = await ask(gateway, '/account/1', [`Authorization: Bearer ${await made()}`]);
      expect(response.status).toBe(401);
      expect(response.headers['www-authenticate']).toMatch(/^Bearer/);
      expect(received).toEqual([]);
    });

    it('says of an expired token that it is no good, so that the client gets another', async () => {
      const [response] = await ask(gateway, '/account/1', [`Authorization: Bearer ${await token(-300)}`]);
      expect(response.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
    });

    it('refuses two tokens, though both are good', async () => {
      const line = `Authorization: Bearer ${await token(600)}`;
      const [response, received] = await ask(gateway, '/account/1', [line, line]);
      expect([400, 403]).toContain(response.status);
      expect(received).toEqual([]);
    });

    it('tells with 403 a client it knows that no rule is for it', async () => {
      const [response, received] = await ask(gateway, '/partners/1', [`Authorization: Bearer ${await token(600)}`]);
      expect(response.status).toBe(403);
      expect(received).toEqual([]);
    });

    it('lets an API key in', async () => {
      const [response, received] = await ask(gateway, '/partners/1', [`X-Api-Key: ${PARTNER_KEY}`]);
      expect(response.status).toBe(200);
      expect(received).toHaveLength(1);
    });

    it.each`
      because                                | headers
      ${'its secret is another'}             | ${['X-Api-Key: partner-1.other']}
      ${'its id is unknown'}                 | ${['X-Api-Key: partner-2.secret-of-the-partner']}
      ${'it has ended'}                      | ${['X-Api-Key: left-1.secret-of-the-partner']}
      ${'it is the id alone'}                | ${['X-Api-Key: partner-1']}
      ${'it is the key of the gateway'}      | ${[`X-Api-Key: ${GATEWAY_KEY}`]}
      ${'it comes as a token'}               | ${[`Authorization: Bearer ${PARTNER_KEY}`]}
      ${'it comes as the key of a gateway'}  | ${[`X-Dharma-Key: ${PARTNER_KEY}`]}
      ${'its header is another with `_`'}    | ${[`X_Api_Key: ${PARTNER_KEY}`]}
      ${'its header is another with `.`'}    | ${[`X.Api.Key: ${PARTNER_KEY}`]}
      ${'it comes twice, though it is good'} | ${[`X-Api-Key: ${PARTNER_KEY}`, `X-Api-Key: ${PARTNER_KEY}`]}
      ${'another comes beside it'}           | ${[`X-Api-Key: ${PARTNER_KEY}`, 'X-Api-Key: partner-1.other']}
    `('refuses an API key: $because', async ({ headers }: { headers: string[] }) => {
      const [response, received] = await ask(gateway, '/partners/1', headers);
      expect([400, 401, 403]).toContain(response.status);
      expect(received).toEqual([]);
    });

    it('lets in by another gateway who can prove it without the gateway', async () => {
      const bearer = `Authorization: Bearer ${await token(600)}`;
      expect((await ask(blind, '/account/1', [bearer]))[0].status).toBe(200);
      expect((await ask(blind, '/partners/1', [`X-Api-Key: ${PARTNER_KEY}`]))[0].status).toBe(200);
    });

    it('believes no address from a gateway that may not assert it', async () => {
      const decided = dharma.next('decision');
      const [response, received] = await ask(blind, '/office/1', [], OFFICE_ADDRESS);
      expect(response.status).toBe(401);
      expect(received).toEqual([]);
      expect(await decided).toMatchObject({ decision: 'deny', enforcementPoint: 'blind' });
    });

    it.each`
      because                       | target           | proofs                                                                                    | actor | principal
      ${'a token names a user'}     | ${'/account/1'}  | ${async () => [`Authorization: Bearer ${await token(600)}`]}                              | ${''} | ${'user:u-17'}
      ${'a name is written safely'} | ${'/account/1'}  | ${async () => [`Authorization: Bearer ${await token(600, { sub: 'u 17%\u00e4' })}`]}      | ${''} | ${'user:u%2017%25%C3%A4'}
      ${'a key names a client'}     | ${'/partners/1'} | ${async () => [`X-Api-Key: ${PARTNER_KEY}`]}                                              | ${''} | ${'client:partner-1'}
      ${'two of them name nobody'}  | ${'/partners/1'} | ${async () => [`X-Api-Key: ${PARTNER_KEY}`, `Authorization: Bearer ${await token(600)}`]} | ${''} | ${''}
      ${'nothing names nobody'}     | ${'/public/1'}   | ${async () => []}                                                                         | ${''} | ${''}
    `('tells the service who called: $because', async ({ target, proofs, actor, principal }) => {
      const headers: readonly string[] = await proofs();
      for (const typed of [[], IDENTITIES_TYPED]) {
        const [response, received] = await ask(gateway, target, [...headers, ...typed]);
        expect(response.status).toBe(200);
        expect(received).toHaveLength(1);
        expect(identityIn(received[0]!)).toEqual({ actor, principal, domain: 'acme.shop' });
      }
    });

    it('tells the service nothing that a client types twice: it is taken away, or refused', async () => {
      const [response, received] = await ask(gateway, '/public/1', [...IDENTITIES_TYPED, 'X-Dharma-Actor: cellar']);
      expect([200, 403]).toContain(response.status);
      expect(received.map(identityIn)).toEqual(
        response.status === 200 ? [{ actor: '', principal: '', domain: 'acme.shop' }] : [],
      );
    });

    it('tells the service which service called, where the gateway vouches for its address', async () => {
      const [, received] = await ask(gateway, '/public/1', IDENTITIES_TYPED, OFFICE_ADDRESS);
      const actor = front.attestsAddress ? 'office' : '';
      expect(received.map(identityIn)).toEqual([{ actor, principal: '', domain: 'acme.shop' }]);
    });

    it.each`
      code                 | status | target           | proofs
      ${'unauthenticated'} | ${401} | ${'/account/1'}  | ${async () => []}
      ${'invalid_token'}   | ${401} | ${'/account/1'}  | ${async () => [`Authorization: Bearer ${await token(-300)}`]}
      ${'forbidden'}       | ${403} | ${'/partners/1'} | ${async () => [`Authorization: Bearer ${await token(600)}`]}
    `('tells a client in the body why it was denied, or nothing: $code', async ({ code, status, target, proofs }) => {
      const [response] = await ask(gateway, target, await proofs());
      expect(response.status).toBe(status);
      for (const told of [target, 'u-17', 'eyJ', 'orders', 'acme']) expect(response.body).not.toContain(told);
      if (!front.passesBodies) return;
      expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
      expect(JSON.parse(response.body)).toMatchObject({ code, status });
    });

    it('hands the service no header of an obligation that no rule sets', async () => {
      for (const headers of [[], ['X-Customer-Tier: gold']]) {
        const [, received] = await ask(gateway, '/public/1', headers);
        expect(received).toHaveLength(1);
        expect(received[0]!.headers).not.toHaveProperty('x-customer-tier');
      }
    });

    const REPORTED = [
      ['the header of a subject', '/portal/1', `X-Auth-Request-User: root`],
      ['the header of a certificate', '/office/1', `X-Forwarded-Client-Cert: URI=${OFFICE_ID}`],
      ['the address of the office', '/office/1', `X-Original-Address: ${OFFICE_ADDRESS}`],
    ] as const;

    it.each(REPORTED)('believes nothing that a client says in %s', async (_what, target, header) => {
      const [response, received] = await ask(gateway, target, [header]);
      expect(response.status).toBe(401);
      expect(received).toEqual([]);
      const [, passed] = await ask(gateway, '/public/1', [header]);
      expect(passed).toHaveLength(1);
      expect(passed[0]!.headers).not.toHaveProperty([header.split(':')[0]!.toLowerCase()]);
    });

    it.each([
      ['in odd case', ['x-AUTH-request-USER: root']],
      ['with `_`', ['X_Auth_Request_User: root']],
      ['with `.`', ['X.Auth.Request.User: root']],
      ['twice', ['X-Auth-Request-User: root', 'X-Auth-Request-User: root']],
      ['as the connection\u2019s own', ['Connection: X-Auth-Request-User', 'X-Auth-Request-User: root']],
      ['as a trailer', ['Trailer: X-Auth-Request-User', 'TE: trailers', 'X-Auth-Request-User: root']],
    ])('believes no subject that a client types %s', async (_how, headers) => {
      for (const either of [gateway, blind]) {
        const [response, received] = await ask(either, '/portal/1', headers);
        expect([400, 401]).toContain(response.status);
        expect(received).toEqual([]);
      }
    });

    it.each(REPORTED)('would be believed about %s, if it said so itself', async (_what, target, header) => {
      const response = await sendRaw(endpointOf(dharma.addresses.http), [
        'GET /forward-auth/nginx HTTP/1.1',
        'Host: dharma',
        `X-Dharma-Key: ${GATEWAY_KEY}`,
        'X-Original-Method: GET',
        'X-Original-Host: shop.example',
        `X-Original-URI: ${target}`,
        header,
      ]);
      expect(response.status).toBe(200);
    });

    it.each(['X-Forwarded-For', 'X-Real-IP', 'X-Client-IP', 'X-Envoy-External-Address', 'True-Client-IP'])(
      'believes no address in %s',
      async (header) => {
        const [response, received] = await ask(gateway, '/office/1', [`${header}: ${OFFICE_ADDRESS}`]);
        expect(response.status).toBe(401);
        expect(received).toEqual([]);
      },
    );

    it(`${front.attestsAddress ? 'vouches' : 'cannot vouch'} for the address that a client calls from`, async () => {
      const [response] = await ask(gateway, '/office/1', [], OFFICE_ADDRESS);
      expect(response.status).toBe(front.attestsAddress ? 200 : 401);
    });

    it(`${front.attestsContext ? 'tells' : 'cannot tell'} conditions what its own configuration says`, async () => {
      const [response] = await ask(gateway, '/edge/1', ['Gateway: edge', 'X-Gateway: edge']);
      expect(response.status).toBe(front.attestsContext ? 200 : 401);
    });

    it.each`
      because                     | key                | headers
      ${'it has no key'}          | ${undefined}       | ${[]}
      ${'its key is wrong'}       | ${'edge-1.other'}  | ${[]}
      ${'its key is unknown'}     | ${'edge-2.secret'} | ${[]}
      ${'only its client has'}    | ${undefined}       | ${[`X-Dharma-Key: ${GATEWAY_KEY}`]}
      ${'even if its client has'} | ${'edge-1.other'}  | ${[`X-Dharma-Key: ${GATEWAY_KEY}`]}
    `('is no gateway of ours: $because', async ({ key, headers }: { key: string | undefined; headers: string[] }) => {
      const other = await started(key);
      try {
        const [response, received] = await ask(other, '/public/1', headers);
        expect(response.status).toBe(403);
        expect(received).toEqual([]);
      } finally {
        await other.stop();
      }
    });

    it('keeps its key when a client brings another', async () => {
      const [response, received] = await ask(gateway, '/public/1', ['X-Dharma-Key: edge-1.other']);
      expect(response.status).toBe(200);
      expect(JSON.stringify(received)).not.toMatch(/dharma-key/i);
    });

    it('writes no key and no token to the log', () => {
      const log = JSON.stringify([dharma.events, dharma.complaints]);
      for (const secret of ['secret-of-the', 'eyJ', 'edge-1.other']) expect(log).not.toContain(secret);
    });
  });
}

/** Who called, as the service was told; an empty header and none say the same. */
function identityIn({ lines }: Received): { readonly [what: string]: string } {
  const told = (name: string) =>
    lines
      .filter(([each]) => each === name)
      .map(([, value]) => value)
      .join(' and ');
  return {
    actor: told('x-dharma-actor'),
    principal: told('x-dharma-principal'),
    domain: told('x-dharma-domain'),
  };
}
