import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  EmbeddedPostgresFault,
  type EmbeddedPostgresSettings,
  type RootIdentityKind,
  startEmbeddedPostgres,
} from '#store';
import { ask, preparedData } from '../support/postgres.js';

const isRoot = process.getuid?.() === 0;
const HOLDER = fileURLToPath(new URL('../support/embedded-postgres-holder.mjs', import.meta.url));

let home: string;
/** Initialised; tests leave it as they found it. */
let shared: string;
beforeAll(async () => {
  shared = await prepared(mkdtempSync(join(tmpdir(), 'dharma-embedded-')));
}, 60_000);
afterAll(() => rmSync(shared, { recursive: true, force: true }));
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'dharma-embedded-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const settings = (more: Partial<EmbeddedPostgresSettings> = {}): EmbeddedPostgresSettings => ({
  folder: join(home, 'data'),
  durability: 'none',
  ...more,
});

/** A data folder that needs no initialisation. */
async function prepared(folder = join(home, 'data')): Promise<string> {
  cpSync(await preparedData(), folder, { recursive: true });
  return folder;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A process that ended and was not waited for yet has no command line.
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== '';
  } catch {
    return false;
  }
}

async function untilGone(pid: number): Promise<void> {
  for (let waited = 0; isAlive(pid); waited += 20) {
    if (waited > 15_000) throw new Error(`process ${pid} is still there`);
    await wait(20);
  }
}

describe('a first start', () => {
  it('makes a database that is durable, in UTF-8, on no network', async () => {
    const server = await startEmbeddedPostgres(settings({ durability: 'full' }));
    try {
      const shown = async (name: string) => Object.values((await ask(server.url, `show ${name}`))[0]!)[0];
      expect(await shown('fsync')).toBe('on');
      expect(await shown('synchronous_commit')).toBe('on');
      expect(await shown('full_page_writes')).toBe('on');
      expect(await shown('server_encoding')).toBe('UTF8');
      expect(await shown('listen_addresses')).toBe('');
      expect(await ask(server.url, 'select current_database() as database')).toEqual([{ database: 'dharma' }]);
    } finally {
      await server.stop();
    }
  }, 30_000);

  it('clears away what an initialisation left that was cut off', async () => {
    const folder = join(home, 'data');
    mkdirSync(join(folder, 'postgres.new-abc', 'base'), { recursive: true });
    const server = await startEmbeddedPostgres(settings());
    await server.stop();
    expect(readdirSync(folder).sort()).toEqual(['postgres', 'postgres.log']);
  }, 30_000);
});

