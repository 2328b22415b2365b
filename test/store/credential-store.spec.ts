import pg from 'pg';
import { DataSource } from 'typeorm';
import { type NewCredential, splitToken } from '#administration';
import { migrations } from '#migrations';
import { grantServing, MemoryCredentialStore, migrateDatabase, openDatabase, PostgresCredentialStore } from '#store';
import { credentialStoreContract } from '../contract/credential-store.contract.js';
import { administer, ask, startTestPostgres, type TestPostgres } from '../support/postgres.js';

const CLIENT = {
  kind: 'client-key',
  name: 'partner-key',
  client: { subject: 'partner-1', scopes: ['read'], groups: [] },
  createdBy: 'ann',
} as const satisfies NewCredential;

describe('in memory', () => {
  credentialStoreContract(async () => new MemoryCredentialStore(Date.now));
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
      await store.revoke(['operator-token'], splitToken(token)!.id, 'ann');
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

    it('notes when a key was used, and can move nothing else', async () => {
      const store = await storeAt(serving);
      const { credential } = await store.create({ kind: 'enforcement-point-key', name: 'edge', createdBy: 'ann' });
      const usedAt = Date.now() - 1_000;
      await store.noteUses(new Map([[credential.id, usedAt]]));
      expect(await store.lastUses([credential.id])).toEqual(new Map([[credential.id, usedAt]]));
      await expect(ask(serving, 'delete from dharma.credential_use')).rejects.toMatchObject({ code: '42501' });
    });

    it('goes on with the rights that it had before there were keys of clients', async () => {
      const old = await postgres.migrated();
      await grantServing(old, 'dharma_serving');
      await ask(old, 'revoke all on dharma.credential_use from dharma_serving');
      const store = await storeAt(old.replace('dharma@', 'dharma_serving@'));
      const { credential } = await store.create(CLIENT);
      expect(await store.list(['client-key'], { limit: 5 })).toEqual([credential]);
      expect(await store.activeKeys()).toMatchObject([{ mechanism: 'partner-key', ...CLIENT.client }]);
      await expect(store.noteUses(new Map([[credential.id, 0]]))).rejects.toMatchObject({ kind: 'refused' });
      expect(await store.lastUses([credential.id])).toEqual(new Map());
    });

    it('keeps no secret anywhere in the database', async () => {
      const [row] = await ask<{ all: string }>(url, 'select json_agg(c)::text as all from dharma.credential c');
      expect(row!.all).not.toContain(splitToken(token)!.secret);
    });
  });

  it('takes in a database of the version before as it is', async () => {
    const url = await postgres.empty();
    await ask(url, 'create schema dharma');
    const before = await new DataSource({
      type: 'postgres',
      url,
      schema: 'dharma',
      migrations: migrations.slice(0, 2),
      migrationsTableName: 'migration',
      migrationsTransactionMode: 'each',
    }).initialize();
    await before.runMigrations();
    await before.destroy();
    const insert = `insert into dharma.credential (id, kind, name, sha256, created_by, is_first) values
      ('ep-1', 'enforcement-point-key', 'edge', repeat('a', 64), 'ann', false),
      ('op-0', 'operator-token', 'first-operator', repeat('c', 64), 'first start', true),
      ('op-1', 'operator-token', 'bo', repeat('b', 64), 'ann', false)`;
    await ask(url, insert);
    const rows = () => ask(url, 'select xmin, ctid, created_at, id from dharma.credential order by id');
    const old = await rows();
    expect(await migrateDatabase(url, 'auto')).toEqual(migrations.slice(2).map(({ name }) => name));
    expect(await rows()).toEqual(old);
    const store = await storeAt(url);
    // Of what it was meant for nobody knows: it may nothing. The first operator is known.
    expect(await store.find('op-1')).toMatchObject({ kind: 'operator-token', name: 'bo' });
    expect(await store.find('op-1')).not.toHaveProperty('terms');
    expect(await store.find('op-0')).toMatchObject({ terms: { kind: 'root' } });
    expect(await store.activeKeys()).toEqual([
      { id: 'ep-1', enforcementPoint: 'edge', sha256: 'a'.repeat(64), expiresAt: undefined },
    ]);
    expect(await store.mintFirstOperator()).toBeNull();
  });

  it('holds what is said of a client to the kind of the credential', async () => {
    const url = await postgres.migrated();
    const insert = (kind: string, client: string) =>
      ask(
        url,
        `insert into dharma.credential (id, kind, name, sha256, created_by, subject, scopes, groups)
         values ('x-1', '${kind}', 'n', repeat('a', 64), 'ann', ${client})`,
      );
    for (const [kind, client] of [
      ['client-key', 'null, null, null'],
      ['client-key', "'someone', null, '{}'"],
      ['client-key', "'', '{}', '{}'"],
      ['operator-token', "'someone', '{}', '{}'"],
      ['another-kind', 'null, null, null'],
    ] as const) {
      await expect(insert(kind, client)).rejects.toMatchObject({ code: '23514' });
    }
  });

  it("holds an operator's terms to the kind of the credential, and each to what it needs", async () => {
    const url = await postgres.migrated();
    const insert = (kind: string, terms: string) =>
      ask(
        url,
        `insert into dharma.credential (id, kind, name, sha256, created_by, terms, maker, grants, member_of)
         values ('x-1', '${kind}', 'n', repeat('a', 64), 'ann', ${terms})`,
      );
    for (const [kind, terms] of [
      ['enforcement-point-key', "'root', null, null, null"],
      ['operator-token', "'root', 'op-1', null, null"],
      ['operator-token', "'scope', null, '{}', null"],
      ['operator-token', "'scope', 'op-1', '{}', '{}'"],
      ['operator-token', "'person', 'op-1', null, null"],
      ['operator-token', "'person', '', null, '{}'"],
      ['operator-token', "null, 'op-1', null, null"],
      ['operator-token', "'everything', null, null, null"],
    ] as const) {
      await expect(insert(kind, terms)).rejects.toMatchObject({ code: '23514' });
    }
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
      await store.revoke(['enforcement-point-key'], credential.id, 'ann');
      await second;
    } finally {
      await client.end();
    }
  });
});
