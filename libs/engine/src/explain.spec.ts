import { asking, evidence, token, worldOf } from '../../../test/reference/worlds.js';
import { allow, deny, shop } from '../../../test/engine/voices.js';
import type { DomainGiven } from '../../../test/engine/voices.js';
import { explain } from './explain.js';
import type { AccessRequest, Evidence, World } from './model.js';

/** What a service proves itself with. */
const proofOf = (service: string): Evidence => evidence({ role: 'trust', mechanism: 'mesh', subject: service });

const asked = (items: readonly Evidence[] = [token('alice')], given: Partial<AccessRequest> = {}): AccessRequest =>
  asking('GET api.example/v1', { evidence: items, ...given });

/** What would have to change: `kind domain`, and the lines of YAML where there are any. */
function changes(world: World, request: AccessRequest): string[] | null {
  const { nearestMiss, outcome } = explain(world, request);
  expect(outcome.decision).toBe('deny');
  return (
    nearestMiss?.changes.map(({ kind, domain, yaml }) =>
      [kind, domain, yaml].filter((part) => part !== null).join(' | '),
    ) ?? null
  );
}

const summaries = (world: World, request: AccessRequest): string[] =>
  explain(world, request).nearestMiss!.changes.map(({ summary }) => summary);

describe('the nearest miss of a boundary that was not crossed', () => {
  const readers = allow('p/r', { who: { scopes: ['read', 'all'] } });
  const staff = allow('p/g', { who: { groups: ['staff'] } });
  const editors = allow('p/e', { who: { roles: ['editor'] } });
  const web = 'what: { endpoints: [api/web], methods: [GET] }';

  it.each`
    because                                                  | acme                                                                                                         | request                                       | expected
    ${'the evidence is missing, a rule is there'}            | ${{ rules: [allow()] }}                                                                                      | ${asked([])}                                  | ${['evidence']}
    ${'the rule is missing too'}                             | ${{}}                                                                                                        | ${asked([])}                                  | ${['evidence', `rule | acme | - { id: allow-api-web, effect: allow, ${web} }`]}
    ${'only the rule is'}                                    | ${{}}                                                                                                        | ${asked()}                                    | ${[`rule | acme | - { id: allow-api-web, effect: allow, ${web} }`]}
    ${'a caller that proves nothing is not named'}           | ${{ trust: [] }}                                                                                             | ${asked([proofOf('member'), token('alice')])} | ${[`rule | acme | - { id: allow-api-web, effect: allow, ${web} }`]}
    ${'a rule needs one scope more'}                         | ${{ rules: [readers] }}                                                                                      | ${asked()}                                    | ${['evidence']}
    ${'a rule needs a group'}                                | ${{ rules: [staff] }}                                                                                        | ${asked()}                                    | ${['evidence']}
    ${'a rule needs a role'}                                 | ${{ rules: [editors] }}                                                                                      | ${asked()}                                    | ${['role | acme | assignments:\n  - { role: editor, principals: ["user:alice"] }']}
    ${'a rule that only reports needs nothing'}              | ${{ rules: [{ ...readers, mode: 'report' }] }}                                                               | ${asked()}                                    | ${[`rule | acme | - { id: allow-api-web, effect: allow, ${web} }`]}
    ${'a scope would not be enough'}                         | ${{ rules: [{ ...readers, when: 'false' }] }}                                                                | ${asked()}                                    | ${[`rule | acme | - { id: allow-api-web, effect: allow, ${web} }`]}
    ${'anonymous callers are accepted and have no rule'}     | ${{ access: ['anonymous'] }}                                                                                 | ${asked([])}                                  | ${[`rule | acme | - { id: allow-api-web, effect: allow, who: { anonymous: true }, ${web} }`]}
    ${'nothing at all is accepted'}                          | ${{ access: [], rules: [allow('p/a', { who: { anonymous: true } })] }}                                       | ${asked()}                                    | ${['access | acme | access: [anonymous]']}
    ${'nothing is marked'}                                   | ${{ boundary: [], rules: [allow()] }}                                                                        | ${asked()}                                    | ${['mark | acme | boundary: [api/web]']}
    ${'a deny stands in the way'}                            | ${{ rules: [allow(), deny('p/b'), deny('p/a')] }}                                                            | ${asked()}                                    | ${['rule | acme']}
    ${'two services call at once'}                           | ${{}}                                                                                                        | ${asked([proofOf('api'), proofOf('member')])} | ${['evidence']}
    ${'zero trust asks for a rule, and the caller is known'} | ${{ zeroTrust: true }}                                                                                       | ${asked([proofOf('member')])}                 | ${[`rule | acme | - { id: allow-api-web, effect: allow, who: { services: [member] }, ${web} }`]}
    ${'the target is suspended'}                             | ${{ suspended: true, rules: [allow()] }}                                                                     | ${asked()}                                    | ${['suspension | acme | suspended: false']}
    ${'an obligation cannot be carried'}                     | ${{ rules: [allow('p/o', { obligations: [{ kind: 'rateLimit', key: 'k', class: 'c', critical: true }] })] }} | ${asked(undefined, { carries: [] })}          | ${['obligation | critical: false']}
  `('$because', ({ acme, request, expected }) => {
    expect(changes(shop(acme), request)).toEqual(expected);
  });

  it('says in words who could do what', () => {
    expect(summaries(shop({ rules: [allow()] }), asked([]))).toEqual([
      'present a valid credential of `key` or `login`: acme accepts it',
    ]);
    expect(summaries(shop({ rules: [readers] }), asked())).toEqual([
      'a credential of `login` with the scope `read` or `all` would satisfy p/r',
    ]);
    const both = allow('p/b', { who: { scopes: { allOf: ['read', 'write', 'all'] } } });
    expect(summaries(shop({ rules: [both] }), asked([token('alice', { scopes: ['write'] })]))).toEqual([
      'a credential of `login` with the scope `read` and `all` would satisfy p/b',
    ]);
    expect(summaries(shop({ rules: [staff] }), asked())).toEqual(['a member of the group `staff` would satisfy p/g']);
    expect(summaries(shop({ rules: [allow(), deny('p/b'), deny('p/a')] }), asked())).toEqual([
      'p/a, p/b would have to spare this request: nothing below acme can undo a deny',
    ]);
  });
});

