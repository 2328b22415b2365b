import type { LoggerService } from '@nestjs/common';
import { pino, type DestinationStream, type Logger } from 'pino';
import {
  ageSeconds,
  type Clock,
  type DecisionRecord,
  type EventLog,
  type LiveSnapshot,
  type ServiceEvent,
} from '#decision';
import { Instants } from '#decision-log';
import type { LogLevel } from './config.js';
import { LogWriter } from './log-writer.js';
import { LoopDelay } from './loop-delay.js';
import { Metrics } from './metrics.js';
import type { Vitals } from './standing.js';

const STANDARD_ERROR = 2;
const FOURTEEN_DAYS_MILLISECONDS = 14 * 24 * 60 * 60 * 1000;
const DROPPED_MILLISECONDS = 60 * 1000;
/** Several looks at the source have failed. */
const OLD_SECONDS = 30;

/** Where log lines go. */
export interface LogOutput {
  readonly logger: Logger;
  /** Lines that nobody took in time, since the start. */
  readonly droppedLines: () => number;
  /** Waits until what was logged is written, as far as anybody takes it. Never throws. */
  readonly flush: () => void;
}

/** JSON lines on standard error. */
export function openLog(level: LogLevel): LogOutput {
  const writer = new LogWriter(STANDARD_ERROR);
  const flush = () => writer.flush();
  process.once('exit', flush);
  return { logger: logTo(writer, level), droppedLines: () => writer.dropped, flush };
}

export function logTo(stream: DestinationStream, level: LogLevel): Logger {
  const instants = new Instants();
  return pino({ level, base: null, timestamp: () => `,"time":"${instants.text(Date.now())}"` }, stream);
}

export interface TelemetryParts {
  readonly live: LiveSnapshot;
  readonly clock: Clock;
  /** 0 to below 1. */
  readonly chance: () => number;
  /** 0 to 1: the share of allows that are logged. */
  readonly allowShare: number;
  readonly mode: 'enforce' | 'observe';
}

/** What this process tells people and Prometheus of itself. */
export class Telemetry implements Vitals {
  readonly log: EventLog;
  readonly #output: Omit<LogOutput, 'logger'>;
  readonly #parts: TelemetryParts;
  readonly #metrics: Metrics;
  readonly #loop = new LoopDelay().start();
  readonly #unusableCertificates = new Set<string>();
  readonly #silentIssuers = new Set<string>();
  #feedAlarm: string | null = null;
  /** A later revision than the one in force, that could not be. */
  #refused: number | null = null;
  #refusedBecause = '';

  constructor({ logger, ...output }: LogOutput, parts: TelemetryParts) {
    this.#output = output;
    this.#parts = parts;
    this.#metrics = new Metrics({ ...parts, loop: this.#loop, droppedLines: output.droppedLines });
    const write = eventLog(logger, parts);
    this.log = (event) => {
      this.#metrics.count(event);
      if (event.kind !== 'decision') this.#remember(event);
      write(event);
    };
    if (parts.mode === 'observe') logger.warn('this server only observes: every request is allowed');
  }

  /** Prometheus text. */
  metrics(): string {
    return this.#metrics.text();
  }

  get isStuck(): boolean {
    return this.#loop.isStuck;
  }

