import { decide, type MemberPath, type Outcome, type Snapshot } from '#engine';
import { MEMBER_ROOTS } from './masking.js';
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

/**
 * What one snapshot reads of requests and another one does not, sorted: a record of the other one need not hold it, and
 * what is not there is decided as absent.
 */
export function unrecordedMembers(planned: Snapshot, recording: Pick<Snapshot, 'membersRead'>): readonly string[] {
  const isRecorded = (path: MemberPath) =>
    recording.membersRead.some((read) => read.every((step, index) => step === path[index]));
  return planned.membersRead
    .filter((path) => isMasked(path) && !isRecorded(path))
    .map((path) => path.join('.'))
    .toSorted();
}

/** Whether it has members of which a record holds only some. */
function isMasked(path: MemberPath): boolean {
  return MEMBER_ROOTS.some((root) =>
    root.split('.').every((step, index) => path[index] === undefined || path[index] === step),
  );
}
