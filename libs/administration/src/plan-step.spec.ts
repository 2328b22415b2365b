import { loadBundle, type SourceFile } from '#policy';
import { fileOf, plan } from './plan.js';
import { type JudgedSet, planStep } from './plan-step.js';
import { quotaFile } from './quota.js';
import { newDocument, type StoredDocument } from './stored-document.js';

const NOW = Date.parse('2026-12-24T12:00:00Z');

const SHOP = `
apiVersion: dharma/v1
kind: Domain
metadata: { name: shop }
spec:
  mechanisms: [{ name: login, role: access, kind: asserted }]
  access: [login]
  boundary: ["orders/*"]
---
apiVersion: dharma/v1
kind: Service
metadata: { name: orders }
spec: { domains: [shop], hosts: [shop.example], endpoints: [{ name: office, operations: [{ path: "/**" }] }] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: shop, domain: shop }
spec: { rules: [{ id: clerks, effect: allow, who: { roles: [clerk] }, what: { endpoints: [orders/office] } }] }
`;
const TESTED = `${SHOP}---
apiVersion: dharma/v1
kind: Test
metadata: { name: no-mallory, domain: shop }
spec:
  cases:
    - because: Mallory is no clerk
      request:
        target: { host: shop.example, method: GET, path: /a }
        evidence: [{ role: access, mechanism: login, subject: mallory }]
      expect: { decision: deny }
`;

function roleSet(principals: readonly string[], more = ''): string {
  return `---
apiVersion: dharma/v1
kind: RoleSet
metadata: { name: staff, domain: shop }
spec:
  ${more}
  assignments: [{ role: clerk, principals: ${JSON.stringify(principals)} }]
`;
}

function setOf(text: string, source = 'api'): readonly StoredDocument[] {
  return loadBundle([{ file: 'set.yaml', text }]).documents.map(({ document, text: own }) => {
    const { document: _meaning, ...stored } = newDocument(document, own, source);
    return stored;
  });
}

/** As a publication that was planned as a whole leaves it behind. */
function judged(base: readonly StoredDocument[]): JudgedSet {
  const policy = base.filter(({ kind }) => kind === 'Policy');
  const { tested, valid, faults } = plan({ base, source: 'api', files: policy.map(asBundle), prune: false, now: NOW });
  expect({ valid, faults }).toEqual({ valid: true, faults: [] });
  return { room: 1_000_000, tested };
}

function asBundle(document: StoredDocument): SourceFile {
  return { file: document.name, text: fileOf(document).text };
}

function policy(...roles: readonly string[]): string {
  return `---
apiVersion: dharma/v1
kind: Policy
metadata: { name: office, domain: shop }
spec:
  rules:
${roles.map((role, index) => `    - { id: r${index}, effect: allow, who: { roles: [${role}] }, what: { endpoints: [orders/office] } }`).join('\n')}
`;
}

function entitySet(entities: object, name = 'records', domain = 'shop'): string {
  const list = Object.entries(entities).map(([id, attributes]) => ({ type: 'record', id, attributes }));
  const document = {
    apiVersion: 'dharma/v1',
    kind: 'EntitySet',
    metadata: { name, domain },
    spec: { entities: list },
  };
  return `---\n${JSON.stringify(document)}\n`;
}

const bundle = (text: string): readonly SourceFile[] => [{ file: 'staff.yaml', text }];

it.each`
  because                      | set       | before                      | after
  ${'one joins'}               | ${SHOP}   | ${['user:ann']}             | ${['user:ann', 'user:bob']}
  ${'one leaves'}              | ${SHOP}   | ${['user:ann', 'user:bob']} | ${['user:ann']}
  ${'nothing differs'}         | ${SHOP}   | ${['user:ann']}             | ${['user:ann']}
  ${'tests pass, as they did'} | ${TESTED} | ${['user:ann']}             | ${['user:ann', 'user:bob']}
`('says what the plan of the whole set says: $because', ({ set, before, after }) => {
  const base = setOf(set + roleSet(before));
  const files = bundle(roleSet(after));
  const short = planStep({ base, source: 'api', files, now: NOW }, judged(base), loadBundle)!;
  const whole = plan({ base, source: 'api', files, prune: false, now: NOW });
  const { judged: _next, world: _nextWorld, guardrails: _unasked, ...told } = short;
  const { tested: _tested, world: _world, guardrails: _shown, ...wholeTold } = whole;
  expect(told).toEqual(wholeTold);
});

