import { readiness, type DecisionPoint, type LiveSnapshot, type Readiness } from '#decision';
import { ServingStatus } from '#protocols';

/** What else there is to know of this process. */
export interface Vitals {
  /** Whether it has been too late with everything for seconds. */
  readonly isStuck: boolean;
  /** What is wrong although it decides. */
  troubles(): readonly string[];
}

/** What probes are told. */
export type StandingReport = Readiness & {
  /** There where every request is allowed. */
  readonly mode?: 'observe';
  /** What is wrong although it is ready; absent when nothing is. */
  readonly degraded?: readonly string[];
};

/** How this process stands: what probes over HTTP and gRPC are told. */
export class Standing extends ServingStatus {
  readonly #live: LiveSnapshot;
  readonly #decisionPoint: DecisionPoint;
  readonly #vitals: Vitals;
  #draining = false;

  constructor(live: LiveSnapshot, decisionPoint: DecisionPoint, vitals: Vitals) {
    super();
    this.#live = live;
    this.#decisionPoint = decisionPoint;
    this.#vitals = vitals;
  }

  /** From now on not ready, though still answering. */
  drain(): void {
    this.#draining = true;
    this.changed();
  }

  readiness(): StandingReport {
    const troubles = this.#vitals.troubles();
    return {
      ...this.#ready(),
      ...(this.#decisionPoint.isObserving ? { mode: 'observe' } : {}),
      // An old policy or a lost store is no reason to leave: every server has it, and all would leave at once.
      ...(troubles.length > 0 ? { degraded: troubles } : {}),
    };
  }

  override isServing(): boolean {
    return this.#ready().ready;
  }

  #ready(): Readiness {
    if (this.#draining) return { ready: false, because: 'shutting down' };
    if (this.#vitals.isStuck) return { ready: false, because: 'the event loop is stuck' };
    return readiness(this.#live, this.#decisionPoint);
  }
}
