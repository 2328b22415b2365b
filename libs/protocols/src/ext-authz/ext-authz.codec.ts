import { challengeFor, clientView, type Answer, type Question, type RequestFault } from '#decision';
import { clientHeaders } from '../client-headers.js';
import type {
  CheckRequest,
  CheckResponse,
  HeaderValueOption,
  HttpAttributes,
  Struct,
  StructValue,
} from './check-message.js';

/** `google.rpc.Code`. */
const CODE = { ok: 0, permissionDenied: 7, unavailable: 14, unauthenticated: 16 } as const;

/** What a pseudo header must say, where one is present: the same as the field of the message. */
const AGREEMENTS = [
  [':path', 'path'],
  [':method', 'method'],
  [':authority', 'host'],
] as const;

/** What a Check asks. Anything a client could bend is a malformed question, and none of it an error. */
export function toQuestion(message: CheckRequest): Question {
  const http = message.attributes?.request?.http;
  if (!http) {
    return { kind: 'malformed', faults: [{ pointer: 'attributes.request.http', message: 'there is no HTTP request' }] };
  }
  const lines = headerLines(http);
  const faults: RequestFault[] = lines.flatMap(([name, value]) => disagreement(http, name, value));
  const headers = clientHeaders(lines);
  if (headers.kind === 'fault') faults.push(headers.fault);
  if (faults.length > 0 || headers.kind === 'fault') return { kind: 'malformed', faults };
  return {
    kind: 'request',
    request: {
      // An RPC reaches us as a POST on its path, and means the same.
      target: { kind: 'address', method: http.method, host: http.host, path: http.path },
      headers: headers.headers,
      attributes: {},
      claimed: {},
      context: {},
      carries: ['setHeader', 'removeHeader', 'rateLimit'],
    },
    presented: { asserted: [], credentials: headers.headers, reported: {} },
  };
}

/**
 * A deny is a message, never a gRPC error: a gateway may be told to let requests pass when an error comes back.
 *
 * @param challenge  the value of `www-authenticate`, the same for every client
 */
export function toCheckResponse(answer: Answer, challenge: string): CheckResponse {
  const decision = overwrite('x-dharma-decision', answer.decisionId);
  const view = clientView(answer);
  switch (view) {
    case 'allow':
      return allowed(answer, decision);
    case 'unauthenticated':
    case 'invalid-token':
      return refused(CODE.unauthenticated, 'Unauthorized', [
        decision,
        overwrite('www-authenticate', challengeFor(view, challenge)),
      ]);
    case 'forbidden':
      return refused(CODE.permissionDenied, 'Forbidden', [decision]);
    case 'unavailable':
      return refused(CODE.unavailable, 'ServiceUnavailable', [decision]);
    default:
      return view satisfies never;
  }
}

/** What a caller that is no enforcement point hears, and anyone when we fail ourselves. */
export function refusedWithoutDecision(): CheckResponse {
  return refused(CODE.permissionDenied, 'Forbidden', []);
}

function allowed({ outcome, decisionId, revision }: Answer, decision: HeaderValueOption): CheckResponse {
  const headers = [decision, overwrite('x-dharma-path', outcome.path ?? '')];
  const headersToRemove: string[] = [];
  const limits: { [name: string]: StructValue } = {};
  for (const obligation of outcome.obligations) {
    switch (obligation.kind) {
      case 'setHeader':
        headers.push(overwrite(obligation.name.toLowerCase(), obligation.value));
        break;
      case 'removeHeader':
        headersToRemove.push(obligation.name.toLowerCase());
        break;
      case 'rateLimit':
        limits[obligation.class] = { stringValue: obligation.key };
        break;
      default:
        obligation satisfies never;
    }
  }
  const metadata: { [name: string]: StructValue } = {
    decision: { stringValue: decisionId },
    revision: { numberValue: revision },
  };
  if (Object.keys(limits).length > 0) metadata['rate_limit'] = { structValue: { fields: limits } };
  return {
    status: { code: CODE.ok },
    okResponse: { headers, headersToRemove },
    dynamicMetadata: { fields: metadata } satisfies Struct,
  };
}

function refused(
  code: number,
  status: 'Unauthorized' | 'Forbidden' | 'ServiceUnavailable',
  headers: readonly HeaderValueOption[],
): CheckResponse {
  return { status: { code }, deniedResponse: { status: { code: status }, headers } };
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
function headerLines(http: HttpAttributes): [name: string, value: string][] {
  const raw = (http.headerMap?.headers ?? []).map(({ key, value, rawValue }): [string, string] => [
    key.toLowerCase(),
    rawValue.length > 0 ? Buffer.from(rawValue).toString('utf8') : value,
  ]);
  return [...Object.entries(http.headers), ...raw];
}

function disagreement(http: HttpAttributes, name: string, value: string): RequestFault[] {
  return AGREEMENTS.filter(([pseudo, field]) => pseudo === name && value !== http[field]).map(([pseudo, field]) => ({
    pointer: `attributes.request.http.${field}`,
    message: `\`${field}\` and the header \`${pseudo}\` differ`,
  }));
}
