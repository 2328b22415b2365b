import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { LoggerService } from '@nestjs/common';
import type { ServerStatus } from '#admin-api';
import type { Heartbeat } from '#administration';
import { ageSeconds, type Clock, DecisionPoint, type EventLog, type LiveSnapshot, type PolicyInForce } from '#decision';
import { DecisionLog, type DroppedRecords, SinkQueue } from '#decision-log';
import { Identity, type IdentitySettings, Issuers, KeyRing } from '#identity';
import { Problem } from '#problem';
import { Listeners, MAX_BODY_BYTES } from '#protocols';
import type { Timer } from '#store';
import { AdminListener } from './admin/admin-listener.js';
import type { OperatorIssuerSettings } from './admin/admin-settings.js';
import { type ListenerName, type ServerConfig, tlsFiles } from './config.js';
import { DatabasePolicy } from './database-policy.js';
import { FolderPolicy } from './folder-policy.js';
import { GuardedOutbound, type GuardedOutboundParts } from './issuers/guarded-outbound.js';
import { isLocalOnly, printListenAddress } from './listen-address.js';
import { listenGrpc } from './grpc-listener.js';
import { createHttpListener, listenHttp } from './listeners.js';
import type { PolicySupply } from './policy-supply.js';
import { PolicyWorkshop } from './policy/policy-workshop.js';
import { CheckModule } from './server.module.js';
import { signedMetadataOf } from './signed-metadata.js';
import { startProbeListener } from './probe-listener.js';
import { Standing, type Vitals } from './standing.js';
import type { StartThread } from './threads/start-thread.js';
import { ListenerCertificate } from './tls.js';

/** How long the check of what is in force goes on at most. */
const FURTHER_CHECK_MILLISECONDS = 30_000;

/** Time, chance, threads and the log, which come in from outside. */
export interface ServerPorts {
  readonly clock: Clock;
  /** Microseconds from any start, never going back. */
  readonly stopwatch: () => number;
  readonly timer: Timer;
  /** 0 to below 1. */
  readonly random: () => number;
  readonly newDecisionId: () => string;
  readonly startThread: StartThread;
  /** What is in force is kept here, so that the log and the metrics can look at it. */
  readonly live: LiveSnapshot;
  readonly log: EventLog;
  /** Prometheus text. */
  readonly metrics: () => string;
  readonly vitals: Vitals;
  readonly frameworkLog: LoggerService;
  /** Of this program. */
  readonly version: string;
}

export interface Addresses {
  readonly grpc: string;
  readonly http: string;
  readonly admin: string;
  /** Absent where probes have no listener of their own. */
  readonly probe?: string;
}

export interface RunningServer {
  /** The addresses in use, in the form of the settings. */
  readonly addresses: Addresses;
  /** Where the token of the first operator was written when this start minted it. */
  readonly operatorTokenFile: string | undefined;
  /** Asks every issuer for its keys, now. Resolves when all have answered or failed to. */
  refreshKeys(): Promise<void>;
  /** Not ready, then drained, then closed; requests that were started are answered. */
  stop(): Promise<void>;
}

/**
 * Puts a policy in force, then opens the listeners: whoever can connect gets decisions.
 *
 * @throws Problem `policy-invalid`, `address-unavailable`, `database-unusable`, `setting-invalid`
 */
