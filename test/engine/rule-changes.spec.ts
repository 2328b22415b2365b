import { compile, finished, type Rule, ruleChanges, snapshotWithRules, worldWithRules } from '#engine';
import { allow, deny, shop } from './voices.js';

const clerks = allow('p/clerks', { who: { anonymous: false, roles: ['clerk'] } });
const heads = allow('p/heads', { who: { anonymous: false, roles: ['head'] } });
const german = allow('p/german', { who: { anonymous: false, roles: ['clerk'] }, when: 'attributes.country == "de"' });
const night = deny('p/night', { who: { anonymous: false, roles: ['clerk'] } });
const clock = allow('p/clock', { who: clerks.who, when: 'request.time < timestamp("2027-01-01T00:00:00Z")' });
const tiered = allow('p/tiered', {
  who: clerks.who,
  obligations: [{ kind: 'setQueryParameter', name: 'tier', value: 'gold', critical: true }],
});
const many = Array.from({ length: 1_001 }, (_, index) => ({ ...clerks, id: `p/many-${index}` }));
const noon = Date.parse('2026-12-24T12:00:00Z');

function followed(before: readonly Rule[], after: readonly Rule[]) {
  const world = shop({ rules: before.map(ownedByAcme) });
  const changes = ruleChanges(world, [{ policy: 'p', owner: 'acme', rules: after.map(ownedByAcme) }]);
  const snapshot = changes && finished(snapshotWithRules(compile(world), changes));
  return snapshot && { snapshot, world: worldWithRules(world, changes) };
}

function ownedByAcme(rule: Rule): Rule {
  return { ...rule, owner: 'acme' };
}

it.each`
  because                                    | before                     | after
  ${'a rule goes'}                           | ${[clerks, heads]}         | ${[heads]}
  ${'another one of a known role comes'}     | ${[clerks, heads]}         | ${[clerks, heads, { ...heads, id: 'p/a' }]}
  ${'a rule has another role'}               | ${[clerks, heads]}         | ${[{ ...clerks, who: heads.who }, heads]}
  ${'a rule is for explanations alone now'}  | ${[clerks, heads]}         | ${[{ ...clerks, mode: 'report' }, heads]}
  ${'all rules of a kind go'}                | ${[clerks, night]}         | ${[clerks]}
  ${'one with a condition has another role'} | ${[clerks, heads, german]} | ${[clerks, heads, { ...german, who: heads.who }]}
  ${'one that reads what others read comes'} | ${[clerks, german]}        | ${[clerks, german, { ...german, id: 'p/b' }]}
  ${'nothing is different'}                  | ${[clerks, night]}         | ${[clerks, night]}
`('follows without a compilation where $because', ({ before, after }) => {
  const { snapshot, world } = followed(before, after)!;
  expect(world.domains.get('acme')!.rules.map(({ id }) => id)).toEqual(after.map(({ id }: Rule) => id).toSorted());
  const whole = compile(world);
  expect(snapshot.membersRead).toEqual(whole.membersRead);
  expect(snapshot.rules.ids.length).toBe(after.length);
});

it.each`
  because                                     | before                             | after
  ${'it is filed under a name that none was'} | ${[clerks]}                        | ${[clerks, heads]}
  ${'it is the first deny of its owner'}      | ${[clerks, heads]}                 | ${[clerks, heads, night]}
  ${'it reads what no rule did'}              | ${[clerks]}                        | ${[clerks, german]}
  ${'none reads any more what one did'}       | ${[clerks, german]}                | ${[clerks]}
  ${'it ends some day'}                       | ${[clerks]}                        | ${[{ ...clerks, notAfter: noon }]}
  ${'it had an end'}                          | ${[{ ...clerks, notAfter: noon }]} | ${[clerks]}
  ${'it reads the clock'}                     | ${[clerks, heads, clock]}          | ${[clerks, heads, { ...clock, who: heads.who }]}
  ${'it sets a parameter of the query'}       | ${[clerks, tiered]}                | ${[clerks, tiered, { ...tiered, id: 'p/c' }]}
  ${'it set a parameter of the query'}        | ${[clerks, tiered]}                | ${[clerks]}
  ${'they are too many'}                      | ${[clerks, ...many]}               | ${[clerks]}
`('leaves it to a compilation where $because', ({ before, after }) => {
  expect(followed(before, after)).toBeUndefined();
});

it('leaves the table before as it was, and no room for what went', () => {
  const many = Array.from({ length: 300 }, (_, index) =>
    ownedByAcme(allow(`p/r${index}`, { who: { anonymous: false, roles: [`role-${index % 7}`] } })),
  );
  const world = shop({ rules: many });
  const before = compile(world);
  const { rules } = before;
  const arrays = ['slots', 'entries', 'owners', 'detailPlaces'] as const;
  const was = structuredClone(arrays.map((array) => Reflect.get(rules, array) as Int32Array));
  const changes = ruleChanges(world, [{ policy: 'p', owner: 'acme', rules: many.slice(0, 10) }])!;
  const after = finished(snapshotWithRules(before, changes))!;
  expect(arrays.map((array) => Reflect.get(rules, array) as Int32Array)).toEqual(was);
  const lengths = (table: typeof rules) => arrays.map((array) => (Reflect.get(table, array) as Int32Array).length);
  const anew = lengths(compile(worldWithRules(world, changes)).rules);
  lengths(after.rules).forEach((length, index) => expect(length).toBeLessThanOrEqual(anew[index]!));
});
