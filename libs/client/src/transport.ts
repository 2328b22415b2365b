import type { Telling } from '#wire';
import type { DecisionRequest, Failure } from './decision.js';

/** A request as it goes over the wire. */
export type SentRequest = DecisionRequest & { readonly minRevision?: number };

export type Question =
  /** @see Telling for what `tell` asks to hear besides */
  | { readonly kind: 'decide'; readonly request: SentRequest; readonly tell: boolean }
  | { readonly kind: 'decideMany'; readonly requests: readonly SentRequest[] }
  | { readonly kind: 'explain'; readonly request: SentRequest };

/** What came back, not yet believed. */
export interface Reply {
  /** In the shape of the JSON routes. */
  readonly body: unknown;
  readonly telling?: Telling;
}

/** A way to a server. */
export abstract class Transport {
  /**
   * Asks once.
   *
   * @param signal  ends the asking, and what it holds
   * @throws TransportFault for whatever is no reply
   */
  abstract ask(question: Question, signal: AbortSignal): Promise<Reply>;

  /** Lets connections go. */
  abstract close(): void;
}

/** Why asking once led to nothing. */
export class TransportFault extends Error {
  /**
   * @param worthRepeating         another try may find a server that answers
   * @param retryAfterMilliseconds  what the server asked for
   */
  constructor(
    readonly failure: Failure,
    readonly worthRepeating: boolean,
    readonly retryAfterMilliseconds?: number,
  ) {
    super(failure.message);
    this.name = 'TransportFault';
  }
}
