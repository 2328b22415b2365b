import {
  type AccessRequest,
  type Directory,
  type Domain,
  type Endpoint,
  type EntityChange,
  isWithin,
  OUTSIDE,
  type Rule,
  type Service,
  type World,
} from '#engine';
import { Chance } from './chance.js';
import { requestsFor } from './random-request.js';
import { cut, domainsAround } from './sub-world.js';
import { aimedAt, kindsOf, takes } from './touching.js';
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

/** What a batch in a large world is about; absent: whatever stands there. */
interface Subject {
  /** Whom requests are by. */
  readonly holders?: Concerned;
  /** By `type:id`: of all that is stored. */
  readonly entities?: Directory['entities'];
}

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
    yield take(
      requestsFor(neighbourhood(world, near, chance, { holders: concerned }), chance.below(2 ** 31)),
      BATCH_OF_LARGE,
    );
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
    const near = placesAt(chance.pick(rules), places);
    yield take(requestsFor(neighbourhood(world, near, chance), chance.below(2 ** 31)), BATCH_OF_LARGE);
  }
}

/**
 * Requests without end about these people and things, or by them, where rules read what is stored of them. Equal arguments
 * give equal batches.
 *
 * @param changes  of what is stored in this world
 */
export function* requestsAtEntities(
  world: World,
  changes: readonly EntityChange[],
  seed: number,
): Generator<readonly AccessRequest[], never> {
  const chance = new Chance(seed);
  const places = placesOf(world);
  for (;;) {
    const change = chance.pick(changes)!;
    const kinds = kindsOf(change, world, places.endpoints);
    const readers = kinds.flatMap((kind) => [...readersOf(world, change.domain, kind)]);
    const near = placesAt(chance.pick(readers), places);
    const taking = kinds.includes('resource') ? near.endpoints.filter((endpoint) => takes(endpoint, change)) : [];
    const at = taking.length === 0 ? near : { ...near, endpoints: taking, domains: [] };
    const entities = new Map([[change.entity, change.attributes ?? {}]]);
    const made = requestsFor(neighbourhood(world, at, chance, { entities }), chance.below(2 ** 31));
    yield take(made, BATCH_OF_LARGE).map((request) => aimedAt(request, change, world));
  }
}

/** Rules that see what is stored at a domain, and may look at it. */
function* readersOf(world: World, domain: string, root: string): Generator<Rule> {
  for (const { name, rules } of world.domains.values()) {
    if (!isWithin(name, domain)) continue;
    for (const rule of rules) if (mentions(rule, root)) yield rule;
  }
}

/** By the spelling: one that only looks so costs a little of what these requests are for. */
function mentions({ when, obligations }: Rule, root: string): boolean {
  return (
    (when?.includes(root) ?? false) || (obligations.length > 0 && JSON.stringify(obligations).includes(`{${root}`))
  );
}

/** Where a rule has a say, as far as there is such a place. */
function placesAt(rule: Rule | undefined, places: Places): Places {
  const endpoints = rule === undefined ? [] : places.endpoints.filter((endpoint) => hasSayAt(rule, endpoint));
  const callers = places.callers.filter((caller) => rule !== undefined && isSentBy(rule, caller));
  // Without domains no mark leads to an endpoint elsewhere.
  const near = endpoints.length === 0 ? places : { ...places, endpoints, domains: [] };
  return callers.length === 0 ? near : { ...near, callers };
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

function neighbourhood(world: World, places: Places, chance: Chance, { holders, entities }: Subject = {}): World {
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
    directoryOf: ({ name, directory }) => ({
      assignments: holders === undefined ? directory.assignments : (holders.get(name) ?? NOBODY),
      entities: entities ?? directory.entities,
    }),
  });
}

const NOBODY: ReadonlyMap<string, readonly string[]> = new Map();

function sizeOf(world: World): number {
  let size = world.outside.length;
  for (const { rules, directory } of world.domains.values()) size += rules.length + directory.assignments.size;
  for (const { endpoints } of world.services.values()) size += endpoints.length;
  return size;
}
