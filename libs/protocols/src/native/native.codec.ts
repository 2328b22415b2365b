import type { Answer, ExplainedAnswer, Question } from '#decision';
import { foldedHeaderName } from '#engine';
import { answerOf, requestFromText, requestsFromText, type DecisionAnswer, type RequestReading } from '#policy';
import { Problem } from '#problem';
import { textOf } from '../json-text.js';

/** Most requests that one message may hold. */
export const MAX_BATCH = 100;

/** A question, and whether the message asks for the reasoning behind its answer. */
export interface Asked {
  readonly question: Question;
  readonly explain: boolean;
}

/**
 * The body of `POST /v1/decide` and `/v1/explain`. What is JSON but no request is a question too: it is answered with
 * `INVALID_REQUEST`.
 *
 * @param body  what came as `application/json`
 * @throws Problem `request-not-json`, `request-too-large`
 */
export function toAsked(body: unknown, trace?: string): Asked {
  const text = textOf(body);
  const reading = requestFromText(text, { mode: 'network', now: 0 });
  if ('faults' in reading) throwUnlessJson(text);
  return askedFrom(reading, trace);
}

/**
 * The body of `POST /v1/decide/batch`, `{ "requests": [ … ] }`: a question each, in their order.
 *
 * @throws Problem `request-not-json`, `request-malformed`, `request-too-large`, `batch-too-large`
 */
export function toBatch(body: unknown, trace?: string): readonly Asked[] {
  const text = textOf(body);
  const batch = requestsFromText(text, { mode: 'network', now: 0 });
  if (batch.faults !== undefined) {
    throwUnlessJson(text);
    throw new Problem('request-malformed', { fault: batch.faults[0]!.message });
  }
  return bounded(batch.readings).map((reading) => askedFrom(reading, trace));
}

/** @throws Problem `batch-too-large` */
export function bounded<Item>(batch: readonly Item[], limit = MAX_BATCH): readonly Item[] {
  if (batch.length > limit) throw new Problem('batch-too-large', { count: batch.length, limit });
  return batch;
}

/** A request in the shape of `documents.md`, however it was written down. */
export function askedFrom(reading: RequestReading, trace?: string): Asked {
  if ('faults' in reading) return { question: { kind: 'malformed', faults: reading.faults, trace }, explain: false };
  const { target, evidence, headers, attributes, claimed, context } = reading.request;
  const credentials = reading.credentials ?? NO_CREDENTIALS;
  return {
    question: {
      kind: 'request',
      request: { target, headers, attributes, claimed, context },
      presented: {
        asserted: evidence,
        credentials,
        reported: NO_CREDENTIALS,
        aliases: aliasesIn(credentials, headers),
      },
      minRevision: reading.minRevision,
      trace,
    },
    explain: reading.explain,
  };
}

/** The answer of `documents.md`; on `INVALID_REQUEST` also its faults, each with a JSON pointer. */
export interface NativeAnswer extends DecisionAnswer {
  readonly detail?: Answer['faults'];
  /** With an explanation: what was presented and does not count, and why. */
  readonly dropped?: Answer['dropped'];
}

/** An answer that was asked for with its explanation always names it, if only to say that there is none. */
export function toNativeAnswer(answer: Answer | ExplainedAnswer): NativeAnswer {
  const { outcome, revision, ageSeconds, decisionId, faults } = answer;
  const explanation = 'explanation' in answer ? answer.explanation : undefined;
  const plain = answerOf(outcome, { revision, ageSeconds, decisionId, explanation });
  const explained = explanation === undefined ? plain : { ...plain, dropped: answer.dropped };
  return faults.length === 0 ? explained : { ...explained, detail: faults };
}

const NO_ALIASES: ReadonlyMap<string, string> = new Map();

/**
 * Of names of which several fold into one: those that are not that one themselves. A program may write its members as it
 * likes, but of two that are one to others neither says who sent a request.
 */
function aliasesIn(credentials: object, headers: object): ReadonlyMap<string, string> {
  // Of two names that fold into one at least one is odd, and nearly always none is.
  if (!holdsOddName(credentials) && !holdsOddName(headers)) return NO_ALIASES;
  const names = new Set([...Object.keys(credentials), ...Object.keys(headers)]);
  const alike = new Map<string, string[]>();
  for (const name of names) {
    const folded = foldedHeaderName(name);
    const others = alike.get(folded);
    if (others === undefined) alike.set(folded, [name]);
    else others.push(name);
  }
  const aliases = new Map<string, string>();
  for (const [folded, sharing] of alike) {
    if (sharing.length > 1) for (const name of sharing) if (name !== folded) aliases.set(name, folded);
  }
  return aliases;
}

const NO_CREDENTIALS: { readonly [header: string]: string } = Object.freeze(Object.create(null));

function throwUnlessJson(text: string): void {
  try {
    JSON.parse(text);
  } catch (fault) {
    throw new Problem('request-not-json', { fault: (fault as SyntaxError).message });
  }
}

function holdsOddName(members: object): boolean {
  for (const name in members) if (foldedHeaderName(name) !== name) return true;
  return false;
}
