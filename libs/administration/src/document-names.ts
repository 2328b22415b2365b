import { isWithin, OUTSIDE } from '#engine';
import { chainOf, type PolicyDocument, type ServiceDocument, type TestDocument } from '#policy';

/** What a document declares and what it leans on; enough to see whether two documents have to do with one another. */
export interface DocumentNames {
  /** A noun and a name, like `domain acme` or `endpoint orders/public`. */
  readonly declares: ReadonlySet<string>;
  /** What its text names, and what its meaning reaches: the domains around it. */
  readonly refers: ReadonlySet<string>;
  /** Roles have names at a domain only, so they are compared with {@link sharesRole}. */
  readonly roles: RoleNames;
}

export interface RoleNames {
  /** `*` for what reaches every domain. */
  readonly domain: string;
  /** By a role set; rules name roles and define none. */
  readonly defined: ReadonlySet<string>;
  /** Named in any way, defined ones included. */
  readonly named: ReadonlySet<string>;
  readonly isRoleSet: boolean;
}

const NO_NAMES: ReadonlySet<string> = new Set();

export function documentNames(document: PolicyDocument): DocumentNames {
  switch (document.kind) {
    case 'Domain': {
      const { name } = document.metadata;
      const { mechanisms = [], trust = [], access = [], recognizes = [], boundary = [], overlaps = [] } = document.spec;
      return {
        declares: new Set([`domain ${name}`, ...mechanisms.map((mechanism) => `mechanism ${mechanism.name}`)]),
        refers: new Set([
          ...domainsAround(name).slice(1),
          // `anonymous` is no mechanism, and nothing declares it.
          ...[...trust, ...access, ...recognizes].map((mechanism) => `mechanism ${mechanism}`),
          ...boundary.flatMap(endpointNames),
          ...overlaps.map((other) => `domain ${other}`),
          ...mechanisms.flatMap(({ delegations = [] }) => delegations.map(({ domain }) => `domain ${domain}`)),
          ...mechanisms.flatMap(({ assertableBy = [] }) => assertableBy.map((point) => `enforcement-point ${point}`)),
        ]),
        roles: noRoles(name),
      };
    }
    case 'Service':
      return serviceNames(document);
    case 'Policy': {
      const { domain } = document.metadata;
      const { rules } = document.spec;
      const who = rules.map((rule) => rule.who ?? {});
      const what = rules.map((rule) => rule.what ?? {});
      return {
        declares: NO_NAMES,
        refers: new Set([
          ...domainsAround(domain),
          ...[...who, ...what].flatMap(({ domains = [] }) => domains.map((name) => `domain ${name}`)),
          ...[...who, ...what].flatMap(({ services = [] }) => services.map((name) => `service ${name}`)),
          ...who.flatMap(({ mechanisms = [] }) => mechanisms.map((name) => `mechanism ${name}`)),
          ...what.flatMap(({ endpoints = [] }) => endpoints.flatMap(endpointNames)),
        ]),
        roles: {
          domain,
          defined: NO_NAMES,
          named: new Set(who.flatMap(({ roles = [] }) => roles)),
          isRoleSet: false,
        },
      };
    }
    case 'RoleSet': {
      const { domain } = document.metadata;
      const { roles = [], assignments = [] } = document.spec;
      return {
        declares: NO_NAMES,
        refers: new Set(domainsAround(domain)),
        roles: {
          domain,
          defined: new Set(roles.map(({ name }) => name)),
          named: new Set([
            ...roles.flatMap(({ name, inherits = [] }) => [name, ...inherits]),
            ...assignments.map(({ role }) => role),
          ]),
          isRoleSet: true,
        },
      };
    }
    case 'EntitySet':
      return around(document.metadata.domain);
    case 'EnforcementPoint': {
      const { name, domain } = document.metadata;
      const asserted = (document.spec.mayAssert ?? []).map((mechanism) => `mechanism ${mechanism}`);
      return {
        declares: new Set([`enforcement-point ${name}`]),
        refers: new Set([...domainsAround(domain), ...asserted]),
        roles: noRoles(domain),
      };
    }
    case 'Suspension':
    case 'Quota':
    case 'FourEyes':
      return around(document.metadata.name);
    case 'Test':
      return testNames(document);
    default:
      return document satisfies never;
  }
}

