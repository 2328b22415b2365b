import type { DroppedRecords, SinkAway } from '#decision-log';
import type { Denial, Effect, Reason } from '#engine';
import type { Dropped, IssuerEvent } from '#identity';

/** What happened, without header values, queries, claims or subjects: a log is read by more people than a request. */
export type ServiceEvent =
  | ({ readonly kind: 'decision' } & DecisionRecord)
  /** One page of a search: how much was found, and what it took. */
  | {
      readonly kind: 'search';
      readonly enforcementPoint: string;
      readonly revision: number;
      readonly found: number;
      readonly decisions: number;
      readonly trace: string | undefined;
      readonly microseconds: number;
    }
  | { readonly kind: 'decision-fault'; readonly decisionId: string; readonly fault: unknown }
  | {
      readonly kind: 'policy-in-force';
      readonly epoch: number;
      readonly revision: number;
      readonly contentHash: string;
    }
  /** Tests of a revision that is in force, found out after it was: it was published with them. */
  | {
      readonly kind: 'policy-tests-fail';
      readonly epoch: number;
      readonly revision: number;
      readonly contentHash: string;
      readonly failing: readonly string[];
    }
  | { readonly kind: 'policy-refused'; readonly revision: number | null; readonly faults: readonly string[] }
  /** The engines answered one request differently: the revision is not, or no longer, in force. */
  | {
      readonly kind: 'policy-difference';
      readonly revision: number;
      /** It was in force already, and the one before is again. */
      readonly rolledBack: boolean;
      /** The request as JSON, and what each engine says to it. */
      readonly request: unknown;
      readonly statements: unknown;
    }
  | { readonly kind: 'policy-verified'; readonly revision: number; readonly requests: number }
  | { readonly kind: 'policy-unreadable'; readonly fault: string }
  /** Trouble with following the store, and its end (`alarm` null). */
  | { readonly kind: 'feed'; readonly alarm: string | null; readonly detail: string }
  /** What a listener proves itself with from now on; `notAfter` in milliseconds since the epoch. */
  | { readonly kind: 'certificate-in-use'; readonly listener: string; readonly notAfter: number }
  /** The files of a listener changed and cannot be used; what it had stays. */
  | { readonly kind: 'certificate-unusable'; readonly listener: string; readonly fault: string }
  /** What opening a database led to. */
  | { readonly kind: 'database'; readonly sentence: string }
  /** A request to the admin listener that is only counted: a wrong token, one too many, or a refusal nobody wrote down. */
  | { readonly kind: 'admin-refused'; readonly because: string }
  /** The admin listener died; another one takes its place. */
  | { readonly kind: 'admin-crashed'; readonly fault: string }
  /** Records of decisions that a sink, or all of them, will never have. */
  | ({ readonly kind: 'records-dropped' } & DroppedRecords)
  /** Records of decisions wait for a sink that takes none. */
  | ({ readonly kind: 'records-waiting' } & SinkAway)
  | Exclude<IssuerEvent, { readonly kind: 'disk' }>
  /** Something that outlives a restart could not be kept on disk, or what was kept could not be used. */
  | { readonly kind: 'disk'; readonly fault: string };

export interface DecisionRecord {
  readonly decisionId: string;
  readonly decision: Effect;
  readonly reason: Reason;
  /** The domain a denial happened at, or null. */
  readonly deniedAt: string | null;
  readonly rules: readonly string[];
  /** `service/endpoint`, or null when the target did not resolve. */
  readonly endpoint: string | null;
  readonly revision: number;
  /** The name of the enforcement point that asked. */
  readonly enforcementPoint: string;
  readonly dropped: readonly Dropped[];
  readonly wouldDeny?: Denial;
  /** The real verdict, where the whole server only observes. */
  readonly observed?: Denial;
  /** W3C trace context of the message. */
  readonly trace?: string;
  /** Time from question to answer. */
  readonly microseconds: number;
}

/** Takes an event; never throws and never waits. */
export type EventLog = (event: ServiceEvent) => void;

/** Milliseconds since the epoch. */
export type Clock = () => number;
