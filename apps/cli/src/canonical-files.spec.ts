import { canonicalFiles, isCanonicalPlace } from './canonical-files.js';

const domain = (name: string) => ({
  kind: 'Domain' as const,
  name,
  text: `{ "apiVersion": "dharma/v1", "kind": "Domain", "metadata": { "name": "${name}" }, "spec": {} }`,
});

describe('canonicalFiles', () => {
  it.each`
    because                                 | name           | file
    ${'a document has its name'}            | ${'acme.shop'} | ${'domains/acme.shop.yaml'}
    ${'a device of Windows is no file'}     | ${'nul'}       | ${'domains/_nul.yaml'}
    ${'whatever comes behind it'}           | ${'com1.shop'} | ${'domains/_com1.shop.yaml'}
    ${'a name that begins like one is one'} | ${'console'}   | ${'domains/console.yaml'}
  `('$because: $file', ({ name, file }) => {
    const [made] = canonicalFiles([domain(name)]);
    expect(made).toEqual({
      file,
      text: `apiVersion: dharma/v1\nkind: Domain\nmetadata: { name: ${name} }\nspec: {}\n`,
    });
    expect(isCanonicalPlace(made!.file)).toBe(true);
  });

  it.each([['..'], ['a/b'], ['../a'], ['a..b'], ['A'], [''], ['.a'], ['a\nb'], ['a\\b']])(
    'makes no file of %j',
    (name) => {
      expect(() => canonicalFiles([domain(name)])).toThrow('makes no file name');
    },
  );

  it.each([['shop.yaml'], ['domains/shop.yml'], ['domains/a/b.yaml'], ['other/shop.yaml'], ['domains/.a.yaml']])(
    'does not take %s for one of ours',
    (file) => {
      expect(isCanonicalPlace(file)).toBe(false);
    },
  );
});
