/** Domains that only report: what they would have denied is allowed, and never what others enforce. */
import type { Evidence, Outcome, World } from '#engine';
import { asking, from, token, worldOf } from '../reference/worlds.js';
import type { DomainGiven } from './voices.js';
import { allow, answer, deny } from './voices.js';

type Domains = { readonly [name: string]: DomainGiven };
const report: DomainGiven = { mode: 'report' };
const enforce: DomainGiven = { mode: 'enforce' };
const marked: DomainGiven = { boundary: ['api/*'] };

/** `api` in `acme.team`; callers `inside`, `near` (in `acme`) and `vault` (in `acme.vault`); `bank` outside. */
function world(domains: Domains, outside = [] as readonly ReturnType<typeof deny>[]): World {
  return worldOf({
    outside,
    domains: {
      acme: { trust: ['mesh'], access: ['login'], ...domains['acme'] },
      'acme.team': domains['acme.team'] ?? {},
      'acme.vault': domains['acme.vault'] ?? {},
      'acme.idle': { suspended: true, ...report },
    },
    services: {
      api: { domains: ['acme.team'], endpoints: { web: {} } },
      near: { domains: ['acme'] },
      vault: { domains: ['acme.vault'] },
      idle: { domains: ['acme.idle'], endpoints: { web: {} } },
      bank: { kind: 'external', endpoints: { pay: {} } },
    },
  });
}

const ask = (
  domains: Domains,
  items: readonly Evidence[],
  target = 'GET api.example/',
  outside?: readonly ReturnType<typeof deny>[],
): Promise<Outcome> => answer(world(domains, outside), asking(target, { evidence: items }));

const inside = [from('api')];
const near = [from('near'), token('alice')];
const outsider = [token('alice')];

