/** The cases that docs/semantics.md refers to, and that it refers to nothing else. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compile, decide, specify } from '#engine';
import { loadBundle, readFolder, runTests } from '#policy';
import { loadReference } from '#reference';
import type { AccessRequest, Outcome } from '#engine';

const root = join(import.meta.dirname, '../..');
const bundle = loadBundle(await readFolder(join(root, 'test/policies/semantics')));
const now = Date.parse('2026-06-02T00:00:00Z');

it('has a valid world', () => expect(bundle.faults).toEqual([]));

describe('own cases', () => {
  const world = bundle.world!;
  const snapshot = compile(world);

  it.each([
    ['the specification', (request: AccessRequest): Outcome => specify(world, request)],
    ['the fast engine', (request: AccessRequest): Outcome => decide(snapshot, request)],
  ])('hold in %s', (_, engine) => {
    expect(runTests(bundle, engine, now).filter(({ passed }) => !passed)).toEqual([]);
  });

  it('give the same answer in the casbin reference, member by member', async () => {
    const reference = await loadReference(world);
    const asked: { readonly request: AccessRequest; readonly outcome: Outcome }[] = [];
    runTests(
      bundle,
      (request) => {
        const outcome = specify(world, request);
        asked.push({ request, outcome });
        return outcome;
      },
      now,
    );
    for (const { request, outcome } of asked) expect(await reference.decide(request)).toEqual(outcome);
  });
});

describe('docs/semantics.md', () => {
  const text = readFileSync(join(root, 'docs/semantics.md'), 'utf8');
  const worked = JSON.parse(readFileSync(join(root, 'test/vectors/worked-examples/cases.json'), 'utf8')) as {
    readonly id: string;
  }[];
  const cases = bundle.tests.flatMap((test) => test.cases.map(({ because }) => because.split(':', 1)[0]!));

  const mentioned = new Set([...text.matchAll(/\b[EX]\d+[ab]?\b/g)].map(([id]) => id));

  it('numbers its own cases without a gap', () => {
    expect([...cases].sort((left, right) => Number(left.slice(1)) - Number(right.slice(1)))).toEqual(
      cases.map((_, index) => `X${index + 1}`),
    );
  });

  it('refers to cases that exist, and to every one of them', () => {
    expect([...mentioned].sort()).toEqual([...worked.map(({ id }) => id), ...cases].sort());
  });

  it('has the section numbers that comments in the code refer to', () => {
    const headings = [...text.matchAll(/^## (\d)\./gm)].map(([, number]) => Number(number));
    expect(headings).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});
