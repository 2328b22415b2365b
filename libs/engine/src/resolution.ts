/**
 * Target resolution as a reader wants it: lists, no index. `address-table.ts` does the same from indexes.
 *
 * @see docs/semantics.md, sections 3 and 7
 */
import type { AddressClaim, Domain, Endpoint, Operation, World } from './model.js';
import { bySpecificity, otherSlash, parametersOf, pathTemplate, templateMatches, topicTemplate } from './template.js';
import type { Segment } from './template.js';
import type { CanonicalTarget } from './target.js';

export type Resolution =
  | { readonly kind: 'found'; readonly endpoint: Endpoint; readonly params: { readonly [name: string]: string } }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'invalid' };

const UNKNOWN: Resolution = { kind: 'unknown' };
const INVALID: Resolution = { kind: 'invalid' };
const NO_PARAMS: { readonly [name: string]: string } = Object.freeze(Object.create(null) as Record<string, string>);

export function resolve(world: World, target: CanonicalTarget): Resolution {
  const endpoints = [...world.services.values()].flatMap((service) => service.endpoints);
  if (target.named !== undefined) return resolveNamed(endpoints, target.named, target);
  if (target.topic !== undefined) return resolveTopic(endpoints, target.topic, target.action!.name);
  if (target.resource !== undefined) return resolveResource(endpoints, target.resource.type, target.action!.name);
  const resolution = resolveAddress(endpoints, target);
  if (resolution.kind !== 'found') return target.encodedSlash ? INVALID : resolution;
  return target.host !== undefined && !claimAllows(world, target.host, target.path!, resolution.endpoint)
    ? UNKNOWN
    : resolution;
}

interface Candidate {
  readonly endpoint: Endpoint;
  readonly template: readonly Segment[];
  /** Methods or actions. */
  readonly verbs: readonly string[];
}

function resolveAddress(all: readonly Endpoint[], target: CanonicalTarget): Resolution {
  const http = all.filter((endpoint) => endpoint.kind === 'http' || endpoint.kind === 'grpc');
  const eligible = target.encodedSlash ? http.filter((endpoint) => endpoint.encodedSlash === 'allow') : http;
  const segments = target.path!.slice(1).split('/');
  const method = target.preflightFor ?? target.method!;
  if (target.host !== undefined) {
    const pattern = hostPattern(eligible, target.host);
    if (pattern === undefined) return UNKNOWN;
    const here = eligible.filter((endpoint) => endpoint.hosts.includes(pattern));
    return choose(mostSpecific(here.flatMap(pathCandidates), segments), method, segments);
  }
  const rpcs = eligible.filter((endpoint) => endpoint.kind === 'grpc');
  const answering = mostSpecific(rpcs.flatMap(pathCandidates), segments).filter(
    ({ verbs }) => verbs.includes(method) || verbs.includes('*'),
  );
  const distinct = new Set(answering.map(({ endpoint }) => endpoint.id));
  return distinct.size === 1 ? choose(answering, method, segments) : UNKNOWN;
}

/** The exact host, else the longest `*.suffix` that holds it. */
function hostPattern(endpoints: readonly Endpoint[], host: string): string | undefined {
  const patterns = new Set(endpoints.flatMap((endpoint) => endpoint.hosts));
  return [...patterns].filter((pattern) => holdsHost(pattern, host)).sort(bySpecificHost)[0];
}

export function holdsHost(pattern: string, host: string): boolean {
  return pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) && host.length >= pattern.length : pattern === host;
}

/** The exact host before a suffix, a longer suffix before a shorter one. */
function bySpecificHost(left: string, right: string): number {
  const wild = Number(left.startsWith('*.')) - Number(right.startsWith('*.'));
  return wild !== 0 ? wild : right.length - left.length;
}

function pathCandidates(endpoint: Endpoint): Candidate[] {
  return endpoint.operations.flatMap((operation) => {
    if (operation.kind !== 'http') return [];
    const template = pathTemplate(operation.path);
    const other = endpoint.trailingSlash === 'ignore' ? otherSlash(template) : undefined;
    return (other === undefined ? [template] : [template, other]).map((form) => ({
      endpoint,
      template: form,
      verbs: operation.methods,
    }));
  });
}

