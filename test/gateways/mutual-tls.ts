import { createAuthority, hasOpenssl, joined, type Authority, type CertificateFiles } from '../support/certificates.js';
import { startEcho, type Echo } from '../support/echo.js';
import { BLIND_ID, BLIND_KEY, EDGE_ID, provenShop } from '../support/gateway-shop.js';
import { startGateway } from '../support/gateway.js';
import { sendRaw, type HttpResponse } from '../support/http.js';
import { startTestServer, type TestServer } from '../support/server.js';
import type { ProvenFront } from './front.js';
import { blocksUnder } from './pages.js';

const DHARMA_HOST = 'dharma.acme.example';

/** A gateway that proves itself to Dharma by a certificate as its page says, and makes sure that it is Dharma. */
export function describeMutualTls(name: string, front: ProvenFront): void {
  const { page, folder, inOneFile, provingItself } = front.certificates;
  (hasOpenssl ? describe : describe.skip)(`behind ${name}, with a certificate of its own`, () => {
    let authority: Authority;
    let others: Authority;
    let dharma: TestServer;
    let service: Echo;

    beforeAll(async () => {
      authority = createAuthority('gateways');
      others = createAuthority('others');
      const server = authority.issue('dharma', { dns: DHARMA_HOST });
      dharma = await startTestServer(
        provenShop({ jwks: { keys: [] }, gatewayKey: 'edge-1.secret', partnerKey: 'p.s' }),
        {
          [`${front.asks}-tls-cert`]: server.cert,
          [`${front.asks}-tls-key`]: server.key,
          [`${front.asks}-tls-client-ca`]: authority.cert,
        },
      );
      service = await startEcho();
    });

    afterAll(async () => {
      await service?.stop();
      await dharma?.stop();
      authority?.remove();
      others?.remove();
    });

    /**
     * Starts the gateway and asks once.
     *
     * @param own  of the gateway; undefined: the lines that name it are left out
     * @param expected  who Dharma is by its certificate
     */
    const ask = async (
      own: CertificateFiles | undefined,
      expected: { readonly authority?: string; readonly host?: string } = {},
      headers: readonly string[] = [],
    ): Promise<HttpResponse> => {
      const files = {
        [`${folder}/gateway.pem`]: (own && inOneFile ? joined(own) : own?.cert) ?? 'left-out',
        ...(!inOneFile && { [`${folder}/gateway.key`]: own?.key ?? 'left-out' }),
        [`${folder}/dharma-ca.pem`]: expected.authority ?? authority.cert,
      };
      const [block] = await blocksUnder(page, 'A certificate in place of the key', files);
      const lines = block!.split('\n').filter((line) => !line.includes('left-out'));
      const text = lines.join('\n').replaceAll(DHARMA_HOST, expected.host ?? DHARMA_HOST);
      const gateway = await startGateway(provingItself(text), {
        dharma: dharma.addresses[front.asks],
        service: service.address,
      });
      try {
        return await sendRaw(gateway.endpoint, ['GET /public/1 HTTP/1.1', 'Host: shop.example', ...headers]);
      } finally {
        await gateway.stop();
      }
    };

    it.each`
      named      | uri         | headers
      ${'edge'}  | ${EDGE_ID}  | ${[]}
      ${'blind'} | ${BLIND_ID} | ${[]}
      ${'edge'}  | ${EDGE_ID}  | ${[`X-Dharma-Key: ${BLIND_KEY}`, `X-Forwarded-Client-Cert: URI=${BLIND_ID}`]}
    `('is $named by $uri, whatever its client sends: $headers', async ({ named, uri, headers }) => {
      const before = service.received.length;
      const decided = dharma.next('decision');
      expect((await ask(authority.issue('gateway', { uri }), {}, headers)).status).toBe(200);
      expect(await decided).toMatchObject({ decision: 'allow', enforcementPoint: named });
      expect(service.received).toHaveLength(before + 1);
    });

    it.each`
      because                                  | own                                                                           | status
      ${'its name is another workload\u2019s'} | ${() => authority.issue('gateway', { uri: 'spiffe://acme.example/office' })}  | ${403}
      ${'its name is one below'}               | ${() => authority.issue('gateway', { uri: `${EDGE_ID}/x` })}                  | ${403}
      ${'it is of another trust domain'}       | ${() => authority.issue('gateway', { uri: EDGE_ID.replace('acme', 'evil') })} | ${403}
      ${'only its subject says so'}            | ${() => authority.issue(EDGE_ID.replaceAll('/', String.raw`\/`))}             | ${403}
      ${'a DNS name holds a URI in itself'}    | ${() => authority.issue('gateway', { dns: `x, URI:${EDGE_ID}` })}             | ${403}
      ${'its certificate has ended'}           | ${() => authority.issue('gateway', { uri: EDGE_ID, days: -1 })}               | ${front.closed}
      ${'another authority says so'}           | ${() => others.issue('gateway', { uri: EDGE_ID })}                            | ${front.closed}
      ${'it shows none'}                       | ${() => undefined}                                                            | ${front.closed}
    `('is no gateway of ours: $because', async ({ own, status }) => {
      const before = service.received.length;
      expect((await ask(own(), {}, [`X-Dharma-Key: ${BLIND_KEY}`])).status).toBe(status);
      expect(service.received).toHaveLength(before);
    });

    it.each`
      because                        | expected
      ${'another authority says so'} | ${() => ({ authority: others.cert })}
      ${'it has another name'}       | ${() => ({ host: 'other.acme.example' })}
    `('does not take a server for Dharma: $because', async ({ expected }) => {
      const before = service.received.length;
      expect((await ask(authority.issue('gateway', { uri: EDGE_ID }), expected())).status).toBe(front.closed);
      expect(service.received).toHaveLength(before);
    });
  });
}
