/**
 * The admin listener, in a thread of its own: no publication, however large, holds up a decision. It asks the serving
 * thread how it stands, and the database for everything else.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AdminApiModule, prepareAdminApi } from '#admin-api';
import type { ServiceEvent } from '#decision';
import { Issuers, IssuerTokens } from '#identity';
import { unpackFiles } from '#policy';
import { Problem } from '#problem';
import { connectLazily } from '#store';
import { GuardedOutbound } from '../issuers/guarded-outbound.js';
import { createHttpListener, listenHttp } from '../listeners.js';
import { NestLog, openLog } from '../telemetry.js';
import { ListenerCertificate } from '../tls.js';
import { answerCalls, callsTo } from '../threads/calls.js';
import { giveWay } from '../threads/give-way.js';
import { planned } from '../threads/planned.js';
import { RecordSinks } from './record-sinks.js';
import type { AdminSettings, AdminThread, ServingThread } from './admin-settings.js';

/** A bundle may be large, and come from far away. */
const REQUEST_TIMEOUT_MILLISECONDS = 60_000;

/** The API reads bodies itself, each with a limit of its own: this is for whatever else may come. */
const BODY_BYTES = 256 * 1024;

/** No decision waits here: an operator who comes first after a start may as well wait for keys. */
const ISSUER_WAIT_MILLISECONDS = 3_000;

const settings = workerData as AdminSettings;
const ask = callsTo<ServingThread>(parentPort!);
const { logger, flush } = openLog(settings.logLevel);
const history =
  settings.databaseUrl === undefined ? null : connectLazily({ url: settings.databaseUrl, random: Math.random });
const log = (event: ServiceEvent) => {
  ask('log', event).catch(() => logger.warn({ event: event.kind }, 'the serving thread did not take an event'));
};
const sinks = new RecordSinks({
  settings: settings.decisionLog,
  stores: history,
  version: settings.version,
  clock: Date.now,
  random: Math.random,
  onDropped: (dropped) => log({ kind: 'records-dropped', ...dropped }),
  onAway: (away) => log({ kind: 'records-waiting', ...away }),
});
const issuers = new Issuers({
  outbound: new GuardedOutbound(settings.operatorIssuer ?? { hosts: new Set(), caFiles: [] }),
  // Whoever has the folder could write keys into it by which everybody is an operator.
  folder: undefined,
  clock: Date.now,
  monotonic: () => performance.now(),
  timer: { after: planned },
  random: Math.random,
  log,
  waitMilliseconds: ISSUER_WAIT_MILLISECONDS,
});
const operatorIssuer = settings.operatorIssuer && new IssuerTokens(settings.operatorIssuer, issuers);
let app: NestFastifyApplication | undefined;

giveWay();
answerCalls(parentPort!, {
  async listen() {
    const module = AdminApiModule.with({
      history,
      server: {
        status: () => ask('status', undefined),
        metrics: () => ask('metrics', undefined),
        documents: async () => {
          const files = await ask('documents', undefined);
          return files === undefined ? [] : unpackFiles(files);
        },
        issuers: () => ask('issuers', undefined),
        refreshIssuers: () => ask('refreshIssuers', undefined),
        explainPast: (asked) => ask('explainPast', asked),
      },
      decisions: sinks.store,
      operatorToken: settings.operatorToken,
      operatorIssuer,
      admission: settings.admission,
      bundleBytes: settings.bundleBytes,
      testCases: settings.testCases,
      onRefused: (because) => log({ kind: 'admin-refused', because }),
      clock: Date.now,
    });
    try {
      const { tls } = settings;
      const certificate = tls && (await ListenerCertificate.open(tls, { log }));
      app = await createHttpListener(module, new NestLog(logger), {
        bodyBytes: BODY_BYTES,
        certificate,
        requestTimeoutMilliseconds: REQUEST_TIMEOUT_MILLISECONDS,
      });
      prepareAdminApi(app);
      const address = await listenHttp(app, settings.address, 'DHARMA_ADMIN_ADDRESS', settings.socketGroup);
      return { kind: 'listening', address };
    } catch (fault) {
      if (!(fault instanceof Problem)) throw fault;
      return { kind: 'problem', code: fault.code, values: fault.values };
    }
  },
  record(lines) {
    sinks.add(lines);
  },
  async close() {
    await app?.close();
    await operatorIssuer?.close();
    await issuers.close();
    await sinks.close();
    await history?.close();
    flush();
  },
} satisfies AdminThread);
