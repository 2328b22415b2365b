/** A client's API key is found by its id or by its digest, and an unknown one costs what a wrong one costs. */
import { type ClientKey, type Identity, type Judged, KeyRing, type MintedKey } from '#identity';
import { callerNamed, identityOf, NOW, presented, reasons, sha256, shown } from './identities.js';

const IN_A_MINUTE = new Date(NOW + 60_000).toISOString();
const BEFORE = new Date(NOW).toISOString();

const SET = `
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme }
spec:
  mechanisms:
    - name: partner-key
      role: access
      kind: apiKey
      apiKey:
        header: X-Api-Key
        keys:
          - { id: p1, sha256: "${sha256('s3cret')}", subject: partner-1, scopes: [read], groups: [gold] }
          - { id: p2, sha256: "${sha256('s3.cret')}", subject: partner-2, notAfter: ${IN_A_MINUTE} }
          - { id: p3, sha256: "${sha256('old')}", subject: partner-3, notAfter: ${BEFORE} }
          - { id: p4, sha256: "${sha256('an-opaque-key-of-before')}", subject: partner-4 }
    - name: lab-key
      role: access
      kind: apiKey
      apiKey: { header: x-api-key, keys: [{ id: p1, sha256: "${sha256('other')}", subject: lab-1 }] }
    - { name: no-keys, role: access, kind: apiKey, apiKey: { header: x-empty } }
    - name: either
      role: access
      kind: apiKey
      apiKey: { header: authorization, keys: [{ id: e1, sha256: "${sha256('Bearer opaque')}", subject: either-1 }] }
    - { name: oauth, role: access, kind: jwt, jwt: { issuer: "https://i/", audiences: [a], keys: { inline: { keys: [] } } } }
    - name: old-tokens
      role: access
      kind: introspection
      introspection: { url: "https://i/", clientId: a, clientSecretFile: /nowhere, header: x-old-token }
---
apiVersion: dharma/v1
kind: EnforcementPoint
metadata: { name: edge, domain: acme }
spec: { credentials: [{ kind: apiKey, id: edge, sha256: "${sha256('secret-of-edge')}" }] }
`;

const minted = (secret: string, more: Partial<ClientKey> = {}): ClientKey => ({
  mechanism: 'partner-key',
  subject: 'minted-1',
  scopes: [],
  groups: [],
  sha256: sha256(secret),
  ...more,
});

const keys = new KeyRing();
let identity: Identity;
beforeAll(async () => {
  identity = await identityOf(SET, { keys });
});

function judge(credentials: { readonly [header: string]: string }, now = NOW): Judged {
  return identity.judge(presented({ credentials }), callerNamed(identity, 'edge'), now) as Judged;
}

it.each`
  because                                   | key                             | evidence
  ${'id and secret belong together'}        | ${'p1.s3cret'}                  | ${'partner-key partner-1'}
  ${'a secret may have a dot'}              | ${'p2.s3.cret'}                 | ${'partner-key partner-2'}
  ${'an id may be known to two mechanisms'} | ${'p1.other'}                   | ${'lab-key lab-1'}
  ${'a whole key is known by its digest'}   | ${'an-opaque-key-of-before'}    | ${'partner-key partner-4'}
  ${'that one has an id too'}               | ${'p4.an-opaque-key-of-before'} | ${'partner-key partner-4'}
`('$key is known because $because', ({ key, evidence }) => {
  const judged = judge({ 'x-api-key': key });
  expect(shown(judged)).toEqual([evidence]);
  expect(judged).toMatchObject({ dropped: [], hasVerifiedCredential: true, hasFalseCredential: false });
});

it('carries scopes, groups and its end', () => {
  expect(judge({ 'x-api-key': 'p1.s3cret' }).evidence).toEqual([
    expect.objectContaining({ role: 'access', scopes: ['read'], groups: ['gold'], claims: {}, attributes: {} }),
  ]);
  expect(judge({ 'x-api-key': 'p2.s3.cret' }).evidence[0]!.expiresAt).toBe(NOW + 60_000);
  expect(judge({ 'x-api-key': 'p1.s3cret' }).evidence[0]).not.toHaveProperty('expiresAt');
});