/** All candidates at the most specific path that holds the request's. */
function mostSpecific(candidates: readonly Candidate[], segments: readonly string[]): readonly Candidate[] {
  const matching = candidates.filter(({ template }) => templateMatches(template, segments));
  const [best] = [...matching].sort((left, right) => bySpecificity(left.template, right.template));
  return best === undefined ? [] : matching.filter(({ template }) => bySpecificity(template, best.template) === 0);
}

/** Of the operations at one path: one that names the verb, else one that lists `*`. */
function choose(candidates: readonly Candidate[], verb: string, segments: readonly string[]): Resolution {
  const chosen =
    candidates.find(({ verbs }) => verbs.includes(verb)) ?? candidates.find(({ verbs }) => verbs.includes('*'));
  return chosen === undefined
    ? UNKNOWN
    : { kind: 'found', endpoint: chosen.endpoint, params: parametersOf(chosen.template, segments) };
}

function resolveNamed(all: readonly Endpoint[], id: string, target: CanonicalTarget): Resolution {
  const endpoint = all.find((candidate) => candidate.id === id);
  if (target.encodedSlash && endpoint?.encodedSlash !== 'allow') return INVALID;
  if (endpoint === undefined) return UNKNOWN;
  const method = target.preflightFor ?? target.method;
  if (method === undefined && target.path === undefined) return { kind: 'found', endpoint, params: NO_PARAMS };
  const candidates = pathCandidates(endpoint);
  if (target.path === undefined) {
    const listed = candidates.some(({ verbs }) => verbs.includes(method!) || verbs.includes('*'));
    return listed ? { kind: 'found', endpoint, params: NO_PARAMS } : UNKNOWN;
  }
  const segments = target.path.slice(1).split('/');
  const here = mostSpecific(candidates, segments);
  if (method !== undefined) return choose(here, method, segments);
  return here.length === 0 ? UNKNOWN : { kind: 'found', endpoint, params: parametersOf(here[0]!.template, segments) };
}

function resolveTopic(all: readonly Endpoint[], topic: string, action: string): Resolution {
  const candidates = all.flatMap((endpoint) =>
    endpoint.operations.flatMap((operation): Candidate[] =>
      operation.kind === 'topic'
        ? [{ endpoint, template: topicTemplate(operation.topic), verbs: operation.actions }]
        : [],
    ),
  );
  const segments = topic.split('.');
  return choose(mostSpecific(candidates, segments), action, segments);
}

function resolveResource(all: readonly Endpoint[], type: string, action: string): Resolution {
  const lists = (operation: Operation, verb: string): boolean =>
    operation.kind === 'resource' && operation.resourceType === type && operation.actions.includes(verb);
  const endpoint =
    all.find(({ operations }) => operations.some((operation) => lists(operation, action))) ??
    all.find(({ operations }) => operations.some((operation) => lists(operation, '*')));
  return endpoint === undefined ? UNKNOWN : { kind: 'found', endpoint, params: NO_PARAMS };
}

/** Claims decide last: the most specific one that holds the address must contain every placement of the endpoint. */
function claimAllows(world: World, host: string, path: string, endpoint: Endpoint): boolean {
  const holding = [...world.domains.values()].flatMap((domain) =>
    domain.addresses.filter((claim) => claimHolds(claim, host, path)).map((claim) => ({ claim, domain })),
  );
  const [best] = holding.sort(bySpecificClaim);
  if (best === undefined) return true;
  return (
    endpoint.placements.length > 0 && endpoint.placements.every((placement) => isWithin(placement, best.domain.name))
  );
}

/** A path prefix holds whole segments. */
export function claimHolds(claim: AddressClaim, host: string, path: string): boolean {
  return holdsHost(claim.host, host) && (path === claim.prefix || path.startsWith(`${claim.prefix}/`));
}

type HeldClaim = { readonly claim: AddressClaim; readonly domain: Domain };

function bySpecificClaim(left: HeldClaim, right: HeldClaim): number {
  return (
    bySpecificHost(left.claim.host, right.claim.host) ||
    right.claim.prefix.length - left.claim.prefix.length ||
    right.domain.name.length - left.domain.name.length
  );
}

/** Whether `name` is `ancestor` or lies below it. `*` holds every domain. */
export function isWithin(name: string, ancestor: string): boolean {
  return ancestor === '*' || name === ancestor || name.startsWith(`${ancestor}.`);
}
