import type { HttpReply } from '#http';

/** What is used of Fastify, which sends replies. */
export interface ReplySender {
  addHook(
    name: 'onSend',
    hook: (
      request: { readonly raw: { readonly url?: string | undefined } },
      reply: HttpReply & { readonly statusCode: number },
      payload: unknown,
      done: (fault: null, payload: unknown) => void,
    ) => void,
  ): unknown;
}

/**
 * Turns whatever else would be answered to EMQX into `deny`: a message that is refused unread, such as one that a client's
 * long names made too large, EMQX would take for no opinion.
 */
export function answerAlways(sender: ReplySender): void {
  sender.addHook('onSend', ({ raw: { url = '' } }, reply, payload, done) => {
    if (!url.startsWith('/emqx/') || reply.statusCode === 200) return done(null, payload);
    reply.status(200).header('content-type', 'application/json');
    return done(null, '{"result":"deny"}');
  });
}
