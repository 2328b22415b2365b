import {
  challengeFor,
  clientView,
  type Answer,
  type ChallengedView,
  type Question,
  type RequestFault,
} from '#decision';
import { type Attributes, type Evidence, OBLIGATION_KINDS, type ObligationKind } from '#engine';
import type { Presented } from '#identity';
import { parseRequest } from '#policy';
import { denialBody, type DenialCode, PROBLEM_MEDIA_TYPE } from '#problem';
import {
  clientHeaders,
  countedParameters,
  type HeaderLine,
  jsonOf,
  parametersAlike,
  strippedOf,
  type Struct,
  type StructValue,
} from '#wire';
import { toldHeaders } from '../told-headers.js';
import type {
  AttributeContext,
  CheckRequest,
  CheckResponse,
  HeaderValueOption,
  HttpAttributes,
} from './check-message.js';

/** `google.rpc.Code`. */
const CODE = { ok: 0, permissionDenied: 7, unavailable: 14, unauthenticated: 16 } as const;

/** An RPC has no query. Servers of gRPC may ask too, and they know nothing of the fields about one. */
const QUERYLESS_KINDS = OBLIGATION_KINDS.filter(
  (kind) => kind !== 'setQueryParameter' && kind !== 'removeQueryParameter',
);
/**
 * Programs read only so many parameters, OpenResty 100, and PHP, Express and Tomcat 1,000. Envoy sorts what it changes:
 * behind more than these of a client, nobody might read what a rule sets.
 */
const MOST_PARAMETERS = 64;
const CROWDED_KINDS = OBLIGATION_KINDS.filter((kind) => kind !== 'setQueryParameter');

/**
 * Envoy tells a byte of HTTP/2 that is no text as `!`. A name that is told with one may stand otherwise in the query, and
 * there Envoy would not find it.
 */
const UNSURE_NAME = /(?:^|&)[^=&]*!/;

/** The namespace of `metadata_context` in which a gateway's filters may assert evidence. */
const METADATA_NAMESPACE = 'dharma';

/**
 * What a Check asks. Anything a client could bend is a malformed question, and none of it an error. Of the headers only
 * the client's own credentials count as evidence; everything else is read from fields that the gateway itself fills.
 *
 * @param trace  trace context of the call
 */
export function toQuestion(message: CheckRequest, trace?: string): Question {
  const context = message.attributes;
  const http = context?.request?.http;
  if (!context || !http) {
    return {
      kind: 'malformed',
      faults: [{ pointer: 'attributes.request.http', message: 'there is no HTTP request' }],
      trace,
    };
  }
  const faults: RequestFault[] = [];
  const lines = headerLines(http, faults);
  if (http.method === 'CONNECT') {
    faults.push({ pointer: 'attributes.request.http.method', message: 'a tunnel is no request' });
  }
  const client = clientHeaders(lines);
  if (client.kind === 'fault') faults.push(client.fault);
  const asserted = assertedIn(context, http, faults);
  if (faults.length > 0 || client.kind === 'fault') return { kind: 'malformed', faults, trace };
  const { headers, repeated, aliases } = client;
  return {
    kind: 'request',
    request: {
      // An RPC reaches us as a POST on its path, and means the same.
      target: { kind: 'address', method: http.method, host: http.host, path: http.path },
      headers,
      attributes: extensionsOf(context),
      claimed: {},
      context: {},
      carries: carriedWith(headers, http.path),
    },
    presented: { asserted, credentials: headers, reported: {}, repeated, aliases, ...sourceOf(context) },
    trace,
  };
}

/**
 * A deny is a message, never a gRPC error: a gateway may be told to let requests pass when an error comes back.
 *
 * @param challenge  the value of `www-authenticate`, the same for every client
 * @param sent       names in lower case of all headers of the client
 * @param carries    what the question said; a parameter that a rule sets is not, where it may be left out and is not in it
 */
export function toCheckResponse(
  answer: Answer,
  challenge: string,
  sent: Iterable<string>,
  carries: readonly ObligationKind[] = OBLIGATION_KINDS,
): CheckResponse {
  const view = clientView(answer);
  switch (view) {
    case 'allow':
      return allowed(answer, sent, carries);
    case 'unauthenticated':
    case 'invalid_token':
      return denied(answer, view, CODE.unauthenticated, 'Unauthorized', challenged(view, challenge));
    case 'insufficient_scope':
      return denied(answer, view, CODE.permissionDenied, 'Forbidden', challenged(view, challenge));
    case 'forbidden':
      return denied(answer, view, CODE.permissionDenied, 'Forbidden', []);
    case 'unavailable':
      return denied(answer, view, CODE.unavailable, 'ServiceUnavailable', []);
    default:
      return view satisfies never;
  }
}

