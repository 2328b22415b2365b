import type { DataSource } from 'typeorm';
import { type Publication, type PublishOutcome, type Revision, RevisionCorrupt } from '#administration';
import { migrations } from '#migrations';
import {
  grantServing,
  migrateDatabase,
  MigrationsMissing,
  openDatabase,
  PostgresRevisionStore,
  RevisionFeed,
  RevisionHints,
  StoreFault,
} from '#store';
import { administer, ask, startTestPostgres, type TestPostgres } from '../support/postgres.js';
import { domainText, entitySetText, policyText, publicationOf, roleSetText } from '../support/revisions.js';

let postgres: TestPostgres;
const opened: DataSource[] = [];
beforeAll(async () => {
  postgres = await startTestPostgres();
  await administer(postgres.server, 'create role dharma_serving login; create role "Odd""Name" login');
}, 60_000);
afterAll(async () => {
  await Promise.all(opened.map((dataSource) => dataSource.destroy()));
  await postgres.stop();
});

async function storeAt(url: string): Promise<PostgresRevisionStore> {
  const dataSource = await openDatabase({ url });
  opened.push(dataSource);
  const wait = (milliseconds: number) => new Promise<void>((done) => setTimeout(done, milliseconds));
  return new PostgresRevisionStore({ dataSource, random: Math.random, wait });
}

async function publish(
  store: PostgresRevisionStore,
  base: Revision | null,
  text: string,
  more?: Partial<Publication>,
): Promise<Revision> {
  const outcome = await store.publish(publicationOf(base, text, more));
  expect(outcome.kind).toBe('published');
  return (outcome as PublishOutcome & { kind: 'published' }).revision;
}

const asRole = (url: string, role: string) => url.replace('dharma@', `${encodeURIComponent(role)}@`);
const many = <Item>(count: number, item: (index: number) => Item) =>
  Array.from({ length: count }, (_, index) => item(index));

describe('what a revision costs', () => {
  it('is rows in proportion to the change, not to the set', async () => {
    const url = await postgres.migrated();
    const store = await storeAt(url);
    const rules = many(200, (index) => `{ id: r${index}, effect: deny }`);
    const assignments = many(500, (index) => ['clerk', `user:u${index}`] as const);
    const entities = many(500, (index) => `{ type: record, id: "${index}", attributes: { owner: x } }`);
    const set = (edited: { rules: string[]; assignments: (readonly [string, string])[]; entities: string[] }) =>
      [
        domainText('acme'),
        ...many(50, (index) => domainText(`acme.d${index}`)),
        policyText('base', 'acme', edited.rules),
        roleSetText('staff', 'acme', edited.assignments),
        entitySetText('records', 'acme', edited.entities),
      ].join('');
    const first = await publish(store, null, set({ rules, assignments, entities }));
    const before = await rowsIn(url);
    const second = await publish(
      store,
      first,
      set({
        rules: rules.with(7, '{ id: r7, effect: allow }'),
        assignments: [...assignments.slice(1), ['clerk', 'user:new']],
        entities: entities.with(3, '{ type: record, id: "3", attributes: { owner: y } }'),
      }),
    );
    const after = await rowsIn(url);
    expect(difference(before, after)).toEqual({
      revision: 1,
      // The policy's text. What is left of the sets without their facts is the same.
      content: 1,
      document_change: 3,
      // A rule, an assignment that came and one that went, an entity.
      item_change: 4,
    });
    await publish(store, second, '', { remove: [{ kind: 'Domain', name: 'acme.d1' }] });
    expect(difference(after, await rowsIn(url))).toEqual({
      revision: 1,
      content: 0,
      document_change: 1,
      item_change: 0,
    });
  });
});

