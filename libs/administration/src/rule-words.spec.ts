import { loadBundle } from '#policy';
import { ruleWords } from './rule-words.js';

/** A rule as people write it, in braces. */
function said(rule: string, domain = 'shop'): string {
  const text = `apiVersion: dharma/v1\nkind: Policy\nmetadata: { name: p, domain: "${domain}" }\nspec: { rules: [{ id: r, ${rule} }] }\n`;
  const [located] = loadBundle([{ file: 'p.yaml', text }]).documents;
  if (located?.document.kind !== 'Policy') throw new Error('the test says no policy');
  return ruleWords(located.document.spec.rules[0]!, domain);
}

describe('a rule in words', () => {
  it.each`
    because                                              | rule                                                                                                 | words
    ${'an allow stays at its domain'}                    | ${'effect: allow, who: { roles: [agent] }, what: { endpoints: [orders/*], methods: [GET] }'}         | ${'allow GET on orders/* for role agent at shop'}
    ${'a deny reaches down'}                             | ${'effect: deny'}                                                                                    | ${'deny everything for everyone at shop and below'}
    ${'its scope may be said'}                           | ${'effect: deny, scope: self'}                                                                       | ${'deny everything for everyone at shop'}
    ${'a list means any of'}                             | ${'effect: allow, who: { groups: [a, b] }, what: { methods: [GET, PUT, POST] }'}                     | ${'allow GET, PUT or POST for group a or b at shop'}
    ${'all of some scopes is not any of them'}           | ${'effect: allow, who: { scopes: { allOf: [x, y] } }'}                                               | ${'allow everything for all of scopes x and y at shop'}
    ${'different selectors mean all of them'}            | ${'effect: allow, who: { services: [checkout], scopes: ["pay:charge"] }'}                            | ${'allow everything for service checkout with scope pay:charge at shop'}
    ${'nobody is let in without credential unawares'}    | ${'effect: allow, who: { anonymous: true }'}                                                         | ${'allow everything for everyone, even without credential at shop'}
    ${'a deny matches callers without credential too'}   | ${'effect: deny, who: { anonymous: true, roles: [agent] }'}                                          | ${'deny everything for role agent at shop and below'}
    ${'some may come without credential beside others'}  | ${'effect: allow, who: { anonymous: true, domains: ["*"] }'}                                         | ${'allow everything for callers from *, even without credential at shop'}
    ${'a rule may be about leaving'}                     | ${'effect: allow, direction: out, who: { services: [core] }, what: { endpoints: [stripe/charges] }'} | ${'allow everything on stripe/charges for service core on the way out of shop'}
    ${'a rule may only report'}                          | ${'effect: deny, mode: report'}                                                                      | ${'only report: deny everything for everyone at shop and below'}
    ${'a condition belongs to it'}                       | ${'effect: allow, when: "request.method == \'GET\'"'}                                                | ${"allow everything for everyone at shop, when `request.method == 'GET'`"}
    ${'so does the time it holds'}                       | ${'effect: allow, notBefore: 2026-12-01T00:00:00Z, notAfter: 2027-01-01T00:00:00Z'}                  | ${'allow everything for everyone at shop, from 2026-12-01T00:00:00Z, until 2027-01-01T00:00:00Z'}
    ${'an obligation is a part of the allow'}            | ${'effect: allow, obligations: [{ kind: setHeader, name: x-tier, value: gold }]'}                    | ${'allow everything for everyone at shop; must set header x-tier'}
    ${'an obligation may be left'}                       | ${'effect: allow, obligations: [{ kind: rateLimit, key: k, class: slow, critical: false }]'}         | ${'allow everything for everyone at shop; should limit the rate as slow'}
    ${'a query is told from headers'}                    | ${'effect: allow, obligations: [{ kind: removeQueryParameter, name: debug }]'}                       | ${'allow everything for everyone at shop; must remove query parameter debug'}
    ${'resources have types, actions and names'}         | ${'effect: allow, what: { resourceTypes: [record], actions: [view, edit] }'}                         | ${'allow view or edit on resource type record for everyone at shop'}
    ${'a long list is counted'}                          | ${'effect: allow, who: { principals: ["u:1", "u:2", "u:3", "u:4", "u:5", "u:6", "u:7"] }'}           | ${'allow everything for u:1, u:2, u:3, u:4, u:5 or 2 more at shop'}
    ${'counting one would be no shorter than naming it'} | ${'effect: allow, who: { principals: ["u:1", "u:2", "u:3", "u:4", "u:5", "u:6"] }'}                  | ${'allow everything for u:1, u:2, u:3, u:4, u:5 or u:6 at shop'}
  `('$because', ({ rule, words }: { rule: string; words: string }) => {
    expect(said(rule)).toBe(words);
  });

  it.each`
    because                                | rule                              | words
    ${'what nobody owns holds everywhere'} | ${'effect: deny'}                 | ${'deny everything for everyone everywhere'}
    ${'and speaks of leaving anything'}    | ${'effect: deny, direction: out'} | ${'deny everything for everyone on the way out of any domain'}
  `('of the world outside every domain: $because', ({ rule, words }: { rule: string; words: string }) => {
    expect(said(rule, '*')).toBe(words);
  });

  it('shortens a condition and keeps it on one line', () => {
    const words = said(
      `effect: allow, when: ${JSON.stringify(`true ||\n${'request.path == "/x" || '.repeat(20)}true`)}`,
    );
    expect(words).not.toContain('\n');
    expect(words.length).toBeLessThan(200);
    expect(words).toContain('…');
  });
});
