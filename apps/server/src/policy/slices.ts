import { setImmediate as yieldToRequests } from 'node:timers/promises';
import type { Steps } from '#engine';

/** Milliseconds that work takes from requests at a time; one step may take it a little further. */
const SLICE_MILLISECONDS = 1;

/** What steps come to, taken in slices between which requests are answered. */
export async function inSlices<Result>(work: Steps<Result>): Promise<Result> {
  for (let begin = performance.now(); ;) {
    const step = work.next();
    if (step.done === true) return step.value;
    if (performance.now() - begin < SLICE_MILLISECONDS) continue;
    await yieldToRequests();
    begin = performance.now();
  }
}
