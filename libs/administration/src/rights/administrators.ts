import { DefaultRoleManager, type Enforcer, newEnforcer, newModelFromString } from 'casbin';
import type { Administrator } from '#engine';
import { type AdministratorRole, type Grant, placesAbove, type Right, ROLE_RIGHTS } from './right.js';

/** RBAC with domains: who holds a role at a place, and what that role may. */
const MODEL = `
[request_definition]
r = holder, place, right
[policy_definition]
p = role, right
[role_definition]
g = _, _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.right == p.right && g(r.holder, p.role, r.place)
`;
/** A holder has roles, and roles have none: two steps, where casbin would by default walk ten. */
const HIERARCHY = 2;

/** One domain and what its document says of who administers it. */
export interface AdministeredDomain {
  readonly name: string;
  readonly administrators: readonly Administrator[];
}

/** Who administers what in one set. casbin decides; it is loaded once a set, however many documents change. */
export class Administrators {
  readonly #enforcer: Enforcer;
  /** Domains that name anybody: nobody else is asked about. */
  readonly #named: ReadonlySet<string>;
  readonly #known = new Map<string, boolean>();

  private constructor(enforcer: Enforcer, named: ReadonlySet<string>) {
    this.#enforcer = enforcer;
    this.#named = named;
  }

  static async of(domains: Iterable<AdministeredDomain>): Promise<Administrators> {
    const edges: string[][] = [];
    const named = new Set<string>();
    for (const { name, administrators } of domains) {
      for (const { role, principals } of administrators) {
        named.add(name);
        for (const principal of principals) edges.push([holderOf(principal), role, name]);
      }
    }
    const model = newModelFromString(MODEL);
    const abilities = Object.entries(ROLE_RIGHTS).flatMap(([role, rights]) => rights.map((right) => [role, right]));
    // Past `addPolicy`, which looks for a duplicate of each line among all before it.
    model.model.get('p')!.get('p')!.policy = abilities;
    model.model.get('g')!.get('g')!.policy = edges;
    const enforcer = await newEnforcer(model);
    enforcer.setNamedRoleManager('g', new DefaultRoleManager(HIERARCHY));
    await enforcer.buildRoleLinks();
    return new Administrators(enforcer, named);
  }

  /** Domains that name anybody. */
  get places(): Iterable<string> {
    return this.#named;
  }

  /** Whether a principal (`user:ann`, `group:leads`) holds a right at a domain, or above it. */
  holds(principal: string, right: Right, domain: string): boolean {
    const holder = holderOf(principal);
    return placesAbove(domain).some((place) => this.#named.has(place) && this.#asked(holder, place, right));
  }

  /** Whether a role over a domain gives a right at another. */
  gives({ role, domain: over }: Grant, right: Right, domain: string): boolean {
    return placesAbove(domain).includes(over) && this.#asked(role, over, right);
  }

  #asked(holder: string, place: string, right: Right): boolean {
    const key = `${holder} ${place} ${right}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const answer = this.#enforcer.enforceSync(holder, place, right);
    this.#known.set(key, answer);
    return answer;
  }
}

/**
 * casbin joins arguments by commas where it remembers answers, and a name may contain one. The colon that every principal
 * has stays visible in its escape, so that none can be taken for a role.
 */
function holderOf(principal: string): AdministratorRole | string {
  return encodeURIComponent(principal);
}
