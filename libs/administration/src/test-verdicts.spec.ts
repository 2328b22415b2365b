import { loadBundle } from '#policy';
import { plan, planRestore } from './plan.js';
import { newDocument, type StoredDocument } from './stored-document.js';
import { SUSPENSION_SOURCE, suspensionFile } from './suspension.js';

const document = (kind: string, metadata: string, spec = '{}') =>
  `---\napiVersion: dharma/v1\nkind: ${kind}\nmetadata: { ${metadata} }\nspec: ${spec}\n`;
const domain = (name: string, spec?: string) => document('Domain', `name: ${name}`, spec);
const policy = (name: string, at: string, rule: string) =>
  document('Policy', `name: ${name}, domain: ${at}`, `{ rules: [{ ${rule} }] }`);

const ACCESS = '{ access: [anonymous], boundary: ["till/*"] }';
const SERVICE = (name: string, at: string) =>
  document('Service', `name: ${name}`, `{ domains: [${at}], hosts: [${name}.example] }`);
const ALLOW = 'id: r, effect: allow, scope: subtree, who: { anonymous: true }';
const DENY = 'id: d, effect: deny';
const CASES = (expected: string) =>
  `{ cases: [{ because: the till is open, request: { target: { host: till.example, method: GET, path: / } }, expect: { decision: ${expected} } }] }`;
const TEST = (at: string, expected = 'allow') => document('Test', `name: till${at}`, CASES(expected));

/** While nothing answers there it passes. */
const NOWHERE = document(
  'Test',
  'name: nowhere, domain: acme.hr',
  '{ cases: [{ because: there is none, request: { target: { host: ledger.example, method: GET, path: / } }, expect: { reason: UNKNOWN_ENDPOINT } }] }',
);

const OWNED: readonly (readonly [source: string, text: string])[] = [
  ['platform', domain('acme', ACCESS) + policy('open', 'acme', ALLOW) + domain('acme.hr')],
  ['pay', domain('acme.pay', ACCESS) + SERVICE('till', 'acme.pay') + policy('till', 'acme.pay', ALLOW)],
  ['pay', TEST(', domain: acme.pay')],
];

function stored(owned: readonly (readonly [source: string, text: string])[]): readonly StoredDocument[] {
  return owned.flatMap(([source, text]) =>
    loadBundle([{ file: 'set.yaml', text }]).documents.map(({ document: read, text: own }) => {
      const { document: _meaning, ...kept } = newDocument(read, own, source);
      return kept;
    }),
  );
}

function planned(base: readonly StoredDocument[], source: string, text: string) {
  return plan({ base, source, files: [{ file: 'a.yaml', text }], prune: false, now: 0 });
}

/** Whether it could be published, and what is said of the failing test. */
function told(base: readonly StoredDocument[], source: string, text: string): readonly unknown[] {
  const { valid, faults, tests, warnings } = planned(base, source, text);
  expect(faults).toEqual([]);
  return [valid, tests.failed.length, warnings.map(({ code }) => code).filter((code) => code.startsWith('test-'))];
}

describe('a failing test', () => {
  const base = stored(OWNED);
  const failing = stored([...OWNED, ['platform', policy('guard', 'acme', DENY)]]);
  const everywhere = stored([...OWNED.slice(0, 2), ['pay', TEST('')]]);

  it.each<[because: string, base: readonly StoredDocument[], source: string, text: string, told: readonly unknown[]]>([
    ['blocks what its own domain changes', base, 'pay', policy('till', 'acme.pay', DENY), [false, 1, []]],
    ['blocks what another source changes there', base, 'labs', policy('p', 'acme.pay', DENY), [false, 1, []]],
    [
      'warns when an owner above forbids',
      base,
      'platform',
      policy('guard', 'acme', DENY),
      [true, 0, ['test-forbidden-above']],
    ],
    [
      'warns when everybody is forbidden',
      base,
      'platform',
      policy('guard', '"*"', DENY),
      [true, 0, ['test-forbidden-above']],
    ],
    [
      'warns when an owner above is suspended',
      base,
      'platform',
      domain('acme', '{ access: [anonymous], boundary: ["till/*"], suspended: true }'),
      [true, 0, ['test-forbidden-above']],
    ],
    [
      'blocks when an owner above gives less than before',
      base,
      'platform',
      policy('open', 'acme', 'id: r, effect: deny, mode: report'),
      [false, 1, []],
    ],
    [
      'does not block what has nothing to do with it',
      failing,
      'hr',
      policy('hr', 'acme.hr', ALLOW),
      [true, 0, ['test-failed-before']],
    ],
    [
      'blocks in its domain although it failed before',
      failing,
      'pay',
      policy('more', 'acme.pay', ALLOW),
      [false, 1, []],
    ],
    ['of everywhere blocks its own source', everywhere, 'pay', policy('till', 'acme.pay', DENY), [false, 1, []]],
    [
      'of everywhere blocks others when they broke it',
      everywhere,
      'platform',
      policy('guard', 'acme', DENY),
      [false, 1, []],
    ],
    [
      'of everywhere does not block others when it failed before',
      stored([...OWNED.slice(0, 2), ['pay', TEST('', 'deny')]]),
      'hr',
      policy('hr', 'acme.hr', ALLOW),
      [true, 0, ['test-failed-before']],
    ],
    [
      'of a neighbour warns: it asks for what is not its own',
      stored([...OWNED, ['hr', NOWHERE]]),
      'pay',
      SERVICE('ledger', 'acme.pay'),
      [true, 0, ['test-of-others']],
    ],
    [
      'of a neighbour blocks whoever changes something there, too',
      stored([...OWNED, ['hr', NOWHERE]]),
      'pay',
      SERVICE('ledger', 'acme.pay') + policy('hr', 'acme.hr', ALLOW),
      [false, 1, []],
    ],
    [
      'of a neighbour blocks an owner above',
      stored([...OWNED, ['hr', NOWHERE]]),
      'platform',
      SERVICE('ledger', 'acme'),
      [false, 1, []],
    ],
    [
      'that comes with the bundle blocks it',
      base,
      'hr',
      document('Test', 'name: hr, domain: acme.hr', CASES('deny')),
      [false, 1, []],
    ],
  ])('%s', (_because, on, source, text, expected) => {
    expect(told(on, source, text)).toEqual(expected);
  });

  it('does not stand in the way of a suspension, nor of mending what is suspended', () => {
    const { file, text } = suspensionFile('acme.pay', 'a key leaked');
    const suspending = plan({ base, source: SUSPENSION_SOURCE, files: [{ file, text }], prune: false, now: 0 });
    expect([suspending.valid, suspending.tests]).toEqual([true, { passed: 1, failed: [] }]);
    const suspended = [...base, ...suspending.put];
    expect(told(suspended, 'pay', policy('more', 'acme.pay', ALLOW))).toEqual([true, 0, []]);
  });
});

