import { databaseUrl, onDatabase } from './database.js';
import { type ExitCode, Stop, type Terminal } from './terminal.js';

export interface MigrateOptions {
  readonly databaseUrl?: string;
  /** Changes nothing, and fails when something is missing. */
  readonly check: boolean;
  /** Role of the database that shall be able to serve: read all, append to the history, nothing else. */
  readonly grantServing?: string;
}

/** Brings a database up to date and names what was run, one migration a line. */
export async function migrate(terminal: Terminal, options: MigrateOptions): Promise<ExitCode> {
  const { check, grantServing: role } = options;
  if (check && role !== undefined) {
    throw new Stop(2, '`--check` changes nothing, `--grant-serving` does; leave one out');
  }
  const url = await databaseUrl(terminal, options.databaseUrl);
  const { grantServing, migrateDatabase } = await import('#store');
  const ran = await onDatabase(() => migrateDatabase(url, check ? 'check' : 'auto'));
  for (const name of ran) await terminal.out.line(name);
  await terminal.aside.line(ran.length === 0 ? 'the database is up to date' : `${ran.length} migrations were run`);
  if (role !== undefined) {
    await onDatabase(() => grantServing(url, role));
    await terminal.aside.line(`\`${role}\` may serve: it reads everything and appends to the history`);
  }
  return 0;
}
