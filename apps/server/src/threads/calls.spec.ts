import { MessageChannel } from 'node:worker_threads';
import { answerCalls, callsTo } from './calls.js';

const handlers = {
  double: (number: number) => number * 2,
  later: async (text: string) => `${text}!`,
  never: () => new Promise<void>(() => {}),
  fails: () => {
    throw new Error('that does not work');
  },
};

describe('calls between threads', () => {
  let channel: MessageChannel;

  beforeEach(() => {
    channel = new MessageChannel();
    answerCalls(channel.port1, handlers);
  });

  afterEach(() => channel.port1.close());

  it('come back with what the handler gives, each to its caller', async () => {
    const call = callsTo<typeof handlers>(channel.port2);
    expect(await Promise.all([call('later', 'a'), call('double', 4), call('double', 5)])).toEqual(['a!', 8, 10]);
  });

  it.each`
    because                                   | name          | options                | fault
    ${'what a handler throws fails its call'} | ${'fails'}    | ${{}}                  | ${'that does not work'}
    ${'nobody answers to that name'}          | ${'toString'} | ${{}}                  | ${'there is no `toString` to call'}
    ${'patience has an end'}                  | ${'never'}    | ${{ milliseconds: 5 }} | ${'`never` took longer than 5 ms'}
  `('fail where $because', async ({ name, options, fault }) => {
    const call = callsTo<typeof handlers>(channel.port2);
    await expect(call(name, undefined as never, options)).rejects.toMatchObject({ name: 'CallFailed', message: fault });
    expect(await call('double', 1)).toBe(2);
  });

  it('fail all when the other end is gone, and from then on at once', async () => {
    const call = callsTo<typeof handlers>(channel.port2);
    const waiting = call('never', undefined as never);
    channel.port1.close();
    await expect(waiting).rejects.toMatchObject({ message: 'the thread has ended' });
    await expect(call('double', 1)).rejects.toMatchObject({ message: 'the thread has ended' });
  });
});
