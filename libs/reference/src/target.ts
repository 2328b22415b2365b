/**
 * What a request is about: its canonical form, and the endpoint that answers it (section 3 of docs/semantics.md).
 */
import type { AccessRequest, Endpoint, Operation, Service, Target, World } from '#engine';
import { canonicalHost, canonicalPath, isMethod, isName } from './canonical.js';
import type { CanonicalPath } from './canonical.js';
import { claimAllows } from './claims.js';
import { bySpecificity, match, pathPatterns, pathSegments, shape, topicPattern } from './template.js';
import type { Pattern } from './template.js';

/** A target whose endpoint is known. What the request does not say is absent. */
export interface ResolvedTarget {
  readonly asked: Target;
  readonly service: Service;
  readonly endpoint: Endpoint;
  readonly host?: string;
  /** As sent: `OPTIONS` for a preflight. */
  readonly method?: string;
  readonly path?: CanonicalPath;
  /** Named segments of the path template, still escaped. */
  readonly parameters: ReadonlyMap<string, string>;
  /** Whether it is a preflight of an endpoint that lets them pass. */
  readonly passesAsPreflight: boolean;
}

export type Resolution =
  | { readonly kind: 'resolved'; readonly target: ResolvedTarget }
  | { readonly kind: 'unknown'; readonly path: string | null }
  | { readonly kind: 'invalid' };

const INVALID: Resolution = { kind: 'invalid' };

type HttpOperation = Extract<Operation, { kind: 'http' }>;

/** One way in: an operation of an endpoint under one of the patterns it answers to. */
interface Entry<Kind extends Operation = Operation> {
  readonly endpoint: Endpoint;
  readonly operation: Kind;
  readonly pattern: Pattern;
}

interface Hit {
  readonly endpoint: Endpoint;
  readonly parameters: ReadonlyMap<string, string>;
}

export function resolveTarget(world: World, request: AccessRequest): Resolution {
  const target = request.target;
  switch (target.kind) {
    case 'endpoint':
      return resolveNamed(world, request, target);
    case 'address':
      return resolveAddress(world, request, { ...target, host: canonicalHost(target.host) ?? null });
    case 'rpc':
      // An RPC has no query: whoever writes one means something else than we would read.
      if (target.rpc.includes('?')) return INVALID;
      return resolveAddress(world, request, {
        host: target.host === undefined ? undefined : (canonicalHost(target.host) ?? null),
        method: 'POST',
        path: target.rpc,
      });
    case 'topic':
      return resolveTopic(world, target);
    case 'resource':
      return resolveResource(world, target);
  }
}

/** The method that resolves a target: the requested one of a preflight. */
function preflightOf(request: AccessRequest, method: string | undefined): { requested: string } | undefined {
  const { origin, 'access-control-request-method': requested } = request.headers;
  return method === 'OPTIONS' && origin !== undefined && requested !== undefined ? { requested } : undefined;
}

function resolveAddress(
  world: World,
  request: AccessRequest,
  address: { readonly host: string | null | undefined; readonly method: string; readonly path: string },
): Resolution {
  const { host, method } = address;
  const path = canonicalPath(address.path);
  const preflight = preflightOf(request, method);
  const wanted = preflight?.requested ?? method;
  if (host === null || path === undefined || !isMethod(method) || !isMethod(wanted)) return INVALID;

  const entries = allEntries(world).filter(
    (entry): entry is Entry<HttpOperation> =>
      entry.operation.kind === 'http' && (!path.encodedSlash || entry.endpoint.encodedSlash === 'allow'),
  );
  const hit =
    host === undefined
      ? onlyTaker(
          entries.filter((entry) => entry.endpoint.kind === 'grpc'),
          path.path,
          wanted,
        )
      : taker(atHost(entries, host), path.path, wanted);
  if (hit === undefined) return path.encodedSlash ? INVALID : { kind: 'unknown', path: path.path };
  if (host !== undefined && !claimAllows(world, hit.endpoint, host, path.path)) {
    return { kind: 'unknown', path: path.path };
  }
  return resolved(world, request, hit, { host, method, path, preflight: preflight !== undefined });
}

function resolveNamed(world: World, request: AccessRequest, target: Extract<Target, { kind: 'endpoint' }>): Resolution {
  const { method } = target;
  const path = target.path === undefined ? undefined : canonicalPath(target.path);
  const preflight = preflightOf(request, method);
  const wanted = preflight?.requested ?? method;
  if (target.path !== undefined && path === undefined) return INVALID;
  if ((method !== undefined && !isMethod(method)) || (wanted !== undefined && !isMethod(wanted))) return INVALID;

  const endpoint = endpointsOf(world).find((each) => each.id === target.endpoint);
  if (path?.encodedSlash && endpoint?.encodedSlash !== 'allow') return INVALID;
  const hit = endpoint && own(endpoint, path?.path, wanted);
  if (hit === undefined) return { kind: 'unknown', path: path?.path ?? null };
  return resolved(world, request, hit, { method, path, preflight: preflight !== undefined });
}

/** An endpoint named directly, checked against its own operations by as much as was said. */
function own(endpoint: Endpoint, path: string | undefined, method: string | undefined): Hit | undefined {
  if (path === undefined && method === undefined) return { endpoint, parameters: new Map() };
  const entries = entriesOf(endpoint).filter((entry): entry is Entry<HttpOperation> => entry.operation.kind === 'http');
  if (path === undefined) {
    const listed = entries.some(({ operation }) => operation.methods.some((each) => each === method || each === '*'));
    return listed ? { endpoint, parameters: new Map() } : undefined;
  }
  return method === undefined
    ? hitOf(mostSpecific(entries, pathSegments(path))[0], path)
    : taker(entries, path, method);
}

