/**
 * Fuzzes one target for some time: `main.ts TARGET SECONDS SEED`. Batches of inputs, each with a seed of its own that
 * follows the one before, until the time is over or something does not hold.
 */
import fc from 'fast-check';
import { canonicaliser } from './canonicaliser.js';
import { conditions } from './conditions.js';
import { documents } from './documents.js';
import { forwardedCertificates } from './forwarded-certificates.js';
import { messages } from './messages.js';
import type { FuzzTarget } from './target.js';
import { tokens } from './tokens.js';

type AnyTarget = FuzzTarget<unknown, unknown>;

const TARGETS = [
  canonicaliser,
  tokens,
  forwardedCertificates,
  messages,
  documents,
  conditions,
] as unknown as AnyTarget[];
/** No input takes longer, in processor time of a program that is warm. */
const BOUND_MILLISECONDS = 50;
/** How often what looks slow is tried again: compilers, collectors and neighbours come and go. */
const TRIALS = 7;
/** What no busy machine makes of {@link BOUND_MILLISECONDS}. */
const HOPELESS_MILLISECONDS = 1000;
const BATCH = 100;
/** Inputs whose time is not looked at, until compilers have seen the program. */
const WARM_UP = 100;
const PROGRESS_MILLISECONDS = 10_000;
/** Shrinking a failure may go on after the time is over. */
const SHRINKING_MILLISECONDS = 30_000;

const [name = '', seconds = '', firstSeed = ''] = process.argv.slice(2);
const target = TARGETS.find((one) => one.name === name);
if (target === undefined) {
  process.stderr.write(`\`${name}\` is no target: ${TARGETS.map((one) => one.name).join(', ')}\n`);
  process.exitCode = 2;
} else {
  process.exitCode = fuzz(target, Number(seconds) * 1000, Number(firstSeed)) ? 0 : 1;
}

function fuzz(fuzzed: AnyTarget, milliseconds: number, first: number): boolean {
  for (const input of fc.sample(fuzzed.inputs, { numRuns: WARM_UP, seed: first })) fuzzed.exercise(input);
  const start = performance.now();
  let runs = 0;
  let slowest = 0;
  let isTooSlow = false;
  let reportAt = PROGRESS_MILLISECONDS;
  const elapsed = (): number => performance.now() - start;
  const say = (verdict: string, seed: number): void => {
    const rate = Math.round(runs / (elapsed() / 1000));
    process.stdout.write(
      `fuzz ${fuzzed.name.padEnd(14)} ${verdict.padEnd(7)} ${`${runs}`.padStart(8)} runs ${`${rate}`.padStart(6)}/s` +
        `  slowest ${slowest.toFixed(1).padStart(5)} ms of ${BOUND_MILLISECONDS} ms  seed ${seed}\n`,
    );
  };
  const property = fc.property(fuzzed.inputs, (input) => {
    // What is slow is reported as it was found: shrinking it would take as long for every step.
    if (isTooSlow) return;
    const before = performance.now();
    const output = fuzzed.exercise(input);
    if (performance.now() - before > slowest) {
      const cost = leastCost(() => fuzzed.exercise(input));
      isTooSlow = cost > BOUND_MILLISECONDS;
      if (isTooSlow) throw new Error(`it takes ${cost.toFixed(1)} ms of processor time`);
      slowest = Math.max(slowest, cost);
    }
    fuzzed.judge(input, output);
    runs += 1;
  });
  for (let seed = first; elapsed() < milliseconds; seed += 1) {
    const left = milliseconds - elapsed() + SHRINKING_MILLISECONDS;
    const result = fc.check(property, { seed, numRuns: BATCH, interruptAfterTimeLimit: left });
    if (result.failed && result.counterexample !== null) {
      say('FAILED', seed);
      process.stdout.write(`${faultOf(result.errorInstance)}\n${fuzzed.show(result.counterexample[0])}\n`);
      return false;
    }
    if (elapsed() < reportAt) continue;
    reportAt += PROGRESS_MILLISECONDS;
    say('', seed);
  }
  say('passed', first);
  return true;
}

/** Milliseconds of processor time, the least of some trials; of what takes seconds one is enough. */
function leastCost(work: () => unknown): number {
  let least = Infinity;
  for (let trial = 0; trial < TRIALS && (trial < 3 || least > BOUND_MILLISECONDS); trial += 1) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1000);
    if (least > HOPELESS_MILLISECONDS) return least;
  }
  return least;
}

function faultOf(fault: unknown): string {
  return fault instanceof Error ? (fault.stack ?? fault.message) : String(fault);
}
