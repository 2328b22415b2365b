import pg from 'pg';
import { DataSource } from 'typeorm';
import { StoreFault } from '#administration';
import { migrations } from '#migrations';

/** Where everything of ours lies in a database. */
export const SCHEMA = 'dharma';
export const MIGRATION_TABLE = 'migration';

export interface DatabaseSettings {
  /** `postgresql://user:password@host:port/database`; a host that begins with `/` (as `?host=/dir`) is a socket's folder. */
  readonly url: string;
  /** Connections at most. Default 4. */
  readonly connections?: number;
  /** Milliseconds to wait for the answer to a statement, 0 for no bound. Default 30,000. */
  readonly statementTimeoutMilliseconds?: number;
  /** Milliseconds to wait for a connection. Default 5,000. */
  readonly connectTimeoutMilliseconds?: number;
}

/** What the stores need of a data source. */
export type Connected = Pick<DataSource, 'query' | 'transaction'>;

/**
 * A connected data source for the store and the migrations. Nothing is created by opening one. Entities have not earned
 * their place: rows are only appended and read by set, which SQL says more plainly.
 *
 * @throws StoreFault  see {@link storeFault}
 */
export async function openDatabase(settings: DatabaseSettings): Promise<DataSource> {
  const dataSource = new DataSource({
    type: 'postgres',
    url: settings.url,
    schema: SCHEMA,
    applicationName: 'dharma',
    installExtensions: false,
    synchronize: false,
    migrationsRun: false,
    logging: false,
    migrations: [...migrations],
    migrationsTableName: MIGRATION_TABLE,
    migrationsTransactionMode: 'each',
    poolSize: settings.connections ?? 4,
    connectTimeoutMS: settings.connectTimeoutMilliseconds ?? 5_000,
    extra: {
      // Measured here: poolers refuse connections that ask for a `statement_timeout`.
      query_timeout: settings.statementTimeoutMilliseconds ?? 30_000,
      Client: HeardClient,
    },
  });
  try {
    return await dataSource.initialize();
  } catch (fault) {
    throw storeFault(fault);
  }
}

/**
 * A connection whose end is no surprise. The pool stops listening when it hands one out, and the framework begins a moment
 * later: the words of a database that stops, read together with its readiness, found nobody and ended the process.
 */
class HeardClient extends pg.Client {
  constructor(config?: pg.ClientConfig) {
    super(config);
    // Whoever uses the connection, or asks for the next one, learns of it.
    this.on('error', () => {});
  }
}

/** Read-only transactions, recovery. */
const READ_ONLY = new Set(['25006']);
/** Connection, resources, operator intervention, system: classes of SQLSTATE that pass. */
const PASSING = /^(?:08|53|57|58|XX)/;
/** Not `EPIPE`: no class of SQLSTATE begins with E. */
const SQLSTATE = /^(?!E)[0-9A-Z]{5}$/;

/** What a driver threw, without SQL and parameters. */
export function storeFault(thrown: unknown): StoreFault {
  if (thrown instanceof StoreFault) return thrown;
  const fault = (thrown ?? {}) as { code?: unknown; constraint?: unknown; table?: unknown; message?: unknown };
  const code = typeof fault.code === 'string' ? fault.code : '';
  const constraint = typeof fault.constraint === 'string' ? fault.constraint : undefined;
  if (!SQLSTATE.test(code)) {
    return new StoreFault(
      'unavailable',
      code,
      undefined,
      `the database cannot be reached: ${firstLine(fault.message)}`,
    );
  }
  const kind = READ_ONLY.has(code) ? 'read-only' : PASSING.test(code) ? 'unavailable' : 'refused';
  return new StoreFault(kind, code, constraint, `the database answered ${code}: ${firstLine(fault.message)}`);
}

function firstLine(message: unknown): string {
  return String(message ?? 'no reason was given')
    .split('\n')[0]!
    .slice(0, 300);
}
