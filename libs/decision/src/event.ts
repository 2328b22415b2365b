import type { Denial, Effect, Reason } from '#engine';

/** What happened, without header values, queries, claims or subjects: a log is read by more people than a request. */
export type ServiceEvent =
  | ({ readonly kind: 'decision' } & DecisionRecord)
  | { readonly kind: 'decision-fault'; readonly decisionId: string; readonly fault: unknown }
  | {
      readonly kind: 'policy-in-force';
      readonly revision: number;
      readonly contentHash: string;
      readonly enforcementPointCount: number;
    }
  | { readonly kind: 'policy-refused'; readonly faults: readonly string[] }
  | { readonly kind: 'policy-unreadable'; readonly fault: string };

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
  readonly wouldDeny?: Denial;
}

/** Takes an event; never throws and never waits. */
export type EventLog = (event: ServiceEvent) => void;

/** Milliseconds since the epoch. */
export type Clock = () => number;
