import { type DecisionQuery, type DecisionStore, type RecordedDecision } from '#decision-log';
import { lineOf, recorded } from '../decision-log/lines.js';

const START = Date.now() - 60_000;
const at = (milliseconds: number) => new Date(START + milliseconds).toISOString();

/** Oldest first. */
const RECORDS: readonly RecordedDecision[] = [
  recorded({ id: 'a', time: at(0), decision: 'allow', reason: 'ALLOW_SLOW', deniedAt: null, rules: ['shop/read'] }),
  recorded({ id: 'b', time: at(1), endpoint: null, deniedAt: null, domains: [], reason: 'UNKNOWN_ENDPOINT' }),
  recorded({ id: 'c', time: at(2), reason: 'DENY_RULE', rules: ['base/no', 'shop/no'], principals: ['user:ann'] }),
  recorded({ id: 'd', time: at(2), domains: ['acme.shop-labs'], deniedAt: 'acme.shop-labs', principals: ['user:bo'] }),
  recorded({ id: 'e', time: at(3), domains: ['acme.shop.till', 'acme.bank'], endpoint: 'till/pay', deniedAt: null }),
  recorded({ id: 'f', time: at(4), domains: ['acme'], deniedAt: 'acme', principals: ['user:ann', 'client:web'] }),
];

/** What every DecisionStore does besides being a sink. `open` gives an empty one. */
export function decisionStoreContract(open: () => Promise<DecisionStore>): void {
  let store: DecisionStore;
  beforeAll(async () => {
    store = await open();
    await store.write([...RECORDS.slice(3), ...RECORDS.slice(0, 3)].map(lineOf));
  });

  const ids = async (query: Partial<DecisionQuery>) =>
    (await store.search({ limit: 100, ...query })).map(({ id }) => id).join('');

  it.each`
    because                                              | query                                                                   | found
    ${'nothing is asked for: the newest first'}          | ${{}}                                                                   | ${'fedcba'}
    ${'a span begins with its first instant'}            | ${{ from: START + 2 }}                                                  | ${'fedc'}
    ${'a span ends before its last instant'}             | ${{ from: START + 1, to: START + 3 }}                                   | ${'dcb'}
    ${'a domain is itself and what lies below'}          | ${{ domain: 'acme.shop' }}                                              | ${'eca'}
    ${'a like name is not below'}                        | ${{ domain: 'acme.shop-labs' }}                                         | ${'d'}
    ${'several domains are any of them'}                 | ${{ domains: ['acme.bank', 'acme.shop-labs'] }}                         | ${'ed'}
    ${'who may see nothing sees nothing'}                | ${{ domains: [] }}                                                      | ${''}
    ${'what is asked for stays within what may be seen'} | ${{ domains: ['acme.bank'], domain: 'acme.shop' }}                      | ${'e'}
    ${'what lies within has no domain of others'}        | ${{ within: { domains: ['acme.shop'], services: ['orders', 'till'] } }} | ${'cba'}
    ${'and no endpoint of theirs'}                       | ${{ within: { domains: ['acme'], services: ['till'] } }}                | ${'eb'}
    ${'a like name is not within'}                       | ${{ within: { domains: ['acme.sho'], services: ['orders', 'till'] } }}  | ${'b'}
    ${'nothing lies within nothing'}                     | ${{ within: { domains: [], services: [] }, domain: 'acme' }}            | ${''}
    ${'an endpoint is to the letter'}                    | ${{ endpoint: 'till/pay' }}                                             | ${'e'}
    ${'one of several principals will do'}               | ${{ principal: 'user:ann' }}                                            | ${'fc'}
    ${'a reason is to the letter'}                       | ${{ reason: 'UNKNOWN_ENDPOINT' }}                                       | ${'b'}
    ${'one of several rules will do'}                    | ${{ rule: 'shop/no' }}                                                  | ${'c'}
    ${'a verdict is one of two'}                         | ${{ decision: 'allow' }}                                                | ${'a'}
    ${'everything that is asked for holds'}              | ${{ principal: 'user:ann', domain: 'acme.shop' }}                       | ${'c'}
    ${'a text that is no text of ours finds nothing'}    | ${{ principal: "user:'; drop table x; --\0" }}                          | ${''}
    ${'a page ends where it is full'}                    | ${{ limit: 2 }}                                                         | ${'fe'}
  `('finds: $because', async ({ query, found }: { query: Partial<DecisionQuery>; found: string }) => {
    expect(await ids(query)).toBe(found);
  });

  it('finds what would have been denied, and nothing that only says so', async () => {
    const reporting = await open();
    const allow = { decision: 'allow', reason: 'ALLOW_SLOW', deniedAt: null } as const;
    const wouldDeny = { reason: 'NO_ALLOW_RULE', deniedAt: 'acme' };
    const request = {
      target: { kind: 'endpoint', endpoint: 'orders/all' } as const,
      evidence: [],
      unverified: [],
      headers: {},
      attributes: { a: 1, wouldDeny: { a: 1 } },
      claimed: {},
      context: {},
      askedFrom: '*',
      policyAgeSeconds: 0,
      maxTtlSeconds: 30,
    };
    await reporting.write(
      [
        recorded({ ...allow, id: 'a', time: at(0), wouldDeny }),
        recorded({ ...allow, id: 'b', time: at(1) }),
        recorded({ ...allow, id: 'c', time: at(2), request }),
        recorded({ ...allow, id: 'd', time: at(3), wouldDeny }),
        recorded({ id: 'e', time: at(4) }),
      ].map(lineOf),
    );
    const found = async (more: Partial<DecisionQuery>) =>
      (await reporting.search({ limit: 100, decision: 'would-deny', ...more })).map(({ id }) => id).join('');
    expect([await found({}), await found({ limit: 2 }), await found({ limit: 1 })]).toEqual(['da', 'da', 'd']);
  });

  it('goes on behind any record, also between two of one instant', async () => {
    for (const [index, { time, id }] of (await store.search({ limit: 100 })).entries()) {
      expect(await ids({ behind: { time, id } })).toBe('fedcba'.slice(index + 1));
    }
  });

  it('reads each as it was written', async () => {
    const found = await store.search({ limit: 100 });
    expect(found.map(({ record }) => record)).toEqual(RECORDS.toSorted((left, right) => (left.id < right.id ? 1 : -1)));
    expect(await store.find('c')).toEqual(RECORDS[2]);
  });

  it.each`
    because                                  | id       | domains          | there
    ${'there is none'}                       | ${'z'}   | ${undefined}     | ${false}
    ${'an id is no pattern'}                 | ${'%'}   | ${undefined}     | ${false}
    ${'it is no text of ours'}               | ${'c\0'} | ${undefined}     | ${false}
    ${'it concerns what may be seen'}        | ${'c'}   | ${['acme']}      | ${true}
    ${'it concerns others'}                  | ${'c'}   | ${['acme.bank']} | ${false}
    ${'it concerns nobody, and so not them'} | ${'b'}   | ${['acme']}      | ${false}
  `('looks one up: $because', async ({ id, domains, there }) => {
    expect((await store.find(id, domains)) !== null).toBe(there);
  });
}
