import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../apps/server/src/config.js';
import { startServer, type RunningServer } from '../../apps/server/src/server.js';
import { NestLog, logTo } from '../../apps/server/src/telemetry.js';
import type { ServiceEvent } from '#decision';

export interface TestServer extends RunningServer {
  /** Everything that was logged, oldest first. */
  readonly events: readonly ServiceEvent[];
  /** Lines that the framework or a controller logged as warnings or worse. */
  readonly complaints: readonly string[];
  /** Puts other documents into the policy folder. */
  rewrite(documents: string): Promise<void>;
  /** Resolves with the first event from now on that the test accepts. */
  next<Kind extends ServiceEvent['kind']>(kind: Kind): Promise<Extract<ServiceEvent, { kind: Kind }>>;
}

/** A server on free loopback ports that decides by a folder of its own, which is gone after `stop`. */
export async function startTestServer(
  documents: string,
  flags: { readonly [flag: string]: string } = {},
): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), 'dharma-test-'));
  const file = join(folder, 'policies.yaml');
  await writeFile(file, documents);
  const events: ServiceEvent[] = [];
  const complaints: string[] = [];
  const waiting = new Set<(event: ServiceEvent) => void>();
  let decisions = 0;
  const config = readConfig(
    {},
    {
      policies: folder,
      'grpc-address': '127.0.0.1:0',
      'http-address': '127.0.0.1:0',
      'admin-address': '127.0.0.1:0',
      'policy-poll-milliseconds': '20',
      ...flags,
    },
  );
  const server = await startServer(config, {
    clock: Date.now,
    newDecisionId: () => `decision-${(decisions += 1)}`,
    log: (event) => {
      events.push(event);
      for (const tell of waiting) tell(event);
    },
    frameworkLog: new NestLog(logTo({ write: (line: string) => void complaints.push(line) }, 'warn')),
  });
  return {
    ...server,
    events,
    complaints,
    async rewrite(text) {
      await writeFile(`${folder}.next`, text);
      await rename(`${folder}.next`, file);
    },
    next: (kind) =>
      new Promise((found) => {
        const tell = (event: ServiceEvent) => {
          if (event.kind !== kind) return;
          waiting.delete(tell);
          found(event as never);
        };
        waiting.add(tell);
      }),
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
