import type { ActContext } from './act.js';
import type { ProposalStore } from './proposal-store.js';
import type {
  DocumentChange,
  DocumentKey,
  KeyedRevision,
  Provenance,
  Publication,
  PublishOutcome,
  Revision,
} from './revision.js';
import type { StoredDocument } from './stored-document.js';

/**
 * The history of a policy set: revisions are appended, and nothing else ever happens to them. Every method but
 * `publish` and `beginEpoch` only reads.
 */
export abstract class RevisionStore {
  /** What waits to become a revision. */
  abstract readonly proposals: ProposalStore;

  /** The revision with the highest number, null when there is none. */
  abstract newest(): Promise<Revision | null>;

  /** @returns null when there is no revision of this number */
  abstract revision(number: number): Promise<Revision | null>;

  /** What was published with an idempotency key; null when nothing was. */
  abstract publishedWith(idempotencyKey: string): Promise<KeyedRevision | null>;

  /**
   * Revisions from the newest down.
   *
   * @param page.below  only numbers below this one
   * @param page.limit  at least 1
   */
  abstract list(page: { readonly below?: number | undefined; readonly limit: number }): Promise<readonly Revision[]>;

  /**
   * The whole set as it was, in the order of kind and name.
   *
   * @throws RevisionUnknown
   * @throws RevisionCorrupt  when what is read has not the hash that was published
   */
  abstract documents(number: number): Promise<readonly StoredDocument[]>;

  /**
   * How `until` differs from `since`, in the order of kind and name; 0 is the empty set before the first. `since` may
   * be the later one.
   *
   * @throws RevisionUnknown
   */
  abstract changes(since: number, until: number): Promise<readonly DocumentChange[]>;

  /**
   * Which of some documents any revision after `since` put or removed, also where all of it came back since; 0 is the empty
   * set before the first.
   */
  abstract touchedSince(since: number, keys: readonly DocumentKey[]): Promise<readonly DocumentKey[]>;

  /**
   * Appends a revision in one serialisable step, wholly or not at all, and with it the act to the audit log. A proposal that
   * it approves ends in the same step.
   *
   * @throws PublicationRefused
   */
  abstract publish(publication: Publication, context?: ActContext): Promise<PublishOutcome>;

  /**
   * Appends a revision with the newest one's content in the next epoch. By it an operator says, after a restore, that
   * servers shall follow this history although it is not the one they knew.
   *
   * @param above  the highest number that any server has seen, so that numbers keep growing
   * @throws RevisionUnknown  when nothing was ever published
   */
  abstract beginEpoch(provenance: Provenance, above: number, context?: ActContext): Promise<Revision>;
}

export class RevisionUnknown extends Error {
  override readonly name = 'RevisionUnknown';

  constructor(readonly number: number) {
    super(`there is no revision ${number}`);
  }
}

/** What the store holds is not what was published. */
export class RevisionCorrupt extends Error {
  override readonly name = 'RevisionCorrupt';

  constructor(
    readonly number: number,
    what: string,
  ) {
    super(`revision ${number} does not read as it was published: ${what}`);
  }
}
