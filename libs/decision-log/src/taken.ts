import type { AccessRequest, Outcome, Snapshot } from '#engine';

/** A decision just taken, in references to what it was taken with. Whoever keeps any of it copies what may be kept. */
export interface TakenDecision {
  readonly decisionId: string;
  /** Milliseconds since the epoch, of now. */
  readonly time: number;
  readonly microseconds: number;
  /** As the engine takes it; undefined where nothing was judged. */
  readonly request: AccessRequest | undefined;
  /** Before observing turns it into an allow. */
  readonly verdict: Outcome;
  readonly policy: DecidedBy | undefined;
  readonly enforcementPoint: string;
  readonly dropped: readonly { readonly mechanism: string | null; readonly because: string }[];
  readonly observed: boolean;
  readonly trace: string | undefined;
  /** It was denied for what the client said in its query, which rules alone do not tell: nobody could decide it again. */
  readonly isForTheQuery?: boolean;
}

/** The policy that decided. */
export interface DecidedBy {
  readonly epoch: number;
  readonly revision: number;
  readonly contentHash: string;
  readonly snapshot: Snapshot;
  /** Its `reportHeaders` carry credentials, or name who sent a request. */
  readonly identity: { readonly reportHeaders: ReadonlySet<string> };
}

/** Takes decisions for later readers. Neither method throws or waits: whatever happens here, the answer stays. */
export abstract class DecisionRecorder {
  /** Asked first, so that what nobody keeps costs nothing. */
  abstract wants(verdict: Outcome, policy: DecidedBy | undefined): boolean;

  abstract take(taken: TakenDecision): void;
}
