import { parseMember, readRecord, requestOf } from '#decision-log';
import { type AccessRequest, type Evidence, OUTSIDE } from '#engine';
import { loadBundle } from '#policy';
import { policyOf, recordingOf, taken } from './recorded.js';

const WORLD = (when: string, what = '') => `
apiVersion: dharma/v1
kind: Domain
metadata: { name: shop }
spec:
  access: [anonymous, login]
  boundary: ["orders/*"]
  mechanisms:
    - { name: login, role: access, kind: jwt, jwt: { issuer: "https://login.example/", audiences: [a], keys: { inline: { keys: [] } } } }
    - { name: mesh, role: trust, kind: spiffe, spiffe: { trustDomain: shop.example } }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: orders }
spec:
  domains: [shop]
  identities: [{ mechanism: mesh, subject: spiffe://shop.example/orders }]
  hosts: [shop.example]
  endpoints: [{ name: all, operations: [{ path: "/orders/{order}" }, { methods: [PUT], path: "/orders/{id}" }, { path: "/reset/{token}/**" }] }]
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: shop, domain: shop }
spec: { rules: [{ id: one, effect: allow, who: { anonymous: true }${what}, when: ${JSON.stringify(when)} }] }
`;

const REQUEST: AccessRequest = {
  target: { kind: 'address', host: 'shop.example', method: 'GET', path: '/orders/7?page=2&token=s&page=3' },
  evidence: [],
  headers: { 'x-team': 'blue', cookie: 's', authorization: 's', 'x-user': 's' },
  attributes: { country: 'PT', user: { name: 'ann', pin: 1234, tags: ['a', { b: 's' }] }, level: 3 },
  claimed: { admin: true },
  context: { ip: '192.0.2.1' },
  time: Date.parse('2026-11-26T12:00:00.123Z'),
  askedFrom: OUTSIDE,
  policyAgeSeconds: 0,
  maxTtlSeconds: 30,
};

function recordOf(when: string, more: Partial<AccessRequest> = {}, settings: object = {}) {
  const { world, faults } = loadBundle([{ file: 'shop.yaml', text: WORLD(when) }]);
  if (world === null) throw new Error(JSON.stringify(faults));
  const policy = policyOf(world, ['x-user']);
  return readRecord(recordingOf(settings).line(taken(policy, { ...REQUEST, ...more })));
}

it.each`
  because                                                    | when                                      | show                     | mask                       | kept                                                                                             | masked
  ${'nothing that no rule reads is kept'}                    | ${'true'}                                 | ${[]}                    | ${[]}                      | ${{ headers: {}, attributes: {}, claimed: {}, context: {} }}                                     | ${[]}
  ${'a header that a rule reads is'}                         | ${'request.headers["x-team"] == "blue"'}  | ${[]}                    | ${[]}                      | ${{ headers: { 'x-team': 'blue' } }}                                                             | ${[]}
  ${'a test for a member reads that member'}                 | ${'"x-team" in request.headers'}          | ${[]}                    | ${[]}                      | ${{ headers: { 'x-team': 'blue' } }}                                                             | ${[]}
  ${'of a nested member nothing beside it is kept'}          | ${'attributes.user.name == "ann"'}        | ${[]}                    | ${[]}                      | ${{ attributes: { user: { name: 'ann' } } }}                                                     | ${[]}
  ${'a list that a rule looks through is kept'}              | ${'attributes.user.tags[0] == "a"'}       | ${[]}                    | ${[]}                      | ${{ attributes: { user: { tags: ['a', { b: 's' }] } } }}                                         | ${[]}
  ${'what has no such member keeps its type alone'}          | ${'has(attributes.country.code)'}         | ${[]}                    | ${[]}                      | ${{ attributes: { country: '' } }}                                                               | ${[]}
  ${'a credential is not kept, whatever a rule reads'}       | ${'request.headers.authorization == "s"'} | ${[]}                    | ${[]}                      | ${{ headers: {} }}                                                                               | ${['request.headers.authorization']}
  ${'nor is a header that says who sent the request'}        | ${'request.headers["x-user"] == "s"'}     | ${[]}                    | ${[]}                      | ${{ headers: {} }}                                                                               | ${['request.headers.x-user']}
  ${'a credential is not shown either'}                      | ${'true'}                                 | ${['request.headers.*']} | ${[]}                      | ${{ headers: { 'x-team': 'blue' } }}                                                             | ${[]}
  ${'a rule that reads all headers reads more than is kept'} | ${'request.headers.exists(n, n == "x")'}  | ${[]}                    | ${[]}                      | ${{ headers: {} }}                                                                               | ${['request.headers']}
  ${'unless everything is shown'}                            | ${'attributes.exists(n, n == "x")'}       | ${['attributes.*']}      | ${[]}                      | ${{ attributes: REQUEST.attributes }}                                                            | ${[]}
  ${'an operator shows a member'}                            | ${'true'}                                 | ${['context.ip']}        | ${[]}                      | ${{ context: { ip: '192.0.2.1' } }}                                                              | ${[]}
  ${'an operator hides what a rule reads'}                   | ${'attributes.country == "PT"'}           | ${[]}                    | ${['attributes.country']}  | ${{ attributes: {} }}                                                                            | ${['attributes.country']}
  ${'hiding wins over showing'}                              | ${'true'}                                 | ${['attributes.user']}   | ${['attributes.user.pin']} | ${{ attributes: { user: { name: 'ann', tags: REQUEST.attributes['user']!['tags' as never] } } }} | ${[]}
  ${'what is hidden below what is read is left out of it'}   | ${'attributes.user == {}'}                | ${[]}                    | ${['attributes.user.pin']} | ${{ attributes: { user: { name: 'ann', tags: REQUEST.attributes['user']!['tags' as never] } } }} | ${['attributes.user']}
`('keeps of a request: $because', ({ when, show, mask, kept, masked }) => {
  const record = recordOf(when, {}, { show, mask });
  expect(record.request).toMatchObject(kept);
  for (const [map, members] of Object.entries(kept as object)) {
    expect(record.request![map as 'headers']).toEqual(members);
  }
  expect(record.masked).toEqual(masked);
  expect(requestOf(record).kind).toBe(masked.length === 0 ? 'request' : 'masked');
});

