import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compile, decide, specify, type Outcome } from '#engine';
import { loadBundle } from '#policy';
import { requestBatches, requestsAtEntities, requestsAtRules } from './request-batches.js';
import { RevisionCheck } from './revision-check.js';
import { type Answerer, SPECIFICATION } from './voices.js';

const text = readFileSync(join(import.meta.dirname, '../../../test/vectors/worked-examples/world.yaml'), 'utf8');
const world = loadBundle([{ file: 'world.yaml', text }]).world!;
const snapshot = compile(world);
const fast: Answerer = (request) => decide(snapshot, request);

/** Over once so many more requests were answered. */
function after(check: RevisionCheck, count: number): () => boolean {
  const end = check.requests + count;
  return () => check.requests >= end;
}

describe('the check of a revision', () => {
  it('goes on where it stopped, in the middle of a batch too', async () => {
    const asked: unknown[] = [];
    const check = new RevisionCheck({ world, seed: 1, fast: (request) => (asked.push(request), fast(request)) });
    expect(await check.goOn(after(check, 7))).toBeUndefined();
    expect(await check.goOn(after(check, 40))).toBeUndefined();
    expect(check.requests).toBe(47);
    const batches = requestBatches(world, 1);
    const same = [...batches.next().value, ...batches.next().value].slice(0, 47);
    expect(asked).toEqual(same);
  });

  const planted: readonly (readonly [string, (outcome: Outcome) => Outcome])[] = [
    [
      'an allow too many',
      (outcome) => (outcome.reason === 'NOT_VISIBLE' ? { ...outcome, decision: 'allow' } : outcome),
    ],
    ['a crossing that is not said', (outcome) => ({ ...outcome, crossed: outcome.crossed.slice(1) })],
  ];
  it.each(planted)('finds %s, and takes away from the request what does not matter', async (_, fault) => {
    const faulty: Answerer = (request) => fault(specify(world, request));
    const check = new RevisionCheck({ world, seed: 1, fast: faulty, others: [SPECIFICATION] });
    const found = await check.goOn(after(check, 2_000));
    expect(found?.statements.map(({ voice }) => voice)).toEqual(['specification', 'fast']);
    expect(fault(specify(world, found!.request))).not.toEqual(specify(world, found!.request));
    const { attributes, claimed, context, headers } = found!.request;
    expect([attributes, claimed, context, headers].flatMap((map) => Object.keys(map))).toEqual([]);
  });

  it('takes a voice that throws for one that differs', async () => {
    const broken: Answerer = () => {
      throw new Error('broken');
    };
    const check = new RevisionCheck({ world, seed: 1, fast: broken });
    expect((await check.goOn(after(check, 1)))?.statements).toContainEqual({
      voice: 'fast',
      said: { threw: 'broken' },
    });
  });
});

/** Three hundred domains with a service each that calls and is called. */
function largeWorld() {
  const domains = Array.from({ length: 300 }, (_, index) => {
    const rules = Array.from(
      { length: 20 },
      (__, rule) => `{ id: r${rule}, effect: allow, who: { principals: ["user:u-${rule}"] } }`,
    );
    return `
apiVersion: dharma/v1
kind: Domain
metadata: { name: top.d${index} }
spec: { boundary: ["s${index}/*"] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: s${index} }
spec:
  domains: [top.d${index}]
  identities: [{ mechanism: mesh, subject: "spiffe://x.example/s${index}" }]
  hosts: [s${index}.example]
  endpoints: [{ name: all, operations: [{ path: "/**" }] }]
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: p${index}, domain: top.d${index} }
spec: { rules: [${rules.join(', ')}] }
---`;
  });
  const top = `
apiVersion: dharma/v1
kind: Domain
metadata: { name: top }
spec:
  mechanisms:
    - { name: mesh, role: trust, kind: spiffe, spiffe: { trustDomain: x.example } }
    - { name: login, role: access, kind: jwt, jwt: { issuer: "https://i.example/", audiences: [a], keys: { inline: { keys: [] } } } }
  trust: [mesh]
  access: [login]
`;
  const { faults, world: large } = loadBundle([{ file: 'large.yaml', text: domains.join('') + top }]);
  expect(faults).toEqual([]);
  return large!;
}

