import { loadBundle } from '#policy';
import { documentChanges } from './bundle-changes.js';
import { intersections } from './intersections.js';
import { plan } from './plan.js';
import { newDocument, type StoredDocument } from './stored-document.js';

const document = (kind: string, metadata: string, spec = '{}') =>
  `---\napiVersion: dharma/v1\nkind: ${kind}\nmetadata: { ${metadata} }\nspec: ${spec}\n`;
const domain = (name: string, spec?: string) => document('Domain', `name: ${name}`, spec);
const policy = (name: string, at: string, rule = 'id: r, effect: deny') =>
  document('Policy', `name: ${name}, domain: ${at}`, `{ rules: [{ ${rule} }] }`);
const roleSet = (name: string, at: string, spec: string) => document('RoleSet', `name: ${name}, domain: ${at}`, spec);

const MECHANISM = '{ mechanisms: [{ name: login, role: access, kind: asserted }] }';
const PLATFORM = [
  domain('acme', MECHANISM),
  domain('acme.pay'),
  domain('acme.pay.cards'),
  domain('acme.hr'),
  document('Service', 'name: orders', '{ domains: [acme.pay], hosts: [a.example], endpoints: [{ name: list }] }'),
  document('EnforcementPoint', 'name: edge, domain: acme', '{ mayAssert: [login] }'),
  roleSet('staff', 'acme.pay', '{ roles: [{ name: clerk }] }'),
  policy('guard', 'acme.hr'),
].join('');

function stored(text: string, source: string): readonly StoredDocument[] {
  return loadBundle([{ file: 'set.yaml', text }]).documents.map(({ document: read, text: own }) => {
    const { document: _meaning, ...kept } = newDocument(read, own, source);
    return kept;
  });
}

/** What is in the way of `mine`, of the source `team`, when `theirs` of `platform` came first. */
function inTheWay(mine: string, theirs: string): readonly string[] {
  const base = stored(PLATFORM, 'platform');
  const changed = new Map([...base, ...stored(theirs, 'platform')].map((one) => [`${one.kind} ${one.name}`, one]));
  const newest = [...changed.values()];
  const bundle = { source: 'team', prune: true, removed: [] };
  const { held, touched } = plan({ ...bundle, base: newest, files: [{ file: 'team.yaml', text: mine }], now: 0 });
  return intersections({ ...bundle, held }, touched, documentChanges(base, newest)).map(
    ({ kind, name, because }) => `${because} ${kind}/${name}`,
  );
}

