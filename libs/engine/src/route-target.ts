/** Routes as gateways name them that send the template of a path instead of an address. */
import type { Place } from './address-table.js';
import { canonicalHost, canonicalPath, MAX_TARGET_BYTES } from './canonical.js';
import type { Target } from './model.js';
import type { EndpointNode, Snapshot } from './snapshot.js';
import { bySpecificity, pathTemplate } from './template.js';
import type { Segment } from './template.js';

export interface RouteTarget {
  readonly kind: 'route';
  /** `/todos/{todoId}`, as the gateway's own table of routes has it. */
  readonly template: string;
  readonly method: string;
  /** Tells routes apart that several hosts have; not read where one endpoint answers it alone. */
  readonly host?: string;
  /** The path of this very request, from which parameters are read. It has to be one of the route. */
  readonly path?: string;
}

/**
 * The endpoint that answers a route; its parameters may be called otherwise than the policy calls them. Costs a few
 * probes a host pattern of the policy.
 *
 * @returns for a route that no endpoint answers, or several, a target that does not resolve
 */
export function targetOfRoute(snapshot: Snapshot, route: RouteTarget): Target {
  const { method, path } = route;
  const template = templateIn(route.template);
  const endpoint = template && answering(snapshot, template, route);
  if (endpoint === undefined || (path !== undefined && !isOfRoute(endpoint, template!, method, path))) return NOWHERE;
  return { kind: 'endpoint', endpoint: endpoint.id, method, ...(path !== undefined && { path }) };
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

function answering(snapshot: Snapshot, template: readonly Segment[], route: RouteTarget): EndpointNode | undefined {
  const endpoints = new Set<EndpointNode>();
  for (const place of placesOf(snapshot, template)) {
    const endpoint = place.choose(route.method)?.endpoint;
    if (endpoint !== undefined) endpoints.add(endpoint);
  }
  if (endpoints.size < 2) return endpoints.values().next().value;
  const host = route.host === undefined ? undefined : canonicalHost(route.host);
  if (host === undefined) return undefined;
  return snapshot.addresses.find(host)?.findTemplate(template)?.choose(route.method)?.endpoint;
}

function* placesOf(snapshot: Snapshot, template: readonly Segment[]): Generator<Place, void, void> {
  for (const paths of snapshot.addresses.values()) {
    const place = paths.findTemplate(template);
    if (place !== undefined) yield place;
  }
}

function isOfRoute(endpoint: EndpointNode, template: readonly Segment[], method: string, path: string): boolean {
  const canonical = canonicalPath(path);
  const found = canonical && endpoint.paths.find(canonical.path, 1)?.choose(method);
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
