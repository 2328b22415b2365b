import type { IncomingMessage } from 'node:http';
import type { KnownCaller } from '#identity';
import { Problem } from '#problem';
import type { Callers } from './callers.js';
import { keyOrBearerOf } from './key.js';

/**
 * The enforcement point that asks, where `authorization` is its own.
 *
 * @throws Problem `enforcement-point-unknown`
 */
export function knownCaller(callers: Callers, raw: IncomingMessage): KnownCaller {
  const caller = callers.overHttp(raw, keyOrBearerOf(raw));
  if (caller.kind === 'stranger') throw new Problem('enforcement-point-unknown', { reason: caller.reason });
  return caller;
}
