import type { DataSource } from 'typeorm';
import { migrations } from '#migrations';
import { MIGRATION_TABLE, openDatabase, SCHEMA, storeFault } from './database.js';

/** `auto`: bring the database up to date; `check`: refuse one that is not; `off`: do not look. */
export type MigrateMode = 'auto' | 'check' | 'off';

/** Any number will do as long as nobody else's program uses it: the bytes of "dharma". */
const LOCK = '110399474265441';
const LOCK_WAIT_MILLISECONDS = 120_000;

/** The database is not as this program needs it. */
export class MigrationsMissing extends Error {
  override readonly name = 'MigrationsMissing';

  constructor(readonly missing: readonly string[]) {
    super(`the database lacks ${missing.length} of our migrations; run \`dharma migrate\``);
  }
}

/**
 * Several servers may start at once: one migrates under an advisory lock, the others wait and find nothing to do. A role
 * without rights to create anything passes when nothing is missing.
 *
 * @returns names of the migrations that were run
 * @throws MigrationsMissing  under `check`
 * @throws StoreFault
 */
export async function migrateDatabase(url: string, mode: MigrateMode): Promise<readonly string[]> {
  if (mode === 'off') return [];
  // One connection holds the lock while another one migrates. Migrations may take their time.
  const dataSource = await openDatabase({ url, connections: 2, statementTimeoutMilliseconds: 0 });
  try {
    const missing = await missingMigrations(dataSource);
    if (missing.length === 0) return [];
    if (mode === 'check') throw new MigrationsMissing(missing);
    return await underLock(dataSource, async () => {
      await dataSource.query(`create schema if not exists ${SCHEMA}`);
      const ran = await dataSource.runMigrations({ transaction: 'each' });
      return ran.map(({ name }) => name);
    });
  } catch (fault) {
    throw fault instanceof MigrationsMissing ? fault : storeFault(fault);
  } finally {
    await dataSource.destroy();
  }
}

/**
 * Lets a role read everything, append to the history and to the audit log, add and revoke credentials, note when they were
 * used, say that a server is there, record decisions and have whole old days of them dropped, add and end proposals and forget what
 * they asked for; nothing else.
 *
 * @param role  a role of the database, which exists
 * @throws StoreFault
 */
export async function grantServing(url: string, role: string): Promise<void> {
  const dataSource = await openDatabase({ url, connections: 1 });
  try {
    const [{ quoted }] = (await dataSource.query('select quote_ident($1) as quoted', [role])) as [{ quoted: string }];
    await dataSource.query(`
      grant usage on schema ${SCHEMA} to ${quoted};
      grant select on all tables in schema ${SCHEMA} to ${quoted};
      grant insert on ${SCHEMA}.revision, ${SCHEMA}.content, ${SCHEMA}.document_change, ${SCHEMA}.item_change to ${quoted};
      grant insert on ${SCHEMA}.credential, ${SCHEMA}.credential_revocation to ${quoted};
      grant insert, update on ${SCHEMA}.credential_use to ${quoted};
      grant insert on ${SCHEMA}.decision to ${quoted};
      grant execute on function ${SCHEMA}.keep_decision_days(integer) to ${quoted};
      grant insert on ${SCHEMA}.audit to ${quoted};
      grant update on ${SCHEMA}.audit_turn to ${quoted};
      grant insert, update, delete on ${SCHEMA}.server to ${quoted};
      grant insert on ${SCHEMA}.proposal, ${SCHEMA}.proposal_place, ${SCHEMA}.proposal_end to ${quoted};
      grant insert, delete on ${SCHEMA}.proposal_content to ${quoted};
    `);
  } catch (fault) {
    throw storeFault(fault);
  } finally {
    await dataSource.destroy();
  }
}

/** Reads only, so that a role without rights to create anything can ask. */
async function missingMigrations(dataSource: DataSource): Promise<readonly string[]> {
  const table = `${SCHEMA}.${MIGRATION_TABLE}`;
  const [{ exists }] = (await dataSource.query('select to_regclass($1) is not null as exists', [table])) as [
    { exists: boolean },
  ];
  const rows = exists ? ((await dataSource.query(`select name from ${table}`)) as { name: string }[]) : [];
  const present = new Set(rows.map(({ name }) => name));
  return migrations.map(({ name }) => name).filter((name) => !present.has(name));
}

async function underLock<Result>(dataSource: DataSource, work: () => Promise<Result>): Promise<Result> {
  const holder = dataSource.createQueryRunner();
  try {
    await holder.query(`set lock_timeout = ${LOCK_WAIT_MILLISECONDS}`);
    await holder.query(`select pg_advisory_lock(${LOCK})`);
    try {
      return await work();
    } finally {
      await holder.query(`select pg_advisory_unlock(${LOCK})`);
    }
  } finally {
    await holder.release();
  }
}
