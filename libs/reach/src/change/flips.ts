/**
 * What a change decides otherwise, found without any traffic: of everything that it can reach, one request of each kind
 * that neither world tells apart is decided by both. What hangs on conditions is told as that, and never guessed.
 *
 * @see docs/decisions/0031-flips-are-two-decisions.md
 */
import type { AccessRequest, Effect, Evidence, Outcome, Steps } from '#engine';
import { lineages } from '../concerned.js';
import { ANYBODY, type Credential, isOfOne, merged } from '../credentials.js';
import { mindingDomains } from '../minding.js';
import type { Asked, Ways } from '../targets.js';
import type { CallerClass } from './callers.js';
import { type Alone, companions, companyFor } from './company.js';
import { type Both, type ChangeSight, homeOf, keyOf, Points, type Questions } from './points.js';
import { isDenied, isFlip, isHanging, isHopeless, type Judged, type Point } from './point.js';
import { Side, type Sides, SIDES } from './side.js';
import { type Touched, touchedBy, type Worlds } from './touched.js';

export interface FlipsAsked extends Worlds {
  /** Of every request, in milliseconds since the epoch. */
  readonly time: number;
  readonly sight: ChangeSight;
  /** Whether no more time is to be spent: what is left then is told as not decided. */
  readonly isOver: () => boolean;
}

export interface Flips {
  /** A caller, a request and a credential each, where the change may reach. */
  readonly points: number;
  readonly decided: number;
  /** The share of points that was decided. */
  readonly coverage: number;
  /** Points whose answer hangs on conditions, in either world. */
  readonly conditional: number;
  /** Points that flip for sure. */
  readonly toAllow: number;
  readonly toDeny: number;
  /** Those to allow first, then by domain and endpoint, then the most points first. */
  readonly groups: readonly FlipGroup[];
  /** Where answers hang on conditions, most points first. */
  readonly conditionals: readonly Conditionals[];
  /** Groups and places that were left out of these lists. */
  readonly more: number;
}

/** What flips at one place by the same rules of the change. */
export interface FlipGroup {
  readonly domain: string;
  /** `service/endpoint`. */
  readonly endpoint: string;
  readonly from: Effect;
  readonly to: Effect;
  readonly points: number;
  /** Whether it flips depends on conditions. */
  readonly conditional: boolean;
  readonly sample: AccessRequest;
  /** Of the sample; of the others, the rules among them that changed are the same. */
  readonly before: FlipVerdict;
  readonly after: FlipVerdict;
}

export type FlipVerdict = Pick<Outcome, 'reason' | 'deniedAt' | 'rules'>;

export interface Conditionals {
  readonly domain: string;
  readonly endpoint: string;
  readonly points: number;
  /** Rules with conditions that may be matched there, sorted. */
  readonly rules: readonly string[];
}

/** Questions that are decided; of more a part, spread over all places. */
const MOST_QUESTIONS = 2_000_000;
const MOST_GROUPS = 1_000;
/** Of one place and turn, by which changed rules: what is beyond goes together. */
const MOST_KINDS = 50;
/** Questions decided in one step: a millisecond or two. */
const QUESTIONS_A_STEP = 200;

/** Everything that a change decides otherwise, in steps. */
export function* flips(asked: FlipsAsked): Steps<Flips> {
  const touched = touchedBy(asked, asked.time);
  yield;
  const tally = new Tally(touched.rules);
  const search = yield* Search.of(asked, touched, tally);
  yield* search.run(asked.isOver);
  return tally.told();
}

class Search {
  #sinceStep = 0;

  private constructor(
    private readonly sides: Sides,
    private readonly points: Points,
    private readonly touched: Touched,
    private readonly time: number,
    private readonly tally: Tally,
  ) {}

  static *of({ before, after, time, sight }: FlipsAsked, touched: Touched, tally: Tally): Steps<Search> {
    const names = domainsAround({ before, after }, touched);
    const first = new Side(withRulesOf(before, names));
    yield;
    const sides = { before: first, after: new Side(withRulesOf(after, names), first) };
    yield;
    const requestWith = (evidence: readonly Evidence[]) => requestOf(NOWHERE, evidence, time);
    return new Search(sides, new Points(sides, touched, time, sight, requestWith), touched, time, tally);
  }