it.each`
  because                                                 | set       | after
  ${'one is stored'}                                      | ${SHOP}   | ${entitySet({ 1: { owner: 'ann' }, 2: {} })}
  ${'another thing is stored of one'}                     | ${SHOP}   | ${entitySet({ 1: { owner: 'bob' } })}
  ${'one is stored no longer'}                            | ${SHOP}   | ${entitySet({})}
  ${'nothing differs'}                                    | ${SHOP}   | ${entitySet({ 1: { owner: 'ann' } })}
  ${'it moves to another set'}                            | ${SHOP}   | ${entitySet({}) + entitySet({ 1: {}, 3: {} }, 'more')}
  ${'a role is held by others, and rules are others'}     | ${SHOP}   | ${entitySet({}) + policy('clerk', 'clerk') + roleSet(['user:bob'])}
  ${'tests pass, as they did'}                            | ${TESTED} | ${entitySet({ 1: { owner: 'ann' }, 2: {} })}
  ${'tests pass, and rules and roles are others as well'} | ${TESTED} | ${entitySet({}) + policy('clerk', 'clerk') + roleSet(['user:bob'])}
`('says what the plan of the whole set says of entities: $because', ({ set, after }) => {
  const more = entitySet({ 3: {} }, 'more') + policy('clerk', 'head') + roleSet(['user:ann']);
  const base = setOf(set + entitySet({ 1: { owner: 'ann' } }) + more);
  const files = bundle(after);
  const short = planStep({ base, source: 'api', files, now: NOW }, judged(base), loadBundle)!;
  const whole = plan({ base, source: 'api', files, prune: false, now: NOW });
  const { judged: _next, world: _nextWorld, warnings: _none, guardrails: _unasked, ...told } = short;
  const { tested: _tested, world: _world, warnings: _hardlyMeant, guardrails: _shown, ...wholeTold } = whole;
  expect(told).toEqual(wholeTold);
});

it.each`
  because                                  | text
  ${'another set of the domain stores it'} | ${entitySet({ 1: {}, 3: {} })}
  ${'one is named twice'}                  | ${entitySet({ 1: {} }).replace('[{', '[{"type":"record","id":"1"},{')}
  ${'two sets of the bundle store it'}     | ${entitySet({ 4: {} }) + entitySet({ 3: {}, 4: {} }, 'more')}
  ${'its type is none'}                    | ${entitySet({ 1: {} }).replace('"record"', '"re:cord"')}
  ${'it passes to another domain'}         | ${entitySet({ 1: {} }, 'records', 'shop.east')}
  ${'it is new'}                           | ${entitySet({ 1: {} }, 'things')}
`('leaves entities to the whole set where $because', ({ text }) => {
  const east = '---\napiVersion: dharma/v1\nkind: Domain\nmetadata: { name: shop.east }\nspec: {}\n';
  for (const set of [SHOP, TESTED]) {
    const base = setOf(set + east + entitySet({ 1: {} }) + entitySet({ 3: {} }, 'more'));
    expect(planStep({ base, source: 'api', files: bundle(text), now: NOW }, judged(base), loadBundle)).toBeNull();
  }
});

it('runs tests on what is stored after a chain of changes', () => {
  const owned = TESTED.replace('who: { roles: [clerk] }', "when: 'principal.attributes.level > 1'");
  const levels = (people: object) => entitySet(people).replaceAll('"record"', '"user"');
  let base = setOf(owned + levels({ mallory: { level: 1 } }));
  let known = judged(base);
  for (const people of [{ mallory: { level: 0 } }, { ann: { level: 2 } }]) {
    const files = bundle(levels(people));
    known = planStep({ base, source: 'api', files, now: NOW }, known, loadBundle)!.judged;
    base = setOf(owned + levels(people));
  }
  const files = bundle(levels({ ann: { level: 2 }, mallory: { level: 2 } }));
  expect(planStep({ base, source: 'api', files, now: NOW }, known, loadBundle)).toBeNull();
  expect(plan({ base, source: 'api', files, prune: false, now: NOW }).tests.failed).toHaveLength(1);
});

it.each`
  because                               | set       | after
  ${'a rule has another role'}          | ${SHOP}   | ${policy('clerk', 'clerk')}
  ${'a rule comes'}                     | ${SHOP}   | ${policy('clerk', 'head', 'clerk')}
  ${'a rule goes'}                      | ${SHOP}   | ${policy('head')}
  ${'a role is held by others as well'} | ${SHOP}   | ${policy('clerk') + roleSet(['user:bob'])}
  ${'tests pass, as they did'}          | ${TESTED} | ${policy('clerk', 'clerk') + roleSet(['user:bob'])}
`('says what the plan of the whole set says of rules: $because', ({ set, after }) => {
  const base = setOf(set + policy('clerk', 'head') + roleSet(['user:ann']));
  const files = bundle(after);
  const short = planStep({ base, source: 'api', files, now: NOW }, judged(base), loadBundle)!;
  const whole = plan({ base, source: 'api', files, prune: false, now: NOW });
  const { judged: _next, world: _nextWorld, warnings: _none, guardrails: _unasked, ...told } = short;
  const { tested: _tested, world: _world, warnings: _hardlyMeant, guardrails: _shown, ...wholeTold } = whole;
  expect(told).toEqual(wholeTold);
});

