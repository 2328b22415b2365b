/** What a search says to those who may not ask, when it cannot tell, and how long it holds the thread. */
import type { Snapshot } from '#engine';
import { toSearch, type Sought } from '../../libs/protocols/src/authzen/search.codec.js';
import { countTurns } from './turns.js';
import { NOW, standing } from './small-worlds.js';

/** Records of `firm.lab`, all of which but one everybody may view, and an enforcement point of some domain. */
const world = (askedFrom: string, size = 20) => `
apiVersion: dharma/v1
kind: Domain
metadata: { name: firm }
spec:
  access: [person]
  boundary: [desk/*]
  mechanisms: [{ name: person, role: access, kind: asserted }]
---
apiVersion: dharma/v1
kind: Domain
metadata: { name: firm.lab }
spec: { boundary: [desk/*], maxStalenessSeconds: 60 }
---
apiVersion: dharma/v1
kind: Domain
metadata: { name: firm.shop }
spec: {}
---
apiVersion: dharma/v1
kind: Service
metadata: { name: desk }
spec:
  domains: [firm.lab]
  hosts: [desk.example]
  endpoints:
    - { name: records, kind: resource, operations: [{ resourceType: record, actions: [view] }] }
    - { name: pages, operations: [{ methods: [GET], path: /page }] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: all, domain: firm }
spec: { rules: [{ id: r, effect: allow, scope: subtree, when: resource.id != "12" }] }
---
apiVersion: dharma/v1
kind: EntitySet
metadata: { name: e, domain: firm }
spec:
  entities:
    - { type: user, id: ann, attributes: {} }
${Array.from({ length: size }, (_, index) => `    - { type: record, id: "${index}", attributes: {} }`).join('\n')}
---
apiVersion: dharma/v1
kind: EnforcementPoint
metadata: { name: edge, domain: ${askedFrom} }
spec: { credentials: [{ kind: network, cidrs: [127.0.0.1/32] }], mayAssert: [person] }
`;

const ANN = { type: 'user', id: 'ann' };
const RECORD = { type: 'record', id: '1' };
const PAGE = { type: 'route', id: '/page' };
const SEARCHES: readonly (readonly [what: string, sought: Sought, body: object, found: number])[] = [
  ['records', 'resource', { subject: ANN, action: { name: 'view' }, resource: RECORD }, 19],
  ['people', 'subject', { subject: ANN, action: { name: 'view' }, resource: RECORD }, 1],
  ['actions', 'action', { subject: ANN, resource: RECORD }, 1],
];
const ROUTES: typeof SEARCHES = [
  ['routes', 'resource', { subject: ANN, action: { name: 'GET' }, resource: PAGE }, 0],
  ['methods', 'action', { subject: ANN, resource: PAGE }, 0],
];
const searchOf = (sought: Sought, body: object) => toSearch(sought, Buffer.from(JSON.stringify(body))).search;

describe.each(['enforce', 'observe'] as const)('a server in mode `%s`', (mode) => {
  it.each(SEARCHES)('finds %s that would be allowed, and no others', async (_, sought, body, found) => {
    const { decisionPoint, caller } = await standing(world('firm'), { mode });
    const answer = await decisionPoint.search(searchOf(sought, body), caller);
    expect(answer.kind === 'found' && answer.ids).toHaveLength(found);
  });

  it.each([...SEARCHES, ...ROUTES])('finds no %s for who may not ask about them', async (_, sought, body) => {
    const { decisionPoint, caller } = await standing(world('firm.shop'), { mode });
    expect(await decisionPoint.search(searchOf(sought, body), caller)).toMatchObject({ kind: 'found', ids: [] });
  });
});

it.each([...SEARCHES, ...ROUTES])(
  'a policy that is too old does not tell which %s are allowed',
  async (_, sought, body) => {
    const { decisionPoint, caller } = await standing(world('firm'), { clock: () => NOW + 61_000 });
    const answer = await decisionPoint.search(searchOf(sought, body), caller);
    expect(answer).toEqual({ kind: 'unavailable', reason: 'POLICY_TOO_OLD' });
  },
);

it.each(SEARCHES.slice(0, 2))('does not look for %s for who may not ask about them', async (_, sought, body) => {
  const { decisionPoint, caller } = await standing(world('firm.shop'));
  const search = searchOf(sought, body);
  let looked = 0;
  const candidates = (snapshot: Snapshot) => (looked++, search.candidates(snapshot));
  await decisionPoint.search({ ...search, candidates }, caller);
  expect(looked).toBe(0);
});

it.each([
  ['which is a name', 'u'.repeat(1_024), true],
  ['too long for one', 'u'.repeat(1_025), false],
  ['in letters of three bytes', '\u20ac'.repeat(342), false],
])('an id of a person %s is found just where it would be allowed', async (_, id, isFound) => {
  const text = world('firm').replace(
    '{ type: user, id: ann,',
    `{ type: user, id: "${id}", attributes: {} }\n    - { type: user, id: ann,`,
  );
  const { decisionPoint, caller } = await standing(text);
  const search = searchOf('subject', { subject: ANN, action: { name: 'view' }, resource: RECORD });
  expect(await decisionPoint.search(search, caller)).toMatchObject({ ids: isFound ? ['ann', id] : ['ann'] });
  const { outcome } = await decisionPoint.answer(search.question(id), caller);
  expect(outcome.decision).toBe(isFound ? 'allow' : 'deny');
});

it('lets others in between, also where no decision is made', async () => {
  let microseconds = 0;
  const { decisionPoint, caller } = await standing(world('firm'), { stopwatch: () => (microseconds += 1_000) });
  const others = countTurns();
  const [, sought, body] = SEARCHES[0]!;
  const search = searchOf(sought, body);
  const ids = Array.from({ length: 1_000 }, (_, index) => String(index));
  await decisionPoint.search({ ...search, candidates: () => ({ ids, kinds: { at: () => 1 } }) }, caller);
  expect(others.stop()).toBeGreaterThan(10);
});

it('lets others in while it finds out which records can be allowed at all', async () => {
  let microseconds = 0;
  const text = world('firm', 3_000).replace('resource.id != "12"', 'resource.attributes.owner == principal.id');
  const { decisionPoint, caller } = await standing(text, { stopwatch: () => (microseconds += 5_000) });
  const others = countTurns();
  const [, sought, body] = SEARCHES[0]!;
  expect(await decisionPoint.search(searchOf(sought, body), caller)).toMatchObject({ ids: [], decisions: 0 });
  expect(others.stop()).toBeGreaterThan(2);
});
