/**
 * Why a decision came out as it did: the walk of the specification with everything it looked at, in a form that people,
 * logs and other programs can read. The verdict is the decision's own.
 */
import { OUTSIDE } from './model.js';
import type { AccessRequest, EvidenceRole, Outcome, World } from './model.js';
import { nearestMiss } from './nearest-miss.js';
import type { NearestMiss } from './nearest-miss.js';
import { chainOf } from './selectors.js';
import type { Item, RuleMatch } from './selectors.js';
import { modeOf, reason } from './specification.js';
import type { Check, EvidenceFate, Reasoning, RouteAttempt } from './specification.js';
import { trustLevels } from './trust-levels.js';
import type { ExplainedAttribute } from './trust-levels.js';

export interface Explanation {
  readonly outcome: Outcome;
  readonly target: {
    /** The endpoint it resolved to. */
    readonly endpoint: string | null;
    /** Canonical, as far as the target has them. */
    readonly host: string | null;
    readonly method: string | null;
    readonly path: string | null;
    /** The domains the endpoint is placed in. */
    readonly placements: readonly string[];
    readonly because: string;
  };
  readonly evidence: readonly ExplainedEvidence[];
  /** Every named value of the request that conditions can read, and who stands behind it; never the value. */
  readonly attributes: readonly ExplainedAttribute[];
  /** Null where the walk ended before it knew the caller. */
  readonly caller: {
    readonly actor: string | null;
    readonly proven: readonly string[];
    readonly known: readonly string[];
    readonly exits: readonly string[];
  } | null;
  /** Every deny that concerned the request, with each credential it was matched with. */
  readonly denies: readonly ExplainedRule[];
  /** Routes in the order they were tried; under report mode the second run follows the first. */
  readonly routes: readonly ExplainedRoute[];
  readonly nearestMiss: NearestMiss | null;
  /** Who administers the domain the denial happened at. */
  readonly owner: { readonly domain: string; readonly principals: readonly string[] } | null;
}

export interface ExplainedEvidence {
  readonly role: EvidenceRole;
  readonly mechanism: string;
  readonly subject: string;
  readonly fate: EvidenceFate['fate'];
  /** The service it is bound to. */
  readonly service: string | null;
  readonly because: string;
}

export interface ExplainedRule {
  readonly rule: string;
  readonly owner: string;
  /** `mechanism subject` of the credential it was matched with, `anonymous`, or `none`. */
  readonly item: string;
  readonly matched: boolean;
  /** It matched and counted: neither it nor, for a deny, its owner is in report mode. */
  readonly counted: boolean;
  readonly because: string;
}

export interface ExplainedRoute {
  readonly run: 'strict' | 'report';
  /** Null for an external target. */
  readonly placement: string | null;
  /** How far out the endpoint is visible: a domain, or `*`. */
  readonly visibility: string;
  readonly meeting: string | null;
  readonly crossed: readonly string[];
  readonly checks: readonly ExplainedCheck[];
  readonly because: string;
}

export interface ExplainedCheck {
  readonly kind: Check['kind'];
  readonly domain: string;
  readonly items: readonly string[];
  readonly rules: readonly ExplainedRule[];
  readonly passed: boolean;
  readonly because: string;
}

/** @returns the verdict of `decide`, and why; costs more than deciding, in proportion to the rules of the domains walked */
export function explain(world: World, request: AccessRequest): Explanation {
  const reasoning = reason(world, request);
  const { outcome, caller } = reasoning;
  return {
    outcome,
    target: explainTarget(reasoning),
    evidence: reasoning.evidence.map(({ item, ...fate }) => ({
      role: item.role,
      mechanism: item.mechanism,
      subject: item.subject,
      fate: fate.fate,
      service: 'service' in fate ? (fate.service?.name ?? null) : null,
      because: FATES[fate.fate],
    })),
    attributes: trustLevels(reasoning),
    caller:
      caller === undefined
        ? null
        : {
            actor: caller.actor?.name ?? null,
            proven: [...caller.proven].toSorted(),
            known: [...caller.known].toSorted(),
            exits: caller.exits,
          },
    denies: reasoning.denies.map((match) => explainRule(match, modeOf(world, match.rule.owner) === 'enforce')),
    routes: [
      ...reasoning.strict.map((route) => explainRoute(route, 'strict')),
      ...(reasoning.lenient ?? []).map((route) => explainRoute(route, 'report')),
    ],
    nearestMiss: nearestMiss(world, reasoning) ?? null,
    owner: outcome.deniedAt === null ? null : ownerOf(world, outcome.deniedAt),
  };
}

