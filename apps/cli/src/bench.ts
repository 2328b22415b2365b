import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { compile, decide, type AccessRequest, type Snapshot, type World } from '#engine';
import { loadPolicies } from './policies.js';
import { Progress } from './progress.js';
import type { ExitCode, Terminal } from './terminal.js';

export interface BenchOptions {
  /** Different random requests, asked over and over. */
  readonly requests: number;
  readonly seed: number;
  readonly seconds: number;
  readonly format: 'text' | 'json';
}

/** Rounds the measured time is cut into; their middle is reported, because a busy machine only ever makes one slower. */
const ROUNDS = 9;

interface Figures {
  readonly rules: number;
  readonly requests: number;
  readonly compileMilliseconds: number;
  readonly snapshotBytes: number;
  readonly decisionsPerSecond: number;
  readonly nanosecondsPerDecision: { readonly median: number; readonly fastest: number; readonly slowest: number };
}

/** How fast the fast engine answers random requests about this policy set, on this machine, in one thread. */
export async function bench(terminal: Terminal, directory: string, options: BenchOptions): Promise<ExitCode> {
  const { world } = await loadPolicies(terminal, directory);
  const { requestsFor } = await import('#verification');
  const random = requestsFor(world, options.seed);
  const requests = Array.from({ length: options.requests }, () => random.next().value);
  const { snapshot, compileMilliseconds, snapshotBytes } = compiled(world);
  const progress = new Progress(terminal.aside, terminal.now, 'round', ROUNDS);
  decideFor(snapshot, requests, (options.seconds * 1000) / ROUNDS);
  const rounds: number[] = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    rounds.push(decideFor(snapshot, requests, (options.seconds * 1000) / ROUNDS));
    progress.update(round);
  }
  progress.finish();
  rounds.sort((left, right) => left - right);
  const median = rounds[Math.floor(ROUNDS / 2)]!;
  const figures: Figures = {
    rules: [world.outside, ...[...world.domains.values()].map(({ rules }) => rules)].flat().length,
    requests: requests.length,
    compileMilliseconds: rounded(compileMilliseconds),
    snapshotBytes,
    decisionsPerSecond: Math.round(1e9 / median),
    nanosecondsPerDecision: { median: rounded(median), fastest: rounded(rounds[0]!), slowest: rounded(rounds.at(-1)!) },
  };
  await terminal.out.write(options.format === 'json' ? `${JSON.stringify(figures, null, 2)}\n` : tableOf(figures));
  return 0;
}

function compiled(world: World): { snapshot: Snapshot; compileMilliseconds: number; snapshotBytes: number } {
  const before = heapInUse();
  const start = performance.now();
  const snapshot = compile(world);
  const compileMilliseconds = performance.now() - start;
  return { snapshot, compileMilliseconds, snapshotBytes: Math.max(0, heapInUse() - before) };
}

/** Bytes that something still refers to. */
function heapInUse(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

/** @returns nanoseconds per decision */
function decideFor(snapshot: Snapshot, requests: readonly AccessRequest[], milliseconds: number): number {
  const start = performance.now();
  let passes = 0;
  let elapsed = 0;
  while (elapsed < milliseconds) {
    for (const request of requests) decide(snapshot, request);
    passes += 1;
    elapsed = performance.now() - start;
  }
  return (elapsed * 1e6) / (passes * requests.length);
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

function tableOf(figures: Figures): string {
  const { median, fastest, slowest } = figures.nanosecondsPerDecision;
  const grouped = (value: number): string => value.toLocaleString('en');
  const rows: readonly (readonly [string, string])[] = [
    ['rules', grouped(figures.rules)],
    ['different requests', grouped(figures.requests)],
    ['compile', `${grouped(figures.compileMilliseconds)} ms`],
    ['snapshot', `${grouped(Math.round(figures.snapshotBytes / 1024))} KiB`],
    ['decisions', `${grouped(figures.decisionsPerSecond)} a second`],
    ['a decision', `${grouped(median)} ns (${grouped(fastest)} to ${grouped(slowest)} in ${ROUNDS} rounds)`],
  ];
  return rows.map(([name, value]) => `${name.padEnd(20)} ${value}\n`).join('');
}
