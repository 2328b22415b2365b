import { OUTSIDE } from '#engine';
import type { Caller, KnownCaller, Peer } from './caller.js';
import type { Judged, Presented } from './evidence.js';
import type { IdentitySettings } from './settings.js';

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

export interface IdentityParts {
  readonly keys: MintedKeys;
  /** Every check listener is on loopback or a unix socket: without any EnforcementPoint, local callers are known. */
  readonly onlyLocal: boolean;
}

/** What one revision says about callers and evidence, ready to use. */
export class Identity {
  static async prepare(settings: IdentitySettings, parts: IdentityParts): Promise<Identity> {
    return new Identity(settings, parts);
  }

  private constructor(
    private readonly settings: IdentitySettings,
    readonly parts: IdentityParts,
  ) {}

  /** Names in lower case of the headers in which mechanisms are reported, or credentials come. */
  get reportHeaders(): ReadonlySet<string> {
    return new Set();
  }

  caller(_peer: Peer, _now: number): Caller {
    if (this.settings.enforcementPoints.length > 0) return { kind: 'stranger', reason: 'not implemented' };
    return { kind: 'known', name: 'local', domain: OUTSIDE, mayExplain: false, believed: new Set() };
  }

  judge(_presented: Presented, _caller: KnownCaller, _now: number): Judged | Promise<Judged> {
    return { evidence: [], dropped: [], hasVerifiedCredential: false, hasFalseCredential: false };
  }

  /** Lets go of files it watches. */
  close(): void {}
}