describe('the nearest miss elsewhere', () => {
  const tree = (domains: { readonly [name: string]: DomainGiven }, outside: World['outside'] = []): World =>
    worldOf({
      outside,
      domains: {
        acme: { trust: ['mesh'], access: ['login'], ...domains['acme'] },
        'acme.a': domains['acme.a'] ?? {},
        'acme.a.x': domains['acme.a.x'] ?? {},
        'acme.vault': domains['acme.vault'] ?? {},
        'acme.idle': { suspended: true },
      },
      services: {
        api: { domains: ['acme.a.x'], endpoints: { web: {} } },
        both: { domains: ['acme.a.x', 'acme.vault'], endpoints: { web: {} } },
        inner: { domains: ['acme.vault'] },
        idle: { domains: ['acme.idle'] },
        bank: { kind: 'external', endpoints: { pay: {} } },
      },
    });
  const open: DomainGiven = { boundary: ['api/*'], rules: [allow()] };

  it('walks every boundary, outside in, and marks from inside out', () => {
    expect(changes(tree({ acme: { rules: [allow()] }, 'acme.a': { rules: [allow()] } }), asked())).toEqual([
      'mark | acme.a.x | boundary: [api/web]',
      'mark | acme.a | boundary: [api/web]',
      'mark | acme | boundary: [api/web]',
      'rule | acme.a.x | - { id: allow-api-web, effect: allow, what: { endpoints: [api/web], methods: [GET] } }',
    ]);
  });

  it('opens the way out for the service that takes it', () => {
    const world = tree({ 'acme.vault': { egress: 'closed' } });
    expect(changes(world, asking('GET bank.example/', { evidence: [proofOf('inner')] }))).toEqual([
      'rule | acme.vault | - { id: allow-bank-pay, effect: allow, direction: out, who: { services: [inner] }, what: { endpoints: [bank/pay], methods: [GET] } }',
    ]);
  });

  it('chooses of several placements the one that is hidden least deep', () => {
    const world = tree({ acme: { boundary: ['both/*'], rules: [allow()] }, 'acme.vault': { rules: [allow()] } });
    expect(changes(world, asking('GET both.example/', { evidence: [token('alice')] }))).toEqual([
      'mark | acme.vault | boundary: [both/web]',
    ]);
  });

  it('names the domain that suspends a caller', () => {
    const world = tree({ acme: open, 'acme.a': open, 'acme.a.x': open });
    expect(changes(world, asked([proofOf('idle'), token('alice')]))).toEqual([
      'suspension | acme.idle | suspended: false',
    ]);
  });

  it('leaves a deny of the outside to the outside', () => {
    const world = tree({ acme: open, 'acme.a': open, 'acme.a.x': open }, [deny('p/o')]);
    expect(changes(world, asked())).toEqual(['rule | *']);
    expect(explain(world, asked()).owner).toEqual({ domain: '*', principals: [] });
  });

  it('asks nothing of domains that only report', () => {
    const world = tree({ acme: { boundary: ['api/*'] }, 'acme.a': { mode: 'report' } });
    expect(changes(world, asked())).toEqual([
      'rule | acme | - { id: allow-api-web, effect: allow, what: { endpoints: [api/web], methods: [GET] } }',
    ]);
  });

  it.each`
    because                                 | target                  | given
    ${'nobody listens there'}               | ${'GET none.example/'}  | ${{}}
    ${'the target is refused'}              | ${'GET api.example/..'} | ${{}}
    ${'somebody else may ask'}              | ${'GET api.example/'}   | ${{ askedFrom: 'acme.vault' }}
    ${'the caller has yet to prove itself'} | ${'GET bank.example/'}  | ${{}}
  `('there is none where $because', ({ target, given }) => {
    expect(changes(tree({}), asking(target, { evidence: [token('alice')], ...given }))).toBeNull();
  });

  it('there is none of an allow', () => {
    const { outcome, nearestMiss, owner } = explain(shop({ rules: [allow()] }), asked());
    expect({ decision: outcome.decision, nearestMiss, owner }).toEqual({
      decision: 'allow',
      nearestMiss: null,
      owner: null,
    });
  });

  it.each`
    because                                  | owners                                                                     | principals
    ${'nobody is named'}                     | ${{}}                                                                      | ${[]}
    ${'its own'}                             | ${{ 'acme.a.x': ['owner', 'user:x'], acme: ['owner', 'user:top'] }}        | ${['user:x']}
    ${'the nearest above'}                   | ${{ 'acme.a': ['owner', 'user:a'], acme: ['owner', 'user:top'] }}          | ${['user:a']}
    ${'the top'}                             | ${{ acme: ['owner', 'user:top'] }}                                         | ${['user:top']}
    ${'who may write policies does not own'} | ${{ 'acme.a.x': ['policy-admin', 'user:x'], acme: ['owner', 'user:top'] }} | ${['user:top']}
    ${'nor does an owner beside'}            | ${{ 'acme.vault': ['owner', 'user:v'] }}                                   | ${[]}
  `('the owner of the denying domain: $because', ({ owners, principals }) => {
    const at = (name: string): DomainGiven => {
      const given = owners[name] as [never, string] | undefined;
      return given === undefined ? {} : { administrators: [{ role: given[0], principals: [given[1]] }] };
    };
    const world = tree({
      acme: { ...open, ...at('acme') },
      'acme.a': { ...open, ...at('acme.a') },
      'acme.a.x': { boundary: ['api/*'], ...at('acme.a.x') },
      'acme.vault': at('acme.vault'),
    });
    expect(explain(world, asked())).toMatchObject({
      outcome: { deniedAt: 'acme.a.x' },
      owner: { domain: 'acme.a.x', principals },
    });
  });
});

