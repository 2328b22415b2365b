import {
  type AddressClaim,
  type Attributes,
  type Domain,
  type Endpoint,
  type EnforcementPoint,
  type Mechanism,
  type Operation,
  OUTSIDE,
  type RoleDefinition,
  type Rule,
  type Service,
  type World,
} from '#engine';
import type { Catalogue, EndpointEntry, Entry, MechanismEntry } from './catalogue.js';
import type { DomainDocument } from './document-domain.js';
import { rulesOf } from './lower-rule.js';
import { splitClaim } from './patterns.js';

/**
 * The world a well-formed catalogue describes: every default filled in, everything without order of its own sorted, so
 * that the order of documents, files and lists never shows.
 */
export function lower(catalogue: Catalogue): World {
  const rules = rulesByOwner(catalogue);
  const roles = rolesByDomain(catalogue);
  const directories = directoriesByDomain(catalogue);
  const domains = byName(catalogue.domains, (entry, name) => ({
    ...lowerDomain(entry, catalogue.suspensions.has(name)),
    rules: rules.get(name) ?? [],
    roles: roles.get(name) ?? [],
    directory: directories.get(name) ?? { assignments: new Map(), entities: new Map() },
  }));
  return {
    domains,
    outside: rules.get(OUTSIDE) ?? [],
    mechanisms: byName(catalogue.mechanisms, lowerMechanism),
    services: byName(catalogue.services, (entry, name) => lowerService(entry, catalogue.endpointsOf.get(name) ?? [])),
    enforcementPoints: byName(catalogue.enforcementPoints, ({ document }, name): EnforcementPoint => ({
      name,
      domain: document.metadata.domain,
      mayAssert: sorted(document.spec.mayAssert ?? []),
      mayExplain: document.spec.mayExplain ?? false,
    })),
  };
}

function byName<From, To>(
  entries: ReadonlyMap<string, From>,
  lowered: (entry: From, name: string) => To,
): ReadonlyMap<string, To> {
  return new Map(sorted(entries.keys()).map((name) => [name, lowered(entries.get(name)!, name)]));
}

function sorted(texts: Iterable<string>): readonly string[] {
  return [...new Set(texts)].sort();
}

function lowerDomain(
  { document: { metadata, spec } }: Entry<DomainDocument>,
  isSuspended: boolean,
): Omit<Domain, 'rules' | 'roles' | 'directory'> {
  return {
    name: metadata.name,
    zeroTrust: spec.zeroTrust ?? false,
    egress: spec.egress ?? 'open',
    suspended: isSuspended || (spec.suspended ?? false),
    ...(spec.mode && { mode: spec.mode }),
    discloseAccess: spec.discloseAccess ?? true,
    ...(spec.maxStalenessSeconds !== undefined && { maxStalenessSeconds: spec.maxStalenessSeconds }),
    ...(spec.trust && { trust: sorted(spec.trust) }),
    ...(spec.access && { access: sorted(spec.access) }),
    recognizes: sorted(spec.recognizes ?? []),
    boundary: sorted(spec.boundary ?? []),
    addresses: sorted(spec.addresses ?? []).map((text): AddressClaim => splitClaim(text)),
    administrators: spec.administrators ?? [],
  };
}

function lowerMechanism({ declaration, owner }: MechanismEntry): Mechanism {
  return {
    name: declaration.name,
    owner: owner.document.metadata.name,
    role: declaration.role,
    kind: declaration.kind,
    principalType: principalTypeOf(declaration),
    assertableBy: sorted(declaration.assertableBy ?? []),
  };
}

/** The type of the principals that a mechanism's evidence names. */
export function principalTypeOf(declaration: MechanismEntry['declaration']): string {
  switch (declaration.kind) {
    case 'jwt':
      return declaration.jwt.principalType ?? 'user';
    case 'introspection':
      return declaration.introspection.principalType ?? 'user';
    case 'asserted':
      return declaration.asserted?.principalType ?? 'user';
    case 'apiKey':
      return declaration.apiKey.principalType ?? 'client';
    case 'mtls':
      return declaration.mtls.principalType ?? 'client';
    case 'spiffe':
      return declaration.spiffe.principalType ?? 'client';
    case 'network':
      return 'client';
  }
}

function lowerService(
  { document: { metadata, spec } }: Catalogue['services'] extends ReadonlyMap<string, infer E> ? E : never,
  endpoints: readonly EndpointEntry[],
): Service {
  const identities = new Map(
    (spec.identities ?? []).map(({ mechanism, subject }) => [`${mechanism} ${subject}`, { mechanism, subject }]),
  );
  return {
    name: metadata.name,
    kind: spec.kind ?? 'workload',
    domains: sorted(spec.domains ?? []),
    identities: sorted(identities.keys()).map((key) => identities.get(key)!),
    endpoints: [...endpoints].sort((left, right) => (left.id < right.id ? -1 : 1)).map(lowerEndpoint),
  };
}

