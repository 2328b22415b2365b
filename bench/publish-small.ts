/**
 * `npm run bench -- --publish-small [--rules N]`: how long it takes until ten changed rules, of 100,000 in force, are
 * decided by on two servers of one database, from the request to publish; and how long the plan of them takes. PostgreSQL
 * and both servers are processes of their own. Exits 1 when a bound does not hold.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { contentHashOf, newDocument, type Revision, sha256 } from '#administration';
import { loadBundle } from '#policy';
import { connectLazily, migrateDatabase, startEmbeddedPostgres } from '#store';
import { askOverHttp } from './asking.js';
import { folder, type Host, startStoredHost } from './host.js';
import { benchWorld, WIDE } from './world.js';
import { filesOf } from './world-documents.js';

const RULES = numberAfter('--rules', 100_000);
const CHANGED = 10;
const PUBLISHES = 9;
const MOST_MILLISECONDS = { publish: 2_000, plan: 5_000 };
const TOKEN = 'bench.token-of-the-bench';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function numberAfter(option: string, standard: number): number {
  const at = process.argv.indexOf(option);
  return at < 0 ? standard : Number(process.argv[at + 1]);
}

function baseOf({ number, contentHash }: Revision): Pick<Revision, 'number' | 'contentHash'> {
  return { number, contentHash };
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)]!;
}

const { world } = benchWorld({ rules: RULES, assignments: RULES, widths: WIDE });
const set = new Map(
  loadBundle([...filesOf(world)].map(([file, text]) => ({ file, text })))
    .documents.map(({ document, text }) => newDocument(document, text, 'api'))
    .map((document) => [`${document.kind} ${document.name}`, document]),
);
const postgres = await startEmbeddedPostgres({ folder: join(folder, 'postgres'), durability: 'full' });
const databaseUrl = postgres.urlOf('postgres');
await migrateDatabase(databaseUrl, 'auto');
const stores = connectLazily({ url: databaseUrl, random: Math.random });
const outcome = await stores.store.publish({
  base: null,
  put: [...set.values()],
  remove: [],
  provenance: { author: 'bench', source: 'api', because: 'to be measured' },
});
if (outcome.kind !== 'published') throw new Error(outcome.kind);
let newest = baseOf(outcome.revision);
const tokenFile = join(folder, 'operator-token');
writeFileSync(tokenFile, TOKEN, { mode: 0o600 });
const hosts: Host[] = [];
for (const name of ['one', 'other']) {
  hosts.push(
    await startStoredHost({
      'database-url': databaseUrl,
      'operator-token-file': tokenFile,
      'data-dir': join(folder, name),
    }),
  );
}
const asks = hosts.map((host) => askOverHttp(host, 1));

async function asked(path: string, body: object): Promise<{ readonly [member: string]: unknown }> {
  const response = await fetch(`http://${hosts[0]!.addresses.admin}/admin/v1/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as { readonly [member: string]: unknown };
  if (!response.ok) throw new Error(JSON.stringify(answer).slice(0, 1_000));
  return answer;
}

async function revisions(): Promise<readonly number[]> {
  const answers = await Promise.all(
    asks.map((ask) =>
      ask({ host: 's0.example', method: 'GET', path: '/v1/items/7', caller: 'spiffe://bench.example/s1' }),
    ),
  );
  return answers.map((answer) => (answer as { readonly revision: number }).revision);
}

/** Ten rules of ten policies: one of each is called otherwise and given to another role. */
function nextChange(number: number) {
  const policies = [...set.values()].filter(({ kind, text }) => kind === 'Policy' && text.includes('"roles":["role-'));
  const changed = Array.from({ length: CHANGED }, (_, index) => {
    const policy = policies[(number * CHANGED + index) % policies.length]!;
    const text = policy.text.replace(/"id":"(\w+)"/, `"id":"n${number}-$1"`);
    return { ...policy, text, contentHash: sha256(text) };
  });
  for (const policy of changed) set.set(`${policy.kind} ${policy.name}`, policy);
  return {
    source: 'api',
    changed: changed.map(({ name, text }) => ({ file: `${name}.yaml`, text })),
    contentHash: contentHashOf(set.values()),
  };
}

async function measured(number: number) {
  const body = nextChange(number);
  const beforePlan = performance.now();
  await asked('plan', body);
  const begin = performance.now();
  const publishing = asked('revisions', { ...body, base: newest, because: 'ten rules' }).then((published) => {
    newest = baseOf(published['revision'] as Revision);
    return performance.now() - begin;
  });
  const before = newest.number;
  const inForce: number[] = [];
  while (inForce.length < hosts.length) {
    await pause(5);
    const there = (await revisions()).filter((revision) => revision > before).length;
    while (inForce.length < there) inForce.push(performance.now() - begin);
  }
  return { plan: begin - beforePlan, answered: await publishing, one: inForce[0]!, both: inForce[1]! };
}

while ((await revisions()).some((revision) => !revision)) await pause(50);
say(`${CHANGED} rules of ${RULES} changed on two servers`);
const plans: number[] = [];
const publishes: number[] = [];
for (let number = 0; number <= PUBLISHES; number += 1) {
  const { plan, answered, one, both } = await measured(number);
  const which = number === 0 ? 'first after the start' : `publish ${number}`;
  const told = [plan, answered, one, both].map((milliseconds) => milliseconds.toFixed(0));
  say(
    `  ${which}: planned in ${told[0]} ms; answered after ${told[1]} ms, in force on one after ${told[2]} ms, on both after ${told[3]} ms`,
  );
  if (number === 0) continue;
  plans.push(plan);
  publishes.push(both);
}
for (const host of hosts) await host.stop();
await stores.close();
await postgres.stop();
say('\nbounds');
const bounds = [
  {
    what: `${CHANGED} rules among ${RULES} in force on two servers`,
    took: median(publishes),
    most: MOST_MILLISECONDS.publish,
  },
  { what: 'the plan of them', took: median(plans), most: MOST_MILLISECONDS.plan },
];
for (const { what, took, most } of bounds) {
  say(`  ${took <= most ? 'ok  ' : 'MISS'} ${what}: ${took.toFixed(0)} ms (median; at most ${most} ms)`);
}
process.exit(bounds.every(({ took, most }) => took <= most) ? 0 : 1);
