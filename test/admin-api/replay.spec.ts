/** Recorded decisions decided again by a plan, end to end: what was recorded by the set in force flips only where the plan differs. */
import { Recording, type TakenDecision } from '#decision-log';
import { type AccessRequest, compile, decide } from '#engine';
import { loadBundle } from '#policy';
import { MemoryDecisionStore } from '#store';
import { lineOf, recorded } from '../decision-log/lines.js';
import { ScriptedServer, startTestAdmin, type TestAdmin } from './admin-server.js';

const policy = (rules: string) => `apiVersion: dharma/v1
kind: Domain
metadata: { name: shop }
spec: { access: [anonymous], boundary: ["orders/*"] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: orders }
spec: { domains: [shop], hosts: [localhost] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: shop, domain: shop }
spec: { rules: [${rules}] }
`;
const READ = '{ id: read, effect: allow, who: { anonymous: true }, what: { methods: [GET] } }';
const WRITE = '{ id: write, effect: allow, who: { anonymous: true }, what: { methods: [POST] } }';
const CLOSED = '{ id: closed, effect: deny, what: { methods: [GET] } }';
const OTHER = '{ id: other, effect: allow, what: { methods: [PATCH] } }';
/** A domain inside another: two rules decide, and the outer one comes first. */
const nested = (rules: string, mark = 'orders/*') => `apiVersion: dharma/v1
kind: Domain
metadata: { name: acme }
spec: { access: [anonymous], boundary: ["orders/*"] }
---
apiVersion: dharma/v1
kind: Domain
metadata: { name: acme.shop }
spec: { boundary: ["${mark}"] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: orders }
spec: { domains: [acme.shop], hosts: [localhost], endpoints: [{ name: all }, { name: none, operations: [{ path: /none }] }] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: acme, domain: acme }
spec: { rules: [{ id: enter, effect: allow, who: { anonymous: true } }] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: shop, domain: acme.shop }
spec: { rules: [${rules}] }
`;
const START = Date.parse('2026-11-26T10:00:00Z');
/** More than the store gives at once, so that pages are turned. */
const ROUNDS = 400;

const server = new ScriptedServer();
const store = new MemoryDecisionStore(10_000);
let admin: TestAdmin;
let bare: TestAdmin;

function requestAt(time: number, method: string): AccessRequest {
  return {
    target: { kind: 'address', host: 'localhost', method, path: '/orders' },
    evidence: [],
    headers: {},
    attributes: {},
    claimed: {},
    context: {},
    time,
    askedFrom: '*',
    policyAgeSeconds: 0,
    carries: undefined,
    maxTtlSeconds: 30,
  };
}

/** As a server records them that decides by that set. */
function linesOfTraffic(text: string, rounds = ROUNDS): readonly string[] {
  const snapshot = compile(loadBundle([{ file: 'shop.yaml', text }]).world!);
  const by = {
    epoch: 1,
    revision: 1,
    contentHash: 'c'.repeat(64),
    snapshot,
    identity: { reportHeaders: new Set<string>() },
  };
  const recording = new Recording({ show: [], mask: [] }, 'a key of this test');
  return Array.from({ length: rounds }, (_, round) =>
    ['GET', 'POST', 'DELETE'].map((method, index) => {
      const request = requestAt(START + (round * 3 + index) * 1000, method);
      return recording.line({
        decisionId: `${method}-${round}`,
        time: request.time,
        microseconds: 1,
        request,
        verdict: decide(snapshot, request),
        policy: by,
        enforcementPoint: 'edge',
        dropped: [],
        // The request was let through all the same; what counts is the verdict.
        observed: method === 'POST',
        trace: undefined,
      } satisfies TakenDecision);
    }),
  ).flat();
}

beforeAll(async () => {
  server.files = [{ file: 'shop.yaml', text: policy(READ) }];
  await store.write(linesOfTraffic(policy(READ)));
  const time = new Date(START - 1000).toISOString();
  await store.write([recorded({ time, masked: ['claimed.x'] }), recorded({ time, request: null })].map(lineOf));
  admin = await startTestAdmin({ history: null, server, clock: () => START, decisions: store });
  bare = await startTestAdmin({ history: null, server, clock: () => START });
});
afterAll(() => Promise.all([admin.stop(), bare.stop()]));

const planned = (rules: string, replay: object, on = admin) =>
  on.ask('POST', '/admin/v1/plan', {
    body: { source: 'git', files: [{ file: 'shop.yaml', text: policy(rules) }], replay },
  });

