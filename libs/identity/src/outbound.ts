/** A request to a server outside, as far as identity makes any. */
export interface OutboundRequest {
  readonly url: string;
  /** What is sent by POST as a form; absent: a GET. */
  readonly form?: { readonly [name: string]: string };
  /** Value of `authorization`. */
  readonly authorization?: string;
}

/** What a server outside answered: status 200 and at most 256 KiB of UTF-8. */
export type OutboundReply = { readonly kind: 'text'; readonly text: string } | OutboundFault;

export interface OutboundFault {
  readonly kind: 'fault';
  /** Why there is no text; names neither content nor credentials. */
  readonly because: string;
  /** Of the answer, where one came that cannot be taken; absent: the server was not reached, or the answer broke off. */
  readonly status?: number;
  /** How long the server wants to be left alone, in seconds; absent: it does not say. */
  readonly retryAfterSeconds?: number;
}

/**
 * Asks servers that a policy names, and no others: https alone, public addresses alone, no redirects, unless an operator
 * listed the host. Never rejects.
 */
export abstract class Outbound {
  abstract ask(request: OutboundRequest): Promise<OutboundReply>;
}
