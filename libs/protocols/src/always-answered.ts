import type { IncomingMessage } from 'node:http';
import type { HttpReply } from '#http';
import { DENIED_UNREAD } from './kubernetes/kubernetes.codec.js';

/** What is used of Fastify, which sends replies. */
export interface ReplySender {
  addHook(
    name: 'onSend',
    hook: (
      request: { readonly raw: IncomingMessage },
      reply: HttpReply & { readonly statusCode: number },
      payload: unknown,
      done: (fault: null, payload: unknown) => void,
    ) => void,
  ): unknown;
}

/** How a message is refused that cannot be read: no JSON, or too large, also before any of our routes sees it. */
const UNREAD: ReadonlySet<number> = new Set([400, 413]);
const EMQX_DENIED = '{"result":"deny"}';
const KUBERNETES_DENIED = JSON.stringify(DENIED_UNREAD);

/**
 * Turns refusals into denials where the client of a webhook could choose them, say by long names that make a message too
 * large, and the webhook would not take them for denials: to EMQX all but 200 is no opinion, and an API server has its
 * `failurePolicy` decide. To strangers among API servers a refusal stays what it is.
 */
export function answerAlways(sender: ReplySender, isKnown: (raw: IncomingMessage) => boolean): void {
  sender.addHook('onSend', ({ raw }, reply, payload, done) => {
    const denial = denialFor(raw, reply.statusCode, isKnown);
    if (denial === undefined) return done(null, payload);
    reply.status(200).header('content-type', 'application/json');
    return done(null, denial);
  });
}

function denialFor(
  raw: IncomingMessage,
  status: number,
  isKnown: (raw: IncomingMessage) => boolean,
): string | undefined {
  const { url = '' } = raw;
  if (url.startsWith('/emqx/')) return status === 200 ? undefined : EMQX_DENIED;
  return url.startsWith('/kubernetes/') && UNREAD.has(status) && isKnown(raw) ? KUBERNETES_DENIED : undefined;
}
