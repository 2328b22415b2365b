/** Worlds of a chosen size for measuring: a tree of domains, the same number of rules on each, roles held by many. */
import type { AccessRequest, Attributes, Domain, Endpoint, Evidence, Rule, Service, World } from '#engine';

export interface Size {
  readonly rules: number;
  readonly assignments: number;
  /** People of whom something is stored; none unless said. */
  readonly entities?: number;
  /** Children of every domain, level by level. */
  readonly widths: readonly number[];
}

/** 1,111 domains in four levels. */
export const WIDE = [1, 10, 10, 10] as const;

export interface BenchWorld {
  readonly world: World;
  /** Domains without children. */
  readonly leaves: readonly string[];
}

const nothing: Attributes = Object.freeze(Object.create(null) as Attributes);
export const NOW = Date.parse('2026-12-24T12:00:00Z');

export function benchWorld({ rules, assignments, entities = 0, widths }: Size): BenchWorld {
  const names: string[] = [];
  const leaves: string[] = [];
  const grow = (parent: string, level: number): void => {
    for (let index = 0; index < widths[level]!; index++) {
      const name = parent === '' ? `d${index}` : `${parent}.d${index}`;
      names.push(name);
      if (level + 1 < widths.length) grow(name, level + 1);
      else leaves.push(name);
    }
  };
  grow('', 0);
  const services = new Map<string, Service>();
  leaves.forEach((leaf, index) => services.set(`s${index}`, serviceOf(`s${index}`, leaf)));
  const held = new Map<string, Map<string, readonly string[]>>(names.map((name) => [name, new Map()]));
  for (let index = 0; index < assignments; index++) {
    const home = held.get(names[index % names.length]!)!;
    home.set(`user:u-${index}`, [`role-${index % 50}`]);
  }
  const stored = new Map<string, Map<string, Attributes>>(names.map((name) => [name, new Map()]));
  for (let index = 0; index < entities; index++) {
    stored.get(names[index % names.length]!)!.set(`user:u-${index}`, { level: 1, team: `team-${index % 50}` });
  }
  const share = Math.max(1, Math.floor(rules / names.length));
  let left = rules;
  const domains = new Map<string, Domain>();
  names.forEach((name, place) => {
    const count = Math.min(left, place === names.length - 1 ? left : share);
    left -= count;
    const own = leaves.indexOf(name);
    domains.set(name, {
      name,
      zeroTrust: false,
      egress: 'open',
      suspended: false,
      discloseAccess: true,
      ...(place === 0 && { trust: ['mesh'], access: ['login'] }),
      recognizes: [],
      boundary: own < 0 ? boundariesAbove(leaves, name) : [`s${own}/all`],
      addresses: [],
      administrators: [],
      rules: Array.from({ length: count }, (_, index) => ruleOf(name, index, own)),
      roles: [],
      directory: { assignments: held.get(name)!, entities: stored.get(name)! },
    });
  });
  const mechanism = (name: string, role: 'trust' | 'access', kind: 'spiffe' | 'jwt') =>
    [
      name,
      { name, owner: names[0]!, role, kind, principalType: role === 'access' ? 'user' : 'client', assertableBy: [] },
    ] as const;
  const world: World = {
    domains,
    outside: [],
    mechanisms: new Map([mechanism('mesh', 'trust', 'spiffe'), mechanism('login', 'access', 'jwt')]),
    services,
    enforcementPoints: new Map(),
  };
  return { world, leaves };
}

/** The level above the leaves marks its leaves' endpoints too, so that a call from two levels up crosses two. */
function boundariesAbove(leaves: readonly string[], name: string): readonly string[] {
  return leaves.flatMap((leaf, index) =>
    leaf.startsWith(`${name}.`) && leaf.split('.').length === name.split('.').length + 1 ? [`s${index}/all`] : [],
  );
}

