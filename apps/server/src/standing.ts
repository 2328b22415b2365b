import { readiness, type DecisionPoint, type LiveSnapshot, type Readiness } from '#decision';
import { ServingStatus } from '#protocols';

/** How this process stands: what probes over HTTP and gRPC are told. */
export class Standing extends ServingStatus {
  readonly #live: LiveSnapshot;
  readonly #decisionPoint: DecisionPoint;
  #draining = false;

  constructor(live: LiveSnapshot, decisionPoint: DecisionPoint) {
    super();
    this.#live = live;
    this.#decisionPoint = decisionPoint;
  }

  /** From now on not ready, though still answering. */
  drain(): void {
    this.#draining = true;
  }

  readiness(): Readiness {
    if (this.#draining) return { ready: false, because: 'shutting down' };
    return readiness(this.#live, this.#decisionPoint);
  }

  override isServing(): boolean {
    return this.readiness().ready;
  }
}
