/** The rules that may be matched at one endpoint: all that a search has to tell callers and requests apart by. */
import { type Endpoint, OUTSIDE, type Rule, type World } from '#engine';

export interface Concerned {
  readonly rules: readonly Rule[];
  /** Names of the domains whose checks may run. */
  readonly domains: ReadonlySet<string>;
}

/**
 * @param homes  memberships of the service that calls; none for a caller from outside
 * @param time   milliseconds since the epoch
 */
export function concernedAt(world: World, endpoint: Endpoint, homes: readonly string[], time: number): Concerned {
  const inside = lineages(endpoint.placements);
  const leaving = lineages(homes);
  const concerns = (rule: Rule): boolean => isInForce(rule, time) && mayConcern(rule, endpoint);
  const owned = (names: ReadonlySet<string>, direction: Rule['direction']): readonly Rule[] =>
    [...names].flatMap((name) => world.domains.get(name)!.rules.filter((rule) => rule.direction === direction));
  const rules = [...world.outside, ...owned(inside, 'in'), ...owned(leaving, 'out')].filter(concerns);
  return { rules, domains: new Set([...inside, ...leaving]) };
}

/** Domains and all above them. */
export function lineages(domains: readonly string[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const domain of domains) {
    for (let at = domain; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) names.add(at);
  }
  return names;
}

/** Whether a rule counts at a time. */
export function isInForce({ mode, notBefore, notAfter }: Rule, time: number): boolean {
  return mode === 'enforce' && (notBefore ?? -Infinity) <= time && time < (notAfter ?? Infinity);
}

/** By what is said of the endpoint alone; the engine compares the rest. */
export function mayConcern({ what }: Rule, { id, service, placements }: Endpoint): boolean {
  const inside = lineages(placements);
  const names: ReadonlySet<string> = inside.size === 0 ? new Set([OUTSIDE]) : inside;
  return (
    (what.domains === undefined || what.domains.some((name) => names.has(name))) &&
    (what.services === undefined || what.services.includes(service)) &&
    (what.endpoints === undefined || what.endpoints.includes(id) || what.endpoints.includes(`${service}/*`))
  );
}
