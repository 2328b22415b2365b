import { loadBundle } from '#policy';
import { resourceCandidates, subjectCandidates } from './candidates.js';
import { compile } from './compile.js';

interface Shape {
  readonly when?: string;
  readonly who?: object;
  readonly what?: object;
  readonly effect?: string;
  readonly owner?: string;
}

/** People and records in a firm with one rule; the records of another firm are none of its business. */
function firmWith({ when, who, what, effect = 'allow', owner = 'firm' }: Shape) {
  const document = (kind: string, metadata: object, spec: object) =>
    JSON.stringify({ apiVersion: 'dharma/v1', kind, metadata, spec });
  const entities = (type: string, owners: readonly string[]) =>
    owners.map((name, index) => ({ type, id: `${type}-${index}`, attributes: { owner: name, level: 1 } }));
  const text = [
    document(
      'Domain',
      { name: 'firm' },
      {
        access: ['person'],
        boundary: ['desk/*'],
        mechanisms: [{ name: 'person', role: 'access', kind: 'asserted' }],
      },
    ),
    document('Domain', { name: 'other' }, {}),
    document(
      'Service',
      { name: 'desk' },
      {
        domains: ['firm'],
        endpoints: [{ name: 'all', kind: 'resource', operations: [{ resourceType: 'record', actions: ['view'] }] }],
      },
    ),
    document('Policy', { name: 'p', domain: owner }, { rules: [{ id: 'r', effect, who, what, when }] }),
    document(
      'EntitySet',
      { name: 'e', domain: 'firm' },
      {
        entities: [...entities('record', ['ann', 'bob', 'ann', 'ann']), ...entities('user', ['ann', 'ann', 'bob'])],
      },
    ),
    document(
      'EntitySet',
      { name: 'o', domain: 'other' },
      {
        entities: [{ type: 'record', id: 'foreign', attributes: {} }],
      },
    ),
    document(
      'RoleSet',
      { name: 's', domain: 'firm' },
      {
        roles: [{ name: 'chief' }],
        assignments: [{ role: 'chief', principals: ['user:user-1', 'user:guest'] }],
      },
    ),
    document(
      'RoleSet',
      { name: 't', domain: 'other' },
      {
        roles: [{ name: 'chief' }],
        assignments: [{ role: 'chief', principals: ['user:stranger'] }],
      },
    ),
  ].join('\n---\n');
  const { world, faults } = loadBundle([{ file: 'firm.yaml', text }]);
  if (world === null) throw new Error(JSON.stringify(faults));
  return compile(world);
}

describe('resources that can be found', () => {
  it.each`
    because                                   | shape                                                                     | kinds
    ${'no rule reads anything of them'}       | ${{}}                                                                     | ${[0, 0, 0, 0]}
    ${'one attribute tells two owners apart'} | ${{ when: 'resource.attributes.owner == principal.id' }}                  | ${[0, 1, 0, 0]}
    ${'all have this one alike'}              | ${{ when: 'resource.attributes.level > 1' }}                              | ${[0, 0, 0, 0]}
    ${'an id is its own'}                     | ${{ when: 'resource.id == "x"' }}                                         | ${[0, 1, 2, 3]}
    ${'so is the map of all attributes'}      | ${{ when: 'resource.attributes.exists(a, a == "x")' }}                    | ${[0, 1, 2, 3]}
    ${'and the whole of it'}                  | ${{ when: '[resource].exists(r, r.id == "x")' }}                          | ${[0, 1, 2, 3]}
    ${'and a name that is computed'}          | ${{ when: 'resource.attributes[principal.id] == 1' }}                     | ${[0, 1, 2, 3]}
    ${'one that is named stands alone'}       | ${{ what: { resources: ['record:record-2'] } }}                           | ${[0, 0, 1, 0]}
    ${'beside other selectors too'}           | ${{ what: { resources: ['record:record-2'] }, who: { subjects: ['x'] } }} | ${[0, 0, 1, 0]}
    ${'a deny of all the world counts'}       | ${{ owner: '*', effect: 'deny', when: 'resource.id == "x"' }}             | ${[0, 1, 2, 3]}
    ${'a rule of another domain does not'}    | ${{ owner: 'other', when: 'resource.id == "x"' }}                         | ${[0, 0, 0, 0]}
    ${'who asks is the same for all'}         | ${{ when: 'principal.id == "x" && principal.attributes.a == 1' }}         | ${[0, 0, 0, 0]}
  `('are those the domain stores, alike or not: $because', ({ shape, kinds }) => {
    const found = resourceCandidates(firmWith(shape), 'record', 'view');
    expect(found.ids).toEqual(['record-0', 'record-1', 'record-2', 'record-3']);
    expect([...(found.kinds as Int32Array)]).toEqual(kinds);
  });

  it('are none of a type or an action that nothing answers', () => {
    expect(resourceCandidates(firmWith({}), 'user', 'view').ids).toEqual([]);
    expect(resourceCandidates(firmWith({}), 'record', 'eat').ids).toEqual([]);
  });
});

describe('subjects that can be found', () => {
  const NOTHING = Object.create(null) as Record<string, never>;
  const VIEW = {
    kind: 'resource',
    resource: { type: 'record', id: '1', properties: NOTHING },
    action: { name: 'view', properties: NOTHING },
  } as const;

  it.each`
    because                                   | shape                                              | kinds
    ${'roles tell them apart'}                | ${{}}                                              | ${[0, 1, 0, 1]}
    ${'what is stored does where it is read'} | ${{ when: 'principal.attributes.owner == "ann"' }} | ${[0, 1, 2, 3]}
    ${'one that is named stands alone'}       | ${{ who: { principals: ['user:user-2'] } }}        | ${[0, 1, 0, 2]}
    ${'by its subject too'}                   | ${{ who: { subjects: ['user-2'] } }}               | ${[0, 1, 0, 2]}
  `('are stored, or hold roles there: $because', ({ shape, kinds }) => {
    const found = subjectCandidates(firmWith(shape), 'user', VIEW);
    expect(found.ids).toEqual(['guest', 'user-0', 'user-1', 'user-2']);
    expect([...(found.kinds as Int32Array)]).toEqual(kinds);
  });
});
