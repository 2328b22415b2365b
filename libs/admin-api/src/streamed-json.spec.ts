import fc from 'fast-check';
import { Problem } from '#problem';
import { jsonBody } from './json-body.js';
import { StreamedJson, type StreamedJsonLimits } from './streamed-json.js';
import { anyCharacter } from '../../../test/support/any-character.js';

const LARGE = { elementBytes: 100_000, documentBytes: 100_000 };
const WIDE: StreamedJsonLimits = { restBytes: 100_000, elements: 1_000, elementValues: 1_000, ...LARGE };

/** Reads bytes in chunks that end where it is said. */
function streamed(bytes: Uint8Array, cuts: readonly number[], limits = WIDE): unknown {
  const reader = new StreamedJson(limits);
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((left, right) => left - right);
  let from = 0;
  for (const to of [...places, bytes.length]) {
    reader.push(bytes.subarray(from, to));
    from = to;
  }
  return reader.end();
}

/** What it gives, or which kind of problem. */
function outcome(read: () => unknown): unknown {
  try {
    return { value: read() };
  } catch (fault) {
    if (!(fault instanceof Problem)) throw fault;
    return fault.code;
  }
}

const names = fc.constantFrom('files', 'changed', 'removed', 'bundle', 'source', 'fi\\les', '', 'constructor', 'é');
const value = fc.letrec<{ value: unknown; map: object; list: unknown[] }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(
      fc.string({ unit: anyCharacter }),
      fc.integer(),
      fc.double({ noNaN: true }),
      fc.boolean(),
      fc.constant(null),
    ),
    tie('map'),
    tie('list'),
  ),
  map: fc.dictionary(names, tie('value'), { maxKeys: 5 }),
  list: fc.array(tie('value'), { maxLength: 5 }),
}));
const spaces = fc.constantFrom(undefined, 1, '\t');
const cuts = fc.array(fc.nat(), { maxLength: 8 });
const runs = { numRuns: process.env['DHARMA_LONG'] === '1' ? 20_000 : 1_000 };

