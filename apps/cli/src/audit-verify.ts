import type { Break } from '#administration';
import { newestAct, signedHead } from './audit-head.js';
import type { AdminFlags } from './connection.js';
import { Progress } from './progress.js';
import { ServerClient } from './server-client.js';
import { actIn } from './server-shapes.js';
import { type ExitCode, Stop, type Terminal } from './terminal.js';

export interface VerifyAuditOptions extends AdminFlags {
  /** File that `audit head --sign` wrote. */
  readonly head?: string;
  /** File with the public key of whoever signed it, PEM. */
  readonly signer?: string;
  readonly format: 'text' | 'json';
}

const PAGE = 500;

/**
 * Reads the whole chain of administrative acts, from the first on, and recomputes every hash.
 *
 * @returns 1 when a row is not what was written, or is missing
 */
export async function verifyAudit(terminal: Terminal, options: VerifyAuditOptions): Promise<ExitCode> {
  const { head: headFile, signer, format, ...flags } = options;
  if ((headFile === undefined) !== (signer === undefined)) {
    throw new Stop(2, '`--head` and `--signer` belong together: what was signed, and by which key');
  }
  const head = headFile && signer ? await signedHead(terminal, headFile, signer) : undefined;
  const client = await ServerClient.of(terminal, flags);
  const { ChainReader } = await import('#administration');
  const reader = new ChainReader(head);
  const total = (await newestAct(client))?.sequence ?? 0;
  const progress = new Progress(terminal.aside, terminal.now, 'verifying', total);
  const broken = await firstBreak(client, reader, progress);
  progress.finish();
  const { sequence: rows, hash } = reader.last;
  if (format === 'json') {
    await terminal.out.line(JSON.stringify({ rows, hash, head: head ?? null, broken: broken ?? null }, null, 2));
  } else if (broken !== undefined) {
    await terminal.out.line(`row ${broken.sequence}: ${broken.because}`);
  } else {
    const signed = head === undefined ? '' : `; row ${head.sequence} is the one that was signed`;
    await terminal.out.line(`${rows} acts, unbroken, up to ${hash}${signed}`);
  }
  return broken === undefined ? 0 : 1;
}

async function firstBreak(
  client: ServerClient,
  reader: InstanceType<typeof import('#administration').ChainReader>,
  progress: Progress,
): Promise<Break | undefined> {
  for await (const page of client.acts({ order: 'oldest', limit: PAGE })) {
    for (const act of page) {
      const broken = reader.next(actIn(act));
      if (broken !== undefined) return broken;
    }
    progress.update(reader.last.sequence);
  }
  return reader.end();
}
