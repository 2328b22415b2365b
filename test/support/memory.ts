/** Memory of a process that was given a lot to throw away. */
import { setTimeout as pause } from 'node:timers/promises';

/** Beyond what a warm process keeps ready of what it once needed; one that kept what it was sent would grow by more. */
const MOST_GROWTH_BYTES = 64 * 1024 * 1024;
/** V8 gives memory back some seconds after the last request. */
const PATIENCE_MILLISECONDS = 45_000;

/**
 * Looks until the process is hardly larger than it was.
 *
 * @param residentBytes  what it holds now
 * @returns bytes by which it is larger, and the bound
 */
export async function growthSince(
  before: number,
  residentBytes: () => number | Promise<number>,
): Promise<{ readonly growth: number; readonly bound: number }> {
  const end = performance.now() + PATIENCE_MILLISECONDS;
  for (;;) {
    const growth = (await residentBytes()) - before;
    if (growth < MOST_GROWTH_BYTES || performance.now() > end) return { growth, bound: MOST_GROWTH_BYTES };
    await pause(200);
  }
}
