import { type Credential, isActive, type OperatorTerms } from '../credential.js';
import type { Administrators } from './administrators.js';
import { type Grant, placesAbove, type Right, ROLE_RIGHTS } from './right.js';

/** What one token of a chain of makers may by itself. */
export type Mandate =
  | { readonly kind: 'scope'; readonly grants: readonly Grant[] }
  /** What `administrators` grant to any of these. */
  | { readonly kind: 'person'; readonly principals: readonly string[] };

/** What an operator may, before any set is looked at. */
export type Standing =
  | { readonly kind: 'root' }
  /** From the operator's own token up the chain of makers: it may what every one of them may. Never empty. */
  | { readonly kind: 'bounded'; readonly mandates: readonly Mandate[] };

/** Longest chain of makers, the operator's own token included. */
export const LONGEST_CHAIN = 16;
/** Stands for the token that a server was started with, where the maker of another is named; no token has this id. */
export const GIVEN_OPERATOR = 'operator-token-file';

const NOTHING: Mandate = { kind: 'scope', grants: [] };

/** A chain of makers as it was found. */
export interface Makers {
  readonly standing: Standing;
  /** Names from the operator upward; those who may everything are left out unless it is the operator. */
  readonly names: readonly string[];
  /** Tokens of the chain, the operator's own first. */
  readonly ids: readonly string[];
  /** False where a maker does not count any more: whatever its name says, nobody stands behind the token. */
  readonly isWhole: boolean;
}

/**
 * Walks from a token to whoever made it, and on. A maker that was revoked, expired, is not there or is itself nobody takes
 * every right from what it made.
 *
 * @param find     a credential by its id
 * @param hasGiven whether the server was started with a token of its own
 */
export async function makersOf(
  credential: Credential,
  find: (id: string) => Promise<Credential | null>,
  now: number,
  hasGiven: boolean,
): Promise<Makers> {
  const mandates: Mandate[] = [];
  const names: string[] = [];
  const ids: string[] = [];
  const ended = (mandate?: Mandate): Makers => ({
    standing: { kind: 'bounded', mandates: mandate === undefined ? mandates : [...mandates, mandate] },
    names,
    ids,
    isWhole: mandate === undefined,
  });
  let current: Credential | null = credential;
  while (ids.length < LONGEST_CHAIN) {
    if (current?.kind !== 'operator-token' || !isActive(current, now)) return ended(NOTHING);
    ids.push(current.id);
    const terms: OperatorTerms | undefined = current.terms;
    if (terms?.kind === 'root') {
      return mandates.length === 0
        ? { standing: { kind: 'root' }, names: [current.name], ids, isWhole: true }
        : ended();
    }
    names.push(current.name);
    if (terms === undefined) return ended(NOTHING);
    mandates.push(mandateOf(current.name, terms));
    if (terms.maker === GIVEN_OPERATOR) return hasGiven ? ended() : ended(NOTHING);
    current = await find(terms.maker);
  }
  return ended(NOTHING);
}

function mandateOf(name: string, terms: Exclude<OperatorTerms, { readonly kind: 'root' }>): Mandate {
  switch (terms.kind) {
    case 'scope':
      return { kind: 'scope', grants: terms.grants };
    case 'person':
      return { kind: 'person', principals: [`user:${name}`, ...terms.groups.map((group) => `group:${group}`)] };
    default:
      return terms satisfies never;
  }
}

/** What an operator may in one set. */
export class Holdings {
  readonly #standing: Standing;
  readonly #administrators: Administrators;
  readonly #known = new Map<string, boolean>();

  constructor(standing: Standing, administrators: Administrators) {
    this.#standing = standing;
    this.#administrators = administrators;
  }

  /** Whether the operator may everything, `*` included. */
  get isRoot(): boolean {
    return this.may('ownership', '*');
  }

  /** @param domain  `*`: what belongs to no domain, and to whoever may everything */
  may(right: Right, domain: string): boolean {
    if (this.#standing.kind === 'root') return true;
    const key = `${right} ${domain}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const answer = this.#standing.mandates.every((mandate) => this.#allows(mandate, right, domain));
    this.#known.set(key, answer);
    return answer;
  }

  /** Tops of the subtrees in which a right is held, where it is not held over everything; none lies in another. */
  tops(right: Right): readonly string[] {
    const mandates = this.#standing.kind === 'root' ? [] : this.#standing.mandates;
    const scopes = mandates.flatMap((mandate) => (mandate.kind === 'scope' ? mandate.grants : []));
    const places = new Set([...this.#administrators.places, ...scopes.map(({ domain }) => domain)]);
    const held = new Set([...places].filter((place) => this.may(right, place)));
    return [...held].filter((place) => !placesAbove(place).some((above) => above !== place && held.has(above))).sort();
  }

  /** Whether the operator holds all that a grant would give. */
  covers({ role, domain }: Grant): boolean {
    return ROLE_RIGHTS[role].every((right) => this.may(right, domain));
  }

  #allows(mandate: Mandate, right: Right, domain: string): boolean {
    switch (mandate.kind) {
      case 'scope':
        return mandate.grants.some((grant) => this.#administrators.gives(grant, right, domain));
      case 'person':
        return mandate.principals.some((principal) => this.#administrators.holds(principal, right, domain));
      default:
        return mandate satisfies never;
    }
  }
}
