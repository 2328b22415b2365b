import fc from 'fast-check';
import { Document, visit } from 'yaml';

const word = fc.oneof(
  fc.constantFrom(
    'yes',
    'null',
    '~',
    '1',
    '1.0',
    '0x1f',
    '.5',
    '-',
    '- a',
    'a: b',
    'a #b',
    '#a',
    '"',
    "'",
    `'"`,
    '*a',
    '&a',
    '!a',
    '%a',
    '@a',
    '`a',
    '[',
    '{',
    '{}',
    ',',
    'a,b',
    ' a',
    'a ',
    '',
    '\n',
    'a\n',
    'a\nb',
    ' a\nb\n',
    'a\n\n',
    'a\n\n b',
    'é',
    '\u2028',
    '\u0085',
    '---',
    '...',
    '<<',
    '?',
    '? a',
    ':',
    'a:',
    '|',
    '>',
    '\\',
    '\t',
    'a\tb',
    '2026-01-01T00:00:00Z',
    '-0',
    '1e3',
    '${principal.id}',
    '🙂',
    '\u007f',
    '\ufeff',
  ),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.string({ unit: fc.constantFrom('a', 'b', ' ', '\n', ':', '#', '-', '"', "'", '{', ']', ','), maxLength: 10 }),
);
const leaf = fc.oneof(
  word,
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
);
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(word, tie('tree'), { maxKeys: 4, noNullPrototype: true }),
  ),
}));
/** A request in any order, sound or not. */
const question = fc.record(
  {
    headers: tree,
    evidence: fc.array(
      fc.record({ subject: word, claims: tree, mechanism: word, role: fc.constant('access') }, { requiredKeys: [] }),
      { maxLength: 2 },
    ),
    target: fc.record(
      { path: word, method: word, host: word, endpoint: word, action: tree, topic: word },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
);
const values = fc.record(
  {
    kind: fc.constantFrom('Domain', 'Service', 'Policy', 'Test', 'Unknown'),
    apiVersion: fc.constant('dharma/v1'),
    spec: fc.oneof(
      tree,
      fc.record(
        {
          rules: fc.array(fc.record({ what: tree, who: tree, id: word, effect: word }, { requiredKeys: [] }), {
            maxLength: 3,
          }),
          boundary: fc.array(word),
          mechanisms: tree,
          cases: fc.array(fc.record({ expect: tree, request: question }, { requiredKeys: [] }), { maxLength: 2 }),
        },
        { requiredKeys: [] },
      ),
    ),
    metadata: fc.record({ labels: tree, name: word, description: word }, { requiredKeys: ['name'] }),
    extra: tree,
  },
  { requiredKeys: ['kind', 'spec'] },
);

/** The same value, written one of many ways, remarks and blank lines anywhere. */
export const writtenDocument = fc
  .tuple(
    values,
    fc.infiniteStream(fc.nat({ max: 11 })),
    fc.constantFrom(0, 40, 80),
    fc.constantFrom<boolean | null>(true, false, null),
  )
  .map(([value, stream, lineWidth, singleQuote]) => {
    const next = (): number => stream.next().value as number;
    const document = new Document(value);
    visit(document, {
      Collection: (_, node) => {
        if (next() < 3) node.flow = true;
      },
      Scalar: (key, node) => {
        const choice = next();
        if (key !== 'key' && choice === 0) node.comment = ' behind';
        if (choice === 1) node.commentBefore = ' before';
        if (choice === 2) node.spaceBefore = true;
        if (choice === 3) node.commentBefore = ' one\n\n two';
        if (key !== 'key' && choice === 4) node.comment = ' behind\n and below';
      },
      Map: (_, node) => {
        const choice = next();
        if (choice === 0) node.comment = ' at the end';
        if (choice === 1) node.commentBefore = ' at the start';
        if (next() < 3) node.flow = true;
      },
      Seq: (_, node) => {
        const choice = next();
        if (choice === 0) node.comment = ' at the end';
        if (choice === 1) node.commentBefore = ' at the start';
        if (next() < 3) node.flow = true;
      },
    });
    if (next() === 0) document.commentBefore = ' header';
    if (next() === 0) document.comment = ' footer';
    return document.toString({ lineWidth, singleQuote, collectionStyle: 'any' });
  });