it.each`
  because                                                | when                             | path                                  | mask                        | kept                           | masked
  ${'a query that no rule reads goes'}                   | ${'true'}                        | ${'/orders/7?page=2&token=s'}         | ${[]}                       | ${'/orders/7'}                 | ${[]}
  ${'pairs that a rule reads stay, in their order'}      | ${'request.query.page == ["2"]'} | ${'/orders/7?page=2&t=s&p%61ge=3&&='} | ${[]}                       | ${'/orders/7?page=2&p%61ge=3'} | ${[]}
  ${'a query that is hidden goes, and is missed'}        | ${'request.query.page == ["2"]'} | ${'/orders/7?page=2'}                 | ${['request.query.page']}   | ${'/orders/7'}                 | ${['request.query.page']}
  ${'a rule reads all of the query'}                     | ${'size(request.query) == 0'}    | ${'/orders/7?page=2'}                 | ${[]}                       | ${'/orders/7'}                 | ${['request.query']}
  ${"names that a rule does not say are their sender's"} | ${'size(request.query) < 9'}     | ${'/orders/7?eyJhbGciOi.s3cret'}      | ${[]}                       | ${'/orders/7'}                 | ${['request.query']}
  ${'a parameter that is hidden has no value'}           | ${'true'}                        | ${'/reset/s3cret/now'}                | ${['request.params.token']} | ${'/reset/*/now'}              | ${['request.params.token']}
  ${'by any name that an operation gives it'}            | ${'true'}                        | ${'/orders/7'}                        | ${['request.params.id']}    | ${'/orders/*'}                 | ${['request.params.id']}
  ${'where no endpoint answers anything may be one'}     | ${'true'}                        | ${'/reset'}                           | ${['request.params.token']} | ${'/'}                         | ${['request.path']}
  ${'nor does one of what was refused'}                  | ${'true'}                        | ${'/reset/s3c%2Fret/now'}             | ${['request.params.token']} | ${'/'}                         | ${['request.path']}
  ${'however it was refused'}                            | ${'true'}                        | ${'/reset/s3cret/now?a=%zz'}          | ${['request.params.token']} | ${'/'}                         | ${['request.path']}
  ${'a user may be written before the host'}             | ${'true'}                        | ${'http://ann:s3cret@shop/orders/7'}  | ${[]}                       | ${'/orders/7'}                 | ${['request.path']}
  ${'a fragment may hold a token'}                       | ${'true'}                        | ${'/cb#access_token=s3cret'}          | ${[]}                       | ${'/cb'}                       | ${['request.path']}
  ${'a query may be written otherwise'}                  | ${'true'}                        | ${'/orders%3Faccess_token=s3cret'}    | ${[]}                       | ${'/orders'}                   | ${['request.path']}
  ${'a session may stand behind a path'}                 | ${'true'}                        | ${'/orders;jsessionid=s3cret'}        | ${[]}                       | ${'/orders'}                   | ${['request.path']}
  ${'a target may be refused for its query'}             | ${'true'}                        | ${'/orders/7?a=%zz'}                  | ${[]}                       | ${'/orders/7'}                 | ${['request.query']}
`('keeps of a path: $because', ({ when, path, mask, kept, masked }) => {
  const target = { kind: 'address', host: 'shop.example', method: 'GET', path } as const;
  const record = recordOf(when, { target }, { mask });
  expect(record.request!.target).toEqual({ ...target, path: kept });
  expect(record.masked).toEqual(masked);
});

