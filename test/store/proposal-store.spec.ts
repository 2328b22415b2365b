import type { DataSource } from 'typeorm';
import type { NewProposal } from '#administration';
import {
  grantServing,
  MemoryAuditLog,
  MemoryRevisionStore,
  openDatabase,
  PostgresAuditLog,
  PostgresRevisionStore,
} from '#store';
import { proposalStoreContract } from '../contract/proposal-store.contract.js';
import { administer, ask, startTestPostgres, type TestPostgres } from '../support/postgres.js';
import { domainText, publicationOf } from '../support/revisions.js';

const PROPOSAL: NewProposal = {
  proposer: { name: 'ann', credential: 'op-1', person: { kind: 'token', name: 'ann' } },
  provenance: { source: 'git', because: 'a test says so' },
  base: null,
  contentHash: 'a'.repeat(64),
  concerns: [['acme']],
  content: '{}',
  expiresAt: Date.now() + 60_000,
};

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}

/** Where PostgreSQL read a table, and how many rows it looked at there. */
function scansIn(node: PlanNode): readonly { readonly relation: string; readonly rows: number }[] {
  const { 'Relation Name': relation, 'Actual Rows': found, 'Actual Loops': loops, Plans = [] } = node;
  const rows = (found + (node['Rows Removed by Filter'] ?? 0)) * loops;
  return [...(relation === undefined ? [] : [{ relation, rows }]), ...Plans.flatMap(scansIn)];
}

describe('in memory', () => {
  proposalStoreContract(async () => new MemoryRevisionStore(Date.now));

  it('cannot be approved any more when its time is over', async () => {
    let now = 0;
    const audit = new MemoryAuditLog(() => now);
    const store = new MemoryRevisionStore(() => now, audit);
    await store.proposals.propose({ ...PROPOSAL, expiresAt: 1_000 });
    now = 1_000;
    const approves = { proposal: 1, by: 'bo' };
    expect(await store.publish(publicationOf(null, domainText('acme'), { approves }))).toEqual({
      kind: 'proposal-ended',
    });
    expect(await store.proposals.reject(1, 'bo', 'no')).toMatchObject({ kind: 'ended', proposal: { isExpired: true } });
    const acts = await audit.list({}, { order: 'oldest', limit: 9 });
    expect(acts.map(({ act, object, operator }) => [act, object, operator])).toEqual([
      ['proposal.create', 'proposal/1', 'ann'],
    ]);
  });
});

