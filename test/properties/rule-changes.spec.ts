/** Rules that come, go and change one by one: a snapshot that follows decides as the whole world does, compiled anew or specified. */
import fc from 'fast-check';
import {
  compile,
  decide,
  finished,
  type PolicyRules,
  type Rule,
  ruleChanges,
  type Snapshot,
  snapshotWithRules,
  specify,
  type World,
  worldWithRules,
} from '#engine';
import { RUNS } from './runs.js';
import { situations } from './worlds.js';

/** Small numbers that are looked up in what is there. */
const draw = fc.nat({ max: 9999 });
const edits = fc.record({
  kind: fc.constantFrom('drop', 'rename', 'copy', 'other who', 'other what', 'other scope', 'report'),
  rule: draw,
  other: draw,
  first: fc.boolean(),
});
type Edit = typeof edits extends fc.Arbitrary<infer Drawn> ? Drawn : never;
const steps = fc.array(fc.array(edits, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 4 });

function rulesIn({ outside, domains }: World): readonly Rule[] {
  return [...outside, ...[...domains.values()].flatMap(({ rules }) => rules)];
}

function policyOf({ id }: Rule): string {
  return id.slice(0, id.indexOf('/'));
}

/** The policies that some edits change, as they are afterwards. */
function edited(world: World, drawn: readonly Edit[], step: number): readonly PolicyRules[] {
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

function editedRules(now: readonly Rule[], rule: Rule, other: Rule, edit: Edit, word: string): readonly Rule[] {
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

it('C2 a snapshot that follows changes of rules = the whole world compiled = the specification', () => {
  let [taken, left] = [0, 0];
  fc.assert(
    fc.property(situations(20), steps, ({ generated, requests }, drawn) => {
      let world = generated.world;
      let snapshot: Snapshot = compile(world);
      for (const [step, edit] of drawn.entries()) {
        if (rulesIn(world).length === 0) return;
        const before = { answers: requests.map((request) => decide(snapshot, request)), snapshot };
        const changes = ruleChanges(world, edited(world, edit, step));
        const next = changes && finished(snapshotWithRules(snapshot, changes));
        if (next === undefined) {
          left += 1;
          continue;
        }
        taken += 1;
        snapshot = next;
        world = worldWithRules(world, changes!);
        const whole = compile(world);
        for (const request of requests) {
          const answer = decide(snapshot, request);
          expect(answer).toEqual(decide(whole, request));
          expect(answer).toEqual(specify(world, request));
        }
        for (const sum of ['headersSet', 'parametersSet', 'scopesAsked', 'membersRead', 'validityEdges'] as const)
          expect(snapshot[sum]).toEqual(whole[sum]);
        // Whoever still reads the one before sees nothing of it.
        expect(requests.map((request) => decide(before.snapshot, request))).toEqual(before.answers);
      }
    }),
    { numRuns: RUNS.law },
  );
  // Both ways are gone: else this shows less than it says.
  expect(taken).toBeGreaterThan(RUNS.law / 4);
  expect(left).toBeGreaterThan(0);
});
