import { BundleLoader, loadBundle } from './load.js';
import type { SourceFile } from './source.js';

const domain = (name: string, spec = '{}') =>
  `apiVersion: dharma/v1\nkind: Domain\nmetadata: { name: ${name} }\nspec: ${spec}\n`;

function judged(files: readonly SourceFile[], bundle = loadBundle(files)) {
  return { world: bundle.world, faults: bundle.faults, places: bundle.documents.map(({ at }) => at) };
}

describe('a loader of one set after another', () => {
  const sets: readonly (readonly [string, readonly SourceFile[]])[] = [
    ['the first', [{ file: 'a.yaml', text: `${domain('a')}---\n${domain('b')}` }]],
    ['the same in other places', [{ file: 'x.yaml', text: `# moved\n---\n${domain('b')}---\n${domain('a')}` }]],
    ['one changed', [{ file: 'a.yaml', text: `${domain('a', '{ egress: closed }')}---\n${domain('b')}` }]],
    [
      'one twice',
      [
        { file: 'a.yaml', text: domain('a') },
        { file: 'b.yaml', text: domain('a') },
      ],
    ],
    ['a fault', [{ file: 'a.yaml', text: domain('a', '{ egress: shut }') }]],
    ['the fault again, elsewhere', [{ file: 'b.yaml', text: `\n# below\n---\n${domain('a', '{ egress: shut }')}` }]],
    ['nothing', []],
    ['the first again', [{ file: 'a.yaml', text: `${domain('a')}---\n${domain('b')}` }]],
  ];

  it('says of each what loading it by itself says', () => {
    const loader = new BundleLoader();
    for (const [what, files] of sets) {
      expect([what, judged(files, loader.load(files))]).toEqual([what, judged(files)]);
    }
  });

  it('reads no document again that the set before had', () => {
    const loader = new BundleLoader();
    const files = [{ file: 'a.yaml', text: domain('a') }];
    const [first] = loader.load(files).documents;
    expect(loader.load(files).documents[0]!.document).toBe(first!.document);
    // Nor one that begins with what this one knows.
    expect(new BundleLoader(loader).load(files).documents[0]!.document).toBe(first!.document);
    loader.load([]);
    expect(loader.load(files).documents[0]!.document).not.toBe(first!.document);
  });
});