describe('the walk', () => {
  it('tells the fate of every item', () => {
    const world = worldOf({
      domains: { acme: { trust: ['mesh'], access: ['login'] }, off: { suspended: true } },
      mechanisms: [{ name: 'off-login', role: 'access', kind: 'jwt', principalType: 'user', owner: 'off' }],
      services: { api: { domains: ['acme'], endpoints: { web: {} } } },
    });
    const items = [
      proofOf('api'),
      token('a', { verified: false }),
      token('b', { expiresAt: 1 }),
      token('c', { mechanism: 'nobody' }),
      { ...token('d'), mechanism: 'mesh' },
      proofOf('stranger'),
      token('e', { mechanism: 'off-login' }),
    ];
    const told = explain(world, asked(items)).evidence.map(({ fate, service, because }) => [
      fate,
      service,
      because.split(':')[0],
    ]);
    expect(told).toEqual([
      ['usable', 'api', 'kept'],
      ['unverified', null, 'dropped'],
      ['expired', null, 'dropped'],
      ['unknown-mechanism', null, 'dropped'],
      ['wrong-role', null, 'dropped'],
      ['unbound', null, 'dropped'],
      ['unusable', null, 'kept, but it opens nothing'],
    ]);
  });

  it('tells of each rule with each item why it fell out, and whether it counts', () => {
    const rules = [
      allow('p/a', { who: { scopes: ['read'] } }),
      allow('p/b', { when: 'claimed.vip == true' }),
      allow('p/c', { mode: 'report' }),
      allow('p/d'),
      deny('p/e', { who: { subjects: ['alice'] }, when: 'attributes.country == "XX"', mode: 'report' }),
    ];
    const { denies, routes } = explain(shop({ rules }), asked());
    expect(denies).toMatchObject([
      {
        rule: 'p/e',
        item: 'login alice',
        matched: true,
        counted: false,
        because: 'matched (when could not be evaluated, which counts as matched), but the rule only reports',
      },
    ]);
    expect(routes).toMatchObject([
      {
        run: 'strict',
        placement: 'acme',
        visibility: '*',
        meeting: '*',
        crossed: ['acme'],
        because: 'passed',
        checks: [
          {
            kind: 'boundary',
            domain: 'acme',
            items: ['login alice'],
            passed: true,
            rules: [
              { rule: 'p/a', matched: false, because: 'who.scopes does not match' },
              { rule: 'p/b', matched: false, because: 'when could not be evaluated' },
              { rule: 'p/c', matched: true, counted: false },
              { rule: 'p/d', matched: true, counted: true, because: 'matched' },
            ],
          },
        ],
      },
    ]);
  });
});

