import type {
  MechanismDeclaration,
  DomainDocument,
  EnforcementPointDocument,
  EntitySetDocument,
  FourEyesDocument,
  QuotaDocument,
  RoleSetDocument,
  SuspensionDocument,
} from './document-domain.js';
import type { EndpointDeclaration, PolicyPolicyDocument, ServiceDocument } from './document-policy.js';
import type { TestDocument } from './document-test.js';
import type { PolicyDocument } from './document.js';
import type { ReadDocument } from './read.js';
import { placeIn, type Report } from './report.js';
import type { Path } from './yaml.js';

/** A sound document and where it was read. */
export interface Entry<Kind extends PolicyDocument> {
  readonly document: Kind;
  readonly source: ReadDocument;
}

export interface MechanismEntry {
  readonly declaration: MechanismDeclaration;
  readonly owner: Entry<DomainDocument>;
  readonly path: Path;
}

export interface EndpointEntry {
  /** `service/endpoint`. */
  readonly id: string;
  /** Absent for the one endpoint of a service that lists none. */
  readonly declaration?: EndpointDeclaration;
  readonly service: Entry<ServiceDocument>;
  readonly path: Path;
  readonly hosts: readonly string[];
  /** Empty for external services. */
  readonly placements: readonly string[];
}

/** Every sound document of a bundle by kind and name, and what the unsound ones meant to declare. */
export interface Catalogue {
  readonly domains: ReadonlyMap<string, Entry<DomainDocument>>;
  readonly services: ReadonlyMap<string, Entry<ServiceDocument>>;
  readonly policies: ReadonlyMap<string, Entry<PolicyPolicyDocument>>;
  readonly roleSets: ReadonlyMap<string, Entry<RoleSetDocument>>;
  readonly entitySets: ReadonlyMap<string, Entry<EntitySetDocument>>;
  readonly enforcementPoints: ReadonlyMap<string, Entry<EnforcementPointDocument>>;
  /** By the domain that each suspends. */
  readonly suspensions: ReadonlyMap<string, Entry<SuspensionDocument>>;
  readonly quotas: ReadonlyMap<string, Entry<QuotaDocument>>;
  readonly fourEyes: ReadonlyMap<string, Entry<FourEyesDocument>>;
  readonly tests: ReadonlyMap<string, Entry<TestDocument>>;
  readonly mechanisms: ReadonlyMap<string, MechanismEntry>;
  readonly endpoints: ReadonlyMap<string, EndpointEntry>;
  /** Endpoints of a service, by its name. */
  readonly endpointsOf: ReadonlyMap<string, readonly EndpointEntry[]>;
  /** Whether a service's memberships and placements can be relied on; where not, what follows from them is not judged. */
  isSettled(service: string): boolean;
  /** Whether a document with faults may declare this name, so that calling it unknown would be noise. */
  mayBeDeclared(name: string): boolean;
}

/** Sorts documents into a catalogue; a name given twice is a fault, and its second document is left out. */
export function catalogue(sources: readonly ReadDocument[], report: Report): Catalogue {
  const domains = new Map<string, Entry<DomainDocument>>();
  const services = new Map<string, Entry<ServiceDocument>>();
  const policies = new Map<string, Entry<PolicyPolicyDocument>>();
  const roleSets = new Map<string, Entry<RoleSetDocument>>();
  const entitySets = new Map<string, Entry<EntitySetDocument>>();
  const enforcementPoints = new Map<string, Entry<EnforcementPointDocument>>();
  const suspensions = new Map<string, Entry<SuspensionDocument>>();
  const quotas = new Map<string, Entry<QuotaDocument>>();
  const fourEyes = new Map<string, Entry<FourEyesDocument>>();
  const tests = new Map<string, Entry<TestDocument>>();
  for (const source of sources) {
    const document = source.document;
    if (document === undefined) continue;
    switch (document.kind) {
      case 'Domain':
        enter(domains, document, source, report);
        break;
      case 'Service':
        enter(services, document, source, report);
        break;
      case 'Policy':
        enter(policies, document, source, report);
        break;
      case 'RoleSet':
        enter(roleSets, document, source, report);
        break;
      case 'EntitySet':
        enter(entitySets, document, source, report);
        break;
      case 'EnforcementPoint':
        enter(enforcementPoints, document, source, report);
        break;
      case 'Suspension':
        enter(suspensions, document, source, report);
        break;
      case 'Quota':
        enter(quotas, document, source, report);
        break;
      case 'FourEyes':
        enter(fourEyes, document, source, report);
        break;
      case 'Test':
        enter(tests, document, source, report);
        break;
    }
  }
  const { endpoints, endpointsOf } = endpointsIn(services, report);
  const hidden = hiddenNames(sources);
  return {
    domains,
    services,
    policies,
    roleSets,
    entitySets,
    enforcementPoints,
    suspensions,
    quotas,
    fourEyes,
    tests,
    mechanisms: mechanismsIn(domains, report),
    endpoints,
    endpointsOf,
    isSettled: (name) => isSettled(services.get(name), endpointsOf.get(name) ?? [], domains),
    mayBeDeclared: (name) => hidden.has(name),
  };
}

