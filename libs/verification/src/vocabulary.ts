import { parseCondition } from '#cel';
import type { Domain, Endpoint, Json, Rule, World } from '#engine';

/** What a condition reads and what it compares that with. */
export interface ConditionHints {
  /** Paths in segments, `['principal', 'claims', 'tier']`. */
  readonly reads: readonly (readonly string[])[];
  /** Its literals: texts, numbers, booleans. */
  readonly constants: readonly Json[];
}

/** What a world speaks about, laid out so that random requests can speak about the same. */
export interface Vocabulary {
  readonly world: World;
  readonly endpoints: readonly Endpoint[];
  readonly domainNames: readonly string[];
  readonly accessMechanisms: readonly string[];
  readonly trustMechanisms: readonly string[];
  /** Every rule, of `*` too. */
  readonly rules: readonly Rule[];
  /** Of each rule with a condition, by rule id. */
  readonly conditions: ReadonlyMap<string, ConditionHints>;
  /** Principals and groups (`type:id`) that hold a role, by role, inheritance included. */
  readonly roleHolders: ReadonlyMap<string, readonly string[]>;
  /** Ids of stored entities by type. */
  readonly entityIds: ReadonlyMap<string, readonly string[]>;
  /** First and last instants of rules' validity, milliseconds since the epoch. */
  readonly instants: readonly number[];
  readonly stalenessLimits: readonly number[];
}

/** Entities and role holders kept of a large directory. */
const MAXIMUM_SAMPLE = 200;

export function vocabularyOf(world: World): Vocabulary {
  const domains = [...world.domains.values()];
  const rules = [...world.outside, ...domains.flatMap((domain) => domain.rules)];
  const mechanisms = [...world.mechanisms.values()];
  return {
    world,
    endpoints: [...world.services.values()].flatMap((service) => service.endpoints),
    domainNames: [...world.domains.keys()],
    accessMechanisms: mechanisms.filter(({ role }) => role === 'access').map(({ name }) => name),
    trustMechanisms: mechanisms.filter(({ role }) => role === 'trust').map(({ name }) => name),
    rules,
    conditions: new Map(rules.flatMap(({ id, when }) => (when === undefined ? [] : [[id, hintsOf(when)] as const]))),
    roleHolders: roleHoldersOf(domains),
    entityIds: entityIdsOf(domains),
    instants: rules.flatMap(({ notBefore, notAfter }) => [notBefore, notAfter]).filter((at) => at !== undefined),
    stalenessLimits: domains.map((domain) => domain.maxStalenessSeconds).filter((limit) => limit !== undefined),
  };
}

/** The domain itself, its parent, … up to the top-level domain. */
export function chainOf(world: World, name: string): readonly Domain[] {
  const labels = name.split('.');
  return labels.map((_, index) => world.domains.get(labels.slice(0, labels.length - index).join('.'))!);
}

/** The access set in force at a domain. */
export function accessOf(world: World, name: string): readonly string[] {
  return chainOf(world, name).find((domain) => domain.access !== undefined)?.access ?? [];
}

/** Allows that a check at this domain looks at and whose `what` may name the endpoint. */
export function allowsFor(
  world: World,
  name: string,
  direction: Rule['direction'],
  endpoint: Endpoint,
): readonly Rule[] {
  return chainOf(world, name).flatMap((domain) =>
    domain.rules.filter(
      (rule) =>
        rule.effect === 'allow' &&
        rule.direction === direction &&
        (rule.owner === name || rule.scope === 'subtree') &&
        mayConcern(rule, endpoint),
    ),
  );
}

export function mayConcern({ what }: Rule, endpoint: Endpoint): boolean {
  const { services, endpoints } = what;
  if (services !== undefined && !services.includes(endpoint.service)) return false;
  return endpoints === undefined || endpoints.includes(endpoint.id) || endpoints.includes(`${endpoint.service}/*`);
}

function hintsOf(when: string): ConditionHints {
  const parsed = parseCondition(when);
  const reads = 'condition' in parsed ? parsed.condition.reads : [];
  return { reads: reads.map(segmentsOf), constants: constantsOf(when) };
}

/** `request.headers["x-team"]` in segments; what comes after a key that is an expression is left out. */
function segmentsOf(read: string): readonly string[] {
  return [...read.matchAll(/(?:^|\.)([A-Za-z_]\w*)|\["([^"]*)"\]/gy)].map(([, name, key]) => name ?? key ?? '');
}

/** The literals of a condition, found by its spelling: an odd one missed costs a little variety and nothing else. */
function constantsOf(when: string): readonly Json[] {
  const constants: Json[] = [];
  for (const [token] of when.matchAll(/"[^"\\]*"|'[^'\\]*'|\d+\.\d+|\d+|\btrue\b|\bfalse\b/g)) {
    if (token.startsWith('"') || token.startsWith("'")) constants.push(token.slice(1, -1));
    else if (token === 'true' || token === 'false') constants.push(token === 'true');
    else constants.push(Number(token), Number(token) + 1);
  }
  return constants;
}

function roleHoldersOf(domains: readonly Domain[]): ReadonlyMap<string, readonly string[]> {
  const heirs = new Map<string, Set<string>>();
  for (const { name, inherits } of domains.flatMap((domain) => domain.roles)) {
    for (const inherited of inherits) heirs.set(inherited, (heirs.get(inherited) ?? new Set()).add(name));
  }
  const assigned = new Map<string, string[]>();
  for (const { directory } of domains) {
    for (const [principal, roles] of directory.assignments) {
      for (const role of roles) {
        const holders = assigned.get(role) ?? [];
        if (holders.length < MAXIMUM_SAMPLE) holders.push(principal);
        assigned.set(role, holders);
      }
    }
  }
  const holders = new Map<string, readonly string[]>();
  for (const role of new Set([...heirs.keys(), ...assigned.keys()])) {
    const reaching = new Set([role]);
    for (const reached of reaching) for (const heir of heirs.get(reached) ?? []) reaching.add(heir);
    holders.set(role, [...reaching].flatMap((name) => assigned.get(name) ?? []).slice(0, MAXIMUM_SAMPLE));
  }
  return holders;
}

function entityIdsOf(domains: readonly Domain[]): ReadonlyMap<string, readonly string[]> {
  const ids = new Map<string, string[]>();
  for (const { directory } of domains) {
    for (const key of directory.entities.keys()) {
      const colon = key.indexOf(':');
      const type = key.slice(0, colon);
      const known = ids.get(type) ?? [];
      if (known.length < MAXIMUM_SAMPLE) known.push(key.slice(colon + 1));
      ids.set(type, known);
    }
  }
  return ids;
}
