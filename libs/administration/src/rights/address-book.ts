import { type AddressClaim, isWithin } from '#engine';
import type { DomainDocument, ServiceDocument } from '#policy';
import { endpointsOf, type PlacedEndpoint, type PlacedOperation } from './endpoints.js';

/** A claim and the domain that makes it. */
export interface OwnedClaim extends AddressClaim {
  readonly domain: string;
}

/** What one endpoint answers at one host; `host` is empty for what has none. */
export interface Address {
  readonly host: string;
  readonly operation: PlacedOperation;
}

/** What a request is sent to, as far as it matters who may answer. */
export type Asked =
  | { readonly kind: 'host'; readonly host: string }
  | { readonly kind: 'rpc'; readonly rpc: string; readonly host?: string | undefined }
  | { readonly kind: 'topic'; readonly topic: string }
  | { readonly kind: 'resource'; readonly type: string };

/** One text for each address, the same whatever its parameters are called. */
export function addressText({ host, operation }: Address): string {
  if (operation.kind === 'resource') return `resource ${operation.type}`;
  return `${operation.kind} ${host} ${operation.segments.join(operation.kind === 'path' ? '/' : '.')}`;
}

/** Every address of an endpoint; RPCs are found without a host too. */
export function addressesOf({ kind, hosts, operations }: PlacedEndpoint): readonly Address[] {
  const told = kind === 'http' ? hosts : kind === 'grpc' ? [...hosts, ''] : [''];
  return operations.flatMap((operation) => told.map((host) => ({ host, operation })));
}

const NO_PREFIX = '';

/** An endpoint that answers somewhere where another one would. */
export interface Overlap {
  readonly endpoint: PlacedEndpoint;
  /** What holds all of it: a claim around says whose it is. Null where claims do not say so. */
  readonly region: AddressClaim | null;
}

/** Who answers where in one set, and who claims what. */
export class AddressBook {
  readonly #byHost = new Map<string, PlacedEndpoint[]>();
  readonly #hostless: PlacedEndpoint[] = [];
  readonly #calls: PlacedEndpoint[] = [];
  readonly #claims: readonly OwnedClaim[];

