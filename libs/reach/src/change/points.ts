/** What is asked at one endpoint: requests, callers and credentials of every kind that either world tells apart there. */
import type { Endpoint, Operation, Rule, Service, World } from '#engine';
import { OUTSIDE } from '#engine';
import { type Concerned, concernedAt, lineages } from '../concerned.js';
import { type AskedFor, type Credential, CredentialMaker } from '../credentials.js';
import { evidenceOf, sampleOf } from '../actors.js';
import { namedTargetsOf, targetsOf, unspokenWord, type Ways } from '../targets.js';
import { hasCondition } from '../without-conditions.js';
import { type Caller, type CallerClass, callersOf, classesAt, type RequestWith } from './callers.js';
import { type Sides, SIDES } from './side.js';
import { byId, endpointsOf, type Touched } from './touched.js';

/** What may be spoken of. Who sees everything has no such limits. */
export interface ChangeSight {
  readonly endpoint: (endpoint: Endpoint) => boolean;
  readonly service: (service: Pick<Service, 'domains'>) => boolean;
  readonly rule: (rule: Rule) => boolean;
  /** Whether the roles that a domain assigns, and the addresses that it claims, may be told of. */
  readonly domain: (domain: string) => boolean;
  readonly mechanism: (name: string) => boolean;
}

/** An endpoint as both worlds have it; one of them may not. */
export interface Both {
  readonly id: string;
  readonly before: Endpoint | undefined;
  readonly after: Endpoint | undefined;
}

/** Callers whose leaving is looked at alike, and all that is asked with them. */
export interface Questions {
  readonly ways: readonly Ways[];
  readonly credentials: readonly Credential[];
  /** Of these, those that allows look for. */
  readonly opening: readonly Credential[];
  /** Of these, whatever the change may decide otherwise, by {@link keyOf}; the rest are company. */
  readonly isConcerned: (credential: Credential) => boolean;
  /** Callers who are asked about whatever they bring. */
  readonly whole: readonly CallerClass[];
  /** Callers who are asked about with credentials that are concerned alone. */
  readonly partial: readonly CallerClass[];
  /** Ids of rules with conditions. */
  readonly hanging: readonly string[];
  /** Some deny may be matched. */
  readonly mayForbid: boolean;
  /** False where there are more kinds than can be looked at. */
  readonly isComplete: boolean;
}

/** Kinds of holders whose roles changed that are looked at one by one. */
const MOST_HOLDERS = 20;
/** Holders that are put into kinds. */
const MOST_COMPARED = 2_000;

export class Points {
  readonly #makers: Record<'before' | 'after', CredentialMaker>;
  readonly #fresh: string;
  /** Both worlds, of which requests are made: without addresses of those who are not spoken of. */
  readonly #told: Record<'before' | 'after', World>;
  readonly #endpoints: ReadonlyMap<string, Both>;
  readonly #callers: readonly Caller[];
  readonly #asked: AskedFor;
  readonly #holders: ReadonlySet<string>;
  readonly #areHoldersComplete: boolean;

