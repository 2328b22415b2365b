/**
 * Credentials that rules tell apart. Each is as bare as an allow lets it be: no selector asks for something that is not
 * there, so a credential with less is forbidden by fewer denies, and several of them say together what one with more does.
 */
import { ANONYMOUS, type Attributes, boundService, type Evidence, type Rule, type World } from '#engine';
import { evidenceOf, rulesOf, sampleOf } from './actors.js';
import type { Concerned } from './concerned.js';

export interface Credential {
  readonly item: Evidence;
  /** `type:id`. */
  readonly principal: string;
  /** Memberships of the service that it is bound to; undefined where it is bound to none. */
  readonly known: string | undefined;
}

/** What a question speaks of by name. */
export interface AskedFor {
  /** `type:id`, or `type:*`. */
  readonly principals: readonly string[];
  readonly mechanisms: readonly string[];
}

export interface Credentials {
  readonly all: readonly Credential[];
  /** False where there are more than can be looked at. */
  readonly isComplete: boolean;
}

const MOST_CREDENTIALS = 1_000;
/** How a subject begins that no document speaks of. */
export const ANYBODY = 'zz-anybody';

interface Draft {
  readonly subject?: string;
  readonly groups: readonly string[];
}

/** Makes the credentials of one world; what it looks up is looked up once. */
export class CredentialMaker {
  readonly #bound: readonly { readonly mechanism: string; readonly subject: string }[];
  readonly #holders = new Map<string, readonly string[]>();
  #anybody: string | undefined;
  #spoken: ReadonlySet<string> | undefined;
  #forbidden: readonly string[] | undefined;

