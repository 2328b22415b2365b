import { execFile } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { jest } from '@jest/globals';
import { migrateDatabase, openDatabase, PostgresCredentialStore, startEmbeddedPostgres } from '#store';
import { administer, ask, preparedData, startTestPostgres, type TestPostgres } from '../support/postgres.js';
import { dharma, folderWith } from './program.js';

/** Many steps a test, on a machine that may be busy. */
jest.setTimeout(60_000);

const DHARMA = fileURLToPath(new URL('../../dharma', import.meta.url));
let postgres: TestPostgres;

beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(() => postgres.stop());

describe('dharma migrate', () => {
  it('brings an empty database up to date, once', async () => {
    const environment = { DHARMA_DATABASE_URL: await postgres.empty() };
    const first = await dharma(['migrate'], { environment });
    expect(first).toMatchObject({ code: 0, stderr: expect.stringMatching(/^\d+ migrations were run\n$/) });
    expect(first.stdout.trim().split('\n').length).toBeGreaterThan(0);
    const second = await dharma(['migrate'], { environment });
    expect(second).toEqual({ code: 0, stdout: '', stderr: 'the database is up to date\n' });
  });

  it('only looks with --check', async () => {
    const environment = { DHARMA_DATABASE_URL: await postgres.empty() };
    const missing = await dharma(['migrate', '--check'], { environment });
    expect(missing).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('run `dharma migrate`') });
    await dharma(['migrate'], { environment });
    expect(await dharma(['migrate', '--check'], { environment })).toMatchObject({ code: 0 });
  });

  it('lets a role serve', async () => {
    const url = await postgres.migrated();
    await administer(postgres.server, 'create role serving login');
    const environment = { DHARMA_DATABASE_URL: url };
    const { code, stderr } = await dharma(['migrate', '--grant-serving', 'serving'], { environment });
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('`serving` may serve') });
    const can = (right: string) => `has_table_privilege('serving', 'dharma.revision', '${right}') as ${right}`;
    const rights = ['select', 'insert', 'update', 'delete'].map(can).join(', ');
    expect(await ask(url, `select ${rights}`)).toEqual([{ select: true, insert: true, update: false, delete: false }]);
  });

  it.each`
    because                            | argv                                                         | code | message
    ${'no database is named'}          | ${[]}                                                        | ${2} | ${'no database is named'}
    ${'it is no PostgreSQL'}           | ${['--database-url', 'mysql://a:hidden@b/c']}                | ${2} | ${'begins with `postgresql://`'}
    ${'looking and changing differ'}   | ${['--check', '--grant-serving', 'x']}                       | ${2} | ${'leave one out'}
    ${'nothing listens there'}         | ${['--database-url', 'postgresql://a:hidden@127.0.0.1:1/c']} | ${3} | ${'the database cannot be reached'}
    ${'lists of processes show flags'} | ${['--database-url', 'postgresql://a:hidden@127.0.0.1:1/c']} | ${3} | ${'can be seen in lists of processes'}
  `('says what is wrong when $because', async ({ argv, code, message }) => {
    const ran = await dharma(['migrate', ...argv]);
    expect(ran).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(message) });
    expect(ran.stderr).not.toContain('hidden');
  });

  it('says that a role does not exist', async () => {
    const environment = { DHARMA_DATABASE_URL: await postgres.migrated() };
    const { code, stderr } = await dharma(['migrate', '--grant-serving', 'nobody'], { environment });
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('"nobody" does not exist') });
  });
});

describe('dharma operators recover', () => {
  it('makes a token that counts, into a file', async () => {
    const url = await postgres.migrated();
    const cwd = folderWith({});
    const argv = ['operators', 'recover', '--name', 'ann', '--out', 'token'];
    const { code, stdout } = await dharma(argv, { cwd, environment: { DHARMA_DATABASE_URL: url } });
    expect(code).toBe(0);
    const token = readFileSync(join(cwd, 'token'), 'utf8').trim();
    expect(token).toMatch(new RegExp(`^${stdout.trim()}\\..{43}$`));
    const dataSource = await openDatabase({ url, connections: 1 });
    try {
      const found = await new PostgresCredentialStore(dataSource).find(stdout.trim());
      expect(found).toMatchObject({ kind: 'operator-token', name: 'ann', createdBy: 'database access' });
    } finally {
      await dataSource.destroy();
    }
  });

  describe('without a URL', () => {
    let cwd: string;
    beforeEach(async () => {
      cwd = folderWith({ 'data/.keep': '' });
      cpSync(await preparedData(), join(cwd, 'data/postgresql'), { recursive: true });
    });
    const ownPostgres = () => startEmbeddedPostgres({ folder: join(cwd, 'data/postgresql'), durability: 'none' });
    const recover = () =>
      dharma(['operators', 'recover', '--name', 'ann', '--out', 'token'], {
        cwd,
        environment: { DHARMA_DATA_DIR: 'data' },
      });

    it('uses the PostgreSQL that a stopped server left, as a program of its own', async () => {
      const before = await ownPostgres();
      await migrateDatabase(before.url, 'auto');
      await before.stop();
      // In a process with nothing else to do: it must not end before the PostgreSQL has.
      const argv = [DHARMA, 'operators', 'recover', '--name', 'ann', '--out', 'token'];
      const environment = { PATH: process.env['PATH'], DHARMA_DATA_DIR: 'data' };
      const { stdout } = await promisify(execFile)(process.execPath, argv, { cwd, env: environment });
      expect(readFileSync(join(cwd, 'token'), 'utf8')).toMatch(new RegExp(`^${stdout.trim()}\\..{43}\n$`));
      const after = await ownPostgres();
      try {
        expect(await ask(after.url, 'select id, name from dharma.credential')).toEqual([
          { id: stdout.trim(), name: 'ann' },
        ]);
      } finally {
        await after.stop();
      }
    });

    it('keeps away from a running server', async () => {
      const running = await ownPostgres();
      try {
        const ran = await recover();
        expect(ran).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('stop the server first') });
      } finally {
        await running.stop();
      }
    });
  });

  it.each`
    because                         | database      | argv                  | code | message
    ${'its tables are not there'}   | ${'empty'}    | ${['--out', 'token']} | ${1} | ${'run `dharma migrate`'}
    ${'a pipe may lead anywhere'}   | ${'migrated'} | ${[]}                 | ${2} | ${'shown on a terminal only'}
    ${'no database can be reached'} | ${'none'}     | ${['--out', 'token']} | ${3} | ${'the database cannot be reached'}
  `('makes none when $because', async ({ database, argv, code, message }) => {
    const urls: { readonly [name: string]: () => Promise<string> } = {
      empty: () => postgres.empty(),
      migrated: () => postgres.migrated(),
      none: async () => 'postgresql://ann@127.0.0.1:1/dharma',
    };
    const environment = { DHARMA_DATABASE_URL: await urls[database]!() };
    const ran = await dharma(['operators', 'recover', '--name', 'ann', ...argv], { cwd: folderWith({}), environment });
    expect(ran).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(message) });
  });
});
