import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { installedBinaries } from './binaries.js';
import { EmbeddedPostgresFault } from './fault.js';
import { GUARD } from './guard.js';
import { handOver, identityFor, type Identity, type RootIdentityKind } from './identity.js';
import { isReady, lockHolder, lockText, waitUntilFree } from './lock.js';

export interface EmbeddedPostgresSettings {
  /** Where the data lies; made when it does not exist. */
  readonly folder: string;
  /** `none` may lose everything when the machine stops: for tests only. */
  readonly durability: 'full' | 'none';
  /** Says what takes a moment or may surprise. */
  readonly say?: (sentence: string) => void;
  /** Ways to run when we are root; all of them unless said otherwise. */
  readonly asRoot?: readonly RootIdentityKind[];
  /** The folder of the socket; made. Default a new one with a short name. */
  readonly socketFolder?: string;
  /** Milliseconds to wait for an earlier server on the same data to end. Default 15,000. */
  readonly patienceMilliseconds?: number;
}

export interface EmbeddedPostgres {
  /** Of the database `dharma`, through a socket in a folder that only we may enter. */
  readonly url: string;
  /** The same for another database. */
  urlOf(database: string): string;
  readonly pid: number;
  /** Where its socket lies; a server that takes its place there answers at the same address. */
  readonly socketFolder: string;
  /** Resolves when the server has ended, whatever the reason. */
  readonly ended: Promise<void>;
  /** Ends the server in order; resolves when it is gone. */
  stop(): Promise<void>;
}

const START_MILLISECONDS = 60_000;
const PATIENCE_MILLISECONDS = 15_000;
const POLL_MILLISECONDS = 10;
const RETRY_MILLISECONDS = 200;
const STILL_IN_USE = 'pre-existing shared memory block';
const USER = 'dharma';
/** Bytes a socket's path may have, everywhere; and what PostgreSQL adds to its folder. */
const MAXIMUM_SOCKET_PATH = 103;
const SOCKET_NAME = '/.s.PGSQL.5432';

/**
 * Starts a PostgreSQL of our own. It ends with this process, also when that is killed.
 *
 * @throws EmbeddedPostgresFault
 */
export async function startEmbeddedPostgres(settings: EmbeddedPostgresSettings): Promise<EmbeddedPostgres> {
  if (process.platform === 'win32') {
    throw new EmbeddedPostgresFault('the embedded PostgreSQL does not run on Windows; set `DHARMA_DATABASE_URL`');
  }
  const say = settings.say ?? (() => {});
  const asked = resolve(settings.folder);
  // Others may pass through, because one of them may have to run PostgreSQL; the data itself is closed to them.
  mkdirSync(asked, { recursive: true, mode: 0o711 });
  const identity = identityFor(asked, installedBinaries(), settings.asRoot);
  if (identity.folder !== asked) say(`PostgreSQL cannot reach \`${asked}\`; its data lies in \`${identity.folder}\``);
  const data = join(identity.folder, 'postgres');
  await initialise(data, identity, settings.durability, say);
  const patience = settings.patienceMilliseconds ?? PATIENCE_MILLISECONDS;
  await waitUntilFree(data, wait, patience);
  for (let waited = 0; ; waited += RETRY_MILLISECONDS) {
    try {
      return await launch(data, identity, settings);
    } catch (fault) {
      // Servants of a server that was killed notice it a moment later.
      const isPassing = fault instanceof EmbeddedPostgresFault && fault.message.includes(STILL_IN_USE);
      if (!isPassing || waited > patience) throw fault;
      await wait(RETRY_MILLISECONDS);
    }
  }
}

/** An initialisation that is cut off leaves a folder nobody looks at, and the next one removes it. */
async function initialise(
  data: string,
  identity: Identity,
  durability: EmbeddedPostgresSettings['durability'],
  say: (sentence: string) => void,
): Promise<void> {
  if (existsSync(join(data, 'PG_VERSION'))) return judgeVersion(data, identity);
  say('creating a database');
  for (const name of readdirSync(identity.folder)) {
    if (name.startsWith('postgres.new-')) rmSync(join(identity.folder, name), { recursive: true, force: true });
  }
  const unfinished = mkdtempSync(join(identity.folder, 'postgres.new-'));
  handOver(unfinished, identity);
  const { code, output } = await runInitdb(unfinished, identity, durability);
  if (code !== 0) {
    rmSync(unfinished, { recursive: true, force: true });
    throw new EmbeddedPostgresFault(`a database could not be created: ${lastLines(output)}`);
  }
  renameSync(unfinished, data);
}

