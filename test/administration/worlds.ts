import fc from 'fast-check';
import type { AdministratorRole } from '#administration';
import type { PolicyDocument } from '#policy';

export type Role = AdministratorRole;
export type Assignment = readonly [role: Role, at: string];

/** A token as the model knows it; the one without a maker may everything. */
export interface Token {
  readonly maker: string | null;
  /** Principals, where there is no scope. */
  readonly who: readonly string[];
  readonly scope: readonly Assignment[] | null;
  readonly revoked: boolean;
}
export type Tokens = { readonly [id: string]: Token };

export interface ModelDomain {
  readonly admins: readonly (readonly [role: Role, principal: string])[];
  /** To whom its subjects are delegated, and who may assert it from outside; `-` for nobody. */
  readonly mechanisms: { readonly [name: string]: { readonly delegate: string; readonly asserter: string } };
  readonly parts: { readonly [part in (typeof PARTS)[number]]?: number };
}

/** What there is: domains and services by name, everything else by `Kind/name`. */
export interface ModelWorld {
  readonly domains: { readonly [name: string]: ModelDomain };
  readonly services: {
    readonly [name: string]: {
      readonly members: readonly string[];
      readonly bound: readonly string[];
      readonly text: number;
    };
  };
  /** Services that are given a role, too. */
  readonly placed: {
    readonly [key: string]: { readonly at: string; readonly text: number; readonly names: readonly string[] };
  };
}

const PARTS = ['boundary', 'discloseAccess', 'trust', 'recognizes', 'zeroTrust', 'mode', 'overlaps'] as const;
const DOMAINS = ['a', 'a.b', 'a.b.c', 'a.bc', 'd', 'd.b'];
const ROLES: readonly Role[] = [
  'owner',
  'policy-admin',
  'exposure-admin',
  'mechanism-admin',
  'member-admin',
  'auditor',
];
const PRINCIPALS = ['user:ann', 'user:bo', 'group:leads', 'group:ops'];
const SERVICES = ['s0', 's1'];
const MECHANISMS = ['m0', 'm1'];
const GATEWAYS = ['g0', 'g1'];
const PLACED = [
  'Policy/p0',
  'Policy/p1',
  'Test/t0',
  'RoleSet/r0',
  'EntitySet/e0',
  'EnforcementPoint/g0',
  'EnforcementPoint/g1',
];

export const FIRST_WORLD: ModelWorld = {
  domains: {
    a: { admins: [['owner', 'user:ann']], mechanisms: { m0: { delegate: 'a.b', asserter: 'g0' } }, parts: {} },
    'a.b': { admins: [['owner', 'group:leads']], mechanisms: {}, parts: { trust: 1 } },
    'a.bc': { admins: [['policy-admin', 'user:bo']], mechanisms: {}, parts: {} },
    d: { admins: [['owner', 'group:ops']], mechanisms: { m1: { delegate: '-', asserter: '-' } }, parts: {} },
  },
  services: { s0: { members: ['a.b'], bound: [], text: 0 } },
  placed: { 'Policy/p0': { at: 'a', text: 0, names: [] }, 'EnforcementPoint/g1': { at: 'a', text: 0, names: [] } },
};

/** Numbers that choose; what they choose from depends on what there is by then. */
export type Choice = readonly [number, number, number, number, number];
export const choices: fc.Arbitrary<Choice> = fc.tuple(fc.nat(), fc.nat(), fc.nat(), fc.nat(), fc.nat());

export function pick<Item>(list: readonly Item[], choice: number): Item {
  return list[choice % list.length]!;
}

