/** What the pages show works, and their links lead somewhere. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { compile, decide } from '#engine';
import { loadBundle, runTests } from '#policy';

const root = join(import.meta.dirname, '../..');
const NOW = Date.parse('2026-12-24T12:00:00Z');

function textOf(page: string): string {
  return readFileSync(join(root, page), 'utf8');
}

/** The YAML blocks of a page that hold whole documents, in order. */
function blocksOf(page: string): readonly string[] {
  return [...textOf(page).matchAll(/^```yaml\n([\s\S]*?)^```/gm)]
    .map(([, text]) => text!)
    .filter((text) => text.includes('apiVersion:'));
}

/** A later document takes the place of an earlier one of the same kind and name, as it does in a reader's folder. */
function accumulate(blocks: readonly string[]): readonly string[][] {
  const folder = new Map<string, string>();
  return blocks.map((block) => {
    for (const document of block.split(/^---\n/m)) {
      const kind = /^kind: (\w+)/m.exec(document)![1]!;
      const name = /name: ([\w.-]+)/.exec(document)![1]!;
      folder.set(`${kind} ${name}`, document);
    }
    return [...folder.values()];
  });
}

describe.each(['docs/writing-policies.md', 'docs/testing-policies.md'])('the steps of %s', (page) => {
  const steps = accumulate(blocksOf(page)).map((documents, index) => ({ step: index + 1, documents }));

  it.each(steps)('step $step loads and passes all cases so far', ({ documents }) => {
    const bundle = loadBundle([{ file: page, text: documents.join('---\n') }]);
    expect(bundle.faults).toEqual([]);
    const snapshot = compile(bundle.world!);
    const results = runTests(bundle, (request) => decide(snapshot, request), NOW);
    expect(results.filter(({ passed }) => !passed)).toEqual([]);
  });

  it('has cases at its end', () => {
    const bundle = loadBundle([{ file: page, text: steps.at(-1)!.documents.join('---\n') }]);
    expect(bundle.tests.flatMap(({ cases }) => cases).length).toBeGreaterThan(2);
  });
});

const mechanismPages = readdirSync(join(root, 'docs/mechanisms')).map((name) => `docs/mechanisms/${name}`);

it.each(mechanismPages)('%s shows a set that loads, and whose cases pass', (page) => {
  const bundle = loadBundle([{ file: page, text: blocksOf(page).join('---\n') }]);
  expect(bundle.faults).toEqual([]);
  const snapshot = compile(bundle.world!);
  const results = runTests(bundle, (request) => decide(snapshot, request), NOW);
  expect(results.length).toBeGreaterThan(0);
  expect(results.filter(({ passed }) => !passed)).toEqual([]);
});

it('shows documents in docs/documents.md that load beside the quickstart', () => {
  const quickstart = textOf('policies/quickstart/shop.yaml');
  const shown = blocksOf('docs/documents.md').filter((text) => !text.includes('name: shop }'));
  const bundle = loadBundle([{ file: 'documents.md', text: [quickstart, ...shown].join('---\n') }]);
  expect(bundle.faults).toEqual([]);
  expect(shown.length).toBeGreaterThan(2);
});

const sources = new Set(
  ['apps', 'bench', 'docs/samples', 'examples', 'libs', 'scripts', 'test'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => basename(file)),
  ),
);

const pages = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name.replaceAll('\\', '/')}`),
];

it.each(pages)('%s links to pages and headings that exist', (page) => {
  const broken = [...textOf(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link]) => link!)
    .filter((link) => !/^[a-z]+:/.test(link))
    .filter((link) => {
      const [path, heading] = link.split('#', 2);
      const target = path === '' ? page : join(dirname(page), path!);
      if (!existsSync(join(root, target))) return true;
      return heading !== undefined && !headingsOf(textOf(target)).includes(heading);
    });
  expect(broken).toEqual([]);
});

it.each(pages)('%s names source files that exist', (page) => {
  const gone = [...textOf(page).matchAll(/[\w-][\w.-]*\.(?:ts|mjs)\b/g)]
    .map(([name]) => name)
    // The place of a test, not a test.
    .filter((name) => name !== 'x.spec.ts')
    .filter((name) => !sources.has(name));
  expect(gone).toEqual([]);
});

function headingsOf(text: string): readonly string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
