import {
  type ActContext,
  approvalAct,
  contentHashOf,
  documentChanges,
  type DocumentChange,
  type DocumentKey,
  isOnNewest,
  judgeProvenance,
  judgePublication,
  type KeyedRevision,
  type Provenance,
  type Publication,
  publicationHash,
  publicationStep,
  type PublishOutcome,
  type Revision,
  revisionAct,
  RevisionCorrupt,
  RevisionStore,
  RevisionUnknown,
  type StoredDocument,
} from '#administration';
import { type Connected, storeFault } from './database.js';
import { appendAct, takeTurn } from './postgres-audit-log.js';
import { endProposal, isProposalOpen, PostgresProposalStore } from './postgres-proposal-store.js';
import { documentsAt, marksAt, type Sql } from './postgres-reading.js';
import { appendRevision, appendStep } from './postgres-writing.js';

export interface PostgresRevisionStoreParts {
  /** Migrated. */
  readonly dataSource: Connected;
  /** 0 to below 1; spreads the repetitions of publishers that got in one another's way. */
  readonly random: () => number;
  readonly wait: (milliseconds: number) => Promise<void>;
}

interface RevisionRow {
  readonly number: string;
  readonly epoch: number;
  readonly content_hash: string;
  readonly base: string | null;
  readonly published_at: Date;
  readonly author: string;
  readonly source: string;
  readonly because: string;
  readonly git_commit: string | null;
  readonly git_author: string | null;
  readonly request_hash: string;
}

const ATTEMPTS = 10;
const WAIT_MILLISECONDS = 20;
/** Serialisation failure, deadlock, and a number or key that another publisher took first. */
const CROSSED = new Set(['40001', '40P01', '23505']);

/** The history in PostgreSQL. Every method may throw a StoreFault. */
export class PostgresRevisionStore extends RevisionStore {
  readonly #parts: PostgresRevisionStoreParts;
  readonly proposals: PostgresProposalStore;

  constructor(parts: PostgresRevisionStoreParts) {
    super();
    this.#parts = parts;
    this.proposals = new PostgresProposalStore(parts.dataSource);
  }

  newest(): Promise<Revision | null> {
    return this.#reading(newestIn);
  }

  revision(number: number): Promise<Revision | null> {
    return this.#reading((sql) => revisionIn(sql, number));
  }

  publishedWith(idempotencyKey: string): Promise<KeyedRevision | null> {
    return this.#reading((sql) => keyedIn(sql, idempotencyKey));
  }

