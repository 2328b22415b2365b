import type { Attributes, Endpoint, Json, Rule, Service } from '#engine';
import type { Chance } from './chance.js';
import { allowsFor, chainOf, mayConcern, type Vocabulary } from './vocabulary.js';

/** What one random request is about: an endpoint, rules that might decide it, and who might ask. */
export interface Scene {
  readonly vocabulary: Vocabulary;
  readonly endpoint: Endpoint;
  /** The placement aimed at; undefined for an external endpoint. */
  readonly placement: string | undefined;
  /** One allow of each domain on the way in and out, where there is one, and sometimes a deny. */
  readonly rules: readonly Rule[];
  readonly actor: Service | undefined;
  /** Whose id most credentials and many parameters are. */
  readonly person: string;
  /** Up to `count` texts that the rules mention, or made up. */
  texts(count: number): readonly string[];
  /**
   * A map of members that conditions read below a dotted root.
   *
   * @param percent  how often a member that no rule of this scene reads is there too
   */
  invented(root: string, percent: number): Attributes;
}

/** @returns undefined when the world has no endpoints */
export function randomScene(chance: Chance, vocabulary: Vocabulary): Scene | undefined {
  const { world, conditions } = vocabulary;
  const endpoint = randomEndpoint(chance, vocabulary);
  if (endpoint === undefined) return undefined;
  const placement = chance.pick(endpoint.placements);
  const inward = placement === undefined ? [] : chainOf(world, placement).map(({ name }) => name);
  const onTheWayIn = inward
    .map((name) => chance.pick(allowsFor(world, name, 'in', endpoint)))
    .filter((rule) => rule !== undefined);
  const actor = randomActor(chance, vocabulary, onTheWayIn, inward);
  const exits = (actor?.domains ?? []).flatMap((name) => chainOf(world, name).map((domain) => domain.name));
  const onTheWayOut = exits
    .map((name) => chance.pick(allowsFor(world, name, 'out', endpoint)))
    .filter((rule) => rule !== undefined);
  const denies = vocabulary.rules.filter((rule) => rule.effect === 'deny' && mayConcern(rule, endpoint));
  const deny = chance.percent(20) ? chance.pick(denies) : undefined;
  const rules = [...onTheWayIn, ...onTheWayOut, ...(deny === undefined ? [] : [deny])];
  const hints = rules.map(({ id }) => conditions.get(id)).filter((hint) => hint !== undefined);
  const others = [...conditions.values()];
  const ids = [...vocabulary.entityIds.values()].flat();
  const holders = rules.flatMap(({ who }) =>
    (who.roles ?? []).flatMap((role) => vocabulary.roleHolders.get(role) ?? []),
  );
  const people = [...holders, ...rules.flatMap(({ who }) => who.principals ?? [])]
    .filter(
      (principal) => !principal.startsWith('group:') && !principal.startsWith('service:') && !principal.endsWith(':*'),
    )
    .map((principal) => principal.slice(principal.indexOf(':') + 1));
  const person = chance.pick(people) ?? chance.pick([...ids.slice(0, 20), 'u-1', 'u-2', 'u-3'])!;

  const value = (constants: readonly Json[]): Json => {
    if (constants.length > 0 && chance.percent(75)) {
      return chance.percent(85) ? chance.pick(constants)! : chance.some(constants, 60);
    }
    return chance.pick<Json>([person, ...ids.slice(0, 20), 'x', '', true, false, 0, 1, 3.5, null, ['x']])!;
  };
  const invented = (root: string, percent: number): Attributes => {
    const map: { [member: string]: Json } = Object.create(null);
    const depth = root.split('.').length;
    const stray = chance.percent(percent) ? chance.pick(others) : undefined;
    for (const { reads, constants } of stray === undefined ? hints : [...hints, stray]) {
      for (const path of reads) {
        if (path.slice(0, depth).join('.') === root && chance.percent(90))
          put(map, path.slice(depth), value(constants));
      }
    }
    return map;
  };
  const texts = (count: number): readonly string[] => {
    const mentioned = hints.flatMap(({ constants }) => constants).filter((constant) => typeof constant === 'string');
    const pool = [...mentioned, ...ids.slice(0, 20), 'x', '101'];
    return Array.from({ length: count }, () => (chance.percent(50) ? person : chance.pick(pool)!)).filter(
      (text) => text !== '',
    );
  };
  return { vocabulary, endpoint, placement, rules, actor, person, texts, invented };
}

/** Endpoints that some domain marks come twice as often: what is interior to everything mostly says `NOT_VISIBLE`. */
function randomEndpoint(chance: Chance, { world, endpoints, domainNames }: Vocabulary): Endpoint | undefined {
  if (chance.percent(50)) {
    const mark = chance.pick(world.domains.get(chance.pick(domainNames) ?? '')?.boundary ?? []);
    const marked = endpoints.filter(({ id, service }) => mark === id || mark === `${service}/*`);
    if (marked.length > 0) return chance.pick(marked);
  }
  return chance.pick(endpoints);
}

function randomActor(
  chance: Chance,
  { world }: Vocabulary,
  rules: readonly Rule[],
  inward: readonly string[],
): Service | undefined {
  const services = [...world.services.values()].filter(({ identities }) => identities.length > 0);
  const named = rules.flatMap((rule) => rule.who.services ?? []);
  const wanted = services.filter(({ name }) => named.includes(name));
  if (wanted.length > 0 && chance.percent(70)) return chance.pick(wanted);
  const homes = rules.flatMap((rule) => rule.who.domains ?? []);
  const locals = services.filter(({ domains }) => domains.some((own) => homes.some((home) => isWithin(own, home))));
  if (locals.length > 0 && chance.percent(60)) return chance.pick(locals);
  if (inward.length === 0) return chance.percent(80) ? chance.pick(services) : undefined;
  const neighbours = services.filter(({ domains }) =>
    domains.some((own) => inward.some((name) => isWithin(own, name))),
  );
  if (neighbours.length > 0 && chance.percent(35)) return chance.pick(neighbours);
  return chance.percent(25) ? chance.pick(services) : undefined;
}

function isWithin(name: string, ancestor: string): boolean {
  return name === ancestor || name.startsWith(`${ancestor}.`);
}

/** Sets a nested member; a member that is already there as something else stays. */
function put(map: { [member: string]: Json }, path: readonly string[], value: Json): void {
  const [member, ...rest] = path;
  if (member === undefined) return;
  if (rest.length === 0) {
    map[member] ??= value;
    return;
  }
  const inner = map[member] ?? Object.create(null);
  if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return;
  put(inner as { [member: string]: Json }, rest, value);
  map[member] = inner;
}