it('meets a rule on the way out with those who go there', () => {
  const large = largeWorld();
  const [rule] = large.domains.get('top.d7')!.rules;
  const batches = requestsAtRules(large, [{ ...rule!, effect: 'deny', direction: 'out' }], 1);
  const requests = Array.from({ length: 10 }, () => batches.next().value).flat();
  const callers = requests.flatMap(({ evidence }) => evidence.map(({ subject }) => subject));
  expect(callers.filter((subject) => subject === 'spiffe://x.example/s7').length).toBeGreaterThan(5);
});

/** A hundred services with records; rules read what is stored of them at one, and who asks at another. */
function recordsWorld() {
  const services = Array.from({ length: 100 }, (_, index) => {
    const when =
      [`resource.attributes.owner == "x"`, 'principal.attributes.level > 1'][index] ?? 'request.time != null';
    return `
apiVersion: dharma/v1
kind: Domain
metadata: { name: top.d${index} }
spec: { boundary: ["s${index}/*"] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: s${index} }
spec:
  domains: [top.d${index}]
  endpoints:
    - { name: all, kind: resource, operations: [{ resourceType: ${index < 50 ? 'record' : 'file'}${index}, actions: [view] }] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: p${index}, domain: top.d${index} }
spec: { rules: [{ id: r, effect: allow, when: '${when}' }] }
---`;
  });
  const top = `
apiVersion: dharma/v1
kind: Domain
metadata: { name: top }
spec: { mechanisms: [{ name: login, role: access, kind: asserted }], access: [login] }
`;
  const { faults, world: records } = loadBundle([{ file: 'records.yaml', text: services.join('') + top }]);
  expect(faults).toEqual([]);
  return records!;
}

it.each`
  because                                           | entity          | endpoint
  ${'a thing, where a rule reads of things'}        | ${'record0:7'}  | ${'s0/all'}
  ${'a person, where a rule reads of people'}       | ${'user:ann'}   | ${'s1/all'}
  ${'of which nothing is stored any more, as well'} | ${'user:ann:2'} | ${'s1/all'}
`('asks about what is stored anew: $because', ({ entity, endpoint }) => {
  const records = recordsWorld();
  const known = compile(records);
  for (const domain of ['top', endpoint.replace('s', 'top.d').replace('/all', '')]) {
    const batches = requestsAtEntities(records, [{ domain, entity, attributes: null }], 1);
    const requests = Array.from({ length: 5 }, () => batches.next().value).flat();
    const meant = requests.filter(({ target, evidence }) => {
      const named = target.kind === 'resource' ? [`${target.resource.type}:${target.resource.id}`] : [];
      return [...named, ...evidence.map(({ subject }) => `user:${subject}`)].includes(entity);
    });
    expect(meant.length).toBeGreaterThan(requests.length / 2);
    const there = meant.filter((request) => decide(known, request).endpoint === endpoint);
    expect(there.length).toBeGreaterThan(meant.length / 2);
  }
});

it('asks about a few places at a time where a world is large, and crosses boundaries there', () => {
  const large = largeWorld();
  const known = compile(large);
  const batches = requestBatches(large, 1);
  const requests = Array.from({ length: 30 }, () => batches.next().value).flat();
  const reasons = new Set(requests.map((request) => decide(known, request).reason));
  expect([...reasons]).toEqual(expect.arrayContaining(['ALLOW_FAST', 'ALLOW_SLOW', 'NOT_VISIBLE']));
  const endpoints = new Set(requests.map((request) => decide(known, request).endpoint));
  expect(endpoints.size).toBeGreaterThan(30);
});
