import { loadBundle, type PolicyDocument } from '#policy';
import { touchedGuardrails } from './touched-guardrails.js';

const document = (kind: string, metadata: string, spec: string) =>
  `---\napiVersion: dharma/v1\nkind: ${kind}\nmetadata: { ${metadata} }\nspec: ${spec}\n`;
const domain = (spec: string, name = 'acme.pay') => document('Domain', `name: ${name}`, spec);
const deny = (rule: string, owner = 'acme') =>
  document('Policy', `name: base, domain: "${owner}"`, `{ rules: [{ id: d1, effect: deny${rule} }] }`);
const mechanism = (settings: string) => domain(`{ mechanisms: [{ name: m, ${settings} }] }`, 'acme');
const jwt = (settings: string) =>
  mechanism(`role: access, kind: jwt, jwt: { issuer: "https://i.example/", audiences: [a]${settings} }`);
const svid = (settings: string) =>
  mechanism(`role: trust, kind: spiffe, spiffe: { trustDomain: acme.example${settings} }`);
const keys = (list: string) => mechanism(`role: access, kind: apiKey, apiKey: { header: x-key, keys: [${list}] }`);
const key = (id: string, more = '') => `{ id: ${id}, sha256: ${'ab'.repeat(32)}, subject: of-${id}${more} }`;
const point = (spec: string, owner = 'acme.pay') => document('EnforcementPoint', `name: edge, domain: ${owner}`, spec);
const service = (spec: string) => document('Service', 'name: orders', spec);
const quota = document('Quota', 'name: acme', '{ rules: 10 }');
const rules = (count: number) =>
  document(
    'Policy',
    'name: many, domain: acme',
    `{ rules: [${Array.from({ length: count }, (_, index) => `{ id: r${index}, effect: allow }`).join(', ')}] }`,
  );

function read(text: string): readonly PolicyDocument[] {
  return loadBundle(text === '' ? [] : [{ file: 'a.yaml', text }]).documents.map(({ document: one }) => one);
}

/** @param around  what does not change */
function touchedBy(before: string, after: string, around = ''): readonly string[] {
  const [was, is] = [read(before), read(after)];
  const step = { before: was, after: is, whole: [...read(around), ...is] };
  return touchedGuardrails(step).map(({ kind, change, domain: of, words }) => `${change} ${kind} of ${of}: ${words}`);
}

