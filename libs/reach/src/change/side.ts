import { type AccessRequest, compile, decide, type Outcome, type Snapshot, type World } from '#engine';
import { againstConditions, withoutConditions } from '../without-conditions.js';

/** One of the two worlds of a change, and both bounds of what it decides. */
export class Side {
  readonly snapshot: Snapshot;
  #most: Snapshot | undefined;
  #least: Snapshot | undefined;

  constructor(readonly world: World) {
    this.snapshot = compile(world);
  }

  decide(request: AccessRequest): Outcome {
    return decide(this.snapshot, request);
  }

  /** As if every condition spoke for the caller. */
  atMost(request: AccessRequest): Outcome {
    return decide((this.#most ??= compile(withoutConditions(this.world))), request);
  }

  /** As if every condition spoke against the caller. */
  atLeast(request: AccessRequest): Outcome {
    return decide((this.#least ??= compile(againstConditions(this.world))), request);
  }
}

/** The same of both. */
export interface Sides {
  readonly before: Side;
  readonly after: Side;
}

export const SIDES = ['before', 'after'] as const;
