/** How far an endpoint is visible, where caller and target meet, which route is taken, and what leaving needs. */
import type { Evidence, World } from '#engine';
import { asking, from, token, worldOf } from '../reference/worlds.js';
import type { WorldGiven } from '../reference/worlds.js';
import type { DomainGiven } from './voices.js';
import { allow, answer, deny, shop } from './voices.js';

type Domains = { readonly [name: string]: DomainGiven };
const marked: DomainGiven = { boundary: ['api/*'] };
const open: DomainGiven = { ...marked, rules: [allow('p/all')] };

describe('visibility', () => {
  /** `api` in `acme.a.x`, a caller on each level, an outsider with a token. */
  const tree = (domains: Domains): World =>
    worldOf({
      domains: {
        acme: { trust: ['mesh'], access: ['login'], rules: [allow('p/acme')], ...domains['acme'] },
        'acme.a': { rules: [allow('p/a')], ...domains['acme.a'] },
        'acme.a.x': { rules: [allow('p/x')], ...domains['acme.a.x'] },
        'acme.b': {},
      },
      services: {
        api: { domains: ['acme.a.x'], endpoints: { web: {}, other: { hosts: ['other.example'] } } },
        inside: { domains: ['acme.a.x'] },
        near: { domains: ['acme.a'] },
        far: { domains: ['acme.b'] },
      },
    });
  const asked = (subject: string | undefined) =>
    asking('GET api.example/', { evidence: [token('alice'), ...(subject === undefined ? [] : [from(subject)])] });
  const marks = (...names: string[]): Domains => Object.fromEntries(names.map((name) => [name, marked]));

  it.each`
    because                                         | domains                                        | caller       | meeting       | crossed
    ${'inside nothing is crossed'}                  | ${{}}                                          | ${'inside'}  | ${'acme.a.x'} | ${[]}
    ${'unmarked it is interior'}                    | ${{}}                                          | ${'near'}    | ${null}       | ${null}
    ${'marked once it is open to the parent'}       | ${marks('acme.a.x')}                           | ${'near'}    | ${'acme.a'}   | ${['acme.a.x']}
    ${'and interior to it'}                         | ${marks('acme.a.x')}                           | ${'far'}     | ${null}       | ${null}
    ${'marked twice it is open to the grandparent'} | ${marks('acme.a.x', 'acme.a')}                 | ${'far'}     | ${'acme'}     | ${['acme.a', 'acme.a.x']}
    ${'nearer callers still meet below'}            | ${marks('acme.a.x', 'acme.a')}                 | ${'near'}    | ${'acme.a'}   | ${['acme.a.x']}
    ${'and interior to that'}                       | ${marks('acme.a.x', 'acme.a')}                 | ${undefined} | ${null}       | ${null}
    ${'marked by all it is open to the world'}      | ${marks('acme.a.x', 'acme.a', 'acme')}         | ${undefined} | ${'*'}        | ${['acme', 'acme.a', 'acme.a.x']}
    ${'a mark above a gap is inert'}                | ${marks('acme.a', 'acme')}                     | ${undefined} | ${null}       | ${null}
    ${'for neighbours too'}                         | ${marks('acme.a', 'acme')}                     | ${'near'}    | ${null}       | ${null}
    ${'a mark of one endpoint is not of another'}   | ${{ 'acme.a.x': { boundary: ['api/other'] } }} | ${'near'}    | ${null}       | ${null}
    ${'nor is one of another service'}              | ${{ 'acme.a.x': { boundary: ['ap/*'] } }}      | ${'near'}    | ${null}       | ${null}
    ${'its own name will do'}                       | ${{ 'acme.a.x': { boundary: ['api/web'] } }}   | ${'near'}    | ${'acme.a'}   | ${['acme.a.x']}
  `('$because', async ({ domains, caller, meeting, crossed }) => {
    const outcome = await answer(tree(domains), asked(caller));
    expect(outcome).toMatchObject(
      meeting === null
        ? { reason: 'NOT_VISIBLE', deniedAt: null, meeting: null, crossed: [] }
        : { decision: 'allow', route: crossed.length === 0 ? 'fast' : 'slow', meeting, crossed },
    );
  });

  it.each`
    because                                               | domains                                                                                                                                           | denied
    ${'the outermost boundary is checked first'}          | ${{ acme: { ...marked, rules: [] }, 'acme.a': { ...marked, rules: [] }, 'acme.a.x': marked }}                                                     | ${'acme'}
    ${'then the next'}                                    | ${{ acme: marked, 'acme.a': { ...marked, rules: [] }, 'acme.a.x': { ...marked, rules: [] } }}                                                     | ${'acme.a'}
    ${'down to the last'}                                 | ${{ acme: marked, 'acme.a': marked, 'acme.a.x': { ...marked, rules: [] } }}                                                                       | ${'acme.a.x'}
    ${'an allow above is its own unless it says subtree'} | ${{ acme: { ...marked, rules: [allow('p/s', { scope: 'subtree' })] }, 'acme.a': { ...marked, rules: [] }, 'acme.a.x': { ...marked, rules: [] } }} | ${null}
  `('$because', async ({ domains, denied }) => {
    const outcome = await answer(tree(domains), asked(undefined));
    expect(outcome).toMatchObject(
      denied === null ? { rules: ['p/s', 'p/s', 'p/s'] } : { reason: 'NO_ALLOW_RULE', deniedAt: denied },
    );
  });

  it.each`
    because                                            | domains                                                                               | caller       | expected
    ${'zero trust asks for a rule inside'}             | ${{ 'acme.a.x': { zeroTrust: true, rules: [] } }}                                     | ${'inside'}  | ${{ reason: 'NO_ALLOW_RULE', deniedAt: 'acme.a.x' }}
    ${'with one it is fast still'}                     | ${{ 'acme.a.x': { zeroTrust: true } }}                                                | ${'inside'}  | ${{ reason: 'ALLOW_FAST', rules: ['p/x'] }}
    ${'it ratchets inward'}                            | ${{ acme: { zeroTrust: true }, 'acme.a.x': { rules: [] } }}                           | ${'inside'}  | ${{ reason: 'NO_ALLOW_RULE', deniedAt: 'acme.a.x' }}
    ${'not outward'}                                   | ${{ 'acme.a.x': { ...marked, zeroTrust: true } }}                                     | ${'near'}    | ${{ reason: 'ALLOW_SLOW', rules: ['p/x'] }}
    ${'it concerns the meeting domain before crossed'} | ${{ 'acme.a': { zeroTrust: true, rules: [] }, 'acme.a.x': { ...marked, rules: [] } }} | ${'near'}    | ${{ reason: 'NO_ALLOW_RULE', deniedAt: 'acme.a' }}
    ${'the world outside has none'}                    | ${{ acme: { ...marked, zeroTrust: true }, 'acme.a': marked, 'acme.a.x': marked }}     | ${undefined} | ${{ reason: 'ALLOW_SLOW', rules: ['p/acme', 'p/a', 'p/x'] }}
  `('$because', async ({ domains, caller, expected }) => {
    expect(await answer(tree(domains), asked(caller))).toMatchObject(expected);
  });
});

