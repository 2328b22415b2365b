import { type AccessRequest, type Candidates, type DenyReason, decide, type Snapshot } from '#engine';
import type { Judged } from '#identity';
import type { Question } from './answer.js';

/** What is searched for, and what would be asked about each candidate. */
export interface Search {
  readonly candidates: (snapshot: Snapshot) => Candidates;
  readonly question: (id: string) => Extract<Question, { kind: 'request' }>;
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
/** Decisions between two breaths, in which others are answered. */
const IN_ONE_BREATH = 200;

export interface Looker {
  readonly snapshot: Snapshot;
  readonly revision: number;
  judge(question: Question): Judged | Promise<Judged>;
  request(question: Question, judged: Judged): AccessRequest;
  /** Everything is allowed, whatever is decided. */
  readonly isObserving: boolean;
}

/** Decides about the candidates of one page, once for all that no rule tells apart. */
export async function look({ candidates, question, after, limit }: Search, looker: Looker): Promise<SearchAnswer> {
  const { snapshot, revision } = looker;
  const { ids, kinds } = await possible(candidates(snapshot), question, looker);
  const verdicts = new Map<number, boolean>();
  const found: string[] = [];
  for (let place = after === undefined ? 0 : firstAfter(ids, after); place < ids.length; place++) {
    if (found.length === limit || verdicts.size === MOST_DECISIONS) {
      return { kind: 'found', ids: found, next: ids[place - 1], revision, decisions: verdicts.size };
    }
    const id = ids[place]!;
    const kind = kinds.at(place);
    let isAllowed = verdicts.get(kind);
    if (isAllowed === undefined) {
      isAllowed = await allows(question(id), looker);
      verdicts.set(kind, isAllowed);
      if (verdicts.size % IN_ONE_BREATH === 0) await nextTurn();
    }
    if (isAllowed) found.push(id);
  }
  return { kind: 'found', ids: found, next: undefined, revision, decisions: verdicts.size };
}

/** Those of many candidates that can be allowed at all, where that is quickly told. */
async function possible(all: Candidates, question: Search['question'], looker: Looker): Promise<Candidates> {
  const { ids, kinds, narrowing } = all;
  if (narrowing === undefined || ids.length === 0 || looker.isObserving) return all;
  const phantom = question(narrowing.phantom);
  const request = looker.request(phantom, await looker.judge(phantom));
  const places = narrowing.possible(request, decide(looker.snapshot, request));
  if (places === undefined) return all;
  return { ids: places.map((place) => ids[place]!), kinds: { at: (place) => kinds.at(places[place]!) } };
}

async function allows(question: Question, looker: Looker): Promise<boolean> {
  const judged = await looker.judge(question);
  if (judged.subjectFault !== undefined) return looker.isObserving;
  return decide(looker.snapshot, looker.request(question, judged)).decision === 'allow' || looker.isObserving;
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

function nextTurn(): Promise<void> {
  return new Promise((turn) => setImmediate(turn));
}