  /** Places come in an order that has nothing to do with their names, so that what is left out is no part of the tree. */
  *run(isOver: () => boolean): Steps<void> {
    const places = this.points.endpoints().toSorted((left, right) => hashOf(left.id) - hashOf(right.id));
    for (const [place, both] of places.entries()) {
      const left = places.length - place;
      if (isOver()) return this.tally.leaveOut(left);
      const share = Math.max(0, MOST_QUESTIONS - this.tally.questions) / left;
      yield* this.#decideAt(both, share, isOver);
    }
  }

  *#decideAt(both: Both, share: number, isOver: () => boolean): Steps<void> {
    const all: { readonly questions: Questions; readonly ways: readonly Asked[] }[] = [];
    for (const questions of this.points.at(both)) {
      all.push({ questions, ways: this.#waysTo(both, questions) });
      yield;
    }
    const kinds = all.reduce((sum, { questions, ways }) => sum + ways.length * kindsOf(questions), 0);
    const part = Math.min(1, share / Math.max(1, kinds));
    this.tally.enter(both);
    for (const { questions, ways } of all) {
      const place = new Place(this.sides, both, questions, this.tally);
      for (const [callers, isWhole] of [
        [questions.whole, true],
        [questions.partial, false],
      ] as const)
        for (const [number, callerClass] of callers.entries())
          for (const [index, way] of ways.entries()) {
            const seed = `${both.id} ${isWhole} ${number} ${index}`;
            for (const count of place.decide(callerClass, this.#requestTo(way), isWhole, part, seed)) {
              this.#sinceStep += count;
              if (this.#sinceStep < QUESTIONS_A_STEP) continue;
              this.#sinceStep = 0;
              yield;
              place.isOver = isOver();
            }
          }
      if (!questions.isComplete) this.tally.more(1);
    }
    this.tally.leave();
  }

  /** Of ways to ask for one thing, the first by which it leads to the endpoint in both worlds, in one, or in the other. */
  #waysTo({ id }: Both, { ways }: Questions): readonly Asked[] {
    return ways.flatMap((choices: Ways) => {
      const leading = new Map<string, Asked>();
      for (const asked of choices) {
        const request = requestOf(asked, [], this.time);
        const places = SIDES.map((at) => this.sides[at].decide(request).endpoint);
        const key = places.join(' ');
        if (places.includes(id) && !leading.has(key) && !this.#isAskedBy(places, id)) leading.set(key, asked);
      }
      return [...leading.values()];
    });
  }

  /** Whether what leads to two endpoints, one after the other, is asked about at the other one: it counts once. */
  #isAskedBy([before, after]: readonly (string | null)[], id: string): boolean {
    const { answering } = this.touched;
    if (typeof before !== 'string' || typeof after !== 'string' || before === after) return false;
    return id === before ? answering.has(after) : answering.has(before) && !answering.has(after);
  }

  #requestTo(way: Asked): (evidence: readonly Evidence[]) => AccessRequest {
    return (evidence) => requestOf(way, evidence, this.time);
  }
}

/** One endpoint, for callers whose leaving is looked at alike. */
class Place {
  isOver = false;
  readonly #hangs: boolean;
  readonly #concerned: readonly Credential[];

  constructor(
    private readonly sides: Sides,
    private readonly both: Both,
    private readonly questions: Questions,
    private readonly tally: Tally,
  ) {
    this.#hangs = questions.hanging.length > 0;
    this.#concerned = questions.credentials.filter(questions.isConcerned);
  }

