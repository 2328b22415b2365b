/**
 * What a decision means, to be read beside docs/semantics.md: no index, no cache, one function a step. Every step keeps
 * what it looked at, so that the same walk also explains itself. `decide.ts` gives the same outcome fast.
 */
import { ANONYMOUS, OUTSIDE } from './model.js';
import type {
  AccessRequest,
  Denial,
  Domain,
  Endpoint,
  Evidence,
  Mode,
  Outcome,
  Rule,
  Service,
  World,
} from './model.js';
import { isCarried, mergeObligations } from './obligations.js';
import { byBytes, canonicalJson } from './ordering.js';
import { denied, NOWHERE } from './outcome.js';
import { isWithin, resolve } from './resolution.js';
import { boundService, chainOf, matchRule, whatParts } from './selectors.js';
import type { Credential, Item, RuleMatch, Standpoint } from './selectors.js';
import { readTarget } from './target.js';
import type { CanonicalTarget } from './target.js';
import { parseCondition } from '#cel';

/** What became of one item of evidence. */
export type EvidenceFate =
  | { readonly fate: 'usable' | 'unusable'; readonly service: Service | undefined }
  | { readonly fate: 'unverified' | 'expired' | 'unknown-mechanism' | 'wrong-role' | 'unbound' };

export type WeighedEvidence = EvidenceFate & { readonly item: Evidence };

export interface Caller {
  readonly actor: Service | undefined;
  readonly credentials: readonly Credential[];
  /** P: domains the caller has proven to stand in. */
  readonly proven: ReadonlySet<string>;
  /** K: domains the caller is known to belong to, proven or not. */
  readonly known: ReadonlySet<string>;
  /** Domains the call leaves, deepest first. */
  readonly exits: readonly string[];
}

/** One check of a route: zero trust at the meeting domain, a boundary crossed, or an exit with closed egress. */
export interface Check {
  readonly kind: 'zero-trust' | 'boundary' | 'egress';
  readonly domain: string;
  readonly items: readonly Item[];
  readonly matches: readonly RuleMatch[];
  readonly denial: Denial | undefined;
  /** The domain is in report mode and its failure was passed over. */
  readonly excused: boolean;
}

export interface RouteAttempt {
  /** The placement the route leads to; undefined for an external target. */
  readonly placement: string | undefined;
  readonly visibility: string;
  /** Undefined: no route by this placement. */
  readonly meeting: string | undefined;
  readonly crossed: readonly string[];
  readonly checks: readonly Check[];
  readonly denial: Denial | undefined;
}

/** The whole reasoning behind one outcome. Later members are undefined where the walk ended before them. */
export interface Reasoning {
  readonly request: AccessRequest;
  readonly target: CanonicalTarget | undefined;
  readonly endpoint: Endpoint | undefined;
  readonly evidence: readonly WeighedEvidence[];
  readonly caller: Caller | undefined;
  readonly denies: readonly RuleMatch[];
  readonly strict: readonly RouteAttempt[];
  /** The second run, with reporting domains standing aside. */
  readonly lenient: readonly RouteAttempt[] | undefined;
  readonly outcome: Outcome;
}

export function specify(world: World, request: AccessRequest): Outcome {
  return reason(world, request).outcome;
}

