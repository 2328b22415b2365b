/** What is said about callers from outside, for single rules: cases that random worlds seldom bring together. */
import { remarkLine, staticMap } from '#mesh-export';
import { loadBundle } from '#policy';
import { NOW } from '../properties/worlds.js';

const READ = '{ id: read, effect: allow, who: { anonymous: true } }';
const obliged = (critical: boolean): string =>
  `{ id: tier, effect: allow, who: { scopes: [gold] }, obligations: [{ kind: setHeader, name: x-tier, value: gold, critical: ${critical} }] }`;

it.each`
  because                                            | rules                                                                                          | domain                        | verdict
  ${'a rule lets anybody in'}                        | ${[READ]}                                                                                      | ${''}                         | ${'always'}
  ${'no rule lets anybody in'}                       | ${[]}                                                                                          | ${''}                         | ${'never'}
  ${'only a credential can have a scope'}            | ${['{ id: a, effect: allow, who: { scopes: [gold] } }']}                                       | ${''}                         | ${'undecided'}
  ${'a condition may fail'}                          | ${['{ id: a, effect: allow, who: { anonymous: true }, when: request.path == "/" }']}           | ${''}                         | ${'undecided'}
  ${'it ends'}                                       | ${['{ id: a, effect: allow, who: { anonymous: true }, notAfter: 2027-01-01T00:00:00Z }']}      | ${''}                         | ${'undecided'}
  ${'it is over'}                                    | ${['{ id: a, effect: allow, who: { anonymous: true }, notAfter: 2026-01-01T00:00:00Z }']}      | ${''}                         | ${'never'}
  ${'it has begun and does not end'}                 | ${['{ id: a, effect: allow, who: { anonymous: true }, notBefore: 2026-01-01T00:00:00Z }']}     | ${''}                         | ${'always'}
  ${'a credential may bring in what must be done'}   | ${[READ, obliged(true)]}                                                                       | ${''}                         | ${'undecided'}
  ${'what need not be done may be left'}             | ${[READ, obliged(false)]}                                                                      | ${''}                         | ${'always'}
  ${'a credential may be of a barred group'}         | ${[READ, '{ id: d, effect: deny, who: { groups: [barred] } }']}                                | ${''}                         | ${'undecided'}
  ${'whoever is outside is denied'}                  | ${[READ, '{ id: d, effect: deny, who: { domains: ["*"] } }']}                                  | ${''}                         | ${'never'}
  ${'a deny that begins later may be in force then'} | ${[READ, '{ id: d, effect: deny, who: { domains: ["*"] }, notBefore: 2027-01-01T00:00:00Z }']} | ${''}                         | ${'undecided'}
  ${'a deny of some paths holds for part of it'}     | ${[READ, '{ id: d, effect: deny, who: { domains: ["*"] }, what: { paths: [/secret] } }']}      | ${''}                         | ${'undecided'}
  ${'a deny of other methods does not concern it'}   | ${[READ, '{ id: d, effect: deny, who: { domains: ["*"] }, what: { methods: [POST] } }']}       | ${''}                         | ${'always'}
  ${'report mode is not counted on'}                 | ${[]}                                                                                          | ${'mode: report,'}            | ${'undecided'}
  ${'a configuration does not age'}                  | ${[READ]}                                                                                      | ${'maxStalenessSeconds: 60,'} | ${'undecided'}
  ${'nobody may enter a suspended domain'}           | ${[READ]}                                                                                      | ${'suspended: true,'}         | ${'never'}
`('$verdict: $because', ({ rules, domain, verdict }) => {
  const text = `
apiVersion: dharma/v1
kind: Domain
metadata: { name: shop }
spec:
  { ${domain} boundary: ["orders/*"], access: [anonymous, login], mechanisms: [{ name: login, role: access, kind: jwt, jwt: { issuer: "https://i.example/", audiences: [a] } }] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: orders }
spec: { domains: [shop], hosts: [localhost], endpoints: [{ name: all, operations: [{ methods: [GET], path: /** }] }] }
${rules.length === 0 ? '' : `---\napiVersion: dharma/v1\nkind: Policy\nmetadata: { name: p, domain: shop }\nspec:\n  rules:\n${rules.map((rule: string) => `    - ${rule}\n`).join('')}`}`;
  const bundle = loadBundle([{ file: 'world.yaml', text }]);
  expect(bundle.faults).toEqual([]);
  const { regions } = staticMap(bundle.world!, new Map(), NOW);
  const get = regions.filter(({ methods }) => methods.kind === 'named' && methods.names[0] === 'GET');
  expect(get.map(({ outsiders }) => outsiders)).toEqual([verdict]);
});