describe('a suspension', () => {
  const base = [...stored(OWNED), ...stored([[SUSPENSION_SOURCE, suspensionFile('acme.pay', 'a key leaked').text]])];

  it('is told to a bundle that holds the domain, and stays', () => {
    const { valid, warnings, remove } = plan({
      base,
      source: 'pay',
      files: [
        {
          file: 'a.yaml',
          text: OWNED.slice(1)
            .map(([, text]) => text)
            .join(''),
        },
      ],
      prune: true,
      now: 0,
    });
    expect([valid, remove]).toEqual([true, []]);
    expect(warnings).toEqual([expect.objectContaining({ file: 'a.yaml', code: 'stays-suspended' })]);
  });

  it('cannot be brought by a bundle', () => {
    const { valid, faults } = planned(stored(OWNED), 'pay', document('Suspension', 'name: acme.pay'));
    expect([valid, faults.map(({ code }) => code)]).toEqual([false, ['suspension-in-bundle']]);
  });

  it('keeps its domain: what it names may not go unseen', () => {
    const { valid, missed } = plan({ base, source: 'pay', files: [], prune: true, now: 0 });
    expect(valid).toBe(false);
    expect(missed).toContainEqual({
      kind: 'Domain',
      name: 'acme.pay',
      what: 'domain acme.pay',
      by: { kind: 'Suspension', name: 'acme.pay', source: SUSPENSION_SOURCE },
    });
  });

  it('is not ended and not brought back by a return to the past', () => {
    const without = stored(OWNED);
    expect(planRestore(base, without, 0)).toMatchObject({ valid: true, put: [], remove: [] });
    expect(planRestore(without, base, 0)).toMatchObject({ valid: true, put: [], remove: [] });
  });
});

describe('what other sources still name', () => {
  const base = stored([
    ...OWNED,
    ['labs', policy('caller', 'acme.hr', 'id: r, effect: deny, what: { endpoints: [till/all] }')],
    [
      'labs',
      document('RoleSet', 'name: desk, domain: acme.pay', '{ assignments: [{ role: clerk, principals: ["user:a"] }] }'),
    ],
    [
      'pay',
      document(
        'RoleSet',
        'name: staff, domain: acme.pay',
        '{ roles: [{ name: clerk }], assignments: [{ role: clerk, principals: ["user:b"] }] }',
      ),
    ],
  ]);
  const missedBy = (text: string, removed: readonly { kind: string; name: string }[] = []) => {
    const { missed } = plan({ base, source: 'pay', files: [{ file: 'a.yaml', text }], prune: false, removed, now: 0 });
    return missed.map(({ what, by }) => `${what} by ${by.kind}/${by.name} of ${by.source}`);
  };

  it.each<
    [because: string, text: string, removed: readonly { kind: string; name: string }[], missed: readonly string[]]
  >([
    [
      'a service goes',
      '',
      [{ kind: 'Service', name: 'till' }],
      [
        'service till by Policy/caller of labs',
        'service till by Domain/acme of platform',
        'endpoint till/all by Policy/caller of labs',
      ],
    ],
    [
      'an endpoint goes',
      document('Service', 'name: till', '{ domains: [acme.pay], hosts: [till.example], endpoints: [{ name: list }] }'),
      [],
      ['endpoint till/all by Policy/caller of labs'],
    ],
    [
      'a role goes',
      document(
        'RoleSet',
        'name: staff, domain: acme.pay',
        '{ assignments: [{ role: clerk, principals: ["user:b"] }] }',
      ),
      [],
      ['role clerk by RoleSet/desk of labs'],
    ],
    [
      'the role is defined elsewhere',
      document('RoleSet', 'name: other, domain: acme.pay', '{ roles: [{ name: clerk }] }'),
      [{ kind: 'RoleSet', name: 'staff' }],
      [],
    ],
    ['somebody leaves', document('RoleSet', 'name: staff, domain: acme.pay', '{ roles: [{ name: clerk }] }'), [], []],
    ['only its own source names it', '', [{ kind: 'Policy', name: 'till' }], []],
  ])('may not go: %s', (_because, text, removed, missed) => {
    expect(missedBy(text, removed)).toEqual(missed);
  });
});