  /** Read by probes, which need not say who they are: kinds of trouble, no details. */
  troubles(): readonly string[] {
    const { live, clock } = this.#parts;
    const age = live.inForce === undefined ? 0 : ageSeconds(live.inForce, clock());
    return [
      ...(this.#feedAlarm === null ? [] : [`the store is not followed: ${this.#feedAlarm}`]),
      ...(this.#refused === null ? [] : [`revision ${this.#refused} is not in force: ${this.#refusedBecause}`]),
      ...(age > OLD_SECONDS ? [`the policy was last confirmed ${age} seconds ago`] : []),
      ...[...this.#unusableCertificates].map(
        (listener) => `the new certificate of listener ${listener} cannot be used`,
      ),
      ...(this.#silentIssuers.size === 0 ? [] : [`the keys of ${this.#silentIssuers.size} issuers cannot be fetched`]),
    ];
  }

  flush(): void {
    this.#output.flush();
  }

  close(): void {
    this.#loop.stop();
  }

  #refuse(revision: number | null, because: string): void {
    if (revision === null) return;
    this.#refused = revision;
    this.#refusedBecause = because;
  }

  #hear(issuer: string, trouble: string | undefined): void {
    if (trouble === undefined) this.#silentIssuers.delete(issuer);
    else this.#silentIssuers.add(issuer);
  }

  #remember(event: ServiceEvent): void {
    if (event.kind === 'feed') this.#feedAlarm = event.alarm;
    else if (event.kind === 'policy-in-force') this.#refused = null;
    else if (event.kind === 'policy-refused') this.#refuse(event.revision, 'it was refused');
    else if (event.kind === 'policy-difference') this.#refuse(event.revision, 'the engines differ on it');
    else if (event.kind === 'certificate-unusable') this.#unusableCertificates.add(event.listener);
    else if (event.kind === 'certificate-in-use') this.#unusableCertificates.delete(event.listener);
    else if (event.kind === 'issuer-unused') this.#silentIssuers.delete(event.address);
    else if (event.kind === 'issuer-keys') this.#hear(event.address, event.trouble);
  }
}

/** Every deny is one line; of the allows only a share is. */
export function eventLog(logger: Logger, parts: Pick<TelemetryParts, 'allowShare' | 'chance' | 'clock'>): EventLog {
  const { allowShare, chance, clock } = parts;
  const waitingToldAt = new Map<string, number>();
  const droppedTold = new Map<string, { readonly at: number; readonly untold: number }>();
  return (event: ServiceEvent) => {
    switch (event.kind) {
      case 'decision':
        if (event.decision === 'deny') logger.info(decisionLine(event), 'deny');
        else if (event.observed !== undefined) logger.info(decisionLine(event), 'allowed: this server only observes');
        else if (event.wouldDeny !== undefined) logger.info(decisionLine(event), 'would deny');
        else if (allowShare > 0 && chance() < allowShare) logger.info(decisionLine(event), 'allow');
        return;
      case 'search': {
        const { kind: _, ...search } = event;
        logger.info(search, 'search');
        return;
      }
      case 'decision-fault':
        logger.error(
          { decisionId: event.decisionId, fault: faultLine(event.fault) },
          'a decision failed and was denied',
        );
        return;
      case 'policy-in-force': {
        const { kind: _, ...mark } = event;
        logger.info(mark, 'policy in force');
        return;
      }
      case 'policy-tests-fail': {
        const { kind: _, failing: warnings, ...mark } = event;
        logger.warn({ ...mark, warnings }, 'tests of the policy fail, and hold nothing up: it was published so');
        return;
      }
      case 'policy-refused':
        logger.error(
          { revision: event.revision, faults: event.faults },
          'a policy was refused; the last good one stays in force',
        );
        return;
      case 'policy-difference': {
        const { kind: _, ...difference } = event;
        logger.error(
          difference,
          event.rolledBack
            ? 'the engines disagree on the policy in force; the one before is in force again'
            : 'the engines disagree on a policy; the last good one stays in force',
        );
        return;
      }
      case 'policy-verified':
        logger.info({ revision: event.revision, requests: event.requests }, 'the engines agree on the policy');
        return;
      case 'policy-unreadable':
        logger.error({ fault: event.fault }, 'the policies cannot be read; the last good ones stay in force');
        return;
      case 'feed': {
        const { alarm, detail } = event;
        if (alarm === null) logger.info('the store is followed again');
        else if (alarm === 'unreachable') logger.warn({ alarm, detail }, 'the store cannot be reached');
        else logger.error({ alarm, detail }, 'the store is not followed; the last good policy stays in force');
        return;
      }
      case 'certificate-in-use': {
        const { listener, notAfter } = event;
        const line = { listener, notAfter: new Date(notAfter).toISOString() };
        if (notAfter - clock() > FOURTEEN_DAYS_MILLISECONDS) logger.info(line, 'certificate in use');
        else logger.warn(line, 'the certificate in use ends within 14 days, or has ended');
        return;
      }
      case 'certificate-unusable':
        logger.error(
          { listener: event.listener, fault: event.fault },
          'a new certificate cannot be used; the last good one stays',
        );
        return;
      case 'issuer-keys': {
        const { address, keys, trouble, isNews } = event;
        if (!isNews) return;
        if (trouble === undefined) logger.info({ address, keys }, 'the keys of an issuer were fetched');
        else
          logger.warn({ address, keys, trouble }, 'the keys of an issuer cannot be fetched; the last good ones stay');
        return;
      }
      case 'issuer-unused':
      // Written a line each, strangers could drown out everything else.
      case 'admin-refused':
        return;
      case 'records-dropped': {
        // In a flood, or while a sink is away, one line a minute says how many since the last; the counter says all.
        const now = clock();
        const { sink, because } = event;
        const { at, untold } = droppedTold.get(sink) ?? { at: -Infinity, untold: 0 };
        const records = untold + event.records;
        const isTime = now - at >= DROPPED_MILLISECONDS;
        droppedTold.set(sink, isTime ? { at: now, untold: 0 } : { at, untold: records });
        if (isTime) logger.warn({ sink, records, because }, 'the decision log drops records; decisions go on');
        return;
      }
      case 'records-waiting': {
        const now = clock();
        const { sink, because } = event;
        if (now - (waitingToldAt.get(sink) ?? -Infinity) < DROPPED_MILLISECONDS) return;
        waitingToldAt.set(sink, now);
        logger.warn(
          { sink, because },
          'records of the decision log wait, and the oldest are dropped when there is no room',
        );
        return;
      }
      case 'database':
        logger.info(event.sentence);
        return;
      case 'admin-crashed':
        logger.error({ fault: event.fault }, 'the admin listener died; another one takes its place');
        return;
      case 'disk':
        logger.error({ fault: event.fault }, 'what outlives a restart could not be kept or read; decisions go on');
        return;
      default:
        event satisfies never;
    }
  };
}

