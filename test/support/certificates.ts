import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

/** A certificate and its private key, as files in PEM. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

export interface IssuedOptions {
  /** A URI name beside `localhost` and the loopback address. */
  readonly uri?: string;
  /** A DNS name beside them, to the letter. */
  readonly dns?: string;
  /** Days until it ends, from now; negative: it has ended. */
  readonly days?: number;
}

/** Both in one file, beside the certificate, for programs that want them so. */
export function joined({ cert, key }: CertificateFiles): string {
  const file = `${cert}-and-key`;
  writeFileSync(file, `${readFileSync(cert, 'utf8')}${readFileSync(key, 'utf8')}`);
  return file;
}

/** An issuer of certificates in a folder of its own, with the certificate that it signed itself. */
export interface Authority extends CertificateFiles {
  issue(name: string, options?: IssuedOptions): CertificateFiles;
  remove(): void;
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** @param uri  a URI name of its own certificate */
export function createAuthority(name: string, uri?: string): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'dharma-authority-'));
  const openssl = (...argv: readonly string[]) => execFileSync('openssl', argv, { cwd: folder, stdio: 'pipe' });
  const names = uri === undefined ? [] : ['-addext', `subjectAltName=URI:${uri}`];
  const own = ['-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', `/CN=${name}`, ...names];
  openssl('req', '-x509', ...NEW_KEY, ...own);
  let issued = 0;
  return {
    cert: join(folder, 'ca.pem'),
    key: join(folder, 'ca.key'),
    issue(subject, { uri, dns, days = 1 } = {}) {
      issued += 1;
      const file = (ending: string) => join(folder, `${issued}.${ending}`);
      const names = ['DNS.1=localhost', 'IP.1=127.0.0.1'];
      if (uri !== undefined) names.push(`URI.1=${uri}`);
      if (dns !== undefined) names.push(`DNS.2=${dns}`);
      writeFileSync(file('ext'), `subjectAltName=@names\n[names]\n${names.join('\n')}\n`);
      openssl('req', ...NEW_KEY, '-keyout', file('key'), '-out', file('csr'), '-subj', `/CN=${subject}`);
      openssl(
        'x509',
        '-req',
        '-in',
        file('csr'),
        '-CA',
        'ca.pem',
        '-CAkey',
        'ca.key',
        '-CAcreateserial',
        '-extfile',
        file('ext'),
        '-out',
        file('pem'),
        '-days',
        String(days),
      );
      return { cert: file('pem'), key: file('key') };
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The contents of the files, as TLS clients take them. */
export function pemOf({ cert, key }: CertificateFiles): { readonly cert: Buffer; readonly key: Buffer } {
  return { cert: readFileSync(cert), key: readFileSync(key) };
}