export function reason(world: World, request: AccessRequest): Reasoning {
  const evidence = request.evidence.map((item) => ({ item, ...weigh(world, request, item) }));
  const target = readTarget(request);
  const so = {
    request,
    target,
    evidence,
    endpoint: undefined,
    caller: undefined,
    denies: [],
    strict: [],
    lenient: undefined,
  };
  if (target === undefined) return { ...so, outcome: denied('INVALID_REQUEST', null, NOWHERE, 0) };

  // 1. Target
  const path = target.path ?? null;
  const ttl = timeToLive(world, request, evidence);
  const resolution = resolve(world, target);
  if (resolution.kind === 'invalid') return { ...so, outcome: denied('INVALID_REQUEST', null, NOWHERE, 0) };
  if (resolution.kind === 'unknown') {
    const mayAskAnything = request.askedFrom === OUTSIDE || !request.askedFrom.includes('.');
    const outcome = denied(mayAskAnything ? 'UNKNOWN_ENDPOINT' : 'NOT_ENTITLED', null, { endpoint: null, path }, ttl);
    return { ...so, outcome };
  }
  const { endpoint, params } = resolution;
  const service = world.services.get(endpoint.service)!;
  const actors = [...new Set(kept(evidence, 'trust').map(({ service: bound }) => bound!))];
  const actor = actors.length === 1 ? actors[0] : undefined;
  const caller = callerOf(world, endpoint, actor, evidence);
  const at: Place = { world, request, target, endpoint, params, caller };
  const ttlHere = concernsTime(at) ? 0 : ttl;
  const where = { endpoint: endpoint.id, path };
  const found = { ...so, endpoint, caller };
  const live = endpoint.placements.filter((placement) => isLive(world, placement));
  if (service.domains.length > 0 && live.length === 0) {
    return { ...found, outcome: denied('TARGET_DOMAIN_SUSPENDED', null, where, ttlHere) };
  }
  const entitled =
    endpoint.placements.length === 0 || endpoint.placements.some((placement) => isWithin(placement, request.askedFrom));
  if (!entitled) return { ...found, outcome: denied('NOT_ENTITLED', null, where, ttlHere) };
  const targetChains = endpoint.placements.map((placement) => chainOf(world, placement));
  const staleness = targetChains.flat().map((domain) => domain.maxStalenessSeconds ?? Infinity);
  if (request.policyAgeSeconds > Math.min(Infinity, ...staleness)) {
    return { ...found, outcome: denied('POLICY_TOO_OLD', null, where, 0) };
  }

  // 2 and 3. Evidence and caller
  if (actors.length > 1) return { ...found, outcome: denied('AMBIGUOUS_CALLER', null, where, ttlHere) };
  if (actor !== undefined && actor.domains.length > 0 && !actor.domains.some((name) => isLive(world, name))) {
    return { ...found, outcome: denied('CALLER_SUSPENDED', null, where, ttlHere) };
  }

  // 4. Denies
  const denies = matchDenies(at);
  const matching = denies.filter(({ matched, rule }) => matched && rule.mode === 'enforce');
  const enforcing = matching.filter(({ rule }) => modeOf(world, rule.owner) === 'enforce');
  const walked = { ...found, denies };
  if (enforcing.length > 0) {
    const rules = [...new Set(enforcing.map(({ rule }) => rule.id))].sort(byBytes);
    const first = enforcing.find(({ rule }) => rule.id === rules[0])!.rule;
    return { ...walked, outcome: { ...denied('DENY_RULE', first.owner, where, ttlHere), rules } };
  }
  const noted = matching.map(({ rule }) => rule).sort((left, right) => byBytes(left.id, right.id))[0];

  // 5 to 7, strictly
  const strict = tryRoutes(at, live, false);
  const strictAnswer = answerOf(at, strict, ttlHere);
  if (strictAnswer.decision === 'allow' && noted === undefined) {
    return { ...walked, strict, outcome: carried(request, strictAnswer) };
  }

  // 8. Report mode
  const lenient = tryRoutes(at, live, true);
  const lenientAnswer = answerOf(at, lenient, ttlHere);
  if (lenientAnswer.decision === 'deny') return { ...walked, strict, lenient, outcome: lenientAnswer };
  const wouldDeny: Denial =
    noted === undefined
      ? { reason: strictAnswer.reason as Denial['reason'], deniedAt: strictAnswer.deniedAt }
      : { reason: 'DENY_RULE', deniedAt: noted.owner };
  return { ...walked, strict, lenient, outcome: carried(request, { ...lenientAnswer, wouldDeny }) };
}

/** A request at its resolved target. */
interface Place {
  readonly world: World;
  readonly request: AccessRequest;
  readonly target: CanonicalTarget;
  readonly endpoint: Endpoint;
  readonly params: { readonly [name: string]: string };
  readonly caller: Caller;
}

// ── derived notions of section 2 ────────────────────────────────────────────────────────────────────────────────────

export function isLive(world: World, name: string): boolean {
  return chainOf(world, name).every((domain) => !domain.suspended);
}