  /** @param tells  whether the roles that a domain assigns may be spoken of */
  constructor(
    private readonly world: World,
    private readonly tells: (domain: string) => boolean = () => true,
  ) {
    this.#bound = [...world.services.values()].flatMap(({ identities }) =>
      identities.filter(({ mechanism }) => world.mechanisms.get(mechanism)!.role === 'access'),
    );
  }

  /** @param also  mechanisms that count although no check accepts them, as they do to a deny */
  make({ rules, domains }: Concerned, askedFor: AskedFor, also: readonly string[] = []): Credentials {
    const asked = askedFor.principals;
    const made = new Map<string, Credential>();
    let isComplete = true;
    const mechanisms = [...new Set([...this.#mechanismsAt(domains), ...also])];
    const allows = rules.filter(({ effect }) => effect === 'allow');
    const holders = allows.some(({ who }) => who.roles !== undefined) ? this.#holdersAt(domains, asked) : [];
    for (const item of this.#items(allows, mechanisms, holders, asked)) {
      if (made.size === MOST_CREDENTIALS) {
        isComplete = false;
        break;
      }
      this.#add(made, item);
    }
    for (const item of this.#plain(askedFor)) this.#add(made, item);
    // To a deny that looks for strangers, whoever shows a credential of a service is none.
    const spotsStrangers = rules.some(({ effect, who }) => effect === 'deny' && who.domains?.includes('*'));
    if (spotsStrangers) {
      for (const { mechanism, subject } of this.#bound) {
        if (made.size >= MOST_CREDENTIALS) {
          isComplete = false;
          break;
        }
        const { kind } = this.world.mechanisms.get(mechanism)!;
        this.#add(made, evidenceOf('access', mechanism, sampleOf(kind, subject)));
      }
    }
    return { all: [...made.values()], isComplete };
  }

  #add(made: Map<string, Credential>, item: Evidence): void {
    const { mechanism, subject } = item;
    const key = JSON.stringify([mechanism, subject, item.groups, item.scopes, item.claims]);
    if (made.has(key)) return;
    const declared = this.world.mechanisms.get(mechanism)!;
    const mayBeBound = this.#bound.some((binding) => binding.mechanism === mechanism);
    const service = mayBeBound ? boundService(this.world, item, declared) : undefined;
    made.set(key, {
      item,
      principal: `${declared.principalType}:${subject}`,
      known: service === undefined ? undefined : JSON.stringify([...service.domains].sort()),
    });
  }

  *#items(
    allows: readonly Rule[],
    mechanisms: readonly string[],
    holders: readonly string[],
    asked: readonly string[],
  ): Generator<Evidence> {
    for (const { who } of allows) {
      for (const mechanism of mechanisms) {
        if (who.mechanisms !== undefined && !who.mechanisms.includes(mechanism)) continue;
        const type = this.world.mechanisms.get(mechanism)!.principalType;
        const drafts = who.roles === undefined ? [{ groups: [] }] : draftsOf(holders, type);
        for (const draft of drafts) {
          for (const subject of this.#subjects(who, type, draft, asked)) {
            for (const group of who.groups ?? [undefined]) {
              const groups = [...draft.groups, ...(group === undefined || draft.groups.includes(group) ? [] : [group])];
              for (const scopes of scopeChoices(who)) {
                for (const client of who.clients ?? [undefined]) {
                  const claims: Attributes = client === undefined ? {} : { client_id: client };
                  yield evidenceOf('access', mechanism, subject, { groups, scopes, claims });
                }
              }
            }
          }
        }
      }
    }
  }

  /** Those that a question speaks of, whether or not some check accepts them. */
  *#plain({ principals, mechanisms }: AskedFor): Generator<Evidence> {
    for (const { name, role, principalType } of this.world.mechanisms.values()) {
      if (role !== 'access') continue;
      if (mechanisms.includes(name)) yield evidenceOf('access', name, this.#nobody());
      for (const principal of principals) {
        if (!principal.startsWith(`${principalType}:`)) continue;
        const id = principal.slice(principalType.length + 1);
        yield evidenceOf('access', name, id === '*' ? this.#nobody() : id);
      }
    }
  }

  #subjects(who: Rule['who'], type: string, { subject }: Draft, asked: readonly string[]): readonly string[] {
    const { subjects, principals } = who;
    const begins = `${type}:`;
    const ids = principals?.includes(`${begins}*`) === true ? undefined : principals;
    const named = ids?.filter((name) => name.startsWith(begins)).map((name) => name.slice(begins.length));
    const isIn = (list: readonly string[] | undefined, text: string): boolean => list?.includes(text) ?? true;
    const free = [
      this.#nobody(),
      ...asked
        .filter((name) => name.startsWith(begins) && !name.endsWith(':*'))
        .map((name) => name.slice(begins.length)),
    ];
    const candidates = subject === undefined ? (subjects ?? named ?? free) : [subject];
    return candidates.filter((text) => text !== '*' && isIn(subjects, text) && isIn(named, text));
  }

  /** Mechanisms that some check accepts. */
  #mechanismsAt(domains: ReadonlySet<string>): readonly string[] {
    const listed = [...domains].flatMap((name) => this.world.domains.get(name)!.access ?? []);
    return [...new Set(listed)].filter((name) => name !== ANONYMOUS);
  }

  /** One principal for all that hold the same roles in the same places, and each that documents speak of. */
  #holdersAt(domains: ReadonlySet<string>, asked: readonly string[]): readonly string[] {
    const places = [...domains].filter(this.tells).sort();
    const key = JSON.stringify([places, asked]);
    const known = this.#holders.get(key);
    if (known !== undefined) return known;
    const held = new Map<string, string>();
    for (const name of places) {
      for (const [holder, roles] of this.world.domains.get(name)!.directory.assignments)
        held.set(holder, `${held.get(holder) ?? ''}${JSON.stringify([name, ...[...roles].sort()])}`);
    }
    const spoken = this.#spokenOf();
    const kinds = new Map<string, string>();
    for (const [holder, roles] of held) {
      const type = holder.slice(0, holder.indexOf(':'));
      const id = holder.slice(type.length + 1);
      const isOwn =
        asked.includes(holder) ||
        spoken.has(holder) ||
        spoken.has(id) ||
        this.#bound.some(({ subject }) => covers(subject, id));
      kinds.set(isOwn ? `=${holder}` : `${type} ${roles}`, holder);
    }
    const holders = [...kinds.values()];
    this.#holders.set(key, holders);
    return holders;
  }

  /** Mechanisms by which a deny may be met: those that some rule names, and one of each type of principals. */
  get forbidden(): readonly string[] {
    return (this.#forbidden ??= this.#mechanismsForbidden());
  }

  #mechanismsForbidden(): readonly string[] {
    const named = new Set(rulesOf(this.world).flatMap(({ who }) => who.mechanisms ?? []));
    const ofType = new Map<string, string>();
    const access = [...this.world.mechanisms.values()].filter(({ role }) => role === 'access');
    for (const { name, principalType } of access) if (!ofType.has(principalType)) ofType.set(principalType, name);
    return access.map(({ name }) => name).filter((name) => named.has(name) || [...ofType.values()].includes(name));
  }

  /** Whether some rule names a holder of roles, or may: then it is like no other. */
  speaksOf(holder: string): boolean {
    const spoken = this.#spokenOf();
    return spoken.has(holder) || spoken.has(holder.slice(holder.indexOf(':') + 1));
  }

  #spokenOf(): ReadonlySet<string> {
    return (this.#spoken ??= new Set(
      rulesOf(this.world).flatMap(({ who }) => [
        ...(who.principals ?? []),
        ...(who.subjects ?? []),
        ...(who.groups ?? []),
      ]),
    ));
  }

  #nobody(): string {
    if (this.#anybody !== undefined) return this.#anybody;
    const spoken = this.#spokenOf();
    const types = [...this.world.mechanisms.values()].map(({ principalType }) => principalType);
    const isKnown = (id: string): boolean =>
      spoken.has(id) ||
      this.#bound.some(({ subject }) => covers(subject, id)) ||
      types.some(
        (type) =>
          spoken.has(`${type}:${id}`) ||
          [...this.world.domains.values()].some(
            ({ directory }) => directory.assignments.has(`${type}:${id}`) || directory.entities.has(`${type}:${id}`),
          ),
      );
    let id = ANYBODY;
    // A pattern that holds every subject leaves nobody unbound.
    for (let tries = 0; tries < 100 && isKnown(id); tries++) id += 'z';
    return (this.#anybody = id);
  }
}

