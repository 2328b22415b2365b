import { hash } from 'node:crypto';
import { parseInstant } from '#policy';
import { accepted, bareItem, dropped, together } from './judged.js';
import { holdsSecret, MAXIMUM_KEY, splitKey } from './key.js';
import type { MechanismOf } from './mechanisms.js';
import { claimedFalse, foreign, taken, type Verdict } from './verdict.js';
import type { Judged } from './evidence.js';

interface ClientKey {
  readonly sha256: string;
  /** The first instant at which it does not count any more. */
  readonly notAfter: number | undefined;
  readonly whenValid: Judged;
  readonly whenExpired: Judged;
}

const NO_KEYS: readonly ClientKey[] = [];

/** The keys of all `apiKey` mechanisms that read one header. */
export class ApiKeys {
  readonly #byId = new Map<string, ClientKey[]>();
  /** By the SHA-256 of a key that is not of the form `<id>.<secret>`. */
  readonly #byDigest = new Map<string, ClientKey[]>();
  readonly #unknown: Verdict;

  constructor(mechanisms: readonly MechanismOf<'apiKey'>[]) {
    for (const mechanism of mechanisms) {
      const { name, apiKey } = mechanism.declaration;
      for (const { id, sha256, subject, scopes = [], groups = [], notAfter } of apiKey.keys ?? []) {
        const until = notAfter === undefined ? undefined : parseInstant(notAfter);
        const item = {
          ...bareItem(mechanism, subject),
          scopes,
          groups,
          ...(until !== undefined && { expiresAt: until }),
        };
        const key: ClientKey = {
          sha256,
          notAfter: until,
          whenValid: accepted([item]),
          whenExpired: dropped(name, 'the key has expired'),
        };
        addTo(this.#byId, id, key);
        addTo(this.#byDigest, sha256, key);
      }
    }
    this.#unknown = foreign(
      together(mechanisms.map(({ declaration }) => dropped(declaration.name, 'the key is unknown'))),
    );
  }

  judge(value: string, now: number): Verdict {
    if (value.length > MAXIMUM_KEY) return this.#unknown;
    const split = splitKey(value);
    const named = split === undefined ? NO_KEYS : this.#holding(split.id, split.secret);
    const keys = named.length > 0 ? named : (this.#byDigest.get(hash('sha256', value, 'hex')) ?? NO_KEYS);
    if (keys.length === 0) return this.#unknown;
    const valid = keys.filter(({ notAfter }) => notAfter === undefined || now < notAfter);
    return valid.length > 0
      ? taken(together(valid.map(({ whenValid }) => whenValid)))
      : claimedFalse(together(keys.map(({ whenExpired }) => whenExpired)));
  }

  /** Keys of that id with that secret; one comparison is made also where there is no such id. */
  #holding(id: string, secret: string): readonly ClientKey[] {
    const keys = this.#byId.get(id);
    if (keys === undefined) {
      holdsSecret(secret, undefined);
      return NO_KEYS;
    }
    return keys.filter(({ sha256 }) => holdsSecret(secret, sha256));
  }
}

function addTo(map: Map<string, ClientKey[]>, name: string, key: ClientKey): void {
  const keys = map.get(name);
  if (keys === undefined) map.set(name, [key]);
  else keys.push(key);
}