/** Whether one of the two names what the other declares. */
export function areRelated(left: DocumentNames, right: DocumentNames): boolean {
  return meet(left.declares, right.refers) || meet(left.refers, right.declares) || sharesRole(left.roles, right.roles);
}

/** Whether a role set and another document name one role where either can see the other's. */
export function sharesRole(left: RoleNames, right: RoleNames): boolean {
  return (left.isRoleSet || right.isRoleSet) && areInLine(left.domain, right.domain) && meet(left.named, right.named);
}

/** Whether one of two domains lies in the other. */
export function areInLine(left: string, right: string): boolean {
  return left === OUTSIDE || right === OUTSIDE || isWithin(left, right) || isWithin(right, left);
}

function serviceNames({ metadata, spec }: ServiceDocument): DocumentNames {
  const { domains = [], identities = [], endpoints = [{ name: 'all', domains: undefined }] } = spec;
  const placements = endpoints.flatMap((endpoint) => endpoint.domains ?? []);
  return {
    declares: new Set([
      `service ${metadata.name}`,
      ...endpoints.map(({ name }) => `endpoint ${metadata.name}/${name}`),
    ]),
    refers: new Set([
      ...[...domains, ...placements].flatMap(domainsAround),
      ...identities.map(({ mechanism }) => `mechanism ${mechanism}`),
    ]),
    roles: noRoles(OUTSIDE),
  };
}

function testNames({ metadata, spec }: TestDocument): DocumentNames {
  const { cases = [], matrices = [], reach = [] } = spec;
  const requests = cases.map(({ request }) => request as Readonly<Record<string, unknown>>);
  const subjects = matrices.flatMap((matrix) => Object.values(matrix.subjects) as Readonly<Record<string, unknown>>[]);
  const targets = matrices.flatMap((matrix) => Object.values(matrix.targets));
  const callers = reach.flatMap(({ none, only, atLeast, exactly }) => none ?? only ?? atLeast ?? exactly ?? []);
  const endpoints = [
    ...[...requests.map(({ target }) => target), ...targets].map((target) => textOf(target, 'endpoint')),
    ...reach.flatMap((assertion) => assertion.endpoints),
  ];
  const mechanisms = [
    ...[...requests, ...subjects].flatMap(({ evidence }) =>
      Array.isArray(evidence) ? evidence.map((item) => textOf(item, 'mechanism')) : [],
    ),
    ...callers.flatMap((named) => named.mechanisms ?? []),
  ];
  const services = [
    ...subjects.map((subject) => textOf(subject, 'service')),
    ...callers.flatMap((named) => named.services ?? []),
  ];
  return {
    declares: NO_NAMES,
    refers: new Set([
      ...domainsAround(metadata.domain ?? OUTSIDE),
      ...endpoints.flatMap((endpoint) => (endpoint === undefined ? [] : endpointNames(endpoint))),
      ...mechanisms.flatMap((mechanism) => (mechanism === undefined ? [] : [`mechanism ${mechanism}`])),
      ...services.flatMap((service) => (service === undefined ? [] : [`service ${service}`])),
      ...callers.flatMap((named) => (named.domains ?? []).map((domain) => `domain ${domain}`)),
    ]),
    roles: noRoles(metadata.domain ?? OUTSIDE),
  };
}

function around(domain: string): DocumentNames {
  return { declares: NO_NAMES, refers: new Set(domainsAround(domain)), roles: noRoles(domain) };
}

function noRoles(domain: string): RoleNames {
  return { domain, defined: NO_NAMES, named: NO_NAMES, isRoleSet: false };
}

/** The domain itself and those it lies in. */
function domainsAround(domain: string): readonly string[] {
  return domain === OUTSIDE ? [] : chainOf(domain).map((name) => `domain ${name}`);
}

/** `service/*` names the service alone. */
function endpointNames(reference: string): readonly string[] {
  const service = `service ${reference.slice(0, reference.indexOf('/'))}`;
  return reference.endsWith('/*') ? [service] : [service, `endpoint ${reference}`];
}

function textOf(value: unknown, member: string): string | undefined {
  const found = (value as Readonly<Record<string, unknown>> | null | undefined)?.[member];
  return typeof found === 'string' ? found : undefined;
}

function meet(left: ReadonlySet<string>, right: ReadonlySet<string>): boolean {
  const [small, large] = left.size < right.size ? [left, right] : [right, left];
  for (const name of small) if (large.has(name)) return true;
  return false;
}
