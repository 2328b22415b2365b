import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
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
 * Runs work on the database that is named, or else on the PostgreSQL of our own that a stopped server left here.
 *
 * @param flag  what `--database-url` says
 * @throws Stop with 2 when there is neither, 1 when a server runs on it
 */
export async function onOwnDatabase<Result>(
  terminal: Terminal,
  flag: string | undefined,
  work: (url: string) => Promise<Result>,
): Promise<Result> {
  const data = terminal.environment['DHARMA_DATA_DIR'] || '.dharma';
  const folder = resolve(terminal.cwd, data, EMBEDDED_FOLDER);
  const isNamed = flag !== undefined || (terminal.environment['DHARMA_DATABASE_URL'] ?? '') !== '';
  if (isNamed || !existsSync(folder)) {
    const url = await databaseUrl(terminal, flag);
    return onDatabase(() => work(url));
  }
  const { EmbeddedPostgresFault, startEmbeddedPostgres } = await import('#store');
  const embedded = await startEmbeddedPostgres({
    folder,
    durability: 'full',
    say: (sentence) => void terminal.aside.line(sentence).catch(() => undefined),
    patienceMilliseconds: PATIENCE_MILLISECONDS,
  }).catch((fault: unknown) => {
    throw fault instanceof EmbeddedPostgresFault ? new Stop(1, `${fault.message}\nstop the server first`) : fault;
  });
  try {
    return await onDatabase(() => work(embedded.url));
  } finally {
    await embedded.stop();
  }
}

/** Below the data folder, where the server keeps its own. */
const EMBEDDED_FOLDER = 'postgresql';
/** A server that was stopped a moment ago may still be ending. */
const PATIENCE_MILLISECONDS = 2_000;

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