/** What a caller that is no enforcement point hears, and anyone when we fail ourselves. */
export function refusedWithoutDecision(): CheckResponse {
  return refused(CODE.permissionDenied, 'Forbidden', { headers: [] });
}

/** Names in lower case of the client's headers, in either of the two forms; one that came twice may be there twice. */
export function* sentIn({ attributes }: CheckRequest): Generator<string, void, void> {
  const http = attributes?.request?.http;
  for (const name in http?.headers) yield name.toLowerCase();
  for (const { key } of http?.headerMap?.headers ?? []) yield key.toLowerCase();
}

function allowed(answer: Answer, sent: Iterable<string>, carries: readonly ObligationKind[]): CheckResponse {
  const { outcome, headersSet, parametersSet, query } = answer;
  const headers = Object.entries(toldHeaders(answer)).map(([name, value]) => overwrite(name, value));
  const headersToRemove: string[] = [];
  const parameters = new Map<string, string>();
  const taken = new Set(parametersSet);
  const limits: { [name: string]: StructValue } = {};
  for (const obligation of outcome.obligations) {
    switch (obligation.kind) {
      case 'setHeader':
        headers.push(overwrite(obligation.name.toLowerCase(), obligation.value));
        break;
      case 'removeHeader':
        headersToRemove.push(obligation.name.toLowerCase());
        break;
      case 'setQueryParameter':
        taken.add(obligation.name);
        // The gateway writes it down as it is: unescaped, a value could end there and begin another parameter.
        if (carries.includes('setQueryParameter')) {
          parameters.set(obligation.name, encodeURIComponent(obligation.value));
        }
        break;
      case 'removeQueryParameter':
        taken.add(obligation.name);
        break;
      case 'rateLimit':
        limits[obligation.class] = { stringValue: obligation.key };
        break;
      default:
        obligation satisfies never;
    }
  }
  const set = new Set(headers.map(({ header }) => header.key));
  for (const name of strippedOf(sent, set, headersSet)) if (!headersToRemove.includes(name)) headersToRemove.push(name);
  const parametersToRemove = parametersAlike(query, taken).filter((spelling) => !parameters.has(spelling));
  const hasLimits = Object.keys(limits).length > 0;
  return {
    status: { code: CODE.ok },
    okResponse: {
      headers,
      headersToRemove,
      ...(parameters.size > 0 && {
        queryParametersToSet: Array.from(parameters, ([key, value]) => ({ key, value })),
      }),
      ...(parametersToRemove.length > 0 && { queryParametersToRemove: parametersToRemove }),
    },
    dynamicMetadata: metadataOf(answer, hasLimits ? { rate_limit: { structValue: { fields: limits } } } : {}),
  };
}

/** What the gateway's own log and filters may know of an answer; the client never sees it. */
function metadataOf(
  { outcome, decisionId, revision }: Answer,
  more: { readonly [name: string]: StructValue } = {},
): Struct {
  return {
    fields: {
      decision: { stringValue: decisionId },
      revision: { numberValue: revision },
      reason: { stringValue: outcome.reason },
      ...more,
    },
  };
}

function challenged(view: ChallengedView, challenge: string): readonly HeaderValueOption[] {
  return [overwrite('www-authenticate', challengeFor(view, challenge))];
}

function denied(
  answer: Answer,
  view: DenialCode,
  code: number,
  status: DeniedStatus,
  more: readonly HeaderValueOption[],
): CheckResponse {
  const { decisionId } = answer;
  const headers = [overwrite('x-dharma-decision', decisionId), overwrite('content-type', PROBLEM_MEDIA_TYPE), ...more];
  const body = denialBody(view, HTTP_STATUS[status], decisionId);
  return { ...refused(code, status, { headers, body }), dynamicMetadata: metadataOf(answer) };
}

type DeniedResponse = NonNullable<CheckResponse['deniedResponse']>;
type DeniedStatus = DeniedResponse['status']['code'];

