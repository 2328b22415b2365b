/** A request to a server outside, as far as identity makes any. */
export interface OutboundRequest {
  readonly url: string;
  /** What is sent by POST as a form; absent: a GET. */
  readonly form?: { readonly [name: string]: string };
  /** Value of `authorization`. */
  readonly authorization?: string;
}

/** What a server outside answered: status 200 and at most 256 KiB of UTF-8. */
export type OutboundReply =
  | { readonly kind: 'text'; readonly text: string }
  /** Why there is none; names neither content nor credentials. */
  | { readonly kind: 'fault'; readonly because: string };

/**
 * Asks servers that a policy names, and no others: https alone, public addresses alone, no redirects, unless an operator
 * listed the host. Never rejects.
 */
export abstract class Outbound {
  abstract ask(request: OutboundRequest): Promise<OutboundReply>;
}