export async function startServer(config: ServerConfig, ports: ServerPorts): Promise<RunningServer> {
  const operatorToken = operatorTokenOf(config);
  const signedMetadata = await signedMetadataOf(config, ports.clock());
  const started: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const undo of started.splice(0).toReversed()) await undo();
  };
  try {
    const keys = new KeyRing();
    const addresses: { -readonly [listener in keyof Addresses]: Addresses[listener] } = {
      grpc: '',
      http: '',
      admin: '',
    };
    const source: PolicySupply =
      config.policies === undefined
        ? await DatabasePolicy.open(config, ports, keys, heartbeatOf(ports, addresses))
        : new FolderPolicy(config.policies, config, ports);
    started.push(() => source.close());
    const issuers = issuersFor(config, ports);
    started.push(() => issuers.close());
    const workshop = workshopFor(source, config, ports, keys, issuers);
    started.push(() => workshop.stop());
    const decisionLog = decisionLogFor(config, ports, (lines) => admin.record(lines));
    const decisionPoint = new DecisionPoint({
      ...ports,
      explainer: workshop,
      recorder: decisionLog,
      maxTtlSeconds: config.maxTtlSeconds,
      minRevisionWaitMilliseconds: config.minRevisionWaitMilliseconds,
      mode: config.mode,
    });
    const standing = new Standing(ports.live, decisionPoint, ports.vitals);
    const admin = new AdminListener({
      startThread: ports.startThread,
      settings: {
        address: config.adminAddress,
        tls: tlsFiles(config, 'admin'),
        socketGroup: config.socketGroup,
        databaseUrl: source.databaseUrl,
        operatorToken,
        operatorIssuer: operatorIssuerOf(config),
        admission: {
          perSecond: config.adminRate,
          burst: config.adminRateBurst,
          wrongTokensPerMinute: config.adminRateWrongTokens,
        },
        bundleBytes: config.adminBundleBytes,
        testCases: config.adminTestCases,
        logLevel: config.logLevel,
        decisionLog: {
          sinks: config.decisionLog,
          file: config.decisionLogFile,
          url: config.decisionLogUrl,
          otlpUrl: config.decisionLogOtlpUrl,
          tokenFile: config.decisionLogTokenFile,
          days: config.decisionLogDays,
        },
        version: ports.version,
      },
      serving: {
        status: statusOf(config, ports, source, standing, addresses),
        metrics: ports.metrics,
        documents: () => source.documents(),
        issuers: () => issuers.standings(),
        refreshIssuers: () => issuers.refresh(),
        explainPast: (asked) => workshop.explainPast(asked),
        log: ports.log,
      },
      onCrash: (fault) => ports.log({ kind: 'admin-crashed', fault }),
    });
    started.push(() => admin.stop());
    started.push(async () => decisionLog?.close());
    // Threads and the framework load side by side; nobody can connect before a policy is in force.
    const isWarm = workshop.start();
    isWarm.catch(() => {});
    admin.prepare();
    const check = await createHttpListener(
      CheckModule.with({
        decisionPoint,
        listeners: new Listeners(config.httpAddress.kind, config.grpcAddress.kind),
        serving: standing,
        challenge: config.challenge,
        publicUrl: config.publicUrl,
        signedMetadata,
      }),
      ports.frameworkLog,
      { bodyBytes: MAX_BODY_BYTES, certificate: await certificateOf(config, 'http', ports) },
    );
    started.push(() => check.close());
    await isWarm;
    started.push(() => source.stop());
    await source.start(workshop);

    addresses.grpc = printListenAddress(await listenGrpc(check, config, await certificateOf(config, 'grpc', ports)));
    const http = await listenHttp(check, config.httpAddress, 'DHARMA_HTTP_ADDRESS', config.socketGroup);
    addresses.http = printListenAddress(http);
    if (config.probeAddress !== undefined) {
      const handlers = { readiness: () => standing.readiness(), metrics: ports.metrics };
      const probes = await startProbeListener(config.probeAddress, handlers, config.socketGroup);
      started.push(() => probes.close());
      addresses.probe = printListenAddress(probes.address);
    }
    addresses.admin = printListenAddress(await admin.start());
    workshop.prepareForNext();
    return {
      addresses,
      operatorTokenFile: source.operatorTokenFile,
      refreshKeys: () => issuers.refresh(),
      async stop() {
        standing.drain();
        await pause(config.drainMilliseconds);
        decisionPoint.close();
        await stop();
      },
    };
  } catch (fault) {
    await stop();
    throw fault;
  }
}

/** @returns undefined where no sink is set */
function decisionLogFor(
  config: ServerConfig,
  { timer, random, stopwatch, log }: ServerPorts,
  record: (lines: readonly string[]) => Promise<void>,
): DecisionLog | undefined {
  if (config.decisionLog.size === 0) return undefined;
  const onDropped = (dropped: DroppedRecords) => log({ kind: 'records-dropped', ...dropped });
  return new DecisionLog({
    // The sinks are on the admin thread: there they hold up no decision.
    queue: new SinkQueue({
      name: 'all',
      sink: { write: record, close: async () => {} },
      onDropped,
      timer,
      random,
    }),
    shares: { standard: config.logAllowShare, byDomain: config.decisionLogAllows ?? new Map() },
    masking: { show: config.decisionLogShow ?? [], mask: config.decisionLogMask ?? [] },
    fingerprintKey: randomBytes(32).toString('hex'),
    perSecond: config.decisionLogPerSecond,
    monotonic: () => stopwatch() / 1000,
    chance: random,
    onDropped,
    timer,
  });
}

