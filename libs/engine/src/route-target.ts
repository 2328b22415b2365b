/** Routes as gateways name them that send the template of a path instead of an address. */
import type { Answering, Place } from './address-table.js';
import { canonicalHost, canonicalPath, MAX_TARGET_BYTES } from './canonical.js';
import { isClaimedFrom } from './lookup.js';
import type { Target } from './model.js';
import type { EndpointNode, Snapshot } from './snapshot.js';
import { bySpecificity, pathTemplate } from './template.js';
import type { Segment } from './template.js';

export interface RouteTarget {
  readonly kind: 'route';
  /** `/todos/{todoId}`, as the gateway's own table of routes has it. */
  readonly template: string;
  readonly method: string;
  /** The route is looked for at this host alone; without it, at all of them, and one endpoint has to answer there. */
  readonly host?: string;
  /** The path of this very request, from which parameters are read. It has to be one of the route. */
  readonly path?: string;
}

/**
 * The endpoint that answers a route; its parameters may be called otherwise than the policy calls them. Costs a few
 * probes, without a host a few probes a host pattern of the policy.
 *
 * @returns for a route that no endpoint answers, or several, a target that does not resolve
 */
export function targetOfRoute(snapshot: Snapshot, route: RouteTarget): Target {
  const template = templateIn(route.template);
  if (template === undefined) return NOWHERE;
  return route.host === undefined
    ? targetAnywhere(snapshot, template, route)
    : targetAtHost(snapshot, template, route, route.host);
}

/** What is answered at a route, host by host. */
export function* placesOfRoute(snapshot: Snapshot, text: string): Generator<Place, void, void> {
  const template = templateIn(text);
  if (template !== undefined) yield* placesOf(snapshot, template);
}

/** No service has an empty name. */
const NOWHERE: Target = Object.freeze({ kind: 'endpoint', endpoint: '' });

function templateIn(text: string): readonly Segment[] | undefined {
  return text.startsWith('/') && text.length <= MAX_TARGET_BYTES ? pathTemplate(text) : undefined;
}

function targetAnywhere(snapshot: Snapshot, template: readonly Segment[], { method, path }: RouteTarget): Target {
  const endpoint = soleAnswering(snapshot, template, method);
  if (endpoint === undefined) return NOWHERE;
  if (path === undefined) return { kind: 'endpoint', endpoint: endpoint.id, method };
  const canonical = canonicalPath(path);
  const found = canonical && endpoint.paths.find(canonical.path, 1)?.choose(method);
  return isOfRoute(found, template) ? { kind: 'endpoint', endpoint: endpoint.id, method, path } : NOWHERE;
}

/** Says of a route what would be said of its addresses: who claims them counts too. */
function targetAtHost(
  snapshot: Snapshot,
  template: readonly Segment[],
  { method, path }: RouteTarget,
  rawHost: string,
): Target {
  const host = canonicalHost(rawHost);
  if (host === undefined) return NOWHERE;
  if (path === undefined) {
    const endpoint = snapshot.addresses.find(host)?.findTemplate(template)?.choose(method)?.endpoint;
    if (endpoint === undefined || isClaimedFrom(snapshot, endpoint, host, literalPartOf(template))) return NOWHERE;
    return { kind: 'endpoint', endpoint: endpoint.id, method };
  }
  const canonical = canonicalPath(path);
  if (canonical === undefined) return NOWHERE;
  const table = canonical.encodedSlash ? snapshot.encodedAddresses : snapshot.addresses;
  const found = table.find(host)?.find(canonical.path, 1)?.choose(method);
  return isOfRoute(found, template) ? { kind: 'address', host, method, path } : NOWHERE;
}

/** The one endpoint that answers a route at all hosts that have it. */
function soleAnswering(snapshot: Snapshot, template: readonly Segment[], method: string): EndpointNode | undefined {
  let sole: EndpointNode | undefined;
  for (const place of placesOf(snapshot, template)) {
    const endpoint = place.choose(method)?.endpoint;
    if (endpoint === undefined || endpoint === sole) continue;
    if (sole !== undefined) return undefined;
    sole = endpoint;
  }
  return sole;
}

/** A path up to the first parameter: what all paths of a route have in common. */
function literalPartOf(template: readonly Segment[]): string {
  const end = template.findIndex(({ kind }) => kind !== 'literal');
  const common = end < 0 ? template : template.slice(0, end);
  return common.map((segment) => (segment.kind === 'literal' ? `/${segment.text}` : '')).join('');
}

function* placesOf(snapshot: Snapshot, template: readonly Segment[]): Generator<Place, void, void> {
  for (const paths of snapshot.addresses.values()) {
    const place = paths.findTemplate(template);
    if (place !== undefined) yield place;
  }
}

function isOfRoute(found: Answering | undefined, template: readonly Segment[]): boolean {
  return found !== undefined && isSame(found.template, template);
}

function isSame(left: readonly Segment[], right: readonly Segment[]): boolean {
  return (
    bySpecificity(left, right) === 0 &&
    left.every((segment, index) => {
      const other = right[index]!;
      return segment.kind !== 'literal' || (other.kind === 'literal' && other.text === segment.text);
    })
  );
}
