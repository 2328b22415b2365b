import { OWN_STATE_REASONS, type AccessRequest, type Outcome } from '#engine';

/** What an adapter knows of a request. Time, age and limits are the decision point's to say. */
export type AskedRequest = Omit<AccessRequest, 'time' | 'askedFrom' | 'policyAgeSeconds' | 'maxTtlSeconds'>;

export interface RequestFault {
  /** JSON pointer into the message, or the name of the header or field. */
  readonly pointer: string;
  readonly message: string;
}

/** What an adapter read from a message. Malformed input is a question too: its answer is a deny, never an error. */
export type Question =
  | { readonly kind: 'request'; readonly request: AskedRequest; readonly minRevision?: number }
  | { readonly kind: 'malformed'; readonly faults: readonly RequestFault[] };

export interface Answer {
  readonly outcome: Outcome;
  /** 0 when no policy is in force. */
  readonly revision: number;
  readonly ageSeconds: number;
  /** Random; says nothing about the request. */
  readonly decisionId: string;
  /** Whether any credential of the client was verified. */
  readonly hasVerifiedCredential: boolean;
  /** Why the message could not be read; empty unless the reason is `INVALID_REQUEST`. */
  readonly faults: readonly RequestFault[];
}

/** All that a client is told, so that answers do not draw the map of the policy. */
export type ClientView = 'allow' | 'unauthenticated' | 'forbidden' | 'unavailable';

/** @see docs/semantics.md, section 6 */
export function clientView({ outcome, hasVerifiedCredential }: Answer): ClientView {
  if (outcome.decision === 'allow') return 'allow';
  if (isOwnState(outcome.reason)) return 'unavailable';
  if (outcome.reason === 'INVALID_REQUEST' || hasVerifiedCredential) return 'forbidden';
  return 'unauthenticated';
}

function isOwnState(reason: string): boolean {
  return (OWN_STATE_REASONS as readonly string[]).includes(reason);
}
