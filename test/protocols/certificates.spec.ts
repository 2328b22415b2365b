import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { jest } from '@jest/globals';
import { createAuthority, hasOpenssl, pemOf, type Authority, type IssuedOptions } from '../support/certificates.js';
import { SHOP } from '../support/shop.js';
import { clientOf, startCheckListeners, type CheckListeners, type Untyped } from './check-listeners.js';
import { credentials, Metadata, status } from '../support/grpc.js';

/** A server starts and stops within it on a busy machine. */
jest.setTimeout(30_000);

const EDGE = 'spiffe://acme.example/edge';
const PUBLIC = { host: 'shop.example', method: 'GET', path: '/public/list' };

const meshedShop = (...others: readonly string[]) => `${SHOP}---
apiVersion: dharma/v1
kind: EnforcementPoint
metadata: { name: edge, domain: shop }
spec: { credentials: [${[`{ kind: spiffe, id: "${EDGE}" }`, ...others].join(', ')}] }
`;
const MESHED_SHOP = meshedShop();
const LISTED_SHOP = meshedShop('{ kind: network, cidrs: ["127.0.0.1/32"] }');

const described = hasOpenssl ? describe : describe.skip;

described('an enforcement point with a client certificate', () => {
  let authority: Authority;
  let server: CheckListeners;

  beforeAll(async () => {
    authority = createAuthority('mesh');
    server = await startCheckListeners(MESHED_SHOP, {
      ...pemOf(authority.issue('dharma')),
      ca: readFileSync(authority.cert),
    });
  });

  afterAll(async () => {
    await server.stop();
    authority.remove();
  });

  const overHttp = (options: IssuedOptions): Promise<number> =>
    new Promise((done, failed) => {
      const ca = readFileSync(authority.cert);
      const tls = { ...pemOf(authority.issue('client', options)), ca, servername: 'localhost' };
      const headers = { 'content-type': 'application/json', connection: 'close' };
      request({ ...server.http, ...tls, method: 'POST', path: '/v1/decide', headers }, (response) => {
        response.resume().once('end', () => done(response.statusCode!));
      })
        .once('error', failed)
        .end(JSON.stringify({ target: PUBLIC }));
    });
  const overGrpc = async (options: IssuedOptions): Promise<number> => {
    const { cert, key } = pemOf(authority.issue('client', options));
    const address = server.grpc.replace('127.0.0.1', 'localhost');
    const shown = credentials.createSsl(readFileSync(authority.cert), key, cert);
    const client = clientOf('dharma.v1.Decisions', address, shown);
    const code = await new Promise<number>((done) => {
      client.Decide({ target: { address: PUBLIC } }, new Metadata(), (fault: Untyped) =>
        done(fault?.code ?? status.OK),
      );
    });
    client.close();
    return code;
  };

  it.each`
    because                                          | documents      | options                                   | http   | grpc
    ${'its URI is listed'}                           | ${MESHED_SHOP} | ${{ uri: EDGE }}                          | ${200} | ${status.OK}
    ${'its URI is not, though its address is'}       | ${LISTED_SHOP} | ${{ uri: 'spiffe://acme.example/other' }} | ${401} | ${status.UNAUTHENTICATED}
    ${'a name that holds the URI in itself is none'} | ${MESHED_SHOP} | ${{ dns: `x, URI:${EDGE}, DNS:y` }}       | ${401} | ${status.UNAUTHENTICATED}
  `('is told from strangers: $because', async ({ documents, options, http, grpc }) => {
    await server.put(documents);
    expect(await overHttp(options)).toBe(http);
    expect(await overGrpc(options)).toBe(grpc);
  });
});
