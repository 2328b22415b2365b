import { getPriority } from 'node:os';
import { readdirSync, readFileSync } from 'node:fs';
import { ensureThreadsBuilt, startBuiltThread } from '../../../../test/support/threads.js';
import { callsTo } from './calls.js';
import type { PolicyHandlers, PolicyThreadData } from '../policy/policy-work.js';

/** Niceness of each thread of this process, from the 19th field of what Linux says about it. */
function nicenesses(): readonly number[] {
  return readdirSync('/proc/self/task').map((thread) => {
    const line = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8');
    return Number(line.slice(line.lastIndexOf(')') + 2).split(' ')[16]);
  });
}

(process.platform === 'linux' ? it : it.skip)(
  'a policy thread stands back, and no other thread does',
  async () => {
    await ensureThreadsBuilt();
    const own = getPriority();
    const before = nicenesses().filter((niceness) => niceness > own).length;
    const data: PolicyThreadData = {
      databaseUrl: undefined,
      keptFolder: undefined,
      checkMilliseconds: 10,
      furtherCheck: { requests: 1, milliseconds: 1 },
    };
    const worker = startBuiltThread('policy', { workerData: data });
    await callsTo<PolicyHandlers>(worker)('warmUp', null);
    const after = nicenesses().filter((niceness) => niceness > own).length;
    const main = getPriority();
    await worker.terminate();
    expect({ more: after - before, main }).toEqual({ more: 1, main: own });
  },
  30_000,
);
