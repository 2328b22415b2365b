/** What a boundary accepts, and what an allow there must hold together with. */
import type { Evidence, World } from '#engine';
import { NOW, asking, from, token } from '../reference/worlds.js';
import type { DomainGiven } from './voices.js';
import { allow, answer, deny, shop } from './voices.js';

const asked = (...items: Evidence[]) => asking('GET api.example/', { evidence: items });
const key = (subject: string): Evidence => token(subject, { mechanism: 'key' });
const anyone = allow('p/any', { who: { anonymous: true } });

describe('evidence at a boundary', () => {
  it.each`
    because                                            | acme                                           | items                                       | reason                       | accepts
    ${'nobody came with any'}                          | ${{ rules: [allow()] }}                        | ${[]}                                       | ${'ACCESS_EVIDENCE_MISSING'} | ${['key', 'login']}
    ${'it may be left unsaid what would do'}           | ${{ discloseAccess: false }}                   | ${[]}                                       | ${'ACCESS_EVIDENCE_MISSING'} | ${undefined}
    ${'a sealed domain accepts nothing'}               | ${{ access: [] }}                              | ${[token('alice')]}                         | ${'ACCESS_EVIDENCE_MISSING'} | ${[]}
    ${'what is not listed is no evidence'}             | ${{ access: ['key'], rules: [allow()] }}       | ${[token('alice')]}                         | ${'ACCESS_EVIDENCE_MISSING'} | ${['key']}
    ${'what is listed is'}                             | ${{ rules: [allow()] }}                        | ${[key('k')]}                               | ${'ALLOW_SLOW'}              | ${undefined}
    ${'proof of a service is not access'}              | ${{ trust: [], rules: [allow()] }}             | ${[from('member')]}                         | ${'ACCESS_EVIDENCE_MISSING'} | ${['key', 'login']}
    ${'evidence that finds no rule is not missing'}    | ${{}}                                          | ${[token('alice')]}                         | ${'NO_ALLOW_RULE'}           | ${undefined}
    ${'anonymous callers need a rule that says so'}    | ${{ access: ['anonymous'], rules: [allow()] }} | ${[]}                                       | ${'NO_ALLOW_RULE'}           | ${undefined}
    ${'and a boundary that admits them'}               | ${{ rules: [anyone] }}                         | ${[]}                                       | ${'ACCESS_EVIDENCE_MISSING'} | ${['key', 'login']}
    ${'with both they pass'}                           | ${{ access: ['anonymous'], rules: [anyone] }}  | ${[]}                                       | ${'ALLOW_SLOW'}              | ${undefined}
    ${'the rule lets others in as well'}               | ${{ rules: [anyone] }}                         | ${[token('alice')]}                         | ${'ALLOW_SLOW'}              | ${undefined}
    ${'a credential never keeps an anonymous one out'} | ${{ access: ['anonymous'], rules: [anyone] }}  | ${[key('k')]}                               | ${'ALLOW_SLOW'}              | ${undefined}
    ${'evidence holds until its instant'}              | ${{ rules: [allow()] }}                        | ${[token('alice', { expiresAt: NOW + 1 })]} | ${'ALLOW_SLOW'}              | ${undefined}
    ${'and not at it'}                                 | ${{ rules: [allow()] }}                        | ${[token('alice', { expiresAt: NOW })]}     | ${'ACCESS_EVIDENCE_MISSING'} | ${['key', 'login']}
    ${'proof of a service too'}                        | ${{ rules: [allow()] }}                        | ${[from('member', { expiresAt: NOW })]}     | ${'ACCESS_EVIDENCE_MISSING'} | ${['key', 'login']}
    ${'to the millisecond'}                            | ${{ rules: [allow()] }}                        | ${[from('member', { expiresAt: NOW + 1 })]} | ${'ALLOW_FAST'}              | ${undefined}
    ${'one expired neither'}                           | ${{ access: ['anonymous'], rules: [anyone] }}  | ${[token('alice', { expiresAt: 0 })]}       | ${'ALLOW_SLOW'}              | ${undefined}
  `('$because', async ({ acme, items, reason, accepts }) => {
    const outcome = await answer(shop(acme), asked(...items));
    expect(outcome.reason).toBe(reason);
    expect(outcome.accepts).toEqual(accepts);
  });

  it('names what the denying domain accepts and only as that domain discloses', async () => {
    const below = (acme: DomainGiven, team: DomainGiven): World =>
      shop(
        { rules: [allow()], access: ['login', 'anonymous'], boundary: ['low/*'], ...acme },
        {
          domains: { 'acme.team': { boundary: ['low/*'], ...team } },
          services: { low: { domains: ['acme.team'], endpoints: { web: {} } } },
        },
      );
    const low = asking('GET low.example/', { evidence: [token('alice')] });
    const denied = { reason: 'ACCESS_EVIDENCE_MISSING', deniedAt: 'acme.team' };
    expect(await answer(below({ discloseAccess: false }, { access: ['key'] }), low)).toMatchObject({
      ...denied,
      accepts: ['key'],
    });
    expect(await answer(below({}, { access: ['key'], discloseAccess: false }), low)).not.toHaveProperty('accepts');
    expect(await answer(below({ access: ['key'], rules: [allow()] }, {}), low)).toMatchObject({
      deniedAt: 'acme',
      accepts: ['key'],
    });
  });
});

