import { type Address, type Cidr, cidrContains, parseAddress, parseCidr } from '#cel';
import { isWithin, OUTSIDE } from '#engine';
import { BoundedCache } from './bounded-cache.js';
import type { Caller, KnownCaller, Peer, Stranger } from './caller.js';
import { KeysByDigest, type PresentedKey, readKey } from './key.js';
import type { KeyRing } from './key-ring.js';
import type { EnforcementPointSettings, IdentitySettings, MechanismSettings } from './settings.js';
import { spiffeTrustDomain } from './spiffe-id.js';

/** Addresses whose caller is remembered: gateways are few, and parsing an address costs more than a decision. */
const REMEMBERED_ADDRESSES = 1024;
const LOOPBACK = ['127.0.0.0/8', '::1/128'].map((text) => parseCidr(text)!);

const KEY_MALFORMED = stranger('the key is not of the form `<id>.<secret>`');
/** One text for both, so that the answer does not tell which ids exist. */
const KEY_WRONG = stranger('the id of the key is unknown, or its secret is wrong');
const KEY_EXPIRED = stranger('the key has expired');
const KEY_OF_NOBODY = stranger('the key belongs to an enforcement point that the policy in force does not have');
const CERTIFICATE_UNKNOWN = stranger('no enforcement point has the SPIFFE ID of the client certificate');
const CERTIFICATE_AMBIGUOUS = stranger('the client certificate has several URI names, so it is no SPIFFE identity');
const SOCKET_UNKNOWN = stranger('no enforcement point has the credential `unixSocket`');
const ADDRESS_UNKNOWN = stranger(
  'no key and no client certificate came along, and no enforcement point lists the address',
);
const NOT_LOCAL = stranger('the policy in force has no EnforcementPoint, so only callers on the same machine may ask');
const NOT_ONLY_LOCAL = stranger(
  'the policy in force has no EnforcementPoint, and a check listener can be reached from beyond this machine',
);

function stranger(reason: string): Stranger {
  return Object.freeze({ kind: 'stranger', reason });
}

interface DocumentedKey {
  readonly id: string;
  readonly caller: KnownCaller;
}

interface ShownBefore {
  readonly text: string;
  readonly key: PresentedKey | undefined;
}

interface Network {
  readonly cidr: Cidr;
  readonly caller: KnownCaller;
}

/** Tells enforcement points from strangers. What was presented first decides; nothing falls back to another way. */
export class Callers {
  readonly #byName: ReadonlyMap<string, KnownCaller>;
  readonly #keys = new KeysByDigest<DocumentedKey>();
  /** A minted key cannot take one of these. */
  readonly #documentedIds = new Set<string>();
  readonly #certificates = new Map<string, KnownCaller>();
  readonly #networks: Network[] = [];
  readonly #remembered = new BoundedCache<Caller>(REMEMBERED_ADDRESSES);
  /** Hashing a key takes as long as deciding. Who compares times here learns no more than what it sent itself. */
  readonly #shown = new WeakMap<object, ShownBefore>();
  #onUnixSocket: Caller = SOCKET_UNKNOWN;
  /** Who asks from this machine while the set has no enforcement point. */
  readonly #local: Caller | undefined;

  constructor(
    { enforcementPoints, mechanisms }: IdentitySettings,
    private readonly minted: KeyRing,
    onlyLocal: boolean,
  ) {
    this.#byName = new Map(enforcementPoints.map((point) => [point.name, knownCaller(point, mechanisms)]));
    for (const point of enforcementPoints) this.#admit(point, this.#byName.get(point.name)!);
    if (enforcementPoints.length > 0) return;
    const local: KnownCaller = {
      kind: 'known',
      name: 'local',
      domain: OUTSIDE,
      mayExplain: false,
      believed: new Set<string>(),
    };
    this.#local = onlyLocal ? Object.freeze(local) : NOT_ONLY_LOCAL;
    this.#onUnixSocket = this.#local;
  }

  /** By the name of an enforcement point of this revision. */
  find(name: string): KnownCaller | undefined {
    return this.#byName.get(name);
  }

