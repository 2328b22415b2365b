/**
 * An independent certificate for every strict allow (laws S3 to S9): it takes the answer and proves from the world alone
 * that it may stand. It shares no function with the engines; where it can be plain instead of general it is plain.
 */
import type { AccessRequest, Domain, Endpoint, Evidence, Outcome, Rule, Service, World } from '#engine';

/** @returns what is wrong with the allow, one line a fault */
export function faultsOf(world: World, request: AccessRequest, outcome: Outcome): readonly string[] {
  if (outcome.decision !== 'allow' || outcome.wouldDeny !== undefined) return [];
  const faults: string[] = [];
  const must = (law: string, holds: boolean): void => {
    if (!holds) faults.push(law);
  };
  const endpoint = endpointOf(world, outcome.endpoint!);
  const external = endpoint.placements.length === 0;
  const usable = request.evidence.filter((item) => isUsable(world, request, item));
  const actor = actorOf(world, request);
  const reached = reachedBy(world, actor, usable);

  // S6 the meeting domain is reached from a live membership by verified evidence through an unbroken line of recognition
  if (outcome.meeting !== '*') must('S6 the meeting domain is proven', reached.has(outcome.meeting!));
  // S9 an external target is reached only by a proven caller
  if (external) {
    must('S9 the caller of an external target is proven', reached.size > 0);
    must('S3 an external target is met outside', outcome.meeting === '*' && outcome.crossed.length === 0);
  }
  // S3 the meeting domain lies in the visible segment, and `crossed` is exactly the chain below it, all marked
  const placement = external ? undefined : placementOf(world, endpoint, outcome);
  if (!external) must('S3 crossed is the chain below the meeting domain of a live placement', placement !== undefined);
  for (const name of outcome.crossed)
    must(`S3 ${name} has marked the endpoint`, hasMarked(world.domains.get(name)!, endpoint));
  const admitted = isPreflight(request) && endpoint.preflight === 'allow';
  const allows = outcome.rules.map((id) => ruleOf(world, id));
  must(
    'deciding rules are enforcing allows',
    allows.every((rule) => rule.effect === 'allow' && rule.mode === 'enforce'),
  );
  if (!admitted) {
    const expected: { domain: string; direction: 'in' | 'out'; boundary: boolean }[] = [];
    // S7 `zero(j)` implies a covering allow
    if (outcome.meeting !== '*' && chain(world, outcome.meeting!).some((domain) => domain.zeroTrust)) {
      expected.push({ domain: outcome.meeting!, direction: 'in', boundary: false });
    }
    // S4 every crossed domain has an accepted item and a covering allow that holds with it
    for (const domain of outcome.crossed) expected.push({ domain, direction: 'in', boundary: true });
    // S8 every closed exit has a covering out-allow
    for (const domain of exitsOf(world, actor, endpoint)) {
      if (world.domains.get(domain)!.egress === 'closed') expected.push({ domain, direction: 'out', boundary: false });
    }
    must('S4, S7, S8 one deciding rule a check', expected.length === allows.length);
    expected.forEach((check, index) => {
      const rule = allows[index];
      if (rule === undefined) return;
      const owned = rule.owner === check.domain || (rule.scope === 'subtree' && isBelow(check.domain, rule.owner));
      must(`S4 ${rule.id} belongs to ${check.domain}`, owned && rule.direction === check.direction);
      const accepted = usable.filter(
        (item) => item.role === 'access' && accessOf(world, check.domain).includes(item.mechanism),
      );
      const anonymous = check.boundary && accessOf(world, check.domain).includes('anonymous') && rule.who.anonymous;
      const items: (Evidence | undefined)[] = [...accepted, ...(!check.boundary || anonymous ? [undefined] : [])];
      must(`S4 ${check.domain} has an accepted item`, items.length > 0);
      const covers = items.some((item) => {
        const holders = holdersOf(world, item, reached.size > 0 ? actor : undefined);
        const roles = rolesOn(chain(world, check.domain), holders);
        return (
          coversCaller(world, rule, item, reached.size > 0 ? actor : undefined, reached, roles) &&
          coversTarget(world, rule, request, endpoint, placement === undefined ? [] : [placement])
        );
      });
      must(`S4 ${rule.id} covers the request with an item ${check.domain} accepts`, covers);
    });
  }
  // S5 no deny without conditions covers the request
  const exits = exitsOf(world, actor, endpoint);
  const known = knownOf(world, request, actor);
  const credentials = request.evidence.filter((item) => item.role === 'access' && isKept(world, request, item));
  for (const rule of everyRule(world)) {
    if (rule.effect === 'allow' || rule.mode === 'report' || rule.when !== undefined) continue;
    if (!isWithinValidity(rule, request.time) || !concerns(rule, endpoint, actor, exits)) continue;
    for (const item of credentials.length > 0 ? credentials : [undefined]) {
      const homes = rule.direction === 'in' ? endpoint.placements : (actor?.domains ?? []);
      const roles = new Set(homes.flatMap((home) => [...rolesOn(chain(world, home), holdersOf(world, item, actor))]));
      const caller = coversCaller(world, rule, item, actor, known, roles);
      must(`S5 ${rule.id} denies it`, !(caller && coversTarget(world, rule, request, endpoint, endpoint.placements)));
    }
  }
  return faults;
}