describe('denies', () => {
  it.each`
    because                                     | before                                          | after                                              | told
    ${'one comes'}                              | ${''}                                           | ${deny('')}                                        | ${'added deny of acme: deny base/d1 comes: deny everything for everyone at acme and below'}
    ${'one goes'}                               | ${deny('')}                                     | ${''}                                              | ${'removed deny of acme: deny base/d1 goes: deny everything for everyone at acme and below'}
    ${'one becomes an allow'}                   | ${deny('')}                                     | ${deny('').replace(': deny', ': allow')}           | ${'removed deny of acme: deny base/d1 is an allow now'}
    ${'one only reports'}                       | ${deny('')}                                     | ${deny(', mode: report')}                          | ${'weakened deny of acme: deny base/d1 only reports now'}
    ${'one counts at last'}                     | ${deny(', mode: report')}                       | ${deny('')}                                        | ${'strengthened deny of acme: deny base/d1 no longer only reports'}
    ${'a method is left out'}                   | ${deny(', what: { methods: [PUT, DELETE] }')}   | ${deny(', what: { methods: [PUT] }')}              | ${'weakened deny of acme: deny base/d1 no longer covers DELETE'}
    ${'a method is added'}                      | ${deny(', what: { methods: [PUT] }')}           | ${deny(', what: { methods: [PUT, GET] }')}         | ${'strengthened deny of acme: deny base/d1 also covers GET'}
    ${'one method instead of another'}          | ${deny(', what: { methods: [PUT] }')}           | ${deny(', what: { methods: [GET] }')}              | ${'changed deny of acme: deny base/d1 no longer covers PUT; also covers GET'}
    ${'it was for everyone'}                    | ${deny('')}                                     | ${deny(', who: { roles: [temp] }')}                | ${'weakened deny of acme: deny base/d1 covers only role temp'}
    ${'it is for everyone'}                     | ${deny(', who: { roles: [temp] }')}             | ${deny('')}                                        | ${'strengthened deny of acme: deny base/d1 is no longer only for role temp'}
    ${'all endpoints cover one'}                | ${deny(', what: { endpoints: [orders/all] }')}  | ${deny(', what: { endpoints: ["orders/*"] }')}     | ${'strengthened deny of acme: deny base/d1 also covers orders/*'}
    ${'everybody of a type covers one'}         | ${deny(', who: { principals: ["user:*"] }')}    | ${deny(', who: { principals: ["user:bo"] }')}      | ${'weakened deny of acme: deny base/d1 no longer covers user:*'}
    ${'a domain covers those below'}            | ${deny(', who: { domains: [acme.pay] }')}       | ${deny(', who: { domains: [acme] }')}              | ${'strengthened deny of acme: deny base/d1 also covers callers from acme'}
    ${'outside covers nobody inside'}           | ${deny(', who: { domains: [acme] }')}           | ${deny(', who: { domains: ["*"] }')}               | ${'changed deny of acme: deny base/d1 no longer covers callers from acme; also covers callers from *'}
    ${'a scope more is needed to be denied'}    | ${deny(', who: { scopes: { allOf: [a, b] } }')} | ${deny(', who: { scopes: { allOf: [a, b, c] } }')} | ${'weakened deny of acme: deny base/d1 asks for scope c too'}
    ${'all of some are fewer than everybody'}   | ${deny('')}                                     | ${deny(', who: { scopes: { allOf: [a, b] } }')}    | ${'weakened deny of acme: deny base/d1 covers only who has all of scope a and b'}
    ${'any of some is not all of some'}         | ${deny(', who: { scopes: [a, b] }')}            | ${deny(', who: { scopes: { allOf: [a, b] } }')}    | ${'changed deny of acme: deny base/d1 asks for scopes in another way'}
    ${'a condition comes'}                      | ${deny('')}                                     | ${deny(', when: "request.method == \'PUT\'"')}     | ${"weakened deny of acme: deny base/d1 holds only when `request.method == 'PUT'`"}
    ${'a condition goes'}                       | ${deny(', when: "true"')}                       | ${deny('')}                                        | ${'strengthened deny of acme: deny base/d1 holds without its condition'}
    ${'of two conditions nobody can tell'}      | ${deny(', when: "true"')}                       | ${deny(', when: "false"')}                         | ${'changed deny of acme: deny base/d1 holds when `false`'}
    ${'it ends'}                                | ${deny('')}                                     | ${deny(', notAfter: 2027-01-01T00:00:00Z')}        | ${'weakened deny of acme: deny base/d1 holds until 2027-01-01T00:00:00Z only'}
    ${'it begins earlier'}                      | ${deny(', notBefore: 2027-01-01T00:00:00Z')}    | ${deny(', notBefore: 2026-01-01T00:00:00Z')}       | ${'strengthened deny of acme: deny base/d1 holds from 2026-01-01T00:00:00Z only'}
    ${'it never ends'}                          | ${deny(', notAfter: 2027-01-01T00:00:00Z')}     | ${deny('')}                                        | ${'strengthened deny of acme: deny base/d1 holds without `until 2027-01-01T00:00:00Z`'}
    ${'it stands at its owner only'}            | ${deny('')}                                     | ${deny(', scope: self')}                           | ${'weakened deny of acme: deny base/d1 stands at acme instead of at acme and below'}
    ${'it moves up'}                            | ${deny('', 'acme.pay')}                         | ${deny('')}                                        | ${'strengthened deny of acme: deny base/d1 stands at acme and below instead of at acme.pay and below'}
    ${'it moves away'}                          | ${deny('', 'acme.pay')}                         | ${deny('', 'acme.ops')}                            | ${'changed deny of acme.ops: deny base/d1 stands at acme.ops and below instead of at acme.pay and below'}
    ${'it leaves everything for a domain'}      | ${deny('', '*')}                                | ${deny('')}                                        | ${'weakened deny of acme: deny base/d1 stands at acme and below instead of everywhere'}
    ${'with an owner a condition reads others'} | ${deny(', when: "true"', 'acme.pay')}           | ${deny(', when: "true"')}                          | ${'changed deny of acme: deny base/d1 stands at acme and below instead of at acme.pay and below'}
    ${'beyond more there is less to deny'}      | ${deny(', direction: out', 'acme.pay')}         | ${deny(', direction: out')}                        | ${'changed deny of acme: deny base/d1 stands at acme and below instead of at acme.pay and below'}
    ${'beyond everything there is the most'}    | ${deny(', direction: out')}                     | ${deny(', direction: out', '*')}                   | ${'strengthened deny of *: deny base/d1 stands everywhere instead of at acme and below'}
    ${'it turns round'}                         | ${deny('')}                                     | ${deny(', direction: out')}                        | ${'changed deny of acme: deny base/d1 stands on the way out now'}
  `('$because', ({ before, after, told }: Record<string, string>) => {
    expect(touchedBy(before!, after!, domain('{}', 'acme'))).toEqual([told]);
  });

  it.each`
    because                              | before                                    | after
    ${'an allow comes'}                  | ${''}                                     | ${deny('').replace(': deny', ': allow')}
    ${'one that only reported goes'}     | ${deny(', mode: report')}                 | ${''}
    ${'only its description is another'} | ${deny('')}                               | ${deny(', description: words')}
    ${'a default is written out'}        | ${deny('')}                               | ${deny(', scope: subtree, mode: enforce')}
    ${'what was covered is said twice'}  | ${deny(', what: { endpoints: ["a/*"] }')} | ${deny(', what: { endpoints: ["a/*", a/b] }')}
  `('tells nothing where $because', ({ before, after }: Record<string, string>) => {
    expect(touchedBy(before!, after!, domain('{}', 'acme'))).toEqual([]);
  });

  it('of a domain that only reports tells nothing of where it stands', () => {
    const around = domain('{ mode: report }', 'acme.pay');
    expect(touchedBy(deny('', 'acme'), deny('', 'acme.pay'), `${domain('{}', 'acme')}${around}`)).toEqual([
      'changed deny of acme.pay: deny base/d1 stands at acme.pay and below instead of at acme and below',
    ]);
  });
});

