import type { AccessRequest, Rule } from '#engine';
import type { Caller } from './caller.js';
import { OUTSIDE, chains } from './domains.js';
import { denyTrial } from './matter.js';
import type { Matter } from './matter.js';
import type { Rules } from './rules.js';
import { what } from './selectors.js';

/**
 * Seconds an answer may be reused: until the first kept item expires or the validity of any rule changes, at most as
 * long as the request says; not at all when a rule that concerns the target reads the time.
 *
 * @param matter  null when the target did not resolve: then no rule concerns it
 */
export async function timeToLive(
  request: AccessRequest,
  rules: Rules,
  caller: Caller,
  matter: Matter | null,
): Promise<number> {
  if (matter !== null && (await anyReadsTime(matter))) return 0;
  const expiries = caller.kept.flatMap(({ evidence }) => evidence.expiresAt ?? []);
  const edges = rules.all.flatMap(({ notBefore, notAfter }) => [notBefore ?? [], notAfter ?? []].flat());
  const seconds = [...expiries, ...edges]
    .filter((instant) => instant > request.time)
    .map((instant) => (instant - request.time) / 1000)
    .reduce((earliest, each) => Math.min(earliest, each), request.maxTtlSeconds);
  return Math.max(0, Math.floor(seconds));
}

async function anyReadsTime(matter: Matter): Promise<boolean> {
  const trial = await denyTrial(matter, 'in', { kind: 'none' });
  const towards = chains(matter.target.endpoint.placements);
  const from = chains(matter.actor?.domains ?? []);
  const owns = ({ owner, direction }: Rule): boolean =>
    owner === OUTSIDE || towards.has(owner) || (direction === 'out' && from.has(owner));
  const concerns = (rule: Rule): boolean =>
    owns(rule) && Object.values(what).every((selector) => selector(trial, rule) !== false);
  return matter.rules.all.some((rule) => matter.rules.condition(rule)?.readsTime && concerns(rule));
}
