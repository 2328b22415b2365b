import { readFileSync } from 'node:fs';
import type { DataSource } from 'typeorm';
import type { Publication, PublishOutcome, Revision } from '#administration';
import { openDatabase, PostgresCredentialStore, PostgresDecisionStore, PostgresRevisionStore } from '#store';
import { lineOf, recorded } from '../decision-log/lines.js';
import { ask, startTestPostgres, type TestPostgres } from '../support/postgres.js';
import { domainText, entitySetText, policyText, publicationOf, roleSetText } from '../support/revisions.js';

const PAY = '{ id: pay, effect: allow, who: { roles: [clerk, chief] } }';
const PAY_SLOWLY = '{ id: pay, effect: allow, who: { roles: [clerk] }, when: "true" }';
const FREEZE = '{ id: freeze, effect: deny }';
const ROLES = roleSetText('staff', 'acme', [
  ['clerk', 'user:bo'],
  ['clerk', 'user:al'],
]).replace('{ name: clerk }', '{ name: clerk }, { name: chief, inherits: [clerk] }');

let postgres: TestPostgres;
let dataSource: DataSource;
let url: string;

beforeAll(async () => {
  postgres = await startTestPostgres();
  url = await postgres.migrated();
  dataSource = await openDatabase({ url });
  const store = new PostgresRevisionStore({ dataSource, random: () => 0, wait: async () => {} });
  const publish = async (base: Revision | null, text: string, author: string, more: Partial<Publication> = {}) => {
    const provenance = { author, source: 'git', because: `${author} says so`, gitCommit: `commit of ${author}` };
    const outcome = await store.publish(publicationOf(base, text, { provenance, ...more }));
    return (outcome as PublishOutcome & { kind: 'published' }).revision;
  };
  const domains = `${domainText('acme')}${domainText('acme.payments')}${domainText('acmes')}`;
  const first = await publish(
    null,
    `${domains}${policyText('payments', 'acme.payments', [PAY, FREEZE])}${policyText('base', 'acmes', [FREEZE])}${ROLES}`,
    'ann',
  );
  const second = await publish(first, entitySetText('records', 'acme', ['{ type: record, id: "1" }']), 'bo');
  const third = await publish(second, policyText('payments', 'acme.payments', [PAY_SLOWLY]), 'cy');
  await publish(third, '', 'dee', { remove: [{ kind: 'Policy', name: 'base' }] });
  const credentials = new PostgresCredentialStore(dataSource);
  const key = { kind: 'enforcement-point-key', createdBy: 'ann' } as const;
  await credentials.create({ ...key, name: 'edge' });
  await credentials.create({ ...key, name: 'ended', expiresAt: Date.UTC(2020, 0) });
  const client = { subject: 'partner-1', scopes: [], groups: [] };
  await credentials.create({ kind: 'client-key', name: 'partner-key', client, createdBy: 'bo' });
  const { credential } = await credentials.create({ ...key, name: 'revoked' });
  await credentials.revoke([credential.kind], credential.id, 'bo');
  const decisions = new PostgresDecisionStore({ dataSource, days: 14, clock: Date.now });
  const time = new Date().toISOString();
  const denials = [
    recorded({ time }),
    recorded({ time, reason: 'DENY_RULE' }),
    recorded({ time, reason: 'DENY_RULE' }),
  ];
  const allow = recorded({ time, decision: 'allow', reason: 'ALLOW_SLOW', deniedAt: null });
  await decisions.write([...denials, allow].map(lineOf));
}, 60_000);
afterAll(async () => {
  await dataSource.destroy();
  await postgres.stop();
});

const DOCUMENT = readFileSync(new URL('../../docs/storage.md', import.meta.url), 'utf8');
const EXAMPLES = [...DOCUMENT.matchAll(/\n([^\n]+)\n\n```sql example\n([\s\S]*?)```/g)].map(
  ([, question = '', sql = '']) => [question, sql] as const,
);