/** The nearest own set of the chain; one that is inherited leaves out its `network` mechanisms. */
export function trustOf(world: World, name: string): readonly string[] {
  const chain = chainOf(world, name);
  const nearest = chain.find((domain) => domain.trust !== undefined);
  const set = nearest?.trust ?? [];
  return nearest === chain[0] ? set : set.filter((mechanism) => world.mechanisms.get(mechanism)!.kind !== 'network');
}

export function accessOf(world: World, name: string): readonly string[] {
  return chainOf(world, name).find((domain) => domain.access !== undefined)?.access ?? [];
}

export function modeOf(world: World, name: string): Mode {
  return chainOf(world, name).find((domain) => domain.mode !== undefined)?.mode ?? 'enforce';
}

function hasZeroTrust(world: World, name: string): boolean {
  return chainOf(world, name).some((domain) => domain.zeroTrust);
}

export function isMarked(domain: Domain, endpoint: Endpoint): boolean {
  const placedBelow = endpoint.placements.some((placement) => isWithin(placement, domain.name));
  return placedBelow && (domain.boundary.includes(endpoint.id) || domain.boundary.includes(`${endpoint.service}/*`));
}

/** The lowest domain of the placement's chain that has not marked the endpoint, or `*`. */
function visibilityOf(at: Place, placement: string, lenient: boolean): string {
  const unmarked = chainOf(at.world, placement).find(
    (domain) => !isMarked(domain, at.endpoint) && !(lenient && modeOf(at.world, domain.name) === 'report'),
  );
  return unmarked?.name ?? OUTSIDE;
}

// ── 2 and 3: evidence and caller ────────────────────────────────────────────────────────────────────────────────────

function weigh(world: World, request: AccessRequest, item: Evidence): EvidenceFate {
  if (!item.verified) return { fate: 'unverified' };
  if (item.expiresAt !== undefined && request.time >= item.expiresAt) return { fate: 'expired' };
  const mechanism = world.mechanisms.get(item.mechanism);
  if (mechanism === undefined) return { fate: 'unknown-mechanism' };
  if (mechanism.role !== item.role) return { fate: 'wrong-role' };
  const service = boundService(world, item, mechanism);
  if (item.role === 'trust' && service === undefined) return { fate: 'unbound' };
  const bound = service === undefined || service.domains.length === 0 || service.domains.some((d) => isLive(world, d));
  return { fate: isLive(world, mechanism.owner) && bound ? 'usable' : 'unusable', service };
}

type Kept = { readonly item: Evidence; readonly fate: 'usable' | 'unusable'; readonly service: Service | undefined };

export function kept(evidence: readonly WeighedEvidence[], role: Evidence['role']): readonly Kept[] {
  return evidence.filter(
    (weighed): weighed is WeighedEvidence & Kept =>
      weighed.item.role === role && (weighed.fate === 'usable' || weighed.fate === 'unusable'),
  );
}

function callerOf(
  world: World,
  endpoint: Endpoint,
  actor: Service | undefined,
  evidence: readonly WeighedEvidence[],
): Caller {
  const credentials = kept(evidence, 'access')
    .map(({ item, fate, service }): Credential => {
      const { principalType } = world.mechanisms.get(item.mechanism)!;
      return { item, principalType, principal: `${principalType}:${item.subject}`, service, usable: fate === 'usable' };
    })
    .sort(byMechanismSubjectAndRest);
  const proven = new Set<string>();
  for (const { item, fate } of kept(evidence, 'trust')) {
    if (fate !== 'usable') continue;
    for (const membership of actor?.domains ?? []) {
      if (!isLive(world, membership) || !trustOf(world, membership).includes(item.mechanism)) continue;
      for (const [height, domain] of chainOf(world, membership).entries()) {
        const reached =
          height === 0 ||
          trustOf(world, domain.name).includes(item.mechanism) ||
          domain.recognizes.includes(item.mechanism);
        if (!reached) break;
        proven.add(domain.name);
      }
    }
  }
  const namesOnChains = (domains: readonly string[]): string[] =>
    domains.flatMap((name) => chainOf(world, name).map((domain) => domain.name));
  const known = new Set(
    namesOnChains([actor, ...credentials.map(({ service }) => service)].flatMap((s) => s?.domains ?? [])),
  );
  const inside = new Set(namesOnChains(endpoint.placements));
  const exits = [...new Set(namesOnChains(actor?.domains ?? []))]
    .filter((name) => !inside.has(name))
    .sort((left, right) => right.split('.').length - left.split('.').length || byBytes(left, right));
  return { actor, credentials, proven, known, exits };
}

