/**
 * `npm run bench -- --plan`: how long a plan of ten changed rules takes among 100,000 in force, flips included, against
 * compiling the same set in the same run. PostgreSQL and the server are processes of their own. Exits 1 when the bound
 * does not hold.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newDocument, type StoredDocument } from '#administration';
import { compile } from '#engine';
import { loadBundle } from '#policy';
import { connectLazily, migrateDatabase, startEmbeddedPostgres } from '#store';
import { folder, startStoredHost } from './host.js';
import { benchWorld, WIDE } from './world.js';
import { filesOf } from './world-documents.js';

const RULES = 100_000;
const CHANGED = 10;
const PLANS = 5;
const COMPILATIONS = 3;
const MOST_SECONDS = 5;
const TOKEN = 'bench.token-of-the-bench';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[values.length >> 1]!;
}

const { world } = benchWorld({ rules: RULES, assignments: RULES, widths: WIDE });
const documents = loadBundle([...filesOf(world)].map(([file, text]) => ({ file, text }))).documents.map(
  ({ document, text }) => newDocument(document, text, 'api'),
);
const compilations = Array.from({ length: COMPILATIONS }, () => {
  const since = performance.now();
  compile(world);
  return (performance.now() - since) / 1000;
});
const postgres = await startEmbeddedPostgres({ folder: join(folder, 'postgres'), durability: 'full' });
const databaseUrl = postgres.urlOf('postgres');
await migrateDatabase(databaseUrl, 'auto');
const stores = connectLazily({ url: databaseUrl, random: Math.random });
await stores.store.publish({
  base: null,
  put: documents,
  remove: [],
  provenance: { author: 'bench', source: 'api', because: 'to be measured' },
});
const tokenFile = join(folder, 'operator-token');
writeFileSync(tokenFile, TOKEN, { mode: 0o600 });
const host = await startStoredHost({
  'database-url': databaseUrl,
  'operator-token-file': tokenFile,
  'data-dir': join(folder, 'data'),
});

interface Planned {
  readonly valid: boolean;
  readonly summary: { readonly rules: { readonly added: number; readonly removed: number; readonly changed: number } };
  readonly flips: {
    readonly points: number;
    readonly coverage: number;
    readonly toAllow: number;
    readonly toDeny: number;
  };
}

/** Ten allows of one policy ask for other roles: a few of those who hold them lose what others gain. */
function changedText({ text }: StoredDocument, number: number): string {
  const policy = JSON.parse(text) as { spec: { rules: { who: { roles?: readonly string[] } }[] } };
  const allows = policy.spec.rules.filter(({ who }) => who.roles !== undefined).slice(0, CHANGED);
  if (allows.length < CHANGED) throw new Error(`a policy of ${allows.length} rules for roles is too small`);
  for (const [index, rule] of allows.entries()) rule.who.roles = [`role-${(number * CHANGED + index + 1) % 50}`];
  return JSON.stringify(policy);
}

async function planned(name: string, number: number): Promise<{ readonly seconds: number; readonly plan: Planned }> {
  const document = documents.find((one) => one.kind === 'Policy' && one.name === name)!;
  const body = JSON.stringify({
    source: 'api',
    prune: false,
    files: [{ file: 'changed.json', text: changedText(document, number) }],
  });
  const since = performance.now();
  const response = await fetch(`http://${host.addresses.admin}/admin/v1/plan`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body,
  });
  const plan = (await response.json()) as Planned;
  const seconds = (performance.now() - since) / 1000;
  if (plan.valid !== true) throw new Error(JSON.stringify(plan).slice(0, 1_000));
  return { seconds, plan };
}

say(`plans of ${CHANGED} changed rules, ${RULES} rules and ${RULES} assignments in force; flips, no replay`);
say(`  compiling that set                        ${median(compilations).toFixed(2)} s`);
const first = await planned('d0-d0-d0-d0', 1);
say(`  the first plan, which reads the set       ${first.seconds.toFixed(2)} s`);
const worst: number[] = [];
for (const [where, name] of [
  ['at a leaf of the tree', 'd0-d0-d0-d0'],
  ['at a branch of a hundred leaves', 'd0-d0'],
  ['at the top, above all of them', 'd0'],
] as const) {
  const found: Awaited<ReturnType<typeof planned>>[] = [];
  for (let number = 2; number < 2 + PLANS; number += 1) found.push(await planned(name, number));
  const seconds = found.map((one) => one.seconds);
  const { points, coverage, toAllow, toDeny } = found.at(-1)!.plan.flips;
  worst.push(median(seconds));
  say(
    `  ${where.padEnd(40)}  ${median(seconds).toFixed(2)} s  (${Math.min(...seconds).toFixed(2)}–${Math.max(...seconds).toFixed(2)})  = ${(median(seconds) / median(compilations)).toFixed(1)} × compiling`,
  );
  say(`    ${points} points, ${(coverage * 100).toFixed(1)} % decided: ${toAllow} to allow, ${toDeny} to deny`);
}
await host.stop();
await stores.close();
await postgres.stop();
const holds = Math.max(...worst) <= MOST_SECONDS;
say(`${holds ? 'holds' : 'BROKEN'}: a plan of ${CHANGED} rules among ${RULES} takes at most ${MOST_SECONDS} s`);
process.exit(holds ? 0 : 1);
