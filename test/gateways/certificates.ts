import { readFile } from 'node:fs/promises';
import { connect } from 'node:tls';
import { createAuthority, hasOpenssl, pemOf, type Authority, type CertificateFiles } from '../support/certificates.js';
import { startEcho, type Echo } from '../support/echo.js';
import { OFFICE_ID, provenShop } from '../support/gateway-shop.js';
import { replaced, startGateway, type Gateway, type GatewayProgram } from '../support/gateway.js';
import { startTestServer, type TestServer } from '../support/server.js';
import type { Front } from './front.js';

const GATEWAY_KEY = 'edge-1.secret-of-the-gateway';

export interface WithCertificates {
  /** The page below docs/gateways that says how. */
  readonly page: string;
  /** The folder where its files are said to lie. */
  readonly folder: string;
  /** The gateway with the blocks of that page put where it says. */
  gateway(blocks: readonly string[]): GatewayProgram;
  /** Whatever becomes of a client without a certificate, or with one of another authority. */
  readonly turnedAway: string;
}

/** A gateway that verifies its clients' certificates as its page says. */
export function describeCertificates(name: string, front: Front, how: WithCertificates): void {
  (hasOpenssl ? describe : describe.skip)(`behind ${name}, with certificates`, () => {
    let authority: Authority;
    let others: Authority;
    let dharma: TestServer;
    let service: Echo;
    let gateway: Gateway;

    beforeAll(async () => {
      authority = createAuthority('clients');
      others = createAuthority('others');
      const { cert, key } = authority.issue('gateway');
      const page = await readFile(new URL(`../../docs/gateways/${how.page}`, import.meta.url), 'utf8');
      const files = replaced(page, [
        [`${how.folder}/server.pem`, cert],
        [`${how.folder}/server.key`, key],
        [`${how.folder}/clients-ca.pem`, authority.cert],
      ]);
      const blocks = [...files.matchAll(/```(?:yaml|nginx)\n(.*?)```/gs)].map(([, block]) => block!);
      dharma = await startTestServer(provenShop({ jwks: { keys: [] }, gatewayKey: GATEWAY_KEY, partnerKey: 'p.s' }));
      service = await startEcho();
      gateway = await startGateway(how.gateway(blocks), {
        dharma: dharma.addresses[front.asks],
        service: service.address,
        key: GATEWAY_KEY,
      });
    });

    afterAll(async () => {
      await gateway?.stop();
      await service?.stop();
      await dharma?.stop();
      authority?.remove();
      others?.remove();
    });

    /** The status, or `hung up`. */
    const ask = (client: CertificateFiles | undefined, ...headers: string[]): Promise<string> =>
      new Promise((done) => {
        const pem = client === undefined ? {} : pemOf(client);
        const socket = connect({ ...gateway.endpoint, ...pem, rejectUnauthorized: false } as never);
        let heard = '';
        socket.on('data', (chunk) => (heard += String(chunk)));
        socket.on('error', () => {});
        socket.once('close', () => done(/^HTTP\/1.1 (\d+)/.exec(heard)?.[1] ?? 'hung up'));
        const lines = ['GET /office/1 HTTP/1.1', 'Host: shop.example', 'Connection: close', ...headers];
        socket.once('secureConnect', () => socket.write(`${lines.join('\r\n')}\r\n\r\n`));
      });

    it('knows the office by its certificate', async () => {
      expect(await ask(authority.issue('office', { uri: OFFICE_ID }))).toBe('200');
      expect(service.received).toHaveLength(1);
    });

    it.each`
      because                            | client                                                                      | status
      ${'it is another of the mesh'}     | ${() => authority.issue('cellar', { uri: 'spiffe://acme.example/cellar' })} | ${'401'}
      ${'it is of another trust domain'} | ${() => authority.issue('office', { uri: 'spiffe://evil.example/office' })} | ${'401'}
      ${'only its subject says so'}      | ${() => authority.issue(OFFICE_ID.replaceAll('/', '\\/'))}                  | ${'401'}
      ${'another authority says so'}     | ${() => others.issue('office', { uri: OFFICE_ID })}                         | ${how.turnedAway}
      ${'it has none'}                   | ${() => undefined}                                                          | ${how.turnedAway}
    `('does not take a client for the office: $because', async ({ client, status }) => {
      const before = service.received.length;
      expect(await ask(client(), `X-Forwarded-Client-Cert: URI=${OFFICE_ID}`)).toBe(status);
      expect(service.received).toHaveLength(before);
    });
  });
}
