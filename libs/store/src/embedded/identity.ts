import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, chownSync, cpSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Binaries, binariesIn } from './binaries.js';
import { EmbeddedPostgresFault } from './fault.js';

/** As whom PostgreSQL runs, and from where. It refuses to run as root. */
export interface Identity {
  readonly kind: 'self' | 'namespace' | 'nobody' | 'nobody-elsewhere';
  /** Put before every command. */
  readonly prefix: readonly string[];
  /** Absent: ours. */
  readonly user?: { readonly uid: number; readonly gid: number };
  readonly binaries: Binaries;
  /** Where the data lies. */
  readonly folder: string;
}

export type RootIdentityKind = Exclude<Identity['kind'], 'self'>;

const NOBODY_ID = '65534';
/** Only root writes in its parents, so nobody can prepare what we find there. */
const ELSEWHERE = '/var/lib/dharma';

/**
 * Finds a way in that works here. For root, in this order: a user namespace, in which files stay root's and nothing has
 * to be reachable for others; the user `nobody`; the user `nobody` with a copy of the binaries and the data outside
 * places that only root may enter.
 *
 * @param folder  exists
 * @param allowed  the ways root may take
 * @throws EmbeddedPostgresFault
 */
export function identityFor(
  folder: string,
  binaries: Binaries,
  allowed: readonly RootIdentityKind[] = ['namespace', 'nobody', 'nobody-elsewhere'],
): Identity {
  if (process.getuid?.() !== 0) return { kind: 'self', prefix: [], binaries, folder };
  for (const kind of allowed) {
    const identity = tryAs(kind, folder, binaries);
    if (identity !== undefined) return identity;
  }
  throw new EmbeddedPostgresFault(
    'PostgreSQL does not run as root, and no way around it works here (user namespaces, the user `nobody`); ' +
      'start as an ordinary user, or set `DHARMA_DATABASE_URL`',
  );
}

/** Gives everything below a path to the one PostgreSQL runs as. */
export function handOver(path: string, { user }: Identity): void {
  if (user === undefined) return;
  chownSync(path, user.uid, user.gid);
  if (!lstatSync(path).isDirectory()) return;
  for (const name of readdirSync(path)) handOver(join(path, name), { user } as Identity);
}

function tryAs(kind: RootIdentityKind, folder: string, binaries: Binaries): Identity | undefined {
  switch (kind) {
    case 'namespace': {
      const prefix = ['unshare', '--user', `--map-user=${NOBODY_ID}`, `--map-group=${NOBODY_ID}`];
      return usable({ kind, prefix, binaries, folder });
    }
    case 'nobody': {
      const user = nobody();
      return user && usable({ kind, prefix: [], user, binaries, folder });
    }
    case 'nobody-elsewhere': {
      const user = nobody();
      return user && usable({ kind, prefix: [], user, ...elsewhere(folder, binaries) });
    }
  }
}

/** The identity, if it can start the binaries and reach the folder. */
function usable(identity: Identity): Identity | undefined {
  const { prefix, user, binaries, folder } = identity;
  const [command, ...rest] = [...prefix, 'sh', '-c', '"$1" --version && cd "$2"', 'sh', binaries.postgres, folder];
  const { status } = spawnSync(command, rest, { ...user, cwd: '/', stdio: 'ignore', timeout: 10_000 });
  return status === 0 ? identity : undefined;
}

/** A user id without an entry in the list of users would not do: PostgreSQL looks its name up. */
function nobody(): Identity['user'] {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith('nobody:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}

function elsewhere(folder: string, binaries: Binaries): Pick<Identity, 'binaries' | 'folder'> {
  const home = join(ELSEWHERE, createHash('sha256').update(folder).digest('hex').slice(0, 16));
  const copy = join(home, 'native');
  const data = join(home, 'data');
  mkdirSync(data, { recursive: true });
  for (const path of [ELSEWHERE, home, data]) chmodSync(path, 0o755);
  if (!existsSync(join(copy, 'bin', 'postgres')))
    cpSync(binaries.root, copy, { recursive: true, verbatimSymlinks: true });
  return { binaries: binariesIn(copy), folder: data };
}
