import { parseInstant } from '#policy';
import type { Judged } from './evidence.js';
import { accepted, bareItem, dropped, together } from './judged.js';
import { digestOf, KeysByDigest, MAXIMUM_KEY, type PresentedKey, readKey } from './key.js';
import type { ClientKey, KeyRing } from './key-ring.js';
import type { MechanismOf } from './mechanisms.js';
import { claimedFalse, foreign, taken, type Verdict } from './verdict.js';

/** What a key says of its holder, and until when. */
interface Holder {
  /** The first instant at which it does not count any more. */
  readonly notAfter: number | undefined;
  readonly whenValid: Judged;
  readonly whenExpired: Judged;
}

interface DocumentedKey extends Holder {
  readonly id: string;
}

type ApiKeyMechanism = MechanismOf<'apiKey'>;

/** The keys of all `apiKey` mechanisms that read one header: those of their documents, and those that were minted. */
export class ApiKeys {
  readonly #mechanisms: ReadonlyMap<string, ApiKeyMechanism>;
  /** The digest is that of the secret of `<id>.<secret>`, or that of a whole key of another form. */
  readonly #documented = new KeysByDigest<DocumentedKey>();
  readonly #holders = new WeakMap<ClientKey, Holder>();
  readonly #unknown: Verdict;

  constructor(
    mechanisms: readonly ApiKeyMechanism[],
    private readonly minted: KeyRing,
  ) {
    this.#mechanisms = new Map(mechanisms.map((mechanism) => [mechanism.declaration.name, mechanism]));
    for (const mechanism of mechanisms) {
      for (const { id, sha256, subject, scopes = [], groups = [], notAfter } of mechanism.declaration.apiKey.keys ??
        []) {
        const expiresAt = notAfter === undefined ? undefined : parseInstant(notAfter);
        this.#documented.add(sha256, { id, ...holder(mechanism, { subject, scopes, groups, expiresAt }) });
      }
    }
    this.#unknown = foreign(
      together(mechanisms.map(({ declaration }) => dropped(declaration.name, 'the key is unknown'))),
    );
  }

  judge(value: string, now: number): Verdict {
    if (value.length > MAXIMUM_KEY) return this.#unknown;
    const presented = readKey(value);
    const named = presented === undefined ? [] : this.#holding(presented, now);
    const keys = named.length > 0 ? named : this.#documented.find(digestOf(value));
    if (keys.length === 0) return this.#unknown;
    const valid = keys.filter((key) => isValid(key, now));
    return valid.length > 0
      ? taken(together(valid.map(({ whenValid }) => whenValid)))
      : claimedFalse(together(keys.map(({ whenExpired }) => whenExpired)));
  }

  /** Keys of that id with that secret. */
  #holding(presented: PresentedKey, now: number): readonly Holder[] {
    const documented = this.#documented.find(presented.digest).filter(({ id }) => id === presented.id);
    const minted = this.#minted(presented);
    if (minted === undefined) return documented;
    if (isValid(minted, now)) this.minted.noteUse(presented.id, now);
    return [...documented, minted];
  }

  #minted(presented: PresentedKey): Holder | undefined {
    const key = this.minted.find(presented);
    if (key === undefined || !('mechanism' in key)) return undefined;
    const mechanism = this.#mechanisms.get(key.mechanism);
    if (mechanism === undefined) return undefined;
    let known = this.#holders.get(key);
    if (known === undefined) {
      known = holder(mechanism, key);
      this.#holders.set(key, known);
    }
    return known;
  }
}

function holder(
  mechanism: ApiKeyMechanism,
  { subject, scopes, groups, expiresAt }: Pick<ClientKey, 'subject' | 'scopes' | 'groups' | 'expiresAt'>,
): Holder {
  const item = { ...bareItem(mechanism, subject), scopes, groups, ...(expiresAt !== undefined && { expiresAt }) };
  return {
    notAfter: expiresAt,
    whenValid: accepted([item]),
    whenExpired: dropped(mechanism.declaration.name, 'the key has expired'),
  };
}

function isValid({ notAfter }: Holder, now: number): boolean {
  return notAfter === undefined || now < notAfter;
}
