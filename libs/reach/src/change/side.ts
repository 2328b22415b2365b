import { type AccessRequest, decide, type Outcome, type Snapshot, type World } from '#engine';
import { againstConditions, withoutConditions } from '../without-conditions.js';
import { madeReady, type Ready } from './ready.js';

/** One of the two worlds of a change, and both bounds of what it decides. */
export class Side {
  private readonly ready: Ready;
  #most: Ready | undefined;
  #least: Ready | undefined;

  /** @param near  the other one: where little tells them apart, this one is made from it */
  constructor(
    readonly world: World,
    private readonly near?: Side,
  ) {
    this.ready = madeReady(world, near?.ready);
  }

  get snapshot(): Snapshot {
    return this.ready.snapshot;
  }

  decide(request: AccessRequest): Outcome {
    return decide(this.ready.snapshot, request);
  }

  /** As if every condition spoke for the caller. */
  atMost(request: AccessRequest): Outcome {
    return decide(this.upper().snapshot, request);
  }

  /** As if every condition spoke against the caller. */
  atLeast(request: AccessRequest): Outcome {
    return decide(this.lower().snapshot, request);
  }

  private upper(): Ready {
    return (this.#most ??= madeReady(withoutConditions(this.world), this.near?.upper()));
  }

  private lower(): Ready {
    return (this.#least ??= madeReady(againstConditions(this.world), this.near?.lower()));
  }
}

/** The same of both. */
export interface Sides {
  readonly before: Side;
  readonly after: Side;
}

export const SIDES = ['before', 'after'] as const;
