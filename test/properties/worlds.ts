/**
 * Random worlds as policy documents, and random requests about them. Every draw is a small number looked up in what is
 * there, so that a counterexample shrinks; and the draws lean toward marked endpoints, accepted credentials and covering
 * rules, for plain chance almost never crosses a boundary.
 */
import fc from 'fast-check';
import { loadBundle } from '#policy';
import { OBLIGATION_KINDS } from '#engine';
import type { AccessRequest, Attributes, Endpoint, Evidence, ObligationKind, Target, World } from '#engine';

export interface Document {
  apiVersion: 'dharma/v1';
  kind: string;
  metadata: { name: string; domain?: string };
  spec: Record<string, unknown>;
}

export const NOW = Date.parse('2026-12-24T12:00:00Z');
const HOUR = 3_600_000;

const often = (share: number): fc.Arbitrary<boolean> =>
  fc.integer({ min: 0, max: 99 }).map((draw) => draw >= 100 - Math.round(share * 100));
const maybe = <T>(share: number, value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.tuple(often(share), value).map(([present, drawn]) => (present ? drawn : undefined));
const draw = fc.nat({ max: 9999 });
const draws = (min: number, max: number): fc.Arbitrary<number[]> => fc.array(draw, { minLength: min, maxLength: max });
const pick = <T>(list: readonly T[], at: number): T => list[at % list.length]!;
const picks = <T>(list: readonly T[], at: readonly number[]): T[] => [...new Set(at.map((one) => pick(list, one)))];

/** Conditions over everything that may be read, some of which cannot be evaluated for most requests. */
export const CONDITIONS = [
  'true',
  'attributes.country == "PT"',
  'has(attributes.country) && attributes.country == "PT"',
  'principal.claims.tier in ["gold", "silver"]',
  'request.path.startsWith("/e0")',
  'request.time < timestamp("2026-12-24T12:30:00Z")',
  'resource.attributes.owner == principal.id',
  '"agent" in principal.roles',
  'actor.service == "s0"',
  'size(actor.domains) > 0',
  'size(target.domains) > 1',
  'principal.attributes.level > 2',
  'context.ticket == "T-1" || principal.type == "user"',
  'request.params.id == "7"',
  'request.query.q == ["1"]',
  'action.name == "view"',
  'claimed.admin == true',
  'request.headers["x-trace"].matches("^[a-f]+$")',
  'attributes.limit / 0 == 1',
] as const;

const SCOPES = ['read', 'write', 'book:read'];
const GROUPS = ['staff', 'night', 'call-centre'];
const ROLES = ['agent', 'traveller', 'admin', 'auditor'];
const USERS = ['u-1', 'u-2', 'u-3'];
const CLIENTS = ['web', 'app'];

const domainDraw = fc.record({
  parent: draw,
  top: often(0.2),
  zeroTrust: often(0.12),
  closed: often(0.2),
  suspended: often(0.03),
  mode: maybe(0.18, fc.constantFrom('report', 'enforce')),
  disclose: often(0.8),
  staleness: maybe(0.05, fc.constantFrom(10, 100)),
  trust: maybe(0.45, draws(0, 2)),
  access: maybe(0.3, draws(0, 2)),
  anonymous: often(0.25),
  recognizes: draws(0, 1),
  marks: fc.array(fc.tuple(draw, often(0.7), draw), { maxLength: 7 }),
  claim: maybe(0.06, draw),
});

const endpointDraw = fc.record({
  kind: fc.constantFrom('http', 'http', 'http', 'http', 'grpc', 'async', 'resource'),
  bare: often(0.15),
  placements: maybe(0.3, draws(1, 1)),
  trailingSlash: often(0.3),
  encodedSlash: often(0.15),
  preflight: often(0.3),
  methods: maybe(0.3, draws(1, 3)),
  wildHost: often(0.2),
  deep: often(0.5),
});

const serviceDraw = fc.record({
  external: often(0.2),
  members: draws(1, 2),
  overlap: often(0.25),
  identities: draws(1, 2),
  credential: maybe(0.12, draw),
  endpoints: fc.array(endpointDraw, { minLength: 1, maxLength: 3 }),
});

const ruleDraw = fc.record({
  policy: fc.nat({ max: 2 }),
  owner: draw,
  outside: often(0.05),
  deny: often(0.15),
  out: often(0.15),
  subtree: maybe(0.7, often(0.8)),
  report: often(0.06),
  anonymous: often(0.3),
  who: fc.array(fc.tuple(fc.nat({ max: 9 }), draws(1, 3)), { maxLength: 1 }),
  more: maybe(0.15, fc.tuple(fc.nat({ max: 9 }), draws(1, 2))),
  what: maybe(0.5, fc.tuple(fc.nat({ max: 7 }), draws(1, 2))),
  when: maybe(0.2, draw),
  obligations: fc.array(fc.nat({ max: 7 }), { minLength: 1, maxLength: 2 }),
  obliged: often(0.35),
  notBefore: maybe(0.06, fc.integer({ min: -2, max: 2 })),
  notAfter: maybe(0.06, fc.integer({ min: -2, max: 3 })),
});

const worldDraw = fc.record({
  domains: fc.array(domainDraw, { minLength: 1, maxLength: 7 }),
  mechanisms: fc.array(fc.tuple(fc.nat({ max: 5 }), draw), { minLength: 2, maxLength: 7 }),
  services: fc.array(serviceDraw, { minLength: 1, maxLength: 5 }),
  rules: fc.array(ruleDraw, { minLength: 2, maxLength: 14 }),
  roleSets: fc.array(
    fc.record({
      domain: draw,
      inherits: fc.array(fc.tuple(draw, draw), { maxLength: 2 }),
      holders: fc.array(fc.tuple(draw, draw), { maxLength: 4 }),
    }),
    { maxLength: 3 },
  ),
  entities: fc.array(fc.tuple(draw, draw, draw), { maxLength: 4 }),
});

type WorldDraw = typeof worldDraw extends fc.Arbitrary<infer Drawn> ? Drawn : never;
type RuleDraw = WorldDraw['rules'][number];

const MECHANISM_KINDS = [
  { role: 'trust', kind: 'spiffe', spiffe: { trustDomain: 'x.example' } },
  {
    role: 'access',
    kind: 'jwt',
    jwt: { issuer: 'https://i.example/', audiences: ['a'], keys: { inline: { keys: [] } } },
  },
  { role: 'trust', kind: 'mtls', mtls: { match: 'subject' } },
  {
    role: 'access',
    kind: 'jwt',
    jwt: { issuer: 'https://j.example/', audiences: ['a'], keys: { inline: { keys: [] } }, principalType: 'grant' },
  },
  { role: 'trust', kind: 'network', network: { cidrs: ['10.0.0.0/8'] } },
  { role: 'access', kind: 'apiKey', apiKey: { header: 'x-api-key', keys: [] } },
] as const;

/** What the documents of a world contain, by name, for requests and further edits to draw from. */
export interface Sketch {
  readonly documents: readonly Document[];
  readonly domains: readonly string[];
  readonly trust: readonly string[];
  readonly access: readonly string[];
  readonly services: readonly string[];
  readonly endpoints: readonly string[];
}

export interface Generated extends Sketch {
  readonly world: World;
}

function sketch(drawn: WorldDraw): Sketch {
  const domains: string[] = [];
  drawn.domains.forEach((domain, index) => {
    const parent = index === 0 || domain.top ? undefined : pick(domains, domain.parent);
    domains.push(parent === undefined || parent.split('.').length > 5 ? `d${index}` : `${parent}.d${index}`);
  });
  const mechanisms = [[0, 0] as const, [1, 0] as const, ...drawn.mechanisms].map(([kind, owner], index) => {
    const shape = MECHANISM_KINDS[kind % MECHANISM_KINDS.length]!;
    return { name: `m${index}`, owner: index < 2 ? domains[0]! : pick(domains, owner), ...shape };
  });
  const plainTrust = mechanisms.filter(({ role, kind }) => role === 'trust' && kind !== 'network');
  const trust = mechanisms.filter(({ role }) => role === 'trust');
  const access = mechanisms.filter(({ role }) => role === 'access');

  const overlaps = new Map<string, Set<string>>();
  const services = drawn.services.map((service, index) => {
    const name = `s${index}`;
    const external = service.external && index > 0;
    const members = external ? [] : membershipsOf(domains, service.members, service.overlap, overlaps);
    const identities = service.identities.map((at) => {
      const mechanism = pick(trust, at);
      return { mechanism: mechanism.name, subject: subjectOf(mechanism.kind, index, at) };
    });
    if (service.credential !== undefined) {
      identities.push({ mechanism: pick(access, service.credential).name, subject: `key-${index}` });
    }
    const unique = [...new Map(identities.map((identity) => [JSON.stringify(identity), identity])).values()];
    const endpoints = service.endpoints.map((endpoint, place) => endpointOf(endpoint, index, place, members));
    return { name, external, members, identities: unique, endpoints };
  });
  const endpointIds = services.flatMap(({ name, endpoints }) =>
    endpoints.map((endpoint) => `${name}/${endpoint.name as string}`),
  );

  const within = (name: string, ancestor: string): boolean => name === ancestor || name.startsWith(`${ancestor}.`);
  const claimed = new Set<string>();
  const documents: Document[] = drawn.domains.map((domain, index) => {
    const name = domains[index]!;
    const own = mechanisms.filter(({ owner }) => owner === name);
    const placedHere = services.flatMap((service) =>
      service.endpoints
        .filter((endpoint) =>
          ((endpoint.domains as string[] | undefined) ?? service.members).some((place) => within(place, name)),
        )
        .map((endpoint) => ({ service: service.name, endpoint: endpoint.name as string })),
    );
    const marks =
      placedHere.length === 0
        ? []
        : domain.marks.map(([at, wild]) => {
            const { service, endpoint } = pick(placedHere, at);
            return wild ? `${service}/*` : `${service}/${endpoint}`;
          });
    const trustable = [...plainTrust, ...own.filter(({ kind }) => kind === 'network')].map(
      (mechanism) => mechanism.name,
    );
    const accessNames = [
      ...picks(
        access.map((mechanism) => mechanism.name),
        domain.access ?? [],
      ),
      ...(domain.anonymous ? ['anonymous'] : []),
    ];
    const top = !name.includes('.');
    const host = domain.claim === undefined ? undefined : `s${domain.claim % drawn.services.length}.example`;
    const claims = top && host !== undefined && !claimed.has(host) ? [host] : [];
    claims.forEach((claim) => claimed.add(claim));
    return {
      apiVersion: 'dharma/v1',
      kind: 'Domain',
      metadata: { name },
      spec: {
        ...(domain.zeroTrust ? { zeroTrust: true } : {}),
        ...(domain.closed ? { egress: 'closed' } : {}),
        ...(domain.suspended ? { suspended: true } : {}),
        ...(domain.mode ? { mode: domain.mode } : {}),
        ...(domain.disclose ? {} : { discloseAccess: false }),
        ...(domain.staleness ? { maxStalenessSeconds: domain.staleness } : {}),
        ...(own.length > 0 ? { mechanisms: own.map(({ owner: _owner, ...mechanism }) => mechanism) } : {}),
        ...(domain.trust !== undefined || top
          ? { trust: picks(trustable, top ? [0, ...(domain.trust ?? [])] : (domain.trust ?? [])) }
          : {}),
        ...(domain.access !== undefined || top
          ? { access: top && accessNames.length === 0 ? [access[0]!.name] : accessNames }
          : {}),
        ...(domain.recognizes.length > 0 ? { recognizes: picks(trustable, domain.recognizes) } : {}),
        ...(marks.length > 0 ? { boundary: [...new Set(marks)] } : {}),
        ...(claims.length > 0 ? { addresses: claims } : {}),
        ...(overlaps.has(name) ? { overlaps: [...overlaps.get(name)!] } : {}),
      },
    };
  });
  for (const { name, external, members, identities, endpoints } of services) {
    documents.push({
      apiVersion: 'dharma/v1',
      kind: 'Service',
      metadata: { name },
      spec: {
        ...(external ? { kind: 'external' } : { domains: members }),
        ...(identities.length > 0 ? { identities } : {}),
        hosts: [`${name}.example`],
        endpoints,
      },
    });
  }
  const names: Names = {
    domains,
    services: services.map(({ name }) => name),
    endpoints: endpointIds,
    mechanisms: access.map(({ name }) => name),
  };
  const policies = new Map<string, Document>();
  drawn.rules.forEach((rule, index) => addRule(policies, rule, index, names));
  documents.push(...policies.values());
  drawn.roleSets.forEach(({ domain, inherits, holders }, index) => {
    const edges = new Map(ROLES.map((role) => [role, new Set<string>()]));
    // Edges lead from a later role to an earlier one only, so that no cycle can arise, along whatever chain.
    for (const [from, to] of inherits) {
      const [low, high] = [from % ROLES.length, to % ROLES.length].sort((left, right) => left - right) as [
        number,
        number,
      ];
      if (low !== high) edges.get(ROLES[high]!)!.add(ROLES[low]!);
    }
    documents.push({
      apiVersion: 'dharma/v1',
      kind: 'RoleSet',
      metadata: { name: `roles-${index}`, domain: pick(domains, domain) },
      spec: {
        roles: ROLES.map((name) => ({
          name,
          ...(edges.get(name)!.size > 0 ? { inherits: [...edges.get(name)!] } : {}),
        })),
        assignments: holders.map(([role, holder]) => ({
          role: pick(ROLES, role),
          principals: [pick(holdersOf(names), holder)],
        })),
      },
    });
  });
  const seen = new Set<string>();
  drawn.entities.forEach(([domain, what, value], index) => {
    const home = pick(domains, domain);
    const [type, id] = pick(
      [
        ['user', 'u-1'],
        ['user', 'u-2'],
        ['record', '101'],
        ['grant', 'u-1'],
        ['action', 'view'],
      ] as const,
      what,
    );
    if (seen.has(`${home} ${type}:${id}`)) return;
    seen.add(`${home} ${type}:${id}`);
    documents.push({
      apiVersion: 'dharma/v1',
      kind: 'EntitySet',
      metadata: { name: `entities-${index}`, domain: home },
      spec: {
        entities: [{ type, id, attributes: pick([{ owner: 'u-1' }, { level: 3 }, { level: 1, owner: 'u-2' }], value) }],
      },
    });
  });
  return {
    documents,
    domains,
    trust: trust.map(({ name }) => name),
    access: names.mechanisms,
    services: names.services,
    endpoints: endpointIds,
  };
}

function membershipsOf(
  domains: readonly string[],
  at: readonly number[],
  overlap: boolean,
  overlaps: Map<string, Set<string>>,
): string[] {
  const [first, second] = picks(domains, at) as [string, string?];
  if (second === undefined || !overlap) return [first];
  const nested = first.startsWith(`${second}.`) || second.startsWith(`${first}.`);
  if (!nested) {
    for (const [one, other] of [
      [first, second],
      [second, first],
    ] as const) {
      overlaps.set(one, (overlaps.get(one) ?? new Set()).add(other));
    }
  }
  return [first, second];
}

function subjectOf(kind: string, service: number, at: number): string {
  if (kind === 'network') return `10.${service}.0.0/16`;
  if (kind === 'mtls') return `CN=s${service}`;
  return at % 3 === 0 ? `spiffe://x.example/s${service}/**` : `spiffe://x.example/s${service}/main`;
}

function endpointOf(
  drawn: WorldDraw['services'][number]['endpoints'][number],
  service: number,
  place: number,
  members: readonly string[],
): Record<string, unknown> {
  const shared = {
    name: `e${place}`,
    ...(drawn.placements !== undefined && members.length > 0 ? { domains: picks(members, drawn.placements) } : {}),
  };
  const methods =
    drawn.methods === undefined ? {} : { methods: picks(['GET', 'POST', 'HEAD', 'OPTIONS'], drawn.methods) };
  switch (drawn.kind) {
    case 'grpc':
      return {
        ...shared,
        kind: 'grpc',
        operations: [{ rpc: drawn.deep ? `/svc${service}.E${place}/*` : `/svc${service}.E${place}/Get` }],
      };
    case 'async':
      return {
        ...shared,
        kind: 'async',
        operations: [
          {
            topic: drawn.deep ? `t${service}.e${place}.**` : `t${service}.e${place}.*`,
            ...(drawn.bare ? {} : { actions: ['publish'] }),
          },
        ],
      };
    case 'resource':
      return {
        ...shared,
        kind: 'resource',
        operations: [
          { resourceType: place === 0 ? `record${service}` : `file${service}-${place}`, actions: ['view', 'edit'] },
        ],
      };
    default:
      return {
        ...shared,
        ...(drawn.wildHost ? { hosts: [`s${service}.example`, `*.s${service}.example`] } : {}),
        ...(drawn.trailingSlash ? { trailingSlash: 'ignore' } : {}),
        ...(drawn.encodedSlash ? { encodedSlash: 'allow' } : {}),
        ...(drawn.preflight ? { preflight: 'allow' } : {}),
        ...(drawn.bare && place === 0
          ? { operations: [{ path: '/e0/**' }, { path: '/**' }] }
          : {
              operations: [
                { path: drawn.deep ? `/e${place}/{id}` : `/e${place}/**`, ...methods },
                { path: `/e${place}/x/y` },
              ],
            }),
      };
  }
}

interface Names {
  readonly domains: readonly string[];
  readonly services: readonly string[];
  readonly endpoints: readonly string[];
  readonly mechanisms: readonly string[];
}

function holdersOf({ services }: Names): string[] {
  return [
    'user:u-1',
    'user:u-2',
    'grant:u-1',
    'client:u-1',
    ...GROUPS.map((group) => `group:${group}`),
    ...services.map((name) => `service:${name}`),
  ];
}

function addRule(policies: Map<string, Document>, drawn: RuleDraw, index: number, names: Names): void {
  const deny = drawn.deny || drawn.outside;
  const owner = drawn.outside ? '*' : pick(names.domains, drawn.owner);
  const direction = drawn.out ? 'out' : 'in';
  const who = whoOf(deny, [...drawn.who, ...(drawn.more === undefined ? [] : [drawn.more])], names);
  if (drawn.anonymous && !deny && !drawn.out) who['anonymous'] = true;
  const what = drawn.what === undefined ? {} : whatOf(drawn.what[0], drawn.what[1], names);
  const notBefore = drawn.notBefore === undefined ? undefined : NOW + drawn.notBefore * HOUR;
  const notAfter = drawn.notAfter === undefined ? undefined : NOW + drawn.notAfter * HOUR;
  const rule = {
    id: `r${index}`,
    effect: deny ? 'deny' : 'allow',
    ...(drawn.out ? { direction } : {}),
    ...(drawn.subtree === undefined ? {} : { scope: drawn.subtree ? 'subtree' : 'self' }),
    ...(Object.keys(who).length > 0 ? { who } : {}),
    ...(Object.keys(what).length > 0 ? { what } : {}),
    ...(drawn.when === undefined ? {} : { when: pick(CONDITIONS, drawn.when) }),
    ...(drawn.obliged && !deny && drawn.obligations.length > 0
      ? { obligations: drawn.obligations.map((at) => OBLIGATIONS[at]) }
      : {}),
    ...(drawn.report ? { mode: 'report' } : {}),
    ...(notBefore === undefined ? {} : { notBefore: new Date(notBefore).toISOString() }),
    ...(notAfter === undefined || (notBefore !== undefined && notAfter <= notBefore)
      ? {}
      : { notAfter: new Date(notAfter).toISOString() }),
  };
  const name = `p${drawn.policy}-${owner === '*' ? 'outside' : owner.replaceAll('.', '-')}`;
  const policy = policies.get(name) ?? {
    apiVersion: 'dharma/v1',
    kind: 'Policy',
    metadata: { name, domain: owner },
    spec: { rules: [] },
  };
  (policy.spec['rules'] as unknown[]).push(rule);
  policies.set(name, policy);
}

const OBLIGATIONS = [
  { kind: 'setHeader', name: 'x-tier', value: '${principal.claims.tier}' },
  { kind: 'setHeader', name: 'X-Tier', value: 'plain' },
  { kind: 'setHeader', name: 'x-user', value: 'user ${principal.id} of ${principal.type}', critical: false },
  { kind: 'removeHeader', name: 'x-debug' },
  { kind: 'removeHeader', name: 'x-tier', critical: false },
  { kind: 'rateLimit', key: '${principal.id}', class: 'standard', critical: false },
  { kind: 'rateLimit', key: '${attributes.country}', class: 'gold' },
  { kind: 'setHeader', name: 'x-path', value: '${request.path}' },
  { kind: 'setQueryParameter', name: 'tier', value: '${principal.claims.tier}' },
  { kind: 'setQueryParameter', name: 'Tier', value: 'plain', critical: false },
  { kind: 'removeQueryParameter', name: 'tier' },
] as const;

function whoOf(deny: boolean, drawn: readonly (readonly [number, number[]])[], names: Names): Record<string, unknown> {
  const who: Record<string, unknown> = {};
  for (const [kind, at] of drawn) {
    switch (kind) {
      case 0:
        who['domains'] = picks([...names.domains, ...names.domains, '*'], at);
        break;
      case 1:
        who['services'] = picks(names.services, at);
        break;
      case 2:
        who['mechanisms'] = picks(names.mechanisms, at);
        break;
      case 3:
        who['subjects'] = picks(USERS, at);
        break;
      case 4:
        who['clients'] = picks(CLIENTS, at);
        break;
      case 5:
        who['groups'] = picks(GROUPS, at);
        break;
      case 6:
        who['principals'] = picks(['user:u-1', 'user:*', 'grant:*', 'client:u-2'], at);
        break;
      case 7:
        who['scopes'] = at[0]! % 3 === 0 ? { allOf: picks(SCOPES, at) } : picks(SCOPES, at);
        break;
      default:
        who['roles'] = picks(ROLES, at);
    }
  }
  // A deny without any `who` forbids everything and hides the rest of the world.
  if (deny && Object.keys(who).length === 0) who['subjects'] = ['u-3'];
  return who;
}

function whatOf(kind: number, at: readonly number[], names: Names): Record<string, unknown> {
  switch (kind) {
    case 0:
      return { domains: picks([...names.domains, '*'], at) };
    case 1:
      return { services: picks(names.services, at) };
    case 2:
      return { methods: picks(['GET', 'POST', 'OPTIONS'], at) };
    case 3:
      return { paths: picks(['/e0/**', '/e1/{any}', '/**', '/e0/7/', '/svc0.E0/*'], at) };
    case 4:
      return { actions: picks(['view', 'publish', 'edit'], at) };
    case 5:
      return at[0]! % 2 === 0
        ? { resourceTypes: picks(['record0', 'file0-1'], at) }
        : { resources: picks(['record0:101', 'record1:7'], at) };
    default:
      return { endpoints: picks([...names.endpoints, ...names.services.map((name) => `${name}/*`)], at) };
  }
}

/** Turns documents into a world by the one judge of well-formedness; a world it refuses is a bug of the generator. */
export function worldOf(documents: readonly Document[]): World {
  const bundle = loadBundle([
    { file: 'generated.json', text: documents.map((document) => JSON.stringify(document)).join('\n---\n') },
  ]);
  if (bundle.world === null) {
    throw new Error(bundle.faults.map(({ line, message }) => `${line}: ${message}`).join('\n'));
  }
  return bundle.world;
}

export const worlds: fc.Arbitrary<Generated> = worldDraw.map((drawn) => {
  const drawnSketch = sketch(drawn);
  return { ...drawnSketch, world: worldOf(drawnSketch.documents) };
});

// ── requests ────────────────────────────────────────────────────────────────────────────────────────────────────────

const requestDraw = fc.record({
  endpoint: draw,
  by: fc.nat({ max: 9 }),
  method: draw,
  tail: draw,
  actor: maybe(0.75, draw),
  identity: draw,
  second: maybe(0.06, draw),
  credentials: fc.array(
    fc.record({
      mechanism: draw,
      accepted: often(0.75),
      subject: draw,
      scopes: draws(0, 2),
      groups: draws(0, 2),
      client: maybe(0.4, draw),
      tier: maybe(0.5, fc.constantFrom('gold', 'none')),
      level: maybe(0.3, fc.constantFrom(1, 3)),
      expires: maybe(0.2, fc.constantFrom(-1, 0, 1, 5500, 90_000)),
      unverified: often(0.06),
    }),
    { maxLength: 3 },
  ),
  trustExpires: maybe(0.1, fc.constantFrom(-1, 5500)),
  unverified: often(0.05),
  preflight: often(0.12),
  country: maybe(0.5, fc.constantFrom('PT', 'XX')),
  extra: often(0.4),
  time: fc.constantFrom(0, 0, 0, -HOUR, HOUR, 2 * HOUR, -1),
  carries: maybe(0.15, fc.subarray<ObligationKind>([...OBLIGATION_KINDS])),
  askedFrom: maybe(0.1, draw),
  age: fc.constantFrom(0, 0, 0, 50),
});

type RequestDraw = typeof requestDraw extends fc.Arbitrary<infer Drawn> ? Drawn : never;

function requestOf(generated: Generated, drawn: RequestDraw): AccessRequest {
  const { world } = generated;
  const id = pick(generated.endpoints, drawn.endpoint);
  const [serviceName] = id.split('/') as [string];
  const endpoint = world.services.get(serviceName)!.endpoints.find((candidate) => candidate.id === id)!;
  const evidence: Evidence[] = [];
  const actors = [drawn.actor, drawn.second].filter((at) => at !== undefined);
  for (const at of actors) {
    const identities = world.services.get(pick(generated.services, at))!.identities;
    const identity = pick(identities, drawn.identity);
    const mechanism = world.mechanisms.get(identity.mechanism)!;
    evidence.push({
      role: mechanism.role,
      mechanism: identity.mechanism,
      subject: identity.subject.replace('**', 'inst').replace('.0.0/16', '.3.4'),
      verified: !drawn.unverified,
      ...(drawn.trustExpires === undefined ? {} : { expiresAt: NOW + drawn.trustExpires }),
      scopes: [],
      groups: [],
      claims: attributesOf({}),
      attributes: attributesOf({}),
    });
  }
  const chainAccess = endpoint.placements.flatMap((name) => acceptedOn(world, name));
  for (const credential of drawn.credentials) {
    const names = credential.accepted && chainAccess.length > 0 ? chainAccess : generated.access;
    evidence.push({
      role: 'access',
      mechanism: pick(names, credential.mechanism),
      subject: pick([...USERS, ...generated.services.map((_, index) => `key-${index}`)], credential.subject),
      verified: !credential.unverified,
      ...(credential.expires === undefined ? {} : { expiresAt: NOW + credential.expires }),
      scopes: picks(SCOPES, credential.scopes),
      groups: picks(GROUPS, credential.groups),
      claims: attributesOf({
        ...(credential.tier === undefined ? {} : { tier: credential.tier }),
        ...(credential.client === undefined ? {} : { azp: pick(CLIENTS, credential.client) }),
      }),
      attributes: attributesOf(credential.level === undefined ? {} : { level: credential.level }),
    });
  }
  const preflight: Record<string, string> = drawn.preflight
    ? { origin: 'https://app.example', 'access-control-request-method': 'GET' }
    : {};
  return {
    target: targetOf(endpoint, drawn),
    evidence,
    headers: attributesOf({ ...preflight, ...(drawn.extra ? { 'x-trace': 'abc' } : {}) }) as Record<string, string>,
    attributes: attributesOf(drawn.country === undefined ? {} : { country: drawn.country, limit: 3 }),
    claimed: attributesOf(drawn.extra ? { admin: true } : {}),
    context: attributesOf(drawn.extra ? { ticket: 'T-1' } : {}),
    time: NOW + drawn.time,
    askedFrom: drawn.askedFrom === undefined ? '*' : pick(generated.domains, drawn.askedFrom),
    policyAgeSeconds: drawn.age,
    ...(drawn.carries === undefined ? {} : { carries: drawn.carries }),
    maxTtlSeconds: 30,
  };
}

function targetOf(endpoint: Endpoint, drawn: RequestDraw): Target {
  const operation = pick(endpoint.operations, drawn.tail);
  const tails = ['7', 'x/y', '', '7/', 'a%2Fb', 'p?q=1', '%7e', 'x%2f..', '..', 'deep/er/path'];
  switch (operation.kind) {
    case 'topic':
      if (drawn.by < 3) return { kind: 'endpoint', endpoint: endpoint.id };
      return {
        kind: 'topic',
        topic: operation.topic.replace('**', pick(['k', 'k.l', '*'], drawn.tail)).replace('*', 'k'),
        action: pick(['publish', 'consume'], drawn.method),
      };
    case 'resource':
      if (drawn.by < 3) return { kind: 'endpoint', endpoint: endpoint.id };
      return {
        kind: 'resource',
        resource: {
          type: operation.resourceType,
          id: pick(['101', '7'], drawn.method),
          properties: attributesOf(drawn.extra ? { owner: 'u-1' } : {}),
        },
        action: { name: pick(['view', 'edit', 'drop'], drawn.tail), properties: attributesOf({}) },
      };
    case 'http': {
      const method = drawn.preflight
        ? 'OPTIONS'
        : endpoint.kind === 'grpc'
          ? 'POST'
          : pick(['GET', 'GET', 'POST', 'HEAD'], drawn.method);
      const path = operation.path
        .replace('{id}', pick(['7', '8', 'x', 'a%2Fb'], drawn.method))
        .replace('**', pick(tails, drawn.tail))
        .replace('/*', '/Get');
      if (endpoint.kind === 'grpc' && drawn.by < 5)
        return { kind: 'rpc', rpc: path, ...(drawn.by < 2 ? { host: `${endpoint.service}.example` } : {}) };
      if (drawn.by === 9) return { kind: 'endpoint', endpoint: endpoint.id, ...(drawn.extra ? { method } : {}) };
      if (drawn.by > 5) return { kind: 'endpoint', endpoint: endpoint.id, method, path };
      const host = pick(
        [`${endpoint.service}.example`, `${endpoint.service}.example:8080`, `a.b.${endpoint.service}.EXAMPLE`],
        drawn.by % 5 === 0 ? drawn.tail : 0,
      );
      return { kind: 'address', host, method, path: drawn.tail % 17 === 0 ? `${path}/..` : path };
    }
  }
}

function acceptedOn(world: World, name: string): readonly string[] {
  const names: string[] = [];
  for (let at = name; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
    names.push(...(world.domains.get(at)!.access ?? []).filter((mechanism) => mechanism !== 'anonymous'));
  }
  return names;
}

function attributesOf(values: Attributes): Attributes {
  return Object.assign(Object.create(null) as Attributes, values);
}

/** A world with some requests about it. */
export function situations(
  requests: number,
): fc.Arbitrary<{ readonly generated: Generated; readonly requests: readonly AccessRequest[] }> {
  return fc
    .tuple(worlds, fc.array(requestDraw, { minLength: requests, maxLength: requests }))
    .map(([generated, drawn]) => ({ generated, requests: drawn.map((request) => requestOf(generated, request)) }));
}
