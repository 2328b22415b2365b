import { lint, loadBundle } from '#policy';

const BASE = [
  'kind: Domain\nmetadata: { name: acme }\nspec:\n  mechanisms: [{ name: oauth, role: access, kind: jwt, jwt: { issuer: "https://login.acme.example/", audiences: [a] } }, { name: mesh, role: trust, kind: spiffe, spiffe: { trustDomain: d } }]\n  trust: [mesh]\n  access: [oauth]\n  boundary: [orders/list]',
  'kind: Domain\nmetadata: { name: acme.shop }\nspec: { boundary: [orders/list] }',
  'kind: Service\nmetadata: { name: orders }\nspec: { domains: [acme.shop], hosts: [a.example], endpoints: [{ name: list, operations: [{ methods: [GET], path: /list }] }, { name: inner, operations: [{ path: /inner }] }] }',
  'kind: Policy\nmetadata: { name: base, domain: acme }\nspec: { rules: [{ id: a, effect: allow, scope: subtree, what: { endpoints: [orders/list] } }] }',
] as const;

function warningsOf(documents: readonly string[]): readonly string[] {
  const bundle = loadBundle([
    { file: 'x.yaml', text: documents.map((document) => `apiVersion: dharma/v1\n${document}\n`).join('---\n') },
  ]);
  expect(bundle.faults).toEqual([]);
  const warnings = lint(bundle);
  for (const { severity, line, message } of warnings) {
    expect(severity).toBe('warning');
    expect(line).toBeGreaterThan(0);
    expect(message).toMatch(/^[^A-Z\n][^\n]*[^.\n]$/);
  }
  return warnings.map(({ code }) => code);
}

function changed(index: number, from: string, to: string, ...more: readonly string[]): readonly string[] {
  if (!BASE[index]!.includes(from)) throw new Error(`\`${from}\` is not there`);
  return [...BASE.map((document, position) => (position === index ? document.replace(from, to) : document)), ...more];
}

const rule = (text: string, domain = 'acme.shop'): string =>
  `kind: Policy\nmetadata: { name: more, domain: "${domain}" }\nspec: { rules: [${text}] }`;

const roleSet = (domain: string, roles: string, assigned?: string): string => {
  const assignments = assigned === undefined ? '' : `, assignments: [{ role: ${assigned}, principals: ["user:a"] }]`;
  return `kind: RoleSet\nmetadata: { name: of-${domain.replace('.', '-')}, domain: ${domain} }\nspec: { roles: [${roles}]${assignments} }`;
};

const testWith = (item: string): string =>
  `kind: Test\nmetadata: { name: t }\nspec: { cases: [{ because: b, request: { target: { endpoint: orders/list }, evidence: [${item}] }, expect: { decision: deny } }] }`;

