import { loadBundle } from '#policy';
import * as candidates from './candidates.js';
import { compile } from './compile.js';
import { decide } from './decide.js';
import type { AccessRequest, Attributes } from './model.js';
import type { Steps } from './steps.js';

type Found = candidates.Candidates;

/** All at once. */
function found(steps: Steps<Found>): Found {
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

const resourceCandidates = (...asked: Parameters<typeof candidates.resourceCandidates>): Found =>
  found(candidates.resourceCandidates(...asked));
const subjectCandidates = (...asked: Parameters<typeof candidates.subjectCandidates>): Found =>
  found(candidates.subjectCandidates(...asked));

interface Shape {
  readonly when?: string;
  readonly who?: object;
  readonly what?: object;
  readonly effect?: string;
  readonly owner?: string;
  /** The records lie in the other firm as well. */
  readonly isShared?: boolean;
}

/** People and records in a firm with one rule; the records of another firm are none of its business. */
function firmWith({ when, who, what, effect = 'allow', owner = 'firm', isShared = false }: Shape) {
  const document = (kind: string, metadata: object, spec: object) =>
    JSON.stringify({ apiVersion: 'dharma/v1', kind, metadata, spec });
  const entities = (type: string, owners: readonly string[]) =>
    owners.map((name, index) => ({ type, id: `${type}-${index}`, attributes: { owner: name, level: 1 } }));
  const text = [
    document(
      'Domain',
      { name: 'firm' },
      {
        access: ['person', 'anonymous'],
        overlaps: ['other'],
        boundary: ['desk/*'],
        mechanisms: [{ name: 'person', role: 'access', kind: 'asserted' }],
      },
    ),
    document('Domain', { name: 'other' }, { boundary: isShared ? ['desk/*'] : [], overlaps: ['firm'] }),
    document(
      'Service',
      { name: 'desk' },
      {
        domains: isShared ? ['firm', 'other'] : ['firm'],
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
    expect(found.ids.map((_, place) => found.kinds.at(place) - 1)).toEqual(kinds);
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
    expect(found.ids.map((_, place) => found.kinds.at(place) - 1)).toEqual(kinds);
  });
});

describe('of resources that can be found', () => {
  const map = (value: object) => Object.assign(Object.create(null) as Attributes, value);

  /** What has to be looked at for a subject, and what an exhaustive look finds. */
  function looked(shape: Shape, attributes: object, properties: object) {
    const snapshot = firmWith(shape);
    const about = (id: string): AccessRequest => ({
      target: {
        kind: 'resource',
        resource: { type: 'record', id, properties: map(properties) },
        action: { name: 'view', properties: map({}) },
      },
      evidence: [
        {
          role: 'access',
          mechanism: 'person',
          subject: 'ann',
          verified: true,
          scopes: [],
          groups: [],
          claims: map({}),
          attributes: map(attributes),
        },
      ],
      headers: map({}) as Record<string, never>,
      attributes: map({}),
      claimed: map({}),
      context: map({}),
      time: 0,
      askedFrom: 'firm',
      policyAgeSeconds: 0,
      maxTtlSeconds: 0,
    });
    const { ids, narrowing } = resourceCandidates(snapshot, 'record', 'view');
    const phantom = about(narrowing!.phantom);
    const places = ended(narrowing!.possible(phantom, decide(snapshot, phantom)));
    const allowed = [...ids.keys()].filter((place) => decide(snapshot, about(ids[place]!)).decision === 'allow');
    return { places, allowed };
  }

  function ended<Result>(work: Generator<void, Result, void>): Result {
    let step = work.next();
    while (step.done !== true) step = work.next();
    return step.value;
  }

  const OWNER = 'resource.attributes.owner';
  it.each`
    because                                        | shape                                                             | attributes         | properties          | places
    ${'they are the subject’s'}                    | ${{ when: `${OWNER} == principal.id` }}                           | ${{}}              | ${{}}               | ${[0, 2, 3]}
    ${'whichever side it stands on'}               | ${{ when: `principal.id == ${OWNER}` }}                           | ${{}}              | ${{}}               | ${[0, 2, 3]}
    ${'beside other things'}                       | ${{ when: `action.name == "view" && ${OWNER} == "bob"` }}         | ${{}}              | ${{}}               | ${[1]}
    ${'an attribute of the subject is known'}      | ${{ when: `${OWNER} == principal.attributes.boss` }}              | ${{ boss: 'bob' }} | ${{}}               | ${[1]}
    ${'one it has not got equals nothing'}         | ${{ when: `${OWNER} == principal.attributes.boss` }}              | ${{}}              | ${{}}               | ${[]}
    ${'one that is no text may equal anything'}    | ${{ when: `${OWNER} == principal.attributes.boss` }}              | ${{ boss: 7 }}     | ${{}}               | ${undefined}
    ${'an alternative may let in others'}          | ${{ when: `${OWNER} == "bob" || true` }}                          | ${{}}              | ${{}}               | ${undefined}
    ${'numbers are not looked up'}                 | ${{ when: 'resource.attributes.level == 1' }}                     | ${{}}              | ${{}}               | ${undefined}
    ${'the request goes before what is stored'}    | ${{ when: `${OWNER} == "bob"` }}                                  | ${{}}              | ${{ owner: 'bob' }} | ${undefined}
    ${'unless it says nothing'}                    | ${{ when: `${OWNER} == "bob"` }}                                  | ${{}}              | ${{ owner: null }}  | ${[1]}
    ${'a rule names them'}                         | ${{ what: { resources: ['record:record-2'] } }}                   | ${{}}              | ${{}}               | ${[2]}
    ${'a rule names them and says more'}           | ${{ what: { resources: ['record:record-2'] }, when: 'true' }}     | ${{}}              | ${{}}               | ${[2]}
    ${'no rule is about the action'}               | ${{ what: { actions: ['eat'] }, when: `${OWNER} == "bob"` }}      | ${{}}              | ${{}}               | ${[]}
    ${'all are let in'}                            | ${{}}                                                             | ${{}}              | ${{}}               | ${undefined}
    ${'a deny hides who would be let in'}          | ${{ effect: 'deny', when: `${OWNER} == "bob"` }}                  | ${{}}              | ${{}}               | ${undefined}
    ${'the anonymous may be let in by it as well'} | ${{ who: { anonymous: true }, when: `${OWNER} == principal.id` }} | ${{}}              | ${{}}               | ${undefined}
    ${'another domain may let in others'}          | ${{ isShared: true, when: `${OWNER} == "bob"` }}                  | ${{}}              | ${{}}               | ${undefined}
    ${'who asks for nothing has nothing'}          | ${{ who: { subjects: ['eve'] } }}                                 | ${{}}              | ${{}}               | ${[]}
  `('only those are looked at that can be allowed: $because', ({ shape, attributes, properties, places }) => {
    const found = looked(shape, attributes, properties);
    expect(found.places).toEqual(places);
    for (const place of found.places === undefined ? [] : found.allowed) expect(found.places).toContain(place);
  });
});