const FATES: { readonly [fate in EvidenceFate['fate']]: string } = {
  usable: 'kept',
  unusable:
    'kept, but it opens nothing: the domain that owns its mechanism, or the service it is bound to, is suspended',
  unverified: 'dropped: neither this service nor an entitled enforcement point has verified it',
  expired: 'dropped: it has expired',
  'unknown-mechanism': 'dropped: no domain owns a mechanism of this name',
  'wrong-role': 'dropped: its mechanism does not serve this role',
  unbound: 'dropped: no service is bound to this subject',
};

function explainTarget({ target, endpoint, outcome }: Reasoning): Explanation['target'] {
  const because =
    target === undefined
      ? 'the target is refused: two parties could read it differently'
      : endpoint !== undefined
        ? `the target is ${endpoint.id}`
        : outcome.reason === 'INVALID_REQUEST'
          ? 'the target is refused: no endpoint here accepts an encoded slash'
          : 'no endpoint answers this target, or the domain that claims its address does not hold the one that would';
  return {
    endpoint: endpoint?.id ?? null,
    host: target?.host ?? null,
    method: target?.method ?? null,
    path: target?.path ?? null,
    placements: endpoint?.placements ?? [],
    because,
  };
}

function explainRule({ rule, item, matched, failed, unknown }: RuleMatch, ownerCounts: boolean): ExplainedRule {
  const uncounted = rule.mode === 'report' ? ', but the rule only reports' : ', but its domain only reports';
  const counted = matched && rule.mode === 'enforce' && ownerCounts;
  const guessed =
    unknown.length === 0 ? '' : ` (${unknown.join(', ')} could not be evaluated, which counts as matched)`;
  const because = matched
    ? `matched${guessed}${counted ? '' : uncounted}`
    : failed!.verdict === 'unknown'
      ? `${failed!.part} could not be evaluated`
      : `${failed!.part} does not match`;
  return { rule: rule.id, owner: rule.owner, item: itemName(item), matched, counted, because };
}

function itemName(item: Item): string {
  return typeof item === 'string' ? item : `${item.item.mechanism} ${item.item.subject}`;
}

function explainRoute(route: RouteAttempt, run: ExplainedRoute['run']): ExplainedRoute {
  const { placement, visibility, meeting, crossed, checks, denial } = route;
  const because =
    meeting === undefined
      ? placement === undefined
        ? 'no route: only a proven caller reaches an external target'
        : `no route: the endpoint is interior to ${visibility}, and the caller has not proven to be in it`
      : denial === undefined
        ? 'passed'
        : `failed: ${denial.reason} at ${denial.deniedAt}`;
  return {
    run,
    placement: placement ?? null,
    visibility,
    meeting: meeting ?? null,
    crossed,
    checks: checks.map(explainCheck),
    because,
  };
}

function explainCheck({ kind, domain, items, matches, denial, excused }: Check): ExplainedCheck {
  const because =
    denial === undefined
      ? 'an allow matches'
      : denial.reason === 'ACCESS_EVIDENCE_MISSING'
        ? 'none of the evidence is what this boundary accepts'
        : 'no allow matches';
  return {
    kind,
    domain,
    items: items.map(itemName),
    rules: matches.map((match) => explainRule(match, true)),
    passed: denial === undefined || excused,
    because: excused ? `${because}, passed over because ${domain} only reports` : because,
  };
}

/** The nearest owner up the chain. */
function ownerOf(world: World, name: string): Explanation['owner'] {
  if (name === OUTSIDE) return { domain: OUTSIDE, principals: [] };
  const owning = chainOf(world, name).find(({ administrators }) => administrators.some(({ role }) => role === 'owner'));
  const principals = owning?.administrators.filter(({ role }) => role === 'owner').flatMap((each) => each.principals);
  return { domain: name, principals: principals ?? [] };
}
