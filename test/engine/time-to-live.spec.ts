/** How long an answer may be kept. */
import type { AccessRequest, Evidence, ObligationTemplate, Rule, World } from '#engine';
import { NOW, asking, from, rule, token, worldOf } from '../reference/worlds.js';
import { allow, answer, deny } from './voices.js';

/** `acme` with `api`, `acme.team` below it, `side` beside it with a caller, and rules by domain. */
function world(rules: { readonly [owner: string]: readonly Rule[] } = {}): World {
  const { '*': outside = [], ...owned } = rules;
  return worldOf({
    domains: {
      acme: {
        trust: ['mesh'],
        access: ['login'],
        boundary: ['api/*'],
        rules: [allow('base/all'), ...(owned['acme'] ?? [])],
        maxStalenessSeconds: 100,
      },
      'acme.team': { rules: owned['acme.team'] ?? [] },
      side: { trust: ['mesh'], rules: owned['side'] ?? [] },
      'side.in': { rules: owned['side.in'] ?? [] },
      idle: { suspended: true },
    },
    mechanisms: [{ name: 'idle-login', role: 'access', kind: 'jwt', principalType: 'user', owner: 'idle' }],
    outside,
    services: {
      api: { domains: ['acme'], endpoints: { web: {}, bare: { hosts: ['bare.example'] } } },
      sleeper: { domains: ['idle'], endpoints: { web: {} } },
      caller: { domains: ['side.in'] },
      bank: { kind: 'external', endpoints: { pay: {} } },
    },
  });
}

const asked = (given: Partial<AccessRequest> = {}, target = 'GET api.example/v1'): AccessRequest =>
  asking(target, { evidence: [token('alice')], ...given });
const until = (milliseconds: number): Partial<Evidence> => ({ expiresAt: NOW + milliseconds });

describe('is bounded by what was kept', () => {
  it.each`
    because                                        | items                                                                          | ttl
    ${'nothing but the maximum'}                   | ${[token('alice')]}                                                            | ${30}
    ${'a token expires'}                           | ${[token('alice', until(9000))]}                                               | ${9}
    ${'in whole seconds downward'}                 | ${[token('alice', until(8999))]}                                               | ${8}
    ${'to nought'}                                 | ${[token('alice', until(999))]}                                                | ${0}
    ${'later than the maximum is no bound'}        | ${[token('alice', until(31_000))]}                                             | ${30}
    ${'the earliest counts'}                       | ${[token('alice', until(9000)), token('bob', until(4000))]}                    | ${4}
    ${'also one the answer would not have needed'} | ${[token('alice'), token('zoe', until(4000))]}                                 | ${4}
    ${'also one that no boundary here accepts'}    | ${[token('alice'), token('k', { mechanism: 'key', ...until(4000) })]}          | ${4}
    ${'also one that opens nothing'}               | ${[token('alice'), token('zoe', { mechanism: 'idle-login', ...until(4000) })]} | ${4}
    ${'a trust item counts like others'}           | ${[from('caller', until(4000)), token('alice')]}                               | ${4}
    ${'an expired item is gone'}                   | ${[token('alice'), token('bob', until(0))]}                                    | ${30}
    ${'an unverified one was never there'}         | ${[token('alice'), token('bob', { verified: false, ...until(4000) })]}         | ${30}
    ${'nor one of a mechanism nobody knows'}       | ${[token('alice'), token('bob', { mechanism: 'none', ...until(4000) })]}       | ${30}
    ${'nor one in the wrong role'}                 | ${[token('alice'), { ...from('caller', until(4000)), role: 'access' }]}        | ${30}
    ${'nor trust in nobody'}                       | ${[token('alice'), from('stranger', until(4000))]}                             | ${30}
  `('$ttl s: $because', async ({ items, ttl }) => {
    expect(await answer(world(), asked({ evidence: items }))).toMatchObject({ decision: 'allow', ttlSeconds: ttl });
  });
});

