/** Who holds which roles where: the directory of a snapshot, found by principal. Grows with people, not with rules. */
import type { World } from './model.js';
import type { DomainNode } from './snapshot.js';

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

const NOBODY: ReadonlyMap<string, Holding> = new Map();

/** From this many places on roles are found by walking a chain. */
const WIDE = 16;

export class Holdings {
  /** By type, then by id, so that no principal need be written out to be found. */
  private readonly byType = new Map<string, Map<string, Holding>>();
  private readonly shared = new Map<string, Roles>();

  /** @param names  numbers of the names that rules are filed under */
  constructor(private readonly names: ReadonlyMap<string, number>) {}

  /** Everybody's roles; said once. */
  assign(world: World, domains: ReadonlyMap<string, DomainNode>): void {
    for (const { name, directory } of world.domains.values()) {
      const domain = domains.get(name)!;
      for (const [principal, roles] of directory.assignments) this.add(principal, domain, roles);
    }
    for (const principals of this.byType.values()) widen(principals);
  }

  get isEmpty(): boolean {
    return this.byType.size === 0;
  }

  /** All who hold roles of one type of principal, by id. */
  ofType(type: string): ReadonlyMap<string, Holding> {
    return this.byType.get(type) ?? NOBODY;
  }

  find(type: string, id: string): Holding | undefined {
    return this.byType.get(type)?.get(id);
  }

  /** Roles by name, with their numbers. */
  rolesOf(names: readonly string[]): Roles {
    return { names, numbers: names.map((name) => this.names.get(name) ?? 0) };
  }

  private add(principal: string, domain: DomainNode, names: readonly string[]): void {
    const colon = principal.indexOf(':');
    const type = principal.slice(0, colon);
    let principals = this.byType.get(type);
    if (principals === undefined) this.byType.set(type, (principals = new Map()));
    const id = principal.slice(colon + 1);
    const key = names.join(' ');
    let roles = this.shared.get(key);
    if (roles === undefined) this.shared.set(key, (roles = this.rolesOf(names)));
    principals.set(id, { domain, roles, next: principals.get(id), wide: undefined });
  }
}

function widen(principals: Map<string, Holding>): void {
  for (const [id, first] of principals) {
    if (first.next === undefined) continue;
    const wide = new Map<DomainNode, Roles>();
    for (let at: Holding | undefined = first; at !== undefined; at = at.next) wide.set(at.domain, at.roles);
    if (wide.size > WIDE) principals.set(id, { ...first, wide });
  }
}
