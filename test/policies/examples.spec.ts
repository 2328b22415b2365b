/** Every policy set that the repository ships is valid, free of warnings, in canonical form, and passes its own tests. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { compile, decide } from '#engine';
import { format, lint, loadBundle, readFolder, runTests } from '#policy';

const root = join(import.meta.dirname, '../../policies');
const folders = readdirSync(root, { withFileTypes: true, recursive: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.yaml'))
  .map((entry) => entry.parentPath.slice(root.length + 1).replaceAll('\\', '/'));
const sets = [...new Set(folders)].sort();

const LEAST_CASES: { readonly [set: string]: number } = {
  'examples/authzen': 15,
  'examples/authzen-certification': 9,
  'examples/healthcare': 15,
  'examples/retail': 15,
  'examples/travel': 15,
  quickstart: 3,
};

it('finds the sets that the documentation names', () => expect(sets).toEqual(Object.keys(LEAST_CASES)));

describe.each(sets)('%s', (set) => {
  it('is valid, without a warning', async () => {
    const bundle = loadBundle(await readFolder(join(root, set)));
    expect(bundle.faults).toEqual([]);
    expect(lint(bundle)).toEqual([]);
  });

  it('is in canonical form', async () => {
    for (const source of await readFolder(join(root, set))) expect(format(source)).toEqual({ text: source.text });
  });

  it('passes its own tests', async () => {
    const bundle = loadBundle(await readFolder(join(root, set)));
    const snapshot = compile(bundle.world!);
    const results = runTests(bundle, (request) => decide(snapshot, request), Date.now());
    expect(results.filter(({ passed }) => !passed)).toEqual([]);
    expect(results.length).toBeGreaterThanOrEqual(LEAST_CASES[set]!);
    const cases = results.filter((result) => result.kind === 'case');
    const denials = cases.filter(({ actual }) => actual.decision === 'deny');
    expect(denials.length).toBeGreaterThanOrEqual(cases.length / 3);
  });
});

it('is the set that the first page of the README shows', () => {
  const readme = readFileSync(join(root, '../README.md'), 'utf8');
  const shown = /```yaml\n([\s\S]*?)```/.exec(readme)![1]!;
  expect(shown).toBe(readFileSync(join(root, 'quickstart/shop.yaml'), 'utf8'));
});