describe('is bounded by the next edge of any rule', () => {
  const at = (milliseconds: number): number => NOW + milliseconds;

  it.each`
    because                                    | rules                                                                            | ttl
    ${'one begins'}                            | ${{ acme: [allow('p/a', { notBefore: at(5000) })] }}                             | ${5}
    ${'one ends'}                              | ${{ acme: [allow('p/a', { notAfter: at(5000) })] }}                              | ${5}
    ${'in whole seconds downward'}             | ${{ acme: [allow('p/a', { notAfter: at(5999) })] }}                              | ${5}
    ${'the nearer edge of one rule'}           | ${{ acme: [allow('p/a', { notBefore: at(3000), notAfter: at(5000) })] }}         | ${3}
    ${'an edge behind us does not come again'} | ${{ acme: [allow('p/a', { notBefore: at(-1), notAfter: at(7000) })] }}           | ${7}
    ${'an edge of this instant neither'}       | ${{ acme: [allow('p/a', { notBefore: NOW }), allow('p/b', { notAfter: NOW })] }} | ${30}
    ${'a deny has edges'}                      | ${{ acme: [deny('p/d', { notBefore: at(5000) })] }}                              | ${5}
    ${'so has a rule that only reports'}       | ${{ acme: [deny('p/d', { mode: 'report', notAfter: at(5000) })] }}               | ${5}
    ${'and one of the outside'}                | ${{ '*': [deny('p/d', { notBefore: at(5000) })] }}                               | ${5}
    ${'and one about leaving'}                 | ${{ acme: [allow('p/a', { direction: 'out', notAfter: at(5000) })] }}            | ${5}
    ${'and one of a domain far from this'}     | ${{ side: [allow('p/a', { what: { services: ['x'] }, notAfter: at(5000) })] }}   | ${5}
  `('$ttl s: $because', async ({ rules, ttl }) => {
    expect(await answer(world(rules), asked())).toMatchObject({ decision: 'allow', ttlSeconds: ttl });
  });

  it('also below a maximum that a server sets, whatever it is', async () => {
    const edge = { acme: [allow('p/a', { notAfter: at(90_000) })] };
    expect(await answer(world(edge), asked({ maxTtlSeconds: 0 }))).toMatchObject({ ttlSeconds: 0 });
    expect(await answer(world(edge), asked({ maxTtlSeconds: 86_400 }))).toMatchObject({ ttlSeconds: 90 });
  });
});