describe('in PostgreSQL', () => {
  let postgres: TestPostgres;
  const opened: DataSource[] = [];
  beforeAll(async () => {
    postgres = await startTestPostgres();
    await administer(postgres.server, 'create role dharma_serving login');
  }, 60_000);
  // A pool stays open for seconds, and a server has so many connections.
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((dataSource) => dataSource.destroy()));
  });
  afterAll(async () => {
    await postgres.stop();
  });

  async function storeAt(url: string) {
    const dataSource = await openDatabase({ url });
    opened.push(dataSource);
    const store = new PostgresRevisionStore({ dataSource, random: () => 0.5, wait: async () => {} });
    return { store, audit: new PostgresAuditLog(dataSource), dataSource };
  }

  proposalStoreContract(async () => (await storeAt(await postgres.migrated())).store);

  it('is the serving role’s to add and to end, and nobody’s to change', async () => {
    const url = await postgres.migrated();
    await grantServing(url, 'dharma_serving');
    const serving = url.replace('dharma@', 'dharma_serving@');
    const { store, audit } = await storeAt(serving);
    await store.proposals.propose(PROPOSAL);
    await store.proposals.propose(PROPOSAL);
    await store.proposals.propose(PROPOSAL);
    await store.proposals.reject(2, 'bo', 'no');
    const approves = { proposal: 1, by: 'bo' };
    await store.publish(publicationOf(null, domainText('acme'), { approves }), { credential: 'op-2' });
    const acts = await audit.list({}, { order: 'oldest', limit: 9 });
    expect(acts.map(({ act, object, operator, revision }) => [act, object, operator, revision])).toEqual([
      ['proposal.create', 'proposal/1', 'ann', null],
      ['proposal.create', 'proposal/2', 'ann', null],
      ['proposal.create', 'proposal/3', 'ann', null],
      ['proposal.reject', 'proposal/2', 'bo', null],
      // The revision is by who proposed it, the act by who approved it.
      ['proposal.approve', 'proposal/1', 'bo', 1],
    ]);
    expect(await store.newest()).toMatchObject({ provenance: { author: 'ann' } });
    for (const owner of [url, serving]) {
      for (const statement of [
        'update dharma.proposal set content_hash = content_hash',
        'delete from dharma.proposal_end',
        'truncate dharma.proposal cascade',
        "update dharma.proposal_content set content = '{}'",
      ]) {
        await expect(ask(owner, statement)).rejects.toMatchObject({ code: '42501' });
      }
    }
    // Of one that ended nobody can make another end.
    const another = `insert into dharma.proposal_end (proposal, ended_by, because) values (2, 'x', 'x')`;
    await expect(ask(url, another)).rejects.toMatchObject({ code: '23505' });
  });

  it('is listed without a look at what others propose', async () => {
    const url = await postgres.migrated();
    const { store, dataSource } = await storeAt(url);
    await store.proposals.propose({ ...PROPOSAL, concerns: [['acme.pay']] });
    await ask(
      url,
      `insert into dharma.proposal
         (number, expires_at, proposer, credential, person, content_hash, concerns, source, because)
       select number, now() + interval '1 day', 'x', 'op-' || number, 'token x', repeat('a', 64), '[["acme.web"]]', 'x', 'x'
       from generate_series(2, 5000) as number`,
    );
    await ask(url, 'analyze dharma.proposal, dharma.proposal_place');
    const asked: [string, unknown[]][] = [];
    const query = dataSource.query.bind(dataSource);
    dataSource.query = async (text: string, values: unknown) => {
      asked.push([text, values as unknown[]]);
      return query(text, values as unknown[]);
    };
    const viewer = { credential: 'op-1', tops: ['acme.app', 'acme.pay'] };
    expect(await store.proposals.list({ limit: 10, viewer })).toHaveLength(1);
    const [[text, values]] = asked as [[string, unknown[]]];
    const [{ 'QUERY PLAN': plans }] = await query(`explain (analyze, format json) ${text}`, values);
    const scans = scansIn(plans[0].Plan).filter(({ relation }) => relation.startsWith('proposal'));
    expect(scans.length).toBeGreaterThan(2);
    expect(scans.filter(({ rows }) => rows > 10)).toEqual([]);
  });

  it('cannot be ended any more when its time is over, and what was asked for goes', async () => {
    const url = await postgres.migrated();
    const { store } = await storeAt(url);
    await store.proposals.propose(PROPOSAL);
    // Time is the database's; what no program can do is done to it from outside.
    await ask(url, 'alter table dharma.proposal disable trigger append_only');
    await ask(
      url,
      "update dharma.proposal set proposed_at = now() - interval '2 s', expires_at = now() - interval '1 s'",
    );
    const approves = { proposal: 1, by: 'bo' };
    expect(await store.publish(publicationOf(null, domainText('acme'), { approves }))).toEqual({
      kind: 'proposal-ended',
    });
    expect(await store.proposals.reject(1, 'bo', 'no')).toMatchObject({ kind: 'ended', proposal: { isExpired: true } });
    const late = `insert into dharma.proposal_end (proposal, ended_by, because) values (1, 'x', 'x')`;
    await expect(ask(url, late)).rejects.toMatchObject({ code: '23514' });
    expect(await store.proposals.content(1)).toBe('{}');
    await store.proposals.propose(PROPOSAL);
    expect([await store.proposals.content(1), await store.proposals.content(2)]).toEqual([null, '{}']);
  });
});
