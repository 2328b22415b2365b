/** Changes that people make, and what comes out otherwise for whom. */
import { compile, decide, type World } from '#engine';
import { loadBundle } from '#policy';
import { type Flips, flips } from '#reach';

const NOW = Date.parse('2026-12-24T12:00:00Z');

/**
 * Outside: whoever is in the role teller and may use the API gets into `ledger/read`, across two boundaries. The cart is a
 * neighbour: it has one boundary to cross. Nobody from elsewhere sees `ledger/write`.
 */
const SET = `
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme, description: a bank }
spec:
  mechanisms:
    - { name: mesh, role: trust, kind: spiffe, spiffe: { trustDomain: acme.example } }
    - { name: login, role: access, kind: asserted, asserted: { header: x-user } }
  trust: [mesh]
  access: [login]
  boundary: [ledger/read]
---
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme.pay }
spec: { boundary: [ledger/read] }
---
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme.shop }
spec: {}
---
apiVersion: dharma/v1
kind: Service
metadata: { name: ledger }
spec:
  domains: [acme.pay]
  identities: [{ mechanism: mesh, subject: spiffe://acme.example/ledger }]
  hosts: [ledger.example]
  endpoints:
    - { name: read, operations: [{ methods: [GET], path: "/read/**" }] }
    - { name: write, operations: [{ methods: [POST], path: /write }] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: cart }
spec:
  domains: [acme.shop]
  identities: [{ mechanism: mesh, subject: spiffe://acme.example/cart }]
  hosts: [cart.example]
---
apiVersion: dharma/v1
kind: RoleSet
metadata: { name: people, domain: acme }
spec:
  roles: [{ name: teller }, { name: guest }]
  assignments: [{ role: teller, principals: ["user:ann"] }]
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: front, domain: acme }
spec: { rules: [{ id: api, effect: allow, who: { scopes: [api] } }] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: pay, domain: acme.pay }
spec: { rules: [{ id: tellers, effect: allow, who: { roles: [teller] }, what: { endpoints: [ledger/read] } }] }
`;

function worldOf(text: string): World {
  const { faults, world } = loadBundle([{ file: 'acme.yaml', text }]);
  expect(faults).toEqual([]);
  return world!;
}

const flipsOf = (after: string): Flips => flipsBetween(worldOf(SET), worldOf(after));

function flipsBetween(was: World, is: World): Flips {
  const everything = { endpoint: yes, service: yes, rule: yes, domain: yes, mechanism: yes };
  const steps = flips({ before: was, after: is, time: NOW, sight: everything, isOver: () => false });
  for (;;) {
    const step = steps.next();
    if (step.done !== true) continue;
    for (const { sample, before, after: told } of step.value.groups) {
      expect(decide(compile(was), sample).reason).toBe(before.reason);
      if (!step.value.groups.some(({ conditional }) => conditional))
        expect(decide(compile(is), sample).reason).toBe(told.reason);
    }
    return step.value;
  }
}

const yes = (): boolean => true;

/** `endpoint who: reason → reason`, of the sample of each group. */
function words({ groups }: Flips): readonly string[] {
  return groups.map(({ endpoint, conditional, sample, before, after }) => {
    const who = sample.evidence.map(({ subject, scopes, groups: held }) =>
      [subject.replace('spiffe://acme.example/', ''), ...scopes, ...held].join('+'),
    );
    return `${endpoint} ${who.join(' ')}: ${before.reason} → ${after.reason}${conditional ? '?' : ''}`;
  });
}

const becomes =
  (...replacements: readonly (readonly [string, string])[]) =>
  (text: string): string =>
    replacements.reduce((all, [from, to]) => {
      expect(all).toContain(from);
      return all.replace(from, to);
    }, text);

const pay = (rules: string) =>
  becomes(['{ endpoints: [ledger/read] } }]', `{ endpoints: [ledger/read] } }, ${rules}]`]);
const inForAll = (more: string) =>
  `{ id: new, effect: allow, who: { mechanisms: [login] }, what: { endpoints: [ledger/write] }${more} }`;