describe('publishing at once', () => {
  it('makes one line of many publishers, each of whom tries again on what came first', async () => {
    const url = await postgres.migrated();
    const stores = await Promise.all(many(4, () => storeAt(url)));
    const lost: string[] = [];
    await Promise.all(
      stores.map(async (store, index) => {
        for (let done = 0; done < 5;) {
          const provenance = { author: `p${index}`, source: 'git', because: 'a race' };
          const base = await store.newest();
          const outcome = await store.publish(publicationOf(base, domainText(`d${index}-${done}`), { provenance }));
          if (outcome.kind === 'published') done += 1;
          else lost.push(outcome.kind === 'superseded' ? (outcome.current?.provenance.author ?? '') : outcome.kind);
        }
      }),
    );
    const revisions = await stores[0]!.list({ limit: 100 });
    expect(revisions.map(({ number }) => number)).toEqual(many(20, (index) => 20 - index));
    expect(await stores[0]!.documents(20)).toHaveLength(20);
    expect(lost.every((author) => /^p[0-3]$/.test(author))).toBe(true);
  });
});

describe('migrations', () => {
  it('are run once by three that start together', async () => {
    const url = await postgres.empty();
    const ran = await Promise.all(many(3, () => migrateDatabase(url, 'auto')));
    expect(ran.flat()).toEqual(migrations.map(({ name }) => name));
    expect(await migrateDatabase(url, 'check')).toEqual([]);
  });

  it('are only looked for under `check`, and not even that under `off`', async () => {
    const url = await postgres.empty();
    await expect(migrateDatabase(url, 'check')).rejects.toThrow(MigrationsMissing);
    expect(await migrateDatabase(url, 'off')).toEqual([]);
    expect(await ask(url, "select from pg_namespace where nspname = 'dharma'")).toEqual([]);
  });
});

describe('a role that serves', () => {
  let url: string;
  let serving: string;
  let store: PostgresRevisionStore;
  beforeAll(async () => {
    url = await postgres.migrated();
    await grantServing(url, 'dharma_serving');
    serving = asRole(url, 'dharma_serving');
    store = await storeAt(serving);
    await publish(store, null, `${domainText('acme')}${roleSetText('staff', 'acme', [['clerk', 'user:bo']])}`);
  });

  it('starts where nothing is missing, publishes and reads', async () => {
    expect(await migrateDatabase(serving, 'auto')).toEqual([]);
    const next = await publish(store, await store.newest(), domainText('labs'));
    expect(await store.documents(next.number)).toHaveLength(3);
    expect(await ask(serving, 'select from dharma.role_mention')).toHaveLength(2);
  });

  it('is named as the one who published, whatever it says', async () => {
    await publish(store, await store.newest(), domainText('named'));
    expect(await ask(url, 'select distinct database_role from dharma.revision')).toEqual([
      { database_role: 'dharma_serving' },
    ]);
  });

  it('may have any name', async () => {
    await grantServing(url, 'Odd"Name');
    expect(await ask(asRole(url, 'Odd"Name'), 'select number from dharma.revision limit 1')).toHaveLength(1);
  });

  const TABLES = ['revision', 'content', 'document_change', 'item_change'];
  it.each(
    TABLES.flatMap((table) => [
      [`delete from dharma.${table}`],
      [`truncate dharma.${table} cascade`],
      [`drop table dharma.${table} cascade`],
      [`alter table dharma.${table} disable trigger all`],
      [`create index on dharma.${table} (revision)`],
    ]),
  )('may not %s', async (statement) => {
    await expect(ask(serving, statement)).rejects.toMatchObject({ code: '42501' });
  });

  it.each([
    ['update dharma.revision set author = $$x$$'],
    ['update dharma.content set text = $$x$$'],
    ['update dharma.document_change set source = $$x$$'],
    ['update dharma.item_change set name = $$x$$'],
    ['create table dharma.own ()'],
    ['create table public.own ()'],
  ])('may not %s', async (statement) => {
    await expect(ask(serving, statement)).rejects.toMatchObject({ code: '42501' });
  });

  it.each<[because: string, statement: string, code: string]>([
    [
      'add a document to an old revision',
      `insert into dharma.document_change (kind, name, revision, removed) values ('Policy', 'late', 1, true)`,
      '42501',
    ],
    [
      'add a fact to an old revision',
      `insert into dharma.item_change (item, document, key, revision, name, detail)
       values ('assignment', 'staff', 'k', 1, 'clerk', 'user:mallory')`,
      '42501',
    ],
    [
      'put a revision before the newest',
      `insert into dharma.revision (number, epoch, content_hash, published_at, database_role, author, source, because, request_hash)
       values (1, 1, repeat('0', 64), now(), 'x', 'x', 'x', 'x', '')`,
      '23505',
    ],
    ['file a text under a false hash', `insert into dharma.content values (repeat('0', 64), 'x')`, '23514'],
  ])('may not %s', async (_because, statement, code) => {
    await expect(ask(serving, statement)).rejects.toMatchObject({ code });
  });
});

