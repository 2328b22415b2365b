import { type ConditionInput, parseCondition } from './index.js';

function inputWith(attributes: { readonly [member: string]: unknown }): ConditionInput {
  const roots = ['request', 'actor', 'principal', 'resource', 'action', 'target', 'claimed', 'context'];
  return { ...Object.fromEntries(roots.map((root) => [root, {}])), attributes } as unknown as ConditionInput;
}

const MANY = Array.from({ length: 3000 }, (_, index) => index);
const LONG = 'a'.repeat(8192);
function nested(levels: number): unknown {
  let value: unknown = [];
  for (let level = 0; level < levels; level++) value = [value];
  return value;
}
/** `cel.bind(b, a + a, cel.bind(c, b + b, …))`: doubles at every level. */
function doubling(first: string, levels: number, last: (name: string) => string): string {
  const name = (level: number): string => `v${level}`;
  let body = last(name(levels));
  for (let level = levels; level > 0; level--)
    body = `cel.bind(${name(level)}, ${name(level - 1)} + ${name(level - 1)}, ${body})`;
  return `cel.bind(${name(0)}, ${first}, ${body})`;
}

const SOON_MILLISECONDS = 50;

/** Processor time of the best of up to nine runs, so that neither compiling nor a busy machine counts. */
function milliseconds(work: () => unknown): number {
  let best = Infinity;
  for (let run = 0; run < 9 && (run < 3 || best >= SOON_MILLISECONDS); run += 1) {
    const start = process.cpuUsage();
    work();
    best = Math.min(best, process.cpuUsage(start).user / 1000);
  }
  return best;
}

describe('what one evaluation may cost', () => {
  const bombs: readonly [name: string, source: string, data: { readonly [member: string]: unknown }][] = [
    [
      'nested macros',
      'attributes.many.all(a, attributes.many.all(b, attributes.many.all(c, a + b + c >= 0)))',
      { many: MANY },
    ],
    ['a macro of errors', 'attributes.many.exists(a, attributes.many.exists(b, a.none == b.none))', { many: MANY }],
    ['an absorbed overrun', 'attributes.many.all(a, attributes.many.all(b, a + b >= 0)) || true', { many: MANY }],
    ['an overrun that all absorbs', '[1, 2].all(x, attributes.many.all(b, b + 1 > b) || true)', { many: MANY }],
    [
      'an overrun behind not and optionals',
      '!(attributes.many.map(a, attributes.many.map(b, a)).size() == 0 && false)',
      { many: MANY },
    ],
    ['texts that double', doubling('"aaaaaaaa"', 26, (name) => `size(${name}) >= 0 || true`), {}],
    ['lists that double', doubling('[1, 2]', 26, (name) => `size(${name}) >= 0 || true`), {}],
    [
      'lists of lists that double',
      `attributes.many.map(a, [a, a]).map(a, [a, a]).map(a, [a, a]) == [] || true`,
      { many: MANY },
    ],
    [
      'a text made in a macro',
      `attributes.many.map(a, attributes.long + attributes.long + attributes.long).size() > 0 || true`,
      { many: MANY, long: LONG },
    ],
    [
      'texts cut in pieces',
      `attributes.many.map(a, attributes.long.split("")).size() > 0 || true`,
      { many: MANY, long: LONG },
    ],
    [
      'texts searched',
      `attributes.many.exists(a, attributes.long.contains("${'a'.repeat(1000)}b")) || true`,
      { many: MANY, long: LONG },
    ],
    [
      'patterns of the request',
      'attributes.many.exists(a, "x".matches(attributes.long.substring(0, 500) + string(a))) || true',
      { many: MANY, long: LONG },
    ],
    ['time zones', 'attributes.many.exists(a, timestamp(a).getHours("Europe/Berlin") > 24) || true', { many: MANY }],
    ['a large program over a long text', 'attributes.long.matches("(a?){100}a{100}b") || true', { long: LONG }],
    [
      'a long list compared with itself',
      'attributes.list == attributes.other || true',
      { list: Array(100_000).fill(1), other: Array(100_000).fill(1) },
    ],
    [
      'a large map walked',
      'attributes.map.all(k, k != "") || true',
      {
        map: Object.fromEntries(
          MANY.flatMap((n) => [
            [`a${n}`, n],
            [`b${n}`, n],
            [`c${n}`, n],
            [`d${n}`, n],
          ]),
        ),
      },
    ],
  ];

  it.each(bombs)('%s: over budget whatever absorbs it, and soon', (_name, source, data) => {
    const parsed = parseCondition(source);
    if ('faults' in parsed) throw new Error(JSON.stringify(parsed.faults));
    const input = inputWith(data);
    expect(milliseconds(() => parsed.condition.evaluate(input))).toBeLessThan(SOON_MILLISECONDS);
    expect(parsed.condition.evaluate(input)).toBeUndefined();
  });

  it.each<[name: string, source: string, data: { readonly [member: string]: unknown }, expected: boolean | undefined]>([
    ['catastrophic backtracking', 'attributes.text.matches("(a+)+$")', { text: `${LONG}!` }, false],
    [
      'the same, from the request',
      'attributes.text.matches(attributes.pattern)',
      { text: 'a'.repeat(1000) + '!', pattern: '(a+)+$' },
      false,
    ],
    [
      'a pattern that is too long',
      'attributes.text.matches(attributes.pattern)',
      { text: 'a', pattern: 'a'.repeat(1025) },
      undefined,
    ],
    ['a duration of digits', 'duration(attributes.text) > duration("1s")', { text: '1'.repeat(100_000) }, undefined],
    ['a time of digits', 'timestamp(attributes.text) > timestamp(0)', { text: '1'.repeat(100_000) }, undefined],
    ['a number of digits', 'double(attributes.text) > 1.0', { text: '1'.repeat(100_000) }, undefined],
    [
      'data nested a hundred thousand deep',
      'attributes.one == attributes.other',
      { one: nested(100_000), other: nested(100_000) },
      undefined,
    ],
  ])('%s takes no time', (_name, source, data, expected) => {
    const parsed = parseCondition(source);
    if ('faults' in parsed) throw new Error(JSON.stringify(parsed.faults));
    const input = inputWith(data);
    expect(milliseconds(() => parsed.condition.evaluate(input))).toBeLessThan(SOON_MILLISECONDS);
    expect(parsed.condition.evaluate(input)).toBe(expected);
  });

  it('the budget is for one evaluation, not for all', () => {
    const parsed = parseCondition('attributes.many.all(a, a >= 0)');
    if ('faults' in parsed) throw new Error(JSON.stringify(parsed.faults));
    const [within, beyond] = [inputWith({ many: MANY.slice(0, 2000) }), inputWith({ many: [...MANY, ...MANY] })];
    expect([within, beyond, within].map((input) => parsed.condition.evaluate(input))).toEqual([true, undefined, true]);
  });
});

