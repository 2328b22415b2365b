import { hash } from 'node:crypto';
import type { z } from 'zod';
import type { Search, SearchAnswer } from '#decision';
import {
  actionCandidates,
  canonicalJson,
  methodCandidates,
  resourceCandidates,
  routeCandidates,
  subjectCandidates,
} from '#engine';
import { parseJson } from '#policy';
import { Problem } from '#problem';
import { conforming, membersIn } from './authzen.codec.js';
import { isRoute, presentedOf, questionOf, routeOf, targetOf } from './question.js';
import { searches } from './shapes.js';

/** Most results of one page, and as many as there are where nobody says how many. */
const MOST_RESULTS = 1_000;

export type Sought = keyof typeof searches;

/** A search, and what is needed to write its page down. */
export interface AskedSearch {
  readonly search: Search;
  readonly result: (id: string) => { readonly [member: string]: string };
  /** Whether the answer has to have a page, also when it is complete. */
  readonly isPaged: boolean;
  /** As the caller gave it, as far as it counts; 0 where it gave none. */
  readonly limit: number;
  /** Of everything that must not change from one page to the next. */
  readonly digest: string;
}

export interface SearchReply {
  readonly page?: { readonly next_token: string; readonly count: number };
  readonly results: readonly { readonly [member: string]: string }[];
}

/**
 * The body of `POST /access/v1/search/…`.
 *
 * @throws Problem `request-not-json`, `request-too-large`, `request-malformed`
 */
export function toSearch(sought: Sought, body: unknown, trace?: string): AskedSearch {
  const members = membersIn(body);
  switch (sought) {
    case 'subject':
      return paged(conforming(searches.subject, members), subjectSearch, trace);
    case 'resource':
      return paged(conforming(searches.resource, members), resourceSearch, trace);
    case 'action':
      return paged(conforming(searches.action, members), actionSearch, trace);
    default:
      return sought satisfies never;
  }
}

/** @throws Problem `search-unavailable` */
export function toSearchReply({ result, isPaged, limit, digest }: AskedSearch, answer: SearchAnswer): SearchReply {
  if (answer.kind === 'unavailable') throw new Problem('search-unavailable', { reason: answer.reason });
  const { ids, next } = answer;
  const results = ids.map(result);
  if (next === undefined && !isPaged) return { results };
  const token = next === undefined ? '' : tokenOf({ limit, digest, after: next });
  return { page: { next_token: token, count: results.length }, results };
}

type Asked<Kind extends Sought> = z.infer<(typeof searches)[Kind]>;
type What = Pick<Search, 'candidates' | 'question' | 'isAtOneEndpoint'> & Pick<AskedSearch, 'result'>;

function subjectSearch({ subject, ...rest }: Asked<'subject'>, trace: string | undefined): What {
  const { type, properties } = subject;
  const target = targetOf(rest.resource, rest.action);
  return {
    candidates: (snapshot) => subjectCandidates(snapshot, type, target),
    question: (id) => questionOf(rest, presentedOf({ type, id, properties }), trace),
    isAtOneEndpoint: true,
    result: (id) => ({ type, id }),
  };
}

function resourceSearch({ subject, resource, action, context }: Asked<'resource'>, trace: string | undefined): What {
  const { type, properties } = resource;
  const presented = presentedOf(subject);
  return {
    candidates: (snapshot) =>
      isRoute(type) ? routeCandidates(snapshot, action.name) : resourceCandidates(snapshot, type, action.name),
    question: (id) => questionOf({ resource: { type, id, properties }, action, context }, presented, trace),
    isAtOneEndpoint: !isRoute(type),
    result: (id) => ({ type, id }),
  };
}

/** An action is judged by its name alone. */
function actionSearch({ subject, resource, context }: Asked<'action'>, trace: string | undefined): What {
  const presented = presentedOf(subject);
  return {
    candidates: (snapshot) =>
      isRoute(resource.type)
        ? methodCandidates(snapshot, routeOf(resource, { name: '' }))
        : actionCandidates(snapshot, resource.type),
    question: (name) => questionOf({ resource, action: { name }, context }, presented, trace),
    isAtOneEndpoint: false,
    result: (name) => ({ name }),
  };
}

function paged<Read extends { readonly page?: Asked<'action'>['page'] }>(
  { page, ...rest }: Read,
  searchOf: (read: Omit<Read, 'page'>, trace: string | undefined) => What,
  trace: string | undefined,
): AskedSearch {
  const digest = hash('sha256', canonicalJson(rest), 'base64url');
  const given = Math.min(page?.limit ?? 0, MOST_RESULTS);
  const token = readToken(page?.token ?? '');
  // Callers send the token alone, or all they sent before.
  if (token !== undefined && (token.digest !== digest || (given !== 0 && given !== token.limit))) {
    throw new Problem('request-malformed', { fault: '/page/token: it belongs to another search, or another limit' });
  }
  const limit = token?.limit ?? given;
  const { result, ...what } = searchOf(rest, trace);
  return {
    search: { ...what, after: token?.after, limit: limit === 0 ? MOST_RESULTS : limit, trace },
    result,
    isPaged: (page ?? undefined) !== undefined,
    limit,
    digest,
  };
}

interface Token {
  readonly limit: number;
  readonly digest: string;
  readonly after: string;
}

/** Opaque to callers, and of no use to forge: it says where to go on, and no more than a limit could be asked for. */
function tokenOf({ limit, digest, after }: Token): string {
  return Buffer.from(JSON.stringify([limit, digest, after])).toString('base64url');
}

/** @throws Problem `request-malformed` */
function readToken(text: string): Token | undefined {
  if (text === '') return undefined;
  const read = parseJson(Buffer.from(text, 'base64url').toString('utf8'), { exactIntegers: true });
  if (Array.isArray(read) && read.length === 3) {
    const [limit, digest, after] = read as readonly unknown[];
    if (isLimit(limit) && typeof digest === 'string' && typeof after === 'string') return { limit, digest, after };
  }
  throw new Problem('request-malformed', { fault: '/page/token: it is no token of this server' });
}

function isLimit(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MOST_RESULTS;
}
