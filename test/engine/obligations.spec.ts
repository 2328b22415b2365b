/** What an enforcement point must do for an allow to hold. */
import type { AccessRequest, Evidence, Obligation, ObligationTemplate, World } from '#engine';
import { NOW, asking, from, token } from '../reference/worlds.js';
import type { DomainGiven } from './voices.js';
import { allow, answer, deny, shop } from './voices.js';

const set = (name: string, value: string, critical = true): ObligationTemplate => ({
  kind: 'setHeader',
  name,
  value,
  critical,
});
const remove = (name: string, critical = true): ObligationTemplate => ({ kind: 'removeHeader', name, critical });
const setParameter = (name: string, value: string): ObligationTemplate => ({
  kind: 'setQueryParameter',
  name,
  value,
  critical: true,
});
const removeParameter = (name: string): ObligationTemplate => ({ kind: 'removeQueryParameter', name, critical: true });
const limit = (key: string, given: { class?: string; critical?: boolean } = {}): ObligationTemplate => ({
  kind: 'rateLimit',
  key,
  class: 'standard',
  critical: true,
  ...given,
});
const by = (rule: string, ...obligations: readonly ObligationTemplate[]): Obligation[] =>
  obligations.map((obligation) => ({ ...obligation, rule }));
const oblige = (id: string, ...obligations: readonly ObligationTemplate[]) => allow(id, { obligations });

const asked = (items: readonly Evidence[] = [token('alice')], given: Partial<AccessRequest> = {}): AccessRequest =>
  asking('GET low.example/v1/%7e?q=1', { evidence: items, ...given });

/** `low` in `acme.low`, marked by both; `inner` in `acme.vault` may be the caller. */
function world(
  acme: DomainGiven['rules'],
  low: DomainGiven['rules'] = [allow('z/low')],
  vault: DomainGiven = {},
): World {
  return shop(
    { boundary: ['low/*'], rules: acme, access: ['login', 'key', 'anonymous'] },
    {
      domains: { 'acme.low': { boundary: ['low/*'], rules: low }, 'acme.vault': vault },
      services: { low: { domains: ['acme.low'], endpoints: { web: {} } }, inner: { domains: ['acme.vault'] } },
    },
  );
}