describe('marks of a domain', () => {
  it.each`
    because                            | before                              | after                                                               | told
    ${'an endpoint is let in'}         | ${'{}'}                             | ${'{ boundary: [orders/all] }'}                                     | ${['weakened boundary of acme.pay: acme.pay lets orders/all in from outside']}
    ${'all of a service hold one'}     | ${'{ boundary: ["orders/*"] }'}     | ${'{ boundary: [orders/all] }'}                                     | ${['strengthened boundary of acme.pay: acme.pay no longer lets orders/* in from outside']}
    ${'a mechanism is accepted'}       | ${'{ access: [a] }'}                | ${'{ access: [a, anonymous] }'}                                     | ${['weakened access of acme.pay: acme.pay accepts anonymous too']}
    ${'it opens to what is above'}     | ${'{ access: [] }'}                 | ${'{}'}                                                             | ${['weakened access of acme.pay: acme.pay accepts login too']}
    ${'it is sealed'}                  | ${'{}'}                             | ${'{ access: [] }'}                                                 | ${['strengthened access of acme.pay: acme.pay no longer accepts login: sealed']}
    ${'it accepts another'}            | ${'{}'}                             | ${'{ access: [a] }'}                                                | ${['changed access of acme.pay: acme.pay accepts a too, and no longer accepts login']}
    ${'what it inherits is said'}      | ${'{}'}                             | ${'{ access: [login] }'}                                            | ${[]}
    ${'a network is not inherited'}    | ${'{}'}                             | ${'{ trust: [mesh, office] }'}                                      | ${['weakened trust of acme.pay: acme.pay trusts office too']}
    ${'it recognizes members below'}   | ${'{}'}                             | ${'{ recognizes: [mesh] }'}                                         | ${['weakened recognition of acme.pay: acme.pay takes who is proven by mesh below for a member']}
    ${'zero trust ends'}               | ${'{ zeroTrust: true }'}            | ${'{}'}                                                             | ${['removed zero-trust of acme.pay: acme.pay needs no rule inside any more']}
    ${'egress is closed'}              | ${'{}'}                             | ${'{ egress: closed }'}                                             | ${['added egress of acme.pay: acme.pay closes its egress']}
    ${'it is resumed'}                 | ${'{ suspended: true }'}            | ${'{ suspended: false }'}                                           | ${['removed suspension of acme.pay: acme.pay is no longer suspended by its document']}
    ${'it only reports'}               | ${'{}'}                             | ${'{ mode: report }'}                                               | ${['weakened mode of acme.pay: acme.pay only reports what it would deny']}
    ${'it enforces as the one above'}  | ${'{ mode: report }'}               | ${'{}'}                                                             | ${['strengthened mode of acme.pay: acme.pay enforces what it only reported']}
    ${'enforcing is said'}             | ${'{}'}                             | ${'{ mode: enforce }'}                                              | ${[]}
    ${'older policy will do'}          | ${'{ maxStalenessSeconds: 60 }'}    | ${'{ maxStalenessSeconds: 90 }'}                                    | ${['weakened staleness of acme.pay: acme.pay denies when its policy is older than 90 s instead of 60 s']}
    ${'however old will do'}           | ${'{ maxStalenessSeconds: 60 }'}    | ${'{}'}                                                             | ${['removed staleness of acme.pay: acme.pay serves however old its policy is']}
    ${'it tells what it accepts'}      | ${'{ discloseAccess: false }'}      | ${'{}'}                                                             | ${['removed disclosure of acme.pay: acme.pay tells what it accepts']}
    ${'a claim is given up'}           | ${'{ addresses: [a.example] }'}     | ${'{}'}                                                             | ${['removed addresses of acme.pay: acme.pay gives up a.example, which others may answer then']}
    ${'a wider claim holds the other'} | ${'{ addresses: [a.example/pay] }'} | ${'{ addresses: ["*.example"] }'}                                   | ${['added addresses of acme.pay: acme.pay claims *.example for itself and below']}
    ${'an overlap is accepted'}        | ${'{}'}                             | ${'{ overlaps: [ops] }'}                                            | ${['weakened overlap of acme.pay: acme.pay accepts the overlap with ops']}
    ${'somebody may change it'}        | ${'{}'}                             | ${'{ administrators: [{ role: owner, principals: ["user:bo"] }] }'} | ${['weakened administrators of acme.pay: acme.pay is administered by user:bo as owner']}
  `('$because', ({ before, after, told }: { before: string; after: string; told: string[] }) => {
    const acme = domain(
      `{ access: [login], trust: [mesh, office], mechanisms: [
        { name: office, role: trust, kind: network, network: { cidrs: ["10.0.0.0/8"] } }] }`,
      'acme',
    );
    expect(touchedBy(domain(before), domain(after), acme)).toEqual(told);
  });

  it('weakens nothing where nothing was', () => {
    expect(touchedBy('', domain('{ boundary: [orders/all], access: [anonymous], zeroTrust: true }'))).toEqual([
      'changed access of acme.pay: acme.pay accepts anonymous',
      'changed boundary of acme.pay: acme.pay lets orders/all in from outside',
      'added zero-trust of acme.pay: acme.pay needs a rule even inside',
    ]);
  });

  it('takes what a domain let in with it, and says what it forbade', () => {
    expect(touchedBy(domain('{ boundary: [orders/all], egress: closed }'), '')).toEqual([
      'removed egress of acme.pay: acme.pay opens its egress',
    ]);
  });

  it('judges what is inherited by what is above, before and after', () => {
    const [was, is] = ['{ access: [] }', '{ access: [login] }'].map((spec) => domain(spec, 'acme'));
    expect(touchedBy(`${was}${domain('{ access: [login] }')}`, `${is}${domain('{}')}`)).toEqual([
      'weakened access of acme: acme accepts login too',
    ]);
  });
});

