/** The guardrail: what a deny matches, and that nothing below undoes it. */
import type { AccessRequest, Evidence, Target } from '#engine';
import { NOW, asking, evidence, from, token, worldOf } from '../reference/worlds.js';
import type { WorldGiven } from '../reference/worlds.js';
import { allow, answer, deny, shop } from './voices.js';

const byName: Target = { kind: 'endpoint', endpoint: 'api/web' };
const asked = (items: readonly Evidence[], given: Partial<AccessRequest> = {}): AccessRequest =>
  asking('GET api.example/v1', { evidence: items, ...given });
const member = [from('member')];

describe('a deny matches', () => {
  it.each`
    because                                              | rule                                                                  | request                                                                    | denies
    ${'everybody, where it says nobody'}                 | ${{}}                                                                 | ${asked(member)}                                                           | ${true}
    ${'any credential, whichever'}                       | ${{ who: { subjects: ['bob'] } }}                                     | ${asked([...member, token('alice'), token('bob')])}                        | ${true}
    ${'also one that no boundary here accepts'}          | ${{ who: { mechanisms: ['other'] } }}                                 | ${asked([...member, token('x', { mechanism: 'other' })])}                  | ${true}
    ${'also one that opens nothing'}                     | ${{ who: { mechanisms: ['idle-login'] } }}                            | ${asked([...member, token('x', { mechanism: 'idle-login' })])}             | ${true}
    ${'not one that was dropped'}                        | ${{ who: { subjects: ['bob'] } }}                                     | ${asked([...member, token('bob', { verified: false })])}                   | ${false}
    ${'not nobody'}                                      | ${{ who: { subjects: ['bob'] } }}                                     | ${asked(member)}                                                           | ${false}
    ${'only what holds of one and the same'}             | ${{ who: { subjects: ['bob'], groups: ['staff'] } }}                  | ${asked([...member, token('bob'), token('alice', { groups: ['staff'] })])} | ${false}
    ${'all scopes of nobody are none'}                   | ${{ who: { scopes: { allOf: ['read'] } } }}                           | ${asked(member)}                                                           | ${false}
    ${'a condition that holds'}                          | ${{ when: 'request.method == "GET"' }}                                | ${asked(member)}                                                           | ${true}
    ${'not one that does not'}                           | ${{ when: 'request.method == "PUT"' }}                                | ${asked(member)}                                                           | ${false}
    ${'one about something missing'}                     | ${{ when: 'attributes.country == "XX"' }}                             | ${asked(member)}                                                           | ${true}
    ${'not when that is guarded'}                        | ${{ when: 'has(attributes.country) && attributes.country == "XX"' }}  | ${asked(member)}                                                           | ${false}
    ${'not when something else decides it'}              | ${{ when: 'attributes.country == "XX" && false' }}                    | ${asked(member)}                                                           | ${false}
    ${'one that fails'}                                  | ${{ when: '1 / size(attributes) == 1' }}                              | ${asked(member)}                                                           | ${true}
    ${'one that is no truth'}                            | ${{ when: 'attributes.flag' }}                                        | ${asked(member, { attributes: { flag: 'yes' } })}                          | ${true}
    ${'though the rest must match'}                      | ${{ who: { subjects: ['bob'] }, when: 'attributes.country == "XX"' }} | ${asked(member)}                                                           | ${false}
    ${'whatever its place in the rule'}                  | ${{ what: { methods: ['PUT'] }, when: 'attributes.country == "XX"' }} | ${asked(member)}                                                           | ${false}
    ${'a method left open'}                              | ${{ what: { methods: ['PUT'] } }}                                     | ${asked(member, { target: byName })}                                       | ${true}
    ${'a path left open'}                                | ${{ what: { paths: ['/v2'] } }}                                       | ${asked(member, { target: byName })}                                       | ${true}
    ${'not one that is said'}                            | ${{ what: { paths: ['/v2'] } }}                                       | ${asked(member, { target: { ...byName, path: '/v1' } })}                   | ${false}
    ${'a resource left open'}                            | ${{ what: { resources: ['book:7'] } }}                                | ${asked(member, { target: byName })}                                       | ${true}
    ${'an action left open, though method and path are'} | ${{ what: { actions: ['view'] } }}                                    | ${asked(member, { target: { ...byName, method: 'GET', path: '/v1' } })}    | ${true}
    ${'an address is no resource'}                       | ${{ what: { resources: ['book:7'] } }}                                | ${asked(member)}                                                           | ${false}
    ${'from its first instant'}                          | ${{ notBefore: NOW }}                                                 | ${asked(member)}                                                           | ${true}
    ${'not before'}                                      | ${{ notBefore: NOW + 1 }}                                             | ${asked(member)}                                                           | ${false}
    ${'until its last'}                                  | ${{ notAfter: NOW + 1 }}                                              | ${asked(member)}                                                           | ${true}
    ${'not at its end'}                                  | ${{ notAfter: NOW }}                                                  | ${asked(member)}                                                           | ${false}
    ${'only reporting'}                                  | ${{ mode: 'report' }}                                                 | ${asked(member)}                                                           | ${false}
  `('$because', async ({ rule, request, denies }) => {
    const world = shop(
      { rules: [allow('p/all'), deny('p/d', rule)] },
      {
        domains: { idle: { suspended: true } },
        mechanisms: [
          { name: 'other', role: 'access', kind: 'apiKey', principalType: 'client' },
          { name: 'idle-login', role: 'access', kind: 'jwt', principalType: 'user', owner: 'idle' },
        ],
      },
    );
    const outcome = await answer(world, request);
    expect(outcome).toMatchObject(
      denies ? { reason: 'DENY_RULE', deniedAt: 'acme', rules: ['p/d'] } : { reason: 'ALLOW_FAST', meeting: 'acme' },
    );
  });

  it('with the same parts left open an allow does not', async () => {
    const open = [{ what: { methods: ['GET'] } }, { what: { actions: ['view'] } }, { when: 'attributes.flag' }];
    for (const given of open) {
      const world = shop({ zeroTrust: true, rules: [allow('p/a', given)] });
      expect(await answer(world, asked(member, { target: byName }))).toMatchObject({ reason: 'NO_ALLOW_RULE' });
    }
  });
});

