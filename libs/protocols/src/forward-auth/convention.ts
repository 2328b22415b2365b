import type { Answer, Question, RequestFault } from '#decision';
import type { ObligationKind } from '#engine';
import { challengeFor, clientView } from '#decision';
import { denialBody, type DenialCode, PROBLEM_MEDIA_TYPE } from '#problem';
import { clientHeaders, foldedHeaderName, type HeaderLine, strippedOf, STRIPPED_HEADERS } from '#wire';
import { unsaid } from '../unsaid.js';
import { toldHeaders } from '../told-headers.js';
import { TRACE_HEADER, traceIn } from '../trace.js';
import type { OriginalLine } from './original-line.js';

/** The ways in which a gateway can ask by HTTP: where it reports the client's request, and what it makes of our reply. */
export interface Convention {
  /** Reads what the gateway reports, and only that; what is wrong goes to `faults`. */
  readonly target: (fields: ReportedFields, line: OriginalLine) => ReportedTarget;
  /** Kinds of obligations that it can carry out. */
  readonly carries: readonly ObligationKind[];
  /** The status that says that we cannot answer: one on which it lets nothing pass. */
  readonly unavailable: 403 | 503;
}

/** What it makes of our reply. */
export type Carriage = Pick<Convention, 'carries' | 'unavailable'>;

export interface ReportedTarget {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly clientAddress?: string;
}

/** What the gateway is told. */
export interface ForwardAuthReply {
  readonly status: number;
  readonly headers: { readonly [name: string]: string };
  /** On denials: what the gateway may show to the client. */
  readonly body?: string;
  /** What an operator has to mend, where a policy asks for what a gateway would take for an order of ours. */
  readonly complaint?: string;
}

/** Header fields of a check call, of which some are the gateway's own. */
export class ReportedFields {
  readonly faults: RequestFault[] = [];

  constructor(private readonly lines: readonly HeaderLine[]) {}

  /** A field that the gateway always sends. A second one may be the client's, so there is none to be believed then. */
  once(name: string): string {
    return this.atMostOnce(name) ?? this.#fault(name, `\`${name}\` must come exactly once`);
  }

  atMostOnce(name: string): string | undefined {
    const values = this.lines.filter(([candidate]) => candidate === name);
    if (values.length > 1) return this.#fault(name, `\`${name}\` must come exactly once`);
    return values[0]?.[1];
  }

  #fault(pointer: string, message: string): '' {
    if (!this.faults.some((fault) => fault.pointer === pointer)) this.faults.push({ pointer, message });
    return '';
  }
}

/** Words of replies that gateways take as orders to themselves, such as how long to keep our answer. */
const ORDERS = /^(?:cache-control|expires|vary|x-accel-.*|x-envoy-auth-headers-to-remove)$/;
const BEYOND_ASCII = /\P{ASCII}/u;
const HEADERS_TO_REMOVE = 'x-envoy-auth-headers-to-remove';

/**
 * A gateway's check call as a question. It copies the client's headers into the call and then overwrites those of its
 * convention.
 *
 * @param lines  header fields as they came, names in lower case
 */
export function toQuestion(convention: Convention, lines: readonly HeaderLine[], line: OriginalLine): Question {
  const fields = new ReportedFields(lines);
  const { clientAddress, ...target } = convention.target(fields, line);
  const { faults } = fields;
  if (BEYOND_ASCII.test(target.path)) {
    faults.push({
      pointer: 'path',
      message: 'a path on the wire holds nothing beyond ASCII; programs read it in different ways',
    });
  }
  if (target.method === 'CONNECT') faults.push({ pointer: 'method', message: 'a tunnel is no request' });
  const client = clientHeaders(lines);
  if (client.kind === 'fault') faults.push(client.fault);
  const trace = traceIn(lines.find(([name]) => name === TRACE_HEADER)?.[1]);
  if (faults.length > 0 || client.kind === 'fault') return { kind: 'malformed', faults, trace };
  const { headers, repeated, aliases } = client;
  return {
    kind: 'request',
    request: {
      target: { kind: 'address', ...target },
      headers,
      attributes: {},
      claimed: {},
      context: {},
      carries: convention.carries,
    },
    presented: {
      asserted: [],
      credentials: headers,
      reported: headers,
      repeated,
      aliases,
      ...(clientAddress && { clientAddress }),
    },
    trace,
  };
}

