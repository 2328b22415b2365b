import { OUTSIDE, decide, denied } from '#engine';
import { type Answer, type Question, type RequestFault } from './answer.js';
import type { Clock, EventLog } from './event.js';
import { ageSeconds, type LiveSnapshot, type PolicyInForce } from './live-snapshot.js';

export interface DecisionPointParts {
  readonly live: LiveSnapshot;
  readonly clock: Clock;
  readonly newDecisionId: () => string;
  readonly log: EventLog;
  /** Upper bound of every answer's time to live. */
  readonly maxTtlSeconds: number;
}

/** The one door: every protocol asks here, and only here. Answering never throws, and every fault is a deny. */
export class DecisionPoint {
  readonly #parts: DecisionPointParts;
  #closed = false;

  constructor(parts: DecisionPointParts) {
    this.#parts = parts;
  }

  /** From now on every answer is `SHUTTING_DOWN`. */
  close(): void {
    this.#closed = true;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  answer(question: Question): Answer {
    const { live, clock, newDecisionId, log } = this.#parts;
    const policy = live.inForce;
    const now = clock();
    const decisionId = newDecisionId();
    const answer: Answer = {
      outcome: this.#outcome(question, policy, now, decisionId),
      revision: policy?.revision ?? 0,
      ageSeconds: policy === undefined ? 0 : ageSeconds(policy, now),
      decisionId,
      // The implicit `local` enforcement point may assert nothing, and nothing else verifies credentials.
      hasVerifiedCredential: false,
      faults: faultsOf(question),
    };
    const { decision, reason, deniedAt, rules, endpoint, wouldDeny } = answer.outcome;
    log({
      kind: 'decision',
      decisionId,
      decision,
      reason,
      deniedAt,
      rules,
      endpoint,
      revision: answer.revision,
      wouldDeny,
    });
    return answer;
  }

  #outcome(question: Question, policy: PolicyInForce | undefined, now: number, decisionId: string) {
    if (this.#closed) return denied('SHUTTING_DOWN');
    if (policy === undefined) return denied('POLICY_UNAVAILABLE');
    if (question.kind === 'malformed') return denied('INVALID_REQUEST');
    // Adapters refuse such callers before; this closes the moment in which a set with enforcement points comes in force.
    if (policy.enforcementPointCount > 0) return denied('NOT_ENTITLED');
    if (question.minRevision !== undefined && question.minRevision > policy.revision) return denied('POLICY_TOO_OLD');
    try {
      return decide(policy.snapshot, {
        ...question.request,
        evidence: [],
        time: now,
        askedFrom: OUTSIDE,
        policyAgeSeconds: ageSeconds(policy, now),
        maxTtlSeconds: this.#parts.maxTtlSeconds,
      });
    } catch (fault) {
      this.#parts.log({ kind: 'decision-fault', decisionId, fault });
      return denied('INTERNAL_FAULT');
    }
  }
}

function faultsOf(question: Question): readonly RequestFault[] {
  return question.kind === 'malformed' ? question.faults : [];
}