const isBelow = (name: string, ancestor: string): boolean => name.startsWith(`${ancestor}.`);
const isIn = (name: string, ancestor: string): boolean => name === ancestor || isBelow(name, ancestor);

function chain(world: World, name: string): Domain[] {
  const parts = name.split('.');
  return parts.map((_, index) => world.domains.get(parts.slice(0, parts.length - index).join('.'))!);
}

const isLive = (world: World, name: string): boolean => !chain(world, name).some((domain) => domain.suspended);

function accessOf(world: World, name: string): readonly string[] {
  for (const domain of chain(world, name)) if (domain.access) return domain.access;
  return [];
}

function trustOf(world: World, name: string): readonly string[] {
  for (const domain of chain(world, name)) {
    if (domain.trust)
      return domain.trust.filter((m) => domain.name === name || world.mechanisms.get(m)!.kind !== 'network');
  }
  return [];
}

function endpointOf(world: World, id: string): Endpoint {
  for (const service of world.services.values())
    for (const endpoint of service.endpoints) if (endpoint.id === id) return endpoint;
  throw new Error(`no endpoint ${id}`);
}

function* everyRule(world: World): Generator<Rule> {
  yield* world.outside;
  for (const domain of world.domains.values()) yield* domain.rules;
}

function ruleOf(world: World, id: string): Rule {
  for (const rule of everyRule(world)) if (rule.id === id) return rule;
  throw new Error(`no rule ${id}`);
}

function boundTo(world: World, item: Evidence): Service | undefined {
  for (const service of world.services.values()) {
    for (const { mechanism, subject } of service.identities) {
      if (mechanism !== item.mechanism) continue;
      if (subject === item.subject) return service;
      if (subject.endsWith('**') && item.subject.startsWith(subject.slice(0, -2))) return service;
      // The worlds of these tests write networks as 10.N.0.0/16.
      if (subject.endsWith('.0.0/16') && item.subject.startsWith(subject.slice(0, -'0.0/16'.length))) return service;
    }
  }
  return undefined;
}

function isKept(world: World, request: AccessRequest, item: Evidence): boolean {
  if (!item.verified || (item.expiresAt !== undefined && item.expiresAt <= request.time)) return false;
  if (world.mechanisms.get(item.mechanism)?.role !== item.role) return false;
  return item.role === 'access' || boundTo(world, item) !== undefined;
}