describe('history', () => {
  it.each([
    ['update dharma.revision set because = $$x$$'],
    ['delete from dharma.document_change'],
    ['truncate dharma.item_change'],
  ])('is kept from its owner too: %s', async (statement) => {
    const url = await postgres.migrated();
    await expect(ask(url, statement)).rejects.toMatchObject({ code: '42501' });
  });

  it.each<[because: string, forgery: string]>([
    ['a fact was slipped in', "update dharma.item_change set detail = 'user:mallory'"],
    ['a document was withdrawn', "delete from dharma.document_change where kind = 'Domain'"],
    ['a document was given to another source', "update dharma.document_change set source = 'x'"],
    [
      'a head is no JSON',
      'alter table dharma.content drop constraint content_check; update dharma.content set text = $$x$$',
    ],
  ])('is not read when %s', async (_because, forgery) => {
    const url = await postgres.migrated();
    const store = await storeAt(url);
    await publish(store, null, `${domainText('acme')}${roleSetText('staff', 'acme', [['clerk', 'user:bo']])}`);
    await ask(url, `set session_replication_role = replica; ${forgery}`);
    await expect(store.documents(1)).rejects.toThrow(RevisionCorrupt);
  });
});

describe('a fault of the database', () => {
  it('says what it is without any value', async () => {
    const url = await postgres.migrated();
    const store = await storeAt(url);
    await ask(url, 'alter table dharma.content add constraint no_secrets check (text !~ $$hidden-token$$)');
    const fault = await store
      .publish(publicationOf(null, domainText('acme', 'hidden-token')))
      .catch((thrown) => thrown);
    expect(fault).toBeInstanceOf(StoreFault);
    expect(fault).toMatchObject({ kind: 'refused', code: '23514', constraint: 'no_secrets' });
    expect(`${fault.message} ${JSON.stringify(fault)}`).not.toContain('hidden-token');
    expect(await store.newest()).toBeNull();
  });

  it('tells a database that takes no writes, which still answers', async () => {
    const url = await postgres.migrated();
    const before = await publish(await storeAt(url), null, domainText('acme'));
    await administer(postgres.server, `alter database ${databaseOf(url)} set default_transaction_read_only = on`);
    const store = await storeAt(url);
    await expect(store.publish(publicationOf(before, domainText('labs')))).rejects.toMatchObject({ kind: 'read-only' });
    expect(await store.newest()).toEqual(before);
  });

  it('passes: a store whose connections were all cut goes on with new ones', async () => {
    const url = await postgres.migrated();
    const store = await storeAt(url);
    const first = await publish(store, null, domainText('acme'));
    await Promise.all(many(4, () => store.newest()));
    const cut = `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${databaseOf(url)}'`;
    await administer(postgres.server, cut);
    // Each connection whose end was not heard of yet costs one answer at most.
    const answers: unknown[] = [];
    for (let attempt = 0; attempt <= 4; attempt += 1) {
      answers.push(await store.newest().catch((fault: StoreFault) => fault.kind));
    }
    expect(answers.filter((answer) => answer !== 'unavailable').at(-1)).toEqual(first);
    expect(await store.newest()).toEqual(first);
    expect(await publish(store, first, domainText('labs'))).toMatchObject({ number: 2 });
  });

  it('tells a database that is not there', async () => {
    await expect(openDatabase({ url: 'postgresql://x@localhost/x?host=/nowhere' })).rejects.toMatchObject({
      kind: 'unavailable',
    });
  });
});