  constructor(
    private readonly sides: Sides,
    private readonly touched: Touched,
    private readonly time: number,
    private readonly sight: ChangeSight,
    requestWith: RequestWith,
  ) {
    const { before, after } = sides;
    this.#makers = {
      before: new CredentialMaker(before.world, sight.domain),
      after: new CredentialMaker(after.world, sight.domain),
    };
    this.#fresh = unspokenWord(before.world, after.world);
    this.#told = { before: toldOf(before.world, sight), after: toldOf(after.world, sight) };
    this.#endpoints = bothOf(before.world, after.world);
    this.#callers = callersOf(sides, requestWith, sight.service);
    const { holders, isComplete } = this.#changedHolders();
    this.#holders = holders;
    this.#areHoldersComplete = isComplete;
    this.#asked = {
      principals: [...holders].filter((holder) => !/^(group|service):/.test(holder)),
      mechanisms: [...touched.mechanisms],
    };
  }

  /** Endpoints at which something may be decided otherwise. */
  endpoints(): readonly Both[] {
    const { endpoints, callers, mechanisms, subjects } = this.touched;
    const isAnywhere = callers.size + mechanisms.size + subjects.length > 0;
    const around = new Set(this.touched.holders.keys());
    return [...this.#endpoints.values()].filter(({ id, before, after }) => {
      const sides = [before, after].flatMap((endpoint) => endpoint ?? []);
      if (!sides.every(this.sight.endpoint)) return false;
      return isAnywhere || endpoints.has(id) || sides.some(({ placements }) => meets(lineages(placements), around));
    });
  }

  /** Split by memberships that something looks at when they are left. */
  *at(both: Both): Generator<Questions> {
    const groups = new Map<string, Caller[]>();
    for (const caller of this.#callers) {
      const key = JSON.stringify([caller.before.minded, caller.after.minded]);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [caller]);
      else group.push(caller);
    }
    for (const callers of groups.values()) yield this.#questions(both, callers);
  }

  #questions(both: Both, callers: readonly Caller[]): Questions {
    const { touched } = this;
    const kin = [both, ...[...(touched.rivals.get(both.id) ?? [])].flatMap((id) => this.#endpoints.get(id) ?? [])];
    const concerned = SIDES.flatMap((at) =>
      kin.flatMap((one) => {
        const endpoint = one[at];
        return endpoint === undefined
          ? []
          : [{ at, ...concernedAt(this.sides[at].world, endpoint, callers[0]![at].minded, this.time) }];
      }),
    );
    // What is the same in both worlds is looked at once.
    const isChanged = (rule: Rule): boolean => touched.rules.has(rule.id);
    const named = concerned.flatMap(({ at, rules: all }) =>
      all.map((rule): [string, Rule] => [isChanged(rule) ? `${at} ${rule.id}` : rule.id, rule]),
    );
    const rules = [...new Map(named).values()];
    const around = new Set(kin.flatMap((one) => SIDES.flatMap((at) => [...lineages(one[at]?.placements ?? [])])));
    const told = rules.filter(this.sight.rule);
    const { ways, isComplete } = this.#ways(both, kin.slice(1), told);
    const made = this.#credentials(concerned, told);
    const touch = touched.endpoints.get(both.id);
    const isCalling = ({ service }: Caller): boolean => service !== undefined && touched.callers.has(service);
    const [whole, partial] = touch === undefined ? split(callers, isCalling) : [callers, []];
    const domains = new Set(concerned.flatMap((one) => [...one.domains]));
    const seesRoles = rules.some(({ who }) => who.roles !== undefined);
    const isHolder = (service: string): boolean =>
      seesRoles &&
      SIDES.some((at) =>
        [...domains].some((name) =>
          this.sides[at].world.domains.get(name)?.directory.assignments.has(`service:${service}`),
        ),
      );
    const classes = (of: readonly Caller[]) => classesAt(of, { rules, around, isOwnKind: isHolder });
    const isTouched = this.#touchedCredentials(around, rules);
    const drawn = touch === 'rules' ? this.#drawnFrom(concerned) : undefined;
    return {
      ways,
      credentials: made.all,
      opening: made.all.filter((credential) => made.opening.has(keyOf(credential))),
      isConcerned: (credential) =>
        touch === undefined
          ? isTouched(credential)
          : drawn === undefined || drawn.has(keyOf(credential)) || isTouched(credential),
      whole: classes(whole),
      partial: classes(partial),
      hanging: rules.filter((rule) => hasCondition(rule)).map(({ id }) => id),
      mayForbid: rules.some(({ effect }) => effect === 'deny'),
      isComplete: isComplete && made.isComplete && this.#areHoldersComplete,
    };
  }

  #ways(
    { before, after }: Both,
    rivals: readonly Both[],
    rules: readonly Rule[],
  ): { ways: readonly Ways[]; isComplete: boolean } {
    const either = (after ?? before)!;
    const operations = [...(before?.operations ?? []), ...(after?.operations ?? [])];
    const endpoint: Endpoint = {
      ...either,
      hosts: [...new Set([...(before?.hosts ?? []), ...(after?.hosts ?? [])])],
      operations: [...new Map(operations.map((one): [string, Operation] => [JSON.stringify(one), one])).values()],
      trailingSlash: [before, after].some((one) => one?.trailingSlash === 'ignore') ? 'ignore' : 'significant',
      encodedSlash: [before, after].some((one) => one?.encodedSlash === 'allow') ? 'allow' : 'refuse',
      preflight: [before, after].some((one) => one?.preflight === 'allow') ? 'allow' : 'deny',
    };
    const itself = [before, after].flatMap((one) => one ?? []);
    // What is not answered here any more they tell apart in their own way. Those who are not spoken of cut nothing.
    const others = rivals.flatMap((one) =>
      [one.before, one.after].flatMap((rival) => (rival !== undefined && this.sight.endpoint(rival) ? [rival] : [])),
    );
    const found = [
      ...SIDES.map((at) => targetsOf(this.#told[at], endpoint, rules, {}, this.#fresh, [...itself, ...others])),
      namedTargetsOf(endpoint, rules, this.#fresh),
    ];
    const ways = new Map(found.flatMap((targets) => targets.ways.map((one) => [JSON.stringify(one), one])));
    return { ways: [...ways.values()], isComplete: found.every(({ isComplete }) => isComplete) };
  }

  /** As bare as allows let them be, and such as denies look for. */
  #credentials(concerned: readonly (Concerned & { readonly at: 'before' | 'after' })[], told: readonly Rule[]) {
    const made = new Map<string, Credential>();
    const opening = new Set<string>();
    let isComplete = true;
    for (const { at, domains } of concerned) {
      const draw = (from: readonly Rule[], also: readonly string[]): readonly Credential[] => {
        const { all, isComplete: areAll } = this.#makers[at].make({ rules: from, domains }, this.#askedIn(at), also);
        isComplete &&= areAll;
        return all.filter(this.#isTold);
      };
      for (const credential of draw(told, [])) {
        made.set(keyOf(credential), credential);
        opening.add(keyOf(credential));
      }
      for (const credential of draw(asAllows(told), this.#forbiddenIn(at))) made.set(keyOf(credential), credential);
    }
    for (const { mechanism, subject } of this.touched.subjects) {
      const declared = SIDES.map((at) => this.sides[at].world.mechanisms.get(mechanism)).find(
        (one) => one?.role === 'access',
      );
      if (declared === undefined || !this.sight.mechanism(mechanism)) continue;
      const item = evidenceOf('access', mechanism, sampleOf(declared.kind, subject));
      const credential: Credential = { item, principal: `${declared.principalType}:${item.subject}`, known: undefined };
      if (!made.has(keyOf(credential))) made.set(keyOf(credential), credential);
    }
    return { all: [...made.values()], opening, isComplete };
  }

  readonly #isTold = ({ item, known }: Credential): boolean =>
    this.sight.mechanism(item.mechanism) &&
    (known === undefined || this.sight.service({ domains: JSON.parse(known) as readonly string[] }));

  #askedIn(at: 'before' | 'after'): AskedFor {
    const { mechanisms } = this.sides[at].world;
    return { ...this.#asked, mechanisms: this.#asked.mechanisms.filter((name) => mechanisms.has(name)) };
  }

  /** Mechanisms by which a deny may be met, with those of the change: none stands for another there. */
  #forbiddenIn(at: 'before' | 'after'): readonly string[] {
    const { mechanisms } = this.sides[at].world;
    const changed = this.#askedIn(at).mechanisms.filter((name) => mechanisms.get(name)!.role === 'access');
    return [...this.#makers[at].forbidden, ...changed];
  }

  /** What the changed rules themselves look for. */
  #drawnFrom(concerned: readonly (Concerned & { readonly at: 'before' | 'after' })[]): ReadonlySet<string> {
    const keys = new Set<string>();
    for (const { at, rules, domains } of concerned) {
      const changed = rules.filter((rule) => this.touched.rules.has(rule.id) && this.sight.rule(rule));
      const maker = this.#makers[at];
      for (const [from, also] of [
        [changed, []],
        [asAllows(changed), this.#forbiddenIn(at)],
      ] as const)
        for (const credential of maker.make({ rules: from, domains }, this.#askedIn(at), also).all)
          keys.add(keyOf(credential));
    }
    return keys;
  }

  #touchedCredentials(around: ReadonlySet<string>, rules: readonly Rule[]): (credential: Credential) => boolean {
    const { mechanisms, subjects, holders } = this.touched;
    const bound = new Set(
      subjects.map(({ mechanism, subject }) => {
        const declared = SIDES.map((at) => this.sides[at].world.mechanisms.get(mechanism)).find(
          (one) => one !== undefined,
        )!;
        return JSON.stringify([mechanism, sampleOf(declared.kind, subject)]);
      }),
    );
    const readsRoles = rules.some((rule) => rule.who.roles !== undefined || hasCondition(rule));
    const areHoldersHere = readsRoles && meets(around, new Set(holders.keys()));
    return ({ item, principal }) =>
      mechanisms.has(item.mechanism) ||
      bound.has(JSON.stringify([item.mechanism, item.subject])) ||
      (areHoldersHere &&
        (this.#holders.has(principal) || item.groups.some((group) => this.#holders.has(`group:${group}`))));
  }

  /** One of all whose roles change alike. */
  #changedHolders(): { readonly holders: ReadonlySet<string>; readonly isComplete: boolean } {
    const changed = new Set<string>();
    for (const [domain, holders] of this.touched.holders)
      if (this.sight.domain(domain)) for (const holder of holders) changed.add(holder);
    const compared = [...changed].sort().slice(0, MOST_COMPARED);
    const kinds = new Map<string, string>();
    for (const holder of compared) {
      const type = holder.slice(0, holder.indexOf(':'));
      const roles = SIDES.map((at) =>
        [...this.sides[at].world.domains.values()].flatMap(({ name, directory }) => {
          const held = directory.assignments.get(holder);
          return held === undefined ? [] : [[name, ...[...held].sort()]];
        }),
      );
      const isNamed = SIDES.some((at) => this.#makers[at].speaksOf(holder));
      kinds.set(JSON.stringify([type, roles, isNamed ? holder : '']), holder);
    }
    const holders = [...kinds.values()];
    return {
      holders: new Set(holders.slice(0, MOST_HOLDERS)),
      isComplete: compared.length === changed.size && holders.length <= MOST_HOLDERS,
    };
  }
}

/** By all that a decision may look at. */
export function keyOf({ item }: Credential): string {
  return JSON.stringify([item.mechanism, item.subject, item.groups, item.scopes, item.claims]);
}

/** Denies as if they were allows: who brings what they look for is drawn from them alike. */
function asAllows(rules: readonly Rule[]): readonly Rule[] {
  return rules.filter(({ effect }) => effect === 'deny').map((rule) => ({ ...rule, effect: 'allow' }));
}

function toldOf(world: World, sight: ChangeSight): World {
  const services = new Map([...world.services].filter(([, service]) => sight.service(service)));
  const domains = new Map(
    [...world.domains].map(([name, domain]) => [name, sight.domain(name) ? domain : { ...domain, addresses: [] }]),
  );
  return { ...world, services, domains };
}

function bothOf(before: World, after: World): ReadonlyMap<string, Both> {
  const [one, other] = [byId(endpointsOf(before)), byId(endpointsOf(after))];
  const ids = new Set([...one.keys(), ...other.keys()]);
  return new Map([...ids].map((id) => [id, { id, before: one.get(id), after: other.get(id) }]));
}

function meets(names: ReadonlySet<string>, others: ReadonlySet<string>): boolean {
  return [...names].some((name) => others.has(name));
}

function split<Item>(
  items: readonly Item[],
  isFirst: (item: Item) => boolean,
): readonly [readonly Item[], readonly Item[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}

/** The domain that an endpoint is told under. */
export function homeOf({ before, after }: Both): string {
  const places = (after ?? before)!.placements;
  return [...places].sort()[0] ?? OUTSIDE;
}