describe('mechanisms', () => {
  it.each`
    because                        | before             | after                                                                                                | told
    ${'an audience more'}          | ${jwt('')}         | ${jwt('').replace('[a]', '[a, b]')}                                                                  | ${['weakened', 'takes audience b too']}
    ${'an algorithm less'}         | ${jwt('')}         | ${jwt(', algorithms: [RS256, PS256, ES256]')}                                                        | ${['strengthened', 'no longer takes algorithm EdDSA']}
    ${'tokens may live longer'}    | ${jwt('')}         | ${jwt(', maxLifetimeSeconds: 172800')}                                                               | ${['weakened', 'takes tokens that live 172800 s instead of 86400 s']}
    ${'a default is written out'}  | ${jwt('')}         | ${jwt(', leewaySeconds: 60')}                                                                        | ${undefined}
    ${'another issuer is another'} | ${jwt('')}         | ${jwt('').replace('//i.', '//o.')}                                                                   | ${['changed', 'differs in jwt.issuer']}
    ${'JWT-SVIDs count too'}       | ${svid('')}        | ${svid(', jwtSvid: { audiences: [a], keys: { url: "https://k.example/" } }')}                        | ${['weakened', 'takes tokens of the kind JWT-SVID too']}
    ${'a key comes'}               | ${keys(key('p1'))} | ${keys(`${key('p1')}, ${key('p2')}`)}                                                                | ${['weakened', 'takes key p2 (of-p2) too']}
    ${'a key is another'}          | ${keys(key('p1'))} | ${keys(key('p1', ', groups: [gold]'))}                                                               | ${['changed', 'differs in key p1']}
    ${'others may assert it'}      | ${jwt('')}         | ${jwt('').replace('name: m,', 'name: m, assertableBy: [edge],')}                                     | ${['weakened', 'takes the word of enforcement point edge too']}
    ${'who may bind is limited'}   | ${svid('')}        | ${svid('').replace('name: m,', 'name: m, delegations: [{ domain: acme.pay, subjects: ["x/**"] }],')} | ${['strengthened', 'takes only subjects x/** for acme.pay']}
    ${'more and less is neither'}  | ${jwt('')}         | ${jwt(', leewaySeconds: 5').replace('[a]', '[a, b]')}                                                | ${['changed', 'takes audience b too; takes clocks that differ by 5 s instead of 60 s']}
  `('$because', ({ before, after, told }: { before: string; after: string; told?: [string, string] }) => {
    expect(touchedBy(before, after)).toEqual(
      told === undefined ? [] : [`${told[0]} mechanism of acme: mechanism m ${told[1]}`],
    );
  });

  it('are the same wherever they pass to', () => {
    const other = jwt('').replace('name: acme ', 'name: ops ');
    expect(touchedBy(`${jwt('')}${domain('{}', 'ops')}`, `${domain('{}', 'acme')}${other}`)).toEqual([
      'changed mechanism of ops: mechanism m passes from acme to ops',
    ]);
  });
});

