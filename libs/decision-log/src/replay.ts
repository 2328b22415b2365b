import { decide, type Outcome, type Snapshot } from '#engine';
import type { RecordedDecision } from './record.js';
import { requestOf } from './request-of.js';

/** What becomes of a recorded decision when another snapshot decides it. */
export type Replayed =
  | { readonly kind: 'decided'; readonly outcome: Outcome }
  /** The record does not hold all that a rule read: an answer would be a guess. */
  | { readonly kind: 'masked' }
  /** There was never a request. */
  | { readonly kind: 'not-judged' };

/**
 * Decides a recorded request again, for the instant of the record. Whether the server observed makes no difference: a
 * record holds the verdict, and so does the outcome.
 */
export function replay(record: RecordedDecision, snapshot: Snapshot): Replayed {
  const rebuilt = requestOf(record);
  return rebuilt.kind === 'request'
    ? { kind: 'decided', outcome: decide(snapshot, rebuilt.request) }
    : { kind: rebuilt.kind };
}
