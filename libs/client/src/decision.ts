import type { DecisionAnswer, RequestFault, RequestJson } from '#policy';
import type { Telling } from '#wire';

type EvidenceItem = NonNullable<RequestJson['evidence']>[number];

/** What is asked. `time` and `verified` are the server's to say, and `minRevision` goes with the call. */
export type DecisionRequest = Omit<RequestJson, 'time' | 'explain' | 'minRevision' | 'evidence'> & {
  evidence?: Omit<EvidenceItem, 'verified'>[];
};

/** The answer of `POST /v1/decide`; on `INVALID_REQUEST` with everything that is wrong. */
export interface ServerAnswer extends DecisionAnswer {
  readonly detail?: readonly Pick<RequestFault, 'pointer' | 'message'>[];
}

/** Why there is no answer. */
export type FailureKind =
  /** Nobody listens, or the connection broke before the answer was whole. */
  | 'unreachable'
  /** No answer in time. */
  | 'timeout'
  /** The caller's own signal. */
  | 'aborted'
  /** The server takes no questions from us, or not this one. */
  | 'refused'
  /** Something answered, and it was no answer. */
  | 'unreadable'
  /** The question cannot be written down. */
  | 'unsendable'
  /** The client was closed. */
  | 'closed';

export interface Failure {
  readonly because: FailureKind;
  /** For a log; says nothing of the request. */
  readonly message: string;
  /** On `refused`: the code of the server's problem, where it named one. */
  readonly code?: string;
}

/** The server decided. `allowed` holds only if the answer's obligations are carried out. */
export interface Decided {
  readonly kind: 'decided';
  readonly allowed: boolean;
  readonly answer: ServerAnswer;
  /** What services and clients are told, where it was asked for and the server knows how. */
  readonly telling?: Telling;
  /** Whether the answer is an earlier one to the same question. */
  readonly kept: boolean;
}

/** Nobody decided, which is a denial. */
export interface Unavailable {
  readonly kind: 'unavailable';
  readonly allowed: false;
  readonly failure: Failure;
}

/** Asking never throws: `allowed` is true for nothing but a whole answer that says so. */
export type Decision = Decided | Unavailable;

export function unavailable(failure: Failure): Unavailable {
  return { kind: 'unavailable', allowed: false, failure };
}