async function runInitdb(
  data: string,
  { prefix, user, binaries }: Identity,
  durability: EmbeddedPostgresSettings['durability'],
): Promise<{ readonly code: number | null; readonly output: string }> {
  const [command = '', ...rest] = [
    ...prefix,
    binaries.initdb,
    `--pgdata=${data}`,
    `--username=${USER}`,
    '--encoding=UTF8',
    '--no-locale',
    // Whoever can enter the socket's folder is us; nothing listens elsewhere.
    '--auth-local=trust',
    '--auth-host=reject',
    ...(durability === 'none' ? ['--no-sync'] : []),
  ];
  const child = spawn(command, rest, { ...user, cwd: '/', env: environment(), stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const [code] = (await once(child, 'close').catch((fault: Error) => {
    output += fault.message;
    return [null];
  })) as [number | null];
  return { code, output };
}

function judgeVersion(data: string, { prefix, user, binaries }: Identity): void {
  const [command, ...rest] = [...prefix, binaries.postgres, '--version'];
  const ours = /\b(\d+)\.\d+/.exec(String(spawnSync(command, rest, { ...user, cwd: '/' }).stdout))?.[1];
  const theirs = readFileSync(join(data, 'PG_VERSION'), 'utf8').trim();
  if (ours === theirs) return;
  throw new EmbeddedPostgresFault(
    `\`${data}\` was written by PostgreSQL ${theirs}, and ours is ${ours}; export with the old release and start anew`,
  );
}

async function launch(
  data: string,
  identity: Identity,
  { durability, socketFolder }: EmbeddedPostgresSettings,
): Promise<EmbeddedPostgres> {
  const left = lockText(data);
  const sockets = socketFolder === undefined ? newSocketFolder() : emptySocketFolder(socketFolder, identity);
  handOver(sockets, identity);
  const logPath = join(identity.folder, 'postgres.log');
  const log = openSync(logPath, 'w', 0o600);
  const child = spawn('sh', ['-c', GUARD, 'sh', sockets, ...commandLine(data, sockets, identity, durability)], {
    ...identity.user,
    cwd: '/',
    env: environment(),
    // A group of its own: Ctrl-C is for us, and we have connections to close first.
    detached: true,
    stdio: ['pipe', log, log],
  });
  closeSync(log);
  const ended = new Promise<void>((done) => {
    child.once('close', () => done());
    child.once('error', () => done());
  });
  child.stdin!.on('error', () => {});
  const server: EmbeddedPostgres = {
    url: urlOf(sockets, USER),
    urlOf: (database) => urlOf(sockets, database),
    get pid() {
      return lockHolder(data) ?? 0;
    },
    socketFolder: sockets,
    ended,
    stop: async () => {
      // Whoever awaits the end may have nothing else left to do.
      child.ref();
      child.stdin!.end();
      await ended;
    },
  };
  await untilReady(() => isReady(data, left), child, logPath, server);
  await createDatabase(server);
  // Neither keeps a process alive that has nothing else to do.
  child.unref();
  (child.stdin as Socket).unref();
  return server;
}

function commandLine(
  data: string,
  sockets: string,
  { prefix, binaries }: Identity,
  durability: EmbeddedPostgresSettings['durability'],
): readonly string[] {
  const options = [
    'listen_addresses=',
    `unix_socket_directories=${sockets}`,
    'unix_socket_permissions=0700',
    'max_connections=60',
    'shared_buffers=32MB',
    // After a crash every file is synced before the start: a thousand calls, or this one.
    ...(process.platform === 'linux' ? ['recovery_init_sync_method=syncfs'] : []),
    ...(durability === 'none' ? ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'] : []),
  ];
  return [...prefix, binaries.postgres, '-D', data, ...options.flatMap((option) => ['-c', option])];
}

/** Short, whatever the length of the data's own path. */
function newSocketFolder(): string {
  const parent = [tmpdir(), '/tmp'].find(
    (path) => Buffer.byteLength(`${path}/dharma-123456${SOCKET_NAME}`) <= MAXIMUM_SOCKET_PATH,
  );
  const folder = mkdtempSync(join(parent ?? '/tmp', 'dharma-'));
  chmodSync(folder, 0o700);
  return folder;
}

/** @throws when somebody else's folder stands there */
function emptySocketFolder(folder: string, { user }: Identity): string {
  const owner = statSync(folder, { throwIfNoEntry: false })?.uid;
  if (owner !== undefined && [process.getuid?.(), user?.uid].includes(owner)) rmSync(folder, { recursive: true });
  mkdirSync(folder, { mode: 0o700 });
  return folder;
}

async function untilReady(
  isUp: () => boolean,
  child: ChildProcess,
  logPath: string,
  server: EmbeddedPostgres,
): Promise<void> {
  let hasEnded = false;
  void server.ended.then(() => (hasEnded = true));
  for (let waited = 0; !isUp(); waited += POLL_MILLISECONDS) {
    if (hasEnded || waited > START_MILLISECONDS) {
      await server.stop();
      throw new EmbeddedPostgresFault(
        `PostgreSQL did not start (exit code ${child.exitCode}): ${lastLines(readFileSync(logPath, 'utf8'))}`,
      );
    }
    await wait(POLL_MILLISECONDS);
  }
}

async function createDatabase(server: EmbeddedPostgres): Promise<void> {
  const { Client } = (await import('pg')).default;
  const client = new Client({ connectionString: server.urlOf('postgres') });
  // Between two statements nobody waits for an answer that could tell; the next one does.
  client.on('error', () => {});
  await client.connect();
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [USER]);
    if (rowCount === 0) await client.query(`create database ${USER}`);
  } finally {
    await client.end();
  }
}

function urlOf(sockets: string, database: string): string {
  return `postgresql://${USER}@localhost/${encodeURIComponent(database)}?host=${encodeURIComponent(sockets)}`;
}

/** Variables of ours, such as `PGDATA` or a locale, must not change what it does. */
function environment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' };
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-5).join('; ').slice(-2_000);
}
