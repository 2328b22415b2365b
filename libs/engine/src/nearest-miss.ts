/**
 * The nearest miss of a denial: the smallest change that would have allowed the request, found by making one change at a
 * time, each the least that answers the denial at hand, and asking the specification again.
 */
import { ANONYMOUS, OUTSIDE } from './model.js';
import type { AccessRequest, Domain, Evidence, Rule, World } from './model.js';
import { byBytes } from './ordering.js';
import { accessOf, isLive, reason } from './specification.js';
import type { Check, Reasoning } from './specification.js';
import { chainOf } from './selectors.js';
import type { RuleMatch } from './selectors.js';

export interface Change {
  readonly kind: 'evidence' | 'mark' | 'rule' | 'access' | 'role' | 'suspension' | 'obligation';
  /** The domain whose people would have to make it; null when it is the caller's to make. */
  readonly domain: string | null;
  /** One sentence. */
  readonly summary: string;
  /** Lines of YAML to add or change; null for evidence. */
  readonly yaml: string | null;
}

export interface NearestMiss {
  /** Together they would allow the request, in the order in which the walk asks for them. */
  readonly changes: readonly Change[];
}

interface Step {
  readonly change: Change;
  readonly world: World;
  readonly request: AccessRequest;
}

/** More changes than this are no near miss. */
const MAX_CHANGES = 12;

/** @returns undefined for an allow, and where no change of policy or evidence would help */
export function nearestMiss(world: World, denied: Reasoning): NearestMiss | undefined {
  if (denied.outcome.decision === 'allow') return undefined;
  const changes: Change[] = [];
  let at = { world, reasoning: denied };
  while (at.reasoning.outcome.decision === 'deny') {
    const step = changes.length < MAX_CHANGES ? nextStep(at.world, at.reasoning) : undefined;
    if (step === undefined) return undefined;
    changes.push(step.change);
    at = { world: step.world, reasoning: reason(step.world, step.request) };
  }
  return { changes };
}

function nextStep(world: World, reasoning: Reasoning): Step | undefined {
  const { outcome, request } = reasoning;
  switch (outcome.reason) {
    case 'ACCESS_EVIDENCE_MISSING':
      return presentCredential(world, request, outcome.deniedAt!);
    case 'NO_ALLOW_RULE':
    case 'EGRESS_CLOSED':
      return satisfyRule(world, reasoning) ?? comeWithCredential(world, reasoning) ?? addAllow(world, reasoning);
    case 'NOT_VISIBLE':
      return makeVisible(world, reasoning);
    case 'DENY_RULE':
      return liftDenies(world, reasoning);
    case 'AMBIGUOUS_CALLER':
      return beOneCaller(world, reasoning);
    case 'TARGET_DOMAIN_SUSPENDED':
      return resume(world, request, reasoning.endpoint!.placements);
    case 'CALLER_SUSPENDED':
      return resume(world, request, reasoning.caller!.actor!.domains);
    case 'OBLIGATION_UNSUPPORTED':
      return {
        world,
        request: { ...request, carries: undefined },
        change: {
          kind: 'obligation',
          domain: null,
          summary:
            'ask through a convention that carries every critical obligation, or mark the obligation `critical: false`',
          yaml: 'critical: false',
        },
      };
    default:
      return undefined;
  }
}

// ── evidence ────────────────────────────────────────────────────────────────────────────────────────────────────────

const NOTHING = Object.freeze(Object.create(null) as Evidence['claims']);

/** The subject of a credential that stands for any: it is nobody's name. */
const SOMEONE = 'someone';

function credential(mechanism: string, more: Partial<Evidence> = {}): Evidence {
  return {
    role: 'access',
    mechanism,
    subject: SOMEONE,
    verified: true,
    scopes: [],
    groups: [],
    claims: NOTHING,
    attributes: NOTHING,
    ...more,
  };
}

function presentCredential(world: World, request: AccessRequest, domain: string): Step {
  const accepted = accessOf(world, domain)
    .filter((name) => name !== ANONYMOUS && isLive(world, world.mechanisms.get(name)!.owner))
    .toSorted(byBytes);
  const [mechanism] = accepted;
  if (mechanism !== undefined) {
    return {
      world,
      request: { ...request, evidence: [...request.evidence, credential(mechanism)] },
      change: {
        kind: 'evidence',
        domain: null,
        summary: `present a valid credential of ${either(accepted)}: ${domain} accepts it`,
        yaml: null,
      },
    };
  }
  const home = world.domains.get(domain)!;
  return {
    world: withDomain(world, { ...home, access: [ANONYMOUS] }),
    request,
    change: {
      kind: 'access',
      domain,
      summary: `${domain} accepts no credential at all: name an access mechanism, or \`anonymous\``,
      yaml: 'access: [anonymous]',
    },
  };
}

