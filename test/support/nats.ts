import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createAccount, createCurve } from '@nats-io/nkeys';
import type { Authority } from './certificates.js';
import { freePort, replaced } from './gateway.js';

const SHIPPED = new URL('../../docs/integrations/nats.conf', import.meta.url);
const PROGRAM = fileURLToPath(new URL('../../dist/apps/cli/src/main.js', import.meta.url));
const PASSWORD = 'a-long-password';
const START_TRIES = 500;
const START_PAUSE_MILLISECONDS = 20;

/** A real NATS server that runs, and the callout that it asks. */
export interface Nats {
  /** `address:port`. */
  readonly address: string;
  /** What the callout has said. */
  said(): string;
  /** Ends the callout alone. */
  stopCallout(): Promise<number | null>;
  stop(): Promise<void>;
}

export interface NatsOptions {
  /** The server seals what it asks. Default: yes. */
  readonly isSealed?: boolean;
  /** Who vouches for the server; absent: it listens in the clear. */
  readonly authority?: Authority;
}

/**
 * Starts NATS with the configuration that we ship, and the callout as its users do, with a folder of their own.
 *
 * @param dharma    `address:port` of whoever answers for Dharma's HTTP check listener
 * @param subjects  the list
 * @param flags     of the callout, besides what the page shows
 */
export async function startNats(
  dharma: string,
  subjects: string,
  flags: readonly string[],
  { isSealed = true, authority }: NatsOptions = {},
): Promise<Nats> {
  const folder = await mkdtemp(join(tmpdir(), 'dharma-nats-'));
  const file = (name: string) => join(folder, name);
  const [issuer, curve, port] = [createAccount(), createCurve(), await freePort()];
  const shipped = await readFile(SHIPPED, 'utf8');
  const address = `127.0.0.1:${port}`;
  const own = authority?.issue('nats');
  const secured = own === undefined ? '' : `tls { cert_file: "${own.cert}", key_file: "${own.key}" }\n`;
  const text = replaced(shipped, [
    ['127.0.0.1:4222', address],
    ['ISSUER_PUBLIC_KEY', issuer.getPublicKey()],
    ['    xkey: CURVE_PUBLIC_KEY\n', isSealed ? `    xkey: ${curve.getPublicKey()}\n` : ''],
  ]);
  await writeFile(file('nats.conf'), `${text}${secured}`);
  await writeFile(file('issuer.seed'), issuer.getSeed());
  await writeFile(file('curve.seed'), curve.getSeed());
  await writeFile(file('password'), PASSWORD);
  await writeFile(file('subjects.txt'), subjects);
  const options = { cwd: folder, env: { PATH: process.env['PATH'] ?? '', HOME: folder } };
  const running: ChildProcess[] = [];
  let said = '';
  const started = (command: string, argv: readonly string[]): ChildProcess => {
    const child = spawn(command, argv, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', (chunk) => (said += String(chunk)));
    child.stderr.on('data', (chunk) => (said += String(chunk)));
    running.unshift(child);
    return child;
  };
  const stop = async () => {
    for (const child of running) await ended(child);
    await rm(folder, { recursive: true, force: true });
  };
  const until = async (child: ChildProcess, words: string): Promise<void> => {
    for (let tries = 0; !said.includes(words); tries += 1) {
      if (child.exitCode === null && tries < START_TRIES) await pause(START_PAUSE_MILLISECONDS);
      else {
        await stop();
        throw new Error(`\`${words}\` is not said: ${said}`);
      }
    }
  };
  await until(started('nats-server', ['-c', file('nats.conf')]), 'Server is ready');
  const shown = '--account APP --subjects subjects.txt --password-file password --seed-file issuer.seed'.split(' ');
  const way = authority === undefined ? [`nats://${address}`] : [`tls://${address}`, '--nats-ca', authority.cert];
  const here = ['--nats', ...way, '--server', `http://${dharma}`];
  const seal = isSealed ? ['--xkey-file', 'curve.seed'] : [];
  const callout = started(process.execPath, [PROGRAM, 'nats-callout', ...shown, ...here, ...seal, ...flags]);
  await until(callout, 'answers the callouts');
  return { address, said: () => said, stopCallout: () => ended(callout), stop };
}

/** @returns the exit code; null where a signal ended it */
async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  const [code] = await closed;
  return code as number | null;
}
