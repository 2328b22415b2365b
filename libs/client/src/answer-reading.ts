import type { ServerAnswer } from './decision.js';

type Test = (value: unknown) => boolean;

const isText: Test = (value) => typeof value === 'string';
const isTextOrNull: Test = (value) => value === null || typeof value === 'string';
const isCount: Test = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const listOf =
  (item: Test): Test =>
  (value) =>
    Array.isArray(value) && value.every(item);
const optional =
  (test: Test): Test =>
  (value) =>
    value === undefined || test(value);
const anything: Test = () => true;

type Obligation = ServerAnswer['obligations'][number];

/** What each kind of obligation says; of another kind nobody could know how to carry it out. */
const OBLIGATIONS: { readonly [kind in Obligation['kind']]: readonly string[] } = {
  setHeader: ['name', 'value'],
  removeHeader: ['name'],
  setQueryParameter: ['name', 'value'],
  removeQueryParameter: ['name'],
  rateLimit: ['key', 'class'],
};

const isObligation: Test = (value) => {
  if (!isMap(value) || !isText(value['rule']) || typeof value['critical'] !== 'boolean') return false;
  const { kind } = value;
  if (typeof kind !== 'string' || !Object.hasOwn(OBLIGATIONS, kind)) return false;
  return OBLIGATIONS[kind as Obligation['kind']].every((member) => isText(value[member]));
};

/** A member that is added to the answer fails to compile here. */
const MEMBERS: { readonly [member in keyof Required<ServerAnswer>]: Test } = {
  decision: (value) => value === 'allow' || value === 'deny',
  reason: isText,
  route: isTextOrNull,
  deniedAt: isTextOrNull,
  meeting: isTextOrNull,
  crossed: listOf(isText),
  rules: listOf(isText),
  obligations: listOf(isObligation),
  revision: isCount,
  ageSeconds: isCount,
  decisionId: isText,
  ttlSeconds: isCount,
  wouldDeny: optional((value) => isMap(value) && isText(value['reason']) && isTextOrNull(value['deniedAt'])),
  accepts: optional(listOf(isText)),
  detail: optional(listOf((value) => isMap(value) && isText(value['pointer']) && isText(value['message']))),
  explanation: anything,
};

/**
 * The answer that a body is, if every member is as described: half of one, or one that says things that we do not know
 * how to do, must not allow anything. Members that a later server adds are let stand.
 */
export function answerIn(body: unknown): ServerAnswer | undefined {
  if (!isMap(body)) return undefined;
  for (const member in MEMBERS) {
    const value = Object.hasOwn(body, member) ? body[member] : undefined;
    if (!MEMBERS[member as keyof ServerAnswer](value)) return undefined;
  }
  const isAllow = body['decision'] === 'allow';
  return isAllow === String(body['reason']).startsWith('ALLOW_') ? (body as unknown as ServerAnswer) : undefined;
}

/** As many answers as there were questions, each judged by itself; undefined where the body is no such list. */
export function answersIn(body: unknown, count: number): readonly (ServerAnswer | undefined)[] | undefined {
  if (!isMap(body) || !Object.hasOwn(body, 'answers')) return undefined;
  const { answers } = body;
  return Array.isArray(answers) && answers.length === count ? answers.map(answerIn) : undefined;
}

function isMap(value: unknown): value is { readonly [member: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
