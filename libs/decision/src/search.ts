import {
  type AccessRequest,
  type Candidates,
  type DenyReason,
  decide,
  denied,
  type Outcome,
  type Snapshot,
  type Steps,
} from '#engine';
import type { Judged } from '#identity';
import { isOwnState, type Question } from './answer.js';
import type { Breath } from './breath.js';

/** What is searched for, and what would be asked about each candidate. */
export interface Search {
  /** Found step by step where there may be many. */
  readonly candidates: (snapshot: Snapshot) => Candidates | Steps<Candidates>;
  readonly question: (id: string) => Extract<Question, { kind: 'request' }>;
  /** Whether one endpoint answers for all of them, so that who may not ask about one may ask about none. */
  readonly isAtOneEndpoint: boolean;
  /** What was looked at already: everything up to this id. */
  readonly after: string | undefined;
  /** Most ids to find. */
  readonly limit: number;
  /** W3C trace context of the message, for the log alone. */
  readonly trace?: string | undefined;
}

export type SearchAnswer =
  | {
      readonly kind: 'found';
      /** Sorted: those that would be allowed, asked about one by one. */
      readonly ids: readonly string[];
      /** Where to go on; undefined when everything was looked at. */
      readonly next: string | undefined;
      /** The one revision that all of it is of. */
      readonly revision: number;
      /** How many decisions it took. */
      readonly decisions: number;
    }
  /** There is no telling what would be found. */
  | { readonly kind: 'unavailable'; readonly reason: DenyReason };

/** A page ends early after so many decisions: a few milliseconds of them. */
const MOST_DECISIONS = 5_000;
/** Why one is denied at an endpoint, if all others are for the same reason: who asks, or who is asked about. */
const FOR_ALL: ReadonlySet<Outcome['reason']> = new Set(['NOT_ENTITLED', 'INVALID_REQUEST']);
/** An id that stands for any other where none is looked at. */
const ANYONE = 'anyone';

export interface Looker {
  readonly snapshot: Snapshot;
  readonly revision: number;
  judge(question: Question): Judged | Promise<Judged>;
  request(question: Question, judged: Judged): AccessRequest;
  readonly breath: Breath;
}

/** Decides about the candidates of one page, once for all that no rule tells apart. */
export async function look(search: Search, looker: Looker): Promise<SearchAnswer> {
  const { question, after, limit } = search;
  const { revision, breath } = looker;
  // Candidates are dear: who may not ask about the endpoint does not make us look for them.
  const before = search.isAtOneEndpoint ? (await verdictOn(question(ANYONE), looker)).reason : undefined;
  if (isOwnState(before)) return { kind: 'unavailable', reason: before };
  if (before !== undefined && FOR_ALL.has(before)) {
    return { kind: 'found', ids: [], next: undefined, revision, decisions: 0 };
  }
  const candidates = search.candidates(looker.snapshot);
  const all = 'ids' in candidates ? candidates : await unhurried(candidates, breath);
  const { ids, kinds } = await possible(all, question, looker);
  const verdicts = new Map<number, boolean>();
  const found: string[] = [];
  for (let place = after === undefined ? 0 : firstAfter(ids, after); place < ids.length; place++) {
    // Not only decisions take time: telling kinds apart does, and finding the endpoint of a route.
    if (breath.isOver) await breath.next();
    if (found.length === limit || verdicts.size === MOST_DECISIONS) {
      return { kind: 'found', ids: found, next: ids[place - 1], revision, decisions: verdicts.size };
    }
    const id = ids[place]!;
    const kind = kinds.at(place);
    let isAllowed = verdicts.get(kind);
    if (isAllowed === undefined) {
      const { decision, reason } = await verdictOn(question(id), looker);
      if (isOwnState(reason)) return { kind: 'unavailable', reason };
      isAllowed = decision === 'allow';
      verdicts.set(kind, isAllowed);
    }
    if (isAllowed) found.push(id);
  }
  return { kind: 'found', ids: found, next: undefined, revision, decisions: verdicts.size };
}

/** Those of many candidates that can be allowed at all, where that is quickly told. */
async function possible(all: Candidates, question: Search['question'], looker: Looker): Promise<Candidates> {
  const { ids, kinds, narrowing } = all;
  if (narrowing === undefined || ids.length === 0) return all;
  if (looker.breath.isOver) await looker.breath.next();
  const phantom = question(narrowing.phantom);
  const request = looker.request(phantom, await looker.judge(phantom));
  const places = await unhurried(narrowing.possible(request, decide(looker.snapshot, request)), looker.breath);
  if (places === undefined) return all;
  return { ids: places.map((place) => ids[place]!), kinds: { at: (place) => kinds.at(places[place]!) } };
}

async function unhurried<Result>(work: Steps<Result>, breath: Breath): Promise<Result> {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
    if (breath.isOver) await breath.next();
  }
}

async function verdictOn(question: Question, looker: Looker): Promise<Outcome> {
  const judged = await looker.judge(question);
  // As for a single evaluation: of a subject that is nobody nothing is judged.
  if (judged.subjectFault !== undefined) return denied('INVALID_REQUEST');
  return decide(looker.snapshot, looker.request(question, judged));
}

/** The place of the first id that follows; ids are sorted. */
function firstAfter(ids: readonly string[], after: string): number {
  let low = 0;
  let high = ids.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ids[middle]! <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}
