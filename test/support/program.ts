import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface Program {
  readonly process: ChildProcess;
  /** What it has written so far. */
  readonly output: { readonly standard: string; readonly error: string };
  /** Resolves when the text has appeared on standard output. */
  says(text: string): Promise<void>;
  /** Resolves to the exit code once it has ended. */
  readonly ended: Promise<number | null>;
}

const running = new Set<Program>();

/** Ends what a failed test left running. */
export async function stopPrograms(): Promise<void> {
  for (const program of running) program.process.kill('SIGKILL');
  await Promise.all([...running].map(({ ended }) => ended));
}

/** The server as a process of its own, by the script that `npm start` runs. */
export function startProgram(argv: readonly string[], environment: { readonly [name: string]: string } = {}): Program {
  const script = fileURLToPath(new URL('../../scripts/start.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, ...argv], {
    // Engines are compared by tests of their own: here the machine has better to do.
    env: { PATH: process.env['PATH'], DHARMA_CHECK_REQUESTS: '100', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { standard: '', error: '' };
  const listeners = new Set<() => void>();
  const ended = once(child, 'close').then(([code]) => code as number | null);
  child.stdout.on('data', (chunk) => {
    output.standard += String(chunk);
    for (const tell of listeners) tell();
  });
  child.stderr.on('data', (chunk) => (output.error += String(chunk)));
  const program: Program = {
    process: child,
    output,
    ended,
    says: (text) =>
      new Promise((said, failed) => {
        const look = () => output.standard.includes(text) && said();
        listeners.add(look);
        look();
        void ended.then(() => failed(new Error(`it ended without saying \`${text}\`: ${output.error}`)));
      }),
  };
  running.add(program);
  void ended.then(() => running.delete(program));
  return program;
}
