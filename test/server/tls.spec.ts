import { X509Certificate } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { createAuthority, hasOpenssl, pemOf, type Authority, type CertificateFiles } from '../support/certificates.js';
import { grpcClient } from '../support/check-client.js';
import { credentials } from '../support/grpc.js';
import { endpointOf, sendRaw } from '../support/http.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { SHOP } from '../support/shop.js';

const GATEWAY = { uri: 'spiffe://edge.example/gateway' };
/** Asked by nobody but the gateway, which is known by its certificate. */
const GUARDED = `${SHOP}---
apiVersion: dharma/v1
kind: EnforcementPoint
metadata: { name: edge, domain: shop }
spec: { credentials: [{ kind: spiffe, id: "${GATEWAY.uri}" }], mayAssert: [] }
`;
const CHECK = { method: 'GET', path: '/public/list', host: 'shop.example' };
const ASK = [
  'GET /forward-auth/nginx HTTP/1.1',
  'Host: dharma',
  'X-Original-Method: GET',
  'X-Original-Host: shop.example',
  'X-Original-URI: /public/list',
];
const LISTENERS = ['grpc', 'http', 'admin'] as const;
/** Starting takes its time on a busy machine, and files are looked at once a second. */
const PATIENCE_MILLISECONDS = 60_000;

let ours: Authority;
let foreign: Authority;
let folder: string;
let server: TestServer;

