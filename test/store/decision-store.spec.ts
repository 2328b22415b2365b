import { type DecisionStore, SinkFault } from '#decision-log';
import type { DataSource } from 'typeorm';
import { grantServing, MemoryDecisionStore, openDatabase, PostgresDecisionStore } from '#store';
import { decisionSinkContract, unfailingSinkContract } from '../contract/decision-sink.contract.js';
import { decisionStoreContract } from '../contract/decision-store.contract.js';
import { lineOf, recorded } from '../decision-log/lines.js';
import { administer, ask, startTestPostgres, type TestPostgres } from '../support/postgres.js';

const DAY = 24 * 60 * 60 * 1000;

/** Of a store, oldest first. */
const everything = async (store: DecisionStore) =>
  (await store.search({ limit: 1_000 })).map(({ record }) => record).reverse();

describe('in memory', () => {
  decisionStoreContract(async () => new MemoryDecisionStore(1_000));
  describe('as a sink', () => {
    unfailingSinkContract(async () => {
      const sink = new MemoryDecisionStore(1_000);
      return { sink, arrived: () => everything(sink) };
    });
  });

  it('keeps the last ones', async () => {
    const store = new MemoryDecisionStore(2);
    const records = [recorded(), recorded(), recorded()];
    await store.write(records.map(lineOf));
    expect(await everything(store)).toEqual(records.slice(1));
  });
});

describe('in PostgreSQL', () => {
  let postgres: TestPostgres;
  const opened: DataSource[] = [];
  beforeAll(async () => {
    postgres = await startTestPostgres();
    await administer(postgres.server, 'create role dharma_serving login');
  }, 60_000);
  afterAll(async () => {
    await Promise.all(opened.filter(({ isInitialized }) => isInitialized).map((dataSource) => dataSource.destroy()));
    await postgres.stop();
  });

  async function storeAt(url: string, days = 14, clock: () => number = Date.now) {
    const dataSource = await openDatabase({ url });
    opened.push(dataSource);
    return { dataSource, store: new PostgresDecisionStore({ dataSource, days, clock }) };
  }

  decisionStoreContract(async () => (await storeAt(await postgres.migrated())).store);
  describe('as a sink', () => {
    decisionSinkContract(async () => {
      const { store: sink, dataSource } = await storeAt(await postgres.migrated());
      return { sink, arrived: () => everything(sink), breakIt: () => dataSource.destroy() };
    });
  });

  const days = (url: string) =>
    ask<{ day: string }>(
      url,
      `select right(c.relname, 8) as day from pg_inherits i join pg_class c on c.oid = i.inhrelid
       where i.inhparent = 'dharma.decision'::regclass order by 1`,
    ).then((rows) => rows.map(({ day }) => day));
  const day = (offset: number) => new Date(Date.now() + offset * DAY).toISOString().slice(0, 10).replaceAll('-', '');

  describe('a role that serves', () => {
    let url: string;
    let serving: string;
    let store: DecisionStore;
    beforeAll(async () => {
      url = await postgres.migrated();
      await grantServing(url, 'dharma_serving');
      serving = url.replace('dharma@', 'dharma_serving@');
      ({ store } = await storeAt(serving));
    });

    it('records and finds, and makes the days it needs', async () => {
      await ask(url, `drop table dharma.decision_${day(0)}, dharma.decision_${day(1)}`);
      const record = recorded();
      await store.write([lineOf(record)]);
      expect(await store.find(record.id)).toEqual(record);
      expect(await days(url)).toEqual([day(-1), day(0), day(1)]);
    });

    it.each([
      ['update dharma.decision set reason = $$x$$'],
      ['delete from dharma.decision'],
      ['truncate dharma.decision'],
      [`drop table dharma.decision_${day(0)}`],
      [`delete from dharma.decision_${day(0)}`],
      ['create table dharma.other (id int)'],
      ['alter function dharma.keep_decision_days(integer) owner to dharma_serving'],
    ])('may not %s', async (statement) => {
      await expect(ask(serving, statement)).rejects.toMatchObject({ code: '42501' });
    });

    it('cannot have a day dropped before the day after tomorrow', async () => {
      for (const asked of [1, 0, -5]) await ask(serving, `select dharma.keep_decision_days(${asked})`);
      expect(await days(url)).toEqual([day(-1), day(0), day(1)]);
    });

    it('was granted its rights before there was this table: it says so and keeps trying nothing', async () => {
      const old = await postgres.migrated();
      await ask(old, 'grant usage on schema dharma to dharma_serving');
      const { store: poor } = await storeAt(old.replace('dharma@', 'dharma_serving@'));
      const fault = await poor.write([lineOf(recorded())]).catch((thrown: unknown) => thrown);
      expect(fault).toEqual(new SinkFault('the database does not take them: 42501', false));
      expect((fault as SinkFault).passing).toBe(false);
    });
  });

  it('not even the owner changes what was recorded', async () => {
    const url = await postgres.migrated();
    for (const statement of ['update dharma.decision set reason = $$x$$', 'delete from dharma.decision']) {
      await expect(ask(url, statement)).rejects.toThrow();
    }
  });

  it('drops the days that are too old, and keeps a record of a clock that is off', async () => {
    const url = await postgres.migrated();
    for (const offset of [-20, -4, -3]) {
      const from = new Date(Date.now() + offset * DAY).toISOString().slice(0, 10);
      await ask(
        url,
        `create table dharma.decision_${day(offset)} partition of dharma.decision
         for values from ('${from} 00:00+00') to ('${from} 24:00+00')`,
      );
    }
    const { store } = await storeAt(url, 3);
    const off = [recorded({ time: '2020-01-01T00:00:00.000Z' }), recorded({ time: '2120-01-01T00:00:00.000Z' })];
    await store.write(off.map(lineOf));
    expect(await days(url)).toEqual([day(-3), day(-1), day(0), day(1)]);
    expect(await everything(store)).toEqual(off);
  });

  it('makes the next days when an hour is over, and several servers may at once', async () => {
    const url = await postgres.migrated();
    let now = Date.now();
    const servers = await Promise.all([1, 2, 3].map(() => storeAt(url, 14, () => now)));
    await Promise.all(servers.map(({ store }) => store.write([lineOf(recorded())])));
    await ask(url, `drop table dharma.decision_${day(1)}`);
    now += 30 * 60 * 1000;
    await servers[0]!.store.write([lineOf(recorded())]);
    expect(await days(url)).toEqual([day(-1), day(0)]);
    now += 31 * 60 * 1000;
    await Promise.all(servers.map(({ store }) => store.write([lineOf(recorded())])));
    expect(await days(url)).toEqual([day(-1), day(0), day(1)]);
  });
});