  /** @param now  milliseconds since the epoch */
  recognise(peer: Peer, now: number): Caller {
    if (peer.key !== undefined) return this.#byKey(this.#read(peer.key, peer.connection), now);
    if (peer.certificateUris.length > 0) return this.#byCertificate(peer.certificateUris);
    if (peer.listener === 'unix') return this.#onUnixSocket;
    return peer.address === undefined ? ADDRESS_UNKNOWN : this.#byAddress(peer.address);
  }

  #admit({ credentials }: EnforcementPointSettings, caller: KnownCaller): void {
    for (const credential of credentials) {
      switch (credential.kind) {
        case 'apiKey':
          this.#keys.add(credential.sha256, { id: credential.id, caller });
          this.#documentedIds.add(credential.id);
          break;
        case 'spiffe':
          if (spiffeTrustDomain(credential.id) !== undefined) this.#certificates.set(credential.id, caller);
          break;
        case 'network':
          for (const text of credential.cidrs) {
            const cidr = parseCidr(text);
            if (cidr !== undefined) this.#networks.push({ cidr, caller });
          }
          break;
        case 'unixSocket':
          this.#onUnixSocket = caller;
          break;
        default:
          credential satisfies never;
      }
    }
  }

  #read(text: string, connection: object | undefined): PresentedKey | undefined {
    if (connection === undefined) return readKey(text);
    let shown = this.#shown.get(connection);
    if (shown?.text !== text) {
      shown = { text, key: readKey(text) };
      this.#shown.set(connection, shown);
    }
    return shown.key;
  }

  #byKey(presented: PresentedKey | undefined, now: number): Caller {
    if (presented === undefined) return KEY_MALFORMED;
    const { id, digest } = presented;
    const documented = this.#keys.find(digest).find((known) => known.id === id);
    if (documented !== undefined) return documented.caller;
    const minted = this.minted.find(presented);
    if (minted === undefined || !('enforcementPoint' in minted) || this.#documentedIds.has(id)) return KEY_WRONG;
    if (minted.expiresAt !== undefined && now >= minted.expiresAt) return KEY_EXPIRED;
    const caller = this.#byName.get(minted.enforcementPoint);
    if (caller === undefined) return KEY_OF_NOBODY;
    this.minted.noteUse(id, now);
    return caller;
  }

  #byCertificate(uris: readonly string[]): Caller {
    if (uris.length > 1) return CERTIFICATE_AMBIGUOUS;
    return this.#certificates.get(uris[0]!) ?? CERTIFICATE_UNKNOWN;
  }

  #byAddress(text: string): Caller {
    const remembered = this.#remembered.get(text);
    if (remembered !== undefined) return remembered;
    const caller = this.#at(parseAddress(text));
    this.#remembered.set(text, caller);
    return caller;
  }

  #at(address: Address | undefined): Caller {
    if (address === undefined) return ADDRESS_UNKNOWN;
    if (this.#local !== undefined) {
      return LOOPBACK.some((block) => cidrContains(block, address)) ? this.#local : NOT_LOCAL;
    }
    return this.#networks.find(({ cidr }) => cidrContains(cidr, address))?.caller ?? ADDRESS_UNKNOWN;
  }
}

function knownCaller(point: EnforcementPointSettings, mechanisms: readonly MechanismSettings[]): KnownCaller {
  const { name, domain, mayExplain } = point;
  return Object.freeze({ kind: 'known', name, domain, mayExplain, believed: believedFrom(point, mechanisms) });
}

/** What an enforcement point lists counts where the owner lies in its domain's subtree, or consents. */
function believedFrom(
  { name, domain, mayAssert }: EnforcementPointSettings,
  mechanisms: readonly MechanismSettings[],
): ReadonlySet<string> {
  const listed = new Set(mayAssert);
  const entitled = mechanisms.filter(
    ({ owner, declaration }) =>
      listed.has(declaration.name) && (isWithin(owner, domain) || (declaration.assertableBy ?? []).includes(name)),
  );
  return new Set(entitled.map(({ declaration }) => declaration.name));
}