function isUsable(world: World, request: AccessRequest, item: Evidence): boolean {
  if (!isKept(world, request, item) || !isLive(world, world.mechanisms.get(item.mechanism)!.owner)) return false;
  const service = boundTo(world, item);
  return service === undefined || service.domains.length === 0 || service.domains.some((name) => isLive(world, name));
}

function actorOf(world: World, request: AccessRequest): Service | undefined {
  const item = request.evidence.find((each) => each.role === 'trust' && isKept(world, request, each));
  return item === undefined ? undefined : boundTo(world, item);
}

function reachedBy(world: World, actor: Service | undefined, usable: readonly Evidence[]): Set<string> {
  const reached = new Set<string>();
  for (const { role, mechanism } of usable) {
    if (role !== 'trust') continue;
    for (const membership of actor?.domains ?? []) {
      if (!isLive(world, membership) || !trustOf(world, membership).includes(mechanism)) continue;
      reached.add(membership);
      for (const above of chain(world, membership).slice(1)) {
        if (!trustOf(world, above.name).includes(mechanism) && !above.recognizes.includes(mechanism)) break;
        reached.add(above.name);
      }
    }
  }
  return reached;
}

function knownOf(world: World, request: AccessRequest, actor: Service | undefined): Set<string> {
  const services = [actor];
  for (const item of request.evidence)
    if (item.role === 'access' && isKept(world, request, item)) services.push(boundTo(world, item));
  return new Set(
    services
      .flatMap((service) => service?.domains ?? [])
      .flatMap((name) => chain(world, name).map((domain) => domain.name)),
  );
}

function exitsOf(world: World, actor: Service | undefined, endpoint: Endpoint): string[] {
  const left = new Set((actor?.domains ?? []).flatMap((name) => chain(world, name).map((domain) => domain.name)));
  for (const placement of endpoint.placements) for (const domain of chain(world, placement)) left.delete(domain.name);
  return [...left].sort((one, two) => two.split('.').length - one.split('.').length || (one < two ? -1 : 1));
}

function hasMarked(domain: Domain, endpoint: Endpoint): boolean {
  return domain.boundary.some((mark) => mark === endpoint.id || mark === `${endpoint.service}/*`);
}

/** The live placement whose chain below the meeting domain is what was crossed, and up to there is visible. */
function placementOf(world: World, endpoint: Endpoint, outcome: Outcome): string | undefined {
  return endpoint.placements.find((placement) => {
    const names = chain(world, placement)
      .map((domain) => domain.name)
      .reverse();
    const below = outcome.meeting === '*' ? names : names.slice(names.indexOf(outcome.meeting!) + 1);
    const meets = outcome.meeting === '*' || names.includes(outcome.meeting!);
    return meets && isLive(world, placement) && below.join() === outcome.crossed.join();
  });
}

function concerns(rule: Rule, endpoint: Endpoint, actor: Service | undefined, exits: readonly string[]): boolean {
  const external = endpoint.placements.length === 0;
  if (rule.owner === '*') return rule.direction === 'in' || exits.length > 0 || external;
  if (rule.direction === 'out')
    return exits.includes(rule.owner) && (rule.scope === 'subtree' || actor!.domains.includes(rule.owner));
  return endpoint.placements.some((placement) =>
    rule.scope === 'self' ? placement === rule.owner : isIn(placement, rule.owner),
  );
}

function isWithinValidity(rule: Rule, time: number): boolean {
  return !(rule.notBefore! > time) && !(rule.notAfter! <= time);
}

function holdersOf(world: World, item: Evidence | undefined, actor: Service | undefined): string[] {
  const holders = actor === undefined ? [] : [`service:${actor.name}`];
  if (item === undefined) return holders;
  return [
    ...holders,
    `${world.mechanisms.get(item.mechanism)!.principalType}:${item.subject}`,
    ...item.groups.map((group) => `group:${group}`),
  ];
}

