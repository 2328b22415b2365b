/**
 * `npm run bench -- --publishing`: how long checks take while a change to 100,000 rules is put in force, against the
 * seconds before. Checks come at a steady rate whether or not those before them are answered, and count from the moment
 * they were due. Exits 1 when the bound does not hold.
 */
import { closeSync, mkdirSync, openSync, readSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { askOverHttp } from './asking.js';
import { folder, type Host, startHost } from './host.js';
import { asked, PROTOCOLS, type Protocol, RATE, startLoad } from './load.js';
import { benchWorld, WIDE } from './world.js';
import { filesOf } from './world-documents.js';

const RULES = 100_000;
const PUBLISHES = 5;
const BEFORE_MILLISECONDS = 8_000;
const MOST = 2;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length * share)]!;
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await pause(20);
}

/** Bytes of the server's log that were looked at. */
let logRead = 0;

/** The policy in force is checked to the end: from then on the server does nothing but answer. */
async function untilVerified(host: Host): Promise<void> {
  const log = openSync(host.logFile, 'r');
  // Read a piece at a time: what takes long here would be taken for a slow answer.
  const piece = Buffer.alloc(64 * 1024);
  for (let isVerified = false; !isVerified; await pause(20)) {
    const length = readSync(log, piece, 0, piece.length, logRead);
    const end = piece.subarray(0, length).lastIndexOf('\n') + 1;
    logRead += end;
    isVerified = piece.subarray(0, end).includes('the engines agree on the policy');
  }
  closeSync(log);
}

/** Seconds that the serving thread was late at most during the last minute. */
async function longestStall(host: Host): Promise<number> {
  const metrics = await (await fetch(`http://${host.addresses.admin}/metrics`)).text();
  return Number(/^dharma_event_loop_delay_seconds\{quantile="1"\} (\S+)/m.exec(metrics)?.[1]);
}

const { world, leaves } = benchWorld({ rules: RULES, assignments: RULES, widths: WIDE });
const files = filesOf(world);
const policies = join(folder, 'policies');
mkdirSync(policies);
for (const [file, text] of files) writeFileSync(join(policies, file), text);

/** Every rule of a tenth of the tree gets another id. What takes long is done before anything is measured. */
function nextPolicies(number: number): () => void {
  const changed = [...files].filter(([file]) => file.startsWith('d0-d1'));
  const written = changed.map(([file, text]) => {
    const path = join(folder, `next-${file}`);
    writeFileSync(path, text.replaceAll('"id":"r', `"id":"n${number}-r`));
    return { path, file };
  });
  return () => {
    for (const { path, file } of written) renameSync(path, join(policies, file));
  };
}

const host = await startHost('dharma', policies);
await untilVerified(host);
const { reason } = (await askOverHttp(host, 1)(asked(0, leaves.length))) as { readonly reason: string };
if (reason !== 'ALLOW_FAST') throw new Error(`what is asked should be allowed, and gets ${reason}`);
const load = await startLoad(host, leaves.length);
await pause(5_000);
say(`checks of each protocol at ${RATE} a second; ${RULES} rules, a tenth of them changed by each publish`);
const ratios: { [protocol in Protocol]: number[] } = { 'POST /v1/decide': [], Check: [] };
for (let number = 1; number <= PUBLISHES; number += 1) {
  const publish = nextPolicies(number);
  await load.take();
  await pause(BEFORE_MILLISECONDS);
  const before = await load.take();
  const { revision } = load;
  const since = performance.now();
  publish();
  await until(() => load.revision > revision);
  const seconds = (performance.now() - since) / 1000;
  const during = await load.take();
  await untilVerified(host);
  const checked = await load.take();
  const stall = await longestStall(host);
  say(
    `publish ${number}: in force after ${seconds.toFixed(1)} s; serving thread late by ${(stall * 1000).toFixed(0)} ms at most`,
  );
  for (const protocol of PROTOCOLS) {
    const figures = [before, during, checked].map((phase) =>
      [0.5, 0.99].map((share) => quantile(phase[protocol], share).toFixed(1)).join(' / '),
    );
    const ratio = quantile(during[protocol], 0.99) / quantile(before[protocol], 0.99);
    ratios[protocol].push(ratio);
    say(
      `  ${protocol.padEnd(16)} p50 / p99 before ${figures[0]} ms, during ${figures[1]} ms, while the check goes on ${figures[2]} ms: ${ratio.toFixed(2)} ×`,
    );
  }
}
await load.stop();
await host.stop();
say('\nbounds');
const worst = PROTOCOLS.map((protocol) => {
  const ratio = median(ratios[protocol]);
  say(
    `  ${ratio <= MOST ? 'ok  ' : 'MISS'} ${protocol}: p99 during a publish against before: ${ratio.toFixed(2)} × (median; at most ${MOST} ×)`,
  );
  return ratio;
});
process.exit(Math.max(...worst) <= MOST ? 0 : 1);