  constructor(services: readonly ServiceDocument[], domains: readonly DomainDocument[]) {
    for (const endpoint of services.flatMap(endpointsOf)) {
      if (endpoint.kind === 'async' || endpoint.kind === 'resource') {
        this.#hostless.push(endpoint);
        continue;
      }
      if (endpoint.kind === 'grpc') this.#calls.push(endpoint);
      for (const host of endpoint.hosts) {
        const there = this.#byHost.get(host);
        if (there === undefined) this.#byHost.set(host, [endpoint]);
        else there.push(endpoint);
      }
    }
    this.#claims = domains.flatMap(({ metadata, spec }) =>
      (spec.addresses ?? []).map((text) => ({ ...claimIn(text), domain: metadata.name })),
    );
  }

  /**
   * Who answers at an address that an endpoint would have, whichever of them would be found there: a narrower one takes a
   * part of what they answer, and a wider one opens what they never listed. At another host, which holds this one or lies
   * within it, that is whoever answers anything, for nothing falls back to a wildcard once a host is known.
   *
   * @param by  the endpoint that has the address: an RPC is also found without its host, and where escaped slashes are
   *   taken only those hosts are known that take them
   */
  overlapping({ host, operation }: Address, by: PlacedEndpoint): readonly Overlap[] {
    const shared = (endpoints: readonly PlacedEndpoint[], at: string | null) =>
      endpoints.flatMap((endpoint) =>
        endpoint.operations
          .filter((other) => isShared(operation, other))
          .map((other): Overlap => ({ endpoint, region: at === null ? null : commonRegion(at, operation, other) })),
      );
    if (operation.kind !== 'path') return shared(this.#hostless, null);
    const calls = by.kind === 'grpc' ? shared(this.#calls, null) : [];
    const isKnown = this.#byHost.has(host) && by.settings['encodedSlash'] !== 'allow';
    const wider = isKnown ? [] : hostsAround(host).flatMap((outer) => this.#byHost.get(outer) ?? []);
    // Only a wildcard holds others, and there may be thousands of hosts to look through.
    const narrower = host.startsWith('*.')
      ? [...this.#byHost].flatMap(([other, there]) => (other !== host && holdsHosts(host, other) ? there : []))
      : [];
    return [
      ...shared(this.#byHost.get(host) ?? [], host),
      ...wider.map((endpoint): Overlap => ({ endpoint, region: { host, prefix: NO_PREFIX } })),
      ...narrower.map((endpoint): Overlap => ({ endpoint, region: null })),
      ...calls,
    ];
  }

  /** Endpoints that may answer a request: rather one too many, for neither methods nor paths at a host are looked at. */
  answering(asked: Asked): readonly PlacedEndpoint[] {
    switch (asked.kind) {
      case 'host':
        // Hosts are written in any case and with a port in requests.
        return [...this.#byHost].flatMap(([host, there]) => (holdsHosts(host, hostIn(asked.host)) ? there : []));
      case 'rpc': {
        const segments = asked.rpc.replace(/^\//, '').split('/');
        const calls = this.#calls.filter(({ operations }) =>
          operations.some((other) => other.kind === 'path' && meet(segments, other.segments)),
        );
        return asked.host === undefined ? calls : [...calls, ...this.answering({ kind: 'host', host: asked.host })];
      }
      case 'topic': {
        const operation: PlacedOperation = { kind: 'topic', segments: asked.topic.split('.') };
        return this.#hostless.filter(({ operations }) => operations.some((other) => isShared(operation, other)));
      }
      case 'resource':
        return this.#hostless.filter(({ operations }) => operations.some((other) => isShared(asked, other)));
      default:
        return asked satisfies never;
    }
  }

  /** Endpoints that answer anything in a region. */
  within({ host, prefix }: AddressClaim): readonly PlacedEndpoint[] {
    const inside = [...this.#byHost].filter(([other]) => holdsHosts(host, other) || holdsHosts(other, host));
    const region = [...segmentsOf(prefix), '**'];
    return inside.flatMap(([, endpoints]) =>
      endpoints.filter(({ operations }) =>
        operations.some((operation) => operation.kind === 'path' && meet(operation.segments, region)),
      ),
    );
  }

  /** Claims that hold a whole region, the most specific first. */
  claimsAround(region: AddressClaim): readonly OwnedClaim[] {
    return this.#claims.filter((claim) => holdsRegion(claim, region)).sort(bySpecificity);
  }
}

/** The largest region without parameters that an address lies in. */
export function regionOf({ host, operation }: Address): AddressClaim {
  if (operation.kind !== 'path') return { host, prefix: NO_PREFIX };
  const end = operation.segments.findIndex((segment) => segment === '*' || segment === '**');
  const literal = end < 0 ? operation.segments : operation.segments.slice(0, end);
  return { host, prefix: literal.map((segment) => `/${segment}`).join('') };
}

export function claimIn(text: string): AddressClaim {
  const slash = text.indexOf('/');
  return slash < 0 ? { host: text, prefix: NO_PREFIX } : { host: text.slice(0, slash), prefix: text.slice(slash) };
}

export function holdsRegion(outer: AddressClaim, inner: AddressClaim): boolean {
  const isUnder = inner.prefix === outer.prefix || inner.prefix.startsWith(`${outer.prefix}/`);
  return isUnder && holdsHosts(outer.host, inner.host);
}

/** Whether every place of an endpoint lies in a domain; one without places lies in none. */
export function liesIn({ placements }: PlacedEndpoint, domain: string): boolean {
  return placements.length > 0 && placements.every((placement) => isWithin(placement, domain));
}

/** @param outer  a host or `*.suffix`, as is the other */
function holdsHosts(outer: string, inner: string): boolean {
  if (outer === inner) return true;
  if (!outer.startsWith('*.')) return false;
  return (inner.startsWith('*.') ? inner.slice(1) : inner).endsWith(outer.slice(1));
}

function hostIn(host: string): string {
  return host.toLowerCase().replace(/:\d+$/, '').replace(/\.$/, '');
}

function hostsAround(host: string): readonly string[] {
  const labels = (host.startsWith('*.') ? host.slice(2) : host).split('.');
  return labels.slice(1).map((_, index) => `*.${labels.slice(index + 1).join('.')}`);
}

function bySpecificity(left: OwnedClaim, right: OwnedClaim): number {
  const isExact = ({ host }: OwnedClaim) => Number(!host.startsWith('*.'));
  return (
    isExact(right) - isExact(left) ||
    right.host.length - left.host.length ||
    right.prefix.length - left.prefix.length ||
    right.domain.length - left.domain.length
  );
}

function segmentsOf(prefix: string): readonly string[] {
  return prefix === NO_PREFIX ? [] : prefix.slice(1).split('/');
}

function isShared(one: PlacedOperation, other: PlacedOperation): boolean {
  if (one.kind === 'resource' || other.kind === 'resource') {
    return one.kind === 'resource' && other.kind === 'resource' && one.type === other.type;
  }
  return one.kind === other.kind && meet(one.segments, other.segments);
}

/** What holds every path that two operations have in common. */
function commonRegion(host: string, one: PlacedOperation, other: PlacedOperation): AddressClaim {
  const [left, right] = [one, other].map((operation) => regionOf({ host, operation }));
  // They meet, so the longer of two prefixes lies in the other.
  return left!.prefix.length > right!.prefix.length ? left! : right!;
}

/** Whether two templates have a path in common. */
function meet(one: readonly string[], other: readonly string[]): boolean {
  for (let index = 0; ; index += 1) {
    const left = one[index];
    const right = other[index];
    if (left === '**' || right === '**') return true;
    if (left === undefined || right === undefined) return left === right;
    if (left !== '*' && right !== '*' && left !== right) return false;
  }
}
