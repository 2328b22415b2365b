import {
  type AccessRequest,
  boundService,
  type CanonicalTarget,
  type Directory,
  type Domain,
  type Endpoint,
  holdsHost,
  readTarget,
  resolve,
  type Rule,
  type World,
} from '#engine';
import { mayConcern } from './vocabulary.js';

/**
 * The part of a world that decides these requests: every voice answers each of them in it as in the whole world. Only
 * the domains around targets and callers keep rules, roles and directories, and of those what may concern some request;
 * others that are merely mentioned stay as shells. It is for voices that take long in proportion to the world.
 */
export function subWorld(world: World, requests: readonly AccessRequest[]): World {
  const targets = new Set<Endpoint>();
  const callers = new Set<string>();
  const entities = new Set<string>();
  const canonical = requests.map((request) => readTarget(request));
  for (const [index, request] of requests.entries()) {
    const target = canonical[index];
    const resolution = target === undefined ? undefined : resolve(world, target);
    if (resolution?.kind === 'found') targets.add(resolution.endpoint);
    if (target?.resource !== undefined) entities.add(`${target.resource.type}:${target.resource.id}`);
    if (target?.action !== undefined) entities.add(`action:${target.action.name}`);
    for (const item of request.evidence) {
      const mechanism = world.mechanisms.get(item.mechanism);
      if (mechanism === undefined) continue;
      entities.add(`${mechanism.principalType}:${item.subject}`);
      const service = boundService(world, item, mechanism);
      if (service !== undefined) callers.add(service.name);
    }
  }
  const around = domainsAround(world, targets, callers);
  const presented = presentedBy(world, requests, callers, around);
  return cut(world, {
    endpoints: rivalsFor(world, canonical),
    callers,
    around,
    mechanisms: [...presented.mechanisms],
    keeps: (rule) => mayMatch(rule, presented) && [...targets].some((endpoint) => mayConcern(rule, endpoint)),
    // Any rule of the world whose validity begins or ends soon shortens the life of an answer.
    keepsEdged: (rule) => changesSoon(rule, requests),
    directoryOf: ({ directory }) => ({
      assignments: picked(directory.assignments, presented.holders),
      entities: picked(directory.entities, entities),
    }),
  });
}

/**
 * Endpoints that may answer a target, or keep others from answering it: a more specific host or path takes it away even
 * where it does not list the method.
 */
function rivalsFor(world: World, targets: readonly (CanonicalTarget | undefined)[]): ReadonlySet<Endpoint> {
  const asked = targets.filter((target) => target !== undefined);
  const named = new Set(asked.map((target) => target.named));
  const hosts = [...new Set(asked.map(({ host }) => host))].filter((host) => host !== undefined);
  const types = new Set(asked.map(({ resource }) => resource?.type));
  const anyRpc = asked.some(({ rpc, host }) => rpc && host === undefined);
  const anyTopic = asked.some(({ topic }) => topic !== undefined);
  const isRival = (endpoint: Endpoint): boolean =>
    named.has(endpoint.id) ||
    (anyRpc && endpoint.kind === 'grpc') ||
    endpoint.hosts.some((pattern) => hosts.some((host) => holdsHost(pattern, host))) ||
    endpoint.operations.some(
      (operation) =>
        (anyTopic && operation.kind === 'topic') ||
        (operation.kind === 'resource' && types.has(operation.resourceType)),
    );
  return new Set([...world.services.values()].flatMap(({ endpoints }) => endpoints.filter(isRival)));
}

/** What the callers of some requests present, all together. */
interface Presented {
  readonly callers: ReadonlySet<string>;
  readonly mechanisms: ReadonlySet<string>;
  readonly subjects: ReadonlySet<string>;
  readonly clients: ReadonlySet<string>;
  readonly groups: ReadonlySet<string>;
  readonly scopes: ReadonlySet<string>;
  /** `type:id`, and `type:*` for any of the type. */
  readonly principals: ReadonlySet<string>;
  /** Names under which roles may be assigned. */
  readonly holders: ReadonlySet<string>;
  /** Roles that may be held somewhere around. */
  readonly roles: ReadonlySet<string>;
}

