/**
 * The algorithm of docs/semantics.md from end to end.
 */
import type { AccessRequest, AllowReason, Denial, Outcome, World } from '#engine';
import { callerOf } from './caller.js';
import { ANONYMOUS, OUTSIDE, accessOf, chains, isLive, liesIn, parentOf } from './domains.js';
import { guardrail } from './guardrail.js';
import { timeToLive } from './lifetime.js';
import { isExternal, matterOf, provenActor } from './matter.js';
import type { Matter } from './matter.js';
import { sortedSet } from './ordering.js';
import { accepted, walk } from './routes.js';
import type { Passage, Route } from './routes.js';
import type { Rules } from './rules.js';
import { resolveTarget } from './target.js';
import type { ResolvedTarget } from './target.js';
import { principalOf } from './trial.js';

/** What was decided, before it is put into the form of an answer. */
type Verdict =
  | { readonly kind: 'allow'; readonly passage: Passage; readonly wouldDeny?: Denial }
  | { readonly kind: 'deny'; readonly denial: Denial; readonly rules?: readonly string[] };

/** Takes one decision. Total: every request has an answer, and what is unclear is a denial. */
export async function decideByCasbin(world: World, rules: Rules, request: AccessRequest): Promise<Outcome> {
  const resolution = resolveTarget(world, request);
  if (resolution.kind === 'invalid') {
    return { ...denied({ reason: 'INVALID_REQUEST', deniedAt: null }), ttlSeconds: 0, endpoint: null, path: null };
  }
  const caller = callerOf(world, request);
  if (resolution.kind === 'unknown') {
    const reason = mayAskAboutNothing(request.askedFrom) ? 'UNKNOWN_ENDPOINT' : 'NOT_ENTITLED';
    const ttlSeconds = await timeToLive(request, rules, caller, null);
    return { ...denied({ reason, deniedAt: null }), ttlSeconds, endpoint: null, path: resolution.path };
  }
  const { target } = resolution;
  const matter = matterOf(world, rules, request, target, caller);
  const verdict = await verdictOn(matter);
  const isStale = verdict.kind === 'deny' && verdict.denial.reason === 'POLICY_TOO_OLD';
  return {
    ...(verdict.kind === 'allow'
      ? allowed(matter, verdict.passage, verdict.wouldDeny)
      : denied(verdict.denial, verdict.rules)),
    ...accepting(world, verdict),
    ttlSeconds: isStale ? 0 : await timeToLive(request, rules, caller, matter),
    endpoint: target.endpoint.id,
    path: target.path?.path ?? null,
  };
}

async function verdictOn(matter: Matter): Promise<Verdict> {
  const unfit = stateOfTarget(matter) ?? stateOfCaller(matter);
  if (unfit !== undefined) return { kind: 'deny', denial: { reason: unfit, deniedAt: null } };

  const { enforced, noted } = await guardrail(matter);
  const forbidding = enforced[0];
  if (forbidding !== undefined) {
    const denial: Denial = { reason: 'DENY_RULE', deniedAt: forbidding.owner };
    return { kind: 'deny', denial, rules: enforced.map((rule) => rule.id) };
  }

  const strict = await walk(matter, 'strict');
  if (strict.kind === 'allow' && noted.length === 0) return dischargeable(matter, strict.passage);
  const lenient = await walk(matter, 'lenient');
  if (lenient.kind === 'deny') return lenient;
  const firstNoted = noted[0];
  if (firstNoted !== undefined) {
    return dischargeable(matter, lenient.passage, { reason: 'DENY_RULE', deniedAt: firstNoted.owner });
  }
  return dischargeable(matter, lenient.passage, strict.kind === 'deny' ? strict.denial : undefined);
}

