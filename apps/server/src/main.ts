import { randomUUID } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { Problem } from '#problem';
import { readConfig, unknownVariables } from './config.js';
import type { RunningServer } from './server.js';
import { letHelpersGiveWay } from './threads/give-way.js';
import { planned } from './threads/planned.js';
import { startThread } from './threads/start-thread.js';

export { describeSettings, type SettingDescription } from './config.js';

export interface ServeOptions {
  /** Values by flag name without dashes, such as `http-address`; a flag beats its environment variable. */
  readonly flags: { readonly [flag: string]: string | undefined };
  readonly environment: { readonly [variable: string]: string | undefined };
  /** Of this program. */
  readonly version: string;
  /** Told once, when the server answers. */
  readonly onReady?: (server: Pick<RunningServer, 'addresses' | 'operatorTokenFile'>) => void;
  /** Resolves when the server should stop for a reason other than a signal. */
  readonly stopWhen?: Promise<unknown>;
}

/** A stop that takes longer is cut off: whoever sent the signal will not wait for ever. */
const STOP_MILLISECONDS = 14_000;

/**
 * Runs the server until SIGTERM, SIGINT or `stopWhen`; a second signal ends the process at once.
 *
 * @returns the exit code: 0 after a graceful stop, 1 when it could not start or stop in time, 2 for a wrong setting
 */
export async function serve({ flags, environment, version, onReady, stopWhen }: ServeOptions): Promise<number> {
  letHelpersGiveWay();
  let server: RunningServer;
  let readyFile: string | undefined;
  let flush = () => {};
  try {
    const config = readConfig(environment, flags);
    readyFile = config.readyFile;
    // The framework takes a second to load; help and wrong settings need not wait for it.
    const { startServer } = await import('./server.js');
    const { LiveSnapshot } = await import('#decision');
    const { NestLog, openLog, Telemetry } = await import('./telemetry.js');
    const log = openLog(config.logLevel);
    flush = log.flush;
    const variables = unknownVariables(environment);
    if (variables.length > 0)
      log.logger.warn({ variables }, 'variables that are no settings of this version are left out');
    const live = new LiveSnapshot();
    const { mode, logAllowShare: allowShare } = config;
    const telemetry = new Telemetry(log, { live, clock: Date.now, chance: Math.random, allowShare, mode });
    server = await startServer(config, {
      clock: Date.now,
      stopwatch: () => performance.now() * 1_000,
      timer: { after: planned },
      random: Math.random,
      newDecisionId: randomUUID,
      startThread,
      live,
      log: telemetry.log,
      metrics: () => telemetry.metrics(),
      vitals: telemetry,
      version,
      frameworkLog: new NestLog(log.logger),
    });
  } catch (fault) {
    flush();
    if (!(fault instanceof Problem)) throw fault;
    process.stderr.write(`dharma: ${fault.message}\n${fault.kind.remedy}\n`);
    return fault.code === 'setting-invalid' ? 2 : 1;
  }
  const stopped = nextSignal();
  process.on('SIGHUP', () => void server.refreshKeys());
  if (readyFile !== undefined) writeWhole(readyFile, JSON.stringify({ ...server.addresses, pid: process.pid }));
  onReady?.(server);
  await Promise.race([stopped, stopWhen ?? stopped]);
  const code = await stopInTime(server);
  if (readyFile !== undefined) rmSync(readyFile, { force: true });
  flush();
  return code;
}

/** Resolves on the first signal; the second one ends the process. */
function nextSignal(): Promise<void> {
  return new Promise((received) => {
    let signals = 0;
    const onSignal = () => {
      signals += 1;
      if (signals > 1) process.exit(1);
      received();
    };
    process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  });
}

async function stopInTime(server: RunningServer): Promise<number> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<number>((give) => {
    timer = setTimeout(() => give(1), STOP_MILLISECONDS);
  });
  const code = await Promise.race([server.stop().then(() => 0), late]);
  clearTimeout(timer);
  return code;
}

/** So that a reader never sees half of it. */
function writeWhole(path: string, text: string): void {
  const partial = `${path}.${process.pid}`;
  writeFileSync(partial, `${text}\n`);
  renameSync(partial, path);
}
