import type { IncomingMessage } from 'node:http';
import { type CanActivate, type ExecutionContext, HttpException, SetMetadata } from '@nestjs/common';
import type { DecisionRequest } from '../decision.js';
import type { DharmaClient } from '../dharma-client.js';
import { type EnforcementSettings, Enforcer } from '../enforcement/enforcer.js';

/** Names what a handler, or all handlers of a class, stands for; `request` is the framework's own. */
export type NamedTarget = DecisionRequest['target'] | ((request: never) => DecisionRequest['target']);

const TARGET = 'dharma:target';

/**
 * Asks about an endpoint, a resource or a topic by name, in place of the address of the request.
 *
 * @example `@AsksAbout({ endpoint: 'orders/public' })`
 * @example `@AsksAbout((request: Request) => ({ resource: { type: 'order', id: request.params.id }, action: { name: 'view' } }))`
 */
export function AsksAbout(target: NamedTarget): MethodDecorator & ClassDecorator {
  return SetMetadata(TARGET, target);
}

interface NestReply {
  header(name: string, value: string): unknown;
}

/** For `useGlobalGuards`, so that no handler is forgotten: one that anybody may call is open by a policy. */
export class DharmaGuard implements CanActivate {
  readonly #enforcer: Enforcer;

  constructor(client: DharmaClient, settings: EnforcementSettings) {
    this.#enforcer = new Enforcer(client, settings);
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    // What comes another way has no headers to change and no address to ask about.
    if (context.getType() !== 'http') return false;
    const http = context.switchToHttp();
    const request = http.getRequest<IncomingMessage & { readonly raw?: IncomingMessage }>();
    const named = targetOf(context);
    const refused = await this.#enforcer.refusalOf(
      request.raw ?? request,
      named && (() => (typeof named === 'function' ? named(request as never) : named)),
    );
    if (refused === undefined) return true;
    const reply = http.getResponse<NestReply>();
    for (const name in refused.headers) reply.header(name, refused.headers[name]!);
    throw new HttpException(JSON.parse(refused.body) as object, refused.status);
  }
}

function targetOf(context: ExecutionContext): NamedTarget | undefined {
  return (Reflect.getMetadata(TARGET, context.getHandler()) ?? Reflect.getMetadata(TARGET, context.getClass())) as
    | NamedTarget
    | undefined;
}
