/**
 * `npm run bench -- --joiner [--assignments N] [--entities N] [--rules N]`: how long it takes until one who joins may do what
 * the role allows, with so many assignments in force, and until one of whom another level is stored may do what that allows,
 * with so many entities (100,000 each unless said otherwise), against a publish that takes the whole way in the same run.
 * PostgreSQL and the server are processes of their own. Exits 1 when a bound does not hold.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { newDocument, type Revision } from '#administration';
import { loadBundle } from '#policy';
import { connectLazily, migrateDatabase, startEmbeddedPostgres } from '#store';
import { askOverHttp } from './asking.js';
import { folder, startStoredHost } from './host.js';
import { benchWorld, WIDE } from './world.js';
import { filesOf } from './world-documents.js';

const ASSIGNMENTS = numberAfter('--assignments', 100_000);
const ENTITIES = numberAfter('--entities', 100_000);
const RULES = numberAfter('--rules', 100_000);
/** Measured of each kind. */
const JOINERS = 15;
const MOST_MILLISECONDS = 500;
const TOKEN = 'bench.token-of-the-bench';
/** What somebody joins: the domain of `s0`, whose caller is a neighbour. */
const PLACE = 'd0-d0-d0-d0';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function numberAfter(option: string, standard: number): number {
  const at = process.argv.indexOf(option);
  return at < 0 ? standard : Number(process.argv[at + 1]);
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)]!;
}

/** What a level above one allows there. */
const LEVELS = {
  file: 'levels.yaml',
  text: JSON.stringify({
    apiVersion: 'dharma/v1',
    kind: 'Policy',
    metadata: { name: 'levels', domain: PLACE.replaceAll('-', '.') },
    spec: {
      rules: [{ id: 'r', effect: 'allow', what: { endpoints: ['s0/all'] }, when: 'principal.attributes.level > 1' }],
    },
  }),
};

const { world } = benchWorld({ rules: RULES, assignments: ASSIGNMENTS, entities: ENTITIES, widths: WIDE });
const files = [...filesOf(world)].map(([file, text]) => ({ file, text }));
const bundle = loadBundle([...files, LEVELS]);
if (bundle.faults.length > 0) throw new Error(bundle.faults[0]!.message);
const documents = bundle.documents.map(({ document, text }) => newDocument(document, text, 'api'));
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
const decide = askOverHttp(host, 1);

async function published(method: string, path: string, body: object): Promise<Revision> {
  const response = await fetch(`http://${host.addresses.admin}/admin/v1/${path}`, {
    method,
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json', 'if-match': '*' },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as { readonly revision?: Revision };
  if (answer.revision === undefined) throw new Error(JSON.stringify(answer).slice(0, 1_000));
  return answer.revision;
}

interface Answer {
  readonly decision: string;
  readonly revision: number;
}

async function ask(user: string): Promise<Answer> {
  return (await decide({
    host: 's0.example',
    method: 'GET',
    path: '/v1/items/7',
    caller: 'spiffe://bench.example/s1',
    user,
  })) as Answer;
}

/** @returns milliseconds from the request to publish: until it was answered, and until it was in force */
async function measured(publish: () => Promise<unknown>, isInForce: () => Promise<boolean>) {
  const begin = performance.now();
  const publishing = publish().then(() => performance.now() - begin);
  while (!(await isInForce())) await pause(5);
  return { answered: await publishing, inForce: performance.now() - begin };
}

async function joins(user: string) {
  const body = { roleSet: PLACE, role: 'role-0', principals: [`user:${user}`], because: 'joins' };
  return allowedAfter(user, () => published('POST', 'assignments', body));
}

async function rises(user: string) {
  const body = { entitySet: PLACE, type: 'user', id: user, attributes: { level: 2 }, because: 'rises' };
  return allowedAfter(user, () => published('POST', 'entities', body));
}

async function allowedAfter(user: string, publish: () => Promise<unknown>) {
  if ((await ask(user)).decision !== 'deny') throw new Error('who may not yet should be denied');
  return measured(publish, async () => (await ask(user)).decision === 'allow');
}

/** @returns milliseconds until each was in force */
async function severalOf(what: string, change: (user: string) => ReturnType<typeof measured>) {
  const times: number[] = [];
  for (let number = 1; number <= JOINERS; number += 1) {
    const { answered, inForce } = await change(`${what}-${number}`);
    times.push(inForce);
    say(`  ${what} ${number}: answered after ${answered.toFixed(0)} ms, in force after ${inForce.toFixed(0)} ms`);
  }
  return times;
}

/** One that ends some day: what else that touches only a compilation tells. */
async function changeOneRule() {
  const before = (await ask('nobody')).revision;
  const text = documents
    .find(({ kind, name }) => kind === 'Policy' && name === PLACE)!
    .text.replace('"id":"r0"', '"id":"n0","notAfter":"2099-01-01T00:00:00Z"');
  return measured(
    () => published('PUT', `documents/Policy/${PLACE}`, { text, because: 'a rule ends some day' }),
    async () => (await ask('nobody')).revision > before,
  );
}

say(`${ASSIGNMENTS} assignments, ${ENTITIES} entities and ${RULES} rules in force`);
while (!(await ask('nobody')).revision) await pause(50);
const first = await joins('newcomer-first');
say(
  `  first after the start: answered after ${first.answered.toFixed(0)} ms, in force after ${first.inForce.toFixed(0)} ms`,
);
const joiners = await severalOf('joiner', joins);
const risers = await severalOf('riser', rises);
const whole = await changeOneRule();
say(`  the whole way: answered after ${whole.answered.toFixed(0)} ms, in force after ${whole.inForce.toFixed(0)} ms`);
await host.stop();
await stores.close();
await postgres.stop();
say('\nbounds');
const areMet = [
  isMet(`one assignment among ${ASSIGNMENTS}`, median(joiners)),
  isMet(`one entity among ${ENTITIES}`, median(risers)),
];
process.exit(areMet.every(Boolean) ? 0 : 1);

function isMet(what: string, milliseconds: number): boolean {
  const isSoon = milliseconds <= MOST_MILLISECONDS;
  say(
    `  ${isSoon ? 'ok  ' : 'MISS'} ${what} in force after ${milliseconds.toFixed(0)} ms (median; at most ${MOST_MILLISECONDS} ms); the whole way takes ${(whole.inForce / milliseconds).toFixed(1)} × as long`,
  );
  return isSoon;
}