describe('of several placements', () => {
  /** `api` in `acme.a`, `acme.b` and deeper in `acme.c.x`; `caller` in `acme`, `mixed` in two of them. */
  const several = (domains: Domains, placements = ['acme.a', 'acme.b', 'acme.c.x']): World =>
    worldOf({
      domains: Object.fromEntries(
        ['acme', 'acme.a', 'acme.b', 'acme.c', 'acme.c.x', 'acme.d'].map((name) => [
          name,
          { ...(name === 'acme' && { trust: ['mesh'], access: ['login'] }), ...domains[name] },
        ]),
      ),
      services: {
        api: { domains: ['acme.a', 'acme.b', 'acme.c.x'], endpoints: { web: { placements } } },
        caller: { domains: ['acme'] },
        mixed: { domains: ['acme.b', 'acme.d'] },
      },
    });
  const asked = (...items: Evidence[]) => asking('GET api.example/', { evidence: [token('alice'), ...items] });
  const caller = from('caller');

  it.each`
    because                                        | domains                                                                                                 | placements                | item             | expected
    ${'one that passes is enough'}                 | ${{ 'acme.a': marked, 'acme.b': open }}                                                                 | ${undefined}              | ${caller}        | ${{ reason: 'ALLOW_SLOW', crossed: ['acme.b'] }}
    ${'of two that pass the first by name'}        | ${{ 'acme.a': open, 'acme.b': open }}                                                                   | ${['acme.b', 'acme.a']}   | ${caller}        | ${{ crossed: ['acme.a'] }}
    ${'fewest crossed before that'}                | ${{ 'acme.a': open, 'acme.b': open }}                                                                   | ${undefined}              | ${from('mixed')} | ${{ reason: 'ALLOW_FAST', meeting: 'acme.b' }}
    ${'a longer way when the shorter ones fail'}   | ${{ 'acme.a': marked, 'acme.c': open, 'acme.c.x': open }}                                               | ${undefined}              | ${caller}        | ${{ crossed: ['acme.c', 'acme.c.x'] }}
    ${'the first failure answers'}                 | ${{ 'acme.a': marked, 'acme.b': marked }}                                                               | ${undefined}              | ${caller}        | ${{ reason: 'NO_ALLOW_RULE', deniedAt: 'acme.a' }}
    ${'what is hidden is no failure'}              | ${{ 'acme.b': marked }}                                                                                 | ${undefined}              | ${caller}        | ${{ reason: 'NO_ALLOW_RULE', deniedAt: 'acme.b' }}
    ${'the first failure by crossings'}            | ${{ 'acme.c': marked, 'acme.c.x': marked, 'acme.b': { ...marked, access: [] } }}                        | ${['acme.c.x', 'acme.b']} | ${caller}        | ${{ reason: 'ACCESS_EVIDENCE_MISSING', deniedAt: 'acme.b' }}
    ${'all hidden'}                                | ${{}}                                                                                                   | ${undefined}              | ${caller}        | ${{ reason: 'NOT_VISIBLE', deniedAt: null }}
    ${'no way leads through a suspended one'}      | ${{ 'acme.a': { ...open, suspended: true }, 'acme.b': marked }}                                         | ${undefined}              | ${caller}        | ${{ deniedAt: 'acme.b' }}
    ${'its denies stay'}                           | ${{ 'acme.a': { ...open, suspended: true, rules: [deny()] }, 'acme.b': open }}                          | ${undefined}              | ${caller}        | ${{ reason: 'DENY_RULE', deniedAt: 'acme.a' }}
    ${'denies of any placement are denies of all'} | ${{ 'acme.a': open, 'acme.b': { rules: [deny()] } }}                                                    | ${undefined}              | ${caller}        | ${{ reason: 'DENY_RULE', deniedAt: 'acme.b' }}
    ${'unless the endpoint is not placed there'}   | ${{ 'acme.a': open, 'acme.b': { rules: [deny()] } }}                                                    | ${['acme.a']}             | ${caller}        | ${{ reason: 'ALLOW_SLOW' }}
    ${'a deny of its own is of placements only'}   | ${{ 'acme.a': open, 'acme.c': { rules: [deny('p/d', { scope: 'self' })] } }}                            | ${undefined}              | ${caller}        | ${{ reason: 'ALLOW_SLOW' }}
    ${'one of the subtree is of all below'}        | ${{ 'acme.a': open, 'acme.c': { rules: [deny()] } }}                                                    | ${undefined}              | ${caller}        | ${{ reason: 'DENY_RULE', deniedAt: 'acme.c' }}
    ${'an allow sees the chain of its route'}      | ${{ 'acme.a': { ...marked, rules: [allow('p/r', { what: { domains: ['acme.b'] } })] } }}                | ${['acme.a', 'acme.b']}   | ${caller}        | ${{ reason: 'NO_ALLOW_RULE', deniedAt: 'acme.a' }}
    ${'a deny sees all chains'}                    | ${{ 'acme.a': { ...open, rules: [deny('p/d', { what: { domains: ['acme.b'] } })] } }}                   | ${['acme.a', 'acme.b']}   | ${caller}        | ${{ reason: 'DENY_RULE' }}
    ${'a condition of an allow sees its route`s'}  | ${{ 'acme.a': { ...marked, rules: [allow('p/r', { when: 'target.domains == ["acme", "acme.a"]' })] } }} | ${['acme.a', 'acme.b']}   | ${caller}        | ${{ reason: 'ALLOW_SLOW' }}
  `('$because', async ({ domains, placements, item, expected }) => {
    expect(await answer(several(domains, placements), asked(item))).toMatchObject(expected);
  });

  it('two that nest are one chain with two ends', async () => {
    const nested = (domains: Domains): World =>
      worldOf({
        domains: {
          acme: { trust: ['mesh'], access: ['login'], ...domains['acme'] },
          'acme.a': domains['acme.a'] ?? {},
          'acme.b': {},
        },
        services: { api: { domains: ['acme', 'acme.a'], endpoints: { web: {} } }, far: { domains: ['acme.b'] } },
      });
    const far = asking('GET api.example/', { evidence: [from('far')] });
    expect(await answer(nested({}), far)).toMatchObject({ reason: 'ALLOW_FAST', meeting: 'acme', crossed: [] });
    // A service in the inner domain meets there: both routes cross nothing, and the outer name comes first.
    const near = asking('GET api.example/', { evidence: [from('api')] });
    expect(await answer(nested({ 'acme.a': { zeroTrust: true } }), near)).toMatchObject({
      reason: 'ALLOW_FAST',
      meeting: 'acme',
    });
    expect(await answer(nested({ acme: { suspended: true } }), far)).toMatchObject({
      reason: 'TARGET_DOMAIN_SUSPENDED',
    });
  });
});

describe('on the way out', () => {
  const services: WorldGiven['services'] = {
    bank: { kind: 'external', identities: [{ mechanism: 'mesh', subject: 'bank' }], endpoints: { pay: {} } },
    inner: { domains: ['acme.vault'] },
    lost: { domains: ['acme.lost'] },
    split: { domains: ['acme.vault', 'acme.lost'] },
    near: { domains: ['acme.side'], endpoints: { web: {} } },
  };
  const world = (domains: Domains = {}, outside: WorldGiven['outside'] = []): World =>
    shop(domains['acme'], {
      outside,
      domains: {
        'acme.vault': domains['acme.vault'] ?? {},
        'acme.side': domains['acme.side'] ?? {},
        'acme.lost': { trust: [], ...domains['acme.lost'] },
      },
      services,
    });
  const closed: DomainGiven = { egress: 'closed' };
  const out = (given: Parameters<typeof allow>[1] = {}) => allow('p/out', { direction: 'out', ...given });
  const noOut = (given: Parameters<typeof deny>[1] = {}) => deny('p/no', { direction: 'out', ...given });

  it.each`
    because                                          | given                                                                                                        | target                 | items                              | expected
    ${'an open domain is left freely'}               | ${{}}                                                                                                        | ${'GET bank.example/'} | ${[from('inner')]}                 | ${{ reason: 'ALLOW_EGRESS', route: 'egress', meeting: '*', crossed: [], rules: [] }}
    ${'nobody unknown reaches the outside'}          | ${{}}                                                                                                        | ${'GET bank.example/'} | ${[token('alice')]}                | ${{ reason: 'NOT_VISIBLE', deniedAt: null }}
    ${'nor somebody known who proves nothing'}       | ${{}}                                                                                                        | ${'GET bank.example/'} | ${[from('lost')]}                  | ${{ reason: 'NOT_VISIBLE' }}
    ${'nor the external service itself'}             | ${{}}                                                                                                        | ${'GET bank.example/'} | ${[from('bank')]}                  | ${{ reason: 'NOT_VISIBLE' }}
    ${'a closed exit needs an out-allow'}            | ${{ 'acme.vault': closed }}                                                                                  | ${'GET bank.example/'} | ${[from('inner')]}                 | ${{ reason: 'EGRESS_CLOSED', deniedAt: 'acme.vault' }}
    ${'an allow of what comes in is none'}           | ${{ 'acme.vault': { ...closed, rules: [allow()] } }}                                                         | ${'GET bank.example/'} | ${[from('inner')]}                 | ${{ reason: 'EGRESS_CLOSED' }}
    ${'its own will do'}                             | ${{ 'acme.vault': { ...closed, rules: [out()] } }}                                                           | ${'GET bank.example/'} | ${[from('inner')]}                 | ${{ reason: 'ALLOW_EGRESS', rules: ['p/out'] }}
    ${'one above for the subtree too'}               | ${{ 'acme.vault': closed, acme: { rules: [out({ scope: 'subtree' })] } }}                                    | ${'GET bank.example/'} | ${[from('inner')]}                 | ${{ reason: 'ALLOW_EGRESS' }}
    ${'one above for itself does not'}               | ${{ 'acme.vault': closed, acme: { rules: [out()] } }}                                                        | ${'GET bank.example/'} | ${[from('inner')]}                 | ${{ reason: 'EGRESS_CLOSED' }}
    ${'every closed exit asks, deepest first'}       | ${{ 'acme.vault': { ...closed, rules: [out()] }, acme: closed }}                                             | ${'GET bank.example/'} | ${[from('inner')]}                 | ${{ reason: 'EGRESS_CLOSED', deniedAt: 'acme' }}
    ${'the deepest answers'}                         | ${{ 'acme.vault': closed, acme: closed }}                                                                    | ${'GET bank.example/'} | ${[from('inner')]}                 | ${{ reason: 'EGRESS_CLOSED', deniedAt: 'acme.vault' }}
    ${'egress is not inherited'}                     | ${{ acme: closed }}                                                                                          | ${'GET near.example/'} | ${[from('inner')]}                 | ${{ reason: 'NOT_VISIBLE' }}
    ${'what holds the target is not left'}           | ${{ acme: closed }}                                                                                          | ${'GET api.example/'}  | ${[from('inner')]}                 | ${{ reason: 'ALLOW_FAST', rules: [] }}
    ${'a domain below it is'}                        | ${{ 'acme.vault': closed }}                                                                                  | ${'GET api.example/'}  | ${[from('inner')]}                 | ${{ reason: 'EGRESS_CLOSED', deniedAt: 'acme.vault' }}
    ${'every membership is left, also one unproven'} | ${{ 'acme.lost': closed }}                                                                                   | ${'GET bank.example/'} | ${[from('split')]}                 | ${{ reason: 'EGRESS_CLOSED', deniedAt: 'acme.lost' }}
    ${'somebody unproven leaves too'}                | ${{ 'acme.lost': closed, acme: { rules: [allow()] } }}                                                       | ${'GET api.example/'}  | ${[from('lost'), token('alice')]}  | ${{ reason: 'EGRESS_CLOSED', deniedAt: 'acme.lost' }}
    ${'and an out-allow does not see who'}           | ${{ 'acme.lost': { ...closed, rules: [out({ who: { services: ['lost'] } })] }, acme: { rules: [allow()] } }} | ${'GET api.example/'}  | ${[from('lost'), token('alice')]}  | ${{ reason: 'EGRESS_CLOSED' }}
    ${'an out-allow may need a credential'}          | ${{ 'acme.vault': { ...closed, rules: [out({ who: { subjects: ['alice'] } })] } }}                           | ${'GET bank.example/'} | ${[from('inner'), token('alice')]} | ${{ reason: 'ALLOW_EGRESS' }}
    ${'which the exit accepts'}                      | ${{ 'acme.vault': { ...closed, access: ['key'], rules: [out({ who: { subjects: ['alice'] } })] } }}          | ${'GET bank.example/'} | ${[from('inner'), token('alice')]} | ${{ reason: 'EGRESS_CLOSED' }}
    ${'it may say where to'}                         | ${{ 'acme.vault': { ...closed, rules: [out({ what: { domains: ['*'] } })] } }}                               | ${'GET bank.example/'} | ${[from('inner')]}                 | ${{ reason: 'ALLOW_EGRESS' }}
    ${'which is not everywhere'}                     | ${{ 'acme.vault': { ...closed, rules: [out({ what: { domains: ['*'] } })] } }}                               | ${'GET api.example/'}  | ${[from('inner')]}                 | ${{ reason: 'EGRESS_CLOSED' }}
    ${'boundary first, then the exit'}               | ${{ 'acme.lost': closed }}                                                                                   | ${'GET api.example/'}  | ${[from('lost'), token('alice')]}  | ${{ reason: 'NO_ALLOW_RULE', deniedAt: 'acme' }}
    ${'a deny on the way out'}                       | ${{ acme: { rules: [noOut()] } }}                                                                            | ${'GET bank.example/'} | ${[from('inner')]}                 | ${{ reason: 'DENY_RULE', deniedAt: 'acme' }}
    ${'of its own members only'}                     | ${{ acme: { rules: [noOut({ scope: 'self' })] } }}                                                           | ${'GET bank.example/'} | ${[from('inner')]}                 | ${{ reason: 'ALLOW_EGRESS' }}
    ${'which its members are'}                       | ${{ 'acme.vault': { rules: [noOut({ scope: 'self' })] } }}                                                   | ${'GET bank.example/'} | ${[from('inner')]}                 | ${{ reason: 'DENY_RULE', deniedAt: 'acme.vault' }}
    ${'also of somebody unproven'}                   | ${{ 'acme.lost': { rules: [noOut()] } }}                                                                     | ${'GET api.example/'}  | ${[from('lost'), token('alice')]}  | ${{ reason: 'DENY_RULE', deniedAt: 'acme.lost' }}
    ${'not of a domain that is not left'}            | ${{ acme: { rules: [noOut()] } }}                                                                            | ${'GET api.example/'}  | ${[from('inner')]}                 | ${{ reason: 'ALLOW_FAST' }}
  `('$because', async ({ given, target, items, expected }) => {
    expect(await answer(world(given), asking(target, { evidence: items }))).toMatchObject(expected);
  });

  it.each`
    because                                  | target                 | items              | denies
    ${'some domain is left'}                 | ${'GET api.example/'}  | ${[from('inner')]} | ${true}
    ${'the target is outside, whoever asks'} | ${'GET bank.example/'} | ${[]}              | ${true}
    ${'nothing is left'}                     | ${'GET api.example/'}  | ${[from('api')]}   | ${false}
  `('the outside denies what leaves: $because', async ({ target, items, denies }) => {
    // Its scope says nothing: the outside is no domain's subtree.
    const outcome = await answer(world({}, [noOut({ scope: 'self' })]), asking(target, { evidence: items }));
    expect(outcome).toMatchObject(denies ? { reason: 'DENY_RULE', deniedAt: '*' } : { reason: 'ALLOW_FAST' });
  });
});
