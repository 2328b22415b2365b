import { clientHeaders, headerLines } from '#wire';
import type { DecisionRequest } from '../decision.js';

/** What a program that stands before its own handlers knows of a request: an `IncomingMessage`, or the like of it. */
export interface Incoming {
  readonly method?: string;
  /** As it came; routers cut pieces off `url`, and keep it whole in `originalUrl`. */
  readonly url?: string;
  readonly originalUrl?: string;
  readonly rawHeaders: readonly string[];
}

export interface Asked {
  /** In place of the address: an endpoint, a resource or a topic by name. */
  readonly target?: DecisionRequest['target'];
  readonly evidence?: DecisionRequest['evidence'];
  readonly attributes?: DecisionRequest['attributes'];
}

export type IncomingQuestion =
  | {
      readonly kind: 'request';
      readonly request: DecisionRequest;
      /** As it came, without query; absent where it is not what is asked about. */ readonly path?: string;
    }
  /** Two programs would read two requests: nobody needs to be asked. */
  | { readonly kind: 'unclear'; readonly because: string };

const BEYOND_ASCII = /\P{ASCII}/u;

/**
 * The question that a gateway would ask about the same request.
 *
 * @param host  by which the policies know this service. Never the client's word alone: it could name another service,
 *              whose rules are not those of the code that would answer
 */
export function questionAbout(
  incoming: Incoming,
  host: string,
  { target, evidence, attributes }: Asked,
): IncomingQuestion {
  const { method = '', rawHeaders } = incoming;
  const url = incoming.originalUrl ?? incoming.url ?? '';
  if (BEYOND_ASCII.test(url)) return { kind: 'unclear', because: 'the path holds what is not ASCII' };
  if (method === 'CONNECT') return { kind: 'unclear', because: 'a tunnel is no request' };
  const client = clientHeaders(headerLines({ rawHeaders }));
  if (client.kind === 'fault')
    return { kind: 'unclear', because: `\`${client.fault.pointer}\`: ${client.fault.message}` };
  const headers: { [name: string]: string } = { ...client.headers };
  // Nobody reads them; the server has to see that they are there, and takes two names for one header as two senders.
  for (const alias of client.aliases.keys()) headers[alias] = '';
  const asked = targetOf(target, { host, method, path: url });
  return {
    kind: 'request',
    ...('path' in asked && asked.path === url && { path: url.split('?', 1)[0]! }),
    request: {
      target: asked,
      credentials: client.headers,
      headers,
      ...(evidence !== undefined && { evidence }),
      ...(attributes !== undefined && { attributes }),
    },
  };
}

/** An endpoint that is named answers one request at a time too: whether it has such an operation is the policy's to say. */
function targetOf(
  named: DecisionRequest['target'] | undefined,
  address: { readonly host: string; readonly method: string; readonly path: string },
): DecisionRequest['target'] {
  if (named === undefined) return address;
  const { method, path } = address;
  return 'endpoint' in named ? { method, path, ...named } : named;
}
