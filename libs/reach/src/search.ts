/**
 * Whether some caller of a kind gets through to an endpoint. Nothing here knows what a decision means: the engine is asked
 * about callers and requests of every kind that no rule tells apart, each once. A caller who may bring credentials brings
 * all that are not forbidden, for without denies more evidence never turns an allow into a deny (M5).
 *
 * @see docs/semantics.md, section 8
 */
import {
  type AccessRequest,
  compile,
  decide,
  type Endpoint,
  type Evidence,
  type Outcome,
  OUTSIDE,
  reason,
  type Rule,
  type Snapshot,
  type World,
} from '#engine';
import { type Actor, type ActorClass, actorsOf, classesOf, type Proof } from './actors.js';
import { type Concerned, concernedAt, lineages } from './concerned.js';
import { type AskedFor, type Credential, CredentialMaker, type Credentials, isOfOne, merged } from './credentials.js';
import type { Effort } from './effort.js';
import { mindingDomains } from './minding.js';
import { type TargetFilter, type Targets, targetsOf, unspokenWord, type Ways } from './targets.js';
import { hasCondition, withoutConditions } from './without-conditions.js';

/** Which callers are looked for. */
export interface Wanted {
  /** Of a service, or undefined where it is not looked for; the proofs it may show. */
  readonly proofs: (actor: Actor) => readonly Proof[] | undefined;
  /** Whether callers are looked for that prove to be no service. */
  readonly outsiders: boolean;
  readonly credential: (credential: Credential) => boolean;
  /** Of the credentials at least one is such; absent: any may do. */
  readonly needed?: (credential: Credential) => boolean;
  /** Whether callers without any credential are looked for. */
  readonly bare: boolean;
  /** What must not be taken for anything that is like it to the rules. */
  readonly asked: AskedFor;
}

/** A request that gets through, and how. */
export interface Witness {
  /** The service that calls; undefined for a caller from outside. */
  readonly service: string | undefined;
  readonly request: AccessRequest;
  readonly outcome: Outcome;
  /** Rules with conditions that may be all that lets it through, or keeps it out, sorted; empty where none matters. */
  readonly conditions: readonly string[];
  /** How many further services are let through for the same reason. */
  readonly alike: readonly string[];
}

export type Finding =
  | { readonly kind: 'allowed'; readonly witness: Witness }
  /** Whether it gets through hangs on conditions. */
  | { readonly kind: 'conditional'; readonly witness: Witness }
  | { readonly kind: 'denied' }
  | { readonly kind: 'undecided'; readonly because: string }
  /** The endpoint answers no such request. */
  | { readonly kind: 'nothing-asked' }
  /** Nobody can prove to be one. */
  | { readonly kind: 'no-such-caller' };

/** A world to ask, and the same one without its conditions. */
interface Side {
  readonly world: World;
  readonly snapshot: Snapshot;
}

const HOPELESS: ReadonlySet<Outcome['reason']> = new Set([
  'NOT_VISIBLE',
  'TARGET_DOMAIN_SUSPENDED',
  'CALLER_SUSPENDED',
  'AMBIGUOUS_CALLER',
  'INVALID_REQUEST',
  'UNKNOWN_ENDPOINT',
]);
const TOO_LARGE = 'could not be looked at to the end: the question is too large';
const MOST_REMEMBERED = 100;
/** Services that the specification walks in about the time of a decision. */
const SERVICES_A_DECISION = 50;
/** Memberships that credentials of services may bring together, as powers of two. */
const MOST_KNOWN = 6;

export class Reachability {
  readonly #real: Side;
  #favourable: Side | undefined;
  readonly #endpoints: ReadonlyMap<string, Endpoint>;
  readonly #makers: CredentialMaker;
  readonly #unspoken: string;
  /** Domains that care who leaves them. */
  readonly #minding: ReadonlySet<string>;
  readonly #preparations = new Map<string, Prepared>();
  #actors: readonly Actor[] | undefined;
  #classes: readonly ActorClass[] | undefined;