describe('callers that a mesh takes for ones from outside', () => {
  const DENY = (services: string): string => `{ id: d, effect: deny, who: { services: [${services}] } }`;

  it.each`
    because                                             | rules                     | home                  | egress      | verdict
    ${'they may do what anybody may'}                   | ${[READ]}                 | ${''}                 | ${'open'}   | ${'always'}
    ${'one that is known by its address is denied'}     | ${[READ, DENY('batch')]}  | ${''}                 | ${'open'}   | ${'undecided'}
    ${'one that is known by its certificate is denied'} | ${[READ, DENY('legacy')]} | ${''}                 | ${'open'}   | ${'undecided'}
    ${'a deny of one that a mesh sees is not of them'}  | ${[READ, DENY('meshed')]} | ${''}                 | ${'open'}   | ${'always'}
    ${'one may be suspended'}                           | ${[READ]}                 | ${'suspended: true,'} | ${'open'}   | ${'undecided'}
    ${'one may not leave its domain'}                   | ${[READ]}                 | ${''}                 | ${'closed'} | ${'undecided'}
    ${'nobody may'}                                     | ${[DENY('batch')]}        | ${''}                 | ${'open'}   | ${'never'}
  `('$verdict: $because', ({ rules, home, egress, verdict }) => {
    const { regions } = judged(rules, `${home} egress: ${egress}`);
    const get = regions.filter(({ methods }) => methods.kind === 'named' && methods.names[0] === 'GET');
    expect(get.map(({ outsiders }) => outsiders)).toEqual([verdict]);
  });

  it('are listed, for whoever is one of them and a workload of another service is ambiguous to Dharma', () => {
    const passed = judged([READ], 'egress: open').remarks.filter(({ effect }) => effect === 'passed');
    expect(passed.map((remark) => remarkLine({ ...remark, effect: 'passed' }))).toEqual([
      'service `batch` is bound to `10.1.0.0/16` of `office`: whoever proves that and another service is refused by Dharma as ambiguous, and is not told apart here',
      'service `legacy` is bound to `legacy.acme.example` of `edge`: whoever proves that and another service is refused by Dharma as ambiguous, and is not told apart here',
    ]);
  });

  function judged(rules: readonly string[], home: string): ReturnType<typeof staticMap> {
    const text = `
apiVersion: dharma/v1
kind: Domain
metadata: { name: shop }
spec:
  access: [anonymous]
  boundary: ["orders/*"]
  mechanisms:
    - { name: office, role: trust, kind: network, network: { cidrs: [10.0.0.0/8] } }
    - { name: edge, role: trust, kind: mtls, mtls: { match: dns } }
    - { name: mesh, role: trust, kind: spiffe, spiffe: { trustDomain: acme.example } }
---
apiVersion: dharma/v1
kind: Domain
metadata: { name: elsewhere }
spec: { ${home} }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: orders }
spec: { domains: [shop], hosts: [localhost], endpoints: [{ name: all, operations: [{ methods: [GET], path: /x }] }] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: batch }
spec: { domains: [elsewhere], identities: [{ mechanism: office, subject: 10.1.0.0/16 }] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: legacy }
spec: { domains: [shop], identities: [{ mechanism: edge, subject: legacy.acme.example }] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: meshed }
spec: { domains: [shop], identities: [{ mechanism: mesh, subject: spiffe://acme.example/ns/a/sa/meshed }] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: p, domain: shop }
spec:
  rules:
${rules.map((rule) => `    - ${rule}\n`).join('')}`;
    const bundle = loadBundle([{ file: 'world.yaml', text }]);
    expect(bundle.faults).toEqual([]);
    return staticMap(bundle.world!, new Map([['mesh', 'acme.example']]), NOW);
  }
});