function isSettled(
  service: Entry<ServiceDocument> | undefined,
  endpoints: readonly EndpointEntry[],
  domains: ReadonlyMap<string, unknown>,
): boolean {
  if (service === undefined) return false;
  const { domains: memberships = [], kind } = service.document.spec;
  if (kind === 'external') return memberships.length === 0;
  const known = new Set(memberships.filter((name) => domains.has(name)));
  return (
    memberships.length > 0 &&
    memberships.every((name) => known.has(name)) &&
    endpoints.every(({ placements }) => placements.every((name) => known.has(name)))
  );
}

function enter<Kind extends PolicyDocument>(
  entries: Map<string, Entry<Kind>>,
  document: Kind,
  source: ReadDocument,
  report: Report,
): void {
  const name = document.metadata.name;
  const first = entries.get(name);
  if (first === undefined) {
    entries.set(name, { document, source });
    return;
  }
  const message = `the ${document.kind} \`${name}\` is declared twice; first at`;
  report.add(
    placeIn(source, ['metadata', 'name']),
    'duplicate-document',
    message,
    placeIn(first.source, ['metadata', 'name']),
  );
}

function mechanismsIn(
  domains: ReadonlyMap<string, Entry<DomainDocument>>,
  report: Report,
): ReadonlyMap<string, MechanismEntry> {
  const mechanisms = new Map<string, MechanismEntry>();
  for (const owner of domains.values()) {
    for (const [index, declaration] of (owner.document.spec.mechanisms ?? []).entries()) {
      const path: Path = ['spec', 'mechanisms', index];
      const first = mechanisms.get(declaration.name);
      if (first === undefined) {
        mechanisms.set(declaration.name, { declaration, owner, path });
        continue;
      }
      const message = `the mechanism \`${declaration.name}\` is declared twice; first at`;
      report.add(
        placeIn(owner.source, [...path, 'name']),
        'duplicate-mechanism',
        message,
        placeIn(first.owner.source, [...first.path, 'name']),
      );
    }
  }
  return mechanisms;
}

function endpointsIn(services: ReadonlyMap<string, Entry<ServiceDocument>>, report: Report) {
  const endpoints = new Map<string, EndpointEntry>();
  const endpointsOf = new Map<string, readonly EndpointEntry[]>();
  for (const service of services.values()) {
    const { spec, metadata } = service.document;
    const memberships = spec.domains ?? [];
    const own: EndpointEntry[] = [];
    const declared = spec.endpoints ?? [undefined];
    for (const [index, declaration] of declared.entries()) {
      const path: Path = declaration === undefined ? [] : ['spec', 'endpoints', index];
      const id = `${metadata.name}/${declaration?.name ?? 'all'}`;
      const hosts = declaration?.hosts ?? spec.hosts ?? [];
      const placements = declaration?.domains ?? memberships;
      const entry: EndpointEntry = { id, service, path, hosts, placements, ...(declaration && { declaration }) };
      const first = endpoints.get(id);
      if (first === undefined) {
        endpoints.set(id, entry);
        own.push(entry);
        continue;
      }
      report.add(
        placeIn(service.source, [...path, 'name']),
        'duplicate-endpoint',
        `the endpoint \`${id}\` is declared twice; first at`,
        placeIn(service.source, [...first.path, 'name']),
      );
    }
    endpointsOf.set(metadata.name, own);
  }
  return { endpoints, endpointsOf };
}

/**
 * What documents with faults may declare: the names their lists of declarations hold, or, where the text itself could not
 * be read, every word in it.
 */
function hiddenNames(sources: readonly ReadDocument[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const source of sources) {
    if (source.faults.length === 0 || declaresNothing(source)) continue;
    if (source.remains === undefined || source.faults.some((fault) => 'offset' in fault)) {
      for (const [word] of source.chunk.text.matchAll(/[a-z0-9][a-z0-9.-]*/g)) names.add(word);
    } else {
      for (const name of declaredIn(source.remains)) names.add(name);
    }
  }
  return names;
}

function declaredIn(remains: unknown): readonly string[] {
  const own = textAt(remains, 'metadata', 'name');
  const mechanisms = itemsAt(remains, 'mechanisms').map((item) => textAt(item, 'name'));
  const endpoints = itemsAt(remains, 'endpoints').map((item) => `${own}/${textAt(item, 'name')}`);
  return [own, ...mechanisms, ...endpoints].filter((name) => name !== undefined);
}

function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = path.reduce(
    (inner, step) => (inner as { readonly [member: string]: unknown } | null | undefined)?.[step],
    value,
  );
  return typeof found === 'string' ? found : undefined;
}

function itemsAt(value: unknown, list: string): readonly unknown[] {
  const spec = (value as { readonly spec?: { readonly [member: string]: unknown } | null } | null)?.spec;
  const items = spec?.[list];
  return Array.isArray(items) ? items : [];
}

/** Kinds that refer to names and declare none that others refer to. */
function declaresNothing(source: ReadDocument): boolean {
  const kind = source.document?.kind ?? textAt(source.remains, 'kind');
  if (kind === undefined)
    return /^kind:[ \t]*["']?(?:Policy|RoleSet|EntitySet|Suspension|Quota|FourEyes|Test)\b/m.test(source.chunk.text);
  return SILENT_KINDS.has(kind);
}

const SILENT_KINDS: ReadonlySet<string> = new Set([
  'Policy',
  'RoleSet',
  'EntitySet',
  'Suspension',
  'Quota',
  'FourEyes',
  'Test',
]);