  /**
   * @param snapshot  compiled from the world
   * @param time      of every request, in milliseconds since the epoch
   */
  constructor(
    world: World,
    snapshot: Snapshot,
    readonly time: number,
    readonly effort: Effort,
  ) {
    this.#real = { world, snapshot };
    this.#endpoints = new Map(
      [...world.services.values()].flatMap(({ endpoints }) => endpoints).map((endpoint) => [endpoint.id, endpoint]),
    );
    this.#makers = new CredentialMaker(world);
    this.#unspoken = unspokenWord(world);
    this.#minding = mindingDomains(world);
  }

  /** Services that can prove to be one. */
  get actors(): readonly Actor[] {
    return (this.#actors ??= actorsOf(this.#real.world, this.#real.snapshot));
  }

  get classes(): readonly ActorClass[] {
    return (this.#classes ??= classesOf(this.#real.world, this.actors));
  }

  /** Endpoints that a reference, `service/endpoint` or `service/*`, names. */
  endpointsOf(reference: string): readonly string[] {
    if (!reference.endsWith('/*')) return this.#endpoints.has(reference) ? [reference] : [];
    const service = this.#real.world.services.get(reference.slice(0, -2));
    return service?.endpoints.map(({ id }) => id) ?? [];
  }

  /** The first caller found that certainly gets through, else one that may, else why there is none. */
  find(endpointId: string, filter: TargetFilter, wanted: Wanted): Finding {
    let conditional: Finding | undefined;
    let undecided: Finding | undefined;
    let isCalled = false;
    let isAsked = false;
    for (const finding of this.each(endpointId, filter, wanted)) {
      if (finding.kind === 'allowed') return finding;
      if (finding.kind === 'conditional') conditional ??= finding;
      if (finding.kind === 'undecided') undecided ??= finding;
      isCalled = true;
      isAsked ||= finding.kind !== 'nothing-asked';
    }
    if (conditional !== undefined || undecided !== undefined) return conditional ?? undecided!;
    return { kind: isCalled ? (isAsked ? 'denied' : 'nothing-asked') : 'no-such-caller' };
  }

  /** What holds for each kind of caller in turn. */
  *each(endpointId: string, filter: TargetFilter, wanted: Wanted): Generator<Finding> {
    const endpoint = this.#endpoints.get(endpointId)!;
    for (const caller of this.#callers(wanted)) yield this.#findFor(endpoint, filter, wanted, caller);
  }

  /**
   * Everybody that gets through: of callers from outside each credential that opens the way by itself, and of the others
   * several that open it together; of services what opens it beyond that. Ends with why there may be more, where that could not be found out.
   */
  *everybody(endpointId: string, filter: TargetFilter): Generator<Finding> {
    const endpoint = this.#endpoints.get(endpointId)!;
    const outside = new Map<string, Finding['kind']>();
    // A service that comes the way of everybody is one of everybody.
    const isSaid = (caller: Calling, key: string, finding: Finding): boolean =>
      caller.service !== undefined &&
      'witness' in finding &&
      finding.witness.outcome.meeting === OUTSIDE &&
      (outside.get(key) === 'allowed' || outside.get(key) === finding.kind);
    for (const caller of this.#callers(EVERYBODY)) {
      const { credentials } = this.#prepared(endpoint, filter, EVERYBODY.asked, caller.homes);
      const look = (wanted: Partial<Wanted>): Finding =>
        this.#findFor(endpoint, filter, { ...EVERYBODY, ...wanted }, caller);
      const bare = look({ credential: () => false });
      if (caller.service === undefined) outside.set(WITHOUT, bare.kind);
      if (bare.kind !== 'denied' && !isSaid(caller, WITHOUT, bare)) yield bare;
      if (bare.kind === 'allowed' || bare.kind === 'nothing-asked') continue;
      const opening = new Set<Credential>();
      const hanging = new Set<Credential>();
      for (const credential of credentials.all) {
        const key = JSON.stringify(credential.item);
        const finding = look({ bare: false, credential: (other) => other === credential });
        if (finding.kind === 'denied') continue;
        if (finding.kind === 'allowed') opening.add(credential);
        if (finding.kind === 'conditional') hanging.add(credential);
        if (caller.service === undefined) outside.set(key, finding.kind);
        if (!isSaid(caller, key, finding)) yield finding;
        if (finding.kind === 'undecided') return;
      }
      // What none of several credentials does alone, they may do together.
      const choices = [look({ bare: false, credential: (one) => !opening.has(one) && !hanging.has(one) })];
      if (hanging.size > 0 && choices[0]!.kind !== 'allowed')
        choices.push(look({ bare: false, credential: (one) => !opening.has(one) }));
      for (const [place, together] of choices.entries()) {
        // That it hangs on conditions is said already where it does with less.
        if (together.kind === 'conditional' && (place > 0 || bare.kind === 'conditional')) continue;
        if (caller.service === undefined && together.kind !== 'denied') outside.set(TOGETHER, together.kind);
        if (together.kind !== 'denied' && !isSaid(caller, TOGETHER, together)) yield together;
      }
    }
  }

  *#callers({ proofs, outsiders }: Wanted): Generator<Calling> {
    if (outsiders) yield { service: undefined, homes: [], trust: [], alike: [] };
    for (const { members } of this.classes) {
      // Members that are alike to the rules may still show other proofs, as the question has it.
      const groups = new Map<
        string,
        { readonly actor: Actor; readonly shown: readonly Proof[]; readonly names: string[] }
      >();
      for (const actor of members) {
        const shown = proofs(actor);
        if (shown === undefined) continue;
        const key = shown.map(({ item }) => item.mechanism).join(' ');
        const group = groups.get(key);
        if (group === undefined) groups.set(key, { actor, shown, names: [actor.service.name] });
        else group.names.push(actor.service.name);
      }
      for (const { actor, shown, names } of groups.values()) {
        const { name, domains } = actor.service;
        yield { service: name, homes: domains, trust: shown.map(({ item }) => item), alike: names.slice(1) };
      }
    }
  }

  #findFor(endpoint: Endpoint, filter: TargetFilter, wanted: Wanted, caller: Calling): Finding {
    if (this.effort.isSpent) return { kind: 'undecided', because: `${endpoint.id} ${TOO_LARGE}` };
    const { concerned, targets, credentials: made } = this.#prepared(endpoint, filter, wanted.asked, caller.homes);
    if (targets.ways.length === 0) return { kind: 'nothing-asked' };
    const credentials: Credentials = { ...made, all: made.all.filter(wanted.credential) };
    const seesKnown = concerned.rules.some(({ effect, who }) => effect === 'deny' && who.domains !== undefined);
    const look: Look = { endpoint, wanted, caller, rules: concerned.rules, credentials, seesKnown };
    const allowed = this.#tryAll(this.#real, targets, look);
    if (allowed !== undefined) return { kind: 'allowed', witness: allowed };
    if (concerned.rules.some(hasCondition)) {
      const witness = this.#tryAll(this.#withoutConditions(), targets, look);
      if (witness !== undefined) return { kind: 'conditional', witness };
    }
    return this.#isDecided(targets, look);
  }

  /** What a search at an endpoint goes through; the same for all callers whose leaving nobody minds. */
  #prepared(endpoint: Endpoint, filter: TargetFilter, asked: AskedFor, homes: readonly string[]): Prepared {
    const minded = [...lineages(homes)].some((name) => this.#minding.has(name)) ? [...homes].sort() : [];
    const key = JSON.stringify([endpoint.id, filter.methods, filter.actions, asked, minded]);
    let prepared = this.#preparations.get(key);
    if (prepared === undefined) {
      const { world } = this.#real;
      const concerned = concernedAt(world, endpoint, minded, this.time);
      const targets = targetsOf(world, endpoint, concerned.rules, filter, this.#unspoken);
      prepared = { concerned, targets, credentials: this.#makers.make(concerned, asked) };
      if (this.#preparations.size >= MOST_REMEMBERED) this.#preparations.clear();
      this.#preparations.set(key, prepared);
    }
    return prepared;
  }

  #isDecided(targets: Targets, { endpoint, credentials, seesKnown }: Look): Finding {
    const because = (what: string): Finding => ({ kind: 'undecided', because: `${endpoint.id} ${what}` });
    if (this.effort.isSpent) return because(TOO_LARGE);
    if (!targets.isComplete)
      return because(`has more kinds of requests than the ${targets.ways.length} that were looked at`);
    if (!credentials.isComplete)
      return because(`tells more kinds of credentials apart than the ${credentials.all.length} that were looked at`);
    if (seesKnown && knownOf(credentials.all).length > MOST_KNOWN)
      return because('is kept by denies about domains from more services with credentials than can be combined');
    return { kind: 'denied' };
  }

  #tryAll(side: Side, { ways }: Targets, look: Look): Witness | undefined {
    for (const way of ways) {
      const witness = this.#tryOne(side, way, look);
      if (witness !== undefined || this.effort.isSpent) return witness;
    }
    return undefined;
  }

  /** Nothing but the target is given: is there a set of credentials that opens it? */
  #tryOne(side: Side, ways: Ways, look: Look): Witness | undefined {
    const { endpoint, wanted, caller, credentials, seesKnown } = look;
    const { needed = () => true } = wanted;
    for (const { target, headers } of ways) {
      const ask = (items: readonly Credential[]): { readonly request: AccessRequest; readonly outcome: Outcome } => {
        const evidence = [...caller.trust, ...items.map(({ item }) => item)];
        this.effort.spend(evidence.length);
        const request = this.#request(target, headers, evidence);
        return { request, outcome: decide(side.snapshot, request) };
      };
      const bare = ask([]);
      // Other endpoints answer at this address.
      if (bare.outcome.endpoint !== endpoint.id) continue;
      if (wanted.bare && bare.outcome.decision === 'allow') return this.#witness(bare, look);
      if (HOPELESS.has(bare.outcome.reason)) return undefined;
      for (const set of seesKnown ? subsetsByKnown(credentials.all) : [credentials.all]) {
        const opening = this.#opening(side, set, ask, seesKnown);
        // These are all that no deny forbids: one that is not among them is in no other choice either.
        if (opening?.some(needed) === true) return this.#witness(ask(fewest(opening, needed, ask)), look);
        if (this.effort.isSpent) return undefined;
      }
      return undefined;
    }
    return undefined;
  }

  /** The credentials of a set that no deny forbids, if they open the way. */
  #opening(side: Side, set: readonly Credential[], ask: Ask, seesKnown: boolean): readonly Credential[] | undefined {
    let left = set;
    while (left.length > 0) {
      const { request, outcome } = ask(left);
      if (outcome.decision === 'allow') return left;
      if (outcome.reason !== 'DENY_RULE' || this.effort.isSpent) return undefined;
      // The specification walks every service for each item.
      if (seesKnown) this.effort.spend(Math.ceil((left.length * side.world.services.size) / SERVICES_A_DECISION));
      const kept = seesKnown
        ? unforbidden(side.world, request, outcome, left)
        : left.filter((credential) => ask([credential]).outcome.reason !== 'DENY_RULE');
      if (kept.length === left.length) return undefined;
      left = kept;
    }
    return undefined;
  }

  #witness({ request, outcome }: ReturnType<Ask>, { rules, caller }: Look): Witness {
    const deciding = new Set(outcome.rules);
    const conditions = rules
      .filter((rule) => hasCondition(rule) && (rule.effect === 'deny' || deciding.has(rule.id)))
      .map(({ id }) => id);
    return {
      service: caller.service,
      request,
      outcome,
      conditions: [...new Set(conditions)].sort(),
      alike: caller.alike,
    };
  }

  #withoutConditions(): Side {
    if (this.#favourable === undefined) {
      const world = withoutConditions(this.#real.world);
      this.#favourable = { world, snapshot: compile(world) };
    }
    return this.#favourable;
  }

  #request(
    target: AccessRequest['target'],
    headers: AccessRequest['headers'],
    evidence: readonly Evidence[],
  ): AccessRequest {
    return {
      target,
      evidence,
      headers,
      attributes: {},
      claimed: {},
      context: {},
      time: this.time,
      askedFrom: '*',
      policyAgeSeconds: 0,
      maxTtlSeconds: 0,
    };
  }
}

