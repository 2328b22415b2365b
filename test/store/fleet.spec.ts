import type { DataSource } from 'typeorm';
import { grantServing, MemoryFleet, openDatabase, PostgresFleet } from '#store';
import { fleetContract } from '../contract/fleet.contract.js';
import { administer, ask, startTestPostgres, type TestPostgres } from '../support/postgres.js';

const HERE = { server: 'here-1', version: '1.0.0', address: '127.0.0.1:8282', startedAt: 0, policy: null };

describe('in memory', () => {
  fleetContract(async () => new MemoryFleet(Date.now));

  it('forgets who was silent for ten minutes', async () => {
    let now = 0;
    const fleet = new MemoryFleet(() => now);
    await fleet.beat(HERE);
    now = 600_000;
    await fleet.beat({ ...HERE, server: 'there-1' });
    expect(await fleet.list()).toMatchObject([{ seenSecondsAgo: 600 }, { seenSecondsAgo: 0 }]);
    now = 600_001;
    await fleet.beat({ ...HERE, server: 'there-1' });
    expect(await fleet.list()).toMatchObject([{ server: 'there-1' }]);
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

  async function fleetAt(url: string): Promise<PostgresFleet> {
    const dataSource = await openDatabase({ url });
    opened.push(dataSource);
    return new PostgresFleet(dataSource);
  }

  fleetContract(async () => fleetAt(await postgres.migrated()));

  it('forgets who was silent for ten minutes, and is written by the role that serves', async () => {
    const url = await postgres.migrated();
    await grantServing(url, 'dharma_serving');
    const fleet = await fleetAt(url.replace('dharma@', 'dharma_serving@'));
    await fleet.beat(HERE);
    await fleet.beat({ ...HERE, server: 'there-1' });
    const ago = (span: string) =>
      ask(url, `update dharma.server set last_seen_at = now() - interval '${span}' where server = 'here-1'`);
    await ago('9 minutes 50 seconds');
    await fleet.beat({ ...HERE, server: 'there-1' });
    expect((await fleet.list()).map(({ server }) => server)).toEqual(['here-1', 'there-1']);
    await ago('10 minutes 1 second');
    await fleet.beat({ ...HERE, server: 'there-1' });
    expect((await fleet.list()).map(({ server }) => server)).toEqual(['there-1']);
  });
});
