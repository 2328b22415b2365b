import type { NewDocument, StoredDocument } from './stored-document.js';

/** Names one revision beyond doubt: after a restore two histories may share epoch and number, but not the hash. */
export interface RevisionMark {
  /** Counts from 1; an operator begins a new one after the database was restored from a backup. */
  readonly epoch: number;
  /** Counts from 1, also across epochs; numbers may be left out, never used twice. */
  readonly number: number;
  /** SHA-256 in hex of the whole set, see {@link contentHashOf}. */
  readonly contentHash: string;
}

/** Who published, from where and why. */
export interface Provenance {
  /** The operator or the job, at most 512 characters. */
  readonly author: string;
  /** Where the bundle comes from, like `git` or `console`; documents of one source are pruned together. */
  readonly source: string;
  /** At most 4,096 characters. */
  readonly because: string;
  readonly gitCommit?: string | undefined;
  /** Who wrote the commit, as git says. */
  readonly gitAuthor?: string | undefined;
}

export interface Revision extends RevisionMark {
  readonly provenance: Provenance;
  /** Milliseconds since the epoch of 1970, by the store's clock. */
  readonly publishedAt: number;
  /** The number it was published on, null for the first. */
  readonly base: number | null;
}

export interface DocumentKey {
  readonly kind: string;
  readonly name: string;
}

/** One step from a base to the next revision. A document in neither list stays as it is. */
export interface Publication {
  /** What the author saw; null when nothing had been published. */
  readonly base: Pick<RevisionMark, 'number' | 'contentHash'> | null;
  readonly put: readonly NewDocument[];
  readonly remove: readonly DocumentKey[];
  readonly provenance: Provenance;
  /** The same key with the same publication is answered with the same revision, at most 200 characters. */
  readonly idempotencyKey?: string | undefined;
  /**
   * SHA-256 in hex of what a client asked for, where that is not this very publication: the same request is another
   * publication on another base. Absent: of the publication.
   */
  readonly requestHash?: string | undefined;
  /** The proposal that it is, which ends by it; absent: it was never proposed. */
  readonly approves?: Approval | undefined;
}

/** A second person's word. */
export interface Approval {
  /** The number of an open proposal. */
  readonly proposal: number;
  /** Who approves, by name. */
  readonly by: string;
}

/** A revision, and what was asked for when it was published. */
export interface KeyedRevision {
  readonly revision: Revision;
  /** SHA-256 in hex, see {@link Publication.requestHash}. */
  readonly requestHash: string;
}

export type PublishOutcome =
  | { readonly kind: 'published'; readonly revision: Revision }
  /** This very publication was stored before. */
  | { readonly kind: 'repeated'; readonly revision: Revision }
  /** The base already holds exactly this; nothing was stored. */
  | { readonly kind: 'unchanged'; readonly revision: Revision | null }
  /** Someone published on the base first; `current` says who. Null: the base was never published here. */
  | { readonly kind: 'superseded'; readonly current: Revision | null }
  /** The idempotency key stands for another publication. */
  | { readonly kind: 'key-reused'; readonly revision: Revision }
  /** The proposal was approved or rejected before, or its time is over; nothing was stored. */
  | { readonly kind: 'proposal-ended' };

/** How one document differs between two revisions. */
export type DocumentChange =
  | { readonly kind: 'added'; readonly after: StoredDocument }
  | { readonly kind: 'changed'; readonly before: StoredDocument; readonly after: StoredDocument }
  | { readonly kind: 'removed'; readonly before: StoredDocument };

/** A publication that no store can keep; the message names the member and its bound. */
export class PublicationRefused extends Error {
  override readonly name = 'PublicationRefused';
}

const BOUNDS = { author: 512, source: 128, because: 4_096, gitCommit: 128, gitAuthor: 512 } as const;
const MAXIMUM_KEY = 200;
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const UNSTORABLE = /[\u0000]|\p{Surrogate}/u;

/**
 * Holds a publication to what every store can keep.
 *
 * @throws PublicationRefused
 */
export function judgePublication(publication: Publication): void {
  judgeProvenance(publication.provenance);
  const { idempotencyKey } = publication;
  if (idempotencyKey !== undefined) judgeKey(idempotencyKey);
  const seen = new Set<string>();
  for (const key of [...publication.put, ...publication.remove]) {
    const text = keyText(key);
    if (seen.has(text)) throw new PublicationRefused(`\`${key.kind}/${key.name}\` is named twice`);
    seen.add(text);
  }
}

/** @throws PublicationRefused */
export function judgeKey(idempotencyKey: string): void {
  judgeText('idempotencyKey', idempotencyKey, MAXIMUM_KEY);
}

/** @throws PublicationRefused */
export function judgeProvenance(provenance: Provenance): void {
  for (const member of Object.keys(BOUNDS) as (keyof typeof BOUNDS)[]) {
    const text = provenance[member];
    if (text !== undefined) judgeText(member, text, BOUNDS[member]);
  }
}

/** One text for a document's key; neither part contains the space. */
export function keyText(key: DocumentKey): string {
  return `${key.kind} ${key.name}`;
}

/** Whether a text survives in a database: no U+0000 and no half characters. */
export function isStorable(text: string): boolean {
  return !UNSTORABLE.test(text);
}

/** The nearest text that survives there: for what is noted and never read back by its name. */
export function storable(text: string): string {
  return text.replaceAll(new RegExp(UNSTORABLE, 'gu'), '\uFFFD');
}

function judgeText(member: string, text: string, maximum: number): void {
  if (text === '') throw new PublicationRefused(`\`${member}\` is empty`);
  if (text.length > maximum) throw new PublicationRefused(`\`${member}\` is longer than ${maximum} characters`);
  if (!isStorable(text)) throw new PublicationRefused(`\`${member}\` has a character that cannot be stored`);
}
