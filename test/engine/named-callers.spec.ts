/** Whom an allow names, as a service and as a principal; and whether a denied caller lacks nothing but a scope. */
import fc from 'fast-check';
import { compile, explain, lacksOnlyScopes, specify } from '#engine';
import type { AccessRequest, Evidence, World } from '#engine';
import { asking, evidence, from, token } from '../reference/worlds.js';
import { RUNS } from '../properties/runs.js';
import { situations } from '../properties/worlds.js';
import { allow, answer, deny, shop } from './voices.js';

const asked = (...items: Evidence[]): AccessRequest => asking('GET api.example/', { evidence: items });
const key = (subject: string, given: Partial<Evidence> = {}): Evidence =>
  evidence({ role: 'access', mechanism: 'key', subject, ...given });
const of = (mechanism: string, subject: string): Evidence => evidence({ role: 'access', mechanism, subject });

const ANYONE = allow('p/anyone', { who: { anonymous: true } });

describe('an allow names', () => {
  /** Anyone may come in; keys of `pass` name users too, and nothing here accepts the others. */
  const world = shop(
    { access: ['login', 'pass', 'card', 'anonymous'], rules: [ANYONE] },
    {
      domains: { gone: { suspended: true } },
      services: { sleeper: { domains: ['gone'], identities: [{ mechanism: 'login', subject: 'bot' }] } },
      mechanisms: [
        { name: 'pass', role: 'access', kind: 'apiKey', principalType: 'user' },
        { name: 'card', role: 'access', kind: 'apiKey', principalType: 'client' },
        { name: 'mail', role: 'access', kind: 'jwt', principalType: 'user' },
        { name: 'lost', role: 'access', kind: 'jwt', principalType: 'user', owner: 'gone' },
      ],
    },
  );

  it.each`
    because                                           | items                                              | actor       | principal
    ${'nobody has shown anything'}                    | ${[]}                                              | ${null}     | ${null}
    ${'a token names its user'}                       | ${[token('ann')]}                                  | ${null}     | ${'user:ann'}
    ${'a service is named beside it'}                 | ${[from('member'), token('ann')]}                  | ${'member'} | ${'user:ann'}
    ${'a service alone is no principal'}              | ${[from('member')]}                                | ${'member'} | ${null}
    ${'two credentials of one user name one'}         | ${[token('ann'), of('pass', 'ann')]}               | ${null}     | ${'user:ann'}
    ${'of two users none is the one'}                 | ${[token('ann'), token('bob')]}                    | ${null}     | ${null}
    ${'nor is the one that was said last'}            | ${[token('ann'), of('pass', 'ann'), token('bob')]} | ${null}     | ${null}
    ${'one id of two types is two principals'}        | ${[of('card', 'ann'), token('ann')]}               | ${null}     | ${null}
    ${'what the target accepts counts, not the rest'} | ${[key('k'), token('ann'), of('mail', 'bob')]}     | ${null}     | ${'user:ann'}
    ${'in any order'}                                 | ${[of('mail', 'bob'), token('ann'), key('k')]}     | ${null}     | ${'user:ann'}
    ${'the rest cannot mend a doubt there'}           | ${[token('ann'), token('bob'), key('k')]}          | ${null}     | ${null}
    ${'what the target does not accept names nobody'} | ${[of('mail', 'ceo')]}                             | ${null}     | ${null}
    ${'nor on the fast path'}                         | ${[from('member'), of('mail', 'ceo')]}             | ${'member'} | ${null}
    ${'an owner that is suspended names nobody'}      | ${[of('lost', 'ann')]}                             | ${null}     | ${null}
    ${'nor disturbs who is named'}                    | ${[of('lost', 'bob'), token('ann')]}               | ${null}     | ${'user:ann'}
    ${'the key of a suspended service names nobody'}  | ${[token('bot')]}                                  | ${null}     | ${null}
    ${'what nobody verified names nobody'}            | ${[token('ann', { verified: false })]}             | ${null}     | ${null}
  `('$principal and $actor: $because', async ({ items, actor, principal }) => {
    expect(await answer(world, asked(...items))).toMatchObject({ decision: 'allow', actor, principal });
    expect(explain(world, asked(...items)).outcome).toMatchObject({ actor, principal });
  });

  it('no service that has proven nothing, although its evidence is kept', async () => {
    const distrusting = shop({ trust: [], access: ['anonymous'], rules: [ANYONE] });
    expect(await answer(distrusting, asked(from('member')))).toMatchObject({ decision: 'allow', actor: null });
  });

  it('of a call that goes outside no principal, for there is no placement to accept its credentials', async () => {
    const world = shop(
      {},
      { services: { bank: { kind: 'external', endpoints: { api: { hosts: ['bank.example'] } } } } },
    );
    const out = (...items: Evidence[]) => asking('GET bank.example/', { evidence: [from('member'), ...items] });
    expect(await answer(world, out(token('ann')))).toMatchObject({
      reason: 'ALLOW_EGRESS',
      actor: 'member',
      principal: null,
    });
  });

  it('by the placement of the route that was taken, not of another', async () => {
    const twofold = shop(
      { access: [] },
      {
        domains: {
          north: { trust: ['mesh'], access: ['login'], boundary: ['api/*'] },
          south: { access: ['key'], boundary: ['api/*'], rules: [allow('p/keys')] },
        },
        services: { api: { domains: ['north', 'south'], endpoints: { web: {} } } },
      },
    );
    expect(await answer(twofold, asked(token('ann'), key('k')))).toMatchObject({
      crossed: ['south'],
      principal: 'client:k',
    });
  });
});

