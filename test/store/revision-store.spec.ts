import type { DataSource } from 'typeorm';
import { MemoryRevisionStore, openDatabase, PostgresRevisionStore } from '#store';
import { revisionStoreContract } from '../contract/revision-store.contract.js';
import { startTestPostgres, type TestPostgres } from '../support/postgres.js';

describe('in memory', () => {
  revisionStoreContract(async () => new MemoryRevisionStore(() => 0));
});

describe('in PostgreSQL', () => {
  let postgres: TestPostgres;
  const opened: DataSource[] = [];
  beforeAll(async () => {
    postgres = await startTestPostgres();
  }, 60_000);
  // A pool stays open for seconds, and a server has so many connections.
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((dataSource) => dataSource.destroy()));
  });
  afterAll(async () => {
    await postgres.stop();
  });

  revisionStoreContract(async () => {
    const dataSource = await openDatabase({ url: await postgres.migrated() });
    opened.push(dataSource);
    return new PostgresRevisionStore({ dataSource, random: () => 0.5, wait: async () => {} });
  });
});
