import type { Credential, CredentialKind, MintedCredential, NewCredential } from './credential.js';

/** A key of an enforcement point, as the threads that check keys need it. */
export interface ActiveKey {
  readonly id: string;
  readonly enforcementPoint: string;
  /** SHA-256 of the secret, in hex. */
  readonly sha256: string;
  /** Milliseconds since 1970; undefined: it does not expire. */
  readonly expiresAt?: number | undefined;
}

/**
 * Keys of enforcement points and tokens of operators. They are no documents: publishing and pruning never touch them.
 * Credentials are added and revoked; nothing else ever happens to them.
 */
export abstract class CredentialStore {
  /**
   * Makes a credential. The secret is in the answer and nowhere else.
   *
   * @throws PublicationRefused
   */
  abstract create(credential: NewCredential): Promise<MintedCredential>;

  /**
   * Credentials of one kind, revoked ones included, by id.
   *
   * @param page.after  only ids behind this one
   * @param page.limit  at least 1
   */
  abstract list(
    kind: CredentialKind,
    page: { readonly after?: string | undefined; readonly limit: number },
  ): Promise<readonly Credential[]>;

  /** @returns null when there is none of this id */
  abstract find(id: string): Promise<Credential | null>;

  /**
   * From now on it does not count. Revoking what is revoked changes nothing.
   *
   * @returns null when there is none of this kind and id
   */
  abstract revoke(kind: CredentialKind, id: string, by: string): Promise<Credential | null>;

  /** All keys of enforcement points that are not revoked; expired ones may be among them. */
  abstract activeKeys(): Promise<readonly ActiveKey[]>;

  /** Another text whenever a credential was added or revoked since. */
  abstract version(): Promise<string>;

  /**
   * The token of the first operator: once a database, also when several servers ask at the same time.
   *
   * @returns null for everybody but the one who minted it, and where any operator's token was made before
   */
  abstract mintFirstOperator(): Promise<string | null>;

  /** A new token for an operator who has access to the database and lost every other. */
  abstract recoverOperator(name: string): Promise<string>;
}

/** The name that the first operator goes by. */
export const FIRST_OPERATOR = 'first-operator';
/** Who made the tokens that no operator made. */
export const MINTED_BY = { first: 'first start', recovery: 'database access' } as const;
