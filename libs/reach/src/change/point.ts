import type { AccessRequest, Outcome } from '#engine';

/** `hangs`: on conditions that nobody can know beforehand. */
export type State = 'allow' | 'deny' | 'hangs';

/** One request, as both worlds decide it. */
export interface Point {
  readonly request: AccessRequest;
  readonly before: Judged;
  readonly after: Judged;
}

export interface Judged {
  readonly state: State;
  readonly outcome: Outcome;
  /** As if conditions spoke for the caller. */
  readonly most: Outcome;
  /** As if conditions spoke against the caller. */
  readonly least: Outcome;
}

export function isFlip({ before, after }: Point): boolean {
  return before.state !== after.state;
}

/** What it hangs on is to be told, although it may come out alike. */
export function isHanging({ before, after }: Point): boolean {
  return before.state === 'hangs' || after.state === 'hangs';
}

/** Whatever less is brought is denied as well. */
export function isHopeless({ most }: Judged): boolean {
  return most.decision === 'deny' && most.reason !== 'DENY_RULE';
}

export function isDenied({ before, after }: Point): boolean {
  return before.state === 'deny' && after.state === 'deny';
}
