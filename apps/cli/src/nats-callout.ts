import type { DharmaClient } from '#client';
import type { WantedSubject } from '#nats-callout';
import type { KeyPair } from '@nats-io/nkeys';
import { bytesOf, checkConnection, type ConnectionFlags, requireSafeWay, secretIn } from './connection.js';
import { inOneLine } from './printable.js';
import { type ExitCode, Stop, type Terminal } from './terminal.js';

export interface NatsCalloutFlags extends Omit<ConnectionFlags, 'timeout' | 'server'> {
  readonly nats: string;
  readonly natsCa?: string;
  readonly user: string;
  readonly passwordFile: string;
  readonly seedFile: string;
  readonly xkeyFile?: string;
  readonly account: string;
  readonly subjects: string;
  /** Seconds. */
  readonly lifetime: number;
  readonly mayAnswer: boolean;
  readonly server: string;
  readonly keyFile?: string;
  /** Seconds. */
  readonly patience: number;
}

/** Runs until it is told to stop, or NATS does not take it back. */
export async function natsCallout(terminal: Terminal, flags: NatsCalloutFlags): Promise<ExitCode> {
  const { NatsCallout, quickSigner } = await import('#nats-callout');
  const { fromCurveSeed, fromSeed } = await import('@nats-io/nkeys');
  const wanted = await wantedSubjects(terminal, flags.subjects);
  const issuer = await keyPair(terminal, flags.seedFile, 'A', fromSeed);
  const curve = flags.xkeyFile === undefined ? undefined : await keyPair(terminal, flags.xkeyFile, 'X', fromCurveSeed);
  const nats = await wayToNats(terminal, flags);
  const dharma = await clientOf(terminal, flags);
  const { account, mayAnswer, lifetime: lifetimeSeconds } = flags;
  const callout = await NatsCallout.start({
    nats,
    issuer: quickSigner(issuer),
    curve,
    account,
    mayAnswer,
    lifetimeSeconds,
    wanted,
    dharma,
    now: terminal.now,
    log: (sentence) => void terminal.aside.line(inOneLine(sentence)).catch(() => undefined),
  }).catch((fault: Error) => {
    throw new Stop(3, `\`${flags.nats}\` cannot be reached, or does not let us in: ${fault.message}`);
  });
  const stop = (): void => void callout.stop().catch(() => undefined);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  await terminal.aside.line(`answers the callouts of ${flags.nats} by ${flags.server}`);
  const fault = await callout.ended();
  dharma.close();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stop);
  if (fault !== undefined) throw new Stop(3, `\`${flags.nats}\` ended the connection: ${fault.message}`);
  return 0;
}

async function wantedSubjects(terminal: Terminal, file: string): Promise<readonly WantedSubject[]> {
  const { parseWantedSubjects } = await import('#nats-callout');
  const read = parseWantedSubjects((await bytesOf(terminal, file)).toString('utf8'));
  if ('subjects' in read) return read.subjects;
  throw new Stop(2, read.faults.map(({ line, message }) => `${file}:${line}: ${message}`).join('\n'));
}

/** @param letter  the first of the public key; that of an account, or of a curve key */
async function keyPair(
  terminal: Terminal,
  file: string,
  letter: 'A' | 'X',
  read: (seed: Uint8Array) => KeyPair,
): Promise<KeyPair> {
  const seed = new TextEncoder().encode(await secretIn(terminal, file));
  try {
    const pair = read(seed);
    if (pair.getPublicKey().startsWith(letter)) return pair;
  } catch {
    // Said below, without a word of what it holds.
  }
  throw new Stop(
    2,
    `\`${file}\` holds no seed of ${letter === 'A' ? 'an account key (`SA…`)' : 'a curve key (`SX…`)'}`,
  );
}

async function wayToNats(terminal: Terminal, { nats, natsCa, user, passwordFile, allowPlaintext }: NatsCalloutFlags) {
  const url = URL.canParse(nats) ? new URL(nats) : undefined;
  const isPlain = url?.protocol === 'nats:';
  if (url === undefined || !(isPlain || url.protocol === 'tls:') || url.hostname === '' || url.username !== '') {
    throw new Stop(2, `\`${nats}\` is no NATS server; name one as \`nats://host:port\` or \`tls://host:port\``);
  }
  if (isPlain && !/^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname) && !allowPlaintext) {
    throw new Stop(
      2,
      `anyone on the way to \`${nats}\` could read the password; use \`tls://…\`, or \`--allow-plaintext\` if something else protects the way`,
    );
  }
  const ca = natsCa === undefined ? undefined : (await bytesOf(terminal, natsCa)).toString('utf8');
  return {
    servers: url.host,
    user,
    pass: await secretIn(terminal, passwordFile),
    ...(!isPlain && { tls: ca === undefined ? {} : { ca } }),
  };
}

async function clientOf(terminal: Terminal, flags: NatsCalloutFlags): Promise<DharmaClient> {
  const { server: url, keyFile, patience } = flags;
  const connection = await checkConnection(terminal, { ...flags, timeout: patience }, keyFile);
  // With a key or without, the credentials of clients go this way.
  requireSafeWay(terminal, connection, flags);
  const key = keyFile === undefined ? undefined : await secretIn(terminal, keyFile);
  const timeoutMilliseconds = patience * 1000;
  const { DharmaClient } = await import('#client');
  try {
    return new DharmaClient({
      url,
      tls: connection.tls,
      allowPlaintext: true,
      ...(key !== undefined && { key }),
      timeoutMilliseconds,
      tryMilliseconds: timeoutMilliseconds,
    });
  } catch (fault) {
    throw new Stop(2, (fault as TypeError).message);
  }
}