/** Names what is logged: a member that a record gains later does not get into a log by itself. */
function decisionLine(record: DecisionRecord) {
  const { decisionId, decision, reason, deniedAt, rules, endpoint, revision, enforcementPoint } = record;
  const { dropped, wouldDeny, observed, trace, microseconds } = record;
  return {
    decisionId,
    decision,
    reason,
    deniedAt,
    rules,
    endpoint,
    revision,
    enforcementPoint,
    dropped,
    wouldDeny,
    observed,
    trace,
    microseconds,
  };
}

/**
 * Where it happened, without what it carries: errors of token libraries hold the claims, and those of parsers quote what
 * they could not read.
 */
function faultLine(fault: unknown): object {
  if (!(fault instanceof Error)) return { type: typeof fault };
  const frames = fault.stack?.split('\n').filter((line) => /^ +at /.test(line));
  return {
    type: fault.name,
    message: fault instanceof SyntaxError ? undefined : fault.message,
    stack: frames?.join('\n'),
  };
}

/** Nest's logger over pino. What Nest says of its own start is for debugging. */
export class NestLog implements LoggerService {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  log(message: unknown, context?: unknown): void {
    this.#logger.debug({ context }, String(message));
  }

  error(fault: unknown, ...rest: unknown[]): void {
    const line = typeof fault === 'string' ? { message: fault, stack: rest[0] } : faultLine(fault);
    this.#logger.error({ fault: line, context: rest.at(-1) }, 'unexpected fault');
  }

  warn(message: unknown, context?: unknown): void {
    this.#logger.warn({ context }, String(message));
  }

  debug(message: unknown, context?: unknown): void {
    this.log(message, context);
  }

  verbose(message: unknown, context?: unknown): void {
    this.#logger.trace({ context }, String(message));
  }
}
