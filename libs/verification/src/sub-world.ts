import {
  type AccessRequest,
  type Attributes,
  boundService,
  type Directory,
  type Domain,
  type Endpoint,
  readTarget,
  resolve,
  type Rule,
  type World,
} from '#engine';
import { mayConcern } from './vocabulary.js';

/**
 * The part of a world that decides these requests: every voice answers each of them in it as in the whole world. Only
 * the domains around targets and callers keep rules, roles and directories; others that are merely mentioned stay as
 * shells. It is for voices that take long in proportion to the world.
 */
export function subWorld(world: World, requests: readonly AccessRequest[]): World {
  const endpoints = new Set<Endpoint>();
  const callers = new Set<string>();
  const holders = new Set<string>();
  const entities = new Set<string>();
  // What answers an address stays even where a claim forbids it to: without it the address would be another's, or no one's.
  const unclaimed: World = { ...world, domains: new Map() };
  for (const request of requests) {
    const target = readTarget(request);
    const resolution = target === undefined ? undefined : resolve(unclaimed, target);
    if (resolution?.kind === 'found') endpoints.add(resolution.endpoint);
    if (target?.resource !== undefined) entities.add(`${target.resource.type}:${target.resource.id}`);
    if (target?.action !== undefined) entities.add(`action:${target.action.name}`);
    for (const item of request.evidence) {
      const mechanism = world.mechanisms.get(item.mechanism);
      if (mechanism === undefined) continue;
      const principal = `${mechanism.principalType}:${item.subject}`;
      entities.add(principal);
      holders.add(principal);
      for (const group of item.groups) holders.add(`group:${group}`);
      const service = boundService(world, item, mechanism);
      if (service !== undefined) callers.add(service.name);
    }
  }
  for (const name of callers) holders.add(`service:${name}`);
  const touched = [...endpoints];
  return cut(world, {
    endpoints,
    callers,
    mechanisms: requests.flatMap(({ evidence }) => evidence.map(({ mechanism }) => mechanism)),
    keeps: (rule) => touched.some((endpoint) => mayConcern(rule, endpoint)),
    // Any rule of the world whose validity begins or ends soon shortens the life of an answer.
    keepsAnywhere: (rule) => changesSoon(rule, requests),
    directoryOf: ({ directory }) => ({
      assignments: picked(directory.assignments, holders),
      entities: picked(directory.entities, entities),
    }),
  });
}

/** What stays of a world. */
export interface Remainder {
  readonly endpoints: ReadonlySet<Endpoint>;
  /** Services that may call. */
  readonly callers: ReadonlySet<string>;
  readonly mechanisms: readonly string[];
  /** Of the rules of domains around endpoints and callers, and of `*`. */
  readonly keeps: (rule: Rule) => boolean;
  /** Of all other rules. */
  readonly keepsAnywhere: (rule: Rule) => boolean;
  /** Of domains around endpoints and callers. */
  readonly directoryOf: (domain: Domain) => Directory;
}

const NO_ATTRIBUTES: ReadonlyMap<string, Attributes> = new Map();
const NO_ROLES: ReadonlyMap<string, readonly string[]> = new Map();
const NO_DIRECTORY: Directory = { assignments: NO_ROLES, entities: NO_ATTRIBUTES };

export function cut(world: World, remainder: Remainder): World {
  const { endpoints, callers } = remainder;
  const services = new Map(
    [...world.services]
      .map(
        ([name, service]) =>
          [name, { ...service, endpoints: service.endpoints.filter((one) => endpoints.has(one)) }] as const,
      )
      .filter(([name, service]) => service.endpoints.length > 0 || callers.has(name)),
  );
  const touched = new Set(
    [...services.values()]
      .flatMap((service) => [...service.domains, ...service.endpoints.flatMap(({ placements }) => placements)])
      .flatMap(chainNames),
  );
  const rules = new Map<string, readonly Rule[]>();
  for (const { name, rules: owned } of world.domains.values()) {
    const kept = owned.filter((rule) => (touched.has(name) && remainder.keeps(rule)) || remainder.keepsAnywhere(rule));
    if (kept.length > 0) rules.set(name, kept);
  }
  const outside = world.outside.filter((rule) => remainder.keeps(rule) || remainder.keepsAnywhere(rule));
  const { domains, mechanisms } = mentioned(world, {
    domains: [
      ...touched,
      ...rules.keys(),
      ...[outside, ...rules.values()]
        .flat()
        .flatMap(({ who, what }) => [...(who.domains ?? []), ...(what.domains ?? [])]),
      ...[...world.domains.values()].filter(({ addresses }) => addresses.length > 0).map(({ name }) => name),
    ],
    mechanisms: [
      ...remainder.mechanisms,
      ...[...services.values()].flatMap(({ identities }) => identities.map(({ mechanism }) => mechanism)),
    ],
  });
  return {
    domains: new Map(
      [...world.domains]
        .filter(([name]) => domains.has(name))
        .map(([name, domain]) => {
          const kept = { ...domain, rules: rules.get(name) ?? [] };
          if (!touched.has(name)) return [name, { ...kept, roles: [], directory: NO_DIRECTORY }];
          return [name, { ...kept, directory: remainder.directoryOf(domain) }];
        }),
    ),
    outside,
    mechanisms: new Map([...world.mechanisms].filter(([name]) => mechanisms.has(name))),
    services,
    // Decisions never read them.
    enforcementPoints: new Map(),
  };
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