/** Where only the anonymous item was there to match, a credential may satisfy a rule that stands already. */
function comeWithCredential(world: World, reasoning: Reasoning): Step | undefined {
  const check = failedCheck(reasoning);
  if (check?.kind !== 'boundary' || !check.items.every((item) => item === 'anonymous')) return undefined;
  const step = presentCredential(world, reasoning.request, check.domain);
  if (step.change.kind !== 'evidence') return undefined;
  const after = reason(step.world, step.request);
  if (after.outcome.decision === 'allow') return step;
  const further = satisfyRule(step.world, after);
  return further !== undefined && reason(further.world, further.request).outcome.decision === 'allow'
    ? step
    : undefined;
}

function beOneCaller(world: World, reasoning: Reasoning): Step {
  const { request, evidence } = reasoning;
  const trusted = evidence.filter(
    ({ item, fate }) => item.role === 'trust' && (fate === 'usable' || fate === 'unusable'),
  );
  const first = trusted[0]!;
  const others = new Set(
    trusted
      .filter((each) => 'service' in each && 'service' in first && each.service !== first.service)
      .map(({ item }) => item),
  );
  return {
    world,
    request: { ...request, evidence: request.evidence.filter((item) => !others.has(item)) },
    change: { kind: 'evidence', domain: null, summary: 'send the identity of one service only', yaml: null },
  };
}

// ── rules ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/** The check that the answer names: the first that failed on the first route. */
function failedCheck({ strict, lenient, outcome }: Reasoning): Check | undefined {
  const checks = (lenient ?? strict).flatMap((route) => route.checks);
  return checks.find(({ denial, excused, domain }) => denial !== undefined && !excused && domain === outcome.deniedAt);
}

/** A rule that only a scope, a group or a role kept from matching needs no new rule, but a better caller. */
function satisfyRule(world: World, reasoning: Reasoning): Step | undefined {
  const check = failedCheck(reasoning);
  for (const match of check?.matches ?? []) {
    if (match.rule.mode === 'report' || typeof match.item === 'string') continue;
    const step = meetOnePart(world, reasoning, match, check!.domain);
    if (step === undefined) continue;
    const again = reason(step.world, step.request).outcome;
    const moved =
      again.decision === 'allow' ||
      again.reason !== reasoning.outcome.reason ||
      again.deniedAt !== reasoning.outcome.deniedAt;
    if (moved) return step;
  }
  return undefined;
}

function meetOnePart(world: World, { request }: Reasoning, match: RuleMatch, domain: string): Step | undefined {
  const { rule, item } = match;
  if (typeof item === 'string') return undefined;
  const improved = (more: Partial<Evidence>, summary: string): Step => ({
    world,
    request: {
      ...request,
      evidence: request.evidence.map((each) => (each === item.item ? { ...each, ...more } : each)),
    },
    change: { kind: 'evidence', domain: null, summary, yaml: null },
  });
  switch (match.failed?.part) {
    case 'who.scopes': {
      const wanted = rule.who.scopes!;
      const missing =
        'allOf' in wanted ? wanted.allOf.filter((scope) => !item.item.scopes.includes(scope)) : wanted.slice(0, 1);
      const what = 'allOf' in wanted ? missing.map(quoted).join(' and ') : either(wanted);
      return improved(
        { scopes: [...item.item.scopes, ...missing] },
        `a credential of ${quoted(item.item.mechanism)} with the scope ${what} would satisfy ${rule.id}`,
      );
    }
    case 'who.groups':
      return improved(
        { groups: [...item.item.groups, rule.who.groups![0]!] },
        `a member of the group ${either(rule.who.groups!)} would satisfy ${rule.id}`,
      );
    case 'who.roles': {
      const role = rule.who.roles![0]!;
      const home = world.domains.get(domain)!;
      const held = home.directory.assignments.get(item.principal) ?? [];
      const assignments = new Map(home.directory.assignments).set(item.principal, [...held, role]);
      return {
        world: withDomain(world, { ...home, directory: { ...home.directory, assignments } }),
        request,
        change: {
          kind: 'role',
          domain,
          summary: `${item.principal} holding the role ${either(rule.who.roles!)} at ${domain} would satisfy ${rule.id}`,
          yaml: `assignments:\n  - { role: ${role}, principals: [${JSON.stringify(item.principal)}] }`,
        },
      };
    }
    default:
      return undefined;
  }
}

