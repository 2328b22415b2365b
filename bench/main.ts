/**
 * `npm run bench`: what a decision costs, and what that depends on. Every figure is a median over batches; every claim is
 * a ratio of two figures of one run, because machines are shared and differ. Exits 1 when a bound does not hold.
 */
import { deserialize, serialize, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { compile, decide, imageOf, SnapshotRestorer } from '#engine';
import type { AccessRequest, ImagePart, Outcome, Snapshot } from '#engine';
import { clients, credentialCosts, type EvidenceCall, evidenceCalls } from './evidence.js';
import { targetCosts } from './targets.js';
import { benchCasbin, benchCedar } from './peers.js';
import { benchWorld, fastRequests, slowRequests, WIDE } from './world.js';
import type { BenchWorld } from './world.js';

const BATCHES = 30;
const BATCH = 10_000;
const RESTORINGS = 12;
const ALLOCATION_CALLS = 100_000;
/** As many different requests as a busy gateway repeats, spread over the whole tree. */
const REQUESTS = 500;
const MEBIBYTE = 1024 * 1024;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

interface Bound {
  readonly what: string;
  readonly measured: number;
  readonly most: number;
  readonly unit: string;
}

const bounds: Bound[] = [];
/** Nanoseconds of processor time: what else runs on the machine does not count. */
function cpuNow(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function bound(what: string, measured: number, most: number, unit: string): void {
  bounds.push({ what, measured, most, unit });
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[values.length >> 1]!;
}

interface Scenario {
  readonly name: string;
  readonly snapshot: Snapshot;
  readonly requests: readonly AccessRequest[];
}

/** Microseconds of processor time a decision of one batch. */
function costOfBatch({ snapshot, requests }: Scenario): number {
  const start = cpuNow();
  for (let index = 0; index < BATCH; index++) decide(snapshot, requests[index % requests.length]!);
  return (cpuNow() - start) / 1000 / BATCH;
}

/**
 * Microseconds of processor time a decision, the median of all batches. The scenarios take turns batch by batch, so that
 * whatever slows the machine down slows all of them, and their ratios stand.
 */
function costs(scenarios: readonly Scenario[]): readonly number[] {
  for (let warm = 0; warm < 5; warm++) scenarios.forEach(costOfBatch);
  const rounds = Array.from({ length: BATCHES }, () => scenarios.map(costOfBatch));
  return scenarios.map(({ name }, place) => {
    const sorted = rounds.map((round) => round[place]!).toSorted((left, right) => left - right);
    const middle = median(sorted);
    say(`  ${name.padEnd(58)} ${middle.toFixed(2)} µs  (${sorted[0]!.toFixed(2)}–${sorted.at(-1)!.toFixed(2)})`);
    return middle;
  });
}

/** Bytes of heap a decision leaves behind, its answer included, where no collection came in between. */
function allocation(snapshot: Snapshot, requests: readonly AccessRequest[]): number {
  const attempts = Array.from({ length: 5 }, () => {
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let index = 0; index < ALLOCATION_CALLS; index++) decide(snapshot, requests[index % requests.length]!);
    return (process.memoryUsage().heapUsed - before) / ALLOCATION_CALLS;
  });
  // A collection in between makes a figure too small, never too large.
  return Math.max(...attempts);
}

function only(
  requests: readonly AccessRequest[],
  snapshot: Snapshot,
  is: (outcome: Outcome) => boolean,
): readonly AccessRequest[] {
  const fitting = requests.filter((request) => is(decide(snapshot, request)));
  if (fitting.length < 10) throw new Error('the bench asks questions that are not answered as it expects');
  return fitting;
}

interface Asked {
  readonly fast: readonly AccessRequest[];
  readonly slow: readonly AccessRequest[];
}

function requestsOf(bench: BenchWorld, snapshot: Snapshot): Asked {
  return {
    fast: only(fastRequests(bench.leaves, REQUESTS), snapshot, ({ reason }) => reason === 'ALLOW_FAST'),
    slow: only(
      slowRequests(bench, 2 * REQUESTS),
      snapshot,
      ({ reason, crossed }) => reason === 'ALLOW_SLOW' && crossed.length === 2,
    ).slice(0, REQUESTS),
  };
}

function secondsToCompile({ world }: BenchWorld): number {
  const start = process.hrtime.bigint();
  compile(world);
  return Number(process.hrtime.bigint() - start) / 1e9;
}

/** What a snapshot holds once the world it was made from is gone, in MiB. */
function snapshotSize(make: () => BenchWorld): number {
  const held = (): number => {
    collect();
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return (heapUsed + arrayBuffers) / MEBIBYTE;
  };
  const before = held();
  // In a function of its own, whose frame would otherwise keep the world alive.
  const snapshot = (() => compile(make().world))();
  const size = held() - before;
  if (snapshot.domains.size === 0) throw new Error('an empty snapshot');
  return size;
}

const small = (): BenchWorld => benchWorld({ rules: 100, assignments: 100, widths: WIDE });
const large = (): BenchWorld => benchWorld({ rules: 100_000, assignments: 100_000, widths: WIDE });
const bare = (): BenchWorld => benchWorld({ rules: 100_000, assignments: 0, widths: WIDE });
const chain = (depth: number): BenchWorld =>
  benchWorld({ rules: 1600, assignments: 1600, widths: Array.from({ length: depth }, () => 1) });

/** Nanoseconds of a look-up in a map of a thousand texts: what to measure the machine of the moment by. */
function yardstick(): number {
  const map = new Map(Array.from({ length: 1000 }, (_, index) => [`s${index}.example`, index]));
  const keys = [...map.keys()];
  let found = 0;
  const run = (): number => {
    const start = cpuNow();
    for (let index = 0; index < 1_000_000; index++) found += map.get(keys[index % 1000]!)!;
    return (cpuNow() - start) / 1_000_000;
  };
  const nanoseconds = median(Array.from({ length: 9 }, run));
  if (found === 0) throw new Error('an empty map');
  return nanoseconds;
}

/** A snapshot and questions to it. The world they were made from is let go, as a server lets it go. */
function prepared(make: () => BenchWorld): { readonly snapshot: Snapshot; readonly bench: Asked } {
  const world = make();
  const snapshot = compile(world.world);
  return { snapshot, bench: requestsOf(world, snapshot) };
}

function insideOnly(make: () => BenchWorld): {
  readonly snapshot: Snapshot;
  readonly requests: readonly AccessRequest[];
} {
  const { world, leaves } = make();
  return { snapshot: compile(world), requests: fastRequests(leaves, 100) };
}

/** @returns microseconds of the slow path at 100,000 rules */
function benchDecisions(): number {
  say(`yardstick: a look-up in a map of 1,000 texts takes ${yardstick().toFixed(0)} ns here and now\n`);
  say('decisions (median of 30 batches of 10,000; smallest–largest batch)');
  const few = prepared(small);
  const many = prepared(large);
  const shallow = insideOnly(() => chain(1));
  const deep = insideOnly(() => chain(16));
  collect();
  collect();
  const [fastFew, slowFew, fast, slow, depthOne, depthSixteen] = costs([
    { name: 'fast path, 100 rules, 1,111 domains', snapshot: few.snapshot, requests: few.bench.fast },
    { name: 'slow path (two crossings, a credential), 100 rules', snapshot: few.snapshot, requests: few.bench.slow },
    { name: 'fast path, 100,000 rules, 1,111 domains', snapshot: many.snapshot, requests: many.bench.fast },
    { name: 'slow path, 100,000 rules, 1,111 domains', snapshot: many.snapshot, requests: many.bench.slow },
    { name: 'fast path, depth 1, 1,600 rules', ...shallow },
    { name: 'fast path, depth 16, 1,600 rules', ...deep },
  ]) as [number, number, number, number, number, number];
  bound('fast path at 100,000 rules', fast, 2, 'µs');
  bound('slow path at 100,000 rules', slow, 4, 'µs');
  bound('fast path, 100,000 rules against 100', fast / fastFew, 2, '×');
  bound('slow path, 100,000 rules against 100', slow / slowFew, 2, '×');
  bound('depth 16 against depth 1', depthSixteen / depthOne, 2, '×');
  const bytes = Math.max(allocation(many.snapshot, many.bench.fast), allocation(many.snapshot, many.bench.slow));
  say(`  allocated a decision, the larger of fast and slow path      ${bytes.toFixed(0)} bytes`);
  bound('allocated a decision', bytes, 400, 'bytes');
  return slow;
}

function benchCompilation(): void {
  say('\ncompilation and memory');
  const secondsOf = (make: () => BenchWorld): number => {
    const bench = make();
    return median(Array.from({ length: 5 }, () => secondsToCompile(bench)));
  };
  const seconds = secondsOf(large);
  const withoutData = secondsOf(bare);
  say(
    `  compile 100,000 rules and 100,000 assignments               ${seconds.toFixed(2)} s (${withoutData.toFixed(2)} s without assignments)`,
  );
  bound('compile 100,000 rules', seconds, 2, 's');
  const size = snapshotSize(large);
  say(`  snapshot of them                                            ${size.toFixed(1)} MiB`);
  bound('snapshot of 100,000 rules', size, 60, 'MiB');
}

/** Microseconds of processor time a call of one batch. */
function costOfCalls(call: (index: number) => unknown, calls: number): number {
  const start = cpuNow();
  for (let index = 0; index < calls; index++) call(index);
  return (cpuNow() - start) / 1000 / calls;
}

async function benchEvidence(): Promise<void> {
  say('\ncallers and evidence (µs of processor time; median of 30 batches of 10,000)');
  const shown = await clients();
  const run = ({ call }: EvidenceCall): number => costOfCalls(call, BATCH);
  for (const evidence of evidenceCalls(shown)) {
    const batches = Array.from({ length: BATCHES }, () => run(evidence)).toSorted((left, right) => left - right);
    say(
      `  ${evidence.name.padEnd(58)} ${median(batches).toFixed(2)} µs  (${batches[0]!.toFixed(2)}–${batches.at(-1)!.toFixed(2)})`,
    );
  }
  for (const { name, most, judged, ready } of credentialCosts(shown)) {
    const ratio = ratioOf(
      () => costOfCalls(ready, BATCH / 5),
      () => costOfCalls(judged, BATCH / 5),
    );
    say(`  ${`${name} and the decision, against the decision alone`.padEnd(58)} ${ratio.toFixed(2)} ×`);
    bound(`${name} and the decision, against the decision alone`, ratio, most, '×');
  }
}

function benchTargets(): void {
  say('\nreading request targets');
  for (const { name, short, long, bytes } of targetCosts()) {
    const ratio = ratioOf(
      () => costOfCalls(short, BATCH / 100) / bytes.short,
      () => costOfCalls(long, BATCH / 100) / bytes.long,
    );
    say(`  ${`a byte of ${name}, at 8 KiB against 1 KiB`.padEnd(58)} ${ratio.toFixed(2)} ×`);
    bound(`a byte of ${name}, at 8 KiB against 1 KiB`, ratio, 2, '×');
  }
}

/** @param slices  milliseconds each part takes to be read and restored: lowered to what it takes now */
function restore(parts: readonly Uint8Array[], slices: number[]): Snapshot {
  const restorer = new SnapshotRestorer();
  parts.forEach((part, place) => {
    const start = process.hrtime.bigint();
    restorer.add(deserialize(part) as ImagePart);
    slices[place] = Math.min(slices[place]!, Number(process.hrtime.bigint() - start) / 1e6);
  });
  return restorer.finish();
}

/** Runs one batch. @returns what it cost, in the unit of whatever it is compared with */
type Batch = () => number;

/** How many times as much the second costs, by the lower quartiles of batches that take turns. */
function ratioOf(first: Batch, second: Batch): number {
  for (let warm = 0; warm < 5; warm++) [first, second].forEach((run) => run());
  const costs = new Map<Batch, number[]>([
    [first, []],
    [second, []],
  ]);
  for (let round = 0; round < 2 * BATCHES; round++) {
    // Each comes before the other as often as after it.
    for (const run of round % 2 === 0 ? [first, second] : [second, first]) costs.get(run)!.push(run());
  }
  const quartile = (run: Batch): number => costs.get(run)!.toSorted((left, right) => left - right)[BATCHES >> 1]!;
  return quartile(second) / quartile(first);
}

function benchImages(): void {
  say('\nsnapshots that travel between threads');
  const { snapshot, bench } = prepared(large);
  const parts = [...imageOf(snapshot)].map((part) => serialize(part));
  // A part's best round counts: whatever else the machine does can only add to it.
  const slices = parts.map(() => Infinity);
  for (let round = 1; round < RESTORINGS; round++) restore(parts, slices);
  const restored = restore(parts, slices);
  collect();
  const total = slices.reduce((sum, slice) => sum + slice, 0);
  const longest = Math.max(...slices);
  say(
    `  restore 100,000 rules and 100,000 assignments               ${total.toFixed(0)} ms in ${parts.length} slices, the longest ${longest.toFixed(2)} ms`,
  );
  bound('the longest slice of restoring', longest, 1, 'ms');
  bound('restoring 100,000 rules', total, 100, 'ms');
  for (const [path, requests] of [
    ['fast', bench.fast],
    ['slow', bench.slow],
  ] as const) {
    const ratio = ratioOf(
      () => costOfBatch({ name: 'compiled', snapshot, requests }),
      () => costOfBatch({ name: 'restored', snapshot: restored, requests }),
    );
    say(`  ${`${path} path, restored against compiled`.padEnd(58)} ${ratio.toFixed(2)} ×`);
    bound(`${path} path, restored against compiled`, ratio, 1.1, '×');
  }
}

async function benchPeers(slow: number, full: boolean): Promise<void> {
  const sizes = full ? [100, 10_000, 100_000] : [100, 10_000];
  say('\npeers, on a flat policy: a role may use an endpoint, a user holds a role (µs a decision; build in seconds)');
  for (const rules of sizes) {
    for (const peer of [benchCasbin, benchCedar]) {
      const { name, microseconds, seconds } = await peer(rules);
      const ratio = microseconds / slow;
      say(
        `  ${`${name}, ${rules.toLocaleString('en')} rules`.padEnd(38)} ${microseconds.toFixed(1).padStart(12)} µs  build ${seconds.toFixed(2)} s  = ${ratio.toFixed(1)} × our slow path at 100,000 rules`,
      );
    }
  }
  if (!full) say('  (100,000 rules take minutes to build there: npm run bench -- --full)');
}

const slowPath = benchDecisions();
benchCompilation();
benchImages();
await benchEvidence();
benchTargets();
if (!process.argv.includes('--no-peers')) await benchPeers(slowPath, process.argv.includes('--full'));

say('\nbounds');
for (const { what, measured, most, unit } of bounds) {
  say(`  ${measured <= most ? 'ok  ' : 'MISS'} ${what}: ${measured.toFixed(2)} ${unit} (at most ${most} ${unit})`);
}
process.exitCode = bounds.every(({ measured, most }) => measured <= most) ? 0 : 1;
