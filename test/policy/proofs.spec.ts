/** Matrices and assertions about reach, as documents. */
import { compile, decide, type World } from '#engine';
import { type Bundle, jsonSchemas, loadBundle, runTests, type TestResult } from '#policy';
import { Effort } from '#reach';

const NOW = Date.parse('2026-12-24T12:00:00Z');

const SET = `apiVersion: dharma/v1
kind: Domain
metadata: { name: acme }
spec:
  mechanisms:
    - { name: spiffe, role: trust, kind: spiffe, spiffe: { trustDomain: acme.example } }
    - { name: login, role: access, kind: jwt, jwt: { issuer: "https://login.acme.example/", audiences: [acme] } }
    - { name: partner, role: access, kind: jwt, jwt: { issuer: "https://p.example/", audiences: [acme], principalType: partner } }
  trust: [spiffe]
  access: [login, partner]
  boundary: ["pay-core/refund", "pay-core/status"]
---
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme.shop }
spec: {}
---
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme.payments }
spec: { boundary: ["pay-core/*"], access: [login, partner, anonymous] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: shop }
spec: { domains: [acme.shop], identities: [{ mechanism: spiffe, subject: "spiffe://acme.example/shop" }] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: reports }
spec: { domains: [acme.shop], identities: [{ mechanism: spiffe, subject: "spiffe://acme.example/reports/**" }] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: unproven }
spec: { domains: [acme.shop] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: settle }
spec: { domains: [acme.payments], identities: [{ mechanism: spiffe, subject: "spiffe://acme.example/settle" }] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: pay-core }
spec:
  domains: [acme.payments]
  hosts: [pay.acme.example]
  endpoints:
    - { name: ledger, operations: [{ methods: [GET, POST], path: "/ledger/**" }] }
    - { name: refund, operations: [{ methods: [POST], path: "/refund/{id}" }] }
    - { name: status, operations: [{ methods: [GET], path: /status }] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: pay, domain: acme.payments }
spec:
  rules:
    - { id: reports, effect: allow, who: { anonymous: true, services: [reports] }, what: { endpoints: [pay-core/ledger], methods: [GET] }, when: 'request.path == "/ledger/today"' }
    - { id: clerks, effect: allow, who: { groups: [clerks] }, what: { endpoints: [pay-core/refund] } }
    - { id: status, effect: allow, who: { anonymous: true }, what: { endpoints: [pay-core/status] } }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: company, domain: acme }
spec:
  rules:
    - { id: clerks, effect: allow, who: { groups: [clerks] }, what: { endpoints: [pay-core/refund] } }
    - { id: barred, effect: deny, who: { mechanisms: [partner] } }
---
`;

const bundleOf = (spec: string, set = SET): Bundle =>
  loadBundle([
    { file: 'set.yaml', text: set },
    { file: 'proofs.yaml', text: `apiVersion: dharma/v1\nkind: Test\nmetadata: { name: proofs }\nspec:\n${spec}` },
  ]);

function resultsOf(spec: string, { set = SET, effort = new Effort() } = {}): readonly TestResult[] {
  const bundle = bundleOf(spec, set);
  expect(bundle.faults).toEqual([]);
  const snapshot = compile(bundle.world as World);
  return runTests(bundle, (request) => decide(snapshot, request), NOW, { effort, snapshot });
}

const differencesOf = (assertion: string, more: Parameters<typeof resultsOf>[1] = {}): readonly string[] =>
  resultsOf(`  reach: [{ because: it is so, ${assertion} }]`, more)[0]!.differences;