function byMechanismSubjectAndRest(left: Credential, right: Credential): number {
  return (
    byBytes(left.item.mechanism, right.item.mechanism) ||
    byBytes(left.item.subject, right.item.subject) ||
    byBytes(canonicalJson(left.item), canonicalJson(right.item))
  );
}

// ── 4: denies ───────────────────────────────────────────────────────────────────────────────────────────────────────

function matchDenies(at: Place): readonly RuleMatch[] {
  const { world, endpoint, caller } = at;
  const placements = endpoint.placements;
  const memberships = caller.actor?.domains ?? [];
  const concerned = new Set([...placements.flatMap((m) => chainOf(world, m).map(({ name }) => name)), ...caller.exits]);
  const denies = [...world.outside, ...[...concerned].flatMap((name) => world.domains.get(name)!.rules)]
    .filter((rule) => rule.effect === 'deny')
    .filter((rule) => {
      if (rule.direction === 'in') {
        if (rule.owner === OUTSIDE) return true;
        return rule.scope === 'self'
          ? placements.includes(rule.owner)
          : placements.some((placement) => isWithin(placement, rule.owner));
      }
      if (rule.owner === OUTSIDE) return caller.exits.length > 0 || placements.length === 0;
      return caller.exits.includes(rule.owner) && (rule.scope === 'subtree' || memberships.includes(rule.owner));
    })
    .sort((left, right) => byBytes(left.id, right.id));
  const items: readonly Item[] = caller.credentials.length > 0 ? caller.credentials : ['none'];
  return denies.flatMap((rule) => items.map((item) => matchRule(rule, denyStandpoint(at, rule), item)));
}

function denyStandpoint(at: Place, rule: Rule): Standpoint {
  const { world, endpoint, caller } = at;
  const roleHome = rule.direction === 'in' ? endpoint.placements : (caller.actor?.domains ?? []);
  return {
    ...at,
    actor: caller.actor?.name,
    callerDomains: caller.known,
    targetDomains: targetDomains(world, endpoint.placements),
    roleChains: roleHome.map((name) => chainOf(world, name)),
  };
}

function targetDomains(world: World, placements: readonly string[]): readonly string[] {
  if (placements.length === 0) return [OUTSIDE];
  return [...new Set(placements.flatMap((placement) => chainOf(world, placement).map((domain) => domain.name)))];
}

// ── 5 to 7: routes ──────────────────────────────────────────────────────────────────────────────────────────────────

/** Every placement's route, those that exist in the order they are tried, walked until one passes. */
function tryRoutes(at: Place, live: readonly string[], lenient: boolean): readonly RouteAttempt[] {
  const attempts: RouteAttempt[] = [];
  for (const route of routesOf(at, live, lenient)) {
    if (route.meeting === undefined) {
      attempts.push(route);
      continue;
    }
    const checks = checksOf(at, route, lenient);
    const denial = checks.find((check) => check.denial !== undefined && !check.excused)?.denial;
    attempts.push({ ...route, checks, denial });
    if (denial === undefined) break;
  }
  return attempts;
}

function routesOf(at: Place, live: readonly string[], lenient: boolean): readonly RouteAttempt[] {
  const { world, caller } = at;
  const untried = { checks: [], denial: undefined };
  if (at.endpoint.placements.length === 0) {
    const meeting = caller.proven.size > 0 ? OUTSIDE : undefined;
    return [{ placement: undefined, visibility: OUTSIDE, meeting, crossed: [], ...untried }];
  }
  const routes = live.map((placement): RouteAttempt => {
    const visibility = visibilityOf(at, placement, lenient);
    const chain = chainOf(world, placement).map((domain) => domain.name);
    const segment = visibility === OUTSIDE ? chain : chain.slice(0, chain.indexOf(visibility) + 1);
    const meeting = segment.find((name) => caller.proven.has(name)) ?? (visibility === OUTSIDE ? OUTSIDE : undefined);
    const below = meeting === undefined ? [] : meeting === OUTSIDE ? chain : chain.slice(0, chain.indexOf(meeting));
    return { placement, visibility, meeting, crossed: below.toReversed(), ...untried };
  });
  return routes.sort(
    (left, right) => left.crossed.length - right.crossed.length || byBytes(left.placement!, right.placement!),
  );
}

