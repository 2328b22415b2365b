/** A snapshot that has travelled as an image is the one that was compiled. */
import { deserialize, serialize, setFlagsFromString } from 'node:v8';
import fc from 'fast-check';
import { compile, decide, imageOf, SnapshotRestorer } from '#engine';
import type { Attributes, Domain, ImagePart, Rule, Snapshot, World } from '#engine';
import { benchWorld, fastRequests, slowRequests } from '../../bench/world.js';
import { RECORD_MEMBERS } from '../../libs/engine/src/image-shapes.js';
import { RuleCondition } from '../../libs/engine/src/rule-condition.js';
import { RUNS } from '../properties/runs.js';
import { CONDITIONS, situations } from '../properties/worlds.js';
import { expectSameGraph } from './same-graph.js';

type Road = (part: ImagePart) => ImagePart;

const directly: Road = (part) => part;
const cloned: Road = (part) => structuredClone(part);
const asBytes: Road = (part) => deserialize(serialize(part)) as ImagePart;

function travelled(snapshot: Snapshot, road: Road): Snapshot {
  const restorer = new SnapshotRestorer();
  for (const part of imageOf(snapshot)) restorer.add(road(part));
  return restorer.finish();
}

const LITERALS: ReadonlySet<string> = new Set(RECORD_MEMBERS.map((names) => names.join()));

/** Members in order of what would not be restored by the literal that compiling makes it by; obligations may be any. */
function strangers(root: unknown): readonly string[] {
  const shapes = new Set<string>();
  const seen = new Set<unknown>();
  const left = [root];
  while (left.length > 0) {
    const thing = left.pop();
    if (typeof thing !== 'object' || thing === null || seen.has(thing) || thing instanceof RuleCondition) continue;
    seen.add(thing);
    const shape = Object.keys(thing).join();
    if (Object.getPrototypeOf(thing) === Object.prototype && !LITERALS.has(shape) && !('critical' in thing)) {
      shapes.add(shape);
    }
    if (thing instanceof Map) left.push(...[...(thing as Map<unknown, unknown>)].flat());
    else if (thing instanceof Set) left.push(...(thing as Set<unknown>));
    else if (!ArrayBuffer.isView(thing)) left.push(...(Object.values(thing) as unknown[]));
  }
  return [...shapes];
}

it('a restored snapshot is the compiled one, and decides as it does', () => {
  fc.assert(
    fc.property(situations(40), fc.constantFrom(directly, cloned, asBytes), ({ generated, requests }, road) => {
      const compiled = compile(generated.world);
      const restored = travelled(compiled, road);
      expectSameGraph(compiled, restored);
      expect(strangers(compiled)).toEqual([]);
      for (const request of requests) expect(decide(restored, request)).toEqual(decide(compiled, request));
    }),
    { numRuns: RUNS.law },
  );
});

const { world: large } = benchWorld({ rules: 2000, assignments: 2000, widths: [1, 5, 6] });
const { world: plain, leaves } = benchWorld({ rules: 200, assignments: 200, widths: [1, 5, 6] });
const top = [...plain.domains.keys()][0]!;

function withDomains(change: (domain: Domain) => Domain): World {
  return { ...plain, domains: new Map([...plain.domains].map(([name, domain]) => [name, change(domain)])) };
}

function withTop(change: (domain: Domain) => Partial<Domain>): World {
  return withDomains((domain) => (domain.name === top ? { ...domain, ...change(domain) } : domain));
}

/** A rule that says more than it is filed under. */
function rule(name: string, more: Partial<Rule>): Rule {
  return {
    id: `more/${name}`,
    owner: top,
    effect: 'allow',
    direction: 'in',
    scope: 'subtree',
    mode: 'enforce',
    who: { anonymous: false, roles: ['role-1'], clients: ['web'] },
    what: {},
    obligations: [],
    ...more,
  };
}

