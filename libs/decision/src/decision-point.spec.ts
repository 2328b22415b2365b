import { compile, type Explanation, type Snapshot, type World } from '#engine';
import type { TakenDecision } from '#decision-log';
import { loadBundle } from '#policy';
import { Identity, type Judged, type KnownCaller } from '#identity';
import type { Answer, AskedRequest, Question } from './answer.js';
import { DecisionPoint, type DecisionPointParts } from './decision-point.js';
import type { ServiceEvent } from './event.js';
import { LiveSnapshot, type PolicyInForce } from './live-snapshot.js';

const EMPTY: World = {
  domains: new Map(),
  outside: [],
  mechanisms: new Map(),
  services: new Map(),
  enforcementPoints: new Map(),
};

/** Whoever reads may, and the parameter of those who write is not theirs to say. */
const TIERED = `
apiVersion: dharma/v1
kind: Domain
metadata: { name: shop }
spec: { access: [anonymous], boundary: ["orders/*"] }
---
apiVersion: dharma/v1
kind: Service
metadata: { name: orders }
spec: { domains: [shop], hosts: [shop.example] }
---
apiVersion: dharma/v1
kind: Policy
metadata: { name: shop, domain: shop }
spec:
  rules:
    - { id: read, effect: allow, who: { anonymous: true }, what: { methods: [GET] } }
    - id: write
      effect: allow
      who: { anonymous: true }
      what: { methods: [PUT] }
      obligations: [{ kind: setQueryParameter, name: tier, value: standard }]
`;

const REQUEST: AskedRequest = {
  target: { kind: 'address', host: 'shop.example', method: 'GET', path: '/' },
  headers: {},
  attributes: {},
  claimed: {},
  context: {},
};
const QUESTION: Question = {
  kind: 'request',
  request: REQUEST,
  presented: { asserted: [], credentials: {}, reported: {} },
};
const CALLER: KnownCaller = { kind: 'known', name: 'edge', domain: '*', mayExplain: false, believed: new Set() };
const NOTHING: Judged = { evidence: [], dropped: [], hasVerifiedCredential: false, hasFalseCredential: false };

/** An identity that judges everything alike; what tells callers apart is not the subject here. */
function judging(judge: () => Judged | Promise<Judged>): Identity {
  return { judge, reportHeaders: new Set(), close: () => {} } as unknown as Identity;
}

function point(policy: Partial<PolicyInForce> | undefined, more: Partial<DecisionPointParts> = {}) {
  const events: ServiceEvent[] = [];
  const live = new LiveSnapshot();
  const put = (members: Partial<PolicyInForce>) =>
    live.replace({
      epoch: 1,
      revision: 7,
      contentHash: 'c',
      snapshot: compile(EMPTY),
      identity: judging(() => NOTHING),
      confirmedAt: 1_000,
      ...members,
    });
  if (policy !== undefined) put(policy);
  const decisionPoint = new DecisionPoint({
    live,
    clock: () => 4_900,
    stopwatch: () => 0,
    newDecisionId: () => 'd-1',
    log: (event) => void events.push(event),
    explainer: { explain: () => Promise.reject(new Error('nobody explains here')) },
    maxTtlSeconds: 30,
    minRevisionWaitMilliseconds: 20,
    mode: 'enforce',
    ...more,
  });
  return { decisionPoint, events, put };
}