describe('lint', () => {
  it('has nothing to say of a sound set', () => expect(warningsOf(BASE)).toEqual([]));

  it.each<readonly [because: string, documents: readonly string[], code: string]>([
    [
      'a rule is about endpoints elsewhere',
      [
        ...BASE,
        'kind: Domain\nmetadata: { name: far }\nspec: {}',
        rule('{ id: x, effect: allow, what: { endpoints: [orders/list] } }', 'far'),
      ],
      'rule-never-matches',
    ],
    [
      'a self-scoped deny sits above its endpoints',
      [...BASE, rule('{ id: x, effect: deny, scope: self, what: { endpoints: [orders/inner] } }', 'acme')],
      'rule-never-matches',
    ],
    [
      'an out rule is about endpoints inside',
      [...BASE, rule('{ id: x, effect: allow, direction: out, what: { endpoints: [orders/list] } }')],
      'rule-never-matches',
    ],
    [
      'a method is not answered',
      [...BASE, rule('{ id: x, effect: allow, what: { endpoints: [orders/list], methods: [PUT] } }')],
      'rule-never-matches',
    ],
    [
      'a credential never comes by a trust mechanism',
      [...BASE, rule('{ id: x, effect: allow, who: { mechanisms: [mesh] } }')],
      'rule-never-matches',
    ],
    [
      'a credential is never a group',
      [...BASE, rule('{ id: x, effect: allow, who: { principals: ["group:g"] } }')],
      'rule-never-matches',
    ],
    ['a domain below has not marked the endpoint', changed(1, '{ boundary: [orders/list] }', '{}'), 'mark-above-gap'],
    [
      'nothing of the service is placed there',
      [...BASE, 'kind: Domain\nmetadata: { name: far }\nspec: { boundary: ["orders/*"] }'],
      'mark-without-endpoint',
    ],
    ['a sealed domain lets nobody in', changed(1, '{ boundary', '{ access: [], boundary'), 'boundary-without-access'],
    ['no allow covers a marked endpoint', changed(3, 'scope: subtree', 'scope: self'), 'boundary-without-allow'],
    [
      'a deny above forbids all that is allowed',
      [...BASE, rule('{ id: x, effect: deny, what: { endpoints: ["orders/*"] } }', 'acme')],
      'allow-always-denied',
    ],
    [
      'a deny of the world forbids all that is allowed',
      [...BASE, rule('{ id: x, effect: deny }', '*')],
      'allow-always-denied',
    ],
    [
      'nobody lists a mechanism',
      changed(0, '[{ name: oauth', '[{ name: spare, role: access, kind: asserted }, { name: oauth'),
      'unused-mechanism',
    ],
    [
      'keys cannot be found at what is no address',
      changed(0, 'issuer: "https://login.acme.example/"', 'issuer: acme'),
      'no-address',
    ],
    [
      'keys cannot be fetched from what is no address',
      changed(0, 'audiences: [a]', 'audiences: [a], keys: { url: "ftp://login.acme.example/" }'),
      'no-address',
    ],
    [
      'a bundle cannot be fetched from what is no address',
      changed(0, 'trustDomain: d', 'trustDomain: d, jwtSvid: { audiences: [a], keys: { url: "https://a:b@c/" } }'),
      'no-address',
    ],
    [
      'nobody can be asked at what is no address',
      changed(
        0,
        '[{ name: oauth',
        '[{ name: opaque, role: access, kind: introspection, introspection: { url: u, clientId: c, clientSecretFile: f, principalType: other } }, { name: oauth',
      ).map((document, index) =>
        index === 0 ? document.replace('access: [oauth]', 'access: [oauth, opaque]') : document,
      ),
      'no-address',
    ],
    [
      'only one side accepts an overlap',
      [...BASE, 'kind: Domain\nmetadata: { name: far }\nspec: { overlaps: [acme] }'],
      'one-sided-overlap',
    ],
    ['relatives overlap anyway', changed(1, '{ boundary', '{ overlaps: [acme], boundary'), 'overlap-of-relatives'],
    [
      'unrelated domains answer one host',
      [
        ...BASE,
        'kind: Domain\nmetadata: { name: far }\nspec: {}',
        'kind: Service\nmetadata: { name: x }\nspec: { domains: [far], hosts: [a.example] }',
      ],
      'contested-address',
    ],
    [
      'a deny reads what may be missing',
      [...BASE, rule('{ id: x, effect: deny, when: \'attributes.country == "XX"\' }')],
      'unguarded-read',
    ],
    [
      'no path gives such a parameter',
      [
        ...BASE,
        rule(
          '{ id: x, effect: allow, what: { endpoints: ["orders/*"], paths: ["/o/{id}"] }, when: request.params.id == "9" }',
        ),
      ],
      'unknown-parameter',
    ],
    [
      'two mechanisms name the same type',
      changed(0, '[{ name: oauth', '[{ name: spare, role: access, kind: asserted }, { name: oauth').map((text) =>
        text.replace('access: [oauth]', 'access: [oauth, spare]'),
      ),
      'shared-principal-type',
    ],
    [
      'an owner does not consent',
      [...BASE, 'kind: EnforcementPoint\nmetadata: { name: e, domain: acme.shop }\nspec: { mayAssert: [mesh] }'],
      'assertion-without-consent',
    ],
    [
      'consent goes to nobody',
      changed(0, 'spiffe: { trustDomain: d }', 'spiffe: { trustDomain: d }, assertableBy: [nobody]'),
      'unknown-enforcement-point',
    ],
    ['nobody can hold a role', [...BASE, rule('{ id: x, effect: allow, who: { roles: [reader] } }')], 'undefined-role'],
    ['nobody knows a role', [...BASE, roleSet('acme', '{ name: clerk }', 'clrk')], 'assigned-role-unknown'],
    [
      'a role is known elsewhere only',
      [
        ...BASE,
        'kind: Domain\nmetadata: { name: far }\nspec: {}',
        roleSet('far', '{ name: clerk }'),
        roleSet('acme.shop', '', 'clerk'),
      ],
      'assigned-role-unknown',
    ],
    [
      'a deny has obligations',
      [
        ...BASE,
        rule('{ id: x, effect: deny, what: { methods: [PUT] }, obligations: [{ kind: removeHeader, name: x }] }'),
      ],
      'obligations-on-deny',
    ],
    [
      'a case shows a credential of nothing, and is denied whatever the rules say',
      [...BASE, testWith('{ role: access, mechanism: oath, subject: a }')],
      'evidence-without-mechanism',
    ],
    [
      'a case shows a credential as a proof of trust',
      [...BASE, testWith('{ role: trust, mechanism: oauth, subject: a }')],
      'evidence-of-other-role',
    ],
    [
      'a subject of a matrix shows a credential of nothing',
      [
        ...BASE,
        'kind: Test\nmetadata: { name: t }\nspec: { matrices: [{ because: b, subjects: { ann: { evidence: [{ role: access, mechanism: oath, subject: a }] } }, targets: { list: { endpoint: orders/list } }, expect: { ann: { list: deny } } }] }',
      ],
      'evidence-without-mechanism',
    ],
  ])('warns because %s', (_, documents, code) => {
    expect([...new Set(warningsOf(documents))]).toEqual([code]);
  });

  it.each<readonly [because: string, documents: readonly string[]]>([
    [
      'a guarded read is meant',
      [...BASE, rule('{ id: x, effect: deny, when: \'has(attributes.country) && attributes.country == "XX"\' }')],
    ],
    ['a test shows what there is', [...BASE, testWith('{ role: access, mechanism: oauth, subject: a }')]],
    ['a conditional deny hides nothing', [...BASE, rule('{ id: x, effect: deny, who: { groups: [g] } }', 'acme')]],
    ['a deny in report mode hides nothing', [...BASE, rule('{ id: x, effect: deny, mode: report }', 'acme')]],
    [
      'a preflight is OPTIONS whatever the operation',
      [...BASE, rule('{ id: x, effect: allow, what: { endpoints: [orders/list], methods: [OPTIONS] } }')],
    ],
    ['a role is declared above', [...BASE, roleSet('acme', '{ name: clerk }'), roleSet('acme.shop', '', 'clerk')]],
    ['a role is declared below', [...BASE, roleSet('acme', '', 'clerk'), roleSet('acme.shop', '{ name: clerk }')]],
    ['a role is inherited', [...BASE, roleSet('acme', '{ name: lead, inherits: [clerk] }', 'clerk')]],
    [
      'a rule below asks for a role',
      [...BASE, roleSet('acme', '', 'clerk'), rule('{ id: x, effect: allow, who: { roles: [clerk] } }')],
    ],
    [
      'a rule of the world asks for a role',
      [...BASE, roleSet('acme.shop', '', 'clerk'), rule('{ id: x, effect: deny, who: { roles: [clerk] } }', '*')],
    ],
    [
      'a condition reads a role',
      [
        ...BASE,
        roleSet('acme', '', 'clerk'),
        rule('{ id: x, effect: allow, when: \'"clerk" in principal.roles\' }', 'acme.shop'),
      ],
    ],
    [
      'a claimed host is not contested',
      [
        ...changed(0, 'boundary: [orders/list]', 'boundary: [orders/list]\n  addresses: ["*.example"]'),
        'kind: Domain\nmetadata: { name: far }\nspec: {}',
        'kind: Service\nmetadata: { name: x }\nspec: { domains: [far], hosts: [a.example], endpoints: [{ name: x, operations: [{ path: /x }] }] }',
      ],
    ],
  ])('keeps silent because %s', (_, documents) => {
    expect(warningsOf(documents)).toEqual([]);
  });

  it('does not judge a set with faults', () => {
    expect(lint(loadBundle([{ file: 'x.yaml', text: 'kind: Domain' }]))).toEqual([]);
  });
});
