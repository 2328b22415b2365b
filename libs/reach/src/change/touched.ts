/**
 * What a change can reach: whatever is asked elsewhere is decided by both worlds alike. It is read off the semantics part
 * by part, and where a part may matter it is taken to matter.
 *
 * @see docs/decisions/0031-flips-are-two-decisions.md
 */
import type { Domain, Endpoint, IdentityBinding, Mechanism, Rule, Service, World } from '#engine';
import { OUTSIDE } from '#engine';
import { isInForce, lineages, mayConcern } from '../concerned.js';
import { mindingDomains } from '../minding.js';
import { hasCondition } from '../without-conditions.js';
import { isSame } from './same.js';

/** A world before a change, and the same one after it. */
export interface Worlds {
  readonly before: World;
  readonly after: World;
}

/** Why an endpoint is touched: `rules`: some changed rules concern it; `all`: anything may be otherwise there. */
export type Touch = 'rules' | 'all';

export interface Touched {
  /** Endpoints, whoever asks for them; by `service/endpoint`. */
  readonly endpoints: ReadonlyMap<string, Touch>;
  /** Services, whatever they call. */
  readonly callers: ReadonlySet<string>;
  /** Mechanisms, wherever a credential of theirs is brought. */
  readonly mechanisms: ReadonlySet<string>;
  /** What credentials bind to a service that is otherwise now, wherever they are brought. */
  readonly subjects: readonly IdentityBinding[];
  /** Who holds other roles than before (`type:id`, `group:name`), by the domain that assigns them: matters below it. */
  readonly holders: ReadonlyMap<string, ReadonlySet<string>>;
  /** Ids of the rules that are new, different or gone. */
  readonly rules: ReadonlySet<string>;
  /** Endpoints that answer by other addresses, methods or names than before. */
  readonly answering: ReadonlySet<string>;
  /** Endpoints that may answer where another one did, or did not, by either. */
  readonly rivals: ReadonlyMap<string, ReadonlySet<string>>;
}

/** With more changed rules at one domain than this, all of them together are taken to concern every endpoint below. */
const MOST_COMPARED = 200;

/** @param time  of every request, in milliseconds since the epoch */
export function touchedBy(worlds: Worlds, time: number): Touched {
  return new Comparison(worlds, time).touched();
}

export function endpointsOf({ services }: World): readonly Endpoint[] {
  return [...services.values()].flatMap(({ endpoints }) => endpoints);
}

class Comparison implements Touched {
  readonly endpoints = new Map<string, Touch>();
  readonly callers = new Set<string>();
  readonly mechanisms = new Set<string>();
  readonly subjects: IdentityBinding[] = [];
  readonly holders = new Map<string, Set<string>>();
  readonly rules = new Set<string>();
  readonly answering = new Set<string>();
  readonly rivals = new Map<string, Set<string>>();

  readonly #both: readonly World[];
  /** Of both worlds: an endpoint that is placed otherwise stands here twice. */
  readonly #endpoints: readonly { readonly endpoint: Endpoint; readonly around: ReadonlySet<string> }[];
  readonly #services: readonly { readonly service: Service; readonly around: ReadonlySet<string> }[];
  /** Domains, in either world, that look at who leaves them. */
  readonly #minding: ReadonlySet<string>;
  readonly #changed: Rule[] = [];