it('misses the query that a denial was for, so that nobody decides it again without', () => {
  const target = { kind: 'address', host: 'shop.example', method: 'GET', path: '/orders/7?tier=gold' } as const;
  const policy = policyOf(loadBundle([{ file: 'shop.yaml', text: WORLD('true') }]).world!);
  const record = readRecord(recordingOf().line(taken(policy, { ...REQUEST, target }, { isForTheQuery: true })));
  expect(record.masked).toEqual(['request.query']);
  expect(requestOf(record).kind).toBe('masked');
  expect(JSON.stringify(record)).not.toContain('gold');
});

it.each`
  because                                    | headers                                                               | kept
  ${'both make a preflight'}                 | ${{ origin: 'https://s', 'access-control-request-method': 'PUT' }}    | ${{ origin: '', 'access-control-request-method': 'PUT' }}
  ${'one alone does not'}                    | ${{ origin: 'https://s' }}                                            | ${{}}
  ${'what is no method is not written down'} | ${{ origin: 'https://s', 'access-control-request-method': 'secret' }} | ${{}}
`('keeps what makes a preflight: $because', ({ headers, kept }) => {
  const target = { kind: 'address', host: 'shop.example', method: 'OPTIONS', path: '/orders/7' } as const;
  expect(recordOf('true', { target, headers }).request!.headers).toEqual(kept);
});

it.each`
  because                                      | text                                           | member
  ${'names of headers have no case'}           | ${'request.headers.X-Secret'}                  | ${['request.headers', 'x-secret']}
  ${'claims may be named like addresses'}      | ${'principal.claims["https://acme.eu/ssn"].x'} | ${['principal.claims', 'https://acme.eu/ssn', 'x']}
  ${'all of them may be meant'}                | ${'context.*'}                                 | ${['context', '*']}
  ${'an address has dots, which would cut it'} | ${'principal.claims.https://acme.eu/ssn'}      | ${undefined}
  ${'a bracket that does not end hides none'}  | ${'principal.claims["ssn'}                     | ${undefined}
  ${'nothing has no name'}                     | ${'context.'}                                  | ${undefined}
`('reads what is to be hidden or shown: $because', ({ text, member }) => {
  expect(parseMember(text as string)).toEqual(member);
});

