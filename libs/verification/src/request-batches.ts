import {
  type AccessRequest,
  type Domain,
  type Endpoint,
  isWithin,
  OUTSIDE,
  type Rule,
  type Service,
  type World,
} from '#engine';
import { Chance } from './chance.js';
import { requestsFor } from './random-request.js';
import { cut, domainsAround } from './sub-world.js';
import { chainOf, mayConcern } from './vocabulary.js';

/** Requests of a batch: what is prepared for a batch pays off, and a large world's is ready soon. */
const BATCH = 25;
const BATCH_OF_LARGE = 10;
/** Rules, assignments and endpoints up to which requests are made up about the whole world at once. */
const SMALL = 5_000;
/** Endpoints and callers that a batch is about where the world is larger. */
const ENDPOINTS = 3;
const CALLERS = 2;
/** Neighbours of an endpoint that may call it: such calls cross few boundaries or none. */
const NEIGHBOURS = 2;

/**
 * Requests about a world without end, some at a time. In a large world each batch is about a few endpoints and callers,
 * for looking at all of it takes too long. Equal worlds and seeds give equal batches.
 */
export function* requestBatches(world: World, seed: number): Generator<readonly AccessRequest[], never> {
  if (sizeOf(world) <= SMALL) {
    const requests = requestsFor(world, seed);
    for (;;) yield take(requests, BATCH);
  }
  const chance = new Chance(seed);
  const places = placesOf(world);
  for (;;) yield take(requestsFor(neighbourhood(world, places, chance), chance.below(2 ** 31)), BATCH_OF_LARGE);
}

/** Roles that principals were given or lost, by domain and then by principal. */
export type Concerned = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;

/**
 * Requests without end by these principals, where what changed for them matters: at endpoints in the subtrees of the
 * domains at which it did. Equal arguments give equal batches.
 */
export function* requestsAbout(
  world: World,
  concerned: Concerned,
  seed: number,
): Generator<readonly AccessRequest[], never> {
  const chance = new Chance(seed);
  const places = placesOf(world);
  const within = [...concerned.keys()].map((name) => ({
    endpoints: places.endpoints.filter(({ placements }) => placements.some((placement) => isWithin(placement, name))),
  }));
  for (;;) {
    const place = chance.pick(within);
    const isEmpty = place === undefined || place.endpoints.length === 0;
    // Without domains no mark leads to an endpoint elsewhere.
    const near = isEmpty ? places : { ...places, endpoints: place.endpoints, domains: [] };
    yield take(requestsFor(neighbourhood(world, near, chance, concerned), chance.below(2 ** 31)), BATCH_OF_LARGE);
  }
}

/**
 * Requests without end at endpoints that some rules may be about, where their owners have a say: what these rules change
 * is there. Equal arguments give equal batches.
 *
 * @param rules  that came, or went
 */
export function* requestsAtRules(
  world: World,
  rules: readonly Rule[],
  seed: number,
): Generator<readonly AccessRequest[], never> {
  const chance = new Chance(seed);
  const places = placesOf(world);
  for (;;) {
    const rule = chance.pick(rules);
    const endpoints = rule === undefined ? [] : places.endpoints.filter((endpoint) => hasSayAt(rule, endpoint));
    const callers = places.callers.filter((caller) => rule !== undefined && isSentBy(rule, caller));
    // Without domains no mark leads to an endpoint elsewhere.
    const near = endpoints.length === 0 ? places : { ...places, endpoints, domains: [] };
    const by = callers.length === 0 ? near : { ...near, callers };
    yield take(requestsFor(neighbourhood(world, by, chance), chance.below(2 ** 31)), BATCH_OF_LARGE);
  }
}

function hasSayAt(rule: Rule, endpoint: Endpoint): boolean {
  const isThere = endpoint.placements.some((name) => isWithin(name, rule.owner));
  return mayConcern(rule, endpoint) && (rule.owner === OUTSIDE || isThere === (rule.direction === 'in'));
}

/** Whether a rule on the way out stands in this caller's way, which none of others does. */
function isSentBy({ owner, direction }: Rule, { domains }: Service): boolean {
  return direction === 'out' && owner !== OUTSIDE && domains.some((name) => isWithin(name, owner));
}

function take(requests: Generator<AccessRequest, never>, count: number): readonly AccessRequest[] {
  return Array.from({ length: count }, () => requests.next().value);
}

interface Places {
  readonly endpoints: readonly Endpoint[];
  readonly byId: ReadonlyMap<string, Endpoint>;
  readonly domains: readonly Domain[];
  readonly callers: readonly Service[];
  /** Callers by membership. */
  readonly residents: ReadonlyMap<string, readonly Service[]>;
}

function placesOf(world: World): Places {
  const services = [...world.services.values()];
  const endpoints = services.flatMap((service) => service.endpoints);
  const callers = services.filter(({ identities }) => identities.length > 0);
  const residents = new Map<string, Service[]>();
  for (const caller of callers) {
    for (const name of caller.domains) residents.set(name, [...(residents.get(name) ?? []), caller]);
  }
  return {
    endpoints,
    byId: new Map(endpoints.map((endpoint) => [endpoint.id, endpoint])),
    domains: [...world.domains.values()],
    callers,
    residents,
  };
}

/** @param holders  whom requests are to be by; absent: whoever holds a role there */
function neighbourhood(world: World, places: Places, chance: Chance, holders?: Concerned): World {
  const endpoints = new Set<Endpoint>();
  const callers = new Set<string>();
  for (let count = 0; count < ENDPOINTS; count += 1) {
    const mark = chance.percent(50) ? chance.pick(chance.pick(places.domains)?.boundary ?? []) : undefined;
    const endpoint = (mark === undefined ? undefined : places.byId.get(mark)) ?? chance.pick(places.endpoints);
    if (endpoint === undefined) continue;
    endpoints.add(endpoint);
    const near = endpoint.placements
      .flatMap((name) => chainOf(world, name))
      .flatMap(({ name }) => places.residents.get(name) ?? []);
    for (let index = 0; index < NEIGHBOURS; index += 1) {
      const neighbour = chance.pick(near);
      if (neighbour !== undefined) callers.add(neighbour.name);
    }
  }
  for (let count = 0; count < CALLERS; count += 1) {
    const caller = chance.pick(places.callers);
    if (caller !== undefined) callers.add(caller.name);
  }
  return cut(world, {
    endpoints,
    callers,
    around: domainsAround(world, endpoints, callers),
    mechanisms: [],
    keeps: (rule) => [...endpoints].some((endpoint) => mayConcern(rule, endpoint)),
    keepsEdged: () => false,
    directoryOf: ({ name, directory }) =>
      holders === undefined ? directory : { ...directory, assignments: holders.get(name) ?? NOBODY },
  });
}

const NOBODY: ReadonlyMap<string, readonly string[]> = new Map();

function sizeOf(world: World): number {
  let size = world.outside.length;
  for (const { rules, directory } of world.domains.values()) size += rules.length + directory.assignments.size;
  for (const { endpoints } of world.services.values()) size += endpoints.length;
  return size;
}