/** Step 1 and what is judged right after it. */
function stateOfTarget({ world, request, target }: Matter): Denial['reason'] | undefined {
  const { placements } = target.endpoint;
  if (target.service.domains.length > 0 && !placements.some((placement) => isLive(world, placement))) {
    return 'TARGET_DOMAIN_SUSPENDED';
  }
  if (!isExternal(target) && !placements.some((placement) => liesIn(placement, request.askedFrom))) {
    return 'NOT_ENTITLED';
  }
  const tooOld = [...chains(placements)].some(
    (name) => request.policyAgeSeconds > (world.domains.get(name)?.maxStalenessSeconds ?? Infinity),
  );
  return tooOld ? 'POLICY_TOO_OLD' : undefined;
}

/** Step 3. */
function stateOfCaller({ world, caller, actor }: Matter): Denial['reason'] | undefined {
  if (caller.actors.length > 1) return 'AMBIGUOUS_CALLER';
  const memberships = actor?.domains ?? [];
  const suspended = memberships.length > 0 && !memberships.some((domain) => isLive(world, domain));
  return suspended ? 'CALLER_SUSPENDED' : undefined;
}

/** Only the outside and top-level domains may learn that a target does not exist. */
function mayAskAboutNothing(askedFrom: string): boolean {
  return askedFrom === OUTSIDE || parentOf(askedFrom) === undefined;
}

/** An allow whose critical obligations the asking convention can carry; a denial otherwise. */
function dischargeable(matter: Matter, passage: Passage, wouldDeny?: Denial): Verdict {
  const { carries } = matter.request;
  const stuck = passage.obligations.some(({ critical, kind }) => critical && carries?.includes(kind) === false);
  if (stuck) return { kind: 'deny', denial: { reason: 'OBLIGATION_UNSUPPORTED', deniedAt: null } };
  return { kind: 'allow', passage, wouldDeny };
}

type Answer = Omit<Outcome, 'ttlSeconds' | 'endpoint' | 'path' | 'accepts'>;

function allowed(matter: Matter, passage: Passage, wouldDeny: Denial | undefined): Answer {
  const { route, reason } = kindOf(matter.target, passage.route);
  return {
    decision: 'allow',
    reason,
    route,
    deniedAt: null,
    meeting: passage.route.meeting,
    crossed: passage.route.crossed,
    rules: passage.rules,
    obligations: passage.obligations,
    actor: provenActor(matter),
    principal: namedPrincipal(matter, passage.route),
    ...(wouldDeny === undefined ? {} : { wouldDeny }),
  };
}

/** Whom the credentials that count at the placement name with one voice. */
function namedPrincipal(matter: Matter, { placement }: Route): string | null {
  const voices = placement === null ? [] : accepted(matter, placement);
  const [principal, ...others] = sortedSet(voices.map(principalOf));
  return principal === undefined || others.length > 0 ? null : principal;
}

function kindOf(target: ResolvedTarget, { crossed }: Route): { reason: AllowReason; route: Outcome['route'] } {
  if (isExternal(target)) return { reason: 'ALLOW_EGRESS', route: 'egress' };
  return crossed.length === 0 ? { reason: 'ALLOW_FAST', route: 'fast' } : { reason: 'ALLOW_SLOW', route: 'slow' };
}

function denied({ reason, deniedAt }: Denial, rules: readonly string[] = []): Answer {
  return {
    decision: 'deny',
    reason,
    route: null,
    deniedAt,
    meeting: null,
    crossed: [],
    rules,
    obligations: [],
    actor: null,
    principal: null,
  };
}

/** What would have been accepted at the boundary that asked in vain for evidence, where the domain discloses it. */
function accepting(world: World, verdict: Verdict): Pick<Outcome, 'accepts'> {
  if (verdict.kind === 'allow' || verdict.denial.reason !== 'ACCESS_EVIDENCE_MISSING') return {};
  const name = verdict.denial.deniedAt!;
  if (!world.domains.get(name)?.discloseAccess) return {};
  return { accepts: sortedSet(accessOf(world, name).filter((mechanism) => mechanism !== ANONYMOUS)) };
}
