import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect } from 'node:tls';
import {
  createAuthority,
  hasOpenssl,
  joined,
  pemOf,
  type Authority,
  type CertificateFiles,
} from '../support/certificates.js';
import { startEcho, type Echo } from '../support/echo.js';
import { BLIND_KEY, OFFICE_HOST, OFFICE_ID, OFFICE_SUBJECT, provenShop } from '../support/gateway-shop.js';
import { startGateway, type Gateway } from '../support/gateway.js';
import { endpointOf, sendRaw } from '../support/http.js';
import { startTestServer, type TestServer } from '../support/server.js';
import type { CertifiedFront } from './front.js';
import { blocksUnder } from './pages.js';

const EDGE_KEY = 'edge-1.secret-of-the-gateway';

/** A certificate of the office that one kind of mechanism alone knows it by. */
interface Known {
  readonly by: string;
  readonly files: CertificateFiles;
  /** The same said in the format of `x-forwarded-client-cert`. */
  readonly member: string;
}

/** How a client may type what a certificate says, as header lines. */
const TYPED = [
  ['as a member', ({ member }: Known) => [`X-Forwarded-Client-Cert: ${member}`]],
  ['as a whole certificate', ({ files }: Known) => [`X-Forwarded-Client-Cert: Cert="${escapedPem(files)}"`]],
  ['in two lines', ({ member }: Known) => Array.from({ length: 2 }, () => `x-forwarded-client-cert: ${member}`)],
  ['under a name with `_`', ({ member }: Known) => [`X_Forwarded_Client_Cert: ${member}`]],
  ['under a name with `.`', ({ member }: Known) => [`X.Forwarded.Client.Cert: ${member}`]],
  [
    'as the connection\u2019s own',
    ({ member }: Known) => ['Connection: close, X-Forwarded-Client-Cert', `X-Forwarded-Client-Cert: ${member}`],
  ],
] as const;