function addAllow(world: World, reasoning: Reasoning): Step | undefined {
  const check = failedCheck(reasoning);
  const home = check === undefined ? undefined : world.domains.get(check.domain);
  if (check === undefined || home === undefined) return undefined;
  const endpoint = reasoning.endpoint!;
  const actor = reasoning.caller!.proven.size > 0 ? reasoning.caller!.actor : undefined;
  const onlyAnonymous = check.kind === 'boundary' && check.items.every((item) => item === 'anonymous');
  const out = check.kind === 'egress';
  const who = onlyAnonymous
    ? 'who: { anonymous: true }, '
    : actor === undefined
      ? ''
      : `who: { services: [${actor.name}] }, `;
  const id = `allow-${endpoint.id.replaceAll('/', '-')}`;
  // No more than was asked for.
  const { method, action } = reasoning.target!;
  const what: Rule['what'] = {
    endpoints: [endpoint.id],
    ...(method !== undefined && { methods: [method] }),
    ...(action !== undefined && { actions: [action.name] }),
  };
  const whatText = Object.entries(what).map(([selector, names]) => `${selector}: [${names.map(yamlWord).join(', ')}]`);
  const rule: Rule = {
    id: `${PROPOSED}/${id}`,
    owner: home.name,
    effect: 'allow',
    direction: out ? 'out' : 'in',
    scope: 'self',
    mode: 'enforce',
    who: { anonymous: onlyAnonymous, ...(!onlyAnonymous && actor !== undefined && { services: [actor.name] }) },
    what,
    obligations: [],
  };
  const purpose = {
    'zero-trust': 'inside, for it asks for a rule there too',
    boundary: 'across its boundary',
    egress: 'out',
  };
  return {
    world: withDomain(world, { ...home, rules: [...home.rules, rule] }),
    request: reasoning.request,
    change: {
      kind: 'rule',
      domain: home.name,
      summary: `an allow of ${home.name} would let it ${purpose[check.kind]}`,
      yaml: `- { id: ${id}, effect: allow, ${out ? 'direction: out, ' : ''}${who}what: { ${whatText.join(', ')} } }`,
    },
  };
}

/** A text as YAML reads it as a text. */
function yamlWord(text: string): string {
  const plain = /^[A-Za-z][A-Za-z0-9/-]*$/.test(text) && !/^(?:true|false|null)$/i.test(text);
  return plain ? text : JSON.stringify(text);
}

/** The policy a proposed rule is written under while it is tried; no document can have this name. */
const PROPOSED = '~proposed';

function liftDenies(world: World, reasoning: Reasoning): Step {
  const lifted = new Set(reasoning.outcome.rules);
  const stays = (rule: Rule): boolean => !lifted.has(rule.id);
  const domains = new Map(
    [...world.domains].map(([name, domain]) => [name, { ...domain, rules: domain.rules.filter(stays) }]),
  );
  const owner = reasoning.outcome.deniedAt!;
  return {
    world: { ...world, domains, outside: world.outside.filter(stays) },
    request: reasoning.request,
    change: {
      kind: 'rule',
      domain: owner,
      summary: `${[...lifted].join(', ')} would have to spare this request: nothing below ${owner === OUTSIDE ? 'the outside' : owner} can undo a deny`,
      yaml: null,
    },
  };
}

// ── exposure and suspension ─────────────────────────────────────────────────────────────────────────────────────────

function makeVisible(world: World, reasoning: Reasoning): Step | undefined {
  const endpoint = reasoning.endpoint!;
  const routes = reasoning.lenient ?? reasoning.strict;
  if (endpoint.placements.length === 0) return undefined;
  // Of several placements the one that is hidden least deep.
  const [nearest] = routes
    .filter(({ visibility }) => visibility !== OUTSIDE)
    .toSorted((left, right) => left.visibility.split('.').length - right.visibility.split('.').length);
  const home = nearest === undefined ? undefined : world.domains.get(nearest.visibility);
  if (home === undefined) return undefined;
  return {
    world: withDomain(world, { ...home, boundary: [...home.boundary, endpoint.id] }),
    request: reasoning.request,
    change: {
      kind: 'mark',
      domain: home.name,
      summary: `${home.name} would have to mark ${endpoint.id} as a boundary endpoint`,
      yaml: `boundary: [${endpoint.id}]`,
    },
  };
}

function resume(world: World, request: AccessRequest, places: readonly string[]): Step | undefined {
  const suspended = places.flatMap((name) => chainOf(world, name)).find((domain) => domain.suspended);
  if (suspended === undefined) return undefined;
  return {
    world: withDomain(world, { ...suspended, suspended: false }),
    request,
    change: {
      kind: 'suspension',
      domain: suspended.name,
      summary: `${suspended.name} is suspended`,
      yaml: 'suspended: false',
    },
  };
}

function withDomain(world: World, domain: Domain): World {
  return { ...world, domains: new Map(world.domains).set(domain.name, domain) };
}

const quoted = (name: string): string => `\`${name}\``;

function either(names: readonly string[]): string {
  return names.map(quoted).join(' or ');
}
