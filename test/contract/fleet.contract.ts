import type { Fleet, Heartbeat } from '#administration';

const POLICY = { epoch: 1, number: 7, contentHash: 'a'.repeat(64), ageSeconds: 3 };
const HERE: Heartbeat = {
  server: 'here-1',
  version: '1.0.0',
  address: '127.0.0.1:8282',
  startedAt: Date.parse('2026-11-22T12:00:00Z'),
  policy: POLICY,
};

/** What every fleet does. Of a clock it is only asked that it does not go back. */
export function fleetContract(open: () => Promise<Fleet>): void {
  let fleet: Fleet;
  beforeEach(async () => {
    fleet = await open();
  });

  it('has each server once, with its last word', async () => {
    expect(await fleet.list()).toEqual([]);
    await fleet.beat({ ...HERE, policy: null });
    await fleet.beat({ ...HERE, server: 'away-1' });
    await fleet.beat(HERE);
    expect(await fleet.list()).toEqual([
      { ...HERE, server: 'away-1', lastSeenAt: expect.any(Number), seenSecondsAgo: expect.any(Number) },
      { ...HERE, lastSeenAt: expect.any(Number), seenSecondsAgo: expect.any(Number) },
    ]);
    const [{ seenSecondsAgo, lastSeenAt } = { seenSecondsAgo: -1, lastSeenAt: 0 }] = await fleet.list();
    expect(seenSecondsAgo).toBeGreaterThanOrEqual(0);
    expect(seenSecondsAgo).toBeLessThan(60);
    expect(Math.abs(lastSeenAt - Date.now())).toBeLessThan(60_000);
  });

  it('knows a server that has nothing in force yet', async () => {
    await fleet.beat({ ...HERE, policy: null });
    expect(await fleet.list()).toMatchObject([{ server: 'here-1', policy: null }]);
  });

  it('forgets who leaves, and takes it well when nobody was there', async () => {
    await fleet.beat(HERE);
    await fleet.leave('here-1');
    await fleet.leave('here-1');
    expect(await fleet.list()).toEqual([]);
  });

  it('takes many at one time', async () => {
    const servers = Array.from({ length: 20 }, (_, index) => `s-${index}`);
    await Promise.all([...servers, ...servers.toReversed()].map((server) => fleet.beat({ ...HERE, server })));
    expect((await fleet.list()).map(({ server }) => server)).toEqual(servers.sort());
  });
}
