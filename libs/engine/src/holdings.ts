/** Who holds which roles where: the directory of a snapshot, found by principal. Grows with people, not with rules. */
import type { World } from './model.js';
import type { DomainNode } from './snapshot.js';
import { Cache, TextNumbers } from './texts.js';

/** Roles assigned together, shared by all who hold just these. */
export interface Roles {
  readonly names: readonly string[];
  /** Their numbers in the rule table; 0 for a role that no rule is filed under. */
  readonly numbers: readonly number[];
}

export const NO_ROLES: Roles = Object.freeze({ names: [], numbers: [] });

/** One principal's roles at one domain, and further ones elsewhere. */
export interface Holding {
  readonly domain: DomainNode;
  readonly roles: Roles;
  readonly next: Holding | undefined;
  /** All of them by domain, where they are so many that walking a chain is cheaper than walking the list. */
  readonly wide: ReadonlyMap<DomainNode, Roles> | undefined;
}

/** From this many places on roles are found by walking a chain. */
const WIDE = 16;

/** Places where principals of one type hold roles, in the order in which they are read. */
interface Places {
  /** Principals by id, from 1. */
  readonly numbers: Map<string, number>;
  /** By a principal's number: its last place. */
  readonly last: number[];
  /** Of each place, from 1: the principal's place before (0 for none), the number of the domain, which roles. */
  readonly before: number[];
  readonly domains: number[];
  readonly roles: number[];
}

/** Roles that a principal holds at one domain; no names: none there. */
export interface Placed {
  readonly domain: DomainNode;
  readonly roles: Roles;
}

/** Where principals hold other roles than before: by type, then by id. */
export type Changed = ReadonlyMap<string, ReadonlyMap<string, readonly Placed[]>>;

/** Null: it holds nothing any more. */
type ChangedHoldings = ReadonlyMap<string, Holding | null>;

const NONE_CHANGED: ChangedHoldings = new Map();

/** Who of one type of principal holds roles: plain numbers, from which a holding is made when it is first asked for. */
export class Holders {
  private readonly numbers: TextNumbers;
  private readonly last: Int32Array;
  private readonly before: Int32Array;
  private readonly domains: Int32Array;
  private readonly roles: Int32Array;
  private readonly made: Cache<Holding>;
  /** What became of some since the numbers were written. */
  private readonly changed: ChangedHoldings = NONE_CHANGED;

  /**
   * @param numbered  domains by their number
   * @param shared  what the places' roles stand for
   */
  constructor(
    places: Places,
    private readonly numbered: readonly DomainNode[],
    private readonly shared: readonly Roles[],
  ) {
    this.numbers = new TextNumbers(places.numbers);
    this.last = Int32Array.from(places.last);
    this.before = Int32Array.from(places.before);
    this.domains = Int32Array.from(places.domains);
    this.roles = Int32Array.from(places.roles);
    this.made = new Cache(places.last.length);
  }

  get(id: string): Holding | undefined {
    if (this.changed.size > 0) {
      const changed = this.changed.get(id);
      if (changed !== undefined) return changed ?? undefined;
    }
    const number = this.numbers.get(id);
    return number === 0 ? undefined : (this.made.get(number) ?? this.made.keep(number, this.make(number)));
  }

  get isEmpty(): boolean {
    return this.all().next().done === true;
  }

  /** Everybody, with what they hold. */
  *all(): Generator<readonly [id: string, holding: Holding], void, void> {
    for (const [id, number] of this.numbers.entries()) {
      if (!this.changed.has(id)) yield [id, this.made.get(number) ?? this.make(number)];
    }
    for (const [id, holding] of this.changed) if (holding !== null) yield [id, holding];
  }

  /** These and others share all that was not changed. Costs time in proportion to who ever changed. */
  with(principals: ReadonlyMap<string, readonly Placed[]>): Holders {
    const changed = new Map(this.changed);
    for (const [id, places] of principals) changed.set(id, this.holdingAfter(id, places));
    return Object.assign(noHolders(), this, { changed });
  }

