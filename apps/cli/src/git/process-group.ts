import type { ChildProcess } from 'node:child_process';

/** Whether a program gets a group of its own, so that what it started can be ended with it. Windows has none. */
export const GROUPED = process.platform !== 'win32';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Ends a program and all that it has started. */
export function killGroup(child: ChildProcess): void {
  if (child.pid === undefined || !GROUPED) {
    child.kill('SIGKILL');
    return;
  }
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (fault) {
    // All of it ended already.
    if ((fault as NodeJS.ErrnoException).code !== 'ESRCH') throw fault;
  }
}

/**
 * A terminal sends its signals to our group, in which the program is not: it ends with us all the same.
 *
 * @returns to be called once it has ended by itself
 */
export function endWithUs(child: ChildProcess): () => void {
  const end = (signal: NodeJS.Signals): void => {
    forget();
    killGroup(child);
    // As if nobody had listened, unless somebody else does.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  };
  const forget = (): void => {
    for (const signal of SIGNALS) process.off(signal, end);
  };
  for (const signal of SIGNALS) process.on(signal, end);
  return forget;
}