describe('a plan with recorded decisions', () => {
  it('finds no flips in the very set in force, and says what it could not decide', async () => {
    const { status, json } = await planned(READ, { last: 100_000 });
    expect(status).toBe(200);
    expect(json.replay).toEqual({
      decided: 3 * ROUNDS,
      flipped: 0,
      overtaken: 0,
      masked: 1,
      notJudged: 1,
      untold: 0,
      unrecorded: [],
      more: false,
      flips: [],
    });
  });

  it('groups what comes out otherwise, with the rule that does it', async () => {
    const { json } = await planned(`${CLOSED}, ${WRITE}`, { last: 100_000 });
    const at = (index: number) => new Date(START + index * 1000).toISOString();
    const last = 3 * (ROUNDS - 1);
    expect(json.replay).toMatchObject({ decided: 3 * ROUNDS, flipped: 2 * ROUNDS });
    expect(json.replay.flips).toHaveLength(2);
    expect(json.replay.flips).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          after: { decision: 'deny', reason: 'DENY_RULE' },
          rule: 'shop/closed',
          count: ROUNDS,
          firstSeen: at(0),
          lastSeen: at(last),
          sample: `GET-${ROUNDS - 1}`,
        }),
        expect.objectContaining({
          before: { decision: 'deny', reason: 'NO_ALLOW_RULE' },
          rule: 'shop/write',
          count: ROUNDS,
          firstSeen: at(1),
          lastSeen: at(last + 1),
          sample: `POST-${ROUNDS - 1}`,
        }),
      ]),
    );
  });

  it.each`
    because                              | replay                                                                | decided | more
    ${'the newest are asked for'}        | ${{ last: 7 }}                                                        | ${7}    | ${true}
    ${'a whole page and not the second'} | ${{ last: 1_000 }}                                                    | ${1000} | ${true}
    ${'one more than a page'}            | ${{ last: 1_001 }}                                                    | ${1001} | ${true}
    ${'an instant is part of its since'} | ${{ since: new Date(START + (3 * ROUNDS - 2) * 1000).toISOString() }} | ${2}    | ${false}
    ${'nothing is as new'}               | ${{ since: '2027-01-01T00:00:00Z' }}                                  | ${0}    | ${false}
  `('decides $decided again: $because', async ({ replay, decided, more }) => {
    expect((await planned(READ, replay)).json.replay).toMatchObject({ decided, more, flipped: 0 });
  });

  it.each`
    because                        | replay
    ${'it says neither'}           | ${{}}
    ${'it says both'}              | ${{ last: 1, since: '2026-11-26T10:00:00Z' }}
    ${'nobody replays so many'}    | ${{ last: 100_001 }}
    ${'nothing is not a number'}   | ${{ last: 0 }}
    ${'a day that does not exist'} | ${{ since: '2026-02-31T00:00:00Z' }}
    ${'null is no window'}         | ${null}
  `('is refused: $because', async ({ replay }) => {
    expect(await planned(READ, replay)).toMatchObject({ status: 400, json: { code: 'request-invalid' } });
  });

  it('says which members are read anew, for what was recorded does not hold them', async () => {
    const when = `{ id: read, effect: allow, who: { anonymous: true }, what: { methods: [GET] }, when: 'request.headers["x-team"] == "blue"' }`;
    const { json } = await planned(when, { last: 3 });
    expect(json.faults).toEqual([]);
    expect(json.replay).toMatchObject({ unrecorded: ['request.headers.x-team'], flipped: 1 });
  });

  describe('on a set that was published since', () => {
    beforeAll(() => {
      server.files = [{ file: 'shop.yaml', text: policy(`${READ}, ${WRITE}`) }];
    });
    afterAll(() => {
      server.files = [{ file: 'shop.yaml', text: policy(READ) }];
    });

    it.each`
      because                                                    | rules                            | flips
      ${'a plan that changes nothing flips none'}                | ${`${READ}, ${WRITE}`}           | ${[]}
      ${'nor does one that is about nothing of it'}              | ${`${READ}, ${WRITE}, ${OTHER}`} | ${[]}
      ${'what is taken back flips, although it was recorded so'} | ${READ}                          | ${[{ before: { decision: 'allow', reason: 'ALLOW_SLOW' }, after: { decision: 'deny', reason: 'NO_ALLOW_RULE' }, rule: 'shop/write', count: ROUNDS }]}
    `('tells what the plan does, and not what that did: $because', async ({ rules, flips }) => {
      const { json } = await planned(rules, { last: 100_000 });
      expect(json.replay).toMatchObject({
        decided: 3 * ROUNDS,
        flipped: flips.length * ROUNDS,
        // What was denied when it was recorded is allowed by now.
        overtaken: ROUNDS,
        flips,
      });
    });
  });

  describe('where several rules decide', () => {
    const files = nested(READ);
    let inner: TestAdmin;
    beforeAll(async () => {
      const records = new MemoryDecisionStore(100);
      await records.write(linesOfTraffic(files, 1));
      const scripted = new ScriptedServer();
      scripted.files = [{ file: 'shop.yaml', text: files }];
      inner = await startTestAdmin({ history: null, server: scripted, clock: () => START, decisions: records });
    });
    afterAll(() => inner.stop());

    it.each`
      because                                          | text                            | reason             | rule
      ${'a new rule, and not the one around it'}       | ${nested(`${READ}, ${WRITE}`)}  | ${'ALLOW_SLOW'}    | ${'shop/write'}
      ${'a rule that goes, and not what stays'}        | ${nested(OTHER)}                | ${'NO_ALLOW_RULE'} | ${'shop/read'}
      ${'a new deny'}                                  | ${nested(`${READ}, ${CLOSED}`)} | ${'DENY_RULE'}     | ${'shop/closed'}
      ${'where no rule changed, the innermost of all'} | ${nested(READ, 'orders/none')}  | ${'NOT_VISIBLE'}   | ${'shop/read'}
    `('names $rule: $because', async ({ text, reason, rule }) => {
      const { json } = await inner.ask('POST', '/admin/v1/plan', {
        body: { source: 'git', files: [{ file: 'shop.yaml', text }], replay: { last: 10 } },
      });
      expect(json.faults).toEqual([]);
      expect(json.replay).toMatchObject({ flipped: 1, flips: [{ after: { reason }, rule, count: 1 }] });
    });
  });

  it('decides nothing by a set that has faults', async () => {
    const { json } = await planned('{ id: read }', { last: 10 });
    expect(json.faults).not.toEqual([]);
    expect(json.replay).toBeNull();
  });

  it('says where nothing is recorded', async () => {
    expect(await planned(READ, { last: 10 }, bare)).toMatchObject({ json: { code: 'no-decision-log' } });
  });
});
