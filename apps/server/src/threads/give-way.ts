import { setPriority } from 'node:os';

/** The niceness of a thread that gives way: a tenth of the processor where the serving thread wants all of it. */
const NICENESS = 10;

/**
 * Lets the thread that calls this stand back where the serving thread wants the same processor. On Linux alone, where
 * niceness belongs to a thread: elsewhere it would be that of the whole process.
 */
export function giveWay(): void {
  if (process.platform === 'linux') setPriority(0, NICENESS);
}
