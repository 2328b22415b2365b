import { setTimeout as pause } from 'node:timers/promises';
import { type ExitCode, OutputClosed, Stop, type Terminal } from '../terminal.js';

export interface Watching {
  /** What the ref names now. */
  readonly look: () => Promise<string>;
  readonly act: () => Promise<ExitCode>;
  /** Where it names what was acted on. */
  readonly rest: () => Promise<void>;
  /** Of what was refused and is named still: whether it would be refused again. */
  readonly isRefusedStill: () => Promise<boolean>;
  /** Between two looks. */
  readonly seconds: number;
  /** Ends the watching; absent: an interrupt from outside does. */
  readonly signal?: AbortSignal;
}

/**
 * Looks at a ref and acts on each commit that it names anew; between them it rests. What goes wrong is told and does not
 * end the watching: a commit that is refused is left alone until the ref moves or what refused it has changed, everything
 * else is tried again.
 *
 * @returns 0, when it is ended
 */
export async function watchRef(terminal: Terminal, watching: Watching): Promise<ExitCode> {
  const { seconds, signal } = watching;
  const ending = new AbortController();
  const end = (): void => ending.abort();
  if (signal === undefined) for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, end);
  const until = signal ?? ending.signal;
  let done: Done | undefined;
  try {
    while (!until.aborted) {
      done = await actOnNew(terminal, watching, done);
      await pause(seconds * 1000, undefined, { signal: until }).catch(() => undefined);
    }
    return 0;
  } finally {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.removeListener(name, end);
  }
}

/** What was acted on last. */
interface Done {
  readonly named: string;
  readonly isRefused: boolean;
}

async function actOnNew(
  terminal: Terminal,
  { look, act, rest, isRefusedStill }: Watching,
  done: Done | undefined,
): Promise<Done | undefined> {
  let acting: string | undefined;
  try {
    const named = await look();
    if (named === done?.named && !(done.isRefused && !(await isRefusedStill()))) {
      await rest();
      return done;
    }
    acting = named;
    await act();
    return { named, isRefused: false };
  } catch (fault) {
    if (fault instanceof OutputClosed || !(fault instanceof Stop)) throw fault;
    await terminal.aside.line(`${terminal.aside.colours.red('dharma:')} ${fault.message}`);
    if (acting === undefined) return done;
    return fault.code === 1 ? { named: acting, isRefused: true } : undefined;
  }
}
