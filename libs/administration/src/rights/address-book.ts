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
   * Endpoints that would lose something of what they answer to a new one at an address: at the same host to a path that is
   * more specific; at a wider host everything, for nothing falls back to a wildcard once a host is known.
   *
   * @param by  the endpoint that has the address: an RPC is also found without its host, and where escaped slashes are
   *   taken only those hosts are known that take them
   */
  losing({ host, operation }: Address, by: PlacedEndpoint): readonly PlacedEndpoint[] {
    if (operation.kind !== 'path') {
      return this.#hostless.filter(({ operations }) => operations.some((other) => isShared(operation, other)));
    }
    const taken = (endpoint: PlacedEndpoint) => endpoint.operations.some((other) => winsOver(operation, other));
    const atHost = (this.#byHost.get(host) ?? []).filter(taken);
    const isKnown = this.#byHost.has(host) && by.settings['encodedSlash'] !== 'allow';
    const wider = isKnown ? [] : hostsAround(host).flatMap((outer) => this.#byHost.get(outer) ?? []);
    const calls = by.kind === 'grpc' ? this.#calls.filter(taken) : [];
    return [...atHost, ...wider, ...calls];
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

/** Whether some path is answered by both, and by the first one rather than by the second. */
function winsOver(one: PlacedOperation, other: PlacedOperation): boolean {
  if (one.kind !== 'path' || other.kind !== 'path' || !meet(one.segments, other.segments)) return false;
  for (const [index, segment] of one.segments.entries()) {
    const difference = generality(segment) - generality(other.segments[index]);
    if (difference !== 0) return difference < 0;
  }
  // The same as far as it goes: where it ends and the other has `**`, it is the one that says more.
  return true;
}

/** Literal before one segment before any rest; a template that has ended is as good as a literal. */
function generality(segment: string | undefined): number {
  return segment === '**' ? 2 : segment === '*' ? 1 : 0;
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
