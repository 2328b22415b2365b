/**
 * `npm run bench -- --replay`: how many recorded decisions are decided again a second, from lines in the memory store to
 * verdicts, in processor time of all threads. Exits 1 when a bound does not hold.
 */
import { type DecisionPlace, Recording, replay } from '#decision-log';
import { compile, decide } from '#engine';
import { MemoryDecisionStore } from '#store';
import { benchWorld, slowRequests, WIDE } from './world.js';

const RECORDS = 10_000;
const PAGE = 1_000;
const ROUNDS = 9;
const LEAST_A_SECOND = 20_000;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function cpuMicroseconds(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

const bench = benchWorld({ rules: 10_000, assignments: 10_000, widths: WIDE });
const snapshot = compile(bench.world);
const requests = slowRequests(bench, 500);
const policy = {
  epoch: 1,
  revision: 7,
  contentHash: 'c'.repeat(64),
  snapshot,
  identity: { reportHeaders: new Set<string>() },
};
const recording = new Recording({ show: [], mask: [] }, 'a key of this bench');
const lines = Array.from({ length: RECORDS }, (_, index) => {
  const request = requests[index % requests.length]!;
  return recording.line({
    decisionId: `63dc04ef-0b3c-4d55-9f6e-${String(index).padStart(12, '0')}`,
    time: request.time,
    microseconds: 41.2,
    request,
    verdict: decide(snapshot, request),
    policy,
    enforcementPoint: 'edge',
    dropped: [],
    observed: false,
    trace: undefined,
  });
});

/** Microseconds a record. */
async function costOfReplay(): Promise<number> {
  const store = new MemoryDecisionStore(RECORDS);
  await store.write(lines);
  const start = cpuMicroseconds();
  let same = 0;
  let behind: DecisionPlace | undefined;
  for (;;) {
    const found = await store.search({ behind, limit: PAGE });
    for (const { record } of found) {
      const replayed = replay(record, snapshot);
      if (replayed.kind === 'decided' && replayed.outcome.decision === record.decision) same += 1;
    }
    const last = found.at(-1);
    if (last === undefined) break;
    behind = { time: last.time, id: last.id };
  }
  const cost = (cpuMicroseconds() - start) / RECORDS;
  if (same !== RECORDS) throw new Error(`of ${RECORDS} records ${same} were decided as they were recorded`);
  return cost;
}

function costOfDecisions(): number {
  const start = cpuMicroseconds();
  for (let index = 0; index < RECORDS; index += 1) decide(snapshot, requests[index % requests.length]!);
  return (cpuMicroseconds() - start) / RECORDS;
}

const median = (values: readonly number[]): number =>
  values.toSorted((left, right) => left - right)[values.length >> 1]!;

for (let warm = 0; warm < 2; warm += 1) {
  costOfDecisions();
  await costOfReplay();
}
const alone: number[] = [];
const again: number[] = [];
for (let round = 0; round < ROUNDS; round += 1) {
  alone.push(costOfDecisions());
  again.push(await costOfReplay());
}
const cost = median(again);
const perSecond = 1e6 / cost;
say(`replay (processor time of all threads; median of ${ROUNDS} rounds of ${RECORDS}; smallest–largest round)`);
say(`  a decision alone                      ${median(alone).toFixed(2)} µs`);
say(
  `  a record, from its line to a verdict  ${cost.toFixed(2)} µs  (${Math.min(...again).toFixed(2)}–${Math.max(...again).toFixed(2)})  = ${(cost / median(alone)).toFixed(1)} × a decision`,
);
say(`  a second                              ${perSecond.toFixed(0)}`);
const holds = perSecond >= LEAST_A_SECOND;
say(`${holds ? 'holds' : 'BROKEN'}: at least ${LEAST_A_SECOND} recorded decisions are decided again a second`);
process.exitCode = holds ? 0 : 1;