describe('a bundle and what others published', () => {
  it.each<[because: string, mine: string, theirs: string, found: readonly string[]]>([
    [
      'both speak of one document',
      domain('acme.hr'),
      domain('acme.hr', '{ zeroTrust: true }'),
      ['changed Domain/acme.hr'],
    ],
    [
      'a rule lies in the domain',
      policy('p', 'acme.pay'),
      domain('acme.pay', '{ zeroTrust: true }'),
      ['referenced Domain/acme.pay'],
    ],
    [
      'a rule lies below the domain',
      policy('p', 'acme.pay.cards'),
      domain('acme.pay', '{ mode: report }'),
      ['referenced Domain/acme.pay'],
    ],
    ['a rule lies beside the domain', policy('p', 'acme.hr'), domain('acme.pay', '{ mode: report }'), []],
    ['a sibling with a like name is no domain around it', policy('p', 'acme.pay'), domain('acme.payments'), []],
    [
      'a new domain lies in theirs',
      domain('acme.hr.lab'),
      domain('acme.hr', '{ mode: report }'),
      ['referenced Domain/acme.hr'],
    ],
    [
      'their rule is about the domain that changes',
      domain('acme.hr.lab'),
      policy('q', 'acme.hr.lab'),
      ['referenced Policy/q'],
    ],
    ['two rules in one domain are two documents', policy('p', 'acme.hr'), policy('q', 'acme.hr'), []],
    [
      'a rule names the service',
      policy('p', 'acme.hr', 'id: r, effect: deny, what: { services: [orders] }'),
      document('Service', 'name: orders', '{ domains: [acme.pay] }'),
      ['referenced Service/orders'],
    ],
    [
      'a rule names an endpoint',
      policy('p', 'acme.hr', 'id: r, effect: deny, what: { endpoints: [orders/list] }'),
      document('Service', 'name: orders', '{ domains: [acme.pay] }'),
      ['referenced Service/orders'],
    ],
    [
      'a rule names a mechanism of the domain',
      policy('p', '"*"', 'id: r, effect: deny, who: { mechanisms: [login] }'),
      domain('acme', '{}'),
      ['referenced Domain/acme'],
    ],
    ['a rule for everybody names nothing of it', policy('p', '"*"'), domain('acme', '{}'), []],
    [
      'a rule names a domain as its caller',
      policy('p', 'acme.hr', 'id: r, effect: deny, who: { domains: [acme.pay] }'),
      domain('acme.pay', '{ mode: report }'),
      ['referenced Domain/acme.pay'],
    ],
    [
      'a service is a member',
      document('Service', 'name: till', '{ domains: [acme.pay] }'),
      domain('acme', '{ zeroTrust: true }'),
      ['referenced Domain/acme'],
    ],
    [
      'a rule names a role that is defined above',
      policy('p', 'acme.pay.cards', 'id: r, effect: deny, who: { roles: [clerk] }'),
      roleSet('staff', 'acme.pay', '{ roles: [{ name: clerk, inherits: [all] }] }'),
      ['referenced RoleSet/staff'],
    ],
    [
      'a rule names a role that is given below',
      policy('p', 'acme', 'id: r, effect: allow, scope: subtree, who: { roles: [clerk] }'),
      roleSet('staff', 'acme.pay', '{ assignments: [{ role: clerk, principals: ["user:a"] }] }'),
      ['referenced RoleSet/staff'],
    ],
    [
      'a role of that name elsewhere is another one',
      policy('p', 'acme.hr', 'id: r, effect: deny, who: { roles: [clerk] }'),
      roleSet('staff', 'acme.pay', '{ roles: [{ name: clerk }, { name: x }] }'),
      [],
    ],
    [
      'a test asks for an endpoint',
      document(
        'Test',
        'name: t',
        '{ cases: [{ because: x, request: { target: { endpoint: orders/list } }, expect: { decision: deny } }] }',
      ),
      document('Service', 'name: orders', '{ domains: [acme.pay] }'),
      ['referenced Service/orders'],
    ],
    [
      'an operator suspended the domain around a rule',
      policy('p', 'acme.hr'),
      document('Suspension', 'name: acme.pay'),
      [],
    ],
  ])('meet or do not: %s', (_because, mine, theirs, found) => {
    expect(inTheWay(mine, theirs)).toEqual(found);
  });

  it('meet where an operator suspended the domain that changes, so that its author hears of it', () => {
    const base = stored(`${PLATFORM}${domain('acme.lab')}`, 'team');
    const newest = [...base, ...stored(document('Suspension', 'name: acme.lab'), 'suspension')];
    const bundle = { source: 'team', prune: false, removed: [] };
    const files = [{ file: 'a.yaml', text: domain('acme.lab', '{ mode: report }') }];
    const { held, touched } = plan({ ...bundle, base: newest, files, now: 0 });
    expect(intersections({ ...bundle, held }, touched, documentChanges(base, newest))).toEqual([
      { kind: 'Suspension', name: 'acme.lab', source: 'suspension', because: 'referenced' },
    ]);
  });

  it('meet where a whole source is spoken for and one of its documents is new', () => {
    const base = stored(PLATFORM, 'platform');
    const newest = [...base, ...stored(policy('other', 'acme.hr'), 'team')];
    const mine = { source: 'team', held: [], removed: [] };
    const theirs = documentChanges(base, newest);
    const found = { kind: 'Policy', name: 'other', source: 'team', because: 'changed' };
    expect(intersections({ ...mine, prune: true }, [], theirs)).toEqual([found]);
    expect(intersections({ ...mine, prune: false }, [], theirs)).toEqual([]);
    expect(intersections({ ...mine, prune: false, removed: [{ kind: 'Policy', name: 'other' }] }, [], theirs)).toEqual([
      found,
    ]);
  });
});