describe('a body that is read as it comes', () => {
  it('is what it is as a whole, wherever it is cut', () => {
    fc.assert(
      fc.property(fc.oneof(value.map, value.value), spaces, cuts, (body, space, at) => {
        const bytes = Buffer.from(JSON.stringify(body, null, space));
        expect(outcome(() => streamed(bytes, at))).toEqual(outcome(() => jsonBody(bytes)));
      }),
      runs,
    );
  });

  it('is refused where it is refused as a whole, whichever byte of it is another', () => {
    const odd = fc.constantFrom(...Buffer.from('{}[]",:\\ 1e-tn\u0000\n'), 0xef, 0xbb, 0xff, 0xc3);
    fc.assert(
      fc.property(value.map, spaces, cuts, fc.nat(), odd, fc.boolean(), (body, space, at, where, byte, isMore) => {
        const text = Buffer.from(JSON.stringify({ files: [body, 1, 'a', [true]], ...body }, null, space));
        const place = where % text.length;
        const bytes = Buffer.concat([
          text.subarray(0, place),
          Buffer.from([byte]),
          text.subarray(isMore ? place : place + 1),
        ]);
        const whole = outcome(() => jsonBody(bytes));
        expect(outcome(() => streamed(bytes, at))).toEqual(
          // Of two things that are wrong either may be found first.
          typeof whole === 'string' ? expect.stringMatching(/^request-(?:not-json|invalid)$/) : whole,
        );
      }),
      runs,
    );
  });

  it.each`
    because                                          | text
    ${'nothing is nothing'}                          | ${''}
    ${'a list may be empty'}                         | ${'{"files":[ ]}'}
    ${'numbers end with what is behind them'}        | ${'{"files":[1 ,2,-3e5]}'}
    ${'of a member given twice the last one counts'} | ${'{"files":[1],"files":[2]}'}
    ${'and where that is no list it is none'}        | ${'{"files":[1],"files":3}'}
    ${'a name may be written in another way'}        | ${'{"files":[1],"fi\\u006ces":[2]}'}
    ${'a list of ours in a list is none of ours'}    | ${'[{"files":[1]}]'}
    ${'nor is one further inside'}                   | ${'{"a":{"b":{"files":[1]}}}'}
    ${'a mark of the order of bytes may come first'} | ${'\ufeff{"files":[1]}'}
    ${'and nowhere else'}                            | ${'{"files":[\ufeff1]}'}
    ${'a comma may not stand first'}                 | ${'{"files":[,1]}'}
    ${'nor last'}                                    | ${'{"files":[1,]}'}
    ${'nor twice'}                                   | ${'{"files":[1,,2]}'}
    ${'two elements without one are none'}           | ${'{"files":["a""b"]}'}
    ${'a list ends as a list'}                       | ${'{"files":[1}}'}
    ${'and so does one in it'}                       | ${'{"files":[[1}]}'}
    ${'nothing stands behind a body'}                | ${'{"files":[1]}]'}
    ${'it may end too early'}                        | ${'{"files":[1'}
    ${'and in a text'}                               | ${'{"files":["a'}
    ${'half a character is none'}                    | ${'{"files":["\\ud800"]}'}
    ${'a name of JavaScript’s own is no member'}     | ${'{"files":[{"__proto__":1}]}'}
    ${'thirty-two levels are enough'}                | ${`{"files":[${'['.repeat(30)}${']'.repeat(30)}]}`}
    ${'thirty-three are too many'}                   | ${`{"files":[${'['.repeat(31)}${']'.repeat(31)}]}`}
  `('is what it is as a whole: $because', ({ text }: { readonly text: string }) => {
    const bytes = Buffer.from(text);
    const each = bytes.map((_, index) => index);
    const whole = text === '' ? { value: undefined } : outcome(() => jsonBody(bytes));
    expect([outcome(() => streamed(bytes, [])), outcome(() => streamed(bytes, [...each]))]).toEqual([whole, whole]);
  });

  it.each`
    because                                    | limits                  | text                                  | is
    ${'as many elements as may'}               | ${{ elements: 3 }}      | ${'{"files":[1,2],"removed":[3]}'}    | ${true}
    ${'one more, of whichever list'}           | ${{ elements: 2 }}      | ${'{"files":[1,2],"removed":[3]}'}    | ${false}
    ${'an element of as many values as may'}   | ${{ elementValues: 3 }} | ${'{"files":[{"a":[1,2]},[1,2,3]]}'}  | ${true}
    ${'one that is many things'}               | ${{ elementValues: 2 }} | ${'{"files":[{"a":[1,2]}]}'}          | ${false}
    ${'lists are not counted as the rest'}     | ${{ restBytes: 60 }}    | ${`{"files":["${'a'.repeat(99)}"]}`}  | ${true}
    ${'the rest is'}                           | ${{ restBytes: 60 }}    | ${`{"because":"${'a'.repeat(99)}"}`}  | ${false}
    ${'and so is a list that none of ours is'} | ${{ restBytes: 60 }}    | ${`{"others":["${'a'.repeat(99)}"]}`} | ${false}
  `('has bounds: $because', ({ limits, text, is }) => {
    const read = outcome(() => streamed(Buffer.from(text), [], { ...WIDE, ...limits }));
    expect(read).toEqual(is ? { value: JSON.parse(text) } : 'request-invalid');
  });

  const text = (...parts: readonly string[]) => JSON.stringify({ files: [{ file: 'a.yaml', text: parts.join('') }] });
  const [TEN, MORE] = ['a'.repeat(10), 'a'.repeat(15)];
  const LARGER = 'document-too-large';

  it.each`
    because                                           | body                                                       | is
    ${'as many bytes as may'}                         | ${text(TEN)}                                               | ${'read'}
    ${'more'}                                         | ${text(MORE)}                                              | ${LARGER}
    ${'what is written as two is one'}                | ${text('\n'.repeat(10))}                                   | ${'read'}
    ${'and counts'}                                   | ${text('\n'.repeat(15))}                                   | ${LARGER}
    ${'signs of two bytes are two'}                   | ${text('é'.repeat(8))}                                     | ${LARGER}
    ${'documents of one file have ten each'}          | ${text('a', '\n---\n', TEN, '\n...\n', TEN)}               | ${'read'}
    ${'the first of them'}                            | ${text(MORE, '\n---\n', TEN)}                              | ${LARGER}
    ${'and the last'}                                 | ${text(TEN, '\n---\n', MORE)}                              | ${LARGER}
    ${'whatever may part them does, however written'} | ${text(TEN).replace('"}', `\\u002d--${TEN}"}`)}            | ${'read'}
    ${'and what is behind it counts anew'}            | ${text(TEN).replace('"}', `\\u002d--${MORE}"}`)}           | ${LARGER}
    ${'other texts have the same bound'}              | ${`{"files":[{"file":"${MORE}"}]}`}                        | ${LARGER}
    ${'and the rest another'}                         | ${`{"because":"${MORE}","files":[{}]}`}                    | ${'read'}
    ${'a file of many documents has a bound as well'} | ${text(...Array.from({ length: 9 }, () => 'aaaa\n---\n'))} | ${'file-too-large'}
  `('bounds texts, wherever they are cut: $because', ({ body, is }: { readonly body: string; readonly is: string }) => {
    const limits = { ...WIDE, documentBytes: 10, elementBytes: 80 };
    const bytes = Buffer.from(body);
    const expected = is === 'read' ? { value: JSON.parse(body) } : is;
    const each = [...bytes.keys()];
    // What came as one piece is read as one, and is no longer than a piece.
    for (const at of is === 'file-too-large' ? [each] : [[], each, each.filter((place) => place % 7 === 0)])
      expect(outcome(() => streamed(bytes, at, limits))).toEqual(expected);
  });

  it('says which file and where the document begins that is too large, as soon as it is', () => {
    const reader = new StreamedJson({ ...WIDE, documentBytes: 10 });
    reader.push(Buffer.from('{"files":[{"file":"a.yaml","text":"a\\nb\\n---\\nc'));
    expect(() => reader.push(Buffer.from(MORE))).toThrow('a.yaml:3 is');
  });

  it('never refuses a file whose documents are as large as they may be', () => {
    const part = fc.constantFrom('---\n', '...\n', '\n', '\n---\n', '-', '.', 'aaaa', 'é', '\u0001', '"', '\\', '😀');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 30 }), cuts, (parts, at) => {
        const all = parts.join('');
        const documents = all.split(/^(?=---|\.\.\.)/m);
        const most = Math.max(0, ...documents.map((one) => Buffer.byteLength(one)));
        const body = Buffer.from(JSON.stringify({ files: [{ text: all }] }));
        const read = outcome(() => streamed(body, at, { ...WIDE, documentBytes: 10 }));
        if (most <= 10) expect(read).toEqual({ value: JSON.parse(body.toString()) });
        if (most > 14 && !['-', '.', '\u0001'].some((sign) => all.includes(sign)))
          expect(read).toBe('document-too-large');
      }),
      runs,
    );
  });

  it('tells of each element while the rest is on its way', () => {
    const told: unknown[] = [];
    const reader = new StreamedJson(WIDE, (element) => told.push(element));
    reader.push(Buffer.from('{"files":[{"file":"a"},{"file":'));
    expect(told).toEqual([{ file: 'a' }]);
  });
});
