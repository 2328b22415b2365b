import { Stop, type Terminal } from './terminal.js';

/**
 * The database that a verb works on.
 *
 * @param flag  what `--database-url` says
 * @throws Stop with 2 when none is named
 */
export async function databaseUrl(terminal: Terminal, flag: string | undefined): Promise<string> {
  const url = flag ?? terminal.environment['DHARMA_DATABASE_URL'] ?? '';
  if (url === '') throw new Stop(2, 'no database is named; set `DHARMA_DATABASE_URL` or give `--database-url`');
  if (!/^postgres(?:ql)?:\/\//.test(url)) {
    // Not quoted: a mistyped URL may still hold a password.
    throw new Stop(2, 'the database is named by a URL that begins with `postgresql://`');
  }
  if (flag !== undefined && URL.canParse(flag) && new URL(flag).password !== '') {
    await terminal.aside.line(
      'the password in `--database-url` can be seen in lists of processes; set `DHARMA_DATABASE_URL` instead',
    );
  }
  return url;
}

/**
 * Runs work on a database.
 *
 * @throws Stop with 3 when it cannot be reached, 1 when it refuses
 */
export async function onDatabase<Result>(work: () => Promise<Result>): Promise<Result> {
  const { MigrationsMissing, StoreFault } = await import('#store');
  try {
    return await work();
  } catch (fault) {
    if (fault instanceof StoreFault) throw new Stop(fault.kind === 'unavailable' ? 3 : 1, fault.message);
    if (fault instanceof MigrationsMissing) throw new Stop(1, [fault.message, ...fault.missing].join('\n  '));
    throw fault;
  }
}
