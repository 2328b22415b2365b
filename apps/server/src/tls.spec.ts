import { copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServiceEvent } from '#decision';
import {
  createAuthority,
  hasOpenssl,
  type Authority,
  type CertificateFiles,
} from '../../../test/support/certificates.js';
import { ListenerCertificate } from './tls.js';

const NEVER_BY_ITSELF = 3_600_000;

let authority: Authority;
let first: CertificateFiles;
let second: CertificateFiles;
let above: string;
let folder: string;
let told: string[];
let certificate: ListenerCertificate;

// Without openssl, jest names these as not run.
(hasOpenssl ? describe : describe.skip)('the certificate of a listener', () => {
  beforeAll(() => {
    authority = createAuthority('ours');
    [first, second] = [authority.issue('first'), authority.issue('second')];
  });

  afterAll(() => authority.remove());

  beforeEach(async () => {
    above = mkdtempSync(join(tmpdir(), 'dharma-tls-'));
    folder = join(above, 'mounted');
    mkdirSync(folder);
    copyFileSync(first.cert, inFolder('cert.pem'));
    copyFileSync(first.key, inFolder('key.pem'));
    told = [];
    certificate = await ListenerCertificate.open(
      { listener: 'http', cert: inFolder('cert.pem'), key: inFolder('key.pem'), clientCa: undefined },
      { log: (event: ServiceEvent) => told.push(event.kind), pollMilliseconds: NEVER_BY_ITSELF },
    );
  });

  afterEach(() => {
    certificate.close();
    rmSync(above, { recursive: true, force: true });
  });

  it.each`
    because                       | change                                                           | message
    ${'there is no certificate'}  | ${() => rmSync(inFolder('cert.pem'))}                            | ${/^`DHARMA_HTTP_TLS_CERT`: cannot read `.*cert\.pem`: ENOENT$/}
    ${'it is no certificate'}     | ${() => copyFileSync(inFolder('key.pem'), inFolder('cert.pem'))} | ${/^`DHARMA_HTTP_TLS_CERT`: `.*` holds no certificate in PEM$/}
    ${'there is no key'}          | ${() => rmSync(inFolder('key.pem'))}                             | ${/^`DHARMA_HTTP_TLS_KEY`: cannot read `/}
    ${'it is no key'}             | ${() => writeFileSync(inFolder('key.pem'), 'Sesame')}            | ${/^`DHARMA_HTTP_TLS_KEY`: `.*` holds no unencrypted private key in PEM$/}
    ${'it is the key of another'} | ${() => copyFileSync(second.key, inFolder('key.pem'))}           | ${/^`DHARMA_HTTP_TLS_KEY`: `.*` is not the key of the certificate in `/}
    ${'the issuers are none'}     | ${() => writeFileSync(inFolder('ca.pem'), '')}                   | ${/^`DHARMA_HTTP_TLS_CLIENT_CA`: `.*` holds no certificate in PEM$/}
  `('is not opened when $because', async ({ change, message }) => {
    copyFileSync(authority.cert, inFolder('ca.pem'));
    change();
    const opening = ListenerCertificate.open(
      { listener: 'http', cert: inFolder('cert.pem'), key: inFolder('key.pem'), clientCa: inFolder('ca.pem') },
      { log: () => {} },
    );
    await expect(opening).rejects.toMatchObject({ code: 'setting-invalid', message: expect.stringMatching(message) });
  });

  it('is told at the start, and not again while its files stay', async () => {
    await certificate.look();
    expect(told).toEqual(['certificate-in-use']);
  });

  it('raises no alarm while its files are replaced one after the other', async () => {
    copyFileSync(second.cert, inFolder('cert.pem'));
    await certificate.look();
    copyFileSync(second.key, inFolder('key.pem'));
    await certificate.look();
    expect(told).toEqual(['certificate-in-use', 'certificate-in-use']);
  });

  it('raises one alarm for what stays broken, and another when that changes', async () => {
    for (const text of ['broken', 'broken otherwise']) {
      writeFileSync(inFolder('cert.pem'), text);
      for (let looks = 0; looks < 3; looks += 1) await certificate.look();
    }
    expect(told).toEqual(['certificate-in-use', 'certificate-unusable', 'certificate-unusable']);
  });

  it('says so when files that were away are back as they were', async () => {
    renameSync(folder, `${folder} elsewhere`);
    await certificate.look();
    await certificate.look();
    renameSync(`${folder} elsewhere`, folder);
    await certificate.look();
    await certificate.look();
    expect(told).toEqual(['certificate-in-use', 'certificate-unusable', 'certificate-in-use']);
  });
});

function inFolder(name: string): string {
  return join(folder, name);
}
