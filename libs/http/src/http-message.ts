import type { IncomingMessage } from 'node:http';

/** What controllers read of Fastify's request. */
export interface HttpRequest {
  readonly raw: IncomingMessage;
  /** The bytes of an `application/json` body; whatever Fastify made of anything else. */
  readonly body: unknown;
  /** Of the route that was found. */
  readonly routeOptions?: { readonly bodyLimit?: number };
}

/** What controllers use of Fastify's reply. */
export interface HttpReply {
  status(code: number): this;
  headers(values: { readonly [name: string]: string }): this;
  send(body?: unknown): this;
}

/** Header lines as they came, before Node joined or dropped any. */
export function headerLines({
  rawHeaders,
}: {
  readonly rawHeaders: readonly string[];
}): [name: string, value: string][] {
  const lines: [string, string][] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) lines.push([rawHeaders[at]!, rawHeaders[at + 1]!]);
  return lines;
}
