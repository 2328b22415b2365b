import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { z } from 'zod';
import { actIn, type AuditAct } from './server-shapes.js';
import type { AdminFlags } from './connection.js';
import { ServerClient } from './server-client.js';
import { type ExitCode, Stop, type Terminal } from './terminal.js';

export interface HeadOptions extends AdminFlags {
  /** File with a private Ed25519 key, PEM. */
  readonly sign?: string;
  /** File that gets the head; absent: standard output. */
  readonly to?: string;
}

const FORM = 'dharma-audit-head-1';
const headShape = z.object({
  form: z.literal(FORM),
  sequence: z.number().int().min(1),
  /** Milliseconds since 1970. */
  at: z.number().int(),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  /** Ed25519, in base64. */
  signature: z.string().optional(),
});
export type Head = z.infer<typeof headShape>;

/** The newest row, signed where a key is named: kept elsewhere, it shows a chain that was cut or written anew. */
export async function writeHead(terminal: Terminal, { sign: keyFile, to, ...flags }: HeadOptions): Promise<ExitCode> {
  const key = keyFile === undefined ? undefined : await keyIn(terminal, keyFile, createPrivateKey);
  const client = await ServerClient.of(terminal, flags);
  const newest = await newestAct(client);
  if (newest === undefined) throw new Stop(1, 'nothing was done yet, so there is no head to sign');
  const { actHash, headText } = await import('#administration');
  const act = actIn(newest);
  if (actHash(act) !== act.hash) {
    throw new Stop(1, `row ${act.sequence} was changed, and is not signed; see \`${terminal.program} audit verify\``);
  }
  const signature = key && sign(null, Buffer.from(headText(act)), key).toString('base64');
  const { sequence, at, hash } = act;
  const text = `${JSON.stringify({ form: FORM, sequence, at, hash, signature } satisfies Head, null, 2)}\n`;
  if (to === undefined) await terminal.out.write(text);
  else await writeWhole(terminal, to, text);
  return 0;
}

/**
 * A head that the holder of a key signed.
 *
 * @throws Stop with 2 when the files are none, 1 when the key's holder did not sign it
 */
export async function signedHead(terminal: Terminal, headFile: string, keyFile: string): Promise<Head> {
  const key = await keyIn(terminal, keyFile, createPublicKey);
  const text = await textIn(terminal, headFile);
  const found = headShape.safeParse(jsonIn(text));
  if (!found.success) throw new Stop(2, `\`${headFile}\` is no head as \`${terminal.program} audit head\` writes it`);
  const { signature = '' } = found.data;
  const { headText } = await import('#administration');
  if (!verify(null, Buffer.from(headText(found.data)), key, Buffer.from(signature, 'base64'))) {
    throw new Stop(1, `\`${headFile}\` is not signed by the key in \`${keyFile}\``);
  }
  return found.data;
}

export async function newestAct(client: ServerClient): Promise<AuditAct | undefined> {
  for await (const [newest] of client.acts({ order: 'newest', limit: 1 })) return newest;
  return undefined;
}

async function keyIn(terminal: Terminal, path: string, read: (pem: string) => KeyObject): Promise<KeyObject> {
  const pem = await textIn(terminal, path);
  const key = keyOf(pem, read);
  if (key?.asymmetricKeyType === 'ed25519') return key;
  throw new Stop(
    2,
    `\`${path}\` holds no Ed25519 key in PEM without a password; \`openssl genpkey -algorithm ed25519\` makes one`,
  );
}

function keyOf(pem: string, read: (pem: string) => KeyObject): KeyObject | undefined {
  try {
    return read(pem);
  } catch {
    // What OpenSSL says of it helps nobody.
    return undefined;
  }
}

async function textIn(terminal: Terminal, path: string): Promise<string> {
  return readFile(resolve(terminal.cwd, path), 'utf8').catch((fault: NodeJS.ErrnoException) => {
    throw new Stop(2, `cannot read \`${path}\`: ${fault.code ?? fault.message}`);
  });
}

/** So that the head before it is there until this one is. */
async function writeWhole(terminal: Terminal, path: string, text: string): Promise<void> {
  const whole = resolve(terminal.cwd, path);
  try {
    await writeFile(`${whole}.new`, text);
    await rename(`${whole}.new`, whole);
  } catch (fault) {
    throw new Stop(2, `cannot write \`${path}\`: ${(fault as NodeJS.ErrnoException).code}`);
  }
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
