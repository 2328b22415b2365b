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
  const newest = (await newestRevision(client)) ?? 0;
  const total = (await newestAct(client))?.sequence ?? 0;
  const progress = new Progress(terminal.aside, terminal.now, 'verifying', total);
  const made = new Map<number, string | null>();
  const broken = await firstBreak(client, reader, progress, made);
  progress.finish();
  const unrecorded = broken === undefined ? await unrecordedRevisions(client, newest, made) : [];
  const { sequence: rows, hash } = reader.last;
  if (format === 'json') {
    const finding = { rows, hash, head: head ?? null, broken: broken ?? null, unrecorded };
    await terminal.out.line(JSON.stringify(finding, null, 2));
  } else if (broken !== undefined) {
    await terminal.out.line(`row ${broken.sequence}: ${broken.because}`);
  } else {
    for (const number of unrecorded) {
      await terminal.out.line(`revision ${number}: no act has made it, so it was published past the servers`);
    }
    const signed = head === undefined ? '' : `; row ${head.sequence} is the one that was signed`;
    await terminal.out.line(`${rows} acts, unbroken, up to ${hash}${signed}`);
  }
  return broken === undefined && unrecorded.length === 0 ? 0 : 1;
}

/** @param made  gets the content hash of each revision that an act made, by its number */
async function firstBreak(
  client: ServerClient,
  reader: InstanceType<typeof import('#administration').ChainReader>,
  progress: Progress,
  made: Map<number, string | null>,
): Promise<Break | undefined> {
  for await (const page of client.acts({ order: 'oldest', limit: PAGE })) {
    for (const act of page) {
      const broken = reader.next(actIn(act));
      if (broken !== undefined) return broken;
      if (act.revision !== null && act.refused === null) made.set(act.revision, act.after);
    }
    progress.update(reader.last.sequence);
  }
  return reader.end();
}

async function newestRevision(client: ServerClient): Promise<number | undefined> {
  for await (const [newest] of client.revisions()) return newest?.number;
  return undefined;
}

/**
 * Revisions that no act made, or not with this content, the oldest first. Those before the first act of one are older than
 * the log.
 *
 * @param newest  what was there before the acts were read: a later one may have its act behind them
 */
async function unrecordedRevisions(
  client: ServerClient,
  newest: number,
  made: ReadonlyMap<number, string | null>,
): Promise<readonly number[]> {
  // Acts come in the order of the revisions that they made.
  const [first = Infinity] = made.keys();
  const found: number[] = [];
  for await (const page of client.revisions()) {
    for (const { number, contentHash } of page) {
      if (number < first) return found.toReversed();
      if (number <= newest && made.get(number) !== contentHash) found.push(number);
    }
  }
  return found.toReversed();
}