/** What makes one of these hold its roles: being it, being in it, or nothing where the service that calls is it. */
function draftsOf(holders: readonly string[], type: string): readonly Draft[] {
  return holders.flatMap((holder): Draft[] => {
    if (holder.startsWith('group:')) return [{ groups: [holder.slice('group:'.length)] }];
    if (holder.startsWith('service:')) return [{ groups: [] }];
    return holder.startsWith(`${type}:`) ? [{ subject: holder.slice(type.length + 1), groups: [] }] : [];
  });
}

function scopeChoices({ scopes }: Rule['who']): readonly (readonly string[])[] {
  if (scopes === undefined) return [[]];
  return 'allOf' in scopes ? [scopes.allOf] : scopes.map((scope) => [scope]);
}

function covers(pattern: string, subject: string): boolean {
  return pattern.endsWith('**') ? subject.startsWith(pattern.slice(0, -2)) : pattern === subject;
}

/** Of one mechanism and subject, and without claims that contradict each other. */
export function isOfOne({ item: one }: Credential, { item: other }: Credential): boolean {
  const isBare = ({ claims }: Evidence): boolean => Object.keys(claims).length === 0;
  return one.mechanism === other.mechanism && one.subject === other.subject && (isBare(one) || isBare(other));
}

export function merged(one: Credential, { item }: Credential): Credential {
  const scopes = [...new Set([...one.item.scopes, ...item.scopes])];
  const groups = [...new Set([...one.item.groups, ...item.groups])];
  return { ...one, item: { ...one.item, scopes, groups, claims: { ...one.item.claims, ...item.claims } } };
}
