import type { IncomingMessage } from 'node:http';
import type { DharmaClient } from '../dharma-client.js';
import { type EnforcementSettings, Enforcer } from './enforcer.js';

/** What is used of an instance of Fastify. */
export interface FastifyLike {
  addHook(name: 'onRequest', hook: (request: RequestLike, reply: ReplyLike) => Promise<unknown>): unknown;
}

export interface RequestLike {
  readonly raw: IncomingMessage;
}

export interface ReplyLike {
  code(status: number): unknown;
  headers(values: { [name: string]: string }): unknown;
  send(body: Buffer): unknown;
}

/** Guards every route of an instance and of those within it, also those that are not found. Call it before adding routes. */
export function guardFastify(instance: FastifyLike, client: DharmaClient, settings: EnforcementSettings): void {
  const enforcer = new Enforcer(client, settings);
  instance.addHook('onRequest', async ({ raw }, reply) => {
    const refused = await enforcer.refusalOf(raw);
    if (refused === undefined) return undefined;
    reply.code(refused.status);
    reply.headers({ ...refused.headers });
    // As bytes: to a text the framework would add a character set.
    reply.send(Buffer.from(refused.body));
    return reply;
  });
}
