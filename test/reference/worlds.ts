/** Builders of small worlds and requests; what a test does not say is the harmless default. */
import type {
  AccessRequest,
  Attributes,
  Domain,
  Endpoint,
  Evidence,
  Mechanism,
  Operation,
  Rule,
  Service,
  Target,
  What,
  Who,
  World,
} from '#engine';

export const NOW = Date.parse('2026-12-24T12:00:00Z');

export function rule(
  id: string,
  given: Partial<Omit<Rule, 'who' | 'what'>> & { who?: Partial<Who>; what?: What },
): Rule {
  const effect = given.effect ?? 'allow';
  return {
    id,
    owner: '*',
    effect,
    direction: 'in',
    scope: effect === 'allow' ? 'self' : 'subtree',
    mode: 'enforce',
    obligations: [],
    ...given,
    who: { anonymous: false, ...given.who },
    what: given.what ?? {},
  };
}

type DomainGiven = Partial<Omit<Domain, 'directory'>> & {
  readonly assignments?: { readonly [principal: string]: readonly string[] };
  readonly entities?: { readonly [entity: string]: Attributes };
};

function domain(name: string, { assignments, entities, ...given }: DomainGiven): Domain {
  return {
    name,
    zeroTrust: false,
    egress: 'open',
    suspended: false,
    discloseAccess: true,
    recognizes: [],
    boundary: [],
    addresses: [],
    administrators: [],
    roles: [],
    ...given,
    rules: (given.rules ?? []).map((each) => ({ ...each, owner: name })),
    directory: {
      assignments: new Map(Object.entries(assignments ?? {})),
      entities: new Map(Object.entries(entities ?? {})),
    },
  };
}

export function get(path: string, ...methods: string[]): Operation {
  return { kind: 'http', methods: methods.length === 0 ? ['*'] : methods, path };
}

type EndpointGiven = Partial<Endpoint>;
type ServiceGiven = Partial<Omit<Service, 'endpoints'>> & { readonly endpoints?: { [name: string]: EndpointGiven } };

function service(name: string, { endpoints, ...given }: ServiceGiven): Service {
  const domains = given.domains ?? [];
  return {
    name,
    kind: 'workload',
    domains,
    identities: [{ mechanism: 'mesh', subject: name }],
    ...given,
    endpoints: Object.entries(endpoints ?? {}).map(([endpoint, said]) => ({
      id: `${name}/${endpoint}`,
      service: name,
      kind: 'http',
      hosts: [`${name}.example`],
      placements: domains,
      operations: [get('/**')],
      trailingSlash: 'significant',
      encodedSlash: 'refuse',
      preflight: 'deny',
      ...said,
    })),
  };
}

export interface WorldGiven {
  readonly domains: { readonly [name: string]: DomainGiven };
  readonly services: { readonly [name: string]: ServiceGiven };
  readonly outside?: readonly Rule[];
  readonly mechanisms?: readonly Partial<Mechanism>[];
}

/** A world with a trust mechanism `mesh` and access mechanisms `login` (of users) and `key`, all owned by `acme`. */
export function worldOf({ domains, services, outside = [], mechanisms = [] }: WorldGiven): World {
  const all: readonly Mechanism[] = [
    { name: 'mesh', role: 'trust', kind: 'spiffe', principalType: 'client' },
    { name: 'login', role: 'access', kind: 'jwt', principalType: 'user' },
    { name: 'key', role: 'access', kind: 'apiKey', principalType: 'client' },
    ...mechanisms,
  ].map((given) => ({ owner: 'acme', assertableBy: [], ...given }) as Mechanism);
  return {
    domains: new Map(Object.entries(domains).map(([name, given]) => [name, domain(name, given)])),
    outside,
    mechanisms: new Map(all.map((each) => [each.name, each])),
    services: new Map(Object.entries(services).map(([name, given]) => [name, service(name, given)])),
    enforcementPoints: new Map(),
  };
}

export function evidence(given: Partial<Evidence> & Pick<Evidence, 'role' | 'mechanism' | 'subject'>): Evidence {
  return { verified: true, scopes: [], groups: [], claims: {}, attributes: {}, ...given };
}

/** What a service of the world proves itself with. */
export function from(subject: string, given: Partial<Evidence> = {}): Evidence {
  return evidence({ role: 'trust', mechanism: 'mesh', subject, ...given });
}

/** A token of a user. */
export function token(subject: string, given: Partial<Evidence> = {}): Evidence {
  return evidence({ role: 'access', mechanism: 'login', subject, ...given });
}

/** A target by address: `GET flights.example/v1`. */
export function address(text: string): Target {
  const [, method, host, path] = /^(\S+) ([^/]+)(.*)$/s.exec(text)!;
  return { kind: 'address', method: method!, host: host!, path: path! };
}

export function asking(target: Target | string, given: Partial<AccessRequest> = {}): AccessRequest {
  return {
    target: typeof target === 'string' ? address(target) : target,
    evidence: [],
    headers: {},
    attributes: {},
    claimed: {},
    context: {},
    time: NOW,
    askedFrom: '*',
    policyAgeSeconds: 0,
    maxTtlSeconds: 30,
    ...given,
  };
}
