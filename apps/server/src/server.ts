import { setTimeout as pause } from 'node:timers/promises';
import type { LoggerService } from '@nestjs/common';
import {
  DecisionPoint,
  FolderSource,
  LiveSnapshot,
  compileOnThisThread,
  type Clock,
  type EventLog,
  type ServiceEvent,
} from '#decision';
import { Problem } from '#problem';
import { Listeners } from '#protocols';
import { Identity } from '#identity';
import { tlsFiles, type ListenerName, type ServerConfig } from './config.js';
import { printListenAddress } from './listen-address.js';
import { createHttpListener, listenGrpc, listenHttp } from './listeners.js';
import { AdminModule, CheckModule } from './server.module.js';
import { Standing } from './standing.js';
import { ListenerCertificate } from './tls.js';

/** Time, chance and the log, which come in from outside. */
export interface ServerPorts {
  readonly clock: Clock;
  readonly newDecisionId: () => string;
  readonly log: EventLog;
  readonly frameworkLog: LoggerService;
}

export interface RunningServer {
  /** The addresses in use, in the form of the settings. */
  readonly addresses: { readonly grpc: string; readonly http: string; readonly admin: string };
  /** Not ready, then drained, then closed; requests that were started are answered. */
  stop(): Promise<void>;
}

/** A folder that someone writes to while we start is looked at again this many times. */
const LOAD_TRIES = 20;
const LOAD_PAUSE_MILLISECONDS = 100;

/**
 * Loads the policy, then opens the listeners: whoever can connect gets decisions.
 *
 * @throws Problem `policy-invalid`, `address-unavailable`
 */
export async function startServer(config: ServerConfig, ports: ServerPorts): Promise<RunningServer> {
  const live = new LiveSnapshot();
  const source = await loadedSource(config, ports, live);
  const decisionPoint = new DecisionPoint({
    ...ports,
    live,
    stopwatch: () => performance.now() * 1000,
    explainer: {
      explain: () => Promise.reject(new Error('not wired yet')),
    },
    maxTtlSeconds: config.maxTtlSeconds,
    minRevisionWaitMilliseconds: 1000,
    mode: 'enforce',
  });
  const standing = new Standing(live, decisionPoint);
  const listeners = new Listeners(config.httpAddress.kind, config.grpcAddress.kind);
  const parts = { decisionPoint, listeners, serving: standing, challenge: config.challenge };
  const certificate = (listener: ListenerName) => certificateOf(config, listener, ports);
  const check = await createHttpListener(CheckModule.with(parts), ports.frameworkLog, await certificate('http'));
  const admin = await createHttpListener(AdminModule.with(standing), ports.frameworkLog, await certificate('admin'));
  const close = () => Promise.all([check.close(), admin.close()]);
  try {
    const grpc = await listenGrpc(check, config, await certificate('grpc'));
    const http = await listenHttp(check, config.httpAddress, 'DHARMA_HTTP_ADDRESS', config.socketGroup);
    const adminAddress = await listenHttp(admin, config.adminAddress, 'DHARMA_ADMIN_ADDRESS', config.socketGroup);
    source.watch(config.policyPollMilliseconds);
    return {
      addresses: {
        grpc: printListenAddress(grpc),
        http: printListenAddress(http),
        admin: printListenAddress(adminAddress),
      },
      async stop() {
        standing.drain();
        await pause(config.drainMilliseconds);
        decisionPoint.close();
        await source.stop();
        await close();
      },
    };
  } catch (fault) {
    await close();
    throw fault;
  }
}

async function certificateOf(
  config: ServerConfig,
  listener: ListenerName,
  { log }: ServerPorts,
): Promise<ListenerCertificate | undefined> {
  const files = tlsFiles(config, listener);
  return files === undefined ? undefined : ListenerCertificate.open(files, { log });
}

async function loadedSource(config: ServerConfig, ports: ServerPorts, live: LiveSnapshot): Promise<FolderSource> {
  const { policies: folder } = config;
  if (folder === undefined) throw new Problem('setting-invalid', { faults: '`DHARMA_POLICIES` must name a folder' });
  const faults: string[] = [];
  const log = (event: ServiceEvent) => {
    // At the start nothing is in force yet: what would be a log line later is the reason for not starting.
    if (live.inForce === undefined && event.kind === 'policy-refused') faults.push(...event.faults);
    else if (live.inForce === undefined && event.kind === 'policy-unreadable') faults.push(event.fault);
    else ports.log(event);
  };
  const source = new FolderSource({
    folder,
    live,
    putInForce: async (policy) => {
      if (policy.kind !== 'files') return false;
      const compiled = await compileOnThisThread(policy.files, ports.clock());
      if (compiled.kind === 'invalid') {
        log({ kind: 'policy-refused', revision: policy.revision, faults: compiled.faults });
        return false;
      }
      const { revision, contentHash } = policy;
      const { snapshot, identity: settings } = compiled;
      const identity = await Identity.prepare(settings, { keys: { find: () => undefined }, onlyLocal: true });
      live.replace({ epoch: 1, revision, contentHash, snapshot, identity, confirmedAt: ports.clock() });
      log({ kind: 'policy-in-force', epoch: 1, revision, contentHash, warnings: [] });
      return true;
    },
    clock: ports.clock,
    log,
  });
  for (let tries = 0; tries < LOAD_TRIES && (await source.load()) === 'waiting'; tries += 1) {
    await pause(LOAD_PAUSE_MILLISECONDS);
  }
  if (live.inForce === undefined) {
    if (faults.length === 0) faults.push('the folder changes all the time');
    throw new Problem('policy-invalid', { folder, faults: faults.join('\n') });
  }
  return source;
}
