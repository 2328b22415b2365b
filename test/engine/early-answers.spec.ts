/** Answers given before any rule is looked at: steps 1 to 3 of the walk, and their order. */
import type { Outcome } from '#engine';
import { asking, from, get, token, worldOf } from '../reference/worlds.js';
import { allow, answer, deny, shop } from './voices.js';

describe('who may ask about what', () => {
  const world = worldOf({
    domains: {
      acme: { trust: ['mesh'], addresses: [{ host: 'claimed.example', prefix: '' }] },
      'acme.team': {},
      'acme.team.deep': {},
      'acme.tea': {},
      'acme.side': {},
      'acme.idle': { suspended: true },
      solo: { trust: ['mesh'] },
    },
    services: {
      api: {
        domains: ['acme.team'],
        endpoints: { web: { operations: [get('/**', 'GET')] }, raw: { hosts: ['raw.example'], encodedSlash: 'allow' } },
      },
      both: { domains: ['acme.team', 'acme.side'], endpoints: { web: {} } },
      idle: { domains: ['acme.idle'], endpoints: { web: {} } },
      alone: { domains: ['solo'], endpoints: { web: {}, claimed: { hosts: ['claimed.example'] } } },
      bank: { kind: 'external', endpoints: { pay: {} } },
    },
  });
  const caller = [from('api')];

  it.each`
    because                                                 | asks                | target                     | reason
    ${'everything is the local one`s to ask'}               | ${'*'}              | ${'GET api.example/'}      | ${'ALLOW_FAST'}
    ${'its domain holds the placement'}                     | ${'acme'}           | ${'GET api.example/'}      | ${'ALLOW_FAST'}
    ${'its domain is the placement'}                        | ${'acme.team'}      | ${'GET api.example/'}      | ${'ALLOW_FAST'}
    ${'its domain lies below the placement'}                | ${'acme.team.deep'} | ${'GET api.example/'}      | ${'NOT_ENTITLED'}
    ${'its domain lies beside it'}                          | ${'acme.side'}      | ${'GET api.example/'}      | ${'NOT_ENTITLED'}
    ${'its name only begins alike'}                         | ${'acme.tea'}       | ${'GET api.example/'}      | ${'NOT_ENTITLED'}
    ${'another top-level domain is no better'}              | ${'solo'}           | ${'GET api.example/'}      | ${'NOT_ENTITLED'}
    ${'one of several placements is enough'}                | ${'acme.side'}      | ${'GET both.example/'}     | ${'ALLOW_FAST'}
    ${'external ones are everybody`s to ask about'}         | ${'acme.tea'}       | ${'GET bank.example/'}     | ${'ALLOW_EGRESS'}
    ${'what resolves to nothing, from the local one'}       | ${'*'}              | ${'GET nowhere.example/'}  | ${'UNKNOWN_ENDPOINT'}
    ${'and from a top-level domain'}                        | ${'acme'}           | ${'GET nowhere.example/'}  | ${'UNKNOWN_ENDPOINT'}
    ${'and from below one'}                                 | ${'acme.team'}      | ${'GET nowhere.example/'}  | ${'NOT_ENTITLED'}
    ${'a method nobody listens to resolves to nothing'}     | ${'acme.team'}      | ${'PUT api.example/'}      | ${'NOT_ENTITLED'}
    ${'so does an address that its claimant does not hold'} | ${'acme.team'}      | ${'GET claimed.example/'}  | ${'NOT_ENTITLED'}
    ${'which says nothing to a top-level domain either'}    | ${'solo'}           | ${'GET claimed.example/'}  | ${'UNKNOWN_ENDPOINT'}
    ${'what is refused is so for everybody'}                | ${'acme.side'}      | ${'GET api.example/..'}    | ${'INVALID_REQUEST'}
    ${'also for an escaped slash that nobody allows'}       | ${'acme.side'}      | ${'GET api.example/a%2Fb'} | ${'INVALID_REQUEST'}
    ${'where somebody allows it, it is judged as others'}   | ${'acme.side'}      | ${'GET raw.example/a%2Fb'} | ${'NOT_ENTITLED'}
    ${'suspension comes first'}                             | ${'acme.side'}      | ${'GET idle.example/'}     | ${'TARGET_DOMAIN_SUSPENDED'}
  `('$asks asks $target: $because', async ({ asks, target, reason }) => {
    const outcome = await answer(world, asking(target, { evidence: caller, askedFrom: asks }));
    expect(outcome).toMatchObject({ reason, deniedAt: null, rules: [], obligations: [] });
  });

  it('answers with the endpoint and path once they are known', async () => {
    const about = async (target: string): Promise<Partial<Outcome>> => {
      const { endpoint, path } = await answer(world, asking(target, { askedFrom: 'acme.side' }));
      return { endpoint, path };
    };
    expect(await about('GET api.example/%61?b')).toEqual({ endpoint: 'api/web', path: '/a' });
    expect(await about('GET nowhere.example/%61?b')).toEqual({ endpoint: null, path: '/a' });
    expect(await about('GET api.example/a/..')).toEqual({ endpoint: null, path: null });
  });
});

describe('a policy too old', () => {
  const aged = (bounds: { readonly [domain: string]: number }) =>
    worldOf({
      domains: Object.fromEntries(
        ['acme', 'acme.a', 'acme.b', 'acme.c', 'acme.a.x'].map((name) => [
          name,
          {
            ...(name === 'acme' && { trust: ['mesh'] }),
            ...(name in bounds && { maxStalenessSeconds: bounds[name] }),
          },
        ]),
      ),
      services: {
        api: {
          domains: ['acme.a', 'acme.b'],
          endpoints: { web: {}, a: { hosts: ['a.example'], placements: ['acme.a'] } },
        },
        bank: { kind: 'external', endpoints: { pay: {} } },
      },
    });

  it.each`
    because                                         | bounds                             | age     | target                 | tooOld
    ${'nothing bounds it'}                          | ${{}}                              | ${1e9}  | ${'GET a.example/'}    | ${false}
    ${'it is as old as it may be'}                  | ${{ 'acme.a': 60 }}                | ${60}   | ${'GET a.example/'}    | ${false}
    ${'it is older'}                                | ${{ 'acme.a': 60 }}                | ${61}   | ${'GET a.example/'}    | ${true}
    ${'a fraction is older'}                        | ${{ 'acme.a': 60 }}                | ${60.5} | ${'GET a.example/'}    | ${true}
    ${'nought allows only what was just confirmed'} | ${{ 'acme.a': 0 }}                 | ${0}    | ${'GET a.example/'}    | ${false}
    ${'the bound of an ancestor counts'}            | ${{ acme: 60 }}                    | ${61}   | ${'GET a.example/'}    | ${true}
    ${'a wider one below does not loosen it'}       | ${{ acme: 60, 'acme.a': 100 }}     | ${61}   | ${'GET a.example/'}    | ${true}
    ${'nor does a narrower one below get lost'}     | ${{ acme: 100, 'acme.a': 60 }}     | ${61}   | ${'GET a.example/'}    | ${true}
    ${'a domain below is not concerned'}            | ${{ 'acme.a.x': 60 }}              | ${61}   | ${'GET a.example/'}    | ${false}
    ${'nor is one beside'}                          | ${{ 'acme.b': 60 }}                | ${61}   | ${'GET a.example/'}    | ${false}
    ${'of several placements the smallest counts'}  | ${{ 'acme.a': 100, 'acme.b': 60 }} | ${61}   | ${'GET api.example/'}  | ${true}
    ${'an external target is in no domain'}         | ${{ acme: 1 }}                     | ${61}   | ${'GET bank.example/'} | ${false}
  `('$because', async ({ bounds, age, target, tooOld }) => {
    const outcome = await answer(aged(bounds), asking(target, { evidence: [from('api')], policyAgeSeconds: age }));
    expect(outcome.reason === 'POLICY_TOO_OLD').toBe(tooOld);
    expect(outcome).toMatchObject(tooOld ? { ttlSeconds: 0, deniedAt: null } : { decision: 'allow' });
  });

  it('counts the bound of a placement that is suspended, and is never softened by report mode', async () => {
    const world = worldOf({
      domains: {
        acme: { trust: ['mesh'], mode: 'report' },
        'acme.a': {},
        'acme.b': { suspended: true, maxStalenessSeconds: 60 },
      },
      services: { api: { domains: ['acme.a', 'acme.b'], endpoints: { web: {} } } },
    });
    const asked = asking('GET api.example/', { evidence: [from('api')], policyAgeSeconds: 61 });
    const outcome = await answer(world, asked);
    expect(outcome).toMatchObject({ reason: 'POLICY_TOO_OLD', endpoint: 'api/web' });
    expect(outcome).not.toHaveProperty('wouldDeny');
  });
});

describe('suspension', () => {
  const idle = { suspended: true };
  const world = worldOf({
    domains: {
      acme: { trust: ['mesh'], access: ['login'], boundary: ['api/*'], rules: [allow()] },
      'acme.off': idle,
      'acme.off.x': {},
      off: idle,
    },
    mechanisms: [
      { name: 'off-mesh', role: 'trust', kind: 'spiffe', principalType: 'client', owner: 'off' },
      { name: 'off-login', role: 'access', kind: 'jwt', principalType: 'user', owner: 'off' },
    ],
    services: {
      api: { domains: ['acme'], endpoints: { web: {} } },
      idle: { domains: ['acme.off'], endpoints: { web: {} } },
      below: { domains: ['acme.off.x'], endpoints: { web: {} } },
      both: {
        domains: ['acme', 'acme.off'],
        endpoints: { web: {}, off: { hosts: ['off.example'], placements: ['acme.off'] } },
      },
      robot: { domains: ['off'], identities: [{ mechanism: 'login', subject: 'robot' }] },
      bank: { kind: 'external', identities: [{ mechanism: 'mesh', subject: 'bank' }], endpoints: { pay: {} } },
    },
  });

  it.each`
    because                                                | target                  | items                                           | reason
    ${'its only placement is suspended'}                   | ${'GET idle.example/'}  | ${[from('api')]}                                | ${'TARGET_DOMAIN_SUSPENDED'}
    ${'an ancestor of it is'}                              | ${'GET below.example/'} | ${[from('api')]}                                | ${'TARGET_DOMAIN_SUSPENDED'}
    ${'one of two is'}                                     | ${'GET both.example/'}  | ${[from('api')]}                                | ${'ALLOW_FAST'}
    ${'the one this endpoint is placed in is'}             | ${'GET off.example/'}   | ${[from('api')]}                                | ${'TARGET_DOMAIN_SUSPENDED'}
    ${'a caller whose only membership is'}                 | ${'GET api.example/'}   | ${[from('idle')]}                               | ${'CALLER_SUSPENDED'}
    ${'one whose ancestor is'}                             | ${'GET api.example/'}   | ${[from('below')]}                              | ${'CALLER_SUSPENDED'}
    ${'a credential does not help it'}                     | ${'GET api.example/'}   | ${[from('idle'), token('alice')]}               | ${'CALLER_SUSPENDED'}
    ${'one of its memberships is live'}                    | ${'GET api.example/'}   | ${[from('both')]}                               | ${'ALLOW_FAST'}
    ${'an external caller has none to suspend'}            | ${'GET api.example/'}   | ${[from('bank'), token('alice')]}               | ${'ALLOW_SLOW'}
    ${'what a suspended domain vouches for opens nothing'} | ${'GET api.example/'}   | ${[token('alice', { mechanism: 'off-login' })]} | ${'ACCESS_EVIDENCE_MISSING'}
    ${'a credential of a suspended service neither'}       | ${'GET api.example/'}   | ${[token('robot')]}                             | ${'ACCESS_EVIDENCE_MISSING'}
    ${'the target comes before the caller'}                | ${'GET idle.example/'}  | ${[from('idle')]}                               | ${'TARGET_DOMAIN_SUSPENDED'}
    ${'two callers come before a suspended one'}           | ${'GET api.example/'}   | ${[from('idle'), from('below')]}                | ${'AMBIGUOUS_CALLER'}
  `('$because', async ({ target, items, reason }) => {
    expect(await answer(world, asking(target, { evidence: items }))).toMatchObject({
      reason,
      deniedAt: reason === 'ACCESS_EVIDENCE_MISSING' ? 'acme' : null,
    });
  });
});

it.each`
  because                                                | asked                                                                | reason
  ${'who may not ask is not told how old the policy is'} | ${{ askedFrom: 'side', policyAgeSeconds: 61 }}                       | ${'NOT_ENTITLED'}
  ${'age comes before the caller'}                       | ${{ policyAgeSeconds: 61, evidence: [from('api'), from('member')] }} | ${'POLICY_TOO_OLD'}
  ${'age comes before denies'}                           | ${{ policyAgeSeconds: 61 }}                                          | ${'POLICY_TOO_OLD'}
  ${'an ambiguous caller comes before denies'}           | ${{ evidence: [from('api'), from('member')] }}                       | ${'AMBIGUOUS_CALLER'}
  ${'denies come before missing evidence'}               | ${{}}                                                                | ${'DENY_RULE'}
  ${'items dropped make nobody ambiguous'}               | ${{ evidence: [from('api'), from('member', { verified: false })] }}  | ${'DENY_RULE'}
  ${'two proofs of one service are one caller'}          | ${{ evidence: [from('api'), from('api', { expiresAt: 4e12 })] }}     | ${'DENY_RULE'}
`('in order: $because', async ({ asked, reason }) => {
  const world = shop({ maxStalenessSeconds: 60, rules: [deny()] }, { domains: { side: {} } });
  expect(await answer(world, asking('GET api.example/', asked))).toMatchObject({ reason });
});