// Without openssl, jest names these as not run.
(hasOpenssl ? describe : describe.skip)('TLS', () => {
  beforeAll(() => {
    ours = createAuthority('ours');
    foreign = createAuthority('foreign');
    folder = mkdtempSync(join(tmpdir(), 'dharma-tls-'));
  }, PATIENCE_MILLISECONDS);

  afterAll(() => {
    ours.remove();
    foreign.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  describe('on every listener', () => {
    beforeAll(async () => {
      install(ours.issue('server'));
      server = await startTestServer(SHOP, tlsFlags());
    }, PATIENCE_MILLISECONDS);

    afterAll(() => server.stop(), PATIENCE_MILLISECONDS);

    it('answers by TLS', async () => {
      expect(await ask({})).toBe(200);
      expect(await readiness({})).toBe(200);
      expect(await check({})).toBe(0);
    });

    it('answers nobody without TLS', async () => {
      for (const address of [server.addresses.http, server.addresses.admin]) {
        expect(await statusOf(() => sendRaw(endpointOf(address), ['GET /healthz HTTP/1.1', 'Host: a']))).not.toBe(200);
      }
      const gateway = grpcClient(server.addresses.grpc);
      await expect(gateway.check(CHECK)).rejects.toMatchObject({ code: 14 });
      gateway.close();
    });

    it.each(LISTENERS)(
      'refuses versions before 1.2 on %s, and others than HTTP/1.1 where that is spoken',
      async (name) => {
        const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
        await expect(handshake(name, old)).rejects.toThrow(/protocol version/);
        const socket = await handshake(name, { ALPNProtocols: ['h2', 'http/1.1'], maxVersion: 'TLSv1.2' });
        expect([socket.getProtocol(), socket.alpnProtocol]).toEqual(['TLSv1.2', name === 'grpc' ? 'h2' : 'http/1.1']);
        socket.destroy();
      },
    );
  });

  describe('with issuers of client certificates', () => {
    beforeAll(async () => {
      install(ours.issue('server'));
      copyFileSync(ours.cert, join(folder, 'ca.pem'));
      server = await startTestServer(GUARDED, { ...tlsFlags(), ...clientCaFlags() });
    }, PATIENCE_MILLISECONDS);

    afterAll(() => server.stop(), PATIENCE_MILLISECONDS);

    it('lets in the gateway by its certificate', async () => {
      const client = pemOf(ours.issue('gateway', GATEWAY));
      expect(await ask(client)).toBe(200);
      expect(await readiness(client)).toBe(200);
      expect(await check(client)).toBe(0);
      const asked = server.events.flatMap((event) => (event.kind === 'decision' ? [event.enforcementPoint] : []));
      expect(new Set(asked)).toEqual(new Set(['edge']));
    });

    it('tells from the gateway who has a certificate by them and is another', async () => {
      const client = pemOf(ours.issue('stranger', { uri: 'spiffe://edge.example/other' }));
      expect(await ask(client)).toBe(403);
      expect(await check(client)).not.toBe(0);
    });

    it.each`
      because                       | certificate
      ${'there is none'}            | ${() => undefined}
      ${'another issuer signed it'} | ${() => foreign.issue('gateway', GATEWAY)}
      ${'it has ended'}             | ${() => ours.issue('gateway', { ...GATEWAY, days: -1 })}
    `('refuses a client when $because', async ({ certificate }) => {
      const files: CertificateFiles | undefined = certificate();
      const client = files === undefined ? {} : pemOf(files);
      await expect(ask(client)).rejects.toThrow();
      await expect(readiness(client)).rejects.toThrow();
      await expect(check(client)).rejects.toMatchObject({ code: 14 });
    });

    it(
      'refuses them by other issuers as soon as the file names others, also to take up an old session',
      async () => {
        const client = pemOf(ours.issue('gateway', GATEWAY));
        const session = await sessionOf(client);
        const resumed = await handshake('http', { ...client, session });
        expect(resumed.isSessionReused()).toBe(true);
        resumed.destroy();
        const read = inUse(3);
        copyFileSync(foreign.cert, join(folder, 'ca.pem'));
        await read;
        await expect(ask(client)).rejects.toThrow();
        await expect(ask({ ...client, session })).rejects.toThrow();
        await expect(check(client)).rejects.toMatchObject({ code: 14 });
        expect(await ask(pemOf(foreign.issue('gateway', GATEWAY)))).toBe(200);
      },
      PATIENCE_MILLISECONDS,
    );
  });

  describe('whose files change', () => {
    beforeAll(async () => {
      install(ours.issue('server'));
      server = await startTestServer(SHOP, tlsFlags());
    }, PATIENCE_MILLISECONDS);

    afterAll(() => server.stop(), PATIENCE_MILLISECONDS);

    it(
      'shows the new certificate to new connections, keeps the old ones, and fails no request on the way',
      async () => {
        const next = ours.issue('server');
        const [before, after] = [serialOf(join(folder, 'cert.pem')), serialOf(next.cert)];
        const kept = new Agent({ keepAlive: true, maxSockets: 1, ca: readFileSync(ours.cert) });
        const gateway = grpcClient(server.addresses.grpc, credentials.createSsl(readFileSync(ours.cert)));
        const seen = { asked: 0, keptSockets: new Set<unknown>() };
        let isOver = false;
        const under = (load: () => Promise<void>) => load().finally(() => (isOver = true));
        const load = Promise.all([
          ...Array.from({ length: 3 }, () =>
            under(async () => {
              while (!isOver) {
                expect(await ask({})).toBe(200);
                seen.asked += 1;
              }
            }),
          ),
          under(async () => {
            while (!isOver) {
              expect(await ask({}, kept, (socket) => seen.keptSockets.add(socket))).toBe(200);
              expect((await gateway.check(CHECK)).status.code).toBe(0);
              seen.asked += 2;
            }
          }),
        ]);
        expect(await serialShown('http')).toBe(before);
        const read = inUse(3);
        install(next);
        await read;
        for (const listener of LISTENERS) expect(await serialShown(listener)).toBe(after);
        const askedBefore = seen.asked;
        await until(() => isOver || seen.asked > askedBefore + 50);
        isOver = true;
        await load;
        expect(seen.keptSockets.size).toBe(1);
        kept.destroy();
        gateway.close();
      },
      PATIENCE_MILLISECONDS,
    );

    it(
      'keeps the last good pair when the files no longer fit, and says which file it is',
      async () => {
        const before = serialOf(join(folder, 'cert.pem'));
        const alarm = server.next('certificate-unusable');
        copyFileSync(ours.issue('server').key, join(folder, 'key.pem'));
        expect((await alarm).fault).toMatch(
          /^`DHARMA_\w+_TLS_KEY`: `.*key\.pem` is not the key of the certificate in `/,
        );
        for (const listener of LISTENERS) expect(await serialShown(listener)).toBe(before);
        const next = ours.issue('server');
        const read = inUse(3);
        install(next);
        await read;
        expect(await serialShown('grpc')).toBe(serialOf(next.cert));
      },
      PATIENCE_MILLISECONDS,
    );
  });

  it(
    'does not start with files that cannot be used',
    async () => {
      install(ours.issue('server'));
      rmSync(join(folder, 'key.pem'));
      await expect(startTestServer(SHOP, tlsFlags())).rejects.toMatchObject({
        code: 'setting-invalid',
        message: expect.stringMatching(/^`DHARMA_\w+_TLS_KEY`: cannot read `.*key\.pem`: ENOENT$/),
      });
    },
    PATIENCE_MILLISECONDS,
  );
});

function install({ cert, key }: CertificateFiles): void {
  copyFileSync(cert, join(folder, 'cert.pem'));
  copyFileSync(key, join(folder, 'key.pem'));
}

function tlsFlags(): { readonly [flag: string]: string } {
  const files = { 'tls-cert': join(folder, 'cert.pem'), 'tls-key': join(folder, 'key.pem') };
  return Object.fromEntries(
    LISTENERS.flatMap((listener) => Object.entries(files).map(([part, path]) => [`${listener}-${part}`, path])),
  );
}

function clientCaFlags(): { readonly [flag: string]: string } {
  return Object.fromEntries(LISTENERS.map((listener) => [`${listener}-tls-client-ca`, join(folder, 'ca.pem')]));
}

/** Resolves when so many listeners have said that they use new files. */
async function inUse(count: number): Promise<void> {
  const before = server.events.filter(({ kind }) => kind === 'certificate-in-use').length;
  await until(() => server.events.filter(({ kind }) => kind === 'certificate-in-use').length >= before + count);
}

/** Looks again and again, until the test is out of patience. */
async function until(isTrue: () => boolean): Promise<void> {
  const end = Date.now() + PATIENCE_MILLISECONDS;
  while (!isTrue() && Date.now() < end) await new Promise((turn) => setTimeout(turn, 5));
  expect(isTrue()).toBe(true);
}

/** The status of the answer to an allowed question; rejects when there is no answer. */
function ask(client: ConnectionOptions, agent: Agent | false = false, onSocket?: (socket: unknown) => void) {
  const headers = Object.fromEntries(ASK.slice(2).map((line) => line.split(': ')));
  return status(server.addresses.http, '/forward-auth/nginx', headers, client, agent, onSocket);
}

function readiness(client: ConnectionOptions): Promise<number> {
  return status(server.addresses.admin, '/readyz', {}, client, false);
}

function status(
  address: string,
  path: string,
  headers: object,
  client: ConnectionOptions,
  agent: Agent | false,
  onSocket?: (socket: unknown) => void,
): Promise<number> {
  const [host, port] = address.split(':');
  return new Promise((answered, failed) => {
    const asking = request(
      { host, port, path, headers: { ...headers }, ca: readFileSync(ours.cert), ...client, agent },
      (response) => {
        onSocket?.(response.socket);
        response.resume().once('end', () => answered(response.statusCode!));
      },
    );
    asking.once('error', failed).end();
  });
}

/** The code of the answer to an allowed question by gRPC. */
async function check({ cert, key }: { readonly cert?: Buffer; readonly key?: Buffer }): Promise<number> {
  const gateway = grpcClient(server.addresses.grpc, credentials.createSsl(readFileSync(ours.cert), key, cert));
  try {
    return (await gateway.check(CHECK)).status.code;
  } finally {
    gateway.close();
  }
}

function handshake(listener: (typeof LISTENERS)[number], client: ConnectionOptions): Promise<TLSSocket> {
  const { host, port } = endpointOf(server.addresses[listener]) as { host: string; port: number };
  return new Promise((done, failed) => {
    const socket = connect({ host, port, ca: readFileSync(ours.cert), ...client }, () => done(socket));
    socket.once('error', failed);
  });
}

async function serialShown(listener: (typeof LISTENERS)[number]): Promise<string> {
  const socket = await handshake(listener, { ALPNProtocols: ['h2', 'http/1.1'] });
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

/** A session that a later handshake can take up. */
async function sessionOf(client: ConnectionOptions): Promise<Buffer> {
  const socket = await handshake('http', client);
  const session = new Promise<Buffer>((given) => socket.once('session', given));
  socket.write(`${[...ASK, 'Connection: close'].join('\r\n')}\r\n\r\n`);
  socket.resume();
  return session;
}

function serialOf(path: string): string {
  return new X509Certificate(readFileSync(path)).serialNumber;
}

/** 0 when the connection ended without an answer. */
async function statusOf(asking: () => Promise<{ readonly status: number }>): Promise<number> {
  try {
    return (await asking()).status;
  } catch {
    return 0;
  }
}