describe('the decision point', () => {
  it('answers by the policy in force, with its revision, its age and a decision id', () => {
    const { decisionPoint } = point({});
    expect(decisionPoint.answer(QUESTION, CALLER)).toMatchObject({
      outcome: { decision: 'deny', reason: 'UNKNOWN_ENDPOINT' },
      revision: 7,
      ageSeconds: 3,
      decisionId: 'd-1',
    });
  });

  it('denies with the faults what could not be read', () => {
    const faults = [{ pointer: '/target', message: 'is missing' }];
    const { decisionPoint } = point({});
    expect(decisionPoint.answer({ kind: 'malformed', faults }, CALLER)).toMatchObject({
      outcome: { decision: 'deny', reason: 'INVALID_REQUEST', ttlSeconds: 0 },
      faults,
    });
  });

  it.each`
    because                                          | mode         | question                             | wants    | recorded
    ${'what was judged, as it was judged'}           | ${'enforce'} | ${QUESTION}                          | ${true}  | ${[{ request: { time: 4_900, policyAgeSeconds: 3 }, verdict: { reason: 'UNKNOWN_ENDPOINT' }, observed: false, enforcementPoint: 'edge' }]}
    ${'what could not be read, without a request'}   | ${'enforce'} | ${{ kind: 'malformed', faults: [] }} | ${true}  | ${[{ request: undefined, verdict: { reason: 'INVALID_REQUEST' } }]}
    ${'the verdict, where the server only observes'} | ${'observe'} | ${QUESTION}                          | ${true}  | ${[{ verdict: { decision: 'deny', reason: 'UNKNOWN_ENDPOINT' }, observed: true }]}
    ${'nothing that nobody wants'}                   | ${'enforce'} | ${QUESTION}                          | ${false} | ${[]}
  `('has recorded: $because', ({ mode, question, wants, recorded }) => {
    const taken: TakenDecision[] = [];
    const recorder = { wants: () => wants, take: (one: TakenDecision) => void taken.push(one) };
    const { decisionPoint } = point({}, { mode, recorder });
    const answer = decisionPoint.answer(question, CALLER) as Answer;
    expect(taken).toMatchObject(recorded);
    expect(answer.outcome.decision).toBe(mode === 'observe' ? 'allow' : 'deny');
  });

  it('tells as many faults as somebody reads', () => {
    const faults = Array.from({ length: 120_000 }, (_, at) => ({ pointer: `/${at}`, message: 'is no text' }));
    const answer = point({}).decisionPoint.answer({ kind: 'malformed', faults }, CALLER);
    expect((answer as Answer).faults).toEqual(faults.slice(0, 100));
  });

  it('denies with the fault what names a subject that is nobody, whatever nobody may do', async () => {
    const judged = { ...NOTHING, subjectFault: 'its subject is empty' };
    const denial = {
      outcome: { decision: 'deny', reason: 'INVALID_REQUEST', ttlSeconds: 0 },
      faults: [{ pointer: '/subject', message: 'its subject is empty' }],
    };
    expect(point({ identity: judging(() => judged) }).decisionPoint.answer(QUESTION, CALLER)).toMatchObject(denial);
    const later = point({ identity: judging(async () => judged) }).decisionPoint;
    expect(await later.answer(QUESTION, CALLER)).toMatchObject(denial);
    expect(await later.explain(QUESTION, CALLER)).toMatchObject({ ...denial, explanation: null });
  });

  it('denies while no policy is in force, and then knows everyone: there is nothing to tell them', () => {
    const { decisionPoint } = point(undefined);
    const caller = decisionPoint.caller({
      listener: 'tcp',
      address: '192.0.2.1',
      key: undefined,
      certificateUris: [],
    }) as KnownCaller;
    expect(caller).toMatchObject({ kind: 'known', mayExplain: false });
    expect(decisionPoint.answer(QUESTION, caller)).toMatchObject({
      outcome: { decision: 'deny', reason: 'POLICY_UNAVAILABLE', ttlSeconds: 0 },
      revision: 0,
    });
  });

  it.each`
    because                                  | query               | carries                     | reason
    ${'nobody takes out what a rule sets'}   | ${'tier=gold'}      | ${['setHeader']}            | ${'OBLIGATION_UNSUPPORTED'}
    ${'nor where nothing is carried'}        | ${'a=1;%74ier[]=2'} | ${[]}                       | ${'OBLIGATION_UNSUPPORTED'}
    ${'the gateway takes it out'}            | ${'tier=gold'}      | ${['removeQueryParameter']} | ${'ALLOW_SLOW'}
    ${'who carries everything sees to it'}   | ${'tier=gold'}      | ${undefined}                | ${'ALLOW_SLOW'}
    ${'it says nothing that a rule may say'} | ${'tiers=2&a=tier'} | ${[]}                       | ${'ALLOW_SLOW'}
  `('lets no query through that says what only a rule may: $because', ({ query, carries, reason }) => {
    const taken: TakenDecision[] = [];
    const recorder = { wants: () => true, take: (one: TakenDecision) => void taken.push(one) };
    const { decisionPoint } = point(
      { snapshot: compile(loadBundle([{ file: 'a', text: TIERED }]).world!) },
      { recorder },
    );
    const target = { kind: 'address', host: 'shop.example', method: 'GET', path: `/?${query}` } as const;
    const answer = decisionPoint.answer({ ...QUESTION, request: { ...REQUEST, target, carries } }, CALLER) as Answer;
    expect(answer.outcome).toMatchObject({ reason, endpoint: 'orders/all', path: '/' });
    expect(taken).toMatchObject([{ verdict: { reason }, isForTheQuery: reason !== 'ALLOW_SLOW' }]);
    expect(answer.parametersSet).toEqual(new Set(reason === 'ALLOW_SLOW' ? ['tier'] : []));
  });

  it('denies once it is closed', () => {
    const { decisionPoint } = point({});
    decisionPoint.close();
    expect(decisionPoint.answer(QUESTION, CALLER)).toMatchObject({ outcome: { reason: 'SHUTTING_DOWN' } });
  });

  it('denies when the engine falls over, and says so once', () => {
    const { decisionPoint, events } = point({ snapshot: null as unknown as Snapshot });
    expect(decisionPoint.answer(QUESTION, CALLER)).toMatchObject({
      outcome: { decision: 'deny', reason: 'INTERNAL_FAULT', ttlSeconds: 0 },
    });
    expect(events.map(({ kind }) => kind)).toEqual(['decision-fault', 'decision']);
  });

  it('denies when judging evidence falls over, at once or later', async () => {
    const thrown = judging(() => {
      throw new Error('boom');
    });
    const rejected = judging(() => Promise.reject(new Error('boom')));
    for (const identity of [thrown, rejected]) {
      expect(await point({ identity }).decisionPoint.answer(QUESTION, CALLER)).toMatchObject({
        outcome: { decision: 'deny', reason: 'INTERNAL_FAULT' },
      });
    }
  });

  it('waits for evidence that takes time, and decides by the revision that judged it', async () => {
    let settle: (judged: Judged) => void = () => {};
    const identity = judging(() => new Promise<Judged>((done) => (settle = done)));
    const { decisionPoint, put } = point({ identity });
    const answer = decisionPoint.answer(QUESTION, CALLER);
    put({ revision: 8 });
    settle({ ...NOTHING, hasVerifiedCredential: true });
    expect(await answer).toMatchObject({ revision: 7, hasVerifiedCredential: true });
  });

  it('waits a bounded time for the revision that its caller has seen', async () => {
    const { decisionPoint, put } = point({});
    expect(await decisionPoint.answer({ ...QUESTION, minRevision: 8 }, CALLER)).toMatchObject({
      outcome: { decision: 'deny', reason: 'POLICY_TOO_OLD' },
      revision: 7,
    });
    expect(decisionPoint.answer({ ...QUESTION, minRevision: 7 }, CALLER)).toMatchObject({ revision: 7 });

    const waiting = decisionPoint.answer({ ...QUESTION, minRevision: 9 }, CALLER);
    put({ revision: 8 });
    put({ revision: 9 });
    expect(await waiting).toMatchObject({ outcome: { reason: 'UNKNOWN_ENDPOINT' }, revision: 9 });
  });

  it('logs who asked and what was decided, and nothing that a client said', () => {
    const { decisionPoint, events } = point({});
    void decisionPoint.answer(
      {
        kind: 'request',
        request: {
          ...REQUEST,
          target: { kind: 'address', host: 'secret.example', method: 'GET', path: '/secret?secret' },
          headers: { secret: 'secret' },
        },
        presented: { asserted: [], credentials: { authorization: 'Bearer secret' }, reported: {} },
        trace: '00-1-2-01',
      },
      CALLER,
    );
    expect(events).toEqual([
      expect.objectContaining({
        kind: 'decision',
        decisionId: 'd-1',
        reason: 'UNKNOWN_ENDPOINT',
        revision: 7,
        enforcementPoint: 'edge',
        trace: '00-1-2-01',
      }),
    ]);
    expect(JSON.stringify(events)).not.toContain('secret');
  });

  it('explains by the verdict of the explanation', async () => {
    const outcome = { decision: 'deny', reason: 'NOT_VISIBLE', deniedAt: 'shop' };
    const { decisionPoint } = point(
      {},
      { explainer: { explain: async () => ({ outcome }) as unknown as Explanation } },
    );
    expect(await decisionPoint.explain(QUESTION, CALLER)).toMatchObject({ outcome, explanation: { outcome } });
    expect(await point({}).decisionPoint.explain(QUESTION, CALLER)).toMatchObject({
      outcome: { decision: 'deny', reason: 'INTERNAL_FAULT' },
      explanation: null,
    });
    expect(await decisionPoint.explain({ kind: 'malformed', faults: [] }, CALLER)).toMatchObject({
      outcome: { reason: 'INVALID_REQUEST' },
      explanation: null,
    });
  });

  it('denies what says in two ways who sent it', () => {
    const identity = { ...judging(() => NOTHING), reportHeaders: new Set(['x-user']) } as unknown as Identity;
    const { decisionPoint } = point({ identity });
    const aliases = new Map([['x_user', 'x-user']]);
    const twofold: Question = { ...QUESTION, presented: { ...QUESTION.presented, aliases } };
    expect(decisionPoint.answer(twofold, CALLER)).toMatchObject({ outcome: { reason: 'INVALID_REQUEST' } });
    expect(decisionPoint.answer(QUESTION, CALLER)).toMatchObject({ outcome: { reason: 'UNKNOWN_ENDPOINT' } });
  });

  it('only observes where it is told to: allows, and says what it would have said', () => {
    const { decisionPoint, events } = point({}, { mode: 'observe' });
    const denial = { reason: 'UNKNOWN_ENDPOINT', deniedAt: null };
    expect(decisionPoint.answer(QUESTION, CALLER)).toMatchObject({
      outcome: { decision: 'allow', reason: 'ALLOW_SLOW', deniedAt: null, wouldDeny: denial, ttlSeconds: 0, path: '/' },
      observed: denial,
    });
    expect(events).toEqual([expect.objectContaining({ decision: 'allow', observed: denial })]);
  });

  it.each`
    because                           | path         | said
    ${'a query is none of it'}        | ${'/a?b=1'}  | ${'/a'}
    ${'it may be escaped'}            | ${'/a%0Ab'}  | ${'/a%0Ab'}
    ${'a line ends a header'}         | ${'/a\nb'}   | ${null}
    ${'a space is cut off at an end'} | ${'/a '}     | ${null}
    ${'letters are sent as bytes'}    | ${'/\u00e9'} | ${'/%C3%A9'}
    ${'half a letter is no text'}     | ${'/\ud800'} | ${null}
  `('only observing, says the path where it can stand in a header: $because', ({ path, said }) => {
    const { decisionPoint } = point({}, { mode: 'observe' });
    const question = { ...QUESTION, request: { ...REQUEST, target: { ...REQUEST.target, path } } } as Question;
    expect(decisionPoint.answer(question, CALLER)).toMatchObject({ outcome: { decision: 'allow', path: said } });
  });
});