it.each`
  because                               | key                         | reasons
  ${'the secret is wrong'}              | ${'p1.secret'}              | ${['lab-key: the key is unknown', 'partner-key: the key is unknown']}
  ${'the id is unknown'}                | ${'p9.s3cret'}              | ${['lab-key: the key is unknown', 'partner-key: the key is unknown']}
  ${'the secret is that of another id'} | ${'p2.s3cret'}              | ${['lab-key: the key is unknown', 'partner-key: the key is unknown']}
  ${'a digest is no key'}               | ${sha256('s3cret')}         | ${['lab-key: the key is unknown', 'partner-key: the key is unknown']}
  ${'there is nothing'}                 | ${''}                       | ${['lab-key: the key is unknown', 'partner-key: the key is unknown']}
  ${'two keys are none'}                | ${'p1.s3cret, p1.s3cret'}   | ${['lab-key: the key is unknown', 'partner-key: the key is unknown']}
  ${'nobody hashes a book'}             | ${`p1.${'x'.repeat(2000)}`} | ${['lab-key: the key is unknown', 'partner-key: the key is unknown']}
  ${'it has expired at this instant'}   | ${'p3.old'}                 | ${['partner-key: the key has expired']}
  ${'an id alone is no key'}            | ${'p1'}                     | ${['lab-key: the key is unknown', 'partner-key: the key is unknown']}
  ${'no member of an object is an id'}  | ${'__proto__.x'}            | ${['lab-key: the key is unknown', 'partner-key: the key is unknown']}
`('a key is dropped because $because', ({ key, reasons: expected }) => {
  const judged = judge({ 'x-api-key': key });
  expect(judged.evidence).toEqual([]);
  expect(reasons(judged)).toEqual(expected);
  expect(judged).toMatchObject({ hasVerifiedCredential: false, hasFalseCredential: true });
});

it('ends at its instant', () => {
  expect(shown(judge({ 'x-api-key': 'p2.s3.cret' }, NOW + 59_999))).toEqual(['partner-key partner-2']);
  expect(reasons(judge({ 'x-api-key': 'p2.s3.cret' }, NOW + 60_000))).toEqual(['partner-key: the key has expired']);
});

describe('a minted key', () => {
  beforeAll(() => {
    keys.replace(
      new Map<string, MintedKey>([
        ['ck-1', minted('one', { scopes: ['read'], groups: ['gold'] })],
        ['ck-2', minted('two', { expiresAt: NOW + 1 })],
        ['ck-3', minted('three', { expiresAt: NOW })],
        ['ck-4', minted('four', { mechanism: 'no-keys', subject: 'minted-4' })],
        ['ck-5', minted('five', { mechanism: 'of-an-earlier-revision' })],
        ['ck-6', minted('six', { mechanism: 'oauth' })],
        ['ep-1', { enforcementPoint: 'edge', sha256: sha256('seven') }],
        ['p1', minted('eight')],
      ]),
    );
  });
  afterAll(() => keys.replace(new Map()));

  it.each`
    because                                      | header         | key            | evidence
    ${'id and secret belong together'}           | ${'x-api-key'} | ${'ck-1.one'}  | ${'partner-key minted-1'}
    ${'it has a moment to live'}                 | ${'x-api-key'} | ${'ck-2.two'}  | ${'partner-key minted-1'}
    ${'its mechanism need not have any other'}   | ${'x-empty'}   | ${'ck-4.four'} | ${'no-keys minted-4'}
    ${'a documented key of its id hides it not'} | ${'x-api-key'} | ${'p1.eight'}  | ${'partner-key minted-1'}
    ${'it hides no documented key of its id'}    | ${'x-api-key'} | ${'p1.s3cret'} | ${'partner-key partner-1'}
  `('counts because $because', ({ header, key, evidence }) => {
    const judged = judge({ [header]: key });
    expect(shown(judged)).toEqual([evidence]);
    expect(judged).toMatchObject({ dropped: [], hasVerifiedCredential: true, hasFalseCredential: false });
  });

  it('carries scopes, groups and its end', () => {
    const [item] = judge({ 'x-api-key': 'ck-1.one' }).evidence;
    expect(item).toMatchObject({ role: 'access', scopes: ['read'], groups: ['gold'], verified: true });
    expect(item).not.toHaveProperty('expiresAt');
    expect(judge({ 'x-api-key': 'ck-2.two' }).evidence[0]!.expiresAt).toBe(NOW + 1);
  });

  it.each`
    because                                        | header         | key             | reason
    ${'the secret is wrong'}                       | ${'x-api-key'} | ${'ck-1.two'}   | ${'partner-key: the key is unknown'}
    ${'a secret alone is no key'}                  | ${'x-api-key'} | ${'one'}        | ${'partner-key: the key is unknown'}
    ${'it has expired at this instant'}            | ${'x-api-key'} | ${'ck-3.three'} | ${'partner-key: the key has expired'}
    ${'it is read in the header of its mechanism'} | ${'x-api-key'} | ${'ck-4.four'}  | ${'partner-key: the key is unknown'}
    ${'the policy in force lacks its mechanism'}   | ${'x-api-key'} | ${'ck-5.five'}  | ${'partner-key: the key is unknown'}
    ${'its mechanism has no keys by now'}          | ${'x-api-key'} | ${'ck-6.six'}   | ${'partner-key: the key is unknown'}
    ${'an enforcement point is no client'}         | ${'x-api-key'} | ${'ep-1.seven'} | ${'partner-key: the key is unknown'}
  `('is dropped because $because', ({ header, key, reason }) => {
    const judged = judge({ [header]: key });
    expect(judged.evidence).toEqual([]);
    expect(reasons(judged)).toContain(reason);
    expect(judged).toMatchObject({ hasVerifiedCredential: false, hasFalseCredential: true });
  });

  it('is noted when it is used, and nothing else is', () => {
    keys.takeUses();
    for (const key of ['ck-1.one', 'ck-2.two']) judge({ 'x-api-key': key }, NOW - 5);
    judge({ 'x-api-key': 'ck-1.one' });
    for (const key of ['ck-3.three', 'ck-1.wrong', 'ck-9.one', 'ck-5.five', 'p1.s3cret', 'one'])
      judge({ 'x-api-key': key });
    const uses = new Map([
      ['ck-1', NOW],
      ['ck-2', NOW - 5],
    ]);
    expect(keys.takeUses()).toEqual(uses);
    expect(keys.takeUses()).toEqual(new Map());
    judge({ 'x-api-key': 'ck-2.two' });
    keys.giveBack(uses);
    expect(keys.takeUses()).toEqual(new Map([...uses, ['ck-2', NOW]]));
  });

  it('counts and ends without a new revision', () => {
    expect(shown(judge({ 'x-api-key': 'late.nine' }))).toEqual([]);
    keys.replace(new Map([['late', minted('nine')]]));
    expect(shown(judge({ 'x-api-key': 'late.nine' }))).toEqual(['partner-key minted-1']);
    keys.replace(new Map([['late', minted('nine', { subject: 'minted-2' })]]));
    expect(shown(judge({ 'x-api-key': 'late.nine' }))).toEqual(['partner-key minted-2']);
    keys.replace(new Map());
    expect(shown(judge({ 'x-api-key': 'late.nine' }))).toEqual([]);
  });
});

