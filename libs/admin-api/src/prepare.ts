import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { RefusedActs } from './acts.js';
import { AdminProblemFilter } from './admin-problem.filter.js';
import { BodyBudget, type BodyShare } from './body-budget.js';
import { ADMIN_API_PARTS, type AdminApiParts } from './parts.js';
import { Problem } from '#problem';
import { serveApiDescription } from './open-api.js';
import { type OperatorRequest, Operators } from './operators.js';
import { bundleBody, smallBody } from './request-body.js';
import { RequestPipe } from './request.pipe.js';

/** Largest body, in bytes. */
export const MAX_ADMIN_BODY_BYTES = 256 * 1024;
/** Largest body of a route that takes a bundle, in bytes, unless a setting says otherwise. */
export const MAX_BUNDLE_BODY_BYTES = 64 * 1024 * 1024;

/** Largest body of a route that takes one document of 1 MiB, in bytes: JSON writes some characters as two. */
export const MAX_DOCUMENT_BODY_BYTES = 2 * 1024 * 1024 + MAX_ADMIN_BODY_BYTES;

const BUNDLE_ROUTES = new Set(['/admin/v1/plan', '/admin/v1/revisions', '/admin/v1/proposals']);
const DOCUMENT_ROUTE = '/admin/v1/documents/:kind/:name';
const OPEN_ROUTES = new Set(['/healthz', '/readyz', '/metrics', '/openapi.json', '/docs']);
const DOCS = '/docs/';
const PRIVATE = { 'cache-control': 'no-store' } as const;
const OWN_ONLY = {
  'content-security-policy': "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:",
} as const;

/**
 * Prepares an application around the AdminApiModule; to be called once, before it listens.
 *
 * @param app  made without a body parser of its own
 */
export function prepareAdminApi(app: NestFastifyApplication): void {
  const instance = app.getHttpAdapter().getInstance();
  const operators = app.get(Operators);
  instance.removeAllContentTypeParsers();
  const { bundleBytes = MAX_BUNDLE_BODY_BYTES } = app.get<AdminApiParts>(ADMIN_API_PARTS);
  const bodies = new BodyBudget(bundleBytes);
  instance.addContentTypeParser('application/json', async (request: RoutedRequest, body: IncomingMessage) => {
    const { url = '' } = request.routeOptions;
    return request.bodyShare
      ? bundleBody(body, bundleBytes, MAX_ADMIN_BODY_BYTES, request.bodyShare)
      : smallBody(body, bodyLimitOf(url));
  });
  instance.decorateRequest('bodyShare', null);
  instance.decorateRequest('operator', null);
  instance.decorateRequest('requestId', '');
  instance.decorateRequest('clientAddress', null);
  // Before the body is read: a stranger makes us hold nothing.
  instance.addHook('onRequest', async (request, reply) => {
    const { url } = request.routeOptions;
    if (url === undefined || OPEN_ROUTES.has(url)) return;
    if (url.startsWith(DOCS)) return;
    const asked = request as OperatorRequest & RoutedRequest;
    // What stands in headers is by word of the client, and the audit log is no place for that.
    asked.requestId = randomUUID();
    asked.clientAddress = request.socket.remoteAddress ?? null;
    reply.headers({ ...PRIVATE, 'x-request-id': asked.requestId });
    try {
      asked.operator = await operators.authenticate(request.headers.authorization, asked.clientAddress);
    } catch (fault) {
      const seconds = fault instanceof Problem ? fault.members['retryAfterSeconds'] : undefined;
      if (seconds !== undefined) reply.header('retry-after', String(seconds));
      throw fault;
    }
    if (BUNDLE_ROUTES.has(url)) {
      const share = bodies.open(asked.operator.id);
      asked.bodyShare = share;
      // Also where the answer reaches nobody any more.
      reply.raw.once('close', () => share.close());
    }
  });
  instance.addHook('onSend', async (request, reply, payload) => {
    const { url = '' } = request.routeOptions;
    if (url === '/docs' || url.startsWith(DOCS)) reply.headers(OWN_ONLY);
    reply.header('x-content-type-options', 'nosniff');
    return payload;
  });
  app.useGlobalFilters(new AdminProblemFilter());
  app.useGlobalInterceptors(app.get(RefusedActs));
  app.useGlobalPipes(new RequestPipe());
  serveApiDescription(app);
}

interface RoutedRequest {
  readonly routeOptions: { readonly url?: string | undefined };
  /** Of routes that take a bundle. */
  bodyShare?: BodyShare | null;
}

function bodyLimitOf(url: string): number {
  return url === DOCUMENT_ROUTE ? MAX_DOCUMENT_BODY_BYTES : MAX_ADMIN_BODY_BYTES;
}