function checksOf(at: Place, route: RouteAttempt, lenient: boolean): readonly Check[] {
  const { world, caller } = at;
  // A preflight that the endpoint admits carries no credentials by design; the real request is judged in full.
  if (at.target.preflightFor !== undefined && at.endpoint.preflight === 'allow') return [];
  const excused = (domain: string): boolean => lenient && modeOf(world, domain) === 'report';
  const listedBy = (domain: string): readonly Credential[] =>
    caller.credentials.filter(({ usable, item }) => usable && accessOf(world, domain).includes(item.mechanism));
  const check = (
    kind: Check['kind'],
    domain: string,
    items: readonly Item[],
    denial: Denial,
    rules: readonly Rule[],
  ): Check => {
    const standpoint = allowStandpoint(at, route, domain);
    const matches = rules.flatMap((rule) => items.map((item) => matchRule(rule, standpoint, item)));
    const passed = matches.some(({ matched, rule }) => matched && rule.mode === 'enforce');
    return { kind, domain, items, matches, denial: passed ? undefined : denial, excused: !passed && excused(domain) };
  };
  const checks: Check[] = [];
  const meeting = route.meeting!;
  if (meeting !== OUTSIDE && hasZeroTrust(world, meeting)) {
    const denial: Denial = { reason: 'NO_ALLOW_RULE', deniedAt: meeting };
    checks.push(check('zero-trust', meeting, ['none', ...listedBy(meeting)], denial, allowsOf(world, meeting, 'in')));
  }
  for (const domain of route.crossed) {
    const anonymous: readonly Item[] = accessOf(world, domain).includes(ANONYMOUS) ? ['anonymous'] : [];
    const items = [...anonymous, ...listedBy(domain)];
    const reasonCode = items.length === 0 ? 'ACCESS_EVIDENCE_MISSING' : 'NO_ALLOW_RULE';
    checks.push(
      check('boundary', domain, items, { reason: reasonCode, deniedAt: domain }, allowsOf(world, domain, 'in')),
    );
  }
  for (const exit of caller.exits) {
    if (world.domains.get(exit)!.egress === 'open') continue;
    const denial: Denial = { reason: 'EGRESS_CLOSED', deniedAt: exit };
    checks.push(check('egress', exit, ['none', ...listedBy(exit)], denial, allowsOf(world, exit, 'out')));
  }
  return checks;
}

/** Allows owned by the domain, or by an ancestor with scope `subtree`, in the order of their ids. */
function allowsOf(world: World, name: string, direction: Rule['direction']): readonly Rule[] {
  return chainOf(world, name)
    .flatMap((domain) => domain.rules)
    .filter((rule) => rule.effect === 'allow' && rule.direction === direction)
    .filter((rule) => rule.owner === name || rule.scope === 'subtree')
    .sort((left, right) => byBytes(left.id, right.id));
}

/** Withholding evidence must never help: a service that has proven nothing is nobody to a rule that allows. */
function actorOf({ proven, actor }: Caller): string | undefined {
  return proven.size > 0 ? actor?.name : undefined;
}

function allowStandpoint(at: Place, route: RouteAttempt, domain: string): Standpoint {
  const { world, caller } = at;
  return {
    ...at,
    actor: actorOf(caller),
    callerDomains: caller.proven,
    targetDomains: targetDomains(world, route.placement === undefined ? [] : [route.placement]),
    roleChains: [chainOf(world, domain)],
  };
}

// ── 9: the answer ───────────────────────────────────────────────────────────────────────────────────────────────────

