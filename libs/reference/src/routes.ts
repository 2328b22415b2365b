/**
 * The ways to a target and the checks on them (steps 5 to 7 of the algorithm).
 */
import type { Denial, DenyReason, Direction, Obligation, Rule } from '#engine';
import type { KeptItem } from './caller.js';
import { ANONYMOUS, OUTSIDE, accessOf, chain, isLive, isZeroTrust, marks, modeOf } from './domains.js';
import { allowTrial, isExternal } from './matter.js';
import type { Matter } from './matter.js';
import { merged } from './obligations.js';
import { byBytes } from './ordering.js';
import type { Trial, TrialItem } from './trial.js';

export interface Route {
  /** Null for an external target. */
  readonly placement: string | null;
  readonly meeting: string;
  /** Outside in. */
  readonly crossed: readonly string[];
}

export interface Passage {
  readonly route: Route;
  readonly rules: readonly string[];
  readonly obligations: readonly Obligation[];
}

export type Walk =
  | { readonly kind: 'allow'; readonly passage: Passage }
  | { readonly kind: 'deny'; readonly denial: Denial };

/** How reporting domains are taken: as they stand, or as letting everything pass that concerns only them. */
export type Strictness = 'strict' | 'lenient';

interface Check {
  readonly domain: string;
  readonly direction: Direction;
  readonly items: readonly TrialItem[];
  readonly reason: DenyReason;
}

/** The first route that passes all its checks; if none does, the failure of the first. */
export async function walk(matter: Matter, strictness: Strictness): Promise<Walk> {
  let first: Denial | undefined;
  for (const route of routesOf(matter, strictness)) {
    const result = await walkOne(matter, route, strictness);
    if (result.kind === 'allow') return result;
    first ??= result.denial;
  }
  return { kind: 'deny', denial: first ?? { reason: 'NOT_VISIBLE', deniedAt: null } };
}

function routesOf(matter: Matter, strictness: Strictness): readonly Route[] {
  if (isExternal(matter.target)) {
    return matter.proven.size > 0 ? [{ placement: null, meeting: OUTSIDE, crossed: [] }] : [];
  }
  return matter.target.endpoint.placements
    .filter((placement) => isLive(matter.world, placement))
    .flatMap((placement) => routeBy(matter, placement, strictness) ?? [])
    .sort(
      (left, right) =>
        left.crossed.length - right.crossed.length || byBytes(left.placement ?? '', right.placement ?? ''),
    );
}

/** From where the endpoint is visible, the caller comes in at the lowest domain it is proven to be in. */
function routeBy({ world, target, proven }: Matter, placement: string, strictness: Strictness): Route | undefined {
  const upward = chain(placement);
  const gap = upward.findIndex((domain) => {
    const waved = strictness === 'lenient' && modeOf(world, domain) === 'report';
    return !waved && !marks(world.domains.get(domain), target.endpoint.id);
  });
  const segment = gap < 0 ? upward : upward.slice(0, gap + 1);
  const meeting = segment.find((domain) => proven.has(domain)) ?? (gap < 0 ? OUTSIDE : undefined);
  if (meeting === undefined) return undefined;
  const below = meeting === OUTSIDE ? upward : upward.slice(0, upward.indexOf(meeting));
  return { placement, meeting, crossed: below.toReversed() };
}

async function walkOne(matter: Matter, route: Route, strictness: Strictness): Promise<Walk> {
  const rules: string[] = [];
  const obligations: Obligation[] = [];
  const checks = matter.target.passesAsPreflight ? [] : checksOf(matter, route);
  for (const check of checks) {
    const matched = await matchedBy(matter, route, check);
    const deciding = matched[0];
    if (deciding === undefined) {
      if (strictness === 'lenient' && modeOf(matter.world, check.domain) === 'report') continue;
      const reason = check.items.length === 0 ? 'ACCESS_EVIDENCE_MISSING' : check.reason;
      return { kind: 'deny', denial: { reason, deniedAt: check.domain } };
    }
    rules.push(deciding.rule.id);
    for (const { rule, trial } of matched) obligations.push(...matter.rules.obligations(rule, trial));
  }
  return { kind: 'allow', passage: { route, rules, obligations: merged(obligations) } };
}

/** In the order in which they are made: where caller and target meet, each boundary inward, each closed exit. */
function checksOf(matter: Matter, { meeting, crossed }: Route): readonly Check[] {
  const { world, exits } = matter;
  const meets: readonly Check[] =
    meeting !== OUTSIDE && isZeroTrust(world, meeting)
      ? [{ domain: meeting, direction: 'in', items: withNone(matter, meeting), reason: 'NO_ALLOW_RULE' }]
      : [];
  const boundaries = crossed.map((domain): Check => ({
    domain,
    direction: 'in',
    items: presented(matter, domain),
    reason: 'NO_ALLOW_RULE',
  }));
  const closed = exits.filter((domain) => world.domains.get(domain)?.egress === 'closed');
  const leaves = closed.map((domain): Check => ({
    domain,
    direction: 'out',
    items: withNone(matter, domain),
    reason: 'EGRESS_CLOSED',
  }));
  return [...meets, ...boundaries, ...leaves];
}

/** The usable credentials whose mechanism a domain's access set lists. */
export function accepted({ world, caller }: Matter, domain: string): readonly KeptItem[] {
  const access = accessOf(world, domain);
  return caller.credentials.filter(({ usable, mechanism }) => usable && access.includes(mechanism.name));
}

function asItems(credentials: readonly KeptItem[]): readonly TrialItem[] {
  return credentials.map((credential) => ({ kind: 'credential', credential }));
}

function withNone(matter: Matter, domain: string): readonly TrialItem[] {
  return [{ kind: 'none' }, ...asItems(accepted(matter, domain))];
}

function presented(matter: Matter, domain: string): readonly TrialItem[] {
  const anonymous: readonly TrialItem[] = accessOf(matter.world, domain).includes(ANONYMOUS)
    ? [{ kind: 'anonymous' }]
    : [];
  return [...anonymous, ...asItems(accepted(matter, domain))];
}

/** Every allow that matches with any item, in order, each with the first item that made it match. */
async function matchedBy(
  matter: Matter,
  { placement }: Route,
  check: Check,
): Promise<readonly { readonly rule: Rule; readonly trial: Trial }[]> {
  const matched = new Map<Rule, Trial>();
  for (const item of check.items) {
    const trial = await allowTrial(matter, check.domain, check.direction, placement, item);
    for (const rule of matter.rules.matchingAllows(trial)) if (!matched.has(rule)) matched.set(rule, trial);
  }
  return [...matched]
    .map(([rule, trial]) => ({ rule, trial }))
    .sort((left, right) => byBytes(left.rule.id, right.rule.id));
}