function lowerEndpoint({ id, declaration, service, hosts, placements }: EndpointEntry): Endpoint {
  return {
    id,
    service: service.document.metadata.name,
    kind: declaration?.kind ?? 'http',
    hosts: sorted(hosts),
    placements: sorted(placements),
    operations: operationsOf(declaration),
    trailingSlash: declaration?.trailingSlash ?? 'significant',
    encodedSlash: declaration?.encodedSlash ?? 'refuse',
    preflight: declaration?.preflight ?? 'deny',
  };
}

function operationsOf(declaration: EndpointEntry['declaration']): readonly Operation[] {
  if (declaration?.operations === undefined) {
    return declaration?.kind === 'async'
      ? [{ kind: 'topic', topic: '**', actions: ['*'] }]
      : [{ kind: 'http', methods: ['*'], path: '/**' }];
  }
  const operations = declaration.operations.map((operation): Operation => {
    if ('topic' in operation)
      return { kind: 'topic', topic: operation.topic, actions: sorted(operation.actions ?? ['*']) };
    if ('resourceType' in operation)
      return { kind: 'resource', resourceType: operation.resourceType, actions: sorted(operation.actions ?? ['*']) };
    if ('rpc' in operation) return { kind: 'http', methods: ['POST'], path: operation.rpc };
    return { kind: 'http', methods: sorted(operation.methods ?? ['*']), path: operation.path };
  });
  const byText = new Map(operations.map((operation) => [JSON.stringify(operation), operation]));
  return sorted(byText.keys()).map((text) => byText.get(text)!);
}

function rulesByOwner(catalogue: Catalogue): ReadonlyMap<string, readonly Rule[]> {
  const rules = new Map<string, Rule[]>();
  for (const { document } of catalogue.policies.values()) {
    const owner = document.metadata.domain;
    const list = rules.get(owner) ?? [];
    rules.set(owner, list);
    for (const rule of rulesOf(document)) list.push(rule);
  }
  for (const list of rules.values()) list.sort((left, right) => (left.id < right.id ? -1 : 1));
  return rules;
}

function rolesByDomain(catalogue: Catalogue): ReadonlyMap<string, readonly RoleDefinition[]> {
  const inherited = new Map<string, Map<string, Set<string>>>();
  for (const { document } of catalogue.roleSets.values()) {
    const roles = inherited.get(document.metadata.domain) ?? new Map<string, Set<string>>();
    inherited.set(document.metadata.domain, roles);
    for (const { name, inherits } of document.spec.roles ?? []) {
      const all = roles.get(name) ?? new Set<string>();
      roles.set(name, all);
      for (const role of inherits ?? []) all.add(role);
    }
  }
  return new Map(
    [...inherited].map(([domain, roles]) => [
      domain,
      sorted(roles.keys()).map((name) => ({ name, inherits: sorted(roles.get(name)!) })),
    ]),
  );
}

/** Attributes of an entity stored without any. */
const NO_ATTRIBUTES: Attributes = Object.freeze(Object.create(null) as Attributes);

function directoriesByDomain(catalogue: Catalogue): ReadonlyMap<string, Domain['directory']> {
  const assignments = new Map<string, Map<string, Set<string>>>();
  const entities = new Map<string, Map<string, Attributes>>();
  for (const { document } of catalogue.roleSets.values()) {
    const held = assignments.get(document.metadata.domain) ?? new Map<string, Set<string>>();
    assignments.set(document.metadata.domain, held);
    for (const { role, principals } of document.spec.assignments ?? []) {
      for (const principal of principals) {
        const roles = held.get(principal);
        if (roles === undefined) held.set(principal, new Set([role]));
        else roles.add(role);
      }
    }
  }
  for (const { document } of catalogue.entitySets.values()) {
    const stored = entities.get(document.metadata.domain) ?? new Map<string, Attributes>();
    entities.set(document.metadata.domain, stored);
    for (const { type, id, attributes } of document.spec.entities ?? [])
      stored.set(`${type}:${id}`, attributes ?? NO_ATTRIBUTES);
  }
  const domains = new Set([...assignments.keys(), ...entities.keys()]);
  return new Map(
    [...domains].map((domain) => [
      domain,
      {
        assignments: byName(assignments.get(domain) ?? new Map<string, Set<string>>(), (roles) => sorted(roles)),
        entities: byName(entities.get(domain) ?? new Map<string, Attributes>(), (stored) => stored),
      },
    ]),
  );
}
