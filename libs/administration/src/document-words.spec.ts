import { loadBundle, type PolicyDocument } from '#policy';
import { documentWords } from './document-words.js';

function documentOf(kind: string, metadata: string, spec: string): PolicyDocument {
  const text = `apiVersion: dharma/v1\nkind: ${kind}\nmetadata: { ${metadata} }\nspec: ${spec}\n`;
  const [located] = loadBundle([{ file: 'd.yaml', text }]).documents;
  if (located === undefined) throw new Error(`the test says no ${kind}`);
  return located.document;
}

const domain = (spec: string) => documentOf('Domain', 'name: shop', spec);
const service = (spec: string) => documentOf('Service', 'name: orders', spec);
const words = (before: PolicyDocument | undefined, after: PolicyDocument | undefined) =>
  documentWords(before, after).words;

describe('a domain in words', () => {
  it.each`
    because                                     | before                                                                            | after                                                                                                                            | said
    ${'a mark opens'}                           | ${'{}'}                                                                           | ${'{ boundary: ["orders/*"] }'}                                                                                                  | ${'opens orders/*'}
    ${'a mark that goes closes'}                | ${'{ boundary: ["orders/*", "pay/all"] }'}                                        | ${'{ boundary: ["orders/*"] }'}                                                                                                  | ${'closes pay/all'}
    ${'an empty set seals'}                     | ${'{ trust: [a] }'}                                                               | ${'{ trust: [] }'}                                                                                                               | ${'trusts nothing: sealed'}
    ${'an absent set is inherited'}             | ${'{ access: [a] }'}                                                              | ${'{}'}                                                                                                                          | ${'inherits its access'}
    ${'a set may take the place of nothing'}    | ${'{}'}                                                                           | ${'{ access: [anonymous, a] }'}                                                                                                  | ${'accepts anonymous and a'}
    ${'a set grows and shrinks'}                | ${'{ trust: [a, b] }'}                                                            | ${'{ trust: [b, c] }'}                                                                                                           | ${'also trusts c; no longer trusts a'}
    ${'flags have two sides'}                   | ${'{ zeroTrust: true, suspended: true }'}                                         | ${'{ egress: closed }'}                                                                                                          | ${'is no longer suspended; needs no rule inside any more; closes its egress'}
    ${'a default that is said changes nothing'} | ${'{ egress: open, suspended: false }'}                                           | ${'{}'}                                                                                                                          | ${'changes in what is not said here'}
    ${'a mode is inherited when it goes'}       | ${'{ mode: report }'}                                                             | ${'{}'}                                                                                                                          | ${'inherits its mode'}
    ${'policy may grow too old'}                | ${'{}'}                                                                           | ${'{ maxStalenessSeconds: 60 }'}                                                                                                 | ${'denies when its policy is older than 60 s'}
    ${'mechanisms have names'}                  | ${'{ mechanisms: [{ name: m, role: trust, kind: mtls, mtls: { match: dns } }] }'} | ${'{ mechanisms: [{ name: m, role: trust, kind: mtls, mtls: { match: subject } }, { name: n, role: access, kind: asserted }] }'} | ${'adds mechanism n (access, asserted); changes mechanism m (trust, mtls)'}
    ${'administration is delegated'}            | ${'{}'}                                                                           | ${'{ administrators: [{ role: owner, principals: ["group:leads"] }] }'}                                                          | ${'is administered by group:leads as owner'}
  `('$because', ({ before, after, said }: { before: string; after: string; said: string }) => {
    expect(words(domain(before), domain(after))).toBe(said);
  });

  it('is told whole when it comes and when it goes', () => {
    const shop = domain('{ access: [anonymous], boundary: ["orders/*"], addresses: [shop.example] }');
    expect(words(undefined, shop)).toBe('opens orders/*; accepts anonymous; claims shop.example');
    expect(words(shop, undefined)).toBe('it opens orders/*, accepts anonymous, claims shop.example');
    expect(words(undefined, domain('{}'))).toBe('says nothing yet');
  });
});

