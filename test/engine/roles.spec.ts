/** Roles: who holds them, along which chain, and who sees them. */
import type { Evidence, RoleDefinition, World } from '#engine';
import { asking, from, token, worldOf } from '../reference/worlds.js';
import type { WorldGiven } from '../reference/worlds.js';
import { allow, answer, deny } from './voices.js';

type Held = {
  readonly roles?: readonly RoleDefinition[];
  readonly assignments?: { readonly [principal: string]: readonly string[] };
};

const inherits = (name: string, ...others: string[]): RoleDefinition => ({ name, inherits: others });
const asked = (...items: Evidence[]) => asking('GET api.example/', { evidence: items });
const alice = token('alice', { groups: ['staff', 'night'] });

describe('an allow sees roles of the chain of the domain whose check is running', () => {
  /** `api` in `acme.team`, crossed from outside; `acme` lets everybody pass, `acme.team` only readers. */
  const world = (
    held: { readonly [domain: string]: Held },
    reader = allow('p/r', { who: { roles: ['reader'] } }),
  ): World =>
    worldOf({
      domains: {
        acme: {
          trust: ['mesh'],
          access: ['login', 'anonymous'],
          boundary: ['api/*'],
          rules: [allow('p/a', { who: { anonymous: true } })],
          ...held['acme'],
        },
        'acme.team': { boundary: ['api/*'], rules: [reader], ...held['acme.team'] },
        'acme.team.deep': held['acme.team.deep'] ?? {},
        'acme.side': held['acme.side'] ?? {},
      },
      services: {
        api: { domains: ['acme.team'], endpoints: { web: {} } },
        near: { domains: ['acme.side'] },
      },
    });
  const reading = { assignments: { 'user:alice': ['reader'] } };

  it.each`
    because                                          | held                                                                                                                                                 | items                                 | passes
    ${'assigned here'}                               | ${{ 'acme.team': reading }}                                                                                                                          | ${[alice]}                            | ${true}
    ${'assigned above'}                              | ${{ acme: reading }}                                                                                                                                 | ${[alice]}                            | ${true}
    ${'assigned below is not above'}                 | ${{ 'acme.team.deep': reading }}                                                                                                                     | ${[alice]}                            | ${false}
    ${'nor beside'}                                  | ${{ 'acme.side': reading }}                                                                                                                          | ${[alice]}                            | ${false}
    ${'to somebody else'}                            | ${{ acme: reading }}                                                                                                                                 | ${[token('bob')]}                     | ${false}
    ${'to a group of the credential'}                | ${{ acme: { assignments: { 'group:night': ['reader'] } } }}                                                                                          | ${[alice]}                            | ${true}
    ${'which is no user of that name'}               | ${{ acme: { assignments: { 'user:night': ['reader'] } } }}                                                                                           | ${[alice]}                            | ${false}
    ${'a principal is of its mechanism`s type'}      | ${{ acme: { assignments: { 'client:alice': ['reader'] } } }}                                                                                         | ${[alice]}                            | ${false}
    ${'a space does not make two roles of one'}      | ${{ acme: { assignments: { 'user:aaa': ['reader', 'x'], 'user:alice': ['reader x'] } } }}                                                            | ${[alice]}                            | ${false}
    ${'a role is not a name'}                        | ${{}}                                                                                                                                                | ${[token('reader')]}                  | ${false}
    ${'inherited'}                                   | ${{ acme: { roles: [inherits('editor', 'reader')], assignments: { 'user:alice': ['editor'] } } }}                                                    | ${[alice]}                            | ${true}
    ${'not backwards'}                               | ${{ acme: { roles: [inherits('reader', 'editor')], assignments: { 'user:alice': ['editor'] } } }}                                                    | ${[alice]}                            | ${false}
    ${'in several steps'}                            | ${{ acme: { roles: [inherits('a', 'b'), inherits('b', 'c'), inherits('c', 'reader')], assignments: { 'user:alice': ['a'] } } }}                      | ${[alice]}                            | ${true}
    ${'defined above, assigned here'}                | ${{ acme: { roles: [inherits('editor', 'reader')] }, 'acme.team': { assignments: { 'user:alice': ['editor'] } } }}                                   | ${[alice]}                            | ${true}
    ${'defined here, assigned above'}                | ${{ 'acme.team': { roles: [inherits('editor', 'reader')] }, acme: { assignments: { 'user:alice': ['editor'] } } }}                                   | ${[alice]}                            | ${true}
    ${'defined beside is not defined'}               | ${{ 'acme.side': { roles: [inherits('editor', 'reader')] }, acme: { assignments: { 'user:alice': ['editor'] } } }}                                   | ${[alice]}                            | ${false}
    ${'definitions of one name add up'}              | ${{ acme: { roles: [inherits('editor', 'b')] }, 'acme.team': { roles: [inherits('editor', 'reader')], assignments: { 'user:alice': ['editor'] } } }} | ${[alice]}                            | ${true}
    ${'also within one domain'}                      | ${{ acme: { roles: [inherits('editor', 'b'), inherits('editor', 'reader')], assignments: { 'user:alice': ['editor'] } } }}                           | ${[alice]}                            | ${true}
    ${'the steps may lie on different domains'}      | ${{ acme: { roles: [inherits('b', 'reader')] }, 'acme.team': { roles: [inherits('a', 'b')], assignments: { 'user:alice': ['a'] } } }}                | ${[alice]}                            | ${true}
    ${'the proven actor holds roles too'}            | ${{ acme: { assignments: { 'service:near': ['reader'] } } }}                                                                                         | ${[from('near'), alice]}              | ${true}
    ${'but not one that proves nothing'}             | ${{ acme: { assignments: { 'service:near': ['reader'] } }, 'acme.side': { trust: [] } }}                                                             | ${[from('near'), alice]}              | ${false}
    ${'nor is a name a service'}                     | ${{ acme: { assignments: { 'service:alice': ['reader'] } } }}                                                                                        | ${[alice]}                            | ${false}
    ${'nobody holds nothing'}                        | ${{ acme: { assignments: { 'user:': ['reader'] } } }}                                                                                                | ${[]}                                 | ${false}
    ${'any credential that is accepted may hold it'} | ${{ acme: reading }}                                                                                                                                 | ${[token('bob'), alice]}              | ${true}
    ${'one that is not accepted holds nothing'}      | ${{ acme: { assignments: { 'client:k': ['reader'] } } }}                                                                                             | ${[token('k', { mechanism: 'key' })]} | ${false}
  `('$because', async ({ held, items, passes }) => {
    const outcome = await answer(world(held), asked(...items));
    expect(outcome).toMatchObject(
      passes ? { reason: 'ALLOW_SLOW' } : { reason: 'NO_ALLOW_RULE', deniedAt: 'acme.team' },
    );
  });

  it('not of the domain that owns the rule', async () => {
    const shared = allow('p/s', { scope: 'subtree', who: { roles: ['reader'] } });
    const crossed = (domain: string): World => {
      const base = world({ [domain]: reading }, deny('p/never', { who: { subjects: ['nobody'] } }));
      const acme = { ...base.domains.get('acme')!, rules: [{ ...shared, owner: 'acme' }] };
      return { ...base, domains: new Map(base.domains).set('acme', acme) };
    };
    expect(await answer(crossed('acme.team'), asked(alice))).toMatchObject({
      reason: 'NO_ALLOW_RULE',
      deniedAt: 'acme',
    });
    expect(await answer(crossed('acme'), asked(alice))).toMatchObject({ rules: ['p/s', 'p/s'] });
  });

  it('and so do conditions, sorted by bytes and without those of the actor', async () => {
    const held = {
      acme: {
        roles: [inherits('a', 'Z')],
        assignments: { 'group:staff': ['b'], 'user:alice': ['a'], 'service:near': ['c'] },
      },
    };
    const when = 'principal.roles == ["Z", "a", "b"]';
    const outcome = await answer(world(held, allow('p/w', { when })), asked(from('near'), alice));
    expect(outcome).toMatchObject({ reason: 'ALLOW_SLOW', rules: ['p/w'] });
  });
});

describe('a deny sees roles of any one chain of the placements', () => {
  const world = (held: { readonly [domain: string]: Held }, given: WorldGiven['domains'][string] = {}): World =>
    worldOf({
      domains: {
        acme: {
          trust: ['mesh'],
          access: ['login'],
          rules: [deny('p/d', { who: { roles: ['banned'] } })],
          ...given,
          ...held['acme'],
        },
        'acme.a': held['acme.a'] ?? {},
        'acme.b': held['acme.b'] ?? {},
        'acme.c': held['acme.c'] ?? {},
      },
      services: { api: { domains: ['acme.a', 'acme.b'], endpoints: { web: {} } }, near: { domains: ['acme.a'] } },
    });
  const troll = { assignments: { 'user:alice': ['troll'] } };
  const trollsAreBanned = { roles: [inherits('troll', 'banned')] };

  it.each`
    because                                          | held                                                             | denies
    ${'all of it on the one'}                        | ${{ 'acme.a': { ...troll, ...trollsAreBanned } }}                | ${true}
    ${'all of it on the other'}                      | ${{ 'acme.b': { ...troll, ...trollsAreBanned } }}                | ${true}
    ${'all of it above both'}                        | ${{ acme: { ...troll, ...trollsAreBanned } }}                    | ${true}
    ${'the definition above, the assignment on one'} | ${{ acme: trollsAreBanned, 'acme.b': troll }}                    | ${true}
    ${'the assignment above, the definition on one'} | ${{ acme: troll, 'acme.b': trollsAreBanned }}                    | ${true}
    ${'never half on the one and half on the other'} | ${{ 'acme.a': troll, 'acme.b': trollsAreBanned }}                | ${false}
    ${'nor on a domain it is not placed in'}         | ${{ 'acme.c': { ...troll, ...trollsAreBanned } }}                | ${false}
    ${'the actor holds roles'}                       | ${{ 'acme.b': { assignments: { 'service:near': ['banned'] } } }} | ${true}
  `('$because', async ({ held, denies }) => {
    const outcome = await answer(world(held), asked(from('near'), alice));
    expect(outcome).toMatchObject(denies ? { reason: 'DENY_RULE', rules: ['p/d'] } : { reason: 'ALLOW_FAST' });
  });

  it('also of an actor that proves nothing', async () => {
    const held = { 'acme.b': { assignments: { 'service:near': ['banned'] } } };
    expect(await answer(world(held, { trust: [] }), asked(from('near')))).toMatchObject({ reason: 'DENY_RULE' });
  });
});

describe('on the way out', () => {
  const world = (held: { readonly [domain: string]: Held }, out: WorldGiven['domains'][string]): World =>
    worldOf({
      domains: {
        acme: { trust: ['mesh'], access: ['login'], ...held['acme'] },
        home: { trust: ['mesh'], access: ['login'], ...held['home'] },
        'home.in': { ...out, ...held['home.in'] },
      },
      services: {
        api: { domains: ['acme'], endpoints: { web: {} } },
        caller: { domains: ['home.in', 'acme'] },
      },
    });
  const sender = { assignments: { 'user:alice': ['sender'] } };
  const closed = { egress: 'closed', rules: [allow('p/o', { direction: 'out', who: { roles: ['sender'] } })] } as const;
  const barred = { rules: [deny('p/o', { direction: 'out', who: { roles: ['sender'] } })] };

  it.each`
    because                                        | held                                                                                              | out       | reason
    ${'an out-allow sees roles of its exit'}       | ${{ 'home.in': sender }}                                                                          | ${closed} | ${'ALLOW_FAST'}
    ${'and above'}                                 | ${{ home: sender }}                                                                               | ${closed} | ${'ALLOW_FAST'}
    ${'not those of the target'}                   | ${{ acme: sender }}                                                                               | ${closed} | ${'EGRESS_CLOSED'}
    ${'an out-deny sees roles of the memberships'} | ${{ home: sender }}                                                                               | ${barred} | ${'DENY_RULE'}
    ${'any of them, though it is no exit'}         | ${{ acme: sender }}                                                                               | ${barred} | ${'DENY_RULE'}
    ${'each chain by itself'}                      | ${{ home: { assignments: { 'user:alice': ['x'] } }, acme: { roles: [inherits('x', 'sender')] } }} | ${barred} | ${'ALLOW_FAST'}
  `('$because', async ({ held, out, reason }) => {
    expect(await answer(world(held, out), asked(from('caller'), alice))).toMatchObject({ reason });
  });
});
