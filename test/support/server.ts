import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Clock, ServiceEvent } from '#decision';
import type { RunningServer } from '../../apps/server/src/server.js';
import { type StartThread, THREAD_FILES } from '../../apps/server/src/threads/start-thread.js';
import { built } from './built.js';

export interface TestServer extends RunningServer {
  /** Everything that was logged, oldest first. */
  readonly events: readonly ServiceEvent[];
  /** The lines of the log. */
  readonly lines: readonly string[];
  /** Lines that the framework or a controller logged as warnings or worse. */
  readonly complaints: readonly string[];
  /** Puts other documents into the policy folder. */
  rewrite(documents: string): Promise<void>;
  /** Resolves with the first event from now on that the test accepts. */
  next<Kind extends ServiceEvent['kind']>(kind: Kind): Promise<Extract<ServiceEvent, { kind: Kind }>>;
}

const TEST_SETTINGS = {
  // Engines are compared by tests of their own: here the machine has better to do.
  'check-requests': '100',
  'grpc-address': '127.0.0.1:0',
  'http-address': '127.0.0.1:0',
  'admin-address': '127.0.0.1:0',
};

const [{ LiveSnapshot }, { readConfig }, { startServer }, { logTo, NestLog, Telemetry }] = await Promise.all([
  built<typeof import('#decision')>('#decision'),
  built<typeof import('../../apps/server/src/config.js')>('./dist/apps/server/src/config.js'),
  built<typeof import('../../apps/server/src/server.js')>('./dist/apps/server/src/server.js'),
  built<typeof import('../../apps/server/src/telemetry.js')>('./dist/apps/server/src/telemetry.js'),
]);

/** Threads run the build: `npm test` makes it first. */
export const startBuiltThread: StartThread = (name, options) =>
  new Worker(new URL(THREAD_FILES[name], new URL('../../dist/apps/server/src/threads/', import.meta.url)), options);

/**
 * A server on free loopback ports that decides by a folder of its own, which is gone after `stop`.
 *
 * @param clock  of decisions and their log
 * @param monotonic  milliseconds, of everything that is measured
 */
export async function startTestServer(
  documents: string,
  flags: { readonly [flag: string]: string } = {},
  clock: Clock = Date.now,
  monotonic: () => number = () => performance.now(),
): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), 'dharma-test-'));
  const file = join(folder, 'policies.yaml');
  await writeFile(file, documents);
  const server = await startServerWith(
    { policies: folder, 'policy-poll-milliseconds': '20', ...flags },
    clock,
    monotonic,
  );
  return {
    ...server,
    async rewrite(text) {
      await writeFile(`${folder}.next`, text);
      await rename(`${folder}.next`, file);
    },
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A server on free loopback ports with the given settings, in this process. */
export async function startServerWith(
  flags: { readonly [flag: string]: string },
  clock: Clock = Date.now,
  monotonic: () => number = () => performance.now(),
  startThread: StartThread = startBuiltThread,
): Promise<Omit<TestServer, 'rewrite'>> {
  const events: ServiceEvent[] = [];
  const complaints: string[] = [];
  const waiting = new Set<(event: ServiceEvent) => void>();
  let decisions = 0;
  const config = readConfig({}, { ...TEST_SETTINGS, ...flags });
  const live = new LiveSnapshot();
  const lines: string[] = [];
  const telemetry = new Telemetry(
    {
      logger: logTo({ write: (line: string) => void lines.push(line) }, config.logLevel),
      droppedLines: () => 0,
      flush: () => {},
    },
    { live, clock, chance: Math.random, allowShare: config.logAllowShare, mode: config.mode },
  );
  const server = await startServer(config, {
    clock,
    stopwatch: () => monotonic() * 1000,
    timer: {
      after: (milliseconds: number, work: () => void) => {
        const timer = setTimeout(work, milliseconds);
        return () => clearTimeout(timer);
      },
    },
    random: Math.random,
    newDecisionId: () => `decision-${(decisions += 1)}`,
    startThread,
    live,
    log: (event) => {
      telemetry.log(event);
      events.push(event);
      for (const tell of waiting) tell(event);
    },
    metrics: () => telemetry.metrics(),
    vitals: telemetry,
    frameworkLog: new NestLog(logTo({ write: (line: string) => void complaints.push(line) }, 'warn')),
    version: 'test',
  });
  return {
    ...server,
    events,
    lines,
    complaints,
    next: (kind) =>
      new Promise((found) => {
        const tell = (event: ServiceEvent) => {
          if (event.kind !== kind) return;
          waiting.delete(tell);
          found(event as never);
        };
        waiting.add(tell);
      }),
  };
}

/** Puts other documents into the policy folder, and resolves when they are in force. */
export async function putInForce(server: TestServer, documents: string): Promise<void> {
  const refused = server.next('policy-refused').then(({ faults }) => {
    throw new Error(faults.join('\n'));
  });
  const accepted = server.next('policy-in-force');
  await server.rewrite(documents);
  await Promise.race([accepted, refused]);
}
