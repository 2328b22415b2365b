import { loadBundle } from '#policy';
import { resourceCandidates } from './candidates.js';
import { compile } from './compile.js';
import { decide } from './decide.js';
import { type EntityChange, snapshotWithEntities, worldWithEntities } from './entity-changes.js';
import type { AccessRequest, Attributes } from './model.js';
import type { Snapshot } from './snapshot.js';
import { specify } from './specification.js';
import { finished } from './steps.js';

const document = (kind: string, metadata: object, spec: object) =>
  JSON.stringify({ apiVersion: 'dharma/v1', kind, metadata, spec });

/** Records of a firm that their owners see, in a department that stores nothing of its own. */
const text = [
  document(
    'Domain',
    { name: 'firm' },
    { access: ['person'], mechanisms: [{ name: 'person', role: 'access', kind: 'asserted' }], boundary: ['desk/*'] },
  ),
  document('Domain', { name: 'firm.law' }, { boundary: ['desk/*'] }),
  document(
    'Service',
    { name: 'desk' },
    {
      domains: ['firm.law'],
      endpoints: [{ name: 'all', kind: 'resource', operations: [{ resourceType: 'record', actions: ['view'] }] }],
    },
  ),
  document(
    'Policy',
    { name: 'p', domain: 'firm' },
    {
      rules: [
        { id: 'owners', effect: 'allow', scope: 'subtree', when: 'resource.attributes.owner == principal.id' },
        { id: 'odd', effect: 'deny', when: 'has(resource.attributes.constructor)' },
      ],
    },
  ),
  document(
    'EntitySet',
    { name: 'e', domain: 'firm' },
    { entities: [{ type: 'record', id: '1', attributes: { owner: 'ann' } }] },
  ),
].join('\n---\n');
const { world: loaded, faults } = loadBundle([{ file: 'firm.yaml', text }]);
expect(faults).toEqual([]);
const world = loaded!;

const nothing = Object.create(null) as Attributes;
function asks(subject: string, id: string): AccessRequest {
  return {
    target: {
      kind: 'resource',
      resource: { type: 'record', id, properties: nothing },
      action: { name: 'view', properties: nothing },
    },
    evidence: [
      {
        role: 'access',
        mechanism: 'person',
        subject,
        verified: true,
        scopes: [],
        groups: [],
        claims: nothing,
        attributes: nothing,
      },
    ],
    headers: {},
    attributes: nothing,
    claimed: nothing,
    context: nothing,
    time: 0,
    askedFrom: '*',
    policyAgeSeconds: 0,
    maxTtlSeconds: 30,
  };
}

const record = (id: string, attributes: EntityChange['attributes'], domain = 'firm'): EntityChange => ({
  domain,
  entity: `record:${id}`,
  attributes,
});
const found = (snapshot: Snapshot) => finished(resourceCandidates(snapshot, 'record', 'view')).ids;

it.each`
  because                                        | change                                           | ids           | ann        | bob
  ${'one is stored'}                             | ${record('2', { owner: 'bob' })}                 | ${['1', '2']} | ${'allow'} | ${'deny'}
  ${'one passes to somebody else'}               | ${record('1', { owner: 'bob' })}                 | ${['1']}      | ${'deny'}  | ${'allow'}
  ${'one has an attribute no longer'}            | ${record('1', {})}                               | ${['1']}      | ${'deny'}  | ${'deny'}
  ${'nothing is stored of one any more'}         | ${record('1', null)}                             | ${[]}         | ${'deny'}  | ${'deny'}
  ${'an attribute is called as objects have it'} | ${record('1', { owner: 'ann', constructor: 1 })} | ${['1']}      | ${'deny'}  | ${'deny'}
`('decides and is searched by what is stored now: $because', ({ change, ids, ann, bob }) => {
  const before = compile(world);
  const after = snapshotWithEntities(before, structuredClone([change]))!;
  const next = worldWithEntities(world, [change]);
  expect(found(after)).toEqual(ids);
  const stored = [...after.changedEntities.values()].flatMap(({ entities }) => [...entities.values()]);
  expect(stored.filter((attributes) => Object.getPrototypeOf(attributes) !== null)).toEqual([]);
  const decisions = ['ann', 'bob'].map((subject) => decide(after, asks(subject, '1')).decision);
  expect(decisions).toEqual([ann, bob]);
  expect(['ann', 'bob'].map((subject) => specify(next, asks(subject, '1')).decision)).toEqual(decisions);
  expect([found(before), decide(before, asks('ann', '1')).decision]).toEqual([['1'], 'allow']);
});

it('takes a compilation where the first one is stored at a domain, and none where the last one went', () => {
  const compiled = compile(world);
  expect(snapshotWithEntities(compiled, [record('1', { owner: 'bob' }, 'firm.law')])).toBeUndefined();
  const emptied = snapshotWithEntities(compiled, [record('1', null)])!;
  const again = snapshotWithEntities(emptied, [record('1', { owner: 'bob' })])!;
  expect(decide(again, asks('bob', '1')).decision).toBe('allow');
});
