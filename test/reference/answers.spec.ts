import fc from 'fast-check';
import type { World } from '#engine';
import { decide, type DomainGiven, everything, shop } from './shop.js';
import { type WorldGiven, NOW, asking, evidence, from, rule, token, worldOf } from './worlds.js';

describe('routes', () => {
  const twoHomes = (given: Partial<WorldGiven['domains']>): World =>
    worldOf({
      domains: {
        acme: { trust: ['mesh'], access: ['login'], boundary: ['api/*'] },
        'acme.a': { boundary: ['api/*'] },
        'acme.b': { boundary: ['api/*'] },
        ...(given as WorldGiven['domains']),
      },
      services: { api: { domains: ['acme.a', 'acme.b'], endpoints: { web: {} } }, member: { domains: ['acme'] } },
    });
  const asked = asking('GET api.example/', { evidence: [from('member'), token('alice')] });

  it('are tried by fewest crossed, then by name, and one that passes is enough', async () => {
    const onlyB = twoHomes({ 'acme.b': { boundary: ['api/*'], rules: [everything] } });
    expect(await decide(onlyB, asked)).toMatchObject({ reason: 'ALLOW_SLOW', crossed: ['acme.b'], meeting: 'acme' });
    expect(await decide(twoHomes({}), asked)).toMatchObject({ reason: 'NO_ALLOW_RULE', deniedAt: 'acme.a' });
  });

  it('do not lead through a suspended placement, whose denies still count', async () => {
    const suspended = { suspended: true, boundary: ['api/*'], rules: [rule('p/d', { effect: 'deny' })] };
    const world = twoHomes({ 'acme.a': { ...suspended, rules: [] }, 'acme.b': { boundary: ['api/*'] } });
    expect(await decide(world, asked)).toMatchObject({ reason: 'NO_ALLOW_RULE', deniedAt: 'acme.b' });
    const denied = twoHomes({ 'acme.a': suspended, 'acme.b': { boundary: ['api/*'], rules: [everything] } });
    expect(await decide(denied, asked)).toMatchObject({ reason: 'DENY_RULE', deniedAt: 'acme.a' });
  });

  it('report what they would have denied, and never open an enforcing domain', async () => {
    const report = { mode: 'report', boundary: ['api/*'] } as const;
    const noted = twoHomes({ 'acme.a': { ...report, rules: [rule('p/d', { effect: 'deny' })] } });
    expect(await decide(noted, asked)).toMatchObject({
      decision: 'allow',
      rules: [],
      wouldDeny: { reason: 'DENY_RULE', deniedAt: 'acme.a' },
    });
    const outsider = { ...asked, evidence: [token('alice')] };
    expect(await decide(twoHomes({ 'acme.a': report }), outsider)).toMatchObject({ deniedAt: 'acme' });
  });
});

describe('an answer', () => {
  const asked = asking('GET api.example/v1/7', { evidence: [token('alice', { claims: { tier: 'gold', n: 1.5 } })] });
  const setHeader = (name: string, value: string, critical = true) =>
    ({ kind: 'setHeader', name, value, critical }) as const;

  it('carries the obligations of every allow that matched, by rule, each header once', async () => {
    const world = shop({
      rules: [
        rule('p/b', { obligations: [setHeader('X-Tier', 'late'), setHeader('x-n', '${principal.claims.n}')] }),
        rule('p/a', { obligations: [setHeader('x-tier', '<${principal.claims.tier}>'), setHeader('x-empty', '')] }),
        rule('p/c', { obligations: [setHeader('x-bad', ' leading')] }),
        rule('p/d', { obligations: [{ kind: 'rateLimit', key: '${principal.id}', class: 'slow', critical: false }] }),
      ],
    });
    const { obligations, rules } = await decide(world, asked);
    expect(rules).toEqual(['p/a']);
    expect(obligations).toEqual([
      { ...setHeader('x-tier', '<gold>'), rule: 'p/a' },
      { ...setHeader('x-empty', ''), rule: 'p/a' },
      { ...setHeader('x-n', '1.5'), rule: 'p/b' },
      { kind: 'rateLimit', key: 'alice', class: 'slow', critical: false, rule: 'p/d' },
    ]);
  });

  it('fills in texts from the first item that made the rule match', async () => {
    const world = shop({ rules: [rule('p/a', { obligations: [setHeader('x-id', '${principal.id}')] })] });
    const several = [token('zoe'), evidence({ role: 'access', mechanism: 'key', subject: 'zz' }), token('adam')];
    const { obligations } = await decide(world, { ...asked, evidence: several });
    expect(obligations).toEqual([{ ...setHeader('x-id', 'zz'), rule: 'p/a' }]);
  });

  it('is a denial when a critical obligation cannot be carried', async () => {
    const limit = { kind: 'rateLimit', key: 'k', class: 'c', critical: true } as const;
    const world = shop({ rules: [rule('p/a', { obligations: [limit] })] });
    expect(await decide(world, { ...asked, carries: ['setHeader'] })).toEqual({
      decision: 'deny',
      reason: 'OBLIGATION_UNSUPPORTED',
      route: null,
      deniedAt: null,
      meeting: null,
      crossed: [],
      rules: [],
      obligations: [],
      actor: null,
      principal: null,
      ttlSeconds: 30,
      endpoint: 'api/web',
      path: '/v1/7',
    });
    expect(await decide(world, { ...asked, carries: ['rateLimit'] })).toMatchObject({ decision: 'allow' });
  });

  it.each`
    because                                       | rules                                                                                                 | items                         | ttl
    ${'nothing bounds it but the request'}        | ${[{}]}                                                                                               | ${{}}                         | ${30}
    ${'evidence expires'}                         | ${[{}]}                                                                                               | ${{ expiresAt: NOW + 9_999 }} | ${9}
    ${'a rule begins'}                            | ${[{}, { notBefore: NOW + 5_000 }]}                                                                   | ${{}}                         | ${5}
    ${'a rule ends, also one that only reports'}  | ${[{}, { notAfter: NOW + 4_500, mode: 'report' }]}                                                    | ${{}}                         | ${4}
    ${'edges behind us do not come again'}        | ${[{ notBefore: NOW }, { notAfter: NOW - 1 }]}                                                        | ${{}}                         | ${30}
    ${'a condition reads the time'}               | ${[{}, { when: 'request.time < timestamp("2030-01-01T00:00:00Z")' }]}                                 | ${{}}                         | ${0}
    ${'one about something else does not matter'} | ${[{}, { what: { services: ['member'] }, when: 'request.time < timestamp("2030-01-01T00:00:00Z")' }]} | ${{}}                         | ${30}
  `('lives $ttl s: $because', async ({ rules, items, ttl }) => {
    const world = shop({ rules: rules.map((given: object, index: number) => rule(`p/${index}`, given)) });
    const request = { ...asked, evidence: [token('alice', items)] };
    expect(await decide(world, request)).toMatchObject({ decision: 'allow', ttlSeconds: ttl });
  });

  it('is about a policy too old where the nearest bound is passed', async () => {
    const world = shop({ rules: [everything], maxStalenessSeconds: 60 });
    expect(await decide(world, { ...asked, policyAgeSeconds: 60 })).toMatchObject({ decision: 'allow' });
    const late = await decide(world, { ...asked, policyAgeSeconds: 61 });
    expect(late).toMatchObject({ reason: 'POLICY_TOO_OLD', ttlSeconds: 0, endpoint: 'api/web' });
  });
});