describe('obligations are merged', () => {
  it('outside in, then by rule, as they stand in the rule', async () => {
    const built = world(
      [oblige('p/b', set('b', '1'), remove('a')), oblige('p/a', limit('k'), set('c', '2'))],
      [oblige('a/a', set('d', '3'))],
    );
    expect((await answer(built, asked())).obligations).toEqual([
      ...by('p/a', limit('k'), set('c', '2')),
      ...by('p/b', set('b', '1'), remove('a')),
      ...by('a/a', set('d', '3')),
    ]);
  });

  it('of every allow that matched, though the first decides', async () => {
    const built = world([
      oblige('p/a', set('a', '1')),
      oblige('p/b', set('b', '1')),
      allow('p/c', { who: { subjects: ['bob'] }, obligations: [set('c', '1')] }),
      allow('p/d', { mode: 'report', obligations: [set('d', '1')] }),
    ]);
    const outcome = await answer(built, asked());
    expect(outcome.rules).toEqual(['p/a', 'z/low']);
    expect(outcome.obligations).toEqual([...by('p/a', set('a', '1')), ...by('p/b', set('b', '1'))]);
  });

  it.each`
    because                             | outer                                                                           | inner                              | kept
    ${'the outer header stands'}        | ${[set('x-tier', 'outer')]}                                                     | ${[set('x-tier', 'inner')]}        | ${['outer']}
    ${'whatever its case'}              | ${[set('X-Tier', 'outer')]}                                                     | ${[set('x-tier', 'inner')]}        | ${['outer']}
    ${'a header removed stays removed'} | ${[remove('x-tier')]}                                                           | ${[set('X-TIER', 'inner')]}        | ${['removeHeader']}
    ${'a header set is not removed'}    | ${[set('x-tier', 'outer')]}                                                     | ${[remove('x-tier')]}              | ${['outer']}
    ${'whether it is critical or not'}  | ${[set('x-tier', 'outer', false)]}                                              | ${[set('x-tier', 'inner', true)]}  | ${['outer']}
    ${'other headers stand beside it'}  | ${[set('x-tier', 'outer')]}                                                     | ${[set('x-tier2', 'inner')]}       | ${['outer', 'inner']}
    ${'one rule may say it twice'}      | ${[set('x', '1'), set('X', '2')]}                                               | ${[]}                              | ${['1']}
    ${'the outer parameter stands'}     | ${[setParameter('tier', 'outer')]}                                              | ${[setParameter('tier', 'inner')]} | ${['outer']}
    ${'another case is another one'}    | ${[setParameter('tier', 'outer')]}                                              | ${[setParameter('Tier', 'inner')]} | ${['outer', 'inner']}
    ${'one removed stays removed'}      | ${[removeParameter('tier')]}                                                    | ${[setParameter('tier', 'inner')]} | ${['removeQueryParameter']}
    ${'one set is not removed'}         | ${[setParameter('tier', 'outer')]}                                              | ${[removeParameter('tier')]}       | ${['outer']}
    ${'a parameter is no header'}       | ${[set('tier', 'outer')]}                                                       | ${[setParameter('tier', 'inner')]} | ${['outer', 'inner']}
    ${'limits add up'}                  | ${[limit('a')]}                                                                 | ${[limit('b')]}                    | ${['a', 'b']}
    ${'also equal ones of two rules'}   | ${[limit('a')]}                                                                 | ${[limit('a')]}                    | ${['a', 'a']}
    ${'of one rule equal ones are one'} | ${[limit('a'), limit('a')]}                                                     | ${[]}                              | ${['a']}
    ${'equal in every member'}          | ${[limit('a'), limit('a', { class: 'gold' }), limit('a', { critical: false })]} | ${[]}                              | ${['a', 'a', 'a']}
    ${'a limit is no header'}           | ${[limit('x-tier')]}                                                            | ${[set('x-tier', 'inner')]}        | ${['x-tier', 'inner']}
  `('$because', async ({ outer, inner, kept }) => {
    const { obligations } = await answer(world([oblige('p/o', ...outer)], [oblige('p/i', ...inner)]), asked());
    const shown = obligations.map((each) =>
      'value' in each ? each.value : each.kind === 'rateLimit' ? each.key : each.kind,
    );
    expect(shown).toEqual(kept);
  });

  it('a rule that covers a whole subtree obliges once', async () => {
    const shared = allow('p/s', { scope: 'subtree', obligations: [limit('${principal.id}')] });
    const outcome = await answer(world([shared], []), asked());
    expect(outcome).toMatchObject({ rules: ['p/s', 'p/s'], obligations: by('p/s', limit('alice')) });
  });

  it('zero trust first, egress last', async () => {
    const out = (id: string, obligation: ObligationTemplate) =>
      allow(id, { direction: 'out', obligations: [obligation] });
    const built = shop(
      { zeroTrust: true, rules: [oblige('z/in', set('in', '1'))] },
      {
        domains: { 'acme.vault': { egress: 'closed', rules: [out('a/out', set('out', '1'))] } },
        services: { inner: { domains: ['acme.vault'] } },
      },
    );
    const outcome = await answer(built, asking('GET api.example/', { evidence: [from('inner')] }));
    expect(outcome.rules).toEqual(['z/in', 'a/out']);
    expect(outcome.obligations).toEqual([...by('z/in', set('in', '1')), ...by('a/out', set('out', '1'))]);
  });

  it('a route not taken obliges to nothing', async () => {
    const built = shop(
      {},
      {
        domains: {
          'acme.a': { boundary: ['two/*'], rules: [oblige('p/a', set('a', '${claimed.none}'))] },
          'acme.b': { boundary: ['two/*'], rules: [oblige('p/b', set('b', '1'))] },
        },
        services: { two: { domains: ['acme.a', 'acme.b'], endpoints: { web: {} } } },
      },
    );
    const outcome = await answer(built, asking('GET two.example/', { evidence: [from('member'), token('alice')] }));
    expect(outcome).toMatchObject({ crossed: ['acme.b'], obligations: by('p/b', set('b', '1')) });
  });
});

