import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './bootstrap.mjs';

const RUNS = 5;
const BOUND_MILLISECONDS = 250;
/** Times bare Node: a machine that is slow, or busy, says nothing about us by itself. */
const BOUND_ON_SLOW = 2.2;

/**
 * How long `./dharma --help` takes, as the median of five runs, with bare Node measured in turn beside it.
 *
 * @returns {{ code: number, output: string }} code 1 when it takes longer than people wait without noticing
 */
export function startUp() {
  const [dharma, bare] = [[], []];
  for (let run = 0; run < RUNS; run += 1) {
    bare.push(milliseconds(['-e', '0']));
    dharma.push(milliseconds([join(root, 'dharma'), '--help']));
  }
  const [took, alone] = [median(dharma), median(bare)];
  const bound = Math.max(BOUND_MILLISECONDS, alone * BOUND_ON_SLOW);
  const because = bound > BOUND_MILLISECONDS ? `, ${BOUND_ON_SLOW} times bare Node, as this machine is slow` : '';
  const output =
    `\`./dharma --help\` takes ${took.toFixed(0)} ms, bare Node ${alone.toFixed(0)} ms (medians of ${RUNS}); ` +
    `the bound is ${bound.toFixed(0)} ms${because}`;
  return { code: took <= bound ? 0 : 1, output };
}

function milliseconds(argv) {
  const start = process.hrtime.bigint();
  const { status } = spawnSync(process.execPath, argv, { cwd: root, stdio: 'ignore' });
  // What does not start has no time.
  return status === 0 ? Number(process.hrtime.bigint() - start) / 1e6 : Infinity;
}

function median(values) {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)];
}
