import { type DecisionSink, SinkFault } from '#decision-log';
import { lineOf, recorded } from '../decision-log/lines.js';

export interface OpenedSink {
  readonly sink: DecisionSink;
  /** The records that arrived, in their order. */
  arrived(): Promise<readonly unknown[]>;
  /** From now on what is written does not arrive. */
  breakIt(): Promise<void>;
}

/** A sink with which nothing can go wrong. */
export type UnfailingSink = Omit<OpenedSink, 'breakIt'>;

/** Stands in every record, and in every address and token of a sink under test. */
export const SECRET = 'secret-of-a-sink';

/** What every DecisionSink does. `open` gives one to which nothing was written. */
export function decisionSinkContract(open: () => Promise<OpenedSink>): void {
  unfailingSinkContract(open);

  it('says that it could not write, and nothing of what', async () => {
    const { sink, breakIt } = await open();
    await breakIt();
    const fault = await sink.write([lineOf(recorded({ enforcementPoint: SECRET }))]).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    await sink.close();
    expect(fault).toBeInstanceOf(SinkFault);
    expect(`${String(fault)} ${JSON.stringify(fault)} ${String((fault as Error).cause)}`).not.toContain(SECRET);
  });
}

export function unfailingSinkContract(open: () => Promise<UnfailingSink>): void {
  let opened: UnfailingSink;
  beforeEach(async () => {
    opened = await open();
  });
  afterEach(() => opened.sink.close());

  it('writes what it is given once, in order, whatever stands in it', async () => {
    const first = [recorded(), recorded({ principals: ['user:\u2028"\\ \ud83d\ude00 \0'] })];
    const second = [recorded({ principals: ['user:\ud800'] })];
    await opened.sink.write(first.map(lineOf));
    await opened.sink.write(second.map(lineOf));
    expect(await opened.arrived()).toEqual([...first, ...second]);
  });

  it('takes a whole batch', async () => {
    const batch = Array.from({ length: 500 }, () => recorded());
    await opened.sink.write(batch.map(lineOf));
    expect(await opened.arrived()).toEqual(batch);
  });

  it('is closed twice as once', async () => {
    await opened.sink.close();
    await opened.sink.close();
  });
}