/** What each example of the page answers here; times are looked at by their sort only. */
const ANSWERS: readonly (readonly Record<string, unknown>[])[] = [
  [
    { kind: 'client-key', name: 'partner-key', created_by: 'bo' },
    { kind: 'enforcement-point-key', name: 'edge', created_by: 'ann' },
  ],
  [
    { endpoint: 'orders/all', reason: 'DENY_RULE', count: '2' },
    { endpoint: 'orders/all', reason: 'NO_ALLOW_RULE', count: '1' },
  ],
  [{ policy: 'payments', rule: 'pay', effect: 'allow', since: '3' }],
  [{ domain: 'acme.payments', policy: 'payments', rule: 'pay' }],
  [
    { mention: 'assignment', domain: 'acme', document: 'staff', item: 'user:al' },
    { mention: 'assignment', domain: 'acme', document: 'staff', item: 'user:bo' },
    { mention: 'definition', domain: 'acme', document: 'staff', item: 'clerk' },
    { mention: 'inherited by', domain: 'acme', document: 'staff', item: 'chief' },
    { mention: 'rule', domain: 'acme.payments', document: 'payments', item: 'pay' },
  ],
  [
    { principal: 'user:al', domain: 'acme', role_set: 'staff' },
    { principal: 'user:bo', domain: 'acme', role_set: 'staff' },
  ],
  [
    { revision: '1', change: 'added', author: 'ann', because: 'ann says so', git_commit: 'commit of ann' },
    { revision: '3', change: 'changed', author: 'cy', because: 'cy says so', git_commit: 'commit of cy' },
  ],
  [{ declaration: { id: 'pay', effect: 'allow', who: { roles: ['clerk', 'chief'] } } }],
  [
    { domain: 'acme.payments', policy: 'payments', rule: 'freeze', effect: 'deny' },
    { domain: 'acme.payments', policy: 'payments', rule: 'pay', effect: 'allow' },
    { domain: 'acmes', policy: 'base', rule: 'freeze', effect: 'deny' },
  ],
  [
    { kind: 'Domain', name: 'acme' },
    { kind: 'Domain', name: 'acme.payments' },
    { kind: 'Domain', name: 'acmes' },
    { kind: 'Policy', name: 'base' },
    { kind: 'Policy', name: 'payments' },
    { kind: 'RoleSet', name: 'staff' },
  ],
  [{ number: '4' }, { number: '3' }, { number: '2' }, { number: '1' }],
];

it('has an answer to hold each example of the page against', () => {
  expect(EXAMPLES).toHaveLength(ANSWERS.length);
});

it.each(EXAMPLES.map(([question, sql], index) => [question, sql, ANSWERS[index]!] as const))(
  '%s',
  async (_question, sql, answer) => {
    const rows = await ask(url, sql);
    expect(rows).toHaveLength(answer.length);
    expect(rows).toMatchObject(answer);
  },
);

it('dates a removal, and says who made it', async () => {
  const rows = await ask(
    url,
    "select policy, change, author, domain from dharma.rule_history where rule = 'freeze' order by revision, policy",
  );
  expect(rows).toEqual([
    { policy: 'base', change: 'added', author: 'ann', domain: 'acmes' },
    { policy: 'payments', change: 'added', author: 'ann', domain: 'acme.payments' },
    { policy: 'payments', change: 'removed', author: 'cy', domain: 'acme.payments' },
    { policy: 'base', change: 'removed', author: 'dee', domain: 'acmes' },
  ]);
});

it('names every view with its columns in the table of the page', async () => {
  const columns = await ask<{ table_name: string; column_name: string }>(
    url,
    `select table_name, column_name from information_schema.columns
     where table_schema = 'dharma' and table_name in (select viewname from pg_views where schemaname = 'dharma')`,
  );
  expect(columns.length).toBeGreaterThan(30);
  for (const { table_name, column_name } of columns) {
    const line = DOCUMENT.split('\n').find((text) => text.startsWith(`| \`${table_name}\``));
    expect(`${table_name}: ${line}`).toContain(column_name);
  }
});