describe('an assertion about who gets through', () => {
  it.each`
    because                                                     | assertion
    ${'members get at what lies inside'}                        | ${'endpoints: [pay-core/ledger], methods: [POST], exactly: { services: [settle] }'}
    ${'or any of their domain'}                                 | ${'endpoints: [pay-core/ledger], methods: [POST], exactly: { domains: [acme.payments] }'}
    ${'what hangs on a condition does not count where told so'} | ${'endpoints: [pay-core/ledger], only: { services: [settle] }, conditional: deny'}
    ${'and counts as getting through where told so'}            | ${'endpoints: [pay-core/ledger], exactly: { services: [settle, reports] }, conditional: allow'}
    ${'a service without any proof is nobody'}                  | ${'endpoints: ["pay-core/*"], none: { services: [unproven] }'}
    ${'others have no business there, condition or not'}        | ${'endpoints: [pay-core/ledger], none: { services: [shop], anonymous: true }'}
    ${'only the login opens refunds to outsiders'}              | ${'endpoints: [pay-core/refund], only: { domains: [acme.payments], mechanisms: [login] }'}
    ${'one principal of it suffices'}                           | ${'endpoints: [pay-core/refund], atLeast: { principals: ["user:ann"] }'}
    ${'a barred mechanism opens nothing'}                       | ${'endpoints: ["pay-core/*"], none: { mechanisms: [partner], principals: ["partner:*"] }'}
    ${'the public stays outside of the company'}                | ${'endpoints: [pay-core/status], none: { anonymous: true }'}
  `('holds: $because', ({ assertion }) => {
    expect(differencesOf(assertion as string)).toEqual([]);
  });

  it.each`
    because                                            | assertion                                                                              | first
    ${'a caller is named with what it brings'}         | ${'endpoints: [pay-core/refund], only: { domains: [acme.payments] }'}                  | ${'`pay-core/refund` is reached by a caller from outside with `zz-anybody` of `login` (group clerks)'}
    ${'a condition counts against an assertion'}       | ${'endpoints: [pay-core/ledger], only: { services: [settle] }'}                        | ${'`pay-core/ledger` may be reached by `reports`, which hangs on pay/reports at set.yaml:59 (`request.path == "/ledger/today"`)'}
    ${'and does not speak for one'}                    | ${'endpoints: [pay-core/ledger], methods: [GET], atLeast: { services: [reports] }'}    | ${'`pay-core/ledger` is not certainly reached by service reports, which hangs on pay/reports at set.yaml:59 (`request.path == "/ledger/today"`)'}
    ${'who is missing is named'}                       | ${'endpoints: [pay-core/ledger], atLeast: { services: [shop] }'}                       | ${'`pay-core/ledger` is not reached by service shop, whatever it brings'}
    ${'so is who cannot prove itself'}                 | ${'endpoints: [pay-core/ledger], atLeast: { services: [unproven] }'}                   | ${'`pay-core/ledger` is not reached by service unproven, whatever it brings'}
    ${'who brings a credential is one of them'}        | ${'endpoints: [pay-core/refund], none: { mechanisms: [login] }'}                       | ${'`pay-core/refund` is reached by a caller from outside with `zz-anybody` of `login` (group clerks)'}
    ${'so is a member who brings it'}                  | ${'endpoints: [pay-core/ledger], methods: [POST], none: { mechanisms: [login] }'}      | ${'`pay-core/ledger` is reached by `settle` with `zz-anybody` of `login`'}
    ${'so is a principal'}                             | ${'endpoints: [pay-core/ledger], methods: [POST], none: { principals: ["user:bob"] }'} | ${'`pay-core/ledger` is reached by `settle` with `bob` of `login`'}
    ${'what is not asked is not proven'}               | ${'endpoints: [pay-core/refund], methods: [DELETE], none: { anonymous: true }'}        | ${'`pay-core/refund` answers none of the requests that are asked about, so that nothing is proven'}
    ${'actions are nothing an HTTP endpoint is asked'} | ${'endpoints: [pay-core/refund], actions: [view], none: { anonymous: true }'}          | ${'`pay-core/refund` answers none of the requests that are asked about, so that nothing is proven'}
  `('fails in words: $because', ({ assertion, first }) => {
    expect(differencesOf(assertion as string)[0]).toBe(first);
  });

  it('shows the way that a counterexample takes, and the request', () => {
    const [, way, request] = differencesOf('endpoints: [pay-core/refund], only: { domains: [acme.payments] }');
    expect(way).toBe(
      'way: from outside, across the boundary of acme, then of acme.payments, by company/clerks at set.yaml:68, then pay/clerks at set.yaml:60 (ALLOW_SLOW)',
    );
    expect(JSON.parse(request!.replace('request: ', ''))).toEqual({
      target: { host: 'pay.acme.example', method: 'POST', path: '/refund/zz-any' },
      evidence: [{ role: 'access', mechanism: 'login', subject: 'zz-anybody', groups: ['clerks'] }],
      time: '2026-12-24T12:00:00.000Z',
    });
  });

  it('fails when there was not enough effort to decide it, although nobody was found', () => {
    const assertion = 'endpoints: [pay-core/ledger], only: { domains: [acme.payments] }, conditional: deny';
    expect(differencesOf(assertion, { effort: new Effort(5) })).toEqual([
      'not decided, which counts as failed: pay-core/ledger could not be looked at to the end: the question is too large',
    ]);
    expect(differencesOf(assertion)).toEqual([]);
  });

  it('fails when there are more kinds of credentials than are looked at', () => {
    const groups = Array.from({ length: 1_500 }, (_, index) => `g${index}`).join(', ');
    const set = SET.replace(
      'groups: [clerks] }, what: { endpoints: [pay-core/refund] } }\n    - { id: status',
      `groups: [${groups}] }, what: { endpoints: [pay-core/refund] } }\n    - { id: status`,
    );
    expect(set).not.toBe(SET);
    const assertion = 'endpoints: [pay-core/refund], only: { domains: [acme] }';
    expect(differencesOf(assertion, { set })[0]).toMatch(/^not decided, .* tells more kinds of credentials apart than/);
  });
});