/** Of ten rules seven allow a role an endpoint, two a user, one denies a user: what administrators write. */
function ruleOf(owner: string, index: number, own: number): Rule {
  const base = {
    id: `${owner.replaceAll('.', '-')}/r${index}`,
    owner,
    direction: 'in',
    mode: 'enforce',
    obligations: [],
  } as const;
  const what = own < 0 ? {} : { endpoints: [`s${own}/all`] };
  if (index % 10 === 9) {
    return {
      ...base,
      effect: 'deny',
      scope: 'subtree',
      who: { anonymous: false, subjects: [`banned-${index}`] },
      what: {},
    };
  }
  if (index % 10 >= 7) {
    return {
      ...base,
      effect: 'allow',
      scope: 'self',
      who: { anonymous: false, principals: [`user:guest-${index}`] },
      what,
    };
  }
  return { ...base, effect: 'allow', scope: 'subtree', who: { anonymous: false, roles: [`role-${index % 50}`] }, what };
}

function serviceOf(name: string, domain: string): Service {
  const endpoint: Endpoint = {
    id: `${name}/all`,
    service: name,
    kind: 'http',
    hosts: [`${name}.example`],
    placements: [domain],
    operations: [
      { kind: 'http', methods: ['GET'], path: '/v1/items/{id}' },
      { kind: 'http', methods: ['POST'], path: '/v1/items' },
      { kind: 'http', methods: ['*'], path: '/v1/reports/**' },
    ],
    trailingSlash: 'significant',
    encodedSlash: 'refuse',
    preflight: 'deny',
  };
  return {
    name,
    kind: 'workload',
    domains: [domain],
    identities: [{ mechanism: 'mesh', subject: `spiffe://bench.example/${name}` }],
    endpoints: [endpoint],
  };
}

const none: readonly string[] = Object.freeze([]);

function item(role: 'trust' | 'access', mechanism: string, subject: string): Evidence {
  return {
    role,
    mechanism,
    subject: received(subject),
    verified: true,
    scopes: none,
    groups: none,
    claims: nothing,
    attributes: nothing,
  };
}

/** What comes from a socket is one run of bytes; a text put together from pieces would be read more slowly. */
const received = (text: string): string => Buffer.from(text).toString('latin1');

function request(service: number, evidence: readonly Evidence[]): AccessRequest {
  return {
    target: {
      kind: 'address',
      host: received(`s${service}.example`),
      method: 'GET',
      path: received(`/v1/items/${service * 7}`),
    },
    evidence,
    headers: nothing as Record<string, string>,
    attributes: nothing,
    claimed: nothing,
    context: nothing,
    time: NOW,
    askedFrom: '*',
    policyAgeSeconds: 0,
    maxTtlSeconds: 30,
  };
}

/** Calls inside one leaf: nothing is crossed. */
export function fastRequests(leaves: readonly string[], count: number): readonly AccessRequest[] {
  return Array.from({ length: count }, (_, index) => {
    const service = (index * 7919) % leaves.length;
    return request(service, [item('trust', 'mesh', `spiffe://bench.example/s${service}`)]);
  });
}

/** Calls from a leaf of another branch, with a user whose role opens both boundaries crossed. */
export function slowRequests({ world, leaves }: BenchWorld, count: number): readonly AccessRequest[] {
  const top = [...world.domains.keys()][0]!;
  const holders = [...world.domains.get(top)!.directory.assignments.keys()].map((principal) =>
    principal.slice('user:'.length),
  );
  return Array.from({ length: count }, (_, index) => {
    const service = (index * 7919) % leaves.length;
    const branch = parentOf(parentOf(leaves[service]!));
    const from = leaves.findIndex(
      (leaf) => parentOf(parentOf(leaf)) === branch && parentOf(leaf) !== parentOf(leaves[service]!),
    );
    const caller = from < 0 ? service : from;
    return request(service, [
      item('trust', 'mesh', `spiffe://bench.example/s${caller}`),
      item('access', 'login', holders[index % holders.length] ?? 'u-0'),
    ]);
  });
}

function parentOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf('.')));
}