describe('is nought where a rule that concerns the target reads the clock', () => {
  const when = 'request.time < timestamp("2030-01-01T00:00:00Z")';
  const clock = (given: Parameters<typeof rule>[1] = {}): Rule => rule('p/clock', { when, ...given });
  const watch: ObligationTemplate = { kind: 'setHeader', name: 'x-at', value: '${request.time}', critical: true };
  const caller = [from('caller'), token('alice')];
  const byName = { target: { kind: 'endpoint', endpoint: 'api/web' } } as const;
  const out = { direction: 'out' } as const;

  it.each`
    because                                           | rules                                                                        | given                             | ttl
    ${'it is the domain`s own'}                       | ${{ acme: [clock()] }}                                                       | ${{}}                             | ${0}
    ${'whatever its effect'}                          | ${{ acme: [clock({ effect: 'deny', who: { subjects: ['bob'] } })] }}         | ${{}}                             | ${0}
    ${'a rule of the outside concerns everything'}    | ${{ '*': [clock({ effect: 'deny', who: { subjects: ['bob'] } })] }}          | ${{}}                             | ${0}
    ${'whoever it is about'}                          | ${{ acme: [clock({ who: { subjects: ['bob'] } })] }}                         | ${{}}                             | ${0}
    ${'though it only reports'}                       | ${{ acme: [clock({ mode: 'report' })] }}                                     | ${{}}                             | ${0}
    ${'though it is no longer valid'}                 | ${{ acme: [clock({ notAfter: NOW })] }}                                      | ${{}}                             | ${0}
    ${'though it is about leaving'}                   | ${{ acme: [clock(out)] }}                                                    | ${{}}                             | ${0}
    ${'a macro may read it'}                          | ${{ acme: [clock({ when: '[1].exists(x, request.time > timestamp(0))' })] }} | ${{}}                             | ${0}
    ${'it is about another service'}                  | ${{ acme: [clock({ what: { services: ['bank'] } })] }}                       | ${{}}                             | ${30}
    ${'about another endpoint'}                       | ${{ acme: [clock({ what: { endpoints: ['api/bare'] } })] }}                  | ${{}}                             | ${30}
    ${'about another path'}                           | ${{ acme: [clock({ what: { paths: ['/v2/**'] } })] }}                        | ${{}}                             | ${30}
    ${'about another method'}                         | ${{ acme: [clock({ what: { methods: ['PUT'] } })] }}                         | ${{}}                             | ${30}
    ${'about resources'}                              | ${{ acme: [clock({ what: { resourceTypes: ['book'] } })] }}                  | ${{}}                             | ${30}
    ${'about another domain'}                         | ${{ acme: [clock({ what: { domains: ['acme.team'] } })] }}                   | ${{}}                             | ${30}
    ${'a method left open may be the one'}            | ${{ acme: [clock({ what: { methods: ['PUT'] } })] }}                         | ${byName}                         | ${0}
    ${'so may a resource'}                            | ${{ acme: [clock({ what: { resourceTypes: ['book'] } })] }}                  | ${byName}                         | ${0}
    ${'it is of a domain below'}                      | ${{ 'acme.team': [clock()] }}                                                | ${{}}                             | ${30}
    ${'of one beside'}                                | ${{ side: [clock()] }}                                                       | ${{}}                             | ${30}
    ${'the caller`s domains are left by their rules'} | ${{ 'side.in': [clock(out)] }}                                               | ${{ evidence: caller }}           | ${0}
    ${'and by those above them'}                      | ${{ side: [clock(out)] }}                                                    | ${{ evidence: caller }}           | ${0}
    ${'not by their rules about entering'}            | ${{ side: [clock()] }}                                                       | ${{ evidence: caller }}           | ${30}
    ${'a caller unproven leaves nothing'}             | ${{ side: [clock(out)] }}                                                    | ${{ evidence: [token('alice')] }} | ${30}
    ${'its condition reads something else'}           | ${{ acme: [clock({ when: 'request.method == "GET"' })] }}                    | ${{}}                             | ${30}
    ${'a text may speak of time'}                     | ${{ acme: [clock({ when: 'request.path != "request.time"' })] }}             | ${{}}                             | ${30}
    ${'an obligation alone does not count'}           | ${{ acme: [allow('p/o', { obligations: [watch] })] }}                        | ${{}}                             | ${30}
  `('$ttl s: $because', async ({ rules, given, ttl }) => {
    expect(await answer(world(rules), asked(given))).toMatchObject({ decision: 'allow', ttlSeconds: ttl });
  });

  it('for an external target, where the outside or the caller`s own way out reads it', async () => {
    const pay = asked({ evidence: caller }, 'GET bank.example/');
    const bob = { effect: 'deny', who: { subjects: ['bob'] } } as const;
    expect(await answer(world({ '*': [clock(bob)] }), pay)).toMatchObject({ reason: 'ALLOW_EGRESS', ttlSeconds: 0 });
    expect(await answer(world({ side: [clock(out)] }), pay)).toMatchObject({ reason: 'ALLOW_EGRESS', ttlSeconds: 0 });
    expect(await answer(world({ acme: [clock()] }), pay)).toMatchObject({ reason: 'ALLOW_EGRESS', ttlSeconds: 30 });
  });
});

