import { valuesOf } from '#http';
import { Problem } from '#problem';

/** What is used of Fastify, which runs hooks before it reads a body. */
export interface HookedServer {
  addHook(
    name: 'onRequest',
    hook: (
      request: {
        readonly raw: { readonly url?: string; readonly method?: string; readonly rawHeaders: readonly string[] };
      },
      reply: { header(name: string, value: string): unknown },
      done: (fault?: Error) => void,
    ) => void,
  ): unknown;
}

const ROUTES = '/access/';
const REQUEST_ID = 'x-request-id';
/** What can be sent back as it came: bytes beyond ASCII cannot, for programs write them in different ways. */
const SENT_BACK = /^[\x20-\x7e]{1,512}$/;
const JSON_MEDIA_TYPE = /^application\/json[ \t]*(?:;|$)/i;

/**
 * What AuthZEN asks of every answer, errors among them: the request id goes back, and a body that is not called JSON is a
 * malformed request.
 */
export function onAuthzenRequests(server: HookedServer): void {
  server.addHook('onRequest', ({ raw }, reply, done) => {
    if (raw.url?.startsWith(ROUTES) !== true) return done();
    const [requestId, ...others] = valuesOf(raw, REQUEST_ID);
    if (requestId !== undefined && others.length === 0 && SENT_BACK.test(requestId))
      reply.header(REQUEST_ID, requestId);
    done(raw.method === 'POST' ? contentTypeFault(valuesOf(raw, 'content-type')) : undefined);
  });
}

function contentTypeFault(types: readonly string[]): Problem | undefined {
  if (types.length === 1 && JSON_MEDIA_TYPE.test(types[0]!)) return undefined;
  return new Problem('request-malformed', { fault: 'its content type is not `application/json`' });
}
