import type { Question } from '#decision';
import type { Attributes, RouteTarget, Target } from '#engine';
import type { Presented } from '#identity';
import { type Evaluation, TOKEN_PROPERTY } from './shapes.js';

/** The types that gateways give to routes of HTTP; the id is the template of a path, the action a method. */
const ROUTE_TYPES: ReadonlySet<string> = new Set(['route', 'http_route']);

/** An answer has no place for what the enforcement point would have to do. */
const CARRIES: readonly never[] = [];
const NOTHING: Attributes = Object.freeze(Object.create(null) as Attributes);
const NO_HEADERS: { readonly [header: string]: string } = Object.freeze(Object.create(null));

type AskedQuestion = Extract<Question, { kind: 'request' }>;
type Resource = Evaluation['resource'];
type Action = Evaluation['action'];

/** @param presented  of the same subject, so that many questions about one subject share it */
export function questionOf(
  { action, resource, context }: Omit<Evaluation, 'subject'>,
  presented: Presented,
  trace?: string,
): AskedQuestion {
  return {
    kind: 'request',
    request: {
      target: targetOf(resource, action),
      headers: NO_HEADERS,
      attributes: NOTHING,
      claimed: NOTHING,
      context: context ?? NOTHING,
      carries: CARRIES,
    },
    presented,
    trace,
  };
}

/**
 * The one thing that the enforcement point presents: whom it vouches for, or that one's own token, which speaks for itself
 * and has to be of the one that is named.
 */
export function presentedOf({ type, id, properties }: Evaluation['subject']): Presented {
  const token = properties?.[TOKEN_PROPERTY];
  if (token !== undefined) {
    const credentials = { authorization: `Bearer ${String(token)}` };
    return { asserted: [], credentials, credentialsOf: { type, id }, reported: NO_HEADERS };
  }
  return {
    asserted: [],
    subject: { type, id, attributes: properties ?? NOTHING },
    credentials: NO_HEADERS,
    reported: NO_HEADERS,
  };
}

/** What is asked about, in our words. */
export function targetOf(resource: Resource, action: Action): Target | RouteTarget {
  if (isRoute(resource.type)) return routeOf(resource, action);
  return {
    kind: 'resource',
    resource: { type: resource.type, id: resource.id, properties: resource.properties ?? NOTHING },
    action: { name: action.name, properties: action.properties ?? NOTHING },
  };
}

/** Whether resources of a type are routes of HTTP. */
export function isRoute(type: string): boolean {
  return ROUTE_TYPES.has(type);
}

/** Of what gateways say besides, the host tells like routes apart, and the path gives the parameters their values. */
export function routeOf({ id, properties }: Resource, { name }: Action): RouteTarget {
  const { hostname, path } = properties ?? NOTHING;
  return {
    kind: 'route',
    template: id,
    method: name,
    ...(typeof hostname === 'string' && { host: hostname }),
    ...(typeof path === 'string' && { path }),
  };
}