function issuersFor(config: ServerConfig, { clock, stopwatch, timer, random, log }: ServerPorts): Issuers {
  const { dataDir, evidenceWaitMilliseconds } = config;
  return new Issuers({
    outbound: new GuardedOutbound(reachOf(config)),
    folder: join(dataDir, 'issuers'),
    clock,
    monotonic: () => stopwatch() / 1000,
    timer,
    random,
    log,
    waitMilliseconds: evidenceWaitMilliseconds,
  });
}

/** What of the network may be asked for keys. */
function reachOf({ issuerHosts, issuerCa }: ServerConfig): Pick<GuardedOutboundParts, 'hosts' | 'caFiles'> {
  // What Node is told to trust by its own variable stays trusted beside what is given to us.
  const caFiles = issuerCa === undefined ? [] : [issuerCa, process.env['NODE_EXTRA_CA_CERTS'] ?? []].flat();
  return { hosts: issuerHosts ?? new Set(), caFiles };
}

function operatorIssuerOf(config: ServerConfig): OperatorIssuerSettings | undefined {
  const { operatorIssuer: issuer, operatorAudience: audience, operatorGroupsClaim: groupsClaim } = config;
  if (issuer === undefined || audience === undefined) return undefined;
  return { issuer, audience, groupsClaim, ...reachOf(config) };
}

function workshopFor(
  source: PolicySupply,
  config: ServerConfig,
  ports: ServerPorts,
  keys: KeyRing,
  issuers: Issuers,
): PolicyWorkshop {
  const onlyLocal = isLocalOnly(config.grpcAddress) && isLocalOnly(config.httpAddress);
  return new PolicyWorkshop({
    startThread: ports.startThread,
    live: ports.live,
    identify: (settings: IdentitySettings) =>
      Identity.prepare(settings, { keys, onlyLocal, issuers, previous: ports.live.inForce?.identity }),
    clock: ports.clock,
    log: source.log,
    keptFolder: source.keptFolder,
    checkMilliseconds: config.checkMilliseconds,
    furtherCheck: { requests: config.checkRequests, milliseconds: FURTHER_CHECK_MILLISECONDS },
    databaseUrl: source.databaseUrl,
  });
}

/** What this process says of itself to other servers. @param addresses  filled in as the listeners open */
function heartbeatOf({ live, clock, version }: ServerPorts, addresses: Addresses): () => Heartbeat {
  const startedAt = clock();
  // Names of hosts repeat themselves, and so do addresses: a server that hid behind another would be waited for in vain.
  const server = `${hostname()
    .replaceAll(/[^A-Za-z0-9.-]/g, '-')
    .slice(0, 63)}-${randomBytes(4).toString('hex')}`;
  return () => {
    const policy = live.inForce;
    return {
      server,
      version,
      address: addresses.admin,
      startedAt,
      policy: policy === undefined ? null : inForceOf(policy, clock()),
    };
  };
}

function inForceOf(policy: PolicyInForce, now: number): NonNullable<ServerStatus['policy']> {
  const { epoch, revision, contentHash } = policy;
  return { epoch, number: revision, contentHash, ageSeconds: ageSeconds(policy, now) };
}

/** What this process says of itself to operators. */
function statusOf(
  { mode }: ServerConfig,
  { live, clock, version }: ServerPorts,
  source: PolicySupply,
  standing: Standing,
  addresses: Addresses,
): () => ServerStatus {
  const startedAt = clock();
  return () => {
    const policy = live.inForce;
    return {
      version,
      mode,
      source: source.kind,
      ready: standing.readiness(),
      policy: policy === undefined ? null : inForceOf(policy, clock()),
      feed: feedOf(source.state),
      addresses: { ...addresses },
      uptimeSeconds: Math.floor((clock() - startedAt) / 1000),
    };
  };
}

function feedOf({ state, detail }: PolicySupply['state']): ServerStatus['feed'] {
  return detail === '' ? { state } : { state, detail };
}

/** The admin thread opens its own. */
async function certificateOf(
  config: ServerConfig,
  listener: ListenerName,
  { log }: ServerPorts,
): Promise<ListenerCertificate | undefined> {
  const files = tlsFiles(config, listener);
  return files === undefined ? undefined : ListenerCertificate.open(files, { log });
}

function operatorTokenOf({ operatorTokenFile }: ServerConfig): string | undefined {
  if (operatorTokenFile === undefined) return undefined;
  try {
    return readFileSync(operatorTokenFile, 'utf8').trim();
  } catch (fault) {
    throw new Problem('setting-invalid', {
      faults: `\`DHARMA_OPERATOR_TOKEN_FILE\`: \`${operatorTokenFile}\` cannot be read: ${(fault as Error).message}`,
    });
  }
}
