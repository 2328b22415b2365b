import pg from 'pg';
import type { DataSource } from 'typeorm';
import { splitToken } from '#administration';
import { grantServing, MemoryCredentialStore, openDatabase, PostgresCredentialStore } from '#store';
import { credentialStoreContract } from '../contract/credential-store.contract.js';
import { administer, ask, startTestPostgres, type TestPostgres } from '../support/postgres.js';

describe('in memory', () => {
  credentialStoreContract(async () => new MemoryCredentialStore(() => 0));
});

describe('in PostgreSQL', () => {
  let postgres: TestPostgres;
  const opened: DataSource[] = [];
  beforeAll(async () => {
    postgres = await startTestPostgres();
    await administer(postgres.server, 'create role dharma_serving login');
  }, 60_000);
  afterAll(async () => {
    await Promise.all(opened.map((dataSource) => dataSource.destroy()));
    await postgres.stop();
  });

  async function storeAt(url: string): Promise<PostgresCredentialStore> {
    const dataSource = await openDatabase({ url });
    opened.push(dataSource);
    return new PostgresCredentialStore(dataSource);
  }

  credentialStoreContract(async () => storeAt(await postgres.migrated()));

  describe('a role that serves', () => {
    let serving: string;
    let url: string;
    let token: string;
    beforeAll(async () => {
      url = await postgres.migrated();
      await grantServing(url, 'dharma_serving');
      serving = url.replace('dharma@', 'dharma_serving@');
      const store = await storeAt(serving);
      token = (await store.mintFirstOperator())!;
      await store.revoke('operator-token', splitToken(token)!.id, 'ann');
    });

    it('adds and revokes, and is named as the one who did', async () => {
      expect(
        await ask(
          url,
          `select c.database_role as maker, r.database_role as revoker
           from dharma.credential c join dharma.credential_revocation r on r.credential = c.id`,
        ),
      ).toEqual([{ maker: 'dharma_serving', revoker: 'dharma_serving' }]);
    });

    it.each([
      ['update dharma.credential set sha256 = $$x$$'],
      ['delete from dharma.credential_revocation'],
      ['truncate dharma.credential cascade'],
      ['alter table dharma.credential_revocation disable trigger all'],
    ])('may not %s', async (statement) => {
      await expect(ask(serving, statement)).rejects.toMatchObject({ code: '42501' });
    });

    it('keeps no secret anywhere in the database', async () => {
      const [row] = await ask<{ all: string }>(url, 'select json_agg(c)::text as all from dharma.credential c');
      expect(row!.all).not.toContain(splitToken(token)!.secret);
    });
  });

  it('is kept from its owner too: what was revoked stays revoked', async () => {
    const url = await postgres.migrated();
    const store = await storeAt(url);
    await store.mintFirstOperator();
    await expect(ask(url, 'delete from dharma.credential')).rejects.toMatchObject({ code: '42501' });
    await expect(ask(url, 'update dharma.credential set is_first = false')).rejects.toMatchObject({ code: '42501' });
  });

  it('hints at a new key and at a revoked one on the channel of revisions', async () => {
    const url = await postgres.migrated();
    const store = await storeAt(url);
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      await client.query('listen dharma_revision');
      const hint = () => new Promise((heard) => client.once('notification', heard));
      const first = hint();
      const { credential } = await store.create({ kind: 'enforcement-point-key', name: 'edge', createdBy: 'ann' });
      await first;
      const second = hint();
      await store.revoke('enforcement-point-key', credential.id, 'ann');
      await second;
    } finally {
      await client.end();
    }
  });
});
