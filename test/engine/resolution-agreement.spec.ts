/** Random endpoints, claims and targets: the indexes of `lookup.ts` say what the lists of `resolution.ts` say. */
import fc from 'fast-check';
import type { Endpoint, Operation, Target, World } from '#engine';
import { RUNS } from '../properties/runs.js';
import { worldOf } from '../reference/worlds.js';
import { resolverIn } from './resolver.js';

const HOSTS = ['a.example', 'b.a.example', '*.a.example', '*.example', '*.c.b.a.example', 'other.test'];
const METHODS = ['GET', 'POST', 'HEAD', 'OPTIONS', '*'];
const ACTIONS = ['publish', 'view', '*'];
const PLACES = ['acme', 'acme.team', 'acme.team.deep', 'acme.side', 'other'];

const template = fc
  .tuple(fc.array(fc.constantFrom('a', 'b', '{x}', '{y}', '*'), { maxLength: 4 }), fc.constantFrom('', '', '/', '/**'))
  .map(([segments, end]) => `/${segments.join('/')}${segments.length === 0 ? end.slice(1) : end}`);
const pattern = fc
  .tuple(fc.array(fc.constantFrom('a', 'b', '*'), { minLength: 1, maxLength: 3 }), fc.constantFrom('', '.**'))
  .map(([segments, end]) => segments.join('.') + end);
const some = <Item>(items: readonly Item[]): fc.Arbitrary<Item[]> =>
  fc.subarray([...items], { minLength: 1, maxLength: 2 });

const shared = {
  hosts: fc.oneof(fc.constant(['a.example', '*.a.example']), some(HOSTS)),
  placements: fc.oneof(fc.constant(['acme.team.deep']), some(PLACES), fc.constant([])),
  trailingSlash: fc.constantFrom('significant', 'ignore'),
  encodedSlash: fc.constantFrom('refuse', 'refuse', 'allow'),
} as const;
const drawnEndpoint: fc.Arbitrary<Partial<Endpoint>> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      ...shared,
      kind: fc.constantFrom('http', 'http', 'grpc'),
      operations: fc.array(fc.record({ kind: fc.constant('http'), methods: some(METHODS), path: template }), {
        minLength: 1,
        maxLength: 4,
      }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      ...shared,
      kind: fc.constant('async'),
      operations: fc.array(fc.record({ kind: fc.constant('topic'), topic: pattern, actions: some(ACTIONS) }), {
        minLength: 1,
        maxLength: 3,
      }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      ...shared,
      kind: fc.constant('resource'),
      operations: fc.array(
        fc.record({
          kind: fc.constant('resource'),
          resourceType: fc.constantFrom('record', 'file'),
          actions: some(ACTIONS),
        }),
        { minLength: 1, maxLength: 3 },
      ),
    }),
  },
);

/** Under which names an operation can be asked for; of two endpoints no two may share one, or the policy is refused. */
function names(endpoint: Partial<Endpoint>, operation: Operation): string[] {
  switch (operation.kind) {
    case 'topic':
      return operation.actions.map((action) => `${action} ${operation.topic}`);
    case 'resource':
      return operation.actions.map((action) => `${action} ${operation.resourceType}`);
    case 'http': {
      const shape = operation.path.replaceAll(/\{.\}/g, '*');
      const shapes = [shape];
      if (endpoint.trailingSlash === 'ignore' && !shape.endsWith('**') && shape !== '/') {
        shapes.push(shape.endsWith('/') ? shape.slice(0, -1) : `${shape}/`);
      }
      return endpoint.hosts!.flatMap((host) =>
        shapes.flatMap((form) => operation.methods.map((method) => `${method} ${host}${form}`)),
      );
    }
  }
}

function withoutConflicts(drawn: readonly Partial<Endpoint>[]): Partial<Endpoint>[] {
  const takenBy = new Map<string, number>();
  return drawn.flatMap((endpoint, at) => {
    const operations = endpoint.operations!.filter((operation) => {
      const asked = names(endpoint, operation);
      if (asked.some((name) => (takenBy.get(name) ?? at) !== at)) return false;
      asked.forEach((name) => takenBy.set(name, at));
      return true;
    });
    return operations.length === 0 ? [] : [{ ...endpoint, operations }];
  });
}

const claim = fc.record({ host: fc.constantFrom(...HOSTS), prefix: fc.constantFrom('', '', '/a', '/a/b') });
const drawnWorld: fc.Arbitrary<World> = fc
  .tuple(
    fc.array(drawnEndpoint, { minLength: 1, maxLength: 6 }),
    // Claims along one chain: of two unrelated domains no two may claim one region.
    fc.oneof(
      fc.constant<{ [domain: string]: { host: string; prefix: string }[] }>({}),
      fc.dictionary(fc.constantFrom('acme', 'acme.team', 'acme.team.deep'), fc.array(claim, { maxLength: 2 }), {
        maxKeys: 2,
      }),
    ),
  )
  .map(([endpoints, claims]) =>
    worldOf({
      domains: Object.fromEntries(PLACES.map((name) => [name, { addresses: claims[name] ?? [] }])),
      services: {
        s: { endpoints: Object.fromEntries(withoutConflicts(endpoints).map((each, at) => [`e${at}`, each])) },
      },
    }),
  );

const host = fc.constantFrom(
  'a.example',
  'a.example',
  'b.a.example',
  'x.a.example',
  'd.c.b.a.example',
  'x.example',
  'other.test',
);
const method = fc.constantFrom('GET', 'GET', 'POST', 'HEAD', 'OPTIONS', 'PUT');
const path = fc
  .array(fc.constantFrom('a', 'b', 'c', 'a', 'b', '%61', 'x', 'a%2Fb'), { maxLength: 4 })
  .chain((segments) =>
    fc.constantFrom(`/${segments.join('/')}`, `/${segments.join('/')}${segments.length > 0 ? '/' : ''}`),
  );
const optional = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(value, { nil: undefined });
const action = fc.record({ name: fc.constantFrom('view', 'publish', 'other'), properties: fc.constant({}) });
const drawnTarget: fc.Arbitrary<Target> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('address'), host, method, path }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('rpc'), rpc: path, host: optional(host) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('endpoint'),
      endpoint: fc.constantFrom('s/e0', 's/e1', 's/e2', 's/none'),
      method: optional(method),
      path: optional(path),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('topic'),
      topic: fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 4 }).map((all) => all.join('.')),
      action: fc.constantFrom('publish', 'view', 'other'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('resource'),
      resource: fc.record({
        type: fc.constantFrom('record', 'file', 'none'),
        id: fc.constant('7'),
        properties: fc.constant({}),
      }),
      action,
    }),
  },
);
const headers = fc.constantFrom<{ [name: string]: string }>(
  {},
  {},
  {
    origin: 'https://app.example',
    'access-control-request-method': 'GET',
  },
);

it('lists and indexes resolve alike, and often enough to something', () => {
  const counts = { found: 0, unknown: 0, invalid: 0 };
  fc.assert(
    fc.property(
      drawnWorld,
      fc.array(fc.tuple(drawnTarget, headers), { minLength: 30, maxLength: 30 }),
      (world, asked) => {
        const to = resolverIn(world);
        for (const [target, given] of asked) {
          const answer = to(target, given);
          counts[answer === 'unknown' || answer === 'invalid' ? answer : 'found']++;
        }
      },
    ),
    { numRuns: RUNS.law * 3 },
  );
  const all = counts.found + counts.unknown + counts.invalid;
  expect(counts.found / all).toBeGreaterThan(0.1);
  expect(counts.invalid / all).toBeGreaterThan(0.05);
});
