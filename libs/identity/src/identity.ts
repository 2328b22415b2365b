import { principalTypeOf } from '#policy';
import { AttestedEvidence, type Entitlement } from './attested.js';
import type { Caller, KnownCaller, Peer } from './caller.js';
import { Callers } from './callers.js';
import { CredentialHeader } from './credentials.js';
import type { Judged, Presented } from './evidence.js';
import { together } from './judged.js';
import type { Issuers } from './issuers.js';
import type { KeyRing } from './key-ring.js';
import { credentialHeaderOf, reportHeaderOf } from './mechanisms.js';

import type { IdentitySettings } from './settings.js';

export interface IdentityParts {
  readonly keys: KeyRing;
  /** Every check listener is on loopback or a unix socket: without any EnforcementPoint, local callers are known. */
  readonly onlyLocal: boolean;
  /** Who is asked for keys, and about tokens; absent: nobody is. */
  readonly issuers?: Issuers;
  /** Of the revision before: tokens that it has verified stay so where their mechanisms are the same. */
  readonly previous?: Identity;
}

/** What one revision says about callers and evidence, ready to use. */
export class Identity {
  /** Names in lower case of the headers in which mechanisms are reported, or credentials come. */
  readonly reportHeaders: ReadonlySet<string>;
  readonly #callers: Callers;
  readonly #attested: AttestedEvidence;
  readonly #credentials: readonly CredentialHeader[];
  /** By the name of the mechanism. */
  readonly #principalTypes: ReadonlyMap<string, string>;
  readonly #entitlements = new Map<string, { readonly caller: KnownCaller; readonly entitlement: Entitlement }>();
  readonly #noEntitlement: Entitlement;

  /** Reads key files. A key or key file that cannot be used verifies nothing; it is no fault of the revision. */
  static async prepare(settings: IdentitySettings, parts: IdentityParts): Promise<Identity> {
    const mechanisms = settings.mechanisms.toSorted((left, right) =>
      left.declaration.name < right.declaration.name ? -1 : 1,
    );
    const before = parts.previous === undefined ? [] : parts.previous.#credentials;
    return new Identity(
      { ...settings, mechanisms },
      parts,
      await CredentialHeader.all(mechanisms, before, { minted: parts.keys, issuers: parts.issuers }),
    );
  }

  private constructor(settings: IdentitySettings, parts: IdentityParts, credentials: readonly CredentialHeader[]) {
    const { mechanisms, enforcementPoints } = settings;
    this.#callers = new Callers(settings, parts.keys, parts.onlyLocal);
    this.#attested = new AttestedEvidence(mechanisms);
    this.#credentials = credentials;
    this.#principalTypes = new Map(
      mechanisms.map(({ declaration }) => [declaration.name, principalTypeOf(declaration)]),
    );
    this.#noEntitlement = this.#attested.entitlement(new Set());
    for (const { name } of enforcementPoints) {
      const caller = this.#callers.find(name)!;
      this.#entitlements.set(name, { caller, entitlement: this.#attested.entitlement(caller.believed) });
    }
    this.reportHeaders = new Set(
      mechanisms.flatMap((mechanism) => [credentialHeaderOf(mechanism) ?? [], reportHeaderOf(mechanism) ?? []].flat()),
    );
  }

  /**
   * Tells an enforcement point from a stranger.
   *
   * @param now  milliseconds since the epoch
   */
  caller(peer: Peer, now: number): Caller {
    return this.#callers.recognise(peer, now);
  }

  /**
   * What of a message counts. Waits only where a token is seen for the first time.
   *
   * @param caller  as {@link caller} told it; where an earlier revision told it, it is believed what both agree on
   * @param now  milliseconds since the epoch
   */
  judge(presented: Presented, caller: KnownCaller, now: number): Judged | Promise<Judged> {
    const { clientAddress } = presented;
    const from = clientAddress === undefined ? [caller.name] : [caller.name, clientAddress];
    const parts: (Judged | Promise<Judged>)[] = [...this.#attested.judge(presented, this.#entitlementOf(caller), now)];
    let isWaiting = false;
    for (const header of this.#credentials) {
      if (!Object.hasOwn(presented.credentials, header.name)) continue;
      const judged = header.judge(presented.credentials[header.name]!, now, from);
      isWaiting ||= judged instanceof Promise;
      parts.push(judged);
    }
    const { credentialsOf } = presented;
    const settle = (judged: readonly Judged[]): Judged =>
      credentialsOf === undefined ? together(judged) : this.#onlyOf(credentialsOf, together(judged));
    return isWaiting ? Promise.all(parts.map(async (part) => part)).then(settle) : settle(parts as Judged[]);
  }

  /** Of two whom a credential may be of, an allow might be for the one that was not meant. */
  #onlyOf({ type, id }: NonNullable<Presented['credentialsOf']>, judged: Judged): Judged {
    const items = judged.evidence.filter(({ role, verified }) => role === 'access' && verified);
    const isMeant = items.every((item) => this.#principalTypes.get(item.mechanism) === type && item.subject === id);
    if (items.length > 0 && isMeant) return judged;
    const because = isMeant ? 'no credential of its subject is verified' : 'the credential is not of its subject';
    return { ...judged, dropped: [...judged.dropped, { mechanism: null, because }], subjectFault: because };
  }

  /** Lets go of files it watches. What is under way ends as if it had not been called. */
  close(): void {
    for (const header of this.#credentials) header.close();
  }

  #entitlementOf(caller: KnownCaller): Entitlement {
    const known = this.#entitlements.get(caller.name);
    if (known === undefined) return this.#noEntitlement;
    if (known.caller === caller) return known.entitlement;
    return this.#attested.entitlement(new Set([...caller.believed].filter((name) => known.caller.believed.has(name))));
  }
}
