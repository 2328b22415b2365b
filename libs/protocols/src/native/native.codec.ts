import type { Answer, Question } from '#decision';
import { answerOf, requestFromText, type DecisionAnswer } from '#policy';
import { Problem } from '#problem';

/** Largest body, in bytes. */
export const MAX_BODY_BYTES = 256 * 1024;

/**
 * The body of `POST /v1/decide` as a question. What is JSON but no request is a question too: it is answered with
 * `INVALID_REQUEST`.
 *
 * @throws Problem `request-not-json`, `request-too-large`; `explain-not-permitted`, as `local` may not explain
 */
export function toQuestion(body: Uint8Array): Question {
  if (body.byteLength > MAX_BODY_BYTES) throw new Problem('request-too-large', { limit: MAX_BODY_BYTES });
  const text = textOf(body);
  const read = requestFromText(text, { mode: 'network', now: 0 });
  if ('faults' in read) {
    throwUnlessJson(text);
    return { kind: 'malformed', faults: read.faults };
  }
  if (read.explain) throw new Problem('explain-not-permitted');
  const {
    evidence,
    time: _time,
    askedFrom: _from,
    policyAgeSeconds: _age,
    maxTtlSeconds: _ttl,
    ...request
  } = read.request;
  return {
    kind: 'request',
    request,
    presented: { asserted: evidence, credentials: read.credentials ?? {}, reported: {} },
    minRevision: read.minRevision,
  };
}

/** The answer of `documents.md`; on `INVALID_REQUEST` also `detail`, every fault with a JSON pointer. */
export function toDecisionAnswer(answer: Answer): DecisionAnswer & { readonly detail?: Answer['faults'] } {
  const { outcome, revision, ageSeconds, decisionId, faults } = answer;
  const plain = answerOf(outcome, { revision, ageSeconds, decisionId });
  return faults.length === 0 ? plain : { ...plain, detail: faults };
}

function textOf(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw new Problem('request-not-json', { fault: 'it is not UTF-8' });
  }
}

function throwUnlessJson(text: string): void {
  try {
    JSON.parse(text);
  } catch (fault) {
    throw new Problem('request-not-json', { fault: (fault as SyntaxError).message });
  }
}