/** Beside credentials as they are written. */
const WITHOUT = 'without';
const TOGETHER = 'together';

const EVERYBODY: Wanted = {
  // What is known and not proven opens nothing that is not open to outsiders.
  proofs: ({ proofs }) => (proofs.some(({ domains }) => domains.length > 0) ? proofs : undefined),
  outsiders: true,
  credential: () => true,
  bare: true,
  asked: { principals: [], mechanisms: [] },
};

type Ask = (items: readonly Credential[]) => { readonly request: AccessRequest; readonly outcome: Outcome };

interface Calling {
  readonly service: string | undefined;
  /** Its memberships. */
  readonly homes: readonly string[];
  readonly trust: readonly Evidence[];
  /** Other services of which the same holds. */
  readonly alike: readonly string[];
}

interface Prepared {
  readonly concerned: Concerned;
  readonly targets: Targets;
  readonly credentials: Credentials;
}

interface Look {
  readonly endpoint: Endpoint;
  readonly wanted: Wanted;
  readonly caller: Calling;
  readonly rules: readonly Rule[];
  readonly credentials: Credentials;
  /** Whether some deny looks at where a caller is known to belong. */
  readonly seesKnown: boolean;
}

function knownOf(credentials: readonly Credential[]): readonly string[] {
  return [...new Set(credentials.flatMap(({ known }) => (known === undefined ? [] : [known])))];
}

