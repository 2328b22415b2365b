import type { Answer, Question } from '#decision';
import type { ObligationKind } from '#engine';
import { toReply, type Carriage } from '../forward-auth/convention.js';
import { type NativeAnswer, toNativeAnswer } from '../native/native.codec.js';
import { malformed } from '../vouched.js';
import { jsonOf } from '../webhook-body.js';
import { filterIn, questionsIn } from './opa-input.js';

/** The documents that can be asked for about one thing: a word, our whole answer, or what a gateway makes a response of. */
export type OpaDocument = 'allow' | 'decision' | 'http';

/** In OPA's data API, which has a result on every answer of ours: without one some gateways take a denial for a fault. */
export interface OpaReply<Result> {
  readonly result: Result;
  readonly decision_id: string;
}

/** What Kong reads as `status` and `message`, APISIX reads as `status_code` and `reason`. */
export interface OpaHttpResult {
  readonly allow: boolean;
  readonly status: number;
  readonly status_code: number;
  /** On allow for the service, on deny for the client. */
  readonly headers: { readonly [name: string]: string };
  /** On deny: the body for the client. */
  readonly message?: object;
  readonly reason?: object;
}

/** Kinds of obligations that have a place in a result; undefined: all. */
const CARRIED: { readonly [document in OpaDocument]: readonly ObligationKind[] | undefined } = {
  allow: [],
  decision: undefined,
  http: ['setHeader'],
};
const GATEWAY: Carriage = { carries: ['setHeader'], unavailable: 503 };

/**
 * The body of `POST /v1/data/dharma/…`, `{ "input": … }`: at least one question, all of which have to be allowed.
 *
 * @throws Problem `request-not-json`, `request-too-large`
 */
export function toQuestions(document: OpaDocument, body: unknown, trace?: string): readonly Question[] {
  const carried = CARRIED[document];
  return questionsOf(body, questionsIn, trace).map((question) => {
    if (question.kind === 'malformed' || carried === undefined) return question;
    const carries = question.request.carries ?? carried;
    return { ...question, request: { ...question.request, carries: carries.filter((kind) => carried.includes(kind)) } };
  });
}

/**
 * The body of `POST /v1/data/dharma/filter`: a question about each item of its list, made when its turn
 * comes. Its words have no place for obligations.
 *
 * @throws Problem `request-not-json`, `request-too-large`, `batch-too-large`
 */
export function toFilter(body: unknown, trace?: string): Iterable<Question> {
  return questionsOf(body, filterIn, trace);
}

function questionsOf<Questions>(
  body: unknown,
  read: (input: unknown, trace: string | undefined) => Questions,
  trace: string | undefined,
): Questions | readonly Question[] {
  const json = jsonOf(body);
  if (typeof json === 'object' && json !== null && 'input' in json) return read(json.input, trace);
  return [malformed([{ pointer: '', message: 'the body has no member `input`' }], trace)];
}

/** The places in a list of what is allowed. */
export function toPlaces(answers: readonly Answer[]): { readonly result: readonly number[] } {
  return { result: [...answers.keys()].filter((place) => answers[place]!.outcome.decision === 'allow') };
}

export function toAllow({ outcome, decisionId }: Answer): OpaReply<boolean> {
  return { result: outcome.decision === 'allow', decision_id: decisionId };
}

export function toDecision(answer: Answer): OpaReply<NativeAnswer & { readonly allow: boolean }> {
  const { outcome, decisionId } = answer;
  return { result: { allow: outcome.decision === 'allow', ...toNativeAnswer(answer) }, decision_id: decisionId };
}

/** @param challenge  the value of `www-authenticate`, the same for every client */
export function toHttp(answer: Answer, challenge: string): OpaReply<OpaHttpResult> & { readonly complaint?: string } {
  const { status, headers, body, complaint } = toReply(GATEWAY, answer, challenge, []);
  const allow = status === 200;
  const { 'cache-control': _ours, ...forTheService } = headers;
  return {
    result: {
      allow,
      status,
      status_code: status,
      headers: allow ? forTheService : headers,
      ...(body !== undefined && bothWays(JSON.parse(body) as object)),
    },
    decision_id: answer.decisionId,
    ...(complaint !== undefined && { complaint }),
  };
}

function bothWays(body: object): Pick<OpaHttpResult, 'message' | 'reason'> {
  return { message: body, reason: body };
}