describe('hearing of revisions', () => {
  const timer = {
    after: (milliseconds: number, work: () => void) => {
      const timeout = setTimeout(work, milliseconds);
      return () => clearTimeout(timeout);
    },
  };

  it('takes well under a second, also after the connection was cut', async () => {
    const url = await postgres.migrated();
    const store = await storeAt(url);
    const arrivals: ((number: number) => void)[] = [];
    const feed = new RevisionFeed({
      store,
      from: null,
      follow: async ({ number }) => {
        arrivals.shift()?.(number);
        return true;
      },
      confirm: () => {},
      alarm: () => {},
      timer,
    });
    const hints = new RevisionHints({ url, hint: () => feed.hint(), timer, retryMilliseconds: 50 });
    await feed.start();
    await hints.start();
    const arrival = () => new Promise<number>((done) => arrivals.push(done));
    try {
      for (const round of [1, 2]) {
        const arrived = arrival();
        const begin = performance.now();
        await publish(store, await store.newest(), domainText(`d${round}`));
        expect(await arrived).toBe(round);
        expect(performance.now() - begin).toBeLessThan(1_000);
        await ask(
          url,
          `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'dharma hints'`,
        );
      }
    } finally {
      await hints.stop();
      await feed.stop();
    }
  });

  it('refuses a database that was restored from an older backup until an operator begins an epoch', async () => {
    const url = await postgres.migrated();
    const lived = await storeAt(url);
    const first = await publish(lived, null, domainText('acme'));
    const backup = await postgres.copyOf(url);
    const second = await publish(lived, first, domainText('acme', 'two'));
    const restored = await storeAt(backup);
    const alarms: string[] = [];
    const followed: number[] = [];
    const feed = new RevisionFeed({
      store: restored,
      from: second,
      follow: async ({ number }) => {
        followed.push(number);
        return true;
      },
      confirm: () => {},
      alarm: ({ kind }) => alarms.push(kind),
      timer,
    });
    expect(await feed.look()).toBe('went-back');
    const other = await publish(restored, first, domainText('acme', 'another two'));
    expect(await feed.look()).toBe('forked');
    await publish(restored, other, domainText('acme', 'three'));
    expect(await feed.look()).toBe('forked');
    expect([alarms, followed]).toEqual([['went-back', 'forked', 'forked'], []]);
    const operator = { author: 'op', source: 'operator', because: 'restored the backup of Tuesday' };
    const begun = await restored.beginEpoch(operator, second.number);
    expect(await feed.look()).toBe('current');
    expect(followed).toEqual([begun.number]);
  });
});

type Rows = { readonly [table: string]: number };

async function rowsIn(url: string): Promise<Rows> {
  const [row] = await ask<Record<string, string>>(
    url,
    `select (select count(*) from dharma.revision) as revision, (select count(*) from dharma.content) as content,
            (select count(*) from dharma.document_change) as document_change,
            (select count(*) from dharma.item_change) as item_change`,
  );
  return Object.fromEntries(Object.entries(row!).map(([table, count]) => [table, Number(count)]));
}

function difference(before: Rows, after: Rows): Rows {
  return Object.fromEntries(Object.entries(after).map(([table, count]) => [table, count - before[table]!]));
}

function databaseOf(url: string): string {
  return new URL(url).pathname.slice(1);
}
