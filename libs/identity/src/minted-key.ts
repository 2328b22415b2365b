/** A key that the admin API minted for an enforcement point. */
export interface MintedKey {
  readonly enforcementPoint: string;
  /** SHA-256 of the secret, in hex. */
  readonly sha256: string;
  /** Milliseconds since the epoch; undefined: it does not expire. */
  readonly expiresAt?: number;
}

/** Keys change without a new revision. */
export interface MintedKeys {
  find(id: string): MintedKey | undefined;
}
