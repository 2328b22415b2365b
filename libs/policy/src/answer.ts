import type { Effect, Obligation, Outcome, Reason, Route } from '#engine';

/** The answer as JSON, members in the order of the documents' contract. */
export interface DecisionAnswer {
  readonly decision: Effect;
  readonly reason: Reason;
  readonly route: Route | null;
  readonly deniedAt: string | null;
  readonly meeting: string | null;
  readonly crossed: readonly string[];
  readonly rules: readonly string[];
  readonly obligations: readonly Obligation[];
  readonly revision: number;
  readonly ageSeconds: number;
  readonly decisionId: string;
  readonly ttlSeconds: number;
  readonly wouldDeny?: { readonly reason: Reason; readonly deniedAt: string | null };
  readonly accepts?: readonly string[];
  readonly explanation?: unknown;
}

/** What the service adds to the engine's outcome. */
export interface AnswerEnvelope {
  readonly revision: number;
  /** Seconds since the policy in force was last confirmed. */
  readonly ageSeconds: number;
  readonly decisionId: string;
  readonly explanation?: unknown;
}

export function answerOf(outcome: Outcome, envelope: AnswerEnvelope): DecisionAnswer {
  return {
    decision: outcome.decision,
    reason: outcome.reason,
    route: outcome.route,
    deniedAt: outcome.deniedAt,
    meeting: outcome.meeting,
    crossed: outcome.crossed,
    rules: outcome.rules,
    obligations: outcome.obligations.map(inOrder),
    revision: envelope.revision,
    ageSeconds: envelope.ageSeconds,
    decisionId: envelope.decisionId,
    ttlSeconds: outcome.ttlSeconds,
    ...(outcome.wouldDeny && { wouldDeny: { reason: outcome.wouldDeny.reason, deniedAt: outcome.wouldDeny.deniedAt } }),
    ...(outcome.accepts && { accepts: outcome.accepts }),
    ...(envelope.explanation !== undefined && { explanation: envelope.explanation }),
  };
}

function inOrder(obligation: Obligation): Obligation {
  const { critical, rule } = obligation;
  switch (obligation.kind) {
    case 'setHeader':
      return { kind: 'setHeader', name: obligation.name, value: obligation.value, critical, rule };
    case 'removeHeader':
      return { kind: 'removeHeader', name: obligation.name, critical, rule };
    case 'setQueryParameter':
      return { kind: 'setQueryParameter', name: obligation.name, value: obligation.value, critical, rule };
    case 'removeQueryParameter':
      return { kind: 'removeQueryParameter', name: obligation.name, critical, rule };
    case 'rateLimit':
      return { kind: 'rateLimit', key: obligation.key, class: obligation.class, critical, rule };
  }
}
