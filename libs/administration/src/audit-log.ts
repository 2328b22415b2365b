import type { Act, NewAct } from './act.js';

/** Which acts are meant; each member that is there narrows them. */
export interface ActFilter {
  /** By name or by the id of a token. */
  readonly operator?: string | undefined;
  readonly act?: string | undefined;
  readonly object?: string | undefined;
  readonly revision?: number | undefined;
  /** Milliseconds since 1970; the first is included, the second is not. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
}

export interface ActPage {
  /** `newest`: from the newest down; `oldest`: from the oldest up. */
  readonly order: 'newest' | 'oldest';
  /** Only what comes behind this sequence number, in that order. */
  readonly behind?: number | undefined;
  /** At least 1. */
  readonly limit: number;
}

/**
 * The chain of administrative acts. The other stores append to it in the very step that does what they are asked, so that
 * there is never one without the other; what has no other store is appended here. Nothing else ever happens to it.
 */
export abstract class AuditLog {
  /**
   * Appends one link, behind whatever others append at the same time.
   *
   * @throws PublicationRefused
   */
  abstract append(act: NewAct): Promise<Act>;

  abstract list(filter: ActFilter, page: ActPage): Promise<readonly Act[]>;
}