/** A gateway that verifies its clients' certificates as its page says, and what an enforcement point may say of them. */
export function describeCertificates(name: string, front: CertifiedFront): void {
  const { page, folder, knowingClients, inOneFile, optional, turnedAway } = front.certificates;
  (hasOpenssl ? describe : describe.skip)(`behind ${name}, with certificates of clients`, () => {
    let authority: Authority;
    let others: Authority;
    let loner: Authority;
    let known: ReadonlyMap<string, Known>;
    let visitor: CertificateFiles;
    let dharma: TestServer;
    let service: Echo;
    let edge: Gateway;
    let blind: Gateway;
    let lenient: Gateway;

    beforeAll(async () => {
      authority = createAuthority('clients');
      others = createAuthority('others');
      loner = createAuthority('till-7', OFFICE_ID);
      visitor = authority.issue('visitor', { uri: 'spiffe://acme.example/visitor' });
      const vault = authority.issue('vault');
      const fingerprint = fingerprintOf(vault);
      known = new Map(
        [
          { by: 'URI name', files: authority.issue('office', { uri: OFFICE_ID }), member: `URI=${OFFICE_ID}` },
          { by: 'DNS name', files: authority.issue('desk', { dns: OFFICE_HOST }), member: `DNS=${OFFICE_HOST}` },
          { by: 'subject', files: authority.issue('till-7'), member: `Subject="${OFFICE_SUBJECT}"` },
          { by: 'fingerprint', files: vault, member: `Hash=${fingerprint}` },
        ].map((item) => [item.by, item]),
      );
      const set = { jwks: { keys: [] }, gatewayKey: EDGE_KEY, partnerKey: 'p.s', fingerprint };
      dharma = await startTestServer(provenShop(set));
      service = await startEcho();
      const server = authority.issue('gateway', { dns: 'shop.example' });
      const files = {
        [`${folder}/server.pem`]: inOneFile ? joined(server) : server.cert,
        ...(!inOneFile && { [`${folder}/server.key`]: server.key }),
        [`${folder}/clients-ca.pem`]: authority.cert,
      };
      const started = async (key: string, changed: { readonly [named: string]: string } = {}): Promise<Gateway> =>
        startGateway(knowingClients(await blocksUnder(page, 'Clients with certificates', { ...files, ...changed })), {
          dharma: dharma.addresses[front.asks],
          service: service.address,
          key,
        });
      edge = await started(EDGE_KEY);
      blind = await started(BLIND_KEY);
      lenient = await started(EDGE_KEY, { [optional[0]]: optional[1] });
    });

    afterAll(async () => {
      await edge?.stop();
      await blind?.stop();
      await lenient?.stop();
      await service?.stop();
      await dharma?.stop();
      authority?.remove();
      others?.remove();
      loner?.remove();
    });

    /** The status, or `hung up`. */
    const ask = (
      of: Gateway,
      client: CertificateFiles | undefined,
      headers: readonly string[] = [],
      target = '/office/1',
    ): Promise<string> =>
      new Promise((done) => {
        const pem = client === undefined ? {} : pemOf(client);
        const tls = { ...of.endpoint, ...pem, servername: 'shop.example', rejectUnauthorized: false };
        const socket = connect(tls as never);
        let heard = '';
        socket.on('data', (chunk) => (heard += String(chunk)));
        socket.on('error', () => {});
        socket.once('close', () => done(/^HTTP\/1.1 (\d+)/.exec(heard)?.[1] ?? 'hung up'));
        const connection = headers.some((line) => line.startsWith('Connection:')) ? [] : ['Connection: close'];
        const lines = [`GET ${target} HTTP/1.1`, 'Host: shop.example', ...connection, ...headers];
        socket.once('secureConnect', () => socket.write(`${lines.join('\r\n')}\r\n\r\n`));
      });

    describe.each(['URI name', 'DNS name', 'subject', 'fingerprint'])('by the %s', (by) => {
      it('knows the office, and takes the fast path', async () => {
        const before = service.received.length;
        const decided = dharma.next('decision');
        const typed = 'X-Forwarded-Client-Cert: URI=spiffe://acme.example/visitor';
        expect(await ask(edge, known.get(by)!.files, [typed])).toBe('200');
        expect(await decided).toMatchObject({ reason: 'ALLOW_FAST', enforcementPoint: 'edge' });
        expect(service.received).toHaveLength(before + 1);
        expect(service.received.at(-1)!.headers).toMatchObject({ 'x-dharma-actor': 'office' });
      });

      it('knows nobody where the enforcement point may not assert it', async () => {
        const before = service.received.length;
        const decided = dharma.next('decision');
        expect(await ask(blind, known.get(by)!.files)).toBe('401');
        const { decision, enforcementPoint, dropped } = await decided;
        expect({ decision, enforcementPoint }).toEqual({ decision: 'deny', enforcementPoint: 'blind' });
        expect(JSON.stringify(dropped)).toMatch(/this enforcement point may (?:not )?assert/);
        expect(service.received).toHaveLength(before);
      });

      it.each(TYPED)('does not know a client that types it %s', async (_how, typed) => {
        const before = service.received.length;
        const lines = typed(known.get(by)!);
        for (const status of [await ask(edge, visitor, lines), await ask(lenient, undefined, lines)]) {
          expect(['400', '401']).toContain(status);
        }
        expect(service.received).toHaveLength(before);
      });

      it('would be believed, if it said so itself', async () => {
        const response = await sendRaw(endpointOf(dharma.addresses.http), [
          'GET /forward-auth/nginx HTTP/1.1',
          'Host: dharma',
          `X-Dharma-Key: ${EDGE_KEY}`,
          'X-Original-Method: GET',
          'X-Original-Host: shop.example',
          'X-Original-URI: /office/1',
          `X-Forwarded-Client-Cert: ${known.get(by)!.member}`,
        ]);
        expect(response.status).toBe(200);
      });
    });

    it.each`
      because                                       | client                                                                                        | status
      ${'it is another workload'}                   | ${() => authority.issue('office', { uri: 'spiffe://acme.example/cellar' })}                   | ${'401'}
      ${'it is a workload below'}                   | ${() => authority.issue('office', { uri: `${OFFICE_ID}/cellar` })}                            | ${'401'}
      ${'it is of another trust domain'}            | ${() => authority.issue('office', { uri: 'spiffe://evil.example/office' })}                   | ${'401'}
      ${'it is in another case'}                    | ${() => authority.issue('office', { uri: 'spiffe://ACME.example/office' })}                   | ${'401'}
      ${'only its subject says the URI'}            | ${() => authority.issue(OFFICE_ID.replaceAll('/', String.raw`\/`))}                           | ${'401'}
      ${'only a DNS name says the URI'}             | ${() => authority.issue('office', { dns: OFFICE_ID })}                                        | ${'401'}
      ${'a DNS name holds a URI in itself'}         | ${() => authority.issue('office', { dns: `x, URI:${OFFICE_ID}` })}                            | ${'401'}
      ${'only its subject says the host'}           | ${() => authority.issue(OFFICE_HOST)}                                                         | ${'401'}
      ${'its host is below'}                        | ${() => authority.issue('desk', { dns: `x.${OFFICE_HOST}` })}                                 | ${'401'}
      ${'its host is a wildcard'}                   | ${() => authority.issue('desk', { dns: OFFICE_HOST.replace('desk', '*') })}                   | ${'401'}
      ${'its subject says more'}                    | ${() => authority.issue('till-7/O=Acme')}                                                     | ${'401'}
      ${'its subject holds a comma'}                | ${() => authority.issue('till-7,O=Acme')}                                                     | ${'401'}
      ${'its subject ends quotes and says a URI'}   | ${() => authority.issue(`x";URI=${OFFICE_ID.replaceAll('/', String.raw`\/`)};By="y`)}         | ${'401'}
      ${'its subject ends quotes and says another'} | ${() => authority.issue(`x",Subject="${OFFICE_SUBJECT}`)}                                     | ${'401'}
      ${'its URI name says a host'}                 | ${() => authority.issue('x', { uri: `spiffe://acme.example/x;DNS=${OFFICE_HOST}` })}          | ${'401'}
      ${'its URI name says a subject'}              | ${() => authority.issue('x', { uri: `spiffe://acme.example/x;Subject="${OFFICE_SUBJECT}"` })} | ${'401'}
      ${'all but its key is that of the vault'}     | ${() => authority.issue('vault')}                                                             | ${'401'}
      ${'it has ended'}                             | ${() => authority.issue('office', { uri: OFFICE_ID, days: -1 })}                              | ${turnedAway}
      ${'another authority says so'}                | ${() => others.issue('office', { uri: OFFICE_ID, dns: OFFICE_HOST })}                         | ${turnedAway}
      ${'another authority says so of its subject'} | ${() => others.issue('till-7')}                                                               | ${turnedAway}
      ${'it says so itself'}                        | ${() => loner}                                                                                | ${turnedAway}
      ${'it has none'}                              | ${() => undefined}                                                                            | ${turnedAway}
    `('does not take a client for the office: $because', async ({ client, status }) => {
      const before = service.received.length;
      expect(await ask(edge, client(), [`X-Forwarded-Client-Cert: URI=${OFFICE_ID}`])).toBe(status);
      expect(service.received).toHaveLength(before);
    });

    it('lets clients without a certificate in as nobody, where it is told to', async () => {
      expect(await ask(lenient, undefined)).toBe('401');
      expect(await ask(lenient, undefined, [], '/public/1')).toBe('200');
      expect(await ask(lenient, known.get('URI name')!.files)).toBe('200');
      expect(await ask(lenient, others.issue('office', { uri: OFFICE_ID }), [], '/public/1')).toBe(turnedAway);
    });

    it('writes nothing of a certificate to the log', () => {
      const log = JSON.stringify([dharma.events, dharma.complaints]);
      expect(log).toContain('ALLOW_FAST');
      for (const told of [OFFICE_ID, OFFICE_HOST, OFFICE_SUBJECT, 'CERTIFICATE']) expect(log).not.toContain(told);
    });
  });
}

function escapedPem(files: CertificateFiles): string {
  return encodeURIComponent(pemOf(files).cert.toString());
}

/** SHA-256 in lower-case hex. */
function fingerprintOf({ cert }: CertificateFiles): string {
  return new X509Certificate(readFileSync(cert)).fingerprint256.replaceAll(':', '').toLowerCase();
}