describe('a reporting domain', () => {
  it.each`
    because                                        | domains                                                                                              | items                              | wouldDeny
    ${'passes over its own missing rule'}          | ${{ 'acme.team': { ...report, ...marked } }}                                                         | ${near}                            | ${{ reason: 'NO_ALLOW_RULE', deniedAt: 'acme.team' }}
    ${'and missing evidence'}                      | ${{ 'acme.team': { ...report, ...marked } }}                                                         | ${[from('near')]}                  | ${{ reason: 'ACCESS_EVIDENCE_MISSING', deniedAt: 'acme.team' }}
    ${'and its own missing mark'}                  | ${{ 'acme.team': report }}                                                                           | ${near}                            | ${{ reason: 'NOT_VISIBLE', deniedAt: null }}
    ${'and its own deny'}                          | ${{ 'acme.team': { ...report, rules: [deny()] } }}                                                   | ${inside}                          | ${{ reason: 'DENY_RULE', deniedAt: 'acme.team' }}
    ${'and zero trust'}                            | ${{ 'acme.team': { ...report, zeroTrust: true } }}                                                   | ${inside}                          | ${{ reason: 'NO_ALLOW_RULE', deniedAt: 'acme.team' }}
    ${'and a closed exit'}                         | ${{ 'acme.team': { ...marked, rules: [allow()] }, 'acme.vault': { ...report, egress: 'closed' } }}   | ${[from('vault'), token('alice')]} | ${{ reason: 'EGRESS_CLOSED', deniedAt: 'acme.vault' }}
    ${'inherits its mode'}                         | ${{ acme: report, 'acme.team': marked }}                                                             | ${near}                            | ${{ reason: 'NO_ALLOW_RULE', deniedAt: 'acme.team' }}
    ${'the first noted deny is named'}             | ${{ acme: { ...report, rules: [deny('p/b'), deny('p/c')] }, 'acme.team': { rules: [deny('p/d')] } }} | ${inside}                          | ${{ reason: 'DENY_RULE', deniedAt: 'acme' }}
    ${'by rule, wherever it is from'}              | ${{ acme: { ...report, rules: [deny('p/d')] }, 'acme.team': { rules: [deny('p/a')] } }}              | ${inside}                          | ${{ reason: 'DENY_RULE', deniedAt: 'acme.team' }}
    ${'a noted deny before what failed besides'}   | ${{ 'acme.team': { ...report, zeroTrust: true, rules: [deny()] } }}                                  | ${inside}                          | ${{ reason: 'DENY_RULE', deniedAt: 'acme.team' }}
    ${'all of them on the way pass it over'}       | ${{ acme: { ...report, ...marked }, 'acme.team': marked }}                                           | ${outsider}                        | ${{ reason: 'NO_ALLOW_RULE', deniedAt: 'acme' }}
    ${'nothing was amiss'}                         | ${{ acme: report, 'acme.team': { ...marked, rules: [allow()] } }}                                    | ${near}                            | ${undefined}
    ${'a rule that only reports was never a deny'} | ${{ acme: { rules: [deny('p/d', { mode: 'report' })] } }}                                            | ${inside}                          | ${undefined}
  `('$because', async ({ domains, items, wouldDeny }) => {
    const outcome = await ask(domains, items);
    expect(outcome).toMatchObject({ decision: 'allow', deniedAt: null });
    expect(outcome.wouldDeny).toEqual(wouldDeny);
  });

  it.each`
    because                                          | domains                                                                                             | items       | expected
    ${'does not open the one above'}                 | ${{ acme: marked, 'acme.team': { ...report, ...marked } }}                                          | ${outsider} | ${{ reason: 'NO_ALLOW_RULE', deniedAt: 'acme' }}
    ${'nor make it mark'}                            | ${{ 'acme.team': { ...report, ...marked } }}                                                        | ${outsider} | ${{ reason: 'NOT_VISIBLE', deniedAt: null }}
    ${'nor open an enforcing one below'}             | ${{ acme: { ...report, ...marked }, 'acme.team': { ...enforce, ...marked } }}                       | ${outsider} | ${{ reason: 'NO_ALLOW_RULE', deniedAt: 'acme.team' }}
    ${'nor lift a deny of an enforcing one'}         | ${{ acme: { ...report, rules: [deny('p/a')] }, 'acme.team': { ...enforce, rules: [deny('p/b')] } }} | ${inside}   | ${{ reason: 'DENY_RULE', deniedAt: 'acme.team', rules: ['p/b'] }}
    ${'nor one that an enforcing one has for below'} | ${{ acme: { rules: [deny('p/a')] }, 'acme.team': report }}                                          | ${inside}   | ${{ reason: 'DENY_RULE', deniedAt: 'acme' }}
    ${'nor stand in for evidence it lacks'}          | ${{ acme: { ...report, ...marked }, 'acme.team': { ...enforce, ...marked, access: [] } }}           | ${outsider} | ${{ reason: 'ACCESS_EVIDENCE_MISSING', deniedAt: 'acme.team' }}
  `('$because', async ({ domains, items, expected }) => {
    const outcome = await ask(domains, items);
    expect(outcome).toMatchObject({ decision: 'deny', ...expected });
    expect(outcome).not.toHaveProperty('wouldDeny');
  });

  it('answers with the failure of the second run when that fails too', async () => {
    // Strictly the endpoint is not visible; with the mark that the reporting domain lacks, its parent's rule is.
    const domains = { acme: marked, 'acme.team': report };
    expect(await ask(domains, outsider)).toMatchObject({ reason: 'NO_ALLOW_RULE', deniedAt: 'acme' });
  });

  it('contributes no rule where its check failed, and its rules where it passed', async () => {
    const domains = {
      acme: { ...report, ...marked, rules: [] },
      'acme.team': { ...enforce, ...marked, rules: [allow('p/t')] },
    };
    expect(await ask(domains, outsider)).toMatchObject({
      decision: 'allow',
      rules: ['p/t'],
      crossed: ['acme', 'acme.team'],
    });
    const passing = {
      acme: { ...report, ...marked, rules: [allow('p/a'), deny('p/d')] },
      'acme.team': domains['acme.team'],
    };
    expect(await ask(passing, outsider)).toMatchObject({ rules: ['p/a', 'p/t'], wouldDeny: { reason: 'DENY_RULE' } });
  });

  it('never softens what the outside denies', async () => {
    const all = { acme: report };
    expect(await ask(all, inside, undefined, [deny('p/o')])).toMatchObject({ reason: 'DENY_RULE', deniedAt: '*' });
  });

  it.each`
    because                  | items                          | target                    | reason
    ${'an unknown endpoint'} | ${inside}                      | ${'GET nowhere.example/'} | ${'UNKNOWN_ENDPOINT'}
    ${'a refused target'}    | ${inside}                      | ${'GET api.example/..'}   | ${'INVALID_REQUEST'}
    ${'a suspended target'}  | ${inside}                      | ${'GET idle.example/'}    | ${'TARGET_DOMAIN_SUSPENDED'}
    ${'a suspended caller'}  | ${[from('idle')]}              | ${'GET api.example/'}     | ${'CALLER_SUSPENDED'}
    ${'two callers'}         | ${[from('api'), from('near')]} | ${'GET api.example/'}     | ${'AMBIGUOUS_CALLER'}
    ${'an unproven way out'} | ${outsider}                    | ${'GET bank.example/'}    | ${'NOT_VISIBLE'}
  `('never softens $because', async ({ items, target, reason }) => {
    expect(await ask({ acme: report }, items, target)).toMatchObject({ decision: 'deny', reason });
  });
});