function resolveTopic(world: World, target: Extract<Target, { kind: 'topic' }>): Resolution {
  const segments = target.topic.split('.');
  const unclear = segments.some((segment) => segment === '' || segment.includes('*')) || target.action === '*';
  if (unclear || !isName(target.topic) || !isName(target.action)) return INVALID;
  const entries = mostSpecific(
    allEntries(world).filter((entry) => entry.operation.kind === 'topic'),
    segments,
  );
  return byAction(world, target, entries, target.action);
}

function resolveResource(world: World, target: Extract<Target, { kind: 'resource' }>): Resolution {
  const { type, id } = target.resource;
  const { name } = target.action;
  if (![type, id, name].every(isName) || name === '*') return INVALID;
  const entries = allEntries(world).filter(
    ({ operation }) => operation.kind === 'resource' && operation.resourceType === type,
  );
  return byAction(world, target, entries, name);
}

function byAction(world: World, asked: Target, entries: readonly Entry[], action: string): Resolution {
  const actions = ({ operation }: Entry): readonly string[] => (operation.kind === 'http' ? [] : operation.actions);
  const naming = entries.filter((entry) => actions(entry).includes(action));
  const taking = naming.length > 0 ? naming : entries.filter((entry) => actions(entry).includes('*'));
  const endpoint = taking[0]?.endpoint;
  if (endpoint === undefined || taking.some((entry) => entry.endpoint !== endpoint)) {
    return { kind: 'unknown', path: null };
  }
  const service = world.services.get(endpoint.service)!;
  return {
    kind: 'resolved',
    target: { asked, service, endpoint, parameters: new Map(), passesAsPreflight: false },
  };
}

function resolved(
  world: World,
  request: AccessRequest,
  hit: Hit,
  said: { host?: string; method?: string; path?: CanonicalPath; preflight: boolean },
): Resolution {
  const { preflight, ...rest } = said;
  const service = world.services.get(hit.endpoint.service)!;
  const passesAsPreflight = preflight && hit.endpoint.preflight === 'allow';
  return { kind: 'resolved', target: { asked: request.target, service, ...hit, ...rest, passesAsPreflight } };
}

// ── looking things up ───────────────────────────────────────────────────────────────────────────────────────────────

function endpointsOf(world: World): readonly Endpoint[] {
  return [...world.services.values()].flatMap((service) => service.endpoints);
}

function allEntries(world: World): readonly Entry[] {
  return endpointsOf(world).flatMap(entriesOf);
}

function entriesOf(endpoint: Endpoint): readonly Entry[] {
  return endpoint.operations.flatMap((operation) =>
    patternsOf(operation, endpoint).map((pattern) => ({ endpoint, operation, pattern })),
  );
}

function patternsOf(operation: Operation, endpoint: Endpoint): readonly Pattern[] {
  switch (operation.kind) {
    case 'http':
      return pathPatterns(operation.path, endpoint.trailingSlash);
    case 'topic':
      return [topicPattern(operation.topic)];
    case 'resource':
      // Resources resolve by type and action, not by a pattern.
      return [[]];
  }
}

/** The entries of the exact host, else of the longest `*.suffix` that holds it; never of both. */
function atHost<Kind extends Operation>(entries: readonly Entry<Kind>[], host: string): readonly Entry<Kind>[] {
  const listing = (pattern: string): readonly Entry<Kind>[] =>
    entries.filter(({ endpoint }) => endpoint.hosts.some((each) => (canonicalHost(each) ?? each) === pattern));
  const exact = listing(host);
  if (exact.length > 0) return exact;
  const labels = host.split('.');
  for (let cut = 1; cut < labels.length; cut++) {
    const under = listing(`*.${labels.slice(cut).join('.')}`);
    if (under.length > 0) return under;
  }
  return [];
}

/** The entries at the most specific path that matches; several when methods are shared out over endpoints. */
function mostSpecific<Kind extends Operation>(
  entries: readonly Entry<Kind>[],
  segments: readonly string[],
): readonly Entry<Kind>[] {
  const matching = entries.filter(({ pattern }) => match(pattern, segments) !== undefined);
  const best = matching.toSorted((left, right) => bySpecificity(left.pattern, right.pattern))[0];
  return best === undefined ? [] : matching.filter(({ pattern }) => shape(pattern) === shape(best.pattern));
}

/** The entry at the most specific path that names the method, else the one that takes every method. */
function taker(entries: readonly Entry<HttpOperation>[], path: string, method: string): Hit | undefined {
  const there = mostSpecific(entries, pathSegments(path));
  const listing = (text: string): Entry | undefined => there.find(({ operation }) => operation.methods.includes(text));
  return hitOf(listing(method) ?? listing('*'), path);
}

/** The same without a host: two endpoints that take the method there leave it open which was meant. */
function onlyTaker(entries: readonly Entry<HttpOperation>[], path: string, method: string): Hit | undefined {
  const taking = mostSpecific(entries, pathSegments(path)).filter(({ operation }) =>
    operation.methods.some((each) => each === method || each === '*'),
  );
  return new Set(taking.map(({ endpoint }) => endpoint.id)).size === 1 ? taker(taking, path, method) : undefined;
}

function hitOf(entry: Entry | undefined, path: string): Hit | undefined {
  if (entry === undefined) return undefined;
  return { endpoint: entry.endpoint, parameters: match(entry.pattern, pathSegments(path)) ?? new Map() };
}