const opened = [
  'metadata: { name: acme.pay }\nspec: { boundary: [ledger/read] }',
  'metadata: { name: acme.pay }\nspec: { boundary: ["ledger/*"] }',
] as const;
const domain = (name: string, spec: string) => (text: string) =>
  text.replace(new RegExp(`(metadata: \\{ name: ${name} \\}\nspec: \\{ ?)`), `$1${spec}, `).replace(', }', ' }');

it.each`
  because                                                  | change                                                                                                                                                                                                                           | told
  ${'nothing changes'}                                     | ${becomes()}                                                                                                                                                                                                                     | ${[]}
  ${'words for people decide nothing'}                     | ${becomes(['a bank', 'the bank'])}                                                                                                                                                                                               | ${[]}
  ${'a rule that only reports decides nothing'}            | ${pay('{ id: new, effect: deny, mode: report }')}                                                                                                                                                                                | ${[]}
  ${'a rule of next year decides nothing now'}             | ${pay('{ id: new, effect: deny, notBefore: 2027-01-01T00:00:00Z }')}                                                                                                                                                             | ${[]}
  ${'a role is asked for that nobody has'}                 | ${becomes(['roles: [teller] }, what', 'roles: [guest] }, what'])}                                                                                                                                                                | ${['ledger/read ann+api: ALLOW_SLOW → NO_ALLOW_RULE']}
  ${'one more person gets a role'}                         | ${becomes(['["user:ann"]', '["user:ann", "user:bob"]'])}                                                                                                                                                                         | ${['ledger/read bob+api: NO_ALLOW_RULE → ALLOW_SLOW']}
  ${'a group is denied wherever it goes'}                  | ${pay('{ id: new, effect: deny, who: { groups: [night] } }')}                                                                                                                                                                    | ${['ledger/read ann+api+night: ALLOW_SLOW → DENY_RULE', 'ledger/write ledger zz-anybody+night: ALLOW_FAST → DENY_RULE']}
  ${'two rules deny, each something else'}                 | ${pay('{ id: nights, effect: deny, who: { groups: [night] }, what: { endpoints: [ledger/read] } }, { id: carts, effect: deny, who: { services: [cart] }, what: { endpoints: [ledger/read] } }')}                                 | ${['ledger/read ann+api+night: ALLOW_SLOW → DENY_RULE', 'ledger/read cart ann: ALLOW_SLOW → DENY_RULE']}
  ${'it hangs on a condition whether a rule denies'}       | ${pay('{ id: new, effect: deny, what: { endpoints: [ledger/read] }, when: has(attributes.country) }')}                                                                                                                           | ${['ledger/read ann+api: ALLOW_SLOW → DENY_RULE?']}
  ${'a rule opens what no boundary lets in'}               | ${pay(inForAll(''))}                                                                                                                                                                                                             | ${[]}
  ${'a boundary opens, and a rule lets neighbours in'}     | ${(text: string) => becomes(opened)(pay(inForAll(''))(text))}                                                                                                                                                                    | ${['ledger/write cart zz-anybody: NOT_VISIBLE → ALLOW_SLOW']}
  ${'it hangs on a condition whether a rule lets them in'} | ${(text: string) => becomes(opened)(pay(inForAll(', when: \'attributes.country == "PT"\''))(text))}                                                                                                                              | ${['ledger/write cart zz-anybody: NOT_VISIBLE → ALLOW_SLOW?']}
  ${'a mark goes, and outsiders see nothing'}              | ${becomes(['boundary: [ledger/read]\n---', 'boundary: []\n---'])}                                                                                                                                                                | ${['ledger/read ann+api: ALLOW_SLOW → NOT_VISIBLE']}
  ${'a domain is suspended'}                               | ${domain('acme.pay', 'suspended: true')}                                                                                                                                                                                         | ${['ledger/read ann+api: ALLOW_SLOW → TARGET_DOMAIN_SUSPENDED', 'ledger/write ledger: ALLOW_FAST → TARGET_DOMAIN_SUSPENDED']}
  ${'members need a rule, too'}                            | ${domain('acme.pay', 'zeroTrust: true')}                                                                                                                                                                                         | ${['ledger/read ledger: ALLOW_FAST → NO_ALLOW_RULE', 'ledger/write ledger: ALLOW_FAST → NO_ALLOW_RULE']}
  ${'a boundary is sealed'}                                | ${becomes(['access: [login]', 'access: []'])}                                                                                                                                                                                    | ${['ledger/read ann+api: ALLOW_SLOW → ACCESS_EVIDENCE_MISSING']}
  ${'a domain trusts nobody'}                              | ${domain('acme.pay', 'trust: []')}                                                                                                                                                                                               | ${['ledger/read ledger: ALLOW_FAST → ACCESS_EVIDENCE_MISSING', 'ledger/write ledger: ALLOW_FAST → NOT_VISIBLE']}
  ${'a way out is closed'}                                 | ${becomes(['metadata: { name: acme.shop }\nspec: {}', 'metadata: { name: acme.shop }\nspec: { egress: closed }'])}                                                                                                               | ${['ledger/read cart ann: ALLOW_SLOW → EGRESS_CLOSED']}
  ${'a neighbour becomes a member'}                        | ${becomes(['domains: [acme.shop]', 'domains: [acme.pay]'])}                                                                                                                                                                      | ${['cart/all ledger: NOT_VISIBLE → ALLOW_FAST', 'ledger/read cart: ACCESS_EVIDENCE_MISSING → ALLOW_FAST', 'ledger/write cart: NOT_VISIBLE → ALLOW_FAST']}
  ${'another subject is the cart'}                         | ${becomes(['acme.example/cart', 'acme.example/basket'])}                                                                                                                                                                         | ${['ledger/read basket ann: NO_ALLOW_RULE → ALLOW_SLOW', 'cart/all basket: NOT_VISIBLE → ALLOW_FAST', 'ledger/read cart ann: ALLOW_SLOW → NO_ALLOW_RULE', 'cart/all cart: ALLOW_FAST → NOT_VISIBLE']}
  ${'an endpoint takes an address away from another'}      | ${becomes(['hosts: [cart.example]', 'hosts: [cart.example]\n  endpoints:\n    - { name: all, operations: [{ path: /** }] }\n    - { name: thief, hosts: [ledger.example], operations: [{ methods: [GET], path: /read/me }] }'])} | ${['cart/thief cart: UNKNOWN_ENDPOINT → ALLOW_FAST', 'cart/thief ann+api: ALLOW_SLOW → NOT_VISIBLE']}
`('$because', ({ change, told }: { change: (text: string) => string; told: readonly string[] }) => {
  expect(words(flipsOf(change(SET)))).toEqual(told);
});

