import { MemoryDecisionStore } from '#store';
import { lineOf, recorded } from '../decision-log/lines.js';
import { type Answer, ScriptedServer, startTestAdmin, type TestAdmin } from './admin-server.js';

const server = new ScriptedServer();
const store = new MemoryDecisionStore(100);
let admin: TestAdmin;
let bare: TestAdmin;

const REQUEST = {
  target: { kind: 'address', host: 'shop.example', method: 'GET', path: '/public' },
  evidence: [],
  unverified: [],
  headers: { 'x-team': 'blue' },
  attributes: {},
  claimed: {},
  context: {},
  askedFrom: '*',
  policyAgeSeconds: 0,
  maxTtlSeconds: 30,
} as const;
const RECORDS = [
  recorded({
    id: 'old',
    time: '2026-11-26T10:00:00.000Z',
    principals: ['user:ann'],
    request: { ...REQUEST, evidence: [], unverified: [] },
  }),
  recorded({
    id: 'masked',
    time: '2026-11-26T10:00:01.000Z',
    reason: 'DENY_RULE',
    masked: ['request.headers.x', 'claimed'],
  }),
  recorded({ id: 'unread', time: '2026-11-26T10:00:02.000Z', reason: 'INVALID_REQUEST', revision: null }),
];

beforeAll(async () => {
  await store.write(RECORDS.map(lineOf));
  admin = await startTestAdmin({ history: null, server, clock: () => 0, decisions: store });
  bare = await startTestAdmin({ history: null, server, clock: () => 0 });
});
afterAll(() => Promise.all([admin.stop(), bare.stop()]));

const get = (path: string): Promise<Answer> => admin.ask('GET', `/admin/v1/decisions${path}`);
const ids = ({ json }: Answer): readonly string[] => json.items.map(({ id }: { id: string }) => id);

describe('recorded decisions', () => {
  it('are listed from the newest down, page by page', async () => {
    const pages: string[][] = [];
    let next: string | null = '';
    while (next !== null) {
      const page: Answer = await get(`?limit=2${next === '' ? '' : `&next=${next}`}`);
      expect(page.status).toBe(200);
      pages.push([...ids(page)]);
      next = page.json.next;
    }
    expect(pages).toEqual([['unread', 'masked'], ['old']]);
  });

  it.each`
    because                       | query                                                   | found
    ${'a span of time'}           | ${'?from=2026-11-26T10:00:01Z&to=2026-11-26T10:00:02Z'} | ${['masked']}
    ${'instants may have a zone'} | ${'?from=2026-11-26T11:00:02%2B01:00'}                  | ${['unread']}
    ${'a domain'}                 | ${'?domain=acme'}                                       | ${['unread', 'masked', 'old']}
    ${'another domain'}           | ${'?domain=other'}                                      | ${[]}
    ${'an endpoint'}              | ${'?endpoint=orders/all'}                               | ${['unread', 'masked', 'old']}
    ${'a principal'}              | ${'?principal=user:ann'}                                | ${['old']}
    ${'a reason'}                 | ${'?reason=DENY_RULE'}                                  | ${['masked']}
    ${'a rule'}                   | ${'?rule=shop/read'}                                    | ${[]}
    ${'a verdict'}                | ${'?decision=allow'}                                    | ${[]}
  `('are found by $because', async ({ query, found }) => {
    expect(ids(await get(query))).toEqual(found);
  });

  it.each`
    because                                  | query                                   | pointer
    ${'there is no such filter'}             | ${'?user=ann'}                          | ${'/user'}
    ${'a reason is one of ours'}             | ${'?reason=NO'}                         | ${'/reason'}
    ${'a verdict is one of two'}             | ${'?decision=maybe'}                    | ${'/decision'}
    ${'a principal has a type'}              | ${'?principal=ann'}                     | ${'/principal'}
    ${'an endpoint is of a service'}         | ${'?endpoint=orders'}                   | ${'/endpoint'}
    ${'a rule is of a policy'}               | ${'?rule=read'}                         | ${'/rule'}
    ${'an instant is one'}                   | ${'?from=yesterday'}                    | ${'/from'}
    ${'a week is no instant'}                | ${'?to=2026-W48'}                       | ${'/to'}
    ${'a filter that is empty asks nothing'} | ${'?domain='}                           | ${'/domain'}
    ${'a cursor is one of ours'}             | ${'?next=b2xk'}                         | ${'/next'}
    ${'nobody asks twice at once'}           | ${'?reason=DENY_RULE&reason=DENY_RULE'} | ${'/reason'}
  `('are not looked for: $because', async ({ query, pointer }) => {
    expect(await get(query)).toMatchObject({ status: 400, json: { code: 'request-invalid', errors: [{ pointer }] } });
  });

  it('are read one by one, as they were recorded', async () => {
    expect((await get('/old')).json).toEqual(RECORDS[0]);
    expect(await get('/none')).toMatchObject({ status: 404, json: { code: 'decision-unknown' } });
  });

  it('are for operators alone', async () => {
    for (const path of ['', '/old', '/old/explain']) {
      expect(await admin.ask('GET', `/admin/v1/decisions${path}`, { token: null })).toMatchObject({ status: 401 });
    }
  });

  it('are nowhere to be found on a server that keeps none', async () => {
    for (const path of ['', '/old', '/old/explain']) {
      expect(await bare.ask('GET', `/admin/v1/decisions${path}`)).toMatchObject({
        status: 409,
        json: { code: 'no-decision-log' },
      });
    }
  });
});

describe('the explanation of a recorded decision', () => {
  it('is asked for by the request and the revision of the record', async () => {
    server.explanation = { kind: 'explained', explanation: { outcome: { decision: 'deny' } } as never };
    expect(await get('/old/explain')).toMatchObject({
      status: 200,
      json: { decision: { id: 'old' }, explanation: { outcome: { decision: 'deny' } } },
    });
    expect(server.explained.at(-1)).toMatchObject({
      mark: { epoch: 1, number: 7, contentHash: 'c'.repeat(64) },
      request: { target: REQUEST.target, time: Date.parse('2026-11-26T10:00:00.000Z'), headers: { 'x-team': 'blue' } },
    });
  });

  it.each`
    because                                         | id          | said                         | status | code
    ${'the record does not hold what a rule reads'} | ${'masked'} | ${null}                      | ${409} | ${'decision-masked'}
    ${'nothing was judged'}                         | ${'unread'} | ${null}                      | ${409} | ${'decision-not-judged'}
    ${'there is no such decision'}                  | ${'none'}   | ${null}                      | ${404} | ${'decision-unknown'}
    ${'its revision is gone'}                       | ${'old'}    | ${{ kind: 'revision-gone' }} | ${404} | ${'revision-unknown'}
    ${'another one is being explained'}             | ${'old'}    | ${{ kind: 'busy' }}          | ${503} | ${'explanation-busy'}
  `('is not to be had: $because', async ({ id, said, status, code }) => {
    if (said !== null) server.explanation = said;
    expect(await get(`/${id}/explain`)).toMatchObject({ status, json: { code } });
  });

  it('names what is missing', async () => {
    expect((await get('/masked/explain')).json.detail).toContain('request.headers.x, claimed');
  });
});
