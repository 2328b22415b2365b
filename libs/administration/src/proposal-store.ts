import type { ActContext } from './act.js';
import type { KeyedProposal, NewProposal, Proposal, Viewer } from './proposal.js';

export type ProposeOutcome =
  | { readonly kind: 'proposed'; readonly proposal: Proposal }
  /** Its idempotency key stands for one already; nothing was stored. */
  | ({ readonly kind: 'keyed' } & KeyedProposal)
  /** What this person proposed waits already, as much as may. */
  | { readonly kind: 'too-many'; readonly open: number };

export type RejectOutcome =
  | { readonly kind: 'rejected'; readonly proposal: Proposal }
  /** Somebody else was first, or its time is over. */
  | { readonly kind: 'ended'; readonly proposal: Proposal };

export interface ProposalListing {
  readonly below?: number | undefined;
  readonly limit: number;
  readonly viewer: Viewer;
}

/**
 * Changes that wait for a second person. They are added and end, once; nothing else ever happens to them, and each time the
 * act goes to the audit log in the same step. What was asked for is forgotten when a proposal has ended, or a while after
 * its time is over. Approving is publishing: see {@link RevisionStore.publish}.
 */
export abstract class ProposalStore {
  /**
   * Adds one, if what this person proposed leaves room: at most {@link MAXIMUM_OPEN_PROPOSALS} and
   * {@link MAXIMUM_OPEN_BYTES} wait at the same time.
   *
   * @throws PublicationRefused
   */
  abstract propose(proposal: NewProposal, context?: ActContext): Promise<ProposeOutcome>;

  /** @returns null when there is none of this number */
  abstract find(number: number): Promise<Proposal | null>;

  /** What was proposed with an idempotency key; null when nothing was. */
  abstract proposedWith(idempotencyKey: string): Promise<KeyedProposal | null>;

  /**
   * The first that waits, was made by this very token, and asks for the same on the same base; null when there is none. Of
   * two that come at once neither may find the other.
   */
  abstract waiting(proposal: NewProposal): Promise<Proposal | null>;

  /** What was asked for; null when there is none of this number, or it has ended and is forgotten. */
  abstract content(number: number): Promise<string | null>;

  /**
   * Those that somebody sees, from the newest down, ended ones included; see {@link isProposalSeen}. Those that they do not
   * see cost next to nothing.
   *
   * @param page.below  only numbers below this one
   * @param page.limit  at least 1
   */
  abstract list(page: ProposalListing): Promise<readonly Proposal[]>;

  /** Ends one for good. @returns null when there is none of this number */
  abstract reject(number: number, by: string, because: string, context?: ActContext): Promise<RejectOutcome | null>;
}
