import { Readable, Writable } from 'node:stream';
import { type ExitCode, Stop, terminalOf } from '../terminal.js';
import { watchRef } from './watch.js';

/** @param looks  what the ref names at each look, or how looking fails; the watching ends behind the last */
async function watched(
  looks: readonly (string | Stop)[],
  act: (commit: string) => ExitCode = () => 0,
  rest: () => Promise<void> = async () => {},
  isRefusedStill: () => Promise<boolean> = async () => true,
): Promise<{ readonly acted: readonly string[]; readonly rested: number; readonly told: string }> {
  const ending = new AbortController();
  const acted: string[] = [];
  let rested = 0;
  let told = '';
  const stderr = new Writable({
    write(chunk: Buffer, _encoding, done) {
      told += chunk.toString();
      done();
    },
  });
  const terminal = terminalOf({
    stdin: Readable.from([]),
    stdout: stderr,
    stderr,
    cwd: '/',
    environment: {},
    program: 'dharma',
    now: Date.now,
  });
  const left = [...looks];
  let current = '';
  const code = await watchRef(terminal, {
    look: async () => {
      const next = left.shift()!;
      if (left.length === 0) ending.abort();
      if (next instanceof Stop) throw next;
      return (current = next);
    },
    act: async () => {
      acted.push(current);
      return act(current);
    },
    rest: async () => {
      rested += 1;
      await rest();
    },
    isRefusedStill,
    seconds: 0,
    signal: ending.signal,
  });
  expect(code).toBe(0);
  return { acted, rested, told };
}

const refusing = (code: ExitCode) => (commit: string) => {
  if (commit === 'bad') throw new Stop(code, 'no');
  return 0 as const;
};

describe('watching a ref', () => {
  it.each`
    because                                            | looks                            | act            | acted
    ${'a commit is acted on once'}                     | ${['a', 'a', 'a']}               | ${undefined}   | ${['a']}
    ${'each new one is'}                               | ${['a', 'b', 'b', 'c']}          | ${undefined}   | ${['a', 'b', 'c']}
    ${'one that comes again is new again'}             | ${['a', 'b', 'a']}               | ${undefined}   | ${['a', 'b', 'a']}
    ${'a refused commit is left alone until it moves'} | ${['a', 'bad', 'bad', 'b']}      | ${refusing(1)} | ${['a', 'bad', 'b']}
    ${'a conflict is tried again'}                     | ${['bad', 'bad']}                | ${refusing(4)} | ${['bad', 'bad']}
    ${'so is a server that is away'}                   | ${['bad', 'bad']}                | ${refusing(3)} | ${['bad', 'bad']}
    ${'a look that fails forgets nothing'}             | ${['a', new Stop(3, 'no'), 'a']} | ${undefined}   | ${['a']}
    ${'a ref that is gone comes back as it was'}       | ${['a', new Stop(1, 'no'), 'a']} | ${undefined}   | ${['a']}
  `('$because', async ({ looks, act, acted }) => {
    const ran = await watched(looks, act);
    expect(ran.acted).toEqual(acted);
    const hasTrouble = act !== undefined || looks.some((look: unknown) => look instanceof Stop);
    expect(ran.told.includes('dharma: no\n')).toBe(hasTrouble);
  });

  it.each`
    because                            | looks                            | act            | rested
    ${'where nothing is new'}          | ${['a', 'a', 'b', 'b', 'b']}     | ${undefined}   | ${3}
    ${'where what is new was refused'} | ${['a', 'bad', 'bad']}           | ${refusing(1)} | ${1}
    ${'not where it tries again'}      | ${['bad', 'bad']}                | ${refusing(3)} | ${0}
    ${'not where looking fails'}       | ${['a', new Stop(3, 'no'), 'a']} | ${undefined}   | ${1}
  `('rests $because', async ({ looks, act, rested }) => {
    expect((await watched(looks, act)).rested).toBe(rested);
  });

  it('acts again on a refused commit where that may not be so any more, and on no other', async () => {
    let asked = 0;
    const at = (time: number) => async () => (asked += 1) !== time;
    expect(await watched(['a', 'a', 'bad', 'bad', 'bad', 'bad'], refusing(1), undefined, at(2))).toMatchObject({
      acted: ['a', 'bad', 'bad'],
      rested: 3,
    });
    expect(asked).toBe(3);
  });

  it('goes on trying where a second judgement was not to be had', async () => {
    let acts = 0;
    const act = (): ExitCode => {
      acts += 1;
      throw new Stop(acts === 2 ? 3 : 1, 'no');
    };
    const { acted } = await watched(['bad', 'bad', 'bad', 'bad'], act, undefined, async () => acts !== 1);
    expect(acted).toEqual(['bad', 'bad', 'bad']);
  });

  it('tells what goes wrong at rest, and goes on', async () => {
    const away = () => Promise.reject(new Stop(3, 'away'));
    const { acted, told } = await watched(['a', 'a', 'b'], undefined, away);
    expect(acted).toEqual(['a', 'b']);
    expect(told).toBe('dharma: away\n');
  });

  it('ends with a fault of our own', async () => {
    const wrong = () => {
      throw new Error('a bug');
    };
    await expect(watched(['a', 'b'], wrong)).rejects.toThrow('a bug');
  });
});