  constructor(
    private readonly worlds: Worlds,
    private readonly time: number,
  ) {
    this.#both = [worlds.before, worlds.after];
    this.#endpoints = this.#both.flatMap((world) =>
      endpointsOf(world).map((endpoint) => ({ endpoint, around: lineages(endpoint.placements) })),
    );
    this.#services = this.#both.flatMap((world) =>
      [...world.services.values()].map((service) => ({ service, around: lineages(service.domains) })),
    );
    this.#minding = new Set(this.#both.flatMap((world) => [...mindingDomains(world)]));
  }

  touched(): Touched {
    const { before, after } = this.worlds;
    for (const name of keysOf(before.mechanisms, after.mechanisms))
      this.#mechanism(before.mechanisms.get(name), after.mechanisms.get(name));
    for (const name of keysOf(before.services, after.services))
      this.#service(before.services.get(name), after.services.get(name));
    for (const name of keysOf(before.domains, after.domains))
      this.#domain(name, before.domains.get(name), after.domains.get(name));
    this.#compareRules(before.outside, after.outside);
    this.#reachOfRules();
    return this;
  }

  #mechanism(one: Mechanism | undefined, other: Mechanism | undefined): void {
    // Who may assert it is judged before a decision.
    const meaning = (mechanism: Mechanism | undefined) => mechanism && { ...mechanism, assertableBy: [] };
    if (!isSame(meaning(one), meaning(other))) this.#touchMechanism((one ?? other)!.name);
  }

  /** Its credentials wherever they are brought, and whoever proves by it to be a service. */
  #touchMechanism(name: string): void {
    this.mechanisms.add(name);
    for (const { service } of this.#services)
      if (service.identities.some(({ mechanism }) => mechanism === name)) this.callers.add(service.name);
  }

  #service(one: Service | undefined, other: Service | undefined): void {
    const asCaller = (service: Service | undefined) => service && [service.domains, service.identities];
    if (!isSame(asCaller(one), asCaller(other))) {
      this.callers.add((one ?? other)!.name);
      this.#touchCredentialsOf([one, other]);
    }
    const [before, after] = [byId(one?.endpoints ?? []), byId(other?.endpoints ?? [])];
    for (const id of keysOf(before, after)) this.#endpoint(before.get(id), after.get(id));
  }

  #endpoint(one: Endpoint | undefined, other: Endpoint | undefined): void {
    if (isSame(one, other)) return;
    const { id } = (one ?? other)!;
    this.endpoints.set(id, 'all');
    const addressing = (endpoint: Endpoint | undefined) => endpoint && { ...endpoint, placements: [] };
    if (isSame(addressing(one), addressing(other))) return;
    this.answering.add(id);
    const sides = [one, other].flatMap((endpoint) => endpoint ?? []);
    const rivals = this.#endpoints.filter(
      ({ endpoint }) => endpoint.id !== id && sides.some((side) => mayAnswerFor(side, endpoint)),
    );
    for (const { endpoint } of rivals) {
      this.endpoints.set(endpoint.id, 'all');
      this.#rival(id, endpoint.id);
      this.#rival(endpoint.id, id);
    }
  }

  #rival(one: string, other: string): void {
    const known = this.rivals.get(one);
    if (known === undefined) this.rivals.set(one, new Set([other]));
    else known.add(other);
  }

  #domain(name: string, one: Domain | undefined, other: Domain | undefined): void {
    if (one === undefined || other === undefined) {
      this.#touchEndpointsBelow(name);
      this.#touchCallersBelow(name);
    } else {
      this.#properties(one, other);
      this.#directory(one, other);
    }
    this.#compareRules(one?.rules ?? [], other?.rules ?? []);
  }

  /** Each part by what of section 4 of the semantics reads it. */
  #properties(one: Domain, other: Domain): void {
    const { name } = one;
    const differ = (member: keyof Domain): boolean => !isSame(one[member], other[member]);
    if (differ('zeroTrust')) this.#touchEndpointsBelow(name);
    if (differ('egress') || differ('trust') || differ('recognizes')) this.#touchCallersBelow(name);
    if (differ('mode')) {
      this.#touchEndpointsBelow(name);
      this.#touchCallersBelow(name);
    }
    if (differ('suspended')) this.#suspension(name);
    if (differ('access')) {
      this.#touchEndpointsBelow(name);
      this.#touchMindedBelow(name);
    }
    if (differ('boundary')) {
      const marks = [...one.boundary, ...other.boundary].filter(
        (mark) => !(one.boundary.includes(mark) && other.boundary.includes(mark)),
      );
      this.#touchEndpointsBelow(name, ({ id, service }) => marks.includes(id) || marks.includes(`${service}/*`));
    }
    if (differ('addresses')) {
      const hosts = [...one.addresses, ...other.addresses].map(({ host }) => host);
      for (const { endpoint } of this.#endpoints)
        if (hosts.some((host) => endpoint.hosts.some((own) => mayMeet(host, own))))
          this.endpoints.set(endpoint.id, 'all');
    }
    if (differ('roles')) {
      this.#touchEndpointsBelow(name);
      this.#touchMindedBelow(name);
    }
  }

  /** What lies below, who comes from there, and whatever is proven by what belongs there. */
  #suspension(name: string): void {
    this.#touchEndpointsBelow(name);
    this.#touchCallersBelow(name);
    for (const world of this.#both)
      for (const { name: mechanism, owner } of world.mechanisms.values())
        if (lineages([owner]).has(name)) this.#touchMechanism(mechanism);
    this.#touchCredentialsOf(this.#services.filter(({ around }) => around.has(name)).map(({ service }) => service));
  }

  #directory(one: Domain, other: Domain): void {
    const { name } = one;
    const [before, after] = [one.directory, other.directory];
    const changed = [...keysOf(before.assignments, after.assignments)].filter((holder) => {
      if (isSame(before.assignments.get(holder), after.assignments.get(holder))) return false;
      const roles = [before, after].map(({ assignments }) => [...(assignments.get(holder) ?? [])].sort());
      return !isSame(roles[0], roles[1]);
    });
    for (const holder of changed) if (holder.startsWith('service:')) this.callers.add(holder.slice('service:'.length));
    if (changed.length > 0) {
      this.holders.set(name, new Set(changed));
      this.#touchMindedBelow(name);
    }
    if (!isSame(before.entities, after.entities)) {
      // Nothing but a condition reads them.
      const isRead = (endpoint: Endpoint): boolean =>
        this.#both.some((world) =>
          [...lineages(endpoint.placements)].some((domain) => world.domains.get(domain)?.rules.some(hasCondition)),
        );
      this.#touchEndpointsBelow(name, isRead);
      this.#touchMindedBelow(name);
    }
  }

  #compareRules(one: readonly Rule[], other: readonly Rule[]): void {
    const [before, after] = [byId(one), byId(other)];
    for (const id of keysOf(before, after)) {
      const sides = [before.get(id), after.get(id)];
      if (isSame(sides[0], sides[1])) continue;
      const counting = sides.flatMap((rule) => (rule !== undefined && isInForce(rule, this.time) ? [rule] : []));
      if (counting.length === 0) continue;
      this.rules.add(id);
      this.#changed.push(...counting);
    }
  }

  #reachOfRules(): void {
    const owned = new Map<string, Rule[]>();
    for (const rule of this.#changed) {
      const key = `${rule.direction} ${rule.owner}`;
      const rules = owned.get(key);
      if (rules === undefined) owned.set(key, [rule]);
      else rules.push(rule);
    }
    for (const { endpoint, around } of this.#endpoints) {
      if (this.endpoints.has(endpoint.id)) continue;
      const concerned = [OUTSIDE, ...around].some((owner) => {
        const rules = owned.get(`in ${owner}`) ?? [];
        return rules.length > MOST_COMPARED || rules.some((rule) => mayConcern(rule, endpoint));
      });
      if (concerned) this.endpoints.set(endpoint.id, 'rules');
    }
    for (const { service, around } of this.#services)
      if ([OUTSIDE, ...around].some((owner) => owned.has(`out ${owner}`))) this.callers.add(service.name);
  }

  #touchEndpointsBelow(name: string, isMeant: (endpoint: Endpoint) => boolean = () => true): void {
    for (const { endpoint, around } of this.#endpoints)
      if (around.has(name) && isMeant(endpoint)) this.endpoints.set(endpoint.id, 'all');
  }

  #touchCallersBelow(name: string): void {
    for (const { service, around } of this.#services) if (around.has(name)) this.callers.add(service.name);
  }

  /** Services below whose leaving is looked at. */
  #touchMindedBelow(name: string): void {
    for (const { service, around } of this.#services)
      if (around.has(name) && [...around].some((domain) => this.#minding.has(domain))) this.callers.add(service.name);
  }

  #touchCredentialsOf(services: readonly (Service | undefined)[]): void {
    for (const service of services)
      for (const identity of service?.identities ?? [])
        if (this.#both.some(({ mechanisms }) => mechanisms.get(identity.mechanism)?.role === 'access'))
          this.subjects.push(identity);
  }
}

/** Whether a request for one endpoint may lead to another one, were the first not there. */
function mayAnswerFor(one: Endpoint, other: Endpoint): boolean {
  // A gRPC method is also found without its host, a topic and a resource have none.
  if (one.kind !== other.kind) return isByHost(one) && isByHost(other) && meetAtHosts(one, other);
  return one.kind === 'http' ? meetAtHosts(one, other) : true;
}

function isByHost({ kind }: Endpoint): boolean {
  return kind === 'http' || kind === 'grpc';
}

function meetAtHosts({ hosts }: Endpoint, other: Endpoint): boolean {
  return hosts.some((host) => other.hosts.some((second) => mayMeet(host, second)));
}

/** Whether some host is held by both patterns. */
function mayMeet(one: string, other: string): boolean {
  const [left, right] = [one.replace(/^\*/, ''), other.replace(/^\*/, '')];
  return left === right || (one !== left && right.endsWith(left)) || (other !== right && left.endsWith(right));
}

export function byId<Item extends { readonly id: string }>(items: readonly Item[]): ReadonlyMap<string, Item> {
  return new Map(items.map((item) => [item.id, item]));
}

function keysOf(one: ReadonlyMap<string, unknown>, other: ReadonlyMap<string, unknown>): ReadonlySet<string> {
  return new Set([...one.keys(), ...other.keys()]);
}
