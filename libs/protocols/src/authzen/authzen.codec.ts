import type { z } from 'zod';
import { type Answer, clientView, type Question, type RequestFault } from '#decision';
import type { Json } from '#engine';
import type { Presented } from '#identity';
import { conform, jsonFromText, type ShapeFault } from '#policy';
import { denialTitle, Problem } from '#problem';
import { textOf } from '../json-text.js';
import { bounded } from '../native/native.codec.js';
import { presentedOf, questionOf } from './question.js';
import { batch, evaluation, REQUIRED_MEMBERS, type Semantic, what, whom } from './shapes.js';

type Members = { readonly [member: string]: Json };

/** Questions whose answers belong together, and when enough of them are answered. */
export interface Evaluations {
  readonly semantic: Semantic;
  /** In their order, each read when its turn comes; one that cannot be read is among them as malformed. */
  readonly questions: Iterable<Question>;
}

/** A decision of AuthZEN. The members of its context are ours: the standard fixes none. */
export interface Decision {
  readonly decision: boolean;
  readonly context?: { readonly [member: string]: Json };
}

/**
 * The body of `POST /access/v1/evaluation`.
 *
 * @throws Problem `request-not-json`, `request-too-large`, `request-malformed`
 */
export function toEvaluation(body: unknown, trace?: string): Question {
  return questionIn(membersIn(body), trace);
}

/**
 * The body of `POST /access/v1/evaluations`. Without items it is a single evaluation.
 *
 * @throws Problem as {@link toEvaluation}, and `batch-too-large`
 */
export function toEvaluations(body: unknown, trace?: string): Evaluations | Question {
  const members = membersIn(body);
  const { evaluations, options } = conforming(batch, members);
  if (!evaluations || evaluations.length === 0) return questionIn(members, trace);
  return {
    semantic: options?.evaluations_semantic ?? 'execute_all',
    questions: questionsIn(bounded(evaluations), members, trace),
  };
}

/** The answer to a single evaluation. */
export function toDecision(answer: Answer): Decision {
  const { outcome, decisionId } = answer;
  const view = clientView(answer);
  if (view === 'allow') return { decision: true };
  const status = STATUSES[view];
  const where = outcome.deniedAt === null ? '' : ` at ${outcome.deniedAt}`;
  const rules = outcome.rules.length === 0 ? '' : `: ${outcome.rules.join(', ')}`;
  return {
    decision: false,
    context: {
      id: decisionId,
      reason_user: { [status]: denialTitle(view) },
      reason_admin: { [status]: `${outcome.reason}${where}${rules}` },
    },
  };
}

/** The answer to one of several: bare, as callers compare these whole; what could not be read says so. */
export function toItem({ outcome, faults, dropped }: Answer): Decision {
  if (outcome.decision === 'allow') return { decision: true };
  // A subject that was read, and is nobody, is no error to the standard but a denial like others.
  if (faults.length === 0 || dropped.length > 0) return { decision: false };
  return { decision: false, context: { error: { status: 400, message: sentenceOf(faults) } } };
}

/** Whether no further item is asked about after this answer. */
export function isLast(semantic: Semantic, { outcome }: Answer): boolean {
  switch (semantic) {
    case 'execute_all':
      return false;
    case 'deny_on_first_deny':
      return outcome.decision === 'deny';
    case 'permit_on_first_permit':
      return outcome.decision === 'allow';
    default:
      return semantic satisfies never;
  }
}

/** @throws Problem `request-not-json`, `request-too-large`, `request-malformed` where it is no object */
export function membersIn(body: unknown): Members {
  const read = jsonFromText(textOf(body));
  if ('faults' in read) throw new Problem('request-not-json', { fault: read.faults[0]!.message });
  if (!isMap(read.value)) throw new Problem('request-malformed', { fault: 'it is no JSON object' });
  return read.value;
}

/** @throws Problem `request-malformed`, naming every fault */
export function conforming<Schema extends z.ZodType>(schema: Schema, members: Members): z.infer<Schema> {
  const read = conform(schema, members);
  if (read.faults !== undefined)
    throw new Problem('request-malformed', { fault: sentenceOf(read.faults.map(faultOf)) });
  return read.value;
}

const STATUSES = {
  unauthenticated: '401',
  invalid_token: '401',
  forbidden: '403',
  insufficient_scope: '403',
  unavailable: '503',
} as const;

function* questionsIn(
  items: readonly unknown[],
  top: Members,
  trace: string | undefined,
): Generator<Question, void, void> {
  let shared: ReadSubject | undefined;
  for (const item of items) {
    const merged = withDefaults(item, top);
    if (!isMap(merged)) {
      yield malformed(conform(evaluation, merged).faults ?? [], trace);
      continue;
    }
    // Whom several items are about is read once: only then is it one thing to whoever judges it.
    const subject = merged.subject === top.subject ? (shared ??= subjectIn(merged)) : subjectIn(merged);
    const read = conform(what, merged);
    if (read.faults === undefined && subject.presented !== undefined) {
      yield questionOf(read.value, subject.presented, trace);
    } else yield malformed([...subject.faults, ...(read.faults ?? [])], trace);
  }
}

/** What a message presents of its subject, or why that cannot be read. */
type ReadSubject =
  | { readonly presented: Presented; readonly faults: readonly [] }
  | { readonly presented?: undefined; readonly faults: readonly ShapeFault[] };

function subjectIn(members: Members): ReadSubject {
  const read = conform(whom, members);
  return read.faults === undefined ? { presented: presentedOf(read.value.subject), faults: [] } : read;
}

function malformed(faults: readonly ShapeFault[], trace: string | undefined): Question {
  return { kind: 'malformed', faults: faults.map(faultOf), trace };
}

function questionIn(members: Members, trace: string | undefined): Question {
  const read = conforming(evaluation, members);
  return questionOf(read, presentedOf(read.subject), trace);
}

/**
 * An item with what the top of the message says for all. A member that an item has replaces the whole of it, so that no
 * property leaks into another entity; only a required name that is missing in it is taken over.
 */
function withDefaults(item: unknown, top: Members): unknown {
  if (!isMap(item)) return item;
  const merged: { [member: string]: Json } = Object.create(null);
  for (const member of ['subject', 'action', 'resource', 'context'] as const) {
    const value = item[member] ?? top[member];
    if (value === undefined) continue;
    merged[member] = member === 'context' ? value : withRequired(value, top[member], REQUIRED_MEMBERS[member]);
  }
  return merged;
}

function withRequired(entity: Json, standard: Json | undefined, required: readonly string[]): Json {
  if (!isMap(entity) || !isMap(standard) || entity === standard) return entity;
  const missing = required.filter((name) => entity[name] === undefined && standard[name] !== undefined);
  return missing.length === 0
    ? entity
    : { ...entity, ...Object.fromEntries(missing.map((name) => [name, standard[name]!])) };
}

function isMap(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function faultOf({
  path,
  message,
}: {
  readonly path: readonly (string | number)[];
  readonly message: string;
}): RequestFault {
  return { pointer: path.map((step) => `/${step}`).join(''), message };
}

function sentenceOf(faults: readonly RequestFault[]): string {
  return faults.map(({ pointer, message }) => (pointer === '' ? message : `${pointer}: ${message}`)).join('; ');
}