describe('evidence', () => {
  const item = { role: 'access', mechanism: 'login', verified: true, scopes: [], groups: [] } as const;
  const evidence: readonly Evidence[] = [
    { ...item, subject: 'u-1', claims: { tier: 'gold', jti: 's-1' }, attributes: { level: 2, secret: 's' } },
    { ...item, subject: 'u-1', claims: { tier: 'gold', jti: 's-2' }, attributes: {} },
    { ...item, subject: 's-3', verified: false, claims: { tier: 's' }, attributes: {} },
  ];

  it('is kept as far as it counts and rules read it; who is not verified is not named', () => {
    const record = recordOf('principal.claims.tier == "gold" && principal.attributes.level > 1', { evidence });
    expect(record.principals).toEqual(['user:u-1']);
    expect(record.request!.evidence).toMatchObject([
      { subject: 'u-1', claims: { tier: 'gold' }, attributes: { level: 2 } },
      { subject: 'u-1', claims: { tier: 'gold' }, attributes: {} },
    ]);
    expect(record.request!.unverified).toEqual([{ role: 'access', mechanism: 'login' }]);
    expect(JSON.stringify(record)).not.toMatch(/"s-\d"|secret|jti/);
  });

  it('is kept as far as the rules read it by which that request was decided, whatever earlier ones read', () => {
    const policies = ['principal.claims.tier == "gold"', 'principal.claims.jti == "s-1"'].map((when) =>
      policyOf(loadBundle([{ file: 'shop.yaml', text: WORLD(when) }]).world!),
    );
    const recording = recordingOf({ mask: ['principal.claims.jti'] });
    const records = [0, 1, 1, 0].map((by) =>
      readRecord(recording.line(taken(policies[by]!, { ...REQUEST, evidence: evidence.slice(0, 1) }))),
    );
    expect(records.map(({ request, masked }) => [request!.evidence[0]!.claims, masked])).toEqual([
      [{ tier: 'gold' }, []],
      [{}, ['principal.claims.jti']],
      [{}, ['principal.claims.jti']],
      [{ tier: 'gold' }, []],
    ]);
  });

  it('that nobody verified names no mechanism but those of the policy, however long its name is', () => {
    const unknown = { ...evidence[2]!, mechanism: 'x'.repeat(30_000) };
    const record = recordOf('true', { evidence: [unknown, evidence[2]!] });
    expect(record.request!.unverified).toEqual([
      { role: 'access', mechanism: '' },
      { role: 'access', mechanism: 'login' },
    ]);
  });

  it('has a fingerprint: the same for the same credential, of another process another one', () => {
    const { world } = loadBundle([{ file: 'shop.yaml', text: WORLD('true') }]);
    const policy = policyOf(world!);
    const prints = (recording = recordingOf()) =>
      recording.record(taken(policy, { ...REQUEST, evidence })).request!.evidence.map(({ fingerprint }) => fingerprint);
    const [first, second] = prints();
    expect(first).toMatch(/^[0-9a-f]{16}$/);
    expect(second).not.toBe(first);
    expect(prints()).toEqual([first, second]);
    const other = new (recordingOf().constructor as new (
      settings: object,
      key: string,
    ) => ReturnType<typeof recordingOf>)({ show: [], mask: [] }, 'another key');
    expect(prints(other)[0]).not.toBe(first);
  });
});

it.each`
  because                                       | role        | mechanism  | subject                           | verified | principals
  ${'it proves to be that service'}             | ${'trust'}  | ${'mesh'}  | ${'spiffe://shop.example/orders'} | ${true}  | ${['service:orders']}
  ${'it says so alone'}                         | ${'trust'}  | ${'mesh'}  | ${'spiffe://shop.example/orders'} | ${false} | ${[]}
  ${'no service has that name'}                 | ${'trust'}  | ${'mesh'}  | ${'spiffe://shop.example/else'}   | ${true}  | ${[]}
  ${'the mechanism proves no access'}           | ${'access'} | ${'mesh'}  | ${'spiffe://shop.example/orders'} | ${true}  | ${[]}
  ${'whose access it is has a type of its own'} | ${'access'} | ${'login'} | ${'spiffe://shop.example/orders'} | ${true}  | ${['user:spiffe://shop.example/orders']}
`('names who asks: $because', ({ because: _because, principals, ...item }) => {
  const evidence = [{ ...item, scopes: [], groups: [], claims: {}, attributes: {} }];
  expect(recordOf('true', { evidence }).principals).toEqual(principals);
});

describe('a record', () => {
  it('that would be long is kept without its request', () => {
    const scopes = Array.from({ length: 5_000 }, (_, at) => `scope-${at}`);
    const evidence = [
      {
        role: 'access',
        mechanism: 'login',
        subject: 'u-1',
        verified: true,
        scopes,
        groups: [],
        claims: {},
        attributes: {},
      },
    ] as const;
    expect(recordOf('true', { evidence })).toMatchObject({ request: null, principals: [], masked: ['request'] });
  });

  it('of what was not judged says so', () => {
    const policy = policyOf(loadBundle([{ file: 'shop.yaml', text: WORLD('true') }]).world!);
    const one = { ...taken(policy, REQUEST), request: undefined };
    const record = readRecord(recordingOf().line(one));
    expect(record).toMatchObject({ request: null, masked: [], revision: { number: 7 } });
    expect(requestOf(record)).toEqual({ kind: 'not-judged' });
    expect(readRecord(recordingOf().line({ ...one, policy: undefined }))).toMatchObject({
      revision: null,
      domains: [],
    });
  });
});