describe('of an early denial', () => {
  const rules = { acme: [allow('p/a', { notAfter: NOW + 20_000 })] };
  const clock = { '*': [deny('p/clock', { who: { subjects: ['bob'] }, when: 'request.time > timestamp(0)' })] };
  const soon = [token('alice', until(7000))];

  it.each`
    because                                          | rules    | given                                                       | target                    | reason                       | ttl
    ${'a refused target is refused for nobody long'} | ${rules} | ${{}}                                                       | ${'GET api.example/..'}   | ${'INVALID_REQUEST'}         | ${0}
    ${'an unknown one has the edges of all rules'}   | ${rules} | ${{}}                                                       | ${'GET nowhere.example/'} | ${'UNKNOWN_ENDPOINT'}        | ${20}
    ${'and the evidence'}                            | ${rules} | ${{ evidence: soon }}                                       | ${'GET nowhere.example/'} | ${'UNKNOWN_ENDPOINT'}        | ${7}
    ${'no rule concerns it'}                         | ${clock} | ${{}}                                                       | ${'GET nowhere.example/'} | ${'UNKNOWN_ENDPOINT'}        | ${30}
    ${'the same where it may not be asked'}          | ${clock} | ${{ askedFrom: 'acme.team', evidence: soon }}               | ${'GET nowhere.example/'} | ${'NOT_ENTITLED'}            | ${7}
    ${'where it resolves, rules concern it'}         | ${clock} | ${{ askedFrom: 'side', evidence: soon }}                    | ${'GET api.example/'}     | ${'NOT_ENTITLED'}            | ${0}
    ${'else the evidence bounds it'}                 | ${rules} | ${{ askedFrom: 'side', evidence: soon }}                    | ${'GET api.example/'}     | ${'NOT_ENTITLED'}            | ${7}
    ${'a suspended target too'}                      | ${rules} | ${{ evidence: soon }}                                       | ${'GET sleeper.example/'} | ${'TARGET_DOMAIN_SUSPENDED'} | ${7}
    ${'and where the outside reads the clock'}       | ${clock} | ${{ evidence: soon }}                                       | ${'GET sleeper.example/'} | ${'TARGET_DOMAIN_SUSPENDED'} | ${0}
    ${'our own state passes at any moment'}          | ${rules} | ${{ policyAgeSeconds: 101, evidence: soon }}                | ${'GET api.example/'}     | ${'POLICY_TOO_OLD'}          | ${0}
    ${'two callers'}                                 | ${rules} | ${{ evidence: [from('caller', until(7000)), from('api')] }} | ${'GET api.example/'}     | ${'AMBIGUOUS_CALLER'}        | ${7}
    ${'a suspended one'}                             | ${rules} | ${{ evidence: [from('sleeper', until(7000))] }}             | ${'GET api.example/'}     | ${'CALLER_SUSPENDED'}        | ${7}
    ${'missing evidence'}                            | ${rules} | ${{ evidence: [] }}                                         | ${'GET api.example/'}     | ${'ACCESS_EVIDENCE_MISSING'} | ${20}
  `('$reason, $ttl s: $because', async ({ rules: given, given: request, target, reason, ttl }) => {
    expect(await answer(world(given), asked(request, target))).toMatchObject({ reason, ttlSeconds: ttl });
  });

  it('knows no way out for an ambiguous caller', async () => {
    const both = { evidence: [from('caller'), from('api')] };
    const out = { direction: 'out', when: 'request.time > timestamp(0)' } as const;
    expect(await answer(world({ side: [allow('p/o', out)] }), asked(both))).toMatchObject({
      reason: 'AMBIGUOUS_CALLER',
      ttlSeconds: 30,
    });
  });

  it('of a rule or an obligation that denies', async () => {
    const limit: ObligationTemplate = { kind: 'rateLimit', key: 'k', class: 'c', critical: true };
    const denied = world({ acme: [deny('p/d', { notAfter: NOW + 9000 })] });
    expect(await answer(denied, asked())).toMatchObject({ reason: 'DENY_RULE', ttlSeconds: 9 });
    const limited = world({ acme: [allow('p/a', { obligations: [limit] })] });
    expect(await answer(limited, asked({ carries: [], evidence: soon }))).toMatchObject({
      reason: 'OBLIGATION_UNSUPPORTED',
      ttlSeconds: 7,
    });
  });
});
