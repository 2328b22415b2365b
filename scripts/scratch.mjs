import { accessSync, chmodSync, constants, mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where Linux keeps files in memory. A database of a test is a thousand files that nobody needs on a disk. */
const MEMORY = '/dev/shm';
/** What three test files at a time may fill, with room to spare. */
const ENOUGH_BYTES = 2 * 1024 ** 3;

/** A folder for everything that tests write, in memory where there is room; it is gone when this process ends. */
export function scratchFolder() {
  const folder = mkdtempSync(join(memoryHasRoom() ? MEMORY : tmpdir(), 'dharma-'));
  // PostgreSQL and gateways give up being root, and must still reach what is theirs below.
  chmodSync(folder, 0o755);
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}

function memoryHasRoom() {
  try {
    accessSync(MEMORY, constants.W_OK);
    const { bavail, bsize } = statfsSync(MEMORY);
    // Tests start programs that they wrote.
    return bavail * bsize >= ENOUGH_BYTES && availableMemoryBytes() >= 2 * ENOUGH_BYTES && mayStartPrograms();
  } catch {
    return false;
  }
}

function availableMemoryBytes() {
  const [, kibibytes] = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'));
  return Number(kibibytes) * 1024;
}

function mayStartPrograms() {
  const mount = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .find(([, at]) => at === MEMORY);
  return mount !== undefined && !mount[3].split(',').includes('noexec');
}
