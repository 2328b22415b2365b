import type { ActContext } from './act.js';
import type { Credential, CredentialKind, KeyedClient, MintedCredential, NewCredential } from './credential.js';

/** A key of an enforcement point or of a client, as the threads that check keys need it. */
export type ActiveKey = ActiveSecret &
  ({ readonly enforcementPoint: string } | ({ readonly mechanism: string } & KeyedClient));

interface ActiveSecret {
  readonly id: string;
  /** SHA-256 of the secret, in hex. */
  readonly sha256: string;
  /** Milliseconds since 1970; undefined: it does not expire. */
  readonly expiresAt?: number | undefined;
}

/**
 * Keys of enforcement points and of clients, and tokens of operators. They are no documents: publishing and pruning never
 * touch them. Credentials are added and revoked; nothing else ever happens to them, and each time the act goes to the audit
 * log in the same step. When one was last used is kept beside.
 */
export abstract class CredentialStore {
  /**
   * Makes a credential. The secret is in the answer and nowhere else.
   *
   * @throws PublicationRefused
   */
  abstract create(credential: NewCredential, context?: ActContext): Promise<MintedCredential>;

  /**
   * Credentials of some kinds, revoked ones included, by id.
   *
   * @param page.after  only ids behind this one
   * @param page.limit  at least 1
   */
  abstract list(
    kinds: readonly CredentialKind[],
    page: { readonly after?: string | undefined; readonly limit: number },
  ): Promise<readonly Credential[]>;

  /** @returns null when there is none of this id */
  abstract find(id: string): Promise<Credential | null>;

  /**
   * From now on it does not count. Revoking what is revoked changes nothing.
   *
   * @returns null when there is none of these kinds and this id
   */
  abstract revoke(
    kinds: readonly CredentialKind[],
    id: string,
    by: string,
    context?: ActContext,
  ): Promise<Credential | null>;

  /** All keys of enforcement points and clients that are not revoked; expired ones may be among them. */
  abstract activeKeys(): Promise<readonly ActiveKey[]>;

  /** Another text whenever a credential was added or revoked since. */
  abstract version(): Promise<string>;

  /**
   * Keeps when credentials were last used. Of what several servers say the latest stands; the future counts as now, and
   * an unknown id for nothing.
   *
   * @param uses  milliseconds since 1970 by id
   */
  abstract noteUses(uses: ReadonlyMap<string, number>): Promise<void>;

  /**
   * When each was last used, to a minute or so; without those that never were. Empty where the role may not read it.
   *
   * @returns milliseconds since 1970 by id
   */
  abstract lastUses(ids: readonly string[]): Promise<ReadonlyMap<string, number>>;

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

/** The key that a credential is; none when it is a token. */
export function activeKey(credential: Credential): readonly ActiveKey[] {
  const { id, name, sha256, expiresAt } = credential;
  switch (credential.kind) {
    case 'enforcement-point-key':
      return [{ id, enforcementPoint: name, sha256, expiresAt }];
    case 'client-key':
      return [{ id, mechanism: name, ...credential.client, sha256, expiresAt }];
    case 'operator-token':
      return [];
    default:
      return credential satisfies never;
  }
}
