/** What a request asks about, read from its raw target once, before anything is resolved or matched. */
import { canonicalHost, canonicalPath, isPlainText, isToken, isTopic } from './canonical.js';
import type { AccessRequest, Attributes } from './model.js';

/** A target in canonical form. Members it does not have are undefined. */
export interface CanonicalTarget {
  /** `service/endpoint`, when the target is an endpoint by name. */
  readonly named: string | undefined;
  readonly host: string | undefined;
  readonly method: string | undefined;
  /** Without query. */
  readonly path: string | undefined;
  readonly query: string | undefined;
  readonly encodedSlash: boolean;
  /** An RPC, which without a host resolves among endpoints of kind `grpc`. */
  readonly rpc: boolean;
  /** The method a CORS preflight asks about; it resolves by that one. */
  readonly preflightFor: string | undefined;
  readonly topic: string | undefined;
  readonly resource: { readonly type: string; readonly id: string; readonly properties: Attributes } | undefined;
  readonly action: { readonly name: string; readonly properties: Attributes } | undefined;
}

const NO_PROPERTIES: Attributes = Object.freeze(Object.create(null) as Attributes);

/** @returns undefined when the target is refused: `INVALID_REQUEST` */
export function readTarget(request: AccessRequest): CanonicalTarget | undefined {
  const target = request.target;
  switch (target.kind) {
    case 'endpoint':
      return httpTarget(request, target.endpoint, undefined, target.method, target.path, false);
    case 'address': {
      const host = canonicalHost(target.host);
      return host === undefined ? undefined : httpTarget(request, undefined, host, target.method, target.path, false);
    }
    case 'rpc': {
      const host = target.host === undefined ? undefined : canonicalHost(target.host);
      if (target.host !== undefined && host === undefined) return undefined;
      return httpTarget(request, undefined, host, 'POST', target.rpc, true);
    }
    case 'topic':
      if (!isTopic(target.topic) || !isPlainText(target.action) || target.action === '*') return undefined;
      return {
        ...ELSEWHERE,
        topic: target.topic,
        action: { name: target.action, properties: NO_PROPERTIES },
      };
    case 'resource': {
      const { resource, action } = target;
      if (!isPlainText(resource.type) || !isPlainText(resource.id)) return undefined;
      if (!isPlainText(action.name) || action.name === '*') return undefined;
      return { ...ELSEWHERE, resource, action };
    }
  }
}

/** A target without any of the members that HTTP gives. */
const ELSEWHERE: CanonicalTarget = {
  named: undefined,
  host: undefined,
  method: undefined,
  path: undefined,
  query: undefined,
  encodedSlash: false,
  rpc: false,
  preflightFor: undefined,
  topic: undefined,
  resource: undefined,
  action: undefined,
};

function httpTarget(
  request: AccessRequest,
  named: string | undefined,
  host: string | undefined,
  method: string | undefined,
  rawPath: string | undefined,
  rpc: boolean,
): CanonicalTarget | undefined {
  if (method !== undefined && !isToken(method)) return undefined;
  let preflightFor: string | undefined;
  if (method === 'OPTIONS' && request.headers['origin'] !== undefined) {
    preflightFor = request.headers['access-control-request-method'];
    if (preflightFor !== undefined && !isToken(preflightFor)) return undefined;
  }
  let path: string | undefined;
  let query: string | undefined;
  let encodedSlash = false;
  if (rawPath !== undefined) {
    const canonical = canonicalPath(rawPath);
    if (canonical === undefined) return undefined;
    // An RPC has no query; one who writes it means something else by the path than we do.
    if (rpc && canonical.query !== undefined) return undefined;
    ({ path, query, encodedSlash } = canonical);
  }
  return {
    named,
    host,
    method,
    path,
    query,
    encodedSlash,
    rpc,
    preflightFor,
    topic: undefined,
    resource: undefined,
    action: undefined,
  };
}