it('counts every caller, request and credential once, and only where the change reaches', () => {
  const found = flipsOf(becomes(['roles: [teller] }, what', 'roles: [guest] }, what'])(SET));
  // From outside, the cart and the ledger; by four paths and by name; without a credential, for the scope, and as teller.
  expect(found).toMatchObject({ points: 3 * 5 * 3, decided: 45, coverage: 1, conditional: 0, toAllow: 0, more: 0 });
  // The teller from outside, with the scope as company, and from the cart.
  expect(found.toDeny).toBe(2 * 5);
});

it('tells what it did not come to, where time is up', () => {
  const worlds = [SET, SET.replace('["user:ann"]', '["user:bob"]')].map(
    (text) => loadBundle([{ file: 'acme.yaml', text }]).world!,
  );
  const everything = { endpoint: yes, service: yes, rule: yes, domain: yes, mechanism: yes };
  const [before, after] = worlds as [(typeof worlds)[0], (typeof worlds)[0]];
  const steps = flips({ before, after, time: NOW, sight: everything, isOver: yes });
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  expect(step.value).toMatchObject({ decided: 0, coverage: 0, groups: [] });
  expect(step.value.points).toBeGreaterThan(0);
});

describe('what one endpoint does not answer any more', () => {
  const till = (own: string, other: string, rules: string) => `
apiVersion: dharma/v1
kind: Domain
metadata: { name: till }
spec: { access: [anonymous], boundary: ["till/*"] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: till }
spec:
  domains: [till]
  hosts: [till.example]
  endpoints:
    - { name: own, operations: [{ path: ${own} }] }
    - { name: other, ${other} }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: till, domain: till }
spec: { rules: [${rules}] }
`;
  const OPEN = '{ id: open, effect: allow, who: { anonymous: true }, what: { endpoints: [till/other] } }';
  const CLOSED = '{ id: closed, effect: deny, who: { subjects: [nobody] } }';

  it('is told where another one answers that did not: neither the method nor the path is its own', () => {
    const [before, after] = ['"/a/b", methods: [PUT]', '/z'].map((own) =>
      worldOf(till(own, 'operations: [{ path: "/**" }]', OPEN)),
    );
    const { groups } = flipsBetween(before!, after!);
    const samples = groups
      .filter(({ endpoint, to }) => endpoint === 'till/other' && to === 'allow')
      .map(({ sample }) => sample.target);
    expect(samples).toContainEqual({ kind: 'address', host: 'till.example', method: 'ZZ-ANY', path: '/a/b' });
  });

  it.each`
    because                                          | other                                                | rules     | asked
    ${'a preflight passes there'}                    | ${'preflight: allow, operations: [{ path: "/**" }]'} | ${CLOSED} | ${'OPTIONS /a'}
    ${'it answers a method that nothing else names'} | ${'operations: [{ methods: [PATCH], path: "/**" }]'} | ${OPEN}   | ${'PATCH /a'}
    ${'it answers a path that nothing else names'}   | ${'operations: [{ path: "/{x}/b" }]'}                | ${OPEN}   | ${'ZZ-ANY /a/b'}
  `('is told where another opens it: $because', ({ other, rules, asked }) => {
    const [before, after] = ['"/a/**"', '/z'].map((own) => worldOf(till(own, other, rules)));
    const { groups } = flipsBetween(before!, after!);
    const samples = groups.filter(({ to }) => to === 'allow').map(({ sample }) => sample.target);
    const told = samples.map((target) => ('path' in target ? `${target.method} ${target.path}` : target.kind));
    expect(told).toContain(asked);
  });

  const ALL = '{ id: all, effect: allow, who: { anonymous: true }, what: { endpoints: ["till/*"] } }';
  const SLASHES = 'encodedSlash: allow, operations: [{ path: "/a/**" }]';
  const PLAIN = 'operations: [{ path: "/a/**" }]';
  const ENDING = 'trailingSlash: ignore, operations: [{ path: "/a/*" }]';

  it.each`
    because                                                         | own        | before     | after                                      | told
    ${'encoded slashes are taken no more'}                          | ${'/z'}    | ${SLASHES} | ${PLAIN}                                   | ${'ZZ-ANY /a/zz-any%2Fzz-any deny'}
    ${'encoded slashes are taken from now on'}                      | ${'/z'}    | ${PLAIN}   | ${SLASHES}                                 | ${'ZZ-ANY /a/zz-any%2Fzz-any allow'}
    ${'another answers in its place, and takes no encoded slashes'} | ${'"/**"'} | ${SLASHES} | ${`hosts: [away.example], ${SLASHES}`}     | ${'ZZ-ANY /a/zz-any%2Fzz-any deny'}
    ${'a slash at the end is another path from now on'}             | ${'/z'}    | ${ENDING}  | ${ENDING.replace('ignore', 'significant')} | ${'ZZ-ANY /a/zz-any/ deny'}
  `('is told where slashes are read in another way: $because', ({ own, before, after, told }) => {
    const { groups } = flipsBetween(worldOf(till(own, before, ALL)), worldOf(till(own, after, ALL)));
    const found = groups.flatMap(({ to, sample: { target } }) =>
      target.kind === 'address' && target.host === 'till.example' ? [`${target.method} ${target.path} ${to}`] : [],
    );
    expect(found).toContain(told);
  });
});

it('tells whom a deny does not stop any more, where the credential is of a mechanism that goes and others of its kind stay', () => {
  const login = '    - { name: login, role: access, kind: asserted, asserted: { header: x-user } }\n';
  const badge = login.replace('login', 'badge').replace('x-user', 'x-badge');
  const denied = pay('{ id: new, effect: deny, who: { subjects: [eve] } }')(SET);
  const { groups } = flipsBetween(worldOf(becomes([login, login + badge])(denied)), worldOf(denied));
  const found = groups.flatMap(({ endpoint, to, sample }) =>
    sample.evidence.some(({ subject }) => subject === 'eve') ? [[endpoint, to]] : [],
  );
  expect(found).toEqual([
    ['ledger/read', 'allow'],
    ['ledger/write', 'allow'],
  ]);
});
