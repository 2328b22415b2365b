import { X509Certificate, createPrivateKey, type KeyObject } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { createSecureContext, type SecureContextOptions, type TlsOptions } from 'node:tls';
import type { EventLog } from '#decision';
import { Problem } from '#problem';
import type { TlsFiles } from './config.js';

export interface ListenerCertificateParts {
  readonly log: EventLog;
  /** Milliseconds between two looks at the files; default 1,000. */
  readonly pollMilliseconds?: number;
}

const POLL_MILLISECONDS = 1000;
/** Who connects and then says nothing holds a socket no longer than this. */
const HANDSHAKE_MILLISECONDS = 10_000;

/** With what a listener proves itself, read again whenever its files change. What is broken never replaces what works. */
export class ListenerCertificate {
  readonly #files: TlsFiles;
  readonly #log: EventLog;
  readonly #timer: NodeJS.Timeout;
  readonly #followers: ((context: SecureContextOptions) => void)[] = [];
  #material: Material;
  /** State of the files that `#material` came from. */
  #usedState: string;
  /** State of the files in which they were found broken at the last look. */
  #brokenState: string | undefined;
  #isAlarmed = false;
  #isLooking = false;

  /** @throws Problem `setting-invalid` when a file cannot be used */
  static async open(files: TlsFiles, parts: ListenerCertificateParts): Promise<ListenerCertificate> {
    try {
      const state = await stateOf(files);
      return new ListenerCertificate(files, parts, state, await materialIn(files));
    } catch (fault) {
      throw new Problem('setting-invalid', { faults: (fault as Error).message });
    }
  }

  private constructor(files: TlsFiles, parts: ListenerCertificateParts, state: string, material: Material) {
    const { log, pollMilliseconds = POLL_MILLISECONDS } = parts;
    this.#files = files;
    this.#log = log;
    this.#usedState = state;
    this.#material = material;
    this.#timer = setInterval(() => void this.look(), pollMilliseconds).unref();
    this.#tellInUse();
  }

  /** For a server that is about to be made; {@link follow} keeps it up to date. */
  get serverOptions(): TlsOptions {
    const isRequired = this.#files.clientCa !== undefined;
    return {
      ...this.#material.context,
      requestCert: isRequired,
      rejectUnauthorized: isRequired,
      handshakeTimeout: HANDSHAKE_MILLISECONDS,
    };
  }

  /** Hands on what new handshakes are to use; connections that stand are not touched. */
  follow(use: (context: SecureContextOptions) => void): void {
    this.#followers.push(use);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Reads the files again if they changed. Never throws; while one look is under way, another is none. */
  async look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      await this.#readIfChanged();
    } finally {
      this.#isLooking = false;
    }
  }

  async #readIfChanged(): Promise<void> {
    const state = await stateOf(this.#files);
    if (state === this.#usedState) {
      if (this.#isAlarmed) this.#tellInUse();
      this.#brokenState = undefined;
      return;
    }
    try {
      this.#material = await materialIn(this.#files);
      this.#usedState = state;
      this.#brokenState = undefined;
      for (const use of this.#followers) use(this.#material.context);
      this.#tellInUse();
    } catch (fault) {
      // Files are replaced one after the other: only what is as broken at the next look is worth an alarm.
      if (state === this.#brokenState && !this.#isAlarmed) this.#tellUnusable((fault as Error).message);
      if (state !== this.#brokenState) this.#isAlarmed = false;
      this.#brokenState = state;
    }
  }

  #tellInUse(): void {
    this.#isAlarmed = false;
    const { listener } = this.#files;
    this.#log({ kind: 'certificate-in-use', listener, notAfter: this.#material.notAfter });
  }

  #tellUnusable(fault: string): void {
    this.#isAlarmed = true;
    this.#log({ kind: 'certificate-unusable', listener: this.#files.listener, fault });
  }
}

interface Material {
  readonly context: SecureContextOptions;
  /** Milliseconds since the epoch. */
  readonly notAfter: number;
}

/** Changes whenever a file does, also when another one takes its place. */
async function stateOf({ cert, key, clientCa }: TlsFiles): Promise<string> {
  const states = [cert, key, clientCa].map(async (path) => {
    if (path === undefined) return '';
    const found = await stat(path).catch(() => undefined);
    return found === undefined ? 'none' : `${found.ino} ${found.size} ${found.mtimeMs} ${found.ctimeMs}`;
  });
  return (await Promise.all(states)).join(', ');
}

/** @throws Error naming the setting and the file that cannot be used */
async function materialIn({ listener, cert, key, clientCa }: TlsFiles): Promise<Material> {
  const setting = `DHARMA_${listener.toUpperCase()}_TLS`;
  const certPem = await contentOf(`${setting}_CERT`, cert);
  const keyPem = await contentOf(`${setting}_KEY`, key);
  const caPem = clientCa === undefined ? undefined : await contentOf(`${setting}_CLIENT_CA`, clientCa);
  const [leaf] = certificatesIn(certPem);
  if (leaf === undefined) throw new Error(`\`${setting}_CERT\`: \`${cert}\` holds no certificate in PEM`);
  const privateKey = privateKeyIn(keyPem);
  if (privateKey === undefined)
    throw new Error(`\`${setting}_KEY\`: \`${key}\` holds no unencrypted private key in PEM`);
  if (!leaf.checkPrivateKey(privateKey)) {
    throw new Error(`\`${setting}_KEY\`: \`${key}\` is not the key of the certificate in \`${cert}\``);
  }
  if (caPem !== undefined && certificatesIn(caPem).length === 0) {
    throw new Error(`\`${setting}_CLIENT_CA\`: \`${clientCa}\` holds no certificate in PEM`);
  }
  const context: SecureContextOptions = { cert: certPem, key: keyPem, ca: caPem, minVersion: 'TLSv1.2' };
  try {
    createSecureContext(context);
  } catch (fault) {
    throw new Error(`\`${setting}_CERT\`: \`${cert}\` cannot be used: ${(fault as Error).message}`);
  }
  return { context, notAfter: Date.parse(leaf.validTo) };
}

async function contentOf(setting: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (fault) {
    throw new Error(`\`${setting}\`: cannot read \`${path}\`: ${(fault as NodeJS.ErrnoException).code}`);
  }
}

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** In the order of the file; empty when one of them is broken. */
function certificatesIn(pem: string): readonly X509Certificate[] {
  try {
    return (pem.match(PEM_CERTIFICATE) ?? []).map((block) => new X509Certificate(block));
  } catch {
    return [];
  }
}

function privateKeyIn(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}