  list(page: { readonly below?: number; readonly limit: number }): Promise<readonly Revision[]> {
    return this.#reading(async (sql) => {
      const rows = await sql('select * from dharma.revision where number < $1 order by number desc limit $2', [
        page.below ?? Number.MAX_SAFE_INTEGER,
        page.limit,
      ]);
      return (rows as RevisionRow[]).map(toRevision);
    });
  }

  documents(number: number): Promise<readonly StoredDocument[]> {
    return this.#reading((sql) => wholeSet(sql, number));
  }

  changes(since: number, until: number): Promise<readonly DocumentChange[]> {
    return this.#reading(async (sql) => {
      for (const number of [since, until]) {
        if (number !== 0 && (await revisionIn(sql, number)) === null) throw new RevisionUnknown(number);
      }
      const range = [Math.min(since, until), Math.max(since, until)];
      // Only what was touched in between can differ, so only that is read.
      const rows = (await sql(
        'select distinct kind, name from dharma.document_change where revision > $1 and revision <= $2',
        range,
      )) as { kind: string; name: string }[];
      const [before, after] = [await documentsAt(sql, since, rows), await documentsAt(sql, until, rows)];
      return documentChanges(before, after);
    });
  }

  async touchedSince(since: number, keys: readonly DocumentKey[]): Promise<readonly DocumentKey[]> {
    if (keys.length === 0) return [];
    return this.#reading(async (sql) => {
      const rows = await sql(
        `select kind, name from unnest($2::text[], $3::text[]) as asked (kind, name)
         where exists (
           select from dharma.document_change c where c.kind = asked.kind and c.name = asked.name and c.revision > $1
         )`,
        [since, keys.map(({ kind }) => kind), keys.map(({ name }) => name)],
      );
      return rows as readonly DocumentKey[];
    });
  }

  async publish(publication: Publication, context: ActContext = {}): Promise<PublishOutcome> {
    judgePublication(publication);
    return this.#writing(async (sql): Promise<PublishOutcome> => {
      const { idempotencyKey, approves } = publication;
      const requestHash = publicationHash(publication);
      if (idempotencyKey !== undefined) {
        const earlier = await keyedIn(sql, idempotencyKey);
        if (earlier !== null) {
          const kind = earlier.requestHash === requestHash ? 'repeated' : 'key-reused';
          return { kind, revision: earlier.revision };
        }
      }
      if (approves !== undefined && !(await isProposalOpen(sql, approves.proposal))) return { kind: 'proposal-ended' };
      const newest = await newestIn(sql);
      if (!isOnNewest(publication, newest)) return { kind: 'superseded', current: newest };
      const base = newest?.number ?? 0;
      const step = publicationStep(publication, await marksAt(sql, base));
      if (step.put.length === 0 && step.remove.length === 0) return { kind: 'unchanged', revision: newest };
      const number = base + 1;
      const row = await appendRevision(sql, {
        epoch: newest?.epoch ?? 1,
        number,
        base: newest?.number ?? null,
        contentHash: step.contentHash,
        provenance: publication.provenance,
        idempotencyKey,
        requestHash,
      });
      await appendStep(sql, step, number);
      const revision = toRevision(row as RevisionRow);
      if (approves !== undefined) {
        await endProposal(sql, approves.proposal, { kind: 'approved', by: approves.by, revision: number });
      }
      const act = approves === undefined ? revisionAct(revision, newest) : approvalAct(revision, newest, approves);
      await appendAct(sql, act, context);
      return { kind: 'published', revision };
    });
  }

  async beginEpoch(provenance: Provenance, above: number, context: ActContext = {}): Promise<Revision> {
    judgeProvenance(provenance);
    return this.#writing(async (sql) => {
      const newest = await newestIn(sql);
      if (newest === null) throw new RevisionUnknown(0);
      const row = await appendRevision(sql, {
        epoch: newest.epoch + 1,
        number: Math.max(newest.number, above) + 1,
        base: newest.number,
        contentHash: newest.contentHash,
        provenance,
        idempotencyKey: undefined,
        requestHash: '',
      });
      const revision = toRevision(row as RevisionRow);
      await appendAct(sql, revisionAct(revision, newest), context);
      return revision;
    });
  }

  /** History only grows, so statements that name a number agree with one another without a transaction. */
  async #reading<Result>(read: (sql: Sql) => Promise<Result>): Promise<Result> {
    const { dataSource } = this.#parts;
    try {
      return await read((text, values) => dataSource.query(text, values as unknown[]));
    } catch (fault) {
      throw ours(fault);
    }
  }

  /** One serialisable transaction, begun again when another publisher crossed it. */
  async #writing<Result>(write: (sql: Sql) => Promise<Result>): Promise<Result> {
    const { dataSource, random, wait } = this.#parts;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await dataSource.transaction('SERIALIZABLE', async (manager) => {
          const sql: Sql = (text, values) => manager.query(text, values as unknown[]);
          await takeTurn(sql);
          return write(sql);
        });
      } catch (thrown) {
        const fault = ours(thrown);
        const isCrossed = 'code' in fault && CROSSED.has(String(fault.code));
        if (!isCrossed || attempt === ATTEMPTS) throw fault;
        await wait(WAIT_MILLISECONDS * attempt * random());
      }
    }
  }
}

async function wholeSet(sql: Sql, number: number): Promise<readonly StoredDocument[]> {
  if (number === 0) return [];
  const revision = await revisionIn(sql, number);
  if (revision === null) throw new RevisionUnknown(number);
  const documents = await documentsAt(sql, number);
  if (contentHashOf(documents) !== revision.contentHash) throw new RevisionCorrupt(number, 'its content hash differs');
  return documents;
}

async function newestIn(sql: Sql): Promise<Revision | null> {
  const [row] = (await sql('select * from dharma.revision order by number desc limit 1')) as RevisionRow[];
  return row === undefined ? null : toRevision(row);
}

async function revisionIn(sql: Sql, number: number): Promise<Revision | null> {
  if (!Number.isSafeInteger(number)) return null;
  const [row] = (await sql('select * from dharma.revision where number = $1', [number])) as RevisionRow[];
  return row === undefined ? null : toRevision(row);
}

async function keyedIn(sql: Sql, idempotencyKey: string): Promise<KeyedRevision | null> {
  const [row] = (await sql('select * from dharma.revision where idempotency_key = $1', [
    idempotencyKey,
  ])) as RevisionRow[];
  return row === undefined ? null : { revision: toRevision(row), requestHash: row.request_hash };
}

function toRevision(row: RevisionRow): Revision {
  return {
    epoch: row.epoch,
    number: Number(row.number),
    contentHash: row.content_hash,
    provenance: {
      author: row.author,
      source: row.source,
      because: row.because,
      gitCommit: row.git_commit ?? undefined,
      gitAuthor: row.git_author ?? undefined,
    },
    publishedAt: row.published_at.getTime(),
    base: row.base === null ? null : Number(row.base),
  };
}

function ours(fault: unknown): Error {
  return fault instanceof RevisionUnknown || fault instanceof RevisionCorrupt ? fault : storeFault(fault);
}