describe('what conditions may read', () => {
  const levels = (given: Partial<AccessRequest>, items: readonly Evidence[] = []) =>
    Object.fromEntries(
      explain(shop({}), asked(items, given)).attributes.map(({ name, level }) => [name, level] as const),
    );

  it.each`
    because                                        | given                                                                                                                                               | items                                                       | expected
    ${'the enforcement point stands behind these'} | ${{ attributes: { country: 'PT' }, context: { t: 1 } }}                                                                                             | ${[]}                                                       | ${{ 'attributes.country': 'attested', 'context.t': 'attested' }}
    ${'a client behind these'}                     | ${{ claimed: { admin: true }, headers: { 'x-a': '1', te: '' } }}                                                                                    | ${[]}                                                       | ${{ 'claimed.admin': 'claimed', 'request.headers["x-a"]': 'claimed', 'request.headers.te': 'claimed' }}
    ${'what is in a query a client wrote'}         | ${{ target: { kind: 'address', host: 'api.example', method: 'GET', path: '/?q=1&q=2' } }}                                                           | ${[]}                                                       | ${{ 'request.query.q': 'claimed' }}
    ${'claims were checked with their credential'} | ${{}}                                                                                                                                               | ${[token('ann', { claims: { tier: 1, 'a/b': 2 } })]}        | ${{ 'principal.claims.tier': 'verified', 'principal.claims["a/b"]': 'verified' }}
    ${'what is said of a subject is attested'}     | ${{}}                                                                                                                                               | ${[token('ann', { attributes: { level: 3 } })]}             | ${{ 'principal.attributes.level': 'attested' }}
    ${'nobody reads what was dropped'}             | ${{}}                                                                                                                                               | ${[token('ann', { verified: false, claims: { tier: 1 } })]} | ${{}}
    ${'trust items have no claims that are read'}  | ${{}}                                                                                                                                               | ${[{ ...proofOf('member'), claims: { tier: 1 } }]}          | ${{}}
    ${'a null is absent'}                          | ${{ attributes: { country: null } }}                                                                                                                | ${[]}                                                       | ${{}}
    ${'one name may be in both'}                   | ${{ attributes: { a: 1 }, claimed: { a: 1 } }}                                                                                                      | ${[]}                                                       | ${{ 'attributes.a': 'attested', 'claimed.a': 'claimed' }}
    ${'a resource comes with its own'}             | ${{ target: { kind: 'resource', resource: { type: 't', id: '1', properties: { owner: 'a' } }, action: { name: 'v', properties: { now: true } } } }} | ${[]}                                                       | ${{ 'action.attributes.now': 'attested', 'resource.attributes.owner': 'attested' }}
  `('is said with who stands behind it: $because', ({ given, items, expected }) => {
    expect(levels(given, items)).toEqual(expected);
  });

  it('is said without any value, in the order of the names', () => {
    const secret = { z: 'secret', a: 'secret' };
    const given = { attributes: secret, claimed: secret, context: secret, headers: secret };
    const { attributes } = explain(shop({}), asked([token('ann', { claims: secret, attributes: secret })], given));
    expect(JSON.stringify(attributes)).not.toContain('secret');
    expect(attributes.map(({ name }) => name)).toEqual(attributes.map(({ name }) => name).toSorted());
    expect(attributes).toHaveLength(12);
  });

  it('is said also of a request that is refused', () => {
    const target = { kind: 'address', host: 'api.example', method: 'GET', path: '//' } as const;
    expect(levels({ target, headers: { accept: 'a' } })).toEqual({ 'request.headers.accept': 'claimed' });
  });
});