describe('on the way out', () => {
  const services = {
    bank: { kind: 'external', endpoints: { api: {} } },
    inner: { domains: ['acme.vault'] },
  } as const;
  const asked = asking('POST bank.example/pay', { evidence: [from('inner')] });
  const vault = (rules: DomainGiven['rules'], acme: DomainGiven = {}): World =>
    shop(acme, { domains: { 'acme.vault': { egress: 'closed', rules } }, services });

  it.each`
    because                                          | world                                                                                                         | expected
    ${'a closed exit needs an out-allow'}            | ${vault([everything])}                                                                                        | ${{ reason: 'EGRESS_CLOSED', deniedAt: 'acme.vault' }}
    ${'its own opens it'}                            | ${vault([rule('p/o', { direction: 'out' })])}                                                                 | ${{ reason: 'ALLOW_EGRESS', rules: ['p/o'], meeting: '*', crossed: [] }}
    ${'one of the subtree above opens it'}           | ${vault([], { rules: [rule('p/o', { direction: 'out', scope: 'subtree' })] })}                                | ${{ reason: 'ALLOW_EGRESS', rules: ['p/o'] }}
    ${'one above that is its own business does not'} | ${vault([], { rules: [rule('p/o', { direction: 'out' })] })}                                                  | ${{ reason: 'EGRESS_CLOSED' }}
    ${'an exit may forbid'}                          | ${vault([rule('p/o', { direction: 'out' })], { rules: [rule('p/d', { effect: 'deny', direction: 'out' })] })} | ${{ reason: 'DENY_RULE', deniedAt: 'acme' }}
  `('$because', async ({ world, expected }) => {
    expect(await decide(world, asked)).toMatchObject(expected);
  });

  it('nobody unproven reaches an external target', async () => {
    expect(await decide(vault([]), { ...asked, evidence: [] })).toMatchObject({ reason: 'NOT_VISIBLE' });
  });
});

describe('laws', () => {
  const denies = rule('p/d', { effect: 'deny', who: { subjects: ['mallory'] } });
  const limited = rule('p/l', {
    obligations: [{ kind: 'setHeader', name: 'x', value: '${principal.id}', critical: true }],
  });
  const items = [token('alice'), token('bob', { scopes: ['read'] }), token('mallory'), from('member'), from('api')];

  it('the order of rules and evidence never matters, nor do duplicates', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.subarray([everything, denies, limited], { minLength: 1 }),
        fc.subarray(items),
        fc.func(fc.integer()),
        async (rules, evidence, rank) => {
          const shuffled = <Item>(list: readonly Item[]): Item[] =>
            list.toSorted((left, right) => rank(left) - rank(right));
          const straight = await decide(shop({ rules }), asking('GET api.example/v1/7', { evidence }));
          const mixed = [...shuffled(evidence), ...evidence];
          const other = await decide(
            shop({ rules: shuffled(rules) }),
            asking('GET api.example/v1/7', { evidence: mixed }),
          );
          expect(other).toEqual(straight);
        },
      ),
      { numRuns: 60 },
    );
  });
});
