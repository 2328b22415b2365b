import fc from 'fast-check';
import { offsetsIn, type Part, type Path, readYaml } from './yaml.js';

const word = fc.oneof(
  fc.constantFrom('', 'a', 'yes', '1', '~', '<<', '*a', '#', ': ', '\\', '"', '\u0085', '\u2028', '\ufeff', 'é', '🙂'),
  fc.string({ unit: 'grapheme', maxLength: 6 }),
);
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    word,
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(word, tie('tree'), { maxKeys: 4, noNullPrototype: true }),
  ),
}));

describe('a document written as JSON', () => {
  it('is read by the JSON reader as the YAML library reads it', () =>
    fc.assert(
      fc.property(fc.dictionary(word, tree, { noNullPrototype: true }), fc.boolean(), (value, isSpread) => {
        const text = JSON.stringify(value, null, isSpread ? 2 : 0);
        const strictly = readYaml(text);
        // Behind a remark it is JSON no more.
        const loosely = readYaml(`# remark\n${text}`);
        // JSON may hold characters that YAML leaves out: what is stored is JSON, and escapes are written out there.
        if (/[\u007f\ufeff\ufffe\uffff]/.test(text)) {
          expect(loosely.faults).toMatchObject([{ message: expect.stringContaining('may not stand') }]);
          if (strictly.faults.length === 0) expect(JSON.stringify(strictly.value)).toBe(JSON.stringify(value));
          else expect(strictly.faults[0]?.message).not.toContain('may not stand');
          return;
        }
        // Of several faults the JSON reader gives the first.
        expect(loosely.faults[0]?.code).toBe(strictly.faults[0]?.code);
        if (strictly.faults.length > 0) return;
        expect(loosely.value).toEqual(strictly.value);
        expect(JSON.stringify(strictly.value)).toBe(JSON.stringify(value));
      }),
      { numRuns: Number(process.env['DHARMA_TEST_RUNS'] ?? 300) },
    ));

  it.each([
    ['behind a marker', '---\n{ "a": 12345678901234567890 }\n', 11],
    ['behind a marker on its line', '--- { "a": 12345678901234567890 }\n', 11],
    ['alone', '{ "a": 12345678901234567890 }\n', 7],
  ])('has its faults where they are written, %s', (_, text, offset) => {
    expect(readYaml(text).faults).toMatchObject([{ code: 'number-out-of-range', offset }]);
  });

  it('may hold more values than YAML has tokens', () => {
    const text = `---\n${JSON.stringify({ a: Array.from({ length: 150_000 }, () => 1) })}\n`;
    expect(readYaml(text).faults).toEqual([]);
    expect(readYaml(text.replace('---', '#')).faults).toMatchObject([{ code: 'too-large' }]);
  });

  it('is none where a marker has no space behind it', () => {
    expect(readYaml('---{ "a": 1 }\n').value).toEqual({ '---{ "a"': '1 }' });
  });
});

describe('a place in a document', () => {
  const block = `# remark
kind: x
spec:
  rules:
    - id: a
      who: { roles: [reader, "wri"] }
    - { id: b }
  empty:
`;
  const json = '{ "kind": "x",\n "spec": { "rules": [{ "id": "a" }] } }\n';

  it.each<[string, string, Path, Part, string]>([
    ['the whole', block, [], 'value', 'kind: x'],
    ['an item', block, ['spec', 'rules', 0], 'value', 'id: a'],
    ['an item in braces', block, ['spec', 'rules', 0, 'who', 'roles', 1], 'value', '"wri"] }'],
    ['a name', block, ['spec', 'rules', 0, 'who'], 'name', 'who: { roles: [reader, "wri"] }'],
    ['a value', block, ['spec', 'rules', 1, 'id'], 'value', 'b }'],
    ['what is not written: around it', block, ['spec', 'rules', 1, 'missing'], 'value', '{ id: b }'],
    ['behind a marker', `---\n${block}`, ['kind'], 'name', 'kind: x'],
    ['a value in JSON', json, ['spec', 'rules', 0, 'id'], 'value', '"a" }] } }'],
    ['a name in JSON', json, ['spec'], 'name', '"spec": { "rules": [{ "id": "a" }] } }'],
  ])('is where it is written: %s', (_, text, path, part, line) => {
    expect(text.slice(offsetsIn(text)(path, part)).split('\n')[0]).toBe(line);
  });

  it('is on the line of the name where a value is left out', () => {
    const offset = offsetsIn(block)(['spec', 'empty'], 'value');
    expect(block.slice(0, offset).split('\n').at(-1)).toMatch(/^ {2}empty:|^ {2}$/);
  });
});

it('says the same of thousands of misplaced tokens as of a few', () => {
  const told = (count: number) => readYaml(`a: [{ b: 1 }]\n${' }] }]\n'.repeat(count)}`).faults;
  expect(told(3)).toHaveLength(1);
  expect(told(10_000)).toEqual(told(3));
});