  private holdingAfter(id: string, places: readonly Placed[]): Holding | null {
    const roles = new Map<DomainNode, Roles>();
    for (let held = this.get(id); held !== undefined; held = held.next) roles.set(held.domain, held.roles);
    for (const { domain, roles: next } of places) {
      if (next.names.length === 0) roles.delete(domain);
      else roles.set(domain, next);
    }
    return roles.size === 0 ? null : holdingOf([...roles]);
  }

  private make(number: number): Holding {
    const places: (readonly [DomainNode, Roles])[] = [];
    for (let place = this.last[number]!; place !== 0; place = this.before[place]!) {
      places.push([this.domainAt(place), this.rolesAt(place)]);
    }
    return holdingOf(places);
  }

  private domainAt(place: number): DomainNode {
    return this.numbered[this.domains[place]!]!;
  }

  private rolesAt(place: number): Roles {
    return this.shared[this.roles[place]!]!;
  }
}

/** @param places  at least one */
function holdingOf(places: readonly (readonly [DomainNode, Roles])[]): Holding {
  let next: Holding | undefined;
  for (let index = places.length - 1; index > 0; index--) {
    const [domain, roles] = places[index]!;
    next = { domain, roles, next, wide: undefined };
  }
  const [domain, roles] = places[0]!;
  return { domain, roles, next, wide: places.length > WIDE ? new Map(places) : undefined };
}

function noPlaces(): Places {
  return { numbers: new Map(), last: [0], before: [0], domains: [0], roles: [0] };
}

/** Of nobody. */
export function noHolders(): Holders {
  return new Holders(noPlaces(), [], []);
}
export class Holdings {
  /** By type, then by id, so that no principal need be written out to be found. */
  private readonly byType = new Map<string, Holders>();
  private readonly nobody = noHolders();

  /** @param names  numbers of the names that rules are filed under */
  constructor(private readonly names: TextNumbers) {}

  /** Everybody's roles; said once. */
  assign(world: World, domains: ReadonlyMap<string, DomainNode>): void {
    const shared: Roles[] = [];
    const kinds = new Map<string, number>();
    const byType = new Map<string, Places>();
    for (const { name, directory } of world.domains.values()) {
      const { enter } = domains.get(name)!;
      for (const [principal, names] of directory.assignments) {
        // A role is one line of text, in which there may be spaces.
        const key = names.join('\n');
        let kind = kinds.get(key);
        if (kind === undefined) {
          kinds.set(key, (kind = shared.length));
          shared.push(this.rolesOf(names));
        }
        const colon = principal.indexOf(':');
        const type = principal.slice(0, colon);
        let places = byType.get(type);
        if (places === undefined) byType.set(type, (places = noPlaces()));
        addPlace(places, principal.slice(colon + 1), enter, kind);
      }
    }
    const numbered = [...domains.values()];
    for (const [type, places] of byType) this.byType.set(type, new Holders(places, numbered, shared));
  }

  get isEmpty(): boolean {
    return this.byType.size === 0;
  }

  /** The same but for some principals. */
  with(changed: Changed): Holdings {
    const holdings = new Holdings(this.names);
    for (const [type, holders] of this.byType) holdings.byType.set(type, holders);
    for (const [type, principals] of changed) holdings.byType.set(type, this.ofType(type).with(principals));
    return holdings;
  }

  /** All who hold roles of one type of principal, by id. */
  ofType(type: string): Holders {
    return this.byType.get(type) ?? this.nobody;
  }

  find(type: string, id: string): Holding | undefined {
    return this.byType.get(type)?.get(id);
  }

  /** Roles by name, with their numbers. */
  rolesOf(names: readonly string[]): Roles {
    return { names, numbers: names.map((name) => this.names.get(name)) };
  }
}

function addPlace({ numbers, last, before, domains, roles }: Places, id: string, domain: number, kind: number): void {
  let number = numbers.get(id);
  if (number === undefined) {
    numbers.set(id, (number = last.length));
    last.push(0);
  }
  before.push(last[number]!);
  last[number] = domains.length;
  domains.push(domain);
  roles.push(kind);
}
