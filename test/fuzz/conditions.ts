/** Conditions: parsed or refused, evaluated within their steps, and always to the same. */
import fc from 'fast-check';
import { type ConditionInput, type ParsedCondition, parseCondition, ROOTS } from '#cel';
import { compile } from '../../libs/cel/src/compile.js';
import { mutated, piecesOf } from './mutation.js';
import { type FuzzTarget, insist, shownText } from './target.js';

/** What an evaluation may take; see libs/cel/src/condition.ts. */
const STEPS = 10_000;
const LIMIT = 4200;

const SOURCES = [
  'request.params.customerId == principal.id && principal.claims.tier == "gold"',
  'has(resource.attributes) && has(resource.attributes.seal) && !("officer" in principal.roles)',
  '!has(attributes.country) || attributes.country in ["XA", "XB"]',
  'attributes.level + 1 == 8 && attributes.level * 2 - 3 / 1 % 5 > 0',
  'cidr("10.0.0.0/8").containsIP(attributes.address)',
  'attributes.code.matches("^(a+)+$") || attributes.code.contains("aa")',
  'request.query.q == ["a b", "c"] && request.headers["accept-language"].startsWith("pt")',
  'request.time < timestamp("2030-01-01T00:00:00Z") + duration("1h30m")',
  'request.time.getHours("Europe/Lisbon") < 18 && request.time.getFullYear() == 2026',
  'attributes.list.exists(x, x == 3) && attributes.list.all(x, x < 4000)',
  'attributes.list.map(x, x * 2).filter(x, x > 3).size() > 0 && attributes.list.exists_one(x, x == 1)',
  'attributes.list.exists(x, attributes.list.exists(y, x == y && x > 2990))',
  'cel.bind(v, attributes.code + attributes.code, v + v == v || size(v) > 1)',
  'size(attributes.code) > 3 ? attributes.level == 1 : attributes.level == 2',
  '{"a": 1, "b": [1, 2u, 3.0, b"x", null]}["a"] == 1',
  'attributes.?missing.orValue("x") == "x" && string(1) + "a" == "1a"',
  'attributes.code.split("a").size() > 1 && attributes.code.replace("a", "b") != ""',
  'type(attributes.level) == int && double("1e3") == 1000.0 && int("7") == 7 && dyn(1) == 1',
];
const PIECES = piecesOf('conditions');

function inputWith(attributes: ConditionInput['attributes']): ConditionInput {
  return {
    ...(Object.fromEntries(ROOTS.map((name) => [name, {}])) as unknown as ConditionInput),
    request: { method: 'GET', params: { customerId: '7' }, query: { q: ['a b', 'c'] }, headers: {}, time: new Date(0) },
    principal: { id: '7', roles: ['officer'], claims: { tier: 'gold' } },
    attributes,
  };
}

const INPUTS: readonly ConditionInput[] = [
  inputWith({}),
  inputWith({ level: 7, code: 'aaa', list: [1, 2, 3], address: '10.1.2.3', country: 'XA' }),
  inputWith({
    level: 1,
    code: 'a'.repeat(8192),
    list: Array.from({ length: 3000 }, (_, index) => index),
    address: 'é',
  }),
];

interface Input {
  readonly source: string;
  /** Which of the inputs it is evaluated on. */
  readonly on: number;
}

interface Output {
  readonly parsed: ParsedCondition;
  readonly result: boolean | undefined;
}

function evaluated({ source, on }: Input): Output {
  const parsed = parseCondition(source);
  return { parsed, result: 'condition' in parsed ? parsed.condition.evaluate(INPUTS[on]!) : undefined };
}

export const conditions: FuzzTarget<Input, Output> = {
  name: 'conditions',
  inputs: fc.record({ source: mutated(SOURCES, PIECES, LIMIT), on: fc.nat(INPUTS.length - 1) }),
  exercise: evaluated,
  judge(input, { parsed, result }) {
    if (!('condition' in parsed)) return insist(parsed.faults.length > 0, 'it is refused without a fault');
    insist(Buffer.byteLength(input.source) <= 4096, 'a condition is longer than 4 KiB');
    insist(evaluated(input).result === result, 'it is evaluated to something else the second time');
    const run = { input: INPUTS[input.on]!, steps: STEPS, locals: [] };
    const value = compile(parsed.condition.ast, ROOTS).program(run);
    const expected = run.steps >= 0 && typeof value === 'boolean' ? value : undefined;
    insist(expected === result, 'it is evaluated beyond its steps');
  },
  show: ({ source, on }) => `${shownText(source)} on input ${on}`,
};