describe('every deny that matches is named', () => {
  const nested = (rules: { readonly [name: string]: WorldGiven['outside'] }) =>
    worldOf({
      outside: rules['*'] ?? [],
      domains: {
        acme: { trust: ['mesh'], rules: rules['acme'] ?? [] },
        'acme.team': { rules: rules['acme.team'] ?? [] },
      },
      services: { api: { domains: ['acme.team'], endpoints: { web: {} } } },
    });

  it.each`
    because                                          | rules                                                                      | named                          | deniedAt
    ${'in the order of bytes, the first says where'} | ${{ acme: [deny('p/z'), deny('p/A')], 'acme.team': [deny('p/a')] }}        | ${['p/A', 'p/a', 'p/z']}       | ${'acme'}
    ${'wherever that is'}                            | ${{ acme: [deny('q/a')], 'acme.team': [deny('p/z')], '*': [deny('r/a')] }} | ${['p/z', 'q/a', 'r/a']}       | ${'acme.team'}
    ${'the outside too, whatever its scope'}         | ${{ '*': [deny('p/o', { scope: 'self' })] }}                               | ${['p/o']}                     | ${'*'}
    ${'letters beyond the first plane come last'}    | ${{ acme: [deny('p/\u{1d11e}'), deny('p/\uffee')] }}                       | ${['p/\uffee', 'p/\u{1d11e}']} | ${'acme'}
    ${'once, however many credentials match'}        | ${{ acme: [deny('p/d', { who: { principals: ['user:*'] } })] }}            | ${['p/d']}                     | ${'acme'}
  `('$because', async ({ rules, named, deniedAt }) => {
    const items = [from('api'), token('alice'), token('bob')];
    expect(await answer(nested(rules), asked(items))).toMatchObject({ reason: 'DENY_RULE', rules: named, deniedAt });
  });
});

it('sees the service a credential is bound to, beside the actor', async () => {
  const world = shop(
    { rules: [allow(), deny('p/d', { who: { services: ['robot'], mechanisms: ['key'] } })] },
    { services: { robot: { domains: ['acme'], identities: [{ mechanism: 'key', subject: 'r-1' }] } } },
  );
  const key = (subject: string) => evidence({ role: 'access', mechanism: 'key', subject });
  expect(await answer(world, asked([...member, key('r-1')]))).toMatchObject({ reason: 'DENY_RULE' });
  expect(await answer(world, asked([...member, key('r-2')]))).toMatchObject({ reason: 'ALLOW_FAST' });
});

it.each`
  because                                  | domain    | bound     | other      | denies
  ${'another credential is of the domain'} | ${'acme'} | ${'r-1'}  | ${'login'} | ${true}
  ${'of one in it'}                        | ${'acme'} | ${'r-in'} | ${'login'} | ${true}
  ${'none is of that domain'}              | ${'side'} | ${'r-1'}  | ${'login'} | ${false}
  ${'none is bound to a service'}          | ${'acme'} | ${'r-9'}  | ${'login'} | ${false}
  ${'the rest has to hold of the other'}   | ${'acme'} | ${'r-1'}  | ${'key'}   | ${false}
`('knows where a caller belongs by all credentials, whichever the rest holds of: $because', async (row) => {
  const { domain, bound, other, denies } = row as { domain: string; bound: string; other: string; denies: boolean };
  const robots = { 'r-1': 'acme', 'r-in': 'acme.inner' };
  const world = shop(
    { rules: [allow(), deny('p/d', { who: { domains: [domain], principals: ['user:*'] } })] },
    {
      domains: { 'acme.inner': {}, side: {} },
      services: Object.fromEntries(
        Object.entries(robots).map(([name, home]) => [
          name,
          { domains: [home], identities: [{ mechanism: 'key', subject: name }] },
        ]),
      ),
    },
  );
  const items = [evidence({ role: 'access', mechanism: 'key', subject: bound }), token('bob', { mechanism: other })];
  for (const brought of [items, items.toReversed()]) {
    const said = await answer(world, asked(brought));
    expect(said).toMatchObject({ reason: denies ? 'DENY_RULE' : 'ALLOW_SLOW' });
  }
});