  /**
   * Decides all that callers of one class may bring with one request.
   *
   * @param part  of the questions, chosen by what they ask
   * @returns in steps, how many decisions were taken
   */
  *decide(
    { caller, size }: CallerClass,
    requestWith: (evidence: readonly Evidence[]) => AccessRequest,
    isWhole: boolean,
    part: number,
    seed: string,
  ): Generator<number, void, void> {
    const { credentials, opening, mayForbid } = this.questions;
    const concerned = isWhole ? credentials : this.#concerned;
    const points = size * (concerned.length + (isWhole ? 1 : 0));
    this.tally.more(points);
    if (this.isOver || points === 0) return;
    const ask = (brought: readonly Credential[]): Point =>
      this.#point(requestWith([...caller.trust, ...brought.map(({ item }) => item)]));
    const bare = ask([]);
    const everything = ask(opening);
    yield 8;
    if (isWhole && isChosen(`${seed} bare`, part)) {
      this.#count(size, bare);
    }
    const isSettled =
      SIDES.every((at) => isHopeless(everything[at])) ||
      (!mayForbid && SIDES.every((at) => bare[at].state === 'allow'));
    if (isSettled) {
      // More evidence opens nothing more, or is not needed: every question has the same answer on both sides.
      this.tally.decide(size * concerned.length);
      return;
    }
    const lonely: (readonly Credential[])[] = isWhole && isDenied(bare) ? [[]] : [];
    const alone: Alone[] = [];
    for (const credential of credentials) {
      const isAsked = isWhole || this.questions.isConcerned(credential);
      const chosen = isAsked && isChosen(`${seed} ${JSON.stringify(credential.item)}`, part);
      if (!chosen && lonely.length + concerned.length === 0) continue;
      if (this.isOver) return;
      const point = ask([credential]);
      alone.push({ credential, point });
      yield 4;
      if (!chosen) continue;
      this.#count(size, point);
      if (isDenied(point) && this.questions.isConcerned(credential)) lonely.push([credential]);
    }
    const { candidates, isComplete } = companions(bare, alone);
    if (!isComplete && lonely.length > 0) this.tally.more(1);
    const known = new Set<string>();
    const company = companyFor({ candidates, ask, everything });
    for (const brought of lonely) {
      // Whether it flips in company was not found out.
      if (this.isOver) this.tally.more(size);
      else yield* this.#accompany(brought, company, ask, size, known);
    }
  }

  /**
   * What is denied by both worlds alone may be decided otherwise together with more.
   *
   * @param known  what was told already, by what is brought
   */
  *#accompany(
    brought: readonly Credential[],
    company: ReturnType<typeof companyFor>,
    ask: (brought: readonly Credential[]) => Point,
    size: number,
    known: Set<string>,
  ): Generator<number, void, void> {
    const found = yield* company(brought);
    if (found === undefined) return;
    const isAlike = isFlip(ask(found)) ? isFlip : isHanging;
    const rest = found.slice(brought.length);
    const needed = brought.length > 0 && isAlike(ask(rest)) ? rest : found;
    const key = needed.map(keyOf).sort().join(' ');
    // What flips by itself is decided by itself.
    if (needed.length === 1 || known.has(key)) return;
    known.add(key);
    this.#flip(size, ask(asOne(needed, (fewer) => isAlike(ask(fewer)))));
  }

  #count(size: number, point: Point): void {
    this.tally.decide(size);
    this.#flip(size, point);
  }

  #flip(size: number, point: Point): void {
    if (isHanging(point)) this.tally.hang(size, this.questions.hanging);
    if (isFlip(point)) this.tally.flip(this.both, size, point);
  }

  #point(request: AccessRequest): Point {
    const judge = (side: Side): Judged => {
      const outcome = side.decide(request);
      if (!this.#hangs) return { state: outcome.decision, outcome, most: outcome, least: outcome };
      const most = side.atMost(request);
      if (most.decision === 'deny') return { state: 'deny', outcome, most, least: outcome };
      const least = side.atLeast(request);
      return { state: least.decision === 'allow' ? 'allow' : 'hangs', outcome, most, least };
    };
    return { request, before: judge(this.sides.before), after: judge(this.sides.after) };
  }
}

