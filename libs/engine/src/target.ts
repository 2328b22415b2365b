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

type MutableTarget = { -readonly [Member in keyof CanonicalTarget]: CanonicalTarget[Member] };

/**
 * @param into  filled in and returned; one that is used again and again spares a decision the making of it
 * @returns undefined when the target is refused: `INVALID_REQUEST`
 */
export function readTarget(request: AccessRequest, into: CanonicalTarget = blankTarget()): CanonicalTarget | undefined {
  const read = into as MutableTarget;
  clear(read);
  const target = request.target;
  switch (target.kind) {
    case 'endpoint':
      read.named = target.endpoint;
      return readHttp(request, read, target.method, target.path);
    case 'address':
      read.host = canonicalHost(target.host);
      return read.host === undefined ? undefined : readHttp(request, read, target.method, target.path);
    case 'rpc':
      read.rpc = true;
      if (target.host !== undefined) {
        read.host = canonicalHost(target.host);
        if (read.host === undefined) return undefined;
      }
      return readHttp(request, read, 'POST', target.rpc);
    case 'topic':
      if (!isTopic(target.topic) || !isPlainText(target.action) || target.action === '*') return undefined;
      read.topic = target.topic;
      read.action = { name: target.action, properties: NO_PROPERTIES };
      return read;
    case 'resource': {
      const { resource, action } = target;
      if (!isPlainText(resource.type) || !isPlainText(resource.id)) return undefined;
      if (!isPlainText(action.name) || action.name === '*') return undefined;
      read.resource = resource;
      read.action = action;
      return read;
    }
  }
}

/** A target that has nothing yet. */
export function blankTarget(): CanonicalTarget {
  return {
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
}

function clear(target: MutableTarget): void {
  target.named = undefined;
  target.host = undefined;
  target.method = undefined;
  target.path = undefined;
  target.query = undefined;
  target.encodedSlash = false;
  target.rpc = false;
  target.preflightFor = undefined;
  target.topic = undefined;
  target.resource = undefined;
  target.action = undefined;
}

function readHttp(
  request: AccessRequest,
  read: MutableTarget,
  method: string | undefined,
  rawPath: string | undefined,
): CanonicalTarget | undefined {
  if (method !== undefined && !isToken(method)) return undefined;
  read.method = method;
  if (method === 'OPTIONS' && request.headers['origin'] !== undefined) {
    read.preflightFor = request.headers['access-control-request-method'];
    if (read.preflightFor !== undefined && !isToken(read.preflightFor)) return undefined;
  }
  if (rawPath !== undefined) {
    const canonical = canonicalPath(rawPath);
    if (canonical === undefined) return undefined;
    // An RPC has no query; one who writes it means something else by the path than we do.
    if (read.rpc && canonical.query !== undefined) return undefined;
    read.path = canonical.path;
    read.query = canonical.query;
    read.encodedSlash = canonical.encodedSlash;
  }
  return read;
}