const MATRIX = `  matrices:
    - because: who does what
      subjects:
        settle: { service: settle }
        night: { service: reports, headers: { x-shift: night } }
        clerk: { evidence: [{ role: access, mechanism: login, subject: ann, groups: [clerks] }] }
        nobody: {}
      targets:
        today: { host: pay.acme.example, method: GET, path: /ledger/today }
        refund: { host: pay.acme.example, method: POST, path: /refund/7 }
      expect:
        settle: { today: allow, refund: allow }
        night:  { today: allow, refund: deny }
        clerk:  { today: deny, refund: allow }
        nobody: { today: deny, refund: deny }
`;

describe('a matrix', () => {
  it('is a case a cell, each in its place', () => {
    const results = resultsOf(MATRIX.replace('settle: { today: allow', 'settle: { today: deny'));
    expect(results.map(({ because }) => because)).toHaveLength(8);
    expect(results.filter(({ passed }) => !passed)).toMatchObject([
      {
        kind: 'case',
        because: 'who does what: settle, today',
        at: { file: 'proofs.yaml', line: 16, column: 26 },
        differences: ['`decision` is `allow`, expected `deny`'],
      },
    ]);
  });

  it.each`
    because                               | from                                                 | to                                                  | message
    ${'every cell is filled in'}          | ${'today: allow, refund: deny'}                      | ${'today: allow'}                                   | ${'the verdict of `night` on `refund` is missing'}
    ${'every subject has a row'}          | ${'        nobody: { today: deny, refund: deny }\n'} | ${''}                                               | ${'the row `nobody` is missing'}
    ${'a row is of a subject'}            | ${'clerk:  {'}                                       | ${'clark:  {'}                                      | ${'`clark` is no subject of this matrix. Did you mean `clerk`?'}
    ${'a column is a target'}             | ${'{ today: deny, refund: allow }'}                  | ${'{ today: deny, refunds: allow, refund: allow }'} | ${'`refunds` is no target of this matrix. Did you mean `refund`?'}
    ${'a service must be there'}          | ${'{ service: settle }'}                             | ${'{ service: settel }'}                            | ${'the service `settel` does not exist. Did you mean `settle`?'}
    ${'and be able to prove itself'}      | ${'{ service: settle }'}                             | ${'{ service: unproven }'}                          | ${'the service `unproven` has no identity of a trust mechanism, so that nothing proves it'}
    ${'a subject is no target'}           | ${'nobody: {}'}                                      | ${'nobody: { target: { endpoint: a/b } }'}          | ${'`target` is not a member here: columns are targets'}
    ${'a subject is a request otherwise'} | ${'nobody: {}'}                                      | ${'nobody: { evidences: [] }'}                      | ${/^`evidences` is not a member here. Did you mean `evidence`\?/}
    ${'a target is one'}                  | ${'path: /refund/7'}                                 | ${'paths: /refund/7'}                               | ${/`paths?`/}
    ${'a verdict is one of two'}          | ${'clerk:  { today: deny'}                           | ${'clerk:  { today: maybe'}                         | ${/^`maybe` is not accepted: it is one of `allow`, `deny`/}
  `('is refused in words where it is not sound: $because', ({ from, to, message }) => {
    const spec = MATRIX.replace(from as string, to as string);
    expect(spec).not.toBe(MATRIX);
    const messages = bundleOf(spec).faults.map((fault) => fault.message);
    if (typeof message === 'string') expect(messages).toContain(message);
    else expect(messages.join('\n')).toMatch(message as RegExp);
  });

  it('is refused when it is empty', () => {
    const spec = '  matrices: [{ because: nothing, subjects: {}, targets: {}, expect: {} }]';
    expect(bundleOf(spec).faults.map(({ message }) => message)).toEqual([
      'a matrix without subjects tests nothing; name one, or leave the matrix out',
      'a matrix without targets tests nothing; name one, or leave the matrix out',
    ]);
  });
});

