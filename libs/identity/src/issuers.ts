import type { Outbound } from './outbound.js';
import { type KeyAddress, type KeyStanding, nameOf, RemoteKeys, RemoteKeysUse } from './remote-keys.js';
import type { VerificationKeys } from './verification-keys.js';

export type IssuerEvent =
  /** Keys were fetched, or could not be and the last good ones stay. `isNews`: the try before ended in another way. */
  | ({ readonly kind: 'issuer-keys'; readonly isNews: boolean } & KeyStanding)
  /** No mechanism in force uses its keys any more. */
  | { readonly kind: 'issuer-unused'; readonly address: string }
  | { readonly kind: 'disk'; readonly fault: string };

export interface IssuersParts {
  readonly outbound: Outbound;
  /** For the last good keys; undefined: none are kept. */
  readonly folder: string | undefined;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Milliseconds from any start, never going back. */
  readonly monotonic: () => number;
  /** Does something later. @returns what cancels it */
  readonly timer: { after(milliseconds: number, work: () => void): () => void };
  /** 0 to below 1. */
  readonly random: () => number;
  readonly log: (event: IssuerEvent) => void;
  /** How long a decision may wait for keys, or for the word of an issuer about a token. */
  readonly waitMilliseconds: number;
}

/** Keys that are fetched, and the mechanisms that use them. */
export interface IssuerStanding extends KeyStanding {
  readonly mechanisms: readonly string[];
}

interface Shared {
  readonly keys: RemoteKeys;
  readonly ready: Promise<void>;
  readonly users: string[];
}

/** The issuers that this process asks for keys. They outlive revisions: a new one fetches nothing that is there. */
export class Issuers {
  readonly #shared = new Map<string, Shared>();

  constructor(readonly parts: IssuersParts) {}

  /** @param mechanism  name of the one that uses them */
  async keysOf(address: KeyAddress, mechanism: string): Promise<VerificationKeys> {
    const name = nameOf(address);
    let shared = this.#shared.get(name);
    if (shared === undefined) {
      const keys = new RemoteKeys(address, this.parts);
      shared = { keys, ready: keys.start(), users: [] };
      this.#shared.set(name, shared);
    }
    const { keys, ready, users } = shared;
    users.push(mechanism);
    await ready;
    return new RemoteKeysUse(keys, () => {
      users.splice(users.indexOf(mechanism), 1);
      if (users.length > 0) return;
      void keys.close();
      this.#shared.delete(name);
      this.parts.log({ kind: 'issuer-unused', address: keys.standing.address });
    });
  }

  /** Fetches all keys now, whenever that was done last. Never rejects. */
  async refresh(): Promise<void> {
    await Promise.all([...this.#shared.values()].map(({ keys }) => keys.refresh()));
  }

  standings(): readonly IssuerStanding[] {
    return [...this.#shared.values()].map(({ keys, users }) => ({
      ...keys.standing,
      mechanisms: [...new Set(users)].toSorted(),
    }));
  }

  /** Resolves when what is being written is written. */
  async close(): Promise<void> {
    const closing = [...this.#shared.values()].map(({ keys }) => keys.close());
    this.#shared.clear();
    await Promise.all(closing);
  }
}
