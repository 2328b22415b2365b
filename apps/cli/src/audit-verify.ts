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
  /** Number of the newest revision that is older than the record; absent: the record says so itself, by its first act of one. */
  readonly older?: number;
  readonly format: 'text' | 'json';
}

const PAGE = 500;

/**
 * Reads the whole chain of administrative acts, from the first on, and recomputes every hash.
 *
 * @returns 1 when a row is not what was written, or is missing, or a revision has no act
 */
export async function verifyAudit(terminal: Terminal, options: VerifyAuditOptions): Promise<ExitCode> {
  const { head: headFile, signer, older, format, ...flags } = options;
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
  const record: Recorded = { made: new Map(), since: Infinity };
  const broken = await firstBreak(client, reader, progress, record);
  progress.finish();
  const { unrecorded, before } = broken === undefined ? await revisionsWithoutAct(client, newest, record, older) : NONE;
  const { sequence: rows, hash } = reader.last;
  if (format === 'json') {
    const finding = { rows, hash, head: head ?? null, broken: broken ?? null, unrecorded, older: before };
    await terminal.out.line(JSON.stringify(finding, null, 2));
  } else if (broken !== undefined) {
    await terminal.out.line(`row ${broken.sequence}: ${broken.because}`);
  } else {
    const isOfNone = record.made.size === 0 && older === undefined;
    if (isOfNone && unrecorded.length > 0) {
      await terminal.out.line(
        `no act has made any of the ${unrecorded.length} revisions up to ${newest}: the record was emptied, or all of them are older than it, which only you can know and \`--older ${newest}\` says`,
      );
    } else {
      for (const number of unrecorded)
        await terminal.out.line(`revision ${number}: no act has made it, so it was published past the servers`);
    }
    const signed = head === undefined ? '' : `; row ${head.sequence} is the one that was signed`;
    const others = before === 0 ? '' : `; ${before} revisions are older than the record, and not looked at`;
    await terminal.out.line(`${rows} acts, unbroken, up to ${hash}${signed}${others}`);
  }
  return broken === undefined && unrecorded.length === 0 ? 0 : 1;
}

/** What the acts tell of revisions. */
interface Recorded {
  /** The content hash of each revision that an act made, by its number. */
  readonly made: Map<number, string | null>;
  /** When the first act was, in milliseconds since the epoch; `Infinity` where there is none. */
  since: number;
}

/** @param record  gets what the acts tell */
async function firstBreak(
  client: ServerClient,
  reader: InstanceType<typeof import('#administration').ChainReader>,
  progress: Progress,
  record: Recorded,
): Promise<Break | undefined> {
  for await (const page of client.acts({ order: 'oldest', limit: PAGE })) {
    for (const act of page) {
      const broken = reader.next(actIn(act));
      if (broken !== undefined) return broken;
      if (record.since === Infinity) record.since = Date.parse(act.at);
      if (act.revision !== null && act.refused === null) record.made.set(act.revision, act.after);
    }
    progress.update(reader.last.sequence);
  }
  return reader.end();
}

async function newestRevision(client: ServerClient): Promise<number | undefined> {
  for await (const [newest] of client.revisions()) return newest?.number;
  return undefined;
}

interface WithoutAct {
  /** Revisions that no act made, or not with this content, the oldest first. */
  readonly unrecorded: readonly number[];
  /** How many more are older than the record. */
  readonly before: number;
}

const NONE: WithoutAct = { unrecorded: [], before: 0 };

/**
 * What was published before the first act of all,
 * and is before the first act of one, is older than the record. A record without any act of one tells nothing of that:
 * nothing else would remain of it when somebody emptied it.
 *
 * @param newest  what was there before the acts were read: a later one may have its act behind them
 */
async function revisionsWithoutAct(
  client: ServerClient,
  newest: number,
  { made, since }: Recorded,
  older: number | undefined,
): Promise<WithoutAct> {
  // Acts come in the order of the revisions that they made.
  const [first = 0] = made.keys();
  const isOlder = (number: number, publishedAt: string): boolean =>
    older === undefined ? number < first && Date.parse(publishedAt) < since : number <= older && !made.has(number);
  const unrecorded: number[] = [];
  let before = 0;
  for await (const page of client.revisions()) {
    for (const { number, contentHash, publishedAt } of page) {
      if (number > newest || made.get(number) === contentHash) continue;
      if (isOlder(number, publishedAt)) before += 1;
      else unrecorded.push(number);
    }
  }
  return { unrecorded: unrecorded.toReversed(), before };
}
