import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DharmaClient } from '../dharma-client.js';
import { type EnforcementSettings, Enforcer } from './enforcer.js';
import type { Incoming } from './question.js';
import type { Refusal } from './verdict.js';

/** Middleware as Express, Connect and a bare server of Node call it. */
export type Middleware = (
  request: IncomingMessage & Pick<Incoming, 'originalUrl'>,
  response: ServerResponse,
  next: () => void,
) => void;

/** Put it before every route: what comes before it is not asked about. */
export function dharmaMiddleware(client: DharmaClient, settings: EnforcementSettings): Middleware {
  const enforcer = new Enforcer(client, settings);
  return (request, response, next) => {
    void enforcer.refusalOf(request).then((refused) => {
      if (refused === undefined) next();
      else send(response, refused);
    });
  };
}

function send(response: ServerResponse, { status, headers, body }: Refusal): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, headers).end(body);
}
