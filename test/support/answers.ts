import type { Answer } from '#decision';
import type { Outcome } from '#engine';

const DENIED: Outcome = {
  decision: 'deny',
  reason: 'NO_ALLOW_RULE',
  route: null,
  deniedAt: 'shop',
  meeting: null,
  crossed: [],
  rules: [],
  obligations: [],
  actor: null,
  principal: null,
  ttlSeconds: 30,
  endpoint: 'orders/public',
  path: '/public',
};

const ALLOWED: Outcome = {
  ...DENIED,
  decision: 'allow',
  reason: 'ALLOW_SLOW',
  route: 'slow',
  deniedAt: null,
  meeting: '*',
  crossed: ['shop'],
  rules: ['shop/read'],
};

/** An answer of which only what matters to a test is said. */
export function allowedAnswer(outcome: Partial<Outcome> = {}): Answer {
  return answer({ ...ALLOWED, ...outcome });
}

export function deniedAnswer(outcome: Partial<Outcome> = {}): Answer {
  return answer({ ...DENIED, ...outcome });
}

function answer(outcome: Outcome): Answer {
  return {
    outcome,
    revision: 42,
    ageSeconds: 3,
    decisionId: 'd-1',
    hasVerifiedCredential: false,
    hasFalseCredential: false,
    lacksOnlyScopes: false,
    headersSet: new Map(),
    parametersSet: new Set(),
    dropped: [],
    faults: [],
  };
}
