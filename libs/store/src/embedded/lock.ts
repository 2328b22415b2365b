import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { EmbeddedPostgresFault } from './fault.js';

export type Wait = (milliseconds: number) => Promise<void>;

const POLL_MILLISECONDS = 50;

/**
 * Makes sure that no server runs on the data. One whose parent was killed a moment ago is still going; the lock of one
 * that was killed itself may name a process that has nothing to do with it, after a restart of the machine or container.
 *
 * @throws EmbeddedPostgresFault  when a server is still there after `patienceMilliseconds`
 */
export async function waitUntilFree(data: string, wait: Wait, patienceMilliseconds: number): Promise<void> {
  for (let waited = 0; ; waited += POLL_MILLISECONDS) {
    const pid = lockHolder(data);
    if (pid === undefined) return;
    const holder = whoIs(pid);
    // PostgreSQL itself takes over from a dead one, and looks for what it may have left in memory.
    if (holder === 'nobody') return;
    if (holder === 'another program') {
      rmSync(join(data, 'postmaster.pid'), { force: true });
      return;
    }
    if (waited >= patienceMilliseconds) {
      throw new EmbeddedPostgresFault(
        `\`${data}\` is in use by another PostgreSQL (process ${pid}); is Dharma running there already?`,
      );
    }
    await wait(POLL_MILLISECONDS);
  }
}

/**
 * Whether the server that holds the lock says that it takes connections.
 *
 * @param left  the lock that an earlier server left, if any: it says so too
 */
export function isReady(data: string, left: string | undefined): boolean {
  const text = lockText(data);
  return text !== left && text?.split('\n')[7]?.trim() === 'ready';
}

/** @returns the process that holds the data, as its lock file says */
export function lockHolder(data: string): number | undefined {
  const pid = Number(lockText(data)?.split('\n')[0]);
  return Number.isInteger(pid) && pid > 0 ? pid : undefined;
}

export function lockText(data: string): string | undefined {
  try {
    return readFileSync(join(data, 'postmaster.pid'), 'utf8');
  } catch {
    return undefined;
  }
}

function whoIs(pid: number): 'nobody' | 'a PostgreSQL' | 'another program' {
  try {
    process.kill(pid, 0);
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'ESRCH') return 'nobody';
  }
  // Where there is no /proc, a living process is believed to be the one.
  if (process.platform !== 'linux') return 'a PostgreSQL';
  try {
    const [program = ''] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    // A process that ended and was not waited for has no words.
    if (program === '') return 'nobody';
    return program.endsWith('postgres') ? 'a PostgreSQL' : 'another program';
  } catch {
    return 'nobody';
  }
}