it('runs tests on what rules allow after a chain of changes', () => {
  const people = roleSet(['user:mallory']).replace('role: clerk', 'role: head').replace('staff', 'heads');
  const common = SHOP.replaceAll('clerk', 'visitor') + TESTED.slice(SHOP.length) + people;
  let base = setOf(
    common + policy('clerk', 'head').replace('allow, who: { roles: [head]', 'deny, who: { roles: [head]'),
  );
  let known = judged(base);
  const files = (text: string) => bundle(text);
  const safe = policy('clerk', 'clerk');
  const planned = planStep({ base, source: 'api', files: files(safe), now: NOW }, known, loadBundle)!;
  base = setOf(common + safe);
  known = planned.judged;
  // Of a name that is known there.
  const open = policy('clerk', 'head');
  expect(planStep({ base, source: 'api', files: files(open), now: NOW }, known, loadBundle)).toBeNull();
  expect(plan({ base, source: 'api', files: files(open), prune: false, now: NOW }).tests.failed).toHaveLength(1);
});

it.each`
  because                                  | text
  ${'an endpoint does not exist'}          | ${policy('clerk').replace('orders/office', 'orders/nowhere')}
  ${'a rule has a fault'}                  | ${policy('clerk').replace('effect: allow', 'effect: alow')}
  ${'two rules have one name'}             | ${policy('clerk', 'clerk').replace('r1', 'r0')}
  ${'a condition is none'}                 | ${policy('clerk').replace('effect: allow', "effect: allow, when: '1 +'")}
  ${'it passes to another domain'}         | ${policy('clerk').replace('domain: shop', 'domain: shop.east')}
  ${'it is new'}                           | ${policy('clerk').replace('name: office', 'name: garden')}
  ${'it is named twice'}                   | ${policy('clerk') + policy('clerk')}
  ${'what rules refer to comes with it'}   | ${policy('clerk') + SHOP.slice(0, SHOP.indexOf('---')).replace('\n', '---\n')}
  ${'one of two documents cannot be read'} | ${`${policy('clerk')}---\nkind: [\n`}
`('leaves rules to the whole set where $because', ({ text }) => {
  const east = '---\napiVersion: dharma/v1\nkind: Domain\nmetadata: { name: shop.east }\nspec: {}\n';
  const base = setOf(SHOP + east + policy('clerk', 'head'));
  expect(planStep({ base, source: 'api', files: bundle(text), now: NOW }, { room: 10_000 }, loadBundle)).toBeNull();
});

it('runs tests on what others hold after a chain of changes', () => {
  let base = setOf(TESTED + roleSet(['user:ann']));
  let known = judged(base);
  for (const people of [['user:ann', 'user:bob'], ['user:bob']]) {
    const planned = planStep({ base, source: 'api', files: bundle(roleSet(people)), now: NOW }, known, loadBundle)!;
    base = setOf(TESTED + roleSet(people));
    known = planned.judged;
  }
  const files = bundle(roleSet(['user:bob', 'user:mallory']));
  expect(planStep({ base, source: 'api', files, now: NOW }, known, loadBundle)).toBeNull();
  expect(plan({ base, source: 'api', files, prune: false, now: NOW }).tests.failed).toHaveLength(1);
});

it.each`
  because                              | files                                                          | source   | room
  ${'a role is defined too'}           | ${bundle(roleSet(['user:bob'], 'roles: [{ name: clerk }]'))}   | ${'api'} | ${1_000}
  ${'it is of another source'}         | ${bundle(roleSet(['user:bob']))}                               | ${'git'} | ${1_000}
  ${'the set grows beyond its bounds'} | ${bundle(roleSet(['user:ann', 'user:bob']))}                   | ${'api'} | ${5}
  ${'it has a fault'}                  | ${bundle(roleSet(['bob']))}                                    | ${'api'} | ${1_000}
  ${'there is another document'}       | ${bundle(roleSet(['user:bob']) + SHOP.replace('\n', '---\n'))} | ${'api'} | ${1_000}
  ${'there is none'}                   | ${[]}                                                          | ${'api'} | ${1_000}
  ${'it is new'}                       | ${bundle(roleSet(['user:bob']).replace('staff', 'people'))}    | ${'api'} | ${1_000}
`('leaves it to the whole set where $because', ({ files, source, room }) => {
  const base = setOf(SHOP + roleSet(['user:ann']));
  expect(planStep({ base, source, files, now: NOW }, { room }, loadBundle)).toBeNull();
});

it('leaves it to the whole set where a quota counts what that holds', () => {
  const base = [...setOf(SHOP + roleSet(['user:ann'])), ...setOf(quotaFile('shop', { assignments: 1 }).text, 'quota')];
  const files = bundle(roleSet(['user:ann', 'user:bob']));
  expect(planStep({ base, source: 'api', files, now: NOW }, { room: 1_000 }, loadBundle)).toBeNull();
  const { valid, exceeded } = plan({ base, source: 'api', files, prune: false, now: NOW });
  expect({ valid, exceeded }).toEqual({
    valid: false,
    exceeded: [{ domain: 'shop', measure: 'assignments', limit: 1, count: 2 }],
  });
});