describe('enforcement points', () => {
  it.each`
    because                    | before                         | after                                               | told
    ${'one comes'}             | ${''}                          | ${point('{ mayAssert: [m], mayExplain: true }')}    | ${['weakened', 'comes; may assert m; may explain']}
    ${'one goes'}              | ${point('{}')}                 | ${''}                                               | ${['strengthened', 'goes']}
    ${'it may assert more'}    | ${point('{}')}                 | ${point('{ mayAssert: [m] }')}                      | ${['weakened', 'may assert m']}
    ${'it may assert less'}    | ${point('{ mayAssert: [m] }')} | ${point('{}')}                                      | ${['strengthened', 'may no longer assert m']}
    ${'it may explain'}        | ${point('{}')}                 | ${point('{ mayExplain: true }')}                    | ${['weakened', 'may explain']}
    ${'another way to be it'}  | ${point('{}')}                 | ${point('{ credentials: [{ kind: unixSocket }] }')} | ${['weakened', 'proves itself by unix socket']}
    ${'it may ask about less'} | ${point('{}', 'acme')}         | ${point('{}')}                                      | ${['strengthened', 'moves from acme to acme.pay']}
  `('$because', ({ before, after, told }: { before: string; after: string; told: [string, string] }) => {
    expect(touchedBy(before, after)).toEqual([
      `${told[0]} enforcement-point of acme.pay: enforcement point edge ${told[1]}`,
    ]);
  });
});