/**
 * @param challenge  the value of `www-authenticate`, the same for every client
 * @param sent       names in lower case of all headers that came
 */
export function toReply(
  convention: Carriage,
  answer: Answer,
  challenge: string,
  sent: Iterable<string>,
): ForwardAuthReply {
  const view = clientView(answer);
  switch (view) {
    case 'allow':
      return allowed(convention, answer, sent);
    case 'unauthenticated':
    case 'invalid_token':
      return denied(answer, view, 401, { 'www-authenticate': challengeFor(view, challenge) });
    case 'insufficient_scope':
      return denied(answer, view, 403, { 'www-authenticate': challengeFor(view, challenge) });
    case 'forbidden':
      return denied(answer, view, 403);
    case 'unavailable':
      return denied(answer, view, convention.unavailable);
    default:
      return view satisfies never;
  }
}

function denied(
  { decisionId }: Answer,
  code: DenialCode,
  status: number,
  more: { readonly [name: string]: string } = {},
): ForwardAuthReply {
  const own = { 'x-dharma-decision': decisionId, 'cache-control': 'no-store', 'content-type': PROBLEM_MEDIA_TYPE };
  return { status, headers: { ...own, ...more }, body: denialBody(code, status, decisionId) };
}

function allowed({ carries }: Carriage, answer: Answer, sent: Iterable<string>): ForwardAuthReply {
  const { outcome, decisionId, headersSet } = answer;
  // Without the judged path the gateway would forward the client's own text.
  if (outcome.path === null) return denied(answer, 'forbidden', 403);
  const headers: { [name: string]: string } = Object.create(null);
  const removed: string[] = [];
  for (const obligation of outcome.obligations) {
    switch (obligation.kind) {
      case 'setHeader': {
        const name = obligation.name.toLowerCase();
        if (ORDERS.test(name)) {
          const complaint = `decision ${decisionId}: rule \`${obligation.rule}\` sets \`${name}\`, which gateways take as an order; denied`;
          return { ...denied(answer, 'forbidden', 403), complaint };
        }
        headers[name] = obligation.value;
        break;
      }
      case 'removeHeader':
        removed.push(obligation.name.toLowerCase());
        break;
      case 'setQueryParameter':
      case 'removeQueryParameter':
      case 'rateLimit':
        // No gateway of this kind can carry these out; a critical one was denied before.
        break;
      default:
        obligation satisfies never;
    }
  }
  const told = toldHeaders(answer);
  const set = new Set(Object.keys({ ...headers, ...told }));
  const unset = unsaid(headersSet, set).filter((name) => !ORDERS.test(name));
  if (carries.includes('removeHeader')) {
    // The gateway shows us only headers it is told to: what is dangerous has to go whether we see it or not.
    removed.push(...unset, ...strippedOf([...STRIPPED_HEADERS, ...sent], set, headersSet));
    headers[HEADERS_TO_REMOVE] = [...new Set(removed)].join(', ');
  } else {
    // It takes headers away by names that its configuration lists. A name that only folds into one of them would pass, and
    // many services read the two as one.
    const aliases = [...sent].filter((name) => foldedHeaderName(name) !== name);
    if (strippedOf(aliases, new Set([...set, ...unset]), headersSet).length > 0)
      return denied(answer, 'forbidden', 403);
    for (const name of unset) headers[name] = '';
  }
  return { status: 200, headers: { ...headers, ...told, 'cache-control': 'no-store' } };
}
