/**
 * What random tests begin with. The same files give the same worlds: what passed here passes wherever the same commit is
 * tried, and a change is not refused for a world that has nothing to do with it. Other worlds come with every change, and
 * with the day of `.ci/long`. `node scripts/seed.mjs` prints it.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { filesBelow, root } from './bootstrap.mjs';

const FOLDERS = ['apps', 'libs', 'migrations', 'test'];
/** What fast-check and the fuzzers take for a seed. */
const BITS = 30;

/** @returns `DHARMA_SEED` where it is set, else what follows from the contents of all sources and tests */
export function seed() {
  if (process.env.DHARMA_SEED) return process.env.DHARMA_SEED;
  const digest = createHash('sha256');
  const files = FOLDERS.flatMap((folder) => filesBelow(join(root, folder))).map((file) => relative(root, file));
  for (const file of files.map((name) => name.split(sep).join('/')).sort()) {
    digest.update(`${file}\0`).update(readFileSync(join(root, file)));
  }
  return String(digest.digest().readUInt32BE() >>> (32 - BITS));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) process.stdout.write(`${seed()}\n`);
