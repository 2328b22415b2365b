import { BundleLoader, loadBundle, loadPart } from './load.js';
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

describe('a part of a set', () => {
  const service = (spec: string) => `apiVersion: dharma/v1\nkind: Service\nmetadata: { name: till }\nspec: ${spec}\n`;
  const MEMBER = '{ domains: [a.b], hosts: [till.example], endpoints: [{ name: pay, operations: [{ path: /pay }] }] }';

  it.each`
    because                                            | text                                                                               | elsewhere                                                        | codes
    ${'the parent of a domain may be in another file'} | ${domain('a.b')}                                                                   | ${['domain a']}                                                  | ${[]}
    ${'so may all that it names'}                      | ${domain('a', '{ trust: [mesh], boundary: ["pay/*", shop/read], overlaps: [b] }')} | ${['domain b', 'mechanism mesh', 'service pay', 'service shop']} | ${[]}
    ${'an endpoint is where its service is'}           | ${`${domain('a.b', '{ boundary: [till/pya] }')}---\n${service(MEMBER)}`}           | ${['domain a']}                                                  | ${['unknown-endpoint']}
    ${'what is wrong by itself is wrong'}              | ${domain('a.b', '{ egress: shut }')}                                               | ${[]}                                                            | ${['invalid-value']}
    ${'what is wrong among its documents is wrong'}    | ${`${domain('a')}---\n${domain('a')}`}                                             | ${[]}                                                            | ${['duplicate-document']}
    ${'a whole set is a part, too'}                    | ${`${domain('a')}---\n${domain('a.b')}---\n${service(MEMBER)}`}                    | ${[]}                                                            | ${[]}
  `('is judged by itself: $because', ({ text, elsewhere, codes }) => {
    const part = loadPart([{ file: 'a.yaml', text }]);
    expect({ elsewhere: part.elsewhere, codes: part.faults.map(({ code }) => code) }).toEqual({ elsewhere, codes });
  });
});
