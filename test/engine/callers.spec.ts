/** Who a caller is: which service its evidence is bound to, where it is proven to stand, where it is known to belong. */
import type { Evidence, World } from '#engine';
import { explain } from '#engine';
import { asking, evidence, from, token, worldOf } from '../reference/worlds.js';
import type { WorldGiven } from '../reference/worlds.js';
import { allow, answer, deny, shop } from './voices.js';

const asked = (...items: Evidence[]) => asking('GET api.example/', { evidence: items });

describe('an identity', () => {
  const world = shop(
    { trust: ['mesh', 'net'] },
    {
      mechanisms: [{ name: 'net', role: 'trust', kind: 'network', principalType: 'client' }],
      services: {
        exact: { domains: ['acme'], identities: [{ mechanism: 'mesh', subject: 'spiffe://x/ns/one' }] },
        prefix: { domains: ['acme'], identities: [{ mechanism: 'mesh', subject: 'spiffe://x/ns/two/**' }] },
        words: { domains: ['acme'], identities: [{ mechanism: 'mesh', subject: 'CN=w**' }] },
        starred: { domains: ['acme'], identities: [{ mechanism: 'mesh', subject: 'CN=*' }] },
        desk: { domains: ['acme'], identities: [{ mechanism: 'net', subject: '10.1.2.3' }] },
        office: { domains: ['acme'], identities: [{ mechanism: 'net', subject: '10.2.0.0/16' }] },
        odd: { domains: ['acme'], identities: [{ mechanism: 'net', subject: '10.3.4.128/25' }] },
        six: { domains: ['acme'], identities: [{ mechanism: 'net', subject: '2001:db8:1::/48' }] },
        host: { domains: ['acme'], identities: [{ mechanism: 'net', subject: '2001:db8:2::1' }] },
      },
    },
  );
  const net = (subject: string): Evidence => from(subject, { mechanism: 'net' });

  it.each`
    because                                          | item                               | service
    ${'a subject is compared whole'}                 | ${from('spiffe://x/ns/one')}       | ${'exact'}
    ${'not as a prefix'}                             | ${from('spiffe://x/ns/one/a')}     | ${null}
    ${'nor as a part'}                               | ${from('spiffe://x/ns/on')}        | ${null}
    ${'in its own case'}                             | ${from('spiffe://X/ns/one')}       | ${null}
    ${'two asterisks end a prefix'}                  | ${from('spiffe://x/ns/two/a/b')}   | ${'prefix'}
    ${'which also holds nothing more'}               | ${from('spiffe://x/ns/two/')}      | ${'prefix'}
    ${'but not less'}                                | ${from('spiffe://x/ns/two')}       | ${null}
    ${'a prefix is of characters'}                   | ${from('CN=world')}                | ${'words'}
    ${'nothing else is special'}                     | ${from('CN=*')}                    | ${'starred'}
    ${'least of all one asterisk'}                   | ${from('CN=a')}                    | ${null}
    ${'an address'}                                  | ${net('10.1.2.3')}                 | ${'desk'}
    ${'the next one'}                                | ${net('10.1.2.4')}                 | ${null}
    ${'the first of a block'}                        | ${net('10.2.0.0')}                 | ${'office'}
    ${'the last of it'}                              | ${net('10.2.255.255')}             | ${'office'}
    ${'the one before it'}                           | ${net('10.1.255.255')}             | ${null}
    ${'the one after it'}                            | ${net('10.3.0.0')}                 | ${null}
    ${'a block may begin within a byte'}             | ${net('10.3.4.128')}               | ${'odd'}
    ${'the address before that'}                     | ${net('10.3.4.127')}               | ${null}
    ${'a mapped address is the IPv4 address'}        | ${net('::ffff:10.2.3.4')}          | ${'office'}
    ${'however it is written'}                       | ${net('::ffff:a02:304')}           | ${'office'}
    ${'an IPv4-compatible one is not'}               | ${net('::10.2.3.4')}               | ${null}
    ${'a block of IPv6'}                             | ${net('2001:db8:1:ffff::1')}       | ${'six'}
    ${'in any spelling'}                             | ${net('2001:0DB8:0001:0:0:0:0:1')} | ${'six'}
    ${'beside the block'}                            | ${net('2001:db8:3::1')}            | ${null}
    ${'one address of IPv6'}                         | ${net('2001:db8:2::1')}            | ${'host'}
    ${'and not its neighbour'}                       | ${net('2001:db8:2::2')}            | ${null}
    ${'what is no address is nobody`s'}              | ${net('10.2.3')}                   | ${null}
    ${'octal digits are no address'}                 | ${net('010.2.3.4')}                | ${null}
    ${'a block is no address'}                       | ${net('10.2.0.0/16')}              | ${null}
    ${'a subject counts for its own mechanism only'} | ${from('10.1.2.3')}                | ${null}
  `('$because', async ({ item, service }) => {
    const outcome = await answer(world, asked(item));
    expect(outcome.reason).toBe(service === null ? 'ACCESS_EVIDENCE_MISSING' : 'ALLOW_FAST');
    expect(explain(world, asked(item))).toMatchObject({
      evidence: [{ fate: service === null ? 'unbound' : 'usable', service }],
      caller: { actor: service },
    });
  });
});

describe('where a caller is proven to stand', () => {
  /** Three levels, `vault` beside them, and a service on each. */
  const tree = (given: { readonly [name: string]: WorldGiven['domains'][string] }): World =>
    worldOf({
      domains: { acme: {}, 'acme.a': {}, 'acme.a.x': {}, 'acme.b': {}, vault: {}, ...given },
      mechanisms: [
        { name: 'net', role: 'trust', kind: 'network', principalType: 'client' },
        { name: 'mtls', role: 'trust', kind: 'mtls', principalType: 'client' },
        { name: 'vault-mesh', role: 'trust', kind: 'spiffe', principalType: 'client', owner: 'vault' },
      ],
      services: {
        api: { domains: ['acme'], endpoints: { web: {} } },
        low: {
          domains: ['acme.a.x'],
          identities: ['mesh', 'net', 'mtls', 'vault-mesh'].map((mechanism) => ({
            mechanism,
            subject: mechanism === 'net' ? '10.0.0.1' : 'low',
          })),
        },
        two: { domains: ['acme.a', 'acme.b'] },
      },
    });
  const net = from('10.0.0.1', { mechanism: 'net' });
  const mtls = from('low', { mechanism: 'mtls' });

  it.each`
    because                                             | domains                                                                                                          | items                                         | proven
    ${'what is trusted at the top is trusted below'}    | ${{ acme: { trust: ['mesh'] } }}                                                                                 | ${[from('low')]}                              | ${['acme', 'acme.a', 'acme.a.x']}
    ${'nobody trusts it'}                               | ${{}}                                                                                                            | ${[from('low')]}                              | ${[]}
    ${'a domain of its own trust leads no further up'}  | ${{ 'acme.a.x': { trust: ['mesh'] } }}                                                                           | ${[from('low')]}                              | ${['acme.a.x']}
    ${'unless the next recognizes it'}                  | ${{ 'acme.a.x': { trust: ['mesh'] }, 'acme.a': { recognizes: ['mesh'] } }}                                       | ${[from('low')]}                              | ${['acme.a', 'acme.a.x']}
    ${'a gap ends the line'}                            | ${{ 'acme.a.x': { trust: ['mesh'] }, acme: { trust: ['mesh'] }, 'acme.a': { trust: [] } }}                       | ${[from('low')]}                              | ${['acme.a.x']}
    ${'recognition bridges it'}                         | ${{ 'acme.a.x': { trust: ['mesh'] }, acme: { trust: ['mesh'] }, 'acme.a': { trust: [], recognizes: ['mesh'] } }} | ${[from('low')]}                              | ${['acme', 'acme.a', 'acme.a.x']}
    ${'recognizing is not trusting members of its own'} | ${{ 'acme.a.x': { recognizes: ['mesh'] } }}                                                                      | ${[from('low')]}                              | ${[]}
    ${'an own set replaces the inherited one whole'}    | ${{ acme: { trust: ['mesh'] }, 'acme.a.x': { trust: ['mtls'] } }}                                                | ${[from('low')]}                              | ${[]}
    ${'an empty one seals'}                             | ${{ acme: { trust: ['mesh'] }, 'acme.a': { trust: [] } }}                                                        | ${[from('low')]}                              | ${[]}
    ${'several proofs each lead their own way'}         | ${{ acme: { trust: ['mesh'] }, 'acme.a.x': { trust: ['mtls'] } }}                                                | ${[from('low'), mtls]}                        | ${['acme.a.x']}
    ${'any domain may trust a foreign mechanism'}       | ${{ 'acme.a.x': { trust: ['vault-mesh'] } }}                                                                     | ${[from('low', { mechanism: 'vault-mesh' })]} | ${['acme.a.x']}
    ${'whose owner is live'}                            | ${{ 'acme.a.x': { trust: ['vault-mesh'] }, vault: { suspended: true } }}                                         | ${[from('low', { mechanism: 'vault-mesh' })]} | ${[]}
    ${'children do not inherit a network'}              | ${{ acme: { trust: ['net'] } }}                                                                                  | ${[net]}                                      | ${[]}
    ${'though they inherit the rest of the set'}        | ${{ acme: { trust: ['net', 'mesh'] } }}                                                                          | ${[net, from('low')]}                         | ${['acme', 'acme.a', 'acme.a.x']}
    ${'a domain may trust its own network'}             | ${{ 'acme.a.x': { trust: ['net'] } }}                                                                            | ${[net]}                                      | ${['acme.a.x']}
    ${'of which an ancestor`s trust is the same line'}  | ${{ 'acme.a.x': { trust: ['net'] }, 'acme.a': { recognizes: ['net'] }, acme: { trust: ['net'] } }}               | ${[net]}                                      | ${['acme', 'acme.a', 'acme.a.x']}
    ${'every membership counts'}                        | ${{ 'acme.a': { trust: ['mesh'] }, 'acme.b': { trust: ['mesh'] } }}                                              | ${[from('two')]}                              | ${['acme.a', 'acme.b']}
    ${'one by one'}                                     | ${{ 'acme.b': { trust: ['mesh'] } }}                                                                             | ${[from('two')]}                              | ${['acme.b']}
    ${'a suspended one does not'}                       | ${{ acme: { trust: ['mesh'] }, 'acme.a': { suspended: true } }}                                                  | ${[from('two')]}                              | ${['acme', 'acme.b']}
  `('$because', async ({ domains, items, proven }) => {
    const world = tree(domains);
    expect(explain(world, asked(...items)).caller?.proven).toEqual(proven);
    expect((await answer(world, asked(...items))).decision).toBe(proven.includes('acme') ? 'allow' : 'deny');
  });
});

describe('rules about where a caller comes from', () => {
  const caller = (
    given: { readonly [name: string]: WorldGiven['domains'][string] },
    rules: WorldGiven['domains'][string]['rules'],
  ): World =>
    shop(
      { zeroTrust: true, access: ['login', 'anonymous'], rules },
      {
        domains: { side: {}, 'side.in': {}, ...given },
        services: {
          near: { domains: ['side.in'] },
          robot: { domains: ['side.in'], identities: [{ mechanism: 'login', subject: 'robot' }] },
        },
      },
    );
  const proven = { side: { trust: ['mesh'] } };
  const who = (...domains: string[]) => ({ who: { domains } });
  const denies = (given: Parameters<typeof deny>[1]) => [
    allow('p/all', { who: { anonymous: true } }),
    deny('p/d', given),
  ];

  it.each`
    because                                              | given     | rules                                                                                          | items                                  | reason
    ${'an allow of the proven domain'}                   | ${proven} | ${[allow('p/a', who('side.in'))]}                                                              | ${[from('near'), token('alice')]}      | ${'ALLOW_SLOW'}
    ${'or one above it'}                                 | ${proven} | ${[allow('p/a', who('side'))]}                                                                 | ${[from('near'), token('alice')]}      | ${'ALLOW_SLOW'}
    ${'what is known but not proven allows nothing'}     | ${{}}     | ${[allow('p/a', who('side'))]}                                                                 | ${[from('near'), token('alice')]}      | ${'NO_ALLOW_RULE'}
    ${'a credential`s service proves nothing'}           | ${proven} | ${[allow('p/a', who('side'))]}                                                                 | ${[token('robot')]}                    | ${'NO_ALLOW_RULE'}
    ${'anywhere matches who is proven'}                  | ${proven} | ${[allow('p/a', who('*'))]}                                                                    | ${[from('near'), token('alice')]}      | ${'ALLOW_SLOW'}
    ${'and who is nobody, for anyone can stay outside'}  | ${{}}     | ${[allow('p/a', who('*'))]}                                                                    | ${[token('alice')]}                    | ${'ALLOW_SLOW'}
    ${'beside a name too'}                               | ${{}}     | ${[allow('p/a', who('side', '*'))]}                                                            | ${[token('alice')]}                    | ${'ALLOW_SLOW'}
    ${'a deny of the known domain, proven'}              | ${proven} | ${denies(who('side'))}                                                                         | ${[from('near')]}                      | ${'DENY_RULE'}
    ${'or not'}                                          | ${{}}     | ${denies(who('side'))}                                                                         | ${[from('near')]}                      | ${'DENY_RULE'}
    ${'or by a credential`s service'}                    | ${{}}     | ${denies(who('side.in'))}                                                                      | ${[token('robot')]}                    | ${'DENY_RULE'}
    ${'a deny of strangers finds one'}                   | ${{}}     | ${denies(who('*'))}                                                                            | ${[token('alice')]}                    | ${'DENY_RULE'}
    ${'also without any credential'}                     | ${{}}     | ${denies(who('*'))}                                                                            | ${[]}                                  | ${'DENY_RULE'}
    ${'a known service is no stranger'}                  | ${{}}     | ${denies(who('*'))}                                                                            | ${[from('near')]}                      | ${'ALLOW_SLOW'}
    ${'nor is a credential`s'}                           | ${{}}     | ${denies(who('*'))}                                                                            | ${[token('robot')]}                    | ${'ALLOW_SLOW'}
    ${'what was dropped makes nobody known'}             | ${{}}     | ${denies(who('*'))}                                                                            | ${[from('near', { verified: false })]} | ${'DENY_RULE'}
    ${'a service allowed by name'}                       | ${proven} | ${[allow('p/a', { who: { services: ['near'] } })]}                                             | ${[from('near'), token('alice')]}      | ${'ALLOW_SLOW'}
    ${'unless it proves nothing'}                        | ${{}}     | ${[allow('p/a', { who: { services: ['near'] } })]}                                             | ${[from('near'), token('alice')]}      | ${'NO_ALLOW_RULE'}
    ${'a credential`s service is not the caller'}        | ${{}}     | ${[allow('p/a', { who: { services: ['robot'] } })]}                                            | ${[token('robot')]}                    | ${'NO_ALLOW_RULE'}
    ${'a service denied by name, proven or not'}         | ${{}}     | ${denies({ who: { services: ['near'] } })}                                                     | ${[from('near')]}                      | ${'DENY_RULE'}
    ${'also by its credential'}                          | ${{}}     | ${denies({ who: { services: ['robot'] } })}                                                    | ${[token('robot')]}                    | ${'DENY_RULE'}
    ${'a condition of an allow sees no unproven caller'} | ${{}}     | ${[allow('p/a', { when: '!has(actor.service) && actor.domains == []' })]}                      | ${[from('near'), token('alice')]}      | ${'ALLOW_SLOW'}
    ${'and a proven one with its domains, sorted'}       | ${proven} | ${[allow('p/a', { when: 'actor.service == "near" && actor.domains == ["side", "side.in"]' })]} | ${[from('near'), token('alice')]}      | ${'ALLOW_SLOW'}
    ${'a condition of a deny sees the known one'}        | ${{}}     | ${denies({ when: 'actor.service == "near" && "side" in actor.domains' })}                      | ${[from('near')]}                      | ${'DENY_RULE'}
  `('$because', async ({ given, rules, items, reason }) => {
    expect(await answer(caller(given, rules), asked(...items))).toMatchObject({ reason });
  });
});

it('withholding evidence gives the view of an outsider, and nothing more', async () => {
  const world = shop({ rules: [allow('p/a', { who: { anonymous: true } })], access: ['anonymous'] });
  const key = evidence({ role: 'access', mechanism: 'key', subject: 'k' });
  const outsider = await answer(world, asked());
  expect(outsider).toMatchObject({ reason: 'ALLOW_SLOW', meeting: '*' });
  expect(await answer(world, asked(key))).toEqual(outsider);
  expect(await answer(world, asked(from('stranger')))).toEqual(outsider);
});
