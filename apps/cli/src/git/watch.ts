import { setTimeout as pause } from 'node:timers/promises';
import { type ExitCode, OutputClosed, Stop, type Terminal } from '../terminal.js';

export interface Watching {
  /** What the ref names now. */
  readonly look: () => Promise<string>;
  readonly act: () => Promise<ExitCode>;
  /** Where it names what was acted on. */
  readonly rest: () => Promise<void>;
  /** Between two looks. */
  readonly seconds: number;
  /** Ends the watching; absent: an interrupt from outside does. */
  readonly signal?: AbortSignal;
}

/**
 * Looks at a ref and acts on each commit that it names anew; between them it rests. What goes wrong is told and does not end the watching: a
 * commit that is refused is left alone until the ref moves, everything else is tried again.
 *
 * @returns 0, when it is ended
 */
export async function watchRef(terminal: Terminal, { look, act, rest, seconds, signal }: Watching): Promise<ExitCode> {
  const ending = new AbortController();
  const end = (): void => ending.abort();
  if (signal === undefined) for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, end);
  const until = signal ?? ending.signal;
  let done: string | undefined;
  try {
    while (!until.aborted) {
      done = await actOnNew(terminal, { look, act, rest }, done);
      await pause(seconds * 1000, undefined, { signal: until }).catch(() => undefined);
    }
    return 0;
  } finally {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.removeListener(name, end);
  }
}

/** @returns what was acted on last */
async function actOnNew(
  terminal: Terminal,
  { look, act, rest }: Pick<Watching, 'look' | 'act' | 'rest'>,
  done: string | undefined,
): Promise<string | undefined> {
  let found: string | undefined;
  try {
    found = await look();
    if (found === done) {
      await rest();
      return done;
    }
    await act();
    return found;
  } catch (fault) {
    if (fault instanceof OutputClosed || !(fault instanceof Stop)) throw fault;
    await terminal.aside.line(`${terminal.aside.colours.red('dharma:')} ${fault.message}`);
    return fault.code === 1 ? (found ?? done) : done;
  }
}