describe('services', () => {
  const around = `${domain('{ zeroTrust: true }')}${deny('', 'acme.pay')}`;

  it.each`
    because                          | before                                                                            | after                                                                         | told
    ${'it leaves what guards it'}    | ${'{ domains: [acme.pay] }'}                                                      | ${'{ domains: [acme] }'}                                                      | ${['weakened membership of acme.pay: orders leaves acme.pay, and 1 deny, its zero trust with it']}
    ${'it leaves a domain'}          | ${'{ domains: [acme.ops] }'}                                                      | ${'{ domains: [acme] }'}                                                      | ${['changed membership of acme.ops: orders leaves acme.ops']}
    ${'it joins another'}            | ${'{ domains: [acme] }'}                                                          | ${'{ domains: [acme, acme.pay] }'}                                            | ${['changed membership of acme.pay: orders joins acme.pay']}
    ${'an endpoint lies elsewhere'}  | ${'{ domains: [acme, acme.pay], endpoints: [{ name: x, domains: [acme.pay] }] }'} | ${'{ domains: [acme, acme.pay], endpoints: [{ name: x, domains: [acme] }] }'} | ${['weakened membership of acme.pay: orders/x leaves acme.pay, and 1 deny, its zero trust with it']}
    ${'preflight passes'}            | ${'{ domains: [acme], endpoints: [{ name: x }] }'}                                | ${'{ domains: [acme], endpoints: [{ name: x, preflight: allow }] }'}          | ${['weakened endpoint of acme: orders/x lets CORS preflight pass without credentials']}
    ${'escaped slashes are refused'} | ${'{ domains: [acme], endpoints: [{ name: x, encodedSlash: allow }] }'}           | ${'{ domains: [acme], endpoints: [{ name: x, encodedSlash: refuse }] }'}      | ${['strengthened endpoint of acme: orders/x refuses escaped slashes in paths']}
    ${'an endpoint comes'}           | ${'{ domains: [acme], endpoints: [{ name: x }] }'}                                | ${'{ domains: [acme], endpoints: [{ name: x }, { name: y }] }'}               | ${[]}
  `('$because', ({ before, after, told }: { before: string; after: string; told: string[] }) => {
    expect(touchedBy(service(before), service(after), around)).toEqual(told);
  });
});

describe('quotas', () => {
  it.each`
    because                             | count | told
    ${'a limit is near'}                | ${9}  | ${['changed quota of acme: acme and everything below would hold 9 of 10 rules']}
    ${'four fifths are not near'}       | ${8}  | ${[]}
    ${'what is beyond is told as such'} | ${11} | ${[]}
  `('$because', ({ count, told }: { count: number; told: string[] }) => {
    expect(touchedBy('', rules(count), quota)).toEqual(told);
  });

  it('that are not come nearer to are not told', () => {
    expect(touchedBy(rules(9), rules(9), quota)).toEqual([]);
  });
});

it('what a reviewer must see comes first', () => {
  const before = `${domain('{ zeroTrust: true, egress: closed }')}${deny('')}`;
  const after = `${domain('{ boundary: [orders/all], egress: closed, suspended: true }')}${deny(', when: "true"')}`;
  expect(touchedBy(before, after).map((words) => words.split(':')[0])).toEqual([
    'weakened deny of acme',
    'weakened boundary of acme.pay',
    'removed zero-trust of acme.pay',
    'added suspension of acme.pay',
  ]);
});
