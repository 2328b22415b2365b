import { createHash } from 'node:crypto';
import { type Credential, holderTexts } from './credential.js';
import type { Proposal } from './proposal.js';
import { type Approval, isStorable, PublicationRefused, type Revision } from './revision.js';

/** Everything that an operator, or whoever holds the database, does to what others rely on. */
export const ACTS = [
  'revision.publish',
  'revision.restore',
  'proposal.create',
  'proposal.approve',
  'proposal.reject',
  'epoch.begin',
  'key.create',
  'key.revoke',
  'operator.create',
  'operator.revoke',
  'operator.first',
  'operator.recover',
  'issuers.refresh',
] as const;
export type ActKind = (typeof ACTS)[number];

/** What a store cannot know of an act by itself. */
export interface ActContext {
  /** Absent: what the store does is all there is to say. */
  readonly act?: ActKind | undefined;
  /** What was acted on, `kind/name`. Absent: what the store says. */
  readonly object?: string | undefined;
  /** Id of the token that was shown; absent where none was. */
  readonly credential?: string | undefined;
  /** Names one request to one server. */
  readonly requestId?: string | undefined;
  /** Of the client, as its connection has it; absent over a unix socket. */
  readonly address?: string | undefined;
}

/** An act on its way into the log. Hashes are SHA-256 in hex of what was acted on; null where there was nothing. */
export interface NewAct extends ActContext {
  readonly act: ActKind;
  readonly object: string;
  /** Who acted, by name. */
  readonly operator: string;
  /** Code of the problem, where the answer was no. */
  readonly refused?: string | undefined;
  readonly before?: string | null | undefined;
  readonly after?: string | null | undefined;
  /** The revision that it made, or that it was refused on. */
  readonly revision?: number | undefined;
}

/** One link of the chain. Null: not said. */
export interface Act {
  /** Counts from 1, without a gap. */
  readonly sequence: number;
  /** Milliseconds since 1970, by the store's clock. */
  readonly at: number;
  /** The role that was logged in at the database: not by word of the program. */
  readonly databaseRole: string;
  readonly operator: string;
  readonly credential: string | null;
  /** An {@link ActKind} of this version or of a later one. */
  readonly act: string;
  readonly object: string;
  readonly refused: string | null;
  readonly before: string | null;
  readonly after: string | null;
  readonly revision: number | null;
  readonly requestId: string | null;
  readonly address: string | null;
  /** Hash of the link before; {@link NO_LINK} for the first. */
  readonly previous: string;
  /** Of everything above, see {@link actHash}. */
  readonly hash: string;
}

/** What the first link hangs on. */
export const NO_LINK = '0'.repeat(64);
/** Says what is hashed, and tells it from everything else that is ever hashed or signed. */
const FORM = 'dharma-audit-1';
const HEAD_FORM = 'dharma-audit-head-1';
const MAXIMUM_TEXT = 1_100;

/**
 * The hash that a link must have: SHA-256 in hex over its members as {@link netstrings}. The database computes the same
 * on its own, see the migration 0006; docs/audit.md says it for readers in other languages.
 */
export function actHash(act: Omit<Act, 'hash'>): string {
  return hexOf(
    netstrings([
      FORM,
      String(act.sequence),
      String(act.at),
      act.databaseRole,
      act.operator,
      act.credential,
      act.act,
      act.object,
      act.refused,
      act.before,
      act.after,
      act.revision === null ? null : String(act.revision),
      act.requestId,
      act.address,
      act.previous,
    ]),
  );
}

/** What is signed of a head: a signature for anything else never fits it. */
export function headText({ sequence, at, hash }: Pick<Act, 'sequence' | 'at' | 'hash'>): string {
  return netstrings([HEAD_FORM, String(sequence), String(at), hash]);
}

/** SHA-256 in hex of all that a credential is, its secret's hash included: names it without telling anything of it. */
export function credentialHash(credential: Credential): string {
  const { kind, id, name, sha256, createdBy, expiresAt } = credential;
  const expiry = expiresAt === undefined ? null : String(expiresAt);
  return hexOf(netstrings([kind, id, name, sha256, createdBy, expiry, ...holderTexts(credential)]));
}

/**
 * What is said of a revision that was appended.
 *
 * @param base  the one it follows, null for the first
 */
export function revisionAct(revision: Revision, base: Revision | null): NewAct {
  const { epoch, number, contentHash, provenance } = revision;
  const begins = base !== null && base.epoch !== epoch;
  return {
    act: begins ? 'epoch.begin' : 'revision.publish',
    object: begins ? `epoch/${epoch}` : `source/${provenance.source}`,
    operator: provenance.author,
    before: base?.contentHash ?? null,
    after: contentHash,
    revision: number,
  };
}

/** What is said of a credential that was made or revoked. */
export function credentialAct(
  credential: Credential,
  what: 'create' | 'revoke',
): Pick<NewAct, 'act' | 'object' | 'before' | 'after'> {
  const hash = credentialHash(credential);
  const kind = credential.kind === 'operator-token' ? 'operator' : 'key';
  return {
    act: `${kind}.${what}`,
    object: `${kind}/${credential.id}`,
    before: what === 'create' ? null : hash,
    after: what === 'create' ? hash : null,
  };
}

/** What is said of a proposal that was made or rejected. */
export function proposalAct(
  { number, contentHash }: Pick<Proposal, 'number' | 'contentHash'>,
  what: 'create' | 'reject',
): Pick<NewAct, 'act' | 'object' | 'before' | 'after'> {
  return {
    act: `proposal.${what}`,
    object: `proposal/${number}`,
    before: what === 'create' ? null : contentHash,
    after: what === 'create' ? contentHash : null,
  };
}

/** What is said of a revision that a second person approved: it is their act. */
export function approvalAct(revision: Revision, base: Revision | null, { proposal, by }: Approval): NewAct {
  return {
    ...revisionAct(revision, base),
    act: 'proposal.approve',
    object: `proposal/${proposal}`,
    operator: by,
  };
}

/** What a store says of an act, and what it cannot know. */
export function inContext(said: NewAct, context: ActContext): NewAct {
  const { act = said.act, object = said.object, credential, requestId, address } = context;
  return { ...said, act, object, credential, requestId, address };
}

/**
 * Holds an act to what every store can keep.
 *
 * @throws PublicationRefused
 */
export function judgeAct(act: NewAct): void {
  for (const [member, text] of Object.entries(act)) {
    if (typeof text !== 'string') continue;
    if (text === '') throw new PublicationRefused(`\`${member}\` is empty`);
    if (text.length > MAXIMUM_TEXT)
      throw new PublicationRefused(`\`${member}\` is longer than ${MAXIMUM_TEXT} characters`);
    if (!isStorable(text)) throw new PublicationRefused(`\`${member}\` has a character that cannot be stored`);
  }
}

/** `<bytes>:<text>,` for each text and `-,` for none: no two lists read the same. */
function netstrings(texts: readonly (string | null)[]): string {
  return texts.map((text) => (text === null ? '-,' : `${Buffer.byteLength(text)}:${text},`)).join('');
}

function hexOf(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
