import type { Heartbeat } from '#administration';
import { MemoryFleet, StoreFault } from '#store';
import { HeartbeatWriter } from './heartbeat-writer.js';

const HERE: Heartbeat = { server: 'here', version: '0.0.0', address: '127.0.0.1:1', startedAt: 0, policy: null };
const policy = (number: number) => ({ epoch: 1, number, contentHash: 'a'.repeat(64), ageSeconds: 0 });

/** A fleet that can be away, or hang. */
class ScriptedFleet extends MemoryFleet {
  beats = 0;
  answer: () => Promise<void> = async () => {};

  override async beat(heartbeat: Heartbeat): Promise<void> {
    this.beats += 1;
    await this.answer();
    await super.beat(heartbeat);
  }

  override async leave(server: string): Promise<void> {
    await this.answer();
    await super.leave(server);
  }
}

/** A server whose time passes when it is told to. */
function world() {
  const fleet = new ScriptedFleet(() => 0);
  const said = { ...HERE };
  const planned: { work: () => void; milliseconds: number }[] = [];
  const after = (milliseconds: number, work: () => void) => {
    const entry = { milliseconds, work };
    planned.push(entry);
    return () => void planned.splice(planned.indexOf(entry), planned.includes(entry) ? 1 : 0);
  };
  const settle = async () => {
    for (let turn = 0; turn < 5; turn += 1) await new Promise((done) => setImmediate(done));
  };
  const pass = async () => {
    for (const { work } of planned.splice(0)) work();
    await settle();
  };
  const writer = new HeartbeatWriter(fleet, () => ({ ...said }), { after });
  return {
    fleet,
    said: said as { -readonly [member in keyof Heartbeat]: Heartbeat[member] },
    planned,
    pass,
    settle,
    writer,
  };
}

describe('a heartbeat', () => {
  it('is told at the start, every ten seconds, and at once when another revision is in force', async () => {
    const { fleet, said, planned, pass, settle, writer } = world();
    writer.start();
    await settle();
    expect([fleet.beats, planned.map(({ milliseconds }) => milliseconds)]).toEqual([1, [10_000]]);
    writer.beatIfMoved();
    expect(fleet.beats).toBe(1);
    said.policy = policy(7);
    writer.beatIfMoved();
    await settle();
    expect([fleet.beats, planned.length]).toEqual([2, 1]);
    expect(await fleet.list()).toMatchObject([{ server: 'here', policy: { number: 7 } }]);
    await pass();
    expect([fleet.beats, planned.length]).toEqual([3, 1]);
  });

  it('is told once at a time, and then the newest', async () => {
    const { fleet, said, settle, writer } = world();
    let answered = () => {};
    fleet.answer = () => new Promise((done) => (answered = done));
    writer.start();
    for (const number of [1, 2, 3]) {
      said.policy = policy(number);
      writer.beatIfMoved();
    }
    expect(fleet.beats).toBe(1);
    fleet.answer = async () => {};
    answered();
    await settle();
    expect(fleet.beats).toBe(2);
    expect(await fleet.list()).toMatchObject([{ policy: { number: 3 } }]);
  });

  it.each<[because: string, fault: Error]>([
    ['the database is away', new StoreFault('unavailable', 'ECONNREFUSED', undefined, 'nobody listens')],
    ['the role may not write it', new StoreFault('refused', '42501', undefined, 'permission denied')],
    ['whatever it is', new TypeError('a mistake of ours')],
  ])('fails nobody, and is told again later: %s', async (_because, fault) => {
    const { fleet, planned, pass, settle, writer } = world();
    fleet.answer = () => Promise.reject(fault);
    writer.start();
    await settle();
    expect(planned).toHaveLength(1);
    fleet.answer = async () => {};
    await pass();
    expect(await fleet.list()).toHaveLength(1);
  });

  it('ends with the server, which does not wait for a store that hangs', async () => {
    const { fleet, planned, pass, settle, writer } = world();
    writer.start();
    await settle();
    await writer.stop();
    expect([await fleet.list(), planned]).toEqual([[], []]);
    writer.beatIfMoved();
    expect(fleet.beats).toBe(1);

    writer.start();
    await settle();
    fleet.answer = () => new Promise(() => {});
    const stopped = writer.stop();
    await settle();
    expect(planned.map(({ milliseconds }) => milliseconds)).toEqual([1_000]);
    await pass();
    await stopped;
  });
});