it('is unknown where a mechanism has no keys at all', () => {
  expect(reasons(judge({ 'x-empty': 'p1.s3cret' }))).toEqual(['no-keys: the key is unknown']);
});

describe('a header that mechanisms of several kinds read', () => {
  it.each`
    because                                | value              | evidence               | dropped                                                                                                  | isFalse
    ${'one of them takes it'}              | ${'Bearer opaque'} | ${['either either-1']} | ${[]}                                                                                                    | ${false}
    ${'none of them knows it'}             | ${'Bearer other'}  | ${[]}                  | ${['either: the key is unknown', '-: what is in `authorization` does not count: it is no signed token']} | ${true}
    ${'it may be meant for somebody else'} | ${'Basic dTpw'}    | ${[]}                  | ${['either: the key is unknown', '-: `authorization` is not of the scheme `Bearer`']}                    | ${false}
  `('$because', ({ value, evidence, dropped, isFalse }) => {
    const judged = judge({ authorization: value });
    expect(shown(judged)).toEqual(evidence);
    expect(reasons(judged)).toEqual(dropped);
    expect(judged.hasFalseCredential).toBe(isFalse);
  });
});

it('does not call a token false that only introspection could judge', () => {
  const judged = judge({ 'x-old-token': 'opaque' });
  expect(reasons(judged)).toEqual(['old-tokens: nobody is asked about tokens here']);
  expect(judged).toMatchObject({ evidence: [], hasFalseCredential: false });
});

it('collects what several headers say', () => {
  const judged = judge({ 'x-api-key': 'p1.s3cret', 'x-old-token': 'opaque', 'x-empty': 'a.b' });
  expect(shown(judged)).toEqual(['partner-key partner-1']);
  expect(reasons(judged)).toHaveLength(2);
  expect(judged).toMatchObject({ hasVerifiedCredential: true, hasFalseCredential: true });
});

it('reads credentials of a map with a prototype by their own names only', () => {
  const credentials = Object.create({ 'x-api-key': 'p1.s3cret' }) as { readonly [header: string]: string };
  expect(judge(credentials)).toMatchObject({ evidence: [], dropped: [] });
});
