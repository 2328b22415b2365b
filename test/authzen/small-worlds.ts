/** Random small worlds in which people may do things to records, and a decision point that knows one of them. */
import fc from 'fast-check';
import { DecisionPoint, type DecisionPointParts, Explainer, LiveSnapshot } from '#decision';
import { compile, type EntityChange, snapshotWithEntities, type World, worldWithEntities } from '#engine';
import { Identity, identitySettings, type KnownCaller, KeyRing } from '#identity';
import { loadBundle } from '#policy';

export const USERS = ['u-0', 'u-1', 'u-2', 'u-3'];
export const RECORDS = ['0', '1', '2', '3', '4', '5'];
export const ACTIONS = ['view', 'edit', 'drop'];
const ROLES = ['reader', 'chief'];
const DOMAINS = ['firm', 'firm.lab', 'firm.shop', 'other'];
/** Rules that count stand where the endpoints lie, or above; some elsewhere, where nobody should see them. */
const OWNERS = ['firm', 'firm.lab', 'firm', 'firm.lab', 'firm.shop', 'other'];

/** All ways to tell one record, or one person, from another, and some that cannot be evaluated for most. */
const CONDITIONS = [
  'resource.attributes.owner == principal.id',
  'resource.attributes.level > 1',
  'has(resource.attributes.level) && resource.attributes.level == principal.attributes.level',
  'resource.attributes["owner"] == "u-1"',
  'resource.id == "3"',
  '"x" in resource.attributes.tags',
  'resource.attributes.box.colour == "red"',
  'resource.attributes.exists(name, name == "level")',
  '[resource].exists(one, one.id == "2")',
  'resource.attributes[principal.attributes.key] == 2',
  'principal.attributes.level > 1',
  '"chief" in principal.roles',
  'principal.id == "u-2"',
  'has(principal.attributes.key)',
  'action.name == "view" || action.attributes.soft == true',
  'context.ticket == "T"',
  'resource.type == "record"',
] as const;

const some = <Value>(values: readonly Value[]): fc.Arbitrary<Value> => fc.constantFrom(...values);
const maybe = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(value, { nil: undefined, freq: 2 });
const several = <Value>(values: readonly Value[]): fc.Arbitrary<Value[]> =>
  fc.subarray([...values], { minLength: 1, maxLength: 2 });

const attributes = fc
  .record({
    owner: maybe(some([...USERS, ''])),
    level: maybe(some([0, 1, 2])),
    tags: maybe(some([['x'], ['y'], []])),
    box: maybe(some([{ colour: 'red' }, { colour: 'blue' }])),
    key: maybe(some(['level', 'none'])),
  })
  .map(withoutAbsent);

const rule = fc.record({
  owner: some(OWNERS),
  effect: some(['allow', 'allow', 'allow', 'deny']),
  scope: some(['self', 'subtree', 'subtree', 'subtree']),
  who: maybe(
    fc.oneof(
      several(ROLES).map((roles) => ({ roles })),
      several(USERS.map((id) => `user:${id}`)).map((principals) => ({ principals })),
      several(USERS).map((subjects) => ({ subjects })),
      fc.constant({ principals: ['user:*'] }),
      fc.constant({ services: ['desk'] }),
      fc.constant({ anonymous: true }),
      fc.constant({ anonymous: true }),
    ),
  ),
  what: maybe(
    fc.oneof(
      several(ACTIONS).map((actions) => ({ actions })),
      several(RECORDS.map((id) => `record:${id}`)).map((resources) => ({ resources })),
      fc.constant({ resourceTypes: ['record'] }),
    ),
  ),
  when: maybe(some(CONDITIONS)),
  obligations: fc
    .integer({ min: 0, max: 9 })
    .map((draw) =>
      draw > 0
        ? undefined
        : [{ kind: 'setHeader', name: 'x-owner', value: '${resource.attributes.owner}', critical: draw > 0 }],
    ),
});

const entity = fc.record({
  domain: some(DOMAINS),
  name: fc.oneof(some(USERS.map((id) => ['user', id])), some(RECORDS.map((id) => ['record', id]))),
  attributes,
});

const drawn = fc.record({
  rules: fc.array(rule, { minLength: 1, maxLength: 7 }),
  entities: fc.uniqueArray(entity, {
    minLength: 3,
    maxLength: 16,
    selector: ({ domain, name }) => [domain, ...name].join(' '),
  }),
  holders: fc.array(fc.record({ domain: some(DOMAINS), role: some(ROLES), user: some(USERS) }), { maxLength: 5 }),
  anonymous: fc.boolean(),
  bound: maybe(some(USERS)),
  wild: fc.boolean(),
  second: fc.boolean(),
  report: maybe(some(DOMAINS)),
});