describe('other kinds in words', () => {
  it.each`
    because                                       | kind                  | metadata                | before                                                           | after                                                                                                         | said
    ${'a service moves'}                          | ${'Service'}          | ${'name: x'}            | ${'{ domains: [a] }'}                                            | ${'{ domains: [b], kind: gateway }'}                                                                          | ${'is a gateway; joins b; leaves a'}
    ${'a service is known by its identities'}     | ${'Service'}          | ${'name: x'}            | ${'{ domains: [a] }'}                                            | ${'{ domains: [a], identities: [{ mechanism: m, subject: s }] }'}                                             | ${'is known by s (m)'}
    ${'an endpoint changes'}                      | ${'Service'}          | ${'name: x'}            | ${'{ domains: [a], endpoints: [{ name: e }] }'}                  | ${'{ domains: [a], endpoints: [{ name: e, preflight: allow }] }'}                                             | ${'changes endpoint e'}
    ${'roles are assigned to people'}             | ${'RoleSet'}          | ${'name: x, domain: a'} | ${'{ assignments: [{ role: clerk, principals: ["user:bo"] }] }'} | ${'{ roles: [{ name: clerk }], assignments: [{ role: clerk, principals: ["user:al"] }] }'}                    | ${'adds role clerk; assigns clerk to user:al; withdraws clerk to user:bo'}
    ${'entities are counted when there are many'} | ${'EntitySet'}        | ${'name: x, domain: a'} | ${'{}'}                                                          | ${`{ entities: [${[1, 2, 3, 4, 5, 6, 7, 8].map((id) => `{ type: r, id: "${id}" }`).join(', ')}] }`}           | ${'adds r:1, r:2, r:3, r:4, r:5 and 3 more'}
    ${'an enforcement point may more'}            | ${'EnforcementPoint'} | ${'name: x, domain: a'} | ${'{ credentials: [{ kind: unixSocket }] }'}                     | ${`{ credentials: [{ kind: apiKey, id: k, sha256: ${'ab'.repeat(32)} }], mayAssert: [m], mayExplain: true }`} | ${'proves itself by key k (abababab…); no longer by unix socket; may assert m; may explain'}
    ${'cases have reasons'}                       | ${'Test'}             | ${'name: x'}            | ${'{ cases: [] }'}                                               | ${'{ cases: [{ because: it must, request: { target: { endpoint: a/b } }, expect: { decision: deny } }] }'}    | ${'adds case “it must”'}
  `('$because', ({ kind, metadata, before, after, said }: Record<string, string>) => {
    expect(words(documentOf(kind!, metadata!, before!), documentOf(kind!, metadata!, after!))).toBe(said);
  });

  it.each`
    because                                      | before                      | after                    | said
    ${'remarks and spelling mean nothing'}       | ${'{ domains: [a] } # old'} | ${'{domains: ["a"]}'}    | ${'another spelling'}
    ${'an order that means nothing is not said'} | ${'{ domains: [a, b] }'}    | ${'{ domains: [b, a] }'} | ${'changes in what is not said here'}
  `('$because', ({ before, after, said }: Record<string, string>) => {
    expect(words(service(before!), service(after!))).toBe(said);
  });

  it('tells of what is beside the spec', () => {
    const before = documentOf('Domain', 'name: shop, description: a', '{}');
    const after = documentOf('Domain', 'name: shop, description: b, labels: { team: x }', '{}');
    expect(words(before, after)).toBe('another description; other labels');
  });
});

describe('a policy in words', () => {
  const policy = (rules: string, owner = 'shop') =>
    documentOf('Policy', `name: base, domain: ${owner}`, `{ rules: [${rules}] }`);

  it('counts its rules and tells each', () => {
    const before = policy('{ id: a, effect: allow }, { id: b, effect: deny }, { id: same, effect: deny }');
    const after = policy('{ id: b, effect: deny, mode: report }, { id: c, effect: allow }, { id: same, effect: deny }');
    expect(documentWords(before, after)).toEqual({
      words: '1 rule added, 1 changed, 1 removed',
      rules: [
        { change: 'removed', id: 'base/a', words: 'allow everything for everyone at shop' },
        {
          change: 'changed',
          id: 'base/b',
          words:
            'only report: deny everything for everyone at shop and below (was: deny everything for everyone at shop and below)',
        },
        { change: 'added', id: 'base/c', words: 'allow everything for everyone at shop' },
      ],
    });
  });

  it('tells a change that its sentence does not show', () => {
    const { rules } = documentWords(
      policy('{ id: a, effect: allow }'),
      policy('{ id: a, effect: allow, description: why }'),
    );
    expect(rules).toEqual([
      {
        change: 'changed',
        id: 'base/a',
        words: 'allow everything for everyone at shop (differs in what is not said here)',
      },
    ]);
  });

  it('changes all its rules when it moves', () => {
    const { words: said, rules } = documentWords(
      policy('{ id: a, effect: deny }'),
      policy('{ id: a, effect: deny }', 'labs'),
    );
    expect(said).toBe('moves from shop to labs; 1 rule changed');
    expect(rules).toHaveLength(1);
  });
});
