import { loadBundle, type SourceFile } from '#policy';
import { fileOf, plan } from './plan.js';
import { type JudgedSet, planAssignments } from './plan-assignments.js';
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
  const short = planAssignments({ base, source: 'api', files, now: NOW }, judged(base))!;
  const whole = plan({ base, source: 'api', files, prune: false, now: NOW });
  const { judged: _next, world: _nextWorld, ...told } = short;
  const { tested: _tested, world: _world, ...wholeTold } = whole;
  expect(told).toEqual(wholeTold);
});

it('runs tests on what others hold after a chain of changes', () => {
  let base = setOf(TESTED + roleSet(['user:ann']));
  let known = judged(base);
  for (const people of [['user:ann', 'user:bob'], ['user:bob']]) {
    const planned = planAssignments({ base, source: 'api', files: bundle(roleSet(people)), now: NOW }, known)!;
    base = setOf(TESTED + roleSet(people));
    known = planned.judged;
  }
  const files = bundle(roleSet(['user:bob', 'user:mallory']));
  expect(planAssignments({ base, source: 'api', files, now: NOW }, known)).toBeNull();
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
  expect(planAssignments({ base, source, files, now: NOW }, { room })).toBeNull();
});

it('leaves it to the whole set where a quota counts what that holds', () => {
  const base = [...setOf(SHOP + roleSet(['user:ann'])), ...setOf(quotaFile('shop', { assignments: 1 }).text, 'quota')];
  const files = bundle(roleSet(['user:ann', 'user:bob']));
  expect(planAssignments({ base, source: 'api', files, now: NOW }, { room: 1_000 })).toBeNull();
  const { valid, exceeded } = plan({ base, source: 'api', files, prune: false, now: NOW });
  expect({ valid, exceeded }).toEqual({
    valid: false,
    exceeded: [{ domain: 'shop', measure: 'assignments', limit: 1, count: 2 }],
  });
});