/** Documents of a world: `record` lies in `firm.lab`, maybe in `firm.shop` too, and whoever asks may vouch for people. */
export const documents: fc.Arbitrary<string> = drawn.map(
  ({ rules, entities, holders, anonymous, bound, wild, second, report }) =>
    [
      document(
        'Domain',
        { name: 'firm' },
        {
          access: ['person', ...(anonymous ? ['anonymous'] : [])],
          boundary: ['desk/*'],
          mechanisms: [{ name: 'person', role: 'access', kind: 'asserted' }],
          ...(report === 'firm' && { mode: 'report' }),
        },
      ),
      document(
        'Domain',
        { name: 'firm.lab' },
        { boundary: ['desk/*'], overlaps: ['firm.shop'], ...(report === 'firm.lab' && { mode: 'report' }) },
      ),
      document('Domain', { name: 'firm.shop' }, { boundary: second ? ['desk/*'] : [], overlaps: ['firm.lab'] }),
      document('Domain', { name: 'other' }, {}),
      document(
        'Service',
        { name: 'desk' },
        {
          domains: second ? ['firm.lab', 'firm.shop'] : ['firm.lab'],
          ...(bound !== undefined && { identities: [{ mechanism: 'person', subject: bound }] }),
          endpoints: [
            {
              name: 'records',
              kind: 'resource',
              operations: [{ resourceType: 'record', actions: wild ? ['view', '*'] : ['view', 'edit'] }],
            },
          ],
        },
      ),
      document(
        'EnforcementPoint',
        { name: 'edge', domain: 'firm' },
        {
          credentials: [{ kind: 'network', cidrs: ['127.0.0.1/32'] }],
          mayAssert: ['person'],
        },
      ),
      ...rules.map(({ owner, ...body }, index) =>
        document(
          'Policy',
          { name: `p-${index}`, domain: owner },
          {
            rules: [{ id: 'r', ...withoutAbsent(body.effect === 'deny' ? asDeny(body) : body) }],
          },
        ),
      ),
      ...entities.map(({ domain, name: [type, id], ...rest }, index) =>
        document('EntitySet', { name: `e-${index}`, domain }, { entities: [{ type, id, ...rest }] }),
      ),
      document(
        'EntitySet',
        { name: 'actions', domain: 'firm' },
        {
          entities: [{ type: 'action', id: 'drop', attributes: { soft: true } }],
        },
      ),
      ...DOMAINS.map((domain, index) =>
        document(
          'RoleSet',
          { name: `roles-${index}`, domain },
          {
            roles: ROLES.map((name) => ({ name })),
            assignments: holders
              .filter((holder) => holder.domain === domain)
              .map(({ role, user }) => ({ role, principals: [`user:${user}`] })),
          },
        ),
      ),
    ].join('\n---\n'),
);

/** What is stored of people and records from then on, a few at a time. */
export const entitySteps: fc.Arbitrary<readonly (readonly EntityChange[])[]> = fc.array(
  fc.uniqueArray(
    entity.chain(({ domain, name, attributes: stored }) =>
      fc.boolean().map((isGone) => ({
        domain,
        entity: name.join(':'),
        attributes: isGone ? null : (stored as EntityChange['attributes']),
      })),
    ),
    { minLength: 1, maxLength: 6, selector: (change) => `${change.domain} ${change.entity}` },
  ),
  { minLength: 1, maxLength: 3 },
);

export interface Standing {
  readonly world: World;
  readonly decisionPoint: DecisionPoint;
  readonly caller: KnownCaller;
}

export const NOW = Date.parse('2026-12-24T12:00:00Z');

/**
 * A decision point that decides by the documents, and the enforcement point of theirs.
 *
 * @param steps  from the documents to what it decides by
 */
export async function standing(
  text: string,
  more: Partial<DecisionPointParts> = {},
  steps: readonly (readonly EntityChange[])[] = [],
): Promise<Standing> {
  const { world: begun, faults, documents: read } = loadBundle([{ file: 'small.yaml', text }]);
  if (begun === null) throw new Error(JSON.stringify(faults));
  let [world, snapshot] = [begun, compile(begun)];
  for (const step of steps) {
    const next = snapshotWithEntities(snapshot, step);
    if (next !== undefined) [world, snapshot] = [worldWithEntities(world, step), next];
  }
  const live = new LiveSnapshot();
  live.replace({
    epoch: 1,
    revision: 1,
    contentHash: '',
    snapshot,
    identity: await Identity.prepare(identitySettings(read.map((located) => located.document)), {
      keys: new KeyRing(),
      onlyLocal: true,
    }),
    confirmedAt: NOW,
  });
  const decisionPoint = new DecisionPoint({
    live,
    explainer: new NoExplainer(),
    clock: () => NOW,
    stopwatch: () => 0,
    newDecisionId: () => 'decision',
    log: (event) => {
      if (event.kind === 'decision-fault') throw event.fault;
    },
    maxTtlSeconds: 30,
    minRevisionWaitMilliseconds: 0,
    mode: 'enforce',
    ...more,
  });
  const caller = decisionPoint.caller({ listener: 'tcp', address: '127.0.0.1', key: undefined, certificateUris: [] });
  return { world, decisionPoint, caller: caller as KnownCaller };
}

class NoExplainer extends Explainer {
  override explain(): never {
    throw new Error('nobody asks why');
  }
}

function document(kind: string, metadata: object, spec: object): string {
  return JSON.stringify({ apiVersion: 'dharma/v1', kind, metadata, spec });
}

/** A deny owes nothing, and has no word for the anonymous. */
function asDeny<Body extends { readonly who?: object | undefined }>(body: Body): object {
  const isAnonymous = body.who !== undefined && 'anonymous' in body.who;
  return { ...body, obligations: undefined, who: isAnonymous ? undefined : body.who };
}

function withoutAbsent(map: object): object {
  return Object.fromEntries(Object.entries(map).filter(([, value]) => value !== undefined));
}