/** What one person can bring is told as theirs, where that comes out alike. */
function asOne(
  brought: readonly Credential[],
  isAlike: (fewer: readonly Credential[]) => boolean,
): readonly Credential[] {
  let left = brought;
  for (let place = 1; place < left.length;) {
    const other = left[place]!;
    const one = left.slice(0, place).find((before) => isOfOne(as(before, other), as(other, before)));
    const both = one && merged(as(one, other), as(other, one));
    const fewer = both && left.flatMap((each) => (each === one ? [both] : each === other ? [] : [each]));
    if (fewer !== undefined && isAlike(fewer)) left = fewer;
    else place += 1;
  }
  return left;
}

/** Of a credential that anybody may have, the one that somebody has. */
function as(credential: Credential, { item: { mechanism, subject } }: Credential): Credential {
  const { item } = credential;
  const isAnybodys = item.mechanism === mechanism && item.subject.startsWith(ANYBODY);
  return isAnybodys ? { ...credential, item: { ...item, subject } } : credential;
}

/** Counts points and keeps one of each group of flips. */
class Tally {
  questions = 0;
  #points = 0;
  #decided = 0;
  #conditional = 0;
  #places = 0;
  readonly #certain = { allow: 0, deny: 0 };
  /** By place and turn, then by the rules of the change that either verdict is by. */
  readonly #groups = new Map<string, Map<string, FlipGroup>>();
  readonly #conditionals = new Map<string, { points: number; readonly rules: Set<string> }>();
  #at: Both | undefined;

  /** @param changed  ids of rules that are new, different or gone */
  constructor(private readonly changed: ReadonlySet<string>) {}

  enter(both: Both): void {
    this.#at = both;
    this.#places += 1;
  }

  leave(): void {
    this.#at = undefined;
  }

  more(points: number): void {
    this.#points += points;
  }

  decide(points: number): void {
    this.#decided += points;
    this.questions += 1;
  }

  /** Places that nobody has counted are taken to be like those that were. */
  leaveOut(places: number): void {
    this.#points += Math.max(places, Math.round((this.#points / Math.max(1, this.#places)) * places));
  }

