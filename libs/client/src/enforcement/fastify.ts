import type { IncomingMessage } from 'node:http';
import type { DharmaClient } from '../dharma-client.js';
import { type EnforcementSettings, Enforcer } from './enforcer.js';

/** What is used of Fastify. */
export interface FastifyLike {
  addHook(name: 'onRequest', hook: (request: never, reply: never) => Promise<unknown>): unknown;
}

interface Request {
  readonly raw: IncomingMessage;
}

interface Reply {
  code(status: number): this;
  headers(values: { readonly [name: string]: string }): this;
  send(body: Buffer): this;
}

/** Guards every route of an instance and of those within it, also those that are not found. Call it before adding routes. */
export function guardFastify(instance: FastifyLike, client: DharmaClient, settings: EnforcementSettings): void {
  const enforcer = new Enforcer(client, settings);
  const hook = async ({ raw }: Request, reply: Reply): Promise<unknown> => {
    const refused = await enforcer.refusalOf(raw);
    if (refused === undefined) return undefined;
    // As bytes: to a text the framework would add a character set.
    return reply.code(refused.status).headers(refused.headers).send(Buffer.from(refused.body));
  };
  instance.addHook('onRequest', hook as (request: never, reply: never) => Promise<unknown>);
}
