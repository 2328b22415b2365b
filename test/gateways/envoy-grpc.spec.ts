import { readFile } from 'node:fs/promises';
import { connect } from 'node:tls';
import { createAuthority, hasOpenssl, pemOf, type Authority, type CertificateFiles } from '../support/certificates.js';
import { startEcho, type Echo } from '../support/echo.js';
import { ENVOY_GRPC } from '../support/envoy.js';
import { OFFICE_ID, provenShop } from '../support/gateway-shop.js';
import { replaced, startGateway, type Gateway } from '../support/gateway.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { describeBehind } from './behind.js';
import { describeProofs } from './proofs.js';
import type { Front } from './front.js';

const FRONT: Front = { gateway: ENVOY_GRPC, asks: 'grpc', closed: 503, attestsAddress: true, attestsContext: true };

describeBehind('Envoy (gRPC)', FRONT);
describeProofs('Envoy (gRPC)', FRONT);

(hasOpenssl ? describe : describe.skip)('behind Envoy (gRPC), with certificates', () => {
  const key = 'edge-1.secret-of-the-gateway';
  let authority: Authority;
  let others: Authority;
  let dharma: TestServer;
  let service: Echo;
  let gateway: Gateway;

  beforeAll(async () => {
    authority = createAuthority('clients');
    others = createAuthority('others');
    const { cert, key: serverKey } = authority.issue('gateway');
    const page = await readFile(new URL('../../docs/gateways/envoy.md', import.meta.url), 'utf8');
    const socket = replaced(/```yaml\n( +transport_socket:.*?)```/s.exec(page)![1]!, [
      ['/etc/envoy/server.pem', cert],
      ['/etc/envoy/server.key', serverKey],
      ['/etc/envoy/clients-ca.pem', authority.cert],
    ]);
    dharma = await startTestServer(provenShop({ jwks: { keys: [] }, gatewayKey: key, partnerKey: 'p.s' }));
    service = await startEcho();
    const withTls = {
      ...ENVOY_GRPC,
      surround: (text: string) =>
        replaced(text, [['        - filters:\n', `        -\n${socket}          filters:\n`]]),
    };
    gateway = await startGateway(withTls, { dharma: dharma.addresses.grpc, service: service.address, key });
  }, 30_000);

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
    ${'another authority says so'}     | ${() => others.issue('office', { uri: OFFICE_ID })}                         | ${'hung up'}
    ${'it has none'}                   | ${() => undefined}                                                          | ${'hung up'}
  `('does not take a client for the office: $because', async ({ client, status }) => {
    const before = service.received.length;
    expect(await ask(client(), `X-Forwarded-Client-Cert: URI=${OFFICE_ID}`)).toBe(status);
    expect(service.received).toHaveLength(before);
  });
});
