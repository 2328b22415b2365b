/** Servers to be measured, each a process of its own, and what asks them. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Host {
  readonly addresses: { readonly grpc: string; readonly http: string; readonly admin?: string };
  /** Its log. */
  readonly logFile: string;
  /** Microseconds of processor time so far, of all its threads. */
  cpu(): Promise<number>;
  stop(): Promise<void>;
}

/** For policies and logs; gone when this process ends. */
export const folder = mkdtempSync(join(tmpdir(), 'dharma-bench-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

/** @param answers  what the empty one gives */
export function startHost(variant: 'dharma' | 'empty', policies: string, answers: object[] = []): Promise<Host> {
  return start(variant, [policies, JSON.stringify(answers)]);
}

/** @param flags  settings beside the addresses: where its database is, and who may change what is in it */
export function startStoredHost(flags: { readonly [flag: string]: string }): Promise<Host> {
  return start('stored', [JSON.stringify(flags)]);
}

let started = 0;

async function start(variant: string, words: readonly string[]): Promise<Host> {
  const logFile = join(folder, `${variant}-${(started += 1)}.log`);
  const log = openSync(logFile, 'w');
  const child = fork(fileURLToPath(new URL('serving-host.js', import.meta.url)), [variant, ...words], {
    stdio: ['ignore', 'ignore', log, 'ipc'],
    execArgv: [],
  });
  closeSync(log);
  child.once('exit', (code) => {
    if (code !== 0 && code !== null) throw new Error(`${variant} ended: ${readFileSync(logFile, 'utf8')}`);
  });
  const [{ addresses }] = (await once(child, 'message')) as [{ addresses: Host['addresses'] }];
  return {
    addresses,
    logFile,
    cpu: async () => {
      child.send('cpu');
      const [{ cpu }] = (await once(child, 'message')) as [{ cpu: NodeJS.CpuUsage }];
      return cpu.user + cpu.system;
    },
    async stop() {
      const exited = once(child, 'exit');
      // The channel keeps it alive.
      child.disconnect();
      await exited;
    },
  };
}
