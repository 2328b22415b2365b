/** Small changes of random worlds: who holds which role, what is stored of whom, and rules. */
import fc from 'fast-check';
import {
  type AccessRequest,
  type AssignmentChange,
  type Attributes,
  type EntityChange,
  isHolder,
  type PolicyRules,
  type Rule,
  type World,
} from '#engine';

/** Small numbers that are looked up in what is there. */
const draw = fc.nat({ max: 9999 });

export const assignmentDraws = fc.array(
  fc.record({ domain: draw, principal: draw, roles: fc.subarray(['agent', 'traveller', 'admin', 'auditor']) }),
  { minLength: 1, maxLength: 4 },
);
type AssignmentDraw = typeof assignmentDraws extends fc.Arbitrary<readonly (infer Drawn)[]> ? Drawn : never;

/** Names that everything has which is not made without a prototype are names like others. */
const attributes: fc.Arbitrary<Attributes | null> = fc.constantFrom(
  null,
  {},
  { owner: 'u-1' },
  { owner: 'u-2', level: 3 },
  { level: 1, owner: null },
  { constructor: 'u-1', owner: { toString: 'x' } },
);
export const entityDraws = fc.noBias(
  fc.array(fc.record({ domain: draw, entity: draw, attributes }), { minLength: 1, maxLength: 8 }),
);
type EntityDraw = typeof entityDraws extends fc.Arbitrary<readonly (infer Drawn)[]> ? Drawn : never;

export const ruleDraws = fc.array(
  fc.record({
    kind: fc.constantFrom('drop', 'rename', 'copy', 'other who', 'other what', 'other scope', 'report'),
    rule: draw,
    other: draw,
    first: fc.boolean(),
  }),
  { minLength: 1, maxLength: 3 },
);
type RuleDraw = typeof ruleDraws extends fc.Arbitrary<readonly (infer Drawn)[]> ? Drawn : never;

/** @param strangers  principals beside those that hold roles */
export function assignmentsIn(
  world: World,
  drawn: readonly AssignmentDraw[],
  strangers: readonly string[],
): readonly AssignmentChange[] {
  const domains = [...world.domains.values()];
  const holders = domains.flatMap(({ directory }) => [...directory.assignments.keys()]).filter(isHolder);
  const principals = [...holders, ...strangers];
  const changes = drawn.map(({ domain, principal, roles }) => ({
    domain: domains[domain % domains.length]!.name,
    principal: principals[principal % principals.length]!,
    roles: [...roles].sort(),
  }));
  return onceEach(changes, ({ domain, principal }) => `${domain} ${principal}`);
}

/** Mostly of what requests name, at domains that store something: where none does, the first takes a compilation. */
export function entitiesIn(
  world: World,
  drawn: readonly EntityDraw[],
  requests: readonly AccessRequest[],
): readonly EntityChange[] {
  const all = [...world.domains.values()];
  const storing = all.filter(({ directory }) => directory.entities.size > 0);
  const isAnywhere = storing.length === 0 || drawn.some(({ domain }) => domain % 20 === 0);
  const domains = isAnywhere ? all : storing;
  const stored = all.flatMap(({ directory }) => [...directory.entities.keys()]);
  const named = requests.flatMap((request) => namedIn(world, request));
  const entities = [...named, ...stored, 'record:102'];
  const changes = drawn.map(({ domain, entity, ...more }) => ({
    domain: domains[domain % domains.length]!.name,
    entity: entities[entity % entities.length]!,
    ...more,
  }));
  return onceEach(changes, ({ domain, entity }) => `${domain} ${entity}`);
}

/** Whatever a request names of which something may be stored. */
function namedIn({ mechanisms }: World, { target, evidence }: AccessRequest): readonly string[] {
  const principals = evidence.flatMap(({ mechanism, subject }) => {
    const type = mechanisms.get(mechanism)?.principalType;
    return type === undefined ? [] : [`${type}:${subject}`];
  });
  if (target.kind !== 'resource') return principals;
  const { resource, action } = target;
  return [...principals, `${resource.type}:${resource.id}`, `action:${action.name}`];
}

/** One word about each, the last one. */
function onceEach<Change>(changes: readonly Change[], keyOf: (change: Change) => string): readonly Change[] {
  return [...new Map(changes.map((change) => [keyOf(change), change])).values()];
}

export function rulesIn({ outside, domains }: World): readonly Rule[] {
  return [...outside, ...[...domains.values()].flatMap(({ rules }) => rules)];
}

function policyOf({ id }: Rule): string {
  return id.slice(0, id.indexOf('/'));
}

/**
 * The policies that some edits change, as they are afterwards.
 *
 * @param world  with a rule at least
 */
export function policiesIn(world: World, drawn: readonly RuleDraw[], step: number): readonly PolicyRules[] {
  const rules = rulesIn(world);
  const policies = new Map<string, { owner: string; rules: readonly Rule[] }>();
  for (const [index, edit] of drawn.entries()) {
    const rule = rules[edit.rule % rules.length]!;
    const other = rules[edit.other % rules.length]!;
    const policy = policyOf(rule);
    const now = policies.get(policy)?.rules ?? rules.filter((one) => policyOf(one) === policy);
    policies.set(policy, { owner: rule.owner, rules: editedRules(now, rule, other, edit, `${step}-${index}`) });
  }
  return [...policies].map(([policy, { owner, rules: now }]) => ({ policy, owner, rules: now }));
}

function editedRules(now: readonly Rule[], rule: Rule, other: Rule, edit: RuleDraw, word: string): readonly Rule[] {
  // Ids before and behind all others, so that numbers move.
  const id = `${policyOf(rule)}/${edit.first ? '0' : 'z'}${word}`;
  const rest = now.filter((one) => one.id !== rule.id);
  const who = rule.effect === 'deny' || rule.direction === 'out' ? { ...other.who, anonymous: false } : other.who;
  switch (edit.kind) {
    case 'drop':
      return rest;
    case 'rename':
      return [...rest, { ...rule, id }];
    case 'copy':
      // `*` owns denies only.
      return rule.owner === '*' && other.effect === 'allow' ? now : [...now, { ...other, id, owner: rule.owner }];
    case 'other who':
      return [...rest, { ...rule, who }];
    case 'other what':
      return [...rest, { ...rule, what: other.what }];
    case 'other scope':
      return [...rest, { ...rule, scope: rule.scope === 'self' ? 'subtree' : 'self' }];
    case 'report':
      return [...rest, { ...rule, mode: rule.mode === 'report' ? 'enforce' : 'report' }];
  }
}

/** The same world with plain maps in order, as the loader makes them. */
export function plain(world: World): World {
  const domains = [...world.domains].map(([name, domain]) => {
    const { assignments, entities } = domain.directory;
    const directory = { assignments: inOrder(assignments), entities: inOrder(entities) };
    return [name, { ...domain, directory }] as const;
  });
  return { ...world, domains: new Map(domains) };
}

function inOrder<Value>(map: ReadonlyMap<string, Value>): ReadonlyMap<string, Value> {
  return new Map([...map].sort(([left], [right]) => (left < right ? -1 : 1)));
}
