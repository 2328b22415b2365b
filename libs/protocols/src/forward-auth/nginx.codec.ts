import { challengeFor, clientView, type Answer, type Question, type RequestFault } from '#decision';
import { clientHeaders } from '../client-headers.js';

/** What the gateway is told: an HTTP status and headers, and no body. */
export interface ForwardAuthReply {
  readonly status: number;
  readonly headers: { readonly [name: string]: string };
}

/** The headers that docs/gateways/nginx.conf overwrites: our whole knowledge of the target. */
const METHOD = 'x-original-method';
const HOST = 'x-original-host';
const TARGET = 'x-original-uri';

/**
 * The sub-request of nginx's `auth_request`. nginx copies all of the client's headers into it and then overwrites ours;
 * its own method and query say nothing about the client's request.
 *
 * @param lines  header lines as they came
 */
export function toQuestion(lines: readonly (readonly [name: string, value: string])[]): Question {
  const faults: RequestFault[] = [];
  const once = (name: string): string => {
    const values = lines.filter(([candidate]) => candidate.toLowerCase() === name);
    if (values.length === 1) return values[0]![1];
    faults.push({ pointer: name, message: `\`${name}\` must come exactly once` });
    return '';
  };
  const target = { kind: 'address', method: once(METHOD), host: once(HOST), path: once(TARGET) } as const;
  const headers = clientHeaders(lines);
  if (headers.kind === 'fault') faults.push(headers.fault);
  if (faults.length > 0 || headers.kind === 'fault') return { kind: 'malformed', faults };
  return {
    kind: 'request',
    request: {
      target,
      headers: headers.headers,
      attributes: {},
      claimed: {},
      context: {},
      // nginx cannot remove a header whose name it learns from us, and has no use for a rate limit's class.
      carries: ['setHeader'],
    },
    presented: { asserted: [], credentials: headers.headers, reported: {} },
  };
}

/**
 * nginx allows on any 2xx, passes 401 and 403 on, and turns everything else into a 500: closed.
 *
 * @param challenge  the value of `www-authenticate`, the same for every client
 */
export function toReply(answer: Answer, challenge: string): ForwardAuthReply {
  const headers: { [name: string]: string } = { 'x-dharma-decision': answer.decisionId, 'cache-control': 'no-store' };
  const view = clientView(answer);
  switch (view) {
    case 'allow':
      // Without the judged path nginx would forward the client's own text.
      if (answer.outcome.path === null) return { status: 403, headers };
      for (const obligation of answer.outcome.obligations) {
        if (obligation.kind === 'setHeader') headers[obligation.name.toLowerCase()] = obligation.value;
      }
      return { status: 200, headers: { ...headers, 'x-dharma-path': answer.outcome.path } };
    case 'unauthenticated':
    case 'invalid-token':
      return { status: 401, headers: { ...headers, 'www-authenticate': challengeFor(view, challenge) } };
    case 'forbidden':
      return { status: 403, headers };
    case 'unavailable':
      return { status: 503, headers };
    default:
      return view satisfies never;
  }
}
