import { DataSource } from 'typeorm';
import { ChainReader } from '#administration';
import { migrations } from '#migrations';
import {
  grantServing,
  MemoryAuditLog,
  MemoryCredentialStore,
  MemoryRevisionStore,
  migrateDatabase,
  openDatabase,
  PostgresAuditLog,
  PostgresCredentialStore,
  PostgresRevisionStore,
} from '#store';
import { type AuditedStores, auditLogContract, wholeChain } from '../contract/audit-log.contract.js';
import { administer, ask, startTestPostgres, type TestPostgres } from '../support/postgres.js';
import { domainText, publicationOf } from '../support/revisions.js';

const REFRESH = { operator: 'ann', act: 'issuers.refresh', object: 'issuers' } as const;
const KEY = { kind: 'enforcement-point-key', name: 'edge', createdBy: 'ann' } as const;

describe('in memory', () => {
  auditLogContract(async () => {
    const audit = new MemoryAuditLog(Date.now);
    return {
      audit,
      store: new MemoryRevisionStore(Date.now, audit),
      credentials: new MemoryCredentialStore(Date.now, audit),
    };
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

  /** @param kept  where to note what is to be closed; that of a single test unless said */
  async function storesAt(
    url: string,
    kept: DataSource[] = opened,
  ): Promise<AuditedStores & { readonly dataSource: DataSource }> {
    const dataSource = await openDatabase({ url });
    kept.push(dataSource);
    const wait = (milliseconds: number) => new Promise<void>((done) => setTimeout(done, milliseconds));
    return {
      dataSource,
      audit: new PostgresAuditLog(dataSource),
      store: new PostgresRevisionStore({ dataSource, random: Math.random, wait }),
      credentials: new PostgresCredentialStore(dataSource),
    };
  }

  auditLogContract(async () => storesAt(await postgres.migrated()));

  it('gives one chain without a fork to the acts of three servers at one time, none of which fails', async () => {
    const url = await postgres.migrated();
    const servers = await Promise.all([1, 2, 3].map(() => storesAt(url)));
    const publish = async ({ store }: AuditedStores, name: string): Promise<void> => {
      const outcome = await store.publish(publicationOf(await store.newest(), domainText(name)));
      if (outcome.kind === 'superseded') await publish({ store } as AuditedStores, name);
    };
    await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const server = servers[index % 3]!;
        switch (Math.floor(index / 3) % 3) {
          case 0:
            return publish(server, `d${index}`);
          case 1:
            return server.credentials.create(KEY);
          default:
            return server.audit.append(REFRESH);
        }
      }),
    );
    const acts = await wholeChain(servers[0]!.audit);
    expect(acts).toHaveLength(100);
    const revisions = acts.filter(({ act }) => act === 'revision.publish').map(({ revision }) => revision);
    expect(revisions).toEqual(revisions.map((_, index) => index + 1));
  }, 60_000);

  it('makes no publisher try again for the acts of others', async () => {
    const { store, credentials, dataSource } = await storesAt(await postgres.migrated());
    const begun: string[] = [];
    const counted = new PostgresRevisionStore({
      dataSource: {
        query: dataSource.query.bind(dataSource),
        transaction: ((...words: [string, never]) => {
          begun.push(words[0]);
          return dataSource.transaction(...(words as never as Parameters<typeof dataSource.transaction>));
        }) as typeof dataSource.transaction,
      },
      random: () => 0,
      wait: async () => {},
    });
    await Promise.all([
      counted.publish(publicationOf(null, domainText('acme'))),
      ...Array.from({ length: 10 }, () => credentials.create(KEY)),
    ]);
    expect(begun).toEqual(['SERIALIZABLE']);
    expect(await store.newest()).toMatchObject({ number: 1 });
  });

  it('has no act of success of what was rolled back', async () => {
    const url = await postgres.migrated();
    const { store, credentials, audit } = await storesAt(url);
    await ask(
      url,
      `create function dharma.fail() returns trigger language plpgsql as $$
         begin raise exception 'the disk is full' using errcode = '53100'; end $$;
       create constraint trigger fails after insert on dharma.audit initially deferred
         for each row execute function dharma.fail();`,
    );
    const full = { code: '53100' };
    await expect(store.publish(publicationOf(null, domainText('acme')))).rejects.toMatchObject(full);
    await expect(credentials.create(KEY)).rejects.toMatchObject(full);
    await expect(credentials.mintFirstOperator()).rejects.toMatchObject(full);
    expect(await wholeChain(audit)).toEqual([]);
    expect([await store.newest(), await credentials.activeKeys()]).toEqual([null, []]);
  });

  it('does nothing that it cannot write down', async () => {
    const url = await postgres.migrated();
    await grantServing(url, 'dharma_serving');
    await ask(url, 'revoke insert on dharma.audit from dharma_serving');
    const { store, credentials } = await storesAt(url.replace('dharma@', 'dharma_serving@'));
    const denied = { code: '42501' };
    await expect(store.publish(publicationOf(null, domainText('acme')))).rejects.toMatchObject(denied);
    await expect(credentials.create(KEY)).rejects.toMatchObject(denied);
    expect([await store.newest(), await credentials.activeKeys()]).toEqual([null, []]);
  });

  describe('a role that serves', () => {
    let url: string;
    let serving: string;
    let stores: AuditedStores;
    const kept: DataSource[] = [];
    afterAll(() => Promise.all(kept.map((dataSource) => dataSource.destroy())));
    beforeAll(async () => {
      url = await postgres.migrated();
      await grantServing(url, 'dharma_serving');
      serving = url.replace('dharma@', 'dharma_serving@');
      stores = await storesAt(serving, kept);
      await stores.audit.append(REFRESH);
      await stores.credentials.create(KEY);
    });

    it('appends, and is named as the one who did', async () => {
      expect((await wholeChain(stores.audit)).map(({ databaseRole }) => databaseRole)).toEqual([
        'dharma_serving',
        'dharma_serving',
      ]);
    });

    it.each([
      ['update dharma.audit set operator = $$eve$$'],
      ['delete from dharma.audit'],
      ['truncate dharma.audit'],
      ['alter table dharma.audit disable trigger all'],
      ['drop table dharma.audit_turn'],
      [
        'create or replace function dharma.audit_hash(link dharma.audit) returns text language sql as $$ select $1.hash $$',
      ],
    ])('may not %s', async (statement) => {
      await expect(ask(serving, statement)).rejects.toMatchObject({ code: '42501' });
    });

    it('cannot choose number, time, role or hashes of what it appends', async () => {
      await ask(
        serving,
        `insert into dharma.audit (sequence, at, database_role, operator, act, object, previous_hash, hash)
         values (1, '2020-01-01', 'postgres', 'eve', 'issuers.refresh', 'issuers', 'x', 'y')`,
      );
      const acts = await wholeChain(stores.audit);
      expect(acts.at(-1)).toMatchObject({ sequence: acts.length, operator: 'eve', databaseRole: 'dharma_serving' });
      expect(Math.abs(acts.at(-1)!.at - Date.now())).toBeLessThan(60_000);
    });
  });

  it('is appended to by a role that served before there was one, without anybody granting it anything', async () => {
    const url = await postgres.empty();
    await ask(url, 'create schema dharma');
    const before = await new DataSource({
      type: 'postgres',
      url,
      schema: 'dharma',
      migrations: migrations.slice(0, 3),
      migrationsTableName: 'migration',
      migrationsTransactionMode: 'each',
    }).initialize();
    await before.runMigrations();
    await before.destroy();
    await ask(
      url,
      `grant usage on schema dharma to dharma_serving;
       grant select on all tables in schema dharma to dharma_serving;
       grant insert on dharma.revision, dharma.credential to dharma_serving`,
    );
    await migrateDatabase(url, 'auto');
    const { credentials, audit } = await storesAt(url.replace('dharma@', 'dharma_serving@'));
    await credentials.create(KEY);
    expect(await wholeChain(audit)).toMatchObject([{ act: 'key.create', databaseRole: 'dharma_serving' }]);
  });

  it('refuses change to its owner too', async () => {
    const url = await postgres.migrated();
    for (const statement of [
      'update dharma.audit set operator = operator',
      'delete from dharma.audit',
      'truncate dharma.audit',
    ]) {
      await expect(ask(url, statement)).rejects.toMatchObject({ code: '42501' });
    }
  });

  it.each<[because: string, statement: string, broken: number, why: RegExp]>([
    ['a word was changed', `update dharma.audit set operator = 'eve' where sequence = 3`, 3, /changed/],
    ['a time was changed', `update dharma.audit set at = at + interval '1 ms' where sequence = 1`, 1, /changed/],
    ['a time is none any more', `update dharma.audit set at = 'infinity' where sequence = 4`, 4, /changed/],
    ['a time is beyond ours', `update dharma.audit set at = '290000-01-01' where sequence = 4`, 4, /changed/],
    ['nothing became something', `update dharma.audit set address = '' where sequence = 5`, 5, /changed/],
    ['a row was deleted', 'delete from dharma.audit where sequence = 2', 2, /missing; row 3/],
    ['the first row was deleted', 'delete from dharma.audit where sequence = 1', 1, /missing; row 2/],
    [
      'a row was put in between',
      `update dharma.audit set sequence = sequence + 100 where sequence > 2;
       update dharma.audit set sequence = sequence - 99 where sequence > 100;
       insert into dharma.audit select 3, at, database_role, 'eve', credential, act, object, refused, hash_before, hash_after,
         revision, request_id, address, previous_hash, hash from dharma.audit where sequence = 2`,
      3,
      /changed/,
    ],
    [
      'two rows changed places',
      `update dharma.audit set sequence = 100 where sequence = 2;
       update dharma.audit set sequence = 2 where sequence = 4;
       update dharma.audit set sequence = 4 where sequence = 100`,
      2,
      /changed/,
    ],
    [
      'a row was changed and its hash with it',
      `update dharma.audit set operator = 'eve' where sequence = 3;
       update dharma.audit a set hash = dharma.audit_hash(a) where sequence = 3`,
      4,
      /does not follow/,
    ],
  ])('shows a superuser who turned the triggers off where: %s', async (_because, statement, broken, why) => {
    const url = await postgres.migrated();
    const { audit } = await storesAt(url);
    for (let count = 0; count < 5; count += 1) await audit.append(REFRESH);
    await ask(url, `set session_replication_role = replica; ${statement}`);
    const reader = new ChainReader();
    const acts = await audit.list({}, { order: 'oldest', limit: 10 });
    // As the administration API says times.
    expect(() => acts.map(({ at }) => new Date(at).toISOString())).not.toThrow();
    const found = acts.map((act) => reader.next(act)).find((one) => one !== undefined);
    expect(found).toEqual({ sequence: broken, because: expect.stringMatching(why) });
  });

  it('shows a cut and a chain that was written anew to whoever kept a head', async () => {
    const url = await postgres.migrated();
    const { audit } = await storesAt(url);
    for (let count = 0; count < 5; count += 1) await audit.append(REFRESH);
    const [head] = await audit.list({}, { order: 'newest', limit: 1 });
    const read = async () => {
      const reader = new ChainReader(head);
      const acts = await audit.list({}, { order: 'oldest', limit: 10 });
      return acts.map((act) => reader.next(act)).find((one) => one !== undefined) ?? reader.end();
    };
    await audit.append(REFRESH);
    expect(await read()).toBeUndefined();
    await ask(url, 'set session_replication_role = replica; delete from dharma.audit where sequence > 3');
    expect(await read()).toEqual({
      sequence: 4,
      because: expect.stringContaining('a head was signed that has 5 rows'),
    });
    for (let count = 0; count < 3; count += 1) await audit.append({ ...REFRESH, operator: 'eve' });
    await wholeChain(audit);
    expect(await read()).toEqual({ sequence: 5, because: expect.stringContaining('written anew') });
  });
});