function rolesOn(domains: readonly Domain[], holders: readonly string[]): Set<string> {
  const roles = new Set(
    domains.flatMap((domain) => holders.flatMap((holder) => domain.directory.assignments.get(holder) ?? [])),
  );
  for (let size = -1; size !== roles.size;) {
    size = roles.size;
    for (const domain of domains)
      for (const { name, inherits } of domain.roles) if (roles.has(name)) inherits.forEach((role) => roles.add(role));
  }
  return roles;
}

function coversCaller(
  world: World,
  rule: Rule,
  item: Evidence | undefined,
  actor: Service | undefined,
  domains: ReadonlySet<string>,
  roles: ReadonlySet<string>,
): boolean {
  const { who } = rule;
  const among = (wanted: readonly string[] | undefined, ...present: (string | undefined)[]): boolean =>
    wanted === undefined || present.some((value) => value !== undefined && wanted.includes(value));
  const outside = rule.effect === 'allow' || domains.size === 0;
  const type = item && world.mechanisms.get(item.mechanism)!.principalType;
  const bound = rule.effect === 'deny' && item !== undefined ? boundTo(world, item)?.name : undefined;
  const client = item?.claims['azp'] ?? item?.claims['client_id'];
  const scopes = who.scopes as { allOf?: string[] } & string[];
  return (
    (who.domains === undefined ||
      (outside && who.domains.includes('*')) ||
      who.domains.some((name) => domains.has(name))) &&
    among(who.services, actor?.name, bound) &&
    among(who.mechanisms, item?.mechanism) &&
    among(who.subjects, item?.subject) &&
    among(who.clients, client as string | undefined) &&
    among(who.groups, ...(item?.groups ?? [])) &&
    among(who.principals, item && `${type}:${item.subject}`, item && `${type}:*`) &&
    (scopes?.allOf !== undefined
      ? item !== undefined && scopes.allOf.every((scope) => item.scopes.includes(scope))
      : among(scopes, ...(item?.scopes ?? []))) &&
    (who.roles === undefined || who.roles.some((role) => roles.has(role)))
  );
}

/** Every part of `what` that can be judged holds; what a named endpoint leaves open counts for a deny only. */
function coversTarget(
  world: World,
  rule: Rule,
  request: AccessRequest,
  endpoint: Endpoint,
  placements: readonly string[],
): boolean {
  const { what } = rule;
  const { target } = request;
  const open = target.kind === 'endpoint' && rule.effect === 'deny';
  const method = target.kind === 'rpc' ? 'POST' : 'method' in target ? target.method : undefined;
  const domains =
    placements.length === 0 ? ['*'] : placements.flatMap((name) => chain(world, name).map((domain) => domain.name));
  const action = target.kind === 'topic' ? target.action : target.kind === 'resource' ? target.action.name : undefined;
  const resource = target.kind === 'resource' ? target.resource : undefined;
  const among = (wanted: readonly string[] | undefined, value: string | undefined): boolean =>
    wanted === undefined || (value === undefined ? open : wanted.includes(value));
  return (
    (what.domains === undefined || what.domains.some((name) => domains.includes(name))) &&
    (what.services === undefined || what.services.includes(endpoint.service)) &&
    (what.endpoints === undefined ||
      what.endpoints.includes(endpoint.id) ||
      what.endpoints.includes(`${endpoint.service}/*`)) &&
    among(what.methods, method) &&
    among(what.resourceTypes, resource?.type) &&
    among(what.resources, resource && `${resource.type}:${resource.id}`) &&
    among(what.actions, action) &&
    // Path templates have their own tables; here a rule with paths is taken to cover when it allowed, and not when it denied.
    (what.paths === undefined || rule.effect === 'allow')
  );
}

function isPreflight(request: AccessRequest): boolean {
  const { target, headers } = request;
  return (
    'method' in target &&
    target.method === 'OPTIONS' &&
    'origin' in headers &&
    'access-control-request-method' in headers
  );
}
