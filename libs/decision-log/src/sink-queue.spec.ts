import { jest } from '@jest/globals';
import { DecisionSink, SinkFault } from './decision-sink.js';
import { type DroppedRecords, type SinkAway, SinkQueue } from './sink-queue.js';

/** Work that is planned, done when the test says so. */
class ScriptedTimer {
  readonly #planned = new Map<() => void, number>();

  readonly after = (milliseconds: number, work: () => void) => {
    this.#planned.set(work, milliseconds);
    return () => void this.#planned.delete(work);
  };

  get waits(): readonly number[] {
    return [...this.#planned.values()];
  }

  /** Does what is planned first, and lets everything follow that follows from it. */
  async tick(): Promise<void> {
    const [work] = [...this.#planned].sort(([, left], [, right]) => left - right)[0]!;
    this.#planned.delete(work);
    work();
    for (let turn = 0; turn < 60; turn += 1) await Promise.resolve();
  }
}

class ScriptedSink extends DecisionSink {
  readonly written: (readonly string[])[] = [];
  /** What the next writes throw; undefined: nothing. */
  readonly faults: (Error | undefined)[] = [];
  hang: Promise<void> | undefined;
  closed = 0;

  override async write(lines: readonly string[]): Promise<void> {
    await this.hang;
    const fault = this.faults.shift();
    if (fault !== undefined) throw fault;
    this.written.push(lines);
  }

  override async close(): Promise<void> {
    this.closed += 1;
  }
}

const PASSING = new SinkFault('it is away', true);
const LASTING = new SinkFault('it will not', false);

function queueTo(sink = new ScriptedSink()) {
  const timer = new ScriptedTimer();
  const dropped: DroppedRecords[] = [];
  const away: SinkAway[] = [];
  const queue = new SinkQueue({
    name: 'far',
    sink,
    timer,
    random: () => 0.5,
    onDropped: (records) => void dropped.push(records),
    onAway: (one) => void away.push(one),
  });
  return { queue, sink, timer, dropped, away };
}

describe('a queue before a sink', () => {
  it('gathers lines and writes them together, in order', async () => {
    const { queue, sink, timer } = queueTo();
    for (const line of ['a', 'b', 'c']) queue.add(line);
    expect([sink.written, timer.waits]).toEqual([[], [100]]);
    await timer.tick();
    expect(sink.written).toEqual([['a', 'b', 'c']]);
    expect(timer.waits).toEqual([]);
    queue.add('d');
    await timer.tick();
    expect(sink.written).toEqual([['a', 'b', 'c'], ['d']]);
  });

  it('cuts what is much into batches', async () => {
    const { queue, sink, timer } = queueTo();
    for (let line = 0; line < 1_100; line += 1) queue.add(`${line}`);
    await timer.tick();
    expect(sink.written.map(({ length }) => length)).toEqual([500, 500, 100]);
  });

  it('tries again what may pass, each time after a longer while', async () => {
    const { queue, sink, timer, dropped } = queueTo();
    sink.faults.push(PASSING, PASSING, PASSING);
    queue.add('a');
    await timer.tick();
    const waits: (readonly number[])[] = [];
    for (let pause = 0; pause < 3; pause += 1) {
      waits.push(timer.waits);
      await timer.tick();
    }
    expect(waits).toEqual([[250], [500], [1000]]);
    expect([sink.written, dropped]).toEqual([[['a']], []]);
  });

  it('loses nothing while a sink is away for minutes, and there is room', async () => {
    const { queue, sink, timer, dropped, away: told } = queueTo();
    sink.faults.push(...Array.from({ length: 20 }, () => PASSING));
    queue.add('a');
    await timer.tick();
    let away = 0;
    for (let tries = 0; tries < 20; tries += 1) {
      queue.add(`${tries}`);
      const [pause] = timer.waits;
      expect(pause).toBeLessThanOrEqual(10_000);
      away += pause!;
      await timer.tick();
    }
    expect(away).toBeGreaterThan(120_000);
    expect(sink.written.flat()).toEqual(['a', ...Array.from({ length: 20 }, (_, tries) => `${tries}`)]);
    expect([dropped, told]).toEqual([[], [{ sink: 'far', because: 'it is away' }]]);
  });

  it('drops the oldest when there is no more room, counts them, and goes on', async () => {
    const { queue, sink, timer, dropped } = queueTo();
    sink.faults.push(...Array.from({ length: 7 }, () => PASSING));
    queue.add('first');
    for (let tick = 0; tick < 5; tick += 1) await timer.tick();
    expect(dropped).toEqual([]);
    const lines = Array.from({ length: 10 }, (_, place) => `${place}`.padEnd(1024 * 1024));
    for (const line of lines) queue.add(line);
    await timer.tick();
    expect(dropped).toEqual([2, 1].map((records) => ({ sink: 'far', records, because: 'it is away' })));
    await timer.tick();
    expect(sink.written.flat()).toEqual(lines.slice(2));
    expect(dropped).toHaveLength(2);
  });

  it('tries no more once it is closed', async () => {
    const { queue, sink, timer, dropped } = queueTo();
    sink.faults.push(PASSING, PASSING);
    queue.add('a');
    queue.add('b');
    await timer.tick();
    await queue.close();
    expect([sink.written, dropped]).toEqual([[], [{ sink: 'far', records: 2, because: 'it is away' }]]);
  });

  it.each`
    because                                                  | fault                        | said
    ${'another try would not help'}                          | ${LASTING}                   | ${'it will not'}
    ${'a bug may quote what it was given, and says nothing'} | ${new Error('line: secret')} | ${'it failed unexpectedly'}
  `('drops at once: $because', async ({ fault, said }) => {
    const { queue, sink, timer, dropped } = queueTo();
    sink.faults.push(fault);
    queue.add('a');
    await timer.tick();
    expect([dropped, timer.waits]).toEqual([[{ sink: 'far', records: 1, because: said }], []]);
  });

  it('lets one line that a sink cannot take cost no other', async () => {
    const { queue, sink, timer, dropped } = queueTo();
    for (const line of ['a', 'bad', 'c', 'd', 'e']) queue.add(line);
    jest.spyOn(sink, 'write').mockImplementation(async (lines) => {
      if (lines.includes('bad')) throw new Error('line: bad');
      sink.written.push(lines);
    });
    await timer.tick();
    expect(sink.written.flat()).toEqual(['a', 'c', 'd', 'e']);
    expect(dropped).toEqual([{ sink: 'far', records: 1, because: 'it failed unexpectedly' }]);
  });

  it('keeps eight million characters for a sink that hangs; more is dropped, and told once', async () => {
    const { queue, sink, timer, dropped } = queueTo();
    let release = () => {};
    sink.hang = new Promise((done) => (release = done));
    const line = 'x'.repeat(1024 * 1024);
    queue.add('first');
    await timer.tick();
    for (let count = 0; count < 12; count += 1) queue.add(line);
    expect(queue.isFull).toBe(true);
    release();
    for (let turn = 0; turn < 200; turn += 1) await Promise.resolve();
    expect(dropped).toEqual([{ sink: 'far', records: 4, because: 'it did not take them in time' }]);
    expect(sink.written.flat()).toHaveLength(9);
  });

  it('writes what waits when it is closed, and takes nothing more', async () => {
    const { queue, sink, dropped } = queueTo();
    queue.add('a');
    await queue.close();
    queue.add('b');
    expect([sink.written, sink.closed, dropped]).toEqual([[['a']], 1, []]);
  });

  it('does not wait for a sink that hangs when it is closed', async () => {
    const { queue, sink, timer, dropped } = queueTo();
    sink.hang = new Promise(() => {});
    queue.add('a');
    await timer.tick();
    queue.add('b');
    const closed = queue.close();
    await timer.tick();
    await closed;
    expect([sink.closed, dropped]).toEqual([1, [{ sink: 'far', records: 2, because: 'the server stops' }]]);
  });
});
