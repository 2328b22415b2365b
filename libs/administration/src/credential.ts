import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { isStorable, PublicationRefused } from './revision.js';
import { ADMINISTRATOR_ROLES, type Grant } from './rights/right.js';

/** An enforcement point asks with its key, a client shows one of its own, an operator administers with a token. */
export type CredentialKind = CredentialHolder['kind'];

/** Who proves what with a credential. */
export type CredentialHolder =
  | {
      readonly kind: 'enforcement-point-key';
      /** The enforcement point. */
      readonly name: string;
    }
  | {
      readonly kind: 'operator-token';
      /** The operator. */
      readonly name: string;
      /** What it may. Absent: nothing, as tokens that were made before there were terms. */
      readonly terms?: OperatorTerms | undefined;
    }
  | {
      readonly kind: 'client-key';
      /** The mechanism. */
      readonly name: string;
      readonly client: KeyedClient;
    };

/** What an operator's token may. Whatever it says, it may nothing that its maker may not. */
export type OperatorTerms =
  /** Everything: the first operator, and who has the database. */
  | { readonly kind: 'root' }
  /** Exactly this. */
  | { readonly kind: 'scope'; readonly maker: string; readonly grants: readonly Grant[] }
  /** What `administrators` grant to the operator's name and to these groups. */
  | { readonly kind: 'person'; readonly maker: string; readonly groups: readonly string[] };

/** What a client's key says of it. */
export interface KeyedClient {
  readonly subject: string;
  readonly scopes: readonly string[];
  readonly groups: readonly string[];
}

/** What is kept of a secret that was handed out once. */
export type Credential = CredentialHolder & CredentialRecord;

interface CredentialRecord {
  readonly id: string;
  /** SHA-256 of the secret, in hex. */
  readonly sha256: string;
  /** Milliseconds since 1970, by the store's clock. */
  readonly createdAt: number;
  /** The operator who made it. */
  readonly createdBy: string;
  /** First instant at which it no longer counts; undefined: it does not expire. */
  readonly expiresAt?: number | undefined;
  readonly revokedAt?: number | undefined;
  readonly revokedBy?: string | undefined;
}

export type NewCredential = CredentialHolder & Pick<CredentialRecord, 'createdBy' | 'expiresAt'>;

/** A credential at the one moment when its secret is known. */
export interface MintedCredential {
  readonly credential: Credential;
  /** `<id>.<secret>`: what its holder shows. */
  readonly token: string;
}

/** A credential on its way into a store, and what its holder will show. */
export interface Minting {
  readonly id: string;
  readonly sha256: string;
  readonly token: string;
}

const PREFIX = { 'client-key': 'ck', 'enforcement-point-key': 'ep', 'operator-token': 'op' } as const;
const SECRET_BYTES = 32;
const ID_BYTES = 8;
const MAXIMUM_NAME = 512;
/** Scopes, and groups, of one key. */
const MAXIMUM_TEXTS = 100;

/** A new id and a secret of 256 random bits, which is kept nowhere but in the returned token. */
export function mint(kind: CredentialKind): Minting {
  const id = `${PREFIX[kind]}-${randomBytes(ID_BYTES).toString('hex')}`;
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  return { id, sha256: secretHash(secret), token: `${id}.${secret}` };
}

/** @returns null for what is not of the form `<id>.<secret>` */
export function splitToken(token: string): { readonly id: string; readonly secret: string } | null {
  const dot = token.indexOf('.');
  if (dot <= 0 || dot === token.length - 1) return null;
  return { id: token.slice(0, dot), secret: token.slice(dot + 1) };
}

/** Whether a secret is the one whose hash is kept; takes the same time for every wrong one. */
export function isSecretOf(secret: string, sha256: string): boolean {
  return timingSafeEqual(Buffer.from(secretHash(secret), 'hex'), Buffer.from(sha256, 'hex'));
}

/** Whether it counts at an instant. */
export function isActive({ expiresAt, revokedAt }: Credential, now: number): boolean {
  return revokedAt === undefined && (expiresAt === undefined || now < expiresAt);
}

/** What a holder says beside kind and name, each list under its length. */
export function holderTexts(holder: CredentialHolder): readonly string[] {
  if (holder.kind !== 'client-key') return [];
  const { subject, scopes, groups } = holder.client;
  return [subject, String(scopes.length), ...scopes, String(groups.length), ...groups];
}

/**
 * Holds a credential to what every store can keep.
 *
 * @throws PublicationRefused
 */
export function judgeCredential(credential: NewCredential): void {
  const { name, createdBy, expiresAt } = credential;
  judgeTexts('name', [name]);
  judgeTexts('createdBy', [createdBy]);
  if (credential.kind === 'client-key') {
    const { subject, scopes, groups } = credential.client;
    judgeTexts('subject', [subject]);
    judgeTexts('scopes', scopes);
    judgeTexts('groups', groups);
  }
  if (credential.kind === 'operator-token' && credential.terms !== undefined) judgeTerms(credential.terms);
  if (expiresAt !== undefined && !(Number.isSafeInteger(expiresAt) && Math.abs(expiresAt) < LATEST)) {
    throw new PublicationRefused('`expiresAt` is no instant');
  }
}

/** @throws PublicationRefused */
function judgeTerms(terms: OperatorTerms): void {
  if (terms.kind === 'root') return;
  judgeTexts('maker', [terms.maker]);
  if (terms.kind === 'person') {
    judgeTexts('groups', terms.groups);
    return;
  }
  judgeTexts(
    'scope',
    terms.grants.map(({ domain }) => domain),
  );
  for (const { role, domain } of terms.grants) {
    if (!ADMINISTRATOR_ROLES.includes(role)) throw new PublicationRefused(`\`${role}\` is no role of administrators`);
    if (/\s/.test(domain)) throw new PublicationRefused(`\`${domain}\` is no domain`);
  }
}

/** The year 9999, beyond which RFC 3339 has no dates. */
const LATEST = Date.UTC(10_000, 0);

function judgeTexts(member: string, texts: readonly string[]): void {
  if (texts.length > MAXIMUM_TEXTS) throw new PublicationRefused(`\`${member}\` has more than ${MAXIMUM_TEXTS} texts`);
  for (const text of texts) {
    if (text === '') throw new PublicationRefused(`\`${member}\` is empty`);
    if (text.length > MAXIMUM_NAME)
      throw new PublicationRefused(`\`${member}\` is longer than ${MAXIMUM_NAME} characters`);
    if (!isStorable(text)) throw new PublicationRefused(`\`${member}\` has a character that cannot be stored`);
  }
}

function secretHash(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