function presentedBy(
  world: World,
  requests: readonly AccessRequest[],
  callers: ReadonlySet<string>,
  around: ReadonlySet<string>,
): Presented {
  const items = requests.flatMap(({ evidence }) => evidence);
  const principals = new Set<string>();
  const groups = new Set(items.flatMap((item) => item.groups));
  const holders = new Set([...groups].map((group) => `group:${group}`));
  for (const { mechanism, subject } of items) {
    const type = world.mechanisms.get(mechanism)?.principalType;
    if (type === undefined) continue;
    principals.add(`${type}:${subject}`).add(`${type}:*`);
    holders.add(`${type}:${subject}`);
  }
  for (const name of callers) holders.add(`service:${name}`);
  return {
    callers,
    mechanisms: new Set(items.map(({ mechanism }) => mechanism)),
    subjects: new Set(items.map(({ subject }) => subject)),
    clients: new Set(
      items
        .flatMap(({ claims }) => [claims['azp'], claims['client_id']])
        .filter((client) => typeof client === 'string'),
    ),
    groups,
    scopes: new Set(items.flatMap(({ scopes }) => scopes)),
    principals,
    holders,
    roles: rolesAround(
      [...around].map((name) => world.domains.get(name)!),
      holders,
    ),
  };
}

/** Roles that any of the holders has on the way to any of the domains: at least all that it has at one of them. */
function rolesAround(around: readonly Domain[], holders: ReadonlySet<string>): ReadonlySet<string> {
  const inherited = new Map<string, readonly string[]>();
  for (const { name, inherits } of around.flatMap(({ roles }) => roles)) {
    inherited.set(name, [...(inherited.get(name) ?? []), ...inherits]);
  }
  const roles = new Set(around.flatMap(({ directory }) => [...picked(directory.assignments, holders).values()].flat()));
  for (const role of roles) for (const each of inherited.get(role) ?? []) roles.add(each);
  return roles;
}

/** Whether some caller may be the one the rule means. A rule with a condition stays: it may read the time. */
function mayMatch({ who, when }: Rule, presented: Presented): boolean {
  const meets = (wanted: readonly string[] | undefined, present: ReadonlySet<string>): boolean =>
    wanted === undefined || wanted.some((name) => present.has(name));
  if (when !== undefined) return true;
  const scopes = who.scopes !== undefined && 'allOf' in who.scopes ? who.scopes.allOf : who.scopes;
  return (
    meets(who.services, presented.callers) &&
    meets(who.mechanisms, presented.mechanisms) &&
    meets(who.subjects, presented.subjects) &&
    meets(who.clients, presented.clients) &&
    meets(who.groups, presented.groups) &&
    meets(who.principals, presented.principals) &&
    meets(scopes, presented.scopes) &&
    meets(who.roles, presented.roles)
  );
}

/** What stays of a world. */
export interface Remainder {
  readonly endpoints: ReadonlySet<Endpoint>;
  /** Services that may call. */
  readonly callers: ReadonlySet<string>;
  /** Domains that keep more than their shell; with each all above it. */
  readonly around: ReadonlySet<string>;
  readonly mechanisms: readonly string[];
  /** Of the rules of these domains, and of `*`. */
  readonly keeps: (rule: Rule) => boolean;
  /** Of all other rules whose validity begins or ends. */
  readonly keepsEdged: (rule: Rule) => boolean;
  /** Of these domains. */
  readonly directoryOf: (domain: Domain) => Directory;
}

const NO_DIRECTORY: Directory = { assignments: new Map(), entities: new Map() };

