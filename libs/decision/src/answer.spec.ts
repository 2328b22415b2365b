import { denied, OWN_STATE_REASONS, type Reason } from '#engine';
import { challengeFor, clientView, type Answer } from './answer.js';

function answer(reason: Reason, hasVerifiedCredential: boolean, hasFalseCredential = false): Answer {
  const outcome = {
    ...denied('NO_ALLOW_RULE'),
    reason,
    decision: reason.startsWith('ALLOW') ? 'allow' : 'deny',
  } as const;
  return {
    outcome,
    revision: 1,
    ageSeconds: 0,
    decisionId: 'd',
    hasVerifiedCredential,
    hasFalseCredential,
    lacksOnlyScopes: false,
    headersSet: new Map(),
    parametersSet: new Set(),
    dropped: [],
    faults: [],
  };
}

describe('what a client is told', () => {
  it.each`
    because                                         | reason                | credential | view
    ${'an allow is an allow'}                       | ${'ALLOW_SLOW'}       | ${false}   | ${'allow'}
    ${'a stranger is asked who they are'}           | ${'NO_ALLOW_RULE'}    | ${false}   | ${'unauthenticated'}
    ${'nor does a stranger learn what exists'}      | ${'UNKNOWN_ENDPOINT'} | ${false}   | ${'unauthenticated'}
    ${'nor what a rule forbids'}                    | ${'DENY_RULE'}        | ${false}   | ${'unauthenticated'}
    ${'to a known client another login is no help'} | ${'DENY_RULE'}        | ${true}    | ${'forbidden'}
    ${'no login mends a malformed request'}         | ${'INVALID_REQUEST'}  | ${false}   | ${'forbidden'}
  `('$because', ({ reason, credential, view }: { reason: Reason; credential: boolean; view: string }) => {
    expect(clientView(answer(reason, credential))).toBe(view);
  });

  it('says of a false credential that it is false, whatever else was verified', () => {
    expect(clientView(answer('NO_ALLOW_RULE', false, true))).toBe('invalid_token');
    expect(clientView(answer('NO_ALLOW_RULE', true, true))).toBe('invalid_token');
    expect(clientView(answer('ALLOW_SLOW', true, true))).toBe('allow');
  });

  it('says that a scope is missing to those alone who have shown who they are', () => {
    const lacking = (...given: Parameters<typeof answer>) => ({ ...answer(...given), lacksOnlyScopes: true });
    expect(clientView(lacking('NO_ALLOW_RULE', true))).toBe('insufficient_scope');
    expect(clientView(lacking('NO_ALLOW_RULE', false))).toBe('unauthenticated');
    expect(clientView(lacking('NO_ALLOW_RULE', true, true))).toBe('invalid_token');
  });

  it.each`
    because                                 | view                    | challenge             | value
    ${'a stranger hears the constant'}      | ${'unauthenticated'}    | ${'Bearer'}           | ${'Bearer'}
    ${'a scheme takes its first parameter'} | ${'invalid_token'}      | ${'Bearer'}           | ${'Bearer error="invalid_token"'}
    ${'further parameters follow commas'}   | ${'invalid_token'}      | ${'Bearer realm="x"'} | ${'Bearer realm="x", error="invalid_token"'}
    ${'a scope is missing, and not which'}  | ${'insufficient_scope'} | ${'Bearer'}           | ${'Bearer error="insufficient_scope"'}
  `('$because', ({ view, challenge, value }) => {
    expect(challengeFor(view, challenge)).toBe(value);
  });

  it.each(OWN_STATE_REASONS)('%s is our own state, not the clients fault', (reason) => {
    expect(clientView(answer(reason, false))).toBe('unavailable');
    expect(clientView(answer(reason, true))).toBe('unavailable');
  });
});