function answerOf(at: Place, attempts: readonly RouteAttempt[], ttlSeconds: number): Outcome {
  const where = { endpoint: at.endpoint.id, path: at.target.path ?? null };
  const routes = attempts.filter((attempt) => attempt.meeting !== undefined);
  if (routes.length === 0) return denied('NOT_VISIBLE', null, where, ttlSeconds);
  const passed = routes.find((route) => route.denial === undefined);
  if (passed === undefined) {
    const { reason: reasonCode, deniedAt } = routes[0]!.denial!;
    const outcome = denied(reasonCode, deniedAt, where, ttlSeconds);
    if (reasonCode !== 'ACCESS_EVIDENCE_MISSING' || !at.world.domains.get(deniedAt!)!.discloseAccess) return outcome;
    return {
      ...outcome,
      accepts: accessOf(at.world, deniedAt!)
        .filter((name) => name !== ANONYMOUS)
        .toSorted(byBytes),
    };
  }
  const matched = passed.checks.map((check) =>
    check.matches.filter((match) => match.matched && match.rule.mode === 'enforce'),
  );
  // With each rule only the first item that made it match counts.
  const firsts = matched.map((matches) =>
    matches.filter((match, index) => matches.findIndex(({ rule }) => rule.id === match.rule.id) === index),
  );
  const external = at.endpoint.placements.length === 0;
  const fast = passed.crossed.length === 0;
  return {
    decision: 'allow',
    reason: external ? 'ALLOW_EGRESS' : fast ? 'ALLOW_FAST' : 'ALLOW_SLOW',
    route: external ? 'egress' : fast ? 'fast' : 'slow',
    deniedAt: null,
    meeting: passed.meeting!,
    crossed: passed.crossed,
    rules: firsts.flatMap((matches) => matches.slice(0, 1).map(({ rule }) => rule.id)),
    obligations: mergeObligations(firsts.flat().flatMap(({ obligations }) => obligations)),
    actor: actorOf(at.caller) ?? null,
    principal: principalOf(at, passed.placement),
    ttlSeconds,
    ...where,
  };
}

/** Of the usable credentials those that the domain of the placement accepts: the principal, if they name one. */
function principalOf({ world, caller }: Place, placement: string | undefined): string | null {
  const access = placement === undefined ? [] : accessOf(world, placement);
  const accepted = caller.credentials.filter(({ usable, item }) => usable && access.includes(item.mechanism));
  const principals = new Set(accepted.map(({ principal }) => principal));
  return principals.size === 1 ? [...principals][0]! : null;
}

/** A critical obligation that the convention cannot carry turns the allow into a deny; report mode never softens it. */
function carried(request: AccessRequest, outcome: Outcome): Outcome {
  if (isCarried(outcome.obligations, request.carries)) return outcome;
  const { endpoint, path, ttlSeconds } = outcome;
  return denied('OBLIGATION_UNSUPPORTED', null, { endpoint, path }, ttlSeconds);
}

/** Whole seconds until a kept item expires, a rule's validity begins or ends, or the configured maximum is over. */
function timeToLive(world: World, request: AccessRequest, evidence: readonly WeighedEvidence[]): number {
  const expiries = [...kept(evidence, 'trust'), ...kept(evidence, 'access')].map(({ item }) => item.expiresAt);
  const rules = [...world.outside, ...[...world.domains.values()].flatMap((domain) => domain.rules)];
  const edges = rules.flatMap(({ notBefore, notAfter }) => [notBefore, notAfter]);
  const ahead = [...expiries, ...edges].filter(
    (instant) => instant !== undefined && instant > request.time,
  ) as number[];
  return Math.floor(Math.min(request.maxTtlSeconds * 1000, ...ahead.map((instant) => instant - request.time)) / 1000);
}

/** Whether a rule whose owner and `what` concern the target reads the clock in its condition. */
function concernsTime(at: Place): boolean {
  const { world, endpoint, caller } = at;
  const inward = endpoint.placements.flatMap((name) => chainOf(world, name));
  const outward = (caller.actor?.domains ?? []).flatMap((name) => chainOf(world, name));
  const rules = [
    ...world.outside,
    ...inward.flatMap((domain) => domain.rules),
    ...outward.flatMap((domain) => domain.rules.filter((rule) => rule.direction === 'out')),
  ];
  return rules.some((rule) => {
    if (rule.when === undefined) return false;
    const parsed = parseCondition(rule.when);
    if (!('condition' in parsed) || !parsed.condition.readsTime) return false;
    return [...whatParts(rule, denyStandpoint(at, rule))].every(([, verdict]) => verdict !== 'no');
  });
}