export function cut(world: World, remainder: Remainder): World {
  const { endpoints, callers, around, keeps, keepsEdged } = remainder;
  const names = new Set([...callers, ...[...endpoints].map(({ service }) => service)]);
  const services = new Map(
    [...names].flatMap((name) => {
      const service = world.services.get(name);
      if (service === undefined) return [];
      return [[name, { ...service, endpoints: service.endpoints.filter((one) => endpoints.has(one)) }] as const];
    }),
  );
  const rules = new Map<string, Rule[]>();
  for (const name of around)
    rules.set(
      name,
      world.domains.get(name)!.rules.filter((rule) => keeps(rule) || keepsEdged(rule)),
    );
  for (const rule of edgedRulesOf(world)) {
    if (!around.has(rule.owner) && keepsEdged(rule)) rules.set(rule.owner, [...(rules.get(rule.owner) ?? []), rule]);
  }
  const outside = world.outside.filter((rule) => keeps(rule) || keepsEdged(rule));
  const kept = [outside, ...rules.values()].flat();
  const { domains, mechanisms } = mentioned(world, {
    domains: [
      ...around,
      ...[...services.values()].flatMap(({ domains, endpoints }) => [
        ...domains,
        ...endpoints.flatMap(({ placements }) => placements),
      ]),
      ...rules.keys(),
      ...kept.flatMap(({ who, what }) => [...(who.domains ?? []), ...(what.domains ?? [])]),
      ...[...world.domains.values()].filter(({ addresses }) => addresses.length > 0).map(({ name }) => name),
    ],
    mechanisms: [
      ...remainder.mechanisms,
      ...[...services.values()].flatMap(({ identities }) => identities.map(({ mechanism }) => mechanism)),
    ],
  });
  return {
    domains: new Map(
      [...domains].sort().map((name) => {
        const domain = { ...world.domains.get(name)!, rules: rules.get(name) ?? [] };
        if (!around.has(name)) return [name, { ...domain, roles: [], directory: NO_DIRECTORY }];
        return [name, { ...domain, directory: remainder.directoryOf(domain) }];
      }),
    ),
    outside,
    mechanisms: new Map([...mechanisms].map((name) => [name, world.mechanisms.get(name)!])),
    services,
    // Decisions never read them.
    enforcementPoints: new Map(),
  };
}

/** Where the endpoints lie and the callers belong, and everything above. */
export function domainsAround(
  world: World,
  endpoints: ReadonlySet<Endpoint>,
  callers: ReadonlySet<string>,
): ReadonlySet<string> {
  const lowest = [
    ...[...endpoints].flatMap(({ placements }) => placements),
    ...[...callers].flatMap((name) => world.services.get(name)?.domains ?? []),
  ];
  return new Set(lowest.flatMap(chainNames));
}

const edgedRules = new WeakMap<World, readonly Rule[]>();

/** Rules of domains whose validity begins or ends. Looked for once a world: there may be very many others. */
function edgedRulesOf(world: World): readonly Rule[] {
  let rules = edgedRules.get(world);
  if (rules === undefined) {
    rules = [...world.domains.values()].flatMap((domain) =>
      domain.rules.filter(({ notBefore, notAfter }) => notBefore !== undefined || notAfter !== undefined),
    );
    edgedRules.set(world, rules);
  }
  return rules;
}

interface Names {
  readonly domains: readonly string[];
  readonly mechanisms: readonly string[];
}

/** These domains and mechanisms, and all that they mention in turn. */
function mentioned(world: World, start: Names): { domains: ReadonlySet<string>; mechanisms: ReadonlySet<string> } {
  const domains = new Set<string>();
  const mechanisms = new Set<string>();
  const addMechanism = (name: string): void => {
    const mechanism = world.mechanisms.get(name);
    if (mechanism === undefined || mechanisms.has(name)) return;
    mechanisms.add(name);
    addDomain(mechanism.owner);
  };
  const addDomain = (lowest: string): void => {
    for (const name of chainNames(lowest)) {
      const domain = world.domains.get(name);
      if (domain === undefined || domains.has(name)) continue;
      domains.add(name);
      for (const set of [domain.trust ?? [], domain.access ?? [], domain.recognizes]) set.forEach(addMechanism);
    }
  };
  start.domains.forEach(addDomain);
  start.mechanisms.forEach(addMechanism);
  return { domains, mechanisms };
}

/** The name, its parent's, … up to the top. */
function chainNames(name: string): readonly string[] {
  const labels = name.split('.');
  return labels.map((_, index) => labels.slice(0, labels.length - index).join('.'));
}

function changesSoon({ notBefore, notAfter }: Rule, requests: readonly AccessRequest[]): boolean {
  if (notBefore === undefined && notAfter === undefined) return false;
  return requests.some(({ time, maxTtlSeconds }) =>
    [notBefore, notAfter].some((edge) => edge !== undefined && edge > time && edge <= time + maxTtlSeconds * 1000),
  );
}

function picked<Value>(map: ReadonlyMap<string, Value>, keys: ReadonlySet<string>): ReadonlyMap<string, Value> {
  const found = new Map<string, Value>();
  for (const key of keys) {
    const value = map.get(key);
    if (value !== undefined) found.set(key, value);
  }
  return found;
}
