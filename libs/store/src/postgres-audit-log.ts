import {
  type Act,
  type ActContext,
  type ActFilter,
  type ActPage,
  AuditLog,
  inContext,
  judgeAct,
  type NewAct,
} from '#administration';
import { type Connected, storeFault } from './database.js';
import type { Sql } from './postgres-reading.js';

interface ActRow {
  readonly sequence: string;
  /** A number where it is infinite. */
  readonly at: Date | number;
  readonly database_role: string;
  readonly operator: string;
  readonly credential: string | null;
  readonly act: string;
  readonly object: string;
  readonly refused: string | null;
  readonly hash_before: string | null;
  readonly hash_after: string | null;
  readonly revision: string | null;
  readonly request_id: string | null;
  readonly address: string | null;
  readonly previous_hash: string;
  readonly hash: string;
}

/** The latest instant that there is, in milliseconds since 1970. */
const END_OF_TIME = 8_640_000_000_000_000;
/** Of a statement of somebody who has their turn: one that hangs holds up everybody else. */
const STATEMENT_MILLISECONDS = 25_000;

/** The audit log in PostgreSQL, whose triggers make the links. Every method may throw a StoreFault. */
export class PostgresAuditLog extends AuditLog {
  readonly #dataSource: Connected;

  /** @param dataSource  migrated */
  constructor(dataSource: Connected) {
    super();
    this.#dataSource = dataSource;
  }

  async append(act: NewAct): Promise<Act> {
    judgeAct(act);
    return inTurn(this.#dataSource, (sql) => appendAct(sql, act));
  }

  async list(
    { operator, act, object, revision, since, until }: ActFilter,
    { order, behind, limit }: ActPage,
  ): Promise<readonly Act[]> {
    const conditions: string[] = [];
    const values: unknown[] = [limit];
    const narrow = (value: unknown, condition: (place: string) => string) => {
      if (value === undefined) return;
      values.push(value);
      conditions.push(condition(`$${values.length}`));
    };
    narrow(operator, (place) => `(operator = ${place} or credential = ${place})`);
    narrow(act, (place) => `act = ${place}`);
    narrow(object, (place) => `object = ${place}`);
    narrow(revision, (place) => `revision = ${place}`);
    narrow(since === undefined ? undefined : new Date(since), (place) => `at >= ${place}`);
    narrow(until === undefined ? undefined : new Date(until), (place) => `at < ${place}`);
    const [sign, direction] = order === 'newest' ? ['<', 'desc'] : ['>', 'asc'];
    narrow(behind, (place) => `sequence ${sign} ${place}`);
    const where = conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`;
    try {
      const rows = (await this.#dataSource.query(
        `select * from dharma.audit ${where} order by sequence ${direction} limit $1`,
        values,
      )) as readonly ActRow[];
      return rows.map(toAct);
    } catch (fault) {
      throw storeFault(fault);
    }
  }
}

/**
 * Stands in line with all who append an act; to be called before a transaction looks at anything, whatever it locks
 * later. Who is first in line is so the only one who writes, and what one hangs on is not another's.
 */
export async function takeTurn(sql: Sql): Promise<void> {
  await sql(`set local statement_timeout = ${STATEMENT_MILLISECONDS}`);
  // A client that fell silent with its turn would hold up all others.
  await sql(`set local idle_in_transaction_session_timeout = ${STATEMENT_MILLISECONDS}`);
  await sql('lock table dharma.audit_turn in exclusive mode');
}

/** Runs what appends one act, in a transaction of its own. @throws StoreFault */
export async function inTurn<Result>(dataSource: Connected, work: (sql: Sql) => Promise<Result>): Promise<Result> {
  try {
    return await dataSource.transaction(async (manager) => {
      const sql: Sql = (text, values) => manager.query(text, values as unknown[]);
      await takeTurn(sql);
      return work(sql);
    });
  } catch (fault) {
    throw storeFault(fault);
  }
}

/** @returns the link as the database made it */
export async function appendAct(sql: Sql, said: NewAct, context: ActContext = said): Promise<Act> {
  const act = inContext(said, context);
  const [row] = (await sql(
    `insert into dharma.audit (operator, credential, act, object, refused, hash_before, hash_after, revision, request_id, address)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning *`,
    [
      act.operator,
      act.credential ?? null,
      act.act,
      act.object,
      act.refused ?? null,
      act.before ?? null,
      act.after ?? null,
      act.revision ?? null,
      act.requestId ?? null,
      act.address ?? null,
    ],
  )) as readonly ActRow[];
  return toAct(row!);
}

function toAct(row: ActRow): Act {
  return {
    sequence: Number(row.sequence),
    at: millisecondsOf(row.at),
    databaseRole: row.database_role,
    operator: row.operator,
    credential: row.credential,
    act: row.act,
    object: row.object,
    refused: row.refused,
    before: row.hash_before,
    after: row.hash_after,
    revision: row.revision === null ? null : Number(row.revision),
    requestId: row.request_id,
    address: row.address,
    previous: row.previous_hash,
    hash: row.hash,
  };
}

/**
 * What no instant stands for was written past us, and has no hash that holds. It is read all the same: a row that cannot be
 * shown would hide which one it is.
 */
function millisecondsOf(at: Date | number): number {
  const milliseconds = Number(at);
  return Number.isFinite(milliseconds) ? milliseconds : END_OF_TIME;
}