describe('what a condition may be', () => {
  it.each<[name: string, source: string]>([
    ['parentheses', '('.repeat(100_000)],
    ['parentheses within 4 KiB', '('.repeat(2000) + 'true' + ')'.repeat(2000)],
    ['negations', '!'.repeat(4000) + 'true'],
    ['minus signs', '-'.repeat(4000) + '1 == 1'],
    ['33 negations', '!'.repeat(33) + 'true'],
    ['brackets', '['.repeat(2000)],
    ['maps', '{1:'.repeat(1000)],
    ['members', `attributes${'.a'.repeat(2000)}`],
    ['calls', `attributes${'.size()'.repeat(500)} == 1`],
    ['ternaries', 'true ? '.repeat(500) + 'true'],
    ['5,000 characters', `true || "${'a'.repeat(5000)}" == ""`],
    ['4,097 bytes in fewer characters', `true || "${'é'.repeat(2044)}" == ""`],
    ['an unfinished escape', '"\\'],
    ['a lone surrogate', '\ud800'],
  ])('%s: refused, and soon', (_name, source) => {
    expect(milliseconds(() => parseCondition(source))).toBeLessThan(SOON_MILLISECONDS);
    const parsed = parseCondition(source);
    expect('faults' in parsed && parsed.faults.length > 0).toBe(true);
  });

  it.each<[name: string, source: string]>([
    [
      'a chain of alternatives is one level',
      Array.from({ length: 150 }, (_, n) => `attributes.n == ${n}`).join(' || '),
    ],
    [
      'a list of four hundred countries',
      `attributes.n in [${Array.from({ length: 400 }, (_, n) => `"C${n}"`).join(', ')}]`,
    ],
    ['16 levels of parentheses', `${'('.repeat(16)}attributes.n == 1${')'.repeat(16)}`],
    ['31 negations', `${'!'.repeat(31)}true`],
  ])('%s', (_name, source) => {
    expect('condition' in parseCondition(source)).toBe(true);
  });
});