describe('a later start', () => {
  it('finds what was stored, and leaves no process and no socket behind', async () => {
    const first = await startEmbeddedPostgres(settings({ folder: shared }));
    await ask(first.url, 'create table stored as select 1 as one');
    const { pid } = first;
    const sockets = new URL(first.url).searchParams.get('host')!;
    expect([isAlive(pid), existsSync(sockets)]).toEqual([true, true]);
    await first.stop();
    expect([isAlive(pid), existsSync(sockets)]).toEqual([false, false]);
    const second = await startEmbeddedPostgres(settings({ folder: shared }));
    expect(await ask(second.url, 'select one from stored')).toEqual([{ one: 1 }]);
    await second.stop();
  });

  it('works under a path that is far too long for a socket', async () => {
    const folder = await prepared(join(home, 'a-folder-with-quite-a-long-name'.repeat(4), 'and another one'));
    const server = await startEmbeddedPostgres(settings({ folder }));
    expect(await ask(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await server.stop();
  });

  it.each<[because: string, lock: (data: string) => string]>([
    ['no such process lives', (data) => `999999999\n${data}\n1\n5432\n/tmp\n\n  1 1\nready   \n`],
    [
      'the process that lives is another program',
      (data) => `${process.pid}\n${data}\n1\n5432\n/tmp\n\n  1 1\nready   \n`,
    ],
  ])('takes a lock for stale when %s', async (_because, lock) => {
    const data = join(shared, 'postgres');
    writeFileSync(join(data, 'postmaster.pid'), lock(data), { mode: 0o600 });
    const server = await startEmbeddedPostgres(settings({ folder: shared }));
    expect(await ask(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await server.stop();
  });

  it('refuses data of another version, and says of which', async () => {
    const folder = await prepared();
    writeFileSync(join(folder, 'postgres', 'PG_VERSION'), '12\n');
    await expect(startEmbeddedPostgres(settings())).rejects.toThrow(/written by PostgreSQL 12, and ours is 18/);
  });

  it('says what PostgreSQL said when it does not start', async () => {
    const folder = await prepared();
    writeFileSync(join(folder, 'postgres', 'postgresql.conf'), 'no such setting\n');
    const fault = await startEmbeddedPostgres(settings()).catch((thrown) => thrown);
    expect(fault).toBeInstanceOf(EmbeddedPostgresFault);
    expect(fault.message).toMatch(/syntax error in file/);
  });
});

describe('an end nobody planned', () => {
  it('ends with a process that is killed, and the next start waits for that', async () => {
    const holder = spawn(process.execPath, [HOLDER, shared], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [said] = (await once(holder.stdout!, 'data')) as [Buffer];
    const { pid, url } = JSON.parse(String(said)) as { pid: number; url: string };
    await ask(url, 'create table kept as select 1 as one');
    expect(isAlive(pid)).toBe(true);
    holder.kill('SIGKILL');
    const next = await startEmbeddedPostgres(settings({ folder: shared }));
    expect(isAlive(pid)).toBe(false);
    expect(await ask(next.url, 'select one from kept')).toEqual([{ one: 1 }]);
    await next.stop();
  }, 30_000);

  it('is refused while another one runs, which goes on', async () => {
    const server = await startEmbeddedPostgres(settings({ folder: shared }));
    const second = startEmbeddedPostgres(settings({ folder: shared, patienceMilliseconds: 100 }));
    await expect(second).rejects.toThrow(/in use by another PostgreSQL/);
    expect(await ask(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await server.stop();
  });

  it('starts again after PostgreSQL itself was killed, and says that it ended', async () => {
    const first = await startEmbeddedPostgres(settings({ folder: shared }));
    const { pid } = first;
    process.kill(pid, 'SIGKILL');
    await first.ended;
    await untilGone(pid);
    const second = await startEmbeddedPostgres(settings({ folder: shared }));
    expect(second.pid).not.toBe(pid);
    expect(await ask(second.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await second.stop();
  });
});

(isRoot ? describe : describe.skip)('started by root', () => {
  it.each<[kind: RootIdentityKind, because: string, mode: number]>([
    ['namespace', 'whoever may enter', 0o700],
    ['nobody', 'when everybody may enter', 0o755],
    ['nobody-elsewhere', 'when nobody may enter', 0o700],
  ])(
    'runs as `%s` %s',
    async (kind, _because, mode) => {
      // A machine may forbid user namespaces; then there are the other two.
      if (kind === 'namespace' && !hasNamespaces()) return;
      chmodSync(home, mode);
      const said: string[] = [];
      const server = await startEmbeddedPostgres(settings({ asRoot: [kind], say: (sentence) => said.push(sentence) }));
      const elsewhere = /its data lies in `(\/var\/lib\/dharma\/[0-9a-f]{16})/.exec(said.join())?.[1];
      try {
        expect(await ask(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
        expect(elsewhere !== undefined).toBe(kind === 'nobody-elsewhere');
      } finally {
        await server.stop();
        if (elsewhere !== undefined) rmSync(elsewhere, { recursive: true });
      }
    },
    60_000,
  );

  it('says what to do when no way works', async () => {
    await expect(startEmbeddedPostgres(settings({ asRoot: [] }))).rejects.toThrow(/start as an ordinary user/);
  });
});

function hasNamespaces(): boolean {
  return spawnSync('unshare', ['--user', '--map-user=65534', '--map-group=65534', 'true']).status === 0;
}