/** Where a deny looks at what is known of a caller, each set of memberships that credentials may bring is one question. */
function* subsetsByKnown(credentials: readonly Credential[]): Generator<readonly Credential[]> {
  const known = knownOf(credentials).slice(0, MOST_KNOWN);
  for (let bits = 2 ** known.length - 1; bits >= 0; bits--) {
    yield credentials.filter((one) => one.known === undefined || (bits & (1 << known.indexOf(one.known))) !== 0);
  }
}

/** Those with which none of the denies that decided was matched, while all are known that bring knowledge. */
function unforbidden(
  world: World,
  request: AccessRequest,
  { rules }: Outcome,
  credentials: readonly Credential[],
): readonly Credential[] {
  const forbidden = new Set<Evidence>();
  for (const { rule, matched, item } of reason(world, request).denies) {
    if (matched && typeof item !== 'string' && rules.includes(rule.id)) forbidden.add(item.item);
  }
  return credentials.filter(({ item }) => !forbidden.has(item));
}

/**
 * As few of the credentials as still open the way, a needed one among them, those of one person in one where that does as
 * well: a caller is easier to understand for what it does not need.
 */
function fewest(
  opening: readonly Credential[],
  needed: (credential: Credential) => boolean,
  ask: Ask,
): readonly Credential[] {
  const opens = (credentials: readonly Credential[]): boolean =>
    credentials.some(needed) && ask(credentials).outcome.decision === 'allow';
  for (const alone of opening) if (opens([alone])) return [alone];
  let left = opening;
  for (const credential of opening) {
    const without = left.filter((other) => other !== credential);
    if (without.length > 0 && opens(without)) left = without;
  }
  for (let place = 1; place < left.length;) {
    const one = left.slice(0, place).find((before) => isOfOne(before, left[place]!));
    const together = one && left.map((other) => (other === one ? merged(one, left[place]!) : other));
    const fewer = together?.filter((_, at) => at !== place);
    if (fewer !== undefined && opens(fewer)) left = fewer;
    else place++;
  }
  return left;
}
