import { createHash } from 'node:crypto';
import { isWithin } from '#engine';
import { MAXIMUM_BUNDLE_BYTES } from '#policy';
import {
  type DocumentKey,
  isStorable,
  judgeKey,
  judgeProvenance,
  type Provenance,
  PublicationRefused,
  type RevisionMark,
} from './revision.js';
import type { StoredDocument } from './stored-document.js';

/**
 * Whom tokens stand for. A token's maker and all that come from it are one person: what one of them proposes none of them
 * approves.
 */
export type Person =
  /** Whoever may everything: they make tokens for everybody, so none of those is somebody else. */
  | { readonly kind: 'root' }
  /** By the name that whoever may everything gave. */
  | { readonly kind: 'token'; readonly name: string }
  /** As an identity provider knows them. */
  | { readonly kind: 'guest'; readonly name: string };

/** Who proposed, as far as it must be known when somebody approves. */
export interface Proposer {
  /** The author of what becomes of it. */
  readonly name: string;
  /** Of the token that was shown. */
  readonly credential: string;
  readonly person: Person;
  /** What a token of an identity provider made of its holder; absent for tokens of ours, which are looked up again. */
  readonly principals?: readonly string[] | undefined;
}

/** A change on its way to a second person. */
export interface NewProposal {
  readonly proposer: Proposer;
  /** Of who proposes and why; the source that it would be published under. */
  readonly provenance: Omit<Provenance, 'author'>;
  /** What the proposer saw; null before the first revision. */
  readonly base: Pick<RevisionMark, 'number' | 'contentHash'> | null;
  /** See {@link changeHash}. */
  readonly contentHash: string;
  /** Whoever sees one domain of each list sees all that it changes; `*` stands for what belongs to no domain. */
  readonly concerns: readonly (readonly string[])[];
  /** What was asked for, so that it can be planned again; JSON. */
  readonly content: string;
  /** Milliseconds since 1970, first instant at which it can no longer be approved. */
  readonly expiresAt: number;
  /** The same key with the same request is answered with the same proposal; absent: each is another. */
  readonly key?: ProposalKey | undefined;
}

export interface ProposalKey {
  /** At most 200 characters. */
  readonly idempotencyKey: string;
  /** SHA-256 in hex of what a client asked for. */
  readonly requestHash: string;
}

/** A proposal, and what was asked for when it was made. */
export interface KeyedProposal {
  readonly proposal: Proposal;
  readonly requestHash: string;
}

/** Whoever looks at proposals. */
export interface Viewer {
  /** Of the token that was shown. */
  readonly credential: string;
  /** Tops of the subtrees that are seen; null: everything is. */
  readonly tops: readonly string[] | null;
}

/** Without what was asked for, which may be large, and goes when the proposal ends. */
export interface Proposal extends Omit<NewProposal, 'content' | 'key'> {
  /** Counts from 1. */
  readonly number: number;
  /** Milliseconds since 1970, by the store's clock, as are all of its times. */
  readonly proposedAt: number;
  /** Whether its time was over when it was read. */
  readonly isExpired: boolean;
  readonly end?: ProposalEnd | undefined;
}

export type ProposalEnd = { readonly at: number; readonly by: string } & (
  | { readonly kind: 'approved'; readonly revision: number }
  | { readonly kind: 'rejected'; readonly because: string }
);

export type ProposalState = 'open' | 'expired' | ProposalEnd['kind'];

/** Proposals of one person that wait at the same time. */
export const MAXIMUM_OPEN_PROPOSALS = 20;
/** Bytes of all of them together. */
export const MAXIMUM_OPEN_BYTES = MAXIMUM_BUNDLE_BYTES;

const MAXIMUM_TEXT = 512;

export function proposalState({ end, isExpired }: Proposal): ProposalState {
  return end?.kind ?? (isExpired ? 'expired' : 'open');
}

/** Whoever made it sees it, by that very token, and whoever sees all that it changes. */
export function isProposalSeen({ proposer, concerns }: Proposal, { credential, tops }: Viewer): boolean {
  if (tops === null || proposer.credential === credential) return true;
  return concerns.every((domains) => domains.some((domain) => tops.some((top) => isWithin(domain, top))));
}

/**
 * Whether nobody else may have looked at it. A token of ours and a login of an identity provider may be one human's, and
 * nothing here tells.
 */
export function isSamePerson(one: Person, other: Person): boolean {
  return (
    one.kind !== other.kind || one.kind === 'root' || one.name === (other as Exclude<Person, { kind: 'root' }>).name
  );
}

/** One text for a person; no two persons have the same. */
export function personText(person: Person): string {
  return person.kind === 'root' ? person.kind : `${person.kind} ${person.name}`;
}

/** The person that {@link personText} was given. */
export function personIn(text: string): Person {
  const space = text.indexOf(' ');
  const [kind, name] = space < 0 ? [text, ''] : [text.slice(0, space), text.slice(space + 1)];
  if (kind === 'root') return { kind };
  if (kind === 'token' || kind === 'guest') return { kind, name };
  throw new PublicationRefused(`\`${kind}\` is no kind of person`);
}

/**
 * SHA-256 in hex of what a publication does: the same on every base on which it does the same. Approving is by it, so that
 * what was looked at is what is published.
 */
export function changeHash(
  put: readonly Pick<StoredDocument, 'kind' | 'name' | 'source' | 'contentHash'>[],
  remove: readonly DocumentKey[],
): string {
  const lines = [
    ...put.map(({ kind, name, source, contentHash }) => `put ${kind} ${name}\0${contentHash}\0${source}\n`),
    ...remove.map(({ kind, name }) => `remove ${kind} ${name}\n`),
  ].sort((left, right) => (left < right ? -1 : 1));
  const hash = createHash('sha256').update('dharma-change-1\n');
  for (const line of lines) hash.update(line);
  return hash.digest('hex');
}

/**
 * Holds a proposal to what every store can keep.
 *
 * @throws PublicationRefused
 */
export function judgeProposal({ proposer, provenance, content, concerns, key }: NewProposal): void {
  const { name, credential, person, principals = [] } = proposer;
  judgeProvenance({ ...provenance, author: name });
  for (const text of [credential, personText(person), ...principals]) judgeText(text, MAXIMUM_TEXT * 2);
  if (key !== undefined) judgeKey(key.idempotencyKey);
  // Of nothing everybody would see all.
  if (concerns.length === 0) throw new PublicationRefused('it concerns nothing');
  if (!isStorable(content)) throw new PublicationRefused('it has a character that cannot be stored');
}

/** @throws PublicationRefused */
function judgeText(text: string, maximum: number): void {
  if (text.length > maximum || !isStorable(text)) {
    throw new PublicationRefused('who proposes has a name, or is in a group, that cannot be stored');
  }
}