describe('a text is filled in', () => {
  const claims = {
    tier: 'gold',
    n: 7,
    d: 1.5,
    yes: true,
    none: null,
    list: ['a'],
    map: { deep: 'x' },
    bad: 'a\nb',
    far: 'é',
    edge: ' a',
    tab: 'a\tb',
    empty: '',
  };
  const alice = token('alice', { claims });

  it.each`
    because                                        | text                                     | value
    ${'a text'}                                    | ${'${principal.claims.tier}'}            | ${'gold'}
    ${'among others'}                              | ${'<${principal.type}:${principal.id}>'} | ${'<user:alice>'}
    ${'a whole number'}                            | ${'${principal.claims.n}'}               | ${'7'}
    ${'a decimal one'}                             | ${'${principal.claims.d}'}               | ${'1.5'}
    ${'a truth'}                                   | ${'${principal.claims.yes}'}             | ${'true'}
    ${'an instant'}                                | ${'${request.time}'}                     | ${new Date(NOW).toISOString()}
    ${'a member of a member'}                      | ${'${principal.claims.map.deep}'}        | ${'x'}
    ${'the empty text'}                            | ${'${principal.claims.empty}'}           | ${''}
    ${'a tab inside'}                              | ${'${principal.claims.tab}'}             | ${'a\tb'}
    ${'the canonical path'}                        | ${'${request.path}'}                     | ${'/v1/~'}
    ${'where the target is'}                       | ${'${target.endpoint}'}                  | ${'low/web'}
    ${'nothing is there'}                          | ${'${principal.claims.missing}'}         | ${undefined}
    ${'null is nothing'}                           | ${'${principal.claims.none}'}            | ${undefined}
    ${'a list is no text'}                         | ${'${principal.claims.list}'}            | ${undefined}
    ${'nor is a map'}                              | ${'${principal.claims.map}'}             | ${undefined}
    ${'a line feed begins a header'}               | ${'${principal.claims.bad}'}             | ${undefined}
    ${'letters outside ASCII have no one reading'} | ${'${principal.claims.far}'}             | ${undefined}
    ${'a space at an edge is trimmed by some'}     | ${'${principal.claims.edge}'}            | ${undefined}
    ${'inside it stays'}                           | ${'a${principal.claims.edge}'}           | ${'a a'}
    ${'inherited members are nobody`s'}            | ${'${principal.claims.constructor}'}     | ${undefined}
  `('$text: $because', async ({ text, value }) => {
    for (const having of [(filled: string) => set('x', filled), (filled: string) => setParameter('x', filled), limit]) {
      const outcome = await answer(world([oblige('p/o', having(text))]), asked([alice]));
      expect(outcome).toMatchObject(
        value === undefined ? { reason: 'NO_ALLOW_RULE', deniedAt: 'acme' } : { obligations: by('p/o', having(value)) },
      );
    }
  });

  it('or the rule does not match, and another may', async () => {
    const built = world([oblige('p/a', set('x', '${claimed.none}')), oblige('p/b', set('y', '1'))]);
    expect(await answer(built, asked())).toMatchObject({
      rules: ['p/b', 'z/low'],
      obligations: by('p/b', set('y', '1')),
    });
  });

  it.each`
    because                         | items                                             | value
    ${'by mechanism'}               | ${[token('a'), token('z', { mechanism: 'key' })]} | ${'z'}
    ${'then by subject'}            | ${[token('b'), token('a')]}                       | ${'a'}
    ${'in the order of bytes'}      | ${[token('b'), token('B')]}                       | ${'B'}
    ${'the first that has a value'} | ${[token('é'), token('b')]}                       | ${'b'}
  `('with the first item that makes the rule match, $because', async ({ items, value }) => {
    const built = world([
      allow('p/o', { who: { principals: ['user:*', 'client:*'] }, obligations: [set('x', '${principal.id}')] }),
    ]);
    expect((await answer(built, asked(items))).obligations).toEqual(by('p/o', set('x', value)));
  });

  it('and with that one only', async () => {
    const built = world([oblige('p/o', limit('${principal.id}'))]);
    expect((await answer(built, asked([token('b'), token('a')]))).obligations).toEqual(by('p/o', limit('a')));
  });

  it('of two credentials alike but for their claims the first is so by canonical JSON', async () => {
    const built = world([oblige('p/o', set('x', '${principal.claims.v}'))]);
    const items = [token('a', { claims: { v: '2', a: '1' } }), token('a', { claims: { v: '1' } })];
    expect((await answer(built, asked(items))).obligations).toEqual(by('p/o', set('x', '2')));
    expect((await answer(built, asked(items.toReversed()))).obligations).toEqual(by('p/o', set('x', '2')));
  });

  it('where no credential is needed, with none', async () => {
    const built = shop({ zeroTrust: true, rules: [oblige('p/o', set('x', '<${principal.id}>'))] });
    const outcome = await answer(built, asking('GET api.example/', { evidence: [from('member'), token('alice')] }));
    expect(outcome.obligations).toEqual(by('p/o', set('x', '<>')));
  });
});

describe('an obligation that the asking convention cannot carry', () => {
  it.each`
    because                                          | obligation                         | carries                       | reason
    ${'every convention carries what none is named'} | ${limit('k')}                      | ${undefined}                  | ${'ALLOW_SLOW'}
    ${'this one does'}                               | ${limit('k')}                      | ${['setHeader', 'rateLimit']} | ${'ALLOW_SLOW'}
    ${'this one does not'}                           | ${limit('k')}                      | ${['setHeader']}              | ${'OBLIGATION_UNSUPPORTED'}
    ${'setting is not removing'}                     | ${remove('x')}                     | ${['setHeader']}              | ${'OBLIGATION_UNSUPPORTED'}
    ${'a query is no header'}                        | ${setParameter('x', '1')}          | ${['setHeader']}              | ${'OBLIGATION_UNSUPPORTED'}
    ${'and is taken from by itself'}                 | ${removeParameter('x')}            | ${['setQueryParameter']}      | ${'OBLIGATION_UNSUPPORTED'}
    ${'whoever can change it does'}                  | ${setParameter('x', '1')}          | ${['setQueryParameter']}      | ${'ALLOW_SLOW'}
    ${'none at all'}                                 | ${set('x', '1')}                   | ${[]}                         | ${'OBLIGATION_UNSUPPORTED'}
    ${'what is not critical may be left undone'}     | ${set('x', '1', false)}            | ${[]}                         | ${'ALLOW_SLOW'}
    ${'and is said nonetheless'}                     | ${limit('k', { critical: false })} | ${['setHeader']}              | ${'ALLOW_SLOW'}
  `('$because', async ({ obligation, carries, reason }) => {
    const outcome = await answer(world([oblige('p/o', obligation)]), asked(undefined, { carries }));
    expect(outcome).toMatchObject(
      reason === 'ALLOW_SLOW'
        ? { reason, obligations: by('p/o', obligation) }
        : {
            decision: 'deny',
            reason,
            route: null,
            deniedAt: null,
            meeting: null,
            crossed: [],
            rules: [],
            obligations: [],
          },
    );
  });

  it('denies though a rule without it would have done', async () => {
    const outcome = await answer(world([allow('p/a'), oblige('p/o', limit('k'))]), asked(undefined, { carries: [] }));
    expect(outcome).toMatchObject({ reason: 'OBLIGATION_UNSUPPORTED' });
  });

  it('is not softened by report mode, and says nothing of it', async () => {
    const built = shop({ mode: 'report', rules: [oblige('p/o', limit('k')), deny('p/d')] });
    const outcome = await answer(built, asking('GET api.example/', { evidence: [token('alice')], carries: [] }));
    expect(outcome).toMatchObject({ decision: 'deny', reason: 'OBLIGATION_UNSUPPORTED', deniedAt: null });
    expect(outcome).not.toHaveProperty('wouldDeny');
  });

  it('does not matter to a denial', async () => {
    const outcome = await answer(world([oblige('p/o', limit('k'))], []), asked(undefined, { carries: [] }));
    expect(outcome).toMatchObject({ reason: 'NO_ALLOW_RULE', deniedAt: 'acme.low' });
  });
});