  hang(points: number, rules: readonly string[]): void {
    this.#conditional += points;
    const key = JSON.stringify([homeOf(this.#at!), this.#at!.id]);
    let found = this.#conditionals.get(key);
    if (found === undefined) this.#conditionals.set(key, (found = { points: 0, rules: new Set() }));
    found.points += points;
    for (const rule of rules) found.rules.add(rule);
  }

  flip(both: Both, points: number, point: Point): void {
    const { request, before, after } = point;
    const isUp = before.state === 'deny' || after.state === 'allow';
    const [from, to]: readonly [Effect, Effect] = isUp ? ['deny', 'allow'] : ['allow', 'deny'];
    const conditional = isHanging(point);
    if (!conditional) this.#certain[to] += points;
    const place = { domain: homeOf(both), endpoint: both.id, from, to, conditional };
    const verdicts = { before: verdictOf(before, from), after: verdictOf(after, to) };
    const here = this.#groups.get(JSON.stringify(place)) ?? new Map<string, FlipGroup>();
    this.#groups.set(JSON.stringify(place), here);
    const kind = this.#responsible(verdicts);
    const key = here.has(kind) || here.size < MOST_KINDS ? kind : 'others';
    const known = here.get(key);
    const isSimpler = known === undefined || isSimplerThan(request, known.sample);
    const told = isSimpler ? { sample: request, ...verdicts } : known;
    here.set(key, { ...told, ...place, points: (known?.points ?? 0) + points });
  }

  /** Rules of the change that either verdict is by: one request of each such kind is told. */
  #responsible({ before, after }: { readonly before: FlipVerdict; readonly after: FlipVerdict }): string {
    const rules = [...before.rules, ...after.rules].filter((rule) => this.changed.has(rule));
    return JSON.stringify([...new Set(rules)].sort());
  }

  told(): Flips {
    const groups = [...this.#groups.values()].flatMap((here) => [...here.values()]).toSorted(byPlace);
    const conditionals = [...this.#conditionals]
      .map(([key, { points, rules }]): Conditionals => {
        const [domain, endpoint] = JSON.parse(key) as [string, string];
        return { domain, endpoint, points, rules: [...rules].sort() };
      })
      .toSorted((left, right) => right.points - left.points || byText(left.endpoint, right.endpoint));
    const left = [groups, conditionals].map(({ length }) => Math.max(0, length - MOST_GROUPS));
    return {
      points: this.#points,
      decided: this.#decided,
      coverage: this.#points === 0 ? 1 : this.#decided / this.#points,
      conditional: this.#conditional,
      toAllow: this.#certain.allow,
      toDeny: this.#certain.deny,
      groups: groups.slice(0, MOST_GROUPS),
      conditionals: conditionals.slice(0, MOST_GROUPS),
      more: left[0]! + left[1]!,
    };
  }
}

/** What hangs on conditions is told as it is where they have it so: else nobody would see the rule. */
function verdictOf({ state, outcome, most, least }: Judged, told: Effect): FlipVerdict {
  const { reason, deniedAt, rules } = state !== 'hangs' ? outcome : told === 'allow' ? most : least;
  return { reason, deniedAt, rules };
}

function isSimplerThan(one: AccessRequest, other: AccessRequest): boolean {
  const [left, right] = [one, other].map((request) => ({
    items: request.evidence.length,
    text: JSON.stringify(request),
  })) as [Simplicity, Simplicity];
  const shorter = left.items - right.items || left.text.length - right.text.length;
  return shorter < 0 || (shorter === 0 && left.text < right.text);
}

interface Simplicity {
  readonly items: number;
  readonly text: string;
}

function byPlace(left: FlipGroup, right: FlipGroup): number {
  return (
    byText(left.to, right.to) ||
    byText(left.domain, right.domain) ||
    byText(left.endpoint, right.endpoint) ||
    Number(left.conditional) - Number(right.conditional) ||
    right.points - left.points ||
    byText(JSON.stringify([left.before, left.after]), JSON.stringify([right.before, right.after]))
  );
}

function byText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function kindsOf({ whole, partial, credentials, isConcerned }: Questions): number {
  return whole.length * (credentials.length + 1) + partial.length * credentials.filter(isConcerned).length;
}

/** Whether a question is among the part that is decided: by what it asks, so that it is the same ones each time. */
function isChosen(question: string, part: number): boolean {
  return part >= 1 || hashOf(question) / 2 ** 32 < part;
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}

const NOWHERE: Asked = { target: { kind: 'endpoint', endpoint: '' }, headers: {} };

function requestOf({ target, headers }: Asked, evidence: readonly Evidence[], time: number): AccessRequest {
  return {
    target,
    evidence,
    headers,
    attributes: {},
    claimed: {},
    context: {},
    time,
    askedFrom: '*',
    policyAgeSeconds: 0,
    maxTtlSeconds: 0,
  };
}

/** Domains whose rules, roles and assignments any of the questions may meet. */
function domainsAround({ before, after }: Worlds, touched: Touched): ReadonlySet<string> {
  const isAnywhere = touched.callers.size + touched.mechanisms.size + touched.subjects.length > 0;
  const names = new Set<string>();
  for (const { domains, services } of [before, after]) {
    const minding = mindingDomains({ domains } as Worlds['before']);
    for (const service of services.values()) {
      for (const { id, placements } of service.endpoints) {
        const around = lineages(placements);
        const isMeant =
          isAnywhere || touched.endpoints.has(id) || [...around].some((name) => touched.holders.has(name));
        if (isMeant) for (const name of around) names.add(name);
      }
      const homes = lineages(service.domains);
      if ([...homes].some((name) => minding.has(name))) for (const name of homes) names.add(name);
    }
  }
  return names;
}

/** A world in which all other domains have nothing to say: compiling what nobody asks about takes most of the time. */
function withRulesOf(world: Worlds['before'], names: ReadonlySet<string>): Worlds['before'] {
  const domains = new Map(
    [...world.domains].map(([name, domain]) => [
      name,
      names.has(name)
        ? domain
        : { ...domain, rules: [], roles: [], directory: { assignments: new Map(), entities: new Map() } },
    ]),
  );
  return { ...world, domains };
}
