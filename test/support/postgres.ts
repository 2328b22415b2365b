import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import type { EmbeddedPostgres } from '#store';
import { built } from './built.js';

const { migrateDatabase, startEmbeddedPostgres } = await built<typeof import('#store')>('#store');

/** A PostgreSQL for one test file, with a migrated template. */
export interface TestPostgres {
  readonly server: EmbeddedPostgres;
  /** The URL of a new database with our tables. */
  migrated(): Promise<string>;
  /** The URL of a new database with nothing in it. */
  empty(): Promise<string>;
  /** The URL of a new database equal to another one, whose connections are cut. */
  copyOf(url: string): Promise<string>;
  stop(): Promise<void>;
}

const CACHE = fileURLToPath(new URL('../../node_modules/.cache/dharma-test-postgres', import.meta.url));

/** The first one ever takes a second longer: it leaves a prepared data folder behind for all others. */
export async function startTestPostgres(): Promise<TestPostgres> {
  const folder = mkdtempSync(join(tmpdir(), 'dharma-test-postgres-'));
  cpSync(await preparedData(), folder, { recursive: true });
  const server = await startEmbeddedPostgres({ folder, durability: 'none' });
  await migrateDatabase(server.urlOf('template'), 'auto');
  let count = 0;
  const create = async (template: string): Promise<string> => {
    count += 1;
    // Whose files are in memory is copied faster than written to the log: 25 ms instead of 50.
    await administer(server, `create database test_${count} template ${template} strategy file_copy`);
    return server.urlOf(`test_${count}`);
  };
  return {
    server,
    migrated: () => create('template'),
    empty: () => create('template0'),
    copyOf: async (url) => {
      const name = new URL(url).pathname.slice(1);
      await administer(server, `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`);
      return create(name);
    },
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A data folder to copy; making one anew takes a second or two. */
export async function preparedData(): Promise<string> {
  if (!existsSync(CACHE)) await prepare();
  return CACHE;
}

/** Runs one statement as the owner of everything, outside of the databases under test. */
export async function administer(server: EmbeddedPostgres, statement: string): Promise<void> {
  await ask(server.urlOf('postgres'), statement);
}

/** Runs one statement on a connection of its own. */
export async function ask<Row extends pg.QueryResultRow>(url: string, statement: string): Promise<readonly Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(statement)).rows;
  } finally {
    await client.end();
  }
}

async function prepare(): Promise<void> {
  mkdirSync(join(CACHE, '..'), { recursive: true });
  const unfinished = mkdtempSync(`${CACHE}.new-`);
  const server = await startEmbeddedPostgres({ folder: unfinished, durability: 'none' });
  await administer(server, 'create database template');
  await server.stop();
  try {
    renameSync(unfinished, CACHE);
  } catch {
    // Another test file was first.
    rmSync(unfinished, { recursive: true, force: true });
  }
}