/** A world after one edit, by anybody. It may be no well-formed one: to say so is not the judge's business. */
export function edited(world: ModelWorld, [what, which, one, two, three]: Choice): ModelWorld {
  const there = Object.keys(world.domains);
  const name = pick(there, which);
  const domain = world.domains[name]!;
  const put = (more: Partial<ModelDomain>) => ({
    ...world,
    domains: { ...world.domains, [name]: { ...domain, ...more } },
  });
  switch (what % 8) {
    case 0: {
      const admin = [pick(ROLES, one), pick(PRINCIPALS, two)] as const;
      const others = domain.admins.filter((other) => other.join() !== admin.join());
      return put({ admins: others.length < domain.admins.length ? others : [...others, admin] });
    }
    case 1:
      return put({ parts: { ...domain.parts, [pick(PARTS, one)]: two % 2 } });
    case 2: {
      const mechanism = pick(MECHANISMS, one);
      const { [mechanism]: old, ...others } = domain.mechanisms;
      if (old !== undefined && three % 3 === 0) return put({ mechanisms: others });
      const settings = { delegate: pick([...DOMAINS, '-'], two), asserter: pick([...GATEWAYS, '-'], three) };
      if (there.some((other) => other !== name && mechanism in world.domains[other]!.mechanisms)) return world;
      return put({ mechanisms: { ...others, [mechanism]: settings } });
    }
    case 3: {
      const other = pick(DOMAINS, which);
      const { [other]: old, ...rest } = world.domains;
      if (old !== undefined && Object.keys(rest).length > 0) return { ...world, domains: rest };
      const admins = two % 2 === 0 ? [] : [['owner', pick(PRINCIPALS, one)] as const];
      return { ...world, domains: { ...rest, [other]: { admins, mechanisms: {}, parts: {} } } };
    }
    case 4:
    case 5: {
      const service = pick(SERVICES, one);
      const { [service]: old, ...rest } = world.services;
      if (old !== undefined && three % 5 === 0) return { ...world, services: rest };
      const members = two % 3 === 0 && old !== undefined ? old.members : [...new Set([name, pick(there, two)])].sort();
      const bound = pick([[], ['m0'], ['m1'], old?.bound ?? []], three);
      return { ...world, services: { ...rest, [service]: { members, bound, text: three % 2 } } };
    }
    default: {
      const key = pick(PLACED, one);
      const { [key]: old, ...rest } = world.placed;
      if (old !== undefined && two % 4 === 0) return { ...world, placed: rest };
      const names = key.startsWith('RoleSet') && three % 2 === 0 ? [pick(SERVICES, three)] : [];
      const at = two % 2 === 0 && old !== undefined ? old.at : name;
      return { ...world, placed: { ...rest, [key]: { at, text: three % 3, names } } };
    }
  }
}

/** Somebody's new token: with a scope, or for a person. */
export function newToken(maker: string, [, , one, two, three]: Choice): Token {
  const scope = [[pick(ROLES, one), pick([...DOMAINS, '*'], two)] as const];
  const who = [pick(['user:ann', 'user:bo'], one), ...(two % 2 === 0 ? [pick(PRINCIPALS.slice(2), two)] : [])];
  return { maker, who, scope: three % 2 === 0 ? scope : null, revoked: false };
}

/** The documents that a world is kept as. */
export function documentsOf(world: ModelWorld): readonly PolicyDocument[] {
  const apiVersion = 'dharma/v1';
  const domains = Object.entries(world.domains).map(([name, { admins, mechanisms, parts }]) => ({
    apiVersion,
    kind: 'Domain',
    metadata: { name },
    spec: {
      ...(admins.length > 0 && { administrators: admins.map(([role, whom]) => ({ role, principals: [whom] })) }),
      ...(Object.keys(mechanisms).length > 0 && {
        mechanisms: Object.entries(mechanisms).map(([mechanism, { delegate, asserter }]) => ({
          name: mechanism,
          role: 'trust',
          kind: 'mtls',
          mtls: { match: 'dns' },
          ...(delegate !== '-' && { delegations: [{ domain: delegate, subjects: ['x**'] }] }),
          ...(asserter !== '-' && { assertableBy: [asserter] }),
        })),
      }),
      ...Object.fromEntries(Object.entries(parts).map(([part, value]) => [part, valueOf(part, value)])),
    },
  }));
  const services = Object.entries(world.services).map(([name, { members, bound, text }]) => ({
    apiVersion,
    kind: 'Service',
    metadata: { name, description: `${text}` },
    spec: { domains: members, identities: bound.map((mechanism) => ({ mechanism, subject: 'xy' })) },
  }));
  const placed = Object.entries(world.placed).map(([key, { at, text, names }]) => {
    const [kind, name] = key.split('/');
    const metadata = { name, domain: at, description: `${text}` };
    return { apiVersion, kind, metadata, spec: specOf(kind!, names) };
  });
  return [...domains, ...services, ...placed] as unknown as readonly PolicyDocument[];
}

function valueOf(part: string, value: number): unknown {
  switch (part) {
    case 'discloseAccess':
    case 'zeroTrust':
      return value === 1;
    case 'mode':
      return value === 1 ? 'report' : 'enforce';
    case 'boundary':
      return [`s${value}/all`];
    default:
      return [`${part}-${value}`.toLowerCase()];
  }
}

function specOf(kind: string, names: readonly string[]): object {
  switch (kind) {
    case 'Policy':
      return { rules: [] };
    case 'Test':
      return { cases: [] };
    case 'RoleSet':
      return names.length === 0
        ? {}
        : { assignments: [{ role: 'agent', principals: names.map((name) => `service:${name}`) }] };
    default:
      return {};
  }
}
