import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { parseDocument, stringify } from 'yaml';
import { offsetsIn } from './yaml.js';
import { readPlainYaml } from './plain-yaml.js';

const WORLD = readFileSync(new URL('../../../test/vectors/worked-examples/world.yaml', import.meta.url), 'utf8');
const RUNS = Number(process.env['DHARMA_TEST_RUNS'] ?? 500);

/** What a whole YAML reader says; `undefined` when it complains. */
function wholeReader(text: string): unknown {
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    uniqueKeys: true,
    strict: true,
    stringKeys: true,
  });
  return document.errors.length + document.warnings.length > 0 ? undefined : document.toJS();
}

function agrees(text: string): boolean {
  const plainly = readPlainYaml(text);
  if (plainly === undefined) return false;
  expect({ text, value: JSON.parse(JSON.stringify(plainly)) as unknown }).toEqual({ text, value: wholeReader(text) });
  return true;
}

const piece = fc.constantFrom(
  'a',
  'b:',
  ' b: ',
  'c: 1',
  'key',
  ': ',
  ':',
  ' ',
  '  ',
  '    ',
  '\n',
  '\n  ',
  '\n    ',
  '\n- ',
  '\n  - ',
  '- ',
  '-',
  '{',
  '}',
  '[',
  ']',
  '{ ',
  ' }',
  ', ',
  ',',
  '"',
  "'",
  '"x"',
  "'y'",
  '"\\n"',
  '\\',
  '#',
  ' # r',
  '\n# r\n',
  '\n  # r\n',
  'true',
  'null',
  'yes',
  '~',
  '12',
  '007',
  '1.5',
  '1e3',
  '0x1f',
  '10.0.0.1',
  '2026-01-01',
  '2026-01-01T00:00:00Z',
  '-1',
  '+1',
  '.5',
  '&a',
  '*a',
  '!t',
  '|',
  '>',
  '?',
  '? ',
  '%',
  '@',
  '`',
  '---',
  '...',
  '<<: ',
  'http://x/y',
  'a b',
  'é',
  '/p/{x}',
  '$',
  '(',
  '""',
  "''",
  '{}',
  '[]',
  'a:',
  '"a":',
  '"a": ',
  "'a': ",
  'k: v\n',
);
const scribble = fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join(''));

const word = fc.oneof(
  fc.constantFrom(
    'a',
    'b-c',
    'yes',
    'true',
    '1',
    '1.5',
    '',
    'x y',
    'a: b',
    '#',
    "it's",
    '"',
    '10.0.0.0/8',
    'http://x',
    '*',
    '[a]',
    '\\',
    'é',
  ),
  fc.string({ maxLength: 6 }),
);
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    word,
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(word, tie('tree'), { maxKeys: 4, noNullPrototype: true }),
  ),
}));
const printed = fc
  .tuple(tree, fc.constantFrom<'any' | 'block' | 'flow'>('any', 'block', 'flow'), fc.boolean())
  .map(([value, collectionStyle, indentSeq]) => stringify(value, { collectionStyle, indentSeq, lineWidth: 0 }));
/** A sound text with one piece put in, or one character taken out. */
const damaged = fc
  .tuple(fc.oneof(printed, fc.constant(WORLD.split('---\n')[1]!)), piece, fc.nat(), fc.boolean())
  .map(([text, added, where, takesOut]) => {
    const at = where % (text.length + 1);
    return text.slice(0, at) + (takesOut ? '' : added) + text.slice(takesOut ? at + 1 : at);
  });

describe('the reader of plain documents', () => {
  it('agrees with a whole reader on scribbles', () =>
    fc.assert(
      fc.property(scribble, (text) => void agrees(text)),
      { numRuns: RUNS * 10 },
    ));
  it('agrees with a whole reader on printed values', () =>
    fc.assert(
      fc.property(printed, (text) => void agrees(text)),
      { numRuns: RUNS },
    ));
  it('agrees with a whole reader on damaged texts', () =>
    fc.assert(
      fc.property(damaged, (text) => void agrees(text)),
      { numRuns: RUNS },
    ));

  it('reads the worked examples without help', () => {
    for (const document of WORLD.split(/^---\n/m)) expect(agrees(document)).toBe(true);
  });

  it.each([
    ['a text over two lines', 'a: b\n  c\n'],
    ['a list in a list on one line', '- - a\n'],
    ['braces over two lines', 'a: [b,\n  c]\n'],
    ['a member given twice', 'a: 1\na: 2\n'],
    ['an anchor', 'a: &b c\n'],
    ['a tag', 'a: !b c\n'],
    ['an alias', 'a: *b\n'],
    ['a merge key', '<<: a\n'],
    ['a number with a fraction', 'a: 1.5\n'],
    ['a tab', 'a:\tb\n'],
    ['a block of text', 'a: |\n  b\n'],
    ['a member name that is nothing', 'null: a\n'],
    ['a member deeper than its siblings', 'a: 1\n b: 2\n'],
    ['a dash beside members', 'a: 1\n- b\n'],
  ])('leaves %s to others', (_, text) => expect(readPlainYaml(text)).toBeUndefined());

  it('knows where things are written', () => {
    const text =
      '# remark\nkind: x\nspec:\n  rules:\n    - id: a\n      who: { roles: [reader, "wri"] }\n    - { id: b }\n  empty:\n';
    const at = offsetsIn(text);
    const from = (path: readonly (string | number)[], part: 'name' | 'value' = 'value'): string =>
      text.slice(at(path, part)).split('\n')[0]!;
    expect(from([])).toBe('kind: x');
    expect(from(['spec', 'rules', 0])).toBe('id: a');
    expect(from(['spec', 'rules', 0, 'who', 'roles', 1])).toBe('"wri"] }');
    expect(from(['spec', 'rules', 0, 'who'], 'name')).toBe('who: { roles: [reader, "wri"] }');
    expect(from(['spec', 'rules', 1, 'id'])).toBe('b }');
    expect(from(['spec', 'rules', 1, 'missing'])).toBe('{ id: b }');
    expect(from(['spec', 'empty'])).toBe('empty:');
  });

  it.each([
    ['spaces', `a: b${' '.repeat(1_000_000)}c\n`],
    ['quotes', `a: '${"''".repeat(500_000)}'\n`],
    ['escapes', `a: "${'\\"'.repeat(500_000)}"\n`],
    ['blank lines', `a: b\n${' \n'.repeat(500_000)}`],
    ['dashes', `${'- a\n'.repeat(250_000)}`],
    ['braces', `a: [${'{}, '.repeat(250_000)}{}]\n`],
    ['hashes', `a: b${' #'.repeat(500_000)}\n`],
  ])('takes time in proportion: a mebibyte of %s', (_, text) => {
    const start = performance.now();
    readPlainYaml(text);
    expect(performance.now() - start).toBeLessThan(500);
  });
});
