/**
 * `npm run bench -- --serving`: processor time a request of the listeners with everything on (keys, evidence, metrics,
 * a log line for each deny), against the same listeners with a handler that gives the same answers without a thought.
 * Exits 1 when a bound does not hold.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Ask, type Asked, askOverGrpc, askOverHttp, CREDENTIAL } from './asking.js';
import { folder, type Host, startHost } from './host.js';

const WARM_UP_ROUNDS = 10;
const ROUNDS = 11;
const REQUESTS = 2_000;
const LANES = 16;
const MOST = 1.6;

const POLICIES = `
apiVersion: dharma/v1
kind: Domain
metadata: { name: shop }
spec: { access: [anonymous], boundary: ["orders/*"] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: orders }
spec: { domains: [shop], hosts: [shop.example] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: shop, domain: shop }
spec: { rules: [{ id: read, effect: allow, who: { anonymous: true }, what: { methods: [GET] } }] }
---
apiVersion: dharma/v1
kind: EnforcementPoint
metadata: { name: edge, domain: shop }
spec: { credentials: [${JSON.stringify(CREDENTIAL)}], mayAssert: [] }
`;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Every second one is denied, and so logged. */
function asked(index: number): Asked {
  return { host: 'shop.example', method: index % 2 === 0 ? 'GET' : 'POST', path: `/orders/${index}` };
}

/** Microseconds of the server's processor time a request. */
async function costOf(host: Host, ask: Ask): Promise<number> {
  const before = await host.cpu();
  let next = 0;
  const lane = async () => {
    while (next < REQUESTS) await ask(asked(next++));
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return ((await host.cpu()) - before) / REQUESTS;
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[values.length >> 1]!;
}

/** What goes on in the background at first, like the check of the policy, must not be counted. */
async function untilQuiet(host: Host): Promise<void> {
  for (;;) {
    const before = await host.cpu();
    await new Promise((done) => setTimeout(done, 500));
    if ((await host.cpu()) - before < 25_000) return;
  }
}

async function compare(name: string, hosts: readonly Host[], connect: (host: Host) => Ask): Promise<number> {
  const asks = hosts.map((host) => connect(host));
  for (let round = 0; round < WARM_UP_ROUNDS; round += 1)
    for (const [place, host] of hosts.entries()) await costOf(host, asks[place]!);
  const rounds: number[][] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const costs: number[] = [];
    for (const [place, host] of hosts.entries()) costs.push(await costOf(host, asks[place]!));
    rounds.push(costs);
  }
  const [ours, empty] = [0, 1].map((place) => median(rounds.map((costs) => costs[place]!))) as [number, number];
  const ratio = median(rounds.map(([one, other]) => one! / other!));
  say(`  ${name.padEnd(14)} ${ours.toFixed(0)} µs, an empty handler ${empty.toFixed(0)} µs: ${ratio.toFixed(2)} ×`);
  return ratio;
}

/** Without what the loader filled in, so that it is as large when it is sent again. */
function bare(message: object): object {
  const entries = Object.entries(message).filter(([, value]) => Boolean(value) && (value as object[]).length !== 0);
  return Object.fromEntries(entries.map(([name, value]) => [name, bareValue(value)]));
}

function bareValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bareValue);
  return typeof value === 'object' ? bare(value as object) : value;
}

/** Everything was on: what was asked is in the log and in the metrics, and a wrong key gets nothing. */
async function requireEverything(host: Host, count: number): Promise<void> {
  const lines = readFileSync(host.logFile, 'utf8').split('"decision":"deny"').length - 1;
  if (lines !== count / 2) throw new Error(`of ${count / 2} denials ${lines} are in the log`);
  const metrics = await (await fetch(`http://${host.addresses.admin}/metrics`)).text();
  const counts = [...metrics.matchAll(/^dharma_decisions_total\{.*\} (\d+)/gm)].map(([, count]) => Number(count));
  const counted = counts.reduce((sum, count) => sum + count, 0);
  if (counted !== count) throw new Error(`of ${count} decisions ${counted} are counted`);
  const refusal = await askOverHttp(host, 1, 'edge-1.wrong')(asked(0)).then(() => 'an answer', String);
  if (!refusal.includes('401')) throw new Error(`a wrong key got ${refusal}`);
}

const policies = join(folder, 'policies');
mkdirSync(policies);
writeFileSync(join(policies, 'shop.yaml'), POLICIES);
const dharma = await startHost('dharma', policies);
const recorded = [];
for (const index of [0, 1]) {
  recorded.push({
    decision: await askOverHttp(dharma, 1)(asked(index)),
    checked: bare(await askOverGrpc(dharma)(asked(index))),
  });
}
const hosts = [dharma, await startHost('empty', policies, recorded)];
for (const host of hosts) await untilQuiet(host);
say(`processor time a request (median of ${ROUNDS} rounds of ${REQUESTS}, in turns; half of them denied and logged)`);
const ratios = [
  ['POST /v1/decide', await compare('/v1/decide', hosts, (host) => askOverHttp(host, LANES))],
  ['Check', await compare('Check', hosts, askOverGrpc)],
] as const;
await requireEverything(dharma, 2 * recorded.length + ratios.length * (WARM_UP_ROUNDS + ROUNDS) * REQUESTS);
for (const host of hosts) await host.stop();
say('\nbounds');
for (const [name, ratio] of ratios) {
  say(
    `  ${ratio <= MOST ? 'ok  ' : 'MISS'} ${name} against an empty handler: ${ratio.toFixed(2)} × (at most ${MOST} ×)`,
  );
}
process.exit(ratios.every(([, ratio]) => ratio <= MOST) ? 0 : 1);