describe('an allow holds together with one and the same item', () => {
  const both = [token('alice', { scopes: ['read'], groups: ['staff'] }), key('k')];

  it.each`
    because                                      | rule                                                                    | items                                                                            | passes
    ${'a scope of the list'}                     | ${{ who: { scopes: ['write', 'read'] } }}                               | ${both}                                                                          | ${true}
    ${'none of the list'}                        | ${{ who: { scopes: ['write'] } }}                                       | ${both}                                                                          | ${false}
    ${'all of them'}                             | ${{ who: { scopes: { allOf: ['read', 'write'] } } }}                    | ${[token('alice', { scopes: ['write', 'x', 'read'] })]}                          | ${true}
    ${'not only one'}                            | ${{ who: { scopes: { allOf: ['read', 'write'] } } }}                    | ${both}                                                                          | ${false}
    ${'not shared out over two'}                 | ${{ who: { scopes: { allOf: ['read', 'write'] } } }}                    | ${[token('alice', { scopes: ['read'] }), token('alice', { scopes: ['write'] })]} | ${false}
    ${'a scope is a whole word in its own case'} | ${{ who: { scopes: { allOf: ['read'] } } }}                             | ${[token('alice', { scopes: ['Read', 'read:all'] })]}                            | ${false}
    ${'an anonymous item has no scopes'}         | ${{ who: { anonymous: true, scopes: { allOf: ['read'] } } }}            | ${[]}                                                                            | ${false}
    ${'nor a subject'}                           | ${{ who: { anonymous: true, subjects: [''] } }}                         | ${[]}                                                                            | ${false}
    ${'nor a principal of any type'}             | ${{ who: { anonymous: true, principals: [':*', 'user:*'] } }}           | ${[]}                                                                            | ${false}
    ${'scope and group of one'}                  | ${{ who: { scopes: ['read'], groups: ['staff'] } }}                     | ${both}                                                                          | ${true}
    ${'scope of one and mechanism of another'}   | ${{ who: { scopes: ['read'], mechanisms: ['key'] } }}                   | ${both}                                                                          | ${false}
    ${'a condition sees that one too'}           | ${{ who: { mechanisms: ['key'] }, when: 'principal.id == "k"' }}        | ${both}                                                                          | ${true}
    ${'and no other'}                            | ${{ who: { mechanisms: ['key'] }, when: '"read" in principal.scopes' }} | ${both}                                                                          | ${false}
    ${'a principal is of its mechanism`s type'}  | ${{ who: { principals: ['client:k'] } }}                                | ${both}                                                                          | ${true}
    ${'a type alone is any of it'}               | ${{ who: { principals: ['client:*'] } }}                                | ${both}                                                                          | ${true}
    ${'an asterisk elsewhere is a letter'}       | ${{ who: { principals: ['client:k*'] } }}                               | ${both}                                                                          | ${false}
    ${'azp is the client'}                       | ${{ who: { clients: ['web'] } }}                                        | ${[token('a', { claims: { azp: 'web', client_id: 'app' } })]}                    | ${true}
    ${'client_id only without it'}               | ${{ who: { clients: ['app'] } }}                                        | ${[token('a', { claims: { azp: 'web', client_id: 'app' } })]}                    | ${false}
    ${'then it is'}                              | ${{ who: { clients: ['app'] } }}                                        | ${[token('a', { claims: { client_id: 'app' } })]}                                | ${true}
    ${'an azp that is no text names no client'}  | ${{ who: { clients: ['app', '7'] } }}                                   | ${[token('a', { claims: { azp: 7, client_id: 'app' } })]}                        | ${false}
  `('$because', async ({ rule, items, passes }) => {
    const world = shop({ access: ['login', 'key', 'anonymous'], rules: [allow('p/r', rule)] });
    const outcome = await answer(world, asked(...items));
    expect(outcome).toMatchObject(
      passes ? { reason: 'ALLOW_SLOW', rules: ['p/r'] } : { reason: 'NO_ALLOW_RULE', deniedAt: 'acme' },
    );
  });
});

describe('a preflight', () => {
  const options = (headers: { [name: string]: string }) => asking('OPTIONS api.example/', { headers });
  const preflight = { origin: 'https://app.example', 'access-control-request-method': 'GET' };
  const world = (given: DomainGiven): World =>
    shop(
      { rules: [allow('p/get', { what: { methods: ['GET'] } })], ...given },
      {
        services: {
          api: { domains: ['acme'], endpoints: { web: { preflight: 'allow' }, strict: { hosts: ['strict.example'] } } },
        },
      },
    );

  it('passes every check where the endpoint lets it, and nothing else', async () => {
    expect(await answer(world({}), options(preflight))).toMatchObject({
      reason: 'ALLOW_SLOW',
      rules: [],
      crossed: ['acme'],
    });
    expect(await answer(world({}), options({ origin: 'x' }))).toMatchObject({ reason: 'ACCESS_EVIDENCE_MISSING' });
    expect(
      await answer(world({}), {
        ...options(preflight),
        target: { kind: 'address', host: 'strict.example', method: 'OPTIONS', path: '/' },
      }),
    ).toMatchObject({ reason: 'ACCESS_EVIDENCE_MISSING' });
  });

  it('is denied and hidden like others', async () => {
    const denied = world({ rules: [deny('p/d', { what: { methods: ['OPTIONS'] } })] });
    expect(await answer(denied, options(preflight))).toMatchObject({ reason: 'DENY_RULE' });
    expect(await answer(world({ boundary: [] }), options(preflight))).toMatchObject({ reason: 'NOT_VISIBLE' });
  });
});