it.each`
  because                                 | assertion                                                                               | message
  ${'domains exist'}                      | ${'endpoints: [pay-core/ledger], only: { domains: [acme.payment] }'}                    | ${'the domain `acme.payment` does not exist. Did you mean `acme.payments`?'}
  ${'endpoints exist'}                    | ${'endpoints: [pay-core/leger], only: { domains: [acme] }'}                             | ${'the endpoint `pay-core/leger` does not exist. Did you mean `pay-core/ledger`?'}
  ${'services exist, also behind a star'} | ${'endpoints: ["pay-cor/*"], only: { domains: [acme] }'}                                | ${'the service `pay-cor` does not exist. Did you mean `pay-core`?'}
  ${'services of callers exist'}          | ${'endpoints: [pay-core/ledger], none: { services: [shup] }'}                           | ${'the service `shup` does not exist. Did you mean `shop`?'}
  ${'mechanisms exist'}                   | ${'endpoints: [pay-core/ledger], none: { mechanisms: [logins] }'}                       | ${'the mechanism `logins` does not exist. Did you mean `login`?'}
  ${'credentials are of access'}          | ${'endpoints: [pay-core/ledger], none: { mechanisms: [spiffe] }'}                       | ${'`spiffe` is a trust mechanism; credentials are of access mechanisms'}
  ${'a service is no principal'}          | ${'endpoints: [pay-core/ledger], none: { principals: ["service:shop"] }'}               | ${'no credential names `service:shop`; write `services: [shop]`'}
  ${'anonymous opens to all'}             | ${'endpoints: [pay-core/ledger], only: { anonymous: true }'}                            | ${/^`anonymous` has no place in `only`/}
  ${'one form at a time'}                 | ${'endpoints: [pay-core/ledger], none: { anonymous: true }, only: { domains: [acme] }'} | ${/exactly one of `none`, `only`, `atLeast` and `exactly`/}
  ${'at least one form'}                  | ${'endpoints: [pay-core/ledger]'}                                                       | ${/exactly one of `none`, `only`, `atLeast` and `exactly`/}
  ${'somebody is named'}                  | ${'endpoints: [pay-core/ledger], none: {}'}                                             | ${/it names nobody/}
  ${'some endpoint is named'}             | ${'endpoints: [], none: { anonymous: true }'}                                           | ${/^an empty list matches nothing/}
`('an assertion is refused in words: $because', ({ assertion, message }) => {
  const messages = bundleOf(`  reach: [{ because: it is so, ${assertion as string} }]`).faults.map(
    (fault) => fault.message,
  );
  expect(messages).toHaveLength(1);
  if (typeof message === 'string') expect(messages).toEqual([message]);
  else expect(messages[0]).toMatch(message as RegExp);
});

it('a Test without cases, matrices and assertions is refused', () => {
  expect(bundleOf('  time: 2026-12-24T12:00:00Z').faults.map(({ message }) => message)).toEqual([
    'a map is not a test: it has none of `cases`, `matrices` and `reach`',
  ]);
});

it('the JSON Schema of tests says what assertions and matrices are', () => {
  const { Test } = jsonSchemas() as {
    readonly [kind: string]: { readonly properties: { readonly spec: { readonly properties: object } } };
  };
  expect(Object.keys(Test!.properties.spec.properties)).toEqual(['time', 'cases', 'matrices', 'reach']);
  expect(JSON.stringify(Test)).toContain('"atLeast"');
});
