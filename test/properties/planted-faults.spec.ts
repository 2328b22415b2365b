/**
 * Whether the laws would notice. Nine faults that such engines have had are planted into copies of the source, never
 * into what is shipped: every patched specification must break a law, every patched fast engine must differ from the
 * specification.
 */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { specify } from '#engine';
import type { Snapshot, World } from '#engine';
import { laws } from './laws.js';
import type { Engine } from './laws.js';
import { situations } from './worlds.js';

interface Patch {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const planted: readonly (readonly [name: string, specification: Patch, fast: Patch])[] = [
  [
    'exposure ignored',
    {
      file: 'specification.ts',
      from: 'return unmarked?.name ?? OUTSIDE;',
      to: 'return unmarked === undefined ? OUTSIDE : OUTSIDE;',
    },
    {
      file: 'decide.ts',
      from: 'const lowest = lenient ? placement.lenientDepth : placement.visibleDepth;',
      to: 'const lowest = lenient ? 0 : 0;',
    },
  ],
  [
    'unverified trusted',
    { file: 'specification.ts', from: "if (!item.verified) return { fate: 'unverified' };", to: '' },
    { file: 'decide.ts', from: 'if (!item.verified) continue;', to: '' },
  ],
  [
    'leaf-only denies',
    {
      file: 'specification.ts',
      from: ': placements.some((placement) => isWithin(placement, rule.owner));',
      to: ': placements.includes(rule.owner);',
    },
    {
      file: 'compile.ts',
      from: '...chains.map(({ enter }) => homeOf(enter + 1, HOME.denyInSubtree)),',
      to: '...placements.map(({ enter }) => homeOf(enter + 1, HOME.denyInSubtree)),',
    },
  ],
  [
    'outer boundaries skipped',
    {
      file: 'specification.ts',
      from: 'for (const domain of route.crossed) {',
      to: 'for (const domain of route.crossed.slice(-1)) {',
    },
    {
      file: 'decide.ts',
      from: 'const outermost = placement.domain.depth - (meeting?.depth ?? 0) - 1;',
      to: 'const outermost = Math.min(0, placement.domain.depth - (meeting?.depth ?? 0) - 1);',
    },
  ],
  [
    'allow not needed',
    {
      file: 'specification.ts',
      from: 'denial: passed ? undefined : denial',
      to: 'denial: passed || items.length > 0 ? undefined : denial',
    },
    { file: 'decide.ts', from: 'if (rule === NO_RULE) return false;', to: 'if (rule === NO_RULE) return true;' },
  ],
  [
    'sibling rules applied',
    {
      file: 'specification.ts',
      from: 'return chainOf(world, name)\n    .flatMap((domain) => domain.rules)\n    .filter((rule) => rule.effect',
      to: 'return [...world.domains.values()]\n    .flatMap((domain) => domain.rules)\n    .filter((rule) => rule.effect',
    },
    {
      file: 'compile.ts',
      from: 'for (const node of domains.values()) attachRules(node, rules);',
      to: 'for (const node of domains.values()) attachRules(node, rules);\nconst all = [...domains.values()].flatMap(({ allowsIn }) => allowsIn);\nfor (const node of domains.values()) (node as Mutable<DomainNode>).allowsIn = all;',
    },
  ],
  [
    'proof extended to the root',
    { file: 'specification.ts', from: 'if (!reached) break;', to: '' },
    {
      file: 'proven.ts',
      from: 'else if (!parent.recognizes.has(mechanism)) break;',
      to: '',
    },
  ],
  [
    'zero trust ignored',
    {
      file: 'specification.ts',
      from: 'if (meeting !== OUTSIDE && hasZeroTrust(world, meeting)) {',
      to: 'if (meeting !== meeting && hasZeroTrust(world, meeting)) {',
    },
    { file: 'decide.ts', from: 'if (meeting?.zeroTrust === true && ', to: 'if (meeting?.zeroTrust === null && ' },
  ],
  [
    'egress ignored',
    { file: 'specification.ts', from: "if (world.domains.get(exit)!.egress === 'open') continue;", to: 'continue;' },
    { file: 'decide.ts', from: 'if (!exit.egressClosed || ', to: 'if (exit.egressClosed || ' },
  ],
];

const root = fileURLToPath(new URL('../../', import.meta.url));
// Inside the project, so that its subpath imports resolve from there.
const nursery = `${root}.planted/${process.pid}`;

beforeAll(() => mkdirSync(nursery, { recursive: true }));
afterAll(() => rmSync(nursery, { recursive: true, force: true }));

interface EngineModule {
  readonly specify: Engine;
  readonly compile: (world: World) => Snapshot;
  readonly decide: (snapshot: Snapshot, ...rest: [Parameters<Engine>[1]]) => ReturnType<Engine>;
}

async function engineWith(name: string, { file, from, to }: Patch): Promise<EngineModule> {
  const copy = `${nursery}/${name}`;
  cpSync(`${root}libs/engine/src`, copy, { recursive: true, filter: (path) => !path.endsWith('.spec.ts') });
  const source = readFileSync(`${copy}/${file}`, 'utf8');
  // A patch that no longer fits the source would plant nothing and prove nothing.
  expect(source.split(from)).toHaveLength(2);
  writeFileSync(
    `${copy}/${file}`,
    source.replace(from, () => to),
  );
  return (await import(pathToFileURL(`${copy}/index.ts`).href)) as EngineModule;
}

/** The rarest fault shows in one world of a hundred on average; a gate must not depend on luck. */
const ATTEMPTS = 1500;

describe.each(planted)('%s', (name, inSpecification, inFast) => {
  it('breaks a law', async () => {
    const { specify: faulty } = await engineWith(`specification-${name.replaceAll(' ', '-')}`, inSpecification);
    const broken = laws.find((law) => fc.check(law.property(faulty), { numRuns: ATTEMPTS, endOnFailure: true }).failed);
    expect(broken?.name).toBeDefined();
  }, 120_000);

  it('makes the fast engine differ from the specification', async () => {
    const { compile, decide } = await engineWith(`fast-${name.replaceAll(' ', '-')}`, inFast);
    const differs = fc.check(
      fc.property(situations(40), ({ generated, requests }) => {
        const snapshot = compile(generated.world);
        return requests.every(
          (request) => JSON.stringify(decide(snapshot, request)) === JSON.stringify(specify(generated.world, request)),
        );
      }),
      { numRuns: ATTEMPTS, endOnFailure: true },
    );
    expect(differs.failed).toBe(true);
  }, 120_000);
});
