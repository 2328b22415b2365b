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
  header(name: string, value: string): this;
  headers(values: { readonly [name: string]: string }): this;
  send(body?: unknown): this;
}

/** The values of one header, a field each. */
export function valuesOf({ rawHeaders }: { readonly rawHeaders: readonly string[] }, name: string): readonly string[] {
  const values: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const candidate = rawHeaders[at]!;
    if (candidate.length === name.length && candidate.toLowerCase() === name) values.push(rawHeaders[at + 1]!);
  }
  return values;
}