const HTTP_STATUS: { readonly [status in DeniedStatus]: number } = {
  Unauthorized: 401,
  Forbidden: 403,
  ServiceUnavailable: 503,
};

function refused(code: number, status: DeniedStatus, more: Omit<DeniedResponse, 'status'>): CheckResponse {
  return { status: { code }, deniedResponse: { status: { code: status }, ...more } };
}

/** Both ways of saying it: versions of the gateway differ in which of the two they honour, and one appends by default. */
function overwrite(key: string, value: string): HeaderValueOption {
  return {
    header: { key, value },
    append: { value: false },
    appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD',
    keepEmptyValue: true,
  };
}

/** The gateway sends one of the two forms, depending on `encode_raw_headers`. */
function headerLines(http: HttpAttributes, faults: RequestFault[]): readonly HeaderLine[] {
  const lines: HeaderLine[] = [];
  const take = (key: string, value: string): void => {
    const name = key.toLowerCase();
    if (!name.startsWith(':')) return void lines.push([name, value]);
    const field = pseudoField(name);
    if (field !== undefined && value !== http[field]) {
      const message = `\`${field}\` and the header \`${name}\` differ`;
      faults.push({ pointer: `attributes.request.http.${field}`, message });
    }
  };
  for (const name in http.headers) take(name, http.headers[name]!);
  for (const { key, value, rawValue } of http.headerMap?.headers ?? []) {
    take(key, rawValue.length > 0 ? Buffer.from(rawValue).toString('utf8') : value);
  }
  return lines;
}

/** The field that must say the same as a pseudo header. */
function pseudoField(name: string): 'path' | 'method' | 'host' | undefined {
  switch (name) {
    case ':path':
      return 'path';
    case ':method':
      return 'method';
    case ':authority':
      return 'host';
    default:
      return undefined;
  }
}

/** Evidence that the gateway's filters assert, in the shape of `documents.md`. */
function assertedIn(context: AttributeContext, http: HttpAttributes, faults: RequestFault[]): readonly Evidence[] {
  const metadata = context.metadataContext?.filterMetadata[METADATA_NAMESPACE];
  if (metadata === undefined) return [];
  const { evidence, ...others } = jsonOf(metadata);
  const pointer = `attributes.metadata_context.filter_metadata.${METADATA_NAMESPACE}`;
  for (const name of Object.keys(others)) {
    faults.push({ pointer: `${pointer}/${name}`, message: 'only `evidence` is read here' });
  }
  const { method, host, path } = http;
  const reading = parseRequest({ target: { host, method, path }, evidence }, { mode: 'network', now: 0 });
  if (!('faults' in reading)) return reading.request.evidence;
  faults.push(...reading.faults.map((fault) => ({ ...fault, pointer: `${pointer}${fault.pointer}` })));
  return [];
}

function sourceOf({ source }: AttributeContext): Pick<Presented, 'clientAddress' | 'certificate'> {
  if (!source) return {};
  const { address, principal, certificate: pem } = source;
  return {
    ...(address?.socketAddress?.address && { clientAddress: address.socketAddress.address }),
    ...((principal !== '' || pem !== '') && { certificate: { principal, pem } }),
  };
}

function carriedWith(headers: { readonly [name: string]: string }, path: string): readonly ObligationKind[] {
  if (isRpc(headers)) return QUERYLESS_KINDS;
  const mark = path.indexOf('?');
  if (mark < 0) return OBLIGATION_KINDS;
  const query = path.slice(mark + 1);
  if (UNSURE_NAME.test(query)) return QUERYLESS_KINDS;
  // A short query cannot hold so many.
  if (query.length < MOST_PARAMETERS || countedParameters(query) <= MOST_PARAMETERS) return OBLIGATION_KINDS;
  return CROWDED_KINDS;
}

function isRpc(headers: { readonly [name: string]: string }): boolean {
  return headers['content-type']?.toLowerCase().startsWith('application/grpc') === true;
}

const NO_EXTENSIONS: Attributes = Object.freeze(Object.create(null));

/** What the route's configuration says counts as attested. */
function extensionsOf({ contextExtensions }: AttributeContext): Attributes {
  let attributes: { [name: string]: string } | undefined;
  for (const name in contextExtensions) {
    attributes ??= Object.create(null) as { [name: string]: string };
    attributes[name] = contextExtensions[name]!;
  }
  return attributes ?? NO_EXTENSIONS;
}