it('a denial names nobody', async () => {
  const world = shop({ rules: [allow(), deny()] });
  expect(await answer(world, asked(from('member'), token('ann')))).toMatchObject({
    reason: 'DENY_RULE',
    actor: null,
    principal: null,
  });
});

describe('a denied request lacks only a scope', () => {
  const reading = allow('p/read', { who: { scopes: ['read'] } });
  const other = allow('p/other', { who: { scopes: ['other'], subjects: ['nobody'] } });

  it.each`
    because                                               | rules                                                                | items                                    | lacks
    ${'its token has none'}                               | ${[reading]}                                                         | ${[token('ann')]}                        | ${true}
    ${'its token has another'}                            | ${[reading, other]}                                                  | ${[token('ann', { scopes: ['other'] })]} | ${true}
    ${'it has one of two that are asked for together'}    | ${[allow('p/a', { who: { scopes: { allOf: ['read', 'write'] } } })]} | ${[token('ann', { scopes: ['read'] })]}  | ${true}
    ${'the scope is for somebody else'}                   | ${[other]}                                                           | ${[token('ann')]}                        | ${false}
    ${'nothing asks for a scope'}                         | ${[allow('p/a', { who: { subjects: ['bob'] } })]}                    | ${[token('ann')]}                        | ${false}
    ${'without a credential there is none to have it'}    | ${[reading]}                                                         | ${[]}                                    | ${false}
    ${'a rule that only reports opens nothing'}           | ${[allow('p/a', { mode: 'report', who: { scopes: ['read'] } })]}     | ${[token('ann')]}                        | ${false}
    ${'a deny does not fall for a scope'}                 | ${[reading, deny()]}                                                 | ${[token('ann')]}                        | ${false}
    ${'what denies ask for is no scope to be had'}        | ${[reading, deny('p/d', { who: { scopes: ['bad'] } })]}              | ${[token('ann')]}                        | ${true}
    ${'a condition still has to hold'}                    | ${[allow('p/a', { who: { scopes: ['read'] }, when: 'false' })]}      | ${[token('ann')]}                        | ${false}
    ${'what nobody verified is not made good by a scope'} | ${[reading]}                                                         | ${[token('ann', { verified: false })]}   | ${false}
  `('($lacks): $because', ({ rules, items, lacks }) => {
    expect(lacksOnlyScopes(compile(shop({ rules })), asked(...items))).toBe(lacks);
  });

  it('whatever becomes of a credential that opens nothing: it is given none', () => {
    const world = shop(
      { rules: [reading, deny('p/d', { who: { mechanisms: ['lost'], scopes: ['read'] } })] },
      {
        domains: { gone: { suspended: true } },
        mechanisms: [{ name: 'lost', role: 'access', kind: 'jwt', principalType: 'user', owner: 'gone' }],
      },
    );
    expect(lacksOnlyScopes(compile(world), asked(token('ann'), of('lost', 'ann')))).toBe(true);
  });

  it('is told up to a thousand scopes, for finding out has to stay cheap', () => {
    const many = (count: number): World =>
      shop({ rules: [allow('p/a', { who: { scopes: Array.from({ length: count }, (_, at) => `s-${at}`) } })] });
    expect(lacksOnlyScopes(compile(many(1_000)), asked(token('ann')))).toBe(true);
    expect(lacksOnlyScopes(compile(many(1_001)), asked(token('ann')))).toBe(false);
  });

  it('as the specification says of the same credentials with those scopes', () => {
    fc.assert(
      fc.property(situations(40), ({ generated: { world }, requests }) => {
        const snapshot = compile(world);
        const scopes = snapshot.scopesAsked;
        for (const request of requests) {
          const usable = explain(world, request).evidence.map(({ fate }) => fate === 'usable');
          const items = request.evidence.map((item, at) =>
            usable[at] === true && item.role === 'access' ? { ...item, scopes } : item,
          );
          const { decision } = specify(world, { ...request, evidence: items });
          expect(lacksOnlyScopes(snapshot, request)).toBe(scopes.length > 0 && decision === 'allow');
        }
      }),
      { numRuns: RUNS.law / 10 },
    );
  });
});

it('a snapshot knows every header that some rule sets, by the form in which careless readers take its name', () => {
  const setting = (...names: string[]) =>
    names.map((name) => ({ kind: 'setHeader', name, value: '', critical: true }) as const);
  const world = shop({
    rules: [
      allow('p/a', { obligations: setting('X-Tier', 'x_tier') }),
      allow('p/b', { mode: 'report', obligations: setting('x.tier', 'x-tier') }),
      allow('p/c', { obligations: [{ kind: 'removeHeader', name: 'x-debug', critical: true }] }),
    ],
  });
  expect([...compile(world).headersSet]).toEqual([['x-tier', ['x-tier', 'x.tier', 'x_tier']]]);
});
