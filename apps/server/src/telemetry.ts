import type { LoggerService } from '@nestjs/common';
import { destination, pino, type DestinationStream, type Logger } from 'pino';
import type { EventLog, ServiceEvent } from '#decision';
import type { LogLevel } from './config.js';

/** Bytes of log lines that may wait for a slow reader; further ones are dropped rather than waited for. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;
const STANDARD_ERROR = 2;

/** JSON lines on standard error. */
export function openLog(level: LogLevel): { readonly logger: Logger; readonly flush: () => void } {
  const stream = destination({ dest: STANDARD_ERROR, sync: false, maxLength: MAX_WAITING_BYTES });
  return { logger: logTo(stream, level), flush: () => stream.flushSync() };
}

export function logTo(stream: DestinationStream, level: LogLevel): Logger {
  return pino({ level, base: null, timestamp: () => `,"time":"${new Date().toISOString()}"` }, stream);
}

/** Every deny is one line; an allow is one only when report mode made it. */
export function eventLog(logger: Logger): EventLog {
  return (event: ServiceEvent) => {
    switch (event.kind) {
      case 'decision': {
        const { kind: _, ...record } = event;
        if (event.decision === 'deny') logger.info(record, 'deny');
        else if (event.wouldDeny !== undefined) logger.info(record, 'would deny');
        return;
      }
      case 'decision-fault':
        logger.error({ decisionId: event.decisionId, err: event.fault }, 'a decision failed and was denied');
        return;
      case 'policy-in-force':
        logger.info({ revision: event.revision, contentHash: event.contentHash }, 'policy in force');
        return;
      case 'policy-refused':
        logger.error(
          { faults: event.faults },
          'the policy folder holds no valid set; the last good one stays in force',
        );
        return;
      case 'policy-unreadable':
        logger.error({ fault: event.fault }, 'the policy folder cannot be read; the last good set stays in force');
        return;
      default:
        logger.info(event, event.kind);
    }
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
    this.#logger.error({ err: fault, context: rest.at(-1) }, 'unexpected fault');
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
