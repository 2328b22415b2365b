import {
  OWN_STATE_REASONS,
  type AccessRequest,
  type Denial,
  type Explanation,
  type Outcome,
  type RouteTarget,
  type Target,
} from '#engine';
import type { Dropped, Presented } from '#identity';
import type { DenialCode } from '#problem';

/** What an adapter knows of a request. Evidence, time, age and limits are the decision point's to say. */
export interface AskedRequest extends Omit<
  AccessRequest,
  'target' | 'evidence' | 'time' | 'askedFrom' | 'policyAgeSeconds' | 'maxTtlSeconds'
> {
  /** A route is resolved by the very revision that decides. */
  readonly target: Target | RouteTarget;
}

export interface RequestFault {
  /** JSON pointer into the message, or the name of the header or field. */
  readonly pointer: string;
  readonly message: string;
}

/** What an adapter read from a message. Malformed input is a question too: its answer is a deny, never an error. */
export type Question =
  | {
      readonly kind: 'request';
      readonly request: AskedRequest;
      readonly presented: Presented;
      /** The caller has seen this revision: an older one does not do. */
      readonly minRevision?: number;
      /** W3C trace context of the message, for the log alone. */
      readonly trace?: string;
    }
  | { readonly kind: 'malformed'; readonly faults: readonly RequestFault[]; readonly trace?: string };

export interface Answer {
  readonly outcome: Outcome;
  /** 0 when no policy is in force. */
  readonly revision: number;
  readonly ageSeconds: number;
  /** Random; says nothing about the request. */
  readonly decisionId: string;
  /** Whether any credential of the client was verified. */
  readonly hasVerifiedCredential: boolean;
  /** Whether a credential of the client was expired or false. */
  readonly hasFalseCredential: boolean;
  /** A denial that a verified credential would have turned into an allow, had it the scopes. */
  readonly lacksOnlyScopes: boolean;
  /** Headers that some rule of the policy in force sets: names in lower case, by their folded form. None on deny. */
  readonly headersSet: ReadonlyMap<string, readonly string[]>;
  /** Query parameters of the endpoint that some rule which may concern it sets. None on deny. */
  readonly parametersSet: ReadonlySet<string>;
  /** What the client wrote behind the `?` of its target; absent where there is none. */
  readonly query?: string | undefined;
  /** What was presented and does not count, and why. */
  readonly dropped: readonly Dropped[];
  /** Why the message could not be read, the first hundred; empty unless the reason is `INVALID_REQUEST`. */
  readonly faults: readonly RequestFault[];
  /** What would have been said, where `DHARMA_MODE=observe` turned it into an allow. */
  readonly observed?: Denial;
}

/** An answer with the whole reasoning behind it. */
export interface ExplainedAnswer extends Answer {
  /** Null where there is nothing to explain: the request could not be read, or it is our own state. */
  readonly explanation: Explanation | null;
}

/** All that a client is told, so that answers do not draw the map of the policy; denials by the code that it reads. */
export type ClientView = 'allow' | DenialCode;

/** Views that come with a challenge: what the client could do about it. */
export type ChallengedView = 'unauthenticated' | 'invalid_token' | 'insufficient_scope';

/** @see docs/semantics.md, section 6 */
export function clientView(answer: Answer): ClientView {
  const { outcome, hasVerifiedCredential, hasFalseCredential, lacksOnlyScopes } = answer;
  if (outcome.decision === 'allow') return 'allow';
  if (isOwnState(outcome.reason)) return 'unavailable';
  if (outcome.reason === 'INVALID_REQUEST') return 'forbidden';
  if (hasFalseCredential) return 'invalid_token';
  if (!hasVerifiedCredential) return 'unauthenticated';
  return lacksOnlyScopes ? 'insufficient_scope' : 'forbidden';
}

/** The value of `www-authenticate`. Names no scope: that would tell what rules ask for. */
export function challengeFor(view: ChallengedView, challenge: string): string {
  if (view === 'unauthenticated') return challenge;
  return `${challenge}${challenge.includes('=') ? ',' : ''} error="${view}"`;
}

/** Whether a reason tells of us, and nothing of what was asked. */
export function isOwnState(reason: string | undefined): reason is (typeof OWN_STATE_REASONS)[number] {
  return (OWN_STATE_REASONS as readonly (string | undefined)[]).includes(reason);
}
