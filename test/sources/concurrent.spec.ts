import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { openDatabase, PostgresAuditLog, PostgresCredentialStore, PostgresFleet, PostgresRevisionStore } from '#store';
import { startTestAdmin, ScriptedServer, type TestAdmin } from '../admin-api/admin-server.js';
import { startTestPostgres, type TestPostgres } from '../support/postgres.js';
import { startServerWith, type TestServer } from '../support/server.js';
import { SHOP } from '../support/shop.js';

/** Of ten sources each publishes five times: three bundles of its own, and two that change one document. */
const SOURCES = Array.from({ length: 10 }, (_, index) => `team-${index}`);
const OWN = 3;
const IN_THE_WAY = 2;
const PATIENCE_MILLISECONDS = 120_000;

let folder: string;
let postgres: TestPostgres;
let server: Omit<TestServer, 'rewrite'>;
let dataSource: DataSource;
/** Another server's administration on the same database: the two do not take turns. */
let other: TestAdmin;
let ask: TestAdmin['ask'];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dharma-sources-'));
  postgres = await startTestPostgres();
  const url = await postgres.migrated();
  server = await startServerWith({ 'database-url': url, 'data-dir': folder });
  const token = readFileSync(join(folder, 'operator-token'), 'utf8').trim();
  dataSource = await openDatabase({ url });
  const wait = (milliseconds: number) => pause(milliseconds);
  const store = new PostgresRevisionStore({ dataSource, random: Math.random, wait });
  const credentials = new PostgresCredentialStore(dataSource);
  const audit = new PostgresAuditLog(dataSource);
  const fleet = new PostgresFleet(dataSource);
  other = await startTestAdmin({
    history: { store, credentials, audit, fleet },
    server: new ScriptedServer(),
    clock: Date.now,
  });
  ask = async (method, path, { body } = {}) => {
    const response = await fetch(`http://${server.addresses.admin}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: JSON.parse(text) };
  };
}, PATIENCE_MILLISECONDS);

afterAll(async () => {
  await other?.stop();
  await dataSource?.destroy();
  await server?.stop();
  await postgres?.stop();
  await rm(folder, { recursive: true, force: true });
}, PATIENCE_MILLISECONDS);

const domain = (name: string) => `---\napiVersion: dharma/v1\nkind: Domain\nmetadata: { name: ${name} }\nspec: {}\n`;
const policy = (name: string, at: string, description: string) =>
  `---\napiVersion: dharma/v1\nkind: Policy\nmetadata: { name: ${name}, domain: ${at}, description: ${description} }\nspec: { rules: [{ id: d, effect: deny }] }\n`;
/** What a suspension makes fail, and what does not hold it up. */
const OPEN = `---
apiVersion: dharma/v1
kind: Test
metadata: { name: open, domain: shop }
spec:
  cases:
    - because: the shop is open
      request: { target: { host: shop.example, method: GET, path: /public/x } }
      expect: { decision: allow }
`;
const bundle = (source: string, text: string, base: unknown) => ({
  body: { source, files: [{ file: `${source}.yaml`, text }], prune: false, base, because: `${source} says so` },
});
const markOf = ({ json }: Awaited<ReturnType<TestAdmin['ask']>>) => ({
  number: json.revision.number,
  contentHash: json.revision.contentHash,
});

it(
  'fifty at once from one base and ten sources make one chain, and only what meets is refused',
  async () => {
    const first = await ask('POST', '/admin/v1/revisions', bundle('platform', domain('acme'), null));
    const everyone = SOURCES.map((source) => domain(`acme.${source}`)).join('');
    const second = await ask('POST', '/admin/v1/revisions', bundle('platform', everyone, markOf(first)));
    expect(second).toMatchObject({ status: 201 });
    const base = markOf(second);
    const asked = SOURCES.flatMap((source) => [
      ...Array.from({ length: OWN }, (_, index) => ({ source, name: `${source}-${index}`, description: 'own' })),
      ...Array.from({ length: IN_THE_WAY }, (_, index) => ({
        source,
        name: `${source}-one`,
        description: `by-${index}`,
      })),
    ]);

    const answers = await Promise.all(
      asked.map(async ({ source, name, description }, index) => {
        const by = index % 2 === 0 ? ask : other.ask;
        return by('POST', '/admin/v1/revisions', bundle(source, policy(name, `acme.${source}`, description), base));
      }),
    );

    const published = answers.filter(({ status }) => status === 201).map(({ json }) => json);
    const refused = answers.flatMap(({ status, json }, index) => (status === 201 ? [] : [{ json, of: asked[index]! }]));
    expect(published).toHaveLength(SOURCES.length * (OWN + 1));
    expect(refused).toHaveLength(SOURCES.length * (IN_THE_WAY - 1));
    for (const { json, of } of refused) {
      expect(json).toMatchObject({
        code: 'revision-superseded',
        conflicts: [
          { kind: 'Policy', name: of.name, source: of.source, because: 'changed', revision: { source: of.source } },
        ],
      });
    }
    const { items } = (await ask('GET', '/admin/v1/revisions?limit=500')).json;
    const numbers = items.map(({ number }: { number: number }) => number);
    expect(numbers).toEqual(Array.from({ length: published.length + 2 }, (_, index) => published.length + 2 - index));
    expect(items.slice(0, -1).every((one: { number: number; base: number }) => one.base === one.number - 1)).toBe(true);
    expect(published.filter(({ rebased }) => rebased !== undefined)).toHaveLength(published.length - 1);
    for (const { rebased, revision } of published.filter((one) => one.rebased !== undefined)) {
      expect(rebased).toEqual({ from: base, on: expect.objectContaining({ number: revision.base }) });
    }
    const documents = (await ask('GET', '/admin/v1/documents?kind=Policy&limit=500')).json.items;
    expect(documents.map(({ name }: { name: string }) => name)).toEqual(
      [...new Set(asked.map(({ name }) => name))].sort(),
    );
    await inForce(numbers[0]);
  },
  PATIENCE_MILLISECONDS,
);

it(
  'a suspension reaches decisions, and a bundle that comes after it does not end it',
  async () => {
    const publish = async (text: string) => {
      const [newest] = (await ask('GET', '/admin/v1/revisions?limit=1')).json.items;
      const base = { number: newest.number, contentHash: newest.contentHash };
      const answer = await ask('POST', '/admin/v1/revisions', bundle('shop', text, base));
      expect(answer).toMatchObject({ status: 201 });
      await inForce(answer.json.revision.number);
    };
    const reason = async () => {
      const response = await fetch(`http://${server.addresses.http}/v1/decide`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ target: { host: 'shop.example', method: 'GET', path: '/public/x' } }),
      });
      return ((await response.json()) as { readonly reason: string }).reason;
    };
    const setSuspension = async (verb: string) => {
      const answer = await ask('POST', `/admin/v1/domains/shop/${verb}`, { body: { because: 'a test says so' } });
      expect(answer).toMatchObject({ status: 201 });
      await inForce(answer.json.revision.number);
    };
    await publish(`${SHOP}${OPEN}`);
    expect(await reason()).toBe('ALLOW_SLOW');
    await setSuspension('suspend');
    expect(await reason()).toBe('TARGET_DOMAIN_SUSPENDED');
    await publish(`${SHOP.replace('[GET]', '[GET, PUT]')}${OPEN}`);
    expect(await reason()).toBe('TARGET_DOMAIN_SUSPENDED');
    await setSuspension('resume');
    expect(await reason()).toBe('ALLOW_SLOW');
  },
  PATIENCE_MILLISECONDS,
);

async function inForce(number: number): Promise<void> {
  const deadline = performance.now() + PATIENCE_MILLISECONDS / 2;
  for (;;) {
    const { policy: known } = (await ask('GET', '/admin/v1/status')).json;
    if (known?.number === number) return;
    if (performance.now() > deadline) throw new Error(`revision ${known?.number} is in force, not ${number}`);
    await pause(50);
  }
}