const attributes = JSON.parse(
  '{"__proto__": {"a": 1}, "constructor": "x", "list": [1, -0.0, 1.5, 1e300, null, true, ["", {"deep": {}}]], "0": "zero"}',
  (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.defineProperties(Object.create(null), Object.getOwnPropertyDescriptors(value))
      : value,
) as Attributes;

const ruled = withTop((domain) => ({
  rules: [
    ...domain.rules,
    ...CONDITIONS.map((when, index) => rule(`when-${index}`, { when })),
    rule('owed', {
      obligations: [
        { kind: 'setHeader', name: 'x-user', value: 'user=${principal.id};', critical: true },
        { kind: 'removeHeader', name: 'x-internal', critical: false },
        { kind: 'setQueryParameter', name: 'user', value: '${principal.id}', critical: true },
        { kind: 'removeQueryParameter', name: 'debug', critical: true },
        { kind: 'rateLimit', key: '${principal.id}', class: 'gold', critical: true },
      ],
    }),
    rule('long', {
      notBefore: Date.parse('2026-01-01T00:00:00Z'),
      who: { anonymous: false, groups: Array.from({ length: 300 }, (_, index) => `g-${index}`), roles: ['r'] },
      what: { paths: ['/v1/items/{id}', '/v1/*/**', '/'], methods: ['GET'] },
    }),
  ],
}));

const worlds: readonly { readonly because: string; readonly world: World }[] = [
  { because: 'it is longer than a part in rules, roles and domains', world: large },
  {
    because: 'a principal with roles in many places has them by place as well',
    world: withDomains((domain) => ({
      ...domain,
      directory: {
        ...domain.directory,
        assignments: new Map([
          ...domain.directory.assignments,
          ['user:everywhere', ['role-1', domain.name]],
          ['service:s1', ['role-2']],
        ]),
      },
    })),
  },
  {
    because: 'networks are bound by numbers larger than a double holds',
    world: {
      ...plain,
      mechanisms: new Map([
        ...plain.mechanisms,
        ['lan', { ...plain.mechanisms.get('mesh')!, name: 'lan', kind: 'network' as const }],
      ]),
      services: new Map(
        [...plain.services].map(([name, service], index) => [
          name,
          {
            ...service,
            identities: [
              { mechanism: 'lan', subject: `10.${index}.0.0/16` },
              { mechanism: 'lan', subject: `2001:db8:${index}::/48` },
              { mechanism: 'mesh', subject: `spiffe://prefix.example/${name}/**` },
            ],
          },
        ]),
      ),
    },
  },
  {
    because: 'conditions, obligations and long sets of names stand in rules',
    world: ruled,
  },
  {
    because: 'stored attributes may have any name',
    world: withTop(() => ({
      directory: {
        assignments: new Map(),
        entities: new Map(Array.from({ length: 300 }, (_, index) => [`trip:${index}`, attributes])),
      },
    })),
  },
  {
    because: 'addresses are claimed by host and prefix',
    world: withTop(() => ({
      addresses: [
        { host: '*.example', prefix: '' },
        { host: 's1.example', prefix: '/v1/items' },
      ],
    })),
  },
];

describe.each(worlds)('the same comes back where $because', ({ world }) => {
  it.each([
    ['as it is', directly],
    ['as a structured clone', cloned],
    ['as bytes', asBytes],
  ])('%s', (_, road) => {
    const compiled = compile(world);
    const restored = travelled(compiled, road);
    expectSameGraph(compiled, restored);
    expect(strangers(compiled)).toEqual([]);
    for (const request of [...fastRequests(leaves, 50), ...slowRequests({ world, leaves }, 80)]) {
      expect(decide(restored, request)).toEqual(decide(compiled, request));
    }
    // What was made on the way, such as texts of ids, may travel too.
    expectSameGraph(compiled, travelled(compiled, road));
  });
});

describe('hidden classes', () => {
  setFlagsFromString('--allow-natives-syntax');
  // The machine's own word for it; this is what makes reading a restored snapshot as fast as reading a compiled one.
  // oxlint-disable-next-line typescript/no-implied-eval -- `%` is no syntax of a file
  const isSameClass = new Function('left', 'right', 'return %HaveSameMap(left, right)') as (
    left: object,
    right: object,
  ) => boolean;

  it('are those of what was compiled', () => {
    // What classes a literal's members have settles with the first few things that it makes.
    const first = compile(ruled);
    travelled(first, directly);
    const compiled = compile(ruled);
    const differing = new Set<string>();
    const visit = (one: object, other: object): void => {
      // A snapshot is put together from pieces, and lists by whatever makes lists.
      if (Array.isArray(one) || one === compiled || 'critical' in one) return;
      if (!isSameClass(one, other)) differing.add(`${one.constructor.name} ${Object.keys(one).join()}`);
    };
    expectSameGraph(compiled, travelled(compiled, directly), visit);
    expect([...differing]).toEqual([]);
  });
});

it('no part is long', () => {
  for (const { atoms, code, stretches } of imageOf(compile(large))) {
    expect(atoms.length).toBeLessThan(2000);
    expect(code.length).toBeLessThan(20_000);
    expect(stretches.length).toBeLessThan(20);
  }
});

it('an image that has not come to its end is no snapshot', () => {
  const restorer = new SnapshotRestorer();
  for (const part of [...imageOf(compile(plain))].slice(0, -1)) restorer.add(part);
  expect(() => restorer.finish()).toThrow('an image is restored before its last part has come');
});

it.each([
  { because: 'a function cannot be carried', stranger: () => true },
  { because: 'an instance of a class that is not known would come back without its methods', stranger: new Date(0) },
])('a snapshot does not travel where $because', ({ stranger }) => {
  const snapshot = { ...compile(plain), stranger } as Snapshot;
  expect(() => [...imageOf(snapshot)]).toThrow(TypeError);
});
