import { compile, type Snapshot, type World } from '#engine';
import type { AskedRequest } from './answer.js';
import { DecisionPoint } from './decision-point.js';
import type { ServiceEvent } from './event.js';
import { LiveSnapshot, type PolicyInForce } from './live-snapshot.js';

const EMPTY: World = {
  domains: new Map(),
  outside: [],
  mechanisms: new Map(),
  services: new Map(),
  enforcementPoints: new Map(),
};

const REQUEST: AskedRequest = {
  target: { kind: 'address', host: 'shop.example', method: 'GET', path: '/' },
  evidence: [],
  headers: {},
  attributes: {},
  claimed: {},
  context: {},
};

function point(policy: Partial<PolicyInForce> | undefined) {
  const events: ServiceEvent[] = [];
  const live = new LiveSnapshot();
  if (policy !== undefined) {
    live.replace({
      revision: 7,
      contentHash: 'c',
      snapshot: compile(EMPTY),
      enforcementPointCount: 0,
      confirmedAt: 1_000,
      ...policy,
    });
  }
  const log = (event: ServiceEvent) => void events.push(event);
  const decisionPoint = new DecisionPoint({
    live,
    clock: () => 4_900,
    newDecisionId: () => 'd-1',
    log,
    maxTtlSeconds: 30,
  });
  return { decisionPoint, events };
}

describe('the decision point', () => {
  it('answers by the policy in force, with its revision, its age and a decision id', () => {
    const { decisionPoint } = point({});
    expect(decisionPoint.answer({ kind: 'request', request: REQUEST })).toMatchObject({
      outcome: { decision: 'deny', reason: 'UNKNOWN_ENDPOINT' },
      revision: 7,
      ageSeconds: 3,
      decisionId: 'd-1',
    });
  });

  it('denies with the faults what could not be read', () => {
    const faults = [{ pointer: '/target', message: 'is missing' }];
    const { decisionPoint } = point({});
    expect(decisionPoint.answer({ kind: 'malformed', faults })).toMatchObject({
      outcome: { decision: 'deny', reason: 'INVALID_REQUEST', ttlSeconds: 0 },
      faults,
    });
  });

  it('denies while no policy is in force', () => {
    const { decisionPoint } = point(undefined);
    const { outcome, revision } = decisionPoint.answer({ kind: 'request', request: REQUEST });
    expect(outcome).toMatchObject({ decision: 'deny', reason: 'POLICY_UNAVAILABLE', ttlSeconds: 0 });
    expect(revision).toBe(0);
  });

  it('denies once it is closed', () => {
    const { decisionPoint } = point({});
    decisionPoint.close();
    expect(decisionPoint.answer({ kind: 'request', request: REQUEST }).outcome.reason).toBe('SHUTTING_DOWN');
  });

  it('denies when the engine falls over, and says so once', () => {
    const { decisionPoint, events } = point({ snapshot: null as unknown as Snapshot });
    expect(decisionPoint.answer({ kind: 'request', request: REQUEST }).outcome).toMatchObject({
      decision: 'deny',
      reason: 'INTERNAL_FAULT',
      ttlSeconds: 0,
    });
    expect(events.map(({ kind }) => kind)).toEqual(['decision-fault', 'decision']);
  });

  it('denies a caller who expects a newer revision', () => {
    const { decisionPoint } = point({});
    expect(decisionPoint.answer({ kind: 'request', request: REQUEST, minRevision: 8 }).outcome.reason).toBe(
      'POLICY_TOO_OLD',
    );
    expect(decisionPoint.answer({ kind: 'request', request: REQUEST, minRevision: 7 }).outcome.reason).toBe(
      'UNKNOWN_ENDPOINT',
    );
  });

  it('denies the implicit local caller once the set names enforcement points', () => {
    const { decisionPoint } = point({ enforcementPointCount: 1 });
    expect(decisionPoint.answer({ kind: 'request', request: REQUEST }).outcome.reason).toBe('NOT_ENTITLED');
  });

  it('logs who decided what, and nothing that a client said', () => {
    const { decisionPoint, events } = point({});
    decisionPoint.answer({
      kind: 'request',
      request: {
        ...REQUEST,
        target: { kind: 'address', host: 'secret.example', method: 'GET', path: '/secret?secret' },
        headers: { secret: 'secret' },
      },
    });
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ kind: 'decision', decisionId: 'd-1', reason: 'UNKNOWN_ENDPOINT', revision: 7 });
    expect(JSON.stringify(events)).not.toContain('secret');
  });
});
